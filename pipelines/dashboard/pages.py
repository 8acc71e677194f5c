"""The pages, by the name they have in the menu.

What belongs here: what stands on each page. What does not: numbers (marts), charts (pipelines/documents/charts.py), lists
(pipelines/warehouse/lists.py). A new page is a function in PAGES.
"""

from __future__ import annotations

import polars as pl
import streamlit as st

from pipelines.dashboard.explaining import show_finding, start_explaining
from pipelines.dashboard.listing import cell_condition, cell_table, cell_texts, place_of, show_list
from pipelines.dashboard.shown import Shown
from pipelines.documents import charts
from pipelines.documents.figures import DASH
from pipelines.explain.explain import ALL, Cell
from pipelines.warehouse import headline
from pipelines.warehouse.headline import HEADLINE, INSURER_COLUMNS, MONTHLY, RATIOS
from pipelines.warehouse.lists import LISTS
from pipelines.warehouse.tables import literal


def _overview(page: Shown) -> None:
    by_insurer = page.insurer_code != ALL or page.is_insurer
    mart, metrics = ("insurer_metrics", page.insurer_metrics) if by_insurer else ("supervision_metrics", page.metrics)
    own = f"jurisdiction = {literal(page.jurisdiction)} and " + (
        f"insurer_code = {literal(page.insurer_code)}" if by_insurer else cell_condition(page)
    )
    rows = {row["stat_year"]: row for row in headline.own_rows(page.connection, f"marts.{mart}", metrics, own)}
    st.header(f"{page.stat_year} 年总览")
    row = rows.get(page.stat_year)
    if row is None:
        st.info("这一范围没有数据。请换一个区市、行业或年度。")
        return
    if by_insurer and (page.district_code != ALL or page.industry_code != ALL):
        st.caption("机构指标只到全市，区市与行业筛选不影响本页数字。")
    cell = Cell(page.jurisdiction, page.stat_year, insurer_code=page.insurer_code) if by_insurer else page.cell()
    names = [name for name in HEADLINE if name in metrics]
    same = None if by_insurer else headline.same_days(page.connection, own, page.tables)
    for place, name in zip(st.columns(len(names)), names, strict=True):
        tile = headline.tile(metrics, name, row, rows.get(page.stat_year - 1), same)
        with place.container(border=True, height="stretch"):
            st.metric(tile.metric.title, tile.value, help=tile.metric.definition)
            if tile.beside:
                st.caption(f"**{tile.beside}**")
            st.caption(f"{tile.change or DASH}  \n分子　{tile.numerator}  \n分母　{tile.denominator}")
            st.button("解释", key=f"explain_{name}", on_click=start_explaining, args=(name, cell))
    missing = f"　缺报：{'、'.join(page.reach.missing(row['period_end'])) or '无'}"
    awaiting = headline.awaiting_confirmation(page.connection, page.jurisdiction, page.tables)
    waiting = f"　待核实：{awaiting}" if awaiting else ""
    st.caption(f"统计期间至 {row['period_end']}　{page.reach.dates}{missing}{waiting}")
    if by_insurer:
        return
    all_rows = [
        r
        for r in headline.cells(page.connection, page.metrics)
        if r["jurisdiction"] == page.jurisdiction and r["stat_year"] == page.stat_year
    ]
    by_district = [r for r in all_rows if r["industry_code"] == page.industry_code]
    metric = _metric_choice(page, "overview_metric")
    districts = [{**r, "name": r["district"]} for r in by_district if r["district_code"] != ALL]
    if len(districts) > 1:
        left, right = st.columns(2)
        frame = pl.DataFrame(districts, infer_schema_length=None)
        if frame["tile_row"].drop_nulls().len():
            left.altair_chart(charts.tile_map(frame, metric, page.stat_year).properties(height=340), width="stretch")
            left.caption("方块只示意方位，不是行政区域界线。")
        right.altair_chart(charts.league_bars(frame, metric, page.stat_year).properties(height=340), width="stretch")
        st.caption(headline.basis(page.metrics[metric], page.metrics, page.reach))
    st.subheader("分区市" if len(by_district) > 1 else "本区市")
    cell_table(page, "districts", "区市", by_district, "district", "district_code")
    if page.district_code != ALL or len(by_district) == 1:
        st.subheader("分行业")
        in_district = [r for r in all_rows if r["district_code"] == page.district_code]
        cell_table(page, "industries", "行业领域", in_district, "industry", "industry_code")


def _matrix(page: Shown) -> None:
    st.header(f"{page.stat_year} 年区市 × 行业")
    if page.is_insurer:
        st.info("保险机构的可见范围不含区市行业指标。")
        return
    metric = _metric_choice(page, "matrix_metric")
    rows = [
        row
        for row in headline.cells(page.connection, page.metrics)
        if row["jurisdiction"] == page.jurisdiction and row["stat_year"] == page.stat_year and row[metric] is not None
        and page.district_code in (ALL, row["district_code"]) and page.industry_code in (ALL, row["industry_code"])
    ]  # fmt: skip
    inner = [row for row in rows if row["district_code"] != ALL and row["industry_code"] != ALL]
    if not inner:
        st.info("这一范围没有数据。")
        return
    frame = pl.DataFrame(inner, infer_schema_length=None)
    st.altair_chart(
        charts.heat_map(frame, metric, page.stat_year).properties(height=60 + 30 * frame["district_code"].n_unique()),
        width="stretch",
    )
    st.caption(
        headline.basis(page.metrics[metric], page.metrics, page.reach) + "点下表任一格，列出该数的算式与来源记录。"
    )
    table = pl.DataFrame(rows, infer_schema_length=None).pivot(
        on="industry", index=["district", "district_code"], values=metric
    )
    industries = {row["industry"]: row["industry_code"] for row in rows}

    def clicked() -> None:
        for place, column in st.session_state["matrix"].selection.cells:
            if column in industries:
                cell = page.cell(district_code=table["district_code"][place], industry_code=industries[column])
                start_explaining(metric, cell)

    st.dataframe(
        table.drop("district_code").rename({"district": "区市"}), key="matrix", on_select=clicked, selection_mode="single-cell", hide_index=True, placeholder=DASH,
        column_config={name: st.column_config.NumberColumn(format="percent") for name in industries},
    )  # fmt: skip


def _trends(page: Shown) -> None:
    st.header("趋势")
    by_insurer = page.insurer_code != ALL or page.is_insurer
    mart, metrics = ("insurer_metrics", page.insurer_metrics) if by_insurer else ("supervision_metrics", page.metrics)
    place = f"insurer_code = {literal(page.insurer_code)}" if by_insurer else cell_condition(page)
    rows = headline.own_rows(
        page.connection, f"marts.{mart}", metrics, f"jurisdiction = {literal(page.jurisdiction)} and {place}"
    )
    rows = [row for row in rows if row["stat_year"] >= page.reach.first_year]
    names = [name for name in HEADLINE if name in metrics]
    lines = [
        {"stat_year": row["stat_year"], "title": metrics[name].title, "value": row[name]}
        for name in names
        for row in rows
    ]
    st.subheader("核心指标逐年变化")
    st.altair_chart(
        charts.yearly_lines(pl.DataFrame(lines, infer_schema_length=None)).properties(height=320), width="stretch"
    )
    st.caption(f"{page.reach.dates}。末年为年初至 {page.reach.as_of}，与全年数不可直接相比。{page.reach.since}")
    if "marts.monthly_activity" not in page.tables:
        return
    st.subheader("逐月发生")
    titles = dict(
        page.connection.execute(
            "select column_name, chinese_name from meta.data_dictionary where table_name = 'monthly_activity'"
        ).fetchall()
    )
    measure = st.selectbox("指标", MONTHLY, format_func=lambda name: titles[name])
    months = headline.dicts(
        page.connection,
        f"select stat_year, month_no, {', '.join(MONTHLY)} from marts.monthly_activity where jurisdiction = {literal(page.jurisdiction)} and {cell_condition(page)}",
    )
    if months:
        chart = charts.monthly_bars(pl.DataFrame(months, infer_schema_length=None), measure, page.stat_year)
        st.altair_chart(chart.properties(height=300), width="stretch")
    st.caption(f"各月之和等于当年数；金额单位为元。{page.reach.dates}。")


def _insurers(page: Shown) -> None:
    st.header(f"{page.stat_year} 年承保机构")
    if "marts.insurer_metrics" not in page.tables:
        st.info("本单位的可见范围不含承保机构指标。")
        return
    names = [name for name in INSURER_COLUMNS if name in page.insurer_metrics]
    rows = headline.dicts(
        page.connection,
        f"select stat_year, insurer_code, insurer_name as name, {', '.join(names)} from marts.insurer_metrics where jurisdiction = {literal(page.jurisdiction)} "
        f"and stat_year = {page.stat_year} and insurer_code <> 'ALL' order by market_share desc nulls last",
    )
    if not rows:
        st.info("这一年度没有数据。")
        return
    ranked = [name for name in names if page.insurer_metrics[name].unit in ("比例", "分")]
    metric = st.selectbox("指标", ranked, format_func=lambda name: page.insurer_metrics[name].title)
    frame = pl.DataFrame(rows, infer_schema_length=None)
    st.altair_chart(
        charts.league_bars(frame, metric, page.stat_year).properties(height=40 + 34 * len(rows)), width="stretch"
    )
    st.caption(
        headline.basis(page.insurer_metrics[metric], page.insurer_metrics, page.reach)
        + "点下表任一格，列出该数的算式与来源记录。"
    )
    titles = headline.titles(names, page.insurer_metrics)

    def clicked() -> None:
        for place, column in st.session_state["insurers"].selection.cells:
            if column in titles:
                start_explaining(
                    names[titles.index(column)],
                    Cell(page.jurisdiction, page.stat_year, insurer_code=rows[place]["insurer_code"]),
                )

    st.dataframe(
        cell_texts(rows, names, page.insurer_metrics, "保险机构", "name"),
        key="insurers",
        on_select=clicked,
        selection_mode="single-cell",
        hide_index=True,
        placeholder=DASH,
    )


def _lists(page: Shown) -> None:
    known = {
        code: listing
        for code, listing in LISTS.items()
        if listing.table in page.tables and code not in ("cells", "insurers", "findings")
    }
    code = st.selectbox("清单", list(known), format_func=lambda name: known[name].title)
    show_list(page, known[code])


def _findings(page: Shown) -> None:
    if "marts.findings" not in page.tables:
        st.info("本单位的可见范围不含监管发现。")
        return
    where = place_of(page, LISTS["findings"])
    counts = headline.dicts(
        page.connection,
        f"select rule_name, severity, count(*) as findings from marts.findings as listed where {where} group by all order by findings desc",
    )
    rows = show_list(page, LISTS["findings"], "选一行，列出这条发现所据的记录。", "finding_id")
    chosen = st.session_state["list_findings"].selection.rows if rows and "list_findings" in st.session_state else []
    if rows and chosen:
        show_finding(page, str(rows.frame["发现编号"][chosen[0]]))
    if counts:
        st.subheader("各规则发现数")
        chart = charts.counts_by_rule(pl.DataFrame(counts))
        st.altair_chart(chart.properties(height=60 + 24 * len(counts)), width="stretch")


def _definitions(page: Shown) -> None:
    st.header("指标口径")
    metrics = {**page.insurer_metrics, **({} if page.is_insurer else page.metrics)}
    st.dataframe(
        pl.DataFrame(
            [(metric.title, metric.definition, metric.unit, metric.source or DASH, metric.name) for metric in metrics.values()],
            schema=["指标", "定义", "单位", "依据", "列名"], orient="row",
        ),
        hide_index=True, placeholder=DASH, height=700,
    )  # fmt: skip


def _metric_choice(page: Shown, key: str) -> str:
    names = [name for name in RATIOS if name in page.metrics]
    return str(st.selectbox("指标", names, format_func=lambda name: page.metrics[name].title, key=key))


PAGES = {
    "总览": _overview, "区市行业": _matrix, "趋势": _trends, "承保机构": _insurers, "清单": _lists, "监管发现": _findings, "口径": _definitions,
}  # fmt: skip

"""The interactive page: filters, and from every number one click to the records behind it.

What belongs here: layout and wording of the page. What does not: numbers (marts), their explanation (pipelines/explain),
charts (pipelines/charts.py), lists (pipelines/publish/lists.py). Run by `anze dashboard` (serve.py).
"""

from __future__ import annotations

import io
import logging
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from pipelines import charts
from pipelines.dashboard.source import NotReady, Source, identity, source
from pipelines.explain.evidence import Unknown
from pipelines.explain.explain import ALL, Cell, Part, explain, explain_finding
from pipelines.explain.output import RECORD_TITLES, formula, titled, write_explanation
from pipelines.publish import headline
from pipelines.publish.headline import CELL_COLUMNS, HEADLINE, INSURER_COLUMNS, MONTHLY, RATIOS, Catalogue
from pipelines.publish.lists import LISTS, Listing, Rows, read, seen
from pipelines.publish.rights import NoAudience
from pipelines.publish.tables import literal
from pipelines.report.figures import DASH, shown
from pipelines.report.spreadsheet import workbook, write_csv, write_table
from pipelines.settings import CHINA, settings

LOG = logging.getLogger("anze.dashboard")
RECORDS = 500
"""Records of a number shown on the page; the workbook holds all of them."""
LIST_ROWS = 5_000
FILE_ROWS = 200_000


@dataclass(frozen=True)
class Shown:
    """What a page run works with: the file, its tables and the chosen filters."""

    source: Source
    connection: duckdb.DuckDBPyConnection
    tables: set[str]
    metrics: Catalogue
    insurer_metrics: Catalogue
    jurisdiction: str
    stat_year: int
    district_code: str
    industry_code: str
    insurer_code: str

    @property
    def is_insurer(self) -> bool:
        """Only insurers' figures are in the file."""
        return "marts.supervision_metrics" not in self.tables

    @property
    def missing(self) -> list[str] | None:
        """Insurers that sent nothing in the year; None: the file does not say, it holds one audience's share."""
        if self.source.provider:
            return None
        return headline.silent_insurers(self.connection, "", self.jurisdiction, [self.stat_year])[self.stat_year]

    def cell(self, **other: str) -> Cell:
        chosen = {"district_code": self.district_code, "industry_code": self.industry_code, **other}
        return Cell(self.jurisdiction, self.stat_year, **chosen)


def main() -> None:
    st.set_page_config(page_title="安责险监管", layout="wide")
    provider = _signed_in_audience()
    version = identity(settings())
    _look_for_something_new(version)
    try:
        found = source(settings(), provider, version)
    except (NotReady, NoAudience) as reason:
        st.title("安责险监管")
        st.info(str(reason))
        return
    connection = _connection(str(found.path)).cursor()
    tables = seen(connection)
    page = _filters(found, connection, tables)
    if page is None:
        st.info("数据仓里还没有可以统计的数据。请先登记报送文件（anze receive），再运行 anze nightly。")
        return
    view, chosen = page
    try:
        if "explaining" in st.session_state:
            _explanation(chosen)
        else:
            PAGES[view](chosen)
    except Exception:
        LOG.exception("dashboard page %s", view)
        st.error("这一页读不出来。请刷新；仍不行时请管理员运行 anze doctor，并查看服务窗口中的错误信息。")


# --- who, and what is the newest


def _signed_in_audience() -> str:
    """The provider whose share is shown; empty: everything. Stops the page for whoever may see nothing."""
    if not settings().oidc_secrets:
        return settings().dashboard_audience
    if not st.user.get("is_logged_in", False):
        st.title("安责险监管")
        st.write("请先登录。")
        st.button("登录", type="primary", on_click=st.login)
        st.stop()
    audiences = st.secrets.get("audiences", {})
    address = str(st.user.get("email", ""))
    if address not in audiences:
        st.title("安责险监管")
        st.warning(f"账号 {address} 没有配置可见范围，请联系管理员（secrets 文件的 [audiences]）。")
        st.button("退出登录", on_click=st.logout)
        st.stop()
    # `*` sees everything; anything else is a provider code.
    provider = str(audiences[address])
    return "" if provider == "*" else provider


@st.fragment(run_every=settings().dashboard_look_again)
def _look_for_something_new(version: str) -> None:
    if identity(settings()) != version:
        st.rerun(scope="app")


@st.cache_resource(max_entries=8, show_spinner="打开数据仓")
def _connection(path: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(path, read_only=True)


def _ago(moment: datetime) -> str:
    hours = (datetime.now(CHINA).replace(tzinfo=None) - moment).total_seconds() / 3600
    return (
        f"{hours * 60:.0f} 分钟前" if hours < 1 else f"{hours:.0f} 小时前" if hours < 48 else f"{hours / 24:.0f} 天前"
    )


# --- filters


def _filters(found: Source, connection: duckdb.DuckDBPyConnection, tables: set[str]) -> tuple[str, Shown] | None:
    side = st.sidebar
    side.title("安责险监管")
    side.caption(
        f"取数时点 **{found.as_of}**　生成于 {_ago(found.built_at)}  \n发布编号 {found.publication_id}"
        + (f"  \n可见范围 {found.provider}" if found.provider else "")
    )
    mart = "marts.supervision_metrics" if "marts.supervision_metrics" in tables else "marts.insurer_metrics"
    years = dict(
        connection.execute(
            f"select jurisdiction, list(distinct stat_year order by stat_year desc) from {mart} group by 1 order by 1"
        ).fetchall()
    )
    if not years:
        return None
    cities = dict(
        connection.execute(
            "select distinct jurisdiction, jurisdiction_name from marts.dim_district order by 1"
        ).fetchall()
    )
    view = side.radio("页面", list(PAGES), key="view", on_change=_stop_explaining)
    jurisdiction = side.selectbox(
        "统计辖区", list(years), format_func=lambda code: cities.get(code, code), on_change=_stop_explaining
    )
    stat_year = int(
        side.selectbox("统计年度", years[jurisdiction], on_change=_stop_explaining) or years[jurisdiction][0]
    )

    def choice(label: str, sql: str) -> str:
        names = dict(connection.execute(sql, {"city": jurisdiction, "year": stat_year}).fetchall())
        if len(names) <= 1:
            return str(next(iter(names), ALL))
        options = ([] if ALL in names else [ALL]) + list(names)
        return str(
            side.selectbox(label, options, format_func=lambda code: names.get(code, "全部"), on_change=_stop_explaining)
        )

    district = industry = ALL
    if mart == "marts.supervision_metrics":
        district = choice(
            "区市",
            "select district_code, any_value(district_name) from marts.supervision_metrics left join marts.dim_district using (district_code) "
            "where supervision_metrics.jurisdiction = $city and stat_year = $year group by 1 order by district_code <> 'ALL', any_value(sort_no), 1",
        )
        industry = choice(
            "行业领域",
            "select industry_code, any_value(industry_name) from marts.supervision_metrics left join marts.dim_industry using (industry_code) "
            "where jurisdiction = $city and stat_year = $year group by 1 order by industry_code <> 'ALL', any_value(sort_no), 1",
        )
    insurer = ALL
    if "marts.insurer_metrics" in tables:
        insurer = choice(
            "保险机构",
            "select insurer_code, any_value(insurer_name) from marts.insurer_metrics where jurisdiction = $city and stat_year = $year "
            "group by 1 order by insurer_code <> 'ALL', 1",
        )
    return str(view), Shown(
        found, connection, tables, headline.catalogue(connection, "supervision_metrics"), headline.catalogue(connection, "insurer_metrics"),
        jurisdiction, stat_year, district, industry, insurer,
    )  # fmt: skip


# --- pages


def _overview(page: Shown) -> None:
    by_insurer = page.insurer_code != ALL or page.is_insurer
    mart, metrics = ("insurer_metrics", page.insurer_metrics) if by_insurer else ("supervision_metrics", page.metrics)
    own = f"jurisdiction = {literal(page.jurisdiction)} and " + (
        f"insurer_code = {literal(page.insurer_code)}"
        if by_insurer
        else f"district_code = {literal(page.district_code)} and industry_code = {literal(page.industry_code)}"
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
    for place, name in zip(st.columns(len(names)), names, strict=True):
        tile = headline.tile(metrics, name, row, rows.get(page.stat_year - 1))
        with place.container(border=True, height="stretch"):
            st.metric(tile.metric.title, tile.value, help=tile.metric.definition)
            st.caption(f"{tile.change or DASH}  \n分子　{tile.numerator}  \n分母　{tile.denominator}")
            st.button("解释", key=f"explain_{name}", on_click=_start_explaining, args=(name, cell))
    missing = "" if page.missing is None else f"　缺报：{'、'.join(page.missing) or '无'}"
    st.caption(f"统计期间至 {row['period_end']}　数据截至 {page.source.as_of}{missing}")
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
        st.caption(headline.basis(page.metrics[metric], page.metrics, page.source.as_of, page.missing))
    st.subheader("分区市" if len(by_district) > 1 else "本区市")
    _cell_table(page, "districts", "区市", by_district, "district", "district_code")
    if page.district_code != ALL or len(by_district) == 1:
        st.subheader("分行业")
        in_district = [r for r in all_rows if r["district_code"] == page.district_code]
        _cell_table(page, "industries", "行业领域", in_district, "industry", "industry_code")


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
        headline.basis(page.metrics[metric], page.metrics, page.source.as_of, page.missing)
        + "点下表任一格，列出该数的算式与来源记录。"
    )
    table = pl.DataFrame(rows, infer_schema_length=None).pivot(
        on="industry", index=["district", "district_code"], values=metric
    )
    industries = {row["industry"]: row["industry_code"] for row in rows}

    def clicked() -> None:
        for place, column in st.session_state["matrix"].selection.cells:
            if column in industries:
                cell = page.cell(district_code=table["district_code"][place], industry_code=industries[column])
                _start_explaining(metric, cell)

    st.dataframe(
        table.drop("district_code").rename({"district": "区市"}), key="matrix", on_select=clicked, selection_mode="single-cell", hide_index=True, placeholder=DASH,
        column_config={name: st.column_config.NumberColumn(format="percent") for name in industries},
    )  # fmt: skip


def _trends(page: Shown) -> None:
    st.header("趋势")
    by_insurer = page.insurer_code != ALL or page.is_insurer
    mart, metrics = ("insurer_metrics", page.insurer_metrics) if by_insurer else ("supervision_metrics", page.metrics)
    place = f"insurer_code = {literal(page.insurer_code)}" if by_insurer else _place(page)
    rows = headline.own_rows(
        page.connection, f"marts.{mart}", metrics, f"jurisdiction = {literal(page.jurisdiction)} and {place}"
    )
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
    st.caption(f"末年为年初至取数时点 {page.source.as_of}，与全年数不可直接相比。")
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
        f"select stat_year, month_no, {', '.join(MONTHLY)} from marts.monthly_activity where jurisdiction = {literal(page.jurisdiction)} and {_place(page)}",
    )
    if months:
        chart = charts.monthly_bars(pl.DataFrame(months, infer_schema_length=None), measure, page.stat_year)
        st.altair_chart(chart.properties(height=300), width="stretch")
    st.caption(f"各月之和等于当年数；金额单位为元。数据截至 {page.source.as_of}。")


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
        headline.basis(page.insurer_metrics[metric], page.insurer_metrics, page.source.as_of, page.missing)
        + "点下表任一格，列出该数的算式与来源记录。"
    )
    titles = headline.titles(names, page.insurer_metrics)

    def clicked() -> None:
        for place, column in st.session_state["insurers"].selection.cells:
            if column in titles:
                _start_explaining(
                    names[titles.index(column)],
                    Cell(page.jurisdiction, page.stat_year, insurer_code=rows[place]["insurer_code"]),
                )

    st.dataframe(
        _texts(rows, names, page.insurer_metrics, "保险机构", "name"),
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
    _list(page, known[code])


def _findings(page: Shown) -> None:
    if "marts.findings" not in page.tables:
        st.info("本单位的可见范围不含监管发现。")
        return
    where = _place_of(page, LISTS["findings"])
    counts = headline.dicts(
        page.connection,
        f"select rule_name, severity, count(*) as findings from marts.findings as listed where {where} group by all order by findings desc",
    )
    rows = _list(page, LISTS["findings"], "选一行，列出这条发现所据的记录。", "finding_id")
    chosen = st.session_state["list_findings"].selection.rows if rows and "list_findings" in st.session_state else []
    if rows and chosen:
        _finding(page, str(rows.frame["发现编号"][chosen[0]]))
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


# --- a number, explained


def _start_explaining(metric: str, cell: Cell) -> None:
    st.session_state["explaining"] = (metric, cell)


def _stop_explaining() -> None:
    st.session_state.pop("explaining", None)


def _explanation(page: Shown) -> None:
    metric, cell = st.session_state["explaining"]
    st.button("← 返回", on_click=_stop_explaining)
    try:
        with st.spinner("列出来源记录"):
            found = explain(page.source.path, metric, cell, limit=RECORDS)
    except (Unknown, duckdb.Error) as reason:
        st.info(f"这个数没有逐条记录可列：{reason}")
        return
    st.header(f"{found.metric.title}　{shown(found.value, found.metric.unit)}")
    st.write(f"{found.place}　{cell.stat_year} 年　取数时点 {found.as_of}")
    st.markdown(
        f"**算式**　{formula(found)}  \n**定义**　{found.metric.definition}  \n**依据**　{found.metric.source or DASH}"
    )
    if found.stored is not None and found.value is not None and abs(float(found.stored) - float(found.value)) > 1e-6:
        st.warning(
            f"可见范围内的记录算出 {shown(found.value, found.metric.unit)}，数据仓中为 {shown(found.stored, found.metric.unit)}：其余记录不在本单位可见范围内。"
        )
    st.download_button(
        "下载工作簿（含全部记录）",
        lambda: _whole_explanation(page.source.path, metric, cell),
        file_name=f"{found.metric.title}_{cell.stat_year}.xlsx",
        on_click="ignore",  # writing the page anew would take away what is being fetched
    )
    for role, parts in (("分子", found.numerator), ("分母", found.denominator)):
        for part in parts:
            _part(role if found.denominator else "", part)
    if found.not_in_numerator_count:
        st.subheader(f"在分母而不在分子：{found.not_in_numerator_count:,}")
        st.dataframe(titled(found.not_in_numerator, RECORD_TITLES), hide_index=True, placeholder=DASH)
    if found.left_out_summary.height:
        st.subheader("同一范围内未计入的记录与原因")
        st.dataframe(titled(found.left_out, RECORD_TITLES), hide_index=True, placeholder=DASH)


def _part(role: str, part: Part) -> None:
    st.subheader(f"{role} · {part.measure.title} {shown(part.value, part.measure.unit)}".removeprefix(" · "))
    st.dataframe(titled(part.records, RECORD_TITLES), hide_index=True, placeholder=DASH)
    if part.count > part.records.height:
        st.caption(f"列出前 {part.records.height:,} 条，共 {part.count:,} 条；工作簿含全部。")


def _whole_explanation(path: Path, metric: str, cell: Cell) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".xlsx", dir=path.parent) as file:
        write_explanation(explain(path, metric, cell), Path(file.name))
        return Path(file.name).read_bytes()


def _finding(page: Shown, finding_id: str) -> None:
    found = explain_finding(page.source.path, finding_id)
    with st.container(border=True):
        st.subheader(found.finding["rule_name"])
        st.write(found.finding["explanation"])
        st.caption(f"依据 {found.finding['clause']}　发现编号 {finding_id}")
        st.dataframe(titled(found.records, RECORD_TITLES), hide_index=True, placeholder=DASH)


# --- pieces


def _metric_choice(page: Shown, key: str) -> str:
    names = [name for name in RATIOS if name in page.metrics]
    return str(st.selectbox("指标", names, format_func=lambda name: page.metrics[name].title, key=key))


def _cell_table(page: Shown, key: str, first: str, rows: headline.Rows, name: str, code: str) -> None:
    """Cells as a table; a click on a number explains it."""
    names = [column for column in CELL_COLUMNS if column in page.metrics]
    titles = headline.titles(names, page.metrics)

    def clicked() -> None:
        for place, column in st.session_state[key].selection.cells:
            if column in titles:
                _start_explaining(names[titles.index(column)], page.cell(**{code: rows[place][code]}))

    st.dataframe(
        _texts(rows, names, page.metrics, first, name),
        key=key,
        on_select=clicked,
        selection_mode="single-cell",
        hide_index=True,
        placeholder=DASH,
    )
    st.caption("点任一数字，列出它的算式与来源记录（文件与行）。合计按单位去重，比率由合计的分子分母相除。")


def _texts(rows: headline.Rows, names: list[str], metrics: Catalogue, first: str, name: str) -> pl.DataFrame:
    body = [
        [str(row[name]), *(headline.cell_text(row[column], metrics[column].unit) for column in names)] for row in rows
    ]
    return pl.DataFrame(body, schema=[first, *headline.titles(names, metrics)], orient="row")


def _list(page: Shown, listing: Listing, note: str = "", select: str = "") -> Rows | None:
    """A list with search and download; only what the filters leave. `select`: a click on a row chooses it."""
    st.header(listing.title)
    words = st.text_input(
        "搜索", key=f"search_{listing.code}", placeholder="单位、编号或任何文字", label_visibility="collapsed"
    )
    rows = read(page.connection, listing, LIST_ROWS, _place_of(page, listing), page.tables)
    frame = rows.frame
    if words:
        text = pl.concat_str(pl.all().cast(pl.String).fill_null(""), separator="\t")
        frame = frame.filter(text.str.contains(words, literal=True))
    if frame.is_empty():
        st.info("没有符合的记录。")
        return None
    kinds = {column.title: column.kind for column in rows.columns}
    config: dict[str, Any] = {
        title: st.column_config.NumberColumn(format="percent") for title, kind in kinds.items() if kind == "ratio"
    }
    if select:
        st.dataframe(
            frame,
            key=f"list_{listing.code}",
            on_select="rerun",
            selection_mode="single-row",
            hide_index=True,
            placeholder=DASH,
            column_config=config,
        )
    else:
        st.dataframe(frame, hide_index=True, placeholder=DASH, column_config=config)
    st.caption(
        f"共 {rows.total:,} 条"
        + (f"，列出最需处理的前 {LIST_ROWS:,} 条" if rows.total > LIST_ROWS else "")
        + f"　来源表 {listing.table}　数据截至 {page.source.as_of}　{note}"
    )
    left, right, _ = st.columns([1, 1, 4])
    # Writing the page anew would take away what is being fetched.
    left.download_button(
        "导出 Excel", lambda: _excel(page, listing), file_name=f"{listing.title}.xlsx", on_click="ignore"
    )
    right.download_button(
        "导出 CSV", lambda: _csv(page, listing), file_name=f"{listing.title}.csv", mime="text/csv", on_click="ignore"
    )
    return Rows(listing, rows.columns, frame, rows.total)


def _csv(page: Shown, listing: Listing) -> bytes:
    frame = read(page.connection, listing, FILE_ROWS, _place_of(page, listing), page.tables).frame
    target = io.BytesIO()
    write_csv(frame, target)
    return target.getvalue()


def _excel(page: Shown, listing: Listing) -> bytes:
    frame = read(page.connection, listing, FILE_ROWS, _place_of(page, listing), page.tables).frame
    target = io.BytesIO()
    with workbook(target) as book:
        write_table(book, listing.title[:31], frame, f"{listing.title}　数据截至 {page.source.as_of}")
    return target.getvalue()


def _place(page: Shown) -> str:
    return f"district_code = {literal(page.district_code)} and industry_code = {literal(page.industry_code)}"


def _place_of(page: Shown, listing: Listing) -> str:
    """The filters, as far as the list has such columns."""
    columns = {
        row[0] for row in page.connection.execute(f"select column_name from (describe {listing.table})").fetchall()
    }
    chosen = {
        "jurisdiction": page.jurisdiction,
        "district_code": page.district_code,
        "industry_code": page.industry_code,
        "insurer_code": page.insurer_code,
    }
    limits = [
        f"listed.{column} = {literal(value)}" for column, value in chosen.items() if value != ALL and column in columns
    ]
    return " and ".join(limits) or "true"


PAGES = {
    "总览": _overview, "区市行业": _matrix, "趋势": _trends, "承保机构": _insurers, "清单": _lists, "监管发现": _findings, "口径": _definitions,
}  # fmt: skip

main()

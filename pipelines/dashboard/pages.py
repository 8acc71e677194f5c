"""The pages, by their name in the address.

What belongs here: what stands on each page. What does not: numbers (marts), charts (pipelines/documents/charts.py), lists
(pipelines/warehouse/lists.py), the form of a page (templates/). A new page is a function in PAGES.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import altair as alt
import polars as pl

from pipelines.dashboard.view import View
from pipelines.documents import charts
from pipelines.documents.figures import DASH
from pipelines.explain.explain import ALL
from pipelines.warehouse import headline
from pipelines.warehouse.first_screen import NEWS_DAYS, News, Task, Worst, news, previous_day, tasks, worst
from pipelines.warehouse.headline import CELL_COLUMNS, HEADLINE, INSURER_COLUMNS, MONTHLY, RATIOS, Catalogue, Tile
from pipelines.warehouse.lists import LISTS, condition
from pipelines.warehouse.tables import literal

TOTALS = "点任一数字，列出它的算式与来源记录（文件与行）。合计按单位去重，比率由合计的分子分母相除。"


@dataclass(frozen=True)
class Figure:
    """A number as shown, and the address that explains it; empty: it is explained nowhere."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Table:
    """A table: the first column names the row, the others are figures. `texts`: all columns are words."""

    title: str
    heads: list[str]
    rows: list[list[Figure]]
    basis: str = ""
    texts: bool = False


@dataclass(frozen=True)
class Picture:
    """A chart, drawn by the server."""

    title: str
    chart: alt.Chart | charts.Layers
    width: int
    height: int | alt.Step
    basis: str = ""


@dataclass(frozen=True)
class Content:
    """What stands on a page. `tiles`: headline figures with the address that explains each; `choices`: metrics to choose from;
    `lists`: lists to open, code and title."""

    title: str
    note: str = ""
    tiles: list[tuple[Tile, str]] = field(default_factory=list)
    basis: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    lists: list[tuple[str, str]] = field(default_factory=list)
    first: First | None = None


@dataclass(frozen=True)
class First:
    """What the first screen says before any chart: what to do, who stands worst, what is new since a day; each with its address."""

    tasks: list[tuple[Task, str]]
    worst: list[tuple[Worst, list[str]]]
    news: list[tuple[News, str]]
    since: str
    by_default: str
    earliest: str


def _first(view: View) -> First:
    connection, tables, city = view.connection, view.tables, view.jurisdiction
    previous = previous_day(connection, view.reach.as_of)
    # What is overdue is to be done, of whatever year it is.
    within = {name: value for name, value in view.chosen.items() if name != "year"}
    for_insurer = view.by_insurer
    return First(
        [
            (task, view.link(f"/lists/{task.listing}", year="", **task.chosen))
            for task in tasks(connection, tables, city, for_insurer, within)
        ],
        [
            (one, [view.link("/figures", **{one.kind: place.code}) for place in one.places])
            for one in (
                []
                if for_insurer
                else worst(connection, tables, city, view.district_code, view.industry_code).get(view.stat_year, [])
            )
        ],
        [
            (one, view.link(f"/lists/{one.listing}", year="") if one.listing else "")
            for one in news(connection, tables, city, view.reach.as_of, within)
        ],
        view.since or str(previous or ""),
        str(previous or ""),
        str(view.reach.as_of - timedelta(NEWS_DAYS)),
    )


def _overview(view: View) -> Content:
    table, metrics, own = _own(view)
    rows = {row["stat_year"]: row for row in headline.own_rows(view.connection, table, metrics, own)}
    title = f"{view.stat_year} 年总览"
    row = rows.get(view.stat_year)
    if row is None:
        return Content(title, "这一范围没有数据。请换一个区市、行业或年度。")
    limited = view.district_code != ALL or view.industry_code != ALL
    note = "机构指标只到全市，区市与行业筛选不影响本页数字。" if view.by_insurer and limited else ""
    same = None if view.by_insurer else headline.same_days(view.connection, own, view.tables)
    before = rows.get(view.stat_year - 1)
    stands = {} if view.by_insurer else headline.standings(view.connection, own, view.tables)
    first = _first(view)
    tiles = [
        (
            headline.tile(metrics, name, row, before, same, stands.get((view.stat_year, name))),
            view.link("/explain", metric=name),
        )
        for name in HEADLINE
        if name in metrics
    ]
    awaiting = headline.awaiting_confirmation(view.connection, view.jurisdiction, view.tables)
    basis = f"统计期间至 {row['period_end']}　{view.reach.dates}　缺报：{'、'.join(view.reach.missing(row['period_end'])) or '无'}"
    basis += f"　待核实：{awaiting}" if awaiting else ""
    if view.by_insurer:
        return Content(title, note, tiles, basis, tables=_own_marks(view), first=first)
    cells = _cells(view)
    by_district = [cell for cell in cells if cell["industry_code"] == view.industry_code]
    in_district = [cell for cell in cells if cell["district_code"] == view.district_code]
    tables = [_cell_table(view, "分区市" if len(by_district) > 1 else "本区市", "区市", by_district, "district")]
    if view.district_code != ALL or len(by_district) == 1:
        tables.append(_cell_table(view, "分行业", "行业领域", in_district, "industry"))
    pictures, metric = [], _metric(view, RATIOS, view.metrics)
    districts = [{**cell, "name": cell["district"]} for cell in by_district if cell["district_code"] != ALL]
    if len(districts) > 1:
        frame = pl.DataFrame(districts, infer_schema_length=None)
        basis_of_metric = headline.basis(view.metrics[metric], view.metrics, view.reach)
        if frame["tile_row"].drop_nulls().len():
            chart = charts.tile_map(frame, metric, view.stat_year)
            pictures.append(Picture("区市一览（方块示意图）", chart, 560, 340, "方块只示意方位，不是行政区域界线。"))
        league = charts.league_bars(frame, metric, view.stat_year)
        pictures.append(Picture("各区市比较", league, 480, alt.Step(28), basis_of_metric))
    return Content(title, note, tiles, basis, _choices(RATIOS, view.metrics), pictures, tables, first=first)


def _own_marks(view: View) -> list[Table]:
    """An insurer's share, marks and figures, its years side by side."""
    metrics = view.insurer_metrics
    names, rows = headline.insurer_years(view.connection, metrics, _own(view)[2], view.reach.first_year)
    body = [
        [Figure(title), *(_explained(view, row[name], metrics, name, year=row["stat_year"]) for row in rows)]
        for title, name in zip(headline.titles(names, metrics), names, strict=True)
    ]
    return [Table("本机构的份额与成绩", ["指标", *(f"{row['stat_year']} 年" for row in rows)], body, TOTALS)]


def _matrix(view: View) -> Content:
    title = f"{view.stat_year} 年区市 × 行业"
    if view.is_insurer:
        return Content(title, "保险机构的可见范围不含区市行业指标。")
    metric = _metric(view, RATIOS, view.metrics)
    rows = [
        row
        for row in _cells(view)
        if row[metric] is not None and view.district_code in (ALL, row["district_code"]) and view.industry_code in (ALL, row["industry_code"])
    ]  # fmt: skip
    inner = [row for row in rows if row["district_code"] != ALL and row["industry_code"] != ALL]
    if not inner:
        return Content(title, "这一范围没有数据。", choices=_choices(RATIOS, view.metrics))
    frame = pl.DataFrame(inner, infer_schema_length=None)
    picture = Picture(
        view.metrics[metric].title, charts.heat_map(frame, metric, view.stat_year), 900, 60 + 30 * frame["district_code"].n_unique(),
        headline.basis(view.metrics[metric], view.metrics, view.reach),
    )  # fmt: skip
    industries = {row["industry_code"]: row["industry"] for row in rows}
    districts = {row["district_code"]: row["district"] for row in rows}
    values = {(row["district_code"], row["industry_code"]): row[metric] for row in rows}

    def cell(district: str, industry: str) -> Figure:
        value = values.get((district, industry))
        link = view.link("/explain", district=district, industry=industry, metric=metric) if value is not None else ""
        return Figure(headline.cell_text(value, view.metrics[metric].unit), link)

    body = [[Figure(name), *(cell(code, industry) for industry in industries)] for code, name in districts.items()]
    table = Table(view.metrics[metric].title, ["区市", *industries.values()], body, TOTALS)
    return Content(title, choices=_choices(RATIOS, view.metrics), pictures=[picture], tables=[table])


def _trends(view: View) -> Content:
    table, metrics, own = _own(view)
    rows = [
        row
        for row in headline.own_rows(view.connection, table, metrics, own)
        if row["stat_year"] >= view.reach.first_year
    ]
    names = [name for name in HEADLINE if name in metrics]
    lines = [
        {"stat_year": row["stat_year"], "title": metrics[name].title, "value": row[name]}
        for name in names
        for row in rows
    ]
    note = f"{view.reach.dates}。末年为年初至 {view.reach.as_of}，与全年数不可直接相比。{view.reach.since}"
    pictures = []
    if lines:
        years = charts.yearly_lines(pl.DataFrame(lines, infer_schema_length=None))
        pictures.append(Picture("核心指标逐年变化", years, 900, 320, note))
    body = [
        [
            Figure(metrics[name].title),
            *(Figure(headline.cell_text(row[name], metrics[name].unit), view.link("/explain", metric=name, year=row["stat_year"])) for row in rows),
        ]
        for name in names
    ]  # fmt: skip
    tables = _comparison(view)
    tables += [Table("逐年数值", ["指标", *(f"{row['stat_year']} 年" for row in rows)], body)]
    choices: list[tuple[str, str]] = []
    if "marts.monthly_activity" in view.tables and not view.by_insurer:
        described = view.connection.execute(
            "select column_name, chinese_name from meta.data_dictionary where table_name = 'monthly_activity'"
        ).fetchall()
        titles = dict(described)
        choices = [(name, f"{titles[name]}（{unit}）") for name, unit in MONTHLY.items()]
        measure = view.metric if view.metric in MONTHLY else next(iter(MONTHLY))
        months = headline.monthly(view.connection, own)
        if months:
            chart = charts.monthly_bars(
                pl.DataFrame(months, infer_schema_length=None), measure, view.stat_year, MONTHLY
            )
            note = f"各月之和等于当年数。{view.reach.dates}。"
            pictures.append(Picture(f"逐月发生：{titles[measure]}", chart, 900, 300, note))
    return Content("趋势", choices=choices, pictures=pictures, tables=tables)


def _comparison(view: View) -> list[Table]:
    """Where this year's change comes from: by district, or by field within one."""
    if view.by_insurer:
        return []
    one_district = view.district_code != ALL
    where = f"jurisdiction = {literal(view.jurisdiction)} and " + (
        f"district_code = {literal(view.district_code)}"
        if one_district
        else f"industry_code = {literal(view.industry_code)}"
    )
    last, rows = headline.compared(view.connection, where, view.tables, one_district)
    if last is None:
        return []
    title = f"变化从哪里来：{last.year} 年至 {last:%m-%d} 与上年同期"
    body = [[Figure(text) for text in row] for row in rows]
    return [Table(title, ["行业" if one_district else "区市", *headline.COMPARED], body, headline.COMPARED_NOTE)]


def _insurers(view: View) -> Content:
    title = f"{view.stat_year} 年承保机构"
    if "marts.insurer_metrics" not in view.tables:
        return Content(title, "本单位的可见范围不含承保机构指标。")
    metrics = view.insurer_metrics
    names = [name for name in INSURER_COLUMNS if name in metrics]
    rows = headline.dicts(
        view.connection,
        f"select stat_year, insurer_code, insurer_name as name, {', '.join(names)} from marts.insurer_metrics "
        f"where jurisdiction = {literal(view.jurisdiction)} and stat_year = {view.stat_year} and insurer_code <> 'ALL' order by market_share desc nulls last",
    )
    if not rows:
        return Content(title, "这一年度没有数据。")
    ranked = tuple(name for name in names if metrics[name].unit in ("比例", "分"))
    metric = _metric(view, ranked, metrics)
    marks = [name for name in ranked if metrics[name].unit == "分"]
    chart = charts.league_bars(pl.DataFrame(rows, infer_schema_length=None), metric, view.stat_year, marks)
    picture = Picture(
        metrics[metric].title, chart, 900, alt.Step(32), headline.basis(metrics[metric], metrics, view.reach)
    )
    body = [
        [
            Figure(row["name"]),
            *(_explained(view, row[name], metrics, name, insurer=row["insurer_code"]) for name in names),
        ]
        for row in rows
    ]
    table = Table("承保机构成绩表", ["保险机构", *headline.titles(names, metrics)], body, TOTALS)
    return Content(title, choices=_choices(ranked, metrics), pictures=[picture], tables=[table])


def _lists(view: View) -> Content:
    known = [
        (code, listing.title)
        for code, listing in LISTS.items()
        if listing.table in view.tables and code not in ("cells", "insurers")
    ]
    return Content("清单", "按所选辖区、区市、行业和机构列出；每张清单可搜索、翻页、导出。", lists=known)


def _findings(view: View) -> Content:
    if "marts.findings" not in view.tables:
        return Content("监管发现", "本单位的可见范围不含监管发现。")
    counts = headline.dicts(
        view.connection,
        f"select rule_name, severity, count(*) as findings from marts.findings as listed where {condition(view.connection, LISTS['findings'], view.jurisdiction, view.chosen)} group by all order by findings desc",
    )
    pictures = []
    if counts:
        chart = charts.counts_by_rule(pl.DataFrame(counts))
        pictures.append(Picture("各规则发现数", chart, 720, alt.Step(24), f"{view.reach.dates}，全部年度的发现。"))
    return Content(
        "监管发现",
        "规则给出的是线索，不是结论；在清单里点发现编号，列出所据记录。",
        pictures=pictures,
        lists=[("findings", "监管发现清单")],
    )


def _definitions(view: View) -> Content:
    metrics = {**view.insurer_metrics, **({} if view.is_insurer else view.metrics)}
    rows = [
        [Figure(text) for text in (metric.title, metric.definition, metric.unit, metric.source or DASH, metric.name)]
        for metric in metrics.values()
    ]
    return Content("指标口径", tables=[Table("指标口径", ["指标", "定义", "单位", "依据", "列名"], rows, texts=True)])


def _own(view: View) -> tuple[str, Catalogue, str]:
    """Table, metrics and condition of the chosen cell."""
    own = f"jurisdiction = {literal(view.jurisdiction)} and "
    if view.by_insurer:
        return "marts.insurer_metrics", view.insurer_metrics, own + f"insurer_code = {literal(view.insurer_code)}"
    cell = f"district_code = {literal(view.district_code)} and industry_code = {literal(view.industry_code)}"
    return "marts.supervision_metrics", view.metrics, own + cell


def _cells(view: View) -> headline.Rows:
    return [
        row
        for row in headline.cells(view.connection, view.metrics)
        if row["jurisdiction"] == view.jurisdiction and row["stat_year"] == view.stat_year
    ]


def _cell_table(view: View, title: str, first: str, rows: headline.Rows, kind: str) -> Table:
    names = [name for name in CELL_COLUMNS if name in view.metrics]
    body = [
        [
            Figure(str(row[kind])),
            *(_explained(view, row[name], view.metrics, name, district=row["district_code"], industry=row["industry_code"]) for name in names),
        ]
        for row in rows
    ]  # fmt: skip
    return Table(title, [first, *headline.titles(names, view.metrics)], body, TOTALS)


def _explained(view: View, value: float | None, metrics: Catalogue, name: str, **cell: str | int) -> Figure:
    link = "" if value is None else view.link("/explain", metric=name, **cell)
    return Figure(headline.cell_text(value, metrics[name].unit), link)


def _metric(view: View, names: tuple[str, ...], metrics: Catalogue) -> str:
    """The metric chosen, if it is one of these; otherwise the first of them."""
    known = [name for name in names if name in metrics]
    return view.metric if view.metric in known else known[0]


def _choices(names: tuple[str, ...], metrics: Catalogue) -> list[tuple[str, str]]:
    return [(name, metrics[name].title) for name in names if name in metrics]


PAGES: dict[str, tuple[str, Callable[[View], Content]]] = {
    "overview": ("总览", _overview), "matrix": ("区市行业", _matrix), "trends": ("趋势", _trends), "insurers": ("承保机构", _insurers),
    "lists": ("清单", _lists), "findings": ("监管发现", _findings), "definitions": ("口径", _definitions),
}  # fmt: skip
"""Name in the address: title in the menu, what stands on it."""

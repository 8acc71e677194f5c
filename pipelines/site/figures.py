"""What the pages of one audience show: headline figures, charts, tables, lists, and what each rests on.

What belongs here: reading marts through the audience's views (pipelines/warehouse/rights.py) and wording. What does not:
any metric (dbt_project), the form of a page (templates/, assets/), writing files (site.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlencode

import altair as alt

from pipelines.documents import charts
from pipelines.documents.figures import DASH, divided, percent
from pipelines.warehouse import headline
from pipelines.warehouse.first_screen import News, Task, Worst, news, previous_day, tasks, worst
from pipelines.warehouse.headline import (
    CELL_COLUMNS,
    FEE_COLUMNS,
    HEADLINE,
    INSURER_COLUMNS,
    MONTHLY,
    RATIOS,
    Catalogue,
    Tile,
    amount,
    basis,
    catalogue,
    cell_text,
    tile,
)
from pipelines.warehouse.held_back import from_json, in_words
from pipelines.warehouse.lists import LISTS, Rows, read, seen
from pipelines.warehouse.reach import reach
from pipelines.warehouse.rights import Audience, Views

LIST_ROWS = 2_000
"""Rows of a list on a page; all of them are offered as a file."""
FILE_ROWS = 50_000
"""Rows of a list offered as a file beside the page; longer ones are in the audience's extract, and on the server."""
ALWAYS = ("index", "units", "hazards", "findings")
"""Pages that say something when they are empty too; others without a row are left out."""
RETURN_YEARS = 4
"""Years of the annual return's items side by side."""


@dataclass(frozen=True)
class Year:
    """A year's headline figures and table. `is_whole`: the period has ended; `cell`: as the server that
    explains figures is asked for it; `worst`: who stands worst in it."""

    stat_year: int
    period_end: str
    is_whole: bool
    tiles: list[Tile]
    tables: list[Table]
    cell: str = ""
    worst: list[Worst] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A small table, formatted: the first column names the row, the others are figures. `basis`: words under it.

    metrics: of its columns; cells: of its rows, as the server that explains figures is asked for them; empty: nothing explains them.
    code: by which a link finds it. is_dated: the page says under it how far the data reach.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    basis: str = ""
    metrics: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    code: str = ""
    is_dated: bool = False


@dataclass(frozen=True)
class Figure:
    """A chart with its data and the words under it. `choices`: metrics to choose from; their basis takes its place."""

    code: str
    title: str
    spec: dict[str, Any]
    data: list[dict[str, Any]]
    basis: str = ""
    choices: list[Choice] = field(default_factory=list)


@dataclass(frozen=True)
class Choice:
    """A metric to choose in a chart."""

    name: str
    title: str
    basis: str


@dataclass(frozen=True)
class Page:
    """A page: file name, title, and what stands on it from top to bottom. `years`: the years one can choose."""

    code: str
    title: str
    intro: str = ""
    years: list[Year] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    lists: list[Rows] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    news: list[News] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Nothing stands on it: no figure, no table, no list with a row."""
        shown = [
            *self.figures,
            *self.tasks,
            *(table for table in self.tables if table.rows),
            *(year for year in self.years if year.tiles or year.tables),
        ]
        return not shown and not any(rows.total for rows in self.lists)


class Figures:
    """All pages of one audience, read from its views.

    Args:
        take_whole: gets every list that is offered as a file (more than LIST_ROWS, no more than FILE_ROWS), whole; its page keeps the
            first LIST_ROWS only.
    """

    def __init__(self, views: Views, who: Audience, take_whole: Callable[[Rows], None]) -> None:
        self.views = views
        self.take_whole = take_whole
        self.connection = connection = views.connection
        self.who = who
        self.seen = seen(connection)
        self.as_of: date
        self.built_at: datetime
        self.publication_id: str
        self.as_of, self.built_at, self.publication_id, held = self._rows(
            "select as_of, built_at, publication_id, held_back from meta.publication"
        )[0]
        self.held_back = in_words(from_json(held))
        self.awaiting = headline.awaiting_confirmation(connection, who.jurisdiction, self.seen)
        self.metrics = catalogue(connection, "supervision_metrics")
        self.insurer_metrics = catalogue(connection, "insurer_metrics")
        self.is_insurer = "marts.supervision_metrics" not in self.seen
        self.reach = reach(connection, who.jurisdiction)
        self.previous_as_of = previous_day(connection, self.reach.as_of)

    @cached_property
    def period_ends(self) -> dict[int, date]:
        """The end of each year's period."""
        return {row["stat_year"]: row["period_end"] for row in self._own_rows}

    def pages(self) -> list[Page]:
        """The pages that have something to show, in the order of the menu."""
        made = [
            self._overview(), self._matrix(), self._trends(), self._insurers(), self._units(), self._hazards(), self._fees(),
            self._services(), self._process(), self._market(), self._findings(), self._assessment(), self._supervision(), self._groups(),
            self._cases(), self._quality(), self._rosters(), self._submissions(), self._about(),
        ]  # fmt: skip
        return [page for page in made if page is not None and (page.code in ALWAYS or not page.is_empty)]

    # --- pages

    def _overview(self) -> Page:
        years = self._years()
        to_do = tasks(self.connection, self.seen, "", self.is_insurer, views=self.views)
        new = news(self.connection, self.seen, "", self.as_of, views=self.views)
        if self.is_insurer:
            return Page("index", "总览", years=years, tables=[self._own_marks()], tasks=to_do, news=new)
        own_industry, own_district = self._own("industry_code"), self._own("district_code")
        by_district = [
            {**row, "name": row["district"]}
            for row in self._cells
            if row["industry_code"] == own_industry and row["district_code"] != "ALL"
        ]
        by_industry = [
            {**row, "name": row["industry"]}
            for row in self._cells
            if row["district_code"] == own_district and row["industry_code"] != "ALL"
        ]
        figures = []
        if not self.who.district_code and any(row["tile_row"] is not None for row in by_district):
            note = "方块只示意方位，不是行政区域界线。"
            figures.append(
                self._figure("map", "区市一览（方块示意图）", "map", by_district, self._choices(RATIOS), 330, note)
            )
        for code, title, rows in (("districts", "各区市比较", by_district), ("industries", "各行业比较", by_industry)):
            if len({row["name"] for row in rows}) > 1:
                figures.append(self._figure(code, title, "league", rows, self._choices(RATIOS), step=28))
        return Page("index", "总览", years=years, figures=figures, tasks=to_do, news=new)

    def _own_marks(self) -> Table:
        """An insurer's share, marks and figures, its years side by side."""
        own, _ = self._own_cell()
        names, rows = headline.insurer_years(self.connection, self.insurer_metrics, own, self.reach.first_year)
        titles = headline.titles(names, self.insurer_metrics)
        body = [
            [title, *(cell_text(row[name], self.insurer_metrics[name].unit) for row in rows)]
            for title, name in zip(titles, names, strict=True)
        ]
        note = "承保份额按实收保费；服务成效评估得分的构成见「考核与信用」。末年为年初至取数时点。"
        return Table("本机构的份额与成绩", ["指标", *(f"{row['stat_year']} 年" for row in rows)], body, note)

    def _matrix(self) -> Page | None:
        if self.is_insurer or self.who.district_code or self.who.industry_code:
            return None
        rows = [row for row in self._cells if row["district_code"] != "ALL" and row["industry_code"] != "ALL"]
        rows = [row for row in rows if any(row[name] is not None for name in RATIOS if name in row)]
        figure = self._figure(
            "heat", "区市 × 行业", "heat", rows, self._choices(RATIOS), 90 + 28 * len({row["district"] for row in rows})
        )
        return Page("matrix", "区市行业", years=self._years(False), figures=[figure])

    def _trends(self) -> Page:
        own, table = self._own_cell()
        metrics = self.insurer_metrics if self.is_insurer else self.metrics
        names = [name for name in HEADLINE if name in metrics]
        rows = self._of_known_years(
            self._dicts(f"select stat_year, {', '.join(names)} from {table} where {own} order by stat_year")
        )
        lines = [
            {"stat_year": row["stat_year"], "title": metrics[name].title, "value": row[name]}
            for name in names
            for row in rows
        ]
        note = "" if headline.is_whole(self.as_of) else "末年为年初至取数时点，与全年数不可直接相比。"
        figures = [self._figure("years", "核心指标逐年变化", "years", lines, height=300, note=note)]
        if "marts.monthly_activity" in self.seen:
            months = headline.monthly(self.connection, own)
            described = self._rows(
                "select column_name, chinese_name, definition from meta.data_dictionary where table_name = 'monthly_activity'"
            )
            words = {name: (title, definition) for name, title, definition in described}
            choices = [
                Choice(name, f"{words[name][0]}（{unit}）", f"{words[name][0]}：{words[name][1]}。")
                for name, unit in MONTHLY.items()
            ]
            note = "各月之和等于当年数。"
            figures.append(self._figure("months", "逐月发生", "months", months, choices, 280, note))
        table_rows = [
            [metrics[name].title, *(cell_text(row[name], metrics[name].unit) for row in rows)] for name in names
        ]
        columns = ["指标", *(f"{row['stat_year']} 年" for row in rows)]
        same = None if self.is_insurer else headline.same_days(self.connection, own, self.seen)
        if same and not headline.is_whole(same.part_end):
            # A part of a year is held against the same part of the year before.
            columns += [f"{row['part_end'].year} 年至 {row['part_end']:%m-%d}" for row in (same.before, same.now)]
            table_rows = [
                [*row, *(cell_text(side[name], metrics[name].unit) for side in (same.before, same.now))]
                for row, name in zip(table_rows, names, strict=True)
            ]
        tables = [*self._comparison(), Table("逐年数值", columns, table_rows, self.reach.since)]
        return Page("trends", "趋势", years=self._years(False), figures=figures, tables=tables)

    def _comparison(self) -> list[Table]:
        """Where this year's change comes from: by district, or by field where the audience is a district."""
        if self.is_insurer:
            return []
        where = (
            f"district_code = '{self.who.district_code}'"
            if self.who.district_code
            else f"industry_code = '{self._own('industry_code')}'"
        )
        last, rows = headline.compared(self.connection, where, self.seen, bool(self.who.district_code))
        if last is None:
            return []
        first = "行业" if self.who.district_code else "区市"
        title = f"变化从哪里来：{last.year} 年至 {last:%m-%d} 与上年同期（{last.year - 1} 年同样的日期）"
        return [Table(title, [first, *headline.COMPARED], rows, headline.COMPARED_NOTE, code="same-days")]

    def _insurers(self) -> Page | None:
        if "marts.insurer_metrics" not in self.seen or self.is_insurer:
            return None
        names = [name for name in INSURER_COLUMNS if name in self.insurer_metrics]
        rows = self._dicts(
            f"select stat_year, insurer_code, insurer_name as name, {', '.join(names)} from marts.insurer_metrics "
            "where insurer_code <> 'ALL' order by stat_year, market_share desc nulls last, insurer_code"
        )
        ranked = tuple(name for name in names if self.insurer_metrics[name].unit in ("比例", "分"))
        choices = self._choices(ranked, self.insurer_metrics)
        figure = self._figure(
            "league", "承保机构比较", "league", rows, choices, 30 * len({row["name"] for row in rows}) + 20
        )
        years = [
            replace(
                year,
                tables=[
                    self._table(
                        "承保机构成绩表",
                        "保险机构",
                        names,
                        [row for row in rows if row["stat_year"] == year.stat_year],
                        self.insurer_metrics,
                    )
                ],
            )
            for year in self._years(False)
        ]
        return Page("insurers", "承保机构", years=years, figures=[figure])

    def _units(self) -> Page | None:
        return self._list_page(
            "units",
            "应保未保",
            "应保未保与待核单位合起来就是参保率的缺口：参保率为百分之百时，两张清单为空。待核单位最近的保障在其保险机构数据截至之后到期，是否续保尚不可知，不作应保未保处理。",
            ("uninsured", "pending", "renewals", "underinsured", "permits", "uninsured_funnel"),
        )

    def _hazards(self) -> Page | None:
        return self._list_page(
            "hazards",
            "隐患",
            "未销号的重大隐患与逾期未复查的隐患；事故倒查列出事故前的投保、服务与隐患；隐患核对列出服务所报隐患数与台账不符的服务。",
            ("major_hazards", "hazard_overdue", "accidents", "hazard_reconciliation"),
        )

    def _fees(self) -> Page | None:
        page = self._list_page(
            "fees",
            "预防费用",
            "各机构专账的上限、提取、支出与结余（含统筹），与按保单的约定、提取、支出与余额；全市数含未分配到保单的统筹提取。",
            ("fee_account", "fees"),
        )
        if page is None:
            return None
        years = self._years(False)
        kinds = [
            (
                "按保险机构",
                "marts.insurer_metrics",
                "insurer_name",
                "true",
                "insurer_code",
                self.insurer_metrics,
            )
        ]
        if not self.is_insurer:
            scope = f"industry_code = '{self._own('industry_code')}'"
            kinds.append(("按区市", "marts.supervision_metrics", "district_name", scope, "district_code", self.metrics))
        tables: dict[int, list[Table]] = {year.stat_year: [] for year in years}
        for title, table, name, where, order, metrics in kinds:
            if table not in self.seen:
                continue
            names = [column for column in FEE_COLUMNS if column in metrics]
            rows = self._dicts(
                f"select stat_year, {order}, {name} as name, {', '.join(names)} from {table} where {where} order by {order} <> 'ALL', {order}"
            )
            beside = headline.pools(self.connection, self.seen, names) if order == "district_code" else {}
            for year in years:
                chosen = [row for row in rows if row["stat_year"] == year.stat_year] + beside.get(year.stat_year, [])
                tables[year.stat_year].append(self._table(title, title[1:], names, chosen, metrics))
        years = [replace(year, tables=tables[year.stat_year]) for year in years]
        return replace(page, years=years)

    def _services(self) -> Page | None:
        return self._list_page(
            "services",
            "服务与理赔",
            "保障终止而服务不足的保单、今年未达到约定次数或形式的保单，以及超过法定时限的理赔环节。",
            ("delivery", "service_gaps", "claims_late"),
        )

    def _process(self) -> Page | None:
        return self._list_page(
            "process",
            "服务过程",
            "服务流程各环节走到哪一步、记录是否齐全、由谁完成、触达多少人，以及有服务与无服务的在保日上事故与赔案的频率（单位不是随机服务的，事件少时不足为据）。",
            ("funnel", "completeness", "record_gaps", "service_orgs", "publicity", "prevention"),
        )

    def _market(self) -> Page | None:
        return self._list_page(
            "market",
            "价格与赔款",
            "人均保费与本行业相比、费率下浮候选、理赔服务、赔款进展与月末存量。赔款进展按出险季度和已知季度累计，用 anze triangle 可导出三角形。",
            ("prices", "rate_adjustments", "claim_service", "development", "stock"),
        )

    def _assessment(self) -> Page | None:
        return self._list_page(
            "assessment",
            "考核与信用",
            "区市、行业部门考核与承保机构评估的得分及其构成、承保机构能力、区市就绪度、联络员，以及信用名单候选（建议，附所据事实与其后情况）。",
            ("assessment", "score_parts", "capacity", "readiness", "contacts", "credit"),
        )

    def _supervision(self) -> Page | None:
        return self._list_page(
            "supervision",
            "检查与专项活动",
            "检查计划与完成、检查频次与参保整改情况、行政处罚因何而起、专项活动进度。",
            ("inspection_plans", "frequency", "enforcement", "campaigns"),
        )

    def _groups(self) -> Page | None:
        return self._list_page(
            "groups",
            "重点单位",
            "国有企业及其下属、参股与供应链单位，火灾高危单位，自愿投保行业，没有专门监管部门的领域，背景指标。",
            ("groups", "fire", "voluntary", "field_departments", "indicators"),
        )

    def _cases(self) -> Page | None:
        return self._list_page(
            "cases",
            "单位全景",
            "每家单位一行：投保、服务、隐患、理赔、事故、检查、处罚、信用与监管发现。一家单位的案卷（事实、文件与行、条款、其后情况、函稿）用 anze case 统一社会信用代码 生成。",
            ("unit_360",),
        )

    def _findings(self) -> Page | None:
        page = self._list_page(
            "findings", "监管发现", "规则给出的是线索，不是结论；每条写明事实、依据与应做的处理。用 anze explain 发现编号 可列出所据记录（文件与行）。", ("findings",)
        )  # fmt: skip
        if page is None:
            return None
        counts = self._dicts(
            f"select rule_name, severity, count(*) as findings from {self.views.rows('marts.findings')} group by all order by findings desc, rule_name"
        )
        note = "全部年度的发现。"
        figures = [self._figure("rules", "各规则发现数", "rules", counts, note=note, step=17)] if counts else []
        return replace(page, figures=figures)

    def _quality(self) -> Page:
        rows = self._rows(
            """
            select coalesce(providers.name, card.provider), card.feed, sum(files), sum(files_refused), sum(rows_in), sum(rows_quarantined),
                sum(rows_duplicate), min(score), max(score), max_by(score, month)
            from quality.provider_scorecard as card left join marts.dim_provider as providers using (provider)
            where month >= (select max(month) - interval 11 month from quality.provider_scorecard)
            group by all order by max_by(score, month) nulls last, 1, 2
            """
        )
        feeds = dict(
            self._rows(
                "select table_name, chinese_name from meta.data_dictionary where table_schema = 'feed' and column_name = ''"
            )
        )
        table = Table(
            "近十二个月各单位报送质量",
            ["报送单位", "报送表", "文件", "退回文件", "数据行", "隔离行", "重复行", "最低得分", "最高得分", "最近一月得分"],
            [
                [row[0], feeds.get(row[1], row[1]), *(f"{count or 0:,}" for count in row[2:7]), *(percent(score) for score in row[7:10])]
                for row in rows
            ],
            "得分为有效、完整、及时、一致、到报、与声明相符六项（有数据的）的平均（quality.provider_scorecard）；没有报送的月份也有一行；低分在前。",
        )  # fmt: skip
        return Page(
            "quality",
            "数据质量",
            "数据行＝接收＋隔离＋重复，逐文件核对相符后才发布。",
            tables=[table],
            lists=self._lists(("coverage", "to_confirm", "hints", "declarations", "quarantine")),
        )

    def _rosters(self) -> Page | None:
        return self._list_page(
            "rosters",
            "名录维护",
            "各部门名录的数量、新旧与变动；几个部门所报不一致的单位，以最新报送为准，请相互核对。",
            ("rosters", "contradictions", "roster_changes"),
        )

    def _submissions(self) -> Page | None:
        page = self._list_page(
            "submissions",
            "报送期限",
            "各项报送的期限，应报、已起草、已封存、已收到和迟报；本范围的年度报送统计；问题清单的整改与销号。",
            ("return_calendar", "submissions", "stages", "meetings", "problems"),
        )
        statistics = self._statistics()
        return replace(page, tables=[statistics]) if page and statistics else page

    def _statistics(self) -> Table | None:
        """The items of the annual return for the audience's own scope, the newest years side by side."""
        if "marts.annual_statistics" not in self.seen:
            return None
        rows = self._rows(
            f"""
            select item_no, any_value(item_name), any_value(unit), any_value(basis), sort_no,
                list({{'year': stat_year, 'value': value, 'above': numerator, 'below': denominator}}) as years
            from marts.annual_statistics
            where {self._own_cell()[0]} and insurer_code = 'ALL' and metric not in ('market_share', 'pool_share')
            group by item_no, metric, sort_no order by sort_no
            """
        )
        years = sorted({year["year"] for row in rows for year in row[5]})[-RETURN_YEARS:]
        if not years:
            return None
        shown_rows = []
        for number, name, unit, basis_, _, cells in rows:
            by_year = {cell["year"]: cell for cell in cells}
            texts = []
            for year in years:
                cell = by_year.get(year)
                exact = (
                    None
                    if cell is None
                    else divided(cell["above"], cell["below"])
                    if cell["below"] is not None
                    else cell["value"]
                )
                texts.append(amount(exact, unit))
            shown_rows.append([f"{number} {name}", *texts, basis_])
        return Table(
            "年度报送统计", ["事项", *(f"{year} 年" for year in years), "口径"], shown_rows,
            "年度报告（anze report）取自这些数。", is_dated=True,
        )  # fmt: skip

    def _about(self) -> Page:
        metrics = {**self.insurer_metrics, **({} if self.is_insurer else self.metrics)}
        rows = [
            [metric.title, metric.definition, metric.unit, metric.source or DASH, metric.name]
            for metric in sorted(metrics.values(), key=lambda metric: metric.name)
        ]
        table = Table("指标口径", ["指标", "定义", "单位", "依据", "列名"], rows)
        laws = Table(
            "依据文件",
            ["文号", "名称", "类别", "发文单位", "生效", "失效", "依据等级"],
            [
                [str(cell or DASH) for cell in row]
                for row in self._rows(
                    "select doc_code, title, kind, issued_by, valid_from, valid_to, evidence_tag from meta.law_register "
                    "order by jurisdiction nulls first, valid_from, doc_code"
                )
            ]
            if "meta.law_register" in self.seen
            else [],
            "依据等级：V 有原文，P 部分有原文，R 只知其名或经他处引用，D 本系统参数。",
        )
        return Page("about", "口径与说明", tables=[table, laws])

    # --- pieces

    def _list_page(self, code: str, title: str, intro: str, names: tuple[str, ...]) -> Page | None:
        lists = self._lists(names)
        return Page(code, title, intro, lists=lists) if lists else None

    def _lists(self, names: tuple[str, ...]) -> list[Rows]:
        return [self._list(name) for name in names if LISTS[name].table in self.seen]

    def _list(self, name: str) -> Rows:
        rows = read(self.connection, LISTS[name], LIST_ROWS, tables=self.seen, views=self.views, whole_to=FILE_ROWS)
        if LIST_ROWS < rows.total <= FILE_ROWS:
            self.take_whole(rows)
        return replace(rows, frame=rows.frame.head(LIST_ROWS))

    def _years(self, whole: bool = True) -> list[Year]:
        """The years there are, newest last. `whole`: with headline figures and tables."""
        own, _ = self._own_cell()
        metrics = self.insurer_metrics if self.is_insurer else self.metrics
        rows = self._own_rows
        same = None if self.is_insurer or not whole else headline.same_days(self.connection, own, self.seen)
        stands = {} if self.is_insurer or not whole else headline.standings(self.connection, own, self.seen)
        worst_of = self._worst() if whole and not self.is_insurer else {}
        years = []
        for place, row in enumerate(rows):
            stat_year, end, before = row["stat_year"], row["period_end"], rows[place - 1] if place else None
            years.append(
                Year(
                    stat_year,
                    str(end),
                    headline.is_whole(end),
                    [
                        tile(metrics, name, row, before, same, stands.get((stat_year, name)))
                        for name in HEADLINE
                        if name in metrics
                    ]
                    if whole
                    else [],
                    self._year_tables(stat_year) if whole and not self.is_insurer else [],
                    self._cell(
                        {"stat_year": stat_year, "insurer_code": self.who.insurer_code if self.is_insurer else ""}
                    ),
                    worst_of.get(stat_year, []),
                )
            )
        return years

    @cached_property
    def _own_rows(self) -> headline.Rows:
        """The audience's own total, year by year."""
        own, table = self._own_cell()
        metrics = self.insurer_metrics if self.is_insurer else self.metrics
        return self._of_known_years(headline.own_rows(self.connection, table, metrics, own))

    def _worst(self) -> dict[int, list[Worst]]:
        own = self._own("district_code"), self._own("industry_code")
        return worst(self.connection, self.seen, self.who.jurisdiction, *own)

    def _of_known_years(self, rows: headline.Rows) -> headline.Rows:
        """Without the years before the first data: their figures would say nothing."""
        return [row for row in rows if row["stat_year"] >= self.reach.first_year]

    def _year_tables(self, stat_year: int) -> list[Table]:
        """The audience's cells of a year: by district, or by industry within one district."""
        rows = [row for row in self._cells if row["stat_year"] == stat_year]
        if self.who.district_code:
            chosen, title = [{**row, "name": row["industry"]} for row in rows], "分行业"
        else:
            chosen = [
                {**row, "name": row["district"]} for row in rows if row["industry_code"] == self._own("industry_code")
            ]
            title = "分区市"
        names = [name for name in CELL_COLUMNS if name in self.metrics]
        return [
            self._table(
                title,
                title[1:],
                names,
                chosen,
                self.metrics,
                "合计行按单位去重，比率由合计的分子分母相除，不是各行之和或平均。",
            )
        ]

    def _table(
        self, title: str, first: str, names: list[str], rows: headline.Rows, metrics: Catalogue, note: str = ""
    ) -> Table:
        body = [[str(row["name"]), *(cell_text(row[name], metrics[name].unit) for name in names)] for row in rows]
        return Table(
            title,
            [first, *headline.titles(names, metrics)],
            body,
            note,
            ["", *names],
            ["" if row.get("is_pool") else self._cell(row) for row in rows],
        )

    def _cell(self, row: dict[str, Any]) -> str:
        """A row's cell as the server is asked for it (pipelines/dashboard/view.py)."""
        place = {"city": self.who.jurisdiction, "year": row["stat_year"]}
        if row.get("insurer_code"):
            place["insurer"] = row["insurer_code"]
        else:
            place |= {name: row.get(f"{name}_code") or self._own(f"{name}_code") for name in ("district", "industry")}
        return urlencode({name: value for name, value in place.items() if value != "ALL"})

    @cached_property
    def _cells(self) -> headline.Rows:
        return self._of_known_years(headline.cells(self.connection, self.metrics))

    def _choices(self, names: tuple[str, ...], metrics: Catalogue | None = None) -> list[Choice]:
        """Metrics to choose from, each with its basis."""
        chosen = metrics or self.metrics
        return [Choice(name, chosen[name].title, basis(chosen[name], chosen)) for name in names if name in chosen]

    def _figure(
        self,
        code: str,
        title: str,
        chart: str,
        rows: list[dict[str, Any]],
        choices: list[Choice] | None = None,
        height: int = 0,
        note: str = "",
        step: int = 0,
    ) -> Figure:
        """A chart of rows, so high or with so much room for each row; it opens with the first choice and the newest year."""
        latest = max((row["stat_year"] for row in rows if "stat_year" in row), default=0)
        marks = tuple(name for name, metric in self.insurer_metrics.items() if metric.unit == "分")
        spec = _spec(chart, choices[0].name if choices else "", latest, height, step, marks)
        return Figure(code, title, spec, _slim(rows), note, choices or [])

    def _own(self, column: str) -> str:
        """The code of the audience's own cell in a column: ALL where it is not limited."""
        return getattr(self.who, column) or "ALL"

    def _own_cell(self) -> tuple[str, str]:
        """Condition and table of the audience's own total."""
        if self.is_insurer:
            return f"insurer_code = '{self.who.insurer_code}'", "marts.insurer_metrics"
        return (
            f"district_code = '{self._own('district_code')}' and industry_code = '{self._own('industry_code')}'",
            "marts.supervision_metrics",
        )

    def _rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, parameters).fetchall()

    def _dicts(self, sql: str) -> headline.Rows:
        return headline.dicts(self.connection, sql)


NAMED = alt.NamedData(name="rows")
CHARTS: dict[str, Callable[[str, int, tuple[str, ...]], alt.Chart | charts.Layers]] = {
    "map": lambda metric, year, _: charts.tile_map(NAMED, metric, year),
    "heat": lambda metric, year, _: charts.heat_map(NAMED, metric, year),
    "league": lambda metric, year, marks: charts.league_bars(NAMED, metric, year, marks),
    "years": lambda _metric, _year, _: charts.yearly_lines(NAMED),
    "months": lambda metric, year, _: charts.monthly_bars(NAMED, metric, year, MONTHLY),
    "rules": lambda _metric, _year, _: charts.counts_by_rule(NAMED),
}


@cache
def _spec(chart: str, metric: str, stat_year: int, height: int, step: int, marks: tuple[str, ...]) -> dict[str, Any]:
    """A chart without its data: the same for every audience."""
    return charts.for_page(CHARTS[chart](metric, stat_year, marks), alt.Step(step) if step else height)


def _slim(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what no chart shows; ratios with six digits."""
    return [
        {key: round(value, 6) if isinstance(value, float) else value for key, value in row.items() if value is not None}
        for row in rows
    ]

"""The statutory annual return as data: every item of the city's document, in its order, with its basis.

What belongs here: reading marts into one structure that Word, Excel and JSON are written from. What does not:
any computation of a metric (dbt_project/), the form of the documents (word.py, annual_workbook.py), freezing
(filing.py).

What a city asks for stands in rows: ref_return (title, addressee, source), ref_return_part (chapters and attachments, in their
order), ref_return_item (items of statistics).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb
from pydantic import BaseModel, Field

from pipelines.documents.figures import DASH, percent, shown, wan
from pipelines.warehouse.headline import HEADLINE, awaiting_confirmation, is_whole, points, same_days
from pipelines.warehouse.headline import pending as pending_in_words
from pipelines.warehouse.lists import seen
from pipelines.warehouse.reach import Reach, reach

ALL = "ALL"
CUMULATIVE = "insured_units_cumulative"
Kind = Literal["text", "count", "yuan", "ratio", "date", "number"]


class Figure(BaseModel):
    """One item of the return with its basis in words."""

    item_no: str
    section: str
    item_code: str
    name: str
    metric: str
    unit: str
    value: Decimal | None = Field(description="比率为小数；分母为零时为空")
    numerator: Decimal | None
    denominator: Decimal | None
    parts_unit: str = Field(description="分子、分母的单位")
    shown: str = Field(description="按印出的位数四舍五入")
    basis: str
    clause: str
    beside: str = Field(default="", description="须与数值并列说明的话：待核单位，累计数自哪一天起有数据")

    def sentence(self) -> str:
        """Name, number and, for a ratio, what it is of."""
        beside = f"，{self.beside}" if self.beside else ""
        if self.unit != "比例" or self.value is None:
            return f"{self.name}{self.shown}{beside}"
        above, below = (_part(value, self.parts_unit) for value in (self.numerator, self.denominator))
        return f"{self.name}{self.shown}（{above}÷{below}）{beside}"


class Column(BaseModel):
    """A column of a table: `yuan` is shown in 万元, `ratio` in percent."""

    title: str
    kind: Kind


class Table(BaseModel):
    """A table of the return, unrounded; rows hold values in the order of the columns."""

    code: str
    title: str
    columns: list[Column]
    rows: list[list[Any]]
    notes: list[str] = []
    in_word: bool = Field(default=True, description="也印在报告正文的附件中；否则只在工作簿中")


class Text(BaseModel):
    """A narrative part as sent by a department (feed `document`)."""

    doc_no: str
    title: str
    issuer: str | None
    doc_date: date
    text: str
    provider: str
    file_name: str
    line_no: int


class Part(BaseModel):
    """A part of the document in its order: what kind of thing stands there (word.py), of what, under which chapter."""

    chapter: str
    kind: str
    subject: str | None
    title: str | None
    document_kinds: str | None = Field(description="文字材料取自哪几类文件，以 | 分隔")
    note: str | None


class Narrative(BaseModel):
    """A part of the return that people write. Without documents it is missing, and said to be."""

    title: str
    kinds: list[str]
    texts: list[Text]


class Revision(BaseModel):
    """A number that differs from the last filing, and what changed it."""

    name: str
    before: str
    after: str
    change: str
    causes: list[str]


class Return(BaseModel):
    """The annual return of a jurisdiction and year as of a day."""

    schema_version: str = "1"
    jurisdiction: str
    jurisdiction_name: str
    stat_year: int
    period_start: date
    period_end: date
    as_of: date = Field(description="取数时点")
    data_date: date | None = Field(description="数据截至：应报保单的各保险机构中最早的一天；都没有报送则为空")
    late_insurers: list[str] = Field(description="本期数据尚未报齐的保险机构")
    pending_units: int = Field(description="待核单位：是否续保尚不可知，参保率未计入")
    participation_rate_high: Decimal | None = Field(description="参保率上限：待核单位都已续保时")
    number: str = Field(description="报送编号；草稿为空")
    title: str
    title_lines: list[str]
    addressee: str
    issuer: str
    clause: str
    coverage_target: Decimal | None = Field(
        default=None, description="服务覆盖率目标（meta.rule_versions），没有则为空"
    )
    parts: list[Part]
    figures: list[Figure]
    tables: list[Table]
    narratives: list[Narrative]
    revisions: list[Revision]
    revised_from: str = Field(description="所比较的上一次报送及其取数时点；无则为空")
    missing: list[str] = Field(description="缺少的部分，逐项列明，不代拟")
    notes: list[str]
    inputs_hash: str
    code_version: str


CELL_COLUMNS: list[tuple[str, str, Kind]] = [
    ("应保单位", "required_units", "count"), ("参保率", "participation_rate", "ratio"), ("当年参保单位", "insured_units", "count"),
    ("保单数", "policies", "count"), ("保费万元", "premium_received", "yuan"), ("出险保单", "policies_with_claims", "count"),
    ("简单赔付率", "simple_loss_ratio", "ratio"), ("其中已付", "simple_loss_ratio_paid", "ratio"), ("提取比例", "prevention_fee_share", "ratio"),
    ("投入万元", "fee_spent", "yuan"), ("服务覆盖率", "service_coverage", "ratio"),
]  # fmt: skip
INSURER_COLUMNS: list[tuple[str, str, Kind]] = [
    ("保单数", "policies", "count"), ("保费万元", "premium_received", "yuan"), ("承保份额", "market_share", "ratio"), ("共保份额", "pool_share", "ratio"),
    ("简单赔付率", "simple_loss_ratio", "ratio"), ("其中已付", "simple_loss_ratio_paid", "ratio"), ("提取比例", "prevention_fee_share", "ratio"),
    ("投入万元", "fee_spent", "yuan"), ("服务覆盖率", "service_coverage", "ratio"), ("合同履约率", "contract_fulfilment", "ratio"),
    ("核定按时率", "decision_on_time_rate", "ratio"),
]  # fmt: skip


class NoSuchReturn(Exception):
    """The warehouse holds nothing for that jurisdiction and year; the message says what it holds."""


def collect(
    warehouse: Path, jurisdiction: str, stat_year: int, number: str, inputs_hash: str, code_version: str
) -> Return:
    """Reads the return of a jurisdiction and year from a warehouse file; revisions are added by filing.py.

    Raises:
        NoSuchReturn: the warehouse has no such year.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        periods = _rows(
            connection,
            "select period_start, period_end, as_of from marts.supervision_metrics where jurisdiction = ? and stat_year = ? "
            "and district_code = 'ALL' and industry_code = 'ALL'",
            jurisdiction, stat_year,
        )  # fmt: skip
        if not periods:
            years = _rows(
                connection, "select distinct stat_year from marts.supervision_metrics where jurisdiction = ? order by 1", jurisdiction
            )  # fmt: skip
            raise NoSuchReturn(
                f"没有 {stat_year} 年的统计。可用年度：{'、'.join(str(year[0]) for year in years) or '无'}。"
            )
        tables = seen(connection)
        awaiting = awaiting_confirmation(connection, jurisdiction, tables)
        reached = reach(connection, jurisdiction)
        whole_city = "district_code = 'ALL' and industry_code = 'ALL'"
        cell = _dicts(
            connection,
            f"select pending_units, participation_rate_high from marts.supervision_metrics where jurisdiction = ? and stat_year = ? and {whole_city}",
            jurisdiction, stat_year,
        )[0]  # fmt: skip
        start, end, as_of = periods[0]
        form = _dicts(connection, "select * from meta.return_form where jurisdiction = ?", jurisdiction)[0]
        city = form["jurisdiction_name"]
        parts = [
            Part(**row)
            for row in _dicts(
                connection,
                f"select {', '.join(Part.model_fields)} from meta.return_part where jurisdiction = ? order by sort_no",
                jurisdiction,
            )
        ]
        narratives = [
            Narrative(title=str(part.title), kinds=kinds, texts=_texts(connection, jurisdiction, stat_year, kinds))
            for part in parts
            if part.kind == "narrative"
            for kinds in [str(part.document_kinds).split("|")]
        ]
        beside = {HEADLINE[0]: pending_in_words(cell), CUMULATIVE: reached.since}
        figures = [
            figure.model_copy(update={"beside": beside.get(figure.metric, "")})
            for figure in _figures(connection, jurisdiction, stat_year)
        ]
        return Return(
            jurisdiction=jurisdiction,
            jurisdiction_name=city,
            stat_year=stat_year,
            period_start=start,
            period_end=end,
            as_of=as_of,
            data_date=reached.data_date,
            late_insurers=reached.missing(end),
            pending_units=cell["pending_units"],
            participation_rate_high=_as_decimal(cell["participation_rate_high"]),
            number=number,
            title=form["title"].format(year=stat_year).replace("|", ""),
            title_lines=form["title"].format(year=stat_year).split("|"),
            addressee=form["addressee"],
            issuer=form["issuer"],
            clause=" ".join(filter(None, (form["source_doc"], form["article"]))),
            coverage_target=_coverage_target(connection, jurisdiction),
            parts=parts,
            figures=figures,
            tables=_tables(connection, jurisdiction, stat_year, parts),
            narratives=narratives,
            revisions=[],
            revised_from="",
            missing=_missing(connection, jurisdiction, stat_year, narratives, figures, reached.missing(end)),
            notes=[
                f"统计期间 {start:%Y-%m-%d} 至 {end:%Y-%m-%d}；取数时点 {as_of:%Y-%m-%d}，只计该日及以前收到的数据；数据截至 {reached.data_date or '尚无'}。",
                *_completeness(connection, reached, cell, jurisdiction, end, tables),
                "保单按保险起期归入年度；区市和行业按保单（名录按名录）所载。合计按单位去重，比率的合计为分子之和除以分母之和。",
                "简单赔付率为“（已决＋未决）÷保费”口径，并列已付口径；金额以元汇总后换算为万元，四舍五入至两位小数，各项相加与合计可能有尾差。",
                "分母为零时以“—”表示，不作零处理。",
                *([f"{awaiting}。"] if awaiting else []),
            ],
            inputs_hash=inputs_hash,
            code_version=code_version,
        )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return connection.execute(sql, list(parameters)).fetchall()


def _dicts(connection: duckdb.DuckDBPyConnection, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    found = connection.execute(sql, list(parameters))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _coverage_target(connection: duckdb.DuckDBPyConnection, jurisdiction: str) -> Decimal | None:
    """The target of the city's document; later years are measured against the last one set."""
    rows = _rows(
        connection,
        "select value_num from meta.rule_versions where rule_code = 'service_coverage_target' "
        "and coalesce(jurisdiction, ?) = ? and industry_code is null order by jurisdiction is null, valid_from desc limit 1",
        jurisdiction,
        jurisdiction,
    )
    return rows[0][0] if rows else None


def _part(value: Decimal | None, unit: str) -> str:
    """A numerator or denominator as printed."""
    return f"{wan(value)}万元" if unit == "元" else shown(value, unit).replace(" ", "")


def _figures(connection: duckdb.DuckDBPyConnection, jurisdiction: str, stat_year: int) -> list[Figure]:
    rows = _rows(
        connection,
        """
        select item_no, section, item_code, item_name, metric, unit, value, numerator, denominator, basis, clause
        from marts.annual_statistics
        where jurisdiction = ? and stat_year = ? and district_code = 'ALL' and industry_code = 'ALL' and insurer_code = 'ALL'
        order by sort_no
        """,
        jurisdiction, stat_year,
    )  # fmt: skip
    catalogue = {
        name: (unit, numerator)
        for name, unit, numerator in _rows(
            connection,
            "select metric, unit, numerator from meta.metric_catalogue where table_name = 'supervision_metrics'",
        )
    }
    figures = []
    for number, section, code, name, metric, unit, value, numerator, denominator, basis, clause in rows:
        # The printed digits come from the exact parts, not from the binary fraction.
        exact = (
            Decimal(numerator) / Decimal(denominator)
            if denominator
            else (None if value is None else Decimal(numerator))
        )
        text = f"{wan(exact)} 万元" if unit == "元" else shown(exact, unit)
        first_part = catalogue[metric][1].split("+")[0].strip() or metric
        figures.append(
            Figure(
                item_no=number, section=section, item_code=code, name=name, metric=metric, unit=unit, value=exact, numerator=numerator,
                denominator=denominator, parts_unit=catalogue[first_part][0], shown=text, basis=basis, clause=clause,
            )
        )  # fmt: skip
    return figures


def _texts(connection: duckdb.DuckDBPyConnection, jurisdiction: str, stat_year: int, kinds: list[str]) -> list[Text]:
    rows = _rows(
        connection,
        """
        select documents.doc_no, documents.title, documents.issuer, documents.doc_date, coalesce(documents.text, ''), providers.name,
            files.file_name, documents.line_no
        from marts.fct_document as documents
        inner join marts.dim_provider as providers on documents.provider = providers.provider
        inner join quality.files as files on documents.file_id = files.file_id
        where providers.jurisdiction = ? and documents.year = ? and list_contains(?, documents.kind)
        order by documents.doc_date, documents.doc_no
        """,
        jurisdiction, stat_year, kinds,
    )  # fmt: skip
    names = ["doc_no", "title", "issuer", "doc_date", "text", "provider", "file_name", "line_no"]
    return [Text(**dict(zip(names, row, strict=True))) for row in rows]


def _missing(
    connection: duckdb.DuckDBPyConnection, jurisdiction: str, stat_year: int, narratives: list[Narrative], figures: list[Figure], late: list[str]
) -> list[str]:  # fmt: skip
    """What the document asks for and nobody has sent."""
    missing = [f"{part.title}：未收到{'、'.join(part.kinds)}类文件" for part in narratives if not part.texts]
    missing += [f"{figure.name}：分母为零，无法计算" for figure in figures if figure.value is None]
    owed = _rows(
        connection,
        "select name, provider_name, due_date from marts.submissions where jurisdiction = ? and stat_year = ? and status = '逾期未报' order by due_date, provider",
        jurisdiction, stat_year,
    )  # fmt: skip
    missing += [f"{provider}：{name}（应于 {due:%Y-%m-%d} 前报送）" for name, provider, due in owed]
    return missing + [f"{name}：{stat_year} 年的数据尚未报齐" for name in late]


def _completeness(
    connection: duckdb.DuckDBPyConnection, reached: Reach, cell: dict[str, Any], jurisdiction: str, period_end: date, tables: set[str]
) -> list[str]:  # fmt: skip
    """What must be said of how complete the data are: who is late, units of which nobody knows yet, from when cumulative figures count,
    and how a part of a year stands beside the same days of the year before."""
    said = []
    if late := reached.missing(period_end):
        said.append(f"本期数据尚未报齐的保险机构：{'、'.join(late)}。")
    if words := pending_in_words(cell):
        said.append(
            f"参保率{words}：待核单位最近的保障在其保险机构数据截至之后到期，是否续保尚不可知，不作应保未保处理。"
        )
    if reached.since:
        said.append(f"{reached.since}。")
    same = same_days(
        connection, f"jurisdiction = '{jurisdiction}' and district_code = 'ALL' and industry_code = 'ALL'", tables
    )
    if not is_whole(period_end) and same:
        titles = dict(
            connection.execute(
                "select metric, chinese_name from meta.metric_catalogue where table_name = 'supervision_metrics'"
            ).fetchall()
        )
        compared = [
            f"{titles[name]}{percent(same.now[name])}，上年同期{percent(same.before[name])}（{points(same.now[name] - same.before[name])}）"
            for name in HEADLINE
            if same.now[name] is not None and same.before[name] is not None
        ]
        said.append(f"本年尚未结束，只与上年同期（1月1日至{same.part_end:%-m月%-d日}）比较：{'；'.join(compared)}。")
    return said


def _as_decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _tables(connection: duckdb.DuckDBPyConnection, jurisdiction: str, stat_year: int, parts: list[Part]) -> list[Table]:
    cells = ", ".join(name for _, name, _ in CELL_COLUMNS)
    insurers = ", ".join(name for _, name, _ in INSURER_COLUMNS)
    # 高区, 经区, 临港区: everybody calls the zones by their short names.
    area = "case when is_functional_zone then short_name else metrics.district_name end"
    cell_columns = [Column(title=title, kind=kind) for title, _, kind in CELL_COLUMNS]

    def rows(sql: str) -> list[list[Any]]:
        return [list(row) for row in _rows(connection, sql, jurisdiction, stat_year)]

    by_industry = rows(
        f"""
        select metrics.industry_name, {cells} from marts.supervision_metrics as metrics
        left join marts.dim_industry as industries using (industry_code)
        where jurisdiction = ? and stat_year = ? and district_code = 'ALL'
            and (industry_code = 'ALL' or required_units > 0 or insured_units > 0 or insured_units_in_force > 0 or claims_settled > 0)
        order by industry_code = 'ALL' desc, industries.sort_no
        """
    )
    by_district = rows(
        f"""
        select {area}, {cells} from marts.supervision_metrics as metrics
        left join (select district_code, sort_no, is_functional_zone, short_name from marts.dim_district) as districts using (district_code)
        where jurisdiction = ? and stat_year = ? and industry_code = 'ALL'
        order by district_code = 'ALL' desc, districts.sort_no
        """
    )
    by_both = rows(
        f"""
        select {area}, metrics.industry_name, {cells} from marts.supervision_metrics as metrics
        left join (select district_code, sort_no as place, is_functional_zone, short_name from marts.dim_district) as districts using (district_code)
        left join (select industry_code, sort_no as field from marts.dim_industry) as industries using (industry_code)
        where jurisdiction = ? and stat_year = ? and (required_units > 0 or insured_units > 0 or insured_units_in_force > 0)
        order by district_code = 'ALL' desc, place, industry_code = 'ALL' desc, field
        """
    )
    by_insurer = rows(
        f"select insurer_name, {insurers} from marts.insurer_metrics where jurisdiction = ? and stat_year = ? "
        "order by insurer_code = 'ALL' desc, premium_received desc, insurer_code"
    )
    loss_note = "简单赔付率为（已决＋未决）÷保费；“其中已付”为已付÷保费。"
    text = Column(title="", kind="text")
    tables = [
        Table(
            code="industry", title="分行业统计表", rows=by_industry, notes=[loss_note, "合计行按单位去重，不等于各行业之和。"],
            columns=[text.model_copy(update={"title": "行业领域"}), *cell_columns],
        ),
        Table(
            code="district", title="分区市统计表", rows=by_district, notes=[loss_note, "统筹提取只计入全市合计。"],
            columns=[text.model_copy(update={"title": "区市"}), *cell_columns],
        ),
        Table(
            code="insurer", title="保险机构统计表", rows=by_insurer,
            notes=["保费、约定费用和赔款按共保份额分摊；单位、履约和服务按出单（服务）机构；费用按入账机构。"],
            columns=[text.model_copy(update={"title": "保险机构"}), *(Column(title=title, kind=kind) for title, _, kind in INSURER_COLUMNS)],
        ),
        Table(
            code="cells", title="区市行业统计表", rows=by_both, notes=[loss_note], in_word=False,
            columns=[text.model_copy(update={"title": "区市"}), text.model_copy(update={"title": "行业领域"}), *cell_columns],
        ),
    ]  # fmt: skip
    lists = {table.code: table for table in _lists(connection, jurisdiction, stat_year)}
    for part in parts:
        if part.kind in ("table", "problems", "attachment"):
            table = lists[str(part.subject)]
            notes = [*table.notes, *([part.note] if part.note else [])]
            tables.append(table.model_copy(update={"title": part.title or table.title, "notes": notes}))
    return tables


def _lists(connection: duckdb.DuckDBPyConnection, jurisdiction: str, stat_year: int) -> list[Table]:
    """What a document may ask for beside the numbers: stages, inspections, problem list, lists per industry and area."""

    def table(
        code: str,
        title: str,
        columns: list[tuple[str, Kind]],
        sql: str,
        notes: list[str] | None = None,
        in_word: bool = True,
    ) -> Table:
        rows = [list(row) for row in _rows(connection, sql, jurisdiction, stat_year)]
        named = [Column(title=name, kind=kind) for name, kind in columns]
        return Table(code=code, title=title, columns=named, rows=rows, notes=notes or [], in_word=in_word)  # fmt: skip

    insured = """
        from marts.evidence_policy as policies
        inner join marts.fct_policy as details on policies.provider = details.provider and policies.policy_no = details.policy_no
        inner join marts.dim_district as districts on policies.district_code = districts.district_code
        inner join marts.dim_industry as industries on policies.industry_code = industries.industry_code
        inner join marts.dim_insurer as insurers on policies.insurer_code = insurers.insurer_code
        left join (
            select stat_year, policy_provider, policy_no, count(*) as visits from marts.evidence_service group by all
        ) as services on policies.stat_year = services.stat_year and policies.provider = services.policy_provider
            and policies.policy_no = services.policy_no
        where policies.jurisdiction = ? and policies.stat_year = ? and policies.is_in_force
    """
    listed: list[tuple[str, Kind]] = [
        ("区市", "text"), ("行业领域", "text"), ("被保险单位", "text"), ("统一社会信用代码", "text"), ("保险机构", "text"), ("保单号", "text"),
        ("保险起期", "date"), ("保险止期", "date"), ("当年服务次数", "count"),
    ]  # fmt: skip
    chosen = (
        "select districts.name, industries.name, details.insured_name, policies.insured_uscc, insurers.name, policies.policy_no, "
        "policies.inception_date, policies.expiry_date, coalesce(services.visits, 0)"
    )
    return [
        table(
            "stages", "各阶段工作进展表", [("阶段", "text"), ("事项", "text"), ("应报（应办）", "count"), ("按时", "count"), ("迟报", "count"), ("未报", "count")],
            """
            select
                stage, name || '（' || case sender_kind when 'district_bureau' then '区市' else '行业部门' end || '）', count(*),
                count(*) filter (status = '按时'), count(*) filter (status = '迟报'), count(*) filter (status in ('逾期未报', '待报'))
            from marts.submissions where jurisdiction = ? and stat_year = ? group by all order by stage, 2
            """,
        ),
        table(
            "inspections", "督导检查统计表", [("检查对象", "text"), ("检查内容", "text"), ("检查次数", "count"), ("其中联合检查", "count"), ("发现问题", "count")],
            """
            select inspections.target_type, inspections.subject, count(*), count(*) filter (joint), count(problem_no)
            from marts.fct_inspection as inspections
            inner join marts.dim_provider as providers on inspections.provider = providers.provider
            where providers.jurisdiction = ? and year(inspections.inspected_on) = ? group by all order by all
            """,
        ),
        table(
            "problems", "问题清单", [("问题编号", "text"), ("发现日期", "date"), ("来源", "text"), ("对象", "text"), ("问题", "text"), ("整改措施", "text"), ("期限", "date"), ("完成", "date"), ("处置", "text")],
            """
            select problems.problem_no, problems.found_date, problems.origin, problems.target_type || ' ' || problems.target_code, problems.kind,
                problems.measure, problems.due, cast(problems.closed_at as date), problems.escalation
            from marts.fct_problem as problems
            inner join marts.dim_provider as providers on problems.provider = providers.provider
            where providers.jurisdiction = ? and year(problems.found_date) = ? order by problems.found_date, problems.problem_no
            """,
        ),
        table("insured_by_industry", "行业投保企业清单", listed, f"{chosen} {insured} order by industries.sort_no, districts.sort_no, 3, policies.policy_no, policies.provider", in_word=False),
        table("insured_by_district", "辖区投保企业清单", listed, f"{chosen} {insured} order by districts.sort_no, industries.sort_no, 3, policies.policy_no, policies.provider", in_word=False),
        table(
            "unserved", "在保未服务单位清单", listed,
            f"""{chosen} {insured} and policies.insured_uscc not in (
                select insured_uscc from marts.evidence_service as done where done.jurisdiction = policies.jurisdiction and done.stat_year = policies.stat_year
            ) order by districts.sort_no, industries.sort_no, 3, policies.policy_no, policies.provider""",
            in_word=False,
        ),
    ]  # fmt: skip


def printed(value: Any, kind: Kind) -> str:
    """A value of a table as printed: 万元 and percent with two decimals, the dash for what is unknown."""
    if value is None:
        return DASH
    if kind == "yuan":
        return wan(value)
    if kind == "ratio":
        return percent(value)
    if kind == "date":
        return f"{value:%Y-%m-%d}"
    if kind == "count":
        return f"{int(value):,}"
    return str(value)

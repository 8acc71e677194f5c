"""The tables of a return: breakdowns of its scope, insurers, lists, campaigns, definitions, a sheet per item.

What belongs here: choosing rows and columns of marts for an owner's scope. What does not: any computation of a metric (dbt_project/), what
only the compilation has (compilation.py), the form of a table.

Columns that are in the workbook only (`in_word` false) hold numbers of records, which mean nothing outside the warehouse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb

from pipelines.report.contents import ALL, KIND_OF_UNIT, Column, Figure, Kind, Owner, Part, Table

Columns = list[tuple[str, str, Kind]]
CELL_COLUMNS: Columns = [
    ("应保单位（家）", "required_units", "count"), ("参保率", "participation_rate", "ratio"), ("当年参保单位（家）", "insured_units", "count"),
    ("保单数（张）", "policies", "count"), ("保费", "premium_received", "yuan"), ("出险保单（张）", "policies_with_claims", "count"),
    ("简单赔付率", "simple_loss_ratio", "ratio"), ("其中已付", "simple_loss_ratio_paid", "ratio"), ("提取比例", "prevention_fee_share", "ratio"),
    ("投入", "fee_spent", "yuan"), ("服务覆盖率", "service_coverage", "ratio"),
]  # fmt: skip
INSURER_COLUMNS: Columns = [
    ("保单数（张）", "policies", "count"), ("保费", "premium_received", "yuan"), ("承保份额", "market_share", "ratio"), ("共保份额", "pool_share", "ratio"),
    ("简单赔付率", "simple_loss_ratio", "ratio"), ("其中已付", "simple_loss_ratio_paid", "ratio"), ("提取比例", "prevention_fee_share", "ratio"),
    ("投入", "fee_spent", "yuan"), ("服务覆盖率", "service_coverage", "ratio"), ("合同履约率", "contract_fulfilment", "ratio"),
    ("核定按时率", "decision_on_time_rate", "ratio"),
]  # fmt: skip
SHARE_COLUMNS: Columns = [
    ("保费", "premium_received", "yuan"), ("承保份额", "market_share", "ratio"), ("共保保费", "pool_premium", "yuan"), ("共保份额", "pool_share", "ratio"),
]  # fmt: skip
CAMPAIGN_COLUMNS: Columns = [
    ("应覆盖单位（家）", "target_units", "count"), ("已覆盖单位（家）", "reached_units", "count"), ("覆盖率", "progress", "ratio"),
    ("服务次数（次）", "visits", "count"), ("重大隐患（条）", "major_hazards", "count"), ("已复查（条）", "major_hazards_rechecked", "count"),
    ("拒不整改（条）", "major_hazards_refused", "count"), ("已报告（条）", "refusals_reported", "count"),
]  # fmt: skip
LOSS_NOTE = "简单赔付率为（已决＋未决）÷保费；“其中已付”为已付÷保费"


def tables(
    connection: duckdb.DuckDBPyConnection, jurisdiction: str, owner: Owner, stat_year: int, parts: list[Part]
) -> list[Table]:
    """All tables of a return but those of the compilation and the sheets of items; an annex only where a part asks for it."""
    found = _Scope(connection, jurisdiction, owner, stat_year)
    every = [found.breakdown("industry"), found.breakdown("district"), found.insurers(), found.both()]
    asked = {part.subject: part for part in parts if part.kind in ("table", "problems", "attachment")}
    annexes = {part.subject for part in parts if part.kind == "attachment"}
    made = [
        table.model_copy(update={"in_word": table.code in annexes})
        for table in every
        if table is not None
        and (table.code in asked or owner.is_whole or table.code in ("insurer", "cells") or _charted(parts, table.code))
    ]
    for code, made_of in LISTS.items():
        if part := asked.get(code):
            listed = made_of(found)
            update: dict[str, Any] = {"notes": [*listed.notes, *([part.note] if part.note else [])]}
            if part.title:
                update["title"] = part.title
            if part.kind == "table":
                update["in_word"] = False  # it stands in the body
            made.append(listed.model_copy(update=update))
    made += [found.campaign(part) for part in parts if part.kind == "campaign"]
    return made


def _charted(parts: list[Part], code: str) -> bool:
    return any(part.subject == code and part.kind in ("coverage_chart", "target") for part in parts)


def definitions(figures: list[Figure], source_doc: str) -> Table:
    """指标口径: what each item counts and which clause asks for it. In the document an annex, so that its sentences stay short.

    Args:
        source_doc: the notice; of its own clauses only the article is named.
    """
    once = {(figure.item_no, figure.metric): figure for figure in figures}
    rows = [
        [figure.name, figure.basis, figure.clause.removeprefix(source_doc).strip() or figure.clause] for figure in once.values()
    ]  # fmt: skip
    named = [Column(title=title, kind="text") for title in ("事项", "口径", "依据")]
    return Table(
        code="definitions",
        title="指标口径",
        columns=named,
        rows=rows,
        notes=[f"依据为{source_doc}的条款，另有文号的除外"],
    )


def item_tables(
    connection: duckdb.DuckDBPyConnection, jurisdiction: str, owner: Owner, stat_year: int, figures: list[Figure]
) -> list[Table]:
    """A sheet per item: the item and its variants for every district and field of the scope, insurers where the item is theirs."""
    rows = connection.execute(
        """
        select items.item_no, items.metric, items.insurer_code, items.district_code, items.industry_code,
            coalesce(districts.name, '合计'), coalesce(industries.name, '合计'), coalesce(insurers.name, ''),
            items.value, items.numerator, items.denominator
        from marts.annual_statistics as items
        left join marts.dim_district as districts on items.district_code = districts.district_code
        left join marts.dim_industry as industries on items.industry_code = industries.industry_code
        left join marts.dim_insurer as insurers on items.insurer_code = insurers.insurer_code
        where items.jurisdiction = ? and items.stat_year = ? and ? in ('ALL', items.district_code) and ? in ('ALL', items.industry_code)
            and (items.insurer_code = 'ALL') = (items.metric not in ('market_share', 'pool_share'))
            and (items.numerator <> 0 or items.denominator <> 0)
        order by districts.sort_no nulls first, industries.sort_no nulls first, items.insurer_code
        """,
        [jurisdiction, stat_year, owner.district_code, owner.industry_code],
    ).fetchall()
    once = {(figure.item_no, figure.metric): figure for figure in figures}
    made = []
    for main in dict.fromkeys(figure.item_no.split(".")[0] for figure in figures):
        own = [key for key in once if key[0].split(".")[0] == main]
        cells: dict[tuple[str, ...], dict[tuple[str, str], tuple[Any, ...]]] = {}
        for number, metric, insurer, district, industry, *names, value, above, below in rows:
            if (number, metric) in own:
                at = (district, industry, insurer, *names)
                cells.setdefault(at, {})[number, metric] = (value, above, below)
        by_insurer = any(at[2] != ALL for at in cells)
        columns = [Column(title="区市", kind="text"), Column(title="行业领域", kind="text")]
        columns += [Column(title="保险机构", kind="text")] if by_insurer else []
        for key in own:
            figure = once[key]
            columns.append(Column(title=figure.name, kind=KIND_OF_UNIT.get(figure.unit, "count"), code=figure.metric))
            if figure.denominator is not None:
                unit: Kind = "yuan" if figure.parts_unit == "元" else "number"
                columns += [Column(title=f"{figure.name}：{word}", kind=unit) for word in ("分子", "分母")]
        body = []
        for at, values in cells.items():
            row: list[Any] = [at[3], at[4], *([at[5]] if by_insurer else [])]
            for key in own:
                value, above, below = values.get(key, (None, None, None))
                row.append(value)
                row += [above, below] if once[key].denominator is not None else []
            body.append(row)
        title = f"{main} {once[own[0]].name}"
        made.append(Table(code=f"item_{main}", title=title, columns=columns, rows=body, in_word=False))
    return made


class _Scope:
    """The rows of one owner's scope."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, jurisdiction: str, owner: Owner, stat_year: int) -> None:
        self.connection, self.owner = connection, owner
        self.of = [jurisdiction, stat_year]
        self.cell = {"district": owner.district_code, "industry": owner.industry_code}

    def rows(self, sql: str, *more: Any) -> list[list[Any]]:
        return [list(row) for row in self.connection.execute(sql, [*self.of, *more]).fetchall()]

    def breakdown(self, by: str) -> Table | None:
        """The scope per district (`by` district) or field; none where the scope is one."""
        other = "industry" if by == "district" else "district"
        if self.cell[by] != ALL:
            return None
        cells = ", ".join(f"metrics.{name}" for _, name, _ in CELL_COLUMNS)
        # 高区, 经区, 临港区: everybody calls the zones by their short names.
        name = (
            "case when listed.is_functional_zone then listed.short_name else metrics.district_name end"
            if by == "district"
            else "metrics.industry_name"
        )
        rows = self.rows(
            f"""
            select metrics.{by}_code, {name}, {cells}
            from marts.supervision_metrics as metrics
            left join marts.dim_{by} as listed on metrics.{by}_code = listed.{by}_code
            where metrics.jurisdiction = ? and metrics.stat_year = ? and metrics.{other}_code = ?
                and (metrics.{by}_code = 'ALL' or required_units > 0 or insured_units > 0 or insured_units_in_force > 0 or claims_settled > 0)
            order by metrics.{by}_code = 'ALL' desc, listed.sort_no
            """,
            self.cell[other],
        )  # fmt: skip
        title, head = ("分区市统计表", "区市") if by == "district" else ("分行业统计表", "行业领域")
        notes = [
            LOSS_NOTE,
            "合计行按单位去重，不一定等于各行之和",
            *(["统筹提取只计入全市合计"] if by == "district" else []),
        ]
        return _keyed(by, title, head, CELL_COLUMNS, rows, notes)

    def insurers(self) -> Table:
        """Insurers of the scope: all that is known of them in the city, their shares within a field or area."""
        if self.owner.is_whole:
            names = ", ".join(name for _, name, _ in INSURER_COLUMNS)
            rows = self.rows(
                f"select insurer_code, insurer_name, {names} from marts.insurer_metrics where jurisdiction = ? and stat_year = ? "
                "order by insurer_code = 'ALL' desc, premium_received desc, insurer_code"
            )
            notes = [
                "保费、约定费用和赔款按共保份额分摊；共保的保单在各共保机构各计一张，合计只计一张；单位、履约和服务按出单（服务）机构；费用按入账机构"
            ]
            return _keyed("insurer", "保险机构统计表", "保险机构", INSURER_COLUMNS, rows, notes)
        rows = self.rows(
            """
            select shares.insurer_code, insurers.name,
                max(numerator) filter (metric = 'market_share') as premium, max(value) filter (metric = 'market_share'),
                max(numerator) filter (metric = 'pool_share'), max(value) filter (metric = 'pool_share')
            from marts.annual_statistics as shares
            inner join marts.dim_insurer as insurers on shares.insurer_code = insurers.insurer_code
            where jurisdiction = ? and stat_year = ? and district_code = ? and industry_code = ? and metric in ('market_share', 'pool_share')
            group by all order by premium desc, shares.insurer_code
            """,
            *self.cell.values(),
        )
        return _keyed("insurer", "保险机构统计表", "保险机构", SHARE_COLUMNS, rows, ["保费按共保份额分摊"])

    def both(self) -> Table:
        """Districts by fields, for the workbook."""
        cells = ", ".join(f"metrics.{name}" for _, name, _ in CELL_COLUMNS)
        rows = self.rows(
            f"""
            select metrics.district_code || '/' || metrics.industry_code, metrics.district_name, metrics.industry_name, {cells}
            from marts.supervision_metrics as metrics
            left join marts.dim_district as districts on metrics.district_code = districts.district_code
            left join marts.dim_industry as industries on metrics.industry_code = industries.industry_code
            where metrics.jurisdiction = ? and metrics.stat_year = ? and ? in ('ALL', metrics.district_code) and ? in ('ALL', metrics.industry_code)
                and (required_units > 0 or insured_units > 0 or insured_units_in_force > 0)
            order by districts.sort_no nulls first, industries.sort_no nulls first
            """,
            *self.cell.values(),
        )
        table = _keyed("cells", "区市行业统计表", "区市", [("行业领域", "", "text"), *CELL_COLUMNS], rows, [LOSS_NOTE])
        return table.model_copy(update={"in_word": False})

    def campaign(self, part: Part) -> Table:
        """专项活动 per district of a field, per field of the city or an area: whom it reached, what became of major hazards."""
        by = "district" if self.cell["district"] == ALL and self.cell["industry"] != ALL else "industry"
        other = "industry" if by == "district" else "district"
        columns = ", ".join(f"progress.{name}" for _, name, _ in CAMPAIGN_COLUMNS)
        rows = self.connection.execute(
            f"""
            select progress.{by}_code, coalesce(listed.name, '合计'), {columns}
            from marts.campaign_progress as progress
            left join marts.dim_{by} as listed on progress.{by}_code = listed.{by}_code
            where progress.jurisdiction = ? and progress.campaign_code = ? and progress.{other}_code = ?
            order by progress.{by}_code = 'ALL' desc, listed.sort_no
            """,
            [self.of[0], part.subject, self.cell[other]],
        ).fetchall()
        days = self.connection.execute(
            "select campaign_name, valid_from, counted_until, clause from marts.campaign_progress where campaign_code = ? limit 1",
            [part.subject],
        ).fetchall()
        notes = [
            f"{name}自{begins:%Y年%-m月%-d日}至{ends:%Y年%-m月%-d日}统计（{clause}）；应覆盖单位为统计截止日在保的单位，重大隐患为活动期间在所涉行业发现的，已复查计至取数时点"
            for name, begins, ends, clause in days
        ]
        head = "区市" if by == "district" else "行业领域"
        table = _keyed(
            f"campaign_{part.subject}", str(part.title), head, CAMPAIGN_COLUMNS, [list(row) for row in rows], notes
        )
        return table.model_copy(update={"in_word": False})

    # What a document may ask for beside the numbers. Of departments and areas, what is their own (documents, inspections, problems) or in
    # their scope (policies).

    @property
    def own(self) -> list[Any]:
        return [self.owner.is_whole, self.owner.provider]

    def stages(self) -> Table:
        return _listed(
            "stages", "工作进展表",
            [("阶段", "", "text"), ("事项", "", "text"), ("应报（应办）", "", "count"), ("按时", "", "count"), ("迟报", "", "count"), ("未报", "", "count")],
            self.rows(
                """
                select
                    coalesce(stage, '年度'), name || case sender_kind when 'district_bureau' then '（区市）' when 'industry_department' then '（行业部门）' else '' end,
                    count(*), count(*) filter (status = '按时'), count(*) filter (status = '迟报'), count(*) filter (status in ('逾期未报', '待报'))
                from marts.submissions where jurisdiction = ? and stat_year = ? and (? or provider = ?) group by all order by min(due_date), 2
                """,
                *self.own,
            ),
        )  # fmt: skip

    def inspections(self) -> Table:
        return _listed(
            "inspections", "督导检查统计表",
            [("检查对象", "", "text"), ("检查内容", "", "text"), ("检查次数", "", "count"), ("其中联合检查", "", "count"), ("发现问题", "", "count")],
            self.rows(
                """
                select inspections.target_type, inspections.subject, count(*), count(*) filter (joint), count(problem_no)
                from marts.fct_inspection as inspections
                inner join marts.dim_provider as providers on inspections.provider = providers.provider
                where providers.jurisdiction = ? and year(inspections.inspected_on) = ? and (? or inspections.provider = ?) group by all order by all
                """,
                *self.own,
            ),
        )  # fmt: skip

    def problems(self) -> Table:
        problems = _listed(
            "problems", "问题清单",
            [("问题编号", "", "text"), ("发现日期", "", "date"), ("来源", "", "text"), ("对象", "", "text"), ("问题", "", "text"), ("整改措施", "", "text"),
             ("期限", "", "date"), ("完成", "", "date"), ("处置", "", "text"), ("状态", "", "text")],
            self.rows(
                """
                select problem_no, found_date, origin, coalesce(target_name, target_type), kind, measure, due_date, closed_on, escalation, state
                from marts.problem_list where jurisdiction = ? and year(found_date) = ? and (? or provider = ?) order by found_date, problem_no
                """,
                *self.own,
            ),
        )  # fmt: skip
        problems.columns[0] = problems.columns[0].model_copy(update={"in_word": False})
        return problems

    def insured(self, code: str, title: str, order: str, also: str = "") -> Table:
        """Policies in force at the period's end with the year's visits, for the workbook."""
        insured = """
            from marts.evidence_policy as policies
            inner join marts.fct_policy as details on policies.provider = details.provider and policies.policy_no = details.policy_no
            inner join marts.dim_district as districts on policies.district_code = districts.district_code
            inner join marts.dim_industry as industries on policies.industry_code = industries.industry_code
            inner join marts.dim_insurer as insurers on policies.insurer_code = insurers.insurer_code
            left join (
                select coalesce(policy_provider, provider) as policy_provider, policy_no, jurisdiction, stat_year, count(*) as visits
                from marts.evidence_service group by all
            ) as services
                on policies.jurisdiction = services.jurisdiction and policies.stat_year = services.stat_year
                and policies.provider = services.policy_provider and policies.policy_no = services.policy_no
            where policies.jurisdiction = ? and policies.stat_year = ? and ? in ('ALL', policies.district_code) and ? in ('ALL', policies.industry_code)
                and policies.is_in_force
        """
        chosen = (
            "select districts.name, industries.name, details.insured_name, policies.insured_uscc, insurers.name, policies.policy_no, "
            "policies.inception_date, policies.expiry_date, coalesce(services.visits, 0)"
        )
        columns: Columns = [
            ("区市", "", "text"), ("行业领域", "", "text"), ("被保险单位", "", "text"), ("统一社会信用代码", "", "text"), ("保险机构", "", "text"),
            ("保单号", "", "text"), ("保险起期", "", "date"), ("保险止期", "", "date"), ("当年服务次数", "", "count"),
        ]  # fmt: skip
        rows = self.rows(
            f"{chosen} {insured} {also} order by {order}, 3, policies.policy_no, policies.provider", *self.cell.values()
        )
        return _listed(code, title, columns, rows).model_copy(update={"in_word": False})


BY_FIELD, BY_AREA = "industries.sort_no, districts.sort_no", "districts.sort_no, industries.sort_no"
UNSERVED = """and policies.insured_uscc not in (
    select insured_uscc from marts.evidence_service as done where done.jurisdiction = policies.jurisdiction and done.stat_year = policies.stat_year
)"""
LISTS: dict[str, Callable[[_Scope], Table]] = {
    "stages": _Scope.stages,
    "inspections": _Scope.inspections,
    "problems": _Scope.problems,
    "insured_by_industry": lambda scope: scope.insured("insured_by_industry", "行业投保企业清单", BY_FIELD),
    "insured_by_district": lambda scope: scope.insured("insured_by_district", "辖区投保企业清单", BY_AREA),
    "unserved": lambda scope: scope.insured("unserved", "在保未服务单位清单", BY_AREA, UNSERVED),
}
"""Lists that a part may ask for (ref_return_part.subject); read only where one does."""


def _keyed(code: str, title: str, head: str, columns: Columns, rows: list[list[Any]], notes: list[str]) -> Table:
    """A table whose rows begin with their key, then their name."""
    named = [
        Column(title=head, kind="text"),
        *(Column(title=title, code=name, kind=kind) for title, name, kind in columns),
    ]
    return Table(
        code=code, title=title, columns=named, rows=[row[1:] for row in rows], keys=[str(row[0]) for row in rows], notes=notes
    )  # fmt: skip


def _listed(code: str, title: str, columns: Columns, rows: list[list[Any]]) -> Table:
    return Table(
        code=code, title=title, columns=[Column(title=name, kind=kind) for name, _, kind in columns], rows=rows
    )

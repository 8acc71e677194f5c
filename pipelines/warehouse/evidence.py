"""How a cell of a metric is counted from its evidence rows, as SQL.

What belongs here: reading meta.metric_catalogue and turning a measure into queries that run for one cell or
for all cells at once. What does not: the measures themselves (meta of the columns in dbt_project/models/marts/
supervision/_supervision.yml) and the rows (marts.evidence_*).

A measure says: `count` distinct values of a column or `sum` a column over the rows of an evidence table that
lie in the cell; only rows `where` holds; only units for which `every` row in the cell holds; only units
`served` by a service in the cell; `scope: market` looks at all insurers. `market` is for the shares of insurers.

Every metric thus falls into contributions, one per item (a unit, a policy, a record), that add up to the cell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

CELL = ("jurisdiction", "stat_year", "district_code", "industry_code", "insurer_code")
"""What a cell is: `ALL` in the last three stands for a total."""
CELL_COLUMNS = ", ".join(f"cell_{name}" for name in CELL)
TOTAL_MARTS = ("supervision_metrics", "insurer_metrics")


# The version of every record that counts, with the policy and unit it belongs to. `provider` is whose the number is: null where
# several rightful senders describe one thing, so that any of them may have spoken last (trust.md 1).
KNOWN = """
    select 'policy' as feed, provider, policy_no as record_key, provider as policy_provider, policy_no, insured_uscc as unit, file_id, sheet, line_no from marts.fct_policy
    union all select 'endorsement', provider, endorsement_no, provider, policy_no, null, file_id, sheet, line_no from marts.fct_endorsement
    union all select 'coinsurance', provider, policy_no || '|' || insurer_code, provider, policy_no, null, file_id, sheet, line_no from marts.fct_coinsurance
    union all select 'claim', provider, claim_no, policy_provider, policy_no, insured_uscc, file_id, sheet, line_no from marts.fct_claim
    union all select 'service_record', provider, service_no, policy_provider, policy_no, insured_uscc, file_id, sheet, line_no from marts.fct_service
    union all select 'fee_ledger', provider, entry_no, policy_provider, policy_no, null, file_id, sheet, line_no from marts.fct_fee_entry
    union all select 'enterprise', null, uscc || '|' || industry_code, null, null, uscc, file_id, sheet, line_no from marts.fct_roster
    union all select 'hazard', provider, hazard_no, null, null, insured_uscc, file_id, sheet, line_no from marts.fct_hazard
    union all select 'complaint', provider, complaint_no, null, null, target_code, file_id, sheet, line_no from marts.fct_complaint
    union all select 'service_plan', provider, record_key, null, null, insured_uscc, file_id, sheet, line_no from marts.fct_service_plan
    union all select 'project', null, project_code, null, null, builder_uscc, file_id, sheet, line_no from marts.dim_project
    union all select 'service_org', null, uscc, null, null, uscc, file_id, sheet, line_no from marts.dim_service_org
    union all select 'accident', null, accident_id, null, null, uscc, file_id, sheet, line_no from marts.fct_accident
    union all select 'enforcement', provider, case_no, null, null, uscc, file_id, sheet, line_no from marts.fct_enforcement
    union all select 'permit', provider, permit_no, null, null, uscc, file_id, sheet, line_no from marts.fct_permit
    union all select 'insurer_capacity', provider, insurer_code || '|' || period, null, null, null, file_id, sheet, line_no from marts.fct_insurer_capacity
    union all select 'problem', provider, problem_no, null, null, target_code, file_id, sheet, line_no from marts.fct_problem
"""

EVIDENCE_KEY = "known.feed || ':' || coalesce(known.provider || '/', '') || known.record_key"
"""How marts.findings.evidence_keys names a record of KNOWN (dbt_project/macros/findings.sql)."""


def known_records(connection: duckdb.DuckDBPyConnection) -> str:
    """KNOWN of the tables that are there: an extract lacks those its audience may not see."""
    there = {
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
    }
    parts = [part for part in KNOWN.split("union all") if part.rsplit("marts.", 1)[1].strip() in there]
    return "union all".join(parts)


NOBODY = "cast(null as varchar)"
"""A column for what belongs to no single sender."""


class Unknown(Exception):
    """There is no such metric, cell or finding; the message says what there is."""


@dataclass(frozen=True)
class Measure:
    """One counted or summed column of a mart."""

    metric: str
    mart: str
    title: str
    definition: str
    unit: str
    evidence: str
    feed: str
    record: str
    depends: tuple[str, ...]
    columns: frozenset[str]
    how: dict[str, str] = field(hash=False)

    @property
    def item(self) -> str:
        """What is counted: the column whose distinct values count, or the record a sum is made of. A number that a sender gave
        is its own only, so that `sender/` stands before it."""
        if "market" in self.how:
            return "insurer_code"
        counted = self.how.get("count") or self.record
        owner = self.policy_provider if counted == "policy_no" else self.provider
        return counted if owner == NOBODY or counted == self.unit_column else f"{owner} || '/' || {counted}"

    @property
    def provider(self) -> str:
        """Whose the record of a row is."""
        return "provider" if "provider" in self.columns else NOBODY

    @property
    def policy_provider(self) -> str:
        """Whose the policy of a row is."""
        if "policy_provider" in self.columns or "policy_no" not in self.columns:
            return "policy_provider" if "policy_provider" in self.columns else NOBODY
        return self.provider

    @property
    def unit_column(self) -> str:
        return "uscc" if "uscc" in self.columns else "insured_uscc"


@dataclass(frozen=True)
class Metric:
    """A metric with the measures its numerator and denominator are made of (itself, when it is no ratio)."""

    name: str
    mart: str
    code: str
    title: str
    definition: str
    unit: str
    source: str
    numerator: tuple[Measure, ...]
    denominator: tuple[Measure, ...]

    @property
    def is_ratio(self) -> bool:
        return bool(self.denominator)


def named(titles: Mapping[str, str], text: str) -> str | None:
    """The metric that people mean by its column name or the name the product prints, with or without what stands in brackets behind
    it (简单赔付率 for 简单赔付率（已决+未决）, the first of several); None: no such metric.

    Args:
        titles: name to printed name, in the order of the catalogue.
    """
    if text in titles:
        return text
    wanted = text.strip().replace("(", "（").replace(")", "）")
    whole = {title: name for name, title in reversed(list(titles.items()))}
    short = {title.split("（")[0]: name for title, name in whole.items()}
    return whole.get(wanted) or short.get(wanted)


def listed(titles: Mapping[str, str]) -> str:
    """What there is, for a message: printed names first."""
    return "、".join(f"{title}（{name}）" for name, title in titles.items())


def metrics(connection: duckdb.DuckDBPyConnection, mart: str) -> dict[str, Metric]:
    """The metrics of a mart that can be explained, from the catalogue of the warehouse itself."""
    columns: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts' and table_name like 'evidence_%'"
    ).fetchall():
        columns.setdefault(table, set()).add(column)
    rows = connection.execute(
        "select metric, metric_code, chinese_name, definition, numerator, denominator, unit, source_clause, evidence, measure, feed, record, depends "
        "from meta.metric_catalogue where table_name = ?",
        [mart],
    ).fetchall()
    measures = {
        name: Measure(
            name, mart, title, definition, unit, evidence, feed, record, tuple(depends.split(",")), frozenset(columns[evidence]), json.loads(how)
        )
        for name, _, title, definition, _, _, unit, _, evidence, how, feed, record, depends in rows
        if evidence in columns  # an extract lacks the evidence its audience may not see
    }  # fmt: skip
    found = {}
    for name, code, title, definition, numerator, denominator, unit, source, *_ in rows:
        above = _terms(numerator or name)
        below = _terms(denominator)
        if all(term in measures for term in above + below):
            found[name] = Metric(
                name, mart, code, title, definition, unit, source,
                tuple(measures[term] for term in above), tuple(measures[term] for term in below),
            )  # fmt: skip
    return found


def _terms(expression: str) -> list[str]:
    return [term.strip() for term in expression.split("+") if term.strip()]


def cells_of(mart: str, where: str = "true") -> str:
    """The cells of a mart as a query with the columns of CELL."""
    if mart == "supervision_metrics":
        return f"select jurisdiction, stat_year, district_code, industry_code, 'ALL' as insurer_code from marts.{mart} where {where}"
    return f"select jurisdiction, stat_year, 'ALL' as district_code, 'ALL' as industry_code, insurer_code from marts.{mart} where {where}"


def _in_cell(rows: str, columns: frozenset[str], measure: Measure) -> str:
    conditions = [f"{rows}.jurisdiction = cells.jurisdiction", f"{rows}.stat_year = cells.stat_year"]
    for name in CELL[2:]:
        if name in columns and not (name == "insurer_code" and measure.how.get("scope") == "market"):
            conditions.append(f"(cells.{name} = 'ALL' or {rows}.{name} = cells.{name})")
    return " and ".join(conditions)


def rows_sql(measure: Measure, cells: str) -> str:
    """The evidence rows that count, for every cell of a query.

    Columns: cell_*, item, amount (null for counts), feed, provider (whose the record is), record_key, unit, policy_provider,
    policy_no, file_id, sheet, line_no.
    """
    how, columns = measure.how, measure.columns
    amount = how.get("sum") or ("premium_received" if "market" in how else "null")
    policy = "policy_no" if "policy_no" in columns else NOBODY
    unit = measure.unit_column if measure.unit_column in columns else NOBODY
    every, served = "true", ""
    if "every" in how:
        every = f"min(case when {how['every']} then 1 else 0 end) over (partition by {CELL_COLUMNS}, {measure.unit_column}) = 1"
    if "served" in how:
        services = f"(select * from marts.evidence_service where {how['served']})"
        served = f"""
            and exists (
                select 1 from {services} as services
                where {_in_cell("services", frozenset(CELL), measure)} and services.insured_uscc = evidence.insured_uscc
            )"""
    return f"""
        select
            {CELL_COLUMNS}, {measure.item} as item, {amount} as amount, {measure.feed} as feed, {measure.provider} as provider, {measure.record} as record_key,
            {unit} as unit, {measure.policy_provider} as policy_provider, {policy} as policy_no, file_id, sheet, line_no
        from (
            select *, {every} as every_row_holds
            from (
                select
                    {", ".join(f"cells.{name} as cell_{name}" for name in CELL)},
                    evidence.*
                from ({cells}) as cells
                inner join marts.{measure.evidence} as evidence
                    on {_in_cell("evidence", columns, measure)}
                where true {served}
            ) as placed
        ) as judged
        where every_row_holds and ({how.get("where", "true")})
    """


def contributions_sql(measure: Measure, rows: str) -> str:
    """What each item adds to each cell: columns cell_*, item, amount. The cell is their sum.

    Args:
        rows: the measure's evidence rows: a query as rows_sql makes it, or a table that holds its result.
    """
    if "market" in measure.how:
        added = {"insurers": "1", "hhi": "share * share", "cr3": "case when place <= 3 then share else 0 end"}
        return f"""
            select {CELL_COLUMNS}, item, {added[measure.how["market"]]} as amount
            from (
                select
                    *,
                    cast(premium as double) / cast(sum(premium) over (partition by {CELL_COLUMNS}) as double) as share,
                    row_number() over (partition by {CELL_COLUMNS} order by premium desc, item) as place
                from (select {CELL_COLUMNS}, item, sum(amount) as premium from ({rows}) as counted group by {CELL_COLUMNS}, item) as by_insurer
                where premium > 0
            ) as shares
        """
    amount = "sum(coalesce(amount, 0))" if "sum" in measure.how else "1"
    return f"select {CELL_COLUMNS}, item, {amount} as amount from ({rows}) as counted group by {CELL_COLUMNS}, item"


def values_sql(measure: Measure, rows: str) -> str:
    """The value of each cell that has any contribution: columns cell_*, value, rounded as the mart stores it."""
    total = "sum(amount)"
    if measure.unit == "元":
        total = f"cast({total} as decimal(24, 2))"
    elif "market" in measure.how:
        total = f"round({total}, 9)"
    return f"select {CELL_COLUMNS}, {total} as value from ({contributions_sql(measure, rows)}) as added group by {CELL_COLUMNS}"

"""What changed between two knowledge dates, and which records changed it.

What belongs here: comparing two warehouses cell by cell and item by item. What does not: how an item
contributes to a cell (pipelines/warehouse/evidence.py), how it is shown (output.py).

Every measure of a cell is a sum of contributions (pipelines/warehouse/evidence.py), so its change is the sum of the changes of
its items; each changed item gets the records that changed between the two dates and belong to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines.warehouse.evidence import (
    CELL,
    CELL_COLUMNS,
    KNOWN,
    TOTAL_MARTS,
    Measure,
    Metric,
    Unknown,
    cells_of,
    contributions_sql,
    listed,
    metrics,
    named,
    rows_sql,
)

NEW, CORRECTED, WITHDRAWN = "新增", "更正", "撤回"
# A new record of a sender that was late with its feed on the day before.
ARRIVED_LATE = "迟报补到"
# No record of the item changed, but how far the data of its sender reach: it declared, or sent more (待核 units).
DECLARED = "数据截至变化"
# No record of the item changed: cover ran out, a clock ran on, the period's end moved with the knowledge date.
TIME = "时间推移"
# A share changes when another insurer's premium does.
OTHERS = "其他机构保费变化"
# No record of the item changed, a row of reference data that decides whether it counts did.
REFERENCE = "参考数据变化"
# Tables of reference data that decide what any measure counts; of ref_rule, the rules that decide what one evidence says.
DECIDE = ("ref_jurisdiction", "ref_district", "ref_product", "ref_provider")
RULES = {
    "evidence_compliance": ("limit_per_person_min", "commission_rate_max"),
    "evidence_claim_clock": ("claim_decision_days", "claim_payment_days"),
    "evidence_complaint_clock": (
        "complaint_answer_working_days",
        "complaint_check_working_days",
        "complaint_extension_days",
    ),
    "evidence_fulfilment": ("least_visits_agreed",),
    "evidence_hazard": ("hazard_days_max", "major_hazard_days_max"),
}
ROUNDING = "尾差（分以下进位）"


@dataclass(frozen=True)
class Difference:
    """Changes of a year's numbers between two knowledge dates.

    `cells`: mart, metric, title, unit, jurisdiction, district_code, industry_code, insurer_code, before, after, change.
    `causes`: one row per changed item of a changed cell of a measure: mart, metric, the cell, item, before, after, change, cause and the
        record that caused it (feed, record_key, provider_name, file_name, sheet, line_no, received_at), how many
        did (records); their changes add up to the cell's.
    `parts`: metric of supervision_metrics → the measures its change is made of.
    `quarantined`: rows rejected between the two dates; they change nothing until they are sent again.
    `reference`: rows of reference data that were added, changed or withdrawn between the two dates.
    """

    stat_year: int
    before: str
    after: str
    cells: pl.DataFrame
    causes: pl.DataFrame
    quarantined: pl.DataFrame
    parts: dict[str, list[str]]
    reference: pl.DataFrame


def diff(before: Path, after: Path, stat_year: int, jurisdiction: str = "", only: str = "") -> Difference:
    """Compares two warehouse files for a year.

    Args:
        jurisdiction: only this one; empty: all. only: only this metric; empty: all.
    Raises:
        Unknown: no such metric.
    """
    with duckdb.connect() as connection:
        connection.execute("set autoinstall_known_extensions = false")
        for name, path in (("before", before), ("after", after)):
            connection.execute(f"attach '{path.as_posix().replace(chr(39), chr(39) * 2)}' as {name} (read_only)")
        days = [
            connection.execute(f"select cast(as_of as varchar) from {name}.meta.publication").fetchall()[0][0]
            for name in ("before", "after")
        ]
        _changed_records(connection)
        _changed_reference(connection)
        cells, causes = [], []
        parts: dict[str, list[str]] = {}
        titles: dict[str, str] = {}
        for mart in TOTAL_MARTS:
            connection.execute("use after")
            known = metrics(connection, mart)
            titles |= {name: metric.title for name, metric in known.items()}
            asked = named({name: metric.title for name, metric in known.items()}, only)
            wanted = [metric for metric in known.values() if not only or metric.name == asked]
            measures = {part.metric: part for metric in wanted for part in metric.numerator + metric.denominator}
            where = f"stat_year = {int(stat_year)}"
            if jurisdiction:
                where += f" and jurisdiction = '{jurisdiction.replace(chr(39), '')}'"
            if mart == TOTAL_MARTS[0]:
                parts = {
                    metric.name: [part.metric for part in metric.numerator + metric.denominator] for metric in wanted
                }
            # A ratio is asked for together with what it is made of.
            shown = {metric.name: metric for metric in [*wanted, *(known[name] for name in measures)]}
            cells += [_changed_cells(connection, metric, where) for metric in shown.values()]
            causes += [_causes(connection, measure, cells_of(mart, where)) for measure in measures.values()]
        if not cells:
            raise Unknown(f"没有指标「{only}」。可用：{listed(titles)}")
        found_cells = pl.concat(cells, how="vertical_relaxed")
        return Difference(
            stat_year, days[0], days[1],
            found_cells.sort("mart", "jurisdiction", "district_code", "industry_code", "insurer_code", "metric"),
            pl.concat(causes, how="vertical_relaxed").sort(
                "mart", "metric", "jurisdiction", "district_code", "industry_code", "insurer_code", "item"
            ),
            _newly_quarantined(connection),
            parts,
            _reference(connection),
        )  # fmt: skip


def _changed_records(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary table changed_records: every record whose newest version is not the one known before."""
    for name in ("before", "after"):
        connection.execute(f"use {name}")
        connection.execute(f"create temp table known_{name} as {KNOWN}")
    _late_before(connection)
    connection.execute(
        f"""
        create temp table changed_records as
        select
            coalesce(known_after.feed, known_before.feed) as feed,
            coalesce(known_after.provider, known_before.provider) as provider,
            coalesce(known_after.record_key, known_before.record_key) as record_key,
            coalesce(known_after.policy_provider, known_before.policy_provider) as policy_provider,
            coalesce(known_after.policy_no, known_before.policy_no) as policy_no,
            coalesce(known_after.unit, known_before.unit) as unit,
            case
                when known_before.feed is null and late.provider is not null then '{ARRIVED_LATE}'
                when known_before.feed is null then '{NEW}'
                when known_after.feed is null then '{WITHDRAWN}'
                else '{CORRECTED}'
            end as cause,
            coalesce(known_after.file_id, withdrawals.file_id, known_before.file_id) as file_id,
            coalesce(known_after.sheet, withdrawals.sheet, known_before.sheet) as sheet,
            coalesce(known_after.line_no, withdrawals.line_no, known_before.line_no) as line_no
        from known_before
        full join known_after
            on known_before.feed = known_after.feed and known_before.record_key = known_after.record_key
            and known_before.provider is not distinct from known_after.provider
        left join after.quality.files as known_after_files on known_after.file_id = known_after_files.file_id
        left join late_before as late
            on known_after.feed = late.feed and known_after_files.provider = late.provider
        left join (
            select feed, provider, record_key, any_value(file_id) as file_id, any_value(sheet) as sheet, any_value(line_no) as line_no
            from after.marts.evidence_left_out where reason = '记录已撤销' group by feed, provider, record_key
        ) as withdrawals
            on known_before.feed = withdrawals.feed and known_before.provider = withdrawals.provider
            and known_before.record_key = withdrawals.record_key
        where known_before.feed is null or known_after.feed is null
            or (known_before.file_id, coalesce(known_before.sheet, ''), known_before.line_no)
            is distinct from (known_after.file_id, coalesce(known_after.sheet, ''), known_after.line_no)
        """
    )


def _late_before(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary tables late_before: senders and feeds that were late on the day before; reached: those whose data reach another day
    now, with the declaration or else the newest file that says so. Empty where the older warehouse does not tell."""
    told = connection.execute(
        "select count(*) from duckdb_tables() where database_name in ('before', 'after') and schema_name = 'quality' "
        "and table_name = 'coverage'"
    ).fetchall()[0][0]
    before = "before" if told == 2 else "after"
    connection.execute(
        f"create temp table late_before as select provider, feed from {before}.quality.coverage where days_late > 0 and {told == 2}"
    )
    connection.execute(
        f"""
        create temp table pending_items as
        select distinct uscc || '|' || industry_code as record_key, pending_policy_provider as provider
        from after.marts.evidence_participation where is_pending
        {"union select distinct uscc || '|' || industry_code, pending_policy_provider from before.marts.evidence_participation where is_pending" if told == 2 else ""}
        """
    )
    connection.execute(
        f"""
        create temp table reached as
        select
            new.provider, new.feed, coalesce(said.period, cast(new.covers_to as varchar)) as record_key,
            coalesce(said.file_id, files.file_id) as file_id, said.sheet, said.line_no
        from {before}.quality.coverage as old
        inner join after.quality.coverage as new on old.provider = new.provider and old.feed = new.feed
        left join (
            select provider, feed, max_by(period, received_at) as period, max_by(file_id, received_at) as file_id,
                max_by(sheet, received_at) as sheet, max_by(line_no, received_at) as line_no
            from after.quality.declarations group by provider, feed
        ) as said on new.is_declared and new.provider = said.provider and new.feed = said.feed
        left join (
            select provider, feed, max_by(file_id, received_at) as file_id from after.quality.files
            where status = 'loaded' group by provider, feed
        ) as files on new.provider = files.provider and new.feed = files.feed
        where old.covers_to is distinct from new.covers_to
        """
    )


def _changed_reference(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary table changed_reference: rows of reference data that are not what they were. A warehouse of an earlier
    version of the program does not tell of them."""
    told = connection.execute(
        "select count(*) from duckdb_tables() where database_name in ('before', 'after') and table_name = 'reference_versions'"
    ).fetchall()[0][0]
    before = "before.meta.reference_versions" if told == 2 else "after.meta.reference_versions"
    connection.execute(
        f"""
        create temp table changed_reference as
        select
            coalesce(new.table_name, old.table_name) as table_name, coalesce(new.table_title, old.table_title) as table_title,
            coalesce(new.record_key, old.record_key) as record_key, coalesce(new.jurisdiction, old.jurisdiction) as jurisdiction,
            coalesce(new.industry_code, old.industry_code) as industry_code,
            case when old.table_name is null then '{NEW}' when new.table_name is null then '{WITHDRAWN}' else '{CORRECTED}' end as what,
            coalesce(new.file_id, old.file_id) as file_id, coalesce(new.sheet, old.sheet) as sheet, coalesce(new.line_no, old.line_no) as line_no
        from {before} as old
        full join after.meta.reference_versions as new on old.table_name = new.table_name and old.record_key = new.record_key
        where old.table_name is null or new.table_name is null
            or (old.file_id, coalesce(old.sheet, ''), old.line_no) is distinct from (new.file_id, coalesce(new.sheet, ''), new.line_no)
        """
    )


def _reference(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    found: pl.DataFrame = connection.sql(
        """
        select changed.table_title, changed.record_key, changed.what, files.file_name, changed.sheet, changed.line_no, files.received_at
        from changed_reference as changed
        left join after.quality.files as files on changed.file_id = files.file_id
        order by all
        """
    ).pl()
    return found


def _changed_cells(connection: duckdb.DuckDBPyConnection, metric: Metric, where: str) -> pl.DataFrame:
    keys = [name for name in CELL if name in ("jurisdiction", "stat_year")]
    if metric.mart == "supervision_metrics":
        keys += ["district_code", "industry_code"]
        extra = "'ALL' as insurer_code"
    else:
        keys += ["insurer_code"]
        extra = "'ALL' as district_code, 'ALL' as industry_code"
    joined = " and ".join(f"old.{key} = new.{key}" for key in keys)
    named = ", ".join(f"coalesce(new.{key}, old.{key}) as {key}" for key in keys)
    kind = "double" if metric.is_ratio or metric.unit in ("指数", "比例") else "decimal(30, 6)"
    zero = "null" if metric.is_ratio else "0"
    found: pl.DataFrame = connection.sql(
        f"""
        select
            '{metric.mart}' as mart, '{metric.name}' as metric, '{metric.title}' as title, '{metric.unit}' as unit, jurisdiction, district_code, industry_code, insurer_code,
            before, after, coalesce(after, {zero}) - coalesce(before, {zero}) as change
        from (
            select {named}, {extra}, cast(old.{metric.name} as {kind}) as before, cast(new.{metric.name} as {kind}) as after
            from (select * from before.marts.{metric.mart} where {where}) as old
            full join (select * from after.marts.{metric.mart} where {where}) as new
                on {joined}
        ) as cells
        where before is distinct from after
        """
    ).pl()
    return found


def _causes(connection: duckdb.DuckDBPyConnection, measure: Measure, cells: str) -> pl.DataFrame:
    """Changed items of a measure in every cell, each with the records that changed it."""
    for name in ("before", "after"):
        connection.execute(f"use {name}")
        connection.execute(
            f"create or replace temp table items_{name} as {contributions_sql(measure, rows_sql(measure, cells))}"
        )
    on_cell = " and ".join(f"old.cell_{name} = new.cell_{name}" for name in CELL)
    cell = ", ".join(f"coalesce(new.cell_{name}, old.cell_{name}) as cell_{name}" for name in CELL)
    connection.execute(
        f"""
        create or replace temp table changed_items as
        select
            {cell}, coalesce(new.item, old.item) as item, coalesce(old.amount, 0) as before, coalesce(new.amount, 0) as after
        from items_before as old
        full join items_after as new on {on_cell} and old.item = new.item
        where coalesce(old.amount, 0) <> coalesce(new.amount, 0)
        """
    )
    if not connection.execute("select count(*) from changed_items").fetchall()[0][0]:
        return _no_causes()
    for name in ("before", "after"):
        connection.execute(f"use {name}")
        connection.execute(
            f"""
            create or replace temp table rows_{name} as
            select counted.* from ({rows_sql(measure, cells)}) as counted
            semi join changed_items on {" and ".join(f"counted.cell_{key} = changed_items.cell_{key}" for key in CELL)}
                and counted.item = changed_items.item
            """
        )
    depends = ", ".join(f"'{feed}'" for feed in (*measure.depends, "service_record" if "served" in measure.how else ""))
    deciding = f"changed.table_name in ({_texts(DECIDE)})"
    if measure.evidence in RULES:
        rules = f"split_part(changed.record_key, '|', 1) in ({_texts(RULES[measure.evidence])})"
        deciding += f" or (changed.table_name = 'ref_rule' and {rules})"
    by_unit = "or (changed.feed = 'service_record' and changed.unit = counted.unit)" if "served" in measure.how else ""
    money = measure.unit == "元"
    found: pl.DataFrame = connection.sql(
        f"""
        with

        counted as (
            select distinct {CELL_COLUMNS}, item, feed, provider, record_key, policy_provider, policy_no, unit from rows_before
            union
            select distinct {CELL_COLUMNS}, item, feed, provider, record_key, policy_provider, policy_no, unit from rows_after
        ),

        -- The item's own records first; else those of its policy or unit that its counting depends on.
        candidates as (
            select counted.{", counted.".join(CELL_COLUMNS.split(", "))}, counted.item, changed.*, 1 as priority
            from counted
            inner join changed_records as changed
                on counted.feed = changed.feed and counted.record_key = changed.record_key
                and counted.provider is not distinct from changed.provider
            union all
            select counted.{", counted.".join(CELL_COLUMNS.split(", "))}, counted.item, changed.*, 2 as priority
            from counted
            inner join changed_records as changed
                on changed.feed in ({depends})
                and ((counted.policy_provider = changed.policy_provider and counted.policy_no = changed.policy_no) {by_unit})
            union all
            select
                counted.{", counted.".join(CELL_COLUMNS.split(", "))}, counted.item, changed.table_name as feed, null as provider,
                changed.record_key, null as policy_provider, null as policy_no, null as unit, '{REFERENCE}' as cause, changed.file_id,
                changed.sheet, changed.line_no, 3 as priority
            from counted
            inner join changed_reference as changed
                on ({deciding})
                and coalesce(changed.jurisdiction, counted.cell_jurisdiction) = counted.cell_jurisdiction
                and (changed.industry_code is null or counted.cell_industry_code in (changed.industry_code, 'ALL'))
            union all
            select
                counted.{", counted.".join(CELL_COLUMNS.split(", "))}, counted.item, reached.feed, reached.provider,
                reached.record_key, null as policy_provider, null as policy_no, null as unit, '{DECLARED}' as cause, reached.file_id,
                reached.sheet, reached.line_no, 4 as priority
            from counted
            inner join pending_items on counted.record_key = pending_items.record_key
            inner join reached on reached.feed = 'policy' and pending_items.provider = reached.provider
            where {"true" if measure.evidence == "evidence_participation" else "false"}
        ),

        ranked as (
            select
                candidates.*, files.file_name, files.received_at, providers.name as provider_name,
                count(distinct (candidates.feed, candidates.provider, candidates.record_key)) over (partition by {CELL_COLUMNS}, item) as records,
                row_number() over (
                    partition by {CELL_COLUMNS}, item order by priority, files.received_at desc, candidates.feed, candidates.record_key
                ) as place
            from candidates
            left join after.quality.files as files on candidates.file_id = files.file_id
            left join after.marts.dim_provider as providers on files.provider = providers.provider
        ),

        explained as (
            select
                {", ".join(f"changed_items.cell_{name} as {name}" for name in CELL)}, cast(changed_items.item as varchar) as item,
                changed_items.before, changed_items.after, changed_items.after - changed_items.before as change,
                coalesce(ranked.cause, '{OTHERS if "market" in measure.how else TIME}') as cause, ranked.feed, ranked.record_key, ranked.provider_name, ranked.file_name,
                ranked.sheet, ranked.line_no, ranked.received_at, coalesce(ranked.records, 0) as records
            from changed_items
            left join ranked
                on {" and ".join(f"changed_items.cell_{name} = ranked.cell_{name}" for name in CELL)}
                and changed_items.item = ranked.item and ranked.place = 1
        ),

        -- A cell holds whole cents: what its items leave below one cent.
        rounding as (
            select
                {", ".join(CELL)}, '' as item, 0 as before, 0 as after,
                cast(total_after as decimal(24, 2)) - cast(total_before as decimal(24, 2)) - (total_after - total_before) as change
            from (
                select
                    {", ".join(f"cells.{name}" for name in CELL)},
                    coalesce(max(old.total), 0) as total_before, coalesce(max(new.total), 0) as total_after
                from (select distinct {", ".join(CELL)} from explained) as cells
                left join (select {CELL_COLUMNS}, sum(amount) as total from items_before group by {CELL_COLUMNS}) as old
                    on {" and ".join(f"cells.{name} = old.cell_{name}" for name in CELL)}
                left join (select {CELL_COLUMNS}, sum(amount) as total from items_after group by {CELL_COLUMNS}) as new
                    on {" and ".join(f"cells.{name} = new.cell_{name}" for name in CELL)}
                group by {", ".join(f"cells.{name}" for name in CELL)}
            ) as totals
            where {"true" if money else "false"}
        ),

        every_cause as (
            select * from explained
            union all
            select
                *, '{ROUNDING}' as cause, null as feed, null as record_key, null as provider_name, null as file_name, null as sheet,
                null as line_no, null as received_at, 0 as records
            from rounding
            where change <> 0
        )

        select
            '{measure.mart}' as mart, '{measure.metric}' as metric, jurisdiction, district_code, industry_code, insurer_code, item,
            cast(before as {_kind(measure)}) as before, cast(after as {_kind(measure)}) as after, cast(change as {_kind(measure)}) as change,
            cause, feed, record_key, provider_name, file_name, sheet, line_no, received_at, records
        from every_cause
        """
    ).pl()
    return found


def _texts(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _kind(measure: Measure) -> str:
    return "double" if measure.unit in ("指数", "比例") else "decimal(38, 8)"


def _no_causes() -> pl.DataFrame:
    text = ("mart", "metric", "jurisdiction", "district_code", "industry_code", "insurer_code", "item")
    return pl.DataFrame(
        schema={
            **dict.fromkeys(text, pl.String), "before": pl.Decimal(38, 8), "after": pl.Decimal(38, 8), "change": pl.Decimal(38, 8),
            **dict.fromkeys(("cause", "feed", "record_key", "provider_name", "file_name", "sheet"), pl.String),
            "line_no": pl.Int64, "received_at": pl.Datetime("us"), "records": pl.Int64,
        }
    )  # fmt: skip


def _newly_quarantined(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    found: pl.DataFrame = connection.sql(
        """
        select new.feed, new.record_key, new.rule_code, new.message as example, providers.name as provider_name, new.file_name, new.sheet, new.line_no, new.received_at
        from after.quality.quarantine as new
        left join after.marts.dim_provider as providers on new.provider = providers.provider
        anti join before.quality.quarantine as old on new.file_id = old.file_id
        where new.severity = 'reject'
        order by all
        """
    ).pl()
    return found

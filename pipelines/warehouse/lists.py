"""The lists people act on, as they are shown: which columns, in which order, with Chinese headers and names for codes.

What belongs here: the selection and wording for pages, extracts and the dashboard. What does not: what is on a list
(dbt models), who may see it (rights.py), how it is drawn (pipelines/site, pipelines/dashboard).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import polars as pl

from pipelines.warehouse.rights import Views

# Codes are shown by the name that people use; the code stands in when there is none.
NAMES = {
    "district_code": ("区市", "marts.dim_district", "district_code", "short_name"),
    "industry_code": ("行业领域", "marts.dim_industry", "industry_code", "name"),
    "insurer_code": ("保险机构", "marts.dim_insurer", "insurer_code", "short_name"),
    "last_insurer_code": ("原承保机构", "marts.dim_insurer", "insurer_code", "short_name"),
    "insured_uscc": ("单位", "marts.dim_unit", "uscc", "name"),
}  # fmt: skip
WITH_CODE = {"insured_uscc"}
"""Names behind which the code stands: two units may have one name, and a letter needs both."""
# Where a record came from is what `anze explain` tells; lists leave it out.
TECHNICAL = ("file_id", "sheet", "line_no", "as_of", "jurisdiction")


@dataclass(frozen=True)
class Listing:
    """A list. `order`: what needs attention first; `columns`: empty for all but the technical ones."""

    code: str
    title: str
    table: str
    order: str
    columns: tuple[str, ...] = ()
    where: str = "true"


LISTS = {
    listing.code: listing
    for listing in (
        Listing("cells", "区市行业指标", "marts.supervision_metrics", "jurisdiction, stat_year, district_code, industry_code"),
        Listing("insurers", "保险机构指标", "marts.insurer_metrics", "jurisdiction, stat_year, insurer_code"),
        Listing(
            "uninsured", "应保未保单位", "marts.uninsured_units", "days_uninsured desc nulls first, uscc",
            ("unit_name", "uscc", "district_code", "industry_code", "department", "employees", "reason", "days_uninsured",
             "last_insurer_code", "last_cover_end", "enforcement_stage"),
        ),
        Listing(
            "pending", "待核单位（是否续保尚不可知）", "marts.pending_units", "last_cover_end, uscc",
            ("unit_name", "uscc", "district_code", "industry_code", "department", "last_insurer_code", "last_policy_no", "last_cover_end",
             "last_provider_name", "covers_to"),
        ),
        Listing(
            "underinsured", "未足额投保单位", "marts.underinsured_units", "missing_persons desc nulls last, uscc",
            ("unit_name", "uscc", "district_code", "industry_code", "employees", "insured_persons", "missing_persons", "limit_per_person",
             "limit_floor", "reason", "insurer_code", "policy_no"),
        ),
        Listing(
            "major_hazards", "未销号重大隐患", "marts.hazard_ledger", "days_overdue desc nulls last, days_open desc, hazard_no",
            ("hazard_no", "insured_uscc", "district_code", "industry_code", "insurer_code", "scene", "criterion", "found_date", "due_date", "state",
             "days_overdue", "reported_at"),
            "grade = '重大' and state <> '已销号'",
        ),
        Listing(
            "hazard_overdue", "逾期隐患", "marts.hazard_overdue", "grade desc, days_overdue desc, hazard_no",
            ("hazard_no", "grade", "unit_name", "district_code", "industry_code", "insurer_code", "department", "scene", "found_date", "due_date",
             "state", "days_overdue"),
        ),
        Listing(
            "fees", "预防费用余额（按保单）", "marts.fee_ledger_balance", "balance desc, policy_no, provider",
            ("policy_no", "insured_uscc", "district_code", "industry_code", "insurer_code", "inception_date", "cover_end", "premium_received",
             "contracted", "provided", "spent", "spent_unproven", "balance"),
        ),
        Listing(
            "fee_account", "预防费用专账（按机构、年度）", "marts.fee_account", "stat_year desc, is_above_ceiling desc, spent_share desc nulls last, insurer_code",
            ("stat_year", "insurer_name", "premium_received", "fee_ceiling", "fee_contracted", "fee_provided", "fee_spent", "fee_spent_unproven",
             "pool_spent", "balance", "spent_share", "fee_ceiling_running", "fee_spent_total_running", "balance_running", "is_above_ceiling"),
        ),
        Listing(
            "findings", "监管发现", "marts.findings", "case severity when '高' then 1 when '中' then 2 else 3 end, amount desc nulls last, finding_id",
            ("severity", "rule_name", "explanation", "district_code", "industry_code", "insurer_code", "found_on", "amount", "clause", "finding_id"),
        ),
        Listing(
            "service_gaps", "服务差距（未达约定次数或形式）", "marts.service_contract_gaps", "missing_visits desc nulls last, policy_no, provider",
            ("policy_no", "insured_uscc", "district_code", "industry_code", "insurer_code", "agreed_visits", "owed_visits", "completed_visits",
             "missing_visits", "last_service_on", "cover_end", "gap"),
        ),
        Listing(
            "delivery", "保障终止而服务不足的保单", "marts.contract_delivery", "missing_visits desc, cover_end desc, policy_no, provider",
            ("policy_no", "insured_uscc", "district_code", "industry_code", "insurer_code", "inception_date", "cover_end", "owed_visits",
             "completed_visits", "onsite_visits", "missing_visits", "missing_items", "state", "settlement", "refund"),
            "missing_visits > 0 or state = '没有约定'",
        ),
        Listing(
            "claims_late", "超过时限的理赔", "marts.claim_timeliness", "days desc, claim_no",
            ("claim_no", "policy_no", "insured_uscc", "insurer_code", "district_code", "step", "started_on", "ended_on", "days", "limit_days"),
            "not is_on_time",
        ),
        Listing(
            "accidents", "事故倒查", "marts.accident_lookback", "occurred_on desc, accident_id",
            ("accident_id", "unit_name", "district_code", "industry_code", "occurred_on", "deaths", "grade_computed", "is_insured", "insurer_code",
             "services_before", "open_major_hazards", "unit_failure", "insurer_failure", "hazard_failure"),
        ),
        Listing(
            "problems", "问题清单", "marts.problem_list", "days_overdue desc nulls last, problem_no",
            ("problem_no", "found_date", "origin", "target_name", "kind", "measure", "due", "closed_on", "state", "days_overdue"),
        ),
        Listing(
            "submissions", "报送与期限", "marts.submissions", "due_date desc, provider",
            ("name", "provider_name", "stat_year", "due_date", "received_on", "documents", "status", "days_late", "clause"),
        ),
        Listing(
            "meetings", "会议与落实", "marts.meetings", "case state when '逾期未落实' then 1 when '待落实' then 2 else 3 end, doc_date desc, doc_no",
            ("doc_date", "title", "provider_name", "stage", "follow_up", "follow_up_due", "followed_up_on", "state"),
        ),
        Listing(
            "stages", "工作阶段", "marts.programme_stages", "starts_on, stage_code",
            ("name", "starts_on", "ends_on", "state", "plans", "meetings", "inspections", "services", "reports", "clause"),
        ),
        Listing(
            "rosters", "名录维护", "marts.roster_freshness", "days_late desc nulls last, old_units desc, provider",
            ("provider_name", "units", "required_units", "exempt_units", "not_required_units", "old_units", "oldest_word", "added_units",
             "removed_units", "changed_units", "contradicted_units", "last_received", "covers_to", "due", "days_late"),
        ),
        Listing(
            "roster_changes", "名录变更记录", "marts.roster_changes", "received_at desc, provider, uscc",
            ("received_at", "provider", "unit_name", "uscc", "district_code", "industry_code", "change", "difference"),
        ),
        Listing(
            "contradictions", "名录口径不一", "marts.roster_contradictions", "uscc, industry_code, counts desc, provider",
            ("unit_name", "uscc", "industry_code", "provider_name", "counts", "differing", "mandatory", "operating_status", "listed_to", "received_at"),
        ),
        Listing(
            "coverage", "报送完整性", "quality.coverage", "days_late desc nulls last, provider, feed",
            ("provider", "feed", "covers_to", "is_declared", "last_received", "due", "days_late", "declared_rows", "loaded_rows",
             "declared_amount", "loaded_amount", "differing_periods"),
        ),
        Listing(
            "declarations", "声明与实收不符", "quality.declarations", "received_at desc, provider, feed, period",
            ("provider", "feed", "period", "covers_to", "nothing", "declared_rows", "loaded_rows", "declared_amount", "loaded_amount", "received_at"),
            "differs or came_twice",
        ),
        Listing(
            "quarantine", "待更正的行", "quality.quarantine", "received_at desc, provider, file_name, line_no",
            ("provider", "feed", "file_name", "sheet", "line_no", "column_name", "raw_value", "message", "received_at"),
            "status = 'open' and severity = 'reject'",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column as shown: `kind` is text, date, yuan, ratio, count or truth."""

    name: str
    title: str
    kind: str


@dataclass(frozen=True)
class Rows:
    """A list read: the first rows, and how many there are in all."""

    listing: Listing
    columns: list[Column]
    frame: pl.DataFrame
    total: int


def seen(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The tables and views (`marts.findings`) that a connection has."""
    return {
        name
        for (name,) in connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_catalog = current_database()"
        ).fetchall()
    }


def read(
    connection: duckdb.DuckDBPyConnection,
    listing: Listing,
    limit: int,
    where: str = "true",
    tables: set[str] | None = None,
    views: Views | None = None,
) -> Rows:
    """Reads a list from a published warehouse or from views of it.

    Args:
        limit: rows read at most, those that need attention first.
        where: a further condition, written by the caller and not by a user.
        tables: what the connection has (`seen`), if the caller knows.
        views: the views the connection has; rows are then counted and chosen before anything in them is blanked.
    """
    rows = views.rows(listing.table) if views else listing.table
    condition = f"({listing.where}) and ({where})"
    total = connection.execute(f"select count(*) from {rows} as listed where {condition}").fetchall()[0][0]
    columns = described(connection, listing)
    names = [column.name for column in columns]
    chosen = f"""
        select *, row_number() over () as place_in_list
        from (select * from {rows} as listed where {condition} order by {listing.order} limit {int(limit)})
    """
    if views:
        chosen = views.blanked(listing.table, [*names, "place_in_list"], chosen)
    shown, joins = _shown(tables or seen(connection), names, views)
    frame = connection.sql(f"select {shown} from ({chosen}) as listed {joins} order by place_in_list").pl()
    return Rows(listing, columns, frame.rename({column.name: column.title for column in columns}), total)


def described(connection: duckdb.DuckDBPyConnection, listing: Listing) -> list[Column]:
    """The columns of a list with unique Chinese titles, from the data dictionary."""
    schema, table = listing.table.split(".")
    known = dict(
        connection.execute(
            "select column_name, chinese_name from meta.data_dictionary where table_schema = ? and table_name = ?",
            [schema, table],
        ).fetchall()
    )
    types = {
        row[0]: row[1]
        for row in connection.execute(f"select column_name, column_type from (describe {listing.table})").fetchall()
    }
    chosen = listing.columns or tuple(name for name in types if name not in TECHNICAL)
    columns: list[Column] = []
    for name in chosen:
        title = NAMES[name][0] if name in NAMES else known.get(name) or name
        if title in {column.title for column in columns}:
            title = f"{title}（{name}）"
        columns.append(Column(name, title, _kind(types[name])))
    return columns


def _kind(data_type: str) -> str:
    if data_type.startswith("DECIMAL(18,2)") or data_type.startswith("DECIMAL(38,2)"):
        return "yuan"
    kinds = {"DOUBLE": "ratio", "DATE": "date", "TIMESTAMP": "date", "BOOLEAN": "truth", "VARCHAR": "text"}
    return kinds.get(data_type, "count")


def _shown(tables: set[str], names: list[str], views: Views | None) -> tuple[str, str]:
    """Columns by their names for people, and the joins for it; a code stays where the audience has no table of names."""
    columns, joins = [], []
    for name in names:
        _, table, code, title = NAMES.get(name, ("", "", "", ""))
        if table in tables:
            named = f"of_{name}.{title}"
            if name in WITH_CODE:
                named = f"{named} || '（' || listed.\"{name}\" || '）'"
            columns.append(f'coalesce({named}, listed."{name}") as "{name}"')
            rows = views.rows(table) if views else table
            joins.append(f'left join {rows} as of_{name} on of_{name}.{code} = listed."{name}"')
        else:
            columns.append(f'listed."{name}"')
    return ", ".join(columns), " ".join(joins)

"""The lists people act on, as they are shown: which columns, in which order, with Chinese headers and names for codes.

What belongs here: the selection and wording for pages, extracts and the dashboard. What does not: what is on a list
(dbt models), who may see it (rights.py), how it is drawn (pipelines/site, pipelines/dashboard).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb
import polars as pl

from pipelines.warehouse.rights import Views, dictionary_words
from pipelines.warehouse.tables import literal


@dataclass(frozen=True)
class Named:
    """Where the name of a code stands that people use; the code stands in when there is none.

    title: of the column; table: must be visible; source: what is joined, of a table by default; on: `named` beside `listed`.
    """

    title: str
    table: str
    name: str
    on: str
    source: str = ""


_TITLES = "(select * from meta.data_dictionary where table_schema = 'feed')"
NAMES = {
    "district_code": Named("区市", "marts.dim_district", "short_name", "named.district_code = listed.district_code"),
    "industry_code": Named("行业领域", "marts.dim_industry", "name", "named.industry_code = listed.industry_code"),
    "insurer_code": Named("保险机构", "marts.dim_insurer", "short_name", "named.insurer_code = listed.insurer_code"),
    "last_insurer_code": Named("原承保机构", "marts.dim_insurer", "short_name", "named.insurer_code = listed.last_insurer_code"),
    "insured_uscc": Named("单位", "marts.dim_unit", "name", "named.uscc = listed.insured_uscc"),
    "item": Named("服务项目", "marts.dim_service_item", "name", "named.item_code = listed.item"),
    "file_id": Named("来源文件", "quality.files", "file_name", "named.file_id = listed.file_id"),
    "provider": Named("报送单位", "marts.dim_provider", "name", "named.provider = listed.provider"),
    "feed": Named("报送表", "meta.data_dictionary", "chinese_name", "named.table_name = listed.feed and named.column_name = ''", _TITLES),
    "column_name": Named("列", "meta.data_dictionary", "chinese_name", "named.table_name = listed.feed and named.column_name = listed.column_name", _TITLES),
}  # fmt: skip
WITH_CODE = {"insured_uscc"}
"""Names behind which the code stands: two units may have one name, and a letter needs both."""
# Where a record came from is what `anze explain` tells; lists leave it out.
TECHNICAL = ("file_id", "sheet", "line_no", "as_of", "jurisdiction")
WAN = 10_000
"""Amounts are listed in 万元, as in every table of the product, but for what one person or one piece costs, and what is held
against a sender's own file (quality.*)."""
PER_PIECE = ("_per_", "limit_floor", "_yuan")
# What a list can be narrowed to: name in the address, title, and the columns that may hold it (the first that a list shows).
FILTERS = {
    "year": ("年度", ("stat_year",)),
    "district": ("区市", ("district_code",)),
    "industry": ("行业领域", ("industry_code",)),
    "insurer": ("保险机构", ("insurer_code", "last_insurer_code")),
    "severity": ("轻重", ("severity", "grade")),
    "state": ("状态", ("state", "status")),
    "to_do": ("待办", ("to_do",)),
}
TO_DO = "是"
AS_OF = "(select max(as_of) from meta.publication)"
SOON = f"{AS_OF} + 30"
"""A deadline until then is something to do now."""


@dataclass(frozen=True)
class Listing:
    """A list. `order`: what needs attention first; `columns`: empty for all but the technical ones; `day`: the column that gives the
    year of a row where it has no 统计年度; `state`: the column to filter by where it is called otherwise; `to_do`: which of its rows call
    for action now, a condition, shown as a column 待办; empty: all of them do, or the list only informs."""

    code: str
    title: str
    table: str
    order: str
    columns: tuple[str, ...] = ()
    where: str = "true"
    day: str = ""
    state: str = ""
    to_do: str = ""


LISTS = {
    listing.code: listing
    for listing in (
        Listing("cells", "区市行业指标", "marts.supervision_metrics", "jurisdiction, stat_year, district_code, industry_code"),
        Listing("insurers", "保险机构指标", "marts.insurer_metrics", "jurisdiction, stat_year, insurer_code"),
        Listing(
            "uninsured", "应保未保单位", "marts.uninsured_units", "days_uninsured desc nulls first, uscc",
            ("unit_name", "uscc", "district_code", "industry_code", "department", "employees", "reason", "days_uninsured",
             "last_insurer_code", "last_cover_end", "enforcement_stage"),
            state="enforcement_stage",
            to_do="enforcement_cases = 0",
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
            state="reason",
        ),
        Listing(
            "major_hazards", "未销号重大隐患", "marts.hazard_ledger", "days_overdue desc nulls last, days_open desc, hazard_no",
            ("hazard_no", "insured_uscc", "district_code", "industry_code", "insurer_code", "scene", "criterion", "found_date", "due_date", "state",
             "days_overdue", "reported_at"),
            "grade = '重大' and state <> '已销号'",
            day="found_date",
        ),
        Listing(
            "hazard_overdue", "逾期隐患", "marts.hazard_overdue", "grade desc, days_overdue desc, hazard_no",
            ("hazard_no", "grade", "unit_name", "district_code", "industry_code", "insurer_code", "department", "scene", "found_date", "due_date",
             "state", "days_overdue"),
            day="found_date",
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
            day="found_on", state="rule_name",
            to_do="severity = '高' and problem_no is null and not is_past",
        ),
        Listing(
            "service_gaps", "服务差距（未达约定次数或形式）", "marts.service_contract_gaps", "missing_visits desc nulls last, policy_no, provider",
            ("policy_no", "insured_uscc", "district_code", "industry_code", "insurer_code", "agreed_visits", "owed_visits", "completed_visits",
             "missing_visits", "last_service_on", "cover_end", "gap"),
            state="gap",
        ),
        Listing(
            "delivery", "保障终止而服务不足的保单", "marts.contract_delivery", "missing_visits desc, cover_end desc, policy_no, provider",
            ("policy_no", "insured_uscc", "district_code", "industry_code", "insurer_code", "inception_date", "cover_end", "owed_visits",
             "completed_visits", "onsite_visits", "missing_visits", "missing_items", "state", "settlement", "refund"),
            "missing_visits > 0 or state = '没有约定'",
            day="cover_end",
        ),
        Listing(
            "claims_late", "超过时限的理赔", "marts.claim_timeliness", "days desc, claim_no",
            ("claim_no", "policy_no", "insured_uscc", "insurer_code", "district_code", "step", "started_on", "ended_on", "days", "limit_days"),
            "not is_on_time",
            day="started_on", state="step",
            to_do="ended_on is null",
        ),
        Listing(
            "accidents", "事故倒查", "marts.accident_lookback", "occurred_on desc, accident_id",
            ("accident_id", "unit_name", "district_code", "industry_code", "occurred_on", "deaths", "grade_computed", "is_insured", "insurer_code",
             "services_before", "open_major_hazards", "unit_failure", "insurer_failure", "hazard_failure"),
            day="occurred_on", state="grade_computed",
        ),
        Listing(
            "problems", "问题清单", "marts.problem_list", "days_overdue desc nulls last, problem_no",
            ("problem_no", "found_date", "origin", "target_name", "kind", "measure", "due", "closed_on", "state", "days_overdue"),
            day="found_date",
            to_do="days_overdue > 0",
        ),
        Listing(
            "submissions", "报送与期限", "marts.submissions", "due_date desc, provider",
            ("name", "provider_name", "stat_year", "due_date", "received_on", "documents", "status", "days_late", "clause"),
        ),
        Listing(
            "return_calendar", "报送日历", "meta.return_calendar", "due_date desc, jurisdiction, provider",
            ("stat_year", "name", "provider_name", "due_date", "drafted_on", "filed_on", "filing_number", "received_on", "state", "clause"),
            to_do=f"state in ('应报', '已起草', '已封存', '逾期') and due_date <= {SOON}",
        ),
        Listing(
            "meetings", "会议与落实", "marts.meetings", "case state when '逾期未落实' then 1 when '待落实' then 2 else 3 end, doc_date desc, doc_no",
            ("doc_date", "title", "provider_name", "stage", "follow_up", "follow_up_due", "followed_up_on", "state"),
            day="doc_date",
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
            ("received_at", "provider_name", "unit_name", "uscc", "district_code", "industry_code", "change", "difference"),
            day="received_at", state="change",
        ),
        Listing(
            "contradictions", "名录口径不一", "marts.roster_contradictions", "uscc, industry_code, counts desc, provider",
            ("unit_name", "uscc", "industry_code", "provider_name", "counts", "differing", "mandatory", "operating_status", "listed_to", "received_at"),
        ),
        Listing(
            "coverage", "报送完整性", "quality.coverage", "days_late desc nulls last, provider, feed",
            ("provider", "feed", "covers_to", "is_declared", "last_received", "due", "days_late", "declared_rows", "loaded_rows",
             "declared_amount", "loaded_amount", "differing_periods"),
            state="feed",
            to_do="days_late > 0",
        ),
        Listing(
            "declarations", "声明与实收不符", "quality.declarations", "received_at desc, provider, feed, period",
            ("provider", "feed", "period", "covers_to", "nothing", "declared_rows", "loaded_rows", "declared_amount", "loaded_amount", "received_at"),
            "differs or came_twice",
            day="received_at",
        ),
        Listing(
            "renewals", "续保日历（90 天内到期、尚无后续保障）", "marts.renewal_calendar", "days_left, is_required desc, policy_no, provider",
            ("days_left", "ends_within", "insured_uscc", "district_code", "industry_code", "insurer_code", "policy_no", "cover_end", "is_required",
             "premium_received", "insured_persons"),
            state="ends_within",
            to_do="ends_within = '30 天内'",
        ),
        Listing(
            "permits", "许可证与名录核对", "marts.permit_reconciliation", "state, uscc, industry_code, permit_no",
            ("state", "unit_name", "uscc", "district_code", "industry_code", "permit_no", "permit_kind", "valid_to", "permit_status", "is_required",
             "is_insured"),
            "state <> '相符'",
        ),
        Listing(
            "unit_360", "单位全景", "marts.unit_360",
            "uninsured_fields desc, open_major_hazards desc, overdue_hazards desc, findings_high desc, uscc",
            ("unit_name", "uscc", "district_code", "employees", "ownership", "operating_status", "insured_state", "required_fields", "uninsured_fields",
             "policies_in_force", "insurer_code", "cover_end", "services_last_year", "last_service_on", "open_hazards", "open_major_hazards",
             "overdue_hazards", "claims", "accidents", "inspections", "open_problems", "enforcement_cases", "credit_lists", "findings", "findings_high"),
            state="insured_state",
        ),
        Listing(
            "assessment", "区市与行业部门考核", "marts.assessment", "stat_year desc, target_kind, place nulls last, target_code",
            ("stat_year", "target_kind", "target_name", "place", "score", "participation_rate", "exempt_units", "service_coverage",
             "major_hazard_closure_rate", "problem_closure_rate", "submission_on_time_rate", "is_small_sample", "parts_missing"),
            state="target_kind",
        ),
        Listing(
            "score_parts", "得分构成", "marts.score_parts", "stat_year desc, target_kind, target_code, weight desc, part_code",
            ("stat_year", "target_kind", "target_name", "part_name", "numerator", "denominator", "mean_value", "state", "part_value", "weight", "points",
             "is_small_sample", "clause"),
            state="target_kind",
        ),
        Listing(
            "credit", "信用名单候选", "marts.credit_candidates", "kind, target_type, facts desc, target_code",
            ("kind", "target_type", "target_name", "target_code", "facts", "reason", "since_then", "listed_as", "evidence_keys"),
            state="kind",
        ),
        Listing(
            "capacity", "承保机构能力", "marts.insurer_capacity", "stat_year desc, capacity_met, insurer_code",
            ("stat_year", "insurer_name", "period", "capacity_met", "capacity_asked", "capacity_missing", "risk_staff", "expert_count", "outlets",
             "solvency_core", "solvency_total"),
        ),
        Listing(
            "readiness", "区市服务体系就绪度", "marts.district_readiness", "stat_year desc, ready_parts, district_code",
            ("stat_year", "district_code", "ready_parts", "asked_parts", "missing_parts", "has_plan", "has_roster", "has_problem_ledger",
             "has_inspections", "has_contacts", "has_summary", "has_insurer_data"),
        ),
        Listing(
            "contacts", "联络员与领导小组", "marts.contact_roles", "is_named, provider, role",
            ("provider_name", "role", "is_named", "leader_title", "office", "received_on"),
        ),
        Listing(
            "campaigns", "专项活动进度", "marts.campaign_progress",
            "valid_from desc, campaign_code, case when district_code = 'ALL' and industry_code = 'ALL' then 0 else 1 end, missing_units desc, district_code, industry_code",
            ("campaign_name", "valid_from", "valid_to", "district_code", "industry_code", "target_units", "reached_units", "missing_units", "progress",
             "target", "clause"),
            day="valid_from", state="campaign_name",
        ),
        Listing(
            "inspection_plans", "检查计划与完成", "marts.inspection_coverage",
            "stat_year desc, case state when '逾期未完成' then 1 when '没有计划' then 2 when '进行中' then 3 else 4 end, provider, target_type, subject",
            ("stat_year", "provider_name", "target_type", "subject", "state", "plans", "planned", "planned_done", "plan_rate", "inspections",
             "unplanned_inspections", "joint_inspections", "inspected_targets", "targets", "coverage", "inspections_with_problem"),
        ),
        Listing(
            "frequency", "检查频次与参保、整改情况", "marts.inspection_frequency", "insured_state, hazard_state, district_code",
            ("district_code", "insured_state", "hazard_state", "units", "inspected_units", "inspections", "inspections_per_unit",
             "considered_inspections", "enforcement_cases"),
            "district_code = 'ALL'",
            state="insured_state",
        ),
        Listing(
            "enforcement", "行政处罚与因由", "marts.enforcement_links", "decided_on desc, case_no, provider",
            ("decided_on", "case_no", "target_type", "target_name", "target_code", "law_article", "fine", "grounds", "accident_id", "hazard_no",
             "hazard_state", "problem_no", "problem_state"),
            day="decided_on", state="grounds",
        ),
        Listing(
            "uninsured_funnel", "应保未保的处理", "marts.uninsured_funnel",
            "case when district_code = 'ALL' and industry_code = 'ALL' then 0 else 1 end, uninsured_units desc, district_code, industry_code",
            ("district_code", "industry_code", "uninsured_units", "listed_units", "fined_units", "fined_again_units", "cured_units", "fines"),
        ),
        Listing(
            "groups", "国有企业与供应链参保", "marts.soe_coverage", "coverage, units desc, top_uscc",
            ("soe_kind", "top_name", "top_uscc", "owner_uscc", "units", "insured_units", "pending_units", "coverage", "serviced_units",
             "open_major_hazards", "accidents", "partners", "insured_partners"),
        ),
        Listing(
            "fire", "火灾高危单位", "marts.fire_risk_profile", "case when district_code = 'ALL' then 0 else 1 end, district_code, fire_class",
        ),
        Listing(
            "voluntary", "自愿投保增长", "marts.voluntary_growth", "stat_year desc, insured_units desc, industry_code",
            ("stat_year", "industry_name", "insured_units", "insured_units_before", "more_units", "growth", "policies", "premium_received"),
            "insured_units > 0 or insured_units_before > 0",
        ),
        Listing(
            "field_departments", "行业领域的监管部门", "marts.field_departments", "has_own_department, units desc, industry_code",
            ("industry_name", "department", "has_own_department", "units", "new_trade_units", "units_without_department"),
        ),
        Listing(
            "indicators", "背景指标", "marts.safety_indicators",
            "stat_year desc, case when district_code = 'ALL' then 0 else 1 end, district_code",
            ("stat_year", "district_code", "accidents", "deaths", "output_100m_yuan", "employees_10k", "deaths_per_100m_yuan",
             "deaths_per_100k_employees"),
        ),
        Listing(
            "prices", "价格水平（人均保费与本行业相比）", "marts.premium_levels",
            "stat_year desc, level_against_field nulls last, insurer_code, industry_code",
            ("stat_year", "insurer_code", "industry_code", "policies", "premium_received", "insured_persons", "premium_per_person",
             "field_premium_per_person", "level_against_field", "premium_of_contracts", "contract_cost", "premium_per_contract_yuan"),
            "size_band = '合计' and insurer_code <> 'ALL'",
        ),
        Listing(
            "rate_adjustments", "费率下浮候选", "marts.rate_adjustment_candidates", "suggestion, cover_end, policy_no, provider",
            ("suggestion", "unit_name", "uscc", "district_code", "industry_code", "insurer_code", "policy_no", "cover_end", "rate_factor",
             "services_last_year", "hazards", "since_then"),
            state="suggestion",
        ),
        Listing(
            "claim_service", "理赔服务（快付、预付、垫付与抢险协助）", "marts.claim_service", "stat_year desc, insurer_code",
        ),
        Listing(
            "development", "赔款进展", "marts.claim_development", "loss_quarter desc, known_quarter desc",
            ("loss_quarter", "known_quarter", "development_quarter", "claims", "paid", "incurred"),
            "industry_code = 'ALL' and insurer_code = 'ALL'",
        ),
        Listing(
            "stock", "月末存量", "marts.monthly_stock", "stock_on desc, district_code, industry_code",
            ("stock_on", "required_units", "insured_required_units", "pending_units", "participation_rate", "policies_in_force", "premium_in_force",
             "persons_in_force"),
            "district_code = 'ALL' and industry_code = 'ALL'",
        ),
        Listing(
            "funnel", "服务流程漏斗", "marts.service_funnel", "stat_year desc, step_no",
            ("stat_year", "step_no", "step_name", "due", "done", "waiting", "done_rate", "waiting_over_30_days", "waiting_over_90_days",
             "longest_wait_days"),
            "district_code = 'ALL' and industry_code = 'ALL'",
        ),
        Listing(
            "completeness", "服务记录完整率", "marts.service_completeness", "stat_year desc, completeness, insurer_code",
            ("stat_year", "insurer_code", "visits", "complete_visits", "asked_records", "present_records", "completeness"),
            "item = '合计' and provider_type = '合计'",
        ),
        Listing(
            "record_gaps", "记录不全的服务", "marts.service_record_gaps", "finished_on desc, provider, service_no",
            ("service_no", "finished_on", "insured_uscc", "district_code", "industry_code", "insurer_code", "item", "provider_type", "missing_records",
             "present_records", "asked_records"),
            day="finished_on",
        ),
        Listing(
            "publicity", "宣传与服务触达", "marts.publicity_reach", "stat_year desc, source_kind, activities desc, channel, activity",
        ),
        Listing(
            "prevention", "预防效果", "marts.prevention_effect",
            "stat_year desc, case when industry_code = 'ALL' then 0 else 1 end, industry_code, service_state",
            ("stat_year", "industry_code", "service_state", "units", "unit_days", "accidents", "deaths", "claims", "claims_paid",
             "accidents_per_1000_years", "claims_per_1000_years"),
            "size_band = '合计'",
        ),
        Listing(
            "service_orgs", "技术服务机构评价", "marts.service_orgs_review", "state, services desc, uscc",
            ("state", "name", "uscc", "qualification", "valid_to", "audit_date", "audit_result", "technicians", "experts", "expired_experts", "services",
             "units", "insurers", "unqualified_services", "services_without_evidence", "satisfaction", "hazards_per_check", "last_service_on"),
        ),
        Listing(
            "hazard_reconciliation", "隐患核对（服务所报与台账不符）", "marts.hazard_reconciliation", "abs(difference) desc, finished_on desc, provider, service_no",
            ("service_no", "finished_on", "insured_uscc", "district_code", "industry_code", "insurer_code", "hazards_found", "hazards_in_ledger",
             "difference", "state"),
            "state <> '相符'",
            day="finished_on",
        ),
        Listing(
            "to_confirm", "待核实金额（未计入）", "quality.to_confirm", "amount desc, provider, record_key",
            ("subject_no", "provider", "feed", "record_key", "column_name", "amount", "usual_amount", "received_at", "file_name", "sheet", "line_no"),
            day="received_at", state="feed",
        ),
        Listing(
            "hints", "提示（请报送单位核对或说明）", "quality.cross_feed_findings", "answer_text is not null, severity, provider, feed, record_key, rule_code",
            ("title", "provider", "feed", "record_key", "message", "file_name", "sheet", "line_no", "subject_no", "answer_text"),
            state="title",
            to_do="answer_text is null",
        ),
        Listing(
            "quarantine", "待更正的行", "quality.quarantine", "received_at desc, provider, file_name, line_no",
            ("provider", "feed", "file_name", "sheet", "line_no", "column_name", "raw_value", "message", "received_at"),
            "status = 'open' and severity = 'reject'",
            day="received_at", state="feed",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column as shown: `kind` is text, date, wan (万元), yuan, ratio (of 1), count (any other number) or truth; `filter`: what it
    narrows the list by, empty if by nothing (FILTERS)."""

    name: str
    title: str
    kind: str
    filter: str = ""


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
    limit: int | None,
    where: str = "true",
    tables: set[str] | None = None,
    views: Views | None = None,
    offset: int = 0,
    whole_to: int = 0,
) -> Rows:
    """Reads a list from a published warehouse or from views of it.

    Args:
        limit: rows read at most, those that need attention first; None: all.
        offset: rows before the first one read.
        whole_to: a list of no more rows than these is read whole, whatever the limit.
        where: a further condition, written by the caller and not by a user.
        tables: what the connection has (`seen`), if the caller knows.
        views: the views the connection has; rows are then counted and chosen before anything in them is blanked.
    """
    rows = views.rows(listing.table) if views else listing.table
    condition = f"({listing.where}) and ({where})"
    total = connection.execute(f"select count(*) from {rows} as listed where {condition}").fetchall()[0][0]
    rows_read = "all" if limit is None or total <= whole_to else int(limit)
    columns = described(connection, listing, views)
    if not total:
        return Rows(listing, columns, pl.DataFrame({column.title: [] for column in columns}), 0)
    names = [column.name for column in columns]
    chosen = f"""
        select *, {f"coalesce({listing.to_do}, false)" if listing.to_do else "null"} as to_do, row_number() over () as place_in_list
        from (select * from {rows} as listed where {condition} order by {listing.order} limit {rows_read} offset {int(offset)})
    """
    if views:
        chosen = views.blanked(listing.table, [*names, "place_in_list"], chosen)
    shown, joins = _shown(tables or seen(connection), columns, views)
    frame = connection.sql(f"select {shown} from ({chosen}) as listed {joins} order by place_in_list").pl()
    return Rows(listing, columns, frame.rename({column.name: column.title for column in columns}), total)


def containing(connection: duckdb.DuckDBPyConnection, listing: Listing, words: str, tables: set[str]) -> str:
    """The condition that a row shows some words, in any of its columns: a code by its name too."""
    if not words.strip():
        return "true"
    wanted = f"lower({literal(words.strip())})"
    found = []
    for column in described(connection, listing):
        if column.name == "to_do":
            continue
        found.append(f'contains(lower(cast(listed."{column.name}" as varchar)), {wanted})')
        named = NAMES.get(column.name)
        if named and named.table in tables:
            found.append(
                f"exists (select 1 from {named.source or named.table} as named where {named.on} and contains(lower(named.{named.name}), {wanted}))"
            )
    return f"({' or '.join(found)})"


def described(connection: duckdb.DuckDBPyConnection, listing: Listing, views: Views | None = None) -> list[Column]:
    """The columns of a list with unique Chinese titles, from the data dictionary.

    Args:
        views: the views the connection has, if the caller knows.
    """
    known = (views.words if views else dictionary_words(connection, listing.table)).get(listing.table, {})
    types = views.columns[listing.table] if views else column_types(connection, listing.table)
    # A publication of an earlier program may lack a column.
    chosen = tuple(
        name for name in listing.columns or types if name in types and (listing.columns or name not in TECHNICAL)
    )
    by = filters(listing, chosen)
    columns: list[Column] = []
    for name in chosen:
        chinese, unit = known.get(name, ("", ""))
        kind = _kind(listing, name, types[name], unit)
        title = (NAMES[name].title if name in NAMES else chinese or name) + UNITS.get(kind, "")
        if title in {column.title for column in columns}:
            title = f"{title}（{name}）"
        columns.append(Column(name, title, kind, by.get(name, "")))
    if listing.to_do:
        columns.append(Column("to_do", FILTERS["to_do"][0], "truth", "to_do"))
    return columns


UNITS = {"wan": "（万元）", "yuan": "（元）"}


def filters(listing: Listing, columns: Collection[str]) -> dict[str, str]:
    """Which columns of a list narrow it, by which name (FILTERS)."""
    own = {"year": listing.day, "state": listing.state}
    found = {}
    for name, (_, candidates) in FILTERS.items():
        chosen = [one for one in (own.get(name) or "", *candidates) if one in columns]
        if chosen:
            found[chosen[0]] = name
    return found


def column_types(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """The columns of a table or view with their types."""
    return dict(connection.execute(f"select column_name, column_type from (describe {table})").fetchall())


def can_be_narrowed(listing: Listing, columns: Collection[str], chosen: Mapping[str, str]) -> bool:
    """Whether a list has a column for every filter chosen; `columns`: those of its table."""
    return set(chosen) - {"to_do"} <= set(filters(listing, columns).values())


def condition(
    connection: duckdb.DuckDBPyConnection, listing: Listing | str, jurisdiction: str, chosen: Mapping[str, str], columns: Collection[str] = ()
) -> str:  # fmt: skip
    """The rows of a list (or of a table) in a city (empty: in any) under the filters chosen (name: code), as far as it has such columns.

    Args:
        columns: those of its table, if the caller knows.
    """
    listing = Listing("", "", listing, "") if isinstance(listing, str) else listing
    columns = columns or column_types(connection, listing.table)
    limits = []
    if jurisdiction and "jurisdiction" in columns:
        limits.append(f"listed.jurisdiction = {literal(jurisdiction)}")
    elif jurisdiction and "provider" in columns:
        senders = f"select provider from marts.dim_provider where jurisdiction = {literal(jurisdiction)}"
        limits.append(f"listed.provider in ({senders})")
    if listing.to_do and chosen.get("to_do"):
        limits.append(f"({listing.to_do}) is {'true' if chosen['to_do'] == TO_DO else 'not true'}")
    for column, name in filters(listing, columns).items():
        if value := chosen.get(name):
            where = f"year(listed.{column})" if column == listing.day else f"listed.{column}"
            limits.append(f"cast({where} as varchar) = {literal(value)}")
    return " and ".join(limits) or "true"


def _kind(listing: Listing, name: str, data_type: str, unit: str) -> str:
    if name == "stat_year":
        return "text"  # 2026, not 2,026
    if re.fullmatch(r"DECIMAL\(\d+,2\)", data_type) or (data_type == "DOUBLE" and unit == "元"):
        in_full = listing.table.startswith("quality.") or any(part in name for part in PER_PIECE)
        return "yuan" if in_full else "wan"
    if data_type == "DOUBLE" and unit not in ("", "比例"):
        return "count"
    kinds = {"DOUBLE": "ratio", "DATE": "date", "TIMESTAMP": "date", "BOOLEAN": "truth", "VARCHAR": "text"}
    return kinds.get(data_type, "count")


# Evidence keys (`policy:sender/number`, `；` between them) with the feed by its title and the number alone.
_EVIDENCE = (
    "array_to_string(list_transform(string_split(listed.evidence_keys, '；'), "
    "lambda key: coalesce(feeds.titles[split_part(key, ':', 1)], split_part(key, ':', 1)) || ' ' "
    "|| string_split(substring(key, greatest(position('/' in key), position(':' in key)) + 1), '|')[1]), '；')"
)
_FEED_TITLES = f"cross join (select map(list(table_name), list(chinese_name)) as titles from {_TITLES} where column_name = '') as feeds"


def _shown(tables: set[str], columns: list[Column], views: Views | None) -> tuple[str, str]:
    """Columns as people read them, and the joins for it: codes by their names (a code stays where the audience has no table of names),
    amounts in 万元."""
    shown, joins = [], []
    for column in columns:
        name, named = column.name, NAMES.get(column.name)
        if named and named.table in tables:
            text = f"of_{name}.{named.name}"
            if name in WITH_CODE:
                text = f"{text} || '（' || listed.\"{name}\" || '）'"
            shown.append(
                f"""coalesce({text}, case listed."{name}" when 'ALL' then '合计' else listed."{name}" end) as "{name}\""""
            )
            source = named.source or (views.rows(named.table) if views else named.table)
            joins.append(f"left join {source} as of_{name} on {named.on.replace('named.', f'of_{name}.')}")
        elif column.kind == "wan":
            shown.append(f'cast(listed."{name}" / {WAN} as decimal(30, 6)) as "{name}"')
        elif name == "evidence_keys" and "meta.data_dictionary" in tables:
            shown.append(f'{_EVIDENCE} as "{name}"')
            joins.append(_FEED_TITLES)
        else:
            shown.append(f'listed."{name}"')
    return ", ".join(shown), " ".join(joins)

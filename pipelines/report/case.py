"""The case file of a unit or an insurer (案卷): facts with file and line, findings with the clause of their city and day, what was done since,
and the draft of a letter.

What belongs here: which facts are of a case, the wording of the letter. What does not: the facts (marts), who may see them
(pipelines/warehouse/rights.py), their form (case_document.py, case.html).

Sources: 威应急发〔2023〕11号 三(二)2、四(三) (list of problems, look-back), 四(五)四 (urge, warn, interview); 沪安委办〔2023〕32号 一(三).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import duckdb

from pipelines.warehouse.lists import Listing, Rows, read, seen
from pipelines.warehouse.rights import Views
from pipelines.warehouse.tables import literal

SHOWN = 200
"""Rows of one kind of fact in a case; how many there are is said."""
WHERE_FROM = ("file_id", "sheet", "line_no")


class NoSuchCase(Exception):
    """Nobody of that code is known; the message says what may be given."""


@dataclass(frozen=True)
class Fact:
    """A kind of facts: the mart, the column that says of whom, the columns shown beside file and line."""

    title: str
    table: str
    of: str
    columns: tuple[str, ...]
    order: str
    located: bool = True

    def listing(self) -> Listing:
        return Listing("case", self.title, self.table, self.order, self.columns + (WHERE_FROM if self.located else ()))


@dataclass(frozen=True)
class Finding:
    """A finding of the case. `is_past`: nothing can be done about it any more; `is_own`: it is about whoever the case is of, not
    about somebody else who is concerned with it (the insurer of a unit)."""

    finding_id: str
    severity: str
    name: str
    found_on: date
    explanation: str
    clause: str
    is_past: bool
    is_own: bool
    problem: str
    file_name: str
    line_no: int | None


@dataclass(frozen=True)
class Case:
    """A case as it stands at a publication. `facts`: kinds of facts with rows; `empty`: kinds without any."""

    code: str
    name: str
    kind: str
    city: str
    sender: str
    as_of: date
    data_date: str
    publication_id: str
    summary: list[tuple[str, str]]
    facts: list[Rows]
    empty: list[str]
    findings: list[Finding]
    since: list[Rows]
    letter: list[str] = field(default_factory=list)


OF_A_UNIT = (
    Fact("名录", "marts.fct_roster", "uscc",
         ("district_code", "industry_code", "mandatory", "exempt_reason", "operating_status", "employees", "department", "listed_from", "listed_to"),
         "industry_code"),
    Fact("许可证", "marts.permit_reconciliation", "uscc", ("state", "industry_code", "permit_no", "permit_kind", "valid_to", "permit_status"), "permit_no"),
    Fact("保单", "marts.fct_policy", "insured_uscc",
         ("policy_no", "insurer_code", "industry_code", "inception_date", "cover_end", "premium_received", "insured_persons", "limit_per_person",
          "service_frequency", "status", "is_valid"),
         "inception_date desc, policy_no, provider"),
    Fact("服务", "marts.fct_service", "insured_uscc",
         ("service_no", "policy_no", "item", "form", "provider_type", "finished_on", "hazards_found", "status", "is_completed"),
         "finished_on desc nulls last, service_no, provider"),
    Fact("隐患", "marts.hazard_ledger", "insured_uscc",
         ("hazard_no", "grade", "scene", "found_date", "due_date", "state", "days_overdue", "rechecked_on"), "found_date desc, hazard_no, provider"),
    Fact("理赔", "marts.fct_claim", "insured_uscc",
         ("claim_no", "policy_no", "loss_date", "report_date", "status", "estimate", "paid_to_date", "paid_date"), "loss_date desc, claim_no, provider"),
    Fact("事故", "marts.accident_lookback", "uscc",
         ("accident_id", "occurred_on", "type", "deaths", "grade_computed", "is_insured", "services_before", "open_major_hazards"),
         "occurred_on desc, accident_id"),
    Fact("检查", "marts.fct_inspection", "target_code", ("inspection_no", "inspected_on", "department", "subject", "problem_no"), "inspected_on desc, inspection_no"),
)  # fmt: skip
OF_AN_INSURER = (
    Fact("各年指标", "marts.insurer_metrics", "insurer_code",
         ("stat_year", "policies", "premium_received", "market_share", "simple_loss_ratio", "prevention_fee_share", "service_coverage",
          "contract_fulfilment", "evaluation_score", "findings", "findings_high"), "stat_year desc", located=False),
    Fact("预防费用专账", "marts.fee_account", "insurer_code",
         ("stat_year", "premium_received", "fee_ceiling", "fee_contracted", "fee_provided", "fee_spent", "fee_spent_unproven", "balance",
          "is_above_ceiling"), "stat_year desc", located=False),
    Fact("机构能力", "marts.insurer_capacity", "insurer_code",
         ("stat_year", "period", "capacity_met", "capacity_asked", "capacity_missing", "solvency_core", "solvency_total"), "stat_year desc"),
    Fact("保障终止而服务不足的保单", "marts.contract_delivery", "insurer_code",
         ("policy_no", "insured_uscc", "cover_end", "owed_visits", "completed_visits", "missing_visits", "state", "settlement"),
         "missing_visits desc, cover_end desc, policy_no"),
    Fact("逾期隐患", "marts.hazard_overdue", "insurer_code", ("hazard_no", "grade", "unit_name", "found_date", "due_date", "state", "days_overdue"),
         "grade desc, days_overdue desc, hazard_no"),
    Fact("记录不全的服务", "marts.service_record_gaps", "insurer_code", ("service_no", "finished_on", "insured_uscc", "item", "missing_records"),
         "finished_on desc, service_no"),
    Fact("检查", "marts.fct_inspection", "target_code", ("inspection_no", "inspected_on", "department", "subject", "problem_no"), "inspected_on desc, inspection_no"),
)  # fmt: skip
SINCE = (
    Fact("问题清单", "marts.problem_list", "target_code", ("problem_no", "found_date", "origin", "kind", "measure", "due_date", "state", "closed_on"),
         "found_date desc, problem_no"),
    Fact("行政处罚", "marts.enforcement_links", "target_code", ("case_no", "decided_on", "law_article", "fine", "grounds", "accident_id", "hazard_no"),
         "decided_on desc, case_no"),
    Fact("信用名单", "marts.fct_credit_list", "target_code", ("list_no", "kind", "valid_from", "valid_to", "reason"), "valid_from desc, list_no"),
    Fact("信用名单候选", "marts.credit_candidates", "target_code", ("kind", "facts", "reason", "since_then"), "kind", located=False),
    Fact("投诉", "marts.fct_complaint", "target_code", ("complaint_no", "received_on", "topic", "accepted_at", "answered_at", "substantiated"),
         "received_on desc, complaint_no"),
)  # fmt: skip


def case_of(
    connection: duckdb.DuckDBPyConnection, code: str, jurisdiction: str = "", views: Views | None = None
) -> Case:
    """The case of a unit (信用代码) or an insurer (代码或简称), as far as the connection sees it.

    Args:
        jurisdiction: the city; needed where an insurer is at work in several.
    Raises:
        NoSuchCase: nobody of that code, or several cities are possible.
    """
    tables = seen(connection)
    kind, code, name, city = _who(connection, code, jurisdiction, tables)
    facts = OF_A_UNIT if kind == "生产经营单位" else OF_AN_INSURER
    read_facts = [
        rows for fact in facts if (rows := _rows(connection, fact, kind, code, city, tables, views)) is not None
    ]
    since = [rows for fact in SINCE if (rows := _rows(connection, fact, kind, code, city, tables, views)) is not None]
    findings = _findings(connection, kind, code, city, tables)
    as_of, publication_id = connection.execute("select as_of, publication_id from meta.publication").fetchall()[0]
    dates = connection.execute(
        "select cast(max(data_date) as varchar) from meta.data_date where jurisdiction = ?", [city]
    ).fetchall() if "meta.data_date" in tables else []  # fmt: skip
    city_name, sender = _city(connection, city, tables)
    case = Case(
        code, name, kind, city_name, sender, as_of, (dates[0][0] if dates else "") or "尚无", publication_id,
        _summary(connection, kind, code, tables), [rows for rows in read_facts if rows.total], [rows.listing.title for rows in read_facts if not rows.total],
        findings, [rows for rows in since if rows.total],
    )  # fmt: skip
    case.letter.extend(letter(case))
    return case


def letter(case: Case) -> list[str]:
    """Paragraphs of the draft: what was found of its addressee with its clause, and what is asked. Only what can still be done; nothing
    to ask, no letter."""
    asked = [one for one in case.findings if one.is_own and not one.is_past and not one.problem.startswith("已销号")]
    if not asked:
        return []
    lines = [
        f"{case.name}：",
        f"根据安全生产责任保险监管有关规定，经对截至 {case.as_of} 收到的数据核查，发现你单位存在以下 {len(asked)} 项问题：",
    ]
    lines += [
        f"{place}．{finding.explanation}（发生日期 {finding.found_on}；依据：{finding.clause}）"
        for place, finding in enumerate(asked, 1)
    ]
    return [
        *lines,
        "以上由数据核查得出，请你单位核对。情况属实的，请于收到本函之日起　　个工作日内完成整改并书面报送结果；有异议的，请附证明材料书面说明。",
        "附件：事实清单（每项注明来源文件与行号）",
        case.sender,
        "　　年　　月　　日",
    ]


def _who(
    connection: duckdb.DuckDBPyConnection, code: str, jurisdiction: str, tables: set[str]
) -> tuple[str, str, str, str]:
    """Kind, code, name and city of whoever is meant."""
    if "marts.dim_unit" in tables:
        units = connection.execute(
            "select uscc, name, jurisdiction from marts.dim_unit where uscc = upper(?)", [code]
        ).fetchall()
        if units:
            return "生产经营单位", *units[0]
    insurers = connection.execute(
        "select distinct insurers.insurer_code, insurers.name, senders.jurisdiction from marts.dim_insurer as insurers "
        "inner join marts.dim_provider as senders using (insurer_code) where senders.kind = 'insurer' "
        "and (insurers.insurer_code = upper($1) or insurers.name = $1 or insurers.short_name = $1) and ($2 = '' or senders.jurisdiction = $2) order by all",
        [code, jurisdiction],
    ).fetchall()  # fmt: skip
    if len(insurers) == 1:
        return "承保机构", *insurers[0]
    if insurers:
        raise NoSuchCase(
            f"「{code}」在几个统计辖区承保：{'、'.join(row[2] for row in insurers)}。请加 --jurisdiction 指明。"
        )
    raise NoSuchCase(
        f"没有「{code}」。请填单位的统一社会信用代码（18 位），或保险机构的代码、简称；也可能不在本单位的可见范围内。"
    )


def _rows(
    connection: duckdb.DuckDBPyConnection,
    fact: Fact,
    kind: str,
    code: str,
    city: str,
    tables: set[str],
    views: Views | None,
) -> Rows | None:
    if fact.table not in tables:
        return None
    columns = {
        name
        for (name,) in connection.execute(
            "select column_name from information_schema.columns where table_catalog = current_database() and table_schema || '.' || table_name = ?",
            [fact.table],
        ).fetchall()
    }
    where = f"{fact.of} = {literal(code)}"
    if kind == "承保机构":
        # What it does elsewhere is another city's case.
        where += (
            f" and jurisdiction = {literal(city)}"
            if "jurisdiction" in columns
            else f" and provider in (select provider from marts.dim_provider where jurisdiction = {literal(city)})"
        )
    return read(connection, fact.listing(), SHOWN, where, tables, views)


def _findings(
    connection: duckdb.DuckDBPyConnection, kind: str, code: str, city: str, tables: set[str]
) -> list[Finding]:
    """Of a unit all that name it; of an insurer those whose subject it is."""
    if "marts.findings" not in tables:
        return []
    whose = "unit_uscc = $1" if kind == "生产经营单位" else "subject_code = $1 and subject_type = '承保机构'"
    rows = connection.execute(
        f"""
        select finding_id, severity, rule_name, found_on, explanation, clause, is_past, subject_code = $1,
            coalesce(problem_state || '（' || problem_no || '）', ''), coalesce(files.file_name, ''), found.line_no
        from marts.findings as found left join quality.files as files using (file_id)
        where {whose} and jurisdiction = $2
        order by case severity when '高' then 1 when '中' then 2 else 3 end, found_on desc, finding_id limit {SHOWN}
        """,
        [code, city],
    ).fetchall()
    return [Finding(*row) for row in rows]


def _summary(
    connection: duckdb.DuckDBPyConnection, kind: str, code: str, tables: set[str]
) -> list[tuple[str, str]]:  # fmt: skip
    """A unit's state in a few words."""
    if kind != "生产经营单位" or "marts.unit_360" not in tables:
        return []
    names = ("insured_state", "cover_end", "services_last_year", "open_major_hazards", "overdue_hazards", "accidents", "open_problems", "enforcement_cases")  # fmt: skip
    rows = connection.execute(
        f"select {', '.join(f'cast({name} as varchar)' for name in names)} from marts.unit_360 where uscc = ?", [code]
    ).fetchall()
    titles = dict(
        connection.execute(
            "select column_name, chinese_name from meta.data_dictionary where table_schema = 'marts' and table_name = 'unit_360'"
        ).fetchall()
    )
    return [(titles.get(name, name), value or "—") for name, value in zip(names, rows[0], strict=True)] if rows else []


def _city(connection: duckdb.DuckDBPyConnection, city: str, tables: set[str]) -> tuple[str, str]:
    """A city's name and the bureau that writes."""
    named = connection.execute(
        "select distinct jurisdiction_name from marts.dim_district where jurisdiction = ?", [city]
    ).fetchall() if "marts.dim_district" in tables else []  # fmt: skip
    bureaus = connection.execute(
        "select name from marts.dim_provider where kind = 'city_bureau' and jurisdiction = ? order by name", [city]
    ).fetchall()
    return (named[0][0] if named else city), (bureaus[0][0] if bureaus else "（发函单位）")

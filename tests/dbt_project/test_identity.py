"""Whose record it is (trust.md 1): numbers are their sender's, withdrawals take back what their sender said, references stay with
the sender or follow co-insurance, and nobody moves another's figures."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Home, make_uscc

U = [make_uscc(number) for number in range(40)]
H, D, L = "weihai_hayc", "weihai_dfjc", "weihai_lhcx"
BUREAU, OTHER_BUREAU = "weihai_371002", "weihai_371003"
EARLY, LATER, NOW = "2026-08-01", "2026-08-20", "2026-09-10"
Row = dict[str, Any]


def put(home: Home, provider: str, feed: str, *rows: Row, stamp: str = NOW, name: str = "a.csv") -> None:
    """Files rows under the contract's English column names."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)))
    writer.writeheader()
    writer.writerows(rows)
    home.drop(provider, feed, stamp, name, text.getvalue())


def policy(no: str, unit: str, insurer: str = "HAYC", **more: Any) -> Row:
    return {
        "policy_no": no, "insurer_code": insurer, "insured_uscc": unit, "insured_name": "某单位", "district_code": "371002",
        "industry_code": "hazchem", "product_code": "azx", "issue_date": "2026-03-01", "inception_date": "2026-03-01",
        "expiry_date": "2027-02-28", "premium_written": 10000, "premium_received": 10000, "insured_persons": 10, "limit_per_person": 500000,
        "limit_aggregate": 5000000, "fee_ratio": 0.2, "service_items": "隐患排查", "service_frequency": 2, "service_form": "线下", "status": "有效",
    } | more  # fmt: skip


def enterprise(unit: str, district: str = "371002", industry: str = "hazchem", **more: Any) -> Row:
    return {
        "uscc": unit, "name": "某单位", "district_code": district, "industry_code": industry, "mandatory": "是", "operating_status": "存续",
        "employees": 10, "listed_from": "2022-01-01",
    } | more  # fmt: skip


def service(no: str, policy_no: str, unit: str, insurer: str = "HAYC", **more: Any) -> Row:
    return {
        "service_no": no, "policy_no": policy_no, "insurer_code": insurer, "insured_uscc": unit, "item": "隐患排查", "form": "线下",
        "provider_type": "自有", "started_at": "2026-05-06 09:00", "finished_at": "2026-05-06 11:00", "evidence_count": 3, "hazards_found": 1,
        "insured_confirmed_at": "2026-05-06 12:00", "insurer_confirmed_at": "2026-05-06 13:00", "status": "已完成", "satisfaction": 5,
    } | more  # fmt: skip


def fee(no: str, kind: str, amount: int, policy_no: str, insurer: str = "HAYC", **more: Any) -> Row:
    return {
        "entry_no": no, "insurer_code": insurer, "policy_no": policy_no, "entry_date": "2026-05-08", "type": kind, "amount": amount, "payee_type": "专家" if kind == "支出" else "",
    } | more  # fmt: skip


def claim(no: str, policy_no: str, unit: str, paid: float, **more: Any) -> Row:
    return {
        "claim_no": no, "policy_no": policy_no, "insured_uscc": unit, "loss_date": "2026-04-01", "report_date": "2026-04-10",
        "decide_date": "2026-04-20", "close_date": "2026-04-20", "paid_date": "2026-04-20", "estimate": paid, "paid_to_date": paid,
        "status": "已结案",
    } | more  # fmt: skip


def shares(no: str, *members: tuple[str, float, str]) -> list[Row]:
    return [
        {"policy_no": no, "insurer_code": insurer, "share": share, "is_lead": lead} for insurer, share, lead in members
    ]


def withdrawn(row: Row, *keys: str) -> Row:
    """A withdrawal with nothing but its key."""
    return {key: row[key] for key in keys} | {"record_status": "撤销"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Every case has units and numbers of its own."""
    home = Home(tmp_path_factory.mktemp("identity"))
    lead = [
        *shares("P1", ("HAYC", 0.6, "是"), ("DFJC", 0.4, "否")),
        *shares("P8", ("HAYC", 0.6, "是"), ("DFJC", 0.4, "否")),
    ]
    put(
        home, H, "policy", policy("P1", U[1]), policy("P2", U[2]), policy("P3", U[3]), policy("P4", U[4]), policy("P5", U[5]),
        policy("P8", U[8]), policy("P9", U[9]), stamp=EARLY,
    )  # fmt: skip
    put(home, H, "coinsurance", *lead)
    # A copy of the follower; an insurer that calls itself the lead of another's policy and is believed by nobody.
    put(
        home,
        D,
        "policy",
        policy("P1", U[1], "DFJC", premium_received=9000),
        policy("P2", U[20], "DFJC"),
        policy("P9", U[9], "DFJC"),
    )
    put(
        home,
        D,
        "coinsurance",
        *shares("P9", ("DFJC", 0.9, "是"), ("HAYC", 0.1, "否")),
        *shares("P3", ("DFJC", 0.9, "是"), ("HAYC", 0.1, "否")),
    )
    put(home, H, "coinsurance", *shares("P9", ("HAYC", 0.9, "是"), ("DFJC", 0.1, "否")), name="b.csv")
    put(home, D, "endorsement", *[
        {"endorsement_no": f"E{no}", "policy_no": no, "effective_date": "2026-05-01", "type": "减保", "premium_change": -9000, "received_change": -9000}
        for no in ("P3", "P1")
    ])  # fmt: skip
    put(
        home,
        L,
        "policy",
        withdrawn(policy("P4", U[4], "LHCX"), "policy_no"),
        withdrawn(policy("P5", U[5]), "policy_no"),
    )
    put(home, H, "policy", withdrawn(policy("P5", U[5]), "policy_no"), stamp=LATER)
    # Claims: the lead's case of the same number, one of another number that names it, one of the follower alone, a stranger's.
    put(home, H, "claim", claim("C1", "P1", U[1], 5000), claim("C2", "P1", U[1], 700, loss_date="2026-04-02"))
    put(
        home, D, "claim", claim("C1", "P1", U[1], 4000), claim("X2", "P1", U[1], 700.5, loss_date="2026-04-03", lead_claim_no="C2"),
        claim("C3", "P1", U[1], 60, loss_date="2026-04-09"), claim("C4", "P3", U[3], 5000), stamp=NOW,
    )  # fmt: skip
    # Visits, entries and hazards that both insurers number alike.
    put(home, H, "service_record", service("S1", "P2", U[2]), service("S2", "P3", U[30]))
    put(
        home,
        D,
        "service_record",
        service("S1", "P2", U[20], "DFJC"),
        service("S3", "P8", U[8], "DFJC"),
        service("S4", "P3", U[3], "DFJC"),
    )
    put(
        home,
        H,
        "fee_ledger",
        fee("F1", "提取", 2000, "P2"),
        fee("F2", "支出", 100, "P2", service_no="S1", voucher_no="V1"),
    )
    put(
        home,
        D,
        "fee_ledger",
        fee("F1", "提取", 1500, "P2", "DFJC"),
        fee("F2", "支出", 90, "P3", "DFJC", service_no="S4", voucher_no="V1"),
    )
    # Two bureaus number alike; a unit that moved; senders that contradict each other.
    for bureau, unit in ((BUREAU, U[2]), (OTHER_BUREAU, U[3])):
        put(home, bureau, "problem", {
            "problem_no": "Q1", "found_date": "2026-01-10", "origin": "检查", "target_type": "生产经营单位", "target_code": unit, "kind": "应保未保",
        })  # fmt: skip
        put(home, bureau, "inspection", {
            "inspection_no": f"I{bureau[-1]}", "inspected_on": "2026-02-01", "target_type": "生产经营单位", "target_code": unit, "subject": "投保",
            "problem_no": "Q1", "department": "应急局",
        })  # fmt: skip
    put(home, BUREAU, "enterprise", enterprise(U[10]), enterprise(U[11]), stamp="2026-07-01")
    put(home, "weihai_371071", "enterprise", enterprise(U[10], "371071"), stamp=EARLY)
    put(
        home,
        BUREAU,
        "enterprise",
        withdrawn(enterprise(U[10]), "uscc", "industry_code"),
        withdrawn(enterprise(U[11]), "uscc", "industry_code"),
        stamp=LATER,
    )
    put(home, BUREAU, "enterprise", enterprise(U[12], industry="transport"), stamp=EARLY, name="b.csv")
    put(
        home, "weihai_dept_transport", "enterprise",
        enterprise(U[12], industry="transport", operating_status="停产", status_date="2026-08-10"), stamp=LATER,
    )  # fmt: skip
    return home.build()


def test_one_number_of_two_insurers_is_two_policies(home: Home) -> None:
    assert home.rows("select provider, insured_uscc, is_valid from marts.fct_policy where policy_no = 'P2' order by 1") == [
        (D, U[20], True), (H, U[2], True),
    ]  # fmt: skip


def test_only_its_own_sender_withdraws_a_record_and_the_key_is_enough(home: Home) -> None:
    assert home.rows("select policy_no from marts.fct_policy where policy_no in ('P4', 'P5')") == [("P4",)]
    told = home.rows(
        "select provider, record_key from quality.cross_feed_findings where rule_code = 'withdrawal_of_nothing' order by 2"
    )
    assert told == [(L, "P4"), (L, "P5")]
    assert home.rows("select count(*) from quality.quarantine where feed = 'policy'") == [(0,)]


def test_the_leads_policy_counts_and_the_followers_copy_does_not(home: Home) -> None:
    assert home.rows("select provider, is_valid, leader_provider from marts.fct_policy where policy_no = 'P1' order by 1") == [
        (D, False, H), (H, True, None),
    ]  # fmt: skip
    assert home.rows(
        "select insurer_code, sum(premium_received) from marts.evidence_insurer_premium where policy_no = 'P1' group by 1 order by 1"
    ) == [("DFJC", 4000), ("HAYC", 6000)]


def test_two_that_both_call_themselves_the_lead_do_not_put_each_other_aside(home: Home) -> None:
    found = home.rows("select provider, is_valid from marts.fct_policy where policy_no = 'P9' order by 1")
    assert found == [(D, True), (H, True)]


def test_nobody_elses_share_or_endorsement_touches_a_policy(home: Home) -> None:
    assert home.rows("select insurer_code, part from marts.fct_coinsurance where policy_no = 'P3'") == [("HAYC", 1)]
    assert home.rows("select policy_no, sum(premium_received) from marts.evidence_premium where policy_no in ('P1', 'P3') group by 1 order by 1") == [
        ("P1", 10000), ("P3", 10000),
    ]  # fmt: skip


def test_claims_of_lead_and_follower(home: Home) -> None:
    found = home.rows("select provider, claim_no, leader_claim_no, has_valid_policy from marts.fct_claim order by 1, 2")
    assert found == [
        (D, "C1", "C1", False), (D, "C3", None, True), (D, "C4", None, False), (D, "X2", "C2", False), (H, "C1", None, True), (H, "C2", None, True),
    ]  # fmt: skip
    told = home.rows(
        "select provider, record_key from quality.cross_feed_findings where rule_code = 'coinsured_claim_differs' order by 1"
    )
    assert told == [(D, "C1"), (H, "C1")], "half a yuan is no difference"
    reasons = dict(home.rows("select provider || record_key, reason from marts.evidence_left_out where feed = 'claim'"))
    assert reasons == {f"{D}C1": "首席机构已报同一案件（C1）", f"{D}X2": "首席机构已报同一案件（C2）"}


def test_visits_and_entries_of_one_number_are_their_senders(home: Home) -> None:
    assert home.rows("select provider, service_no, policy_provider from marts.evidence_service order by 1, 2") == [
        (D, "S1", D), (D, "S3", H), (H, "S1", H),
    ], "S2 is of another unit, S4 of a stranger's policy"  # fmt: skip
    assert home.rows("select provider, entry_no, provided, spent, spent_unproven from marts.evidence_fee order by 1, 2") == [
        (D, "F1", 1500, 0, 0), (H, "F1", 2000, 0, 0), (H, "F2", 0, 100, 0),
    ]  # fmt: skip
    assert home.rows(
        "select record_key from quality.cross_feed_findings where rule_code = 'service_of_another_unit'"
    ) == [("S2",)]


def test_problems_are_their_bureaus(home: Home) -> None:
    assert home.rows("select provider, problem_no, inspection_no from marts.problem_list order by 1") == [
        (BUREAU, "Q1", "I2"), (OTHER_BUREAU, "Q1", "I3"),
    ]  # fmt: skip


def test_what_a_sender_withdraws_of_the_world_stands_as_the_others_said(home: Home) -> None:
    assert home.rows(f"select uscc, district_code from marts.fct_roster where uscc in ('{U[10]}', '{U[11]}')") == [
        (U[10], "371071")
    ]


def test_contradictions_name_both_with_dates(home: Home) -> None:
    found = home.rows(
        "select uscc, provider, cast(received_at as date)::varchar, counts, differing from marts.roster_contradictions order by 2"
    )
    assert found == [
        (U[12], BUREAU, EARLY, False, "经营状态"),
        (U[12], "weihai_dept_transport", LATER, True, "经营状态"),
    ]


FEEDS = {
    H: {
        "policy": [policy("N1", U[1]), policy("N2", U[2], premium_received=500.55)],
        "coinsurance": shares("N1", ("HAYC", 0.7, "是"), ("TSBX", 0.3, "否")),
        "endorsement": [{"endorsement_no": "N1", "policy_no": "N1", "effective_date": "2026-05-01", "type": "减保", "premium_change": -100, "received_change": -100}],
        "claim": [claim("N1", "N1", U[1], 5000)],
        "service_record": [service("N1", "N1", U[1])],
        "fee_ledger": [fee("N1", "提取", 2000, "N1"), fee("N2", "支出", 300, "N1", service_no="N1", voucher_no="N1")],
        "hazard": [{"hazard_no": "N1", "service_no": "N1", "insured_uscc": U[1], "insurer_code": "HAYC", "district_code": "371002", "grade": "重大", "found_date": "2026-05-06", "rectify_due": "2026-06-01", "refused": "否"}],
        "service_plan": [{"insurer_code": "HAYC", "plan_year": 2026, "insured_uscc": "", "planned_visits": 3}],
    },
    D: {
        "policy": [policy("N1", U[3], "DFJC", industry_code="transport", premium_received=777), policy("N2", U[4], "DFJC")],
        "coinsurance": shares("N1", ("DFJC", 0.5, "是"), ("TSBX", 0.5, "否")),
        "endorsement": [{"endorsement_no": "N1", "policy_no": "N1", "effective_date": "2026-05-02", "type": "加保", "premium_change": 50, "received_change": 50}],
        "claim": [claim("N1", "N1", U[3], 123)],
        "service_record": [service("N1", "N1", U[3], "DFJC")],
        "fee_ledger": [fee("N1", "提取", 99, "N1", "DFJC"), fee("N2", "支出", 40, "N1", "DFJC", service_no="N1", voucher_no="N1")],
        "hazard": [{"hazard_no": "N1", "service_no": "N1", "insured_uscc": U[3], "insurer_code": "DFJC", "district_code": "371002", "grade": "一般", "found_date": "2026-05-07", "rectify_due": "2026-06-01", "refused": "否"}],
        "service_plan": [{"insurer_code": "DFJC", "plan_year": 2026, "insured_uscc": "", "planned_visits": 2}],
    },
    BUREAU: {
        "enterprise": [enterprise(U[1]), enterprise(U[5])],
        "problem": [{"problem_no": "N1", "found_date": "2026-01-10", "origin": "检查", "target_type": "生产经营单位", "target_code": U[1], "kind": "应保未保"}],
        "inspection": [{"inspection_no": "N1", "inspected_on": "2026-02-01", "target_type": "生产经营单位", "target_code": U[1], "subject": "投保", "problem_no": "N1", "department": "应急局"}],
        "enforcement": [{"case_no": "N1", "uscc": U[5], "decided_on": "2026-03-01", "law_article": "安全生产法第一百零九条", "fine": 60000, "problem_no": "N1"}],
        "complaint": [{"complaint_no": "N1", "received_on": "2026-03-01", "topic": "理赔", "target_code": "HAYC"}],
        "document": [{"doc_no": "N1", "kind": "实施方案", "title": "某方案", "doc_date": "2026-05-10", "year": 2026}],
        "credit_list": [{"list_no": "N1", "target_code": U[5], "target_type": "生产经营单位", "kind": "警示", "reason": "拒不整改", "valid_from": "2026-04-01"}],
    },
    OTHER_BUREAU: {
        "enterprise": [enterprise(U[3], "371003", "transport")],
        "problem": [{"problem_no": "N1", "found_date": "2026-01-11", "origin": "投诉", "target_type": "生产经营单位", "target_code": U[3], "kind": "未开展服务"}],
        "inspection": [{"inspection_no": "N1", "inspected_on": "2026-02-02", "target_type": "生产经营单位", "target_code": U[3], "subject": "投保", "problem_no": "N1", "department": "应急局"}],
        "enforcement": [{"case_no": "N1", "uscc": U[3], "decided_on": "2026-03-02", "law_article": "安全生产法第一百零九条", "fine": 20000, "problem_no": "N1"}],
        "complaint": [{"complaint_no": "N1", "received_on": "2026-03-02", "topic": "投保", "target_code": "DFJC"}],
        "document": [{"doc_no": "N1", "kind": "实施方案", "title": "另一方案", "doc_date": "2026-05-11", "year": 2026}],
        "credit_list": [{"list_no": "N1", "target_code": U[3], "target_type": "生产经营单位", "kind": "警示", "reason": "拒不整改", "valid_from": "2026-04-02"}],
    },
}  # fmt: skip
"""Two insurers and two bureaus that number everything alike."""

ADDED_UP = {
    "fct_policy", "fct_coinsurance", "fct_endorsement", "fct_claim", "fct_service", "fct_fee_entry", "fct_hazard", "fct_service_plan", "fct_roster",
    "fct_problem", "fct_inspection", "fct_enforcement", "fct_complaint", "fct_document", "fct_credit_list", "evidence_policy", "evidence_premium",
    "evidence_insurer_premium", "evidence_earned", "evidence_claim", "evidence_insurer_claim", "evidence_claim_clock", "evidence_service", "evidence_fee",
    "evidence_fulfilment", "evidence_hazard", "evidence_compliance", "evidence_participation", "evidence_insured_ever", "evidence_complaint_clock",
    "fee_ledger_balance", "hazard_ledger", "claim_timeliness", "problem_list", "service_item_gaps", "service_contract_gaps",
}  # fmt: skip


def test_two_that_number_alike_are_the_sum_of_the_worlds_sent_alone(tmp_path: Path) -> None:
    """Cell by cell: facts and evidence of the world of all are those of each insurer's, with the rosters, together; every sum of
    supervision_metrics is the sum."""
    calm = {BUREAU: FEEDS[BUREAU], OTHER_BUREAU: FEEDS[OTHER_BUREAU]}
    worlds = {
        "together": FEEDS,
        "one": {H: FEEDS[H], BUREAU: calm[BUREAU]},
        "other": {D: FEEDS[D], OTHER_BUREAU: calm[OTHER_BUREAU]},
    }
    homes = {}
    for name, senders in worlds.items():
        homes[name] = Home(tmp_path / name)
        for provider, feeds in senders.items():
            for feed, rows in feeds.items():
                put(homes[name], provider, feed, *rows)
        homes[name].build()
    with duckdb.connect() as connection:
        for name, home in homes.items():
            connection.execute(f"attach '{home.settings.build}' as {name} (read_only)")
        for table in sorted(ADDED_UP):
            alone = f"select * from one.marts.{table} union all select * from other.marts.{table}"
            more, less = (
                connection.execute(f"select count(*) from ({query})").fetchall()[0][0]
                for query in (
                    f"select * from together.marts.{table} except all ({alone})",
                    f"({alone}) except all select * from together.marts.{table}",
                )
            )
            count = connection.execute(f"select count(*) from together.marts.{table}").fetchall()[0][0]
            assert (more, less) == (0, 0), table
            assert count >= 2, (table, "shows nothing")
        sums = [
            name
            for name, kind in connection.execute(
                "select column_name, data_type from duckdb_columns() where database_name = 'together' and table_name = 'supervision_metrics'"
            ).fetchall()
            if kind.startswith(("DECIMAL", "BIGINT")) and name not in ("insurers",)
        ]
        for column in sums:
            total, of_each = (
                connection.execute(
                    f"select coalesce(sum({column}), 0) from ({source}) where jurisdiction = 'weihai' and stat_year = 2026 "
                    "and district_code = 'ALL' and industry_code = 'ALL'"
                ).fetchall()[0][0]
                for source in (
                    "from together.marts.supervision_metrics",
                    "from one.marts.supervision_metrics union all from other.marts.supervision_metrics",
                )
            )
            # Amounts earned by the day are rounded to the cent in each world.
            assert abs(total - of_each) <= (1 if column == "earned_premium" else 0) * Decimal("0.01"), column

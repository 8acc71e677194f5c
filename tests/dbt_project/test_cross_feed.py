"""Rules over several feeds: what breaks one, what just does not, and that findings wait for the missing side."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Home, make_uscc
from drops import POLICY, policy

U = [make_uscc(number) for number in range(30)]
CLAIM = "理赔案号,保单号,被保险人统一社会信用代码,出险时间,报案时间,立案时间,决案时间,赔款支付日期,结案时间,估损金额,累计已付赔款,案件状态\n"
ENDORSEMENT = "批单号,保单号,生效日期,批改类型,保费变动,实收变动\n"
SERVICE = "服务编号,保单号,保险机构,被保险人统一社会信用代码,服务项目,服务形式,服务方式,服务状态\n"
LEDGER = "台账编号,保险机构,保单号,入账日期,费用类型,金额\n"
ROSTER = "统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,列入日期,从业人员数\n"


def claim(
    number: str,
    number_of_policy: str,
    loss: str = "2023-05-01",
    dates: str = ",,,",
    paid: str = "0",
    status: str = "处理中",
) -> str:
    report = max(loss, "2023-05-02") if loss <= "2023-12-31" else loss
    return f"{number},{number_of_policy},{U[0]},{loss},{report},{dates},50000,{paid},{status}\n"


ORGANISATION = "91310000MAJG00000P"


@pytest.fixture(scope="module")
def crafted(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """P1 is sound: 2023-01-02 to 2024-01-01, 10 persons, 1000 yuan, limit 400 000 / 4 000 000. P5 is the other insurer's."""
    home = Home(tmp_path_factory.mktemp("edits"))
    ours, theirs, stamp = "weihai_hayc", "weihai_dfjc", "2023-12-31"
    home.drop(
        ours, "policy", stamp, "a.csv",
        POLICY + policy("P1", 被保险人统一社会信用代码=U[0])
        + policy("P2", 被保险人统一社会信用代码=U[1], 投保人数="4") + policy("P3", 被保险人统一社会信用代码=U[2], 投保人数="5")
        + policy("P4", 被保险人统一社会信用代码=U[3], 签单保费="99.99", 实收保费="99.99") + policy("P6", 被保险人统一社会信用代码=U[4], 签单保费="100", 实收保费="100")
        + policy("P7", 被保险人统一社会信用代码=U[5], 每人责任限额="9999.99") + policy("P8", 被保险人统一社会信用代码=U[6], 每人责任限额="10000")
        + policy("P9", 被保险人统一社会信用代码=U[7], 被保险人名称="乙公司") + policy("P10", 被保险人统一社会信用代码=U[8])
        + policy("P11", 被保险人统一社会信用代码=U[9], 行业领域="粉尘涉爆") + policy("P12", 被保险人统一社会信用代码=U[10])
        # A copy of the policy that the other insurer leads; a number of ours that the other uses too.
        + policy("P13", 被保险人统一社会信用代码=U[12], 实收保费="900") + policy("P14", 被保险人统一社会信用代码=U[10]),
    )  # fmt: skip
    home.drop(
        theirs,
        "policy",
        stamp,
        "a.csv",
        POLICY
        + policy("P5", 保险机构="东峰财险", 被保险人统一社会信用代码=U[11])
        + policy("P13", 保险机构="东峰财险", 被保险人统一社会信用代码=U[12])
        + policy("P14", 保险机构="东峰财险", 被保险人统一社会信用代码=U[11]),
    )
    home.drop(
        ours, "coinsurance", stamp, "a.csv",
        "保单号,保险机构,承保比例,是否首席\nP1,海岳财险,60%,是\nP1,东峰财险,40%,否\nP12,海岳财险,60%,是\nP12,东峰财险,39.99%,否\nP5,海岳财险,100%,是\n",
    )  # fmt: skip
    home.drop(
        theirs, "coinsurance", stamp, "a.csv", "保单号,保险机构,承保比例,是否首席\nP13,东峰财险,60%,是\nP13,海岳财险,40%,否\n"
    )  # fmt: skip
    # The lead's claim of the third of May is C13 too, for less; of the first it has none.
    home.drop(theirs, "claim", stamp, "a.csv", CLAIM + claim("D13", "P13", loss="2023-05-03", paid="100"))
    home.drop(ours, "claim", stamp, "b.csv", "理赔案号,保单号,记录状态\nC99,,撤销\nC98,P1,撤销\n")
    home.drop(
        ours, "claim", stamp, "a.csv",
        CLAIM + claim("C1", "P1") + claim("C2", "未报保单") + claim("C3", "P1", loss="2023-01-01") + claim("C4", "P1", loss="2023-01-02") + claim("C5", "P1", loss="2024-01-01")
        + claim("C6", "P1", loss="2024-01-02") + claim("C7", "P1", dates="2023-05-03,2023-05-04,2023-05-04,", status="处理中")
        + claim("C8", "P1", dates="2023-05-03,2023-05-02,,") + claim("C9", "P1", paid="4000000") + claim("C10", "P1", paid="4000000.01")
        + claim("C11", "P5") + claim("C12", "P13") + claim("C13", "P13", loss="2023-05-03", paid="101") + claim("C98", "P1"),
    )  # fmt: skip
    home.drop(
        ours, "endorsement", stamp, "a.csv",
        ENDORSEMENT + "E1,P1,2023-01-02,加保,1,1\nE2,P1,2024-01-01,加保,1,1\nE3,P1,2024-01-02,加保,1,1\nE4,P1,2023-01-01,加保,1,1\nE5,未报保单,2023-06-01,加保,1,1\nE6,P13,2023-06-01,加保,1,1\n",
    )  # fmt: skip
    home.drop(
        ours, "service_record", stamp, "a.csv",
        SERVICE + f"S1,P1,海岳财险,{U[0]},隐患排查,线下,自有,进行中\nS2,P1,海岳财险,{U[1]},隐患排查,线下,自有,进行中\nS3,未报保单,海岳财险,{U[0]},隐患排查,线下,自有,进行中\n",
    )  # fmt: skip
    # A service organisation tells of S1 too, of the day and item of S4, and of one visit that nobody else tells of.
    done = "2023-06-02 09:00:00"
    home.drop(
        ours, "service_record", stamp, "b.csv",
        SERVICE.replace("服务状态", "完成时间,服务状态") + f"S4,P1,海岳财险,{U[0]},安全培训,线下,委托,{done},已完成\n",
    )  # fmt: skip
    told = [("S1", "隐患排查", "2023-07-01"), ("O1", "安全培训", "2023-06-02"), ("O2", "安全培训", "2023-06-03")]
    home.drop(
        "weihai_aqjs", "service_record", stamp, "a.csv",
        SERVICE.replace("服务状态", "完成时间,技术服务机构信用代码,服务状态")
        + "".join(f"{number},P1,海岳财险,{U[0]},{item},线下,委托,{day},{ORGANISATION},已完成\n" for number, item, day in told),
    )  # fmt: skip
    found = [
        ("H1", "2023-05-14", "trade_2023"),
        ("H2", "2023-05-15", "trade_2023"),
        ("H3", "2023-05-15", "hazchem_2017"),
        ("H4", "2023-05-15", "trade_2017"),
    ]
    home.drop(
        ours, "hazard", stamp, "a.csv",
        "隐患编号,服务编号,被保险人统一社会信用代码,保险机构,所在区市,隐患等级,发现日期,判定标准\n"
        + "".join(f"{number},S1,{U[0]},海岳财险,环翠区,重大,{day},{criterion}\n" for number, day, criterion in found),
    )  # fmt: skip
    home.drop(
        ours,
        "fee_ledger",
        stamp,
        "a.csv",
        LEDGER
        + "L1,海岳财险,P1,2023-06-01,提取,1\nL2,海岳财险,未报保单,2023-06-01,提取,1\nL3,海岳财险,,2023-06-01,提取,1\nL4,海岳财险,P1,2023-06-01,提取,10000000\n",
    )
    # Everybody but U[8] is on the roster of hazchem; ten employees each.
    units = [unit for place, unit in enumerate(U[:13]) if place not in (8, 9)]
    home.drop(
        "weihai_371002",
        "enterprise",
        stamp,
        "a.csv",
        ROSTER + "".join(f"{unit},甲公司,环翠区,危化,是,存续,2020-01-01,10\n" for unit in units),
    )
    home.drop(
        "weihai_city",
        "enterprise",
        "2023-12-30",
        "a.csv",
        ROSTER
        + f"{U[0]},甲公司,环翠区,危化,否,存续,2020-01-01,10\n{make_uscc(77)},丁公司,环翠区,危化,否,存续,2020-01-01,10\n",
    )
    return home.build()


EXPECTED: dict[str, set[str]] = {
    "claim_without_policy": {"C2", "C11"},  # C11 is of the other insurer's policy, C12 of one that is co-insured
    "loss_outside_cover": {"C3", "C6"},
    "claim_dates_out_of_order": {"C8"},
    "paid_above_limit": {"C10"},
    "endorsement_without_policy": {"E5"},
    "endorsement_outside_term": {"E3", "E4"},
    "endorsement_of_follower": {"E6"},
    "service_without_policy": {"S3"},
    "service_of_another_unit": {"S2"},
    "service_told_twice": {"S1", "O1"},  # the organisation's
    "criterion_not_in_force": {"H1", "H4"},
    "fee_without_policy": {"L2"},
    "coinsurance_without_policy": {"P5|HAYC"},
    "coinsurance_shares_not_one": {"P12"},
    "coinsured_policy_differs": {"P13"},
    "coinsured_claim_differs": {"C13", "D13"},
    "number_of_two_insurers": {"P14"},
    "roster_contradiction": {f"{U[0]}|hazchem"},
    "withdrawal_of_nothing": {"C99"},
    "amount_to_confirm": {"L4"},
    "persons_far_from_employees": {"P2"},  # 4 of 10; 5 of 10 is the bound itself
    "premium_per_person_implausible": {"P4"},
    "limit_implausible": {"P7"},
    "one_uscc_many_names": {"P9"},
    "not_required_without_reason": {f"{make_uscc(77)}|hazchem"},
    "insured_not_on_roster": {"P10"},  # P11 insures a voluntary field
}


@pytest.mark.parametrize("rule", EXPECTED)
def test_rule(crafted: Home, rule: str) -> None:
    found = crafted.rows(
        f"select record_key, message, line_no from quality.cross_feed_findings where rule_code = '{rule}'"
    )
    assert {row[0] for row in found} == EXPECTED[rule]
    for key, message, line in found:
        assert (key in message or key.split("|")[0] in message or U[7] in message) and "{" not in message and line >= 2


TOLD_BOTH = {
    "coinsured_policy_differs", "coinsured_claim_differs", "number_of_two_insurers", "roster_contradiction",
}  # fmt: skip


@pytest.mark.parametrize("rule", sorted(TOLD_BOTH))
def test_both_senders_are_told(crafted: Home, rule: str) -> None:
    assert (
        len(
            {
                row[0]
                for row in crafted.rows(f"select provider from quality.cross_feed_findings where rule_code = '{rule}'")
            }
        )
        == 2
    )


def test_a_claim_of_somebody_else_does_not_count(crafted: Home) -> None:
    counted = {row[0] for row in crafted.rows("select claim_no from marts.fct_claim where has_valid_policy")}
    assert not {"C11", "C2", "C13"} & counted and {"C1", "C12", "D13"} <= counted


OF_DECLARATIONS = {"declared_differs", "declared_came_twice", "covers_to_ahead"}
"""Tested in test_completeness.py."""


def test_every_rule_has_a_test_and_a_row(crafted: Home) -> None:
    rules = {row[0] for row in crafted.rows("select edit_code from reference.ref_edit")}
    assert rules == set(EXPECTED) | OF_DECLARATIONS


def test_findings_wait_for_the_missing_side(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = Home(tmp_path_factory.mktemp("waiting"))
    home.drop("weihai_hayc", "claim", "2023-06-01", "a.csv", CLAIM + claim("C1", "P1", paid="100"))
    home.build()
    assert home.rows("select rule_code from quality.cross_feed_findings") == [("claim_without_policy",)]
    home.drop("weihai_hayc", "policy", "2023-07-01", "b.csv", POLICY + policy("P1", 被保险人统一社会信用代码=U[0]))
    home.build()
    assert home.rows("select rule_code from quality.cross_feed_findings where feed = 'claim'") == []
    total: list[tuple[Any, ...]] = home.rows(
        "select policies_with_claims, claims_outstanding from marts.supervision_metrics where stat_year = 2023 and jurisdiction = 'weihai' and district_code = 'ALL' and industry_code = 'ALL'"
    )
    assert [(count, int(amount)) for count, amount in total] == [(1, 49900)]


def test_scorecard_by_hand(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Four policies: one rejected for a missing value, one old, one off the roster like the rest; weights 0.4, 0.2, 0.2, 0.2."""
    home = Home(tmp_path_factory.mktemp("score"))
    home.drop(
        "weihai_hayc", "policy", "2023-02-01", "a.csv",
        POLICY + policy("P1") + policy("P2", 被保险人统一社会信用代码=U[1], 行业领域="粉尘涉爆")
        + policy("P3", 签单日期="2022-01-01", 被保险人统一社会信用代码=U[2], 行业领域="粉尘涉爆") + policy("P4", 投保人数=""),
    )  # fmt: skip
    home.build()
    rows = home.rows(
        "select validity, completeness, timeliness, consistency, score from quality.provider_scorecard where feed = 'policy'"
    )
    # validity 3/4, completeness 3/4, timeliness 2/3, consistency 2/3 (P1 is not on the roster of a mandatory field)
    assert rows == [pytest.approx((0.75, 0.75, 2 / 3, 2 / 3, 0.4 * 0.75 + 0.2 * (0.75 + 2 / 3 + 2 / 3)))]

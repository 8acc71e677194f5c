"""The golden example of domain.md 5.5 with the ledger of metrics.md: its raw files, and its numbers worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
from conftest import Home, make_uscc

U = {name: make_uscc(number) for number, name in enumerate(["U1", "U2", "U3", "U4", "U5", "U6", "V1"], start=1)}
POLICY_HEADER = (
    "保单号,保险机构,被保险人统一社会信用代码,被保险人名称,所在区市,行业领域,险种,签单日期,保险起期,保险止期,签单保费,实收保费,投保人数,每人责任限额,"
    "累计责任限额,事故预防服务费占比,事故预防服务项目,事故预防服务频次,服务形式,保单状态,状态日期"
)


def policy(
    number: str,
    insurer: str,
    unit: str,
    start: str,
    end: str,
    premium: int,
    share: str,
    visits: int,
    status: str = "有效,",
) -> str:
    return (
        f"{number},{insurer},{U[unit]},{unit}公司,环翠区,危险化学品,安责险,{start},{start},{end},{premium},{premium},10,400000,4000000,"
        f"{share},隐患排查,{visits},线下,{status}"
    )


def drop_example(home: Home) -> Home:
    """Drops the example's files."""
    a, b, bureau, stamp = "weihai_hayc", "weihai_dfjc", "weihai_371002", "2023-12-10"

    def drop(provider: str, feed: str, header: str, *rows: str) -> None:
        home.drop(provider, feed, stamp, f"{feed}.csv", "\n".join([header, *rows]) + "\n")

    drop(
        a, "policy", POLICY_HEADER,
        policy("P1", "海岳财险", "U1", "2023-03-01", "2024-02-29", 100_000, "20%", 2),
        policy("P2", "海岳财险", "U2", "2023-05-01", "2024-04-30", 50_000, "15%", 1),
        policy("Ｐ１", "海岳财险", "U1", "2023-03-01", "2024-02-29", 100_000, "20%", 2),  # P5: P1 again, full-width
        policy("P6", "海岳财险", "V1", "2023-01-15", "2024-01-14", 20_000, "10%", 1),
        policy("P7", "海岳财险", "U5", "2023-02-01", "2024-01-31", 10_000, "10%", 1, "注销,2023-02-01"),
    )  # fmt: skip
    drop(
        b, "policy", POLICY_HEADER,
        policy("P3", "东峰财险", "U3", "2022-09-01", "2023-08-31", 30_000, "20%", 1),
        policy("P4", "东峰财险", "U4", "2023-10-01", "2024-09-30", 40_000, "20%", 1),
    )  # fmt: skip
    drop(a, "coinsurance", "保单号,保险机构,承保比例,是否首席", "P2,海岳财险,60%,是", "P2,东峰财险,40%,否")
    drop(
        a,
        "endorsement",
        "批单号,保单号,生效日期,批改类型,保费变动,实收变动,人数变动",
        "E1,P1,2023-06-01,加保,20000,20000,2",
    )
    claim = (
        "理赔案号,保单号,被保险人统一社会信用代码,出险时间,报案时间,结案时间,估损金额,累计已付赔款,其中预付,案件状态"
    )
    drop(
        a, "claim", claim,
        f"C1,P1,{U['U1']},2023-07-10,2023-07-11,2023-10-01,60000,60000,20000,已结案",
        f"C2,P2,{U['U2']},2023-08-05,2023-08-06,,45000,10000,10000,处理中",
        f"C5,P1,{U['U1']},2023-09-09,2023-09-10,2023-11-01,0,0,0,已结案",
    )  # fmt: skip
    drop(
        b, "claim", claim,
        f"C3,P3,{U['U3']},2023-02-01,2023-02-02,2023-04-01,12000,12000,0,已结案",
        f"C4,P4,{U['U4']},2023-11-01,2023-11-02,,5000,0,0,销案",
    )  # fmt: skip
    both = "2023-08-02 09:00:00,2023-08-03 09:00:00"
    drop(
        a, "service_record",
        "服务编号,保单号,保险机构,被保险人统一社会信用代码,服务项目,服务形式,服务方式,完成时间,投保单位确认时间,保险机构确认时间,服务状态",
        f"S1,P1,海岳财险,{U['U1']},隐患排查,线下,自有,2023-08-01 11:00:00,{both},已完成",
        f"S2,P1,海岳财险,{U['U1']},安全培训,线上,自有,2023-08-01 15:00:00,{both},已完成",
        f"S3,P2,海岳财险,{U['U2']},隐患排查,线下,委托,,,,进行中",
        f"S4,P6,海岳财险,{U['V1']},隐患排查,线下,外聘,2023-08-01 16:00:00,{both},已完成",
    )  # fmt: skip
    ledger = "台账编号,保险机构,保单号,入账日期,费用类型,金额,服务编号,凭证号,收款方类型"
    drop(
        a, "fee_ledger", ledger,
        "L1,海岳财险,P1,2023-03-10,提取,18000,,,", "L2,海岳财险,P2,2023-05-10,提取,7500,,,", "L3,海岳财险,P6,2023-02-10,提取,2000,,,",
        "L4,海岳财险,P1,2023-08-10,支出,9000,S1,V1,专家", "L5,海岳财险,P1,2023-08-10,支出,5000,S2,V2,专家",
        "L6,海岳财险,P2,2023-08-10,支出,3000,S3,V3,专家", "L7,海岳财险,P6,2023-08-10,支出,1500,S4,V4,其他",
    )  # fmt: skip
    drop(b, "fee_ledger", ledger, "L8,东峰财险,P4,2023-10-10,提取,8000,,,")
    drop(
        bureau, "enterprise", "统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,状态日期,从业人员数,列入日期",
        *[f"{U[unit]},{unit}公司,环翠区,危险化学品,是,存续,,10,2020-01-01" for unit in ("U1", "U2", "U3", "U4", "U5")],
        f"{U['U6']},U6公司,环翠区,危险化学品,是,注销,2022-01-01,10,2020-01-01",
    )  # fmt: skip
    return home


def example_cell(home: Home, published: bool = False) -> dict[str, Any]:
    """The example's row of the mart, by column."""
    with duckdb.connect(
        str(home.settings.published if published else home.settings.build), read_only=True
    ) as connection:
        cursor = connection.execute(
            "select * from marts.supervision_metrics where jurisdiction = 'weihai' and stat_year = 2023 and district_code = '371002' and industry_code = 'hazchem'"
        )
        names = [column[0] for column in cursor.description or []]
        return dict(zip(names, cursor.fetchall()[0], strict=True))


EXPECTED = {
    # M01, M01b, M02, M04
    "insured_units": 4, "insured_units_any_day": 5, "insured_units_cumulative": 5, "policies": 4, "insured_units_in_force": 4,
    # M03
    "premium_received": Decimal("230000.00"), "premium_written": Decimal("230000.00"),
    # M05
    "required_units": 5, "insured_required_units": 3,
    # M06: P1, P2, P3; of P(Y) only P1 and P2
    "policies_with_claims": 3, "policies_with_claims_incepted": 2,
    # M08
    "claims_settled": Decimal("72000.00"), "claims_paid_open": Decimal("10000.00"), "claims_outstanding": Decimal("35000.00"),
    # M09
    "policy_year_incurred": Decimal("105000.00"), "earned_premium": Decimal("148399.29"),
    # M20
    "insurers": 2,
    # M30, M31 and the ledger
    "fee_contracted": Decimal("41500.00"), "fee_provided": Decimal("35500.00"), "fee_unallocated": Decimal("0.00"),
    "fee_spent": Decimal("15500.00"), "fee_spent_unproven": Decimal("3000.00"),
    # M34, M34b, M34c, M35, M36
    "serviced_units_in_force": 2, "serviced_units_onsite": 2, "serviced_units_any_day": 2, "services": 3, "services_online": 1, "services_onsite": 2,
    "contracted_visits_full_term": 5, "fulfilled_visits_full_term": 3,
    # Due in 2023: P1 2 × 285/366, P2 224/366, P3 243/365, P4 71/366, P6 330/365; done 2 of P1 and 1 of P6, each capped. Only P3 ended: 0 of 1.
    "contracted_visits": Decimal("3.933251"), "fulfilled_visits": Decimal("2.461487"), "contracted_visits_ended": 1, "fulfilled_visits_ended": 0,
}  # fmt: skip

PERCENT = {
    "participation_rate": "60.00", "simple_loss_ratio": "50.87", "simple_loss_ratio_paid": "35.65", "earned_loss_ratio": "70.76",
    "contracted_fee_share": "18.04", "prevention_fee_share": "15.43", "spent_fee_share": "6.74", "service_coverage": "50.00",
    "service_coverage_any_day": "40.00", "contract_fulfilment_full_term": "60.00",
    "contract_fulfilment": "62.58", "contract_fulfilment_ended": "0.00",
}  # fmt: skip

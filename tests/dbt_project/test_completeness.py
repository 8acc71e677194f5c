"""Complete or not (trust.md 3): a late insurer, control totals, units left out, one-off duties; every number by hand."""

from __future__ import annotations

from pathlib import Path

import drops
import duckdb
import pytest
from conftest import Home, make_uscc

from pipelines.explain.diff import ARRIVED_LATE, DECLARED, diff
from pipelines.explain.explain import Cell, explain
from pipelines.warehouse.headline import pending
from pipelines.warehouse.reach import in_one_line, reach

BEFORE, AFTER = "2026-11-28", "2026-12-05"
DECLARATION = "报送表,期间,数据截至,行数,控制金额,零报告\n"


def roster(*units: int, **changed: str) -> str:
    row = {"应保": "是", "列外原因": "", "行业领域": "危险化学品"} | changed
    return "统一社会信用代码,企业名称,所在区市,行业领域,应保,列外原因,经营状态,从业人员数,列入日期\n" + "".join(
        f"{make_uscc(unit)},样例{unit},环翠区,{row['行业领域']},{row['应保']},{row['列外原因']},存续,10,2022-01-01\n"
        for unit in units
    )


def cover(unit: int, start: str, end: str, insurer: str = "海岳财险", number: str = "") -> str:
    return drops.policy(
        number or f"P{unit}-{start}", 被保险人统一社会信用代码=make_uscc(unit), 被保险人名称=f"样例{unit}", 保险机构=insurer, 签单日期=start,
        保险起期=start, 保险止期=end,
    )  # fmt: skip


def whole_city(home: Home) -> tuple[float, int, float, int]:
    return home.rows(
        "select participation_rate, pending_units, participation_rate_high, required_units from marts.supervision_metrics "
        "where jurisdiction = 'weihai' and stat_year = 2026 and district_code = 'ALL' and industry_code = 'ALL'"
    )[0]


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    """Ten units that must insure. 海岳 sends on the knowledge date; 蓝海 sent six weeks before and is late until its file comes."""
    home = Home(tmp_path_factory.mktemp("late"))
    home.drop("weihai_371002", "enterprise", BEFORE, "名录.csv", roster(*range(1, 11)))
    punctual = [cover(unit, "2026-03-01", "2027-02-28") for unit in (1, 2, 3, 4)]
    punctual.append(cover(5, "2025-11-01", "2026-10-31"))
    home.drop("weihai_hayc", "policy", BEFORE, "保单.csv", drops.POLICY + "".join(punctual))
    tardy = [
        cover(6, "2025-11-01", "2026-10-31", "蓝海财险"),
        cover(7, "2025-11-01", "2026-10-31", "蓝海财险"),
        cover(8, "2025-10-11", "2026-10-10", "蓝海财险"),
        cover(9, "2026-06-01", "2027-05-31", "蓝海财险"),
    ]
    home.drop("weihai_lhcx", "policy", "2026-10-15", "保单.csv", drops.POLICY + "".join(tardy))
    home.build().publish()
    before = home.path / "before.duckdb"
    before.write_bytes(home.settings.published.read_bytes())
    return home, before


def test_a_late_insurer_makes_nobody_uninsured(late: tuple[Home, Path]) -> None:
    """Of ten units five are insured; the last cover of 6 and 7 ended after 蓝海's data do, that of 8 before, 10 never had any."""
    home, before = late
    assert whole_city(home) == (0.5, 2, 0.7, 10)
    units = {make_uscc(number): number for number in range(1, 11)}

    def listed(sql: str) -> set[int]:
        return {units[row[0]] for row in home.rows(sql)}

    assert listed("select uscc from marts.uninsured_units") == {5, 8, 10}
    assert listed("select subject_code from marts.findings where rule_code = 'uninsured_unit'") == {5, 8, 10}
    assert listed("select uscc from marts.pending_units") == {6, 7}
    assert listed("select uscc from marts.unit_360 where insured_state = '待核'") == {6, 7}
    assert listed("select uscc from marts.unit_360 where insured_state = '应保未保'") == {5, 8, 10}
    # The district is held to what is known: five of eight.
    assert home.rows(
        "select participation_rate from marts.assessment where target_code = '371002' and stat_year = 2026"
    ) == [(0.625,)]
    rows = home.rows(
        "select provider, cast(covers_to as varchar), cast(due as varchar), days_late from quality.coverage where feed = 'policy' order by 1"
    )
    # October was due on 10 November; who has sent none since the city began to receive is late from its first month.
    assert rows == [
        ("weihai_dfjc", None, "2026-11-10", 18), ("weihai_hayc", "2026-11-28", "2026-12-10", 0),
        ("weihai_lhcx", "2026-10-15", "2026-11-10", 18), ("weihai_tsbx", None, "2026-11-10", 18),
    ]  # fmt: skip
    found = explain(before, "participation_rate", Cell("weihai", 2026))
    assert found.pending is not None
    assert set(found.pending.records["unit"]) == {make_uscc(6), make_uscc(7)}
    assert set(found.not_in_numerator["unit"]) == {make_uscc(5), make_uscc(8), make_uscc(10)}


def test_the_two_dates_and_the_laggards_stand_with_the_headline(late: tuple[Home, Path]) -> None:
    home, _ = late
    shown = home.anze("explain", "参保率", "--year", "2026", "--jurisdiction", "weihai")
    assert "取数时点 2026-11-28　数据截至 2026-10-15" in shown.stdout and "待核" in shown.stdout, (
        shown.stdout + shown.stderr
    )
    assert "数据截至 2026-10-15　缺报：" in home.anze("status").stdout
    with duckdb.connect(str(late[1]), read_only=True) as connection:
        found = reach(connection, "weihai")
        assert found.dates == "取数时点 2026-11-28　数据截至 2026-10-15"
        assert found.late_in_words == (
            "东峰财险威海分公司（从未报送，迟 18 天）、泰石财险威海分公司（从未报送，迟 18 天）、蓝海财险威海分公司（数据截至 2026-10-15，迟 18 天）"
        )
        assert found.since == "累计数应自 2018-01-01 起，现有数据自 2025-10-11 起，此前未报"
        assert "缺报：" in in_one_line(connection)
    assert pending({"pending_units": 2, "participation_rate_high": 0.7}) == "另有 2 家待核，最高 70.00%"


def test_after_the_late_file_everything_is_known(late: tuple[Home, Path], tmp_path: Path) -> None:
    """6 had renewed, 7 had not. `diff` tells the one from a record that came late, the other from how far the data reach now."""
    home, before = late
    renewed = cover(6, "2026-11-01", "2027-10-31", "蓝海财险")
    home.drop("weihai_lhcx", "policy", AFTER, "保单.csv", drops.POLICY + renewed)
    home.build().publish()
    assert whole_city(home) == (0.6, 0, 0.6, 10)
    assert {row[0] for row in home.rows("select uscc from marts.uninsured_units")} == {
        make_uscc(number) for number in (5, 7, 8, 10)
    }
    found = diff(before, home.settings.published, 2026, "weihai")
    whole = found.causes.filter(
        (found.causes["district_code"] == "ALL")
        & (found.causes["industry_code"] == "ALL")
        & (found.causes["insurer_code"] == "ALL")
        & (found.causes["mart"] == "supervision_metrics")
    )

    def causes(metric: str) -> dict[str, str]:
        rows = whole.filter(whole["metric"] == metric)
        return dict(zip(rows["item"], rows["cause"], strict=True))

    assert causes("insured_required_units") == {make_uscc(6): ARRIVED_LATE}
    assert causes("pending_units") == {make_uscc(6): DECLARED, make_uscc(7): DECLARED}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """What 海岳 declared of October, file by file."""
    home = Home(tmp_path_factory.mktemp("declared"))
    home.drop("weihai_371002", "enterprise", "2026-11-01", "名录.csv", roster(1, 2, 3))
    october = [cover(unit, f"2026-10-0{unit}", "2027-09-30") for unit in (1, 2, 3)]
    home.drop("weihai_hayc", "policy", "2026-11-02", "一.csv", drops.POLICY + october[0] + october[1])
    ledger = "台账编号,保险机构,保单号,入账日期,费用类型,金额\n"
    entries = "".join(f"E{number},海岳财险,P1-2026-10-01,2026-10-1{number},提取,100\n" for number in (1, 2))
    home.drop("weihai_hayc", "fee_ledger", "2026-11-02", "台账.csv", ledger + entries)
    home.drop("weihai_hayc", "fee_ledger", "2026-11-03", "台账.csv", ledger + entries.replace("E", "F"))
    hazards = (
        "隐患编号,被保险人统一社会信用代码,保险机构,所在区市,隐患等级,发现日期\n"
        + f"H1,{make_uscc(1)},海岳财险,环翠区,一般,2026-10-08\n"
    )
    home.drop("weihai_hayc", "hazard", "2026-11-02", "隐患.csv", hazards)
    home.drop("weihai_hayc", "hazard", "2026-11-03", "隐患.tsv", hazards.replace(",", "\t"))
    said = [
        "保单,2026年10月,2026-10-31,3,3000,否", "费用台账,202610,2026-10-31,2,200,否".replace("费用台账", "事故预防费用台账"),
        "隐患台账,2026-10,2026-10-31,1,,否", "理赔,2026-10,2026-10-31,,,是", "批单,2026-10,2099-01-01,0,,",
    ]  # fmt: skip
    home.drop("weihai_hayc", "declaration", "2026-11-05", "声明.csv", DECLARATION + "\n".join(said) + "\n")
    return home.build("2026-11-05")


def hints(home: Home) -> dict[str, str]:
    rows = home.rows(
        "select rule_code || ' ' || record_key, message from quality.cross_feed_findings where provider = 'weihai_hayc' "
        "and (rule_code like 'declared%' or rule_code like 'covers%')"
    )
    return dict(rows)


def test_a_file_lost_on_the_way_and_one_sent_twice_are_found(told: Home) -> None:
    found = hints(told)
    assert set(found) == {
        "declared_differs policy|2026-10", "declared_differs fee_ledger|2026-10", "declared_came_twice hazard|2026-10",
        "covers_to_ahead endorsement|2026-10",
    }  # fmt: skip
    assert "3 行、3000.00 元），实收 2 行、2000.00 元" in found["declared_differs policy|2026-10"]
    assert "2 行、200.00 元），实收 4 行、400.00 元" in found["declared_differs fee_ledger|2026-10"]
    assert told.rows(
        "select feed, declared_rows, loaded_rows, cast(covers_to as varchar), is_declared, days_late from quality.coverage "
        "where provider = 'weihai_hayc' and declared_periods > 0 order by feed"
    ) == [
        ("claim", 0, 0, "2026-10-31", True, 0), ("endorsement", 0, 0, "2026-11-05", True, 0), ("fee_ledger", 2, 4, "2026-10-31", True, 0),
        ("hazard", 1, 1, "2026-10-31", True, 0), ("policy", 3, 2, "2026-10-31", True, 0),
    ]  # fmt: skip


def test_the_lost_file_fills_the_gap_when_it_comes(told: Home, tmp_path: Path) -> None:
    lost = cover(3, "2026-10-03", "2027-09-30")
    told.drop("weihai_hayc", "policy", "2026-11-20", "二.csv", drops.POLICY + lost)
    # What changes afterwards does not make the declaration wrong.
    later = cover(1, "2026-10-01", "2027-09-30").replace(",1000,1000,", ",1500,1500,")
    told.drop("weihai_hayc", "policy", "2026-11-20", "三.csv", drops.POLICY + later)
    told.build("2026-11-20")
    assert "declared_differs policy|2026-10" not in hints(told)
    assert told.rows(
        "select declared_rows, loaded_rows, loaded_amount from quality.declarations where feed = 'policy' and provider = 'weihai_hayc'"
    ) == [(3, 3, 3000)]
    # A zero report of a month in which something was sent is told.
    told.drop("weihai_hayc", "declaration", "2026-11-21", "改.csv", DECLARATION + "保单,2026-10,2026-10-31,,,是\n")
    told.build("2026-11-21")
    assert "零报告" in hints(told)["declared_differs policy|2026-10"]


def test_a_workbook_declares_itself_in_its_first_sheet(home: Home) -> None:
    rows = [drops.HEADER, cover(1, "2026-10-01", "2027-09-30").strip().split(",")]
    said = [DECLARATION.strip().split(","), ["保单", "2026-10", "2026-10-31", "2", "2000", "否"]]
    home.drop("weihai_hayc", "policy", "2026-11-05", "保单.xlsx", drops.book({"报送声明": said, "保单": rows}))
    nothing = [DECLARATION.strip().split(","), ["理赔", "2026-10", "2026-10-31", "", "", "是"]]
    home.drop("weihai_hayc", "claim", "2026-11-05", "零报告.xlsx", drops.book({"报送声明": nothing}))
    wrong = [DECLARATION.strip().split(","), ["保单", "十月", "2026-10-31", "1", "", "否"]]
    home.drop(
        "weihai_dfjc", "policy", "2026-11-05", "保单.xlsx", drops.book({"报送声明": wrong, "保单": [drops.HEADER]})
    )
    home.build()
    assert home.rows("select feed, period, declared_rows, loaded_rows from quality.declarations order by feed") == [
        ("claim", "2026-10", 0, 0), ("policy", "2026-10", 2, 1),
    ]  # fmt: skip
    assert home.rows(
        "select rows_in, rows_accepted, rows_quarantined from quality.file_balance where provider like 'weihai%' order by provider, feed"
    ) == [(1, 0, 1), (1, 1, 0), (2, 2, 0)]
    assert home.rows("select feed, sheet, rule_code from quality.quarantine") == [
        ("declaration", "报送声明", "bad_month")
    ]
    assert home.rows("select count(*) from quality.unread") == [(0,)]


def test_units_left_out_without_a_reason_count_as_required(home: Home) -> None:
    home.drop("weihai_371002", "enterprise", BEFORE, "a.csv", roster(1))
    home.drop("weihai_371002", "enterprise", BEFORE, "b.csv", roster(2, 应保="否"))
    home.drop("weihai_371002", "enterprise", BEFORE, "c.csv", roster(3, 应保="否", 列外原因="已停业"))
    home.drop("weihai_371002", "enterprise", BEFORE, "d.csv", roster(4, 应保="否", 行业领域="燃气"))
    home.build()
    assert whole_city(home)[3] == 2
    assert home.rows(
        "select record_key from quality.cross_feed_findings where rule_code = 'not_required_without_reason'"
    ) == [(f"{make_uscc(2)}|hazchem",)]
    assert home.rows(
        "select exempt_units from marts.supervision_metrics where district_code = '371002' and industry_code = 'ALL' and stat_year = 2026"
    ) == [(1,)]
    assert home.rows("select exempt_units from marts.assessment where target_code = '371002' and stat_year = 2026") == [
        (1,)
    ]
    assert home.rows("select units, required_units, exempt_units, not_required_units from marts.roster_freshness where provider = 'weihai_371002'") == [
        (4, 1, 1, 2)
    ]  # fmt: skip


def document(number: str, kind: str, day: str, status: str = "", **more: str) -> str:
    row = {"后续事项": "", "落实期限": "", "落实日期": ""} | more
    return (
        "文件编号,文件类别,标题,文件日期,年度,正文,后续事项,落实期限,落实日期,记录状态\n"
        f"{number},{kind},样例,{day},{day[:4]},文字,{row['后续事项']},{row['落实期限']},{row['落实日期']},{status}\n"
    )


def test_duties_of_one_year_are_owed_once_and_what_is_withdrawn_has_not_come(home: Home) -> None:
    home.drop("weihai_371002", "document", "2023-05-10", "a.csv", document("F1", "实施方案", "2023-05-10"))
    home.drop("weihai_371003", "document", "2023-05-10", "a.csv", document("F1", "实施方案", "2023-05-10"))
    home.drop("weihai_371003", "document", "2023-05-12", "b.csv", document("F1", "实施方案", "2023-05-10", "撤销"))
    # Withdrawn and sent again after the deadline: it came that day. And one in time with a part that was late.
    home.drop("weihai_371082", "document", "2023-05-10", "a.csv", document("F1", "实施方案", "2023-05-10"))
    home.drop("weihai_371082", "document", "2023-05-12", "b.csv", document("F1", "实施方案", "2023-05-10", "撤销"))
    home.drop("weihai_371082", "document", "2023-05-30", "c.csv", document("F1", "实施方案", "2023-05-11"))
    home.drop("weihai_371083", "document", "2023-05-10", "a.csv", document("F1", "实施方案", "2023-05-10"))
    home.drop("weihai_371083", "document", "2023-06-10", "b.csv", document("F2", "实施方案", "2023-06-10"))
    home.drop(
        "weihai_city",
        "document",
        "2023-05-29",
        "会议.csv",
        document("M1", "会议", "2023-05-28", 后续事项="各区市报方案", 落实期限="2023-06-10"),
    )
    home.drop("weihai_city", "document", "2024-06-01", "会议.csv", document("M2", "会议", "2024-05-28"))
    home.build()
    rows = home.rows(
        "select provider, status, documents, documents_late, days_late from marts.submissions "
        "where obligation_code = 'area_plan' and stat_year = 2023 and documents > 0 order by provider"
    )
    assert rows == [
        ("weihai_371002", "按时", 1, 0, None),
        ("weihai_371082", "迟报", 1, 1, 10),
        ("weihai_371083", "按时", 2, 1, None),
    ]
    assert home.rows("select distinct stat_year from marts.submissions where obligation_code = 'area_plan'") == [
        (2023,)
    ]
    assert home.rows("select status from marts.submissions where obligation_code = 'kickoff_meeting'") == [("按时",)]
    assert home.rows("select doc_no, stage, state from marts.meetings order by 1") == [
        ("M1", "动员部署阶段", "逾期未落实"), ("M2", None, "无后续事项"),
    ]  # fmt: skip
    assert home.rows("select stage_code, state, plans, meetings from marts.programme_stages order by 1") == [
        ("1", "已结束", 3, 1), ("2", "已结束", 1, 0), ("3", "已结束", 0, 0),
    ]  # fmt: skip


def test_the_roster_keeps_a_log_of_its_changes(home: Home) -> None:
    home.drop("weihai_371002", "enterprise", "2026-01-05", "a.csv", roster(1, 2, 3))
    home.drop(
        "weihai_371002",
        "enterprise",
        "2026-07-05",
        "b.csv",
        roster(1, 4) + roster(2, 应保="否", 列外原因="已停业").split("\n", 1)[1],
    )
    home.build()
    rows = home.rows("select uscc, change, difference from marts.roster_changes order by line_no")
    assert rows == [
        (make_uscc(4), "新增", None), (make_uscc(2), "变更", "应保：是 → 否；列外原因：空 → 已停业"),
    ]  # fmt: skip
    assert home.rows(
        "select old_units, added_units, changed_units, removed_units, days_late from marts.roster_freshness where provider = 'weihai_371002'"
    ) == [(1, 1, 1, 0, 0)]


def test_the_scorecard_knows_who_was_silent_and_whose_totals_agree(late: tuple[Home, Path], told: Home) -> None:
    """October was due on 10 November: 海岳 had sent nothing by then and 蓝海 in the middle of the month, both missed it; silence has its
    row too. Of the entries declared two of four agree."""
    rows = late[0].rows(
        "select provider, rows_in, periods_due, periods_on_time, coverage from quality.provider_scorecard "
        "where month = '2026-11-01' and feed = 'policy' order by provider"
    )
    assert rows == [
        ("weihai_dfjc", 0, 1, 0, 0), ("weihai_hayc", 5, 1, 0, 0), ("weihai_lhcx", 0, 1, 0, 0), ("weihai_tsbx", 0, 1, 0, 0),
    ]  # fmt: skip
    rows = told.rows(
        "select feed, periods_declared, periods_differing, control from quality.provider_scorecard "
        "where month = '2026-11-01' and provider = 'weihai_hayc' and feed in ('fee_ledger', 'hazard') order by feed"
    )
    assert rows == [("fee_ledger", 1, 1, 0.5), ("hazard", 1, 0, 1)]

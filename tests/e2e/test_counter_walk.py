"""A sender's way through the counter, a person's in a real browser and a system's with a client made from the OpenAPI document, and a
publication beside it: hand in, faults, correction workbook, hand in, declare, answer, published."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from aiopenapi3 import OpenAPI
from aiopenapi3.errors import HTTPClientError
from browser import needs_browser, open_browser
from conftest import Home, make_uscc
from counters import Server, token
from playwright.sync_api import Page
from returns import POLICY, policy, small_world

HUGE = "99000000.00"
GOOD = policy("G1", 41, "好单位", "100.00")
BAD = GOOD.replace("G1", "B1").replace(",100.00,", ",一百元,", 1) + GOOD.replace("G1", "B2").replace("有效", "胡说")
CLAIM = "赔案号,保单号,被保险人统一社会信用代码,出险时间,报案时间,估损金额,累计已付赔款,案件状态\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Published, with an amount of an insurer that is asked back."""
    home = small_world(Home(tmp_path_factory.mktemp("walk")))
    rows = "".join(policy(f"U{number}", 100 + number, "单位", "1000.00") for number in range(20))
    home.drop("weihai_hayc", "policy", "2024-01-05", "many.csv", POLICY + rows + policy("HUGE", 99, "大单位", HUGE))
    home.drop(
        "weihai_dfjc",
        "policy",
        "2024-01-05",
        "d.csv",
        POLICY + policy("D1", 98, "另一单位", "1000.00").replace("海岳财险", "东峰财险"),
    )
    home.land()
    home.build().publish()
    return home


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[Server]:
    server = Server(home)
    yield server
    server.stop()


def mended(path: Path) -> bytes:
    """A correction workbook put right by hand."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    heads = {str(cell.value).rstrip("*＊ "): cell.column for cell in sheet[1]}
    assert any(sheet.cell(row, column).comment for row in (2, 3) for column in heads.values())
    for row in (2, 3):
        sheet.cell(row, heads["签单保费"]).value = "300.00"
        sheet.cell(row, heads["保单状态"]).value = "有效"
    book.save(path)
    return path.read_bytes()


def checked(page: Page) -> list[int]:
    """The counts of a receipt, once it has been looked at; the page asks again by itself."""
    page.locator("#counts").wait_for()
    return [int(text) for text in page.locator("#counts td").all_inner_texts()]


@needs_browser
def test_a_person_and_a_system_hand_in_and_a_publication_takes_it_up(
    home: Home, server: Server, tmp_path: Path
) -> None:
    address, secret = f"http://127.0.0.1:{server.port}", token(home, "weihai_hayc")
    with open_browser() as (page, watched):
        page.goto(address)
        page.get_by_label("令牌").fill(secret)
        page.get_by_role("button", name="登录").click()
        page.get_by_role("heading", name="要办的事").wait_for()
        # Tried first, without sending.
        page.get_by_label("报送表").first.select_option("policy")
        page.locator("input[type=file]").set_input_files(
            {"name": "保单.csv", "mimeType": "text/csv", "buffer": (POLICY + GOOD + BAD).encode()}
        )
        page.get_by_role("button", name="只检查").click()
        page.get_by_role("heading", name="试报结果").wait_for()
        assert checked(page) == [3, 1, 2, 0]
        page.goto(f"{address}/counter")
        assert page.get_by_text("还没有从窗口报送过").count() == 1
        # Handed in: every fault beside its value.
        page.get_by_label("报送表").first.select_option("policy")
        page.locator("input[type=file]").set_input_files(
            {"name": "保单.csv", "mimeType": "text/csv", "buffer": (POLICY + GOOD + BAD).encode()}
        )
        page.get_by_role("button", name="报送", exact=True).click()
        page.get_by_role("heading", name="收件回执").wait_for()
        assert checked(page) == [3, 1, 2, 0]
        number = page.locator("#number").inner_text()
        faults = page.locator("#issues").inner_text()
        assert "一百元" in faults and "签单保费" in faults and "胡说" in faults and "保单状态" in faults
        assert "等待夜间入库" in page.locator("#state").inner_text()
        # The correction workbook, put right and sent back as it is.
        with page.expect_download() as download:
            page.locator("#corrections").click()
        download.value.save_as(tmp_path / "更正.xlsx")
        content = mended(tmp_path / "更正.xlsx")
        page.goto(f"{address}/counter")
        page.get_by_label("报送表").first.select_option("policy")
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        page.locator("input[type=file]").set_input_files({"name": "更正.xlsx", "mimeType": kind, "buffer": content})
        page.get_by_role("button", name="报送", exact=True).click()
        page.get_by_role("heading", name="收件回执").wait_for()
        assert checked(page) == [2, 2, 0, 0]
        # A claim whose policy nobody has sent: said at once, as of the last publication.
        page.goto(f"{address}/counter")
        page.get_by_label("报送表").first.select_option("claim")
        claim = CLAIM + f"C1,NOBODY,{make_uscc(41)},2023-05-01,2023-05-01,1000.00,0,处理中\n"
        page.locator("input[type=file]").set_input_files(
            {"name": "理赔.csv", "mimeType": "text/csv", "buffer": claim.encode()}
        )
        page.get_by_role("button", name="报送", exact=True).click()
        assert checked(page) == [1, 1, 0, 0] and "NOBODY" in page.locator("#hints").inner_text()
        # Declared, and the amount confirmed that was asked back.
        page.goto(f"{address}/counter")
        page.locator("form[action^='/declare'] select").select_option("policy")
        page.get_by_label("期间").first.fill("2023-12")
        page.get_by_label("数据截至").fill("2023-12-31")
        page.get_by_label("行数").fill("22")
        page.get_by_role("button", name="声明").click()
        assert checked(page) == [1, 1, 0, 0]
        page.get_by_role("navigation").get_by_text("待答复").click()
        asked = page.locator("#to_confirm tbody tr")
        assert asked.count() >= 1 and "99,000,000.00" in asked.first.inner_text()
        while asked.count():  # written and received are asked for one by one
            asked.first.get_by_label("理由").fill("已与业务部门核对")
            asked.first.get_by_role("button", name="确认无误").click()
            page.get_by_role("heading", name="待确认的金额").wait_for()
        watched.assert_quiet()

        # The same over HTTP, by a client that knows the OpenAPI document and nothing else, for another insurer.
        api = OpenAPI.load_sync(f"{address}/api/v1/openapi.json")
        api.authenticate(token=token(home, "weihai_dfjc"))
        drops = over_http(api, tmp_path)

        # A publication beside the counter, which goes on taking files.
        home.build().publish()
        page.goto(f"{address}/drops/{number}")
        assert "已入库" in page.locator("#state").inner_text()
        assert home.rows(
            f"select file_name, rows_in from quality.file_balance where receipt_no = '{number}'", published=True
        ) == [("保单.csv", 3)]
        assert home.rows(
            "select count(*) from marts.fct_policy where policy_no in ('G1', 'B1', 'B2') and provider = 'weihai_hayc'",
            published=True,
        ) == [(3,)]
        assert home.rows(
            "select count(*) from quality.quarantine where status = 'open' and provider = 'weihai_hayc'", published=True
        ) == [(0,)]
        page.goto(f"{address}/questions")
        assert page.locator("#to_confirm tbody tr").count() == 0
        assert home.rows("select count(*) from quality.to_confirm", published=True) == [(0,)]
        # The claim's hint is the warehouse's own now; explained, it is asked no more.
        hint = page.locator("#hints tbody tr", has_text="NOBODY")
        hint.get_by_label("理由").fill("保单随后补报")
        hint.get_by_role("button", name="说明").click()
        page.get_by_role("heading", name="提示").wait_for()
        assert page.locator("#hints tbody tr", has_text="NOBODY").count() == 0
        watched.assert_quiet()
    for drop in drops:
        found = api._.getDrop(parameters={"key": drop})
        assert found.state == "in_warehouse" and found.publication == api._.latestPublication().publication_id
    assert home.rows(
        "select count(*) from marts.fct_policy where policy_no in ('S1', 'S2') and provider = 'weihai_dfjc'",
        published=True,
    ) == [(2,)]


def over_http(api: OpenAPI, folder: Path) -> list[str]:
    """What the client does before the night; the numbers of its drops."""

    def looked_at(number: str) -> Any:
        for _ in range(100):
            found = api._.getDrop(parameters={"key": number})
            if found.state not in ("received", "readable"):
                return found
            time.sleep(0.2)
        raise AssertionError("nobody looked at it")

    feeds = {feed.feed for feed in api._.listFeeds()}
    assert "policy" in feeds and "enterprise" not in feeds
    assert api._.listObligations().feeds and api._.listQuestions().to_confirm == []
    own = (POLICY + policy("S1", 61, "甲", "100.00") + policy("S2", 62, "乙", "一百元")).replace("海岳财险", "东峰财险")
    tried = api._.handIn(parameters={"key": "policy", "dry_run": True, "X-File-Name": "a.csv"}, data=own.encode())
    assert (tried.rows_in, tried.accepted, tried.quarantined) == (2, 1, 1) and any(
        issue.line_no == 3 for issue in tried.issues
    )
    drop = api._.handIn(parameters={"key": "policy", "X-File-Name": "a.csv"}, data=own.encode())
    assert looked_at(drop.number).quarantined == 1
    issues = api._.listIssues(parameters={"number": drop.number})
    assert {issue.column_title for issue in issues.issues} == {"签单保费", "实收保费"}
    raw = api.createRequest("getCorrections").request(parameters={"number": drop.number})
    (folder / "own.xlsx").write_bytes(raw.data)
    book = openpyxl.load_workbook(folder / "own.xlsx")
    sheet = book.worksheets[0]
    heads = {str(cell.value).rstrip("*＊ "): cell.column for cell in sheet[1]}
    for title in ("签单保费", "实收保费"):
        sheet.cell(2, heads[title]).value = "100.00"
    book.save(folder / "own.xlsx")
    again = api._.handIn(
        parameters={"key": "policy", "X-File-Name": "own.xlsx"}, data=(folder / "own.xlsx").read_bytes()
    )
    assert looked_at(again.number).accepted == 1
    declared = api._.declare(data=[{"feed": "policy", "period": "2023-12", "covers_to": "2023-12-31", "rows": 3}])
    assert looked_at(declared.number).accepted == 1
    assert api._.listDrops(parameters={"size": 2}).total == 3
    with pytest.raises(HTTPClientError, match=re.escape("没有报送表")):
        api._.handIn(parameters={"key": "nothing", "X-File-Name": "a.csv"}, data=b"x")
    return [drop.number, again.number, declared.number]

"""The pages for readers, served as a user starts them and driven in a real browser."""

from __future__ import annotations

import html
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb
import polars as pl
import pytest
from browser import needs_browser, open_browser
from conftest import ANZE, Home, socket_guard
from counters import free_port, served
from playwright.sync_api import Page

from pipelines.site.site import write_sites


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home without a publication at first."""
    home = Home(tmp_path_factory.mktemp("dashboard"))
    home.settings.warehouse.mkdir()
    return home


@pytest.fixture(scope="module")
def url(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    guard = tmp_path_factory.mktemp("guard")
    watched, connections = socket_guard(guard)
    environment = {
        **os.environ, **watched, "ANZE_HOME": str(home.path), "ANZE_DASHBOARD_LOOK_AGAIN": "1",
    }  # fmt: skip
    with (guard / "log").open("w") as log:
        server = subprocess.Popen([ANZE, "dashboard", "--port", str(port)], env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=1).read()
            break
        except OSError:
            assert server.poll() is None, (guard / "log").read_text()
            time.sleep(0.2)
    yield address
    server.send_signal(signal.SIGINT)
    server.wait(20)
    assert set(connections.read_text().split()) <= {"127.0.0.1", "::1"}
    assert "Traceback" not in (guard / "log").read_text(), (guard / "log").read_text()[-3000:]


def fetched(url: str, **headers: str) -> str:
    """A page; one whose file is still being made is asked for again."""
    for _ in range(60):
        request = urllib.request.Request(url, headers=headers)
        text = str(urllib.request.urlopen(request, timeout=60).read().decode())
        if "新的发布正在准备" not in text:
            return text
        time.sleep(0.5)
    raise AssertionError(f"{url} is not ready")


def status_of(url: str, **headers: str) -> int:
    try:
        return int(urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60).status)
    except urllib.error.HTTPError as refused:
        return int(refused.code)


def publish(home: Home, dirty_world: Home, publication_id: str) -> None:
    """A publication of its own name takes the place of what is there, as a night would do it."""
    fresh = home.settings.warehouse / "fresh.duckdb"
    fresh.write_bytes(dirty_world.settings.published.read_bytes())
    with duckdb.connect(str(fresh)) as connection:
        connection.execute("update meta.publication set publication_id = ?", [publication_id])
    fresh.chmod(0o444)
    fresh.replace(home.settings.published)


def choose(page: Page, label: str, option: str) -> None:
    """Picks a filter; the page opens anew with it in its address."""
    page.get_by_label(label, exact=True).select_option(label=option)
    page.wait_for_load_state()


@needs_browser
def test_from_empty_warehouse_to_records_of_a_number_and_a_new_publication(
    home: Home, url: str, dirty_world: Home, tmp_path: Path
) -> None:
    expected = dict(
        dirty_world.rows(
            "select district_code, round(participation_rate * 100, 2) from marts.supervision_metrics "
            "where jurisdiction = 'weihai' and stat_year = 2025 and industry_code = 'ALL'",
            published=True,
        )
    )
    with open_browser() as (page, watched):
        # Nothing there yet: the page says what to do, and opens by itself once something is published.
        page.goto(url)
        page.get_by_text("还没有发布的数据仓").wait_for()
        assert "anze nightly" in page.locator("body").inner_text()
        publish(home, dirty_world, "first-publication")
        page.get_by_text("first-publication").wait_for()
        # Filters, which stand in the address: the same address shows the same to whoever it is sent to.
        choose(page, "统计辖区", "威海市")
        choose(page, "统计年度", "2025")
        page.get_by_text(f"{expected['ALL']:.2f}%").first.wait_for()
        choose(page, "区市", "环翠")
        page.wait_for_url("**district=371002**")  # the worst three of the city may show the same number before
        page.get_by_text(f"{expected['371002']:.2f}%").first.wait_for()
        assert "year=2025" in page.url
        page.reload()
        page.get_by_text(f"{expected['371002']:.2f}%").first.wait_for()
        # One click from a number to its records, and a workbook of all of them.
        page.locator(".tile[data-metric=participation_rate] a.figure").click()
        page.get_by_role("heading", name=f"参保率 {expected['371002']:.2f}%").wait_for()
        body = page.locator("body").inner_text()
        assert "参保率 = 已参保应保单位数" in body and "÷ 应保单位数" in body and "分母 · 应保单位数" in body
        with page.expect_download() as download:
            page.get_by_role("link", name="下载工作簿").click()
        download.value.save_as(tmp_path / "explained.xlsx")
        required = dirty_world.rows(
            "select required_units from marts.supervision_metrics where stat_year = 2025 and district_code = '371002' and industry_code = 'ALL'",
            published=True,
        )[0][0]
        records = pl.read_excel(tmp_path / "explained.xlsx", sheet_name="2分母", read_options={"header_row": 1})
        assert records["计数项"].n_unique() == required and records["文件"].null_count() == 0
        page.get_by_role("link", name="返回").click()
        # Lists: search, order and export; the filters go with them.
        page.get_by_role("navigation").get_by_text("清单", exact=True).click()
        page.get_by_role("link", name="应保未保单位").click()
        page.get_by_role("heading", name="应保未保单位").wait_for()
        for kind in ("CSV", "Excel"):
            with page.expect_download() as download:
                page.get_by_role("link", name=f"导出 {kind}").click()
            download.value.save_as(tmp_path / f"units.{kind}")
        units = dirty_world.rows(
            "select uscc from marts.uninsured_units where district_code = '371002'", published=True
        )
        expected_units = sorted(uscc for (uscc,) in units)
        assert sorted(pl.read_csv(tmp_path / "units.CSV")["单位"]) == expected_units
        book = pl.read_excel((tmp_path / "units.Excel").read_bytes(), read_options={"header_row": 1})
        assert sorted(book["单位"]) == expected_units
        page.get_by_role("link", name="从业人员数").click()
        page.wait_for_url("**sort=-employees**")
        employees = [
            int(text.replace(",", ""))
            for text in page.locator("tbody tr td:nth-child(6)").all_inner_texts()
            if text != "—"
        ]
        assert employees == sorted(employees, reverse=True) and len(employees) > 1
        page.get_by_placeholder("单位、编号或任何文字").fill("没有这样的单位")
        page.get_by_placeholder("单位、编号或任何文字").press("Enter")
        page.get_by_text("没有符合的记录").wait_for()
        for view, heading in (
            ("区市行业", "区市 × 行业"), ("趋势", "趋势"), ("承保机构", "承保机构"), ("监管发现", "监管发现"), ("口径", "指标口径"),
        ):  # fmt: skip
            page.get_by_role("navigation").get_by_text(view, exact=True).click()
            page.get_by_role("heading", name=heading).first.wait_for()
            for picture in page.locator("img.chart-picture").all():
                assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        # A finding, and the records it rests on.
        page.get_by_role("navigation").get_by_text("监管发现", exact=True).click()
        page.get_by_role("link", name="监管发现清单").click()
        # One of a sender's own record: its number holds a slash.
        page.locator("tbody a", has_text="/").first.click()
        page.get_by_role("heading", name="所据记录").wait_for()
        assert page.locator("section", has_text="所据记录").locator("tbody tr").count() > 0
        # A new publication is picked up without a reload.
        publish(home, dirty_world, "second-publication")
        page.get_by_text("second-publication").wait_for()
        watched.assert_quiet()


@needs_browser
def test_the_static_site_from_the_same_address_leads_to_records_and_whole_lists(dirty_world: Home) -> None:
    write_sites(dirty_world.settings.model_copy(update={"site_audiences": "weihai_city,weihai_371002"}))
    with served(dirty_world, "dashboard") as server, open_browser() as (page, watched):
        page.goto(f"{server}/site/weihai_city/index.html")
        page.locator(".years button", has_text="2025").click()
        tile = page.locator("section:not([hidden]) .tile[data-metric=participation_rate] a.figure")
        value = tile.inner_text()
        tile.click()
        page.get_by_role("heading", name=f"参保率 {value}").wait_for()
        page.goto(f"{server}/site/weihai_city/index.html")
        row = page.locator("section:not([hidden]) tr[data-cell*=district]").first
        name, value = row.locator("td").first.inner_text(), row.locator("td").nth(1).inner_text()
        row.locator("td a").first.click()
        page.get_by_role("heading", name=f"应保单位数 {value} 家").first.wait_for()
        assert name in page.locator("main").inner_text()
        page.goto(f"{server}/site/weihai_city/units.html")
        page.locator("#list-uninsured h3 a").click()
        page.get_by_role("heading", name="应保未保单位").wait_for()
        watched.assert_quiet()


def test_an_audience_sees_its_share_only(dirty_world: Home, tmp_path: Path) -> None:
    write_sites(dirty_world.settings.model_copy(update={"site_audiences": "weihai_city,weihai_371002"}))
    with served(dirty_world, "dashboard", "--audience", "weihai_371002") as server:
        page = fetched(f"{server}/figures")
        assert (
            "参保率" in page
            and "上海" not in page
            and '<select name="city"' not in page
            and '<select name="insurer"' not in page
        )
        for path, status in (
            ("/figures?audience=weihai_city", 403), ("/figures?audience=*", 403), ("/lists/uninsured?audience=weihai_371003", 403),
            ("/lists/nothing", 404), ("/lists/insurers", 404), ("/site/weihai_city/index.html", 403), ("/site/weihai_371002/index.html", 200),
            ("/site/weihai_371002/../weihai_city/index.html", 404), ("/site/weihai_371002/..%2Fweihai_city%2Findex.html", 404),
            ("/site/weihai_371002/%2e%2e/%2e%2e/%2e%2e/warehouse/anze.duckdb", 404), ("/site/..%2Fcurrent/index.html", 403), ("/chart.svg?view=overview&place=9", 404),
            ("/findings/nothing", 404), ("/explain.xlsx?metric=nothing", 404), ("/counter", 404), ("/api/v1/feeds", 404),
        ):  # fmt: skip
            assert status_of(f"{server}{path}") == status, path
        units = pl.read_csv(fetched(f"{server}/lists/uninsured.csv").encode())
        inside = {
            uscc
            for (uscc,) in dirty_world.rows(
                "select uscc from marts.uninsured_units where district_code = '371002'", published=True
            )
        }
        assert set(units["单位"]) == inside
        taken = tmp_path / "extract.duckdb"
        taken.write_bytes(urllib.request.urlopen(f"{server}/extract.duckdb").read())
        with duckdb.connect(str(taken), read_only=True) as extract:
            assert extract.execute("select distinct district_code from marts.uninsured_units").fetchall() == [
                ("371002",)
            ]
        assert "weihai_371002" in (dirty_world.path / "shared" / "log.jsonl").read_text()
    with served(dirty_world, "dashboard", "--audience", "weihai_hayc") as server:
        page = fetched(f"{server}/figures")
        assert 'data-metric="participation_rate"' not in page and page.count('class="tile ') == 3
    files = {
        path.name.split("_20")[0].rsplit("_", 1)[0] for path in (dirty_world.path / "dashboard").glob("weihai_*.duckdb")
    }
    assert {"weihai_371002", "weihai_hayc"} <= files
    assert (dirty_world.path / "dashboard").stat().st_mode & 0o077 == 0


def test_every_number_of_a_page_has_its_records(dirty_world: Home) -> None:
    """Each metric that a page shows, of a place with many records and of one with few or none."""
    with served(dirty_world, "dashboard") as server:
        for view, narrow in (("overview", "district=3710"), ("insurers", "insurer=")):
            page = fetched(f"{server}/figures?view={view}&city=weihai&year=2025")
            links = [html.unescape(link) for link in re.findall(r'href="(/explain[^"]+)"', page)]
            chosen = {(re.findall(r"metric=(\w+)", link)[0], narrow in link): link for link in links}
            assert len(chosen) > 10
            for link in chosen.values():
                page = fetched(f"{server}{link}")
                assert "算式" in page or "没有逐条记录可列" in page, link


def test_hostile_words_stay_words(dirty_world: Home) -> None:
    """What stands in an address is searched for or ignored; nothing of it is run, and nothing of it breaks a page."""
    with served(dirty_world, "dashboard") as server:
        for words in (
            "<script>alert(1)</script>",
            "' or 1=1 --",
            '"; drop table marts.findings; --',
            "%_",
            "\\",
            "{{7*7}}",
            "\x00",
            "啊" * 3000,
        ):
            page = fetched(f"{server}/lists/uninsured?q={quote(words)}")
            assert "<script>alert" not in page and "49" not in page.split("<h2>")[1].split("</h2>")[0], words
            assert "没有符合的记录" in page, words
        for query in (
            "sort=uscc;--", "sort=%22", "page=0", "page=-1", "page=999999999", "page=%D9%A3", "city=nowhere", "year=abc", "year=99999999999999999999",
            "district=%27", "metric=%27", "view=../x", "insurer=%00",
        ):  # fmt: skip
            for path in ("figures", "lists/uninsured", "explain"):
                assert status_of(f"{server}/{path}?{query}") == 200, (path, query)
        assert status_of(f"{server}/figures", Host="evil.example") == 400


def test_with_sign_in_configured_nobody_sees_anything_before(dirty_world: Home, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        '[auth]\nredirect_uri = "http://localhost/oauth2callback"\nclient_id = "a"\nclient_secret = "b"\nserver_metadata_url = "http://localhost:1/none"\n'
    )
    with served(dirty_world, "dashboard", ANZE_OIDC_SECRETS=str(secrets)) as server:
        for path in (
            "/",
            "/figures",
            "/lists/uninsured.csv",
            "/explain",
            "/chart.svg",
            "/audiences",
            "/version",
            "/site/weihai_city/index.html",
        ):
            page = fetched(f"{server}{path}")
            assert "用统一账号登录" in page and "weihai" not in page, path


def test_a_broken_file_is_said_to_be_broken(tmp_path: Path) -> None:
    broken = Home(tmp_path)
    broken.settings.warehouse.mkdir()
    broken.settings.published.write_bytes(b"no database")
    with served(broken, "dashboard") as server:
        assert "anze doctor" in fetched(f"{server}/figures")


def test_the_command_refuses_unknown_audiences(dirty_world: Home) -> None:
    done = dirty_world.anze("dashboard", "--audience", "nobody")
    assert done.returncode == 2 and "weihai_city" in done.stderr


def test_lists_obey_the_filters_and_have_their_own(dirty_world: Home) -> None:
    """What the address narrows a list to is what comes out of it, as a page and as a file."""

    def rows(server: str, query: str) -> pl.DataFrame:
        asked = urllib.parse.quote(f"city=weihai&{query}", safe="&=")
        return pl.read_csv(fetched(f"{server}/lists/findings.csv?{asked}").encode(), infer_schema=False)

    with served(dirty_world, "dashboard") as server:
        every = rows(server, "")
        assert every["发生日期"].str.slice(0, 4).n_unique() > 1
        for query, where in (
            ("year=2025", pl.col("发生日期").str.starts_with("2025")),
            ("year=2025&district=371002", pl.col("发生日期").str.starts_with("2025") & (pl.col("区市") == "环翠")),
            ("severity=高&insurer=HAYC", (pl.col("严重程度") == "高") & (pl.col("保险机构") == "海岳财险")),
            ("to_do=是", pl.col("待办") == "true"),
        ):
            assert 0 < rows(server, query).height == every.filter(where).height < every.height, query
        # The filters are kept by every link of the page, and all years can be had again.
        page = html.unescape(fetched(f"{server}/lists/findings?city=weihai&year=2025&severity=%E9%AB%98"))
        assert "sort=-amount" in page and page.count("severity=%E9%AB%98") > 3 and "全部年度" in page
        assert 'href="/figures?view=trends&audience=' in page.replace("&amp;", "&") or "view=trends" in page


def test_the_first_screen_counts_what_its_lists_show(dirty_world: Home) -> None:
    with served(dirty_world, "dashboard") as server:
        for place in ("city=weihai", "city=weihai&district=371002", "city=weihai&insurer=HAYC"):
            page = fetched(f"{server}/figures?{place}")
            shown = re.findall(r'<li><a href="(/lists/[^"]+)"><b>([\d,]+)</b>', page.split('id="news"')[0])
            assert len(shown) > 2
            for link, count in shown:
                assert f"共 {count} 条" in fetched(f"{server}{html.unescape(link)}"), (place, link)
        # What is new since a day that is chosen, in the address.
        page = fetched(f"{server}/figures?city=weihai&since=2025-12-31")
        assert 'name="since" value="2025-12-31"' in page and "since=2025-12-31" in page

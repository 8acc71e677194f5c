"""The interactive page, served as a user starts it and driven in a real browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest
from browser import needs_browser, open_browser
from conftest import ANZE, Home, socket_guard
from playwright.sync_api import Page
from streamlit.testing.v1 import AppTest

from pipelines import settings as config
from pipelines.dashboard.serve import APP


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home without a publication at first."""
    home = Home(tmp_path_factory.mktemp("dashboard"))
    home.settings.warehouse.mkdir()
    return home


@pytest.fixture(scope="module")
def url(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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


def publish(home: Home, dirty_world: Home, publication_id: str) -> None:
    """A publication of its own name takes the place of what is there, as a night would do it."""
    fresh = home.settings.warehouse / "fresh.duckdb"
    fresh.write_bytes(dirty_world.settings.published.read_bytes())
    with duckdb.connect(str(fresh)) as connection:
        connection.execute("update meta.publication set publication_id = ?", [publication_id])
    fresh.chmod(0o444)
    fresh.replace(home.settings.published)


def at_rest(page: Page) -> None:
    """The page has been written to its end: a file offered on one that is still being written may be gone when asked for."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def choose(page: Page, label: str, option: str) -> None:
    """Picks from a select box of the sidebar."""
    page.get_by_test_id("stSidebar").get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


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
        # Filters.
        choose(page, "统计辖区", "威海市")
        choose(page, "统计年度", "2025")
        page.get_by_text(f"{expected['ALL']:.2f}%").first.wait_for()
        choose(page, "区市", "环翠区")
        page.get_by_text(f"{expected['371002']:.2f}%").first.wait_for()
        # One click from a number to its records, and a workbook of all of them.
        page.get_by_role("button", name="解释").first.click()
        page.get_by_role("heading", name=f"参保率 {expected['371002']:.2f}%").wait_for()
        page.get_by_text("分母 · 应保单位数").wait_for()
        body = page.locator("body").inner_text()
        assert "参保率 = 已参保应保单位数" in body and "÷ 应保单位数" in body and "分母 · 应保单位数" in body
        at_rest(page)
        with page.expect_download() as download:
            page.get_by_role("button", name="下载工作簿").click()
        download.value.save_as(tmp_path / "explained.xlsx")
        required = dirty_world.rows(
            "select required_units from marts.supervision_metrics where stat_year = 2025 and district_code = '371002' and industry_code = 'ALL'",
            published=True,
        )[0][0]
        records = pl.read_excel(tmp_path / "explained.xlsx", sheet_name="2分母", read_options={"header_row": 1})
        assert records["计数项"].n_unique() == required and records["文件"].null_count() == 0
        page.get_by_role("button", name="返回").click()
        # Lists: search and export.
        page.get_by_test_id("stSidebar").get_by_text("清单", exact=True).click()
        page.get_by_role("heading", name="应保未保单位").wait_for()
        at_rest(page)
        with page.expect_download() as download:
            page.get_by_role("button", name="导出 CSV").click()
        download.value.save_as(tmp_path / "units.csv")
        units = dirty_world.rows(
            "select uscc from marts.uninsured_units where district_code = '371002'", published=True
        )
        assert sorted(pl.read_csv(tmp_path / "units.csv")["单位"]) == sorted(uscc for (uscc,) in units)
        page.get_by_placeholder("单位、编号或任何文字").fill("没有这样的单位")
        page.get_by_placeholder("单位、编号或任何文字").press("Enter")
        page.get_by_text("没有符合的记录").wait_for()
        for view in ("区市行业", "趋势", "承保机构", "监管发现", "口径"):
            page.get_by_test_id("stSidebar").get_by_text(view, exact=True).click()
            page.get_by_role(
                "heading", name=view.replace("区市行业", "区市 × 行业").replace("口径", "指标口径")
            ).first.wait_for()
            assert page.get_by_text("这一页读不出来").count() == 0
        # A new publication is picked up without a reload.
        publish(home, dirty_world, "second-publication")
        page.get_by_text("second-publication").wait_for()
        watched.assert_quiet()


def open_page(monkeypatch: pytest.MonkeyPatch, world: Home, **environment: str) -> AppTest:
    """The page without a browser, in this process."""
    for name, value in {"ANZE_HOME": str(world.path), "ANZE_DASHBOARD_AUDIENCE": "", **environment}.items():
        monkeypatch.setenv(name, value)
    config._from_environment.cache_clear()
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    config._from_environment.cache_clear()
    assert not page.exception
    return page


def test_an_audience_sees_its_share_only(dirty_world: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page(monkeypatch, dirty_world, ANZE_DASHBOARD_AUDIENCE="weihai_371002")
    assert sorted(box.label for box in page.selectbox) == ["指标", "统计年度", "统计辖区", "行业领域"]
    (city,) = (box for box in page.selectbox if box.label == "统计辖区")
    assert city.options == ["威海市"]
    assert page.metric[0].label == "参保率"
    insurer = open_page(monkeypatch, dirty_world, ANZE_DASHBOARD_AUDIENCE="weihai_hayc")
    assert "参保率" not in [metric.label for metric in insurer.metric] and len(insurer.metric) == 3
    files = sorted(path.name.split("_20")[0] for path in (dirty_world.path / "dashboard").glob("weihai_*.duckdb"))
    assert len(files) == 2
    assert (dirty_world.path / "dashboard").stat().st_mode & 0o077 == 0


def test_with_sign_in_configured_nobody_sees_anything_before(
    dirty_world: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = open_page(monkeypatch, dirty_world, ANZE_OIDC_SECRETS=str(tmp_path / "secrets.toml"))
    assert [button.label for button in page.button] == ["登录"]
    assert not page.metric and not page.dataframe and not page.selectbox


def test_a_broken_file_is_said_to_be_broken(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = Home(tmp_path)
    broken.settings.warehouse.mkdir()
    broken.settings.published.write_bytes(b"no database")
    page = open_page(monkeypatch, broken)
    assert "anze doctor" in page.info[0].value


def test_the_command_refuses_unknown_audiences(dirty_world: Home) -> None:
    done = dirty_world.anze("dashboard", "--audience", "nobody")
    assert done.returncode == 2 and "weihai_city" in done.stderr

"""What people see, in a real browser at three widths: what to do first, lists under filters, layout, print."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import needs_browser, open_browser
from conftest import Home
from playwright.sync_api import Page

from pipelines.site.site import write_sites
from pipelines.warehouse.lists import LISTS

CITY, DISTRICT, DEPARTMENT, INSURER = "weihai_city", "weihai_371002", "weihai_dept_construction", "weihai_hayc"
WIDTHS = (1440, 1024, 390)
A4_LANDSCAPE = 1032
"""Pixels of a page between margins of 12 mm."""


@pytest.fixture(scope="module")
def sites(dirty_world: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = Home(tmp_path_factory.mktemp("first"))
    home.settings.warehouse.mkdir()
    home.settings.published.hardlink_to(dirty_world.settings.published)
    audiences = ",".join((CITY, DISTRICT, DEPARTMENT, INSURER))
    return write_sites(home.settings.model_copy(update={"site_audiences": audiences}))


@needs_browser
@pytest.mark.parametrize("audience", [CITY, DISTRICT, DEPARTMENT, INSURER])
def test_each_thing_to_do_leads_to_a_list_of_just_so_many(sites: Path, audience: str) -> None:
    index = (sites / audience / "index.html").as_uri()
    with open_browser() as (page, watched):
        page.goto(index)
        things = [
            (link.get_attribute("href") or "", link.locator("b").inner_text())
            for link in page.locator("#to-do li a").all()
        ]
        assert len(things) >= 3
        for href, count in things:
            code = parse_qs(urlsplit(href).fragment)["list"][0]
            page.goto(index.replace("index.html", href))
            told = page.locator(f"#list-{code} .dt-info").inner_text()
            assert f"共 {count} 条" in told, (href, told)
        watched.assert_quiet()


@needs_browser
def test_the_worst_are_named_and_lead_to_their_own_units(sites: Path, dirty_world: Home) -> None:
    lowest = dirty_world.rows(
        "select short_name, round(participation_rate * 100, 2) from marts.supervision_metrics inner join marts.dim_district using (district_code) "
        "where supervision_metrics.jurisdiction = 'weihai' and industry_code = 'ALL' and participation_rate is not null "
        "and stat_year = (select max(stat_year) from marts.supervision_metrics) order by participation_rate, district_code limit 3",
        published=True,
    )
    with open_browser() as (page, watched):
        page.goto((sites / CITY / "index.html").as_uri())
        places = page.locator("ol.worst:visible").first.locator("li")
        assert places.all_inner_texts() == [f"{name} {rate:.2f}%" for name, rate in lowest]
        places.first.locator("a").click()
        listed = page.locator("#list-uninsured")
        listed.locator(".dt-info").wait_for()
        shown = set(listed.locator("tbody td[data-label=区市]").all_inner_texts())
        assert shown == {lowest[0][0]}
        watched.assert_quiet()


@needs_browser
def test_a_district_sees_target_city_and_place_and_an_insurer_its_share(sites: Path, dirty_world: Home) -> None:
    place, places, city = dirty_world.rows(
        "select place, places, round(city_value * 100, 2) from marts.standing where district_code = '371002' and industry_code = 'ALL' "
        "and metric = 'participation_rate' and stat_year = (select max(stat_year) from marts.standing)",
        published=True,
    )[0]
    with open_browser() as (page, watched):
        page.goto((sites / DISTRICT / "index.html").as_uri())
        standing = page.locator(".tile[data-metric=participation_rate]:visible .standing").inner_text()
        assert "目标 100.00%" in standing and f"全市 {city:.2f}%，第 {place} 位，共 {places} 个区市" in standing
        # Good and bad are told apart without colour.
        assert standing.startswith(("✓ ", "▼ "))
        page.goto((sites / INSURER / "index.html").as_uri())
        assert "承保份额" in page.locator("main table").first.inner_text()
        watched.assert_quiet()


@needs_browser
def test_year_and_filters_are_in_the_address_and_go_along(sites: Path) -> None:
    with open_browser() as (page, watched):
        page.goto((sites / CITY / "index.html").as_uri())
        page.get_by_role("button", name="2025").click()
        assert "year=2025" in page.url
        page.get_by_role("navigation").get_by_text("监管发现", exact=True).click()
        assert page.locator("#filters select[name=year]").input_value() == "2025"
        page.locator("#filters select[name=district]").select_option("环翠")
        page.locator("#filters select[name=severity]").select_option("高")
        listed = page.locator("#list-findings")
        told = listed.locator(".dt-info").inner_text()
        assert set(listed.locator("tbody td[data-label=区市]").all_inner_texts()) == {"环翠"}
        assert {day[:4] for day in listed.locator("tbody td[data-label=发生日期]").all_inner_texts()} == {"2025"}
        # What is sent to somebody shows them the same.
        assert page.context.browser is not None
        other = page.context.browser.new_page()
        other.goto(page.url)
        assert other.locator("#list-findings .dt-info").inner_text() == told
        page.get_by_role("navigation").get_by_text("应保未保", exact=True).click()
        assert page.locator("#filters select[name=district]").input_value() == "环翠"
        page.get_by_role("navigation").get_by_text("趋势", exact=True).click()
        page.locator(".years button.here", has_text="2025").wait_for()
        watched.assert_quiet()


@needs_browser
def test_what_is_new_follows_the_day_chosen(sites: Path, dirty_world: Home) -> None:
    def files(day: str) -> int:
        return int(
            dirty_world.rows(
                f"select count(*) from quality.files inner join marts.dim_provider using (provider) where jurisdiction = 'weihai' and cast(received_at as date) > date '{day}'",
                published=True,
            )[0][0]
        )

    with open_browser() as (page, watched):
        page.goto((sites / CITY / "index.html").as_uri())
        received = page.locator("#news li", has_text="收到的文件").locator("b")
        for day in ("2026-09-30", "2025-12-31"):
            page.locator("#since").fill(day)
            assert received.inner_text().replace(",", "") == str(files(day))
        assert "since=2025-12-31" in page.url and files("2025-12-31") > 0
        watched.assert_quiet()


@needs_browser
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_its_screen_and_no_column_one_character(sites: Path, width: int) -> None:
    """Of every page. On a phone tables are stacked, the header is small; on a desk the last column of a small table
    is not cut."""
    with open_browser() as (page, watched):
        page.set_viewport_size({"width": width, "height": 900})
        for audience in (CITY, INSURER) if width != 1024 else (DISTRICT,):
            for path in sorted((sites / audience).glob("*.html")):
                page.goto(path.as_uri())
                assert page.evaluate("document.documentElement.scrollWidth") <= width, path
                assert page.evaluate("document.querySelector('header').offsetHeight") < 160, path
                thin = page.evaluate(
                    """() => [...document.querySelectorAll('td, th')].filter(cell => cell.offsetWidth && cell.innerText.trim().length > 3
                       && cell.clientWidth < 2.2 * parseFloat(getComputedStyle(cell).fontSize)).map(cell => cell.innerText)"""
                )
                assert thin == [], path
                if width == WIDTHS[0]:
                    cut = page.evaluate(
                        "[...document.querySelectorAll('.scroll')].filter(box => box.scrollWidth > box.clientWidth + 1 "
                        "&& box.querySelectorAll('th').length < 14).map(box => box.parentElement.innerText.slice(0, 40))"
                    )
                    assert cut == [], path
        watched.assert_quiet()


@needs_browser
def test_printed_charts_are_within_a4_and_lists_whole_or_said_to_be_part(sites: Path) -> None:
    with open_browser() as (page, watched):
        for name in ("index", "trends", "insurers", "hazards", "findings"):
            page.goto((sites / CITY / f"{name}.html").as_uri())
            charts = page.locator("div.chart").count()
            page.wait_for_function("n => document.querySelectorAll('div.chart svg').length === n", arg=charts)
            listed = page.evaluate("[...document.querySelectorAll('.dt-info')].map(info => info.innerText)")
            page.set_viewport_size({"width": A4_LANDSCAPE, "height": 700})
            page.emulate_media(media="print")
            page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
            assert (
                page.evaluate(
                    "Math.max(0, ...[...document.querySelectorAll('.chart svg')].map(svg => svg.getBoundingClientRect().right))"
                )
                <= A4_LANDSCAPE
            )
            assert page.evaluate("document.documentElement.scrollWidth") <= A4_LANDSCAPE, name
            for section, told in zip(page.locator("section.list:has(table)").all(), listed, strict=True):
                found = re.search(r"共 ([\d,]+) 条", told)
                assert found is not None
                total = int(found[1].replace(",", ""))
                assert section.locator("tbody tr").count() == min(total, 500)
                if total > 500:
                    assert f"打印前 500 条，共 {total:,} 条" in section.locator(".printed").inner_text()
                assert (
                    section.locator("thead").evaluate("head => getComputedStyle(head).display") == "table-header-group"
                )
            page.evaluate("window.dispatchEvent(new Event('afterprint'))")
            page.emulate_media(media="screen")
            page.set_viewport_size({"width": 1440, "height": 1100})
        watched.assert_quiet()


@needs_browser
def test_the_root_page_lists_the_own_bureau_first_and_finds_units(sites: Path) -> None:
    with open_browser() as (page, watched):
        page.goto((sites / "index.html").as_uri())
        assert page.locator("main a").first.get_attribute("href") == f"{CITY}/index.html"
        assert page.locator("main h3").all_inner_texts()[:2] == ["市应急管理局", "区市应急管理局"]
        page.locator("#find").fill("海岳")
        assert page.locator("main li:visible").count() == 1
        page.locator("#find").fill("没有这样的单位")
        assert page.locator("#none").is_visible() and page.locator("main li:visible").count() == 0
        watched.assert_quiet()


def test_no_page_is_empty_and_none_shows_codes_of_the_program(sites: Path) -> None:
    """Every page but the four that always stand there has a row or a figure; feeds, columns and senders are called by their names."""
    codes = re.compile(
        r'"(policy|claim|hazard|service_record|fee_ledger|enterprise|coinsurance|(?:weihai|shanghai)_[a-z0-9_]+)"'
    )
    for audience in (CITY, DISTRICT, DEPARTMENT, INSURER):
        for path in (sites / audience).glob("*.html"):
            html = path.read_text(encoding="utf-8")
            if path.stem not in ("index", "units", "hazards", "findings"):
                empty = html.count("没有需要处理的记录。") + html.count("没有数据。")
                blocks = html.count('class="card list"') + html.count('class="plain stack"') + html.count("<figure")
                assert blocks > empty, path
            for data in re.findall(r'"rows":\[\[.*', html):
                assert not codes.search(data), (path, codes.search(data))


def test_every_list_has_units_on_its_amounts(sites: Path) -> None:
    assert {"hazard_reconciliation", "to_confirm", "hints"} <= LISTS.keys()
    html = (sites / CITY / "fees.html").read_text(encoding="utf-8")
    assert '"title":"实收保费（万元）"' in html and '"title":"实收保费"' not in html


def _clicked(page: Page, clicks: tuple[str, ...]) -> None:
    for words in clicks:
        page.locator(f"{words}:visible").first.click()
    page.wait_for_load_state("load")


QUESTIONS = [
    # Who asks, what, the clicks from the first screen (at most two), and where the answer stands.
    ("局长", "离目标还有多远？", CITY, (), ".tile[data-metric=participation_rate] .standing"),
    ("局长", "哪些区市最差？", CITY, (), "ol.worst"),
    ("局长", "参保率为什么变了？", CITY, (".tile[data-metric=participation_rate] .change a",), "#list-same-days tbody tr"),
    ("科员", "本周先去哪些单位？", CITY, ("#to-do a[href*=uninsured]",), "#list-uninsured tbody tr"),
    ("科员", "哪些隐患逾期？", CITY, ("#to-do a[href*=hazard_overdue]",), "#list-hazard_overdue tbody tr"),
    ("科员", "谁还没报年度报告？", CITY, ("nav a[href^=submissions]",), "#list-return_calendar tbody tr"),
    ("科员", "谁迟报数据？", CITY, ("nav a[href^=quality]",), "#list-coverage tbody tr"),
    ("分析员", "这个数怎么算、依据哪条？", CITY, (".tile[data-metric=simple_loss_ratio] summary",), ".tile[data-metric=simple_loss_ratio] details"),
    ("区市", "我们在全市排第几？", DISTRICT, (), ".tile[data-metric=service_coverage] .standing"),
    ("保险机构", "哪些行要更正？", INSURER, ("#to-do a[href*=quarantine]",), "#list-quarantine tbody tr"),
    ("保险机构", "我们的份额和得分是多少？", INSURER, (), "main table tbody tr"),
]  # fmt: skip


@needs_browser
def test_what_people_ask_is_answered_within_two_clicks(sites: Path) -> None:
    with open_browser() as (page, watched):
        for who, question, audience, clicks, answer in QUESTIONS:
            assert len(clicks) <= 2
            page.goto((sites / audience / "index.html").as_uri())
            _clicked(page, clicks)
            found = page.locator(f"{answer}:visible").first
            found.wait_for()
            assert re.search(r"[\d一-龥]", found.inner_text()), (who, question)
        watched.assert_quiet()

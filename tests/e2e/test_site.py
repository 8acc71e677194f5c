"""The static site in a real browser: numbers, year, metric, search, sort, export, rights, no network."""

from __future__ import annotations

import functools
import hashlib
import io
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import polars as pl
import pytest
from browser import needs_browser, open_browser
from conftest import Home

from pipelines.site import figures
from pipelines.site.site import write_site, write_sites
from pipelines.warehouse import rights

CITY, DISTRICT, INSURER = "weihai_city", "weihai_371002", "weihai_hayc"


@pytest.fixture(scope="module")
def sites(dirty_world: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sites of a city, a district and an insurer, made as at a publication."""
    home = Home(tmp_path_factory.mktemp("site"))
    home.settings.warehouse.mkdir()
    home.settings.published.hardlink_to(dirty_world.settings.published)
    chosen = home.settings.model_copy(update={"site_audiences": f"{CITY},{DISTRICT},{INSURER}"})
    folder = write_sites(chosen)
    assert (home.path / "site" / "current").resolve() == folder
    return home.path / "site" / "current"


@pytest.fixture(scope="module")
def served(sites: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def end_headers(self) -> None:
            # As strict as a careful web server would be.
            self.send_header(
                "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
            )
            super().end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(sites.resolve())))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_page_is_written_only_where_its_content_changed(dirty_world: Home, tmp_path: Path) -> None:
    """The next day's publication, in which one row to be corrected is told of in other words."""
    home = Home(tmp_path)
    home.settings.warehouse.mkdir()
    shutil.copy(dirty_world.settings.published, home.settings.published)
    home.settings.published.chmod(0o644)
    chosen = home.settings.model_copy(update={"site_audiences": f"{CITY},{INSURER}"})
    first = write_sites(chosen)
    (first / CITY / "about.html").write_text("changed by somebody")
    (first / CITY / "assets" / "charts.js").write_text("changed by somebody")  # the same file in all folders
    (first / INSURER / "about.html").chmod(0o600)
    with duckdb.connect(str(home.settings.published)) as connection:
        connection.execute(
            "update meta.publication set publication_id = 'next', built_at = built_at + interval 1 day, as_of = as_of + 1"
        )
        connection.execute("update meta.data_date set as_of = as_of + 1")
        connection.execute("update meta.late_insurer set days_late = days_late + 1")
        connection.execute(
            "update quality.quarantine set message = '改了说法' where rowid = (select min(rowid) from quality.quarantine "
            f"where provider = '{INSURER}' and status = 'open' and severity = 'reject')"
        )
    second = write_sites(chosen)

    def files(folder: Path) -> dict[str, tuple[int, bytes]]:
        found = [path for path in folder.rglob("*") if path.is_file()]
        return {
            str(path.relative_to(folder)): (path.stat().st_ino, hashlib.sha256(path.read_bytes()).digest())
            for path in found
        }

    before, after = files(first), files(second)
    assert before.keys() == after.keys()
    # Both folders are complete, nothing of what was shown before has changed.
    written = {name for name, (number, _) in after.items() if number != before[name][0]}
    assert written == {
        "published.js", f"{CITY}/published.js", f"{INSURER}/published.js", f"{CITY}/quality.html", f"{INSURER}/quality.html", f"{CITY}/about.html",
        f"{INSURER}/about.html", *(f"{folder}assets/charts.js" for folder in ("", f"{CITY}/", f"{INSURER}/")),
    }  # fmt: skip
    assert (
        "口径与说明" in (second / CITY / "about.html").read_text()
        and '"publication_id":"next"' in (second / CITY / "published.js").read_text()
    )
    assert "改了说法" in (second / CITY / "quality.html").read_text()
    assert "vega" in (second / CITY / "assets" / "charts.js").read_text()
    assert (second / INSURER / "about.html").stat().st_mode & 0o777 == (second / "published.js").stat().st_mode & 0o777


def test_a_file_that_an_archive_holds_too_is_replaced_and_not_written_into(dirty_world: Home, tmp_path: Path) -> None:
    published = dirty_world.settings.published
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "about.html").write_text("of that day")
    (tmp_path / "archived.html").hardlink_to(tmp_path / "site" / "about.html")
    write_site(published, rights.audience(published, INSURER), tmp_path / "site")
    assert (tmp_path / "archived.html").read_text() == "of that day"
    assert "口径与说明" in (tmp_path / "site" / "about.html").read_text()


@needs_browser
def test_headline_figures_are_the_marts_and_follow_the_year(served: str, dirty_world: Home) -> None:
    rows = dirty_world.rows(
        "select stat_year, round(participation_rate * 100, 2), insured_required_units, required_units from marts.supervision_metrics "
        "where jurisdiction = 'weihai' and district_code = 'ALL' and industry_code = 'ALL' and period_end >= data_since order by 1",
        published=True,
    )
    with open_browser() as (page, watched):
        page.goto(f"{served}/{CITY}/index.html")
        tile = page.locator(".tile[data-metric=participation_rate]:visible")
        assert f"{rows[-1][1]:.2f}%" in tile.inner_text()
        page.get_by_role("button", name=str(rows[0][0])).click()
        text = tile.inner_text()
        assert f"{rows[0][1]:.2f}%" in text and f"{rows[0][2]:,} 家" in text and f"{rows[0][3]:,} 家" in text
        # The map shows the districts of that year; another metric changes chart and the words under it.
        page.locator("#map svg text", has_text="环翠").wait_for()
        before = page.locator("#map svg text").all_text_contents()
        page.locator("#map select").select_option("service_coverage")
        assert "服务覆盖率" in page.locator("#map .basis").inner_text()
        page.wait_for_function(
            "before => [...document.querySelectorAll('#map svg text')].map(t => t.textContent).join() !== before",
            arg=",".join(before),
        )
        watched.assert_quiet()


@needs_browser
def test_every_page_opens_from_a_file_share_without_network_or_eval(sites: Path) -> None:
    with open_browser() as (page, watched):
        for provider in (CITY, DISTRICT, INSURER):
            for path in sorted((sites / provider).glob("*.html")):
                page.goto(path.resolve().as_uri())
                page.wait_for_load_state("load")
                charts = page.locator("div.chart").count()
                page.wait_for_function("n => document.querySelectorAll('div.chart svg').length === n", arg=charts)
                assert page.locator("table[data-list]").count() == page.locator(".dt-info").count()
                assert page.locator("h2").count() == 1
        watched.assert_quiet()


@needs_browser
def test_search_sort_and_export(served: str, dirty_world: Home, tmp_path: Path) -> None:
    units = dirty_world.rows(
        "select unit_name, days_uninsured, uscc from marts.uninsured_units where jurisdiction = 'weihai' order by days_uninsured nulls first",
        published=True,
    )
    with open_browser() as (page, watched):
        page.goto(f"{served}/{CITY}/units.html")
        listed = page.locator("#list-uninsured")
        assert f"共 {len(units)} 条" in listed.locator(".dt-info").inner_text()
        listed.get_by_role("columnheader", name="未保天数").click()
        listed.locator("th[aria-sort=ascending]").wait_for()
        first = listed.locator("tbody tr").first.inner_text()
        assert any(name in first for name, days, _ in units if days == units[0][1])
        listed.locator("input[type=search]").fill(units[3][2])
        listed.locator(".dt-info", has_text="共 1 条").wait_for()
        assert listed.locator("tbody tr").count() == 1 and units[3][0] in listed.locator("tbody").inner_text()
        listed.locator("input[type=search]").fill("")
        listed.locator(".dt-info", has_text=f"共 {len(units)} 条").wait_for()
        for button, reader in (("导出 Excel", pl.read_excel), ("导出 CSV", pl.read_csv)):
            with page.expect_download() as download:
                listed.get_by_text(button).click()
            file = tmp_path / download.value.suggested_filename
            download.value.save_as(file)
            exported = reader(io.BytesIO(file.read_bytes())).filter(pl.col("单位名称").is_not_null())
            assert exported.height == len(units)
            assert set(exported["单位名称"]) == {name for name, _, _ in units}
        watched.assert_quiet()


@needs_browser
def test_cells_that_look_like_formulas_are_text_in_exports(tmp_path: Path, dirty_world: Home) -> None:
    """A unit named =cmd() in the page's data: shown as it is, exported with an apostrophe."""
    write_site(dirty_world.settings.published, rights.audience(dirty_world.settings.published, DISTRICT), tmp_path)
    path = tmp_path / "units.html"
    html = path.read_text(encoding="utf-8")
    first = re.search(r'"rows":\[\["([^"]+)","([^"]+)"', html)
    assert first is not None
    html = html.replace(first[1], "=HYPERLINK(1)\\u003cb>").replace(first[2], "913710000123456789")
    path.write_text(html, encoding="utf-8")
    with open_browser() as (page, watched):
        page.goto(path.as_uri())
        listed = page.locator("#list-uninsured")
        assert "=HYPERLINK(1)<b>" in listed.locator("tbody").inner_text()
        with page.expect_download() as download:
            listed.get_by_text("导出 CSV").click()
        download.value.save_as(tmp_path / "a.csv")
        with page.expect_download() as download:
            listed.get_by_text("导出 Excel").click()
        download.value.save_as(tmp_path / "a.xlsx")
        watched.assert_quiet()
    assert '"\'=HYPERLINK(1)<b>"' in (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
    # Codes of digits only are not rounded.
    row = pl.read_excel(tmp_path / "a.xlsx").row(0, named=True)
    assert row["单位名称"] == "'=HYPERLINK(1)<b>" and row["单位"] == "913710000123456789"


def test_a_folder_holds_nothing_of_other_districts(sites: Path, dirty_world: Home) -> None:
    """Keys and names of units that are neither insured nor listed in the district stand in none of its files."""
    foreign = dirty_world.rows(
        """
        with own as (
            select insured_uscc as uscc from marts.fct_policy where district_code = '371002'
            union select uscc from marts.fct_roster where district_code = '371002'
        )
        select uscc from marts.dim_unit where uscc not in (from own)
        union all select name from marts.dim_unit where uscc not in (from own) and name not in (select name from marts.dim_unit where uscc in (from own))
        -- Two insurers may use one number.
        union all select policy_no from marts.fct_policy where district_code <> '371002'
        and policy_no not in (select policy_no from marts.fct_policy where district_code = '371002')
        """,
        published=True,
    )
    text = "\n".join(path.read_text(encoding="utf-8") for path in (sites / DISTRICT).iterdir() if path.is_file())
    words = set(re.findall(r"[0-9A-Z]{10,}|[一-龥（）()0-9]{4,}", text))
    assert len(foreign) > 1_000 and len(words) > 500
    assert not words & {word for (word,) in foreign}
    # The city's own pages do hold them: the search finds what is there.
    whole = "\n".join(path.read_text(encoding="utf-8") for path in (sites / CITY).glob("*.html"))
    assert set(re.findall(r"[0-9A-Z]{10,}", whole)) & {word for (word,) in foreign}


def test_long_lists_are_files_and_pages_stay_small(
    dirty_world: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "LIST_ROWS", 20)
    monkeypatch.setattr("pipelines.site.site.LIST_ROWS", 20)
    write_site(dirty_world.settings.published, rights.audience(dirty_world.settings.published, CITY), tmp_path)
    expected = dirty_world.rows(
        "select count(*) from marts.findings where jurisdiction = 'weihai' or jurisdiction is null", published=True
    )[0][0]
    file = tmp_path / "files" / "findings.csv"
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert pl.read_csv(file, infer_schema=False).height == expected > 20
    assert 'href="files/findings.csv"' in (tmp_path / "findings.html").read_text(encoding="utf-8")
    assert max(path.stat().st_size for path in tmp_path.glob("*.html")) < 5_000_000


def test_an_empty_warehouse_says_what_to_do(dirty_world: Home, tmp_path: Path) -> None:
    empty = tmp_path / "empty.duckdb"
    with duckdb.connect(str(empty)) as connection:
        connection.execute(f"attach '{dirty_world.settings.published}' as full_one (read_only)")
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'full_one'"
        ).fetchall():
            connection.execute(f"create schema if not exists {schema}")
            keep = schema == "meta" or table.startswith("dim_")
            connection.execute(f"create table {schema}.{table} as select * from full_one.{schema}.{table} where {keep}")
    for provider in (CITY, DISTRICT, INSURER):
        write_site(empty, rights.audience(dirty_world.settings.published, provider), tmp_path / provider)
        assert "anze nightly" in (tmp_path / provider / "index.html").read_text(encoding="utf-8")


def test_the_command(dirty_world: Home, tmp_path: Path) -> None:
    done = dirty_world.anze("site", "--audience", DISTRICT, "--out", str(tmp_path))
    assert done.returncode == 0 and (tmp_path / "index.html").exists()
    wrong = dirty_world.anze("site", "--audience", "nobody")
    assert wrong.returncode == 2 and DISTRICT in wrong.stderr

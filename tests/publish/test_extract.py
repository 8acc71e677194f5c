"""An extract holds what its audience may see and nothing of anybody else: searched in every table, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest
from conftest import Home
from polars.testing import assert_frame_equal

from pipelines.explain.explain import Cell, explain, explain_finding
from pipelines.publish.extract import write_extract
from pipelines.warehouse import rights
from pipelines.warehouse.evidence import Unknown
from pipelines.warehouse.lists import LISTS, read, seen

AUDIENCES = [
    "weihai_371002",
    "weihai_3710z1",
    "shanghai_dept_construction",
    "weihai_hayc",
    "weihai_city",
    "shanghai_regulator",
]

# Policies and units by what each audience may see, written out again and not taken from rights.py.
MINE = {
    "weihai_371002": "district_code = '371002'",
    "weihai_3710z1": "district_code = '3710Z1'",
    "shanghai_dept_construction": "district_code like '31%' and industry_code = 'construction'",
    "weihai_hayc": "(district_code like '37%' or district_code = '3710Z1') and insurer_code = 'HAYC'",
    "weihai_city": "(district_code like '37%' or district_code = '3710Z1')",
    "shanghai_regulator": "district_code like '31%'",
}


@pytest.fixture(scope="module", params=AUDIENCES)
def extract(
    request: pytest.FixtureRequest, dirty_world: Home, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    out = tmp_path_factory.mktemp("extract")
    write_extract(dirty_world.settings.published, rights.audience(dirty_world.settings.published, request.param), out)
    return request.param, out / request.param


def test_no_row_key_or_text_of_another(dirty_world: Home, extract: tuple[str, Path]) -> None:
    provider, folder = extract
    with duckdb.connect() as connection:
        connection.execute(f"attach '{dirty_world.settings.published}' as whole (read_only)")
        connection.execute(f"attach '{folder / (provider + '.duckdb')}' as part (read_only)")
        mine = MINE[provider]
        roster = "false" if "insurer" in mine else mine
        connection.execute(
            f"""
            create table own_policy as select policy_no, insured_uscc as uscc from whole.marts.fct_policy where {mine};
            create table own_unit as select uscc from own_policy union select uscc from whole.marts.fct_roster where {roster}
                union select insured_uscc from whole.marts.fct_service_plan where provider = '{provider}' and insured_uscc is not null;
            create table foreign_policy as select policy_no from whole.marts.fct_policy where policy_no not in (select policy_no from own_policy);
            create table foreign_key as
                select policy_no as key from foreign_policy
                union select uscc from whole.marts.dim_unit where uscc not in (from own_unit)
                union select service_no from whole.marts.fct_service where policy_no in (from foreign_policy)
                union select claim_no from whole.marts.fct_claim where policy_no in (from foreign_policy)
                union select entry_no from whole.marts.fct_fee_entry where policy_no in (from foreign_policy)
                union select endorsement_no from whole.marts.fct_endorsement where policy_no in (from foreign_policy);
            create table foreign_name as select name from whole.marts.dim_unit where uscc not in (from own_unit)
                and name not in (select name from whole.marts.dim_unit where uscc in (from own_unit));
            """
        )
        foreign, names = connection.execute(
            "select (select count(*) from foreign_key), (select count(*) from foreign_name)"
        ).fetchall()[0]
        assert foreign > 1_000 and names > 50
        columns = connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() where database_name = 'part' and data_type = 'VARCHAR'"
        ).fetchall()
        assert len(columns) > 200
        for table, column in columns:
            # Definitions quote examples; they are the same for everybody.
            if table.startswith("meta."):
                continue
            found = connection.execute(
                f"""
                with texts as (select distinct "{column}" as text from part.{table} where "{column}" is not null),
                words as (select text, unnest(regexp_extract_all(text, '[0-9A-Z][0-9A-Z-]{{9,}}')) as word from texts)
                select text from words where word in (from foreign_key)
                union all select text from texts where text in (from foreign_name)
                limit 3
                """
            ).fetchall()
            assert not found, (table, column, found)


def test_it_holds_all_that_is_its_own(dirty_world: Home, extract: tuple[str, Path]) -> None:
    provider, folder = extract
    expected = dirty_world.rows(f"select count(*) from marts.fct_policy where {MINE[provider]}", published=True)[0][0]
    with duckdb.connect(str(folder / f"{provider}.duckdb"), read_only=True) as connection:
        found = connection.execute("select count(*) from marts.fct_policy").fetchall()[0][0]
        files = connection.execute(
            "select count(*), count(*) filter (provider <> ?) from quality.files", [provider]
        ).fetchall()[0]
        comment = connection.execute("select comment from duckdb_tables() where table_name = 'fct_policy'").fetchall()[
            0
        ][0]
    assert found == expected > 5
    assert (folder / f"{provider}.duckdb").stat().st_mode & 0o777 == 0o440
    assert pl.read_parquet(folder / "parquet" / "marts.fct_policy.parquet").height == expected
    if provider.endswith("city"):
        assert files[0] > 20
    else:
        assert files[1] == 0
    assert "保单" in comment
    findings = pl.read_excel(folder / f"{provider}.xlsx", sheet_name="监管发现", read_options={"header_row": 1})
    assert findings.height > 1 and "说明" in findings.columns


def test_numbers_and_findings_can_be_explained_from_an_extract(dirty_world: Home, extract: tuple[str, Path]) -> None:
    """The dashboard of an audience reads its extract only; an insurer's shares have no rows it may see, and say so."""
    provider, folder = extract
    file = folder / f"{provider}.duckdb"
    who = rights.audience(dirty_world.settings.published, provider)
    insurer = who.insurer_code or "ALL"
    cell = Cell(who.jurisdiction, 2025, who.district_code or "ALL", who.industry_code or "ALL", insurer)
    found = explain(file, "service_coverage", cell)
    assert found.value is not None and found.stored is not None
    assert abs(float(found.value) - float(found.stored)) < 1e-9 and found.denominator[0].count > 0
    if who.insurer_code:
        with pytest.raises(Unknown, match="没有逐条记录可列"):
            explain(file, "prevention_fee_share", cell)
    with duckdb.connect(str(file), read_only=True) as connection:
        (finding,) = connection.execute(
            "select finding_id from marts.findings where feed = 'policy' limit 1"
        ).fetchall()[0]
    assert explain_finding(file, finding).finding["finding_id"] == finding


def test_what_no_right_names_is_not_seen(dirty_world: Home) -> None:
    with rights.open_as(
        dirty_world.settings.published, rights.audience(dirty_world.settings.published, "weihai_371002")
    ) as views:
        tables = seen(views.connection)
        district = views.connection.execute("select distinct district_code from marts.supervision_metrics").fetchall()
    assert (
        "marts.insurer_metrics" not in tables
        and "quality.gate_results" not in tables
        and "meta.filed_statistics" not in tables
    )
    assert "marts.uninsured_units" in tables and district == [("371002",)]


def test_the_command(dirty_world: Home, tmp_path: Path) -> None:
    done = dirty_world.anze("extract", "--for", "weihai_3710z1", "--out", str(tmp_path))
    assert done.returncode == 0 and "weihai_3710z1.duckdb" in done.stdout
    wrong = dirty_world.anze("extract", "--for", "nobody", "--out", str(tmp_path))
    assert wrong.returncode == 2 and "weihai_3710z1" in wrong.stderr


@pytest.fixture(scope="module")
def shared(dirty_world: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file as the pages of many audiences read it."""
    with rights.open_whole(dirty_world.settings.published, often=True) as whole:
        yield whole


def test_lists_on_pages_are_those_of_the_extract(
    dirty_world: Home, shared: duckdb.DuckDBPyConnection, extract: tuple[str, Path]
) -> None:
    """Pages choose rows first and blank foreign keys in those; the extract blanks whole tables, then lists are read."""
    provider, folder = extract
    views = rights.see_as(shared, rights.audience(dirty_world.settings.published, provider))
    compared = 0
    with views.connection, duckdb.connect(str(folder / f"{provider}.duckdb"), read_only=True) as part:
        assert seen(views.connection) == seen(part)
        for listing in LISTS.values():
            if listing.table not in seen(part):
                continue
            on_page, in_extract = read(views.connection, listing, 10**6, views=views), read(part, listing, 10**6)
            assert on_page.total == in_extract.total and on_page.columns == in_extract.columns
            assert_frame_equal(on_page.frame, in_extract.frame, check_row_order=False)
            compared += on_page.total
    assert compared > 20


def test_looking_for_keys_to_blank_neither_loses_nor_doubles_a_row(
    dirty_world: Home, extract: tuple[str, Path]
) -> None:
    published = dirty_world.settings.published
    with rights.open_as(published, rights.audience(published, extract[0])) as views:
        for table in views.conditions:
            shown, there = views.connection.execute(
                f"select (select count(*) from {table}), (select count(*) from {views.rows(table)})"
            ).fetchall()[0]
            assert shown == there, table


@pytest.mark.parametrize(("provider", "shown"), [("weihai_city", False), ("weihai_dfjc", False), ("weihai_hayc", True)])
def test_a_policy_that_nobody_sent_is_shown_to_the_sender_that_named_it(
    dirty_world: Home, provider: str, shown: bool
) -> None:
    """Whoever names a policy number of its own invention does not lift what is said of its record."""
    published = dirty_world.settings.published
    findings = "select 'r:1' as finding_id, '台账 L9，保单 P9' as explanation, null as unit_uscc, null as unit_name"
    with rights.open_as(published, rights.audience(published, provider)) as views:
        views.connection.execute(
            "create or replace table memory.words (finding_id text, provider text, record_key text, policy_provider text, policy_no text, unit text)"
        )
        views.connection.execute("insert into memory.words values ('r:1', 'weihai_hayc', 'L9', null, 'P9', null)")
        views.connection.execute("create or replace view memory.named_by_finding as from memory.words")
        said = views.connection.execute(views.blanked("marts.findings", ["explanation"], findings)).fetchall()
    assert said == [("台账 L9，保单 P9" if shown else f"台账 {rights.HIDDEN}，保单 {rights.HIDDEN}",)]


def test_no_finding_names_a_record_of_a_policy_that_is_not_seen(dirty_world: Home, extract: tuple[str, Path]) -> None:
    """All that findings name, policies that nobody sent included, by numbers of policies and not by the joins of rights.py."""
    provider, folder = extract
    mine = MINE[provider]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{dirty_world.settings.published}' as whole (read_only)")
        connection.execute(f"attach '{folder / (provider + '.duckdb')}' as part (read_only)")
        named, leaked = connection.execute(
            f"""
            with records as (
                select entry_no as key, policy_no, provider from whole.marts.fct_fee_entry
                union all select service_no, policy_no, provider from whole.marts.fct_service
                union all select claim_no, policy_no, provider from whole.marts.fct_claim
            ),
            foreign_record as (
                select key from records where policy_no is not null and provider <> '{provider}'
                and policy_no not in (select policy_no from whole.marts.fct_policy where {mine})
            ),
            words as (
                select distinct unnest(regexp_extract_all(evidence_keys || ' ' || explanation, '[0-9A-Z][0-9A-Z-]{{9,}}')) as word
                from part.marts.findings
            )
            select (select count(*) from foreign_record), (select list(word) from words where word in (from foreign_record))
            """
        ).fetchall()[0]
    assert named > 100 and leaked is None


def test_the_longest_of_the_foreign_words_goes_first(dirty_world: Home) -> None:
    """The number of a hazard holds the number of its service: blanked first, the service would leave half a number."""
    findings = "select 'r:1' as finding_id, '隐患 HS12-1，服务 S12，单位 U1' as explanation, null as unit_uscc, null as unit_name"
    with rights.open_as(
        dirty_world.settings.published, rights.audience(dirty_world.settings.published, "weihai_371002")
    ) as views:
        views.connection.execute(
            "create or replace table memory.words (finding_id text, provider text, record_key text, policy_provider text, policy_no text, unit text)"
        )
        views.connection.execute(
            "insert into memory.words values ('r:1', 'A', 'S12', 'A', 'P2', null), ('r:1', 'A', 'HS12-1', 'A', 'P2', null)"
        )
        views.connection.execute("create or replace view memory.named_by_finding as from memory.words")
        query = views.blanked("marts.findings", ["explanation"], findings)
        assert views.connection.execute(query).fetchall() == [(f"隐患 {rights.HIDDEN}，服务 {rights.HIDDEN}，单位 U1",)]

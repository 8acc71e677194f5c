"""Gates: Great Expectations reads DuckDB through SQL, each kind of gate can fail, the page opens without network."""

from __future__ import annotations

import os
import re
import shutil
import signal
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import duckdb
import pytest
from conftest import Home

from pipelines.gates import process
from pipelines.gates.page import write_page
from pipelines.gates.run import GateResult, blocking, load_results, run_landing_gates, run_mart_gates
from pipelines.night.nightly import in_words


@pytest.fixture
def world(dirty_world: Home, tmp_path: Path) -> Home:
    """A copy of the built world that a test may damage."""
    copy = Home(tmp_path)
    shutil.copytree(dirty_world.settings.landing, copy.settings.landing, dirs_exist_ok=True)
    copy.settings.build.parent.mkdir(parents=True)
    shutil.copy(dirty_world.settings.build, copy.settings.build)
    return copy


def failed(results: list[GateResult]) -> set[str]:
    return {result.expectation for result in blocking(results)}


def damage(home: Home, sql: str) -> set[str]:
    with duckdb.connect(str(home.settings.build)) as connection:
        connection.execute(sql)
    return failed(run_mart_gates(home.settings))


def test_good_data_passes_every_blocking_gate(world: Home) -> None:
    landing = run_landing_gates(world.settings)
    marts = run_mart_gates(world.settings)
    assert blocking(landing) == [] and blocking(marts) == []
    assert len(landing) > 30 and len(marts) > 10
    # A warning is shown and does not block.
    assert [result.expectation for result in landing if not result.success] == ["few_files_refused"]


def test_a_night_whose_gates_die_fails_and_the_next_one_does_not(world: Home) -> None:
    """The process of the gates is ended by the system (no memory): that is said, and gates run again in a new one."""
    first = process.begin()
    assert first.submit(os.getppid).result() == os.getpid()
    os.kill(first.submit(os.getpid).result(), signal.SIGKILL)
    with pytest.raises(BrokenProcessPool) as died:
        process.run(run_landing_gates, world.settings)
    assert "内存" in in_words(world.settings, str(died.value))
    assert blocking(process.run(run_landing_gates, world.settings)) == []


@pytest.mark.parametrize(
    ("sql", "gate"),
    [
        ("update marts.supervision_metrics set insured_required_units = required_units + 1", "numerators_within_denominators"),
        ("update marts.supervision_metrics set premium_received = premium_received + 1 where district_code = 'ALL'", "money_totals_add_up"),
        ("update marts.supervision_metrics set insured_units = insured_units + 1, insured_units_any_day = insured_units_any_day + 1 where district_code = 'ALL' and industry_code = 'ALL'", "unit_totals_are_distinct_counts"),
        ("insert into marts.supervision_metrics select * from marts.supervision_metrics limit 1", "one_row_per_cell"),
        ("delete from marts.supervision_metrics", "warehouse_not_empty"),
        ("update marts.insurer_metrics set market_share = market_share / 2 where insurer_code <> 'ALL'", "shares_sum_to_one"),
        ("update marts.fct_policy set district_code = '999999' where policy_no = (select min(policy_no) from marts.fct_policy)", "district_and_industry_known"),
        ("delete from marts.fct_policy where policy_no = (select min(policy_no) from marts.fct_policy)", "no_policy_lost"),
        ("update quality.file_balance set rows_in = rows_in + 1", "rows_balance"),
        ("delete from quality.quarantine", "quarantine_matches_balance"),
        ("insert into marts.annual_statistics select * from marts.annual_statistics limit 1", "one_row_per_item_and_cell"),
        ("update marts.annual_statistics set numerator = numerator + 1 where metric = 'policies'", "return_says_what_the_metrics_say"),
        ("update marts.annual_statistics set value = value / 2 where metric = 'market_share'", "shares_of_a_cell_sum_to_one"),
        ("insert into marts.assessment select * from marts.assessment limit 1", "one_row_per_target"),
        ("update marts.assessment set score = 100.01 where score is not null", "scores_between_0_and_100"),
        ("update marts.assessment set place = place + 1 where place = 1", "places_follow_scores"),
        ("insert into marts.uninsured_units select * from marts.uninsured_units limit 1", "one_row_per_unit_and_field"),
        ("delete from marts.uninsured_units where uscc = (select min(uscc) from marts.uninsured_units)", "listed_units_are_those_counted_as_uninsured"),
        ("update marts.uninsured_units set days_uninsured = -1", "days_not_negative"),
        ("insert into marts.fee_ledger_balance select * from marts.fee_ledger_balance limit 1", "one_row_per_policy"),
        ("update marts.fee_ledger_balance set balance = balance + 0.01", "balance_is_provided_less_spent"),
        ("update marts.fee_ledger_balance set entries = entries + 1", "entries_of_valid_policies_are_all_here"),
        ("delete from marts.fee_ledger_balance where policy_no = (select min(policy_no) from marts.fee_ledger_balance where entries > 0)", "entries_of_valid_policies_are_all_here"),
    ],
)  # fmt: skip
def test_each_mart_gate_can_fail(world: Home, sql: str, gate: str) -> None:
    assert gate in damage(world, sql)


def test_gates_of_some_tables_leave_the_results_of_the_others(world: Home) -> None:
    with duckdb.connect(str(world.settings.build)) as connection:
        connection.execute("update marts.fee_ledger_balance set balance = balance + 0.01")
    whole = run_mart_gates(world.settings)
    assert failed(whole) == {"balance_is_provided_less_spent"}
    some = run_mart_gates(world.settings, ["marts.findings"])
    assert {result.table_name for result in some} == {"marts.findings"} and failed(some) == set()
    assert failed(load_results(world.settings)) == {"balance_is_provided_less_spent"}
    assert len(load_results(world.settings)) == len(whole)


def test_headline_ratio_may_not_jump_without_an_override(world: Home) -> None:
    shutil.copy(world.settings.build, world.settings.published)
    assert damage(world, "select 1") == set()
    jumped = damage(world, "update marts.supervision_metrics set participation_rate = participation_rate - 0.2")
    assert jumped == {"headline_moves_within_bound"}
    allowed = world.settings.model_copy(update={"override_gates": "headline_moves_within_bound"})
    results = run_mart_gates(allowed)
    assert blocking(results) == []
    assert [result.expectation for result in results if result.overridden] == ["headline_moves_within_bound"]


def test_a_damaged_landing_file_is_noticed(world: Home) -> None:
    path = max((world.settings.landing / "policy").glob("*.parquet"), key=lambda file: file.stat().st_size)
    path.unlink()
    assert failed(run_landing_gates(world.settings)) == {"rows_match_receipt"}


def test_failed_gate_shows_offending_rows(world: Home) -> None:
    with duckdb.connect(str(world.settings.build)) as connection:
        connection.execute("update marts.insurer_metrics set market_share = 0.1 where insurer_code <> 'ALL'")
    results = {result.expectation: result for result in run_mart_gates(world.settings)}
    assert "jurisdiction=" in results["shares_sum_to_one"].sample


def test_page_is_chinese_and_asks_nothing_of_the_network(world: Home) -> None:
    page = write_page(world.settings, run_landing_gates(world.settings)).read_text(encoding="utf-8")
    assert "质量闸门结果" in page and "每行都有来源文件和行号" in page
    assert not re.findall(r"""(?:src|href)\s*=|url\(|@import|<script""", page)
    assert "default-src 'none'" in page

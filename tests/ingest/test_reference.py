"""Reference data of the home: what is known from which day, what a file is read with, what a later drop changes and leaves."""

from __future__ import annotations

import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from conftest import Home, bundled
from drops import POLICY, policy

from pipelines.feeds.contracts import reference_contracts
from pipelines.feeds.reference import Reference, shipped
from pipelines.ingest.landing import pending, reference_of
from pipelines.settings import BUNDLED, Settings

DISTRICT = {
    "district_code": "371002",
    "name": "环翠区",
    "short_name": "环翠",
    "jurisdiction": "weihai",
    "is_functional_zone": "否",
    "sort_no": "1",
}
ALIAS = {"code_list": "区市", "alias": "蓝湾片区", "code": "环翠区"}


def on(home: Home, day: str) -> Reference:
    return Reference.on(home.settings.landing, date.fromisoformat(day))


def limit(home: Home, day: str) -> dict[str | None, float]:
    """The limit per person in force today, by city (null: the whole country), as known on a day."""
    rows = on(home, day).table("ref_rule").filter(rule_code="limit_per_person_min", valid_from=date(2025, 3, 29))
    return {city: float(value) for city, value in rows.select("jurisdiction", "value_num").rows()}


LIMIT = {
    "rule_code": "limit_per_person_min", "name": "每人责任限额下限", "unit": "元", "valid_from": "2025-03-29", "date_basis": "保险起期",
    "source_doc": "本市通知",
}  # fmt: skip


def test_the_first_drops_count_from_ever_later_ones_from_their_day(home: Home) -> None:
    home.reference("ref_rule", "2026-05-01", {**LIMIT, "jurisdiction": "威海市", "value_num": "600000"})
    home.land()
    assert "371002" in on(home, "2000-01-01").table("ref_district")["district_code"]
    assert limit(home, "2026-04-30") == {None: 400000.0}
    assert limit(home, "2026-05-01") == {None: 400000.0, "weihai": 600000.0}


def test_a_row_of_the_home_replaces_the_shipped_one_and_can_be_taken_back(home: Home) -> None:
    home.reference("ref_rule", "2026-05-01", {**LIMIT, "value_num": "500000"})
    home.reference("ref_rule", "2026-06-01", {**LIMIT, "value_num": "700000", "record_status": "撤销"}, name="撤销.csv")
    home.land()
    assert [limit(home, day) for day in ("2026-04-30", "2026-05-01", "2026-05-31", "2026-06-01")] == [
        {None: 400000.0}, {None: 500000.0}, {None: 500000.0}, {},
    ]  # fmt: skip


def test_a_row_that_says_what_is_known_is_no_new_version(home: Home) -> None:
    home.land()
    before = on(home, "2026-12-31")
    home.reference(
        "ref_district", "2026-05-01", DISTRICT | {"gbt2260_code": "371002", "tile_row": "0", "tile_column": "2"}
    )
    home.reference(
        "ref_rule",
        "2026-05-01",
        {
            **LIMIT,
            "value_num": "400000",
            "source_doc": "应急〔2025〕27号",
            "article": "第十五条",
            "evidence_tag": "原文",
        },
    )
    home.land()
    after = on(home, "2026-12-31")
    for name in reference_contracts():
        assert before.rows(name).equals(after.rows(name)), name


def test_two_of_one_day_the_later_counts(home: Home) -> None:
    home.reference("ref_rule", "2026-05-01T0900", {**LIMIT, "value_num": "500000"}, name="b.csv")
    home.reference("ref_rule", "2026-05-01T1000", {**LIMIT, "value_num": "600000"}, name="a.csv")
    home.land()
    assert limit(home, "2026-04-30") == {None: 400000.0} and limit(home, "2026-05-01") == {None: 600000.0}


def test_a_file_is_read_with_what_was_known_when_it_came(home: Home) -> None:
    """An alias added later does not change what was refused; the same file sent again is read with it."""
    text = POLICY + policy("P1").replace("环翠区", "蓝湾片区")
    assert "蓝湾片区" in text
    home.drop("weihai_hayc", "policy", "2026-04-01", "a.csv", text)
    assert home.land()["policy"].rows_quarantined == 1
    home.reference("ref_alias", "2026-05-01", ALIAS)
    assert [drop.feed for drop in pending(home.settings)] == ["ref_alias"]
    assert home.land()["policy"].new_files == 0
    home.drop("weihai_hayc", "policy", "2026-05-01", "a.csv", text)
    landed = home.land()["policy"]
    assert (landed.new_files, landed.rows_accepted, landed.rows_quarantined) == (1, 1, 0)
    files = home.files().sort("received_at")
    assert files["status"].to_list() == ["loaded", "loaded"] and files["rows_accepted"].to_list() == [0, 1]
    everything = pl.read_parquet(home.settings.landing / "files.parquet")
    shutil.rmtree(home.settings.landing)  # all over again: the same
    home.land()
    assert pl.read_parquet(home.settings.landing / "files.parquet").equals(everything)


def test_what_arrives_late_is_read_with_what_was_known_on_its_day(home: Home) -> None:
    """Reference data laid into an earlier day's folder: files of that day and later are read again, others are not."""
    text = POLICY + policy("P1").replace("环翠区", "蓝湾片区")
    home.drop("weihai_hayc", "policy", "2026-04-01", "a.csv", text)
    home.drop("weihai_hayc", "policy", "2026-06-01", "b.csv", text + policy("P2"))
    home.land()
    home.reference("ref_alias", "2026-05-01", ALIAS)
    landed = home.land()["policy"]
    assert (landed.new_files, landed.rows_accepted) == (1, 2)


def test_a_sender_is_known_from_its_day(home: Home) -> None:
    sender = {
        "provider": "weihai_new",
        "kind": "保险机构",
        "name": "新财险威海分公司",
        "insurer_code": "HAYC",
        "jurisdiction": "weihai",
    }
    home.drop("weihai_new", "policy", "2026-04-01", "a.csv", POLICY + policy("P1"))
    home.drop("weihai_new", "policy", "2026-05-02", "b.csv", POLICY + policy("P2"))
    home.reference("ref_provider", "2026-05-01", sender)
    home.land()
    assert dict(home.files().select("file_name", "status").rows()) == {"a.csv": "refused", "b.csv": "loaded"}


def test_threshold_changes_read_nothing_again(home: Home) -> None:
    home.drop("weihai_hayc", "policy", "2026-05-01", "a.csv", POLICY + policy("P1"))
    home.land()
    home.reference("ref_rule", "2026-05-01", {**LIMIT, "value_num": "500000"})
    assert home.land()["policy"].new_files == 0


def test_two_cities_may_call_a_district_alike(home: Home) -> None:
    home.reference(
        "ref_alias",
        "2018-01-01",
        {"code_list": "区市", "alias": "新城", "code": "371003"},
        {"code_list": "区市", "alias": "新城", "code": "310115"},
    )
    home.drop("weihai_hayc", "policy", "2026-04-01", "a.csv", POLICY + policy("P1").replace("环翠区", "新城"))
    home.drop("shanghai_hayc", "policy", "2026-04-01", "a.csv", POLICY + policy("P1").replace("环翠区", "新城"))
    home.land()
    landed = pl.read_parquet(home.settings.landing / "policy" / "*.parquet")
    assert set(landed["district_code"]) == {"371003", "310115"}


def test_rows_are_checked_like_any_other(home: Home) -> None:
    home.reference(
        "ref_district", "2026-05-01", DISTRICT | {"jurisdiction": "没有的市"}, DISTRICT | {"district_code": "371099", "sort_no": "第一"}, DISTRICT | {"district_code": "371098"},
    )  # fmt: skip
    home.land()
    landed = {
        row["provider"]: row
        for row in pl.read_parquet(home.settings.landing / "files.parquet")
        .filter(feed="ref_district", file_name="本地.csv")
        .to_dicts()
    }
    assert landed["_reference"]["rows_quarantined"] == 2 and landed["_reference"]["rows_accepted"] == 1
    issues = pl.read_parquet(home.settings.landing / "_issues" / "*.parquet").filter(severity="reject")
    assert set(issues.select("line_no", "column_name").rows()) == {(2, "jurisdiction"), (3, "sort_no")}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nothing", "没有表头\n1\n".encode()])
def test_a_broken_drop_stops_nothing(home: Home, content: bytes) -> None:
    home.drop("_reference", "ref_district", "2026-05-01", "a.xlsx" if content[:2] == b"PK" else "a.csv", content)
    home.drop("weihai_hayc", "policy", "2026-05-02", "a.csv", POLICY + policy("P1"))
    assert home.land()["policy"].rows_accepted == 1
    assert on(home, "2026-12-31").table("ref_district").equals(bundled().table("ref_district"))


def test_a_home_without_any_gets_the_bundled_ones_and_one_that_began_its_own_does_not(tmp_path: Path) -> None:
    old = Settings(home=tmp_path / "old", hash_key="test")
    (old.raw / "weihai_hayc" / "policy" / "2026-04-01").mkdir(parents=True)
    assert len(reference_of(old).cities()) == 2
    assert {path.relative_to(old.raw / "_reference") for path in (old.raw / "_reference").rglob("*.csv")} == {
        path.relative_to(BUNDLED) for path in BUNDLED.rglob("*.csv")
    }
    new = Settings(home=tmp_path / "new", hash_key="test")
    (new.raw / "_reference").mkdir(parents=True)
    assert reference_of(new).cities() == [] and reference_of(new).table("ref_industry").height > 20


def test_shipped_rows_are_of_their_contract() -> None:
    """What reading a drop would have asked of them: keys are unique, required cells filled, codes known."""
    for name, contract in reference_contracts().items():
        rows = shipped(name)
        assert not rows.select(contract.key).is_duplicated().any(), name
        own = {column: about for column, about in contract.columns.items() if column in rows.columns}
        for column, about in own.items():
            if about.required:
                assert rows[column].null_count() == 0, (name, column)
            if about.codes is not None:
                codes = bundled().codes_of(about)["code"]
                assert set(rows[column].drop_nulls()) <= set(codes), (name, column)


def test_several_at_once_end_alike(home: Home) -> None:
    """A night and commands that come to new reference data at once."""
    home.reference("ref_rule", "2026-05-01", {**LIMIT, "value_num": "500000"})
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as processes:
        found = [processes.submit(reference_of, home.settings) for _ in range(3)]
        assert len({one.result().known for one in found}) == 1
    assert limit(home, "2026-05-01") == {None: 500000.0}
    assert not (home.settings.landing / "_reference.next").exists()

"""The generator: repeatable, and every spoiled row ends where its label says."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import independent
import polars as pl
import pytest
from conftest import Home

from pipelines.feeds.contracts import contracts
from pipelines.synth import files as synth
from pipelines.synth import model


def digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix == ".csv"
    }


def test_same_seed_same_files(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        synth.write(tmp_path / name, "sample", seed, 0.02)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert digest(tmp_path / "a") != digest(tmp_path / "c")


def outcome(home: Home, feed: str) -> pl.DataFrame:
    """What became of every row of a feed: path, line → rule codes, or accepted, or nothing (a duplicate)."""
    files = home.files().filter(pl.col("feed") == feed)
    issues = pl.read_parquet(home.settings.landing / "_issues" / "*.parquet").filter(pl.col("severity") == "reject")
    rejected = issues.join(files, on="file_id").group_by("path", "line_no").agg(pl.col("rule_code"))
    landed = pl.read_parquet(home.settings.landing / feed / "*.parquet").join(files, on="file_id")
    accepted = landed.select("path", "line_no", accepted=pl.lit(True))
    return accepted.join(rejected, on=["path", "line_no"], how="full", coalesce=True)


def test_every_spoiled_row_lands_in_its_rule_and_every_clean_one_is_accepted(dirty_world: Home) -> None:
    labels: set[str] = set()
    feeds = sorted(
        path.stem for path in (dirty_world.path / "truth").glob("*.parquet") if path.stem not in ("files", "patterns")
    )
    # Answers name numbers that only a night gives to rows it has put into quarantine.
    assert set(feeds) == set(contracts()) - {"answer"}
    for feed in feeds:
        truth = pl.read_parquet(dirty_world.path / "truth" / f"{feed}.parquet").select(
            "path", "line_no", "expected", "dirt"
        )
        found = truth.join(outcome(dirty_world, feed), on=["path", "line_no"], how="left")
        clean = found.filter(pl.col("expected").is_null())
        assert clean["accepted"].fill_null(False).all(), (feed, clean.filter(pl.col("accepted").is_null()).head())
        duplicate = found.filter(pl.col("expected") == "duplicate")
        assert duplicate["accepted"].is_null().all() and duplicate["rule_code"].is_null().all()
        spoiled = found.filter(pl.col("expected").is_not_null() & (pl.col("expected") != "duplicate"))
        caught = spoiled.filter(pl.col("rule_code").list.contains(pl.col("expected")))
        assert caught.height == spoiled.height, (feed, spoiled.join(caught, on=["path", "line_no"], how="anti").head())
        labels |= set(found["dirt"].drop_nulls())
    # The world really holds the troubles it claims to.
    assert {
        "full_width",
        "chinese_date",
        "thousands",
        "bad_check_character",
        "code_as_number",
        "repeated_row",
        "no_such_day",
    } <= labels


def test_spoiled_files_are_refused_or_change_nothing(dirty_world: Home) -> None:
    expected = pl.read_parquet(dirty_world.path / "truth" / "files.parquet")
    files = dirty_world.files()
    found = expected.join(files, on="path", how="left")
    assert found["status"].to_list() == [
        "unchanged" if reason == "unchanged" else "refused" for reason in expected["expected"]
    ]


def test_rejected_rows_are_released_when_sent_again(dirty_world: Home) -> None:
    counts = dict(
        dirty_world.rows("select status, count(*) from quality.quarantine where severity = 'reject' group by 1")
    )
    assert counts["released"] > 0 and counts["open"] > 0
    # Released = the same sender has the record among its accepted rows, received later.
    wrong = dirty_world.rows(
        "select count(*) from quality.quarantine as bad inner join marts.fct_policy as good on bad.record_key = good.policy_no "
        "where bad.feed = 'policy' and bad.status = 'open' and bad.provider = good.provider and good.received_at > bad.received_at"
    )
    assert wrong == [(0,)]


def test_a_world_of_three_tiles_is_three_times_the_truth_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other numbers, the same ratios: every count and amount of the headline ratios is three times that of one tile."""
    monkeypatch.setitem(model.SCALES, "tiles", model.Scale(300, 12, tiles=3))
    written = synth.write(tmp_path, "tiles", 4, 0.02)
    truth = pl.read_parquet(tmp_path / "truth" / "policy.parquet")
    assert written["policy"] == 3 * truth.height
    home = Home(tmp_path).build()
    assert home.rows("select count(distinct (provider, policy_no)), count(*) from marts.fct_policy") == [
        (3 * (one := len(independent.newest(tmp_path / "truth", "policy", ["policy_no"], date(2026, 10, 15)))), 3 * one)
    ]
    expected = independent.headline(tmp_path / "truth", date(2026, 10, 15))
    compared = 0
    for *cell, insured, required, incurred, premium, served, in_force in home.rows(
        """
        select jurisdiction, stat_year, district_code, industry_code, insured_required_units, required_units,
            cast(100 * (claims_settled + claims_paid_open + claims_outstanding) as bigint), cast(100 * premium_received as bigint),
            serviced_units_in_force, insured_units_in_force
        from marts.supervision_metrics
        """
    ):
        one_tile = expected.get((cell[0], cell[1], cell[2], cell[3]))
        if one_tile is None:
            continue
        compared += 1
        found = {
            "participation_rate": (insured, required), "simple_loss_ratio": (incurred, premium), "service_coverage": (served, in_force),
        }  # fmt: skip
        for metric, (numerator, denominator) in found.items():
            assert (numerator, denominator) == tuple(3 * value for value in one_tile[metric]), (cell, metric)
    assert compared > 300
    # What is wrong in one tile is wrong in all of them, and nothing else is.
    spoiled = truth.filter(pl.col("expected").is_not_null() & (pl.col("expected") != "duplicate")).height
    assert home.rows("select sum(rows_quarantined) from quality.file_balance where feed = 'policy'") == [(3 * spoiled,)]

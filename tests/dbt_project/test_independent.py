"""The four headline ratios against a second computation in plain Python (independent.py), every cell of both cities."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import independent
import pytest
from conftest import SEED, Home

from pipelines.synth import files as synth

EMPTY = dict.fromkeys(("participation_rate", "simple_loss_ratio", "prevention_fee_share", "service_coverage"), (0, 0))


def compare(home: Home, truth: Path) -> None:
    rows = home.rows(
        """
        select jurisdiction, stat_year, district_code, industry_code, as_of, insured_required_units, required_units,
            cast(100 * (claims_settled + claims_paid_open + claims_outstanding) as bigint), cast(100 * premium_received as bigint),
            cast(100 * fee_provided as bigint), serviced_units_in_force, insured_units_in_force,
            participation_rate, simple_loss_ratio, prevention_fee_share, service_coverage
        from marts.supervision_metrics
        """
    )
    as_of: date = rows[0][4]
    expected = independent.headline(truth, as_of)
    seen = set()
    for row in rows:
        cell, (insured, required, incurred, premium, provided, served, in_force) = row[:4], row[5:12]
        found = {
            "participation_rate": (insured, required), "simple_loss_ratio": (incurred, premium),
            "prevention_fee_share": (provided, premium), "service_coverage": (served, in_force),
        }  # fmt: skip
        assert found == expected.get(cell, EMPTY), cell
        for metric, ratio in zip(EMPTY, row[12:], strict=True):
            numerator, denominator = found[metric]
            # The amounts are equal to the cent; yuan and cents divide to the same number but for the last bit.
            assert ratio == (pytest.approx(numerator / denominator, rel=1e-12) if denominator else None)
        seen.add(cell)
    assert set(expected) <= seen
    assert sum(bool(value["participation_rate"][1]) for value in expected.values()) > 100


def test_with_dirt(dirty_world: Home) -> None:
    compare(dirty_world, dirty_world.path / "truth")


def test_clean(tmp_path: Path) -> None:
    synth.write(tmp_path, "sample", SEED + 1, 0.0)
    home = Home(tmp_path).build()
    compare(home, tmp_path / "truth")
    assert home.rows("select count(*) from quality.quarantine") == [(0,)]


@pytest.mark.parametrize("as_of", ["2023-12-10", "2025-06-30"])
def test_as_of(dirty_world: Home, tmp_path: Path, as_of: str) -> None:
    """What was known on a day, computed from everything that has arrived since."""
    home = Home(tmp_path)
    shutil.copytree(dirty_world.path / "raw", tmp_path / "raw", dirs_exist_ok=True)
    home.build(as_of)
    compare(home, dirty_world.path / "truth")

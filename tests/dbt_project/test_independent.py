"""The four headline ratios, pending units and declarations against a second computation in plain Python (independent.py), every cell of both cities."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import independent
import pytest
from conftest import SEED, Home, copied

from pipelines.synth import files as synth

METRICS = (
    "participation_rate",
    "participation_rate_high",
    "simple_loss_ratio",
    "prevention_fee_share",
    "service_coverage",
)
EMPTY = dict.fromkeys(METRICS, (0, 0))


def compare(home: Home, truth: Path) -> None:
    rows = home.rows(
        """
        select jurisdiction, stat_year, district_code, industry_code, as_of, insured_required_units, required_units,
            cast(100 * (claims_settled + claims_paid_open + claims_outstanding) as bigint), cast(100 * premium_received as bigint),
            cast(100 * fee_provided as bigint), serviced_units_in_force, insured_units_in_force,
            participation_rate, participation_rate_high, simple_loss_ratio, prevention_fee_share, service_coverage, pending_units
        from marts.supervision_metrics
        """
    )
    as_of: date = rows[0][4]
    expected = independent.headline(truth, as_of)
    seen = set()
    for row in rows:
        cell, (insured, required, incurred, premium, provided, served, in_force) = row[:4], row[5:12]
        found = {
            "participation_rate": (insured, required), "participation_rate_high": (insured + row[-1], required), "simple_loss_ratio": (incurred, premium),
            "prevention_fee_share": (provided, premium), "service_coverage": (served, in_force),
        }  # fmt: skip
        assert found == expected.get(cell, EMPTY), cell
        for metric, ratio in zip(METRICS, row[12:-1], strict=True):
            numerator, denominator = found[metric]
            # The amounts are equal to the cent; yuan and cents divide to the same number but for the last bit.
            assert ratio == (pytest.approx(numerator / denominator, rel=1e-12) if denominator else None)
        seen.add(cell)
    assert set(expected) <= seen
    assert sum(bool(value["participation_rate"][1]) for value in expected.values()) > 100
    compare_same_days(home, truth, as_of)
    compare_declarations(home, truth, as_of)


def compare_same_days(home: Home, truth: Path, as_of: date) -> None:
    """This year so far and the same days of the year before, to the knowledge date and to the data date."""
    ends: dict[str, dict[str, dict[int, date]]] = {}
    for city, basis, year, end in home.rows(
        "select distinct jurisdiction, basis, stat_year, part_end from marts.same_days"
    ):
        ends.setdefault(basis, {}).setdefault(city, {})[year] = end
    reach = independent.data_dates(truth, "policy", as_of)
    for city, day in home.rows("select jurisdiction, data_date from meta.data_date"):
        slowest = min(found for provider, found in reach.items() if provider.startswith(f"{city}_"))
        assert day == slowest
        assert ends["as_of"][city] == {as_of.year: as_of, as_of.year - 1: as_of.replace(year=as_of.year - 1)}
        if slowest.year == as_of.year:
            assert ends["data"][city] == {as_of.year: slowest, as_of.year - 1: slowest.replace(year=as_of.year - 1)}
    for basis, by_city in ends.items():
        for city, by_year in by_city.items():
            expected = independent.headline(truth, as_of, lambda year, of=by_year: of.get(year, date(year, 1, 1)))
            for row in home.rows(
                f"""
                select jurisdiction, stat_year, district_code, industry_code, insured_required_units, required_units, pending_units,
                    cast(100 * claims_incurred as bigint), cast(100 * premium_received as bigint), cast(100 * fee_provided as bigint),
                    serviced_units_in_force, insured_units_in_force
                from marts.same_days where basis = '{basis}' and jurisdiction = '{city}'
                """
            ):
                insured, required, pending, incurred, premium, provided, served, in_force = row[4:]
                assert {
                    "participation_rate": (insured, required), "participation_rate_high": (insured + pending, required),
                    "simple_loss_ratio": (incurred, premium), "prevention_fee_share": (provided, premium),
                    "service_coverage": (served, in_force),
                } == expected.get(row[:4], EMPTY), (basis, row[:4])  # fmt: skip


def compare_declarations(home: Home, truth: Path, as_of: date) -> None:
    expected = independent.declared(truth, as_of)
    found = {
        row[:3]: row[3:]
        for row in home.rows(
            """
            select provider, feed, period, declared_rows, loaded_rows, cast(100 * declared_amount as bigint), cast(100 * loaded_amount as bigint)
            from quality.declarations where feed <> 'enterprise'
            """
        )
    }
    assert found == expected
    assert len(found) > 50


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
    home = copied(dirty_world, tmp_path).build(as_of)
    compare(home, dirty_world.path / "truth")

"""What changed between two knowledge dates adds up, and a knowledge date never changes."""

from __future__ import annotations

import itertools
import os
import random
import re
from pathlib import Path

import duckdb
import polars as pl
import pytest
from conftest import Home

from pipelines.explain.diff import CORRECTED, NEW, ROUNDING, RULES, WITHDRAWN, Difference, diff
from pipelines.ingest.manifest import NothingKnown
from pipelines.night.past_day import warehouse_at
from pipelines.settings import DBT_PROJECT

CELL = ["mart", "metric", "jurisdiction", "district_code", "industry_code", "insurer_code"]
# One worker builds the warehouses of all days.

# Fifteen days between and on the drops of the synthetic world: 105 pairs.
DAYS = [
    "2023-01-05", "2023-05-20", "2023-11-30", "2023-12-05", "2023-12-10", "2024-01-05", "2024-06-30", "2024-12-05", "2024-12-10",
    "2025-01-05", "2025-03-31", "2025-12-05", "2025-12-10", "2026-01-05", "2026-10-15",
]  # fmt: skip
ASKED_FOR = ["2023-12-10", "2024-06-30", "2024-12-10", "2025-12-10"]


class Warehouses(dict[str, Path]):
    """The warehouse of a day, built when it is asked for."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self.home = home

    def __missing__(self, day: str) -> Path:
        self[day] = warehouse_at(self.home.settings, day)
        return self[day]


@pytest.fixture(scope="module")
def warehouses(dirty_world: Home) -> dict[str, Path]:
    return Warehouses(dirty_world)


def check_adds_up(found: Difference) -> int:
    measures = found.cells.join(found.causes.select("mart", "metric").unique(), on=["mart", "metric"], how="semi")
    sums = found.causes.group_by(CELL).agg(pl.col("change").cast(pl.Float64).sum().alias("summed"))
    joined = measures.join(sums, on=CELL, how="full", coalesce=True)
    off = (joined["change"].cast(pl.Float64).fill_null(0) - joined["summed"].fill_null(0)).abs()
    assert (off < 1e-6).all(), joined.filter(off >= 1e-6).head()
    return joined.height


def test_random_pairs_add_up(warehouses: dict[str, Path]) -> None:
    """ANZE_PAIRS pairs of days (a hundred with `make heavy`); otherwise three of the days that the tests below ask for."""
    pairs = list(itertools.combinations(DAYS if "ANZE_PAIRS" in os.environ else ASKED_FOR, 2))
    rng = random.Random(4)
    checked = 0
    for before, after in rng.sample(pairs, int(os.environ.get("ANZE_PAIRS", "3"))):
        year = rng.choice([2023, 2024, 2025])
        metric = rng.choice(
            [
                "premium_received",
                "participation_rate",
                "simple_loss_ratio",
                "service_coverage",
                "prevention_fee_share",
                "hhi",
            ]
        )
        checked += check_adds_up(diff(warehouses[before], warehouses[after], year, only=metric))
    assert checked > 100


def test_every_metric_adds_up_with_causes_of_every_kind(warehouses: dict[str, Path]) -> None:
    found = diff(warehouses["2023-12-10"], warehouses["2025-03-31"], 2023)
    assert check_adds_up(found) > 500
    causes = set(found.causes["cause"])
    assert {NEW, CORRECTED, WITHDRAWN} <= causes
    named = found.causes.filter(pl.col("cause").is_in([NEW, CORRECTED, WITHDRAWN]))
    assert named["file_name"].null_count() == 0 and named["line_no"].null_count() == 0
    # What is named as new or corrected came after the first day.
    fresh = found.causes.filter(pl.col("cause").is_in([NEW, CORRECTED]))
    assert fresh["received_at"].dt.date().cast(pl.String).min() > "2023-12-10"
    # Below a cent there is only rounding, and only for money.
    assert found.causes.filter(pl.col("cause") == ROUNDING)["change"].cast(pl.Float64).abs().max() < 0.01
    assert found.quarantined.height > 0


def test_no_difference_to_itself(warehouses: dict[str, Path]) -> None:
    found = diff(warehouses["2024-12-10"], warehouses["2024-12-10"], 2024)
    assert found.cells.is_empty() and found.causes.is_empty() and found.quarantined.is_empty()


def test_a_difference_to_a_third_day_is_the_sum_of_two(warehouses: dict[str, Path]) -> None:
    days = ("2023-12-10", "2024-06-30", "2025-12-10")
    first, second, both = (
        diff(warehouses[one], warehouses[other], 2023, only="premium_received").cells.select(*CELL, "change")
        for one, other in ((days[0], days[1]), (days[1], days[2]), (days[0], days[2]))
    )
    summed = (
        pl.concat([first, second]).group_by(CELL).agg(pl.col("change").sum()).filter(pl.col("change") != 0).sort(CELL)
    )
    assert summed.equals(both.sort(CELL))


def test_as_the_command_says_it(dirty_world: Home, warehouses: dict[str, Path]) -> None:
    shown = dirty_world.anze("diff", "--year", "2023", "--as-of", "2024-12-10", "--as-of", "2023-12-10")
    assert shown.returncode == 0 and "取数时点 2023-12-10 → 2024-12-10" in shown.stdout and "新增" in shown.stdout
    assert dirty_world.anze("diff", "--year", "2023", "--as-of", "2024-12-10").returncode == 2
    days = ("--as-of", "2024-12-10", "--as-of", "2023-12-10")
    assert dirty_world.anze("diff", "--year", "2023", *days, "--metric", "没有的指标").returncode == 2


def test_before_the_first_drop_nothing_is_known(dirty_world: Home) -> None:
    with pytest.raises(NothingKnown, match="没有收到任何文件"):
        warehouse_at(dirty_world.settings, "2019-01-01")


def test_a_side_warehouse_is_kept_while_its_inputs_are(dirty_world: Home, warehouses: dict[str, Path]) -> None:
    before = warehouses["2024-06-30"].stat().st_ino
    assert warehouse_at(dirty_world.settings, "2024-06-30").stat().st_ino == before
    with duckdb.connect(str(warehouses["2024-06-30"]), read_only=True) as connection:
        latest = connection.execute("select max(received_at)::date::varchar from quality.files").fetchall()[0][0]
    assert latest <= "2024-06-30"


def test_the_rules_that_decide_an_evidence_are_those_its_model_asks_for() -> None:
    """What diff names as a cause is what the SQL looks up, in the evidence itself or in the steps it is made of."""
    models = DBT_PROJECT / "models"
    asked = {}
    for path in sorted((models / "marts/evidence").glob("evidence_*.sql")):
        text = path.read_text(encoding="utf-8")
        for asked_for, step in (("int_claim_step", "int_claim_step"), ("fct_hazard", "records/int_hazard")):
            if f"ref('{asked_for}')" in text:
                text += (models / f"intermediate/{step}.sql").read_text(encoding="utf-8")
        if rules := set(re.findall(r"rule_value\('(\w+)'", text)):
            asked[path.stem] = rules
    assert asked == {evidence: set(rules) for evidence, rules in RULES.items()}

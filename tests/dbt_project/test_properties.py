"""Promises of the design: the order of arrival does not matter, night by night is all at once."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Home, compiled_once

from pipelines.warehouse.dictionary import PUBLISHED_SCHEMAS


def tables(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of everything that dbt publishes."""
    made = (f"{step.schema}.{step.name}" for step in compiled_once().steps if step.schema in PUBLISHED_SCHEMAS)
    return {name: home.rows(f"select * from {name} order by all") for name in made}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.heavy)])
def test_any_order_of_arrival_and_any_split_into_nights_gives_the_same_tables(
    dirty_world: Home, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    drops = sorted(path for path in dirty_world.settings.raw.rglob("*") if path.is_file())
    rng.shuffle(drops)
    home = Home(tmp_path)
    cuts = sorted(rng.sample(range(1, len(drops)), 2))
    for night in (drops[: cuts[0]], drops[cuts[0] : cuts[1]], drops[cuts[1] :]):
        for drop in night:
            target = home.settings.raw / drop.relative_to(dirty_world.settings.raw)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(drop, target)
            os.utime(target, (1_700_000_000, 1_700_000_000))
        home.build()
    expected, found = tables(dirty_world), tables(home)
    assert len(expected) > 70
    for name in expected:
        assert found[name] == expected[name], name

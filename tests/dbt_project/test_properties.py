"""Promises of the design: the order of arrival does not matter, night by night is all at once."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Home

from pipelines.synth import files as synth

TABLES = "select table_schema || '.' || table_name from information_schema.tables where table_schema in ('marts', 'quality', 'meta') order by 1"


def tables(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    return {name: home.rows(f"select * from {name} order by all") for (name,) in home.rows(TABLES)}


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Home:
    path = tmp_path_factory.mktemp("once")
    synth.write(path, "sample", 3, 0.05)
    return Home(path).build()


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.heavy)])
def test_any_order_of_arrival_and_any_split_into_nights_gives_the_same_tables(
    at_once: Home, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    drops = sorted(path for path in at_once.settings.raw.rglob("*") if path.is_file())
    rng.shuffle(drops)
    home = Home(tmp_path)
    cuts = sorted(rng.sample(range(1, len(drops)), 2))
    for night in (drops[: cuts[0]], drops[cuts[0] : cuts[1]], drops[cuts[1] :]):
        for drop in night:
            target = home.settings.raw / drop.relative_to(at_once.settings.raw)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(drop, target)
            os.utime(target, (1_700_000_000, 1_700_000_000))
        home.build()
    expected, found = tables(at_once), tables(home)
    assert set(found) == set(expected) and len(found) > 20
    for name in expected:
        assert found[name] == expected[name], name

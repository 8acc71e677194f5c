"""Small landing files are read as one file, whatever comes, goes or breaks."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from conftest import Home
from drops import POLICY, policy

from pipelines.ingest import compaction
from pipelines.ingest.landing import forget


def many_files(home: Home, numbers: range) -> None:
    for number in numbers:
        home.drop("weihai_hayc", "policy", "2023-02-01", f"{number}.csv", POLICY + policy(f"P{number}"))


def policies(home: Home) -> list[str]:
    """As every reader of the feed sees them."""
    return sorted(pl.read_parquet(home.settings.landing / "policy" / "*.parquet")["policy_no"].to_list())


def together(home: Home) -> list[Path]:
    return list((home.settings.landing / "policy").glob("small-*.parquet"))


def test_small_files_are_read_as_one(home: Home) -> None:
    many_files(home, range(12))
    home.land()
    (first,) = together(home)
    assert policies(home) == sorted(f"P{number}" for number in range(12))
    written = first.stat().st_mtime_ns
    home.land()
    assert first.stat().st_mtime_ns == written, "nothing new, nothing written"
    many_files(home, range(12, 14))
    home.land()
    assert len(together(home)) == 1 and policies(home) == sorted(f"P{number}" for number in range(14))


def test_large_files_stay_beside_the_small_ones(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "SMALL_BYTES", 0)
    many_files(home, range(3))
    home.land()
    assert together(home) == [] and len(policies(home)) == 3
    monkeypatch.setattr(compaction, "SMALL_BYTES", 128 << 10)
    many_files(home, range(3, 5))
    home.land()
    assert len(together(home)) == 1 and policies(home) == [f"P{number}" for number in range(5)]


def test_drops_that_went_away_count_until_somebody_decides(home: Home) -> None:
    many_files(home, range(3))
    home.land()
    (home.settings.raw / "weihai_hayc" / "policy" / "2023-02-01" / "1.csv").unlink()
    home.land()
    assert policies(home) == ["P0", "P1", "P2"]
    assert forget(home.settings, "weihai_hayc/policy/2023-02-01/1.csv")
    assert not forget(home.settings, "weihai_hayc/policy/2023-02-01/0.csv"), "it is there"
    home.land()
    assert policies(home) == ["P0", "P2"]
    many_files(home, range(1, 2))
    home.land()
    assert policies(home) == ["P0", "P1", "P2"]


@pytest.mark.parametrize("harm", ["gone", "flipped", "half"])
def test_a_damaged_file_of_small_ones_is_made_again(home: Home, harm: str) -> None:
    many_files(home, range(3))
    home.land()
    (path,) = together(home)
    content = path.read_bytes()
    path.unlink()
    if harm == "flipped":
        path.write_bytes(content[:50] + bytes([content[50] ^ 1]) + content[51:])
    elif harm == "half":
        path.write_bytes(content[: len(content) // 2])
    home.land()
    assert path.read_bytes() == content


def test_landing_files_of_an_older_version_go(home: Home) -> None:
    """They lay elsewhere; read beside the new ones, their rows would count twice."""
    many_files(home, range(2))
    home.land()
    for path in (home.settings.landing / "policy" / "_small").glob("*.parquet"):
        shutil.copy(path, home.settings.landing / "policy" / path.name)
    home.land()
    assert policies(home) == ["P0", "P1"]

"""The programs of benchmarks/ run and agree; how fast they are is no test."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.mark.heavy
def test_floor_and_the_path_of_the_four_ratios_agree_in_every_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("bench", BENCHMARKS / "bench.py")
    assert spec is not None and spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench", bench)  # its dataclass looks itself up
    spec.loader.exec_module(bench)
    monkeypatch.setattr(bench, "WORK", tmp_path)
    home = bench.generated("sample")
    bench.run(sys.executable, str(BENCHMARKS / "floor.py"), str(home), home=home)
    alone = bench.run(sys.executable, str(BENCHMARKS / "headline.py"), str(home), str(tmp_path / "alone"), home=home)
    assert "landing" in alone.said
    (home / "warehouse").mkdir()
    (tmp_path / "alone" / "headline.duckdb").rename(home / "warehouse" / "anze.duckdb")
    assert bench.same_ratios(home, "floor", every_cell=True) > 500

"""kill -9 at random moments: the next run gives the tables of an undisturbed one, and readers never see half a file.

`make faults` (not part of `make test`: the better part of an hour). ANZE_KILLS: how many (200), four to a home, each in
whatever state the one before has left it; ANZE_KILL_SEED: which moments. Every case says its seed and moments, so that
it can be repeated.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from conftest import ANZE, Home, make_uscc
from drops import POLICY, policy

KILLS = int(os.environ.get("ANZE_KILLS", "200"))
KILLS_PER_HOME = 4
SEED = int(os.environ.get("ANZE_KILL_SEED", "1"))
GATES = {"ANZE_OVERRIDE_GATES": "headline_moves_within_bound"}
ROSTER = "统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,列入日期\n"
TABLES = """
    select table_schema || '.' || table_name from information_schema.tables
    where table_schema in ('marts', 'quality') and table_name <> 'gate_results' order by 1
"""


def drops(home: Home, batch: int) -> None:
    """A city of sixty units; the second batch comes in the night that is killed."""
    for provider, district in (("weihai_371002", "环翠区"), ("weihai_371003", "文登区")):
        first = 100 * batch + (0 if provider.endswith("2") else 50)
        units = [make_uscc(number) for number in range(first, first + 15)]
        home.drop(
            provider, "enterprise", f"2023-0{batch}-01", f"{batch}.csv",
            ROSTER + "".join(f"{unit},单位{unit},{district},危化,是,存续,2020-01-01\n" for unit in units),
        )  # fmt: skip
        home.drop(
            "weihai_hayc", "policy", f"2023-0{batch}-02", f"{provider}_{batch}.csv",
            POLICY + "".join(policy(f"P{unit}", 被保险人统一社会信用代码=unit, 所在区市=district) for unit in units[:10]),
        )  # fmt: skip


def tables(path: Path) -> dict[str, tuple[int, int]]:
    """Rows and content of every table of a published file; it must be openable and whole."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [name for (name,) in connection.execute(TABLES).fetchall()]
        return {
            name: connection.execute(f"select count(*), sum(hash(t)) from {name} as t").fetchall()[0] for name in names
        }


@dataclass
class Undisturbed:
    """A home with new drops waiting, put back to that state before every case, and what should come of it."""

    home: Home
    saved: Path
    old: dict[str, tuple[int, int]]
    new: dict[str, tuple[int, int]]
    seconds: float

    def put_back(self) -> None:
        shutil.rmtree(self.home.path)
        shutil.copytree(self.saved, self.home.path, symlinks=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """A home after its first night, the tables then, the tables after the second night, and how long that took."""
    home = Home(tmp_path_factory.mktemp("killed"))
    saved = tmp_path_factory.mktemp("saved") / "home"
    drops(home, 1)
    assert home.anze("nightly").returncode == 0
    old = tables(home.settings.published)
    drops(home, 2)
    shutil.copytree(home.path, saved, symlinks=True)
    begun = time.monotonic()
    night = home.anze("nightly", **GATES)
    assert night.returncode == 0, night.stderr
    return Undisturbed(home, saved, old, tables(home.settings.published), time.monotonic() - begun)


def copy(source: Home, target: Home) -> None:
    for part in ("raw", "landing", "warehouse", "dbt", "site"):
        if (source.path / part).exists():
            shutil.copytree(
                source.path / part,
                target.path / part,
                dirs_exist_ok=True,
                symlinks=True,
                ignore=shutil.ignore_patterns("compiled"),
            )


@pytest.mark.parametrize("number", range(-(-KILLS // KILLS_PER_HOME)))
def test_killed_at_any_moment_the_next_run_ends_as_if_nothing_had_happened(
    undisturbed: Undisturbed, tmp_path: Path, number: int
) -> None:
    undisturbed.put_back()
    home = undisturbed.home
    longest = undisturbed.seconds * 1.05
    kills = min(KILLS_PER_HOME, KILLS - number * KILLS_PER_HOME)
    moments = [random.Random(f"{SEED}/{number}/{kill}").uniform(0.3, longest) for kill in range(kills)]
    environment = {**os.environ, **GATES, "ANZE_HOME": str(home.path), "ANZE_SITE_AUDIENCES": "weihai_city"}
    stages = []
    for moment in moments:
        with (tmp_path / "log").open("w+", encoding="utf-8") as log:
            night = subprocess.Popen([ANZE, "nightly"], env=environment, stdout=log, stderr=log, start_new_session=True)
            try:
                night.wait(moment)
                stages.append("到头")
            except subprocess.TimeoutExpired:
                os.killpg(night.pid, signal.SIGKILL)
                night.wait()
                log.seek(0)
                stages.append(([line[2:4] for line in log if line.startswith("✓")] or ["启动"])[-1] + "之后")
        # Whoever reads now sees the old publication or the new one, whole.
        assert tables(home.settings.published) in (undisturbed.old, undisturbed.new), (SEED, number, moments)
    again = home.anze("nightly", **GATES)
    assert again.returncode == 0, (SEED, number, moments, again.stderr)
    assert tables(home.settings.published) == undisturbed.new, (SEED, number, moments)
    assert (home.path / "site" / "current" / "weihai_city" / "index.html").exists()
    print("killed:", ", ".join(f"{moment:.1f} s ({stage})" for moment, stage in zip(moments, stages, strict=True)))

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
from pathlib import Path

import duckdb
import pytest
from conftest import ANZE, Home, make_uscc
from test_landing import POLICY, policy

KILLS = int(os.environ.get("ANZE_KILLS", "200"))
KILLS_PER_HOME = 4
SEED = int(os.environ.get("ANZE_KILL_SEED", "1"))
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


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Home, dict[str, tuple[int, int]], dict[str, tuple[int, int]], float]:
    """A home after its first night, the tables then, the tables after the second night, and how long that took."""
    home = Home(tmp_path_factory.mktemp("before"))
    drops(home, 1)
    assert home.anze("nightly").returncode == 0
    second = Home(tmp_path_factory.mktemp("after"))
    copy(home, second)
    drops(second, 2)
    begun = time.monotonic()
    night = second.anze("nightly", ANZE_OVERRIDE_GATES="headline_moves_within_bound")
    assert night.returncode == 0, night.stderr
    return home, tables(home.settings.published), tables(second.settings.published), time.monotonic() - begun


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


@pytest.mark.parametrize("number", range(KILLS // KILLS_PER_HOME))
def test_killed_at_any_moment_the_next_run_ends_as_if_nothing_had_happened(
    undisturbed: tuple[Home, dict[str, tuple[int, int]], dict[str, tuple[int, int]], float], tmp_path: Path, number: int
) -> None:
    before, old, new, seconds = undisturbed
    home = Home(tmp_path)
    copy(before, home)
    drops(home, 2)
    moments = [random.Random(f"{SEED}/{number}/{kill}").uniform(0.3, seconds * 1.05) for kill in range(KILLS_PER_HOME)]
    environment = {
        **os.environ, "ANZE_HOME": str(home.path), "ANZE_SITE_AUDIENCES": "weihai_city", "ANZE_OVERRIDE_GATES": "headline_moves_within_bound",
    }  # fmt: skip
    killed = 0
    for moment in moments:
        with (tmp_path / "log").open("w") as log:
            night = subprocess.Popen([ANZE, "nightly"], env=environment, stdout=log, stderr=log, start_new_session=True)
            try:
                night.wait(moment)
            except subprocess.TimeoutExpired:
                os.killpg(night.pid, signal.SIGKILL)
                night.wait()
                killed += 1
        # Whoever reads now sees the old publication or the new one, whole.
        assert tables(home.settings.published) in (old, new), (SEED, number, moments)
    again = home.anze("nightly", ANZE_OVERRIDE_GATES="headline_moves_within_bound")
    assert again.returncode == 0, (SEED, number, moments, again.stderr)
    assert tables(home.settings.published) == new, (SEED, number, moments)
    assert (home.path / "site" / "current" / "weihai_city" / "index.html").exists()
    print(f"killed {killed} of {KILLS_PER_HOME}")
    shutil.rmtree(tmp_path)

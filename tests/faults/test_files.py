"""Faults of the drop zone while a night runs: files still being copied, taken away, renamed, thousands of small ones.

`make faults`.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import tarfile
import threading
import time
from pathlib import Path

import polars as pl
import pytest
from conftest import ANZE, Home
from drops import POLICY, policy
from test_kill import copy, drops, tables
from test_machine import is_held

from pipelines.ingest.landing import vanished

GATES = {"ANZE_OVERRIDE_GATES": "headline_moves_within_bound"}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after one night, with a filed return."""
    home = Home(tmp_path_factory.mktemp("files"))
    drops(home, 1)
    assert home.anze("nightly").returncode == 0
    filed = home.anze("report", "2023", "--jurisdiction", "weihai", "--file", "--incomplete", "测试")
    assert filed.returncode == 0, filed.stderr
    return home


def test_a_file_still_being_copied_is_read_when_it_is_whole(tmp_path: Path) -> None:
    """Written a piece at a time, slower than the night reads: no half file is ever loaded, the whole one is later."""
    home = Home(tmp_path)
    home.drop("weihai_hayc", "policy", "2023-02-01", "ready.csv", POLICY + policy("READY"))
    slow = home.settings.raw / "weihai_hayc" / "policy" / "2023-02-01" / "slow.csv"
    rows = [policy(f"S{number}") for number in range(400)]
    done = threading.Event()

    def write() -> None:
        with slow.open("w", encoding="utf-8") as file:
            file.write(POLICY)
            for row in rows:
                file.write(row)
                file.flush()
                time.sleep(0.02)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        home.land()
        files = home.files()
        assert files.filter(pl.col("file_name") == "slow.csv")["rows_in"].to_list() in ([], [400])
    writer.join()
    home.land()
    files = home.files().sort("file_name")
    assert files.select("file_name", "rows_accepted").rows() == [("ready.csv", 1), ("slow.csv", 400)]


def test_files_taken_away_and_renamed_during_the_run(tmp_path: Path) -> None:
    """Somebody tidies up the drop zone while it is read: what is there in the end is loaded, and what was read before it was taken
    away stays, and is named, until an operator decides (trust.md 2)."""
    home = Home(tmp_path)
    for number in range(300):
        home.drop("weihai_hayc", "policy", "2023-02-01", f"{number}.csv", POLICY + policy(f"P{number}"))
    folder = home.settings.raw / "weihai_hayc" / "policy" / "2023-02-01"
    rng = random.Random(5)
    stop = threading.Event()

    def tidy() -> None:
        names = [f"{number}.csv" for number in range(300)]
        rng.shuffle(names)
        for place, name in enumerate(names[:120]):
            if stop.is_set():
                return
            path = folder / name
            path.unlink() if place % 2 else path.rename(folder / f"umbenannt_{name}")
            time.sleep(0.01)

    tidier = threading.Thread(target=tidy)
    tidier.start()
    home.land()
    stop.set()
    tidier.join()
    home.land()
    files = home.files()
    gone = [Path(path).name for path in vanished(home.settings)]
    assert sorted(files["file_name"]) == sorted([*gone, *(path.name for path in folder.iterdir())])
    # One that was read before it was renamed is there unchanged.
    assert set(files["status"]) <= {"loaded", "unchanged"} and files["rows_accepted"].sum() == files.height


def test_three_thousand_small_files(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for number in range(3_000):
        home.drop("weihai_hayc", "policy", "2023-02-01", f"{number}.csv", POLICY + policy(f"P{number}"))
    began = time.monotonic()
    assert home.land()["policy"].rows_accepted == 3_000
    print(f"3000 files in {time.monotonic() - began:.0f} s")
    night = home.anze("nightly")
    assert night.returncode == 0, night.stderr
    assert home.rows("select count(*) from marts.fct_policy", published=True) == [(3_000,)]


def test_backup_and_restore_byte_for_byte(before: Home, tmp_path: Path) -> None:
    """docs/operator.md: raw and filings are all that must be saved. Everything comes back as it was, where a sender's folder is a
    link too."""
    archive = tmp_path / "backup.tar"
    elsewhere = tmp_path / "elsewhere"
    folder = before.path / "raw" / "weihai_hayc"
    if not folder.is_symlink():
        folder.rename(elsewhere)
        folder.symlink_to(elsewhere)
    saved = before.anze("backup", str(archive))
    assert saved.returncode == 0, saved.stderr
    restored = Home(tmp_path / "restored")
    with tarfile.open(archive) as file:
        file.extractall(restored.path, filter="fully_trusted")

    def fingerprints(home: Home) -> dict[str, str]:
        return {
            (Path(folder) / name).relative_to(home.path).as_posix(): hashlib.sha256(
                (Path(folder) / name).read_bytes()
            ).hexdigest()
            for part in ("raw", "filings")
            for folder, _, names in os.walk(home.path / part, followlinks=True)
            for name in names
        }

    assert fingerprints(restored) == fingerprints(before)
    night = restored.anze("nightly", "--full")
    assert night.returncode == 0, night.stderr
    assert tables(restored.settings.published) == tables(before.settings.published)
    assert {
        name: hashlib.sha256((restored.settings.landing / name).read_bytes()).hexdigest()
        for name in (path.relative_to(before.settings.landing).as_posix() for path in before.settings.landing.rglob("*.parquet"))
    } == {
        path.relative_to(before.settings.landing).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in before.settings.landing.rglob("*.parquet")
    }  # fmt: skip
    (number,) = [path.parent.name for path in (restored.path / "filings").glob("*/*/*/filing.json")]
    again = restored.anze("report", "2023", "--jurisdiction", "weihai", "--reproduce", number)
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.parametrize("number", range(int(os.environ.get("ANZE_REPORT_KILLS", "20"))))
def test_killed_while_filing_a_return(before: Home, tmp_path: Path, number: int) -> None:
    """A filing is there whole or not at all; the next attempt gets the next free number and can be made again."""
    home = Home(tmp_path)
    copy(before, home)
    moment = random.Random(f"report/{number}").uniform(0.3, 9)
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [ANZE, "report", "2023", "--jurisdiction", "weihai", "--file", "--incomplete", "测试"],
            env={**os.environ, "ANZE_HOME": str(home.path)}, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert tables(home.settings.published) == tables(before.settings.published), (number, moment)
    again = home.anze("report", "2023", "--jurisdiction", "weihai", "--file", "--incomplete", "测试")
    assert again.returncode == 0, (number, moment, again.stdout, again.stderr)
    filings = sorted(path.parent.name for path in (home.path / "filings").glob("*/*/*/filing.json"))
    assert filings, (number, moment)
    for filing in filings:
        made_again = home.anze("report", "2023", "--jurisdiction", "weihai", "--reproduce", filing)
        assert made_again.returncode == 0, (number, moment, filing, made_again.stdout, made_again.stderr)


def test_dagster_daemon_killed_and_started_again(before: Home, tmp_path: Path) -> None:
    """Console and daemon die by kill -9 in the middle of a run they started; started again, they bring it to its end."""
    home = Home(tmp_path)
    copy(before, home)
    drops(home, 2)
    old = tables(home.settings.published)
    environment = {**os.environ, **GATES, "ANZE_HOME": str(home.path), "ANZE_SITE_AUDIENCES": "weihai_city"}

    def start(port: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [ANZE, "dev", "--home", str(home.path), "--port", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env=environment,
        )  # fmt: skip

    first = start(43_117)
    lock = home.settings.warehouse / ".lock"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not (lock.exists() and is_held(lock)):
        time.sleep(0.5)
    assert is_held(lock), "no run was started by the sensor"
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    # Run workers are processes of their own: those of this home go as well, as when the machine dies.
    subprocess.run(["pkill", "-9", "-f", str(home.path)], check=False)
    time.sleep(1)
    assert tables(home.settings.published) == old
    second = start(43_118)
    try:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and tables(home.settings.published) == old:
            time.sleep(2)
        assert tables(home.settings.published) != old
    finally:
        os.killpg(second.pid, signal.SIGKILL)
        second.wait()
        subprocess.run(["pkill", "-9", "-f", str(home.path)], check=False)
    night = home.anze("nightly", **GATES)
    assert night.returncode == 0, night.stderr
    here = Home(tmp_path / "here")
    copy(before, here)
    drops(here, 2)
    assert here.anze("nightly", **GATES).returncode == 0
    assert tables(home.settings.published) == tables(here.settings.published)

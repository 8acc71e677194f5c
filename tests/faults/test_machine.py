"""Faults of the machine: disk full, read-only folders, too little memory, another time zone, many readers, two writers.

`make faults`. Each ends with a clear message and exit code, and with the old publication as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from conftest import ANZE, Home
from test_kill import copy, drops, tables

from pipelines.publish.publication import publish
from pipelines.transform import compiled

GATES = {"ANZE_OVERRIDE_GATES": "headline_moves_within_bound"}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after one night."""
    home = Home(tmp_path_factory.mktemp("machine"))
    drops(home, 1)
    night = home.anze("nightly")
    assert night.returncode == 0, night.stderr
    return home


@pytest.fixture
def home(before: Home, tmp_path: Path) -> Home:
    """A copy of it with new drops waiting."""
    home = Home(tmp_path / "home")
    copy(before, home)
    drops(home, 2)
    return home


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_disk_full_leaves_the_old_publication_and_says_so(before: Home, tmp_path: Path) -> None:
    """The home lies on a tmpfs with next to nothing left; done in a mount namespace of its own."""
    size = sum(path.stat().st_size for path in before.path.rglob("*") if path.is_file() and not path.is_symlink())
    script = f"""
        set -e
        mount -t tmpfs -o size={size + (14 << 20)} tmpfs {tmp_path}
        mkdir {tmp_path}/home && cp -r {before.path}/raw {before.path}/landing {before.path}/warehouse {tmp_path}/home/
        old=$(sha256sum < {tmp_path}/home/warehouse/anze.duckdb)
        export ANZE_HOME={tmp_path}/home
        head -c 12M /dev/zero > {tmp_path}/filler || true
        touch -d '2023-11-14' {tmp_path}/home/raw/weihai_371002/enterprise/2023-01-01/1.csv
        set +e
        {ANZE} nightly; echo "exit $?"
        new=$(sha256sum < {tmp_path}/home/warehouse/anze.duckdb)
        [ "$old" = "$new" ] && echo untouched
        rm {tmp_path}/filler
        {ANZE} nightly > /dev/null 2>&1; echo "later $?"
    """
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False,
        env={**os.environ, "ANZE_SITE_AUDIENCES": "weihai_city"},
    )  # fmt: skip
    if "unshare" in done.stderr and "denied" in done.stderr:
        pytest.skip("no mount namespaces here")
    assert "untouched" in done.stdout, done.stdout + done.stderr
    assert "exit 1" in done.stdout and "磁盘空间不足" in done.stderr, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    assert "later 0" in done.stdout


def test_a_home_that_may_not_be_written_is_said_to_be_so(home: Home) -> None:
    """As a user who owns nothing of it (root may write everywhere; setpriv is part of every Debian)."""
    old = sha256(home.settings.published)
    for path in [home.path, *home.path.parents]:
        if path.stat().st_mode & 0o005 != 0o005:
            path.chmod(path.stat().st_mode | 0o055)
    prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if os.geteuid() == 0 else ()
    night = home.anze("nightly", prefix=prefix, HOME="/tmp")
    assert night.returncode == 1 and "Traceback" not in night.stderr, night.stderr
    assert "没有写入权限" in night.stderr and str(home.path) in night.stderr, night.stderr
    assert sha256(home.settings.published) == old


def test_a_read_only_file_system_is_said_to_be_so(before: Home, tmp_path: Path) -> None:
    """The home is mounted read-only, as after a disk error; done in a mount namespace of its own."""
    script = f"""
        mkdir {tmp_path}/home && cp -r {before.path}/raw {before.path}/landing {before.path}/warehouse {tmp_path}/home/
        mount --bind {tmp_path}/home {tmp_path}/home && mount -o remount,ro,bind {tmp_path}/home
        touch -d '2023-11-14' {tmp_path}/home/x 2>/dev/null && echo "not read-only"
        export ANZE_HOME={tmp_path}/home ANZE_HASH_KEY=test
        {ANZE} nightly --full; echo "exit $?"
        {ANZE} query "select count(*) from marts.fct_policy" && echo readable
    """
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False
    )
    assert "not read-only" not in done.stdout
    assert "exit 1" in done.stdout and "没有写入权限" in done.stderr and "Traceback" not in done.stderr, done.stderr[
        -2000:
    ]
    assert "readable" in done.stdout


def test_an_address_space_too_small_ends_in_words_or_by_the_kernel(home: Home) -> None:
    """A hard limit of the operating system (ulimit -v) for each process: whatever falls over, the old publication stays and
    the next night is whole. 1 GB is too little for any night."""
    old = sha256(home.settings.published)
    nights = {}
    for megabytes in (1024, 1536, 2048):
        nights[megabytes] = home.anze("nightly", prefix=("prlimit", f"--as={megabytes << 20}"), **GATES).returncode
        if nights[megabytes]:
            assert sha256(home.settings.published) == old, nights
        old = sha256(home.settings.published)
    assert nights[1024] != 0, nights
    assert home.anze("nightly", **GATES).returncode == 0


def test_too_little_memory_is_a_failure_with_a_message(home: Home) -> None:
    old = sha256(home.settings.published)
    night = home.anze("nightly", ANZE_MEMORY_LIMIT="1MB", **GATES)
    assert night.returncode == 1 and "emory" in night.stderr and "incidents" in night.stderr, night.stderr
    assert sha256(home.settings.published) == old
    assert home.anze("nightly", **GATES).returncode == 0


def test_dbt_ended_by_the_system_is_said(home: Home) -> None:
    """As the kernel does when memory runs out: the night fails in words, and the next one is whole."""
    old = sha256(home.settings.published)
    night = subprocess.Popen(
        [ANZE, "nightly", "--home", str(home.path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"ANZE_HOME": str(home.path), "ANZE_SITE_AUDIENCES": "weihai_city"} | GATES,
    )  # fmt: skip
    log = home.settings.home / "dbt" / "last_run.log"
    before_build = log.stat().st_mtime_ns
    while log.stat().st_mtime_ns == before_build or "model" not in log.read_text():
        assert night.poll() is None, night.communicate()[0]
        time.sleep(0.05)
    os.kill(dbt_of(night), signal.SIGKILL)
    said = night.communicate(timeout=300)[0]
    assert night.returncode == 1 and "内存不足" in said and "Traceback" not in said, said
    assert sha256(home.settings.published) == old
    assert home.anze("nightly", **GATES).returncode == 0


def dbt_of(night: subprocess.Popen[str]) -> int:
    """The process number of the night's dbt."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[1:5] == [b"-m", b"pipelines.transform.dbt_process", str(night.pid).encode(), b"build"]:
            return int(place.parent.name)
    pytest.fail("no dbt")


def test_another_time_zone_and_a_clock_set_back_change_nothing(home: Home, before: Home, tmp_path: Path) -> None:
    here = Home(tmp_path / "here")
    copy(before, here)
    drops(here, 2)
    assert here.anze("nightly", **GATES).returncode == 0
    assert home.anze("nightly", TZ="America/New_York", **GATES).returncode == 0
    assert tables(home.settings.published) == tables(here.settings.published)
    # A publication that seems to come from the future, as after a clock was set back.
    future = time.time() + 400 * 24 * 3600
    os.utime(home.settings.published, (future, future))
    again = home.anze("nightly", **GATES)
    assert again.returncode == 0 and "没有新文件" in again.stdout


def test_a_clock_that_really_runs_behind(before: Home, tmp_path: Path) -> None:
    """The whole night believes it is 2024 (Debian's faketime), years before the publication in force and half its drops."""
    if shutil.which("faketime") is None:
        pytest.skip("apt-get install faketime")
    here, there = Home(tmp_path / "here"), Home(tmp_path / "there")
    for home in (here, there):
        copy(before, home)
        drops(home, 2)
    assert here.anze("nightly", **GATES).returncode == 0
    late = there.anze("nightly", prefix=("faketime", "2021-03-01 03:00:00"), **GATES)
    assert late.returncode == 0, late.stderr
    assert tables(there.settings.published) == tables(here.settings.published)
    assert (there.path / "site" / "current" / "weihai_city" / "index.html").exists()
    assert "没有新文件" in there.anze("nightly", **GATES).stdout


def test_two_nights_at_once_the_second_one_says_so(home: Home) -> None:
    environment = {**os.environ, **GATES, "ANZE_HOME": str(home.path), "ANZE_SITE_AUDIENCES": "weihai_city"}
    first = subprocess.Popen([ANZE, "nightly"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lock = home.settings.warehouse / ".lock"
    while not is_held(lock):
        assert first.poll() is None
        time.sleep(0.1)
    second = home.anze("nightly", **GATES)
    assert second.returncode == 1 and str(first.pid) in second.stderr and "本次不运行" in second.stderr
    assert first.wait(300) == 0


def is_held(lock: Path) -> bool:
    """Somebody holds the writer's lock (told by the kernel, so that nothing is disturbed)."""
    inode = lock.stat().st_ino
    return any(line.split()[5].endswith(f":{inode}") for line in Path("/proc/locks").read_text().splitlines())


READER = """
import json, sys, time, duckdb
path, stop = sys.argv[1], sys.argv[2]
seen, reads = set(), 0
import pathlib
while not pathlib.Path(stop).exists():
    with duckdb.connect(path, read_only=True) as connection:
        found = connection.execute("select (select publication_id from meta.publication), (select count(*) from marts.fct_policy), (select cast(sum(policies) as bigint) from marts.supervision_metrics where district_code = 'ALL' and industry_code = 'ALL')").fetchall()[0]
    seen.add(found); reads += 1
    time.sleep(0.3)
print(json.dumps({'reads': reads, 'seen': sorted(seen)}))
"""


def test_forty_readers_during_twenty_publications_see_whole_ones_only(home: Home, tmp_path: Path) -> None:
    """Each reader opens, reads three things that must fit together, closes, again and again."""
    assert home.anze("nightly", **GATES).returncode == 0
    manifest = compiled.compiled_project(home.settings.home / "dbt" / "compiled").manifest
    stop = tmp_path / "stop"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(home.settings.published), str(stop)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(40)
    ]  # fmt: skip
    published = set()
    with duckdb.connect(str(home.settings.published), read_only=True) as connection:
        published.add(connection.execute("select publication_id from meta.publication").fetchall()[0][0])
    for number in range(20):
        published.add(publish(home.settings, manifest, [], f"reader test {number}").publication_id)
    stop.touch()
    reads = 0
    combinations = set()
    for reader in readers:
        out, error = reader.communicate(timeout=120)
        assert reader.returncode == 0, error[-500:]
        told = json.loads(out)
        reads += told["reads"]
        combinations |= {tuple(row) for row in told["seen"]}
    print(f"{reads} reads of {len(published)} publications")
    assert reads > 400 and {publication for publication, *_ in combinations} <= published
    # The same build published again and again: its counts never differ, whoever reads when.
    assert len({row[1:] for row in combinations}) == 1

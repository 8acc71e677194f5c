"""Faults of the home (trust.md 2): each has an outcome that is defined, and is said in words that name the file."""

from __future__ import annotations

import multiprocessing
import subprocess
import time
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest
from conftest import ANZE, Home, compiled_once
from drops import POLICY, policy

from pipelines.ingest.landing import land, pending
from pipelines.ingest.manifest import find_drops, receipts_folder
from pipelines.night.dagster_home import prune_runs
from pipelines.night.home import faults, set_right
from pipelines.publish.publication import publish
from pipelines.settings import CHINA
from pipelines.warehouse.tables import reading

LOOSE = "weihai_hayc/policy"


@pytest.fixture
def loose(home: Home) -> Home:
    """A home with two drops laid down without a stamp."""
    for name in ("甲.csv", "乙.csv"):
        home.drop("weihai_hayc", "policy", ".", name, POLICY + policy(name[0]))
    home.land()
    return home


def received(home: Home) -> dict[str, datetime]:
    files = pl.read_parquet(home.settings.landing / "files.parquet")
    return dict(files.select("file_name", "received_at").rows())


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_stamp_changes_no_received_date(loose: Home, cut: int) -> None:
    """Cut anywhere in its last line, in the middle of a character too; then a new drop is stamped on a line of its own."""
    before = received(loose)
    stamps = loose.settings.raw / ".received.jsonl"
    text = stamps.read_bytes()
    old = (datetime.now(CHINA) - timedelta(days=400)).strftime("%Y-%m-%dT%H:%M:00")
    text = text.replace(before["甲.csv"].isoformat().encode(), old.encode())
    stamps.write_bytes(text)
    loose.land()
    before = received(loose)
    stamps.write_bytes(text[:-cut])
    assert any(".received.jsonl" in line and "1 行残缺" in line for line in faults(loose.settings)) or cut == 1
    loose.drop("weihai_hayc", "policy", ".", "丙.csv", POLICY + policy("丙"))
    loose.land()
    after = received(loose)
    assert {name: after[name] for name in before} == before and "丙.csv" in after
    assert received(loose) == {**after}, "and so it stays"
    assert len([line for line in stamps.read_bytes().splitlines() if line.startswith(b'{"path"')]) >= 3


def test_a_clock_set_back_puts_no_drop_into_the_past(loose: Home) -> None:
    stamped = max(received(loose).values())
    loose.drop("weihai_hayc", "policy", ".", "后到.csv", POLICY + policy("P9"))
    late = {
        drop.file_name: drop.received_at
        for drop in find_drops(loose.settings.raw, now=datetime(2020, 1, 1, tzinfo=CHINA))
    }
    assert late["后到.csv"] == stamped
    stamps = loose.settings.raw / ".received.jsonl"
    ahead = (datetime.now(CHINA) + timedelta(days=2)).replace(tzinfo=None, microsecond=0)
    stamps.write_text(
        stamps.read_text(encoding="utf-8") + f'{{"path": "x/policy/未来.csv", "received_at": "{ahead.isoformat()}"}}\n',
        encoding="utf-8",
    )
    assert any("系统时钟早于最近一次收件" in line for line in faults(loose.settings))


def test_a_lost_hash_key_is_said_and_everything_is_read_with_the_new_one(home: Home) -> None:
    home.settings.hash_key = None
    home.drop("weihai_371002", "contact", "2023-02-01", "a.csv", "部门,角色,联络电话\n局,联络员,13800001111\n")

    def phone() -> str:
        return str(pl.read_parquet(home.settings.landing / "contact" / "*.parquet")["phone"][0])

    home.land()
    first = phone()
    assert pending(home.settings) == [] and faults(home.settings) == []
    (home.settings.raw / ".hash_key").unlink()
    assert any(".hash_key 不见了" in line and "重新读取" in line for line in faults(home.settings))
    assert sum(landed.new_files for landed in land(home.settings)) == 1
    assert phone() != first and len(phone()) == 32
    assert faults(home.settings) == []


def test_a_raw_file_that_vanished_is_named_and_its_rows_stay(loose: Home) -> None:
    (loose.settings.raw / LOOSE / "甲.csv").unlink()
    assert any(f"{LOOSE}/甲.csv" in line and "anze forget" in line for line in faults(loose.settings))
    loose.land()
    assert len(pl.read_parquet(loose.settings.landing / "policy" / "*.parquet")) == 2
    done = loose.anze("forget", f"{LOOSE}/甲.csv")
    assert done.returncode == 0 and "下一次 anze nightly 生效" in done.stdout
    assert loose.anze("forget", f"{LOOSE}/乙.csv").returncode == 2, "it is there"
    loose.land()
    assert len(pl.read_parquet(loose.settings.landing / "policy" / "*.parquet")) == 1
    assert faults(loose.settings) == []


@pytest.fixture
def published(loose: Home) -> Home:
    loose.build().publish()
    return loose


def test_a_log_beside_the_published_file_is_set_aside_and_never_replayed(published: Home) -> None:
    log = published.settings.published.with_name("anze.duckdb.wal")
    log.write_bytes(b"WAL of somebody else" * 50)
    with reading(published.settings.published) as connection:
        assert connection.execute("select count(*) from marts.fct_policy").fetchall() == [(2,)]
    (said,) = set_right(published.settings)
    assert str(log) in said and "不会并入发布" in said
    assert not log.exists() and len(list(log.parent.glob("set_aside_*.wal"))) == 1
    assert published.rows("select count(*) from marts.fct_policy", published=True) == [(2,)]


def _hold(path: str, ready: object, done: object) -> None:
    with duckdb.connect(path):
        ready.set()  # type: ignore[attr-defined]
        done.wait(60)  # type: ignore[attr-defined]


def test_a_published_file_held_by_somebody_is_read_and_replaced_all_the_same(published: Home) -> None:
    path = published.settings.published
    path.chmod(0o644)
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(str(path), ready, done))
    holder.start()
    try:
        assert ready.wait(60)
        assert any("读写方式打开" in line and str(path) in line for line in faults(published.settings))
        with reading(path) as connection:
            assert connection.execute("select count(*) from marts.fct_policy").fetchall() == [(2,)]
        publish(published.settings, compiled_once().manifest, [], "again")
        assert published.rows("select count(*) from marts.fct_policy", published=True) == [(2,)]
    finally:
        done.set()
        holder.join()


def test_garbage_under_the_published_name_never_gets_into_history(published: Home) -> None:
    published.settings.published.chmod(0o644)
    published.settings.published.write_bytes(b"garbage")
    assert any("与发布时不同" in line for line in faults(published.settings))
    publish(published.settings, compiled_once().manifest, [], "again")
    history = list((published.settings.warehouse / "history").glob("*.duckdb"))
    assert history == []
    assert published.rows("select count(*) from marts.fct_policy", published=True) == [(2,)]
    publish(published.settings, compiled_once().manifest, [], "once more")
    assert len(list((published.settings.warehouse / "history").glob("*.duckdb"))) == 1


def test_receipts_torn_in_the_middle_are_as_good_as_none(loose: Home) -> None:
    path = next(receipts_folder(loose.settings.landing).glob("*.json"))
    path.write_text(path.read_text(encoding="utf-8")[:40], encoding="utf-8")
    assert sum(landed.new_files for landed in land(loose.settings)) == 1


def test_records_of_runs_are_pruned() -> None:
    @dg.op
    def nothing() -> None:
        """Does nothing."""

    @dg.job
    def small() -> None:
        nothing()

    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(5):
            small.execute_in_process(instance=instance)
        newest = [run.run_id for run in instance.get_runs()][:2]
        prune_runs(instance, 2)
        assert [run.run_id for run in instance.get_runs()] == newest


def test_a_closed_pipe_does_not_stop_what_is_being_done(published: Home, tmp_path: Path) -> None:
    """Whoever listened is gone after the first line: the command goes on to its end, and says nothing more."""
    out = tmp_path / "result"
    done = subprocess.run(
        ["bash", "-c", f"({ANZE} doctor --home {published.path}; echo $? > {out}) 2>&1 | head -1"], capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "ANZE_HASH_KEY": "test", "HOME": str(tmp_path)},
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not out.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert out.read_text().strip() in ("0", "1") and "Traceback" not in done.stdout + done.stderr

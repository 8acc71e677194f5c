"""Faults of the home (trust.md 2): each has an outcome that is defined, and is said in words that name the file."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import subprocess
import time
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest
from conftest import ANZE, Home, compiled_once, copied
from drops import POLICY, policy
from returns import filed

from pipelines.ingest.landing import land, pending
from pipelines.ingest.manifest import find_drops, receipts_folder
from pipelines.night.dagster_home import prune_runs
from pipelines.night.home import faults, set_right
from pipelines.night.past_day import warehouse_at
from pipelines.publish.publication import publish
from pipelines.report import filing
from pipelines.settings import CHINA
from pipelines.warehouse.tables import reading

LOOSE = "weihai_hayc/policy"


def two_without_a_stamp(home: Home) -> None:
    for name in ("甲.csv", "乙.csv"):
        home.drop("weihai_hayc", "policy", ".", name, POLICY + policy(name[0]))
    home.land()


@pytest.fixture
def loose(home: Home) -> Home:
    """A home with two drops laid down without a stamp."""
    two_without_a_stamp(home)
    return home


def received(home: Home) -> dict[str, datetime]:
    files = home.files()
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
    assert {landed.feed: landed.new_files for landed in land(home.settings)}["contact"] == 1
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


@pytest.fixture(scope="module")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("published"))
    two_without_a_stamp(home)
    return home.build().publish()


@pytest.fixture
def published(published_once: Home, tmp_path: Path) -> Home:
    return copied(published_once, tmp_path / "home")


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


def as_before_reference_data(home: Home) -> None:
    """The home as a program left it that carried the cities' data itself: none in raw/, landing/ read by other code, no schema."""
    shutil.rmtree(home.settings.raw / "_reference")
    for path in home.settings.landing.iterdir():
        if path.name.startswith(("_reference", "ref_")):
            shutil.rmtree(path)
    (home.settings.landing / "schema.json").unlink()
    for path in (home.settings.landing / "_receipts").glob("*.json"):
        receipt = json.loads(path.read_text(encoding="utf-8"))
        if receipt["provider"] == "_reference":
            path.unlink()
            for output in receipt["outputs"]:
                (home.settings.landing / output).unlink(missing_ok=True)
        else:
            path.write_text(
                json.dumps(receipt | {"contract": "of an earlier program"}, ensure_ascii=False), encoding="utf-8"
            )


@pytest.mark.heavy
def test_a_home_of_an_earlier_program_is_brought_up_to_date_and_says_the_same(
    dirty_world: Home, tmp_path: Path
) -> None:
    """Upgrade: the old home, the new program, nothing lost, the same cells, what was filed is made again."""
    home = copied(dirty_world, tmp_path / "old")
    before = tmp_path / "before.duckdb"
    before.write_bytes(home.settings.published.read_bytes())
    frozen = filed(home.settings, "shanghai", 2025, "2026-10-15")
    as_before_reference_data(home)
    told = set_right(home.settings)
    assert any("anze reference" in line for line in told) and not set_right(home.settings)
    home.build().publish()
    with duckdb.connect() as connection:
        connection.execute(
            f"attach '{before}' as one (read_only); attach '{home.settings.published}' as other (read_only)"
        )
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'one' and schema_name in ('marts', 'quality')"
        ).fetchall()
        assert len(tables) > 60
        for (table,) in tables:
            left, right = (f"select * from {name}.{table}" for name in ("one", "other"))
            counted = connection.execute(
                f"select count(*) from (({left} except all {right}) union all ({right} except all {left}))"
            )
            assert counted.fetchone() == (0,), table
    assert all(filing.reproduce(home.settings, warehouse_at, frozen.number).same.values())


def test_a_home_of_a_newer_program_is_refused_in_words(home: Home) -> None:
    home.land()
    schema = home.settings.landing / "schema.json"
    schema.write_text('{"schema": 99, "program": "anze 9.9"}', encoding="utf-8")
    night = home.anze("nightly")
    assert night.returncode == 1 and "anze 9.9" in night.stderr and "请换用新的程序" in night.stderr, night.stderr
    assert "anze 9.9" in home.anze("template", "policy", "--out", str(home.path / "t.xlsx")).stderr
    assert json.loads(schema.read_text(encoding="utf-8"))["schema"] == 99
    schema.write_text("torn", encoding="utf-8")
    home.land()
    assert json.loads(schema.read_text(encoding="utf-8"))["schema"] == 2

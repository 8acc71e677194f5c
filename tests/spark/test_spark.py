"""The same warehouse from Spark as from DuckDB, on a standalone cluster of real processes (`make spark-test`).

Not part of `make test`: it needs Java, the extra `spark`, and a quarter of an hour.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest
from cluster import Cluster
from conftest import ANZE, Home
from golden_example import EXPECTED, PERCENT, drop_example, example_cell
from local_rows import DATED, drop_local_rows

from pipelines.gates.run import load_results, run_landing_gates
from pipelines.settings import PROJECT_ROOT

OF_A_RUN = ("meta.publication", "meta.share_log", "quality.gate_results")
"""Tables that tell of the run, not of the data."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    (tmp_path / "cluster").mkdir()
    with Cluster(tmp_path / "cluster") as running:
        yield running


@pytest.fixture(scope="module", params=["golden", "bundled"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    """A home whose newest publication is Spark's, and the file DuckDB published of the same landing."""
    home = Home(tmp_path_factory.mktemp(request.param))
    if request.param == "golden":
        drop_example(home)
    else:
        shutil.copytree(PROJECT_ROOT / "data" / "raw", home.path / "raw", dirs_exist_ok=True)
        drop_local_rows(home, DATED)  # a city's own row beside every national one: no row doubles on either engine
    home.build().publish()
    run_landing_gates(home.settings)
    from_duckdb = home.path / "duckdb.duckdb"
    shutil.copy(home.settings.published, from_duckdb)
    (home.path / "landing_gates.json").write_text(json.dumps(gate_rows(home, "landing")))
    folder = tmp_path_factory.mktemp("cluster")
    with Cluster(folder) as cluster:
        night = home.anze("nightly", "--engine", "spark", **cluster.environment)
    assert night.returncode == 0, night.stdout + night.stderr
    assert "Spark" not in night.stdout  # whoever reads does not notice
    return home, from_duckdb


def gate_rows(home: Home, stage: str) -> list[list[object]]:
    return [
        [gate.suite, gate.expectation, gate.success, gate.unexpected_count, gate.observed]
        for gate in load_results(home.settings)
        if gate.stage == stage
    ]


def cells(connection: duckdb.DuckDBPyConnection, database: str, table: str) -> str:
    """A query of all cells. Fractions are compared to nine places: sums of doubles depend on their order."""
    described = connection.execute(f"describe {database}.{table}").fetchall()
    chosen = [f'round("{name}", 9)' if kind == "DOUBLE" else f'"{name}"' for name, kind, *_ in described]
    return f"select {', '.join(chosen)} from {database}.{table}"


def test_every_cell_is_equal(both: tuple[Home, Path]) -> None:
    home, from_duckdb = both
    with duckdb.connect() as connection:
        connection.execute(f"attach '{from_duckdb}' as a (read_only)")
        connection.execute(f"attach '{home.settings.published}' as b (read_only)")
        tables = [
            name
            for (name,) in connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'a' order by 1"
            ).fetchall()
        ]
        assert len(tables) > 80
        compared = 0
        for table in set(tables) - set(OF_A_RUN):
            a, b = cells(connection, "a", table), cells(connection, "b", table)
            missing = connection.execute(f"({a}) except all ({b}) limit 3").fetchall()
            extra = connection.execute(f"({b}) except all ({a}) limit 3").fetchall()
            assert (missing, extra) == ([], []), table
            compared += connection.execute(f"select count(*) from b.{table}").fetchall()[0][0]
        assert compared > 500


def test_columns_types_and_comments_are_equal(both: tuple[Home, Path]) -> None:
    home, from_duckdb = both
    told = []
    for path in (from_duckdb, home.settings.published):
        with duckdb.connect(str(path), read_only=True) as connection:
            told.append(
                connection.execute(
                    "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() where not internal "
                    "union all select schema_name, table_name, '', '', comment from duckdb_tables() order by all"
                ).fetchall()
            )
    assert told[0] == told[1]


def test_gates_find_the_same(both: tuple[Home, Path]) -> None:
    home, _ = both
    assert gate_rows(home, "landing") == json.loads((home.path / "landing_gates.json").read_text())
    assert all(success for _, _, success, *_ in gate_rows(home, "marts"))
    assert len(gate_rows(home, "marts")) >= 16


def test_the_numbers_worked_out_by_hand(both: tuple[Home, Path]) -> None:
    home, _ = both
    if not home.path.name.startswith("golden"):
        pytest.skip("the example only")
    cell = example_cell(home, published=True)
    assert {metric: cell[metric] for metric in EXPECTED} == EXPECTED
    assert {metric: f"{cell[metric] * 100:.2f}" for metric in PERCENT} == PERCENT


def test_a_number_is_explained_as_ever(both: tuple[Home, Path]) -> None:
    home, from_duckdb = both
    question = ("explain", "simple_loss_ratio", "--year", "2023", "--jurisdiction", "weihai")
    from_spark = home.anze(*question)
    assert from_spark.returncode == 0, from_spark.stderr
    published = home.settings.published
    published.rename(home.path / "spark.duckdb")
    shutil.copy(from_duckdb, published)
    try:
        assert without_numbers(home.anze(*question).stdout) == without_numbers(from_spark.stdout)
    finally:
        (home.path / "spark.duckdb").replace(published)


def test_the_next_night_may_be_duckdbs_again(both: tuple[Home, Path]) -> None:
    home, _ = both
    (home.settings.warehouse / "publication.json").unlink()
    night = home.anze("nightly")
    assert night.returncode == 0, night.stdout + night.stderr
    assert "已发布" in night.stdout
    test_every_cell_is_equal(both)


def without_numbers(said: str) -> str:
    """What was said without the numbers of publications."""
    return re.sub(r"\b\d{8}-[0-9a-f]{8}\b", "", said)


def start(home: Home, cluster: Cluster, log: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        **cluster.environment,
        "ANZE_HOME": str(home.path),
        "ANZE_SITE_AUDIENCES": "weihai_city",
    }
    with log.open("wb") as output:
        return subprocess.Popen(
            [ANZE, "nightly", "--engine", "spark"],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def wait_for(log: Path, words: str, night: subprocess.Popen[bytes]) -> None:
    while words not in log.read_text(errors="replace"):
        assert night.poll() is None, log.read_text(errors="replace")
        time.sleep(0.2)


def test_a_worker_killed_while_dbt_runs_costs_nothing(tmp_path: Path, cluster: Cluster) -> None:
    home = drop_example(Home(tmp_path / "home"))
    log = tmp_path / "log"
    night = start(home, cluster, log)
    wait_for(log, "✓ 闸门：检查落地数据", night)
    marts = home.settings.build.parent / "spark" / "tables" / "intermediate.db"
    while not marts.exists() or len(list(marts.iterdir())) < 5:  # in the middle of the models
        assert night.poll() is None, log.read_text()
        time.sleep(0.2)
    cluster.kill(cluster.workers[0])
    assert night.wait() == 0, log.read_text()
    cell = example_cell(home, published=True)
    assert {metric: cell[metric] for metric in EXPECTED} == EXPECTED


@pytest.mark.parametrize("moment", ["before", "during"])
def test_without_a_master_the_night_fails_clearly_and_the_old_publication_stays(
    tmp_path: Path, cluster: Cluster, moment: str
) -> None:
    home = drop_example(Home(tmp_path / "home")).build().publish()
    before = sha256(home.settings.published.read_bytes()).hexdigest()
    if moment == "before":
        cluster.kill(cluster.master)
    log = tmp_path / "log"
    night = start(home, cluster, log)
    if moment == "during":
        wait_for(log, "✓ 闸门：检查落地数据", night)
        cluster.kill(cluster.master)
    assert night.wait() == 1, log.read_text()
    assert f"连不上 Spark 主节点 spark://127.0.0.1:{cluster.port}" in log.read_text()
    assert sha256(home.settings.published.read_bytes()).hexdigest() == before

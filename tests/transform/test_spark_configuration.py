"""What Spark is told, without a Spark (make spark-test has one)."""

from __future__ import annotations

import stat
from pathlib import Path

import duckdb
import pytest
from conftest import Home

from pipelines.transform.compiled import Step
from pipelines.transform.spark import session
from pipelines.transform.spark.marts import _view


def told(home: Home, **changes: object) -> dict[str, str]:
    settings = home.settings.model_copy(update=changes)
    path = Path(session.configure(settings)["SPARK_CONF_DIR"]) / "spark-defaults.conf"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600  # it may hold keys
    return dict(line.split(" ", 1) for line in path.read_text().splitlines())


def test_defaults_stay_on_this_machine(home: Home) -> None:
    found = told(home, threads=2)
    assert found["spark.master"] == "local[2]"
    assert found["spark.driver.bindAddress"] == "127.0.0.1"
    assert found["spark.ui.enabled"] == "false"
    assert found["spark.sql.warehouse.dir"].startswith(f"file://{home.path}")
    assert session.landing_uri(home.settings) == f"file://{home.path}/landing"


def test_an_operators_file_has_the_last_word(home: Home, tmp_path: Path) -> None:
    own = tmp_path / "own.conf"
    own.write_text("# executors\nspark.executor.memory   8g\nspark.sql.shuffle.partitions 400\n\n")
    found = told(home, spark_master="spark://m:7077", spark_conf=own, spark_tables="s3a://bucket/anze/")
    assert (found["spark.executor.memory"], found["spark.sql.shuffle.partitions"]) == ("8g", "400")
    assert found["spark.master"] == "spark://m:7077"
    assert "spark.driver.bindAddress" not in found
    assert found["spark.sql.warehouse.dir"] == "s3a://bucket/anze"


def test_a_table_without_rows_comes_back_with_its_columns(tmp_path: Path) -> None:
    step = Step("marts", "empty", "table", "select", {"name": "varchar", "amount": "decimal(18, 2)"})
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        _view(connection, step, tmp_path)
        assert connection.execute("select * from marts.empty").fetchall() == []
        assert connection.execute("select column_name, data_type from duckdb_columns() where table_name = 'empty'").fetchall() == [
            ("name", "VARCHAR"), ("amount", "DECIMAL(18,2)"),
        ]  # fmt: skip


def test_a_master_that_does_not_answer_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(session.shutil, "which", lambda name: name)
    settings = home.settings.model_copy(update={"spark_master": "spark://127.0.0.1:9,127.0.0.1:10"})
    with pytest.raises(RuntimeError, match="连不上 Spark 主节点"):
        session.check(settings)

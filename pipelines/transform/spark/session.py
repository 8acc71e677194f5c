"""Where Spark is and what it is told.

What belongs here: the configuration that every process of a night finds (dbt, gates), and whether the cluster is there.
What does not: what is done with it (stages.py, landing.py, marts.py).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipelines.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MASTER_SECONDS = 5
ERROR_CHARACTERS = 2_000

LOG_CONFIGURATION = """\
# Written by anze. Warnings and worse, on standard error.
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
"""


def folder(settings: Settings) -> Path:
    """What Spark keeps on the machine that drives it: configuration, catalogue, temporary files."""
    return settings.build.parent / "spark"


def landing_uri(settings: Settings) -> str:
    """The landing folder as the cluster sees it."""
    return settings.spark_landing.rstrip("/") or settings.landing.as_uri()


def tables_uri(settings: Settings) -> str:
    """Where Spark writes its tables, as the cluster sees it; emptied at the start of a night."""
    return settings.spark_tables.rstrip("/") or (folder(settings) / "tables").as_uri()


def configure(settings: Settings) -> dict[str, str]:
    """Writes Spark's configuration.

    An operator's own file (ANZE_SPARK_CONF, in the form of spark-defaults.conf) has the last word.

    Returns:
        environment variables for the processes that use Spark.
    """
    place = folder(settings)
    configuration = place / "conf"
    configuration.mkdir(parents=True, exist_ok=True)
    told = {
        "spark.app.name": "anze",
        "spark.master": settings.spark_master or f"local[{settings.threads}]",
        "spark.driver.memory": settings.memory_limit.lower().removesuffix("b"),
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={place} -Duser.timezone=UTC",
        "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={place / 'metastore'};create=true",
        "spark.local.dir": str(place / "spill"),
        "spark.scheduler.mode": "FAIR",
        # Landed times carry no zone; days are cut from them and from nothing else.
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(max(8, 4 * settings.threads)),
        "spark.sql.warehouse.dir": tables_uri(settings),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if not settings.spark_master:
        told |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    if settings.spark_conf:
        for line in settings.spark_conf.read_text(encoding="utf-8").splitlines():
            name, _, value = line.strip().partition(" ")
            if name and not name.startswith("#"):
                told[name] = value.strip()
    path = configuration / "spark-defaults.conf"
    path.touch(mode=0o600)  # an operator's file may hold keys
    path.write_text("".join(f"{name} {value}\n" for name, value in told.items()), encoding="utf-8")
    (configuration / "log4j2.properties").write_text(LOG_CONFIGURATION, encoding="utf-8")
    return {"SPARK_CONF_DIR": str(configuration)}


def check(settings: Settings) -> None:
    """Raises:
    RuntimeError: what is missing for a night on Spark, and what to do.
    """
    if importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("dbt.adapters.spark") is None:
        raise RuntimeError(
            "没有安装 Spark 引擎：请按 requirements-spark.lock 安装（make spark-setup，见 docs/scale.md）。"
        )
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise RuntimeError("没有 Java：请安装 openjdk-17-jre-headless，或设置 JAVA_HOME。")
    if settings.spark_conf and not settings.spark_conf.is_file():
        raise RuntimeError(f"没有 Spark 配置文件 {settings.spark_conf}（ANZE_SPARK_CONF）。")
    masters = settings.spark_master.removeprefix("spark://") if settings.spark_master.startswith("spark://") else ""
    if masters and not any(_answers(master) for master in masters.split(",")):
        raise RuntimeError(
            f"连不上 Spark 主节点 {settings.spark_master}（ANZE_SPARK_MASTER）：请检查主节点是否在运行。"
        )


def _answers(master: str) -> bool:
    parts = urlsplit(f"//{master}")
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 7077), MASTER_SECONDS):
            return True
    except OSError:
        return False


def in_process(settings: Settings, stage: str) -> None:
    """Runs a stage (stages.py) in a process of its own: a Java machine ends with it, and with it what it holds.

    Raises:
        RuntimeError: it failed; the message says why.
    """
    check(settings)
    ended = subprocess.run(
        [sys.executable, "-m", "pipelines.transform.spark.stages", stage],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"ANZE_HOME": str(settings.home)} | configure(settings),
    )
    if ended.returncode:
        check(settings)  # a cluster that went away meanwhile is said in words
        raise RuntimeError(f"Spark（{stage}）：{ended.stderr.strip()[-ERROR_CHARACTERS:]}")


def session() -> SparkSession:
    """The session of this process, as configured; its catalogue is the one dbt uses."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    return SparkSession.builder.enableHiveSupport().getOrCreate()

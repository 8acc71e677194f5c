"""A standalone Spark cluster on loopback: one master and workers, real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

import pyspark

SPARK = Path(pyspark.__file__).parent
START_SECONDS = 60
# Three short-lived Java machines and a Python on two cores: no thorough compilation, no parallel collector. Without the
# thorough compiler Java keeps a fifth of the room for compiled code, which a hundred and forty models may fill.
JAVA = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Cluster:
    """`environment` points anze at it."""

    def __init__(self, folder: Path, workers: int = 2, cores: int = 1, memory: str = "1536m") -> None:
        self.folder = folder
        self.port = free_port()
        self.logs: list[Path] = []
        self.master = self._start("master.Master", "--port", str(self.port), "--webui-port", "0")
        self._wait_for("I have been elected leader")
        self.workers = []
        for _ in range(workers):
            self.workers.append(
                self._start(
                    "worker.Worker", "--cores", str(cores), "--memory", memory, "--webui-port", "0",
                    "--work-dir", str(folder / "work"), f"spark://127.0.0.1:{self.port}",
                )
            )  # fmt: skip
            self._wait_for("Successfully registered with master")
        configuration = folder / "anze-spark.conf"
        configuration.write_text(
            "spark.driver.host 127.0.0.1\nspark.driver.bindAddress 127.0.0.1\n"
            f"spark.executor.cores {cores}\nspark.executor.memory {int(memory.removesuffix('m')) - 512}m\n"
        )
        self.environment = {
            **JAVA,
            "ANZE_SPARK_MASTER": f"spark://127.0.0.1:{self.port}",
            "ANZE_SPARK_CONF": str(configuration),
        }

    def _start(self, role: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"{len(self.logs)}_{role}.log"
        self.logs.append(log)
        with log.open("wb") as output:
            return subprocess.Popen(
                [SPARK / "bin" / "spark-class", f"org.apache.spark.deploy.{role}", "--host", "127.0.0.1", *arguments],
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**os.environ, "SPARK_HOME": str(SPARK), "SPARK_LOCAL_IP": "127.0.0.1", **JAVA},
            )

    def _wait_for(self, words: str) -> None:
        until = time.monotonic() + START_SECONDS
        while words not in self.logs[-1].read_text(errors="replace"):
            assert time.monotonic() < until, self.logs[-1].read_text(errors="replace")
            time.sleep(0.2)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9 of a master or of a worker with all its executors."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for process in (*self.workers, self.master):
            if process.poll() is None:
                self.kill(process)

"""Homes for tests: a folder with raw drops, built without or with Dagster."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import hypothesis
import polars as pl
import pytest

from pipelines import settings as config
from pipelines.feeds.contracts import HOME_SENDER, reference_contracts
from pipelines.feeds.reference import Reference
from pipelines.ingest import workers
from pipelines.ingest.drop import Reading
from pipelines.ingest.landing import Landed, land, reference_of
from pipelines.ingest.manifest import Drop, Receipt, load_receipts
from pipelines.publish.publication import publish
from pipelines.synth import files as synth
from pipelines.transform import compiled, project

hypothesis.settings.register_profile("anze", deadline=None)  # no test is a test of time
hypothesis.settings.load_profile("anze")

# Commands and settings made by tests have one key for personal values: homes are copied from test to test.
os.environ["ANZE_HASH_KEY"] = "test"
SEED = 11
ANZE = str(Path(sys.executable).with_name("anze"))


def make_uscc(serial: int) -> str:
    """A valid code of its own, built by hand (GB 32100) for tests."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"91371000MA3{serial:06d}"
    total = sum(alphabet.index(character) * 3**place for place, character in enumerate(body))
    return body + alphabet[(31 - total % 31) % 31]


@cache
def compiled_once() -> compiled.Project:
    """The dbt project, compiled once for all tests of all workers."""
    folder = Path(tempfile.gettempdir()) / f"anze-tests-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return compiled.compiled_project(folder)


@cache
def landed_reference() -> Path:
    """A home with nothing but the bundled reference data, landed once for all tests of all workers."""
    folder = Path(tempfile.gettempdir()) / f"anze-tests-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        home = config.Settings(home=folder / f"reference-{config.code_fingerprint()}", hash_key="test")
        reference_of(home)
    return home.home


@cache
def parsed_once() -> Path:
    """A folder with what dbt keeps of a project it has parsed, parsed once for all tests of all workers."""
    home = config.Settings(home=landed_reference(), hash_key="test")
    with (home.home.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return project.fresh_manifest(home).parent


@cache
def bundled() -> Reference:
    """The bundled reference data."""
    return Reference.on(landed_reference() / "landing")


# Every connection a Python process opens or tries to open, written down.
SOCKET_GUARD = """
import os, socket
real = socket.socket.connect
def connect(self, address):
    if self.family != socket.AF_UNIX:
        with open(os.environ["ANZE_TEST_CONNECTIONS"], "a") as file:
            print(address[0], file=file)
    return real(self, address)
socket.socket.connect = connect
"""


@cache
def closed_network() -> tuple[str, ...]:
    """What to put before a command so that it runs in a network namespace without routes; nothing where that is forbidden."""
    prefix = ("unshare", "--map-root-user", "--net")
    try:
        allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    return prefix if allowed else ()


def socket_guard(folder: Path) -> tuple[dict[str, str], Path]:
    """Environment under which connections are written down, and the file they are written to."""
    (folder / "sitecustomize.py").write_text(SOCKET_GUARD)
    connections = folder / "connections"
    connections.touch()
    return {"PYTHONPATH": str(folder), "ANZE_TEST_CONNECTIONS": str(connections)}, connections


def read_here(reading: Reading, drops: list[Drop]) -> workers.Landed:
    """Drops read in this process."""
    return (landed for task in workers.together(drops) for landed in reading.land(task))


class Home:
    """A home in a temporary folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = config.Settings(home=path, hash_key="test", threads=1)  # workers of pytest take the other cores
        # Side warehouses of knowledge dates take the same compiled project.
        (path / "dbt").mkdir(parents=True, exist_ok=True)
        if not (path / "raw" / HOME_SENDER).exists():
            for part in ("raw", "landing"):
                shutil.copytree(landed_reference() / part, path / part, dirs_exist_ok=True)
        if not (path / "dbt" / "compiled").exists():
            (path / "dbt" / "compiled").symlink_to(compiled_once().manifest.parents[1])

    def drop(self, provider: str, feed: str, stamp: str, name: str, content: str | bytes) -> Path:
        path = self.path / "raw" / provider / feed / stamp / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        os.utime(path, (1_700_000_000, 1_700_000_000))  # long settled
        return path

    def reference(self, table: str, stamp: str, *rows: dict[str, str], name: str = "本地.csv") -> Path:
        """Drops rows of reference data: column → text."""
        columns = reference_contracts()[table].columns
        frame = pl.DataFrame(
            [{columns[key].title: value for key, value in row.items()} for row in rows], infer_schema_length=None
        )
        return self.drop(HOME_SENDER, table, stamp, name, frame.write_csv())

    def files(self) -> pl.DataFrame:
        """The table of files that senders have sent."""
        return pl.read_parquet(self.settings.landing / "files.parquet").filter(pl.col("provider") != HOME_SENDER)

    def receipts(self) -> list[Receipt]:
        """Of what senders have sent."""
        receipts = load_receipts(self.settings.landing).values()
        return [receipt for receipt in receipts if receipt.provider != HOME_SENDER]

    def land(self, apart: bool = False) -> dict[str, Landed]:
        """Lands what waits: read in the test's own process, which begins at once and holds what the test changes in the readers;
        `apart`: by processes of their own, as at night."""
        with pytest.MonkeyPatch.context() as patched:
            if not apart:
                patched.setattr("pipelines.ingest.landing.land_all", read_here)
            return {landed.feed: landed for landed in land(self.settings)}

    def parsed(self) -> None:
        """Takes over what dbt has parsed elsewhere: as long as a small night."""
        for name in ("manifest.json", "manifest.fingerprint", "partial_parse.msgpack"):
            if not (self.path / "dbt" / name).exists():
                shutil.copy(parsed_once() / name, self.path / "dbt" / name)

    def dbt(self, *arguments: str, as_of: str = "") -> None:
        self.parsed()
        project.use_environment(self.settings, as_of)
        project.run_dbt(list(arguments), project.dbt_environment(self.settings, as_of))

    def build(self, as_of: str = "") -> Home:
        """Landing and the compiled project, without gates and publication."""
        self.land()
        compiled.run(compiled_once(), self.settings, self.settings.build, as_of)
        return self

    def publish(self) -> Home:
        """The build as a published warehouse, without gates."""
        publish(self.settings, compiled_once().manifest, [], "test")
        return self

    def rows(self, sql: str, published: bool = False) -> list[tuple[Any, ...]]:
        path = self.settings.published if published else self.settings.build
        with duckdb.connect(str(path), read_only=True) as connection:
            if not published and self.settings.publishing.exists():
                connection.execute(
                    f"attach '{self.settings.publishing}' (read_only)"
                )  # views of the build look into it
            return connection.execute(sql).fetchall()

    def anze(
        self, *arguments: str, prefix: tuple[str, ...] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """The command as a user runs it."""
        self.parsed()
        return subprocess.run(
            [*prefix, ANZE, *arguments], capture_output=True, text=True, check=False,
            env={**os.environ, "ANZE_HOME": str(self.path), "COLUMNS": "200", "ANZE_SITE_AUDIENCES": "weihai_city", **environment},
        )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture(scope="session")
def dirty_world(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A synthetic world with three rows in a hundred spoiled, landed, built and published: made once, a copy for each worker."""
    run = tmp_path_factory.getbasetemp()
    made = (run.parent if "PYTEST_XDIST_WORKER" in os.environ else run) / "dirty_world"
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            synth.write(made, "sample", SEED, 0.03)
            Home(made).build().publish()
    home = copied(Home(made), tmp_path_factory.mktemp("dirty"))
    shutil.copytree(made / "truth", home.path / "truth")
    return home


def copied(published: Home, folder: Path) -> Home:
    """A home of its own after the same night, so that what a test does to it stays there."""
    home = Home(folder)
    for part in ("raw", "landing", "warehouse", "dbt"):
        shutil.copytree(
            published.path / part, home.path / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("compiled")
        )
    return home

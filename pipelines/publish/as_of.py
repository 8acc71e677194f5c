"""The warehouse as it would have been on a day: what was known then, computed today.

What belongs here: building and keeping such side warehouses (metrics.md, "Knowledge date"). What does not:
what they contain (publication.py) and how versions are chosen (dbt_project/macros/knowledge.sql).

A side warehouse is a file like the published one under warehouse/as_of/. It is built from the landing
files with the dbt project and kept as long as the files known on that day and the code stay the same; drops
that came later change neither.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipelines import compiled, transform
from pipelines.ingest.calendar import write_calendar
from pipelines.lock import writer_lock
from pipelines.publish.dictionary import PUBLISHED_SCHEMAS
from pipelines.publish.publication import assemble, filed_statistics, last_publication
from pipelines.publish.tables import fresh_file
from pipelines.settings import Settings

# A side warehouse holds what came in by a day; what was filed from it is no input.
NO_FILINGS = ""
KEPT = 24
"""Side warehouses kept; the ones not used for longest go first."""


class NothingKnown(Exception):
    """Nothing had been received by that day."""


def known_files(settings: Settings, as_of: str) -> pl.DataFrame:
    """Files received by the end of a day: `file_id`, `sha256`, `provider`, `feed`, `file_name`, `received_at`."""
    files = settings.landing / "files.parquet"
    if not files.exists():
        raise NothingKnown("落地层还没有文件，请先运行 anze nightly。")
    known = (
        pl.read_parquet(files)
        .filter(pl.col("received_at").dt.date() <= date.fromisoformat(as_of))
        .select("file_id", "sha256", "provider", "feed", "file_name", "received_at", "status")
        .sort("file_id", "provider", "feed", "file_name")
    )
    if known.is_empty():
        raise NothingKnown(f"截至 {as_of} 没有收到任何文件。")
    return known


def fingerprint(settings: Settings, as_of: str) -> str:
    """Fingerprint of all that decides a side warehouse: the files known on the day, and the code."""
    files = hashlib.sha256(known_files(settings, as_of).write_csv().encode()).hexdigest()
    return hashlib.sha256(f"{files}|{transform.code_fingerprint()}|{as_of}".encode()).hexdigest()[:16]


def warehouse_at(settings: Settings, as_of: str) -> Path:
    """The warehouse as of a day; the published one when that is its day (or no day is given).

    Raises:
        NothingKnown: nothing had been received by then, or nothing is published.
        AlreadyRunning: another process is writing this warehouse.
    """
    publication = last_publication(settings)
    if not as_of or (publication and publication.as_of == as_of and settings.published.exists()):
        if not settings.published.exists():
            raise NothingKnown("还没有发布的数据仓，请先运行 anze nightly。")
        return settings.published
    stamp = fingerprint(settings, as_of)
    target = settings.warehouse / "as_of" / f"anze_{as_of.replace('-', '')}_{stamp}.duckdb"
    if target.exists():
        target.touch()
        return target
    with writer_lock(settings):
        _build(settings, as_of, target, stamp)
    return target


def _build(settings: Settings, as_of: str, target: Path, stamp: str) -> None:
    build = settings.build.with_name("as_of.duckdb")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_calendar(settings)
    project = compiled.compiled_project(settings.home / "dbt" / "compiled")
    compiled.run(project, settings, build, as_of)
    partial = build.with_name("as_of_partial.duckdb")
    fresh_file(partial, PUBLISHED_SCHEMAS)
    assemble(settings, build, partial, project.manifest, [], stamp, filed_statistics(settings, NO_FILINGS))
    partial.replace(target)
    build.unlink()
    kept = sorted(target.parent.glob("anze_*.duckdb"), key=lambda path: path.stat().st_mtime)
    for old in kept[:-KEPT]:
        old.unlink()


def as_of_of(warehouse: Path) -> str:
    """The knowledge date of a warehouse file."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute("select cast(as_of as varchar) from meta.publication").fetchone()
    assert found is not None
    return str(found[0])

"""The warehouse as it would have been on a day: what was known then, computed today.

What belongs here: building and keeping such side warehouses. What does not: that nobody else writes meanwhile
(pipelines/night/past_day.py), what they contain (pipelines/publish/publication.py), how versions are chosen
(dbt_project/macros/knowledge.sql).

A side warehouse is a file like the published one under warehouse/as_of/. It is built from the landing
files with the dbt project and kept as long as the files known on that day and the code stay the same; drops
that came later change neither.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

from pipelines.feeds.reference import Reference
from pipelines.ingest.calendar import write_calendar
from pipelines.ingest.manifest import NothingKnown, known_files
from pipelines.publish.publication import assemble, filed_statistics, last_publication
from pipelines.publish.share_log import share_log
from pipelines.settings import Settings, code_fingerprint
from pipelines.transform.compiled import compiled_project, run
from pipelines.warehouse.dictionary import PUBLISHED_SCHEMAS
from pipelines.warehouse.tables import fresh_file

# A side warehouse holds what came in by a day; what was filed from it is no input.
NO_FILINGS = ""
KEPT = 24
"""Side warehouses kept; the ones not used for longest go first."""


def fingerprint(settings: Settings, as_of: str) -> str:
    """Fingerprint of all that decides a side warehouse: the files known on the day, and the code."""
    files = hashlib.sha256(known_files(settings, as_of).write_csv().encode()).hexdigest()
    reference = Reference.on(settings.landing, date.fromisoformat(as_of)).known  # the first of a home's count from ever
    return hashlib.sha256(f"{files}|{reference}|{code_fingerprint()}|{as_of}".encode()).hexdigest()[:16]


def at_hand(settings: Settings, as_of: str) -> Path | None:
    """The warehouse as of a day where nothing has to be built for it: the published one when that is its day (or no day
    is given), or a side warehouse built before.

    Raises:
        NothingKnown: nothing had been received by then, or nothing is published.
    """
    publication = last_publication(settings)
    is_its_day = publication is not None and publication.as_of == as_of and not publication.held_back
    if not as_of or (is_its_day and settings.published.exists()):
        if not settings.published.exists():
            raise NothingKnown("还没有发布的数据仓，请先运行 anze nightly。")
        return settings.published
    target = _place(settings, as_of, fingerprint(settings, as_of))
    if not target.exists():
        return None
    target.touch()
    return target


def side(settings: Settings, as_of: str) -> Path:
    """The side warehouse of a day, built where it is not there yet; never the published file. The caller holds the lock."""
    target = _place(settings, as_of, fingerprint(settings, as_of))
    return target if target.exists() else build(settings, as_of)


def build(settings: Settings, as_of: str) -> Path:
    """Builds the side warehouse of a day. Nobody else may be writing: the caller holds the writer's lock."""
    stamp = fingerprint(settings, as_of)
    target = _place(settings, as_of, stamp)
    build = settings.build.with_name("as_of.duckdb")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_calendar(settings)
    project = compiled_project(settings.home / "dbt" / "compiled")
    run(project, settings, build, as_of)
    partial = build.with_name("as_of_partial.duckdb")
    fresh_file(partial, PUBLISHED_SCHEMAS)
    nothing = share_log(settings).clear()
    assemble(settings, build, partial, project.manifest, [], stamp, filed_statistics(settings, NO_FILINGS), nothing)
    partial.replace(target)
    build.unlink()
    kept = sorted(target.parent.glob("anze_*.duckdb"), key=lambda path: path.stat().st_mtime)
    for old in kept[:-KEPT]:
        old.unlink()
    return target


def _place(settings: Settings, as_of: str, stamp: str) -> Path:
    return settings.warehouse / "as_of" / f"anze_{as_of.replace('-', '')}_{stamp}.duckdb"

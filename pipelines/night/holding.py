"""Cities that stay at their last good day: where each of them stands tonight, which files moved what was stopped, and the note.

What belongs here: what a night does about cities that its gates hold back. What does not: the gates (pipelines/gates), how their rows
are put back (pipelines/warehouse/held_back.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl

from pipelines.explain.diff import diff
from pipelines.feeds.reference import Reference
from pipelines.gates.run import GateResult, held_back
from pipelines.night.incident import record
from pipelines.publish.publication import last_publication
from pipelines.settings import CHINA, Settings
from pipelines.transform import past_days
from pipelines.warehouse.held_back import HeldBack, in_words, stand

FILES_NAMED = 5
MOVES_EXPLAINED = 4
MOVE = re.compile(r"jurisdiction=(\w+)，stat_year=(\d+)，metric=(\w+)，before=([^，\n]+)，now=([^，\n]+)")
"""How the gate headline_moves_within_bound shows an offending row (expectations/marts/supervision_metrics.yaml)."""


class _Move(NamedTuple):
    jurisdiction: str
    stat_year: str
    metric: str
    before: str
    now: str


def cities_held_back(settings: Settings, results: list[GateResult]) -> list[tuple[HeldBack, Path | None]]:
    """The cities that tonight's gates hold back, each with the file that has its last good rows: the publication in force.

    Not a warehouse built again for its last good day: a file received on that day after the publication, or laid into a folder
    of an earlier day, would be in there as well.
    """
    failed = held_back(settings, results)
    if not failed:
        return []
    publication = last_publication(settings)
    before = [HeldBack(**city) for city in publication.held_back] if publication else []
    now = f"{datetime.now(CHINA):%Y-%m-%d %H:%M}"
    names = dict(Reference.on(settings.landing).cities())
    cities = stand(failed, before, publication.as_of if publication else "", now, names)
    return [(city, settings.published if city.as_of else None) for city in cities]


def moved_by(settings: Settings, gates: Sequence[GateResult]) -> list[str]:
    """The files whose arrival moved the numbers that gates stopped, a line each: of each number that moved too far, the records
    that moved it are added up by file (pipelines/explain/diff.py)."""
    moves = [_Move(*found) for gate in gates for found in MOVE.findall(gate.sample)]
    if not moves or not settings.published.exists():
        return []
    with duckdb.connect(str(settings.build), read_only=True) as build:
        tonight = str(build.execute("select cast(as_of as varchar) from intermediate.int_as_of").fetchall()[0][0])
    after = past_days.side(settings, tonight)
    lines = []
    for move in moves[:MOVES_EXPLAINED]:
        causes = diff(settings.published, after, int(move.stat_year), move.jurisdiction, move.metric).causes
        by_file = (
            causes.filter(
                (pl.col("district_code") == "ALL")
                & (pl.col("industry_code") == "ALL")
                & pl.col("file_name").is_not_null()
            )
            .group_by("provider_name", "file_name")
            .agg(pl.len().alias("items"), pl.col("change").cast(pl.Float64).abs().sum().alias("moved"))
            .sort("moved", "file_name", descending=[True, False])
        )
        named = "；".join(
            f"{row['provider_name']} {row['file_name']}（{row['items']:,} 项）"
            for row in by_file.head(FILES_NAMED).iter_rows(named=True)
        )
        lines.append(
            f"{move.jurisdiction} {move.stat_year} 年 {move.metric} {move.before} → {move.now}："
            + (f"由下列文件引起：{named}" if named else "不是新到文件引起，而是时间推移、参考数据或程序变化")
        )
    return lines


def note_cities_held_back(settings: Settings, run_id: str, gates: list[GateResult], files: Sequence[str]) -> None:
    """The incident note of a night that published, but not every city."""
    publication = last_publication(settings)
    cities = [HeldBack(**city) for city in publication.held_back] if publication else []
    record(settings, "publication_gates", f"暂停更新：{in_words(cities)}", "", run_id, gates, files)

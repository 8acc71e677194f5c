"""Making the return, freezing it, and making a frozen one again.

What belongs here: writing the three files, numbers and hashes of filings, what changed since the last one. What does
not: what the return says (annual.py) and its form, where the warehouse of a knowledge date comes from (handed in).

filings/<jurisdiction>/<year>/<number>/   annual_return.docx .xlsx .json, inputs.csv, filing.json; never changed
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

import pipelines
from pipelines.documents.figures import DASH, half_up, shown, wan
from pipelines.explain.diff import Difference, diff
from pipelines.feeds.contracts import contracts
from pipelines.ingest.manifest import known_files, sha256_of, write_atomically
from pipelines.report.annual import Column, Figure, Return, Revision, Table, collect
from pipelines.report.annual_workbook import write_workbook
from pipelines.report.word import write_word
from pipelines.settings import CHINA, Settings, code_fingerprint
from pipelines.warehouse.held_back import as_of_of

STEM = "annual_return"
CAUSES_NAMED = 3

WarehouseAt = Callable[[Settings, str], Path]
"""Gives the warehouse of a knowledge date (empty: the published one): pipelines.night.past_day."""


class NotReproduced(Exception):
    """A frozen return cannot be made again as it was; the message says why."""


@dataclass(frozen=True)
class Filing:
    """A frozen return: its number, knowledge date, what it was made of and the hash of each file."""

    number: str
    jurisdiction: str
    stat_year: int
    as_of: str
    filed_at: str
    previous: str
    inputs_hash: str
    code_version: str
    code_fingerprint: str
    files: dict[str, str]


def folder(settings: Settings, jurisdiction: str, stat_year: int) -> Path:
    return settings.home / "filings" / jurisdiction / str(stat_year)


def filings(settings: Settings, jurisdiction: str = "*", stat_year: int | str = "*") -> list[Filing]:
    """Frozen returns, oldest first."""
    paths = (settings.home / "filings").glob(f"{jurisdiction}/{stat_year}/*/filing.json")
    found = [Filing(**json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    return sorted(found, key=lambda filing: filing.number)


def inputs_hash(settings: Settings, as_of: str) -> str:
    """Hash of the files known on a day: names and content, not the order they came in."""
    known = known_files(settings, as_of).select("provider", "feed", "file_name", "sha256").sort(pl.all())
    return hashlib.sha256(known.write_csv().encode()).hexdigest()[:16]


def make(
    settings: Settings,
    warehouse_at: WarehouseAt,
    jurisdiction: str,
    stat_year: int,
    as_of: str,
    number: str = "",
    previous: Filing | None = None,
) -> Return:
    """The return as of a day (empty: of the publication), with what changed since the last filing.

    Raises:
        NothingKnown, NoSuchReturn: there is nothing to report.
    """
    warehouse = warehouse_at(settings, as_of)
    day = as_of or as_of_of(warehouse, jurisdiction)
    report = collect(warehouse, jurisdiction, stat_year, number, inputs_hash(settings, day), pipelines.__version__)
    report.tables.extend(_vintages(settings, report))
    if previous is None:
        return report
    return report.model_copy(
        update={
            "revised_from": f"{previous.number}（取数时点{previous.as_of}）",
            "revisions": _revisions(settings, warehouse_at, report, warehouse, previous),
        }
    )


def _vintages(settings: Settings, report: Return) -> list[Table]:
    """The year's earlier filings beside this return: two vintages of a year are never one."""
    earlier = [
        filing
        for filing in filings(settings, report.jurisdiction, report.stat_year)
        if filing.as_of <= report.as_of.isoformat() and (not report.number or filing.number < report.number)
    ]
    if not earlier:
        return []
    shown_then = [
        {(figure.item_no, figure.metric): figure.shown for figure in _filed(settings, filing).figures}
        for filing in earlier
    ]
    titles = ["序号", "事项", *(f"{filing.number}（{filing.as_of}）" for filing in earlier), f"本次（{report.as_of}）"]
    rows = [
        [
            figure.item_no,
            figure.name,
            *(then.get((figure.item_no, figure.metric), DASH) for then in shown_then),
            figure.shown,
        ]
        for figure in report.figures
    ]
    columns = [Column(title=title, kind="text") for title in titles]
    return [Table(code="vintages", title="各时点对照表", columns=columns, rows=rows, in_word=len(titles) <= 6)]


def _filed(settings: Settings, filing: Filing) -> Return:
    """A frozen return as it was filed."""
    path = folder(settings, filing.jurisdiction, filing.stat_year) / filing.number / f"{STEM}.json"
    return Return.model_validate_json(path.read_text(encoding="utf-8"))


def last_filing(settings: Settings, jurisdiction: str, stat_year: int, as_of: str) -> Filing | None:
    """The newest filing whose knowledge date is not after this one's."""
    earlier = [filing for filing in filings(settings, jurisdiction, stat_year) if filing.as_of <= as_of]
    return earlier[-1] if earlier else None


def write(report: Return, out: Path) -> dict[str, Path]:
    """Writes the three files (and the JSON's schema) into a folder; returns them by suffix."""
    out.mkdir(parents=True, exist_ok=True)
    paths = {suffix: out / f"{STEM}.{suffix}" for suffix in ("docx", "xlsx", "json")}
    write_word(report, paths["docx"])
    write_workbook(report, paths["xlsx"])
    write_atomically(paths["json"], report.model_dump_json(indent=1).encode())
    schema = json.dumps(Return.model_json_schema(mode="serialization"), ensure_ascii=False, indent=1)
    write_atomically(out / f"{STEM}.schema.json", schema.encode())
    return paths


def file(settings: Settings, warehouse_at: WarehouseAt, jurisdiction: str, stat_year: int, as_of: str) -> Filing:
    """Freezes the return: the next number, its files read-only, what it was made of beside them."""
    day = as_of or as_of_of(warehouse_at(settings, as_of), jurisdiction)
    previous = last_filing(settings, jurisdiction, stat_year, day)
    number = f"{jurisdiction}-{stat_year}-{len(filings(settings, jurisdiction, stat_year)) + 1:02d}"
    report = make(settings, warehouse_at, jurisdiction, stat_year, day, number, previous)
    target = folder(settings, jurisdiction, stat_year) / number
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as temporary:
        partial = Path(temporary) / number
        paths = write(report, partial)
        known_files(settings, day).select("provider", "feed", "file_name", "sha256", "received_at", "status").sort(
            pl.all()
        ).write_csv(partial / "inputs.csv")
        filing = Filing(
            number, jurisdiction, stat_year, day, datetime.now(CHINA).isoformat(timespec="seconds"), previous.number if previous else "",
            report.inputs_hash, report.code_version, code_fingerprint(),
            {path.name: sha256_of(path) for path in paths.values()},
        )  # fmt: skip
        (partial / "filing.json").write_text(
            json.dumps(filing.__dict__, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        for path in partial.iterdir():
            path.chmod(0o444)
        partial.rename(target)
    return filing


def reproduce(settings: Settings, warehouse_at: WarehouseAt, number: str) -> dict[str, bool]:
    """Makes a frozen return again from the raw drops and compares it byte for byte.

    Returns:
        file name → whether it is the same.
    Raises:
        NotReproduced: there is no such filing, or its inputs are not there any more.
    """
    found = [filing for filing in filings(settings) if filing.number == number]
    if not found:
        raise NotReproduced(
            f"没有报送编号「{number}」。已封存：{'、'.join(filing.number for filing in filings(settings)) or '无'}。"
        )
    filing = found[0]
    if inputs_hash(settings, filing.as_of) != filing.inputs_hash:
        raise NotReproduced(f"截至 {filing.as_of} 收到的文件与封存时不同（见封存目录中的 inputs.csv），无法重现。")
    previous = next((other for other in filings(settings) if other.number == filing.previous), None)
    report = make(settings, warehouse_at, filing.jurisdiction, filing.stat_year, filing.as_of, filing.number, previous)
    report = report.model_copy(update={"code_version": filing.code_version})
    with tempfile.TemporaryDirectory() as temporary:
        paths = write(report, Path(temporary))
        return {path.name: sha256_of(path) == filing.files[path.name] for path in paths.values()}


def _revisions(
    settings: Settings, warehouse_at: WarehouseAt, report: Return, warehouse: Path, previous: Filing
) -> list[Revision]:
    """Items of the return that differ from the last filing, with the records that changed them."""
    before = {(figure.item_no, figure.metric): figure for figure in _filed(settings, previous).figures}
    changed = [
        (before[figure.item_no, figure.metric], figure)
        for figure in report.figures
        if (figure.item_no, figure.metric) in before and before[figure.item_no, figure.metric].value != figure.value
    ]
    if not changed:
        return []
    found = diff(warehouse_at(settings, previous.as_of), warehouse, report.stat_year, report.jurisdiction)
    return [
        Revision(
            name=new.name,
            before=old.shown,
            after=new.shown,
            change=_change(old, new),
            causes=_causes(found, new.metric),
        )
        for old, new in changed
    ]


def _change(old: Figure, new: Figure) -> str:
    if old.value is None or new.value is None:
        return DASH
    moved = new.value - old.value
    if new.unit == "比例":
        return f"{half_up(moved * 100, 2):+}个百分点"
    return f"{wan(moved)} 万元" if new.unit == "元" else shown(moved, new.unit)


def _causes(found: Difference, metric: str) -> list[str]:
    """The causes of a city total's change in words, the ones that moved most first."""
    total = found.causes.filter(
        (pl.col("mart") == "supervision_metrics")
        & (pl.col("district_code") == "ALL")
        & (pl.col("industry_code") == "ALL")
        & pl.col("metric").is_in(found.parts[metric])
    )
    grouped = (
        total.group_by("cause", "feed")
        .agg(
            pl.col("record_key").n_unique().alias("n"),
            pl.col("change").cast(pl.Float64).abs().sum().alias("moved"),
            pl.col("record_key").unique().sort().head(CAUSES_NAMED),
        )
        .sort("moved", "cause", descending=[True, False])
    )  # fmt: skip
    texts = []
    for cause, feed, count, _, keys in grouped.rows():
        named = [key for key in keys if key]
        texts.append(f"{cause}{_feed(feed)}{count}项" + (f"，如{'、'.join(named)}" if named else ""))
    return texts


def _feed(feed: str | None) -> str:
    return contracts()[feed].title if feed else ""

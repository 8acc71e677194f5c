"""Making the return, freezing it, and making a frozen one again.

What belongs here: writing the three files, numbers and hashes of filings, what changed since the last one. What does
not: what the return says (annual.py) and its form, where the warehouse of a knowledge date comes from (handed in).

filings/<jurisdiction>/<year>/<number>/   annual_return.docx .xlsx .json, inputs.csv, filing.json; never changed
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

import pipelines
from pipelines.documents.figures import DASH, half_up, shown, wan
from pipelines.explain.diff import Difference, diff
from pipelines.feeds.contracts import contracts
from pipelines.ingest.manifest import known_files, sha256_of, write_atomically
from pipelines.report.annual import collect
from pipelines.report.annual_workbook import write_workbook
from pipelines.report.checks import APART, moved_much
from pipelines.report.contents import ALL, Check, Column, Edit, Figure, Return, Revision, Table
from pipelines.report.items import figures_of
from pipelines.report.owners import Owed, owed_returns
from pipelines.report.seal import edits as edits_of
from pipelines.report.word import write_word
from pipelines.settings import CHINA, Settings, code_fingerprint
from pipelines.warehouse.held_back import as_of_of
from pipelines.warehouse.rules import rule_value

STEM = "annual_return"
SUMS = "SHA256SUMS"
CAUSES_NAMED = 3
LATER = "9999"
"""A moment after all."""

WarehouseAt = Callable[[Settings, str], Path]
"""Gives the warehouse of a knowledge date (empty: the published one): pipelines.night.past_day."""


class NotReproduced(Exception):
    """A frozen return cannot be made again as it was; the message says why."""


class StillOpen(Exception):
    """Something is open that whoever files must know of and give a reason for."""

    def __init__(self, checks: list[Check]) -> None:
        super().__init__("有未决事项")
        self.checks = checks


class Edited(Exception):
    """Figures of the edited document differ from the warehouse, and no reason is given."""

    def __init__(self, edits: list[Edit]) -> None:
        super().__init__("文件中的数与数据仓不同")
        self.edits = edits


@dataclass(frozen=True)
class Filing:
    """A frozen return: its number, owner, knowledge date, what it was made of and the hash of each file.

    `owner`: whose it is: a sender, or the city for its compilation; empty in filings from before returns had owners, which are all
    compilations. `content`: hash of what it says, whatever its number.
    """

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
    owner: str = ""
    content: str = ""
    sealed: bool = False
    incomplete: str = ""
    edits: list[dict[str, str]] = field(default_factory=list)
    edit_reason: str = ""

    @property
    def key(self) -> str:
        return self.owner or self.jurisdiction


@dataclass(frozen=True)
class Reproduced:
    """A frozen return made again: file → whether it is the same byte for byte; `why` it is not; figures that are not the same."""

    same: dict[str, bool]
    why: str
    figures: list[str]


def folder(settings: Settings, jurisdiction: str, stat_year: int) -> Path:
    return settings.home / "filings" / jurisdiction / str(stat_year)


def filings(settings: Settings, jurisdiction: str = "*", stat_year: int | str = "*", key: str = "") -> list[Filing]:
    """Frozen returns, oldest first; `key`: of one owner."""
    paths = (settings.home / "filings").glob(f"{jurisdiction}/{stat_year}/*/filing.json")
    found = [Filing(**json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    return sorted((one for one in found if key in ("", one.key)), key=lambda filing: (filing.filed_at, filing.number))


def inputs_hash(settings: Settings, as_of: str) -> str:
    """Hash of the files known on a day: names and content, not the order they came in."""
    known = known_files(settings, as_of).select("provider", "feed", "file_name", "sha256").sort(pl.all())
    return hashlib.sha256(known.write_csv().encode()).hexdigest()[:16]


def make(
    settings: Settings,
    warehouse_at: WarehouseAt,
    owed: Owed,
    stat_year: int,
    as_of: str,
    number: str = "",
    previous: Filing | None = None,
    at: str = LATER,
) -> Return:
    """The return of an owner as of a day (empty: of the publication), with what changed since its last filing.

    Args:
        number: of a filing that is made; empty: a draft.
        at: when it was filed first, if it is made again: later filings were not there.
    Raises:
        NothingKnown, NoSuchReturn: there is nothing to report.
    """
    warehouse = warehouse_at(settings, as_of)
    day = as_of or as_of_of(warehouse, owed.jurisdiction)
    report = collect(warehouse, owed, stat_year, number, inputs_hash(settings, day), pipelines.__version__)
    there = [
        filing
        for filing in filings(settings, owed.jurisdiction)
        if filing.as_of <= report.as_of.isoformat() and filing.filed_at <= at and filing.number != number
    ]
    own = [filing for filing in there if filing.key == owed.key]
    report.tables.extend(_vintages(settings, report, [one for one in own if one.stat_year == stat_year]))
    moved_parts = _filed_parts(settings, warehouse, report, there) if owed.owner.is_whole else []
    report.tables.extend(moved_parts)
    last = [filing for filing in own if filing.stat_year == stat_year - 1]
    moved = [*_parts_that_moved(moved_parts), *_moved(settings, warehouse, owed, report, last[-1:])]
    checks = [*report.checks, *moved]
    report = report.model_copy(update={"checks": checks})
    if previous is None:
        return report
    return report.model_copy(
        update={
            "revised_from": f"取数时点{datetime.fromisoformat(previous.as_of):%Y年%-m月%-d日}",
            "revisions": _revisions(settings, warehouse_at, report, warehouse, previous),
        }
    )


def _vintages(settings: Settings, report: Return, earlier: list[Filing]) -> list[Table]:
    """The year's earlier filings beside this return: two vintages of a year are never one."""
    if not earlier:
        return []
    shown_then = [{figure.key: figure.shown for figure in _filed(settings, filing).figures} for filing in earlier]
    titles = ["序号", "事项", *(f"{filing.number}（{filing.as_of}）" for filing in earlier), f"本次（{report.as_of}）"]
    rows = [
        [
            figure.item_no,
            figure.name + (f"（{figure.insurer_name}）" if figure.insurer_name else ""),
            *(then.get(figure.key, DASH) for then in shown_then),
            figure.shown,
        ]
        for figure in report.figures
    ]
    columns = [Column(title=title, kind="text") for title in titles]
    # Numbers of filings are the warehouse's own: the document says what changed in words.
    return [Table(code="vintages", title="各时点对照表", columns=columns, rows=rows, in_word=False)]


def _filed_parts(settings: Settings, warehouse: Path, report: Return, there: list[Filing]) -> list[Table]:
    """Parts that their owners have filed and whose figures are not what the warehouse says now."""
    rows: list[list[object]] = []
    filed = {one.key: one for one in there if one.stat_year == report.stat_year and one.key != report.jurisdiction}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for owed in owed_returns(connection, report.jurisdiction, report.stat_year):
            if owed.key not in filed:
                continue
            one = filed[owed.key]
            now = {
                figure.key: figure
                for figure in figures_of(connection, report.jurisdiction, owed.owner, report.stat_year)
            }
            command = f"anze diff --year {report.stat_year} --as-of {one.as_of} --as-of {report.as_of} --jurisdiction {report.jurisdiction}"
            rows += [
                [
                    owed.owner.name,
                    one.number,
                    one.as_of,
                    then.title,
                    then.shown,
                    now[then.key].shown if then.key in now else DASH,
                    command,
                ]
                for then in _filed(settings, one).figures
                if then.key not in now or now[then.key].value != then.value
            ]
    heads = ("单位", "报送编号", "取数时点", "事项", "封存时", "现在", "逐条记录比较的命令")
    columns = [Column(title=title, kind="text") for title in heads]
    return (
        [Table(code="filed_parts", title="已封存部分的变化", columns=columns, rows=rows, in_word=False)] if rows else []
    )


def _parts_that_moved(tables: list[Table]) -> list[Check]:
    """Owners whose filed figures are others now, for the check list."""
    counted = Counter((row[0], row[1]) for table in tables for row in table.rows)
    return [
        Check(kind=APART, text=f"{name}封存的 {number} 有 {count} 项数与现在不同，见工作簿「已封存部分的变化」")
        for (name, number), count in counted.items()
    ]


def _moved(settings: Settings, warehouse: Path, owed: Owed, report: Return, last: list[Filing]) -> list[Check]:
    """Figures that moved much since the return of the year before: as filed (`last`), else as the warehouse has it."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        bound = rule_value(connection, "return_moved_share", report.jurisdiction, report.as_of)
        before = figures_of(connection, report.jurisdiction, owed.owner, report.stat_year - 1)
    if bound is None:
        return []
    year = report.stat_year - 1
    if last:
        return moved_much(report.figures, _filed(settings, last[0]).figures, bound, f"{year} 年封存")
    return moved_much(report.figures, before, bound, f"{year} 年")


def _filed(settings: Settings, filing: Filing) -> Return:
    """A frozen return as it was filed."""
    path = folder(settings, filing.jurisdiction, filing.stat_year) / filing.number / f"{STEM}.json"
    return Return.model_validate_json(path.read_text(encoding="utf-8"))


def last_filing(settings: Settings, owed: Owed, stat_year: int, as_of: str) -> Filing | None:
    """The owner's newest filing whose knowledge date is not after this one's."""
    earlier = [filing for filing in filings(settings, owed.jurisdiction, stat_year, owed.key) if filing.as_of <= as_of]
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


def write_draft(report: Return, out: Path) -> dict[str, Path]:
    """Writes a draft; a document or workbook that somebody has edited since is kept, the new draft goes into a folder beside it."""
    out = out.resolve()
    place, number = out, 1
    while _was_edited(place):
        number += 1
        place = out.with_name(f"{out.name}_v{number}")
    paths = write(report, place)
    sums = "".join(f"{sha256_of(path)}  {path.name}\n" for path in paths.values())
    write_atomically(place / SUMS, sums.encode())
    return paths


def _was_edited(place: Path) -> bool:
    """Whether a file in a folder is not the one that was written there."""
    there = [path for path in (place / f"{STEM}.{suffix}" for suffix in ("docx", "xlsx")) if path.exists()]
    sums = (place / SUMS).read_text(encoding="utf-8") if (place / SUMS).exists() else ""
    return any(f"{sha256_of(path)}  {path.name}" not in sums for path in there)


def content_of(report: Return) -> str:
    """Hash of what a return says: not its number, nor what it was compared with."""
    said = report.model_dump_json(
        exclude={
            "number",
            "inputs_hash",
            "revisions",
            "revised_from",
            "code_version",
            "incomplete",
            "edits",
            "edit_reason",
            "checks",
        }
    )
    tables = [table for table in json.loads(said)["tables"] if table["code"] != "vintages"]
    return hashlib.sha256(json.dumps(json.loads(said) | {"tables": tables}, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One filing at a time: numbers are given once."""
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    handle = os.open(settings.warehouse / ".filing.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def file(
    settings: Settings, warehouse_at: WarehouseAt, owed: Owed, stat_year: int, as_of: str, incomplete: str = "", sealed: Path | None = None,
    because: str = "",
) -> tuple[Filing, bool]:  # fmt: skip
    """Freezes the return: the next number, its files read-only, what it was made of beside them.

    Args:
        incomplete: why it is filed although something is open.
        sealed: the document as a clerk has edited it, instead of the one written here.
        because: why its figures differ from the warehouse, where they do.
    Returns:
        the filing, and whether it is new: identical content keeps the number it has.
    Raises:
        StillOpen: something is open and no reason given. Edited: figures were changed and no reason given.
        NotADocument: the sealed file cannot be taken.
    """
    day = as_of or as_of_of(warehouse_at(settings, as_of), owed.jurisdiction)
    with _alone(settings):
        previous = last_filing(settings, owed, stat_year, day)
        every = filings(settings, owed.jurisdiction, stat_year, owed.key)
        number = f"{owed.key}-{stat_year}-{len(every) + 1:02d}"
        report = make(settings, warehouse_at, owed, stat_year, day, number, previous)
        found = edits_of(report, sealed) if sealed else []
        if found and not because.strip():
            raise Edited(found)
        content = content_of(report)
        same = [one for one in every if one.content == content and _same_document(one, sealed)]
        if same:
            return same[-1], False
        if report.checks and not incomplete.strip():
            raise StillOpen(report.checks)
        report = report.model_copy(
            update={
                "incomplete": incomplete if report.checks else "",
                "edits": found,
                "edit_reason": because if found else "",
            }
        )
        return _freeze(settings, owed, report, day, previous, content, sealed), True


def _same_document(filing: Filing, sealed: Path | None) -> bool:
    if sealed is None:
        return not filing.sealed
    return filing.sealed and filing.files[f"{STEM}.docx"] == sha256_of(sealed)


def _freeze(
    settings: Settings, owed: Owed, report: Return, day: str, previous: Filing | None, content: str, sealed: Path | None
) -> Filing:
    target = folder(settings, owed.jurisdiction, report.stat_year) / report.number
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as temporary:
        partial = Path(temporary) / report.number
        paths = write(report, partial)
        if sealed:
            shutil.copyfile(sealed, paths["docx"])
        known_files(settings, day).select("provider", "feed", "file_name", "sha256", "received_at", "status").sort(
            pl.all()
        ).write_csv(partial / "inputs.csv")
        filing = Filing(
            report.number, owed.jurisdiction, report.stat_year, day, datetime.now(CHINA).isoformat(timespec="seconds"),
            previous.number if previous else "", report.inputs_hash, report.code_version, code_fingerprint(),
            {path.name: sha256_of(path) for path in paths.values()}, owed.key, content, sealed is not None, report.incomplete,
            [edit.model_dump() for edit in report.edits], report.edit_reason,
        )  # fmt: skip
        (partial / "filing.json").write_text(
            json.dumps(filing.__dict__, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        for path in partial.iterdir():
            path.chmod(0o444)
        partial.rename(target)
    return filing


def reproduce(settings: Settings, warehouse_at: WarehouseAt, number: str) -> Reproduced:
    """Makes a frozen return again from the raw drops and compares it byte for byte, and figure by figure where the program is another.

    A document edited by hand is not made again: its hash is held against the filing, the other files are made.

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
    with duckdb.connect(str(warehouse_at(settings, filing.as_of)), read_only=True) as connection:
        owed = next(
            (one for one in owed_returns(connection, filing.jurisdiction, filing.stat_year) if one.key == filing.key),
            None,
        )
    if owed is None:
        raise NotReproduced(f"「{filing.key}」现在没有应报的年度报告（参考数据「年度报告」），无法重现。")
    previous = next((other for other in filings(settings) if other.number == filing.previous), None)
    report = make(
        settings, warehouse_at, owed, filing.stat_year, filing.as_of, filing.number, previous, filing.filed_at
    )
    report = report.model_copy(
        update={
            "code_version": filing.code_version, "incomplete": filing.incomplete, "edits": [Edit(**edit) for edit in filing.edits],
            "edit_reason": filing.edit_reason,
        }
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as temporary:
        paths = write(report, Path(temporary))
        if filing.sealed:
            paths["docx"] = folder(settings, filing.jurisdiction, filing.stat_year) / number / f"{STEM}.docx"
        same = {path.name: sha256_of(path) == filing.files[path.name] for path in paths.values()}
    differing = _differing(_filed(settings, filing), report)
    why = ""
    if not all(same.values()):
        why = (
            f"封存时的程序（{filing.code_fingerprint}）与现在的（{code_fingerprint()}）不同，文件的格式或口径已改；"
            if filing.code_fingerprint != code_fingerprint()
            else ""
        ) + ("各项数值逐项相同。" if not differing else f"{len(differing)} 项数值不同。")
    return Reproduced(same, why, differing)


def _differing(then: Return, now: Return) -> list[str]:
    """Figures of a filing that come out otherwise, by what they are counted from; such as only one of them has are not compared."""
    again = {figure.key: figure for figure in now.figures}
    return [
        f"{figure.title}：封存时 {figure.shown}，现在 {again[figure.key].shown}"
        for figure in then.figures
        if figure.key in again
        and (figure.numerator, figure.denominator) != (again[figure.key].numerator, again[figure.key].denominator)
    ]


def _revisions(
    settings: Settings, warehouse_at: WarehouseAt, report: Return, warehouse: Path, previous: Filing
) -> list[Revision]:
    """Items of the return that differ from the last filing, with the records that changed them."""
    before = {figure.key: figure for figure in _filed(settings, previous).figures}
    changed = [
        (before[figure.key], figure)
        for figure in report.figures
        if figure.key in before and before[figure.key].value != figure.value
    ]
    if not changed:
        return []
    found = diff(warehouse_at(settings, previous.as_of), warehouse, report.stat_year, report.jurisdiction)
    cell = (owner.district_code, owner.industry_code) if (owner := report.owner) else (ALL, ALL)
    return [
        Revision(
            name=new.name + (f"（{new.insurer_name}）" if new.insurer_name else ""),
            before=old.shown,
            after=new.shown,
            change=_change(old, new),
            causes=[words for words, _ in causes],
            records=[f"{words}，如{'、'.join(keys)}" if keys else words for words, keys in causes],
        )
        for old, new in changed
        for causes in [_causes(found, new.metric, cell)]
    ]


def _change(old: Figure, new: Figure) -> str:
    if old.value is None or new.value is None:
        return DASH
    moved = new.value - old.value
    if new.unit == "比例":
        return f"{half_up(moved * 100, 2):+}个百分点"
    return f"{wan(moved)} 万元" if new.unit == "元" else shown(moved, new.unit)


def _causes(found: Difference, metric: str, cell: tuple[str, str]) -> list[tuple[str, list[str]]]:
    """The causes of a cell's change in words with examples of records, the ones that moved most first."""
    total = found.causes.filter(
        (pl.col("mart") == "supervision_metrics")
        & (pl.col("district_code") == cell[0])
        & (pl.col("industry_code") == cell[1])
        & pl.col("metric").is_in(found.parts.get(metric, []))
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
    return [
        (f"{cause}{_feed(feed)}{count}项", [key for key in keys if key])
        for cause, feed, count, _, keys in grouped.rows()
    ]


def _feed(feed: str | None) -> str:
    return contracts()[feed].title if feed else ""

"""Bytes of a dropped file → sheets of text cells with their line numbers.

What belongs here: decoding, delimiters, finding the header, worksheets. What does not: what a
column means or whether a value is good (checks.py). Nothing here raises for bad input except Refused.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import PurePosixPath

import fastexcel
import numpy as np
import polars as pl

from pipelines.feeds.contracts import Contract, contracts

HEADER_SEARCH_ROWS = 30
HEADER_SEARCH_BYTES = 1 << 18
DELIMITERS = ",\t;"
MAX_SURPLUS_FIELDS = 64
SUMMARY_WORDS = r"^\s*(合\s*计|总\s*计|小\s*计|共\s*计|本页小计)"
UNIT_IN_HEADER = re.compile(r"[（(\[【]\s*(万元|元|人|%|％|次|必填|选填)\s*[)）\]】]")


class Refused(Exception):
    """The file cannot be read as its feed at all.

    `reason` is a code of feeds/refusals.yaml; `details` fill its message.
    """

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details


@dataclass(frozen=True)
class HeaderCell:
    """One header as found: the contract's column (None = extra), its unit, and its text."""

    column: str | None
    text: str
    in_wan: bool = False
    percent: bool = False


@dataclass(frozen=True)
class Sheet:
    """Rows of one table as text.

    `rows` has the columns c0..c(n-1) (one per header cell), `line_no` (as the sender's program
    counts) and `ragged` (the row has more or fewer cells than the header).
    """

    name: str
    header: list[HeaderCell]
    rows: pl.DataFrame


def read(content: bytes, file_name: str, contract: Contract) -> list[Sheet]:
    """All tables of a file that carry this feed's header.

    Raises:
        Refused: the file cannot be read as this feed.
    """
    if not content:
        raise Refused("empty")
    suffix = PurePosixPath(file_name).suffix.lower()
    if suffix in (".csv", ".txt", ".tsv"):
        return [read_csv(content, contract)]
    if suffix == ".xlsx":
        return read_workbook(content, contract)
    raise Refused("unsupported_format", suffix=suffix)


# --- headers -----------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def header_key(text: str) -> str:
    """What is compared when a header is recognised: no unit, no star, half-width, upper case, no blanks."""
    bare = UNIT_IN_HEADER.sub("", text).replace("*", "").replace("＊", "")
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", bare)).upper()


@lru_cache
def header_names(feed: str) -> dict[str, str]:
    """Every accepted header of a feed (Chinese title, English name, alias) → column."""
    columns = contracts()[feed].columns
    names: dict[str, str] = {}
    for name, column in columns.items():
        names.setdefault(header_key(column.title), name)
    for name in columns:
        names.setdefault(header_key(name), name)
    for name, column in columns.items():
        for alias in column.aliases:
            names.setdefault(header_key(alias), name)
    return names


def match_header(cells: list[str | None], names: dict[str, str]) -> list[HeaderCell]:
    """Header cells recognised against the contract; the first of two equal headers wins."""
    taken: set[str] = set()
    matched = []
    for cell in cells:
        text = (cell or "").strip()
        column = names.get(header_key(text)) if text else None
        if column in taken:
            column = None
        if column:
            taken.add(column)
        units = set(UNIT_IN_HEADER.findall(text))
        matched.append(HeaderCell(column, text, in_wan="万元" in units, percent=bool(units & {"%", "％"})))
    return matched


def find_header(rows: list[list[str | None]], contract: Contract) -> tuple[int, list[HeaderCell]] | None:
    """The row with the most known headers among those that carry every key column."""
    names = header_names(contract.feed)
    best: tuple[int, int, list[HeaderCell]] | None = None
    for number, cells in enumerate(rows):
        header = match_header(cells, names)
        known = {cell.column for cell in header if cell.column}
        if set(contract.key) <= known and (best is None or len(known) > best[0]):
            best = (len(known), number, header)
    return None if best is None else best[1:]


def no_header(contract: Contract) -> Refused:
    return Refused("no_header", keys="、".join(contract.columns[key].title for key in contract.key))


# --- text files --------------------------------------------------------------------------------


def decode(content: bytes) -> bytes:
    """The same text as UTF-8 without a byte order mark and with \\n as line end where \\r stood alone.

    Raises:
        Refused: not UTF-8, UTF-16 (with mark) or GB18030.
    """
    if content.startswith(codecs.BOM_UTF8):
        content = content[3:]
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = _transcode(content, "utf-16")
    else:
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            content = _transcode(content, "gb18030")
    if b"\x00" in content:
        raise Refused("undecodable")
    if b"\r" in content and b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    return content


def _transcode(content: bytes, encoding: str) -> bytes:
    try:
        return content.decode(encoding).encode()
    except UnicodeError as error:
        raise Refused("undecodable") from error


def _records(text: str, delimiter: str) -> Iterator[tuple[list[str | None], int]]:
    """The first records of a text and the line each ends on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for record in islice(reader, HEADER_SEARCH_ROWS):
            yield list(record), reader.line_num
    except csv.Error:
        return


def _skip_lines(content: bytes, lines: int) -> int:
    """Offset of the byte behind the first `lines` lines."""
    offset = 0
    for _ in range(lines):
        end = content.find(b"\n", offset)
        if end < 0:
            return len(content)
        offset = end + 1
    return offset


def read_csv(content: bytes, contract: Contract) -> Sheet:
    """A delimited text file; encoding and delimiter are found out.

    Raises:
        Refused: undecodable, no header, quotes that never close.
    """
    content = decode(content)
    head = content[:HEADER_SEARCH_BYTES].decode("utf-8", errors="ignore")
    found = None
    for delimiter in DELIMITERS:
        records = list(_records(head, delimiter))
        match = find_header([record for record, _ in records], contract)
        if match and (found is None or len(match[1]) > len(found[1])):
            found = (delimiter, match[1], records[match[0]][1])
    if found is None:
        raise no_header(contract)
    delimiter, header, header_line = found
    body = content[_skip_lines(content, header_line) :]
    rows = _parse_delimited(body, delimiter, len(header))
    return Sheet("", header, rows.with_columns(line_no=pl.col("line_no") + header_line))


def _parse_delimited(body: bytes, delimiter: str, width: int) -> pl.DataFrame:
    """Records below the header; `line_no` counts from 1 below it."""
    names = [f"c{place}" for place in range(width)]
    if not body.strip():
        return _numbered(pl.DataFrame(schema=dict.fromkeys(names, pl.String)))
    try:
        frame = _scan(body, delimiter, names)
    except pl.exceptions.PolarsError:
        surplus = [f"surplus{place}" for place in range(MAX_SURPLUS_FIELDS)]
        try:
            frame = _scan(body, delimiter, names + surplus)
        except pl.exceptions.PolarsError as error:
            raise Refused("malformed", detail=_first_line(error)) from error
    has_quotes = b'"' in body
    line_ends = body.count(b"\n") + (not body.endswith(b"\n"))
    numbered = _numbered(frame)
    if has_quotes and line_ends != frame.height:
        inside = pl.sum_horizontal(pl.col(names).str.count_matches("\n", literal=True).fill_null(0)).cast(pl.Int64)
        numbered = numbered.with_columns(line_no=pl.col("line_no") + (inside.cum_sum() - inside))
    return _mark_ragged(numbered, body, delimiter, width, has_quotes)


def _scan(body: bytes, delimiter: str, names: list[str]) -> pl.DataFrame:
    return pl.read_csv(
        body,
        has_header=False,
        schema=dict.fromkeys(names, pl.String),
        missing_columns="insert",
        separator=delimiter,
        infer_schema=False,
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:120]


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(line_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), ragged=pl.lit(False))


def _mark_ragged(frame: pl.DataFrame, body: bytes, delimiter: str, width: int, has_quotes: bool) -> pl.DataFrame:
    """Marks rows with more or fewer fields than the header; empty surplus fields at the end are harmless.

    The number of separators in the whole file tells whether there are any; only then are they
    counted line by line.
    """
    surplus = [name for name in frame.columns if name.startswith("surplus")]
    cells = [name for name in frame.columns if name.startswith("c")]
    blank = pl.all_horizontal(pl.col(cells + surplus).is_null())
    separators = body.count(delimiter.encode())
    if has_quotes:
        quoted = frame.select(
            pl.sum_horizontal(pl.col(cells + surplus).str.count_matches(delimiter, literal=True).fill_null(0)).sum()
        ).item()
        separators -= quoted
    filled = frame.height - frame.select(blank.sum()).item()
    if separators == filled * (width - 1) and not surplus:
        return frame
    fields = pl.Series(_fields_per_record(body, delimiter), dtype=pl.Int64)
    if len(fields) != frame.height:
        raise Refused("malformed", detail="引号不配对")
    has_surplus = pl.any_horizontal(pl.col(surplus).is_not_null()) if surplus else pl.lit(False)
    return frame.with_columns(ragged=~blank & ((pl.lit(fields) < width) | has_surplus)).drop(surplus)


def _fields_per_record(body: bytes, delimiter: str) -> np.ndarray:
    """Number of fields of each record, quotes honoured."""
    text = np.frombuffer(body if body.endswith(b"\n") else body + b"\n", dtype=np.uint8)
    outside = (np.cumsum(text == ord('"'), dtype=np.int64) & 1) == 0
    ends = np.flatnonzero((text == ord("\n")) & outside)
    separators = np.cumsum((text == ord(delimiter)) & outside, dtype=np.int64)[ends]
    return np.diff(separators, prepend=0) + 1


# --- workbooks ---------------------------------------------------------------------------------


def read_workbook(content: bytes, contract: Contract) -> list[Sheet]:
    """Every visible worksheet that carries the feed's header.

    Raises:
        Refused: not a workbook (encrypted, truncated), or no sheet has the header.
    """
    try:
        workbook = fastexcel.read_excel(content)
        sheets = [workbook.load_sheet(name, header_row=None, dtypes="string") for name in workbook.sheet_names]
        starts = _first_rows(content)
    except (fastexcel.FastExcelError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Refused("not_a_workbook") from error
    found = []
    for place, sheet in enumerate(sheets):
        if sheet.visible != "visible" or sheet.width == 0:
            continue
        table = sheet.to_polars()
        match = find_header([list(row) for row in table.head(HEADER_SEARCH_ROWS).rows()], contract)
        if match is None:
            continue
        header_row, header = match
        first = starts.get(place, 1)
        body = table.slice(header_row + 1)
        rows = body.rename(dict(zip(body.columns, [f"c{i}" for i in range(body.width)], strict=True))).cast(pl.String)
        numbered = _numbered(rows).with_columns(line_no=pl.col("line_no") + header_row + first)
        found.append(Sheet(sheet.name, header, numbered))
    if not found:
        raise no_header(contract)
    return found


def _first_rows(content: bytes) -> dict[int, int]:
    """Place of a sheet in the workbook → number of its first row with a value.

    The reader drops empty rows above the first value; people count them.
    """
    starts = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        book = archive.read("xl/workbook.xml").decode("utf-8", errors="replace")
        links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", errors="replace")
        targets = {}
        for link in re.findall(r"<Relationship\b[^>]*>", links):
            identity, target = re.search(r'\bId="([^"]+)"', link), re.search(r'\bTarget="([^"]+)"', link)
            if identity and target:
                targets[identity.group(1)] = target.group(1)
        for place, tag in enumerate(re.findall(r"<sheet\b[^>]*>", book)):
            relation = re.search(r'\br:id="([^"]+)"', tag)
            target_path = targets.get(relation.group(1), "") if relation else ""
            path = target_path.lstrip("/") if target_path.startswith("/") else f"xl/{target_path}"
            if path not in archive.namelist():
                continue
            with archive.open(path) as member:
                text = member.read(1 << 16).decode("utf-8", errors="replace")
            for row in re.finditer(r'<row\b[^>]*\br="(\d+)"[^>]*>(.*?)(?:</row>|$)', text, flags=re.S):
                if "<v" in row.group(2) or "<is>" in row.group(2):
                    starts[place] = int(row.group(1))
                    break
    return starts

"""Bytes of a dropped file → sheets of text cells with their line numbers.

What belongs here: decoding, delimiters, finding the header, worksheets. What does not: what a
column means or whether a value is good (checks.py). Nothing here raises for bad input except Refused.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import mmap
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice
from pathlib import PurePosixPath

import duckdb
import fastexcel
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine

from pipelines.feeds.contracts import Contract, contracts, refusal_messages

HEADER_SEARCH_ROWS = 30
HEADER_SEARCH_BYTES = 1 << 18
# One known word is no header: a page of explanations names the key as well.
FEWEST_HEADERS = 2
# Worksheets that explain a table and are none.
EXPLANATIONS = {"填写说明", "填表说明", "说明"}
DELIMITERS = ",\t;"
MAX_SURPLUS_FIELDS = 64
# Lines that are not records: sums below a table, the example row of a template left in.
NOT_DATA = r"^\s*(合\s*计|总\s*计|小\s*计|共\s*计|本页小计|示例|样例)"
# How a first cell begins that may be blank or one of those.
MAY_BE_NO_DATA = r"^\s*([合总小共本示样]|$)"
SUFFIXES = {".csv", ".txt", ".tsv", ".xlsx", ".xls", ".jsonl", ".parquet", ".zip", ".gz"}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BLOCK_BYTES = 48 << 20
"""How much of a text file is parsed at once: what a large file takes of memory does not grow with it."""
# Deflate makes at most 1032 bytes of one.
DEFLATE_MOST = 1032
# What the standard library raises over a broken archive.
BROKEN_ARCHIVE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, KeyError, RuntimeError,
)  # fmt: skip
SOMETHING = re.compile(rb"\S")
UNIT_IN_HEADER = re.compile(r"[（(\[【]\s*(万元|元|人|%|％|次|必填|选填)\s*[)）\]】]")


@dataclass(frozen=True)
class Limits:
    """How much a file may unfold to."""

    expanded_bytes: int = 2 << 30
    cell_characters: int = 1_000_000


DEFAULT_LIMITS = Limits()


class Refused(Exception):
    """The file cannot be read as its feed at all.

    `reason` is a code of feeds/refusals.yaml; `details` fill its message.
    """

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details

    @property
    def message(self) -> str:
        """What the sender is told."""
        text = refusal_messages()[self.reason].format(**self.details)
        member = self.details.get("member")
        return f"压缩包内「{member}」：{text}" if member and str(member) not in text else text


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
    # Cells of a workbook may be numbers where codes should be text.
    from_workbook: bool = False
    # The table goes on in further sheets of the same name.
    is_block: bool = False
    # Rows of several files with this header; their line numbers tell which (checks.check_together).
    several_files: bool = False


Content = bytes | mmap.mmap
"""What a file holds; large files are mapped and read piece by piece."""


def tables(content: Content, file_name: str, contract: Contract, limits: Limits = DEFAULT_LIMITS) -> Iterator[Sheet]:
    """All tables of a file that carry this feed's header, one after another; large texts in blocks.

    What a file is, is read off its first bytes; its name only decides between kinds of text.

    Raises:
        Refused: the file cannot be read as this feed. It may come after the first tables.
    """
    for sheet in _tables(content, file_name, contract, limits):
        yield _within_cell_limit(sheet, limits)


def read(content: Content, file_name: str, contract: Contract, limits: Limits = DEFAULT_LIMITS) -> list[Sheet]:
    """All tables of a file at once; see `tables`."""
    return list(tables(content, file_name, contract, limits))


def _tables(content: Content, file_name: str, contract: Contract, limits: Limits) -> Iterator[Sheet]:
    if not len(content):
        raise Refused("empty")
    suffix = PurePosixPath(file_name).suffix.lower()
    if suffix not in SUFFIXES:
        raise Refused("unsupported_format", suffix=suffix)
    start = content[:8]
    if start.startswith(b"\x1f\x8b"):
        yield from _tables(_gunzip(content, limits), PurePosixPath(file_name).stem, contract, limits)
    elif start.startswith(b"PK\x03\x04"):
        yield from _read_zip(bytes(content), suffix, contract, limits)
    elif start.startswith(OLE):
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            raise Refused("encrypted")
        yield from read_workbook(bytes(content), contract, _first_rows_of_xls(bytes(content)))
    elif start.startswith(b"PAR1"):
        yield read_parquet(bytes(content), contract)
    elif suffix in (".xls", ".xlsx", ".zip", ".gz", ".parquet"):
        if suffix == ".xls" and content[:4096].lstrip()[:1] != b"<" and b"\x00" not in content[:4096]:
            yield from read_csv(content, contract)  # text under the name of a workbook, as some systems export
        else:
            raise Refused("not_a_workbook" if suffix.startswith(".xls") else "malformed", detail="文件内容与扩展名不符")
    elif suffix == ".jsonl":
        yield read_jsonl(bytes(content), contract)
    else:
        yield from read_csv(content, contract)


def _within_cell_limit(sheet: Sheet, limits: Limits) -> Sheet:
    if sheet.rows.estimated_size() <= limits.cell_characters:
        return sheet  # all cells together are not as long
    cells = [name for name in sheet.rows.columns if name not in ("line_no", "ragged")]
    # Bytes are known without looking; only where there are too many are characters counted.
    for longest in (pl.col(cells).str.len_bytes().max(), pl.col(cells).str.len_chars().max()):
        if (sheet.rows.select(pl.max_horizontal(longest)).item() or 0) <= limits.cell_characters:
            return sheet
    raise Refused("cell_too_long", limit=limits.cell_characters)


# --- archives ----------------------------------------------------------------------------------


def _gunzip(content: Content, limits: Limits) -> bytes:
    expanded = bytearray()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            # Piece by piece: asked for all at once, it takes the memory of the limit beforehand.
            while block := file.read(1 << 20):
                expanded += block
                if len(expanded) > limits.expanded_bytes:
                    raise Refused("bomb", limit=limits.expanded_bytes >> 20)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused("malformed", detail="压缩文件损坏或截断") from error
    return bytes(expanded)


def _read_zip(content: bytes, suffix: str, contract: Contract, limits: Limits) -> list[Sheet]:
    """A workbook (.xlsx is a zip) or an archive of files; sheets of an archive are named after their member."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _safe_members(archive, members, limits)
            if any(member.filename == "xl/workbook.xml" for member in members):
                _no_entities(archive, members)
                return read_workbook(content, contract, _first_rows_of_xlsx(archive))
            if suffix == ".xlsx":
                raise Refused("not_a_workbook")
            return _read_members(archive, members, contract, limits)
    except BROKEN_ARCHIVE as error:
        raise Refused(
            "not_a_workbook" if suffix.startswith(".xls") else "malformed", detail="压缩文件损坏或截断"
        ) from error


def _safe_members(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], limits: Limits) -> None:
    """No encryption, no paths that lead elsewhere, no bomb.

    Declared sizes may lie: where the compressed bytes could expand past the limit, they are counted.
    """
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if ".." in parts or member.filename.startswith(("/", "\\")) or (parts and ":" in parts[0]):
            raise Refused("unsafe_path", member=member.filename)
        if member.flag_bits & 0x1:
            raise Refused("encrypted")
    if sum(member.file_size for member in members) > limits.expanded_bytes:
        raise Refused("bomb", limit=limits.expanded_bytes >> 20)
    if sum(member.compress_size for member in members) * DEFLATE_MOST > limits.expanded_bytes:
        total = 0
        for member in members:
            with archive.open(member) as file:
                while block := file.read(1 << 20):
                    total += len(block)
                    if total > limits.expanded_bytes:
                        raise Refused("bomb", limit=limits.expanded_bytes >> 20)


def _no_entities(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """A workbook has no use for a document type: entities are how XML bombs and outside references come in."""
    for member in members:
        if member.filename.endswith((".xml", ".rels")):
            with archive.open(member) as file:
                head = file.read(4096)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise Refused("xml_entities")


def _read_members(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], contract: Contract, limits: Limits
) -> list[Sheet]:
    """The tables of all readable members; a member that cannot be read spoils the archive, so that nothing is half loaded."""
    sheets = []
    for member in members:
        name = _member_name(member)
        path = PurePosixPath(name)
        if member.is_dir() or path.name.startswith((".", "~$")) or path.parts[0] == "__MACOSX":
            continue
        if path.suffix.lower() == ".zip":
            raise Refused("nested_archive", member=name)
        try:
            found = read(archive.read(member), path.name, contract, limits)
        except Refused as refused:
            raise Refused(refused.reason, **refused.details, member=name) from refused
        sheets += [replace(sheet, name=f"{name}/{sheet.name}" if sheet.name else name) for sheet in found]
    if not sheets:
        raise Refused("empty")
    return sheets


def _member_name(member: zipfile.ZipInfo) -> str:
    """Names written by Chinese Windows are GBK without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename


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
    """The row with the most known headers among those that carry every key column.

    A header may stand in two rows (cells merged downwards): the lower cell counts, the upper one where
    the lower is empty.
    """
    names = header_names(contract.feed)
    best: tuple[int, int, list[HeaderCell]] | None = None
    above: list[str | None] = []
    for number, cells in enumerate(rows):
        if len(cells) < FEWEST_HEADERS:
            above = cells
            continue
        padded = above + [None] * (len(cells) - len(above))
        joined = [cell or upper for cell, upper in zip(cells, padded, strict=False)]
        for candidate in [cells] if joined == cells else [cells, joined]:
            header = match_header(candidate, names)
            known = {cell.column for cell in header if cell.column}
            if (
                set(contract.required_key) <= known
                and len(known) >= FEWEST_HEADERS
                and (best is None or len(known) > best[0])
            ):
                best = (len(known), number, header)
                if len(known) == len(header):
                    return best[1:]  # nothing but headers
        above = cells
    return None if best is None else best[1:]


def no_header(contract: Contract) -> Refused:
    return Refused("no_header", keys="、".join(contract.columns[key].title for key in contract.required_key))


# --- text files --------------------------------------------------------------------------------


def encoding_of(content: Content) -> str:
    """utf-8-sig, utf-16, utf-8 or gb18030 (what is none of the others), read off the whole content."""
    start = content[:3]
    if start == codecs.BOM_UTF8:
        return "utf-8-sig"
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    # Arrow checks a text in place, several times as fast as decoding it.
    ends = pa.py_buffer(np.array([0, len(content)], dtype=np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(content)]).validate(full=True)
    except pa.ArrowInvalid:
        return "gb18030"
    return "utf-8"


def decode(content: bytes, encoding: str) -> bytes:
    """The same text as UTF-8 without a byte order mark.

    Raises:
        Refused: it is not of that encoding, or no text at all.
    """
    if encoding != "utf-8":
        try:
            content = content.decode(encoding).encode()
        except UnicodeError as error:
            raise Refused("undecodable") from error
    if b"\x00" in content:
        raise Refused("undecodable")
    return content


def blocks(content: Content) -> Iterator[bytes]:
    """A text of any length as UTF-8 with \\n as line end, in blocks of whole records.

    No encoding but UTF-16 has a byte of a line end or a quote inside another letter, so that a text can be cut
    before it is decoded.
    """
    encoding = encoding_of(content)
    if encoding == "utf-16" or len(content) <= BLOCK_BYTES:
        content, encoding = decode(bytes(content), encoding), "utf-8"
    line_end = b"\n" if content.find(b"\n") >= 0 else b"\r"
    offset = 0
    while offset < len(content):
        end = _end_of_record(content, offset, line_end)
        block = decode(content[offset:end], encoding)
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding  # the mark stands before the first one only
        offset = end
        yield block.replace(b"\r", b"\n") if line_end == b"\r" else block


def _end_of_record(content: Content, offset: int, line_end: bytes) -> int:
    """Where a block that begins at `offset` ends: behind a line end outside quotes."""
    size = BLOCK_BYTES
    while offset + size < len(content):
        end = content.rfind(line_end, offset, offset + size) + 1
        if end > offset and content[offset:end].count(b'"') % 2 == 0:
            return end
        size *= 2
    return len(content)


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


def read_csv(content: Content, contract: Contract) -> Iterator[Sheet]:
    """A delimited text file; encoding and delimiter are found out. Large ones come in blocks.

    Raises:
        Refused: undecodable, no header, quotes that never close.
    """
    pieces = blocks(content)
    first = next(pieces, b"")
    delimiter, header, header_line = _delimited_header(first, contract)
    lines = header_line
    for number, piece in enumerate(chain([first[_skip_lines(first, header_line) :]], pieces)):
        if number and not SOMETHING.search(piece):
            continue
        rows = _parse_delimited(piece, delimiter, len(header), lines)
        lines += piece.count(b"\n")
        yield Sheet("", header, rows, is_block=len(content) > BLOCK_BYTES)


def _delimited_header(first: bytes, contract: Contract) -> tuple[str, list[HeaderCell], int]:
    """The delimiter under which most headers are known, the header, and the line it ends on."""
    head = first[:HEADER_SEARCH_BYTES].decode("utf-8", errors="ignore")
    found = None
    for delimiter in DELIMITERS:
        records = list(_records(head, delimiter))
        match = find_header([record for record, _ in records], contract)
        if match and (found is None or len(match[1]) > len(found[1])):
            found = (delimiter, match[1], records[match[0]][1])
    if found is None:
        raise no_header(contract)
    return found


def _parse_delimited(body: bytes, delimiter: str, width: int, lines: int) -> pl.DataFrame:
    """Records of a text that begins below line `lines` of the file."""
    names = [f"c{place}" for place in range(width)]
    if not SOMETHING.search(body):
        return _numbered(pl.DataFrame(schema=dict.fromkeys(names, pl.String)), lines)
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
    numbered = _numbered(frame, lines)
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


def _numbered(frame: pl.DataFrame, above: int = 0) -> pl.DataFrame:
    """With line numbers, counted on from the lines `above`."""
    line_no = pl.Series("line_no", np.arange(above + 1, above + 1 + frame.height, dtype=np.int64))
    return frame.hstack([line_no, pl.Series("ragged", np.zeros(frame.height, dtype=bool))])


def _mark_ragged(frame: pl.DataFrame, body: bytes, delimiter: str, width: int, has_quotes: bool) -> pl.DataFrame:
    """Marks rows with more or fewer fields than the header; empty surplus fields at the end are harmless.

    The number of separators in the whole file tells whether there are any; only then are they
    counted line by line.
    """
    surplus = [name for name in frame.columns if name.startswith("surplus")]
    cells = [name for name in frame.columns if name.startswith("c")]
    separators = body.count(delimiter.encode())
    if has_quotes:
        quoted = frame.select(
            pl.sum_horizontal(pl.col(cells + surplus).str.count_matches(delimiter, literal=True).fill_null(0)).sum()
        ).item()
        separators -= quoted
    if separators == frame.height * (width - 1) and not surplus:
        return frame  # none has more, so none has less
    blank = pl.all_horizontal(pl.col(cells + surplus).is_null())
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


# --- records -----------------------------------------------------------------------------------


def _table(frame: pl.DataFrame, contract: Contract) -> Sheet:
    """A sheet from a frame whose column names are the headers."""
    header = match_header(list(frame.columns), header_names(contract.feed))
    if not set(contract.required_key) <= {cell.column for cell in header}:
        raise no_header(contract)
    rows = frame.rename({name: f"c{place}" for place, name in enumerate(frame.columns)})
    return Sheet("", header, _numbered(rows))


def read_jsonl(content: bytes, contract: Contract) -> Sheet:
    """One JSON object a line; a line that is none is a ragged row.

    Raises:
        Refused: undecodable, or no line with the feed's key.
    """
    text = decode(content, encoding_of(content)).decode()
    if "\n" not in text:
        text = text.replace("\r", "\n")
    lines = pl.DataFrame({"text": text.split("\n")}).with_columns(line_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    lines = lines.filter(pl.col("text").str.strip_chars() != "")
    with duckdb.connect(":memory:") as connection:
        connection.register("lines", lines.to_arrow())
        good = connection.sql(
            "select case when json_valid(text) then json_type(text) = 'OBJECT' else false end as good from lines"
        ).to_arrow_table()
    is_object = pl.Series(pl.from_arrow(good.column("good")), dtype=pl.Boolean).fill_null(False)
    objects = lines.filter(is_object)
    if objects.is_empty():
        raise no_header(contract)
    try:
        frame = pl.read_ndjson("\n".join(objects["text"]).encode(), infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        raise Refused("malformed", detail=_first_line(error)) from error
    sheet = _table(frame.select(_as_text(frame)), contract)
    good_rows = sheet.rows.with_columns(line_no=objects["line_no"])
    bad = lines.filter(~is_object).select(
        *[
            pl.col("text").alias(name) if name == "c0" else pl.lit(None, pl.String).alias(name)
            for name in good_rows.columns
            if name.startswith("c")
        ],
        "line_no",
        ragged=pl.lit(True),
    )
    return Sheet("", sheet.header, pl.concat([good_rows, bad.select(good_rows.columns)]).sort("line_no"))


def read_parquet(content: bytes, contract: Contract) -> Sheet:
    """A Parquet file; lines are rows, counted from 1.

    Arrow reads it: over damaged bytes it raises, where other readers were seen to end the process.

    Raises:
        Refused: damaged, or without the feed's key.
    """
    try:
        table = pq.read_table(pa.BufferReader(content), use_threads=False)
        table.validate(full=True)  # texts that are none end a process further on
        frame = pl.from_arrow(table)
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise Refused("malformed", detail=_first_line(error)) from error
    assert isinstance(frame, pl.DataFrame)
    return _table(frame.select(_as_text(frame)), contract)


def _as_text(frame: pl.DataFrame) -> list[pl.Expr]:
    """Typed values as a sender would have written them."""
    expressions = []
    for name, kind in frame.schema.items():
        value = pl.col(name)
        if kind == pl.Boolean:
            value = pl.when(value).then(pl.lit("是")).when(~value).then(pl.lit("否"))
        elif kind.is_nested():
            value = (
                value.struct.json_encode()
                if isinstance(kind, pl.Struct)
                else value.cast(pl.List(pl.String)).list.join("、")
            )
        elif kind.is_float():
            # 3.0 is how a whole number is stored; it is written 3.
            whole = (value == value.round(0)) & (value.abs() < 1e15)
            value = (
                pl.when(whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(value.cast(pl.String))
            )
        elif kind == pl.Binary:
            value = value.bin.encode("hex")
        expressions.append(value.cast(pl.String).alias(name))
    return expressions


# --- workbooks ---------------------------------------------------------------------------------


def read_workbook(content: bytes, contract: Contract, first_rows: dict[int, int]) -> list[Sheet]:
    """Every visible worksheet that carries the feed's header.

    Args:
        first_rows: place of a sheet → number of its first row with a value; the reader drops empty rows
            above it, people count them.
    Raises:
        Refused: not a workbook (encrypted, truncated), or no sheet has the header.
    """
    found = []
    try:
        workbook = fastexcel.read_excel(content)
        for place, name in enumerate(workbook.sheet_names):
            sheet = workbook.load_sheet(name, header_row=None, dtypes="string")
            if sheet.visible == "visible" and sheet.width and name.strip() not in EXPLANATIONS:
                table = _worksheet(name, sheet.to_polars(), contract, first_rows.get(place, 1))
                if table:
                    found.append(table)
    except (fastexcel.FastExcelError, ValueError, pl.exceptions.PolarsError) as error:
        raise Refused("not_a_workbook") from error
    if not found:
        raise no_header(contract)
    return found


def _worksheet(name: str, table: pl.DataFrame, contract: Contract, first_row: int) -> Sheet | None:
    match = find_header([list(row) for row in table.head(HEADER_SEARCH_ROWS).rows()], contract)
    if match is None:
        return None
    header_row, header = match
    body = table.slice(header_row + 1)
    rows = body.rename({column: f"c{place}" for place, column in enumerate(body.columns)}).cast(pl.String)
    return Sheet(name, header, _numbered(rows, header_row + first_row), from_workbook=True)


def _first_rows_of_xls(content: bytes) -> dict[int, int]:
    try:
        workbook = python_calamine.CalamineWorkbook.from_object(io.BytesIO(content))
        starts = [workbook.get_sheet_by_index(place).start for place in range(len(workbook.sheet_names))]
    except (python_calamine.CalamineError, OSError) as error:
        raise Refused("not_a_workbook") from error
    return {place: start[0] + 1 for place, start in enumerate(starts) if start}


def _first_rows_of_xlsx(archive: zipfile.ZipFile) -> dict[int, int]:
    """Read off the first rows of each sheet's XML: cheap, whatever the size of the sheet."""
    starts = {}
    names = set(archive.namelist())
    if "xl/_rels/workbook.xml.rels" not in names:
        raise Refused("not_a_workbook")
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
        if path not in names:
            continue
        with archive.open(path) as member:
            text = member.read(1 << 16).decode("utf-8", errors="replace")
        for row in re.finditer(r'<row\b[^>]*\br="(\d+)"[^>]*>(.*?)(?:</row>|$)', text, flags=re.S):
            if "<v" in row.group(2) or "<is>" in row.group(2):
                starts[place] = int(row.group(1))
                break
    return starts

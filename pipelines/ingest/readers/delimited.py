"""Delimited text: encoding, delimiter, records that span lines, rows with too many or too few fields.

What belongs here: bytes of a text → sheets, large ones in blocks of whole records. What does not: what is in the cells.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import chain, islice

import numpy as np
import polars as pl
import pyarrow as pa

from pipelines.feeds.contracts import Contract
from pipelines.ingest.readers.headers import HEADER_SEARCH_ROWS, find_header, no_header
from pipelines.ingest.readers.sheet import (
    DEFAULT_LIMITS,
    Content,
    HeaderCell,
    Limits,
    Refused,
    Sheet,
    with_line_numbers,
)

HEADER_SEARCH_BYTES = 1 << 18
DELIMITERS = ",\t;"
MAX_SURPLUS_FIELDS = 64
BLOCK_BYTES = 48 << 20
"""How much of a text file is parsed at once: what a large file takes of memory does not grow with it."""
SOMETHING = re.compile(rb"\S")


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


def read_csv(content: Content, contract: Contract, limits: Limits = DEFAULT_LIMITS) -> Iterator[Sheet]:
    """A delimited text file; encoding and delimiter are found out. Large ones come in blocks.

    Raises:
        Refused: undecodable, no header, quotes that never close.
    """
    pieces = blocks(content)
    first = next(pieces, b"")
    delimiter, header, header_line = _delimited_header(first, contract)
    limits.width(len(header))
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
        return with_line_numbers(pl.DataFrame(schema=dict.fromkeys(names, pl.String)), lines)
    try:
        frame = _scan(body, delimiter, names)
    except pl.exceptions.PolarsError:
        surplus = [f"surplus{place}" for place in range(MAX_SURPLUS_FIELDS)]
        try:
            frame = _scan(body, delimiter, names + surplus)
        except pl.exceptions.PolarsError as error:
            raise Refused("malformed", detail="有的行的引号不配对，或列数超出表头过多") from error
    has_quotes = b'"' in body
    line_ends = body.count(b"\n") + (not body.endswith(b"\n"))
    numbered = with_line_numbers(frame, lines)
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

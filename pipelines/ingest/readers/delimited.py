"""Delimited text: encoding, line ends, delimiter, records that span lines, and lines that are damaged.

What belongs here: bytes of a text → sheets, large ones in blocks of whole records. What does not: what is in the cells.

Damage costs its lines, not the file (trust.md 6): a text whose quotes are in order is parsed at once; where they are not, each
line stands for itself, and those that cannot be taken apart are marked.
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
from pipelines.ingest.readers.headers import HEADER_SEARCH_ROWS, best_guess, find_header, no_header
from pipelines.ingest.readers.sheet import (
    DAMAGED,
    DEFAULT_LIMITS,
    RAGGED,
    Content,
    HeaderCell,
    Limits,
    Refused,
    Sheet,
    mostly_whole,
    with_line_numbers,
)

HEADER_SEARCH_BYTES = 1 << 18
DELIMITERS = ",\t;|"
MOST_SURPLUS_FIELDS = 64
BLOCK_BYTES = 48 << 20
"""How much of a text file is parsed at once: what a large file takes of memory does not grow with it."""
TAIL_BYTES = 1 << 20
LINES_OF_A_CELL = 100
"""A quote that has not closed after so many lines is broken."""
SOMETHING = re.compile(rb"\S")
NEWLINE, QUOTE = ord("\n"), ord('"')
DAMAGED_UTF8 = "utf_8"
"""Another name of the same encoding: what is whole need not be looked at again."""
NO_CHARACTER = "\ufffd".encode()
"""Stands where bytes were no text; a value that holds one is rejected (rules.yaml, damaged_text)."""


def encoding_of(content: Content) -> str:
    """utf-8-sig, utf-16 (-le, -be), utf-8 (whole), DAMAGED_UTF8 or gb18030 (what is none of the others)."""
    start = content[:3]
    if start == codecs.BOM_UTF8:
        return "utf-8-sig"
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    # Digits and commas, of which every table is full, have a zero in every other byte of UTF-16, and no text has one else.
    zeros = np.frombuffer(content[:HEADER_SEARCH_BYTES], dtype=np.uint8) == 0
    first, second = int(zeros[0::2].sum()), int(zeros[1::2].sum())
    if (first + second) * 10 > len(zeros):
        if second > first * 4:
            return "utf-16-le"
        if first > second * 4:
            return "utf-16-be"
    if _is_utf8(content):
        return "utf-8"
    # GB18030 reads nearly any bytes as some letters, UTF-8 hardly any but its own.
    head = content[:HEADER_SEARCH_BYTES].decode(errors="replace")
    lost = head.count("\ufffd")
    return DAMAGED_UTF8 if len(head) - len(head.encode("ascii", errors="ignore")) - lost > lost else "gb18030"


def _is_utf8(content: Content) -> bool:
    # Arrow checks a text in place, several times as fast as decoding it.
    ends = pa.py_buffer(np.array([0, len(content)], dtype=np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(content)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def decode(content: bytes, encoding: str) -> bytes:
    """The same text as UTF-8 without a byte order mark, with \\n as line end; U+FFFD stands where bytes are no text.

    CR CR LF is one line end, as are CR LF, CR and LF, whichever of them a file has.

    Raises:
        Refused: it is no text at all.
    """
    if encoding != "utf-8":
        content = content.decode(encoding, errors="replace").encode()
    if b"\x00" in content:
        if b"\x00" in content[:HEADER_SEARCH_BYTES]:
            raise Refused("undecodable")
        content = content.replace(b"\x00", NO_CHARACTER)
    if b"\r" in content:
        content = content.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content


def blocks(content: Content) -> Iterator[bytes]:
    """A text of any length, decoded, in blocks of whole records.

    No encoding but UTF-16 has a byte of a line end or a quote inside another letter, so that a text can be cut
    before it is decoded.
    """
    encoding = encoding_of(content)
    if encoding.startswith("utf-16") or len(content) <= BLOCK_BYTES:
        content, encoding = decode(bytes(content), encoding), "utf-8"
    line_end = b"\n" if content.find(b"\n") >= 0 else b"\r"
    offset = 0
    while offset < len(content):
        end = _end_of_record(content, offset, line_end)
        block = decode(content[offset:end], encoding)
        encoding = DAMAGED_UTF8 if encoding == "utf-8-sig" else encoding  # the mark stands before the first one only
        offset = end
        yield block


def _end_of_record(content: Content, offset: int, line_end: bytes) -> int:
    """Where a block that begins at `offset` ends: behind a line end outside quotes; where quotes are broken, behind any."""
    end = offset + BLOCK_BYTES
    if end >= len(content):
        return len(content)
    begin = end - min(TAIL_BYTES, BLOCK_BYTES)
    tail = np.frombuffer(content[begin:end], dtype=np.uint8)
    quotes = content[offset:begin].count(b'"') + np.cumsum(tail == QUOTE)
    ends = tail == line_end[0]
    for places in (np.flatnonzero(ends & (quotes % 2 == 0)), np.flatnonzero(ends)):
        if len(places):
            return int(begin + places[-1] + 1)
    later = content.find(line_end, end) + 1
    return later or len(content)


def read_csv(content: Content, contract: Contract, limits: Limits = DEFAULT_LIMITS) -> Iterator[Sheet]:
    """A delimited text file; encoding and delimiter are found out. Large ones come in blocks.

    Raises:
        Refused: no text, no header, more than half of the lines damaged (that after the last block).
    """
    pieces = blocks(content)
    first = next(pieces, b"")
    delimiter, header, header_line = _delimited_header(first, contract)
    limits.width(len(header))
    lines = header_line
    count = faulty = 0
    for number, piece in enumerate(chain([first[_skip_lines(first, header_line) :]], pieces)):
        if number and not SOMETHING.search(piece):
            continue
        line_ends = piece.count(b"\n")
        numbers = np.arange(lines + 1, lines + 2 + line_ends, dtype=np.int64)
        rows = _rows(_without_guards(piece, delimiter), numbers, delimiter, len(header))
        lines += line_ends
        count, faulty = count + rows.height, faulty + rows["fault"].count()
        yield Sheet("", header, rows, is_block=len(content) > BLOCK_BYTES)
    mostly_whole(count, faulty)


def _delimited_header(first: bytes, contract: Contract) -> tuple[str, list[HeaderCell], int]:
    """The delimiter under which most headers are known, the header, and the line it ends on."""
    head = first[:HEADER_SEARCH_BYTES].decode("utf-8", errors="ignore")
    guesses = []
    # A stray quote above the header may swallow it: then each line is looked at by itself.
    for records_of in (_records, _lines):
        found = None
        for delimiter in DELIMITERS:
            records = list(records_of(head, delimiter))
            match = find_header([record for record, _ in records], contract)
            guesses.append(best_guess([record for record, _ in records], contract))
            if match and (found is None or len(match[1]) > len(found[1])):
                found = (delimiter, match[1], records[match[0]][1])
        if found:
            return found
    raise no_header(guesses, contract)


def _records(text: str, delimiter: str) -> Iterator[tuple[list[str | None], int]]:
    """The first records of a text and the line each ends on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for record in islice(reader, HEADER_SEARCH_ROWS):
            yield list(record), reader.line_num
    except csv.Error:
        return


def _lines(text: str, delimiter: str) -> Iterator[tuple[list[str | None], int]]:
    """The first lines of a text, each as if nothing stood above it."""
    for number, line in enumerate(islice(text.split("\n"), HEADER_SEARCH_ROWS), start=1):
        yield [cell.strip('"') for cell in line.split(delimiter)], number


def _skip_lines(content: bytes, lines: int) -> int:
    """Offset of the byte behind the first `lines` lines."""
    offset = 0
    for _ in range(lines):
        end = content.find(b"\n", offset)
        if end < 0:
            return len(content)
        offset = end + 1
    return offset


def _without_guards(body: bytes, delimiter: str) -> bytes:
    """Cells written ="…", so that Excel keeps them as text, without that: their quotes open no quoted cell."""
    if b"=" not in body or b'="' not in body:
        return body
    mark = re.escape(delimiter).encode()
    return re.sub(rb"(^|[\n" + mark + rb'])="([^"\n' + mark + rb']*)"(?=[\n' + mark + rb"]|$)", rb"\1\2", body)


def _rows(body: bytes, numbers: np.ndarray, delimiter: str, width: int) -> pl.DataFrame:
    """Records of a text: cells, line_no and fault (see Sheet); `numbers`: of each of its lines, the number in the file."""
    if b'"' not in body:
        return _regular(*_without_blank_lines(body, numbers, width), delimiter, width)
    rows = _one_line_each(body, numbers, delimiter, width)
    if rows is not None:
        return rows
    if _quotes_in_order(body, delimiter):
        rows = _regular(body, numbers, delimiter, width)
        if not _swallowed(rows, delimiter, width):
            return rows
    return _line_by_line(body.decode(errors="replace").split("\n"), numbers, delimiter, width)


def _without_blank_lines(body: bytes, numbers: np.ndarray, width: int) -> tuple[bytes, np.ndarray]:
    """A text without quotes, where most of its lines are blank without them: each would be a row."""
    if len(body) >= len(numbers) * width:
        return body, numbers
    text = np.frombuffer(body if body.endswith(b"\n") else body + b"\n", dtype=np.uint8)
    ends = np.flatnonzero(text == NEWLINE)
    filled = np.diff(ends, prepend=-1) > 1
    return re.sub(rb"\n{2,}", b"\n", body).lstrip(b"\n"), numbers[: len(ends)][filled]


def _one_line_each(body: bytes, numbers: np.ndarray, delimiter: str, width: int) -> pl.DataFrame | None:
    """Records of a text with quotes where each stands on a line of its own, has as many fields as the header and no quote in a
    cell; None otherwise. No quote can be a stray one then, and looking at each is saved."""
    try:
        frame = _scan(body, delimiter, [f"c{place}" for place in range(width)], truncate=False)
    except pl.exceptions.PolarsError:
        return None
    if frame.height != len(numbers) - body.endswith(b"\n"):
        return None
    if frame.select(pl.any_horizontal(pl.all().str.contains('"', literal=True).any())).item():
        return None
    if _separators(frame, body, delimiter, has_quotes=True) != frame.height * (width - 1):
        return None
    return with_line_numbers(frame).with_columns(line_no=pl.Series(numbers[: frame.height]))


def _quotes_in_order(body: bytes, delimiter: str) -> bool:
    """Whether each quote opens a cell, closes one, or is one of two that mean one (RFC 4180, section 2)."""
    text = np.frombuffer(body, dtype=np.uint8)
    places = np.flatnonzero(text == QUOTE)
    if len(places) % 2:
        return False
    may_stand_beside = np.zeros(256, dtype=bool)
    may_stand_beside[[QUOTE, NEWLINE, ord(delimiter)]] = True
    opening, closing = places[0::2], places[1::2]
    before, after = text[opening[opening > 0] - 1], text[closing[closing < len(text) - 1] + 1]
    return bool(may_stand_beside[before].all() and may_stand_beside[after].all())


def _swallowed(rows: pl.DataFrame, delimiter: str, width: int) -> bool:
    """Whether a cell holds what looks like whole records: two stray quotes far apart make one cell of all between them."""
    cells = pl.col([name for name in rows.columns if name.startswith("c")])
    if not rows.select(pl.any_horizontal(cells.str.contains("\n", literal=True).any())).item():
        return False
    held = (cells.str.count_matches(delimiter, literal=True) >= width - 1) & cells.str.contains("\n", literal=True)
    return bool(rows.select(pl.any_horizontal(held.any())).item())


def _regular(body: bytes, numbers: np.ndarray, delimiter: str, width: int) -> pl.DataFrame:
    """Records of a text whose quotes are in order."""
    names = [f"c{place}" for place in range(width)]
    if not SOMETHING.search(body):
        return with_line_numbers(pl.DataFrame(schema=dict.fromkeys(names, pl.String)))
    try:
        frame, has_more = _scan(body, delimiter, names, truncate=False), False
    except pl.exceptions.PolarsError:
        frame, has_more = _scan(body, delimiter, names, truncate=True), True
    first_lines = np.arange(frame.height)
    has_quotes = b'"' in body
    if has_quotes and body.count(b"\n") + (not body.endswith(b"\n")) != frame.height:
        inside = pl.sum_horizontal(pl.col(names).str.count_matches("\n", literal=True).fill_null(0)).cast(pl.Int64)
        first_lines += frame.select(inside.cum_sum() - inside).to_series().to_numpy()
    rows = with_line_numbers(frame).with_columns(line_no=pl.Series(numbers[first_lines]))
    if not has_more and _separators(frame, body, delimiter, has_quotes) == frame.height * (width - 1):
        return rows  # none has more fields than the header, so none has less
    fields = _fields_per_record(body, delimiter)
    if len(fields) != frame.height:
        raise Refused("malformed", detail="行数与单元格对不上")
    ragged = pl.Series(fields < width)
    if (fields > width).any():
        # Fields without anything in them at the end of a line are harmless.
        surplus = [f"surplus{place}" for place in range(min(int(fields.max()) - width, MOST_SURPLUS_FIELDS))]
        more = _scan(body, delimiter, names + surplus, truncate=True).select(
            pl.any_horizontal(pl.col(surplus).is_not_null())
        )
        ragged = ragged | more.to_series() | pl.Series(fields > width + MOST_SURPLUS_FIELDS)
    blank = pl.all_horizontal(pl.col(names).is_null()) & pl.lit(pl.Series(fields <= width))
    return rows.with_columns(fault=pl.when(pl.lit(ragged) & ~blank).then(pl.lit(RAGGED)))


def _scan(body: bytes, delimiter: str, names: list[str], truncate: bool) -> pl.DataFrame:
    return pl.read_csv(
        body,
        has_header=False,
        schema=dict.fromkeys(names, pl.String),
        missing_columns="insert",
        truncate_ragged_lines=truncate,
        extra_columns="ignore" if truncate else "raise",
        separator=delimiter,
        quote_char='"' if b'"' in body else None,
        infer_schema=False,
    )


def _separators(frame: pl.DataFrame, body: bytes, delimiter: str, has_quotes: bool) -> int:
    """Number of separators between cells, which tells whether there are as many as there should be without looking at each line."""
    count = body.count(delimiter.encode())
    if not has_quotes:
        return count
    quoted = pl.sum_horizontal(pl.all().str.count_matches(delimiter, literal=True).fill_null(0)).sum()
    return count - int(frame.select(quoted).item())


def _fields_per_record(body: bytes, delimiter: str) -> np.ndarray:
    """Number of fields of each record, quotes honoured."""
    text = np.frombuffer(body if body.endswith(b"\n") else body + b"\n", dtype=np.uint8)
    outside = (np.cumsum(text == QUOTE, dtype=np.int64) & 1) == 0
    ends = np.flatnonzero((text == NEWLINE) & outside)
    separators = np.cumsum((text == ord(delimiter)) & outside, dtype=np.int64)[ends]
    return np.diff(separators, prepend=0) + 1


def _line_by_line(texts: list[str], numbers: np.ndarray, delimiter: str, width: int) -> pl.DataFrame:
    """Records of a text whose quotes are not in order somewhere: lines without quotes together, the others one by one."""
    records: list[tuple[int, str | None, list[str | None]]] = []
    has_quote = pl.Series(texts).str.contains('"', literal=True)
    alone = (~has_quote).to_numpy().copy()
    next_place = 0
    for place in has_quote.arg_true().to_list():
        if place < next_place:
            continue  # goes on a cell that was opened above
        cells, span = _record(texts, place, delimiter, width)
        alone[place : place + span] = False
        next_place = place + span
        fault = DAMAGED if cells is None else RAGGED if _is_ragged(cells, width) else None
        # What stands before the first quote is whole, and tells which record it was.
        cells = texts[place].partition('"')[0].split(delimiter)[:-1] if cells is None else cells
        padded = [cell or None for cell in cells[:width]]
        records.append((int(numbers[place]), fault, padded + [None] * (width - len(padded))))
    plain = _regular("\n".join(np.array(texts, dtype=object)[alone]).encode(), numbers[alone], delimiter, width)
    names = [name for name in plain.columns if name.startswith("c")]
    odd = pl.DataFrame([cells for _, _, cells in records], schema=dict.fromkeys(names, pl.String), orient="row")
    odd = odd.with_columns(
        line_no=pl.Series([number for number, _, _ in records], dtype=pl.Int64),
        fault=pl.Series([fault for _, fault, _ in records], dtype=pl.String),
    )
    return pl.concat([plain, odd.select(plain.columns)]).sort("line_no")


def _record(texts: list[str], place: int, delimiter: str, width: int) -> tuple[list[str | None] | None, int]:
    """The record that begins in a line, and how many lines it has; without cells where the line is damaged."""
    reader = csv.reader(
        (f"{text}\n" for text in islice(texts, place, place + LINES_OF_A_CELL)), delimiter=delimiter, strict=True
    )
    try:
        cells: list[str | None] = list(next(reader))
    except csv.Error:
        return None, 1
    below = texts[place + 1 : place + reader.line_num]
    # A cell over several lines that holds whole records was never meant: its quote is a stray one.
    if below and (len(cells) != width or any(text.count(delimiter) >= width - 1 for text in below)):
        return None, 1
    return cells, reader.line_num


def _is_ragged(cells: list[str | None], width: int) -> bool:
    return len(cells) < width or any(cells[width:])

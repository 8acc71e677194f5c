"""What the XML of an .xlsx says of its cells that their values alone do not.

What belongs here: error values, formulas nobody has computed, percent formats, numbers of more digits than Excel keeps, merged
cells, where a sheet begins, which day is day 0. What does not: the values themselves (workbooks.py).

A sheet may have millions of cells: its XML is looked through for the few that matter, not parsed.
"""

from __future__ import annotations

import html
import math
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO
from xml.etree import ElementTree

import polars as pl

from pipelines.ingest.readers.sheet import NOT_COMPUTED, Merged, Refused

CHUNK_BYTES = 4 << 20
TAIL_BYTES = 64 << 10
# Built-in number formats 0% and 0.00%; others say so with a % outside quotes (ECMA-376 part 1, 18.8.30).
PERCENT_FORMATS = {9, 10}
# Excel keeps 15 digits of a number.
MOST_EXACT = 1e15
# Of a sheet; what says it has more is damaged or means harm.
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384

_P = rb"(?:\w+:)?"
_FORMULA = rb"<" + _P + rb"f\b(?:[^>]*/>|[^>]*>([^<]*)</" + _P + rb"f>)"
_NO_VALUE = rb"(?:<" + _P + rb"v\s*/>|<" + _P + rb"v>\s*</" + _P + rb"v>)?"
# An attribute holds no <: a search for its end stops there, however many cells are never closed.
_OPEN, _CLOSE = rb"<" + _P + rb"c\b([^<>]*[^</>])>", rb"</" + _P + rb"c>"
ANY_CELL = re.compile(rb"<" + _P + rb"c\b([^<>]*?)(?:/>|>(.*?)" + _CLOSE + rb")", re.S)
FIRST_CELL = re.compile(rb"<" + _P + rb"c\b([^<>]*)>")
CELL_END, ROW_END = re.compile(_CLOSE), re.compile(rb"</" + _P + rb"row>")
ERROR_CELL = re.compile(rb"<" + _P + rb"""c\b([^<>]*\bt=["']e["'][^<>]*)>(.*?)""" + _CLOSE, re.S)
UNCOMPUTED_CELL = re.compile(_OPEN + rb"(\s*" + _FORMULA + rb"\s*" + _NO_VALUE + rb"\s*)" + _CLOSE)
LONG_CELL = re.compile(
    _OPEN + rb"((?:\s*" + _FORMULA + rb")?\s*<" + _P + rb"v>-?(?:\d{16,}|\d[\d.]*[eE]\+?\d+)[^<]*</" + _P + rb"v>)"
)
ERROR_OR_FORMULA = r"""t=["']e["']|[<:]f[ >/]"""
LONG_NUMBER = r"v>-?(?:[0-9]{16}|[0-9.]+[eE])"
ROW = re.compile(rb"<" + _P + rb"row\b([^<>]*)>(.*?)</" + _P + rb"row>", re.S)
VALUE = re.compile(rb"<" + _P + rb"(?:v|is)\b")
VALUE_TEXT = re.compile(rb"<" + _P + rb"v\b[^>/]*>([^<]*)<")
FORMULA_TEXT = re.compile(_FORMULA)
MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\b[^<>]*\bref=["']([A-Z]+)(\d+):([A-Z]+)(\d+)["']""")
REFERENCE = re.compile(rb"""\br=["']([A-Z]+)(\d+)["']""")


@dataclass
class CellFacts:
    """Of one worksheet: number of its first row (1 on) and column (0 on) with a value; what stands for cells whose value does not
    tell, by row number and column; cells merged over several rows."""

    first_row: int = 0
    first_column: int = 0
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: list[Merged] = field(default_factory=list)


@dataclass(frozen=True)
class BookFacts:
    """Of a workbook: whether its days are counted from 1904, and its worksheets by their place."""

    from_1904: bool
    sheets: dict[int, CellFacts]


def book_facts(archive: zipfile.ZipFile) -> BookFacts:
    """Looks through all worksheets of a workbook.

    Raises:
        Refused: its parts do not refer to each other as those of a workbook do.
    """
    names = set(archive.namelist())
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        styles = _percent_styles(archive.read("xl/styles.xml")) if "xl/styles.xml" in names else set()
    except (KeyError, ElementTree.ParseError) as error:
        raise Refused("not_a_workbook") from error
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    sheets = {}
    for place, sheet in enumerate(_elements(book, "sheet")):
        relation = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)
        target = targets.get(relation, "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if path in names:
            with archive.open(path) as member:
                sheets[place] = _sheet_facts(_chunks(member), styles)
    from_1904 = any(properties.get("date1904") in ("1", "true") for properties in _elements(book, "workbookPr"))
    return BookFacts(from_1904, sheets)


def _elements(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Elements of a name, whatever namespace the writer used."""
    return (element for element in root.iter() if element.tag.rpartition("}")[2] == name)


def _percent_styles(content: bytes) -> set[bytes]:
    """Numbers of the cell styles that show a percentage."""
    root = ElementTree.fromstring(content)
    percent = PERCENT_FORMATS | {
        int(form.get("numFmtId", "0"))
        for form in _elements(root, "numFmt")
        if "%" in re.sub(r'"[^"]*"|\\.', "", form.get("formatCode", ""))
    }
    cell_styles = next(_elements(root, "cellXfs"), None)
    return {
        str(place).encode()
        for place, style in enumerate(cell_styles if cell_styles is not None else [])
        if int(style.get("numFmtId", "0")) in percent
    }


def _chunks(member: IO[bytes]) -> Iterator[bytes]:
    """The XML of a sheet in pieces that end behind a row."""
    rest = b""
    while block := member.read(CHUNK_BYTES):
        rest += block
        end = rest.rfind(b"row>") + len(b"row>")
        if end >= len(b"row>"):
            yield rest[:end]
            rest = rest[end:]
    yield rest


def _sheet_facts(chunks: Iterator[bytes], percent: set[bytes]) -> CellFacts:
    facts = CellFacts()
    percent_cell = re.compile(
        rb"<"
        + _P
        + rb"""c\b([^<>]*\bs=["'](?:"""
        + b"|".join(sorted(percent))
        + rb""")["'][^<>]*)(?<!/)>(.*?)"""
        + _CLOSE,
        re.S,
    )
    row_above = 0
    for piece in chunks:
        first = FIRST_CELL.search(piece)
        if first and not REFERENCE.search(first.group(1)):
            # Cells need not say where they are: then they are counted.
            row_above = _counted(_closed(piece, ROW_END), row_above, percent, facts)
        elif first:
            chunk = _closed(piece, CELL_END)
            _begin(chunk, facts)
            # Sheets are large and such cells few: whether a piece holds any is asked of Rust's regular expressions.
            text = pl.Series([chunk]).cast(pl.String, strict=False)
            looked_for = (
                [ERROR_CELL, UNCOMPUTED_CELL] if text.str.contains(ERROR_OR_FORMULA).item() is not False else []
            )
            looked_for += [LONG_CELL] if text.str.contains(LONG_NUMBER).item() is not False else []
            looked_for += [percent_cell] if percent else []
            for pattern in looked_for:
                for cell in pattern.finditer(chunk):
                    place = REFERENCE.search(cell.group(1))
                    seen = _stands_for(cell.group(1), cell.group(2), percent)
                    if place and seen is not None:
                        facts.cells[int(place.group(2)), _column(place.group(1))] = seen
        if b"mergeCell" in piece:
            for left, top, right, bottom in MERGED.findall(piece):
                if int(bottom) > int(top):
                    columns = range(_column(left), min(_column(right), MOST_COLUMNS) + 1)
                    facts.merged += [Merged(int(top), min(int(bottom), MOST_ROWS), column) for column in columns]
    return facts


def _closed(chunk: bytes, closing: re.Pattern[bytes]) -> bytes:
    """A piece up to its last end of a cell or row: behind it each search for an end would go through all the rest."""
    for begin in (max(0, len(chunk) - TAIL_BYTES), 0):
        ends = [found.end() for found in closing.finditer(chunk, begin)]
        if ends:
            return chunk[: ends[-1]]
    return b""


def _begin(chunk: bytes, facts: CellFacts) -> None:
    """Where the values begin: the first row that has one, the first column of any row."""
    if facts.first_row and not facts.first_column:
        return
    for cell in ANY_CELL.finditer(chunk):
        place = REFERENCE.search(cell.group(1))
        if place and cell.group(2) and VALUE.search(cell.group(2)):
            _begins_at(int(place.group(2)), _column(place.group(1)), facts)
            if not facts.first_column:
                return


def _begins_at(row: int, column: int, facts: CellFacts) -> None:
    facts.first_column = min(facts.first_column, column) if facts.first_row else column
    facts.first_row = facts.first_row or row


def _counted(chunk: bytes, row_above: int, percent: set[bytes], facts: CellFacts) -> int:
    """Facts of cells that do not say where they are; returns the number of the last row."""
    number = row_above
    for row in ROW.finditer(chunk):
        said = re.search(rb"""\br=["'](\d+)["']""", row.group(1))
        number = int(said.group(1)) if said else number + 1
        for column, cell in enumerate(ANY_CELL.finditer(_closed(row.group(2), CELL_END))):
            if not cell.group(2):
                continue
            if VALUE.search(cell.group(2)):
                _begins_at(number, column, facts)
            text = _stands_for(cell.group(1), cell.group(2), percent)
            if text is not None:
                facts.cells[number, column] = text
    return number


def _stands_for(attributes: bytes, inner: bytes, percent: set[bytes]) -> str | None:
    """What a person would see in a cell, where its value alone does not tell."""
    kind = _attribute(attributes, b"t") or b"n"
    found = VALUE_TEXT.search(inner)
    value = found.group(1).strip() if found else b""
    if kind == b"e":
        return value.decode(errors="replace") or "#VALUE!"
    formula = FORMULA_TEXT.search(inner)
    # A formula whose result is an empty text says so by its type.
    if formula and not value and not (kind == b"str" and found):
        return "=" + (html.unescape((formula.group(1) or b"").decode(errors="replace")) or NOT_COMPUTED)
    return number_as_seen(value, _attribute(attributes, b"s") in percent) if kind == b"n" and value else None


def number_as_seen(value: bytes | float, is_percent: bool) -> str | None:
    """The text of a number whose format or length changes what it says; None: it is read as it is."""
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number):
        return "#NUM!"
    if is_percent:
        return f"{(Decimal(repr(number)) * 100).normalize():f}%"
    return f"{number:.14E}" if abs(number) >= MOST_EXACT else None


def _attribute(attributes: bytes, name: bytes) -> bytes | None:
    found = re.search(rb"(?:^|\s)" + name + rb"""=["']([^"']*)["']""", attributes)
    return found.group(1) if found else None


def _column(letters: bytes) -> int:
    """A is 0, Z is 25, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1

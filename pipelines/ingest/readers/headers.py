"""Which row is the header, which column each of its cells names, and what a header that names none was likely meant to be.

What belongs here: recognising headers against a contract, whatever the format; aliases load, likeness only explains. What does
not: reading rows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from rapidfuzz import fuzz, process

from pipelines.feeds.contracts import Contract, contracts
from pipelines.ingest.masking import without_personal_values
from pipelines.ingest.readers.sheet import HeaderCell, Refused

HEADER_SEARCH_ROWS = 30
# One known word is no header: a page of explanations names the key as well.
FEWEST_HEADERS = 2
MONEY_UNITS = {"元": 1, "千元": 1_000, "万元": 10_000, "百万元": 1_000_000, "亿元": 100_000_000}
UNIT_IN_HEADER = re.compile(r"[（(\[【]\s*(?:单位[:：]?)?\s*((?:千|万|百万|亿)?元|人|%|％|次|必填|选填)\s*[)）\]】]")
UNIT_ABOVE = re.compile(r"单位\s*[:：]\s*(?:人民币)?\s*((?:千|万|百万|亿)?元)\s*[)）\]】]?\s*$")
"""A line above the table that names the unit of its amounts."""
ALIKE_FROM = 55
"""How alike (of 100) a header must be to one of the contract for a message to name it."""
HEADERS_NAMED = 12
LONGEST_HEADER = 30


@lru_cache(maxsize=4096)
def header_key(text: str) -> str:
    """What is compared when a header is recognised: no unit, no star, half-width, upper case, no blanks."""
    bare = UNIT_IN_HEADER.sub("", text).replace("*", "").replace("＊", "")
    return re.sub(
        r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufe0f\ufeff\u00ad]+", "", unicodedata.normalize("NFKC", bare)
    ).upper()


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
        units = UNIT_IN_HEADER.findall(text)
        unit = next((MONEY_UNITS[unit] for unit in units if unit in MONEY_UNITS), None)
        matched.append(HeaderCell(column, text, unit, percent=bool({"%", "％"} & set(units))))
    return matched


def find_header(rows: list[list[str | None]], contract: Contract) -> tuple[int, list[HeaderCell]] | None:
    """The row with the most known headers among those that carry every key column, in the unit that a row above names.

    A header may stand in two rows (cells merged downwards): the lower cell counts, the upper one where
    the lower is empty.
    """
    key = set(contract.required_key)
    best: tuple[int, int, list[HeaderCell]] | None = None
    for number, header in _candidates(rows, contract):
        known = {cell.column for cell in header if cell.column}
        if key <= known and (best is None or len(known) > best[0]):
            best = (len(known), number, header)
            if len(known) == len(header):
                break  # nothing but headers
    if best is None:
        return None
    _, number, header = best
    unit = _unit_above(rows[:number])
    return number, [replace(cell, unit=unit) if cell.column and cell.unit is None else cell for cell in header]


def best_guess(rows: list[list[str | None]], contract: Contract) -> list[HeaderCell]:
    """The row that is most likely meant to be the header, though it does not carry the key; without a known cell: the first one."""
    candidates = [header for _, header in _candidates(rows, contract)]
    known = max(candidates, key=lambda header: sum(cell.column is not None for cell in header), default=None)
    if known is not None:
        return known
    words = next((row for row in rows if any(row)), [])
    return [HeaderCell(None, (cell or "").strip()) for cell in words]


def _candidates(rows: list[list[str | None]], contract: Contract) -> Iterable[tuple[int, list[HeaderCell]]]:
    """Rows in which at least two headers are known, by themselves or with the row above in their empty cells."""
    names = header_names(contract.feed)
    above: list[str | None] = []
    for number, cells in enumerate(rows):
        if len(cells) >= FEWEST_HEADERS:
            padded = above + [None] * (len(cells) - len(above))
            joined = [cell or upper for cell, upper in zip(cells, padded, strict=False)]
            for candidate in [cells] if joined == cells else [cells, joined]:
                header = match_header(candidate, names)
                if sum(cell.column is not None for cell in header) >= FEWEST_HEADERS:
                    yield number, header
        above = cells


def _unit_above(rows: list[list[str | None]]) -> int | None:
    found = [UNIT_ABOVE.search(cell) for row in rows for cell in row if cell]
    units = {MONEY_UNITS[match.group(1)] for match in found if match}
    return units.pop() if len(units) == 1 else None


def no_header(guesses: Iterable[list[HeaderCell]], contract: Contract) -> Refused:
    """The refusal of a file in which no row carries the key; it names what was found in the likeliest row."""
    best = max(guesses, key=lambda header: sum(cell.column is not None for cell in header), default=[])
    known = {cell.column for cell in best if cell.column}
    if len(known) < FEWEST_HEADERS:
        return Refused("no_header", keys="、".join(contract.columns[key].title for key in contract.required_key))
    return missing_columns(best, [key for key in contract.required_key if key not in known], contract)


def missing_columns(header: list[HeaderCell], missing: list[str], contract: Contract) -> Refused:
    """The refusal of a file that lacks columns it must have: which, what unknown headers it has, what those resemble."""
    named = [
        f"「{told(cell.text)}」{_resembles(cell.text, missing, contract)}"
        for cell in header
        if cell.text and not cell.column
    ]
    more = f"等 {len(named)} 个" if len(named) > HEADERS_NAMED else ""
    return Refused(
        "missing_columns",
        missing="、".join(f"「{contract.columns[name].title}」" for name in missing),
        unknown="、".join(named[:HEADERS_NAMED]) + more or "无",
    )


def _resembles(text: str, missing: list[str], contract: Contract) -> str:
    title = likeliest(text, contract, missing) or likeliest(text, contract)
    return f"（疑为「{title}」）" if title else ""


def likeliest(text: str, contract: Contract, columns: Iterable[str] = ()) -> str | None:
    """The title of the column (of these; of all) that an unknown header resembles most; None: it resembles none."""
    wanted = set(columns)
    names = {key: column for key, column in header_names(contract.feed).items() if not wanted or column in wanted}
    found = process.extractOne(header_key(text), names.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE_FROM)
    return contract.columns[names[found[0]]].title if found else None


def told(header: str) -> str:
    """A header as a message quotes it: short, and nothing personal, should it be no header but a row of data."""
    return without_personal_values(header[:LONGEST_HEADER])

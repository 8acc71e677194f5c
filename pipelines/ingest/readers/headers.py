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

from pipelines.feeds.contracts import Contract, all_contracts
from pipelines.ingest.masking import without_personal_values
from pipelines.ingest.readers.sheet import HeaderCell, Refused

HEADER_SEARCH_ROWS = 30
# One known word is no header: a page of explanations names the key as well.
FEWEST_HEADERS = 2
MONEY_UNITS = {"元": 1, "千元": 1_000, "万元": 10_000, "百万元": 1_000_000, "亿元": 100_000_000}
_UNIT = "(?:千|百万|万|亿)?元"
UNIT_IN_HEADER = re.compile(
    r"[（(\[【〔]\s*(?:单位[:：]?)?\s*(?:人民币)?\s*("
    + _UNIT
    + r"|人|%|％|次|必填|选填)\s*[)）\]】〕]|[/／]\s*("
    + _UNIT
    + r")\s*$"
)
# What a line above the table says of the unit of its amounts: anything where it speaks of units, else a multiple or a unit in brackets.
UNIT_SAID = re.compile(_UNIT)
UNIT_MENTIONED = re.compile(r"(?<![\d.,])(?:千|百万|万|亿)元|(?<=[（(])元(?=[)）])")
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
    columns = all_contracts()[feed].columns
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
        units = {one or other for one, other in UNIT_IN_HEADER.findall(text)}
        money = {MONEY_UNITS[unit] for unit in units if unit in MONEY_UNITS}
        if column in taken or len(money) > 1:
            column = None
        if column:
            taken.add(column)
        matched.append(HeaderCell(column, text, min(money, default=None), percent=bool({"%", "％"} & units)))
    return matched


def find_header(rows: list[list[str | None]], contract: Contract) -> tuple[int, list[HeaderCell]] | None:
    """The row with the most known headers among those that carry every key column, in the unit that a row above names.

    A header may stand in two rows (cells merged downwards): the lower cell counts, the upper one where
    the lower is empty; the unit of an upper cell holds for all it stands over.

    Raises:
        Refused: more than one unit is named above, and amounts have none of their own.
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
    return number, _with_units_above(header, rows[:number], contract)


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


def _with_units_above(header: list[HeaderCell], above: list[list[str | None]], contract: Contract) -> list[HeaderCell]:
    """Amounts without a unit of their own in the one that the upper row of the header or a line above the table names."""
    upper = above[-1] if above and sum(bool(cell) for cell in above[-1]) >= FEWEST_HEADERS else []
    if any("单位" in (cell or "") for cell in upper):
        upper = []
    over: str | None = None
    with_units = []
    for place, cell in enumerate(header):
        over = (upper[place] if place < len(upper) else None) or over
        found = match_header([over], {})[0].unit if over and cell.unit is None else None
        with_units.append(replace(cell, unit=found) if found else cell)
    bare = [
        cell
        for cell in with_units
        if cell.column and cell.unit is None and contract.columns[cell.column].type == "money"
    ]
    said = _units_said(above[:-1] if upper else above)
    if len(said) > 1 and bare:
        raise Refused("unclear_unit", found=f"表格上方写了{'、'.join(f'「{unit}」' for unit in sorted(said))}")
    unit = MONEY_UNITS[said.pop()] if len(said) == 1 else None
    return [replace(cell, unit=unit) if unit and cell in bare else cell for cell in with_units]


def _units_said(rows: list[list[str | None]]) -> set[str]:
    texts = ["".join(cell for cell in row if cell) for row in rows]
    return {unit for text in texts for unit in (UNIT_SAID if "单位" in text else UNIT_MENTIONED).findall(text)}


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
    if not found:
        return None
    column = contract.columns[names[found[0]]]
    # Whoever is told to write the title alone would drop the unit.
    units = set(UNIT_SAID.findall(text)) if column.type == "money" else set()
    return f"{column.title}（{units.pop()}）" if len(units) == 1 else column.title


def told(header: str) -> str:
    """A header as a message quotes it: short, and nothing personal, should it be no header but a row of data."""
    return without_personal_values(header[:LONGEST_HEADER])

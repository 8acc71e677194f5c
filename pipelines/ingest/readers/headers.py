"""Which row is the header, and which column each of its cells names.

What belongs here: recognising headers against a contract, whatever the format. What does not: reading rows.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pipelines.feeds.contracts import Contract, contracts
from pipelines.ingest.readers.sheet import HeaderCell, Refused

HEADER_SEARCH_ROWS = 30
# One known word is no header: a page of explanations names the key as well.
FEWEST_HEADERS = 2
UNIT_IN_HEADER = re.compile(r"[（(\[【]\s*(万元|元|人|%|％|次|必填|选填)\s*[)）\]】]")


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

"""What every reader gives and refuses with: sheets of text cells.

What belongs here: the forms of a table that was read, the limits of reading, the refusal of a file. What does not: how
any format is read.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.feeds.contracts import refusal_messages

RAGGED, DAMAGED = "ragged_row", "damaged_line"
"""What may be wrong with a row before its cells are looked at; both are codes of feeds/rules.yaml."""
NOT_COMPUTED = "公式"
MERGED_CELL = "#合并单元格"
"""Stands in the lower rows of an amount that is merged over several."""
NESTED = "#嵌套的值"
"""Stands where a list or a structure is in a column of single values."""
TOO_LONG = "#文字过长，请从原文件复制"
"""Stands in a workbook to be put right where the text is longer than a cell of Excel may be; none of these is a value
(normalise.py, CELL_ERROR)."""


class Merged(NamedTuple):
    """Cells of a column (0 on) merged into one, from row `top` to row `bottom` (1 on)."""

    top: int
    bottom: int
    column: int


@dataclass(frozen=True)
class Limits:
    """How much a file may unfold to."""

    expanded_bytes: int = 2 << 30
    cell_characters: int = 1_000_000
    columns: int = 2_000

    def width(self, columns: int) -> None:
        """Raises Refused where a table has more columns than any feed has: each costs as much as a table."""
        if columns > self.columns:
            raise Refused("too_many_columns", columns=columns, limit=self.columns)


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
    """One header as found: the contract's column (None = extra), its text, how many yuan one of its unit is (None: it names
    no unit), whether it names a percentage."""

    column: str | None
    text: str
    unit: int | None = None
    percent: bool = False


@dataclass(frozen=True)
class Sheet:
    """Rows of one table as text.

    `rows` has the columns c0..c(n-1) (one per header cell), `line_no` (as the sender's program
    counts) and `fault` (RAGGED: more or fewer cells than the header; DAMAGED: cannot be taken apart; else null).
    """

    name: str
    header: list[HeaderCell]
    rows: pl.DataFrame
    # The table goes on in further sheets of the same name.
    is_block: bool = False
    # Rows of several files with this header; their line numbers tell which (FILE_LINES).
    several_files: bool = False
    # It carries the feed's header; one that does not has no rows, and its header is what was read in its place.
    is_known: bool = True


FILE_LINES = 1 << 40
"""More lines than any file has. Where rows of several files stand together, a row's line number is counted on from its
file's place times this."""

Content = bytes | mmap.mmap
"""What a file holds; large files are mapped and read piece by piece."""


def with_line_numbers(frame: pl.DataFrame, above: int = 0) -> pl.DataFrame:
    """With line numbers, counted on from the lines `above`, and nothing at fault."""
    line_no = pl.Series("line_no", np.arange(above + 1, above + 1 + frame.height, dtype=np.int64))
    return frame.hstack([line_no, pl.Series("fault", [None], dtype=pl.String).new_from_index(0, frame.height)])


def mostly_whole(rows: int, at_fault: int) -> None:
    """Raises Refused where more than half of the rows of a file are at fault: it is another kind of file than it says."""
    if at_fault * 2 > rows:
        raise Refused("mostly_damaged", damaged=at_fault, rows=rows)

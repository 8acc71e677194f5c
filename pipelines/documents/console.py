"""The terminal: what is printed is text, whatever it holds, nothing of a table is cut, and a reader may leave.

What belongs here: how a line or a table reaches the terminal, or a program that reads on. What does not: what is said (pipelines/cli,
pipelines/explain).
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

Cell = str | Text
LEAST_WIDE = 12
"""No column of texts is made narrower than this; a table that would have to be is written row by row."""


class Form(StrEnum):
    """How tables are written."""

    table = "table"
    csv = "csv"
    json = "json"
    markdown = "markdown"


class Sheet:
    """A table to print: heads, rows of texts. `right`: heads of the columns of numbers, which are never broken over lines; `records`: its
    rows as JSON has them, where that is more than texts."""

    def __init__(self, *heads: str, title: str | Text = "", headless: bool = False) -> None:
        self.title, self.heads, self.headless = title, list(heads), headless
        self.right: set[str] = set()
        self.records: list[dict[str, Any]] = []
        self.rows: list[tuple[Cell, ...]] = []

    def add_column(self, head: str, justify: Literal["left", "right"] = "left") -> None:
        self.heads.append(head)
        if justify == "right":
            self.right.add(head)

    def add_row(self, *cells: Cell) -> None:
        self.rows.append(cells)

    @property
    def texts(self) -> list[list[str]]:
        """The cells without colour."""
        return [[str(cell) for cell in row] for row in self.rows]

    def widths(self) -> list[int]:
        """The widest line of every column, in cells of a terminal."""
        heads = [] if self.headless else [self.heads]
        return [
            max((cell_len(line) for row in (*heads, *self.texts) for line in row[place].split("\n")), default=0)
            for place in range(len(self.heads))
        ]


class Terminal(Console):
    """A console on which brackets and colons of data are no markup (trust.md 5), and that outlives its reader: `anze nightly | head`
    goes on to its publication when nobody listens any more.

    form: how it writes tables. In any form but the table everything else goes to `aside`, so that a program reads tables only.
    spoken: a sentence of the program in the reader's language.
    """

    def __init__(self, *, stderr: bool = False, descriptor: int | None = None, aside: Terminal | None = None) -> None:
        file = None if descriptor is None else os.fdopen(descriptor, "w", encoding="utf-8", errors="replace")
        super().__init__(stderr=stderr, file=file, markup=False, emoji=False, highlight=False)
        self.aside = aside
        self.form = Form.table
        self.told_tables = 0
        self.spoken: Callable[[str], str] = lambda text: text

    def on_broken_pipe(self) -> None:
        """From here on nobody is told anything; what is being done goes on."""
        self.quiet = True
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, self.file.fileno())
        os.close(nobody)

    def print(self, *objects: Any, **options: Any) -> None:
        objects = tuple(self.spoken(one) if isinstance(one, str) else one for one in objects)
        if len(objects) == 1 and isinstance(objects[0], Sheet):
            self._sheet(objects[0])
        elif self.form is not Form.table and self.aside is not None:
            self.aside.print(*objects, **options)
        else:
            # A program, or a file, gets lines as they are said.
            super().print(*objects, **({"soft_wrap": True} if not self.is_terminal else {}) | options)

    def say(self, style: str, head: object, rest: object = "") -> None:
        """A line whose head is coloured; not wrapped, so that a path in it can be copied."""
        self.print(coloured(style, self.spoken(str(head))) + Text(self.spoken(str(rest))), soft_wrap=True)

    def status(self, status: Any, **options: Any) -> Status:
        return super().status(self.spoken(status) if isinstance(status, str) else status, **options)

    def _sheet(self, sheet: Sheet) -> None:
        sheet.heads, sheet.right = (
            [self.spoken(head) for head in sheet.heads],
            {self.spoken(head) for head in sheet.right},
        )
        sheet.title = self.spoken(sheet.title) if isinstance(sheet.title, str) else sheet.title
        if self.form is Form.table:
            self._drawn(sheet)
        elif not self.quiet:
            try:
                if self.form is Form.csv and self.told_tables:
                    self.file.write("\n")  # the next table
                self.told_tables += 1
                WRITERS[self.form](sheet, self.file)
                self.file.flush()
            except BrokenPipeError:
                self.on_broken_pipe()

    def _drawn(self, sheet: Sheet) -> None:
        """As a table, whole: as wide as it is where it fits or is read by a program; with texts folded where that is enough; otherwise
        every row on lines of its own."""
        widths = sheet.widths()
        whole = sum(widths) + 3 * len(widths) + 1
        least = [
            width if head in sheet.right else min(width, LEAST_WIDE)
            for head, width in zip(sheet.heads, widths, strict=True)
        ]
        fits = whole <= self.width or not self.is_terminal
        if not fits and sum(least) + 3 * len(widths) + 1 > self.width:
            self._row_by_row(sheet)
            return
        table = Table(
            title=sheet.title or None,
            title_justify="left",
            show_header=not sheet.headless,
            width=whole if fits else None,
        )
        for head, width in zip(sheet.heads, widths, strict=True):
            number = head in sheet.right
            table.add_column(
                head,
                justify="right" if number else "left",
                no_wrap=fits or number,
                min_width=width if fits or number else min(width, LEAST_WIDE),
                overflow="fold",
            )
        for row in sheet.rows:
            table.add_row(*row)
        super().print(table, crop=False, soft_wrap=fits)

    def _row_by_row(self, sheet: Sheet) -> None:
        if sheet.title:
            super().print(sheet.title, soft_wrap=True)
        for place, row in enumerate(sheet.rows):
            if place:
                super().print()
            for head, cell in zip(sheet.heads, row, strict=True):
                super().print(Text(f"  {head}：") + (cell if isinstance(cell, Text) else Text(cell)), soft_wrap=True)


def _as_csv(sheet: Sheet, file: Any) -> None:
    csv.writer(file, lineterminator="\n").writerows([sheet.heads, *sheet.texts])


def _as_json(sheet: Sheet, file: Any) -> None:
    rows = sheet.records or [dict(zip(sheet.heads, row, strict=True)) for row in sheet.texts]
    file.write(json.dumps({"title": str(sheet.title), "rows": rows}, ensure_ascii=False, default=str) + "\n")


def _as_markdown(sheet: Sheet, file: Any) -> None:
    def line(cells: list[str]) -> str:
        return (
            "| "
            + " | ".join(cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "<br>") for cell in cells)
            + " |\n"
        )

    rule = ["---:" if head in sheet.right else "---" for head in sheet.heads]
    title = f"**{sheet.title}**\n\n" if sheet.title else ""
    file.write(title + line(sheet.heads) + line(rule) + "".join(line(row) for row in sheet.texts) + "\n")


WRITERS = {Form.csv: _as_csv, Form.json: _as_json, Form.markdown: _as_markdown}


def coloured(style: str, text: object) -> Text:
    """Text of one colour, for a line or a cell of a table."""
    return Text(str(text), style=style)

"""The terminal: what is printed is text, whatever it holds, and a reader may leave.

What belongs here: how a line or a table cell reaches the terminal. What does not: what is said (pipelines/cli, pipelines/explain).
"""

from __future__ import annotations

import os

from rich.console import Console
from rich.text import Text


class Terminal(Console):
    """A console on which brackets and colons of data are no markup (trust.md 5), and that outlives its reader: `anze nightly | head`
    goes on to its publication when nobody listens any more."""

    def __init__(self, *, stderr: bool = False, descriptor: int | None = None) -> None:
        file = None if descriptor is None else os.fdopen(descriptor, "w", encoding="utf-8", errors="replace")
        super().__init__(stderr=stderr, file=file, markup=False, emoji=False, highlight=False)

    def on_broken_pipe(self) -> None:
        """From here on nobody is told anything; what is being done goes on."""
        self.quiet = True
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, self.file.fileno())
        os.close(nobody)

    def say(self, style: str, head: object, rest: object = "") -> None:
        """A line whose head is coloured; not wrapped, so that a path in it can be copied."""
        self.print(coloured(style, head) + Text(str(rest)), soft_wrap=True)


def coloured(style: str, text: object) -> Text:
    """Text of one colour, for a line or a cell of a table."""
    return Text(str(text), style=style)

"""Returns in tests: whose, and what a document says."""

from __future__ import annotations

from pathlib import Path

import docx
import duckdb

from pipelines.night.past_day import warehouse_at
from pipelines.report import filing
from pipelines.report.contents import Return
from pipelines.report.owners import Owed, owed_returns
from pipelines.settings import Settings

WHY = "测试"
"""A reason to file although something is open."""


def owed(settings: Settings, key: str, stat_year: int, day: str = "") -> Owed:
    """The return of a sender, or of a city (its compilation), as of a day."""
    with duckdb.connect(str(warehouse_at(settings, day)), read_only=True) as connection:
        cities = [row[0] for row in connection.execute("select distinct jurisdiction from meta.return_form").fetchall()]
        every = [one for city in cities for one in owed_returns(connection, city, stat_year)]
    return next(one for one in every if one.key == key)


def made(settings: Settings, key: str, stat_year: int, day: str, out: Path) -> tuple[Return, dict[str, Path]]:
    """A draft as of a day, written."""
    report = filing.make(settings, warehouse_at, owed(settings, key, stat_year, day), stat_year, day)
    return report, filing.write(report, out)


def filed(
    settings: Settings, key: str, stat_year: int, day: str, sealed: Path | None = None, because: str = ""
) -> filing.Filing:
    """A frozen return, whatever is open."""
    whose = owed(settings, key, stat_year, day)
    return filing.file(settings, warehouse_at, whose, stat_year, day, WHY, sealed, because)[0]


def text_of(path: Path) -> str:
    """All text of a document, content controls included; paragraphs, then cells."""
    document = docx.Document(str(path))
    spaces = document.element.body.iter("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}p")
    return "\n".join(
        "".join(
            piece.text or "" for piece in one.iter("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t")
        )
        for one in spaces
    )

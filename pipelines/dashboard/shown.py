"""What a run of the page works with, and how it shows what senders wrote.

What belongs here: the file, its tables, the chosen filters, text as text. What does not: choosing them (filters.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from pipelines.dashboard.source import Source
from pipelines.explain.explain import Cell
from pipelines.warehouse import headline
from pipelines.warehouse.headline import Catalogue


@dataclass(frozen=True)
class Shown:
    """What a page run works with: the file, its tables and the chosen filters."""

    source: Source
    connection: duckdb.DuckDBPyConnection
    tables: set[str]
    metrics: Catalogue
    insurer_metrics: Catalogue
    jurisdiction: str
    stat_year: int
    district_code: str
    industry_code: str
    insurer_code: str

    @property
    def is_insurer(self) -> bool:
        """Only insurers' figures are in the file."""
        return "marts.supervision_metrics" not in self.tables

    @property
    def missing(self) -> list[str] | None:
        """Insurers that sent nothing in the year; None: the file does not say, it holds one audience's share."""
        if self.source.provider:
            return None
        return headline.silent_insurers(self.connection, "", self.jurisdiction, [self.stat_year])[self.stat_year]

    def cell(self, **other: str) -> Cell:
        chosen = {"district_code": self.district_code, "industry_code": self.industry_code, **other}
        return Cell(self.jurisdiction, self.stat_year, **chosen)


MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~:$^=&])")


def as_text(text: str) -> str:
    """What senders wrote, for places where Streamlit reads Markdown: it stays text (trust.md 5)."""
    return MARKDOWN.sub(r"\\\1", text)

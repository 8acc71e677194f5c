"""What a run of the page works with, and how it shows what senders wrote.

What belongs here: the file, its tables, the chosen filters, text as text. What does not: choosing them (filters.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import duckdb

from pipelines.dashboard.source import Source
from pipelines.explain.explain import Cell
from pipelines.warehouse.headline import Catalogue
from pipelines.warehouse.reach import Reach, reach


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

    @cached_property
    def reach(self) -> Reach:
        """How far the data of the chosen city reach."""
        return reach(self.connection, self.jurisdiction)

    def cell(self, **other: str) -> Cell:
        chosen = {"district_code": self.district_code, "industry_code": self.industry_code, **other}
        return Cell(self.jurisdiction, self.stat_year, **chosen)


MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~:$^=&])")


def as_text(text: str) -> str:
    """What senders wrote, for places where Streamlit reads Markdown: it stays text (trust.md 5)."""
    return MARKDOWN.sub(r"\\\1", text)

"""Who sent a table, and what became of its rows.

What belongs here: the forms of both. What does not: how it came about (check.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.feeds.reference import Provider, Reference


@dataclass(frozen=True)
class Checked:
    """What became of the rows of a sheet. rows_in = accepted + rows_quarantined + rows_duplicate."""

    accepted: pl.DataFrame
    issues: pl.DataFrame
    rows_in: int
    rows_quarantined: int
    rows_duplicate: int


@dataclass(frozen=True)
class Sender:
    """Who sent the file, on which day it was received, and the reference data known by then."""

    provider: Provider
    received: date
    reference: Reference

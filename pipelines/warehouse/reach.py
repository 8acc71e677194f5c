"""How far the data of a city reach: the knowledge date, the data date, who is late, and from which day data exist (trust.md 3).

What belongs here: reading meta.data_date and meta.late_insurer and saying them in words, the same in terminal, pages, documents and
extracts. What does not: working them out (dbt_project/models/intermediate/coverage).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb


@dataclass(frozen=True)
class Late:
    """An insurer that owes its policies and is late with them; `covers_to` None: it never sent any."""

    name: str
    covers_to: date | None
    days_late: int

    def __str__(self) -> str:
        if self.covers_to is None:
            return f"{self.name}（从未报送，迟 {self.days_late} 天）"
        return f"{self.name}（数据截至 {self.covers_to}，迟 {self.days_late} 天）"


@dataclass(frozen=True)
class Reach:
    """The two dates of a city: 取数时点 `as_of`, 数据截至 `data_date` (None: no insurer that owes policies has sent any)."""

    as_of: date
    data_date: date | None
    data_since: date | None
    programme_start: date | None
    late: tuple[Late, ...]

    @property
    def dates(self) -> str:
        """`取数时点 2026-11-28　数据截至 2026-10-15`."""
        return f"取数时点 {self.as_of}　数据截至 {self.data_date or '尚无'}"

    @property
    def late_in_words(self) -> str:
        return "、".join(str(one) for one in self.late) or "无"

    def missing(self, period_end: date) -> list[str]:
        """The late insurers whose data do not reach the end of a period."""
        return [str(one) for one in self.late if one.covers_to is None or one.covers_to < period_end]

    @property
    def first_year(self) -> int:
        """The first year of which there are data; figures of earlier ones would say nothing."""
        return self.data_since.year if self.data_since else self.as_of.year

    @property
    def since(self) -> str:
        """From which day cumulative figures count, where that is later than the programme began; else empty."""
        if self.data_since is None or self.programme_start is None or self.data_since <= self.programme_start:
            return ""
        return f"累计数应自 {self.programme_start} 起，现有数据自 {self.data_since} 起，此前未报"


def reach(connection: duckdb.DuckDBPyConnection, jurisdiction: str) -> Reach:
    """The reach of a city's data, from a warehouse, an extract or the views of one audience."""
    dates = connection.execute(
        "select as_of, data_date, data_since, programme_start from meta.data_date where jurisdiction = ?",
        [jurisdiction],
    ).fetchall()
    late = connection.execute(
        "select name, covers_to, days_late from meta.late_insurer where jurisdiction = ? order by covers_to nulls first, provider",
        [jurisdiction],
    ).fetchall()
    if not dates:  # a city that is held back and stays at a day before which nothing is known
        as_of = connection.execute("select as_of from meta.publication").fetchall()[0][0]
        return Reach(as_of, None, None, None, ())
    as_of, data_date, data_since, programme_start = dates[0]
    return Reach(as_of, data_date, data_since, programme_start, tuple(Late(*row) for row in late))


def in_one_line(connection: duckdb.DuckDBPyConnection) -> str:
    """The two dates of every city that a file holds, for the head of a workbook."""
    cities = connection.execute(
        "select dates.jurisdiction, coalesce(max(districts.jurisdiction_name), dates.jurisdiction) from meta.data_date as dates "
        "left join marts.dim_district as districts using (jurisdiction) group by 1 order by 1"
    ).fetchall()
    return "；".join(
        (f"{name} " if len(cities) > 1 else "") + f"{found.dates}　缺报：{found.late_in_words}"
        for name, found in ((name, reach(connection, code)) for code, name in cities)
    )

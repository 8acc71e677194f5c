"""Where the reporting deadlines stand on a day.

What belongs here: counting marts.submissions per obligation, days and working days left; who is reminded how long before. What does not:
the deadlines (ref_deadline), where each return stands (pipelines/publish/return_calendar.py), the calendar (marts.dim_date).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

SOON = 60
"""Days before a deadline from which it is shown as coming."""


@dataclass(frozen=True)
class Deadline:
    """One obligation of one city and year. `working_days_left` is None beyond the calendar."""

    city: str
    name: str
    due_date: date
    owed: int
    received: int
    late: int
    missing: int
    days_left: int
    working_days_left: int | None

    @property
    def state(self) -> str:
        if not self.missing:
            return "已收齐"
        if self.days_left < 0:
            return "逾期"
        return "将到期" if self.days_left <= SOON else "未到期"


def deadlines(warehouse: Path, today: date) -> list[Deadline]:
    """The deadlines of this year, and those of the year before that are still owed; soonest first."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            """
            with today as (select working_day_no from marts.dim_date where day = $today)
            select
                cities.name, submissions.name, submissions.due_date, count(*), count(received_on),
                count(*) filter (received_on > due_date), count(*) filter (received_on is null),
                date_diff('day', $today, submissions.due_date), max(due_working_day_no) - max(today.working_day_no)
            from marts.submissions as submissions
            inner join (select distinct jurisdiction, jurisdiction_name as name from marts.dim_district) as cities using (jurisdiction)
            left join today on true
            group by cities.name, submissions.name, submissions.due_date
            having year(submissions.due_date) = year($today)
                or (year(submissions.due_date) = year($today) - 1 and count(*) filter (received_on is null) > 0)
            order by submissions.due_date, cities.name
            """,
            {"today": today},
        ).fetchall()
    return [Deadline(*row) for row in rows]

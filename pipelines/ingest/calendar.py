"""The calendar of working days as a landing file, for dbt's dim_date.

What belongs here: the days chinesecalendar knows (the State Council's announcements) and plain weekends
beyond them. What does not: corrections (dbt_project/seeds/ref_holiday.csv) and anything computed from it.
"""

from __future__ import annotations

import io
from datetime import date

import chinese_calendar
import polars as pl

from pipelines.ingest.manifest import write_atomically
from pipelines.settings import Settings

FIRST_DAY, LAST_DAY = date(2015, 1, 1), date(2035, 12, 31)


def announced_until() -> date:
    """Last day whose arrangement has been announced, as far as the library knows."""
    return date(max(day.year for day in chinese_calendar.constants.holidays), 12, 31)


def calendar() -> pl.DataFrame:
    """One row per day: `day`, `is_working_day`, `is_announced` (false: only weekends are known)."""
    off = pl.Series(list(chinese_calendar.constants.holidays), dtype=pl.Date)
    made_up = pl.Series(list(chinese_calendar.constants.workdays), dtype=pl.Date)
    day = pl.col("day")
    return pl.DataFrame({"day": pl.date_range(FIRST_DAY, LAST_DAY, eager=True)}).select(
        day,
        is_working_day=((day.dt.weekday() <= 5) & ~day.is_in(off.implode())) | day.is_in(made_up.implode()),
        is_announced=day <= announced_until(),
    )


def write_calendar(settings: Settings) -> None:
    """Writes landing/calendar.parquet."""
    content = io.BytesIO()
    calendar().write_parquet(content)
    write_atomically(settings.landing / "calendar.parquet", content.getvalue())

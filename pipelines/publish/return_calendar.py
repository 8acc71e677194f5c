"""报送日历: where each return and report stands that somebody owes: owed, drafted, filed, received, late (meta.return_calendar).

What belongs here: deadlines and receipts (marts.submissions) put together with what this home has drafted (its share log) and frozen (its
filings). What does not: the deadlines (ref_deadline), who owes a return (pipelines/report/owners.py), who is reminded (pipelines/night).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import duckdb
import polars as pl

TABLE = "meta.return_calendar"
DRAFT = "年度报告"
"""What the share log calls a drafted return."""


def calendar_sql(schema: str) -> str:
    """The calendar as a query over registered frames `filed` and `shared`, and a day `$today`.

    Args:
        schema: where marts and meta are: empty, or a database with its point.

    A return is an obligation of which ref_return has a form for that kind of owner; other duties are only received or not. A duty of one
    year (ref_deadline with that year as its first and last) stands in that year alone.
    """
    return f"""
        with drafts as (
            select audience as provider, stat_year, cast(max(shared_at) as date) as drafted_on
            from shared where what = '{DRAFT}' and stat_year is not null group by all
        ),
        frozen as (
            select owner as provider, stat_year, cast(max(filed_at) as date) as filed_on, max_by(number, (filed_at, number)) as filing_number
            from filed group by all
        )
        select
            owed.jurisdiction, owed.stat_year, owed.provider, owed.provider_name, owed.sender_kind, owed.obligation_code, owed.name, owed.due_date,
            case when forms.owner_kind is not null then drafts.drafted_on end as drafted_on,
            case when forms.owner_kind is not null then frozen.filed_on end as filed_on,
            case when forms.owner_kind is not null then frozen.filing_number end as filing_number,
            owed.received_on,
            case
                when owed.received_on > owed.due_date then '迟报'
                when owed.received_on is not null then '已收到'
                when owed.due_date < $today then '逾期'
                when forms.owner_kind is not null and frozen.filed_on is not null then '已封存'
                when forms.owner_kind is not null and drafts.drafted_on is not null then '已起草'
                else '应报'
            end as state,
            owed.clause
        from {schema}marts.submissions as owed
        left join {schema}meta.return_form as forms
            on owed.jurisdiction = forms.jurisdiction and owed.sender_kind = forms.owner_kind and owed.obligation_code = forms.obligation_code
            and forms.scope <> 'whole'
        left join drafts on owed.provider = drafts.provider and owed.stat_year = drafts.stat_year
        left join frozen on owed.provider = frozen.provider and owed.stat_year = frozen.stat_year
        order by owed.jurisdiction, owed.due_date, owed.provider, owed.obligation_code
    """


def return_calendar(
    connection: duckdb.DuckDBPyConnection, filed: pl.DataFrame, shared: pl.DataFrame, today: date
) -> pl.DataFrame:
    """The calendar on a day, from a published file and what the home has drafted and filed since."""
    with _registered(connection, filed, shared):
        found: pl.DataFrame = connection.sql(calendar_sql(""), params={"today": today}).pl()
        return found


def write_calendar(
    connection: duckdb.DuckDBPyConnection, filed: pl.DataFrame, shared: pl.DataFrame, today: date
) -> int:
    """Writes the table into the attached file `publishing`; returns its rows."""
    with _registered(connection, filed, shared):
        connection.execute(
            f"create or replace table publishing.{TABLE} as {calendar_sql('publishing.')}", {"today": today}
        )
    return int(connection.execute(f"select count(*) from publishing.{TABLE}").fetchall()[0][0])


@contextmanager
def _registered(connection: duckdb.DuckDBPyConnection, filed: pl.DataFrame, shared: pl.DataFrame) -> Iterator[None]:
    """Both frames by name while a query runs."""
    frames = {"filed": filed, "shared": shared}
    for name, frame in frames.items():
        connection.register(name, frame.to_arrow())
    try:
        yield
    finally:
        for name in frames:
            connection.unregister(name)

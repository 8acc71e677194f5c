"""Rights are dated: they hold on their first and on their last day, and a publication carries its own."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from pipelines.warehouse import rights


@pytest.mark.parametrize(
    ("day", "seen"),
    [(date(2023, 12, 31), False), (date(2024, 1, 1), True), (date(2024, 12, 31), True), (date(2025, 1, 1), False)],
)
def test_a_right_holds_from_its_first_to_its_last_day(day: date, seen: bool) -> None:
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as whole; create schema whole.meta")
        connection.execute("create table whole.meta.publication as select cast(? as date) as as_of", [day])
        connection.execute(
            "create table whole.meta.row_rights as select 'insurer' as kind, 1 as sort_no, 'marts.a|marts.b' as tables, 'all' as rows_by, "
            "date '2024-01-01' as valid_from, date '2024-12-31' as valid_to"
        )
        found = rights.rights(connection, "insurer")
        assert [right.tables for right in found] == ([("marts.a", "marts.b")] if seen else [])
        assert rights.rights(connection, "district_bureau") == []

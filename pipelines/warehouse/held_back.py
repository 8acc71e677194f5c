"""A city that its gates hold back stays at its last good knowledge date, while the others are published (trust.md 2).

What belongs here: which cities, since when, and putting a city's rows of that day in the place of tonight's. What does not: which
gates failed where (pipelines/gates/run.py), which file has its last good rows (pipelines/night/holding.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb

from pipelines.warehouse.tables import literal, quoted, reading

NOT_OF_A_CITY = ("meta.", "quality.gate_results")
"""Tables that speak of the publication itself."""

DATES_OF_A_CITY = ("meta.data_date", "meta.late_insurer")
"""How far a city's data reach: of the day it stays at, as its figures are."""


@dataclass(frozen=True)
class HeldBack:
    """A city that stays at a day: as_of is that day (empty: nothing good was ever published of it), since when it stands still,
    and which gates do not hold, in words."""

    jurisdiction: str
    as_of: str
    since: str
    gates: str
    name: str = ""


def as_json(held: Sequence[HeldBack]) -> str:
    """For meta.publication.held_back; empty: no city is."""
    return json.dumps([asdict(city) for city in held], ensure_ascii=False) if held else ""


def from_json(text: str | None) -> list[HeldBack]:
    """What meta.publication.held_back says; of a file from before there was such a column, nothing."""
    return [HeldBack(**city) for city in json.loads(text)] if text else []


def in_words(cities: Sequence[HeldBack]) -> str:
    """Which cities stand where, since when and why; empty: none does."""
    return "；".join(
        f"{city.name or city.jurisdiction} 停留在 {city.as_of or '尚无数据'}（自 {city.since} 起，{city.gates}）"
        for city in cities
    )


def stand(
    failed: dict[str, str], before: Sequence[HeldBack], last_as_of: str, now: str, names: Mapping[str, str]
) -> list[HeldBack]:
    """Where each city that its gates hold back stands.

    Args:
        failed: city → the gates in words. before: cities that the publication in force held back already.
        last_as_of: the knowledge date of that publication; empty: there is none. names: what the cities are called.
    """
    already = {city.jurisdiction: city for city in before}
    return [
        replace(already[city], gates=gates)
        if city in already
        else HeldBack(city, last_as_of, now, gates, names.get(city, city))
        for city, gates in failed.items()
    ]


def put_back(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str], held: Sequence[tuple[HeldBack, Path | None]]
) -> None:
    """Replaces the rows of cities in the attached file `publishing` by those of the day they stay at.

    Args:
        tables: `schema.table` of the file. held: each city with the file of its last good rows, which an earlier version of the program may
            have written; None: it has none, so that its rows go.
    """
    for city, warehouse in held:
        if warehouse is not None:
            connection.execute(f"attach {literal(str(warehouse))} as of_its_day (read_only)")
        for table in tables:
            if table in DATES_OF_A_CITY or not table.startswith(NOT_OF_A_CITY):
                _put_back(connection, table, city.jurisdiction, warehouse is not None)
        if warehouse is not None:
            connection.execute("detach of_its_day")


def _put_back(connection: duckdb.DuckDBPyConnection, table: str, jurisdiction: str, has_day: bool) -> None:
    columns, columns_then = _columns(connection, "publishing", table), _columns(connection, "of_its_day", table)
    where = _of_city(set(columns), jurisdiction)
    if where is None:
        return
    connection.execute(f"delete from publishing.{quoted(table)} as rows where {where}")
    if has_day and columns_then:
        # A unit or project that both cities know of has one row: tonight's, where it is the other city's.
        once = (
            f"and rows.{columns[0]} not in (select {columns[0]} from publishing.{quoted(table)})"
            if ".dim_" in table
            else ""
        )
        connection.execute(
            f"insert into publishing.{quoted(table)} by name select {', '.join(f'rows.{name}' for name in columns if name in columns_then)} "
            f"from of_its_day.{quoted(table)} as rows where {where} {once}"
        )


def _columns(connection: duckdb.DuckDBPyConnection, database: str, table: str) -> list[str]:
    found = connection.execute(
        "select column_name from duckdb_columns() where database_name = ? and schema_name || '.' || table_name = ? order by column_index",
        [database, table],
    ).fetchall()
    return [name for (name,) in found]


def _of_city(columns: set[str], jurisdiction: str) -> str | None:
    """The condition on rows of a city; None: the table is of no city."""
    city = literal(jurisdiction)
    of_sender = f"rows.provider in (select provider from reference.ref_provider where jurisdiction = {city})"
    if "jurisdiction" in columns:
        return (
            f"coalesce(rows.jurisdiction = {city}, {of_sender})"
            if "provider" in columns
            else f"rows.jurisdiction = {city}"
        )
    if "provider" in columns:
        return of_sender
    if "district_code" in columns:
        return f"rows.district_code in (select district_code from reference.ref_district where jurisdiction = {city})"
    return None


def as_of_of(warehouse: Path, jurisdiction: str = "") -> str:
    """The knowledge date of a warehouse file; of a city that it holds back, the day the city stays at."""
    with reading(warehouse) as connection:
        names = [column[0] for column in connection.execute("select * from meta.publication").description or []]
        row = dict(zip(names, connection.execute("select * from meta.publication").fetchall()[0], strict=True))
    stays = {city.jurisdiction: city.as_of for city in from_json(row.get("held_back"))}
    return stays.get(jurisdiction) or str(row["as_of"])

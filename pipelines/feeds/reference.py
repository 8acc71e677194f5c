"""Reference data (参考数据) as they were known on a day: code lists, senders and every other table, shipped and of the home.

What belongs here: the tables that landing made of both (pipelines/ingest/reference.py), looked at on a day, and what is looked
up in them. What does not: the rows (reference/*.csv of the program, raw/_reference of the home), which version of a row is known
when (pipelines/ingest/reference.py).
"""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

import polars as pl

from pipelines.feeds.contracts import (
    CODE_TABLES,
    HOME_SENDER,
    POLARS_TYPES,
    REFERENCE_FOLDER,
    Column,
    Contract,
    about_records,
    reference_contracts,
)

TABLES = "_reference"
"""The folder of landing/ with a Parquet file per table, and KNOWN."""
KNOWN = "known.json"

# What a row of a table has beside the contract's columns: from which day it was known and up to (not including) which, null =
# always and still; whether it is the home's; where it stands.
ORIGIN: dict[str, pl.DataType] = {
    "known_from": pl.Date(),
    "known_to": pl.Date(),
    "is_home": pl.Boolean(),
    "received_at": pl.Datetime("us"),
    "file_id": pl.String(),
    "sheet": pl.String(),
    "line_no": pl.Int64(),
}


@dataclass(frozen=True)
class Provider:
    """A sender (报送单位). Empty district or industry: not limited to one."""

    provider: str
    kind: str
    name: str
    insurer_code: str | None
    jurisdiction: str | None
    district_code: str | None
    industry_code: str | None
    uscc: str | None = None

    def owns(self, column: str) -> str | None:
        """The only value this sender may write into a scoped column; None if any."""
        if column == "service_org_uscc":
            # A service organisation speaks for its own services; without a code it can speak for none.
            return (self.uscc or "") if self.kind == "service_org" else None
        value: str | None = getattr(self, column)
        return value


HOME = Provider(HOME_SENDER, "home", "参考数据", None, None, None, None)
"""Who sends reference data."""


@dataclass(frozen=True)
class State:
    """From when on which reference data are known.

    Attributes:
        known: fingerprint of all drops known.
        reading: of those that decide how a file is read.
        since: of those of them that came after the home's first ones; empty: none did.
    """

    day: date
    known: str
    reading: str
    since: str


@dataclass(frozen=True)
class Reference:
    """The reference tables of a home as known on a day; equal where the same is known."""

    folder: Path
    known: str
    reading: str
    since: str
    day: date = field(compare=False)

    @classmethod
    def on(cls, landing: Path, day: date | None = None, tables: str = TABLES) -> Reference:
        """What was known by the end of a day; without one: what is known.

        Args:
            tables: the folder of landing/ they lie in; another one while they are made again.
        Raises:
            FileNotFoundError: no reference data have been landed there (ingest/reference.py does).
        """
        day = day or date.max
        path = landing / tables / KNOWN
        states = _states(path, path.stat().st_mtime_ns)
        state = states[max(bisect_right([state.day for state in states], day) - 1, 0)]
        return cls(landing / tables, state.known, state.reading, state.since, day)

    def table(self, name: str) -> pl.DataFrame:
        """A table in its contract's types, whole numbers as Int32; the rows that are known."""
        return _table(self, name).drop(ORIGIN)

    def rows(self, name: str) -> pl.DataFrame:
        """The same with where each row comes from (ORIGIN)."""
        return _table(self, name)

    def providers(self) -> dict[str, Provider]:
        """All senders by their code."""
        return _providers(self)

    def districts_of(self, jurisdiction: str) -> list[str]:
        return self.table("ref_district").filter(jurisdiction=jurisdiction)["district_code"].to_list()

    def cities(self) -> list[tuple[str, str]]:
        """Code and name of each jurisdiction, in the order they are shown."""
        return self.table("ref_jurisdiction").sort("sort_no").select("jurisdiction", "name").rows()

    def codes_of(self, column: Column, jurisdiction: str | None = None) -> pl.DataFrame:
        """The code list of a column, of a table or inline: columns `key`, `code`, `valid_from`, `valid_to` (null = open).

        Args:
            jurisdiction: whose districts are meant where two cities call one alike (高新区).
        """
        if isinstance(column.codes, list):
            return _inline_code_list(tuple(column.codes), tuple(column.code_aliases.items()))
        return _code_list(self, str(column.codes), jurisdiction)

    def allowed_values(self, column: Column, jurisdiction: str | None = None) -> list[str]:
        """What a sender may write, in the words of the list, for messages and templates; with a city, its own districts only."""
        if isinstance(column.codes, list):
            return [column.words.get(code, code) for code in column.codes]
        listed = CODE_TABLES[str(column.codes)]
        table = self.table(listed.table)
        if jurisdiction and "jurisdiction" in table.columns and listed.code != "jurisdiction":
            table = table.filter(pl.col("jurisdiction") == jurisdiction)
        return table[listed.names[0]].unique(maintain_order=True).to_list()


@lru_cache(maxsize=8)
def _states(path: Path, mtime_ns: int) -> list[State]:
    """The states of landing/_reference/known.json, in the order of their days."""
    return [
        State(**{**entry, "day": date.fromisoformat(entry["day"])})
        for entry in json.loads(path.read_text(encoding="utf-8"))
    ]


@lru_cache(maxsize=256)
def _table(reference: Reference, name: str) -> pl.DataFrame:
    day = reference.day
    return pl.read_parquet(reference.folder / f"{name}.parquet").filter(
        pl.col("known_from").is_null() | (pl.col("known_from") <= day),
        pl.col("known_to").is_null() | (pl.col("known_to") > day),
    )


@lru_cache(maxsize=64)
def _providers(reference: Reference) -> dict[str, Provider]:
    return {row["provider"]: Provider(**row) for row in reference.table("ref_provider").to_dicts()}


def table_schema(contract: Contract) -> dict[str, pl.DataType]:
    """Column → type of a table of reference data."""
    types = POLARS_TYPES | {"int": pl.Int32()}
    columns = {name: types[column.type] for name, column in contract.columns.items() if name not in about_records()}
    return columns | ORIGIN


def shipped(name: str) -> pl.DataFrame:
    """The rows that come with the program (the law, for the whole country), as in `table_schema`."""
    contract = reference_contracts()[name]
    text = pl.read_csv(REFERENCE_FOLDER / f"{name}.csv", infer_schema=False)
    return text.select(
        pl.lit(None, kind).alias(column) if column in ORIGIN else _typed(column, kind)
        for column, kind in table_schema(contract).items()
    ).with_columns(is_home=pl.lit(False))


def _typed(name: str, kind: pl.DataType) -> pl.Expr:
    text = pl.col(name)
    if kind == pl.Boolean():
        return text.replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean)
    return text.str.to_date() if kind == pl.Date() else text.cast(kind)


HALF_WIDTH = {chr(point): chr(point - 0xFEE0) for point in range(0xFF01, 0xFF5F)} | {"\u3000": " ", "￥": "¥"}
"""Full-width characters and what they are half as wide. Other compatibility forms (①, ²) are not what they look like."""


def half_width(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many(HALF_WIDTH)


def code_key(text: pl.Expr) -> pl.Expr:
    """What is compared when a code is looked up: half-width, upper case, no blanks, one kind of bracket."""
    return half_width(text).str.replace_all(r"[\s\u200b\ufeff]+", "").str.to_uppercase()


@lru_cache(maxsize=512)
def _code_list(reference: Reference, name: str, jurisdiction: str | None) -> pl.DataFrame:
    """Codes, names, abbreviations and dated aliases (ref_alias) are all accepted; a city's name may stand before a district's.

    Codes and names go before aliases, the sender's own city before others. An alias of what is no code (any more) says nothing.
    """
    listed = CODE_TABLES[name]
    table = reference.table(listed.table)
    city = pl.col("jurisdiction") if name == "district" else pl.lit(None, pl.String)
    forms = [
        table.select(key=pl.col(column), code=pl.col(listed.code), city=city) for column in (listed.code, *listed.names)
    ]
    if name == "district":
        cities = reference.table("ref_jurisdiction").select("jurisdiction", city_name="name")
        forms.append(
            table.join(cities, on="jurisdiction").select(
                key=pl.col("city_name") + pl.col("name"), code=pl.col(listed.code), city="jurisdiction"
            )
        )
    undated = pl.concat(forms).with_columns(
        valid_from=pl.lit(None, pl.Date), valid_to=pl.lit(None, pl.Date), order=pl.lit(0)
    )
    codes = undated.with_columns(code_key(pl.col("key")))
    aliases = reference.table("ref_alias").filter(pl.col("code_list") == name)
    meant = (  # an alias may name its code by a name
        aliases.with_columns(code_key(pl.col("code")).alias("named"))
        .join(
            codes.unique(["key", "city"], keep="first", maintain_order=True),
            left_on="named",
            right_on="key",
            how="inner",
        )
        .select(
            pl.col("alias").alias("key"),
            pl.col("code_right").alias("code"),
            "city",
            "valid_from",
            "valid_to",
            order=pl.lit(1),
        )
        .with_columns(code_key(pl.col("key")))
    )
    return (
        pl.concat([codes, meant])
        .with_columns(elsewhere=pl.col("city").ne_missing(jurisdiction) if jurisdiction else pl.lit(False))
        .sort("elsewhere", "order", maintain_order=True)
        .unique(["key", "valid_from"], keep="first", maintain_order=True)
        .select("key", "code", "valid_from", "valid_to")
    )


@lru_cache
def _inline_code_list(codes: tuple[str, ...], aliases: tuple[tuple[str, str], ...]) -> pl.DataFrame:
    """A code list written in the contract itself, in the form of `_code_list`."""
    keys = [*codes, *(alias for alias, _ in aliases)]
    codes = (*codes, *(code for _, code in aliases))
    return pl.DataFrame({"key": keys, "code": codes}).select(
        key=code_key(pl.col("key")),
        code="code",
        valid_from=pl.lit(None, pl.Date),
        valid_to=pl.lit(None, pl.Date),
    )

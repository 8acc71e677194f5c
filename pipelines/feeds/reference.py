"""Code lists and providers as ingest needs them, read from dbt's seeds.

What belongs here: turning seed rows into look-up tables. What does not: the rows (dbt_project/seeds).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from pipelines.feeds.contracts import Column
from pipelines.settings import SEEDS


@lru_cache
def seed(name: str) -> pl.DataFrame:
    """A seed as text columns; empty cells are null."""
    return pl.read_csv(SEEDS / f"{name}.csv", infer_schema=False)


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

    def owns(self, column: str) -> str | None:
        """The only value this sender may write into a scoped column; None if any."""
        value: str | None = getattr(self, column)
        return value


@lru_cache
def providers() -> dict[str, Provider]:
    return {row["provider"]: Provider(**row) for row in seed("ref_provider").to_dicts()}


@lru_cache
def districts_of(jurisdiction: str) -> list[str]:
    table = seed("ref_district")
    return table.filter(pl.col("jurisdiction") == jurisdiction)["district_code"].to_list()


# Code list → (seed, code column, columns whose text is accepted beside the code)
CODE_SEEDS = {
    "district": ("ref_district", "district_code", ["name", "short_name"]),
    "industry": ("ref_industry", "industry_code", ["name"]),
    "product": ("ref_product", "product_code", ["name"]),
    "insurer": ("ref_insurer", "insurer_code", ["name", "short_name"]),
    "service_item": ("ref_service_item", "item_code", ["name"]),
}


HALF_WIDTH = {chr(point): chr(point - 0xFEE0) for point in range(0xFF01, 0xFF5F)} | {"\u3000": " ", "￥": "¥"}
"""Full-width characters and what they are half as wide. Other compatibility forms (①, ²) are not what they look like."""


def half_width(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many(HALF_WIDTH)


def code_key(text: pl.Expr) -> pl.Expr:
    """What is compared when a code is looked up: half-width, upper case, no blanks, one kind of bracket."""
    return half_width(text).str.replace_all(r"[\s\u200b\ufeff]+", "").str.to_uppercase()


@lru_cache
def code_list(name: str) -> pl.DataFrame:
    """A seeded code list: columns `key`, `code`, `valid_from`, `valid_to` (null = open).

    Codes, names, abbreviations and dated aliases (ref_alias) are all accepted; a city's name may
    stand before a district's.
    """
    table_name, code, names = CODE_SEEDS[name]
    table = seed(table_name)
    forms = [table.select(key=pl.col(column), code=pl.col(code)) for column in [code, *names]]
    if name == "district":
        city = seed("ref_jurisdiction").select("jurisdiction", city="name")
        with_city = table.join(city, on="jurisdiction")
        forms.append(with_city.select(key=pl.col("city") + pl.col("name"), code=pl.col(code)))
    undated = pl.concat(forms).with_columns(
        valid_from=pl.lit(None, pl.Date), valid_to=pl.lit(None, pl.Date), order=pl.lit(0)
    )
    aliases = (
        seed("ref_alias")
        .filter(pl.col("code_list") == name)
        .select(
            "code",
            key="alias",
            valid_from=pl.col("valid_from").str.to_date(),
            valid_to=pl.col("valid_to").str.to_date(),
            order=pl.lit(1),
        )
    )
    return (
        pl.concat([undated, aliases.select(undated.columns)])
        .with_columns(key=code_key(pl.col("key")))
        .sort("order")
        .unique(["key", "valid_from"], keep="first", maintain_order=True)
        .drop("order")
    )


@lru_cache
def inline_code_list(codes: tuple[str, ...], aliases: tuple[tuple[str, str], ...]) -> pl.DataFrame:
    """A code list written in the contract itself, in the form of `code_list`."""
    keys = [*codes, *(alias for alias, _ in aliases)]
    codes = (*codes, *(code for _, code in aliases))
    return pl.DataFrame({"key": keys, "code": codes}).select(
        key=code_key(pl.col("key")),
        code="code",
        valid_from=pl.lit(None, pl.Date),
        valid_to=pl.lit(None, pl.Date),
    )


def codes_of(column: Column) -> pl.DataFrame:
    """The code list of a column, seeded or inline."""
    if isinstance(column.codes, list):
        return inline_code_list(tuple(column.codes), tuple(column.code_aliases.items()))
    return code_list(str(column.codes))


def allowed_values(column: Column, jurisdiction: str | None = None) -> list[str]:
    """What a sender may write, in the words of the list, for messages and templates; with a city, its own districts only."""
    if isinstance(column.codes, list):
        return column.codes
    table_name, _, names = CODE_SEEDS[str(column.codes)]
    table = seed(table_name)
    if jurisdiction and "jurisdiction" in table.columns:
        table = table.filter(pl.col("jurisdiction") == jurisdiction)
    return table[names[0]].to_list()

"""Values that leave the file only as keyed hashes, not even in a rejection; several values in one cell.

What belongs here: hashing columns, taking lists in a cell apart. What does not: the key (pipelines/settings.py).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from pipelines.feeds.contracts import Contract

SEPARATORS = r"[/、，,；;\s]"


def separated(values: pl.Series) -> pl.Series:
    """Several values of one cell with 、 between them, whatever the sender put there."""
    if not values.str.contains(SEPARATORS).any():
        return values
    apart = pl.col(values.name).str.replace_all(f"{SEPARATORS}+", "、").str.strip_chars("、")
    return values.to_frame().select(apart.replace("", None)).to_series()


def hashed(values: pl.Series, many: bool, hash_personal: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Keyed hashes of a column, each of several values by itself, so that the same person is found again."""
    distinct = values.drop_nulls().unique()
    if distinct.is_empty():
        return values
    parts = pl.DataFrame({"value": distinct, "part": distinct})
    if many:
        parts = parts.with_columns(pl.col("part").str.split("、")).explode("part")
    parts = parts.with_columns(part=hash_personal(parts["part"]))
    if many:
        parts = parts.group_by("value").agg(pl.col("part").str.join("、"))
    joined = pl.DataFrame({"value": values}).join(parts, on="value", how="left", maintain_order="left")
    return joined["part"].alias(values.name)


def mask_personal(issues: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Raw values of personal columns do not leave the file, not even in a rejection."""
    personal = [name for name, column in contract.columns.items() if column.personal]
    if not personal or not issues["column_name"].is_in(personal).any():
        return issues
    return issues.with_columns(
        raw_value=pl.when(pl.col("column_name").is_in(personal))
        .then(pl.lit("（个人信息，不显示）"))
        .otherwise("raw_value")
    )

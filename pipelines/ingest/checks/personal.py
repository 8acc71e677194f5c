"""Values that leave the file only as keyed hashes, and several values in one cell.

What belongs here: hashing columns, taking lists in a cell apart. What does not: the key (pipelines/settings.py).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

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

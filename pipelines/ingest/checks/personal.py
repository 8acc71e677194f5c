"""Personal values do not leave the file they came in: columns that hold them become keyed hashes, and what looks like one in
any other column is masked, in the rows that land as in every message.

What belongs here: hashing, masking, taking lists in a cell apart. What does not: the key (pipelines/settings.py), which columns
are personal (the contracts).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from pipelines.feeds.contracts import Contract
from pipelines.ingest.masking import MASKED, MAY_BE_PERSONAL, masked

SEPARATORS = r"[/、，,；;\s]"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def masked_numbers(numbers: pl.Series) -> pl.Series:
    """Numbers of records without those that are valid identity-card numbers; what merely looks like a phone is a number (trust.md 6).

    Source: GB 11643-1999, check character.
    """
    shaped = pl.col("v").str.contains(r"^[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]$")
    total = sum(
        pl.col("v").str.slice(place, 1).cast(pl.Int64, strict=False) * weight for place, weight in enumerate(_WEIGHTS)
    )
    check = total.mod(11).replace_strict(dict(enumerate(_CHECKS)), default=None, return_dtype=pl.String)  # type: ignore[union-attr]
    valid = shaped & (pl.col("v").str.slice(17, 1).str.to_uppercase() == check)
    return (
        pl.DataFrame({"v": numbers})
        .select(pl.when(valid.fill_null(False)).then(pl.lit(MASKED)).otherwise("v").alias(numbers.name))
        .to_series()
    )


def without_personal(rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Landed rows with what looks personal masked in the text columns that are not personal anyway (trust.md 5)."""
    open_texts = [name for name, column in contract.columns.items() if column.type == "text" and not column.personal]
    found = rows.select(pl.col(name).str.contains(MAY_BE_PERSONAL).any().alias(name) for name in open_texts)
    suspects = [name for name in open_texts if found[name][0]] if found.height else []
    numbers = [name for name in suspects if contract.is_number(name)]
    return rows.with_columns(
        *(masked(pl.col(name)) for name in suspects if name not in numbers),
        *(masked_numbers(rows[name]) for name in numbers),
    )


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
    """Problems without personal values: nothing of a personal column, nothing that looks personal in any other."""
    if issues.is_empty():
        return issues
    personal = [name for name, column in contract.columns.items() if column.personal]
    issues = issues.with_columns(record_key=_without_identity_cards(issues["record_key"]))
    return issues.with_columns(
        raw_value=pl.when(pl.col("column_name").is_in(personal))
        .then(pl.lit(MASKED))
        .otherwise(masked(pl.col("raw_value"))),
        message=masked(pl.col("message")),
        corrects=masked(pl.col("corrects")),
    )


def _without_identity_cards(keys: pl.Series) -> pl.Series:
    """Record keys, in whose parts (with | between them) a valid identity card is masked."""
    if not keys.str.contains(MAY_BE_PERSONAL).any():
        return keys
    parts = pl.DataFrame({"key": keys}).with_row_index("row").with_columns(pl.col("key").str.split("|")).explode("key")
    parts = parts.with_columns(key=masked_numbers(parts["key"]))
    whole = parts.group_by("row", maintain_order=True).agg(pl.col("key").str.join("|", ignore_nulls=False))
    return whole["key"].alias(keys.name)

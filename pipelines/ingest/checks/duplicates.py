"""Exact repeats within a file.

What belongs here: rows equal in every column of the contract to the version of their record that stands directly before
them, within a table and between its blocks. X, Y, X says X in the end, so that its last row is no repeat (trust.md 1). What
does not: versions of a record (dbt).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import polars as pl

from pipelines.feeds.contracts import Contract
from pipelines.ingest.checks.outcome import Checked
from pipelines.ingest.readers.sheet import FILE_LINES


def without_duplicates(rows: pl.DataFrame, contract: Contract, several_files: bool) -> pl.DataFrame:
    """Rows without those that repeat the version of their key before them in the file; rows stand in the order of their lines."""
    file = [(pl.col("line_no") // FILE_LINES).alias("_file")] if several_files else []
    # As many distinct hashes as rows: no key occurs twice. Only rows whose key's hash does are compared in full.
    hashes = rows.select(pl.struct(*contract.key, *file).hash().alias("hash")).to_series()
    if hashes.n_unique() == rows.height:
        return rows
    suspects = hashes.is_duplicated().arg_true()
    value = pl.struct(list(contract.columns))
    repeated = (
        rows[suspects]
        .select(*contract.key, *file, value=value)
        .select(pl.col("value").eq_missing(pl.col("value").shift(1)).over(*contract.key, *(["_file"] if file else [])))
        .to_series()
    )
    again = suspects.filter(repeated)
    return rows.filter(~pl.int_range(pl.len()).is_in(again.implode())) if len(again) else rows


@dataclass
class RepeatedAcrossBlocks:
    """Finds exact repeats between the blocks of one large table: of each key the newest version seen is kept, both as hashes."""

    seen: list[pl.DataFrame] = field(default_factory=list)

    def without(self, block: Checked, contract: Contract) -> Checked:
        """The block without first rows of a key that repeat its last row in the blocks before."""
        key, value = pl.struct(contract.key), pl.struct(list(contract.columns))
        rows = block.accepted.select(a=key.hash(0), b=key.hash(1), x=value.hash(0), y=value.hash(1)).with_row_index(
            "row"
        )
        first = rows.unique(["a", "b"], keep="first", maintain_order=True)
        before = (
            pl.concat([first.join(earlier, on=["a", "b"], how="inner", suffix="_before") for earlier in self.seen])
            if self.seen
            else None
        )
        self.seen.append(rows.unique(["a", "b"], keep="last").drop("row"))
        if before is None or before.is_empty():
            return block
        # A key may have been in several blocks: the newest of them counts.
        newest = before.unique(["a", "b"], keep="last", maintain_order=True)
        again = newest.filter((pl.col("x") == pl.col("x_before")) & (pl.col("y") == pl.col("y_before")))["row"]
        if again.is_empty():
            return block
        return replace(
            block,
            accepted=block.accepted.filter(~pl.int_range(pl.len()).is_in(again.implode())),
            rows_duplicate=block.rows_duplicate + len(again),
        )

"""Exact repeats within a file.

What belongs here: rows equal in every column of the contract, within a table and between its blocks. What does not:
versions of a record (dbt).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from pipelines.feeds.contracts import Contract
from pipelines.ingest.checks.outcome import Checked
from pipelines.ingest.readers.sheet import FILE_LINES


def without_duplicates(rows: pl.DataFrame, contract: Contract, several_files: bool) -> pl.DataFrame:
    """Rows without exact repeats within a file; the first of equal rows stays. Equal rows share their key."""
    file = [(pl.col("line_no") // FILE_LINES).alias("_file")] if several_files else []
    # As many distinct hashes as rows: no key occurs twice. Only rows whose key's hash does are compared in full.
    hashes = rows.select(pl.struct(*contract.key, *file).hash().alias("hash")).to_series()
    if hashes.n_unique() == rows.height:
        return rows
    suspects = hashes.is_duplicated().arg_true()
    repeated = rows[suspects].select(pl.struct(*contract.columns, *file).is_first_distinct().not_()).to_series()
    again = suspects.filter(repeated)
    return rows.filter(~pl.int_range(pl.len()).is_in(again.implode())) if len(again) else rows


@dataclass
class RepeatedAcrossBlocks:
    """Finds exact repeats between the blocks of one large table: 128 bits of hash are kept of every row seen."""

    seen: list[pl.DataFrame]

    def without(self, block: Checked, contract: Contract) -> Checked:
        """The block without rows that an earlier block had."""
        values = pl.struct(list(contract.columns))
        hashes = block.accepted.select(a=values.hash(0), b=values.hash(1))
        repeated = pl.Series([False]).new_from_index(0, hashes.height)
        for earlier in self.seen:
            known = hashes.with_row_index("_row").join(earlier, on=["a", "b"], how="semi")["_row"]
            repeated = repeated.scatter(known, True)
        self.seen.append(hashes)
        if not repeated.any():
            return block
        return replace(
            block,
            accepted=block.accepted.filter(~repeated),
            rows_duplicate=block.rows_duplicate + int(repeated.sum()),
        )

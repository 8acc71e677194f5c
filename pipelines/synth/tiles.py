"""Large worlds as tiles: one city's world many times over, each time with other units, policies and records.

What belongs here: giving the rows of a tile numbers of their own. What does not: the world (model.py), files (files.py).

A world of millions of units is drawn once for twenty thousand and written down once per tile. Tiles differ in their
numbers only, so that every ratio of the large world is that of the small one, and every count a multiple: the truth of
the first tile tells the truth of all. Numbers are changed in place, in the bytes of a column: each tile costs a copy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pyarrow as pa

ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", dtype=np.uint8)
_VALUE = np.zeros(256, dtype=np.int64)
_VALUE[ALPHABET] = np.arange(31)
CHECKED_WEIGHTS = (pow(3, 8, 31), pow(3, 9, 31))
"""Weights of the ninth and tenth place of a code (GB 32100), those that tell tiles apart."""
MOST_TILES = 900

# Feed → column → how many characters stand before the three digits that tell tiles apart. A policy's number is insurer,
# city, year and nine digits; most others are made of it.
DIGITS: dict[str, dict[str, int]] = {
    "policy": {"policy_no": 12, "survey_report_no": 14},
    "coinsurance": {"policy_no": 12},
    "endorsement": {"endorsement_no": 13, "policy_no": 12},
    "claim": {"claim_no": 13, "policy_no": 12, "accident_id": 15},
    "service_record": {"service_no": 13, "policy_no": 12, "experts": 2, "evidence_hashes": 0},
    "fee_ledger": {"policy_no": 12, "service_no": 13, "voucher_no": 14},
    "hazard": {"hazard_no": 14, "service_no": 13},
    "accident": {"accident_id": 15},
    "expert": {"certificate_no": 2},
}
# Two kinds of numbers of entries: of provisions (LP, LR and the policy's) and of payments (LS and the visit's).
ENTRY_PLACES = {"LP": 14, "LR": 14, "LS": 15}
FROM_THE_END = {"policy": {"project_code": 9}, "project": {"project_code": 9}}
CODES: dict[str, dict[str, int]] = {
    "policy": {"insured_uscc": 0}, "claim": {"insured_uscc": 0}, "service_record": {"insured_uscc": 0}, "enterprise": {"uscc": 0, "parent_uscc": 0},
    "hazard": {"insured_uscc": 0}, "service_plan": {"insured_uscc": 0}, "project": {"builder_uscc": 0}, "accident": {"uscc": 0},
    "inspection": {"inspection_no": 3, "problem_no": 3, "target_code": 0}, "problem": {"problem_no": 3, "target_code": 0},
    "enforcement": {"case_no": 3, "problem_no": 3, "uscc": 0},
}  # fmt: skip
EVERY_TILE: dict[str, pl.Expr] = {
    "policy": pl.lit(True), "coinsurance": pl.lit(True), "endorsement": pl.lit(True), "claim": pl.lit(True), "service_record": pl.lit(True),
    "fee_ledger": pl.col("policy_no").is_not_null(), "hazard": pl.lit(True), "enterprise": pl.lit(True), "expert": pl.lit(True),
    "service_plan": pl.col("insured_uscc").is_not_null(), "project": ~pl.col("project_code").str.contains("WB", literal=True),
    "accident": pl.col("accident_id").str.starts_with("SGC"), "inspection": pl.col("target_type") == "生产经营单位",
    "problem": pl.col("target_type") == "生产经营单位", "enforcement": pl.lit(True),
}  # fmt: skip
"""Rows that every tile has. Others (documents, lists, registers, an insurer's pool and plan) the world has once."""


def several(feed: str, text: pl.DataFrame, tiles: range) -> pl.DataFrame:
    """The rows of a file once per tile, one tile after another.

    Args:
        text: rows of the first tile as they are typed (before mistakes are made); further columns come along.
        tiles: numbers of the tiles; 0 is the first one, as it is.
    """
    if feed not in EVERY_TILE:
        return text if 0 in tiles else text.clear()
    again = text.filter(EVERY_TILE[feed])
    parts = [again if tile else text for tile in tiles]
    number = np.concatenate(
        [np.full(part.height, tile, dtype=np.int64) for tile, part in zip(tiles, parts, strict=True)]
    )
    frame = pl.concat(parts)
    changed = [_changed(frame[name], place, number, _add_to_digits) for name, place in DIGITS.get(feed, {}).items()]
    changed += [
        _changed(frame[name], -back, number, _add_to_digits) for name, back in FROM_THE_END.get(feed, {}).items()
    ]
    changed += [_changed(frame[name], place, number, _shift_code) for name, place in CODES.get(feed, {}).items()]
    if feed == "fee_ledger":
        entry = frame["entry_no"]
        for kind, place in ENTRY_PLACES.items():
            entry = _changed(entry, place, np.where(frame["entry_no"].str.starts_with(kind), number, 0), _add_to_digits)
        changed.append(entry)
    return frame.with_columns(changed)


def _changed(
    column: pl.Series, place: int, number: np.ndarray, change: Callable[[np.ndarray, np.ndarray, np.ndarray], None]
) -> pl.Series:
    """The column with some characters of each value changed in place; null and shorter values stay as they are.

    Args:
        place: where the characters begin; negative: from the end.
    """
    array = column.to_arrow(compat_level=pl.CompatLevel.oldest())
    validity, ends, content = array.buffers()
    offsets = np.frombuffer(ends, dtype=np.int64, count=len(array) + 1, offset=array.offset * 8)
    letters = np.frombuffer(content, dtype=np.uint8).copy()
    length = np.diff(offsets)
    least = -place if place < 0 else place + (18 if change is _shift_code else 3)
    rows = np.flatnonzero((number > 0) & (length >= least))
    starts = (offsets[1:] if place < 0 else offsets[:-1])[rows] + place
    change(letters, starts, number[rows])
    fresh = pa.LargeStringArray.from_buffers(len(array), ends, pa.py_buffer(letters), validity, array.null_count)
    return pl.Series(column.name, pl.from_arrow(fresh))


def _add_to_digits(letters: np.ndarray, starts: np.ndarray, number: np.ndarray) -> None:
    """Three digits become their value plus the tile's number; letters become the number alone."""
    digits = [letters[starts + place] - ord("0") for place in range(3)]  # bytes below "0" wrap around to more than 9
    are_digits = (digits[0] <= 9) & (digits[1] <= 9) & (digits[2] <= 9)
    value = digits[0].astype(np.int16) * 100 + digits[1] * np.int16(10) + digits[2]
    value = np.where(are_digits, value, 0) + number.astype(np.int16)
    for place, unit in enumerate((100, 10, 1)):
        letters[starts + place] = value // unit % 10 + ord("0")


def _shift_code(letters: np.ndarray, starts: np.ndarray, number: np.ndarray) -> None:
    """The ninth and tenth letter of a credit code move on by the tile's number, the check character with them."""
    first, second = number % 31, number // 31
    check = -(first * CHECKED_WEIGHTS[0] + second * CHECKED_WEIGHTS[1])
    for place, shift in ((8, first), (9, second), (17, check)):
        letters[starts + place] = ALPHABET[(_VALUE[letters[starts + place]] + shift) % 31]

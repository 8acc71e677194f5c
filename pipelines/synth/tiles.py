"""Large worlds as tiles: one city's world many times over, each time with other units, policies and records.

What belongs here: giving the rows of a tile numbers of their own. What does not: the world (model.py), files (files.py).

A world of millions of units is drawn once for twenty thousand and written down once per tile. Tiles differ in their
numbers only, so that every ratio of the large world is that of the small one, and every count a multiple: the truth of
the first tile tells the truth of all. Numbers are changed in place: in the bytes of a file written once (Copies), or, in
rows that mistakes are then made in, in the bytes of a column (several).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", dtype=np.uint8)
VALUE = np.zeros(256, dtype=np.int16)
VALUE[ALPHABET] = np.arange(31)
CHECKED_WEIGHTS = (pow(3, 8, 31), pow(3, 9, 31))
"""Weights of the ninth and tenth place of a code (GB 32100), those that tell tiles apart."""
CODE_PLACES = (8, 9, 17)
MOST_TILES = 900
THREE_DIGITS = [(np.arange(1000 + MOST_TILES) // unit % 10 + ord("0")).astype(np.uint8) for unit in (100, 10, 1)]
"""The hundreds, tens and units of a number, as characters."""

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
ENTRY_PLACES = {b"LP": 14, b"LR": 14, b"LS": 15}
FROM_THE_END = {"policy": {"project_code": 9}, "project": {"project_code": 9}}
CODES: dict[str, dict[str, int]] = {
    "policy": {"insured_uscc": 0}, "claim": {"insured_uscc": 0}, "service_record": {"insured_uscc": 0}, "enterprise": {"uscc": 0, "parent_uscc": 0, "permit_no": 4},
    "hazard": {"insured_uscc": 0}, "service_plan": {"insured_uscc": 0}, "project": {"builder_uscc": 0}, "accident": {"uscc": 0},
    "inspection": {"inspection_no": 3, "problem_no": 3, "target_code": 0}, "problem": {"problem_no": 3, "target_code": 0},
    "enforcement": {"case_no": 3, "problem_no": 3, "uscc": 0}, "permit": {"permit_no": 4, "uscc": 0}, "social_insurance": {"uscc": 0},
    "enterprise_link": {"uscc": 0, "other_uscc": 0},
}  # fmt: skip
EVERY_TILE: dict[str, pl.Expr] = {
    "policy": pl.lit(True), "coinsurance": pl.lit(True), "endorsement": pl.lit(True), "claim": pl.lit(True), "service_record": pl.lit(True),
    "fee_ledger": pl.col("policy_no").is_not_null(), "hazard": pl.lit(True), "enterprise": pl.lit(True), "expert": pl.lit(True),
    "service_plan": pl.col("insured_uscc").is_not_null(), "project": ~pl.col("project_code").str.contains("WB", literal=True),
    "accident": pl.col("accident_id").str.starts_with("SGC"), "inspection": pl.col("target_type") == "生产经营单位",
    "problem": pl.col("target_type") == "生产经营单位", "enforcement": pl.col("case_no").str.starts_with("CF-9"),
    "permit": pl.lit(True), "social_insurance": pl.lit(True), "enterprise_link": pl.lit(True),
}  # fmt: skip
"""Rows that every tile has. Others (documents, lists, registers, an insurer's pool and plan) the world has once."""


@dataclass(frozen=True)
class Change:
    """Characters of a column that tell tiles apart: three digits, or those of a credit code.

    Attributes:
        place: where in a value they begin; negative: from its end.
        begins: what a value must begin with to be changed.
    """

    column: str
    place: int
    code: bool = False
    begins: bytes = b""

    def spots(self, letters: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the characters of each value that is long enough begin, and which values these are."""
        least = -self.place if self.place < 0 else self.place + (18 if self.code else 3)
        rows = np.flatnonzero(ends - starts >= least)
        for place, letter in enumerate(self.begins):
            rows = rows[letters[starts[rows] + place] == letter]
        return (ends if self.place < 0 else starts)[rows] + self.place, rows

    def read(self, letters: np.ndarray, spots: np.ndarray) -> list[np.ndarray]:
        """What stands there in the first tile: the three digits' value (0 for letters), or places in the alphabet."""
        if self.code:
            return [VALUE[letters[spots + place]] for place in CODE_PLACES]
        digits = [letters[spots + place] - ord("0") for place in range(3)]  # bytes below "0" wrap around to more than 9
        are_digits = (digits[0] <= 9) & (digits[1] <= 9) & (digits[2] <= 9)
        value = digits[0].astype(np.int16) * 100 + digits[1] * np.int16(10) + digits[2]
        return [np.where(are_digits, value, 0)]

    def write(self, letters: np.ndarray, spots: np.ndarray, was: list[np.ndarray], number: np.ndarray) -> None:
        """Puts tiles' numbers there: digits become their value plus the number; the ninth and tenth letter of a credit
        code move on by it, and the check character with them.
        """
        if self.code:
            first, second = number % 31, number // 31
            check = -(first * CHECKED_WEIGHTS[0] + second * CHECKED_WEIGHTS[1])
            for place, value, shift in zip(CODE_PLACES, was, (first, second, check), strict=True):
                letters[spots + place] = ALPHABET[(value + shift) % 31]
        else:
            value = was[0] + number
            for place in range(3):
                letters[spots + place] = THREE_DIGITS[place][value]


def _changes(feed: str) -> list[Change]:
    changes = [Change(column, place) for column, place in DIGITS.get(feed, {}).items()]
    changes += [Change(column, -back) for column, back in FROM_THE_END.get(feed, {}).items()]
    changes += [Change(column, place, code=True) for column, place in CODES.get(feed, {}).items()]
    if feed == "fee_ledger":
        changes += [Change("entry_no", place, begins=kind) for kind, place in ENTRY_PLACES.items()]
    return changes


def of_every_tile(feed: str, text: pl.DataFrame) -> pl.DataFrame:
    """The rows that every tile has: none of a feed the world has once."""
    return text.filter(EVERY_TILE[feed]) if feed in EVERY_TILE else text.clear()


def several(feed: str, text: pl.DataFrame, tiles: range) -> pl.DataFrame:
    """Rows of the first tile as they are typed, once per tile; further columns come along."""
    frame = pl.concat([text] * len(tiles))
    number = np.repeat(np.arange(tiles.start, tiles.stop), text.height)
    for change in _changes(feed):
        frame = frame.with_columns(_changed(frame[change.column], change, number))
    return frame


class Copies:
    """A file's lines with other numbers, as many tiles at once as wanted."""

    def __init__(self, feed: str, columns: list[str], lines: bytes, at_once: int) -> None:
        """Finds where the numbers stand, and where lines end (`line_ends`: 0 for no line, then the bytes up to each).

        Args:
            lines: rows of the first tile, in UTF-8 or GB18030, without quotation marks: every comma and every line feed
                separates. (No letter of GB18030 has one of these bytes in it.)
            at_once: tiles that `of` gives at most.
        """
        letters = np.frombuffer(lines, dtype=np.uint8)
        ends = np.flatnonzero((letters == ord(",")) | (letters == ord("\n"))).reshape(-1, len(columns))
        starts = np.concatenate([[0], ends.ravel() + 1])[:-1].reshape(ends.shape)
        self.line_ends = np.concatenate([[0], ends[:, -1] + 1])
        self._letters = np.array([letters] * at_once)
        further = np.arange(at_once)[:, None] * len(letters)
        self._spots = []
        for change in _changes(feed):
            field = columns.index(change.column)
            spots, _ = change.spots(letters, starts[:, field], ends[:, field])
            self._spots.append((change, change.read(letters, spots), spots + further))

    def of(self, tiles: range) -> np.ndarray:
        """The lines' bytes, one row per tile; valid until the next call."""
        number = np.arange(tiles.start, tiles.stop)[:, None]
        for change, was, spots in self._spots:
            change.write(self._letters.ravel(), spots[: len(tiles)], was, number)
        return self._letters[: len(tiles)]


def _changed(column: pl.Series, change: Change, number: np.ndarray) -> pl.Series:
    """The column with some characters of each value changed; null and shorter values stay as they are."""
    array = column.to_arrow(compat_level=pl.CompatLevel.oldest())
    validity, ends, content = array.buffers()
    offsets = np.frombuffer(ends, dtype=np.int64, count=len(array) + 1, offset=array.offset * 8)
    letters = np.frombuffer(content, dtype=np.uint8).copy()
    spots, rows = change.spots(letters, offsets[:-1], offsets[1:])
    change.write(letters, spots, change.read(letters, spots), number[rows])
    fresh = pa.LargeStringArray.from_buffers(len(array), ends, pa.py_buffer(letters), validity, array.null_count)
    return pl.Series(column.name, pl.from_arrow(fresh))

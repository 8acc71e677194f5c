"""What looks personal in a text (phone, identity card), replaced by a word that says so.

What belongs here: the patterns and the replacement. What does not: which columns are personal (the contracts), hashing and the
rows that land (checks/personal.py).
"""

from __future__ import annotations

import polars as pl

MASKED = "（个人信息，不显示）"

# Between letters and digits it is part of a longer number: a hash, the number of a policy.
_PHONE = r"(^|[^0-9A-Za-z])(?:(?:\+|00)?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}($|[^0-9A-Za-z])"
_NAMED_PHONE = r"(?i)((?:tel|phone|mobile)[:：]?)1[3-9]\d[- ]?\d{4}[- ]?\d{4}($|[^0-9A-Za-z])"
_LANDLINE = r"(^|[^0-9A-Za-z])0\d{2,3}-\d{7,8}($|[^0-9A-Za-z-])"
_IDENTITY = r"(^|[^0-9A-Za-z])[1-9]\d{5}[- ]?(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[- ]?\d{3}[\dXx]($|[^0-9A-Za-z])"
MAY_BE_PERSONAL = r"1[3-9]\d[- ]?\d{4}[- ]?\d{4}|[1-9]\d{5}[- ]?\d{8}[- ]?\d{3}[\dXx]|0\d{2,3}-\d{7}"
"""What a text has that may hold a phone or an identity-card number: to leave all others alone."""


def masked(text: pl.Expr) -> pl.Expr:
    """Texts with everything that looks like a phone or an identity-card number replaced."""
    for pattern in (_IDENTITY, _PHONE, _NAMED_PHONE, _LANDLINE):
        # Twice: of two that share the blank between them, one pass takes every other.
        for _ in range(2):
            text = text.str.replace_all(pattern, f"${{1}}{MASKED}${{2}}")
    return text


def without_personal_values(text: str) -> str:
    """A single text, as `masked` masks a column."""
    return str(pl.select(masked(pl.lit(text))).item())

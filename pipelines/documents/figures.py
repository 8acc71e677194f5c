"""Figures as people read them: rounded half-up at the printed digits, from exact numbers.

What belongs here: percent, 万元, counts, the dash for what is unknown. What does not: computing them.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

DASH = "—"
Number = int | float | Decimal


def half_up(value: Number, digits: int) -> Decimal:
    """Rounded as an accountant does; a float is taken as it prints, not as it is stored in binary."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def divided(numerator: Number | None, denominator: Number | None) -> Decimal | None:
    """Numerator over denominator, exact enough to round; x/0 is unknown."""
    if numerator is None or not denominator:
        return None
    return Decimal(str(numerator)) / Decimal(str(denominator))


def percent(value: Number | None) -> str:
    """A fraction as percent with two decimals."""
    return DASH if value is None else f"{half_up(Decimal(str(value)) * 100, 2):,}%"


def wan(yuan: Number | None) -> str:
    """Yuan as 万元 with two decimals, from the unrounded sum."""
    return DASH if yuan is None else f"{half_up(Decimal(str(yuan)) / 10_000, 2):,}"


def shown(value: Number | None, unit: str) -> str:
    """A value of a metric with its unit: yuan in full, ratios as percent, marks with two decimals, counts whole."""
    if value is None:
        return DASH
    if unit == "比例":
        return percent(value)
    if unit == "元":
        return f"{half_up(value, 2):,} 元"
    if unit == "指数":
        return f"{half_up(value, 4)}"
    digits = 0 if half_up(value, 6) == half_up(value, 0) and unit != "分" else 2
    return f"{half_up(value, digits):,} {unit}"

"""Printed digits: rounded half-up from exact numbers."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.documents.figures import divided, half_up, percent, shown, wan


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [
        # 1/800 = 0.125 %, 3/800 = 0.375 %: half goes up, not to the even digit.
        (1, 800, "0.13%"), (3, 800, "0.38%"), (1, 3, "33.33%"), (2, 3, "66.67%"), (5, 5, "100.00%"), (0, 7, "0.00%"), (117_000, 230_000, "50.87%"),
    ],
)  # fmt: skip
def test_percent_rounds_half_up(numerator: int, denominator: int, text: str) -> None:
    assert percent(divided(numerator, denominator)) == text
    assert percent(numerator / denominator) == text


def test_nothing_over_nothing_is_a_dash() -> None:
    assert divided(0, 0) is None and divided(5, 0) is None and divided(None, 5) is None
    assert percent(None) == wan(None) == shown(None, "元") == "—"


def test_wan_is_taken_from_the_sum_of_yuan() -> None:
    # 12 345.00 yuan = 1.2345 万元 → 1.23; 50 yuan = 0.005 → 0.01; minus rounds away from zero alike.
    assert [wan(Decimal(yuan)) for yuan in ("12345.00", "50", "-50", "49.99", "230000")] == [
        "1.23",
        "0.01",
        "-0.01",
        "0.00",
        "23.00",
    ]


@given(st.integers(-(10**12), 10**12), st.integers(0, 4))
def test_half_up_equals_exact_arithmetic(cents: int, digits: int) -> None:
    scaled = abs(Fraction(cents, 100)) * 10**digits
    expected = int(scaled + Fraction(1, 2)) * (-1 if cents < 0 else 1)
    assert half_up(Decimal(cents) / 100, digits) == Decimal(expected).scaleb(-digits)

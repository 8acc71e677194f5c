"""Spellings of values, against hand-written tables and python-stdnum as the oracle for USCC."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from conftest import bundled
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as oracle
from stdnum.exceptions import ValidationError

from pipelines.feeds.contracts import contracts
from pipelines.ingest import normalise


def read(reader: normalise.Reader, *values: str | None) -> list[Any]:
    return normalise.read(pl.Series(values, dtype=pl.String), reader).to_list()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.50", "1234.50"), ("￥12万", "120000.00"), ("3.5亿", "350000000.00"), ("１２３", "123.00"), ("5元", "5.00"),
        ("-2.345", "-2.35"), ("1.005", "1.01"), ("2.675", "2.68"), ("12.", "12.00"), (".5", "0.50"), ("1 234", "1234.00"),
        ("约五千", None), ("1e5", None), ("1.2.3", None), ("--1", None),
    ],
)  # fmt: skip
def test_money_is_read_and_rounded_half_up(text: str, expected: str | None) -> None:
    assert read(normalise.to_money(), text) == [None if expected is None else Decimal(expected)]


def test_the_unit_of_a_cell_beats_the_unit_of_its_header() -> None:
    sent = ["1.5", "0.12345", "2万", "2.5万元", "30000元", "1,234"]
    read_as = ["15000.00", "1234.50", "20000.00", "25000.00", "30000.00", "12340000.00"]
    assert read(normalise.to_money(10_000), *sent) == [Decimal(number) for number in read_as]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-05-08", date(2023, 5, 8)), ("2023年5月8日", date(2023, 5, 8)), ("2023.5.8", date(2023, 5, 8)), ("2023/05/08", date(2023, 5, 8)),
        ("20230508", date(2023, 5, 8)), ("45054", date(2023, 5, 8)), ("2023-05-08 00:00:00", date(2023, 5, 8)), ("２０２３-０５-０８", date(2023, 5, 8)),
        ("2023-02-30", None), ("23-5-8", None), ("0203-01-01", None), ("明天", None), ("2023-13-01", None), ("99999999", None),
    ],
)  # fmt: skip
def test_dates(text: str, expected: date | None) -> None:
    assert read(normalise.to_date(), text) == [expected]


def test_moments() -> None:
    assert read(normalise.to_datetime(), "2023-05-08 14:30:00", "2023年5月8日 9:05", "45054.5", "2023-05-08T08:00", "2023-05-08 24:30") == [
        datetime(2023, 5, 8, 14, 30), datetime(2023, 5, 8, 9, 5), datetime(2023, 5, 8, 12), datetime(2023, 5, 8, 8), None,
    ]  # fmt: skip


def test_ratios_percent_fraction_or_bare() -> None:
    assert read(normalise.to_ratio(), "20%", "0.2", "20", "２０％", "1", "0.2%", "abc") == [
        Decimal("0.2"), Decimal("0.2"), Decimal("0.2"), Decimal("0.2"), Decimal(1), Decimal("0.002"), None,
    ]  # fmt: skip
    assert read(normalise.to_ratio(percent_header=True), "20", "0.5") == [Decimal("0.2"), Decimal("0.005")]


def test_whole_numbers_and_yes_no() -> None:
    assert read(normalise.to_int(), "12", "12.0", "12.5", "1,200", "100人") == [12, 12, None, 1200, 100]
    assert read(normalise.to_bool(), "是", "N", "√", "也许", None) == [True, False, True, None, None]


def test_identifiers_are_half_width_upper_case_without_blanks() -> None:
    assert read(normalise.identifier(), "Ｐ１", "p 1", "P1", None) == ["P1", "P1", "P1", None]


def test_district_by_code_name_city_and_dated_alias() -> None:
    codes = bundled().codes_of(contracts()["policy"].columns["district_code"])
    assert read(normalise.to_code(codes, date(2024, 1, 1)), "371081", "高区", "威海市环翠区", "3710z1", "市辖区", None) == [
        "371003", "371071", "371002", "3710Z1", None, None,
    ]  # fmt: skip
    # Before 文登 became a district its old code was not yet an alias.
    assert read(normalise.to_code(codes, date(2013, 1, 1)), "371081") == [None]


def valid(code: str) -> bool:
    return read(normalise.uscc(), code) == [code]


@given(st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXYIOSVZ", min_size=18, max_size=18))
def test_uscc_agrees_with_stdnum(code: str) -> None:
    # stdnum takes eighteen zeros for valid; a code of one repeated character is a placeholder here.
    assert valid(code) == (oracle.is_valid(code) and len(set(code)) > 1)


@given(
    st.integers(0, 10**9 - 1),
    st.sampled_from(["91", "92", "93", "12", "Y1"]),
    st.sampled_from(["371000", "310115", "110105"]),
)
def test_uscc_check_character(serial: int, head: str, region: str) -> None:
    body = f"{head}{region}{serial:09d}"
    try:
        check = oracle.calc_check_digit(body)
    except ValidationError:
        return
    assert valid(body + check)
    wrong = "0" if check != "0" else "1"
    assert not valid(body + wrong)


def test_uscc_is_normalised_but_never_guessed() -> None:
    assert read(normalise.uscc(), "９２３７１０００ma3jjyml8t", "92371000-MA3JJYML8T", "9237100OMA3JJYML8T", "9163010111111110TT") == [
        "92371000MA3JJYML8T", "92371000MA3JJYML8T", None, None,
    ]  # fmt: skip


def test_codes_that_excel_destroyed() -> None:
    """By share: where more than a third of the all-digit codes end in 000, all of these are damaged, and no others."""

    def damaged(*codes: str) -> list[bool]:
        return pl.DataFrame({"v": codes}).select(normalise.damaged_by_excel(pl.col("v"))).to_series().to_list()

    zeroed, whole = "913710001234567000", "913710001234567123"
    assert damaged("9.14E+17", "9E+17", zeroed) == [True, True, True]
    assert damaged(zeroed, whole) == [True, False]
    assert damaged(zeroed, whole, whole) == [False, False, False], "a third is not more than a third"
    assert damaged(zeroed, zeroed, whole, whole, whole) == [True, True, False, False, False]
    assert damaged("91371000MA3JJYML8T", zeroed, whole, whole) == [False] * 4, "codes with letters say nothing of it"
    assert damaged("105330039000123") == [False], "fifteen digits are kept"

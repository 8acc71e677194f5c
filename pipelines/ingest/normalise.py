"""Values as people type them → values of the warehouse.

What belongs here: one reader per column type, from text to a typed value where null means "cannot
be read". What does not: deciding what becomes of an unreadable value (checks).

All of it is set-based. A reader has two parts: an expression for the usual spelling, so that all
columns of a table are read in one pass over the text as it stands, and a forgiving function that is
given only the distinct values the first part could not read, cleaned.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl

from pipelines.feeds.reference import code_key, half_width

EARLIEST_YEAR, LATEST_YEAR = 1990, 2100
EXCEL_EPOCH = date(1899, 12, 30)

# What people write into a typed cell that has no value.
EMPTY_MARKS = ["-", "--", "—", "——", "/", "\\", "无", "N/A", "NA", "NULL", "null", "NaN", "nan", "None"]

FEW_VALUES = 1_000
"""Up to here a look-up in a dictionary is over before Polars has laid out its own: most files have a few rows."""

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def _uscc_terms() -> np.ndarray:
    """Place × byte → what the character adds to the check sum modulo 31; far below zero where it may not stand.

    A code is valid when its seventeen weighted characters and the check character add up to a multiple of 31.
    """
    terms = np.full((18, 256), -1_000, dtype=np.int16)
    for place in range(18):
        weight = pow(3, place, 31) if place < 17 else 1
        for value, character in enumerate(USCC_ALPHABET):
            if character.isdigit() or not 2 <= place <= 7:
                terms[place, ord(character)] = value * weight % 31
    return terms


_USCC_TERMS = _uscc_terms()


INVISIBLE = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufe0f\ufeff]"
"""Control characters but line ends and tab, and format characters nobody sees: two texts that differ in them look alike."""
OTHER_FORM = "[\u0300-\u036f\u2e80-\u2fdf\uf900-\ufaff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U0002f800-\U0002fa1f]"
"""Characters that Unicode has twice: combining marks, radicals, compatibility ideographs, full-width letters and digits. Texts
that differ in them are one (UAX 15). Full-width punctuation is how Chinese is written, and stays."""
LOOKALIKES = {
    chr(point): unicodedata.normalize("NFKC", chr(point))
    for points in (range(0x2E80, 0x2FE0), range(0xFF10, 0xFF1A), range(0xFF21, 0xFF3B), range(0xFF41, 0xFF5B))
    for point in points
    if unicodedata.normalize("NFKC", chr(point)) != chr(point)
}
"""Radicals and the ideographs they look like, which input methods and PDF files mix up; full-width letters and digits."""
TEXT_GUARD = r'^="([^"]*)"$'
"""How programs write a text so that Excel leaves it one."""
CELL_ERROR = r"^\s*(#(REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|N/A|SPILL!|CALC!|合并单元格|嵌套的值|文字过长，请从原文件复制)|=[+(-]*[$\w'].*)\s*$"
"""A cell without a value: an error of a workbook, a formula that nobody has computed, the lower part of a merged amount."""
NO_CHARACTER = "\ufffd"
"""Stands where the bytes of a file were no text."""
ODD = f"{INVISIBLE}|{OTHER_FORM}|{NO_CHARACTER}|^\\s*[#=]"
"""What any of these would show by: columns without it are as they look."""

BLANKS = " \t\r\n\u00a0\u3000\u200b\u200e\u200f\ufeff"


@dataclass(frozen=True)
class Reader:
    """How a column's text becomes typed values.

    `usual` reads the usual spelling (null for anything else), `forgiving` the distinct values left over.
    """

    dtype: pl.DataType
    usual: Callable[[pl.Expr], pl.Expr]
    forgiving: Callable[[pl.Series], pl.Series] | None = None


def clean(text: pl.Expr, empty_marks: bool) -> pl.Expr:
    """Text without blanks around it (full-width and zero-width ones too); empty is null.

    With `empty_marks`, what people write into a cell without a value is null as well.
    """
    bare = text.str.strip_chars(BLANKS)
    empty = bare.is_in(["", *EMPTY_MARKS]) if empty_marks else bare == ""
    return pl.when(~empty).then(bare)


def read_columns(
    text: pl.DataFrame, readers: dict[str, Reader], keep_marks: frozenset[str] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Text columns → typed columns, null where a value cannot be read, and the text of what could not be.

    Args:
        text: as sent. keep_marks: columns in which 无, N/A, - and the like are values.
    Returns:
        typed columns, and as many text columns: cleaned where the typed value is null (null: the cell is
        empty), as sent elsewhere.
    """
    typed = text.select(_usual(tuple(readers.items())))
    odd = [name for name in readers if text[name].null_count() != typed[name].null_count()]
    if not odd:
        return typed, text
    left_over = _left_over(text, typed, odd)
    # Columns that are read alike are looked at together: a table has few kinds of columns and many columns.
    groups: dict[tuple[int, bool], list[str]] = {}
    for name in odd:
        marks = keep_marks is None or name not in keep_marks
        groups.setdefault((id(readers[name]), marks), []).append(name)
    values: dict[str, pl.Series] = {}
    bare: dict[str, pl.Series] = {}
    for (_, marks), names in groups.items():
        found = _read_again(pl.concat([left_over[name][1].alias("sent") for name in names]), readers[names[0]], marks)
        start = 0
        for name in names:
            rows = left_over[name][0]
            part = found.slice(start, len(rows))
            start += len(rows)
            values[name] = _put(typed[name], rows, part["typed"])
            bare[name] = _put(text[name], rows, part["bare"])
    return typed.with_columns(values.values()), text.with_columns(bare.values())


@lru_cache(maxsize=4096)
def _usual(readers: tuple[tuple[str, Reader], ...]) -> list[pl.Expr]:
    """What reads the usual spelling of every column."""
    return [reader.usual(pl.col(name)).cast(reader.dtype).alias(name) for name, reader in readers]


def read(text: pl.Series, reader: Reader, empty_marks: bool = True) -> pl.Series:
    """One column; see read_columns."""
    return read_columns(pl.DataFrame({"v": text}), {"v": reader}, None if empty_marks else frozenset({"v"}))[0]["v"]


def _left_over(text: pl.DataFrame, typed: pl.DataFrame, names: list[str]) -> dict[str, tuple[pl.Series, pl.Series]]:
    """For each column the rows whose text could not be read, and those texts."""
    both = text.select(names).hstack(typed.select(pl.col(name).is_null().alias(f"unread:{name}") for name in names))
    unread = {name: pl.col(name).is_not_null() & pl.col(f"unread:{name}") for name in names}
    lists = both.select(
        *[where.arg_true().implode().alias(f"rows:{name}") for name, where in unread.items()],
        *[pl.col(name).filter(where).implode() for name, where in unread.items()],
    )
    return {name: (lists[f"rows:{name}"][0], lists[name][0]) for name in names}


def _read_again(sent: pl.Series, reader: Reader, marks: bool) -> pl.DataFrame:
    """Texts → `typed` and `bare` (cleaned) of each: the distinct ones are cleaned and put through both parts of the reader."""
    # What is typed before a number so that a workbook leaves it a text is none of it.
    bare = clean(pl.col("sent"), marks).str.replace(r"^['`]+", "").replace("", None)
    distinct = sent.unique().to_frame().with_columns(bare=bare)
    distinct = distinct.with_columns(typed=reader.usual(pl.col("bare")).cast(reader.dtype))
    if reader.forgiving is not None:
        odd = distinct.filter(pl.col("typed").is_null() & pl.col("bare").is_not_null())["bare"].unique()
        table = pl.DataFrame({"bare": odd, "slow": reader.forgiving(odd).cast(reader.dtype)})
        distinct = distinct.join(table, on="bare", how="left").with_columns(typed=pl.coalesce("typed", "slow"))
    return sent.to_frame().join(distinct, on="sent", how="left", maintain_order="left")


def _put(column: pl.Series, rows: pl.Series, values: pl.Series) -> pl.Series:
    """The column with other values in some rows."""
    return values.alias(column.name) if len(rows) == len(column) else column.clone().scatter(rows, values)


def plain_text() -> Reader:
    """Texts without blanks around them; an empty one is null."""
    return Reader(pl.String(), lambda text: clean(text, empty_marks=False))


def identifier() -> Reader:
    """Numbers of policies, claims, vouchers: half-width, upper case, no blanks inside, no guard before them."""
    return Reader(
        pl.String(),
        lambda text: pl.when(~text.str.contains(r"[^!-~]|[a-z]|^['`]") & text.str.contains(r"[1-9A-Z]{3}|\d")).then(
            text
        ),
        lambda odd: pl.DataFrame({"v": odd}).select(code_key(pl.col("v")).replace("", None)).to_series(),
    )


def uscc() -> Reader:
    """Unified social credit codes (统一社会信用代码); null where the code is not valid.

    Full-width becomes half-width, blanks and hyphens go, letters become upper case. Nothing is
    guessed: O stays O, I stays I (and fails). Codes of one repeated character are placeholders.

    Source: GB 32100-2015.
    """
    return Reader(pl.String(), lambda text: text.map_batches(_valid_as_sent, return_dtype=pl.String()), _valid_uscc)


def _valid_as_sent(codes: pl.Series) -> pl.Series:
    """Codes that are valid just as they were sent; null for all others."""
    return pl.DataFrame({"v": codes, "valid": _is_valid_uscc(codes)}).select(pl.when("valid").then("v")).to_series()


def _valid_uscc(text: pl.Series) -> pl.Series:
    codes = pl.DataFrame({"v": text}).select(code_key(pl.col("v")).str.replace_all("-", "")).to_series()
    return _valid_as_sent(codes)


def _is_valid_uscc(codes: pl.Series) -> pl.Series:
    """Whether each code has the form and the check character of GB 32100, and is no placeholder of one repeated character."""
    shaped = (codes.str.len_bytes() == 18).fill_null(False)
    valid = np.zeros(len(codes), dtype=bool)
    if shaped.any():
        letters = np.frombuffer(codes.filter(shaped).str.join("").item().encode(), dtype=np.uint8).reshape(-1, 18)
        total = np.zeros(len(letters), dtype=np.int16)
        for place in range(18):
            total += _USCC_TERMS[place].take(letters[:, place])
        holds = (total >= 0) & (total % 31 == 0)
        alike = np.flatnonzero(holds & (letters[:, 0] == letters[:, 17]))
        holds[alike] = (letters[alike] != letters[alike, :1]).any(axis=1)
        valid[shaped.to_numpy()] = holds
    return pl.Series(valid)


LIKE_A_NUMBER = r"^\d[\d.．EeＥｅ+]*$"
"""What a code must look like before it is worth asking whether Excel damaged it."""


def damaged_by_excel(text: pl.Expr, file: pl.Expr | None = None) -> pl.Expr:
    """Codes whose digits Excel lost: `9.14E+17`, or the last ones of 18 and more zeroed.

    A number keeps 15 digits in a workbook; a cell that is one and longer is read with an exponent (worksheet_xml.py). Saved as
    text, its last digits are zeros. A code may rightly look so: they count as damaged where more than a third of the column's
    all-digit codes do, so that a few whole ones beside them change nothing (trust.md 6).

    Args:
        file: which file a row is of, where rows of several stand together.
    """
    exponent = text.str.contains(r"^\d([.．]\d+)?[EeＥｅ]\+?\d{2}$").fill_null(False)
    all_digits = text.str.contains(r"^\d{18,}$").fill_null(False)
    zeroed = text.str.contains(r"^\d{15,}000$").fill_null(False)
    share = zeroed.sum() * 3 > all_digits.sum()
    return exponent | (zeroed & (share if file is None else share.over(file)))


def _day(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """A date, or null where there is no such day."""
    text = pl.concat_str(year, month.str.zfill(2), day.str.zfill(2), separator="-")
    return text.str.to_date("%Y-%m-%d", strict=False)


def _in_years(values: pl.Expr) -> pl.Expr:
    return pl.when(values.dt.year().is_between(EARLIEST_YEAR, LATEST_YEAR)).then(values)


_TIME = (
    r"(?:(?P<midnight>零[时点](?:整)?)|(?P<hour>[0-9]{1,2})(?:[时点](?:整)?|[:时点](?P<minute>[0-9]{1,2})分?"
    r"|[:时点](?P<second_minute>[0-9]{1,2})[:分](?P<second>[0-9]{1,2})(?:\.[0-9]+)?秒?))"
)
_MOMENT = (
    r"^(?P<year>[0-9]{4})[-/.年](?P<month>[0-9]{1,2})[-/.月](?P<day>[0-9]{1,2})日?(?:[T ]*"
    + _TIME
    + r"(?: ?(?P<zone>Z|z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?))?)?$"
)
_COMPACT = r"^(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?:[T ]?(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?)?$"
DAY_SECONDS = 86_400


def _any_moment(text: pl.Series) -> pl.DataFrame:
    """Every spelling of a date or a moment that occurs in files: `day` and `seconds` of the day, in China's time; one with a zone is
    converted. 24:00 is 86 400 seconds of its day."""
    frame = pl.DataFrame({"v": text}).with_columns(half_width(pl.col("v")).str.strip_chars())
    full, compact = pl.col("v").str.extract_groups(_MOMENT).struct, pl.col("v").str.extract_groups(_COMPACT).struct

    def number(part: pl.Expr) -> pl.Expr:
        return part.cast(pl.Int64).fill_null(0)

    minute = pl.coalesce(full.field("minute"), full.field("second_minute"))
    seconds = number(full.field("hour")) * 3600 + number(minute) * 60 + number(full.field("second"))
    is_time = (number(minute) < 60) & (number(full.field("second")) < 60) & (seconds <= DAY_SECONDS)
    seconds_compact = sum(
        number(compact.field(name)) * unit for name, unit in (("hour", 3600), ("minute", 60), ("second", 1))
    )
    serial = pl.when(pl.col("v").str.contains(r"^[0-9]{5}(\.[0-9]+)?$")).then(
        pl.col("v").cast(pl.Float64, strict=False)
    )
    serial_seconds = (serial * DAY_SECONDS).round(0).cast(pl.Int64)
    # A stamp with a zone is converted to China's time, eight hours ahead of UTC; without one it is China's already.
    zone = full.field("zone").str.extract_groups(r"^([+-])([0-9]{2}):?([0-9]{2})?$").struct
    ahead = (number(zone.field("2")) * 60 + number(zone.field("3"))) * pl.when(zone.field("1") == "-").then(
        -1
    ).otherwise(1)
    to_china = pl.when(full.field("zone").is_null()).then(0).otherwise(8 * 60 - ahead.fill_null(0)) * 60
    frame = frame.select(
        day=pl.coalesce(
            _day(full.field("year"), full.field("month"), full.field("day")),
            _day(compact.field("year"), compact.field("month"), compact.field("day")),
            pl.lit(EXCEL_EPOCH) + pl.duration(days=serial_seconds // DAY_SECONDS),
        ),
        seconds=pl.coalesce(
            pl.when(full.field("year").is_not_null()).then(pl.when(is_time).then(seconds).otherwise(-1)),
            pl.when(compact.field("year").is_not_null()).then(
                pl.when(seconds_compact <= DAY_SECONDS).then(seconds_compact).otherwise(-1)
            ),
            serial_seconds % DAY_SECONDS,
        ),
        shift=to_china,
    )
    shifted = pl.col("day").cast(pl.Datetime("us")) + pl.duration(seconds=pl.col("seconds") + pl.col("shift"))
    frame = frame.with_columns(
        day=pl.when(pl.col("seconds") >= 0).then(
            pl.when(pl.col("shift") == 0).then("day").otherwise(shifted.dt.date())
        ),
        seconds=pl.when(pl.col("shift") == 0)
        .then("seconds")
        .otherwise((pl.col("seconds") + pl.col("shift")) % DAY_SECONDS),
    )
    return frame.select(_in_years(pl.col("day")), "seconds")


def to_date() -> Reader:
    """Dates: `2023-05-08`, `2023年5月8日`, `2023.5.8`, `20230508`, Excel serial days; a time of day is cut off (24:00 is of its day)."""
    return Reader(
        pl.Date(),
        lambda text: _in_years(text.str.replace_all("/", "-", literal=True).str.to_date("%Y-%m-%d", strict=False)),
        lambda odd: _any_moment(odd)["day"],
    )


def to_month() -> Reader:
    """Months as `2026-10`: `2026年10月`, `202610`, `2026/10`, any day of it; a quarter (`2026Q3`, `2026年三季度`) is its last month."""
    return Reader(
        pl.String(),
        lambda text: pl.when(text.str.contains(r"^(199\d|20\d\d|2100)-(0[1-9]|1[0-2])$")).then(text),
        _any_month,
    )


def _any_month(text: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"v": text}).with_columns(half_width(pl.col("v")).str.strip_chars())
    quarters = {"一": "1", "二": "2", "三": "3", "四": "4"}
    spelled = pl.col("v").str.extract_groups(r"^(\d{4})(?:[-/.年 ](\d{1,2})|(\d{2}))(?:月份?)?$").struct
    quarter = (
        pl.col("v")
        .str.replace_many(quarters)
        .str.extract_groups(r"^(\d{4})[-年 ]*(?:[Qq]|第)?([1-4])(?:季度)?$")
        .struct
    )
    named = pl.col("v").str.contains("[Qq季]")
    of_quarter = pl.when(named).then(
        _day(quarter.field("1"), (quarter.field("2").cast(pl.Int64) * 3).cast(pl.String), pl.lit("1"))
    )
    of_month = _day(spelled.field("1"), pl.coalesce(spelled.field("2"), spelled.field("3")), pl.lit("1"))
    frame = frame.with_columns(day=_any_moment(text)["day"])
    return frame.select(_in_years(pl.coalesce(of_quarter, of_month, "day")).dt.strftime("%Y-%m")).to_series()


def to_datetime() -> Reader:
    """Moments in China time; a bare date is its midnight, 24:00 that of the next day."""
    return Reader(
        pl.Datetime("us"),
        lambda text: _in_years(text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")),
        lambda odd: (
            _any_moment(odd)
            .select(pl.col("day").cast(pl.Datetime("us")) + pl.duration(seconds=pl.col("seconds")))
            .to_series()
        ),
    )


# Digits, in groups of three where a comma or a blank stands between any of them.
_DIGITS = r"(?:\d{1,18}|\d{1,3}(?:,\d{3}){1,5}|\d{1,3}(?: \d{3}){1,5})"


MONEY, COUNTED, BARE = "(元|圆)?整?", "(人|名|次|家|个|起|项|处|条|件)?", "()"
"""What may stand behind a number: another kind's word says that it is a number of something else."""


def _any_number(text: pl.Series, of: str, unit: int = 1) -> pl.Series:
    """Every spelling of a number: groups of three digits, currency signs, 万, 亿, units behind it. Decimal(38, 8).

    A comma anywhere else is a decimal comma, or none knows what, and makes it no number (trust.md 6).

    Args:
        of: what may stand behind it.
        unit: what one is of, where the cell does not say so itself: its own unit (元, 万元) counts, never both.
    """
    bare = half_width(pl.col("v"))
    if of == MONEY:
        bare = bare.str.replace_all(r"¥|RMB|人民币|CNY", "")
    bare = bare.str.strip_chars()
    part = bare.str.extract_groups(
        r"^([+-]?)\s*(" + _DIGITS + r"(?:\.\d*)?|\.\d+)\s*(千|万|百万|亿)?\s*" + of + "$"
    ).struct
    digits = part.field("2").str.replace_all("[, ]", "").str.strip_suffix(".")
    number = (part.field("1").replace("+", "") + digits).cast(pl.Decimal(38, 8), strict=False)
    own = part.field("3").replace_strict(
        {"千": 1_000, "万": 10_000, "百万": 1_000_000, "亿": 100_000_000}, default=None, return_dtype=pl.Int64
    )
    unit_of = pl.coalesce(own, pl.when(part.field("4").is_in(["元", "圆"])).then(1), pl.lit(unit))
    return (
        pl.DataFrame({"v": text}).select(number * unit_of.cast(pl.Decimal(38, 0))).to_series().cast(pl.Decimal(38, 8))
    )


def _half_up(values: pl.Series, scale: int, target: pl.DataType) -> pl.Series:
    """Rounded half-up (away from zero) at `scale` digits."""
    return values.round(scale, mode="half_away_from_zero").cast(target, strict=False)


def to_money(unit: int = 1) -> Reader:
    """Yuan, Decimal(18, 2), rounded half-up; `unit`: of numbers that name none, 10 000 under a （万元） header."""
    target = pl.Decimal(18, 2)
    return Reader(
        target,
        lambda text: (
            pl.when((unit == 1) & text.str.contains(r"^-?\d{1,15}(\.\d{1,2})?$")).then(text).cast(target, strict=False)
        ),
        lambda odd: _half_up(_any_number(odd, MONEY, unit), 2, target),
    )


def to_decimal() -> Reader:
    """Plain numbers, Decimal(18, 6)."""
    target = pl.Decimal(18, 6)
    return Reader(
        target,
        lambda text: pl.when(text.str.contains(r"^-?\d{1,12}(\.\d{1,6})?$")).then(text).cast(target, strict=False),
        lambda odd: _half_up(_any_number(odd, BARE), 6, target),
    )


def to_int() -> Reader:
    """Whole numbers; 12.0 is 12, 12.5 is not a whole number."""

    def forgiving(odd: pl.Series) -> pl.Series:
        number = pl.DataFrame({"v": _any_number(odd, COUNTED)})
        return number.select(
            pl.when(pl.col("v") == pl.col("v").round(0)).then("v").cast(pl.Int64, strict=False)
        ).to_series()

    return Reader(
        pl.Int64(),
        lambda text: pl.when(text.str.contains(r"^-?\d{1,18}$")).then(text).cast(pl.Int64, strict=False),
        forgiving,
    )


def to_ratio(percent_header: bool = False) -> Reader:
    """Fractions 0..1, Decimal(9, 6): `20%`, `0.2` and `20` are all 0.2.

    A bare number above 1 is a percentage; under a （%） header every number is.
    """
    target = pl.Decimal(9, 6)

    def forgiving(odd: pl.Series) -> pl.Series:
        sign = odd.str.contains(r"[%％]\s*$")
        number = _any_number(odd.str.replace(r"[%％]\s*$", ""), BARE)
        frame = pl.DataFrame({"v": number, "percent": sign | percent_header | (number > 1)})
        fraction = frame.select(pl.when("percent").then(pl.col("v") / 100).otherwise("v").cast(pl.Decimal(38, 8)))
        return _half_up(fraction.to_series(), 6, target)

    def usual(text: pl.Expr) -> pl.Expr:
        fraction = pl.when((not percent_header) & text.str.contains(r"^0\.\d{1,6}$")).then(text)
        percent = pl.when(text.str.contains(r"^\d{1,2}%$")).then(text.str.strip_suffix("%"))
        return pl.coalesce(
            fraction.cast(target, strict=False),
            (percent.cast(pl.Decimal(9, 6), strict=False) / 100).cast(target, strict=False),
        )

    return Reader(target, usual, forgiving)


_BOOL_WORDS = {
    "是": True, "有": True, "Y": True, "YES": True, "TRUE": True, "1": True, "√": True,
    "否": False, "没有": False, "N": False, "NO": False, "FALSE": False, "0": False, "×": False,
}  # fmt: skip


def to_bool() -> Reader:
    """是/否 and what stands for it."""

    return _looked_up(pl.Series(list(_BOOL_WORDS)), pl.Series(list(_BOOL_WORDS.values())))


def to_code(codes: pl.DataFrame, received: date) -> Reader:
    """The code that a text stands for in a code list (`key`, `code`, `valid_from`, `valid_to`).

    Dated aliases hold for files received while they are valid.
    """
    in_force = codes.filter(
        (pl.col("valid_from").is_null() | (pl.col("valid_from") <= received))
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= received))
    ).unique("key", keep="first", maintain_order=True)
    return _looked_up(in_force["key"], in_force["code"])


def _looked_up(keys: pl.Series, values: pl.Series) -> Reader:
    """Texts that stand in a list of keys, as their values."""
    known = dict(zip(keys.to_list(), values.to_list(), strict=True))

    def look_up(text: pl.Series) -> pl.Series:
        if len(text) <= FEW_VALUES:
            return pl.Series(text.name, [known.get(value) for value in text.to_list()], dtype=values.dtype)
        return text.replace_strict(keys, values, default=None, return_dtype=values.dtype)

    return Reader(
        values.dtype,
        lambda text: text.map_batches(look_up, return_dtype=values.dtype),
        lambda odd: look_up(pl.DataFrame({"v": odd}).select(code_key(pl.col("v"))).to_series()),
    )

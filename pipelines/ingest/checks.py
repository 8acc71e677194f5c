"""Applying a contract to the rows of one sheet.

What belongs here: normalising every column, the general rules (required, types, ranges, codes,
who may send what) and the feed's own rules, exact duplicates. What does not: spelling of values
(normalise.py), reading files (readers.py), rules over several feeds (dbt).

Every row that comes in goes out exactly once: accepted, quarantined or an exact duplicate.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

import numpy as np
import polars as pl

from pipelines.feeds.contracts import Column, Contract, contracts, general_rules
from pipelines.feeds.reference import Provider, allowed_values, codes_of, districts_of
from pipelines.ingest import normalise
from pipelines.ingest.readers import MAY_BE_NO_DATA, NOT_DATA, HeaderCell, Sheet

# One line per problem found: rejected rows and warnings alike.
ISSUE_SCHEMA: dict[str, pl.DataType] = {
    "sheet": pl.String(),
    "line_no": pl.Int64(),
    "record_key": pl.String(),
    "rule_code": pl.String(),
    "severity": pl.String(),
    "column_name": pl.String(),
    "raw_value": pl.String(),
    "message": pl.String(),
}
LONGEST_RAW_VALUE = 200
CODES_SHOWN = 12


@dataclass(frozen=True)
class Checked:
    """What became of the rows of a sheet. rows_in = accepted + rows_quarantined + rows_duplicate."""

    accepted: pl.DataFrame
    issues: pl.DataFrame
    rows_in: int
    rows_quarantined: int
    rows_duplicate: int


@dataclass(frozen=True)
class Sender:
    """Who sent the file and on which day it was received."""

    provider: Provider
    received: date


@dataclass(frozen=True)
class _Problem:
    """One thing that may be wrong: `broken` is true for the rows that have it.

    Expressions see the typed columns by name and the text as sent as `raw:<name>`.
    """

    broken: pl.Expr
    rule_code: str
    severity: str
    column: str
    message: pl.Expr
    about: Literal["value", "empty cell", "unread cell"] = "value"

    def may_occur(self, frame: pl.DataFrame) -> bool:
        """False where the numbers of empty cells, which are known without looking, rule it out."""
        if self.about == "value":
            return True
        empty = frame[f"raw:{self.column}"].null_count()
        return empty > 0 if self.about == "empty cell" else empty != frame[self.column].null_count()


def check(sheet: Sheet, contract: Contract, sender: Sender, hash_personal: Callable[[pl.Series], pl.Series]) -> Checked:
    """Rows of one sheet against the contract.

    Args:
        hash_personal: keyed hash, text column to text column.
    Returns:
        accepted rows in the contract's landing schema (without file_id), and every issue.
    """
    lines, accepted, issues = _checked(sheet, contract, sender, hash_personal)
    quarantined = _rejected(issues).len()
    return Checked(accepted, issues, len(lines), quarantined, len(lines) - accepted.height - quarantined)


FILE_LINES = 1 << 40
"""More lines than any file has. Where rows of several files stand together, a row's line number is counted on from its
file's place times this."""


def check_together(
    sheets: list[Sheet], contract: Contract, sender: Sender, hash_personal: Callable[[pl.Series], pl.Series]
) -> list[Checked]:
    """Sheets of different files with one header, as `check` would check each of them.

    A query takes its millisecond for ten rows as for ten thousand, and most files have a few rows.
    """
    places = np.arange(len(sheets), dtype=np.int64)
    rows = pl.concat([sheet.rows for sheet in sheets], rechunk=True)
    offsets = pl.Series(np.repeat(places * FILE_LINES, [sheet.rows.height for sheet in sheets]))
    rows = rows.with_columns(line_no=pl.col("line_no") + offsets)
    together = replace(sheets[0], rows=rows, several_files=True)
    lines, accepted, issues = _checked(together, contract, sender, hash_personal)
    rejected = _rejected(issues)

    def per_file(numbers: pl.Series) -> np.ndarray:
        return np.bincount(numbers.to_numpy() // FILE_LINES, minlength=len(sheets))

    rows_in, good, bad = per_file(lines), per_file(accepted["line_no"]), per_file(rejected)
    with_issues = set(np.flatnonzero(per_file(issues["line_no"])).tolist())
    accepted = accepted.with_columns(pl.col("line_no") % FILE_LINES)
    starts = np.cumsum(good) - good
    return [
        Checked(
            accepted[int(starts[place]) : int(starts[place] + good[place])],
            _of_file(issues, place) if place in with_issues else issues.clear(),
            int(rows_in[place]),
            int(bad[place]),
            int(rows_in[place] - good[place] - bad[place]),
        )
        for place in places.tolist()
    ]


def _of_file(rows: pl.DataFrame, place: int) -> pl.DataFrame:
    found = rows.filter(pl.col("line_no") // FILE_LINES == place)
    return found.with_columns(pl.col("line_no") % FILE_LINES)


def _checked(
    sheet: Sheet, contract: Contract, sender: Sender, hash_personal: Callable[[pl.Series], pl.Series]
) -> tuple[pl.Series, pl.DataFrame, pl.DataFrame]:
    """Line numbers of the rows that carry data, the accepted ones of these, the issues."""
    rows = _data_rows(sheet)
    day = reading_day(contract.feed, sender.received)
    readers = _readers(contract.feed, tuple(sheet.header), day)
    typed, text = normalise.read_columns(_text_columns(sheet, rows, contract), readers, _with_marks(contract.feed))
    raw = [text[name].alias(f"raw:{name}") for name in contract.columns]
    # Side by side, without a query: a night has thousands of files of a few rows.
    frame = typed.hstack(
        [*raw, _constant("sheet", sheet.name, rows.height), rows["line_no"], rows["ragged"], _extra(sheet, rows)]
    )
    frame, damaged = _with_damaged_codes(frame, contract, sheet)
    rules = _rules(contract.feed, damaged, day, sender.provider, len(sheet.header))
    issues = _mask_personal(_issues(frame, rules, contract, hash_personal), contract)
    rejected = _rejected(issues)
    accepted = frame[[*contract.columns, "sheet", "line_no", "extra"]]
    if rejected.len():
        accepted = accepted.filter(~pl.col("line_no").is_in(rejected.implode()))
    accepted = _without_duplicates(accepted, contract, sheet.several_files)
    for name, column in contract.columns.items():
        if column.many:
            accepted = accepted.with_columns(_separated(accepted[name]))
        if column.personal:
            accepted = accepted.with_columns(_hashed(accepted[name], column.many, hash_personal))
    return rows["line_no"], accepted, issues


def _rejected(issues: pl.DataFrame) -> pl.Series:
    """Line numbers of the rows that are not accepted."""
    return issues.filter(pl.col("severity") == "reject")["line_no"].unique() if issues.height else issues["line_no"]


SEPARATORS = r"[/、，,；;\s]"


def _separated(values: pl.Series) -> pl.Series:
    """Several values of one cell with 、 between them, whatever the sender put there."""
    if not values.str.contains(SEPARATORS).any():
        return values
    apart = pl.col(values.name).str.replace_all(f"{SEPARATORS}+", "、").str.strip_chars("、")
    return values.to_frame().select(apart.replace("", None)).to_series()


def _hashed(values: pl.Series, many: bool, hash_personal: Callable[[pl.Series], pl.Series]) -> pl.Series:
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


def _constant(name: str, value: str | None, height: int) -> pl.Series:
    return pl.Series(name, [value], dtype=pl.String).new_from_index(0, height)


def _text_columns(sheet: Sheet, rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """The contract's columns as sent; null columns where the sheet has none."""
    places = {cell.column: f"c{place}" for place, cell in enumerate(sheet.header) if cell.column}
    return pl.DataFrame(
        [
            rows[places[name]].alias(name) if name in places else _constant(name, None, rows.height)
            for name in contract.columns
        ]
    )


@lru_cache
def _turning_days(feed: str) -> list[date]:
    """The days from which on a file of this feed is read otherwise than one of the day before."""
    days = set()
    for column in contracts()[feed].columns.values():
        if column.since:
            days.add(column.since)
        if column.codes is not None:
            codes = codes_of(column)
            days |= {*codes["valid_from"].drop_nulls(), *(codes["valid_to"].drop_nulls() + timedelta(days=1))}
    return sorted(days)


def reading_day(feed: str, received: date) -> date:
    """The first of the days on which a file is read as on `received`: what is made ready for one serves all of them."""
    days = _turning_days(feed)
    place = bisect_right(days, received)
    return days[place - 1] if place else date.min


@lru_cache
def _with_marks(feed: str) -> frozenset[str]:
    """Columns in which 无, N/A and the like are values."""
    return frozenset(name for name, column in contracts()[feed].columns.items() if column.type in ("text", "code"))


@lru_cache(maxsize=4096)
def _readers(feed: str, header: tuple[HeaderCell, ...], day: date) -> dict[str, normalise.Reader]:
    """How each column of the contract is read, given the sheet's header."""
    contract = contracts()[feed]
    headers = {cell.column: cell for cell in header if cell.column}
    return {
        name: _reader(name, column, headers.get(name, HeaderCell(name, column.title)), day, contract)
        for name, column in contract.columns.items()
    }


def _reader(name: str, column: Column, cell: HeaderCell, day: date, contract: Contract) -> normalise.Reader:
    """How a column is read, given its type and its header."""
    if column.type == "text":
        is_identifier = name in contract.key or name.endswith("_no")
        return normalise.identifier() if is_identifier else normalise.plain_text()
    if column.type == "code":
        return _code_reader(contract.feed, name, day)
    if column.type == "money":
        return normalise.to_money(10_000 if cell.in_wan else 1)
    if column.type == "ratio":
        return normalise.to_ratio(cell.percent)
    return _PLAIN_READERS[column.type]


@lru_cache(maxsize=4096)
def _code_reader(feed: str, name: str, day: date) -> normalise.Reader:
    return normalise.to_code(codes_of(contracts()[feed].columns[name]), day)


_PLAIN_READERS = {
    "uscc": normalise.uscc(),
    "date": normalise.to_date(),
    "datetime": normalise.to_datetime(),
    "int": normalise.to_int(),
    "decimal": normalise.to_decimal(),
    "bool": normalise.to_bool(),
}

_UNREADABLE = {
    "uscc": "bad_uscc",
    "code": "unknown_code",
    "bool": "unknown_code",
    "date": "bad_date",
    "datetime": "bad_date",
    "int": "bad_number",
    "decimal": "bad_number",
    "money": "bad_number",
    "ratio": "bad_number",
}


def _with_damaged_codes(frame: pl.DataFrame, contract: Contract, sheet: Sheet) -> tuple[pl.DataFrame, frozenset[str]]:
    """Marks codes that Excel turned into numbers, in the columns where any value looks like a number at all."""
    coded = [
        name
        for name, column in contract.columns.items()
        if column.type == "uscc" or name in contract.key or name.endswith("_no")
    ]
    like_numbers = frame.select(
        pl.col(f"raw:{name}").str.contains(normalise.LIKE_A_NUMBER).any().alias(name) for name in coded
    )
    columns = [name for name in coded if like_numbers[name][0]]
    if not columns:
        return frame, frozenset()
    file = pl.col("line_no") // FILE_LINES if sheet.several_files else None
    marked = frame.with_columns(
        normalise.damaged_by_excel(pl.col(f"raw:{name}"), sheet.from_workbook, file).alias(f"damaged:{name}")
        for name in columns
    )
    return marked, frozenset(columns)


def _general(broken: pl.Expr, rule_code: str, name: str, column: Column, provider_name: str = "") -> _Problem:
    """A rule that holds for every feed; a lenient column's value is dropped with a warning."""
    if column.lenient:
        rule_code = "lenient_value"
    message = _general_message(rule_code, name, column, provider_name)
    return _Problem(broken, rule_code, general_rules()[rule_code].severity, name, message)


@dataclass(frozen=True)
class _Rules:
    """Everything that may be wrong with a row, and the query that tells what of it occurs."""

    problems: list[_Problem]
    conditions: list[pl.Expr]
    occurs: list[pl.Expr]


@lru_cache(maxsize=4096)
def _rules(feed: str, damaged: frozenset[str], day: date, provider: Provider, width: int) -> _Rules:
    contract = contracts()[feed]
    problems = [
        *_value_problems(feed, damaged, day),
        *_scope_problems(contract, provider),
        *(
            _Problem(pl.sql_expr(rule.where), rule.code, rule.severity, rule.column, _filled(rule.message))
            for rule in contract.rules
        ),
        _ragged_problem(width),
    ]
    conditions = [problem.broken.fill_null(False) for problem in problems]
    return _Rules(
        problems, conditions, [condition.any().alias(str(place)) for place, condition in enumerate(conditions)]
    )


@lru_cache(maxsize=1024)
def _value_problems(feed: str, damaged_columns: frozenset[str], day: date) -> list[_Problem]:
    """Unreadable, missing and out-of-range values."""
    problems = []
    contract = contracts()[feed]
    for name, column in contract.columns.items():
        raw, value = pl.col(f"raw:{name}"), pl.col(name)
        damaged = pl.col(f"damaged:{name}") if name in damaged_columns else pl.lit(False)
        if name in damaged_columns:
            problems.append(_general(damaged, "damaged_code", name, column))
        if column.type in _UNREADABLE:
            problems.append(
                replace(
                    _general(raw.is_not_null() & value.is_null() & ~damaged, _UNREADABLE[column.type], name, column),
                    about="unread cell",
                )
            )
        if column.required and (column.since is None or day >= column.since):
            problems.append(replace(_general(raw.is_null(), "missing_value", name, column), about="empty cell"))
        if column.min is not None:
            problems.append(_general(value < column.min, "out_of_range", name, column))
        if column.max is not None:
            problems.append(_general(value > column.max, "out_of_range", name, column))
    return problems


def _scope_problems(contract: Contract, provider: Provider) -> list[_Problem]:
    """A sender may only speak for itself (feeds.md, Delivery)."""
    problems = []
    for name in contract.provider_scope:
        own = provider.owns(name)
        if own is not None:
            allowed = [own]
        elif name == "district_code" and provider.jurisdiction:
            allowed = districts_of(provider.jurisdiction)
        else:
            continue
        foreign = ~pl.col(name).is_in(allowed)
        problems.append(_general(foreign, "provider_mismatch", name, contract.columns[name], provider.name))
    return problems


def _ragged_problem(width: int) -> _Problem:
    rule = general_rules()["ragged_row"]
    return _Problem(pl.col("ragged"), "ragged_row", rule.severity, "", pl.lit(rule.message.format(expected=width)))


def _issues(
    frame: pl.DataFrame, rules: _Rules, contract: Contract, hash_personal: Callable[[pl.Series], pl.Series]
) -> pl.DataFrame:
    """Every problem that occurs, a row of ISSUE_SCHEMA each. One pass tells which occur at all."""
    possible = [place for place, problem in enumerate(rules.problems) if problem.may_occur(frame)]
    occurs = frame.select(rules.occurs[place] for place in possible).row(0) if frame.height else ()
    broken = [place for place, does in zip(possible, occurs, strict=False) if does]
    if not broken:
        return pl.DataFrame(schema=ISSUE_SCHEMA)
    conditions = rules.conditions
    frame = frame.filter(pl.any_horizontal(conditions[place] for place in broken))
    frame = frame.with_columns(_record_key=_record_keys(frame, contract, hash_personal))
    found = []
    for place in broken:
        problem = rules.problems[place]
        raw_value = pl.col(f"raw:{problem.column}") if problem.column else pl.lit(None, pl.String)
        found.append(
            frame.filter(conditions[place])
            .select(
                "sheet",
                "line_no",
                record_key="_record_key",
                rule_code=pl.lit(problem.rule_code),
                severity=pl.lit(problem.severity),
                column_name=pl.lit(problem.column),
                raw_value=raw_value.str.slice(0, LONGEST_RAW_VALUE),
                message=problem.message,
            )
            .cast(dict(ISSUE_SCHEMA))  # type: ignore[arg-type]
        )
    return pl.concat(found)


def _record_keys(frame: pl.DataFrame, contract: Contract, hash_personal: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The record's key as text, key columns joined by |; personal ones hashed, optional ones may be empty."""
    parts = []
    for name in contract.key:
        part = frame.select(pl.coalesce(pl.col(name).cast(pl.String), pl.col(f"raw:{name}")).alias(name)).to_series()
        if contract.columns[name].personal:
            part = hash_personal(part)
        if name in contract.optional_key:
            part = part.fill_null("")
        parts.append(part.alias(name))
    return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator="|")).to_series()


def _data_rows(sheet: Sheet) -> pl.DataFrame:
    """Rows that carry data: not blank, not a 合计 line below the table, not a template's example row."""
    # What the first cell begins with tells for nearly all rows that they are records.
    doubtful = (pl.col("c0").is_null() | pl.col("c0").str.contains(MAY_BE_NO_DATA)).fill_null(True)
    places = sheet.rows.select(doubtful.arg_true()).to_series() if "c0" in sheet.rows.columns else pl.Series([])
    if places.is_empty():
        return sheet.rows
    cells = [name for name in sheet.rows.columns if name not in ("line_no", "ragged")]
    filled = (pl.when(pl.col(cell).str.strip_chars() != "").then(pl.col(cell)) for cell in cells)
    first_value = sheet.rows[places].select(pl.coalesce(filled)).to_series()
    no_data = places.filter(first_value.is_null() | first_value.str.contains(NOT_DATA))
    return sheet.rows.filter(~pl.int_range(pl.len()).is_in(no_data.implode())) if len(no_data) else sheet.rows


def _extra(sheet: Sheet, rows: pl.DataFrame) -> pl.Series:
    """Columns the contract does not know, kept aside as JSON text."""
    places: dict[str, str] = {}
    for place, cell in enumerate(sheet.header):
        if cell.column is None and cell.text and f"c{place}" in rows.columns:
            # The same header twice: the later one is told apart by its place.
            places[f"c{place}"] = cell.text if cell.text not in places.values() else f"{cell.text}（第{place + 1}列）"
    if not places or rows.is_empty():
        return _constant("extra", None, rows.height)
    return rows.select(extra=pl.struct(pl.col(cell).alias(text) for cell, text in places.items()).struct.json_encode())[
        "extra"
    ]


def _expected(column: Column) -> str:
    if column.type == "bool":
        return "是、否"
    if column.codes is not None:
        values = allowed_values(column)
        return "、".join(values[:CODES_SHOWN]) + ("……" if len(values) > CODES_SHOWN else "")
    low = "" if column.min is None else f"不小于 {column.min:g}"
    high = "" if column.max is None else f"不大于 {column.max:g}"
    return "，".join(bound for bound in (low, high) if bound)


def _general_message(rule_code: str, name: str, column: Column, provider_name: str) -> pl.Expr:
    """A general rule's message; {value} becomes the raw value of the row."""
    template = general_rules()[rule_code].message
    fixed = {"title": column.title, "expected": _expected(column), "provider_name": provider_name}
    text = re.sub(r"\{(title|expected|provider_name)\}", lambda match: fixed[match.group(1)], template)
    return _filled(text, {"value": f"raw:{name}"})


def _filled(template: str, columns: dict[str, str] | None = None) -> pl.Expr:
    """A message with its {placeholders} replaced by the row's columns."""
    parts = re.split(r"\{(\w+)\}", template)
    pieces = [
        pl.lit(part) if place % 2 == 0 else pl.col((columns or {}).get(part, part)).cast(pl.String).fill_null("空")
        for place, part in enumerate(parts)
    ]
    return pl.concat_str(pieces)


def _mask_personal(issues: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Raw values of personal columns do not leave the file, not even in a rejection."""
    personal = [name for name, column in contract.columns.items() if column.personal]
    if not personal or not issues["column_name"].is_in(personal).any():
        return issues
    return issues.with_columns(
        raw_value=pl.when(pl.col("column_name").is_in(personal))
        .then(pl.lit("（个人信息，不显示）"))
        .otherwise("raw_value")
    )


def _without_duplicates(rows: pl.DataFrame, contract: Contract, several_files: bool) -> pl.DataFrame:
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


def check_file(
    sheets: Iterable[Sheet], contract: Contract, sender: Sender, hash_personal: Callable[[pl.Series], pl.Series]
) -> Iterator[Checked]:
    """All tables of a file, one after another; a large table comes in several blocks of the same name."""
    repeats: dict[str, RepeatedAcrossBlocks] = {}
    for sheet in sheets:
        block = check(sheet, contract, sender, hash_personal)
        if sheet.is_block:
            block = repeats.setdefault(sheet.name, RepeatedAcrossBlocks([])).without(block, contract)
        yield block

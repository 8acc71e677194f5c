"""What may be wrong with a row.

What belongs here: the general rules (required, types, ranges, codes, who may send what) and the feed's own, as
expressions with their messages. What does not: finding the rows that break them (issues.py), rules over several feeds
(dbt).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Literal

import polars as pl

from pipelines.feeds.contracts import Column, Contract, contracts, general_rules
from pipelines.feeds.reference import Provider, allowed_values, districts_of
from pipelines.ingest.checks.personal import MASKED

CODES_SHOWN = 12
WITHDRAWS = "record_status"
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


@dataclass(frozen=True)
class Problem:
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


def _general(broken: pl.Expr, rule_code: str, name: str, column: Column, provider_name: str = "") -> Problem:
    """A rule that holds for every feed; a lenient column's value is dropped with a warning."""
    if column.lenient:
        rule_code = "lenient_value"
    message = _general_message(rule_code, name, column, provider_name)
    return Problem(broken, rule_code, general_rules()[rule_code].severity, name, message)


@dataclass(frozen=True)
class Rules:
    """Everything that may be wrong with a row, and the query that tells what of it occurs."""

    problems: list[Problem]
    conditions: list[pl.Expr]
    occurs: list[pl.Expr]


@lru_cache(maxsize=4096)
def rules_of(
    feed: str, damaged: frozenset[str], invisible: frozenset[str], day: date, provider: Provider, width: int
) -> Rules:
    contract = contracts()[feed]
    problems = [
        *value_problems(feed, damaged, day),
        *(
            _general(pl.col(flag), "invisible_characters", flag.split(":")[1], contract.columns[flag.split(":")[1]])
            for flag in invisible
        ),
        *_scope_problems(contract, provider),
        *(
            Problem(pl.sql_expr(rule.where), rule.code, rule.severity, rule.column, _filled(rule.message))
            for rule in contract.rules
        ),
        _ragged_problem(width),
    ]
    conditions = [_of_its_rows(problem, contract).fill_null(False) for problem in problems]
    return Rules(
        problems, conditions, [condition.any().alias(str(place)) for place, condition in enumerate(conditions)]
    )


def _of_its_rows(problem: Problem, contract: Contract) -> pl.Expr:
    """Rows that have a problem. One that withdraws a record (撤销) needs its key only (trust.md 1): nothing else need be filled, nor
    fit together, and the sender's folder says who speaks."""
    asks_more = problem.rule_code in (rule.code for rule in contract.rules) or problem.rule_code == "provider_mismatch"
    if asks_more or (problem.rule_code == "missing_value" and problem.column not in contract.key):
        return problem.broken & pl.col(WITHDRAWS).ne_missing("撤销")
    return problem.broken


@lru_cache(maxsize=1024)
def value_problems(feed: str, damaged_columns: frozenset[str], day: date) -> list[Problem]:
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
        # What the contract says of a column, and what the warehouse can hold of a type.
        if column.lowest is not None:
            code = "beyond_bounds" if column.min is None else "out_of_range"
            problems.append(_general(value < column.lowest, code, name, column))
        if column.highest is not None:
            code = "beyond_bounds" if column.max is None else "out_of_range"
            problems.append(_general(value > column.highest, code, name, column))
    return problems


def _scope_problems(contract: Contract, provider: Provider) -> list[Problem]:
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


def _ragged_problem(width: int) -> Problem:
    rule = general_rules()["ragged_row"]
    return Problem(pl.col("ragged"), "ragged_row", rule.severity, "", pl.lit(rule.message.format(expected=width)))


def _expected(column: Column) -> str:
    if column.type == "bool":
        return "是、否"
    if column.codes is not None:
        values = allowed_values(column)
        return "、".join(values[:CODES_SHOWN]) + ("……" if len(values) > CODES_SHOWN else "")
    low = "" if column.lowest is None else f"不小于 {column.lowest:,.10g}"
    high = "" if column.highest is None else f"不大于 {column.highest:,.10g}"
    return "，".join(bound for bound in (low, high) if bound)


def _general_message(rule_code: str, name: str, column: Column, provider_name: str) -> pl.Expr:
    """A general rule's message; {value} becomes the raw value of the row."""
    template = general_rules()[rule_code].message
    fixed = {"title": column.title, "expected": _expected(column), "provider_name": provider_name}
    if column.personal:
        fixed["value"] = MASKED
    text = re.sub(r"\{(\w+)\}", lambda match: fixed.get(match.group(1), match.group(0)), template)
    return _filled(text, {"value": f"raw:{name}"})


def _filled(template: str, columns: dict[str, str] | None = None) -> pl.Expr:
    """A message with its {placeholders} replaced by the row's columns."""
    parts = re.split(r"\{(\w+)\}", template)
    pieces = [
        pl.lit(part) if place % 2 == 0 else pl.col((columns or {}).get(part, part)).cast(pl.String).fill_null("空")
        for place, part in enumerate(parts)
    ]
    return pl.concat_str(pieces)

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

from pipelines.feeds.contracts import Column, Contract, all_contracts, general_rules
from pipelines.feeds.reference import Provider, Reference
from pipelines.ingest.masking import MASKED

CODES_SHOWN = 12
WITHDRAWS, WITHDRAWN = "record_status", "撤销"
_UNREADABLE = {
    "uscc": "bad_uscc",
    "code": "unknown_code",
    "bool": "unknown_code",
    "date": "bad_date",
    "datetime": "bad_date",
    "int": "bad_number",
    "month": "bad_month",
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


def _general(
    broken: pl.Expr,
    rule_code: str,
    name: str,
    column: Column,
    provider: Provider | None = None,
    reference: Reference | None = None,
) -> Problem:
    """A rule that holds for every feed; a lenient column's value is dropped with a warning."""
    if column.lenient:
        rule_code = "lenient_value"
    message = _general_message(rule_code, name, column, provider, reference)
    return Problem(broken, rule_code, general_rules()[rule_code].severity, name, message)


@dataclass(frozen=True)
class Rules:
    """Everything that may be wrong with a row, and the query that tells what of it occurs."""

    problems: list[Problem]
    conditions: list[pl.Expr]
    occurs: list[pl.Expr]


@lru_cache(maxsize=4096)
def rules_of(feed: str, marks: frozenset[str], day: date, provider: Provider, reference: Reference) -> Rules:
    """The rules of a feed for what a sender sends on a day.

    Args:
        marks: truth columns `<rule>:<column>` that the table has beside its values (columns.py).
    """
    contract = all_contracts()[feed]
    problems = [
        *value_problems(feed, marks, day, provider, reference),
        *_scope_problems(contract, provider, reference),
        *(
            Problem(pl.sql_expr(rule.where), rule.code, rule.severity, rule.column, _filled(rule.message))
            for rule in contract.rules
        ),
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
        return problem.broken & pl.col(WITHDRAWS).ne_missing(WITHDRAWN)
    return problem.broken


@lru_cache(maxsize=1024)
def value_problems(
    feed: str, marks: frozenset[str], day: date, provider: Provider, reference: Reference
) -> list[Problem]:
    """Marked, unreadable, missing and out-of-range values."""
    problems = []
    contract = all_contracts()[feed]
    for name, column in contract.columns.items():
        raw, value = pl.col(f"raw:{name}"), pl.col(name)
        marked = [mark for mark in sorted(marks) if mark.partition(":")[2] == name]
        problems += [_marked(mark, name, column) for mark in marked]
        if column.type in _UNREADABLE:
            # What a mark has said of a cell is not said again.
            unread = pl.all_horizontal(raw.is_not_null(), value.is_null(), *(~pl.col(mark) for mark in marked))
            problems.append(
                replace(
                    _general(unread, _UNREADABLE[column.type], name, column, provider, reference), about="unread cell"
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


def _scope_problems(contract: Contract, provider: Provider, reference: Reference) -> list[Problem]:
    """A sender may only speak for itself (feeds.md, Delivery)."""
    problems = []
    for name in contract.provider_scope:
        own = provider.owns(name)
        if own is not None:
            allowed = [own]
        elif name == "district_code" and provider.jurisdiction:
            allowed = reference.districts_of(provider.jurisdiction)
        else:
            continue
        foreign = ~pl.col(name).is_in(allowed)
        problems.append(_general(foreign, "provider_mismatch", name, contract.columns[name], provider, reference))
    return problems


def _marked(mark: str, name: str, column: Column) -> Problem:
    """The problem of the cells that are marked; also in a lenient column: the row says something nobody can read."""
    rule_code = mark.partition(":")[0]
    if rule_code == "damaged_code":
        return _general(pl.col(mark), rule_code, name, column)
    rule = general_rules()[rule_code]
    return Problem(pl.col(mark), rule_code, rule.severity, name, _general_message(rule_code, name, column))


def _expected(column: Column, provider: Provider | None, reference: Reference | None) -> str:
    """What may be written into a column; of districts, those of the sender's city."""
    if column.type == "bool":
        return "是、否"
    if column.codes is not None and reference is not None:
        values = reference.allowed_values(column, provider.jurisdiction if provider else None)
        return "、".join(values[:CODES_SHOWN]) + ("……" if len(values) > CODES_SHOWN else "")
    low = "" if column.lowest is None else f"不小于 {column.lowest:,.15g}"
    high = "" if column.highest is None else f"不大于 {column.highest:,.15g}"
    return "，".join(bound for bound in (low, high) if bound)


def _general_message(
    rule_code: str, name: str, column: Column, provider: Provider | None = None, reference: Reference | None = None
) -> pl.Expr:
    """A general rule's message; {value} becomes the raw value of the row."""
    template = general_rules()[rule_code].message
    provider_name = provider.name if provider else ""
    fixed = {"title": column.title, "expected": _expected(column, provider, reference), "provider_name": provider_name}
    if column.personal:
        fixed["value"] = MASKED
    text = re.sub(r"\{(\w+)\}", lambda match: fixed.get(match.group(1), match.group(0)), template)
    return _filled(text, {"value": f"raw:{name}"})


def _filled(template: str, columns: dict[str, str] | None = None) -> pl.Expr:
    """A message with its {placeholders} replaced by the row's columns."""
    parts = re.split(r"\{(\w+)\}", template)
    pieces = [
        pl.lit(part)
        if place % 2 == 0
        # A moment without its millionths.
        else pl.col((columns or {}).get(part, part))
        .cast(pl.String)
        .str.replace(r"(:\d\d)\.0{6}$", "$1")
        .fill_null("空")
        for place, part in enumerate(parts)
    ]
    return pl.concat_str(pieces)

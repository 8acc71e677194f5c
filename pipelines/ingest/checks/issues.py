"""The problems that occur in a sheet, a row each.

What belongs here: finding the rows that break a rule, naming record and value. What does
not: the rules (rules.py).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from pipelines.feeds.contracts import Contract, general_rules
from pipelines.ingest.checks.rules import Rules
from pipelines.ingest.readers.sheet import DAMAGED, RAGGED

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
    "corrects": pl.String(),
}
"""`corrects`: the reject that the row says it puts right (退回编号): rejected again, it stands in its place."""
LONGEST_RAW_VALUE = 200


def find_issues(
    frame: pl.DataFrame, rules: Rules, contract: Contract, hash_personal: Callable[[pl.Series], pl.Series]
) -> pl.DataFrame:
    """Every problem that occurs, a row of ISSUE_SCHEMA each. One pass tells which occur at all."""
    possible = [place for place, problem in enumerate(rules.problems) if problem.may_occur(frame)]
    occurs = frame.select(rules.occurs[place] for place in possible).row(0) if frame.height and possible else ()
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
                corrects="corrects",
            )
            .cast(dict(ISSUE_SCHEMA))  # type: ignore[arg-type]
        )
    return pl.concat(found)


def faulty_rows(
    frame: pl.DataFrame, contract: Contract, width: int, hash_personal: Callable[[pl.Series], pl.Series]
) -> pl.DataFrame:
    """Rows that could not be taken apart into cells, one problem each: their cells may stand under other headers than their own, so
    that none of them is judged or quoted."""
    if not frame["fault"].count():
        return pl.DataFrame(schema=ISSUE_SCHEMA)
    frame = frame.filter(pl.col("fault").is_not_null())
    frame = frame.with_columns(record_key=_record_keys(frame, contract, hash_personal))
    rules = general_rules()
    texts = {code: rules[code].message.format(expected=width) for code in (RAGGED, DAMAGED)}
    return frame.select(
        "sheet",
        "line_no",
        "record_key",
        rule_code="fault",
        severity=pl.col("fault").replace_strict({code: rules[code].severity for code in texts}),
        column_name=pl.lit(""),
        raw_value=pl.lit(None, pl.String),
        message=pl.col("fault").replace_strict(texts),
        corrects="corrects",
    ).cast(dict(ISSUE_SCHEMA))  # type: ignore[arg-type]


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

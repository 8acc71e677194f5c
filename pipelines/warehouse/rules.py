"""Dated rules of a publication (meta.rule_versions), looked up from outside the models.

What belongs here: the value of a rule for a city. What does not: the rules (ref_rule), how models look them up
(dbt_project/macros/rules.sql).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb


def rule_value(
    connection: duckdb.DuckDBPyConnection, rule_code: str, jurisdiction: str, day: date | None = None
) -> Decimal | None:
    """The city's own value before the common one, of those in force on a day, else the last one set; None: there is none."""
    rows = connection.execute(
        """
        select value_num from meta.rule_versions
        where rule_code = $rule and coalesce(jurisdiction, $city) = $city and industry_code is null
            and ($day is null or (valid_from <= $day and coalesce(valid_to >= $day, true)))
        order by jurisdiction is null, valid_from desc limit 1
        """,
        {"rule": rule_code, "city": jurisdiction, "day": day},
    ).fetchall()
    return rows[0][0] if rows else None

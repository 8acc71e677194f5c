"""The items of statistics of a scope, as the notice asks for them.

What belongs here: marts.annual_statistics as figures with exact values and printed digits. What does not: which return they stand in (annual.py),
what they are held against (compilation.py).
"""

from __future__ import annotations

from decimal import Decimal

import duckdb

from pipelines.documents.figures import shown, wan
from pipelines.report.contents import Figure, Owner
from pipelines.warehouse.tables import dicts


def figures_of(connection: duckdb.DuckDBPyConnection, jurisdiction: str, owner: Owner, stat_year: int) -> list[Figure]:
    """The items of statistics of an owner's scope, shares of insurers included; in the order of the notice."""
    rows = dicts(
        connection,
        """
        select items.item_no, items.section, items.item_code, items.item_name as name, items.metric, items.unit, items.value, items.numerator,
            items.denominator, items.basis, items.clause, coalesce(items.differs, '') as differs, items.insurer_code,
            coalesce(insurers.short_name, insurers.name, '') as insurer_name
        from marts.annual_statistics as items
        left join marts.dim_insurer as insurers on items.insurer_code = insurers.insurer_code
        where items.jurisdiction = ? and items.stat_year = ? and items.district_code = ? and items.industry_code = ?
            and ((items.insurer_code = 'ALL') = (items.metric not in ('market_share', 'pool_share')))
            and (items.insurer_code = 'ALL' or items.numerator > 0)
        order by items.sort_no, items.numerator desc, items.insurer_code
        """,
        jurisdiction,
        stat_year,
        owner.district_code,
        owner.industry_code,
    )
    catalogue = {
        name: (unit, numerator)
        for name, unit, numerator in connection.execute(
            "select metric, unit, numerator from meta.metric_catalogue where table_name in ('supervision_metrics', 'insurer_metrics') "
            "order by table_name"
        ).fetchall()
    }
    figures = []
    for row in rows:
        value, numerator, denominator = row["value"], row["numerator"], row["denominator"]
        # The printed digits come from the exact parts, not from the binary fraction.
        exact = (
            Decimal(numerator) / Decimal(denominator)
            if denominator
            else (None if value is None else Decimal(numerator))
        )
        text = f"{wan(exact)} 万元" if row["unit"] == "元" else shown(exact, row["unit"])
        first_part = catalogue[row["metric"]][1].split("+")[0].strip() or row["metric"]
        figures.append(Figure(**row | {"value": exact, "parts_unit": catalogue[first_part][0], "shown": text}))
    return figures

"""The development triangle (赔款进展三角形): loss quarters down, quarters of development across.

What belongs here: laying marts.claim_development out. What does not: what was known when (dbt_project).
"""

from __future__ import annotations

import duckdb
import polars as pl

MEASURES = {"paid": "累计已付（元）", "incurred": "累计已发生（元）", "claims": "赔案数"}


class NoTriangle(Exception):
    """Several cities, or nothing known; the message says what may be given."""


def triangle_of(
    connection: duckdb.DuckDBPyConnection, jurisdiction: str, industry: str, insurer: str, measure: str
) -> pl.DataFrame:
    """出险季度, then a column for each quarter of development; null where it is not known yet.

    Args:
        industry, insurer: codes, or ALL. measure: a key of MEASURES.
    Raises:
        NoTriangle: the city is not clear, or there are no claims.
    """
    cities = [
        city
        for (city,) in connection.execute(
            "select distinct jurisdiction from marts.claim_development order by 1"
        ).fetchall()
    ]
    if jurisdiction not in cities and (jurisdiction or len(cities) != 1):
        raise NoTriangle(f"请用 --jurisdiction 指明统计辖区：{'、'.join(cities) or '尚无赔案'}。")
    rows = connection.execute(
        f"select loss_quarter, development_quarter, {measure} from marts.claim_development "
        "where jurisdiction = $1 and industry_code = $2 and insurer_code = $3 order by 1, 2",
        [jurisdiction or cities[0], industry, insurer],
    ).fetchall()
    if not rows:
        raise NoTriangle(f"行业「{industry}」、机构「{insurer}」没有赔案。行业与机构用代码，全部为 ALL。")
    frame = pl.DataFrame(rows, schema=["出险季度", "季", "值"], orient="row")
    wide = frame.pivot(on="季", index="出险季度", values="值")
    return wide.select("出险季度", *(str(quarter) for quarter in sorted({row[1] for row in rows})))

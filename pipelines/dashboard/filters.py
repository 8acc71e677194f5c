"""The side bar: which page, city, year, district, field and insurer.

What belongs here: choosing. What does not: what is shown of it (pages.py).
"""

from __future__ import annotations

from datetime import datetime

import duckdb
import streamlit as st

from pipelines.dashboard.explaining import stop_explaining
from pipelines.dashboard.pages import PAGES
from pipelines.dashboard.shown import Shown, as_text
from pipelines.dashboard.source import Source
from pipelines.explain.explain import ALL
from pipelines.settings import CHINA
from pipelines.warehouse import headline
from pipelines.warehouse.reach import reach


def _ago(moment: datetime) -> str:
    hours = (datetime.now(CHINA).replace(tzinfo=None) - moment).total_seconds() / 3600
    return (
        f"{hours * 60:.0f} 分钟前" if hours < 1 else f"{hours:.0f} 小时前" if hours < 48 else f"{hours / 24:.0f} 天前"
    )


def choose(found: Source, connection: duckdb.DuckDBPyConnection, tables: set[str]) -> tuple[str, Shown] | None:
    side = st.sidebar
    side.title("安责险监管")
    side.caption(
        f"取数时点 **{found.as_of}**　生成于 {_ago(found.built_at)}  \n发布编号 {found.publication_id}"
        + (f"  \n可见范围 {found.provider}" if found.provider else "")
    )
    mart = "marts.supervision_metrics" if "marts.supervision_metrics" in tables else "marts.insurer_metrics"
    years = dict(
        connection.execute(
            f"select jurisdiction, list(distinct stat_year order by stat_year desc) from {mart} group by 1 order by 1"
        ).fetchall()
    )
    if not years:
        return None
    cities = dict(
        connection.execute(
            "select distinct jurisdiction, jurisdiction_name from marts.dim_district order by 1"
        ).fetchall()
    )
    view = side.radio("页面", list(PAGES), key="view", on_change=stop_explaining)
    jurisdiction = side.selectbox(
        "统计辖区", list(years), format_func=lambda code: cities.get(code, code), on_change=stop_explaining
    )
    reached = reach(connection, jurisdiction)
    side.caption(f"数据截至 **{reached.data_date or '尚无'}**　缺报：{as_text(reached.late_in_words)}")
    known_years = [year for year in years[jurisdiction] if year >= reached.first_year] or years[jurisdiction]
    stat_year = int(side.selectbox("统计年度", known_years, on_change=stop_explaining) or known_years[0])

    def choice(label: str, sql: str) -> str:
        names = dict(connection.execute(sql, {"city": jurisdiction, "year": stat_year}).fetchall())
        if len(names) <= 1:
            return str(next(iter(names), ALL))
        options = ([] if ALL in names else [ALL]) + list(names)
        return str(
            side.selectbox(label, options, format_func=lambda code: names.get(code, "全部"), on_change=stop_explaining)
        )

    district = industry = ALL
    if mart == "marts.supervision_metrics":
        district = choice(
            "区市",
            "select district_code, any_value(district_name) from marts.supervision_metrics left join marts.dim_district using (district_code) "
            "where supervision_metrics.jurisdiction = $city and stat_year = $year group by 1 order by district_code <> 'ALL', any_value(sort_no), 1",
        )
        industry = choice(
            "行业领域",
            "select industry_code, any_value(industry_name) from marts.supervision_metrics left join marts.dim_industry using (industry_code) "
            "where jurisdiction = $city and stat_year = $year group by 1 order by industry_code <> 'ALL', any_value(sort_no), 1",
        )
    insurer = ALL
    if "marts.insurer_metrics" in tables:
        insurer = choice(
            "保险机构",
            "select insurer_code, any_value(insurer_name) from marts.insurer_metrics where jurisdiction = $city and stat_year = $year "
            "group by 1 order by insurer_code <> 'ALL', 1",
        )
    return str(view), Shown(
        found, connection, tables, headline.catalogue(connection, "supervision_metrics"), headline.catalogue(connection, "insurer_metrics"),
        jurisdiction, stat_year, district, industry, insurer,
    )  # fmt: skip

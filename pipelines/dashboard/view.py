"""What a reader has chosen: audience, city, year, district, field, insurer, metric; all of it stands in the address.

What belongs here: reading the choice from an address, what there is to choose, links that keep it. What does not: what is shown of it
(pages.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from urllib.parse import urlencode

import duckdb

from pipelines.dashboard.source import Source
from pipelines.explain.explain import ALL, Cell
from pipelines.warehouse import headline
from pipelines.warehouse.headline import RATIOS, Catalogue
from pipelines.warehouse.lists import seen
from pipelines.warehouse.reach import Reach, reach


@dataclass(frozen=True)
class Menu:
    """A filter: its name in the address, its title, what can be chosen (code, title) and what is."""

    name: str
    title: str
    options: list[tuple[str, str]]
    chosen: str


@dataclass(frozen=True)
class View:
    """The file and what is chosen of it. `menus` holds the filters that have something to choose."""

    source: Source
    connection: duckdb.DuckDBPyConnection
    tables: set[str]
    metrics: Catalogue
    insurer_metrics: Catalogue
    audience: str
    jurisdiction: str
    stat_year: int
    district_code: str
    industry_code: str
    insurer_code: str
    metric: str
    asked_year: str = ""
    """The year, where the address names one: lists are narrowed to it; otherwise they hold all years."""
    since: str = ""
    """The day after which something is new; empty: the last publication before this one."""
    menus: list[Menu] = field(default_factory=list)

    @property
    def is_insurer(self) -> bool:
        """Only insurers' figures are in the file."""
        return "marts.supervision_metrics" not in self.tables

    @property
    def by_insurer(self) -> bool:
        return self.is_insurer or self.insurer_code != ALL

    @cached_property
    def reach(self) -> Reach:
        """How far the data of the chosen city reach."""
        return reach(self.connection, self.jurisdiction)

    @property
    def cell(self) -> Cell:
        """The cell chosen: of an insurer where one is chosen."""
        if self.by_insurer:
            return Cell(self.jurisdiction, self.stat_year, insurer_code=self.insurer_code)
        return Cell(self.jurisdiction, self.stat_year, self.district_code, self.industry_code)

    @property
    def chosen(self) -> dict[str, str]:
        """The filters as lists take them (lists.FILTERS)."""
        found = {
            "year": self.asked_year,
            "district": self.district_code,
            "industry": self.industry_code,
            "insurer": self.insurer_code,
        }
        return {name: value for name, value in found.items() if value not in ("", ALL)}

    def kept(self, here: str) -> dict[str, str]:
        """The choice as fields of a form that chooses something else on the page `here`."""
        found = {
            "view": here,
            "audience": self.audience,
            "city": self.jurisdiction,
            "metric": self.metric,
            **self.chosen,
        }
        return {name: value for name, value in found.items() if value}

    def link(self, path: str, **changes: str | int) -> str:
        """An address with the same choice, but for the changes."""
        chosen = {
            "audience": self.audience, "city": self.jurisdiction, "year": self.asked_year, "district": self.district_code,
            "industry": self.industry_code, "insurer": self.insurer_code, "metric": self.metric, "since": self.since, **changes,
        }  # fmt: skip
        return f"{path}?{urlencode({name: value for name, value in chosen.items() if value not in ('', ALL)})}"


def choose(
    source: Source, connection: duckdb.DuckDBPyConnection, audience: str, asked: Mapping[str, str]
) -> View | None:
    """The view an address asks for; what it names that is not there is as if it had not been named. None: no figures yet."""
    tables = seen(connection)
    mart = "marts.supervision_metrics" if "marts.supervision_metrics" in tables else "marts.insurer_metrics"
    menus: list[Menu] = []

    def chosen(name: str, title: str, options: list[tuple[str, str]]) -> str:
        codes = [code for code, _ in options]
        value = asked.get(name, "") if asked.get(name, "") in codes else next(iter(codes), ALL)
        if len(options) > 1:
            menus.append(Menu(name, title, options, value))
        return value

    def cells(name: str, title: str, sql: str, jurisdiction: str, year: int) -> str:
        found = dict(connection.execute(sql, {"city": jurisdiction, "year": year}).fetchall())
        names = {code: text or code for code, text in found.items()}
        if len(names) > 1:
            names = {ALL: "全部", **{code: text for code, text in names.items() if code != ALL}}
        return chosen(name, title, list(names.items()))

    cities = connection.execute(
        f"select jurisdiction, coalesce(any_value(jurisdiction_name), jurisdiction) from (select distinct jurisdiction from {mart}) "
        "left join marts.dim_district using (jurisdiction) group by 1 order by 1"
    ).fetchall()
    if not cities:
        return None
    jurisdiction = chosen("city", "统计辖区", cities)
    years = [
        str(year) for (year,) in connection.execute(f"select distinct stat_year from {mart} where jurisdiction = ? order by 1 desc", [jurisdiction]).fetchall()
    ]  # fmt: skip
    first = reach(connection, jurisdiction).first_year
    known = [year for year in years if int(year) >= first] or years
    stat_year = int(chosen("year", "统计年度", [(year, year) for year in known]))
    district = industry = insurer = ALL
    if mart == "marts.supervision_metrics":
        district = cells(
            "district", "区市",
            "select district_code, any_value(coalesce(dim_district.short_name, supervision_metrics.district_name)) from marts.supervision_metrics "
            "left join marts.dim_district using (district_code) where supervision_metrics.jurisdiction = $city and stat_year = $year "
            "group by 1 order by district_code <> 'ALL', any_value(sort_no), 1",
            jurisdiction, stat_year,
        )  # fmt: skip
        industry = cells(
            "industry", "行业领域",
            "select industry_code, any_value(industry_name) from marts.supervision_metrics left join marts.dim_industry using (industry_code) "
            "where jurisdiction = $city and stat_year = $year group by 1 order by industry_code <> 'ALL', any_value(sort_no), 1",
            jurisdiction, stat_year,
        )  # fmt: skip
    if "marts.insurer_metrics" in tables:
        insurer = cells(
            "insurer", "保险机构",
            "select insurer_code, any_value(insurer_name) from marts.insurer_metrics where jurisdiction = $city and stat_year = $year "
            "group by 1 order by insurer_code <> 'ALL', 1",
            jurisdiction, stat_year,
        )  # fmt: skip
    metrics = headline.catalogue(connection, "supervision_metrics")
    metric = asked.get("metric", "")
    return View(
        source, connection, tables, metrics, headline.catalogue(connection, "insurer_metrics"), audience, jurisdiction, stat_year, district, industry,
        insurer, metric if metric.isidentifier() else next(iter(RATIOS)), asked.get("year", "") if asked.get("year", "") in known else "",
        _day(asked.get("since", "")), menus,
    )  # fmt: skip


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""

"""The first screen: what to do now, who stands worst, and what is new; the same for the static site and the server's pages.

What belongs here: which lists call for action, which comparisons are shown, in which words. What does not: numbers (marts), targets and
places (marts.standing), the form of a page (pipelines/site, pipelines/dashboard). A new thing to do is a row of TASKS.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter

import duckdb

from pipelines.documents.figures import percent, shown
from pipelines.warehouse.lists import LISTS, TO_DO, can_be_narrowed, column_types, condition
from pipelines.warehouse.rights import Views
from pipelines.warehouse.tables import literal

ALL = "ALL"
SHOWN_WORST = 3
NEWS_DAYS = 400
"""So far back a reader may ask what is new."""


@dataclass(frozen=True)
class Kind:
    """Something that calls for action: the rows of a list that are to do (Listing.to_do). `note`: SQL of a word beside the count; `of`:
    bureau, insurer or both."""

    title: str
    listing: str
    of: str
    note: str = "null"


TASKS = (
    Kind("逾期未复查的隐患", "hazard_overdue", "both", "case when count(*) filter (where grade = '重大') > 0 then '其中重大 ' || count(*) filter (where grade = '重大') || ' 处' end"),
    Kind("应保未保、尚未处罚的单位", "uninsured", "bureau"),
    Kind("待核单位（是否续保尚不可知）", "pending", "bureau"),
    Kind("高等级监管发现，未立案督办", "findings", "both"),
    Kind("到期或逾期而未收到的报送", "return_calendar", "bureau", "'最早 ' || min(due_date)"),
    Kind("迟报的报送表", "coverage", "both", "'最久 ' || max(days_late) || ' 天'"),
    Kind("待核实的金额（未计入）", "to_confirm", "both"),
    Kind("逾期未销号的问题", "problems", "bureau"),
    Kind("30 天内到期、尚无后续保障的保单", "renewals", "both"),
    Kind("待更正的行", "quarantine", "insurer"),
    Kind("尚未说明的提示", "hints", "insurer"),
    Kind("约定服务未到位的保单", "service_gaps", "insurer"),
    Kind("超过时限、尚未办结的理赔", "claims_late", "insurer"),
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """Something to do: how many, and the list that shows them under the filters `chosen`."""

    title: str
    count: int
    note: str
    listing: str
    chosen: Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """One of the worst: its code, name and value."""

    code: str
    name: str
    value: str


@dataclass(frozen=True)
class Worst:
    """The worst of a kind (district, industry, insurer) by one metric, worst first."""

    kind: str
    title: str
    places: list[Place]


@dataclass(frozen=True)
class News:
    """How many came to be known on which day; `listing` empty: there is no list of them."""

    title: str
    listing: str
    days: dict[str, int]

    def since(self, day: str) -> int:
        """How many after a day."""
        return sum(count for known, count in self.days.items() if known > day)


def previous_day(connection: duckdb.DuckDBPyConnection, as_of: date) -> date | None:
    """The knowledge date readers saw before theirs; None: none is known (a city that is held back has not seen what came since)."""
    (day,) = connection.execute("select max(previous_as_of) from meta.publication").fetchall()[0]
    return day if day is not None and day < as_of else None


def tasks(
    connection: duckdb.DuckDBPyConnection, tables: Collection[str], jurisdiction: str, for_insurer: bool,
    chosen: Mapping[str, str] | None = None, views: Views | None = None,
) -> list[Task]:  # fmt: skip
    """What there is to do within the filters chosen, nothing to do included; most urgent first.

    Args:
        for_insurer: the reader is an insurer. views: those the connection has, if the caller knows.
    """
    found = []
    for kind in TASKS:
        listing = LISTS[kind.listing]
        if listing.table not in tables or kind.of == ("bureau" if for_insurer else "insurer"):
            continue
        columns, rows = _read(connection, listing.table, views)
        if not can_be_narrowed(listing, columns, chosen or {}):
            continue  # it would be the whole city's count beside figures of a part
        only = {"to_do": TO_DO} if listing.to_do else {}
        within = condition(connection, listing, jurisdiction, {**(chosen or {}), **only}, columns)
        count, note = connection.execute(
            f"select count(*), case when count(*) > 0 then {kind.note} end from {rows} as listed "
            f"where ({listing.where}) and {within}"
        ).fetchall()[0]
        found.append(Task(kind.title, count, note or "", kind.listing, only))
    return found


def _read(connection: duckdb.DuckDBPyConnection, table: str, views: Views | None) -> tuple[Collection[str], str]:
    """The columns of a table and its rows as a query may read them: those of the audience."""
    return (views.columns[table], views.rows(table)) if views else (column_types(connection, table), table)


WORST = (
    ("district", "参保率最低的区市", "marts.supervision_metrics", "participation_rate", "district_code",
     "measured.industry_code = $industry and measured.district_code <> 'ALL'"),
    ("industry", "参保率最低的行业", "marts.supervision_metrics", "participation_rate", "industry_code",
     "measured.district_code = $district and measured.industry_code <> 'ALL'"),
    ("insurer", "服务成效评估最低的机构", "marts.insurer_metrics", "evaluation_score", "insurer_code",
     "measured.insurer_code <> 'ALL' and not coalesce(measured.is_small_sample, false)"),
)  # fmt: skip
NAME = {
    "district": ("marts.dim_district", "short_name"), "industry": ("marts.dim_industry", "name"), "insurer": ("marts.dim_insurer", "short_name"),
}  # fmt: skip


def worst(
    connection: duckdb.DuckDBPyConnection, tables: Collection[str], jurisdiction: str, district: str = ALL, industry: str = ALL
) -> dict[int, list[Worst]]:  # fmt: skip
    """Who stands worst, by year and by name: districts (within a field), fields (within a district), insurers; kinds of which there is
    one only, or the reader sees one only, are left out."""
    found: dict[int, list[Worst]] = {}
    for kind, title, table, metric, code, where in WORST:
        names, name = NAME[kind]
        if table not in tables or names not in tables:
            continue
        values = {"city": jurisdiction, "district": district, "industry": industry}
        rows = connection.execute(
            f"""
            select measured.stat_year, measured.{code}, coalesce(named.{name}, measured.{code}), measured.{metric} from {table} as measured
            left join {names} as named on named.{code} = measured.{code}
            where measured.jurisdiction = $city and measured.{metric} is not null and {where}
            order by measured.stat_year, measured.{metric}, measured.{code}
            """,
            {key: value for key, value in values.items() if f"${key}" in where or key == "city"},
        ).fetchall()
        unit = percent if metric == "participation_rate" else lambda value: shown(value, "分")
        for year, of_year in groupby(rows, key=itemgetter(0)):
            places = [Place(row[1], row[2], unit(row[3])) for row in of_year]
            if len(places) > 1:
                found.setdefault(year, []).append(Worst(kind, title, places[:SHOWN_WORST]))
    return found


NEWS = (
    ("监管发现", "findings", "marts.findings", "known_on"),
    ("应保未保单位", "uninsured", "marts.uninsured_units", "as_of - cast(days_uninsured as integer)"),
    ("逾期隐患", "hazard_overdue", "marts.hazard_overdue", "due_date + 1"),
    ("隐患台账", "", "marts.fct_hazard", "cast(received_at as date)"),
    ("理赔案件（新到或更新）", "", "marts.fct_claim", "cast(received_at as date)"),
    ("保单（新到或更新）", "", "marts.fct_policy", "cast(received_at as date)"),
    ("待更正的行", "quarantine", "quality.quarantine", "cast(received_at as date)"),
    ("收到的文件", "", "quality.files", "cast(received_at as date)"),
)


def news(
    connection: duckdb.DuckDBPyConnection, tables: Collection[str], jurisdiction: str, as_of: date, chosen: Mapping[str, str] | None = None,
    views: Views | None = None,
) -> list[News]:  # fmt: skip
    """What has come to be known, by day, in the NEWS_DAYS before the knowledge date."""
    found = []
    for title, code, table, day in NEWS:
        if table not in tables:
            continue
        listing = LISTS[code] if code else None
        where = listing.where if listing else "true"
        columns, rows = _read(connection, table, views)
        within = condition(connection, listing or table, jurisdiction, chosen or {}, columns)
        days = connection.execute(
            f"select cast({day} as varchar) as known, count(*) from {rows} as listed "
            f"where ({where}) and ({within}) and {day} > date {literal(str(as_of - timedelta(NEWS_DAYS)))} group by known order by known"
        ).fetchall()
        found.append(News(title, code, dict(days)))
    return found

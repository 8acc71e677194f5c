"""What the first screen says, by the marts: counts, names, dates; districts and pool add up to the city."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest
from conftest import Home

from pipelines.publish.publication import Publication, _day_before
from pipelines.warehouse import headline
from pipelines.warehouse.first_screen import NEWS, TASKS, news, tasks, worst
from pipelines.warehouse.lists import FILTERS, LISTS, TO_DO, condition, described, filters, read, seen


@pytest.fixture
def published(dirty_world: Home) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(dirty_world.settings.published), read_only=True)


def test_a_count_is_of_the_rows_its_list_shows_under_every_filter(published: duckdb.DuckDBPyConnection) -> None:
    tables = seen(published)
    for chosen in ({}, {"district": "371002"}, {"insurer": "HAYC"}, {"industry": "construction"}):
        for for_insurer in (False, True):
            found = tasks(published, tables, "weihai", for_insurer, chosen)
            known = sum(kind.of != ("bureau" if for_insurer else "insurer") for kind in TASKS)
            # What cannot be narrowed to the place chosen is not told as if it were of it.
            assert len(found) == known if not chosen else 0 < len(found) < known
            for task in found:
                listing = LISTS[task.listing]
                where = condition(published, listing, "weihai", {**chosen, **task.chosen})
                assert read(published, listing, 0, where, tables).total == task.count, task


def test_what_is_to_do_is_marked_in_the_list(published: duckdb.DuckDBPyConnection) -> None:
    for listing in LISTS.values():
        rows = read(published, listing, None)
        if listing.to_do:
            marked = rows.frame["待办"]
            where = condition(published, listing, "", {"to_do": TO_DO})
            assert read(published, listing, 0, where).total == marked.sum() and marked.null_count() == 0, listing.code
        else:
            assert "待办" not in rows.frame.columns


def test_every_list_can_be_narrowed_by_what_it_shows(published: duckdb.DuckDBPyConnection) -> None:
    """Each filter of each list leaves the rows that have the value, and the values make up the list."""
    for listing in LISTS.values():
        columns = [column.name for column in described(published, listing)]
        for column, name in filters(listing, columns).items():
            assert name in FILTERS
            if name == "to_do":
                continue
            spoken = f"year({column})" if column == listing.day else column
            values = published.execute(
                f"select cast({spoken} as varchar) as value, count(*) from {listing.table} as listed where {listing.where} group by value"
            ).fetchall()
            for value, count in values[:5]:
                if value is not None:
                    where = condition(published, listing, "", {name: value})
                    assert read(published, listing, 0, where).total == count, (listing.code, column, value)


def test_amounts_have_their_unit_in_the_head_and_ten_thousand_yuan_are_one(
    published: duckdb.DuckDBPyConnection,
) -> None:
    for listing in LISTS.values():
        for column in described(published, listing):
            assert (column.kind == "wan") == ("（万元）" in column.title), (listing.code, column)
            assert (column.kind == "yuan") == ("（元）" in column.title), (listing.code, column)
    shown = read(published, LISTS["fees"], 1).frame.row(0, named=True)
    (premium,) = published.execute(
        "select premium_received from marts.fee_ledger_balance where policy_no = ? order by balance desc limit 1",
        [shown["保单号"]],
    ).fetchall()[0]
    assert shown["实收保费（万元）"] * 10_000 == premium


def test_the_worst_are_worst_first_and_at_most_three(published: duckdb.DuckDBPyConnection) -> None:
    found = {one.kind: one for one in worst(published, seen(published), "weihai")[2025]}
    assert found.keys() == {"district", "industry", "insurer"}
    for one in found.values():
        values = [float(place.value.rstrip("%分 ")) for place in one.places]
        assert values == sorted(values) and 2 <= len(values) <= 3


def test_news_are_counted_by_day(published: duckdb.DuckDBPyConnection) -> None:
    found = {one.title: one for one in news(published, seen(published), "weihai", date(2026, 10, 15))}
    assert len(found) == len(NEWS)
    one = found["收到的文件"]
    assert one.since("2025-12-05") - one.since("2026-01-05") == one.days.get("2026-01-05", 0) + sum(
        count for day, count in one.days.items() if "2025-12-05" < day < "2026-01-05"
    )
    assert one.since("9999-12-31") == 0 and sum(one.days.values()) == one.since("")


def test_districts_and_pool_are_the_whole_city(published: duckdb.DuckDBPyConnection) -> None:
    tables, names = seen(published), list(headline.POOL)
    years = published.execute("select distinct stat_year from marts.evidence_fee where is_pool").fetchall()
    assert years
    for (year,) in years:
        for city in ("weihai", "shanghai"):
            sums = ", ".join(
                f"sum({name}) filter (where district_code = 'ALL'), sum({name}) filter (where district_code <> 'ALL')"
                for name in names
            )
            whole = published.execute(
                f"select {sums} from marts.supervision_metrics where industry_code = 'ALL' and stat_year = ? and jurisdiction = ?",
                [year, city],
            ).fetchall()[0]
            row = headline.pools(published, tables, names, f"jurisdiction = '{city}'").get(year, [])
            for place, name in enumerate(names):
                pooled = Decimal(str(row[0][name])) if row else Decimal(0)
                assert abs(whole[2 * place + 1] + pooled - whole[2 * place]) < Decimal("0.01"), (year, city, name)


def test_a_target_says_how_far_it_is_and_how_many_units_are_missing(published: duckdb.DuckDBPyConnection) -> None:
    metrics = headline.catalogue(published, "supervision_metrics")

    row = {"participation_rate": 0.7, "insured_required_units": 7, "required_units": 10}
    stand = {"target": 1.0, "city_value": 0.8, "kind": "district", "place": 2, "places": 3}
    words, mark = headline._standing(metrics["participation_rate"], metrics, row, stand)
    assert words == "目标 100.00%，差 30.00 个百分点（3 家）；全市 80.00%，第 2 位，共 3 个区市" and mark == "bad"
    row = {"participation_rate": 1.0, "insured_required_units": 10, "required_units": 10}
    assert headline._standing(metrics["participation_rate"], metrics, row, stand | {"kind": "city"}) == (
        "目标 100.00%，已达到",
        "good",
    )
    assert headline._standing(
        metrics["simple_loss_ratio"], metrics, {"simple_loss_ratio": 0.5}, stand | {"target": None, "place": None}
    ) == ("全市 80.00%", "")
    assert headline._standing(metrics["participation_rate"], metrics, row | {"participation_rate": None}, stand) == (
        "",
        "",
    )


def test_the_day_readers_saw_before() -> None:
    def last(as_of: str, previous: str = "") -> Publication:
        return Publication("id", as_of, "", "", 0, 0, 0, previous_as_of=previous)

    today = date(2026, 10, 15)
    assert _day_before(today, None) is None
    assert _day_before(today, last("2026-10-14", "2026-10-01")) == date(2026, 10, 14)
    # The same day published again, or an earlier day put back: not what is new since itself.
    assert _day_before(today, last("2026-10-15", "2026-10-01")) == date(2026, 10, 1)
    assert _day_before(today, last("2026-11-15", "2026-11-01")) is None


def test_the_comparison_names_what_varies(published: duckdb.DuckDBPyConnection) -> None:
    tables = seen(published)
    _, districts = headline.compared(published, "jurisdiction = 'weihai' and industry_code = 'ALL'", tables, False)
    _, fields = headline.compared(published, "district_code = '371002'", tables, True)
    for rows, one in ((districts, "环翠"), (fields, "建筑施工")):
        names = [row[0] for row in rows]
        assert names[0] == "合计" and one in names and len(set(names)) == len(names) > 2


def test_a_finding_is_not_known_before_it_happened(published: duckdb.DuckDBPyConnection) -> None:
    assert published.execute("select count(*) from marts.findings where known_on < found_on").fetchall() == [(0,)]
    assert published.execute("select count(*) from marts.findings where known_on > found_on").fetchall()[0][0] > 0

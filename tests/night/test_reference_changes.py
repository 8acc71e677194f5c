"""A threshold, a duty, a right changed in the home on a day: before and after are told apart, everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import Home, copied
from returns import filed

from pipelines.explain.diff import REFERENCE, diff
from pipelines.feeds.reference import Reference
from pipelines.night.past_day import warehouse_at
from pipelines.report import filing
from pipelines.warehouse import rights

BEFORE, CHANGED = "2026-10-15", "2026-11-20"


@dataclass
class Changed:
    """A home before and after the reference data changed, and the return filed before."""

    home: Home
    filed: str
    before: Path


@pytest.fixture(scope="module")
def changed(dirty_world: Home, tmp_path_factory: pytest.TempPathFactory) -> Changed:
    home = copied(dirty_world, tmp_path_factory.mktemp("changed"))
    frozen = filed(home.settings, "weihai", 2025, BEFORE)
    before = home.path / "before.duckdb"
    before.write_bytes(home.settings.published.read_bytes())
    limit = {
        "rule_code": "每人责任限额下限", "name": "每人责任限额下限", "jurisdiction": "威海市", "value_num": "5000000", "unit": "元", "valid_from": "2018-01-01",
        "date_basis": "保险起期", "source_doc": "本市通知", "article": "第一条",
    }  # fmt: skip
    duty = {
        "jurisdiction": "威海市", "industry_code": "危险化学品", "is_mandatory": "否", "valid_from": "2025-03-29", "source_doc": "本市通知", "article": "第二条",
    }  # fmt: skip
    right = {
        "kind": "保险机构", "sort_no": "7", "tables": "marts.dim_district", "rows_by": "本市", "valid_from": "2018-01-01", "reason": "不再提供",
        "record_status": "撤销",
    }  # fmt: skip
    home.reference("ref_rule", CHANGED, limit)
    home.reference("ref_industry_duty", CHANGED, duty)
    home.reference("ref_row_right", CHANGED, right)
    home.build().publish()
    return Changed(home, frozen.number, before)


def rows(warehouse: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


LIMITS = (
    "select jurisdiction, count(*) from marts.findings where rule_code = 'limit_below_floor' group by all order by 1"
)
RATES = (
    "select jurisdiction, limit_floor_met, limit_floor_rate from marts.supervision_metrics where stat_year = 2025 and district_code = 'ALL' "
    "and industry_code = 'ALL' order by 1"
)


def test_the_city_changes_from_the_next_night_on_and_the_other_does_not(changed: Changed) -> None:
    before, after = (dict(rows(path, LIMITS)) for path in (changed.before, changed.home.settings.published))
    assert after["weihai"] > before.get("weihai", 0) and after.get("shanghai") == before.get("shanghai")
    (shanghai, weihai), (shanghai_now, weihai_now) = (
        rows(path, RATES) for path in (changed.before, changed.home.settings.published)
    )
    assert shanghai == shanghai_now and weihai_now[1] < weihai[1]


def test_as_of_the_day_before_nothing_has_changed(changed: Changed) -> None:
    then = warehouse_at(changed.home.settings, BEFORE)
    assert then != changed.home.settings.published
    tables = rows(
        then, "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('marts', 'quality')"
    )
    assert len(tables) > 60
    with duckdb.connect() as connection:
        connection.execute(f"attach '{then}' as one (read_only); attach '{changed.before}' as other (read_only)")
        for (table,) in [*tables, ("meta.row_rights",), ("meta.rule_versions",), ("meta.reference_versions",)]:
            left, right = (f"select * from {name}.{table}" for name in ("one", "other"))
            counted = connection.execute(
                f"select count(*) from (({left} except all {right}) union all ({right} except all {left}))"
            )
            assert counted.fetchone() == (0,), table


def test_what_was_filed_is_made_again_byte_by_byte(changed: Changed) -> None:
    assert all(filing.reproduce(changed.home.settings, warehouse_at, changed.filed).same.values())
    done = changed.home.anze("report", "2025", "--jurisdiction", "weihai", "--reproduce", changed.filed)
    assert done.returncode == 0 and "不同" not in done.stdout, done.stdout + done.stderr


def test_the_difference_names_the_row_and_its_file(changed: Changed) -> None:
    then = warehouse_at(changed.home.settings, BEFORE)
    found = diff(then, changed.home.settings.published, 2025, "weihai", "limit_floor_rate")
    meeting = found.causes.filter(district_code="ALL", industry_code="ALL")
    assert meeting.height and set(meeting.select("cause", "feed", "record_key", "file_name", "line_no").rows()) == {
        (REFERENCE, "ref_rule", "limit_per_person_min|weihai||2018-01-01", "本地.csv", 2)
    }
    assert found.reference.select("table_title", "what").rows() == [
        ("可见的表与行", "撤回"), ("强制投保行业", "更正"), ("规则与参数", "新增"),
    ]  # fmt: skip
    told = changed.home.anze(
        "diff", "--as-of", BEFORE, "--as-of", CHANGED, "--year", "2025", "--jurisdiction", "weihai"
    )
    assert told.returncode == 0 and "参考数据变化" in told.stdout and "强制投保行业" in told.stdout, (
        told.stdout + told.stderr
    )


def test_explained_by_what_was_known(changed: Changed) -> None:
    def value(*more: str) -> str:
        done = changed.home.anze("explain", "limit_floor_met", "--year", "2025", "--jurisdiction", "weihai", *more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    units = {
        path: row[1]
        for path in (changed.before, changed.home.settings.published)
        for row in rows(path, RATES)
        if row[0] == "weihai"
    }
    assert f"{units[changed.before]} 张" in value("--as-of", BEFORE)
    assert f"{units[changed.home.settings.published]} 张" in value()


def test_rights_are_those_of_the_publication(changed: Changed) -> None:
    for warehouse, seen in ((changed.before, True), (changed.home.settings.published, False)):
        with rights.open_as(warehouse, rights.audience(warehouse, "weihai_hayc")) as views:
            assert ("marts.dim_district" in views.conditions) is seen


def test_shown_as_known_on_a_day(changed: Changed) -> None:
    now = changed.home.anze("reference", "show", "强制投保行业")
    then = changed.home.anze("reference", "show", "ref_industry_duty", "--as-of", BEFORE)
    assert "本市通知" in now.stdout and f"自 {CHANGED}" in now.stdout and now.returncode == 0, now.stderr
    assert "本市通知" not in then.stdout and then.returncode == 0
    assert (
        Reference.on(changed.home.settings.landing, date.fromisoformat(BEFORE)).table("ref_industry_duty").height == 62
    )
    assert changed.home.anze("reference", "show", "没有的表").returncode == 2

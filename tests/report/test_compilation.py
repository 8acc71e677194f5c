"""Every owner's return, and the whole held against its parts: on the bundled world and counted a second time in plain Python."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import Home
from python_calamine import CalamineWorkbook
from returns import filed, made, owed, text_of

from pipelines.night.past_day import warehouse_at
from pipelines.report import filing
from pipelines.report.contents import Return
from pipelines.report.owners import owed_returns


@pytest.mark.parametrize(("city", "year"), [("weihai", 2023), ("weihai", 2025), ("shanghai", 2023), ("shanghai", 2025)])
def test_parts_add_up_or_say_why_not(dirty_world: Home, tmp_path: Path, city: str, year: int) -> None:
    """Every counted or summed figure of every city and year: contributions equal the published cells, differences have a reason."""
    report, paths = made(dirty_world.settings, city, year, "", tmp_path)
    asked = {one.measure for one in report.reconciled}
    assert len(asked) > 20 and all(one.explained for one in report.reconciled), [
        one.words for one in report.reconciled if not one.explained
    ]
    for one in report.reconciled:
        assert one.parts + one.unreported - one.twice - one.part_only + one.whole_only == pytest.approx(
            one.whole, abs=Decimal("0.05")
        )
    text = text_of(paths["docx"])
    for one in report.reconciled:
        # Said in the document wherever the sum is not the whole.
        assert (one.words.split("，")[0] in text) == bool(one.twice or one.part_only or one.whole_only), one.words


def test_units_in_two_fields_counted_by_hand(dirty_world: Home, tmp_path: Path) -> None:
    """当年参保单位 of three departments: from the policies themselves."""
    report, _ = made(dirty_world.settings, "weihai", 2023, "", tmp_path)
    (found,) = [one for one in report.reconciled if one.measure == "insured_units" and one.by == "各部门"]
    fields_of: dict[str, set[str]] = {}
    for uscc, field in dirty_world.rows(
        "select insured_uscc, industry_code from marts.evidence_policy where jurisdiction = 'weihai' and stat_year = 2023 and is_incepted"
    ):
        fields_of.setdefault(uscc, set()).add(field)
    reported = {"transport", "construction", "fishery"}
    assert found.parts == sum(len(fields & reported) for fields in fields_of.values())
    assert found.unreported == sum(len(fields - reported) for fields in fields_of.values())
    assert found.twice == sum(len(fields) - 1 for fields in fields_of.values()) > 0
    assert found.twice_items == sum(len(fields) > 1 for fields in fields_of.values())
    assert found.whole == len(fields_of)


def test_the_compilation_stands_on_the_parts(dirty_world: Home, tmp_path: Path) -> None:
    """Each column of the compilation sheet says what that owner's own return says."""
    whole, paths = made(dirty_world.settings, "shanghai", 2023, "", tmp_path / "whole")
    sheet = whole.table("compilation")
    # In the workbook money is 万元 in every column, a ratio a fraction under a percent format.
    printed = {
        row[0]: row for row in CalamineWorkbook.from_path(paths["xlsx"]).get_sheet_by_name("年度报送汇编表").to_python()
    }
    premium = next(row for row in sheet.rows if row[0] == "保费金额（实收）")
    assert [round(float(value) / 10_000, 2) for value in premium[2:]] == printed["保费金额（实收）"][2:]
    with duckdb.connect(str(dirty_world.settings.published), read_only=True) as connection:
        parts = [one for one in owed_returns(connection, "shanghai", 2023) if not one.owner.is_whole]
    assert [column.code for column in sheet.columns[2:]] == [
        *(one.owner.provider for one in parts),
        "shanghai",
    ] and len(parts) == 4
    for place, part in enumerate(parts, 2):
        own = filing.make(dirty_world.settings, warehouse_at, part, 2023, "")
        values = {figure.key: figure.value for figure in own.figures}
        assert {key: row[place] for key, row in zip(sheet.keys, sheet.rows, strict=True)} == {
            key: values[key] for key in sheet.keys
        }


def test_a_department_reports_its_field_and_no_other(dirty_world: Home, tmp_path: Path) -> None:
    report, paths = made(dirty_world.settings, "shanghai_dept_fishery", 2023, "", tmp_path)
    premium = dirty_world.rows(
        "select premium_received, insured_units from marts.supervision_metrics "
        "where jurisdiction = 'shanghai' and stat_year = 2023 and district_code = 'ALL' and industry_code = 'fishery'"
    )[0]
    figures = {figure.metric: figure for figure in report.figures}
    assert (figures["premium_received"].value, figures["insured_units"].value) == premium
    shares = [figure for figure in report.figures if figure.metric == "market_share"]
    assert sum(figure.value or 0 for figure in shares) == pytest.approx(1, abs=1e-6) and len(shares) > 1
    text = text_of(paths["docx"])
    assert (
        report.addressee == "上海市安全生产委员会办公室"
        and report.issuer == "上海市农业农村委员会"
        and "抄送：国家金融监督管理总局上海监管局" in text
    )
    assert (
        report.title.startswith("上海市农业农村委员会关于落实《上海市安全生产委员会办公室关于印发")
        and "渔业生产领域" in report.title
    )
    assert "未收到信息化类文件，本部分缺" in text and "救生设备过期" in text
    assert "疲劳驾驶" not in text, "the text of another department"


def test_the_account_of_the_action_is_of_2023_alone(dirty_world: Home, tmp_path: Path) -> None:
    """沪安委办〔2023〕32号 三(二): with the figures of the campaign and the written account, in the departments' returns of that year."""
    for owner in (
        "shanghai_dept_transport",
        "shanghai_dept_construction",
        "shanghai_dept_fishery",
        "shanghai_dept_fire_risk",
    ):
        report, paths = made(dirty_world.settings, owner, 2023, "", tmp_path / owner)
        text = text_of(paths["docx"])
        field = report.owner.industry_code if report.owner else ""
        target, reached, hazards, visits = dirty_world.rows(
            "select target_units, reached_units, major_hazards, visits from marts.campaign_progress "
            f"where campaign_code = 'shanghai_help_2023' and district_code = 'ALL' and industry_code = '{field}'"
        )[0]
        assert (
            f"应覆盖在保单位{target}家，已覆盖{reached}家" in text
            and f"发现重大隐患{hazards}条" in text
            and f"开展服务{visits}次" in text
        )
        assert "重大事故隐患专项排查帮扶" in text, "the written account"
    later, paths = made(dirty_world.settings, "shanghai_dept_transport", 2025, "", tmp_path / "later")
    assert "专项排查整治2023行动情况" not in text_of(paths["docx"]) and not any(
        part.kind == "campaign" for part in later.parts
    )


def test_a_filed_part_that_moved_since_is_listed(dirty_world: Home, tmp_path: Path) -> None:
    """The department filed on an earlier day; the compilation of today names every figure that is another now, and how to compare."""
    settings = dirty_world.settings
    then = filed(settings, "weihai_dept_transport", 2025, "2026-01-05")
    report, _ = made(settings, "weihai", 2025, "", tmp_path)
    listed = report.table("filed_parts")
    now = filing.make(settings, warehouse_at, owed(settings, "weihai_dept_transport", 2025), 2025, "")
    before = Return.model_validate_json(
        (filing.folder(settings, "weihai", 2025) / then.number / "annual_return.json").read_text(encoding="utf-8")
    )
    values = {figure.key: figure.value for figure in now.figures}
    moved = [figure.title for figure in before.figures if values.get(figure.key) != figure.value]
    assert moved and [row[3] for row in listed.rows] == moved
    assert [check.text for check in report.checks if "封存的" in check.text and then.number in check.text] == [
        f"威海市交通运输局封存的 {then.number} 有 {len(moved)} 项数与现在不同，见工作簿「已封存部分的变化」"
    ]
    assert all("anze diff --year 2025 --as-of 2026-01-05 --as-of" in row[-1] for row in listed.rows)
    # Its own compilation of that day knew of nothing.
    assert not any(
        table.code == "filed_parts"
        for table in made(settings, "weihai", 2025, "2026-01-04", tmp_path / "then")[0].tables
    )


def test_departments_and_areas_see_the_statistics_of_their_scope(dirty_world: Home, tmp_path: Path) -> None:
    """In the extract, each its own cells; an insurer none. On the pages, the items by year."""
    for provider, column, own in (
        ("shanghai_dept_transport", "industry_code", "transport"),
        ("weihai_371002", "district_code", "371002"),
    ):
        done = dirty_world.anze("extract", "--for", provider, "--out", str(tmp_path))
        assert done.returncode == 0, done.stderr
        with duckdb.connect(str(next(tmp_path.rglob(f"{provider}.duckdb"))), read_only=True) as connection:
            assert connection.execute(f"select distinct {column} from marts.annual_statistics").fetchall() == [(own,)]
            whole = connection.execute(
                "select numerator from marts.annual_statistics where metric = 'policies' and stat_year = 2023 and insurer_code = 'ALL' "
                f"and {'district_code' if column == 'industry_code' else 'industry_code'} = 'ALL'"
            ).fetchall()
        assert whole == dirty_world.rows(
            f"select policies from marts.supervision_metrics where stat_year = 2023 and {column} = '{own}' and jurisdiction = '{provider.split('_')[0]}' "
            f"and {'district_code' if column == 'industry_code' else 'industry_code'} = 'ALL'"
        )
    assert dirty_world.anze("extract", "--for", "weihai_hayc", "--out", str(tmp_path)).returncode == 0
    with duckdb.connect(str(next(tmp_path.rglob("weihai_hayc.duckdb"))), read_only=True) as connection:
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert "annual_statistics" not in tables and "return_calendar" in tables


def test_amounts_asked_back_stand_under_the_figures_they_touch(dirty_world: Home, tmp_path: Path) -> None:
    asked = dirty_world.rows(
        "select feed, count(*) from quality.to_confirm where jurisdiction = 'weihai' group by feed order by feed"
    )
    report, paths = made(dirty_world.settings, "weihai", 2025, "", tmp_path)
    assert bool(asked) == bool(report.waiting)
    if asked:
        assert "未计入以上数字" in text_of(paths["docx"])

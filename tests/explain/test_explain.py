"""Every number can be taken apart into the records it is made of."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from conftest import Home
from python_calamine import CalamineWorkbook

from pipelines.explain.explain import Cell, explain, find_cell
from pipelines.warehouse.evidence import TOTAL_MARTS, Metric, Unknown, cells_of, metrics, rows_sql, values_sql

KEYS = {
    "supervision_metrics": ["jurisdiction", "stat_year", "district_code", "industry_code"],
    "insurer_metrics": ["jurisdiction", "stat_year", "insurer_code"],
}


@pytest.mark.parametrize("mart", TOTAL_MARTS)
def test_every_cell_of_every_metric_adds_up(dirty_world: Home, mart: str) -> None:
    """Counted from the evidence rows, each measure equals the mart in each cell, and each ratio is their quotient."""
    with duckdb.connect(str(dirty_world.settings.published), read_only=True) as connection:
        known = metrics(connection, mart)
        cells = connection.sql(f"select * from marts.{mart}").pl()
        # Every documented metric of the mart is explained; the data quality score has its own table.
        documented = {
            row[0]
            for row in connection.execute(
                "select metric from meta.metric_catalogue where table_name = ?", [mart]
            ).fetchall()
        }
        assert documented - set(known) <= {"data_quality_score"} and len(known) > 40
        checked = 0
        for measure in {
            part.metric: part for metric in known.values() for part in metric.numerator + metric.denominator
        }.values():
            values = connection.sql(values_sql(measure, rows_sql(measure, cells_of(mart)))).pl()
            values = values.rename({f"cell_{key}": key for key in KEYS[mart]}).select(*KEYS[mart], "value")
            joined = cells.join(values, on=KEYS[mart], how="left")
            stored, counted = (joined[name].cast(pl.Decimal(30, 9)).fill_null(0) for name in (measure.metric, "value"))
            assert (stored == counted).all(), (measure.metric, joined.filter(stored != counted).head())
            checked += joined.height
        for metric in known.values():
            if metric.is_ratio:
                _ratio_is_the_quotient(cells, metric)
    assert checked > (100_000 if mart == "supervision_metrics" else 1_500)


def _ratio_is_the_quotient(cells: pl.DataFrame, metric: Metric) -> None:
    above = sum((cells[part.metric].cast(pl.Float64) for part in metric.numerator), pl.zeros(cells.height, eager=True))
    below = sum(
        (cells[part.metric].cast(pl.Float64) for part in metric.denominator), pl.zeros(cells.height, eager=True)
    )
    known = below != 0
    assert (cells[metric.name].is_null() == ~known).all(), metric.name
    assert ((cells[metric.name] - above / below).abs().filter(known) < 1e-6).all(), metric.name


def test_records_are_where_the_explanation_says(dirty_world: Home) -> None:
    """Each record of a CSV stands on the named line of the named file."""
    found = explain(dirty_world.settings.published, "simple_loss_ratio", Cell("weihai", 2024))
    assert (
        found.value is not None and found.stored is not None and abs(found.value - found.stored) < Decimal("0.000001")
    )
    files = dirty_world.files()
    looked = 0
    for part in (*found.numerator, *found.denominator):
        assert part.value == sum(part.records["amount"])
        assert part.records.height and part.records["provider_name"].null_count() == 0
        for row in part.records.iter_rows(named=True):
            if not row["file_name"].endswith(".csv"):
                continue
            match = files.filter(
                provider=row["provider"], feed=row["feed"], file_name=row["file_name"], received_at=row["received_at"]
            )
            content = (dirty_world.settings.raw / match["path"][0]).read_bytes()
            text = (
                content.decode("utf-8-sig", errors="ignore")
                if b"\xc0" not in content[:40]
                else content.decode("gb18030")
            )
            line = text.splitlines()[row["line_no"] - 1]
            # A soiled key is full-width or has blanks around it.
            assert row["record_key"][-6:] in line or any(ord(letter) > 0xFEFF for letter in line), row
            looked += 1
    assert looked > 20


def test_what_is_left_out_says_why(dirty_world: Home) -> None:
    found = explain(dirty_world.settings.published, "service_coverage", Cell("shanghai", 2024))
    reasons = set(found.left_out["reason"])
    assert "服务已完成但缺投保单位或保险机构确认" in reasons and "已有更新的版本" in reasons
    assert any(reason.startswith("服务状态为") for reason in reasons)
    # In the denominator and not served: exactly the difference of the two.
    assert found.not_in_numerator["item"].n_unique() == found.denominator[0].value - found.numerator[0].value
    assert found.quarantined.height > 0


def test_names_people_use(dirty_world: Home) -> None:
    warehouse = dirty_world.settings.published
    name, cell = find_cell(warehouse, "参保率", 2024, "", "环翠", "建筑施工", "ALL")
    assert (name, cell) == ("participation_rate", Cell("weihai", 2024, "371002", "construction"))
    for arguments, said in (
        (("参保率", 2024, "", "ALL", "ALL", "ALL"), "--jurisdiction"),
        (("参保率", 2024, "weihai", "没有区", "ALL", "ALL"), "没有区市"),
        (("参保率", 2024, "weihai", "ALL", "没有业", "ALL"), "没有行业"),
    ):
        with pytest.raises(Unknown, match=said):
            find_cell(warehouse, *arguments)
    with pytest.raises(Unknown, match="可用：当年参保单位数（insured_units）"):
        explain(warehouse, "no_such_metric", cell)
    with pytest.raises(Unknown, match="有数据的年度"):
        explain(warehouse, "participation_rate", Cell("weihai", 1999))
    with pytest.raises(Unknown, match="只到全市"):
        explain(warehouse, "simple_loss_ratio", Cell("weihai", 2024, "371002", insurer_code="HAYC"))


def test_market_share_of_a_field(dirty_world: Home) -> None:
    found = explain(
        dirty_world.settings.published,
        "market_share",
        Cell("shanghai", 2024, industry_code="hazchem", insurer_code="HAYC"),
    )
    assert (
        found.value is not None and found.stored is not None and abs(found.value - found.stored) < Decimal("0.000001")
    )


def test_as_the_command_says_it(dirty_world: Home, tmp_path: Path) -> None:
    arguments = ["explain", "service_coverage", "--year", "2024", "--district", "文登区"]
    text = dirty_world.anze(*arguments)
    assert (
        text.returncode == 0
        and "服务覆盖率 = 期末在保且已服务单位数" in text.stdout
        and "来源：沪安委办〔2023〕32号 三(二)；威应急发〔2023〕11号 三(一)" in text.stdout
    )
    machine = dirty_world.anze(*arguments, "--json")
    content = json.loads(machine.stdout)
    stored = dirty_world.rows(
        "select service_coverage, serviced_units_in_force, insured_units_in_force from marts.supervision_metrics where stat_year = 2024 "
        "and district_code = '371003' and industry_code = 'ALL'",
        published=True,
    )[0]
    assert float(content["value"]) == pytest.approx(stored[0])
    assert [int(part["value"]) for part in (*content["numerator"], *content["denominator"])] == list(stored[1:])
    assert len({row["item"] for row in content["numerator"][0]["records"]}) == stored[1]
    path = tmp_path / "why.xlsx"
    assert dirty_world.anze(*arguments, "--xlsx", str(path)).returncode == 0
    book = CalamineWorkbook.from_path(path)
    assert {"说明", "1分子", "2分母", "未计入"} <= set(book.sheet_names)
    assert dirty_world.anze("explain", "没有的指标", "--year", "2024", "--district", "文登区").returncode == 2


def test_nothing_over_nothing(dirty_world: Home) -> None:
    empty = dirty_world.rows(
        "select jurisdiction, stat_year, district_code, industry_code from marts.supervision_metrics where participation_rate is null limit 1",
        published=True,
    )[0]
    found = explain(dirty_world.settings.published, "participation_rate", Cell(*empty))
    assert found.value is None and found.stored is None

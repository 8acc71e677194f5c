"""What an analyst works with: example queries, results as files, the dictionary, the notebook."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from conftest import Home

from pipelines.documents import spreadsheet
from pipelines.settings import PROJECT_ROOT
from pipelines.site.dictionary import write_dbt_docs, write_dictionary
from pipelines.warehouse.evidence import metrics, named
from pipelines.warehouse.examples import example, examples, write_result


def test_there_are_enough_examples_and_each_asks_a_question_in_chinese() -> None:
    assert len(examples()) >= 55
    for name, question in examples().items():
        assert re.search("[一-龥]{2}", question), name
        assert example(name).startswith(f"-- {question}\n"), name


@pytest.mark.parametrize("name", examples())
def test_example_runs_and_finds_something(dirty_world: Home, name: str) -> None:
    with duckdb.connect(str(dirty_world.settings.published), read_only=True) as connection:
        assert connection.sql(example(name)).pl().height > 0


def test_results_become_files_without_formulas(dirty_world: Home, tmp_path: Path) -> None:
    sql = "select '=1+1' as formula, 12.5 as number, date '2025-01-02' as day"
    for ending, reader in ((".csv", pl.read_csv), (".parquet", pl.read_parquet)):
        done = dirty_world.anze("query", sql, "--out", str(tmp_path / f"a{ending}"))
        assert done.returncode == 0, done.stderr
        row = reader(tmp_path / f"a{ending}").row(0)
        assert row[0] == ("'=1+1" if ending == ".csv" else "=1+1") and float(row[1]) == 12.5
    done = dirty_world.anze("query", "--example", "insurer_league", "--out", str(tmp_path / "a.xlsx"))
    assert done.returncode == 0 and pl.read_excel(tmp_path / "a.xlsx", read_options={"header_row": 1}).height > 3
    assert dirty_world.anze("query", sql, "--out", str(tmp_path / "a.doc")).returncode == 2
    assert dirty_world.anze("query", "--example", "nothing").returncode == 2


def test_the_dictionary_as_page_and_workbook(dirty_world: Home, tmp_path: Path) -> None:
    page, book = write_dictionary(dirty_world.settings, tmp_path)
    html = page.read_text(encoding="utf-8")
    columns = dirty_world.rows("select count(*) from meta.data_dictionary", published=True)[0][0]
    assert pl.read_excel(book, sheet_name="数据字典", read_options={"header_row": 1}).height == columns
    assert html.count("<tr>") > columns * 0.9
    assert not re.search("https?:", html) and "<script" not in html
    assert 'id="marts.supervision_metrics"' in html and "参保率" in html


@pytest.mark.heavy
def test_dbt_docs_are_one_page(dirty_world: Home, tmp_path: Path) -> None:
    text = write_dbt_docs(dirty_world.settings, tmp_path).read_text(encoding="utf-8")
    assert "supervision_metrics" in text and json.dumps("参保率")[1:-1] in text
    # Scripts and styles are inside; links for people are the only addresses.
    assert not re.search(r"<(script|link)[^>]+(src|href)=[\"']https?:", text)


def test_the_notebook_runs_from_top_to_bottom(dirty_world: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANZE_HOME", str(dirty_world.path))
    notebook = json.loads((PROJECT_ROOT / "docs" / "analyst.ipynb").read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec("".join(cell["source"]), names)
    assert names["explained"].denominator[0].count > 0 and names["headline"].height == 10
    names["connection"].close()


@pytest.mark.parametrize(
    ("said", "meant", "insurer"),
    [
        ("简单赔付率", "simple_loss_ratio", ()),
        ("简单赔付率（已决+未决）", "simple_loss_ratio", ()),
        ("简单赔付率(已付)", "simple_loss_ratio_paid", ()),
        ("服务覆盖率", "service_coverage", ()),
        ("承保份额", "market_share", ("--insurer", "海岳财险")),
    ],
)
def test_a_metric_answers_to_the_name_that_is_printed(
    dirty_world: Home, said: str, meant: str, insurer: tuple[str, ...]
) -> None:
    done = dirty_world.anze("explain", said, "--year", "2025", "--jurisdiction", "威海市", *insurer)
    assert done.returncode == 0 and f"（{meant}，" in done.stdout, done.stderr


def test_every_printed_name_of_a_metric_finds_it(dirty_world: Home) -> None:
    with duckdb.connect(str(dirty_world.settings.published), read_only=True) as connection:
        for mart in ("supervision_metrics", "insurer_metrics"):
            titles = {name: one.title for name, one in metrics(connection, mart).items()}
            assert len(titles) > 20
            assert all(named(titles, title) == name for name, title in titles.items())
            assert all(
                titles[named(titles, title.split("（")[0]) or ""].startswith(title.split("（")[0])
                for title in titles.values()
            )


def test_wrong_arguments_end_with_2_and_say_what_is_allowed_in_chinese(dirty_world: Home) -> None:
    for arguments, words in (
        (("nightly", "--foo"), ("没有选项「--foo」", "--engine")),
        (("nope",), ("没有命令「nope」", "nightly　夜间作业")),
        (("explain",), ("缺少参数「metric」", "指标")),
        (("status", "--format", "excel"), ("「--format」", "table、csv、json、markdown")),
        (("status", "--due", "x"), ("「--due」", "天")),
        (("query", "--example"), ("选项「--example」后面要有值",)),
        (("nightly", "extra"), ("多出的参数：extra",)),
        (("explain", "没有", "--year", "2025", "--jurisdiction", "weihai"), ("没有指标「没有」", "参保率（participation_rate）")),
        (("explain", "参保率", "--year", "2025", "--district", "没有"), ("没有区市「没有」", "环翠（371002）")),
        (("explain", "承保份额", "--year", "2025", "--jurisdiction", "weihai"), ("--insurer",)),
        (("explain", "参保率", "--year", "2025"), ("威海市（weihai）",)),
    ):  # fmt: skip
        done = dirty_world.anze(*arguments)
        assert done.returncode == 2, arguments
        assert all(word in done.stderr for word in words), (arguments, done.stderr)
        assert "Traceback" not in done.stderr and "Usage" not in done.stderr


def test_tables_for_programs(dirty_world: Home) -> None:
    sql = "select 1.5 as number, cast(null as varchar) as nothing, '[red]a|b[/]' as text, date '2025-01-02' as day"
    found = json.loads(dirty_world.anze("query", sql, "--format", "json").stdout)["rows"]
    assert found == [{"number": "1.5", "nothing": None, "text": "[red]a|b[/]", "day": "2025-01-02"}]
    assert (
        dirty_world.anze("query", sql, "--format", "csv").stdout
        == "number,nothing,text,day\n1.5,,[red]a|b[/],2025-01-02\n"
    )
    # Every row goes to a program, and nothing but the table.
    done = dirty_world.anze("query", "select * from range(1234)", "--format", "csv")
    assert len(done.stdout.splitlines()) == 1235 and done.stderr == ""
    for command in (("status",), ("doctor",), ("dictionary", "findings"), ("triangle", "--jurisdiction", "weihai")):
        lines = dirty_world.anze(*command, "--format", "json").stdout.splitlines()
        assert lines and all(json.loads(line)["rows"] for line in lines), command


def test_a_workbook_goes_on_on_further_sheets_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "SHEET_ROWS", 3)
    frame = pl.DataFrame({"数": range(8)})
    write_result(frame, tmp_path / "a.xlsx", "标题")
    sheets = pl.read_excel(tmp_path / "a.xlsx", sheet_id=0, has_header=False)
    assert list(sheets) == ["查询结果", "查询结果_2", "查询结果_3"]
    assert [sheet["column_0"][0] for sheet in sheets.values()] == [
        f"标题（共 8 行，分 3 张工作表，本表为第 {place} 张）" for place in (1, 2, 3)
    ]
    assert [value for sheet in sheets.values() for value in sheet["column_0"][2:]] == [str(value) for value in range(8)]

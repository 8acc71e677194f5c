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

from pipelines.settings import PROJECT_ROOT
from pipelines.site.dictionary import write_dbt_docs, write_dictionary
from pipelines.warehouse.examples import example, examples


def test_there_are_enough_examples_and_each_asks_a_question_in_chinese() -> None:
    assert len(examples()) >= 25
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

"""The data dictionary as a page and a workbook, and dbt's own documentation as one file.

What belongs here: their form. What does not: the meanings (meta.data_dictionary, pipelines/warehouse/dictionary.py).
"""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import duckdb
import polars as pl

from pipelines.documents.spreadsheet import workbook, write_table
from pipelines.settings import Settings
from pipelines.site.site import environment
from pipelines.transform.project import dbt_environment, run_dbt, seen_from, use_environment

SCHEMAS = {"marts": "指标、事实与清单", "quality": "数据质量", "meta": "口径与发布信息", "feed": "报送表"}


def write_dictionary(settings: Settings, folder: Path) -> list[Path]:
    """Writes dictionary.html (one file, no script, no network) and dictionary.xlsx."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        frame = connection.sql(
            "select table_schema, table_name, column_name, chinese_name, unit, definition, source_clause from meta.data_dictionary order by all"
        ).pl()
        metrics = connection.sql(
            "select chinese_name, metric, metric_code, definition, numerator, denominator, unit, source_clause, table_name "
            "from meta.metric_catalogue order by table_name, metric_code, metric"
        ).pl()
        as_of, publication_id = connection.execute("select as_of, publication_id from meta.publication").fetchall()[0]
    tables = [
        {
            "schema": schema,
            "name": name,
            "head": rows.filter(column_name="").to_dicts(),
            "columns": rows.filter(pl.col("column_name") != "").to_dicts(),
        }
        for (schema, name), rows in frame.group_by("table_schema", "table_name", maintain_order=True)
    ]
    style = (files("pipelines.site") / "assets" / "site.css").read_text(encoding="utf-8")
    html = (
        environment()
        .get_template("dictionary.html")
        .render(schemas=SCHEMAS, tables=tables, as_of=as_of, publication_id=publication_id, style=style)
    )
    page, book = folder / "dictionary.html", folder / "dictionary.xlsx"
    page.write_text(html, encoding="utf-8")
    note = f"取数时点 {as_of}　发布编号 {publication_id}"
    with workbook(str(book)) as sheets:
        titles = ["模式", "表", "列", "中文名", "单位", "定义", "来源条款"]
        write_table(sheets, "数据字典", frame.rename(dict(zip(frame.columns, titles, strict=True))), note)
        titles = ["指标", "列名", "编号", "定义", "分子", "分母", "单位", "来源条款", "所在表"]
        write_table(sheets, "指标目录", metrics.rename(dict(zip(metrics.columns, titles, strict=True))), note)
    return [page, book]


def write_dbt_docs(settings: Settings, folder: Path) -> Path:
    """dbt's documentation (lineage, columns, SQL) of the last build, as one page that needs no network."""
    use_environment(settings, "")
    # The tables that the last build's views look at have been published since.
    # In a folder of their own: to dbt this is another profile, and what nights have parsed would be lost.
    target = settings.home / "dbt" / "docs"
    published = {
        "ANZE_BUILD": seen_from(target, settings.build),
        "ANZE_SPILL": seen_from(target, settings.build.parent / "spill"),
        "ANZE_PUBLISHING": seen_from(target, settings.published),
        "ANZE_PUBLISHING_ACCESS": "read",
        "DBT_TARGET_PATH": str(target),
    }
    run_dbt(["docs", "generate", "--static"], dbt_environment(settings, "") | published)
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(target / "static_index.html", folder / "dbt_docs.html"))

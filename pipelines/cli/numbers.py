"""Commands of the analyst: query, explain, diff, dictionary.

What belongs here: arguments and what is printed. What does not: what a number is made of (pipelines/explain).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.terminal import (
    BAD_ARGUMENTS,
    FAILED,
    DateOption,
    FormOption,
    HomeOption,
    JurisdictionOption,
    console,
    day_of,
    errors,
    published_of,
    warehouse_of,
)
from pipelines.documents.console import Form, Sheet
from pipelines.settings import CHINA

commands = typer.Typer()

QUERY_ROWS = 1_000


@commands.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL；与 --example、--file 三者取一")] = "",
    example: Annotated[str, typer.Option("--example", help="运行一个示例查询")] = "",
    file: Annotated[Path | None, typer.Option("--file", help="运行文件中的查询", exists=True, dir_okay=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", help="写成文件：.csv、.xlsx、.parquet")] = None,
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:
    """只读查询已发布的数据仓；不带参数时列出示例查询。"""
    import duckdb  # noqa: PLC0415

    from pipelines.warehouse import examples  # noqa: PLC0415

    if not (sql or example or file):
        listing = Sheet(title="示例查询（anze query --example 名称）")
        listing.add_column("名称")
        listing.add_column("问题")
        for name, question in examples.examples().items():
            listing.add_row(name, question)
        console.print(listing)
        return
    settings = published_of(home)
    try:
        text = examples.example(example) if example else file.read_text(encoding="utf-8") if file else sql
        with duckdb.connect(
            str(settings.published), read_only=True, config={"enable_external_access": "false"}
        ) as connection:
            frame = connection.sql(text).pl()
    except KeyError:
        errors.say("red", f"没有示例「{example}」", "。anze query 列出全部示例。")
        raise typer.Exit(BAD_ARGUMENTS) from None
    except duckdb.Error as error:
        errors.say("red", "查询出错", f"：{error}")
        raise typer.Exit(FAILED) from None
    except AttributeError:
        errors.say("red", "查询没有结果表", "：请写 select 语句。")
        raise typer.Exit(BAD_ARGUMENTS) from None
    if out:
        try:
            examples.write_result(frame, out, f"{settings.published.name}　{datetime.now(CHINA):%Y-%m-%d %H:%M}")
        except ValueError as problem:
            errors.say("red", "不能写入", f"：{problem}")
            raise typer.Exit(BAD_ARGUMENTS) from None
        console.print(f"已写入 {out}（{frame.height:,} 行）")
        return
    table = Sheet()
    for name, kind in frame.schema.items():
        table.add_column(name, justify="right" if kind.is_numeric() else "left")
    shown = frame if console.form is not Form.table else frame.head(QUERY_ROWS)
    for row in shown.iter_rows():
        table.add_row(
            *(
                "—" if value is None and console.form is Form.table else "" if value is None else str(value)
                for value in row
            )
        )
    table.records = shown.to_dicts() if console.form is Form.json else []
    console.print(table)
    if frame.height > shown.height:
        console.print(f"列出前 {QUERY_ROWS:,} 行，共 {frame.height:,} 行；全部请用 --out 写成文件，或 --format csv。")


@commands.command()
def explain(
    metric: Annotated[str, typer.Argument(help="指标：列名或中文名，如 participation_rate、参保率；或监管发现的编号")],
    year: Annotated[int | None, typer.Option("--year", help="统计年度（监管发现不需要）")] = None,
    jurisdiction: JurisdictionOption = None,
    district: Annotated[str, typer.Option("--district", help="区市：代码或名称，缺省为全市")] = "ALL",
    industry: Annotated[str, typer.Option("--industry", help="行业：代码或名称，缺省为全部行业")] = "ALL",
    insurer: Annotated[str, typer.Option("--insurer", help="保险机构：代码或名称，缺省为全部机构")] = "ALL",
    as_of: DateOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON（含全部记录）")] = False,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="写成工作簿（含全部记录）")] = None,
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:
    """解释一个数。

    定义、来源条款、算式、分子分母的每条来源记录（文件与行），以及未计入的记录和原因。
    """
    from pipelines.explain import output  # noqa: PLC0415
    from pipelines.explain.explain import explain, explain_finding, find_cell  # noqa: PLC0415
    from pipelines.warehouse.evidence import Unknown  # noqa: PLC0415

    warehouse = warehouse_of(home, as_of)
    try:
        if ":" in metric:
            finding = explain_finding(warehouse, metric)
            if as_json:
                print(output.finding_json(finding))
            else:
                output.print_finding(finding, console)
            return
        if year is None:
            errors.say("red", "请给出统计年度", "：--year 2025")
            raise typer.Exit(BAD_ARGUMENTS)
        name, cell = find_cell(warehouse, metric, year, jurisdiction or "", district, industry, insurer)
        found = explain(warehouse, name, cell, limit=None if as_json or xlsx else output.SHOWN_RECORDS)
    except Unknown as unknown:
        errors.say("red", f"{unknown}")
        raise typer.Exit(BAD_ARGUMENTS) from None
    if xlsx:
        output.write_explanation(found, xlsx)
        errors.print(f"已写入 {xlsx}")
    if as_json:
        print(output.explanation_json(found))
    elif not xlsx:
        output.print_explanation(found, console)


@commands.command()
def diff(
    year: Annotated[int, typer.Option("--year", help="统计年度")],
    as_of: Annotated[list[str], typer.Option("--as-of", help="两个取数时点，各写一次")],
    jurisdiction: JurisdictionOption = None,
    metric: Annotated[str, typer.Option("--metric", help="只比较一个指标")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON（含全部记录）")] = False,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="写成工作簿（含全部记录）")] = None,
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:
    """比较两个取数时点。

    哪些数变了，由哪些记录引起（新增、更正、撤回），变化逐项相加等于差额。
    """
    from pipelines.explain import output  # noqa: PLC0415
    from pipelines.explain.diff import diff  # noqa: PLC0415
    from pipelines.warehouse.evidence import Unknown  # noqa: PLC0415

    if len(as_of) != 2:
        errors.say("red", "请给出两个取数时点", "：--as-of 2023-12-10 --as-of 2024-01-31")
        raise typer.Exit(BAD_ARGUMENTS)
    before, after = sorted(day_of(day) for day in as_of)
    try:
        found = diff(warehouse_of(home, before), warehouse_of(home, after), year, jurisdiction or "", metric)
    except Unknown as unknown:
        errors.say("red", f"{unknown}")
        raise typer.Exit(BAD_ARGUMENTS) from None
    if xlsx:
        output.write_difference(found, xlsx)
        errors.print(f"已写入 {xlsx}")
    if as_json:
        print(output.difference_json(found))
    elif not xlsx:
        output.print_difference(found, console)


@commands.command()
def dictionary(
    table: Annotated[str | None, typer.Argument(help="只看一张表")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="写成网页与工作簿（dictionary.html、dictionary.xlsx）的目录")
    ] = None,
    dbt_docs: Annotated[
        bool, typer.Option("--dbt-docs", help="与 --out 合用：再写 dbt 文档（血缘、SQL），单个网页")
    ] = False,
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:
    """数据字典：各表各列的中文名、单位、定义。"""
    import duckdb  # noqa: PLC0415

    settings = published_of(home)
    if out:
        from pipelines.site.dictionary import write_dbt_docs, write_dictionary  # noqa: PLC0415

        written = write_dictionary(settings, out)
        if dbt_docs:
            with errors.status("生成 dbt 文档"):
                written.append(write_dbt_docs(settings, out))
        for path in written:
            console.print(f"已写入 {path}", soft_wrap=True)
        return
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        rows = connection.execute(
            "select table_schema || '.' || table_name, column_name, chinese_name, unit, definition from meta.data_dictionary "
            "where ? is null or table_name = ? order by all",
            [table, table],
        ).fetchall()
    if not rows:
        errors.say("red", f"没有表「{table}」", "。anze dictionary 列出全部。")
        raise typer.Exit(BAD_ARGUMENTS)
    listing = Sheet(title="数据字典")
    for heading in ("表", "列", "中文名", "单位", "定义"):
        listing.add_column(heading)
    for row in rows:
        listing.add_row(*row)
    console.print(listing)


@commands.command()
def triangle(
    jurisdiction: JurisdictionOption = None,
    industry: Annotated[str, typer.Option("--industry", help="行业代码；缺省为全部")] = "ALL",
    insurer: Annotated[str, typer.Option("--insurer", help="保险机构代码；缺省为全部")] = "ALL",
    measure: Annotated[
        str, typer.Option("--measure", help="paid 累计已付、incurred 累计已发生、claims 件数")
    ] = "incurred",
    out: Annotated[Path | None, typer.Option("--out", help="写成文件：.csv、.xlsx、.parquet")] = None,
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:
    """赔款进展三角形。

    出险季度 × 进展季数，由理赔各版本算出（marts.claim_development）。
    """
    import duckdb  # noqa: PLC0415

    from pipelines.explain.triangle import MEASURES, NoTriangle, triangle_of  # noqa: PLC0415
    from pipelines.warehouse import examples  # noqa: PLC0415

    settings = published_of(home)
    if measure not in MEASURES:
        errors.say("red", f"没有「{measure}」", f"。可用：{'、'.join(MEASURES)}")
        raise typer.Exit(BAD_ARGUMENTS)
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        try:
            frame = triangle_of(connection, jurisdiction or "", industry, insurer, measure)
        except NoTriangle as problem:
            errors.say("red", "没有三角形", f"：{problem}")
            raise typer.Exit(BAD_ARGUMENTS) from None
    if out:
        try:
            examples.write_result(
                frame, out, f"{MEASURES[measure]}　{settings.published.name}　{datetime.now(CHINA):%Y-%m-%d %H:%M}"
            )
        except ValueError as problem:
            errors.say("red", "不能写入", f"：{problem}")
            raise typer.Exit(BAD_ARGUMENTS) from None
        console.print(f"已写入 {out}（{frame.height:,} 行）")
        return
    console.print(f"{MEASURES[measure]}（列为进展季数）")
    table = Sheet()
    texts = [["" if cell is None else str(cell) for cell in row] for row in frame.rows()]
    for place, name in enumerate(frame.columns):
        table.add_column(name, justify="right" if place else "left")
    for row in texts:
        table.add_row(*row)
    console.print(table)

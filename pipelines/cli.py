"""The `anze` command. Thin: it parses arguments, calls what Dagster calls, prints what came of it."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipelines.settings import CHINA, Settings, quiet_dependencies
from pipelines.settings import settings as load_settings

quiet_dependencies()

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="anze：安全生产责任保险监管数据仓"
)
console = Console()
errors = Console(stderr=True)

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="数据目录（缺省为环境变量 ANZE_HOME 或本项目的 data/）")
]
DateOption = Annotated[str | None, typer.Option("--as-of", help="取数时点 YYYY-MM-DD：只计该日及以前收到的数据")]

BAD_ARGUMENTS, BLOCKED, FAILED = 2, 3, 1
QUERY_ROWS = 1_000


def _settings(home: Path | None) -> Settings:
    from pipelines import settings as module  # noqa: PLC0415

    # Whatever asks for the settings from here on (Dagster's definitions) sees the same home and engine.
    module._from_environment.cache_clear()
    chosen = load_settings(home)
    os.environ["ANZE_HOME"] = str(chosen.home)
    module._from_environment.cache_clear()
    return chosen


def _day(text: str | None) -> str:
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        errors.print(f"[red]日期「{text}」无效[/]：请写成 2023-12-10 这样的形式。")
        raise typer.Exit(BAD_ARGUMENTS) from None


@app.command()
def nightly(
    home: HomeOption = None,
    as_of: DateOption = None,
    full: Annotated[bool, typer.Option("--full", help="全部文件重新读取、全部重算")] = False,
    engine: Annotated[
        str | None, typer.Option("--engine", help="计算引擎：duckdb（缺省）或 spark，见 docs/scale.md")
    ] = None,
) -> None:
    """夜间作业：读取新文件、计算指标、检查、发布。退出码 0 已发布，3 被闸门拦下，1 其他失败。"""
    from pipelines import nightly as job  # noqa: PLC0415
    from pipelines.incident import folder as incidents  # noqa: PLC0415
    from pipelines.lock import AlreadyRunning  # noqa: PLC0415

    if engine not in (None, "duckdb", "spark"):
        errors.print(f"[red]没有计算引擎「{engine}」[/]：请用 duckdb 或 spark。")
        raise typer.Exit(BAD_ARGUMENTS)
    if engine:
        os.environ["ANZE_ENGINE"] = engine
    settings = _settings(home)
    if not settings.raw.is_dir():
        errors.print(f"[red]没有报送目录[/]：{settings.raw}。请先用 anze receive 登记文件，或用 anze synth 生成样例。")
        raise typer.Exit(FAILED)
    began = time.monotonic()
    try:
        outcome = job.run(settings, _day(as_of), full)
    except AlreadyRunning as running:
        errors.print(f"[yellow]另一个作业正在写入此数据仓[/]（{running.holder}），本次不运行。")
        raise typer.Exit(FAILED) from None
    if outcome.status == "blocked":
        errors.print(
            f"[red]被闸门拦下，未发布[/]；原有数据仓保持不变。详见 {settings.docs / 'gates.html'} 与 {incidents(settings)}",
            soft_wrap=True,
        )
        for gate in outcome.gates:
            errors.print(
                f"  ✗ {gate.table_name}：{gate.title}（{gate.expectation}，{gate.unexpected_count} 行不符）",
                highlight=False,
            )
            for line in gate.sample.splitlines()[:3]:
                errors.print(f"      {line}", highlight=False, markup=False)
        raise typer.Exit(BLOCKED)
    if outcome.status == "failed":
        errors.print(
            f"[red]运行失败[/]\n{outcome.error}\n事件说明：{incidents(settings)}", highlight=False, soft_wrap=True
        )
        raise typer.Exit(FAILED)
    assert outcome.publication is not None
    if outcome.status == "nothing_new":
        console.print("没有新文件，程序与口径也没有变化：现有发布仍然有效。")
    else:
        console.print(
            f"[green]已发布[/] {outcome.publication.publication_id}，取数时点 {outcome.publication.as_of}，{outcome.publication.source_files} 个文件。"
        )
    _print_headline(settings)
    if outcome.stages:
        _print_stages(dict(outcome.stages), time.monotonic() - began)


def _print_stages(stages: dict[str, float], whole: float) -> None:
    """Where the time of a night went."""
    from pipelines.defs.progress import STEPS  # noqa: PLC0415

    table = Table(title="各阶段用时", padding=(0, 0))
    for heading in ("阶段", "秒", "占比"):
        table.add_column(heading, justify="left" if heading == "阶段" else "right", no_wrap=True)
    rows = {STEPS.get(step, step): seconds for step, seconds in stages.items()}
    for title, seconds in (rows | {"启动（载入程序、解析模型）": whole - sum(rows.values()), "合计": whole}).items():
        table.add_row(title, f"{seconds:.1f}", f"{seconds / whole:.0%}")
    console.print(table)


def _print_headline(settings: Settings) -> None:
    """The four headline ratios, city totals by year and this year's districts."""
    import duckdb  # noqa: PLC0415

    from pipelines.feeds.reference import seed  # noqa: PLC0415
    from pipelines.report.figures import percent, wan  # noqa: PLC0415

    with duckdb.connect(str(settings.published), read_only=True) as connection:
        rows = connection.execute(
            """
            with latest as (select max(stat_year) as year from marts.supervision_metrics)
            select jurisdiction, stat_year, coalesce(short_name, district_name) as district, required_units, participation_rate, simple_loss_ratio,
                prevention_fee_share, service_coverage, premium_received
            from marts.supervision_metrics
            left join marts.dim_district using (district_code, jurisdiction)
            where industry_code = 'ALL' and (district_code = 'ALL' or stat_year = (select year from latest))
            order by jurisdiction, (district_code <> 'ALL'), stat_year, sort_no
            """
        ).fetchall()
    for jurisdiction, name in seed("ref_jurisdiction").select("jurisdiction", "name").rows():
        table = Table(title=f"{name}：核心指标（简单赔付率口径：已决＋未决）", padding=(0, 0))
        table.add_column("年度 区市", no_wrap=True)
        for heading in ("应保", "参保率", "简单赔付率", "预防费提取", "服务覆盖率", "保费万元"):
            table.add_column(heading, justify="right", no_wrap=True)
        for row in rows:
            if row[0] == jurisdiction:
                table.add_row(f"{row[1]} {row[2]}", f"{row[3]:,}", *(percent(value) for value in row[4:8]), wan(row[8]))
        console.print(table)
    console.print(
        f"数据仓：{settings.published}\n闸门结果：{settings.docs / 'gates.html'}\n网页：{settings.home / 'site' / 'current' / 'index.html'}",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def receive(
    files: Annotated[list[Path], typer.Argument(help="报送文件", exists=True, dir_okay=False)],
    provider: Annotated[str, typer.Option("--provider", help="报送单位代码")],
    feed: Annotated[str, typer.Option("--feed", help="报送表名称")],
    home: HomeOption = None,
) -> None:
    """登记收到的文件：盖收到时间，当场检查能否读取。"""
    from pipelines.feeds.contracts import contracts  # noqa: PLC0415
    from pipelines.feeds.reference import providers  # noqa: PLC0415
    from pipelines.ingest.manifest import in_unicode  # noqa: PLC0415
    from pipelines.ingest.receive import file_drop  # noqa: PLC0415

    settings = _settings(home)
    if feed not in contracts():
        errors.print(f"[red]没有报送表「{feed}」[/]。可用：{'、'.join(contracts())}")
        raise typer.Exit(BAD_ARGUMENTS)
    if provider not in providers():
        errors.print(f"[red]报送单位「{provider}」不在清单内[/]。清单见 dbt_project/seeds/ref_provider.csv")
        raise typer.Exit(BAD_ARGUMENTS)
    table = Table(title="收件回执")
    for heading in ("文件", "结果", "数据行", "接收", "隔离", "重复"):
        table.add_column(heading)
    unreadable = False
    for path in files:
        received = file_drop(settings, path, provider, feed, datetime.now(CHINA))
        unreadable |= bool(received.refused)
        table.add_row(in_unicode(path.name), received.refused or "可读取", *(str(count) for count in received.counts))
    console.print(table)
    if unreadable:
        raise typer.Exit(FAILED)


@app.command()
def rejects(
    provider: Annotated[str | None, typer.Option("--provider", help="只写一个报送单位")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="输出目录（缺省为数据目录下的 rejects/）")] = None,
    home: HomeOption = None,
) -> None:
    """退回清单：每个报送单位一个工作簿（及同内容 JSON），写明哪行哪列、错在哪、怎样改。"""
    from pipelines.report.rejects import write_rejects  # noqa: PLC0415

    settings = _published(home)
    written = write_rejects(settings, out or settings.home / "rejects", provider)
    table = Table(title="退回清单")
    for heading in ("报送单位", "待更正", "提示", "文件"):
        table.add_column(heading)
    for row in written:
        table.add_row(row.name, str(row.open_rows), str(row.hints), str(row.workbook))
    console.print(table)


@app.command()
def template(feed: str, out: Annotated[Path, typer.Option("--out", help="输出文件（.xlsx）")]) -> None:
    """报送模板：中文表头、下拉清单、示例行，由报送表契约生成。"""
    from pipelines.feeds.contracts import contracts  # noqa: PLC0415
    from pipelines.report.template import write_template  # noqa: PLC0415

    if feed not in contracts():
        errors.print(f"[red]没有报送表「{feed}」[/]。可用：{'、'.join(contracts())}")
        raise typer.Exit(BAD_ARGUMENTS)
    write_template(feed, out)
    console.print(f"已写入 {out}", highlight=False)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL；与 --example、--file 三者取一")] = "",
    example: Annotated[str, typer.Option("--example", help="运行一个示例查询")] = "",
    file: Annotated[Path | None, typer.Option("--file", help="运行文件中的查询", exists=True, dir_okay=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", help="写成文件：.csv、.xlsx、.parquet")] = None,
    home: HomeOption = None,
) -> None:
    """只读查询已发布的数据仓；不带参数时列出示例查询。"""
    import duckdb  # noqa: PLC0415

    from pipelines.publish import examples  # noqa: PLC0415

    if not (sql or example or file):
        listing = Table(title="示例查询（anze query --example 名称）")
        listing.add_column("名称", no_wrap=True)
        listing.add_column("问题")
        for name, question in examples.examples().items():
            listing.add_row(name, question)
        console.print(listing)
        return
    settings = _published(home)
    try:
        text = examples.example(example) if example else file.read_text(encoding="utf-8") if file else sql
        with duckdb.connect(
            str(settings.published), read_only=True, config={"enable_external_access": "false"}
        ) as connection:
            frame = connection.sql(text).pl()
    except KeyError:
        errors.print(f"[red]没有示例「{example}」[/]。anze query 列出全部示例。", highlight=False)
        raise typer.Exit(BAD_ARGUMENTS) from None
    except duckdb.Error as error:
        errors.print("[red]查询出错[/]：", end="")
        errors.print(str(error), markup=False, highlight=False)
        raise typer.Exit(FAILED) from None
    except AttributeError:
        errors.print("[red]查询没有结果表[/]：请写 select 语句。")
        raise typer.Exit(BAD_ARGUMENTS) from None
    if out:
        try:
            examples.write_result(frame, out, f"{settings.published.name}　{datetime.now(CHINA):%Y-%m-%d %H:%M}")
        except ValueError as problem:
            errors.print(f"[red]不能写入[/]：{problem}", highlight=False)
            raise typer.Exit(BAD_ARGUMENTS) from None
        console.print(f"已写入 {out}（{frame.height:,} 行）", highlight=False)
        return
    table = Table()
    for name in frame.columns:
        table.add_column(name)
    for row in frame.head(QUERY_ROWS).iter_rows():
        table.add_row(*("—" if value is None else str(value) for value in row))
    console.print(table)
    if frame.height > QUERY_ROWS:
        console.print(f"列出前 {QUERY_ROWS:,} 行，共 {frame.height:,} 行；全部请用 --out 写成文件。")


JurisdictionOption = Annotated[
    str | None, typer.Option("--jurisdiction", help="统计辖区：weihai、shanghai（只有一个时可省略）")
]


def _warehouse(home: Path | None, as_of: str | None) -> Path:
    """The published warehouse, or the one of a knowledge date (built when it is not there yet)."""
    from pipelines.lock import AlreadyRunning  # noqa: PLC0415
    from pipelines.publish.as_of import NothingKnown, warehouse_at  # noqa: PLC0415

    settings = _settings(home)
    day = _day(as_of)
    try:
        with errors.status(f"准备取数时点 {day} 的数据仓") if day else nullcontext():
            return warehouse_at(settings, day)
    except NothingKnown as nothing:
        errors.print(f"[yellow]{nothing}[/]")
        raise typer.Exit(FAILED) from None
    except AlreadyRunning as running:
        errors.print(f"[yellow]另一个作业正在写入此数据仓[/]（{running.holder}），请稍后再试。")
        raise typer.Exit(FAILED) from None


@app.command()
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
) -> None:
    """解释一个数：定义、来源条款、算式、分子分母的每条来源记录（文件与行），以及未计入的记录和原因。"""
    from pipelines.explain import output  # noqa: PLC0415
    from pipelines.explain.evidence import Unknown  # noqa: PLC0415
    from pipelines.explain.explain import explain, explain_finding, find_cell  # noqa: PLC0415

    warehouse = _warehouse(home, as_of)
    try:
        if ":" in metric:
            finding = explain_finding(warehouse, metric)
            if as_json:
                print(output.finding_json(finding))
            else:
                output.print_finding(finding, console)
            return
        if year is None:
            errors.print("[red]请给出统计年度[/]：--year 2025")
            raise typer.Exit(BAD_ARGUMENTS)
        name, cell = find_cell(warehouse, metric, year, jurisdiction or "", district, industry, insurer)
        found = explain(warehouse, name, cell, limit=None if as_json or xlsx else output.SHOWN_RECORDS)
    except Unknown as unknown:
        errors.print(f"[red]{unknown}[/]", highlight=False)
        raise typer.Exit(BAD_ARGUMENTS) from None
    if xlsx:
        output.write_explanation(found, xlsx)
        errors.print(f"已写入 {xlsx}", highlight=False)
    if as_json:
        print(output.explanation_json(found))
    elif not xlsx:
        output.print_explanation(found, console)


@app.command()
def diff(
    year: Annotated[int, typer.Option("--year", help="统计年度")],
    as_of: Annotated[list[str], typer.Option("--as-of", help="两个取数时点，各写一次")],
    jurisdiction: JurisdictionOption = None,
    metric: Annotated[str, typer.Option("--metric", help="只比较一个指标")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON（含全部记录）")] = False,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="写成工作簿（含全部记录）")] = None,
    home: HomeOption = None,
) -> None:
    """比较两个取数时点：哪些数变了，由哪些记录引起（新增、更正、撤回），变化逐项相加等于差额。"""
    from pipelines.explain import output  # noqa: PLC0415
    from pipelines.explain.diff import diff  # noqa: PLC0415
    from pipelines.explain.evidence import Unknown  # noqa: PLC0415

    if len(as_of) != 2:
        errors.print("[red]请给出两个取数时点[/]：--as-of 2023-12-10 --as-of 2024-01-31")
        raise typer.Exit(BAD_ARGUMENTS)
    before, after = sorted(_day(day) for day in as_of)
    try:
        found = diff(_warehouse(home, before), _warehouse(home, after), year, jurisdiction or "", metric)
    except Unknown as unknown:
        errors.print(f"[red]{unknown}[/]", highlight=False)
        raise typer.Exit(BAD_ARGUMENTS) from None
    if xlsx:
        output.write_difference(found, xlsx)
        errors.print(f"已写入 {xlsx}", highlight=False)
    if as_json:
        print(output.difference_json(found))
    elif not xlsx:
        output.print_difference(found, console)


@app.command()
def report(
    year: Annotated[int, typer.Argument(help="统计年度")],
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", help="统计辖区：weihai、shanghai")],
    as_of: DateOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="输出目录（缺省为数据目录下的 reports/）")] = None,
    file: Annotated[bool, typer.Option("--file", help="封存：编号、只读保存，以后可逐字节重现")] = False,
    reproduce: Annotated[str, typer.Option("--reproduce", help="重现一次封存的报送并逐字节比较")] = "",
    home: HomeOption = None,
) -> None:
    """年度报送：Word（公文格式）、Excel、JSON。"""
    from pipelines.feeds.reference import seed  # noqa: PLC0415
    from pipelines.publish.as_of import as_of_of  # noqa: PLC0415
    from pipelines.report import filing  # noqa: PLC0415
    from pipelines.report.annual import NoSuchReturn  # noqa: PLC0415

    settings = _settings(home)
    cities = seed("ref_jurisdiction")["jurisdiction"].to_list()
    if jurisdiction not in cities:
        errors.print(f"[red]没有统计辖区「{jurisdiction}」[/]。可用：{'、'.join(cities)}")
        raise typer.Exit(BAD_ARGUMENTS)
    warehouse = _warehouse(home, as_of)
    day = as_of_of(warehouse)
    try:
        if reproduce:
            same = filing.reproduce(settings, reproduce)
            for name, equal in same.items():
                console.print(f"{name}：{'[green]逐字节相同[/]' if equal else '[red]不同[/]'}", highlight=False)
            if not all(same.values()):
                raise typer.Exit(FAILED)
            return
        if file:
            filed = filing.file(settings, jurisdiction, year, day)
            place = filing.folder(settings, jurisdiction, year) / filed.number
            console.print(
                f"[green]已封存[/] {filed.number}，取数时点 {filed.as_of}，数据指纹 {filed.inputs_hash}\n{place}",
                highlight=False,
            )
            return
        made = filing.make(
            settings, jurisdiction, year, day, previous=filing.last_filing(settings, jurisdiction, year, day)
        )
    except NoSuchReturn as nothing:
        errors.print(f"[yellow]{nothing}[/]", highlight=False)
        raise typer.Exit(FAILED) from None
    except filing.NotReproduced as problem:
        errors.print(f"[red]{problem}[/]", highlight=False)
        raise typer.Exit(FAILED) from None
    folder = out or settings.home / "reports" / f"{jurisdiction}_{year}_{day.replace('-', '')}"
    written = filing.write(made, folder)
    table = Table(title=f"{made.title}（取数时点 {day}）", title_justify="left")
    for heading in ("序号", "事项", "数值"):
        table.add_column(heading)
    for figure in made.figures:
        table.add_row(figure.item_no, figure.name, figure.shown)
    console.print(table)
    for text in made.missing:
        console.print(f"[yellow]缺[/] {text}", highlight=False)
    for path in written.values():
        console.print(f"已写入 {path}", highlight=False)


@app.command()
def site(
    audience: Annotated[str | None, typer.Option("--audience", help="只写一个单位的网页（报送单位代码）")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="与 --audience 合用：写到哪里（缺省为 site/ 下同名文件夹）")
    ] = None,
    home: HomeOption = None,
) -> None:
    """静态网页：每个单位一个文件夹，由当前发布生成；每次发布都会自动更新。"""
    from pipelines.publish import rights  # noqa: PLC0415
    from pipelines.site.site import write_site, write_sites  # noqa: PLC0415

    settings = _published(home)
    if audience is None:
        with errors.status("生成网页") as shown:
            folder = write_sites(settings, progress=shown.update)
        console.print(
            f"已写入 {folder}\n入口 {settings.home / 'site' / 'current' / 'index.html'}",
            highlight=False,
            soft_wrap=True,
        )
        return
    try:
        who = rights.audience(audience)
    except rights.NoAudience as unknown:
        errors.print(f"[red]不能生成[/]：{unknown}", highlight=False)
        raise typer.Exit(BAD_ARGUMENTS) from None
    folder = out or settings.home / "site" / who.provider
    write_site(settings.published, who, folder)
    console.print(f"已写入 {folder / 'index.html'}", highlight=False, soft_wrap=True)


@app.command()
def dashboard(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="端口")] = 8501,
    address: Annotated[str, typer.Option(help="监听地址；缺省只有本机能打开")] = "127.0.0.1",
    audience: Annotated[str, typer.Option("--audience", help="只显示一个单位可见的数据（报送单位代码）")] = "",
) -> None:
    """交互页面：按辖区、区市、行业、机构、年度筛选，每个数都能点开看来源记录；发布更新后自动换新。"""
    from pipelines.dashboard.serve import serve  # noqa: PLC0415
    from pipelines.publish import rights  # noqa: PLC0415

    settings = _settings(home)
    if audience:
        try:
            rights.audience(audience)
        except rights.NoAudience as unknown:
            errors.print(f"[red]不能打开[/]：{unknown}", highlight=False)
            raise typer.Exit(BAD_ARGUMENTS) from None
    console.print(f"交互页面：http://{address}:{port}（Ctrl+C 结束）", highlight=False)
    serve(settings, port, address, audience)


@app.command()
def extract(
    provider: Annotated[str, typer.Option("--for", help="报送单位代码：区市、行业部门、保险机构等")],
    out: Annotated[Path, typer.Option("--out", help="输出目录")],
    home: HomeOption = None,
) -> None:
    """某一单位可见的数据：DuckDB、Parquet 与工作簿，不含其他单位的行、主键和文字。"""
    from pipelines.publish.extract import write_extract  # noqa: PLC0415
    from pipelines.publish.rights import NoAudience, audience  # noqa: PLC0415

    settings = _published(home)
    try:
        who = audience(provider)
    except NoAudience as unknown:
        errors.print(f"[red]不能提取[/]：{unknown}", highlight=False)
        raise typer.Exit(BAD_ARGUMENTS) from None
    with errors.status(f"提取 {who.name} 可见的数据"):
        written = write_extract(settings.published, who, out)
    table = Table(title=f"{who.name}：{len(written.rows)} 张表，{sum(written.rows.values()):,} 行")
    table.add_column("表")
    table.add_column("行数", justify="right")
    for name, rows in written.rows.items():
        if rows and name.startswith("marts."):
            table.add_row(name, f"{rows:,}")
    console.print(table)
    for name in written.too_long:
        console.print(f"[yellow]{name} 超过一个工作表的行数，未写入工作簿[/]，见 DuckDB 或 Parquet 文件。")
    console.print(
        f"文件：{written.folder}/{who.provider}.duckdb、{who.provider}.xlsx、parquet/", soft_wrap=True, highlight=False
    )


@app.command()
def dictionary(
    table: Annotated[str | None, typer.Argument(help="只看一张表")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="写成网页与工作簿（dictionary.html、dictionary.xlsx）的目录")
    ] = None,
    dbt_docs: Annotated[
        bool, typer.Option("--dbt-docs", help="与 --out 合用：再写 dbt 文档（血缘、SQL），单个网页")
    ] = False,
    home: HomeOption = None,
) -> None:
    """数据字典：各表各列的中文名、单位、定义。"""
    import duckdb  # noqa: PLC0415

    settings = _published(home)
    if out:
        from pipelines.site.dictionary import write_dbt_docs, write_dictionary  # noqa: PLC0415

        written = write_dictionary(settings, out)
        if dbt_docs:
            with errors.status("生成 dbt 文档"):
                written.append(write_dbt_docs(settings, out))
        for path in written:
            console.print(f"已写入 {path}", highlight=False, soft_wrap=True)
        return
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        rows = connection.execute(
            "select table_schema || '.' || table_name, column_name, chinese_name, unit, definition from meta.data_dictionary "
            "where ? is null or table_name = ? order by all",
            [table, table],
        ).fetchall()
    if not rows:
        errors.print(f"[red]没有表「{table}」[/]。anze dictionary 列出全部。", highlight=False)
        raise typer.Exit(BAD_ARGUMENTS)
    listing = Table(title="数据字典")
    for heading in ("表", "列", "中文名", "单位", "定义"):
        listing.add_column(heading)
    for row in rows:
        listing.add_row(*row)
    console.print(listing)


def _published(home: Path | None) -> Settings:
    settings = _settings(home)
    if not settings.published.exists():
        errors.print(f"[yellow]还没有发布的数据仓[/]（{settings.published}）。请先运行 anze nightly。")
        raise typer.Exit(FAILED)
    return settings


@app.command()
def status(
    home: HomeOption = None,
    today: Annotated[str | None, typer.Option("--today", help="以哪一天计算期限（缺省为今天）")] = None,
) -> None:
    """现状：最近一次发布、待处理文件、隔离区；报送期限：到期、收到、迟报。"""
    import duckdb  # noqa: PLC0415

    from pipelines.ingest.landing import pending  # noqa: PLC0415
    from pipelines.publish.publication import last_publication  # noqa: PLC0415
    from pipelines.report.deadlines import deadlines  # noqa: PLC0415

    settings = _published(home)
    publication = last_publication(settings)
    table = Table(title="现状", show_header=False)
    if publication:
        table.add_row("发布编号", publication.publication_id)
        table.add_row("取数时点", publication.as_of)
        table.add_row("生成时间", publication.built_at)
    table.add_row("待处理文件", str(len(pending(settings))))
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        for label, sql in (
            ("已装载文件", "select count(*) from quality.files where status = 'loaded'"),
            ("退回文件", "select count(*) from quality.files where status = 'refused'"),
            (
                "待更正的行",
                "select count(distinct (file_id, sheet, line_no)) from quality.quarantine where status = 'open' and severity = 'reject'",
            ),
        ):
            found = connection.execute(sql).fetchall()
            table.add_row(label, str(found[0][0]))
    console.print(table)
    day = date.fromisoformat(_day(today)) if today else datetime.now(CHINA).date()
    listing = Table(title=f"报送期限（{day}）", title_justify="left")
    for heading in ("期限", "事项", "应报", "已收", "迟报", "未收", "状态"):
        listing.add_column(heading)
    for row in deadlines(settings.published, day):
        colour = {"逾期": "red", "将到期": "yellow"}.get(row.state, "")
        left = (
            f"还有 {row.working_days_left} 个工作日"
            if row.working_days_left is not None and row.days_left >= 0
            else f"已过 {-row.days_left} 天"
        )
        state = f"[{colour}]{row.state}[/] {left}" if colour else row.state
        listing.add_row(
            str(row.due_date),
            f"{row.city} {row.name}",
            str(row.owed),
            str(row.received),
            str(row.late),
            str(row.missing),
            state,
        )
    console.print(listing)


@app.command()
def dev(home: HomeOption = None, port: Annotated[int, typer.Option(help="端口")] = 3000) -> None:
    """打开 Dagster 控制台与守护进程（只监听本机）。"""
    from pipelines import transform  # noqa: PLC0415
    from pipelines.lock import AlreadyRunning, writer_lock  # noqa: PLC0415
    from pipelines.nightly import end_dead_runs, prepare_dagster_home  # noqa: PLC0415

    settings = _settings(home)
    prepare_dagster_home(settings)
    # A run that goes on elsewhere is alive.
    with suppress(AlreadyRunning), writer_lock(settings):
        end_dead_runs()
    transform.fresh_manifest(settings)
    command = shutil.which("dagster", path=str(Path(sys.executable).parent)) or "dagster"
    arguments = [command, "dev", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)]
    raise typer.Exit(subprocess.call(arguments))


@app.command()
def synth(
    out: Annotated[Path, typer.Option("--out", help="输出目录")],
    scale: Annotated[str, typer.Option(help="sample、city、province、region、country")] = "city",
    seed: Annotated[int, typer.Option(help="随机种子：同样的种子给出同样的文件")] = 1,
    dirt: Annotated[float, typer.Option(help="出错行的比例，0 到 1")] = 0.0,
) -> None:
    """生成合成的报送文件及其真值。"""
    from pipelines.synth.files import write  # noqa: PLC0415
    from pipelines.synth.model import SCALES  # noqa: PLC0415

    if scale not in SCALES or not 0 <= dirt <= 1:
        errors.print(f"[red]参数无效[/]：规模可选 {'、'.join(SCALES)}；出错比例在 0 与 1 之间。")
        raise typer.Exit(BAD_ARGUMENTS)
    with errors.status("生成中") as shown:
        written = write(out, scale, seed, dirt, progress=shown.update)
    table = Table(title=f"合成数据：{out}")
    table.add_column("报送表")
    table.add_column("行数", justify="right")
    for feed, rows in written.items():
        table.add_row(feed, f"{rows:,}")
    console.print(table)


@app.command()
def doctor(
    home: HomeOption = None,
    mend: Annotated[
        bool, typer.Option("--repair", help="损坏的落地文件、构建和发布从原始文件重做，并说明做了什么")
    ] = False,
) -> None:
    """体检：版本、目录、磁盘、落地与发布文件的指纹、中文字体、工作日历、遥测。"""
    from pipelines.doctor import examine, repair  # noqa: PLC0415
    from pipelines.lock import AlreadyRunning  # noqa: PLC0415

    if mend:
        try:
            done = repair(_settings(home))
        except AlreadyRunning as running:
            errors.print(f"[yellow]另一个作业正在写入此数据仓[/]（{running.holder}），请稍后再试。")
            raise typer.Exit(FAILED) from None
        for line in done or ["没有需要修复的。"]:
            console.print(line, highlight=False, soft_wrap=True)

    table = Table(title="体检")
    for heading in ("项目", "结果", "说明"):
        table.add_column(heading)
    findings = examine(_settings(home))
    for finding in findings:
        colour = {"正常": "green", "提示": "yellow"}.get(finding.state, "red")
        table.add_row(finding.title, f"[{colour}]{finding.state}[/]", finding.detail)
    console.print(table)
    if not all(finding.ok or finding.is_hint for finding in findings):
        raise typer.Exit(FAILED)


def main() -> None:
    """The command as a program. Once everything has been said, its process goes at once: to take the objects of a night
    apart one by one would take two seconds more."""
    code: int = FAILED

    def leave() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # nobody reads on: anze query … | head
                stream.flush()
        os._exit(code)

    atexit.register(leave)  # first registered, last run
    try:
        app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else FAILED
        raise


if __name__ == "__main__":
    main()

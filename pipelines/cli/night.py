"""Commands of the operator: nightly, status, doctor, dev.

What belongs here: arguments and what is printed. What does not: what is done (pipelines/night).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from pipelines.cli.terminal import (
    BAD_ARGUMENTS,
    BLOCKED,
    FAILED,
    DateOption,
    FormOption,
    HomeOption,
    console,
    day_of,
    errors,
    published_of,
)
from pipelines.documents.console import Form, Sheet, coloured
from pipelines.settings import CHINA, Settings, use_home
from pipelines.warehouse.tables import reading

commands = typer.Typer()
STATES = {"good": ("green", "✓"), "warn": ("yellow", "!"), "bad": ("red", "✗")}
"""How a line of `anze status` is marked: by a sign, and in colour where there is one."""

if TYPE_CHECKING:
    import dagster as dg
    import polars as pl

    from pipelines.night.nightly import Outcome


def _job() -> dg.JobDefinition:
    """What a night runs; Dagster and dbt are imported only when it does."""
    from pipelines.definitions import defs  # noqa: PLC0415

    return defs.resolve_job_def("nightly")


@commands.command()
def nightly(
    home: HomeOption = None,
    as_of: DateOption = None,
    full: Annotated[bool, typer.Option("--full", help="全部文件重新读取、全部重算")] = False,
    engine: Annotated[
        str | None, typer.Option("--engine", help="计算引擎：duckdb（缺省）或 spark，见 docs/scale.md")
    ] = None,
    form: FormOption = Form.table,
) -> None:
    """夜间作业。

    读取新文件、计算指标、检查、发布。退出码 0 已发布，3 有城市暂停更新或全部被闸门拦下，1 其他失败。
    """
    from pipelines.night import nightly as night  # noqa: PLC0415
    from pipelines.night.incident import folder as incidents  # noqa: PLC0415
    from pipelines.night.lock import AlreadyRunning  # noqa: PLC0415
    from pipelines.night.reminder import remind  # noqa: PLC0415
    from pipelines.warehouse.held_back import HeldBack, in_words  # noqa: PLC0415

    if engine not in (None, "duckdb", "spark"):
        errors.say("red", f"没有计算引擎「{engine}」", "：请用 duckdb 或 spark。")
        raise typer.Exit(BAD_ARGUMENTS)
    if engine:
        os.environ["ANZE_ENGINE"] = engine
    settings = use_home(home)
    if not settings.raw.is_dir():
        errors.say("red", "没有报送目录", f"：{settings.raw}。请先用 anze receive 登记文件，或用 anze synth 生成样例。")
        raise typer.Exit(FAILED)
    began = time.monotonic()
    try:
        outcome = night.run(settings, _job, day_of(as_of), full)
    except AlreadyRunning as running:
        errors.say("yellow", "另一个作业正在写入此数据仓", f"（{running.holder}），本次不运行。")
        raise typer.Exit(FAILED) from None
    for notice in outcome.notices:
        errors.say("yellow", "注意", f"：{notice}")
    for line in remind(settings, datetime.now(CHINA).date()):
        console.say("yellow", "提醒", f"：{line}")
    if outcome.status == "blocked":
        errors.say(
            "red",
            "被闸门拦下，未发布",
            f"；原有数据仓保持不变。详见 {settings.docs / 'gates.html'} 与 {incidents(settings)}",
        )
        _print_gates(outcome)
        raise typer.Exit(BLOCKED)
    if outcome.status == "failed":
        errors.say("red", "运行失败", f"\n{outcome.error}\n事件说明：{incidents(settings)}")
        raise typer.Exit(FAILED)
    assert outcome.publication is not None
    if outcome.status == "nothing_new":
        console.print("没有新文件，程序与口径也没有变化：现有发布仍然有效。")
    else:
        console.say(
            "green",
            "已发布",
            f" {outcome.publication.publication_id}，取数时点 {outcome.publication.as_of}，{outcome.publication.source_files} 个文件。",
        )
    _print_headline(settings)
    if outcome.stages:
        _print_stages(dict(outcome.stages), time.monotonic() - began)
    if outcome.status == "held_back":
        errors.say("red", "暂停更新", f"：{in_words([HeldBack(**city) for city in outcome.publication.held_back])}")
        errors.print(
            f"其他城市已照常发布。详见 {settings.docs / 'gates.html'} 与 {incidents(settings)}", soft_wrap=True
        )
        _print_gates(outcome)
        raise typer.Exit(BLOCKED)


def _print_gates(outcome: Outcome) -> None:
    """The gates that do not hold, and the files that moved what they stopped."""
    for gate in outcome.gates:
        errors.print(
            f"  ✗ {gate.table_name}：{gate.title}（{gate.expectation}，{gate.unexpected_count} 行不符）", soft_wrap=True
        )
        for line in gate.sample.splitlines()[:3]:
            errors.print(f"      {line}", soft_wrap=True)
    for line in outcome.moved_by:
        errors.print(f"  {line}", soft_wrap=True)


def _print_stages(stages: dict[str, float], whole: float) -> None:
    """Where the time of a night went."""
    from pipelines.defs.progress import STEPS  # noqa: PLC0415

    table = Sheet(title="各阶段用时")
    for heading in ("阶段", "秒", "占比"):
        table.add_column(heading, justify="left" if heading == "阶段" else "right")
    rows = {STEPS.get(step, step): seconds for step, seconds in stages.items()}
    for title, seconds in (rows | {"启动（载入程序、解析模型）": whole - sum(rows.values()), "合计": whole}).items():
        table.add_row(title, f"{seconds:.1f}", f"{seconds / whole:.0%}")
    console.print(table)


def _print_headline(settings: Settings) -> None:
    """The four headline ratios, city totals by year and this year's districts."""
    from pipelines.documents.figures import percent, wan  # noqa: PLC0415
    from pipelines.feeds.reference import Reference  # noqa: PLC0415
    from pipelines.warehouse.headline import awaiting_confirmation, pending  # noqa: PLC0415
    from pipelines.warehouse.reach import reach  # noqa: PLC0415

    cities = Reference.on(settings.landing).cities()
    with reading(settings.published) as connection:
        waiting = [awaiting_confirmation(connection, city, {"quality.to_confirm"}) for city, _ in cities]
        reached = {city: reach(connection, city) for city, _ in cities}
        rows = connection.execute(
            """
            with latest as (select max(stat_year) as year from marts.supervision_metrics)
            select jurisdiction, stat_year, coalesce(short_name, district_name) as district, required_units, participation_rate, simple_loss_ratio,
                prevention_fee_share, service_coverage, premium_received, pending_units, participation_rate_high
            from marts.supervision_metrics
            left join marts.dim_district using (district_code, jurisdiction)
            where industry_code = 'ALL' and (district_code = 'ALL' or stat_year = (select year from latest))
            order by jurisdiction, (district_code <> 'ALL'), stat_year, sort_no
            """
        ).fetchall()
    for (jurisdiction, name), awaiting in zip(cities, waiting, strict=True):
        table = Sheet(title=f"{name}：核心指标（简单赔付率口径：已决＋未决）\n{reached[jurisdiction].dates}")
        table.add_column("年度 区市")
        for heading in ("应保", "参保率", "简单赔付率", "预防费提取", "服务覆盖率", "保费万元"):
            table.add_column(heading, justify="right")
        for row in rows:
            if row[0] == jurisdiction and row[1] >= reached[jurisdiction].first_year:
                table.add_row(f"{row[1]} {row[2]}", f"{row[3]:,}", *(percent(value) for value in row[4:8]), wan(row[8]))
        console.print(table)
        console.print(Text(f"{name}　缺报：{reached[jurisdiction].late_in_words}"), soft_wrap=True)
        latest = [row for row in rows if row[0] == jurisdiction and row[2] == "全市"]
        if latest and (words := pending({"pending_units": latest[-1][9], "participation_rate_high": latest[-1][10]})):
            console.print(f"{name}　参保率{words}（是否续保尚不可知，不作应保未保处理）", soft_wrap=True)
        if awaiting:
            console.print(f"{name}：{awaiting}。", soft_wrap=True)
    console.print(
        f"数据仓：{settings.published}\n闸门结果：{settings.docs / 'gates.html'}\n网页：{settings.home / 'site' / 'current' / 'index.html'}",
        soft_wrap=True,
    )


@commands.command()
def backup(
    target: Annotated[Path, typer.Argument(help="备份文件，如 /mnt/backup/anze-2026-11-28.tar")],
    home: HomeOption = None,
) -> None:
    """备份。

    原始文件、收件登记、散列密钥、封存的报送，写成一个 tar；其余都能由它重做。
    """
    from pipelines.night.backup import back_up  # noqa: PLC0415

    size = back_up(use_home(home), target)
    console.print(
        f"已写入 {target}（{size / 1e6:,.0f} MB）。恢复：解开到空目录，anze nightly --home 目录 --full。",
        soft_wrap=True,
    )


@commands.command()
def forget(
    path: Annotated[str, typer.Argument(help="raw/ 下的路径，如 报送单位/policy/2026-01-05/a.csv")],
    home: HomeOption = None,
) -> None:
    """原始文件已不在 raw/ 时，决定它的数据不再计入（下一晚生效）。"""
    from pipelines.ingest.landing import forget as forget_drop  # noqa: PLC0415

    if not forget_drop(use_home(home), path):
        errors.say(
            "red",
            f"没有可以不再计入的文件「{path}」",
            "：文件还在 raw/ 中，或从未读取过。anze doctor 列出不见了的文件。",
        )
        raise typer.Exit(BAD_ARGUMENTS)
    console.print(f"{path} 的数据不再计入，下一次 anze nightly 生效。")


@commands.command()
def status(
    home: HomeOption = None,
    today: Annotated[str | None, typer.Option("--today", help="以哪一天计算期限（缺省为今天）")] = None,
    due: Annotated[
        int | None, typer.Option("--due", help="只列多少天内到期（含逾期）而未收到的报送，逐单位", min=0)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="同 --due：输出 JSON")] = False,
    form: FormOption = Form.table,
) -> None:
    """现状。

    一屏：昨夜、拦下了什么、待处理、谁迟报、什么到期、磁盘；再列报送期限。逐单位的用 --due 天数。
    """
    from pipelines.night.morning import morning  # noqa: PLC0415
    from pipelines.night.reminder import calendar_on, outstanding  # noqa: PLC0415
    from pipelines.report.deadlines import deadlines  # noqa: PLC0415

    settings = published_of(home)
    now = datetime.now(CHINA)
    day = date.fromisoformat(day_of(today)) if today else now.date()
    if due is not None:
        calendar = calendar_on(settings, day)
        _print_outstanding(outstanding(calendar, day, due), day, f"{due} 天内到期或已逾期而未收到的报送", as_json)
        return
    table = Sheet("项目", "状态", "情况", title=f"现状（{now:%Y-%m-%d %H:%M}）")
    for line in morning(settings, now.replace(year=day.year, month=day.month, day=day.day)):
        colour, sign = STATES[line.state]
        table.add_row(line.title, coloured(colour, sign), line.text)
    console.print(table)
    listing = Sheet(title=f"报送期限（{day}）")
    for heading in ("期限", "事项", "应报", "已收", "迟报", "未收", "状态"):
        listing.add_column(heading)
    for row in deadlines(settings.published, day):
        colour = {"逾期": "red", "将到期": "yellow"}.get(row.state, "")
        left = (
            f"还有 {row.working_days_left} 个工作日"
            if row.working_days_left is not None and row.days_left >= 0
            else f"已过 {-row.days_left} 天"
        )
        state = coloured(colour, row.state) + Text(f" {left}") if colour else row.state
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
    console.print("逐单位：anze status --due 60　体检：anze doctor")


def _print_outstanding(rows: pl.DataFrame, day: date, title: str, as_json: bool = False) -> None:
    """Who still owes what, how far it is; as JSON for programs."""
    if as_json:
        print(rows.write_json())
        return
    if rows.is_empty():
        console.print(f"没有这样的报送：{title}")
        return
    console.print(f"{title}（{day}）")
    for (due, year, name), owing in rows.group_by("due_date", "stat_year", "name", maintain_order=True):
        left = owing["days_left"][0]
        when = coloured("red", f"已过 {-left} 天") if left < 0 else coloured("yellow", f"还有 {left} 天")
        table = Sheet(title=Text(f"{due}　{year} 年{name}　") + when)
        table.add_column("单位")
        for heading in ("起草", "封存", "状态"):
            table.add_column(heading)
        for row in owing.to_dicts():
            table.add_row(
                row["provider_name"], str(row["drafted_on"] or "—"), str(row["filed_on"] or "—"), row["state"]
            )
        console.print(table)


@commands.command()
def dev(home: HomeOption = None, port: Annotated[int, typer.Option(help="端口")] = 3000) -> None:
    """打开 Dagster 控制台与守护进程（只监听本机）。"""
    from pipelines.night.dagster_home import end_dead_runs, prepare_dagster_home  # noqa: PLC0415
    from pipelines.night.lock import AlreadyRunning, writer_lock  # noqa: PLC0415
    from pipelines.transform.project import fresh_manifest  # noqa: PLC0415

    settings = use_home(home)
    prepare_dagster_home(settings)
    # A run that goes on elsewhere is alive.
    with suppress(AlreadyRunning), writer_lock(settings):
        end_dead_runs()
    fresh_manifest(settings)
    command = shutil.which("dagster", path=str(Path(sys.executable).parent)) or "dagster"
    arguments = [command, "dev", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)]
    raise typer.Exit(subprocess.call(arguments))


@commands.command()
def doctor(
    home: HomeOption = None,
    mend: Annotated[
        bool, typer.Option("--repair", help="损坏的落地文件、构建和发布从原始文件重做，并说明做了什么")
    ] = False,
    form: FormOption = Form.table,
) -> None:
    """体检。

    版本、目录、磁盘、落地与发布文件的指纹、中文字体、工作日历、遥测。
    """
    from pipelines.night.doctor import examine, repair  # noqa: PLC0415
    from pipelines.night.lock import AlreadyRunning  # noqa: PLC0415

    if mend:
        try:
            done = repair(use_home(home), _job)
        except AlreadyRunning as running:
            errors.say("yellow", "另一个作业正在写入此数据仓", f"（{running.holder}），请稍后再试。")
            raise typer.Exit(FAILED) from None
        for line in done or ["没有需要修复的。"]:
            console.print(line, soft_wrap=True)

    table = Sheet(title="体检")
    for heading in ("项目", "结果", "说明"):
        table.add_column(heading)
    findings = examine(use_home(home))
    for finding in findings:
        colour = {"正常": "green", "提示": "yellow"}.get(finding.state, "red")
        table.add_row(finding.title, coloured(colour, finding.state), finding.detail)
    console.print(table)
    if not all(finding.ok or finding.is_hint for finding in findings):
        raise typer.Exit(FAILED)

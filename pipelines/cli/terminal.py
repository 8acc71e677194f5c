"""What every command needs: consoles, options of several commands, exit codes, the home.

What belongs here: what commands share. What does not: any command.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.documents.console import Form, Terminal
from pipelines.settings import Settings, quiet_dependencies, use_home

if TYPE_CHECKING:
    from pipelines.feeds.reference import Reference

quiet_dependencies()

errors = Terminal(stderr=True)
console = Terminal(aside=errors)


def _use_form(form: Form) -> Form:
    console.form = form
    return form


FormOption = Annotated[
    Form,
    typer.Option(
        "--format",
        callback=_use_form,
        help="表格写成 table、csv、json（每张表一行）或 markdown；除 table 外，其他话写到标准错误",
    ),
]
HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="数据目录（缺省为环境变量 ANZE_HOME；没有时为本项目的 data/，安装包则为当前目录）"),
]
DateOption = Annotated[str | None, typer.Option("--as-of", help="取数时点 YYYY-MM-DD：只计该日及以前收到的数据")]
JurisdictionOption = Annotated[str | None, typer.Option("--jurisdiction", help="统计辖区代码（只有一个时可省略）")]
BAD_ARGUMENTS, BLOCKED, FAILED = 2, 3, 1


def day_of(text: str | None) -> str:
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        errors.say("red", f"日期「{text}」无效", "：请写成 2023-12-10 这样的形式。")
        raise typer.Exit(BAD_ARGUMENTS) from None


def published_of(home: Path | None) -> Settings:
    settings = use_home(home)
    if not settings.published.exists():
        errors.say("yellow", "还没有发布的数据仓", f"（{settings.published}）。请先运行 anze nightly。")
        raise typer.Exit(FAILED)
    return settings


def warehouse_of(home: Path | None, as_of: str | None) -> Path:
    """The published warehouse, or the one of a knowledge date (built when it is not there yet)."""
    from pipelines.ingest.manifest import NothingKnown  # noqa: PLC0415
    from pipelines.night.lock import AlreadyRunning  # noqa: PLC0415
    from pipelines.night.past_day import warehouse_at  # noqa: PLC0415

    settings = use_home(home)
    day = day_of(as_of)
    try:
        with errors.status(f"准备取数时点 {day} 的数据仓") if day else nullcontext():
            return warehouse_at(settings, day)
    except NothingKnown as nothing:
        errors.say("yellow", f"{nothing}")
        raise typer.Exit(FAILED) from None
    except AlreadyRunning as running:
        errors.say("yellow", "另一个作业正在写入此数据仓", f"（{running.holder}），请稍后再试。")
        raise typer.Exit(FAILED) from None


def reference_data(settings: Settings) -> Reference:
    """The reference data of a home, with what has come of them since the last night."""
    from pipelines.ingest.landing import reference_of  # noqa: PLC0415
    from pipelines.ingest.manifest import NewerHome  # noqa: PLC0415

    try:
        return reference_of(settings)
    except NewerHome as newer:
        errors.say("red", "不能继续", f"：{newer}")
        raise typer.Exit(FAILED) from None

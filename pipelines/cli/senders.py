"""Commands around what senders send: receive, rejects, template.

What belongs here: arguments and what is printed. What does not: filing and reading drops (pipelines/ingest), workbooks for
senders (pipelines/report).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.terminal import (
    BAD_ARGUMENTS,
    FAILED,
    FormOption,
    HomeOption,
    console,
    errors,
    published_of,
    reference_data,
)
from pipelines.documents.console import Form, Sheet
from pipelines.settings import CHINA, use_home

commands = typer.Typer()


@commands.command()
def receive(
    files: Annotated[list[Path], typer.Argument(help="报送文件", exists=True, dir_okay=False)],
    provider: Annotated[str, typer.Option("--provider", help="报送单位代码")],
    feed: Annotated[str, typer.Option("--feed", help="报送表名称")],
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:
    """登记收到的文件：盖收到时间，当场检查能否读取。"""
    from pipelines.feeds.contracts import contracts  # noqa: PLC0415
    from pipelines.ingest.manifest import in_unicode  # noqa: PLC0415
    from pipelines.ingest.receive import file_drop  # noqa: PLC0415

    settings = use_home(home)
    if feed not in contracts():
        errors.say("red", f"没有报送表「{feed}」", f"。可用：{'、'.join(contracts())}")
        raise typer.Exit(BAD_ARGUMENTS)
    if provider not in reference_data(settings).providers():
        raise _unknown(provider)
    table = Sheet(title="收件回执")
    for heading in ("文件", "结果", "数据行", "接收", "隔离", "重复"):
        table.add_column(heading)
    unreadable = False
    unread: list[tuple[str, str]] = []
    for path in files:
        received = file_drop(settings, path, provider, feed, datetime.now(CHINA))
        unreadable |= bool(received.refused)
        table.add_row(in_unicode(path.name), received.refused or "可读取", *(str(count) for count in received.counts))
        unread += [(in_unicode(path.name), message) for message in received.unread]
    console.print(table)
    for name, message in unread:
        console.say("yellow", name, f"：{message}")
    if unreadable:
        raise typer.Exit(FAILED)


def _unknown(provider: str) -> typer.Exit:
    errors.say("red", f"报送单位「{provider}」不在清单内", "。清单：anze reference show ref_provider")
    return typer.Exit(BAD_ARGUMENTS)


@commands.command()
def rejects(
    provider: Annotated[str | None, typer.Option("--provider", help="只写一个报送单位")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="输出目录（缺省为数据目录下的 rejects/）")] = None,
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:
    """退回清单。

    每个报送单位一个工作簿（及同内容 JSON），写明哪行哪列、错在哪、怎样改。
    """
    from pipelines.report.rejects import write_rejects  # noqa: PLC0415

    settings = published_of(home)
    written = write_rejects(settings, out or settings.home / "rejects", provider)
    table = Sheet(title="退回清单")
    for heading in ("报送单位", "待更正", "提示", "文件", "更正工作簿"):
        table.add_column(heading)
    for row in written:
        corrections = "\n".join(path.name for path in row.corrections)
        table.add_row(row.name, str(row.open_rows), str(row.hints), str(row.workbook), corrections)
    console.print(table)


@commands.command()
def template(
    feed: str,
    out: Annotated[Path, typer.Option("--out", help="输出文件（.xlsx）")],
    provider: Annotated[str | None, typer.Option("--provider", help="报送单位代码：只列它所在城市的区市")] = None,
    home: HomeOption = None,
) -> None:
    """报送模板：中文表头、下拉清单、示例行，由报送表契约生成。"""
    from pipelines.feeds.contracts import contracts  # noqa: PLC0415
    from pipelines.report.template import write_template  # noqa: PLC0415

    if feed not in contracts():
        errors.say("red", f"没有报送表「{feed}」", f"。可用：{'、'.join(contracts())}")
        raise typer.Exit(BAD_ARGUMENTS)
    reference = reference_data(use_home(home))
    if provider is not None and provider not in reference.providers():
        raise _unknown(provider)
    write_template(feed, out, reference, reference.providers()[provider] if provider else None)
    console.print(f"已写入 {out}")

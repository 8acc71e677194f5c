"""The statutory return: report.

What belongs here: arguments and what is printed. What does not: the return (pipelines/report).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pipelines.cli.terminal import BAD_ARGUMENTS, FAILED, DateOption, HomeOption, console, errors, warehouse_of
from pipelines.documents.console import coloured
from pipelines.settings import use_home

commands = typer.Typer()


@commands.command()
def report(
    year: Annotated[int, typer.Argument(help="统计年度")],
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", help="统计辖区代码")],
    as_of: DateOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="输出目录（缺省为数据目录下的 reports/）")] = None,
    file: Annotated[bool, typer.Option("--file", help="封存：编号、只读保存，以后可逐字节重现")] = False,
    reproduce: Annotated[str, typer.Option("--reproduce", help="重现一次封存的报送并逐字节比较")] = "",
    home: HomeOption = None,
) -> None:
    """年度报送：Word（公文格式）、Excel、JSON。"""
    from pipelines.feeds.reference import Reference  # noqa: PLC0415
    from pipelines.night.past_day import warehouse_at  # noqa: PLC0415
    from pipelines.publish.share_log import shared  # noqa: PLC0415
    from pipelines.report import filing  # noqa: PLC0415
    from pipelines.report.annual import NoSuchReturn  # noqa: PLC0415
    from pipelines.warehouse.held_back import as_of_of  # noqa: PLC0415

    settings = use_home(home)
    warehouse = warehouse_of(home, as_of)
    cities = [city for city, _ in Reference.on(settings.landing).cities()]
    if jurisdiction not in cities:
        errors.say("red", f"没有统计辖区「{jurisdiction}」", f"。可用：{'、'.join(cities)}")
        raise typer.Exit(BAD_ARGUMENTS)
    day = as_of_of(warehouse, jurisdiction)
    try:
        if reproduce:
            same = filing.reproduce(settings, warehouse_at, reproduce)
            for name, equal in same.items():
                console.print(
                    f"{name}：", coloured("green", "逐字节相同") if equal else coloured("red", "不同"), sep=""
                )
            if not all(same.values()):
                raise typer.Exit(FAILED)
            return
        if file:
            filed = filing.file(settings, warehouse_at, jurisdiction, year, day)
            place = filing.folder(settings, jurisdiction, year) / filed.number
            console.say(
                "green", "已封存", f" {filed.number}，取数时点 {filed.as_of}，数据指纹 {filed.inputs_hash}\n{place}"
            )
            return
        made = filing.make(
            settings,
            warehouse_at,
            jurisdiction,
            year,
            day,
            previous=filing.last_filing(settings, jurisdiction, year, day),
        )
    except NoSuchReturn as nothing:
        errors.say("yellow", f"{nothing}")
        raise typer.Exit(FAILED) from None
    except filing.NotReproduced as problem:
        errors.say("red", f"{problem}")
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
        console.say("yellow", "缺", f" {text}")
    shared(settings, "年度报告", "", made.title, "", folder, jurisdiction)
    for path in written.values():
        console.print(f"已写入 {path}")

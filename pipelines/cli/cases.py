"""What an inspector takes along: the case file of a unit or an insurer, problems opened from findings.

What belongs here: arguments and what is printed. What does not: what is in a case (pipelines/report/case.py), what a problem is made of
(pipelines/report/problem_opening.py).
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.terminal import (
    BAD_ARGUMENTS,
    FormOption,
    HomeOption,
    JurisdictionOption,
    console,
    day_of,
    errors,
    published_of,
    reference_data,
)
from pipelines.documents.console import Form, Sheet

commands = typer.Typer()
problems = typer.Typer(no_args_is_help=True, help="问题清单：由监管发现立案")
commands.add_typer(problems, name="problem")

DAYS_TO_MEND = 30
"""The deadline proposed for a problem; whoever sends it sets its own."""


@commands.command()
def case(
    code: Annotated[str, typer.Argument(help="单位的统一社会信用代码，或保险机构的代码、简称")],
    jurisdiction: JurisdictionOption = None,
    audience: Annotated[str, typer.Option("--for", help="只写一个单位可见的内容（报送单位代码）")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="输出目录（缺省为数据目录下的 cases/）")] = None,
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:
    """一家单位或机构的案卷。

    事实（文件与行）、监管发现与条款、其后处理、函稿；Word、网页、JSON。
    """
    import duckdb  # noqa: PLC0415

    from pipelines.publish.share_log import shared  # noqa: PLC0415
    from pipelines.report.case import NoSuchCase, case_of  # noqa: PLC0415
    from pipelines.report.case_document import write_case  # noqa: PLC0415
    from pipelines.warehouse import rights  # noqa: PLC0415

    settings = published_of(home)
    try:
        who = rights.audience(settings.published, audience) if audience else None
        if who:
            with rights.open_whole(settings.published) as whole:
                views = rights.see_as(whole, who)
                found = case_of(views.connection, code, jurisdiction or "", views)
        else:
            with duckdb.connect(str(settings.published), read_only=True) as connection:
                found = case_of(connection, code, jurisdiction or "")
    except (NoSuchCase, rights.NoAudience) as problem:
        errors.say("red", "没有案卷", f"：{problem}")
        raise typer.Exit(BAD_ARGUMENTS) from None
    written = write_case(found, out or settings.home / "cases")
    if who:
        shared(settings, "案卷", who.provider, who.name, found.publication_id, written[0], who.jurisdiction)
    console.print(f"{found.name}（{found.code}）　取数时点 {found.as_of}　数据截至 {found.data_date}", soft_wrap=True)
    table = Sheet()
    table.add_column("内容")
    table.add_column("条数", justify="right")
    for rows in (*found.facts, *found.since):
        table.add_row(rows.listing.title, f"{rows.total:,}")
    table.add_row("监管发现", f"{len(found.findings):,}")
    console.print(table)
    for title, value in found.summary:
        console.print(f"{title}：{value}")
    for path in written:
        console.print(f"已写入 {path}", soft_wrap=True)


@problems.command("open")
def open_problems(
    findings: Annotated[list[str], typer.Argument(help="监管发现编号，可几个")],
    due: Annotated[str | None, typer.Option("--due", help="整改期限 YYYY-MM-DD（缺省为三十天后）")] = None,
    measure: Annotated[str, typer.Option("--measure", help="整改措施（缺省为发现中的处理提示）")] = "",
    provider: Annotated[str, typer.Option("--provider", help="由哪个单位报送（缺省为该市应急管理局）")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="写到哪里（缺省为数据目录下的 problems/）")] = None,
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:
    """由监管发现立案。

    写成问题清单的工作簿，核对后报送；报送后发现显示立案编号与整改状态。
    """
    from pipelines.report.problem_opening import NotOpened, problem_rows, write_problems  # noqa: PLC0415

    settings = published_of(home)
    deadline = date.fromisoformat(day_of(due)) if due else date.today() + timedelta(days=DAYS_TO_MEND)
    try:
        rows, city = problem_rows(settings.published, findings, deadline, measure)
    except NotOpened as problem:
        errors.say("red", "不能立案", f"：{problem}")
        raise typer.Exit(BAD_ARGUMENTS) from None
    reference = reference_data(settings)
    senders = reference.providers()
    bureaus = [one for one in senders.values() if one.kind == "city_bureau" and one.jurisdiction == city]
    sender = senders.get(provider) if provider else min(bureaus, key=lambda one: one.provider, default=None)
    if sender is None:
        errors.say("red", f"没有报送单位「{provider or city}」", "。清单：anze reference show ref_provider")
        raise typer.Exit(BAD_ARGUMENTS)
    path = out or settings.home / "problems" / f"{sender.provider}_问题清单_{rows['problem_no'][0]}.xlsx"
    write_problems(path, rows, reference, sender)
    table = Sheet("问题编号", "发现", "对象", "期限")
    for number, finding, target, day in rows.select("problem_no", "finding", "target_code", "due").rows():
        table.add_row(number, finding, target, day)
    console.print(table)
    console.print(
        f"已写入 {path}\n核对后报送：anze receive {path} --provider {sender.provider} --feed problem", soft_wrap=True
    )

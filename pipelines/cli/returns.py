"""The statutory returns: report.

What belongs here: arguments and what is printed. What does not: the returns (pipelines/report).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import duckdb
import typer

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
    reference_data,
    warehouse_of,
)
from pipelines.documents.console import Form, Sheet, coloured
from pipelines.settings import CHINA, Settings, use_home

if TYPE_CHECKING:
    from pipelines.report.contents import Check, Return
    from pipelines.report.owners import Owed

commands = typer.Typer()


@commands.command()
def report(
    year: Annotated[int, typer.Argument(help="统计年度")],
    provider: Annotated[str, typer.Option("--for", help="报送单位代码或名称：这个部门或区市应报的一份")] = "",
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", help="统计辖区代码：由市里汇总的一份")] = "",
    every: Annotated[bool, typer.Option("--all", help="同 --jurisdiction：该市应报的每一份，各一个目录")] = False,
    as_of: DateOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="输出目录（缺省为数据目录下的 reports/）")] = None,
    file: Annotated[bool, typer.Option("--file", help="封存：编号、只读保存，以后可逐字节重现")] = False,
    incomplete: Annotated[str, typer.Option("--incomplete", help="有未决事项而仍然封存的理由")] = "",
    seal: Annotated[Path | None, typer.Option("--seal", help="封存人工编辑过的 Word 文件，其中的数与数据仓核对", dir_okay=False)] = None,
    because: Annotated[str, typer.Option("--because", help="同 --seal：文件中的数与数据仓不同的理由")] = "",
    narrative: Annotated[tuple[str, Path] | None, typer.Option("--narrative", help="报送一份文字材料：类别 文件（.md 或 .docx）")] = None,
    reproduce: Annotated[str, typer.Option("--reproduce", help="按报送编号重现一次封存的报送并逐字节比较")] = "",
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:  # fmt: skip
    """年度报送：各部门、各区市应报的一份，或由市里汇总的一份；Word（公文格式）、Excel、JSON。

    退出码：0 已完成；1 没有数据或不能重现；2 参数有误；3 有未决事项或改动而没有理由，没有封存。
    """
    from pipelines.night.past_day import warehouse_at  # noqa: PLC0415
    from pipelines.report import filing  # noqa: PLC0415
    from pipelines.report.annual import NoSuchReturn  # noqa: PLC0415
    from pipelines.report.docx_in import NotADocument  # noqa: PLC0415
    from pipelines.warehouse.held_back import as_of_of  # noqa: PLC0415

    settings = use_home(home)
    faults = (
        (not (provider or jurisdiction or reproduce), "请写明一份", "：--for 报送单位，或 --jurisdiction 统计辖区。"),
        (provider and jurisdiction, "请写明一份", "：--for 与 --jurisdiction 只用一个。"),
        (every and not jurisdiction, "参数不全", "：--all 须与 --jurisdiction 同用。"),
        (narrative and not provider, "参数不全", "：--narrative 须与 --for 同用。"),
        (seal and every, "参数不符", "：--seal 只用于一份。"),
        (because and not seal, "参数不全", "：--because 须与 --seal 同用。"),
        (incomplete and not (file or seal), "参数不全", "：--incomplete 须与 --file 或 --seal 同用。"),
        (
            narrative and (file or seal or out or as_of or reproduce),
            "参数不符",
            "：--narrative 只登记文字材料，不与其他选项同用。",
        ),
        (
            reproduce and (provider or every or file or seal or out or as_of),
            "参数不符",
            "：--reproduce 只核对已封存的一份，不与其他选项同用。",
        ),
        (out and (file or seal), "参数不符", "：封存的文件写在数据目录的 filings/ 下，不用 --out。"),
        (seal and not seal.is_file(), f"没有文件「{seal}」", "。"),
        (as_of and day_of(as_of) > f"{datetime.now(CHINA):%Y-%m-%d}", f"取数时点 {as_of} 还没有到", "。"),
    )
    for is_wrong, head, rest in faults:
        if is_wrong:
            _wrong(head, rest)
    if narrative:
        _hand_in(settings, provider, year, *narrative)
        return
    try:
        if reproduce:
            _reproduce(settings, reproduce)
            return
        warehouse = warehouse_of(home, as_of)
        returns = _asked_for(warehouse, year, provider, jurisdiction, every)
        day = as_of_of(warehouse, returns[0].jurisdiction)
        left_open = 0
        for owed in returns:
            if file or seal:
                left_open += not _file(settings, owed, year, day, incomplete, seal, because)
                continue
            last = filing.last_filing(settings, owed, year, day)
            made = filing.make(settings, warehouse_at, owed, year, day, previous=last)
            folder = (
                out
                or settings.home
                / "reports"
                / f"{returns[0].jurisdiction if every else owed.key}_{year}_{day.replace('-', '')}"
            )
            _draft(settings, owed, made, folder / owed.key if every else folder, brief=every)
        if left_open:
            raise typer.Exit(BLOCKED)
    except NoSuchReturn as nothing:
        errors.say("yellow", f"{nothing}")
        raise typer.Exit(FAILED) from None
    except (filing.NotReproduced, NotADocument) as problem:
        errors.say("red", f"{problem}")
        raise typer.Exit(FAILED) from None
    except OSError as problem:
        errors.say("red", "写不了", f"：{problem.filename or out}（{problem.strerror}）。请检查目录和权限。")
        raise typer.Exit(FAILED) from None


def _wrong(head: str, rest: str) -> None:
    errors.say("red", head, rest)
    raise typer.Exit(BAD_ARGUMENTS)


def _asked_for(warehouse: Path, year: int, provider: str, jurisdiction: str, every: bool) -> list[Owed]:
    """The returns asked for; ends the program where there are none."""
    from pipelines.report.owners import NobodyOwes, find, owed_returns  # noqa: PLC0415

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        if provider:
            try:
                return [find(connection, provider, year)]
            except NobodyOwes as nobody:
                errors.say("red", "没有这份报告", f"：{nobody}")
                raise typer.Exit(BAD_ARGUMENTS) from None
        found = owed_returns(connection, jurisdiction, year)
        cities = [
            row[0]
            for row in connection.execute("select distinct jurisdiction from meta.return_form order by 1").fetchall()
        ]
    if not found:
        errors.say("red", f"没有统计辖区「{jurisdiction}」", f"。可用：{'、'.join(cities)}")
        raise typer.Exit(BAD_ARGUMENTS)
    return [owed for owed in found if owed.owner.is_whole or (every and owed.owner.due_date is not None)]


def _file(
    settings: Settings, owed: Owed, year: int, day: str, incomplete: str, seal: Path | None, because: str
) -> bool:
    """Freezes a return; False: something is open, or figures were changed, and no reason is given."""
    from pipelines.night.past_day import warehouse_at  # noqa: PLC0415
    from pipelines.report import filing  # noqa: PLC0415

    try:
        filed, is_new = filing.file(settings, warehouse_at, owed, year, day, incomplete, seal, because)
    except filing.Edited as edited:
        table = Sheet(title=f"{owed.owner.name}：文件中的数与数据仓（取数时点 {day}）不同")
        for heading in ("哪一个数", "数据仓", "文件中"):
            table.add_column(heading)
        for edit in edited.edits:
            table.add_row(edit.title, edit.warehouse, edit.document)
        errors.print(table)
        errors.say(
            "red", "没有封存",
            "：改回数据仓的数，或用 --because \"理由\" 写明为什么不同；如果是按更早的取数时点起草的，请加 --as-of 那一天。",
        )  # fmt: skip
        return False
    except filing.StillOpen as still:
        _print_checks(owed.owner.name, still.checks)
        errors.say("red", "没有封存", '：处理上列事项，或用 --incomplete "理由" 写明为什么仍然封存。')
        return False
    place = filing.folder(settings, owed.jurisdiction, year) / filed.number
    word = "已封存" if is_new else "内容没有变化，沿用"
    console.say(
        "green",
        word,
        f" {filed.number}　{owed.owner.name}，取数时点 {filed.as_of}，数据指纹 {filed.inputs_hash}\n{place}",
    )
    return True


def _draft(settings: Settings, owed: Owed, made: Return, folder: Path, brief: bool) -> None:
    """Writes and prints a draft."""
    from pipelines.publish.return_calendar import DRAFT  # noqa: PLC0415
    from pipelines.publish.share_log import shared  # noqa: PLC0415
    from pipelines.report import filing  # noqa: PLC0415

    written = filing.write_draft(made, folder)
    if not brief:
        table = Sheet(title=f"{made.title}（取数时点 {made.as_of}）")
        for heading in ("序号", "事项", "数值"):
            table.add_column(heading)
        for figure in made.figures:
            name = figure.name + (f"（{figure.insurer_name}）" if figure.insurer_name else "")
            table.add_row(figure.item_no, name, figure.shown)
        console.print(table)
        _print_checks(owed.owner.name, made.checks)
    shared(settings, DRAFT, owed.key, made.title, "", folder, owed.jurisdiction, made.stat_year)
    if brief:
        left = f"，未决 {len(made.checks)} 项" if made.checks else ""
        console.say("green", owed.owner.name, f"　{written['docx']}{left}")
        return
    for path in written.values():
        console.print(f"已写入 {path}", soft_wrap=True)


def _print_checks(name: str, checks: Iterable[Check]) -> None:
    """What is open before a return is filed."""
    table = Sheet(title=f"{name}：封存前应当看到的")
    table.add_column("类别")
    table.add_column("事项")
    for check in checks:
        table.add_row(check.kind, check.text)
    if table.rows:
        errors.print(table)
    else:
        console.say("green", "没有未决事项", "，可以封存。")


def _reproduce(settings: Settings, number: str) -> None:
    from pipelines.night.past_day import warehouse_at  # noqa: PLC0415
    from pipelines.report import filing  # noqa: PLC0415

    made = filing.reproduce(settings, warehouse_at, number)
    for name, equal in made.same.items():
        console.print(f"{name}：", coloured("green", "逐字节相同") if equal else coloured("red", "不同"), sep="")
    if made.why:
        errors.say("yellow", "不同的原因", f"：{made.why}")
    for line in made.figures:
        errors.print(f"  {line}", soft_wrap=True)
    if not all(made.same.values()):
        raise typer.Exit(FAILED)


def _hand_in(settings: Settings, provider: str, year: int, kind: str, source: Path) -> None:
    """Files a narrative part as a drop of its sender."""
    from pipelines.report.docx_in import NotADocument  # noqa: PLC0415
    from pipelines.report.narrative import hand_in, kinds  # noqa: PLC0415

    senders = reference_data(settings).providers().values()
    sender = next((one for one in senders if provider in (one.provider, one.name)), None)
    if sender is None:
        _wrong(f"报送单位「{provider}」不在清单内", "。清单：anze reference show ref_provider")
        return
    if kind not in kinds():
        _wrong(f"没有文字材料类别「{kind}」", f"。可用：{'、'.join(kinds())}")
    if not source.is_file():
        _wrong(f"没有文件「{source}」", "。")
    try:
        received, number = hand_in(settings, sender, year, kind, source, datetime.now(CHINA))
    except NotADocument as problem:
        errors.say("red", "没有收下", f"：{problem}")
        raise typer.Exit(FAILED) from None
    if received.refused or received.counts[1] == 0:
        errors.say("red", "没有收下", f"：{received.refused or '内容不合要求，见 anze rejects'}（{received.path}）")
        raise typer.Exit(FAILED)
    console.say(
        "green",
        "已收下",
        f" {kind}，文件编号 {number}（同一标题再报即为更正）；下一次 anze nightly 后写入报告。\n{received.path}",
    )

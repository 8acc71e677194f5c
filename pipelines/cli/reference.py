"""A city's own reference data: init, reference check, apply, show, export.

What belongs here: arguments and what is printed. What does not: checking and filing a workbook
(pipelines/ingest/reference_filing.py), the workbook's form (pipelines/report/reference_book.py).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.terminal import (
    BAD_ARGUMENTS,
    FAILED,
    DateOption,
    FormOption,
    HomeOption,
    console,
    day_of,
    errors,
    reference_data,
)
from pipelines.documents.console import Form, Sheet
from pipelines.settings import CHINA, Settings, use_home

if TYPE_CHECKING:
    from pipelines.feeds.contracts import Contract
    from pipelines.feeds.reference import Reference
    from pipelines.ingest.reference_filing import Change, Checked, Fault

commands = typer.Typer()
reference = typer.Typer(no_args_is_help=True, help="参考数据：辖区、报送单位、规则等，检查、登记、查看、导出。")
commands.add_typer(reference, name="reference")

BookArgument = Annotated[
    Path, typer.Argument(help="参考数据工作簿（anze init 或 anze reference export 所写）", exists=True, dir_okay=False)
]
SHOWN = 200
"""Changes printed at most."""


@commands.command()
def init(
    home: Annotated[Path, typer.Argument(help="数据目录，如 /srv/anze/qingdao")],
    name: Annotated[str, typer.Option("--name", help="城市名称，如 青岛市")],
    like: Annotated[
        str | None, typer.Option("--like", help="随程序样例中的一个统计辖区：强制行业、期限、报告格式先照它填")
    ] = None,
    code: Annotated[str | None, typer.Option("--code", help="统计辖区代码：小写字母和数字（缺省取目录名）")] = None,
) -> None:
    """建一个城市：新的数据目录和待填写的 参考数据.xlsx。"""
    from pipelines.feeds.contracts import HOME_SENDER  # noqa: PLC0415
    from pipelines.report.reference_book import NAME, first_rows, write_book  # noqa: PLC0415

    code = code or home.resolve().name
    if not re.fullmatch(r"[a-z][a-z0-9]*", code):
        errors.say("red", f"「{code}」不能作统计辖区代码", "：请用 --code 给出小写字母和数字，如 --code qingdao。")
        raise typer.Exit(BAD_ARGUMENTS)
    settings = use_home(home)
    book = settings.home / NAME
    if (settings.raw / HOME_SENDER).exists() or book.exists():
        errors.say("red", "没有新建", f"：{settings.home} 已有参考数据。要改，请用 anze reference export 和 apply。")
        raise typer.Exit(FAILED)
    with _bundled(like) if like else nullcontext() as other:
        (settings.raw / HOME_SENDER).mkdir(parents=True)
        write_book(book, reference_data(settings), first_rows(code, name, other))
    console.say("green", "已建立", f" {settings.home}")
    console.print(
        f"请填写 {book}（黄色的行是先填好的，请补全、改正），然后：\n"
        f"  anze reference check {book} --home {settings.home}\n"
        f"  anze reference apply {book} --home {settings.home}\n"
        f"  anze receive 文件 --provider 报送单位 --feed 报送表 --home {settings.home}\n"
        f"  anze nightly --home {settings.home}",
        soft_wrap=True,
    )


@contextmanager
def _bundled(city: str) -> Iterator[tuple[str, str, Reference]]:
    """Code and name of a city of the bundled sample, and the reference data it is in; says which there are if it is none."""
    with tempfile.TemporaryDirectory(prefix="anze-bundled-") as folder:
        bundled = reference_data(Settings(home=Path(folder), hash_key="bundled"))
        found = [(code, name) for code, name in bundled.cities() if city in (code, name)]
        if not found:
            errors.say("red", f"样例中没有「{city}」", f"。可用：{'、'.join(code for code, _ in bundled.cities())}")
            raise typer.Exit(BAD_ARGUMENTS)
        yield *found[0], bundled


@reference.command()
def check(book: BookArgument, home: HomeOption = None, form: FormOption = Form.table) -> None:
    """检查一个工作簿。

    每处问题在哪张表、哪行、哪列，应写什么；什么也不登记。
    """
    checked = _checked(use_home(home), book, datetime.now(CHINA))
    _print_changes(checked.changes)
    if not checked.can_be_filed:
        errors.say("red", "不能登记", "：请改正以上「错误」后再检查。")
        raise typer.Exit(FAILED)
    console.say("green", "可以登记", f"：anze reference apply {book}")


@reference.command()
def apply(book: BookArgument, home: HomeOption = None, form: FormOption = Form.table) -> None:
    """登记一个工作簿。

    作为参考数据的一次报送存档，只存有变化的表；有错误则不登记。
    """
    from pipelines.ingest.reference_filing import file_book  # noqa: PLC0415

    settings = use_home(home)
    now = datetime.now(CHINA)
    checked = _checked(settings, book, now)
    if not checked.can_be_filed:
        errors.say("red", "没有登记", "：请改正以上「错误」后再试。")
        raise typer.Exit(FAILED)
    if not checked.changes:
        console.print("与在用的参考数据相同，没有登记。")
        return
    _print_changes(checked.changes)
    filed = file_book(settings, book, checked.changes, now)
    console.say("green", "已登记", f"：{len(filed)} 张表，{len(checked.changes)} 行有变化；从下一次发布起生效。")
    for path in filed:
        console.print(f"  {path}", soft_wrap=True)


@reference.command()
def show(
    table: Annotated[str, typer.Argument(help="表：中文名称或代码，如 报送单位、ref_provider")],
    as_of: DateOption = None,
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:
    """一张表在用的行：自何时为系统所知、来自哪里。"""
    from pipelines.report.reference_book import as_text  # noqa: PLC0415

    contract = _contract(table)
    known = _known(use_home(home), as_of)
    rows = known.rows(contract.feed)
    listing = Sheet(title=f"{contract.title}（{contract.feed}）：{rows.height} 行")
    texts = as_text(contract, rows)
    columns = [name for name in contract.columns if texts[name].count()]
    for name in columns:
        listing.add_column(contract.columns[name].title)
    listing.add_column("来源")
    for text, row in zip(texts.to_dicts(), rows.to_dicts(), strict=True):
        since = f"，自 {row['known_from']}" if row["known_from"] else ""
        place = f" {row['sheet'] or ''} 第 {row['line_no']} 行".replace("  ", " ") if row["is_home"] else ""
        origin = f"本地{place}{since}" if row["is_home"] else "随程序"
        listing.add_row(*(text[name] or "" for name in columns), origin)
    console.print(listing)


@reference.command()
def export(
    out: Annotated[Path, typer.Option("--out", help="输出文件（.xlsx）")] = Path("参考数据.xlsx"),
    as_of: DateOption = None,
    home: HomeOption = None,
) -> None:
    """在用的全部参考数据写成一个工作簿，改好可以再 check、apply。"""
    from pipelines.report.reference_book import write_book  # noqa: PLC0415

    write_book(out, _known(use_home(home), as_of))
    console.print(f"已写入 {out}", soft_wrap=True)


def _checked(settings: Settings, book: Path, now: datetime) -> Checked:
    """A workbook checked, and its faults told."""
    from pipelines.ingest.reference_filing import NoBook, check_book  # noqa: PLC0415

    try:
        with errors.status("检查参考数据"):
            checked = check_book(settings, book, now)
    except NoBook as no_book:
        errors.say("red", "不能检查", f"：{no_book}")
        raise typer.Exit(BAD_ARGUMENTS) from None
    _print_faults(checked.faults)
    return checked


def _known(settings: Settings, as_of: str | None) -> Reference:
    from pipelines.feeds.reference import Reference  # noqa: PLC0415

    day = day_of(as_of)
    now = reference_data(settings)
    return Reference.on(settings.landing, date.fromisoformat(day)) if day else now


def _contract(table: str) -> Contract:
    from pipelines.feeds.contracts import reference_contracts  # noqa: PLC0415

    for name, contract in reference_contracts().items():
        if table in (name, name.removeprefix("ref_"), contract.title):
            return contract
    titles = "、".join(contract.title for contract in reference_contracts().values())
    errors.say("red", f"没有参考数据表「{table}」", f"。可用：{titles}")
    raise typer.Exit(BAD_ARGUMENTS)


def _print_faults(faults: list[Fault]) -> None:
    if not faults:
        console.print("没有发现问题。")
        return
    listing = Sheet(title="参考数据的问题")
    for heading in ("程度", "工作表", "行", "列", "问题和怎样改"):
        listing.add_column(heading)
    alike: dict[tuple[str, str, str, str], list[int]] = {}
    for fault in faults:
        alike.setdefault((fault.severity, fault.sheet, fault.column, fault.message), []).append(fault.line)
    for (severity, sheet, column, message), lines in alike.items():
        listing.add_row(severity, sheet, _ranges(lines), column, message)
    console.print(listing)


def _ranges(lines: list[int]) -> str:
    """3、5–9; nothing for what is said of a sheet as a whole."""
    runs: list[list[int]] = []
    for line in sorted(set(lines) - {0}):
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return "、".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)


def _print_changes(changes: list[Change]) -> None:
    if not changes:
        return
    listing = Sheet(title="下一次发布起的变化")
    for heading in ("表", "变化", "主键", "内容"):
        listing.add_column(heading)
    for change in changes[:SHOWN]:
        listing.add_row(change.table, change.what, change.key, change.columns)
    console.print(listing)
    if len(changes) > SHOWN:
        console.print(f"另有 {len(changes) - SHOWN} 行变化，没有列出。")

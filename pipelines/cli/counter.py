"""The counter: counter, token create, list, revoke.

What belongs here: arguments and what is printed. What does not: what is done (pipelines/counter).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from pipelines.cli.terminal import BAD_ARGUMENTS, FormOption, HomeOption, console, errors, reference_data
from pipelines.documents.console import Form, Sheet
from pipelines.settings import CHINA, use_home

commands = typer.Typer()
token = typer.Typer(help="报送窗口的令牌：发给谁、到何时、撤销。")
commands.add_typer(token, name="token")


@commands.command()
def counter(
    port: Annotated[int, typer.Option("--port", help="端口")] = 8600,
    address: Annotated[
        str, typer.Option("--address", help="监听地址；不是本机的须放在带 TLS 的代理之后")
    ] = "127.0.0.1",
    home: HomeOption = None,
) -> None:
    """报送窗口。

    报送单位（人和系统）报送文件，当场得到回执、逐处问题和更正工作簿。
    """
    from pipelines.counter.desk import Busy  # noqa: PLC0415
    from pipelines.counter.serve import serve  # noqa: PLC0415

    settings = use_home(home)
    reference_data(settings)
    console.print(f"报送窗口：http://{address}:{port}（Ctrl+C 结束）　接口说明：/api/v1/openapi.json")
    try:
        serve(settings, port, address)
    except Busy as busy:
        errors.say("red", "不能打开窗口", f"：{busy}")
        raise typer.Exit(1) from None


@token.command()
def create(
    providers: Annotated[list[str], typer.Argument(help="报送单位代码，可写几个")],
    name: Annotated[str, typer.Option("--name", help="发给谁（不写个人信息）")] = "",
    days: Annotated[int, typer.Option("--days", help="有效天数", min=1, max=3650)] = 365,
    home: HomeOption = None,
) -> None:
    """发一个令牌；只显示这一次，数据目录中只存它的散列。"""
    from pipelines.access.tokens import create as make  # noqa: PLC0415

    settings = use_home(home)
    known = reference_data(settings).providers()
    if unknown := [provider for provider in providers if provider not in known]:
        errors.say("red", f"报送单位「{'、'.join(unknown)}」不在清单内", "。清单：anze reference show ref_provider")
        raise typer.Exit(BAD_ARGUMENTS)
    ends = datetime.now(CHINA).date() + timedelta(days=days)
    made, secret = make(settings, providers, name, ends)
    console.print(
        f"令牌编号 {made.number}，可为 {'、'.join(known[one].name for one in providers)} 报送，至 {ends} 有效。"
    )
    console.print(secret, soft_wrap=True)


@token.command(name="list")
def listed(home: HomeOption = None, form: FormOption = Form.table) -> None:
    """列出令牌（不含令牌本身）。"""
    from pipelines.access.tokens import Damaged, tokens  # noqa: PLC0415

    table = Sheet(title="令牌")
    for heading in ("编号", "发给", "报送单位", "发出", "至", "状态"):
        table.add_column(heading)
    today = datetime.now(CHINA).date()
    try:
        known = tokens(use_home(home))
    except Damaged as damaged:
        errors.say("red", "不能列出", f"：{damaged}")
        raise typer.Exit(1) from None
    for one in known:
        state = "已撤销" if one.revoked else "有效" if one.is_good(today) else "已过期"
        table.add_row(one.number, one.name, "、".join(one.providers), one.created.replace("T", " "), one.ends, state)
    console.print(table)


@token.command()
def revoke(number: Annotated[str, typer.Argument(help="令牌编号")], home: HomeOption = None) -> None:
    """撤销一个令牌，立即生效。"""
    from pipelines.access.tokens import revoke as take_back  # noqa: PLC0415

    if not take_back(use_home(home), number):
        errors.say("red", f"没有令牌「{number}」", "。清单：anze token list")
        raise typer.Exit(BAD_ARGUMENTS)
    console.print(f"令牌 {number} 已撤销。")

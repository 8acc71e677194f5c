"""The `anze` command as a program.

What belongs here: the groups of commands, how the process ends. What does not: the commands (the modules beside this).
"""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from pipelines.cli import audiences, cases, counter, night, numbers, reference, returns, senders, synthetic
from pipelines.cli.english import LANGUAGES, english, in_english
from pipelines.cli.terminal import BAD_ARGUMENTS, FAILED, console, errors
from pipelines.cli.usage import WRONG, words
from pipelines.settings import settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="anze：安全生产责任保险监管数据仓")
# In the order in which `anze --help` lists them.
for group in (reference, night, senders, counter, numbers, cases, returns, audiences, synthetic):
    app.add_typer(group.commands)


def _tell_version(asked: bool) -> None:
    if asked:
        from pipelines.ingest.landing import code_of_reading  # noqa: PLC0415
        from pipelines.settings import code_fingerprint  # noqa: PLC0415

        print(f"anze {version_of('anze')}，程序 {code_fingerprint()}，读取口径 {code_of_reading(settings())}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="版本、程序与读取口径的指纹")
    ] = False,
    lang: Annotated[
        str, typer.Option("--lang", help="程序自己的话用哪种语言：zh（缺省）或 en；也可设 ANZE_LANG")
    ] = "zh",
) -> None:
    """anze：安全生产责任保险监管数据仓"""


def _language(arguments: list[str]) -> str:
    """The language asked for, anywhere among the arguments (which are then without it) or by ANZE_LANG."""
    asked = settings().lang or LANGUAGES[0]
    for place, one in enumerate(arguments):
        if one == "--lang" and place + 1 < len(arguments):
            asked = arguments[place + 1]
            del arguments[place : place + 2]
            break
        if one.startswith("--lang="):
            asked = arguments.pop(place).removeprefix("--lang=")
            break
    if asked not in LANGUAGES:
        errors.say("red", "参数有误", f"：没有语言「{asked}」。可用：{'、'.join(LANGUAGES)}。")
        raise SystemExit(BAD_ARGUMENTS)
    return asked


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
        command, arguments = typer.main.get_command(app), sys.argv[1:]
        if _language(arguments) == "en":
            in_english(command)
            console.spoken = errors.spoken = english
        code = command(arguments, prog_name="anze", standalone_mode=False) or 0
    except WRONG as wrong:
        code = BAD_ARGUMENTS
        if said := words(
            wrong, in_chinese=console.spoken is not english
        ):  # nothing to say: there were no arguments, and the help has been shown
            errors.say("red", "参数有误", f"：{said}")
    except typer.Abort:
        code = FAILED
        errors.say("red", "已中断")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else FAILED
    raise SystemExit(code)


if __name__ == "__main__":
    main()

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
from pipelines.cli.terminal import BAD_ARGUMENTS, FAILED, errors
from pipelines.cli.usage import WRONG, words

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="anze：安全生产责任保险监管数据仓")
# In the order in which `anze --help` lists them.
for group in (reference, night, senders, counter, numbers, cases, returns, audiences, synthetic):
    app.add_typer(group.commands)


def _tell_version(asked: bool) -> None:
    if asked:
        from pipelines.ingest.landing import code_of_reading  # noqa: PLC0415
        from pipelines.settings import code_fingerprint, settings  # noqa: PLC0415

        print(f"anze {version_of('anze')}，程序 {code_fingerprint()}，读取口径 {code_of_reading(settings())}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="版本、程序与读取口径的指纹")
    ] = False,
) -> None:
    """anze：安全生产责任保险监管数据仓"""


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
        code = app(standalone_mode=False) or 0
    except WRONG as wrong:
        code = BAD_ARGUMENTS
        if said := words(wrong):  # nothing to say: there were no arguments, and the help has been shown
            errors.say("red", "参数有误", f"：{said}")
    except typer.Abort:
        code = FAILED
        errors.say("red", "已中断")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else FAILED
    raise SystemExit(code)


if __name__ == "__main__":
    main()

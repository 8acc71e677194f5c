"""Wrong arguments, in words: what was wrong and what is allowed, Chinese names first.

What belongs here: the sentences. What does not: values that a command itself finds wrong (the commands).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import typer

WRONG: type[Exception] = typer.BadParameter.__mro__[1]
"""What the parser raises when it cannot read the arguments (its UsageError)."""


def words(error: Any, in_chinese: bool = True) -> str:
    """The sentence for an error of the parser, with what would have been right; in English as the parser has it."""
    if not in_chinese:
        return str(error.format_message())
    command = error.ctx.command if error.ctx else None
    if "unexpected extra argument" in error.message:
        return f"多出的参数：{error.message.split('(')[-1].rstrip(').')}。"
    of_kind = SENTENCES.get(type(error).__name__)
    if of_kind is not None:
        return of_kind(error, command)
    return str(error.format_message())


def _no_option(error: Any, command: Any) -> str:
    near = f"是不是 {'、'.join(error.possibilities)}？" if error.possibilities else ""
    return f"没有选项「{error.option_name}」。{near}可用的选项：\n{_listed(_options(command).items())}"


def _no_command(error: Any, command: Any) -> str:
    if "No such command" not in error.message:
        return str(error.format_message())
    asked = error.message.split("'")[1]
    known = getattr(command, "commands", {})
    return f"没有命令「{asked}」。可用的命令：\n{_listed((name, one.get_short_help_str(60)) for name, one in known.items())}"


def _missing(error: Any, _: Any) -> str:
    param = error.param
    if param is None:
        return str(error.format_message())
    kind = "选项" if param.param_type_name == "option" else "参数"
    return f"缺少{kind}「{max(param.opts, key=len)}」：{getattr(param, 'help', '') or ''}"


def _no_value(error: Any, command: Any) -> str:
    return f"选项「{error.option_name}」后面要有值：{_options(command).get(error.option_name, '')}"


def _bad_value(error: Any, _: Any) -> str:
    param = error.param
    if param is None:
        return str(error.format_message())
    choices = re.findall("'([^']*)'", error.message)[1:] if "is not one of" in error.message else []
    allowed = f"可用：{'、'.join(choices)}。" if choices else getattr(param, "help", "") or ""
    if "integer" in error.message:
        allowed = f"请写整数。{allowed}"
    bounds = [
        f"{word} {bound}"
        for word, bound in (("不小于", getattr(param, "min", None)), ("不大于", getattr(param, "max", None)))
        if bound is not None
    ]
    allowed += f"（{'，'.join(bounds)}）" if bounds else ""
    return f"「{max(param.opts, key=len)}」的值不能用。{allowed}"


SENTENCES: dict[str, Callable[[Any, Any], str]] = {
    "NoSuchOption": _no_option, "UsageError": _no_command, "NoSuchCommand": _no_command, "MissingParameter": _missing, "BadOptionUsage": _no_value, "BadParameter": _bad_value,
}  # fmt: skip


def _options(command: Any) -> dict[str, str]:
    params = getattr(command, "params", [])
    return {max(one.opts, key=len): one.help or "" for one in params if one.param_type_name == "option"}


def _listed(pairs: Any) -> str:
    return "\n".join(f"  {name}　{text}" for name, text in pairs)

"""The program's own words in English (`--lang en`, ANZE_LANG=en): help, messages, heads of tables; never data.

What belongs here: finding the English of a sentence. What does not: the sentences (english.toml).
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("zh", "en")
HOLE = "{}"


@cache
def sentences() -> dict[str, str]:
    """Chinese to English; `{}` stands for what a sentence holds."""
    return tomllib.loads((files("pipelines.cli") / "english.toml").read_text(encoding="utf-8"))


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Sentences with something in them, those with most words of their own first."""
    held = [text for text in sentences() if HOLE in text]
    held.sort(key=lambda text: -len(text.replace(HOLE, "")))
    return [
        (re.compile("(.*?)".join(re.escape(part) for part in text.split(HOLE)), re.DOTALL), sentences()[text])
        for text in held
    ]


def english(text: str) -> str:
    """A sentence in English; itself where there is none."""
    if not text or text in sentences():
        return sentences().get(text, text)
    for pattern, said in _patterns():
        if found := pattern.fullmatch(text):
            values = iter(found.groups())
            return "".join(part if part != HOLE else next(values) for part in re.split(r"(\{\})", said))
    return text


def in_english(command: Any) -> None:
    """A command and those below it, with their help in English."""
    for one in ("help", "short_help"):
        if getattr(command, one, None):
            setattr(command, one, english(getattr(command, one)))
    for param in command.params:
        if getattr(param, "help", None):
            param.help = english(param.help)
    for below in getattr(command, "commands", {}).values():
        in_english(below)

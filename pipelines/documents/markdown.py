"""Markdown that senders wrote, as plain paragraphs for a document.

What belongs here: taking marks, links and tables of Markdown apart into text. What does not: whose text it is, how a document looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

CELL_GAP = "　"


@dataclass(frozen=True)
class Block:
    """A paragraph: `heading` for headings, whatever their level."""

    text: str
    heading: bool = False


def blocks(text: str) -> list[Block]:
    """The paragraphs of a text in their order, without marks; markup of other kinds (HTML, templates) stays text.

    Lines of one paragraph are joined as Chinese is, without a space, unless Latin letters or digits would run together. `2*3*4` is a product
    and no emphasis. A text that is nested so deep that parts of it would be lost is taken as it stands, line by line.
    """
    try:
        found = [block for block in _blocks(_parser().parse(SIGN.sub(r"\\\1", text))) if block.text.strip()]
    except RecursionError:
        found = []
    if sum(map(_letters, (block.text for block in found))) < _letters(text):
        found = [Block(line.strip()) for line in text.splitlines() if line.strip()]
    return found


SIGN = re.compile(r"(?<=[0-9A-Za-z])([*_])(?=[0-9A-Za-z])")


def _letters(text: str) -> int:
    """Chinese characters and digits, of which Markdown has none among its marks; numbers of a list are not counted."""
    return sum(1 for letter in LIST_NUMBER.sub("", text) if letter.isdigit() or "\u4e00" <= letter <= "\u9fff")


LIST_NUMBER = re.compile(r"^[\s>]*(?:[-+*]\s+)*\d+[.)．]", re.MULTILINE)


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "maxNesting": 50}).enable("table")


def _blocks(tokens: list[Token]) -> Iterator[Block]:
    heading, mark = False, ""
    row: list[str] | None = None
    numbers: list[int | None] = []
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            heading = token.type == "heading_open"
        elif token.type in ("ordered_list_open", "bullet_list_open"):
            numbers.append(int(token.attrGet("start") or 1) if token.type == "ordered_list_open" else None)
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            numbers.pop()
        elif token.type == "list_item_open" and (number := numbers[-1]) is not None:
            mark, numbers[-1] = f"{number}．", number + 1
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            yield Block(CELL_GAP.join(row or []))
            row = None
        elif token.type == "inline":
            lines = list(_lines(token))
            if row is not None:
                row.append("".join(lines))
                continue
            for place, line in enumerate(lines):
                yield Block((mark if place == 0 else "") + line.strip(), heading)
            mark = ""
        elif token.type in ("fence", "code_block", "html_block"):
            yield from (Block(line.strip()) for line in token.content.splitlines())


def _lines(token: Token) -> Iterator[str]:
    """The text of an inline token; a hard break starts a new line."""
    line = ""
    links: list[str] = []
    for child in token.children or []:
        if child.type == "hardbreak":
            yield line
            line = ""
        elif child.type == "softbreak":
            line += "\n"
        elif child.type == "link_open":
            links.append(str(child.attrGet("href") or ""))
        elif child.type == "link_close":
            target = links.pop()
            line += f"（{target}）" if target and target not in line else ""
        else:
            line += child.content
    yield line if "\n" not in line else _joined(line.split("\n"))


def _joined(lines: list[str]) -> str:
    whole = lines[0]
    for line in lines[1:]:
        runs_together = whole[-1:].isascii() and line[:1].isascii() and whole[-1:].isalnum() and line[:1].isalnum()
        whole += (" " if runs_together else "") + line
    return whole

"""Tables on the terminal: whole wherever they go, text whatever they hold, and in the form that is asked for."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from rich.cells import cell_len

from pipelines.documents.console import Form, Sheet, Terminal, coloured

LONG = "威海/海岳财险/2023年6月保单（第三次更正）.xlsx"


class Tty(io.StringIO):
    """A terminal to write to."""

    def isatty(self) -> bool:
        return True


def printed(sheet: Sheet, form: Form = Form.table, width: int = 80, is_terminal: bool = False) -> str:
    out = Tty() if is_terminal else io.StringIO()
    console = Terminal()
    console.file, console.form, console.width = out, form, width
    console.print(sheet)
    return re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())


def sheet() -> Sheet:
    table = Sheet("文件", "金额", "原因", title="退回")
    table.right.add("金额")
    table.add_row(LONG, "1,234,567.89", coloured("red", "[red]列「a|b」:smile: 不认识[/red]"))
    table.add_row("b.csv", "2.00", "x" * 90)
    return table


def test_read_by_a_program_nothing_is_cut_or_broken() -> None:
    text = printed(sheet())
    for value in (LONG, "1,234,567.89", "[red]列「a|b」:smile: 不认识[/red]", "x" * 90):
        assert value in text
    assert len({cell_len(line) for line in text.splitlines()[1:]}) == 1


@pytest.mark.parametrize("width", [30, 60, 100, 250])
def test_on_a_terminal_of_any_width_every_character_is_there_and_numbers_are_in_one_piece(width: int) -> None:
    text = printed(sheet(), width=width, is_terminal=True)
    assert "1,234,567.89" in text and "…" not in text
    assert text.count("x") >= 90
    if width >= 60:
        assert max(cell_len(line) for line in text.splitlines()) <= max(width, cell_len("退回"))


def test_as_csv_json_and_markdown() -> None:
    rows = list(csv.reader(io.StringIO(printed(sheet(), Form.csv))))
    assert rows[0] == ["文件", "金额", "原因"] and rows[1][2] == "[red]列「a|b」:smile: 不认识[/red]"
    found = json.loads(printed(sheet(), Form.json))
    assert found["title"] == "退回" and found["rows"][1] == {"文件": "b.csv", "金额": "2.00", "原因": "x" * 90}
    markdown = printed(sheet(), Form.markdown).splitlines()
    assert markdown[2:4] == ["| 文件 | 金额 | 原因 |", "| --- | ---: | --- |"] and r"a\|b" in markdown[4]


def test_everything_else_goes_aside_when_a_program_reads_tables() -> None:
    aside, out = Terminal(), io.StringIO()
    aside.file = io.StringIO()
    console = Terminal(aside=aside)
    console.file, console.form = out, Form.json
    console.print("已写入 a.xlsx")
    console.say("green", "完成", "。")
    console.print(sheet())
    assert json.loads(out.getvalue())["rows"]
    assert aside.file.getvalue().splitlines() == ["已写入 a.xlsx", "完成。"]

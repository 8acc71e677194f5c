"""Markdown as plain paragraphs: marks go, nothing else does."""

from __future__ import annotations

import pytest

from pipelines.documents.markdown import Block, blocks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# 标题\n\n第一段\n接着写 and\nmore", ["标题", "第一段接着写 and more"]),
        ("1. 核对\n2. 清零**应保未保**\n- 甲\n- 乙", ["1．核对", "2．清零应保未保", "甲", "乙"]),
        ("| 月 | 事 |\n|---|---|\n| 三月 | 检查 |", ["月　事", "三月　检查"]),
        ("见[通知](http://a.example/b)和 `代码`", ["见通知（http://a.example/b）和 代码"]),
        ("2*3*4家，a_b_c", ["2*3*4家，a_b_c"]),
        ("<b>粗</b> {{ 7*7 }}", ["<b>粗</b> {{ 7*7 }}"]),
        ("```\n<b>\n```\n\n    缩进", ["<b>", "缩进"]),
        (">" * 80 + " 深处 5 家", [">" * 80 + " 深处 5 家"]),
        ("", []),
    ],
)
def test_marks_go_and_nothing_else(text: str, said: list[str]) -> None:
    assert [block.text for block in blocks(text)] == said


def test_headings_are_told() -> None:
    assert blocks("## 小题\n\n文") == [Block("小题", heading=True), Block("文")]
    assert len(blocks("> " * 3_000 + "深")) == 1

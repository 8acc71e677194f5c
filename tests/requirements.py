"""The register of requirements, made from its table: `python tests/requirements.py` writes docs/requirements.md.

What belongs here: reading docs/requirements.csv and laying it out. What does not: whether what it names exists (test_requirements.py).
A place where a requirement is met is `kind:name`: t a table, c a column, f a feed, r a table of reference data, rule, edit, cmd a command,
p a page. A test is `file::function`, or `u:name` for a unit test of dbt.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from pipelines.settings import PROJECT_ROOT

TABLE, PAGE = PROJECT_ROOT / "docs" / "requirements.csv", PROJECT_ROOT / "docs" / "requirements.md"
NOTICES = {"W": "威应急发〔2023〕11号", "S": "沪安委办〔2023〕32号"}
KINDS = {
    "t": "表", "c": "列", "f": "报送表", "r": "参考数据", "rule": "监管规则", "edit": "核对规则", "cmd": "命令", "p": "网页",
}  # fmt: skip


@dataclass(frozen=True)
class Requirement:
    """A row. `met`: kind and name of each place; `test`: what shows it; `note`: what is not met."""

    no: str
    clause: str
    text: str
    met: list[tuple[str, str]]
    test: str
    note: str


def requirements() -> list[Requirement]:
    with TABLE.open(encoding="utf-8") as file:
        return [
            Requirement(
                row["no"], row["clause"], row["requirement"],
                [(place.split(":", 1)[0], place.split(":", 1)[1]) for place in row["met"].split()], row["test"], row["note"],
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


def _named(kind: str, name: str) -> str:
    return f"{KINDS[kind]} `{'anze ' if kind == 'cmd' else ''}{name}`"


def _shown(test: str) -> str:
    path, _, function = test.partition("::")
    return f"`{path}` `{function}`" if function else f"dbt `{test.removeprefix('u:')}`"


def render() -> str:
    lines = [
        "# 两份通知的要求与实现",
        "",
        "由 `docs/requirements.csv` 生成（`python tests/requirements.py`），勿手改。每行写明在哪里实现、由哪个测试证明；",
        "`tests/test_requirements.py` 核对所写的表、列、命令、网页、规则和测试都存在。「未尽」一栏写明没有做到的。",
    ]
    for letter, notice in NOTICES.items():
        lines += ["", f"## {notice}", "", "| 序号 | 条款 | 要求 | 在哪里 | 测试 | 未尽 |", "|---|---|---|---|---|---|"]
        lines += [
            f"| {one.no} | {one.clause} | {one.text} | {'；'.join(_named(*place) for place in one.met)} | {_shown(one.test)} | {one.note} |"
            for one in requirements()
            if one.no.startswith(letter)
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(PAGE).write_text(render(), encoding="utf-8")

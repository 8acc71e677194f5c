"""`--lang en`: whatever the program says of itself has its English; data stay as they are."""

from __future__ import annotations

import ast
import re

import pytest
from conftest import Home

from pipelines.cli.english import english, sentences
from pipelines.settings import PROJECT_ROOT

HAN = re.compile("[一-鿿]")
SAID = ("console.print", "errors.print", "errors.status", "console.say", "errors.say", "Sheet", "_wrong")


def _template(node: ast.expr) -> str:
    """A literal, or an f-string with {} for what it holds."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return ""


def _said() -> dict[str, str]:
    """Every Chinese sentence in pipelines/cli that reaches a terminal as it stands, and where."""
    found: dict[str, str] = {}
    for path in sorted((PROJECT_ROOT / "pipelines" / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            texts: list[str] = []
            if isinstance(node, ast.FunctionDef) and any("command" in ast.unparse(one) for one in node.decorator_list):
                texts.append(ast.get_docstring(node) or "")
            if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple) and ast.unparse(node.target) == "heading":
                texts += [_template(one) for one in node.iter.elts]
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                texts += [_template(one.value) for one in node.keywords if one.arg in ("help", "title")]
                if name in SAID:
                    texts += [_template(one) for one in node.args]
                if name.endswith("add_column"):
                    texts += [_template(one) for one in node.args[:1]]
            found |= {text: f"{path.name}:{getattr(node, 'lineno', 0)}" for text in texts if HAN.search(text)}
    return found


def test_everything_the_commands_say_has_its_english() -> None:
    said = _said()
    assert len(said) > 250
    assert {text: place for text, place in said.items() if text not in sentences()} == {}


def test_the_english_holds_what_the_chinese_holds_and_no_chinese() -> None:
    for text, spoken in sentences().items():
        assert text.count("{}") == spoken.count("{}"), text
        # Names that are data are told as they are.
        assert not HAN.search(spoken.replace("参保率", "").replace("青岛市", "").replace("报送单位", "")), spoken


def test_what_a_sentence_holds_is_not_translated() -> None:
    assert english("没有报送单位「报送单位」") == "No sender '报送单位'"
    assert english("已写入 a{}b.xlsx（1,234 行）") == "Written: a{}b.xlsx (1,234 rows)"
    assert english("别人说的话") == "别人说的话"


def test_the_commands_in_english(dirty_world: Home) -> None:
    helped = dirty_world.anze("--lang", "en", "explain", "--help").stdout
    assert "Every record of numerator" in helped.replace("\n", " ") or "every record of numerator" in helped
    assert not HAN.search(helped.replace("参保率", ""))
    for arguments in (("status", "--lang", "en"), ("--lang=en", "status")):
        shown = dirty_world.anze(*arguments).stdout
        assert "Deadlines (" in shown and "Due" in shown and "报送期限" not in shown
    assert "No such command 'nope'" in dirty_world.anze("nope", ANZE_LANG="en").stderr
    wrong = dirty_world.anze("--lang", "fr", "status")
    assert wrong.returncode == 2 and "zh、en" in wrong.stderr


@pytest.mark.parametrize("command", ["nightly", "receive", "report", "reference", "counter"])
def test_help_of_a_command_is_english_throughout(dirty_world: Home, command: str) -> None:
    assert not HAN.search(dirty_world.anze(command, "--help", "--lang", "en").stdout)

"""What the documents say exists: links, commands and their options, make targets, files, tables, settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from pipelines.cli.main import app
from pipelines.publish.publication import ADDED_TABLES
from pipelines.settings import DBT_PROJECT, PROJECT_ROOT, Settings

PAGES = sorted(
    [*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md"), PROJECT_ROOT / "data" / "raw" / "README.md"]
)
COMMANDS: Any = typer.main.get_command(app)


def code(text: str) -> str:
    """Everything written as code: blocks and spans."""
    blocks = re.findall(r"```[^\n]*\n(.*?)```", text, re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return "\n".join([*blocks, *spans])


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(PROJECT_ROOT).as_posix())
class TestPage:
    def test_links_lead_somewhere(self, page: Path) -> None:
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert not target.startswith("http"), target
            assert (page.parent / target.split("#")[0]).exists(), target

    def test_commands_and_options_exist(self, page: Path) -> None:
        for line in re.findall(
            r"(?:^|[\s/])anze ([a-z]+[^\n|#`]*)", code(page.read_text(encoding="utf-8")), re.MULTILINE
        ):
            name, *rest = line.split()
            command = COMMANDS.commands.get(name)
            assert command is not None, line
            if hasattr(command, "commands") and rest and rest[0].isascii() and "|" not in rest[0]:
                assert rest[0] in command.commands, line  # a command of a group: reference check
                command = command.commands[rest[0]]
            known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
            used = {word.split("=")[0].strip("[]") for word in rest if word.strip("[").startswith("--")}
            assert used <= known, (line, used - known)

    def test_make_targets_exist(self, page: Path) -> None:
        targets = set(re.findall(r"^([a-z-]+):", (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        used = set(re.findall(r"(?:^|\s)make ([a-z-]+)", code(page.read_text(encoding="utf-8")), re.MULTILINE))
        assert used <= targets, used - targets

    def test_files_exist(self, page: Path) -> None:
        """Paths of the project written as code; `<…>`, `*`, `…` stand for something; examples make their own."""
        text = page.read_text(encoding="utf-8")
        made = set(re.findall(r"(?:file|append)=(\S+)", text))
        for path in re.findall(r"`((?:pipelines|dbt_project|expectations|tests|docs|benchmarks)/[^`\s：，。]+)`", text):
            if not re.search(r"[<*…{]", path) and path not in made and not path.startswith("docs/gates"):
                assert (PROJECT_ROOT / path).exists(), path

    def test_tables_and_settings_exist(self, page: Path) -> None:
        text = code(page.read_text(encoding="utf-8"))
        described = {
            model["name"]
            for path in (DBT_PROJECT / "models").rglob("*.yml")
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
        } | {name.split(".")[1] for name in ADDED_TABLES}
        for table in re.findall(r"\b(?:marts|quality|meta)\.([a-z_0-9]+)", text):
            if not table.endswith("_"):  # evidence_*, fct_*
                assert table in described, table
        for name in re.findall(r"\bANZE_([A-Z_]+)\b", text):
            assert name.lower() in Settings.model_fields or name in ("EXPECTATIONS", "FEEDS"), name


def test_there_is_a_page_for_everybody() -> None:
    names = {page.name for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "analyst.md", "operator.md", "sender.md"} <= names
    assert len([page for page in PAGES if page.parent.name == "decisions"]) >= 8


def test_systemd_units_start_commands_that_exist() -> None:
    for unit in (PROJECT_ROOT / "docs" / "systemd").glob("*.service"):
        text = unit.read_text(encoding="utf-8")
        (command,) = re.findall(r"^ExecStart=/opt/anze/\.venv/bin/anze ([a-z]+)", text, re.MULTILINE)
        assert command in COMMANDS.commands
        assert "Environment=ANZE_HOME=/var/lib/anze" in text and "ReadWritePaths=/var/lib/anze" in text

"""The house: rooms by what they are for, imports that point down."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter

import pytest
import rooms

MODULES = rooms.modules()


def test_imports_point_down() -> None:
    upwards = [
        f"{importer} → {imported}"
        for importer, imported in rooms.imports()
        if rooms.room(importer) and rooms.room(imported) and rooms.room(importer) != rooms.room(imported)
        and rooms.storey(rooms.room(importer)) >= rooms.storey(rooms.room(imported))
    ]  # fmt: skip
    assert not upwards


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for importer, imported in rooms.imports():
        if importer != imported and rooms.room(imported):
            graph.setdefault(importer, set()).add(imported)
    TopologicalSorter(graph).prepare()  # raises CycleError and names the circle


def test_imports_are_seen_wherever_they_stand() -> None:
    """At the top, inside a function, a module and a name of one."""
    found = set(rooms.imports())
    assert ("pipelines.night.nightly", "pipelines.night.lock") in found  # from … import a name
    assert ("pipelines.cli.night", "pipelines.definitions") in found  # inside a function
    assert ("pipelines.night.nightly", "pipelines.gates.process") in found  # from … import a module
    assert ("pipelines.counter.serve", "pipelines.dashboard.routes") in found


@pytest.mark.parametrize("room", ["ingest", "report", "publish", "synth"])
def test_plain_functions_know_nothing_of_dagster(room: str) -> None:
    for module, path in MODULES.items():
        if rooms.room(module) == room:
            assert not re.search(r"^\s*(import|from) dagster", path.read_text(encoding="utf-8"), re.MULTILINE), module


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_belongs_in_it(module: str) -> None:
    docstring = ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8"))) or ""
    words = " ".join(docstring.split())
    assert "What belongs here: " in words and "What does not: " in words


def test_every_room_stands_in_the_house() -> None:
    assert {rooms.room(module) for module in MODULES} - {""} == {name for names in rooms.STOREYS for name in names}


def test_the_picture_is_of_this_house() -> None:
    """`python tests/rooms.py` draws it."""
    assert rooms.PICTURE.read_text(encoding="utf-8") == rooms.picture()

"""The rooms of pipelines/ and which imports which, read off the code: `python tests/rooms.py` draws docs/rooms.svg.

What belongs here: the order of the rooms, reading imports, the picture. What does not: what is asked of them
(test_rooms.py).
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path

from pipelines.settings import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "pipelines"
PICTURE = PROJECT_ROOT / "docs" / "rooms.svg"

STOREYS = (
    ("cli",),
    ("definitions",),
    ("defs",),
    ("night",),
    ("counter",),
    ("site", "dashboard"),
    ("access",),
    ("transform",),
    ("publish", "report"),
    ("gates", "explain"),
    ("ingest", "warehouse", "synth"),
    ("feeds",),
    ("settings", "processes", "documents"),
)
"""From the top down; an import never points up, nor to another room of the same storey."""


def modules() -> dict[str, Path]:
    """Every module, by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PROJECT_ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room(module: str) -> str:
    """The room a module is in: the name below `pipelines`; empty for the package itself."""
    return f"{module}.".split(".")[1]


def storey(name: str) -> int:
    """How far down a room lies.

    Raises:
        LookupError: no storey has it.
    """
    for depth, names in enumerate(STOREYS):
        if name in names:
            return depth
    raise LookupError(f"pipelines/{name} is no room of tests/rooms.py")


def imports() -> Iterator[tuple[str, str]]:
    """Importing and imported module of the project, wherever in a module the import stands."""
    known = modules()
    for module, path in known.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in known else str(node.module) for name in names]
            else:
                continue
            yield from ((module, name) for name in names if name in known)


def between_rooms() -> set[tuple[str, str]]:
    """Importing and imported room."""
    pairs = {(room(importer), room(imported)) for importer, imported in imports()}
    return {(above, below) for above, below in pairs if above and below and above != below}


def _not_through_others(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Without what follows from the rest: where a leads to b and b to c, a to c says nothing new."""

    def leads(start: str, end: str) -> bool:
        return any(above == start and (below == end or leads(below, end)) for above, below in pairs)

    return {
        (above, below)
        for above, below in pairs
        if not any(first == above and through != below and leads(through, below) for first, through in pairs)
    }


WIDTH, HEIGHT, GAP, BELOW, ASIDE = 300, 76, 24, 44, 60


def picture() -> str:
    """The rooms by storey, each with the first sentence of its docstring; lines for what one imports and not already
    through another."""
    known = modules()
    page = max(map(len, STOREYS)) * (WIDTH + GAP) + GAP + ASIDE
    places = {
        name: (GAP + place * (WIDTH + GAP), GAP + depth * (HEIGHT + BELOW))
        for depth, names in enumerate(STOREYS)
        for place, name in enumerate(names)
    }
    parts = []
    for above, below in sorted(_not_through_others(between_rooms())):
        (x1, y1), (x2, y2) = places[above], places[below]
        if storey(below) == storey(above) + 1:
            line = f"M{x1 + WIDTH / 2:g} {y1 + HEIGHT:g}L{x2 + WIDTH / 2:g} {y2 - 6:g}"
        else:  # past the rooms between, on their right
            right = max(x1, x2) + WIDTH + ASIDE
            line = f"M{x1 + WIDTH:g} {y1 + HEIGHT / 2:g}C{right:g} {y1 + HEIGHT:g} {right:g} {y2 - BELOW:g} {x2 + WIDTH - 24:g} {y2 - 6:g}"
        parts.append(f'<path class="import" d="{line}" marker-end="url(#down)"/>')
    for name, (x, y) in places.items():
        docstring = ast.get_docstring(ast.parse(known[f"pipelines.{name}"].read_text(encoding="utf-8"))) or ""
        lines = textwrap.wrap(docstring.splitlines()[0], 46)
        parts.append(f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>')
        parts.append(f'<text class="name" x="{x + 12:g}" y="{y + 20:g}">{name}</text>')
        parts += [
            f'<text x="{x + 12:g}" y="{y + 38 + 15 * row:g}">{escape(line)}</text>' for row, line in enumerate(lines)
        ]
    height = len(STOREYS) * (HEIGHT + BELOW) + 2 * GAP - BELOW
    style = (
        "rect{fill:#fff;stroke:#2b5c8a}.import{stroke:#8aa4bd;stroke-width:1.2;fill:none}text{font:12px sans-serif;fill:#333}"
        ".name{font:bold 14px monospace;fill:#2b5c8a}"
    )
    arrow = (
        '<marker id="down" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#8aa4bd"/></marker>'
    )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {page} {height}" width="{page}" height="{height}">\n'
        f'<style>{style}</style><defs>{arrow}</defs>\n<rect width="100%" height="100%" style="stroke:none;fill:#f6f8fa"/>\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    print(PICTURE)

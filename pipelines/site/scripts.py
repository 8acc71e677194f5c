"""Scripts and styles of the pages: ours, and those of installed packages.

What belongs here: where they come from and what makes them fit for pages opened as files. What does not: the pages
(site.py), ours themselves (assets/).
"""

from __future__ import annotations

import hashlib
import re
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

from pipelines.site.folder import Folder

SNIPPET = "window.vegaEmbed = vegaEmbed;"
"""All the pages need of Vega; the bundle's default hands out more."""


def write_scripts(folder: Folder, label: Path | None = None) -> None:
    """Scripts and styles: ours, and those of installed packages (vl-convert: Vega; itables: DataTables).

    Args:
        label: where it is written which version of Vega's bundle was put last; not in the site, which others may write to.
    """
    own = files("pipelines.site") / "assets"
    for name in ("site.js", "site.css", "root.js"):
        folder.put(name, (own / name).read_bytes())
    _put_charts(folder, label)
    package = Path(str(distribution("itables").locate_file("itables/html")))  # to import it loads pandas
    module = (package / "dt_bundle.js").read_text(encoding="utf-8")
    folder.put("tables.js", _as_classic_script(module).encode())
    folder.put("tables.css", (package / "dt_bundle.css").read_bytes())


def _put_charts(folder: Folder, label: Path | None) -> None:
    """Vega takes seconds to be put together: the file of before is put again where it is the one this version made."""
    made_by = f"{distribution('vl-convert-python').version} {hashlib.sha256(SNIPPET.encode()).hexdigest()}"
    before = folder.read("charts.js")
    if before is not None and label and label.exists() and label.read_text() == _label(made_by, before):
        folder.put("charts.js", before)
        return
    import vl_convert  # noqa: PLC0415 - large, and only this needs it

    script = f"(function(){{{vl_convert.javascript_bundle(SNIPPET)}}})();".encode()
    folder.put("charts.js", script)
    if label:
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text(_label(made_by, script))


def _label(made_by: str, script: bytes) -> str:
    """Which version made a script, and which script it made."""
    return f"{made_by} {hashlib.sha256(script).hexdigest()}\n"


def _as_classic_script(module: str) -> str:
    """An ES module as a script: browsers refuse modules from file://.

    Raises:
        ValueError: the module does not export what it used to.
    """
    export = re.search(r"export ?\{([^}]*)\}", module)
    names = {name: local for local, name in re.findall(r"([\w$]+) as ([\w$]+)", export[1])} if export else {}
    if export is None or "jQuery" not in names:
        raise ValueError("itables' script has changed: no export of jQuery found")
    hand_over = f"window.jQuery={names['jQuery']};"
    return f'(function(){{"use strict";{module[: export.start()]}{hand_over}{module[export.end() :]}\n}})();'

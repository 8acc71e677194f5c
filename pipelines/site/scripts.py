"""Scripts and styles of the pages: ours, and those of installed packages.

What belongs here: where they come from and what makes them fit for pages opened as files. What does not: the pages
(site.py), ours themselves (assets/).
"""

from __future__ import annotations

import re
import shutil
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

SNIPPET = "window.vegaEmbed = vegaEmbed;"
"""All the pages need of Vega; the bundle's default hands out more."""


def write_scripts(folder: Path) -> None:
    """Scripts and styles: ours, and those of installed packages (vl-convert: Vega; itables: DataTables)."""
    import vl_convert  # noqa: PLC0415 - large, and only this needs it

    folder.mkdir(parents=True, exist_ok=True)
    own = files("pipelines.site") / "assets"
    for name in ("site.js", "site.css", "root.js"):
        (folder / name).write_text((own / name).read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "charts.js").write_text(f"(function(){{{vl_convert.javascript_bundle(SNIPPET)}}})();", encoding="utf-8")
    package = Path(str(distribution("itables").locate_file("itables/html")))  # to import it loads pandas
    module = (package / "dt_bundle.js").read_text(encoding="utf-8")
    (folder / "tables.js").write_text(_as_classic_script(module), encoding="utf-8")
    shutil.copyfile(package / "dt_bundle.css", folder / "tables.css")


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

"""Writing the static site: one folder per audience, made anew at every publication.

What belongs here: which files a site has, where they lie, their swap. What does not: what pages show (figures.py), how
they look (templates/, assets/), who may see what (pipelines/publish/rights.py).

`site/<time>_<publication>/<provider>/index.html`; `site/current` leads to the newest. Rights are a matter of folders: a
folder holds one audience's data only. Pages open from a file share or any web server, use no network and no eval.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from pipelines.publish.lists import Rows, read
from pipelines.publish.rights import Audience, audience, audiences, open_as
from pipelines.report.spreadsheet import write_csv
from pipelines.settings import CHINA, Settings
from pipelines.site.figures import LIST_ROWS, Figures, Page

KEPT = 2
"""Sites kept beside the current one."""
FILE_ROWS = 300_000
"""Rows of a list offered as a file; longer ones are in the audience's extract."""

SNIPPET = "window.vegaEmbed = vegaEmbed;"
"""All the pages need of Vega; the bundle's default hands out more."""

Progress = Callable[[str], None]


def write_sites(settings: Settings, progress: Progress = lambda text: None) -> Path:
    """The sites of all audiences of the current publication; returns the folder `site/current` leads to."""
    root = settings.home / "site"
    root.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(CHINA).strftime("%Y%m%d%H%M%S")
    partial = root / f".{stamp}.partial"
    assets = partial / "assets"
    write_assets(assets)
    chosen = [provider for provider in settings.site_audiences.split(",") if provider]
    everybody = [audience(provider) for provider in chosen] or audiences()
    publication_id = ""
    at_once = min(settings.threads, len(everybody))
    with ThreadPoolExecutor(at_once) as pool:
        written = pool.map(
            lambda who: write_site(settings.published, who, partial / who.provider, assets, at_once), everybody
        )
        for place, publication_id in enumerate(written, 1):  # noqa: B007 - all of them show the same publication
            progress(f"网页 {place}/{len(everybody)}")
    _write_index(partial, everybody)
    folder = root / f"{stamp}_{publication_id}"
    partial.rename(folder)
    _point_to(root / "current", folder)
    _forget_old(root)
    return folder


def write_site(warehouse: Path, who: Audience, folder: Path, assets: Path | None = None, at_once: int = 1) -> str:
    """The site of one audience; returns the publication it shows.

    Args:
        assets: scripts and styles made before; they are linked, not copied, where the disk can.
        at_once: how many sites are written side by side.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if assets is None:
        write_assets(folder / "assets")
    else:
        shutil.copytree(assets, folder / "assets", copy_function=_link, dirs_exist_ok=True)
    with open_as(warehouse, who, at_once) as connection:
        figures = Figures(connection, who)
        pages = figures.pages()
        for page in pages:
            (folder / f"{page.code}.html").write_text(_html(page, pages, figures), encoding="utf-8")
            for rows in page.lists:
                if LIST_ROWS < rows.total <= FILE_ROWS:
                    whole = read(connection, rows.listing, rows.total).frame
                    (folder / "files").mkdir(exist_ok=True)
                    write_csv(whole, folder / "files" / f"{rows.listing.code}.csv")
    return figures.publication_id


def _html(page: Page, pages: list[Page], figures: Figures) -> str:
    data = {
        "charts": {figure.code: {"spec": figure.spec, "rows": figure.data} for figure in page.figures},
        "lists": {rows.listing.code: _list_data(rows) for rows in page.lists},
    }
    return environment().get_template("page.html").render(
        page=page, pages=pages, who=figures.who, as_of=figures.as_of, built_at=figures.built_at,
        publication_id=figures.publication_id, list_rows=LIST_ROWS, file_rows=FILE_ROWS, data=_json(data),
    )  # fmt: skip


def _list_data(rows: Rows) -> dict[str, Any]:
    frame = rows.frame.with_columns(
        pl.col(pl.Date, pl.Datetime).cast(pl.String).str.slice(0, 10), pl.col(pl.Decimal).cast(pl.Float64)
    )
    return {
        "title": rows.listing.title,
        "columns": [{"title": column.title, "kind": column.kind} for column in rows.columns],
        "rows": frame.rows(),
    }


def _json(value: Any) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def environment() -> jinja2.Environment:
    """The templates, everything escaped."""
    loader = jinja2.FunctionLoader(
        lambda name: (files("pipelines.site") / "templates" / name).read_text(encoding="utf-8")
    )
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)


def write_assets(folder: Path) -> None:
    """Scripts and styles: ours, and those of installed packages (vl-convert: Vega; itables: DataTables)."""
    import itables  # noqa: PLC0415 - a second of imports
    import vl_convert  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    own = files("pipelines.site") / "assets"
    for name in ("site.js", "site.css"):
        (folder / name).write_text((own / name).read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "charts.js").write_text(f"(function(){{{vl_convert.javascript_bundle(SNIPPET)}}})();", encoding="utf-8")
    package = Path(itables.__file__).parent / "html"
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


def _write_index(folder: Path, everybody: list[Audience]) -> None:
    """The list of sites, for whoever serves them; it names audiences and nothing else."""
    html = environment().get_template("audiences.html").render(everybody=everybody)
    (folder / "index.html").write_text(html, encoding="utf-8")


def _link(source: str, target: str) -> None:
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _point_to(link: Path, folder: Path) -> None:
    """Switches the link over in one step."""
    fresh = link.with_name(".current.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name, target_is_directory=True)
    fresh.replace(link)


def _forget_old(root: Path) -> None:
    current = (root / "current").resolve()
    for stale in root.glob(".*.partial"):
        shutil.rmtree(stale, ignore_errors=True)
    old = [path for path in sorted(root.iterdir()) if path.is_dir() and not path.is_symlink() and path != current]
    for path in old[: -KEPT or None]:
        shutil.rmtree(path, ignore_errors=True)

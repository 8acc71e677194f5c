"""Writing the static site: one folder per audience, made anew at every publication.

What belongs here: which files a site has, where they lie, their swap. What does not: what pages show (figures.py), how
they look (templates/, assets/), who may see what (pipelines/warehouse/rights.py).

`site/<time>_<publication>/<provider>/index.html`; `site/current` leads to the newest. Rights are a matter of folders: a
folder holds one audience's data only. Pages open from a file share or any web server, use no network and no eval.

Every folder is complete. What changes with every publication (dates, its number) stands in `published.js` of each folder, which
pages read; a file whose content did not change is the file of the publication before (a hard link), so that nothing is written for it.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
import jinja2
import polars as pl

from pipelines.documents.spreadsheet import write_csv
from pipelines.processes import processes
from pipelines.publish.share_log import shared
from pipelines.settings import CHINA, Settings
from pipelines.site.figures import FILE_ROWS, LIST_ROWS, Figures, Page
from pipelines.site.folder import Folder, link
from pipelines.site.scripts import write_scripts
from pipelines.warehouse.first_screen import NEWS_DAYS, News, Place, Task
from pipelines.warehouse.lists import FILTERS, Rows
from pipelines.warehouse.rights import Audience, Views, audience, audiences, grouped, open_whole, see_as

KEPT = 2
"""Sites kept beside the current one."""
Progress = Callable[[str], None]


def write_sites(settings: Settings, progress: Progress = lambda text: None) -> Path:
    """The sites of all audiences of the current publication; returns the folder `site/current` leads to."""
    root = settings.home / "site"
    root.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(CHINA).strftime("%Y%m%d%H%M%S")
    partial = root / f".{stamp}.partial"
    sites = Folder(partial, (root / "current").resolve())
    chosen = [provider for provider in settings.site_audiences.split(",") if provider]
    everybody = [audience(settings.published, provider) for provider in chosen] or audiences(settings.published)
    publication_id = ""
    # Vega is put together beside the pages, in a process: it would hold Python's lock for more than a second.
    with (
        processes(1) as beside,
        open_whole(settings.published, often=True) as whole,
        ThreadPoolExecutor(settings.threads) as pool,
    ):
        # Thousands of small queries: each on the thread that asks it, and not each on all of them.
        whole.execute("set threads = 1")
        scripts = beside.submit(write_scripts, sites / "assets", settings.build.with_name("charts.txt"))
        written = pool.map(lambda who: _write_pages(see_as(whole, who), who, sites / who.provider), everybody)
        for place, publication_id in enumerate(written, 1):  # noqa: B007 - all of them show the same publication
            progress(f"网页 {place}/{len(everybody)}")
        scripts.result()
    for who in everybody:
        shutil.copytree(partial / "assets", partial / who.provider / "assets", copy_function=link)
    _write_index(sites, everybody, settings.published)
    for who in everybody:
        shared(
            settings, "网页", who.provider, who.name, publication_id, root / "current" / who.provider, who.jurisdiction
        )
    folder = root / f"{stamp}_{publication_id}"
    partial.rename(folder)
    _point_to(root / "current", folder)
    _forget_old(root)
    return folder


def write_site(warehouse: Path, who: Audience, folder: Path) -> None:
    """The site of one audience."""
    write_scripts(Folder(folder / "assets"))
    with open_whole(warehouse, often=True) as whole:
        _write_pages(see_as(whole, who), who, Folder(folder))


def _write_pages(views: Views, who: Audience, folder: Folder) -> str:
    """One audience's pages and files of lists, without scripts and styles; returns the publication they show."""

    def put_file(rows: Rows) -> None:
        csv = io.BytesIO()
        write_csv(rows.frame, csv)
        folder.put(f"files/{rows.listing.code}.csv", csv.getbuffer())

    with views.connection:
        figures = Figures(views, who, put_file)
        pages = figures.pages()
        folder.put("published.js", _published(figures))
        for page in pages:
            folder.put(f"{page.code}.html", _html(page, pages, figures).encode())
    return figures.publication_id


def _published(figures: Figures) -> bytes:
    """What changes with every publication, as the pages of one audience read it: name → text."""
    reach, previous = figures.reach, figures.previous_as_of
    earliest = reach.as_of - timedelta(NEWS_DAYS)
    since = (
        f"缺省为上次发布的取数时点 {previous}。"
        if previous
        else f"这是第一次发布：列出 {earliest} 以来的；选一个日期，列出其后新增的。"
    )
    return _script(
        {
            "as_of": str(reach.as_of), "data_date": str(reach.data_date or "尚无"), "dates": reach.dates, "late": reach.late_in_words,
            "built_at": str(figures.built_at), "publication_id": figures.publication_id, "held_back": figures.held_back,
            "previous": str(previous or ""), "earliest": str(earliest), "news_basis": since,
        }
        | {f"missing_{year}": "、".join(reach.missing(end)) or "无" for year, end in figures.period_ends.items()}
    )  # fmt: skip


def _script(published: dict[str, str]) -> bytes:
    return f"window.published = {_json(published)};\n".encode()


def _html(page: Page, pages: list[Page], figures: Figures) -> str:
    places = {rows.listing.code: other.code for other in pages for rows in other.lists}
    data = {
        "who": figures.who.provider,
        "news": [one.days for one in page.news],
        "filters": {name: title for name, (title, _) in FILTERS.items()},
        "charts": {figure.code: {"spec": figure.spec, "rows": figure.data} for figure in page.figures},
        "lists": {rows.listing.code: _list_data(rows) for rows in page.lists},
    }
    return environment().get_template("page.html").render(
        page=page, pages=pages, who=figures.who, awaiting=figures.awaiting, places=places,
        compares=any(table.code for other in pages for table in other.tables), list_rows=LIST_ROWS, file_rows=FILE_ROWS, data=_json(data),
    )  # fmt: skip


def _list_data(rows: Rows) -> dict[str, Any]:
    frame = rows.frame.with_columns(
        pl.col(pl.Date, pl.Datetime).cast(pl.String).str.slice(0, 10), pl.col(pl.Decimal).cast(pl.Float64)
    )
    return {
        "title": rows.listing.title,
        "columns": [{"title": column.title, "kind": column.kind, "filter": column.filter} for column in rows.columns],
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
    made = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"address": _address, "there": _there}
    return made


def _address(shown: Task | News, places: dict[str, str]) -> str:
    """The page and list that show what a task or a piece of news counts, under its filters."""
    chosen = {"list": shown.listing} | dict(getattr(shown, "chosen", {}))
    return f"{places[shown.listing]}.html#{urlencode(chosen)}"


def _there(place: Place, kind: str, places: dict[str, str]) -> str:
    """Where one reads why a district, field or insurer stands where it does: its units, or what was found about it."""
    listing = "findings" if kind == "insurer" else "uninsured"
    return f"{places.get(listing, 'index')}.html#{urlencode({'list': listing, kind: place.name})}"


def _write_index(folder: Folder, everybody: list[Audience], warehouse: Path) -> None:
    """The list of sites, for whoever serves them, each city's own bureau first; it names audiences and nothing else."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        (as_of,) = connection.execute("select as_of from meta.publication").fetchall()[0]
    html = environment().get_template("audiences.html").render(cities=grouped(warehouse, everybody))
    folder.put("index.html", html.encode())
    folder.put("published.js", _script({"as_of": str(as_of)}))


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
    old = [path for path in sorted(root.glob("[0-9]*_*")) if path.is_dir() and path != current]
    for path in old[: -KEPT or None]:
        shutil.rmtree(path, ignore_errors=True)

"""The pages for readers over HTTP: figures, explanations, lists, findings, exports, the audience's static site.

What belongs here: addresses, what of an audience a visitor may open, files to download. What does not: what stands on pages (pages.py),
what can be chosen (view.py), who is signed in (pipelines/access).
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import polars as pl
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from pipelines.access.guard import EVERYTHING, Denied, Visitor
from pipelines.access.pages import KINDS, SignIn, page, sent_once, told
from pipelines.dashboard.pages import PAGES, Content
from pipelines.dashboard.source import Library, NotReady, identity
from pipelines.dashboard.view import Menu, View, choose
from pipelines.documents import charts
from pipelines.documents.figures import DASH, percent, shown
from pipelines.documents.spreadsheet import workbook, write_csv, write_table
from pipelines.explain.explain import Explanation, Part, explain, explain_finding
from pipelines.explain.output import RECORD_TITLES, formula, titled, write_explanation
from pipelines.feeds.contracts import all_contracts
from pipelines.publish.share_log import shared
from pipelines.settings import Settings
from pipelines.warehouse.evidence import Unknown
from pipelines.warehouse.lists import LISTS, TO_DO, Column, Listing, Rows, column_types, condition, containing, read
from pipelines.warehouse.rights import NoAudience, audience, audiences, grouped

RECORDS = 500
"""Records of a number shown on the page; the workbook holds all of them."""
LIST_ROWS = 100
OF_A_LIST = ("severity", "state", "to_do")
"""Filters that a list has beside those of every page."""
PLACES = tuple("0123456789")
SITE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
)  # fmt: skip
"""Of the static pages: their charts put styles on elements."""
Shown = Callable[[Request, Visitor, View], Awaitable[Response]]
T = TypeVar("T")


class Reading:
    """The pages for readers of one home."""

    def __init__(self, settings: Settings, entrance: SignIn) -> None:
        self.settings, self.entrance, self.guard = settings, entrance, entrance.guard
        self.library = Library(settings)

    def routes(self) -> list[Route]:
        return [
            Route("/figures", self._over(self.figures)),
            Route("/chart.svg", self._over(self.chart)),
            Route("/explain", self._over(self.explain)),
            Route("/explain.xlsx", self._over(self.explanation)),
            Route("/lists/{code}.csv", self._over(self.csv)),
            Route("/lists/{code}.xlsx", self._over(self.excel)),
            Route("/lists/{code}", self._over(self.list)),
            Route("/findings/{number:path}", self._over(self.finding)),
            Route("/extract.duckdb", self._over(self.extract)),
            Route("/audiences", self.entrance.behind(self.audiences)),
            Route("/version", self.entrance.behind(self.version)),
            Route("/site", self.entrance.behind(self.to_site)),
            Route("/site/{path:path}", self.entrance.behind(self.site)),
        ]

    def _over(self, handler: Shown) -> Callable[[Request], Awaitable[Response]]:
        """A page over the file of the audience that the address names, or the visitor's first."""

        async def handle(request: Request, visitor: Visitor) -> Response:
            whose = self._audience(visitor, request.query_params.get("audience", ""))
            try:
                found, cursor = await self.library.open("" if whose == EVERYTHING else whose)
            except (NotReady, NoAudience) as reason:
                return page(
                    "waiting.html",
                    200,
                    form=self._form(visitor),
                    message=str(reason),
                    again=self.settings.dashboard_look_again,
                )
            try:
                view = await asyncio.to_thread(choose, found, cursor, whose, request.query_params)
                if view is None:
                    return told(
                        "还没有数据",
                        "数据仓里还没有可以统计的数据。请先登记报送文件（anze receive），再运行 anze nightly。",
                    )
                return await handler(request, visitor, view)
            except duckdb.BinderException:
                return told("请稍候", "当前发布由旧版程序生成，请先运行 anze nightly；发布后即可查看。")
            finally:
                cursor.close()

        return self.entrance.behind(handle)

    def _audience(self, visitor: Visitor, asked: str) -> str:
        """Whose share is shown: the one asked for, where the visitor may see it.

        Raises:
            Denied: it may not.
        """
        if visitor.sees_everything:
            if asked and asked != EVERYTHING and not re.fullmatch("[A-Za-z0-9_-]{1,64}", asked):
                raise Denied(404, "没有这个单位。")
            return asked or EVERYTHING
        if asked and asked not in visitor.audiences:
            raise Denied(403, f"不能查看「{asked[:40]}」的数据。")
        if not visitor.audiences:
            raise Denied(403, "没有配置可见范围。")
        return asked or visitor.audiences[0]

    def _form(self, visitor: Visitor) -> str:
        return "" if self.guard.local else self.guard.form_value(visitor)

    def _page(self, name: str, visitor: Visitor, view: View, here: str, **content: Any) -> Response:
        return page(
            name, visitor=visitor, form=self._form(visitor), view=view, pages=PAGES, here=here, version=identity(self.settings),
            again=self.settings.dashboard_look_again, **content,
        )  # fmt: skip

    # --- figures

    async def figures(self, request: Request, visitor: Visitor, view: View) -> Response:
        here = request.query_params.get("view", "")
        here = here if here in PAGES else next(iter(PAGES))
        content = await asyncio.to_thread(PAGES[here][1], view)
        return self._page("figures.html", visitor, view, here, content=content)

    async def chart(self, request: Request, _: Visitor, view: View) -> Response:
        """A chart of a page as a picture: `view` and `place` say which."""
        here, place = request.query_params.get("view", ""), request.query_params.get("place", "")
        if here not in PAGES or place not in PLACES:
            raise Denied(404, "没有这张图。")
        content: Content = await asyncio.to_thread(PAGES[here][1], view)
        if int(place) >= len(content.pictures):
            raise Denied(404, "没有这张图。")
        picture = content.pictures[int(place)]
        svg = await asyncio.to_thread(charts.svg, picture.chart, picture.width, picture.height)
        return Response(svg, media_type="image/svg+xml")

    # --- a number and its records

    async def explain(self, _: Request, visitor: Visitor, view: View) -> Response:
        try:
            found = await asyncio.to_thread(explain, view.source.path, view.metric, view.cell, RECORDS)
        except (Unknown, duckdb.Error) as reason:
            return self._page("unexplained.html", visitor, view, "", message=str(reason))
        differs = (
            found.stored is not None
            and found.value is not None
            and abs(float(found.stored) - float(found.value)) > 1e-6
        )
        return self._page(
            "explain.html", visitor, view, "", found=found, value=shown(found.value, found.metric.unit), formula=formula(found), dash=DASH,
            stored=shown(found.stored, found.metric.unit) if differs else "", parts=_parts(found),
        )  # fmt: skip

    async def explanation(self, _: Request, __: Visitor, view: View) -> Response:
        """The explanation with all records, as a workbook."""

        def write(path: Path) -> str:
            found = explain(view.source.path, view.metric, view.cell)
            write_explanation(found, path)
            return f"{found.metric.title}_{found.cell.stat_year}.xlsx"

        try:
            return await _download(write, ".xlsx")
        except Unknown as reason:
            raise Denied(404, str(reason)) from None

    async def finding(self, request: Request, visitor: Visitor, view: View) -> Response:
        try:
            found = await asyncio.to_thread(explain_finding, view.source.path, request.path_params["number"])
        except Unknown:
            raise Denied(404, "没有这条监管发现：它可能已随新的发布消失。请回到清单。") from None
        return self._page(
            "finding.html",
            visitor,
            view,
            "findings",
            finding=found.finding,
            found=_table(found.records),
        )

    # --- lists

    async def list(self, request: Request, visitor: Visitor, view: View) -> Response:
        asked = _asked(request, view)
        number = _number(request.query_params.get("page", "1"))
        rows = await asyncio.to_thread(_rows, view, asked, LIST_ROWS, (number - 1) * LIST_ROWS)
        menus = await asyncio.to_thread(_narrowing, view, asked, rows.columns)
        return self._page(
            "list.html", visitor, view, "lists", listing=rows.listing, rows=rows, asked=asked, menus=menus, number=number,
            last=max(-(-rows.total // LIST_ROWS), 1), cells=_cells(rows), finding=rows.listing.code == "findings",
        )  # fmt: skip

    async def csv(self, request: Request, _: Visitor, view: View) -> Response:
        asked = _asked(request, view)

        def write(path: Path) -> str:
            write_csv(_rows(view, asked, None).frame, path)
            return f"{asked.listing.title}.csv"

        return await _download(write, ".csv")

    async def excel(self, request: Request, _: Visitor, view: View) -> Response:
        asked = _asked(request, view)
        listing = asked.listing

        def write(path: Path) -> str:
            frame = _rows(view, asked, None).frame
            with workbook(str(path)) as book:
                write_table(book, listing.title, frame, f"{listing.title}　{view.reach.dates}")
            return f"{listing.title}.xlsx"

        return await _download(write, ".xlsx")

    async def extract(self, _: Request, visitor: Visitor, view: View) -> Response:
        """All that the audience may see, as a DuckDB file; that it was taken is remembered as any other sharing."""
        who = view.audience
        if who != EVERYTHING:
            found = audience(self.settings.published, who)
            shared(
                self.settings, "提取", who, found.name, view.source.publication_id, view.source.path, found.jurisdiction
            )
        self.guard.log(visitor.number, "提取", audience=who, publication=view.source.publication_id)
        name = "anze.duckdb" if who == EVERYTHING else f"{who}.duckdb"
        return FileResponse(view.source.path, media_type="application/octet-stream", filename=name)

    # --- the static site, whose share

    async def audiences(self, _: Request, visitor: Visitor) -> Response:
        """Whose share a visitor may choose."""
        known = await asyncio.to_thread(audiences, self.settings.published) if self.settings.published.exists() else []
        own = [one for one in known if visitor.sees_everything or one.provider in visitor.audiences]
        cities = await asyncio.to_thread(grouped, self.settings.published, own) if own else []
        return page("audiences_here.html", form=self._form(visitor), visitor=visitor, cities=cities)

    async def version(self, _: Request, __: Visitor) -> Response:
        """Changes with every publication: an open page asks for it."""
        return PlainTextResponse(identity(self.settings))

    async def to_site(self, request: Request, visitor: Visitor) -> Response:
        whose = self._audience(visitor, request.query_params.get("audience", ""))
        return RedirectResponse("/audiences" if whose == EVERYTHING else f"/site/{whose}/index.html", 303)

    async def site(self, request: Request, visitor: Visitor) -> Response:
        """A file of the static site of an audience that is the visitor's to see; no path leads out of that folder."""
        whose, _, rest = request.path_params["path"].partition("/")
        self._audience(visitor, whose)
        root = (self.settings.home / "site" / "current").resolve()
        folder = root / whose
        path = (folder / rest).resolve()
        if not whose or folder.resolve().parent != root or not path.is_relative_to(folder) or not path.is_file():
            raise Denied(404, "没有这一页。请从首页进入。")
        return FileResponse(path, media_type=KINDS.get(path.suffix), headers={"Content-Security-Policy": SITE_POLICY})


@dataclass(frozen=True)
class Asked:
    """The list an address asks for: words to look for in it, its order (`-column`: from the largest), and filters of lists alone."""

    listing: Listing
    words: str
    order: str
    only: dict[str, str]

    @property
    def kept(self) -> dict[str, str]:
        """What links of the page keep."""
        return {"q": self.words, "sort": self.order, **self.only}


def _asked(request: Request, view: View) -> Asked:
    """Raises: Denied: the visitor's file has no such list."""
    listing = LISTS.get(request.path_params["code"])
    if listing is None or listing.table not in view.tables:
        raise Denied(404, "本单位的可见范围没有这张清单。")
    asked = request.query_params
    only = {name: asked[name] for name in OF_A_LIST if asked.get(name)}
    return Asked(listing, asked.get("q", ""), asked.get("sort", ""), only)


def _rows(view: View, asked: Asked, limit: int | None, offset: int = 0) -> Rows:
    """Rows of a list within the filters that hold the words, in the order asked for."""
    listing, column = asked.listing, asked.order.removeprefix("-")
    if column in column_types(view.connection, listing.table):
        direction = "desc" if asked.order.startswith("-") else "asc"
        listing = replace(listing, order=f'"{column}" {direction} nulls last, {listing.order}')
    within = condition(view.connection, listing, view.jurisdiction, view.chosen | asked.only)
    where = f"{within} and {containing(view.connection, listing, asked.words, view.tables)}"
    return read(view.connection, listing, limit, where, view.tables, offset=offset)


def _narrowing(view: View, asked: Asked, columns: list[Column]) -> list[Menu]:
    """The filters of a list beside those of every page: severity and state, with the values that are there."""
    menus = []
    for column in columns:
        if column.filter == "to_do":
            options = [("", "全部"), (TO_DO, TO_DO)]
            menus.append(Menu(column.filter, column.title, options, asked.only.get(column.filter, "")))
        elif column.filter in OF_A_LIST:
            where = f"({asked.listing.where}) and {condition(view.connection, asked.listing, view.jurisdiction, view.chosen)}"
            found = view.connection.execute(
                f'select distinct cast("{column.name}" as varchar) as value from {asked.listing.table} as listed '
                f'where {where} and "{column.name}" is not null order by value'
            ).fetchall()
            titles = {feed: one.title for feed, one in all_contracts().items()} if column.name == "feed" else {}
            options = [("", "全部"), *((value, titles.get(value, value)) for (value,) in found)]
            menus.append(Menu(column.filter, column.title, options, asked.only.get(column.filter, "")))
    return menus


def _cells(rows: Rows) -> list[list[str]]:
    """A page of a list as it is shown."""
    return [
        [_shown(value, column) for value, column in zip(row, rows.columns, strict=True)]
        for row in rows.frame.iter_rows()
    ]


def _shown(value: Any, column: Column) -> str:
    if value is None:
        return DASH
    if column.kind in ("wan", "yuan"):
        return f"{value:,.4f}" if column.kind == "wan" else f"{value:,.2f}"
    if column.kind == "ratio":
        return percent(value)
    if column.kind == "truth":
        return "是" if value else "否"
    if column.kind == "date":
        return str(value)[:10]
    return f"{value:,}" if column.kind == "count" and isinstance(value, int) else str(value)


def _table(records: pl.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of records as text, feeds by their titles."""
    feeds = {feed: contract.title for feed, contract in all_contracts().items()}
    frame = titled(records.with_columns(pl.col("feed").cast(pl.String).replace(feeds)), RECORD_TITLES)
    return frame.columns, [["" if value is None else str(value) for value in row] for row in frame.iter_rows()]


def _parts(found: Explanation) -> list[tuple[str, str, tuple[list[str], list[list[str]]]]]:
    """What a number is made of: title, a note where not all is listed, the records."""

    def part(role: str, one: Part) -> tuple[str, str, tuple[list[str], list[list[str]]]]:
        title = f"{role} · {one.measure.title} {shown(one.value, one.measure.unit)}".removeprefix(" · ")
        cut = (
            f"列出前 {one.records.height:,} 条，共 {one.count:,} 条；工作簿含全部。"
            if one.count > one.records.height
            else ""
        )
        return title, cut, _table(one.records)

    roles = ("分子", "分母") if found.denominator else ("", "")
    parts = [
        part(role, one) for role, ones in zip(roles, (found.numerator, found.denominator), strict=True) for one in ones
    ]
    if found.pending and found.pending.count:
        parts.append(part("待核（是否续保尚不可知）", found.pending))
    if found.not_in_numerator_count:
        title = f"在分母而不在分子：{found.not_in_numerator_count:,}"
        parts.append((title, "", _table(found.not_in_numerator)))
    if found.left_out_summary.height:
        parts.append(("同一范围内未计入的记录与原因", "", _table(found.left_out)))
    return parts


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:9]) < 10**8 else 1


async def _download(write: Callable[[Path], str], suffix: str) -> Response:
    """A file that is written now and gone once it is sent; `write` returns its name."""
    with tempfile.NamedTemporaryFile(suffix=suffix, delete=False) as file:
        path = Path(file.name)
    try:
        name = await asyncio.to_thread(write, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return sent_once(path, name)

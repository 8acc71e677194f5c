"""The counter for systems: JSON over HTTP under /api/v1 (openapi.py describes it).

What belongs here: requests and answers. What does not: what is done (service.py), who may (guard.py).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from pipelines.counter.desk import NotTaken
from pipelines.counter.guard import Denied, Guard
from pipelines.counter.openapi import description, feed_schema
from pipelines.counter.service import Service
from pipelines.counter.tokens import Token
from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import Provider
from pipelines.report.template import write_template
from pipelines.warehouse.tables import reading

PAGE, LARGEST_PAGE = 100, 1000
BODY = 4 << 20
"""Bytes of a JSON body (answers, declarations)."""
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Handler = Callable[[Request, Token, Provider], Awaitable[Response]]


def answered(content: Any, status: int = 200) -> Response:
    """JSON, dates and money as text."""
    text = json.dumps(content, ensure_ascii=False, default=_plain)
    return Response(text, status, media_type="application/json")


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime | Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


class Api:
    """The calls of one home."""

    def __init__(self, service: Service, guard: Guard) -> None:
        self.service, self.guard = service, guard

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/openapi.json", self._openapi),
            Route("/api/v1/feeds", self._for(self.feeds)),
            Route("/api/v1/feeds/{feed}/schema", self._for(self.schema)),
            Route("/api/v1/feeds/{feed}/template", self._for(self.template)),
            Route("/api/v1/obligations", self._for(self.obligations)),
            Route("/api/v1/drops", self._for(self.drops)),
            Route("/api/v1/drops/{key}", self._for(self.hand_in), methods=["POST"]),
            Route("/api/v1/drops/{key}", self._for(self.drop)),
            Route("/api/v1/drops/{key}/issues", self._for(self.issues)),
            Route("/api/v1/drops/{key}/corrections", self._for(self.corrections)),
            Route("/api/v1/answers", self._for(self.rows_of("answer")), methods=["POST"]),
            Route("/api/v1/declarations", self._for(self.rows_of("declaration")), methods=["POST"]),
            Route("/api/v1/publications/latest", self._for(self.publication)),
        ]

    def _for(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A call by its token; whatever is refused is told as JSON."""

        async def handle(request: Request) -> Response:
            try:
                token = self.guard.caller(request)
                sender = self.service.sender(token, request.query_params.get("provider", ""))
                return await handler(request, token, sender)
            except (Denied, NotTaken) as refused:
                return answered({"message": refused.message}, refused.status)

        return handle

    async def _openapi(self, _: Request) -> Response:
        return answered(description())

    async def feeds(self, _: Request, __: Token, sender: Provider) -> Response:
        return answered([{"feed": feed, "title": title} for feed, title in self.service.feeds(sender).items()])

    async def schema(self, request: Request, _: Token, sender: Provider) -> Response:
        return answered(feed_schema(self.service.contract(request.path_params["feed"], sender)))

    async def template(self, request: Request, _: Token, sender: Provider) -> Response:
        contract = self.service.contract(request.path_params["feed"], sender)
        path = _temporary()
        write_template(contract.feed, path, self.service.reference, sender)
        return workbook(path, f"{contract.feed}.xlsx")

    async def obligations(self, _: Request, __: Token, sender: Provider) -> Response:
        return answered(self.service.obligations(sender))

    async def drops(self, _: Request, __: Token, sender: Provider) -> Response:
        return answered([self.service.receipt(entry) for entry in self.service.desk.entries(sender.provider)])

    async def hand_in(self, request: Request, token: Token, sender: Provider) -> Response:
        feed = request.path_params["key"]
        dry_run = request.query_params.get("dry_run", "").lower() in ("true", "1")
        rows = request.headers.get("content-type", "").partition(";")[0].strip() in (
            "application/x-ndjson",
            "application/jsonl",
        )
        name = unquote(request.headers.get("x-file-name", "")) or ("rows.jsonl" if rows else "")
        entry, is_new = await self.service.take(request.stream(), sender, feed, name, dry_run)
        self.guard.log(
            token, "检查" if dry_run else "报送", provider=sender.provider, feed=feed, drop=entry.number, is_new=is_new
        )
        return answered(self.service.receipt(entry), 201 if is_new else 200)

    async def drop(self, request: Request, _: Token, sender: Provider) -> Response:
        return answered(self.service.receipt(self.service.entry(sender, request.path_params["key"])))

    async def issues(self, request: Request, _: Token, sender: Provider) -> Response:
        entry = self.service.entry(sender, request.path_params["key"])
        page, size = (_whole(request, name, least) for name, least in (("page", 1), ("size", PAGE)))
        size = min(size, LARGEST_PAGE)
        found = self.service.issues(entry)
        rows = found.slice((page - 1) * size, size)
        return answered({"total": found.height, "page": page, "size": size, "issues": rows.to_dicts()})

    async def corrections(self, request: Request, _: Token, sender: Provider) -> Response:
        entry = self.service.entry(sender, request.path_params["key"])
        path = _temporary()
        if not self.service.corrections(entry, path):
            path.unlink(missing_ok=True)
            raise NotTaken(404, "没有退回的行，不必更正。")
        return workbook(path, f"{entry.feed}_{entry.number}.xlsx")

    def rows_of(self, feed: str) -> Handler:
        async def handle(request: Request, token: Token, sender: Provider) -> Response:
            entry, is_new = await self.service.take_rows(await _rows(request), sender, feed)
            self.guard.log(
                token, contracts()[feed].title, provider=sender.provider, feed=feed, drop=entry.number, is_new=is_new
            )
            return answered(self.service.receipt(entry), 201 if is_new else 200)

        return handle

    async def publication(self, _: Request, __: Token, ___: Provider) -> Response:
        if not self.service.settings.published.exists():
            raise NotTaken(404, "还没有发布。")
        with reading(self.service.settings.published) as connection:
            row = connection.execute("select publication_id, as_of, built_at from meta.publication").fetchall()[0]
        return answered(dict(zip(("publication_id", "as_of", "built_at"), row, strict=True)))


def workbook(path: Path, name: str) -> Response:
    """A workbook that is gone once it is sent."""
    return FileResponse(
        path, media_type=WORKBOOK, filename=name, background=BackgroundTask(path.unlink, missing_ok=True)
    )


def _temporary() -> Path:
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        return Path(file.name)


def _whole(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) < 10**8:
        raise NotTaken(400, f"{name} 应为正整数。")
    return int(text[:9])


async def _rows(request: Request) -> list[dict[str, Any]]:
    """The rows of a JSON body: a list of objects of single values, or one object."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY:
            raise NotTaken(413, f"内容超过 {BODY >> 20} MB。")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise NotTaken(400, "内容不是 JSON。") from None
    rows = found if isinstance(found, list) else [found]
    if not all(
        isinstance(row, dict) and not any(isinstance(value, dict | list) for value in row.values()) for row in rows
    ):
        raise NotTaken(400, "内容应为一个对象或对象的列表，每列一个值。")
    return rows

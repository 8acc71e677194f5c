"""The counter for systems: JSON over HTTP under /api/v1 (openapi.py describes it).

What belongs here: requests and answers. What does not: what is done (service.py), who may (guard.py).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from pipelines.access.guard import Denied, Guard, Visitor
from pipelines.access.pages import sent_once
from pipelines.counter.openapi import description, feed_schema
from pipelines.counter.service import Service
from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import Provider

LOG = logging.getLogger("anze.counter")
PAGE, LARGEST_PAGE = 100, 1000
JSON_LINES = ("application/x-ndjson", "application/jsonl")
BODY = 4 << 20
"""Bytes of a JSON body (answers, declarations)."""
BODY_SECONDS = 60
Handler = Callable[[Request, Visitor, Provider], Awaitable[Response]]


def answered(content: Any, status: int = 200) -> Response:
    """JSON, dates and money as text."""
    text = json.dumps(content, ensure_ascii=False, default=_plain)
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")


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
            Route("/api/v1/questions", self._for(self.questions)),
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
                visitor = self.guard.caller(request)
                sender = self.service.sender(visitor, request.query_params.get("provider", ""))
                return await handler(request, visitor, sender)
            except Denied as refused:
                return answered({"message": refused.message}, refused.status)
            except ClientDisconnect:
                raise
            except Exception:
                LOG.exception("call %s", request.url.path)
                return answered({"message": "窗口出错，没有办成。请稍后再试；仍不行时请联系管理员。"}, 500)

        return handle

    async def _openapi(self, _: Request) -> Response:
        return answered(description())

    async def feeds(self, _: Request, __: Visitor, sender: Provider) -> Response:
        return answered([{"feed": feed, "title": title} for feed, title in self.service.feeds(sender).items()])

    async def schema(self, request: Request, _: Visitor, sender: Provider) -> Response:
        return answered(feed_schema(self.service.contract(request.path_params["feed"], sender)))

    async def template(self, request: Request, _: Visitor, sender: Provider) -> Response:
        feed = request.path_params["feed"]
        return sent_once(await asyncio.to_thread(self.service.template, feed, sender), f"{feed}.xlsx")

    async def obligations(self, _: Request, __: Visitor, sender: Provider) -> Response:
        return answered(await asyncio.to_thread(self.service.obligations, sender))

    async def questions(self, _: Request, __: Visitor, sender: Provider) -> Response:
        return answered(await asyncio.to_thread(self.service.questions, sender))

    async def drops(self, request: Request, _: Visitor, sender: Provider) -> Response:
        page, size = _paged(request)
        entries, total = self.service.desk.entries(sender.provider, page, size)
        found = await asyncio.to_thread(self.service.receipts, sender, entries)
        return answered({"total": total, "page": page, "size": size, "drops": found})

    async def hand_in(self, request: Request, visitor: Visitor, sender: Provider) -> Response:
        feed, service = request.path_params["key"], self.service
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        name = unquote(request.headers.get("x-file-name", "")) or ("rows.jsonl" if kind in JSON_LINES else "")
        if request.query_params.get("dry_run", "").lower() in ("true", "1"):
            entry, issues = await service.try_out(request.stream(), sender, feed, name)
            self.guard.log(visitor.number, "试报", provider=sender.provider, feed=feed, drop=entry.number)
            told = service.receipt(sender, entry) | {
                "total": issues.height,
                "issues": issues.head(LARGEST_PAGE).to_dicts(),
            }
            return answered(told)
        entry, is_new = await service.take(request.stream(), sender, feed, name)
        self.guard.log(visitor.number, "报送", provider=sender.provider, feed=feed, drop=entry.number, is_new=is_new)
        return answered(await asyncio.to_thread(service.receipt, sender, entry), 201 if is_new else 200)

    async def drop(self, request: Request, _: Visitor, sender: Provider) -> Response:
        entry = self.service.entry(sender, request.path_params["key"])
        receipt = await asyncio.to_thread(self.service.receipt, sender, entry)
        return answered(receipt | {"hints": await asyncio.to_thread(self.service.hints, sender, entry)})

    async def issues(self, request: Request, _: Visitor, sender: Provider) -> Response:
        entry = self.service.entry(sender, request.path_params["key"])
        page, size = _paged(request)
        found = self.service.issues(entry)
        rows = found.slice((page - 1) * size, size)
        return answered({"total": found.height, "page": page, "size": size, "issues": rows.to_dicts()})

    async def corrections(self, request: Request, _: Visitor, sender: Provider) -> Response:
        entry = self.service.entry(sender, request.path_params["key"])
        path = await self.service.corrections(entry)
        return sent_once(path, f"{entry.feed}_{entry.number}.xlsx")

    def rows_of(self, feed: str) -> Handler:
        async def handle(request: Request, visitor: Visitor, sender: Provider) -> Response:
            entry, is_new = await self.service.take_rows(await _rows(request), sender, feed)
            what = contracts()[feed].title
            self.guard.log(visitor.number, what, provider=sender.provider, feed=feed, drop=entry.number, is_new=is_new)
            return answered(await asyncio.to_thread(self.service.receipt, sender, entry), 201 if is_new else 200)

        return handle

    async def publication(self, _: Request, __: Visitor, ___: Provider) -> Response:
        return answered(self.service.publication())


def _paged(request: Request) -> tuple[int, int]:
    """The page asked for, and rows on it."""
    return _whole(request, "page", 1), min(_whole(request, "size", PAGE), LARGEST_PAGE)


def _whole(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) < 10**8:
        raise Denied(400, f"{name} 应为正整数。")
    return int(text[:9])


async def _rows(request: Request) -> list[dict[str, Any]]:
    """The rows of a JSON body: a list of objects of single values, or one object."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY:
                    raise Denied(413, f"内容超过 {BODY >> 20} MB。")
    except TimeoutError:
        raise Denied(408, f"{BODY_SECONDS} 秒没有传完，已断开。") from None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Denied(400, "内容不是 JSON。") from None
    rows = found if isinstance(found, list) else [found]
    if not all(
        isinstance(row, dict) and not any(isinstance(value, dict | list) for value in row.values()) for row in rows
    ):
        raise Denied(400, "内容应为一个对象或对象的列表，每列一个值。")
    return rows

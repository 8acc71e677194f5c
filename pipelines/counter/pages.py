"""The counter for people: what is to be done, handing in, receipts, corrections, declarations, answers. Works without scripts.

What belongs here: pages and forms. What does not: what is done (service.py), who may (pipelines/access), the form of workbooks
(pipelines/report).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pipelines.access.guard import Denied, Visitor
from pipelines.access.pages import SignIn, form_of, page, sent_once
from pipelines.counter.desk import READABLE, RECEIVED, UPLOAD_SECONDS
from pipelines.counter.service import OF_ONE_ROW, Service, word
from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import Provider

DROPS_SHOWN = 50
ISSUES_SHOWN = 200
FILES_AT_ONCE = 20
CHUNK = 1 << 20
Handler = Callable[[Request, Visitor, Provider], Awaitable[Response]]


class Pages:
    """The pages for senders of one home."""

    def __init__(self, service: Service, entrance: SignIn) -> None:
        self.service, self.entrance, self.guard = service, entrance, entrance.guard

    def routes(self) -> list[Route]:
        return [
            Route("/counter", self._for(self.home)),
            Route("/hand-in", self._for(self.hand_in), methods=["POST"]),
            Route("/drops/{number}", self._for(self.receipt)),
            Route("/drops/{number}/corrections.xlsx", self._for(self.corrections)),
            Route("/feeds/{feed}", self._for(self.feed)),
            Route("/templates/{feed}.xlsx", self._for(self.template)),
            Route("/questions", self._for(self.questions)),
            Route("/declare", self._for(self.declare), methods=["POST"]),
            Route("/answer", self._for(self.answer), methods=["POST"]),
        ]

    def _for(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A page for a visitor that hands in for somebody: for the sender named in the address, or its first."""

        async def handle(request: Request, visitor: Visitor) -> Response:
            asked = request.query_params.get("provider", "")
            sender = self.service.sender(visitor, asked or next(iter(visitor.senders), ""))
            return await handler(request, visitor, sender)

        return self.entrance.behind(handle)

    def _page(self, name: str, visitor: Visitor, sender: Provider, **content: Any) -> Response:
        senders = self.service.reference.providers()
        others = [senders[code] for code in visitor.senders if code in senders and code != sender.provider]
        return page(
            name, visitor=visitor, form=self.guard.form_value(visitor), sender=sender, others=others, word=word, titles=_titles(), **content
        )  # fmt: skip

    async def home(self, request: Request, visitor: Visitor, sender: Provider) -> Response:
        shown = request.query_params.get("page", "1")
        number = int(shown) if shown.isascii() and shown.isdigit() and 0 < int(shown) < 10**6 else 1
        service = self.service
        entries, total = service.desk.entries(sender.provider, number, DROPS_SHOWN)
        owed, asked, drops = await asyncio.gather(
            asyncio.to_thread(service.obligations, sender), asyncio.to_thread(service.questions, sender),
            asyncio.to_thread(service.receipts, sender, entries),
        )  # fmt: skip
        owed_first = {row["feed"]: row["title"] for row in owed["feeds"] if row["due"]}
        feeds = service.feeds(sender)
        return self._page(
            "counter.html", visitor, sender, feeds={**{feed: title for feed, title in owed_first.items() if feed in feeds}, **feeds}, owed=owed, asked=asked, drops=drops, total=total, number=number,
            last=-(-total // DROPS_SHOWN), of_one_row=OF_ONE_ROW, waits=any(drop["state"] in (RECEIVED, READABLE) for drop in drops),
            limit=service.settings.counter_upload_mb,
        )  # fmt: skip

    async def hand_in(self, request: Request, visitor: Visitor, sender: Provider) -> Response:
        form = await self._own(request, visitor, sender)
        feed, tried = str(form.get("feed", "")), form.get("try") == "1"
        files = [file for file in form.getlist("files") if isinstance(file, UploadFile) and file.filename]
        if not files:
            raise Denied(400, "没有选择文件。")
        if tried:
            if len(files) > 1:
                raise Denied(400, "试报一次一份文件。")
            entry, issues = await self.service.try_out(_chunks(files[0]), sender, feed, files[0].filename or "")
            self.guard.log(visitor.number, "试报", provider=sender.provider, feed=feed, drop=entry.number)
            drop = self.service.receipt(sender, entry)
            return self._page(
                "receipt.html", visitor, sender, drop=drop, total=issues.height, issues=issues.head(ISSUES_SHOWN).to_dicts(), hints=[], waits=False,
                rejected=False, tried=True,
            )  # fmt: skip
        numbers, refused = [], []
        for file in files:
            try:
                entry, is_new = await self.service.take(_chunks(file), sender, feed, file.filename or "")
            except Denied as denied:
                refused.append(f"{file.filename}：{denied.message}")
                continue
            self.guard.log(
                visitor.number, "报送", provider=sender.provider, feed=feed, drop=entry.number, is_new=is_new
            )
            numbers.append(entry.number)
        if refused:
            raise Denied(400, f"收下 {len(numbers)} 份，没有收下 {len(refused)} 份。{' '.join(refused)}")
        where = f"/drops/{numbers[0]}" if len(numbers) == 1 else "/counter"
        return RedirectResponse(f"{where}?provider={sender.provider}", 303)

    async def receipt(self, request: Request, visitor: Visitor, sender: Provider) -> Response:
        entry = self.service.entry(sender, request.path_params["number"])
        issues = self.service.issues(entry)
        drop, hints = await asyncio.gather(
            asyncio.to_thread(self.service.receipt, sender, entry), asyncio.to_thread(self.service.hints, sender, entry)
        )
        return self._page(
            "receipt.html", visitor, sender, drop=drop, total=issues.height, issues=issues.head(ISSUES_SHOWN).to_dicts(), hints=hints,
            waits=entry.state in (RECEIVED, READABLE), rejected=issues.filter(severity="reject").height > 0, tried=False,
        )  # fmt: skip

    async def corrections(self, request: Request, _: Visitor, sender: Provider) -> Response:
        entry = self.service.entry(sender, request.path_params["number"])
        path = await self.service.corrections(entry)
        return sent_once(path, f"{_titles()[entry.feed]}_更正.xlsx")

    async def feed(self, request: Request, visitor: Visitor, sender: Provider) -> Response:
        feed = request.path_params["feed"]
        columns = self.service.columns(feed, sender)
        return self._page("feed.html", visitor, sender, feed=feed, heads=columns.columns, columns=columns.rows())

    async def template(self, request: Request, _: Visitor, sender: Provider) -> Response:
        feed = request.path_params["feed"]
        path = await asyncio.to_thread(self.service.template, feed, sender)
        return sent_once(path, f"{_titles()[feed]}_模板.xlsx")

    async def questions(self, _: Request, visitor: Visitor, sender: Provider) -> Response:
        asked = await asyncio.to_thread(self.service.questions, sender)
        titles = {
            (feed, name): column.title
            for feed, contract in contracts().items()
            for name, column in contract.columns.items()
        }
        return self._page("questions.html", visitor, sender, asked=asked, column_titles=titles)

    async def declare(self, request: Request, visitor: Visitor, sender: Provider) -> Response:
        number = await self._rows(request, visitor, sender, "declaration")
        return RedirectResponse(f"/drops/{number}?provider={sender.provider}", 303)

    async def answer(self, request: Request, visitor: Visitor, sender: Provider) -> Response:
        await self._rows(request, visitor, sender, "answer")
        return RedirectResponse(f"/questions?provider={sender.provider}", 303)

    async def _rows(self, request: Request, visitor: Visitor, sender: Provider, feed: str) -> str:
        form = await self._own(request, visitor, sender)
        given = {name: str(form.get(name, "")).strip() for name in contracts()[feed].columns}
        row = {name: value for name, value in given.items() if value}
        entry, is_new = await self.service.take_rows([row] if row else [], sender, feed)
        what = contracts()[feed].title
        self.guard.log(visitor.number, what, provider=sender.provider, feed=feed, drop=entry.number, is_new=is_new)
        return entry.number

    async def _own(self, request: Request, visitor: Visitor, sender: Provider) -> FormData:
        """A form of this session; where it comes from and whether there is room are looked at before its files are read."""
        self.guard.own_origin(request)
        declared, limit = request.headers.get("content-length", ""), self.service.limit
        with self.service.desk.form(sender.provider, min(int(declared), limit) if declared.isdecimal() else 0):
            form = await form_of(request, limit, FILES_AT_ONCE, UPLOAD_SECONDS)
        self.guard.own_form(request, visitor, str(form.get("form", "")))
        return form


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK):
        yield chunk


def _titles() -> dict[str, str]:
    return {feed: contract.title for feed, contract in contracts().items()}

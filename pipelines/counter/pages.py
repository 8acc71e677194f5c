"""The counter for people: sign in, what is owed, hand in, receipts, corrections, declarations, answers. Works without scripts.

What belongs here: pages and forms. What does not: what is done (service.py), who may (guard.py), the form of workbooks (pipelines/report).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from pipelines.counter.api import _temporary, workbook
from pipelines.counter.desk import RECEIVED, NotTaken
from pipelines.counter.guard import COOKIE, Denied, Guard
from pipelines.counter.service import WORDS, Service
from pipelines.counter.tokens import Token
from pipelines.feeds.contracts import contracts
from pipelines.feeds.reference import Provider
from pipelines.report.template import write_template

STYLE = Path(__file__).parents[1] / "site" / "assets" / "site.css"
ISSUES_SHOWN = 200
FILES_AT_ONCE = 20
CHUNK = 1 << 20
Handler = Callable[[Request, Token, Provider], Awaitable[Response]]


class Pages:
    """The pages of one home."""

    def __init__(self, service: Service, guard: Guard) -> None:
        self.service, self.guard = service, guard
        self.environment = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True,
            undefined=StrictUndefined,
        )  # fmt: skip

    def routes(self) -> list[Route]:
        return [
            Route("/", self._for(self.home)),
            Route("/sign-in", self.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self._for(self.sign_out), methods=["POST"]),
            Route("/hand-in", self._for(self.hand_in), methods=["POST"]),
            Route("/drops/{number}", self._for(self.receipt)),
            Route("/drops/{number}/corrections.xlsx", self._for(self.corrections)),
            Route("/templates/{feed}.xlsx", self._for(self.template)),
            Route("/declare", self._for(self.declare), methods=["POST"]),
            Route("/answer", self._for(self.answer), methods=["POST"]),
            Route("/counter.css", self.style),
            Route("/site.css", self.style),
        ]

    def _page(self, name: str, status: int = 200, **content: Any) -> Response:
        return HTMLResponse(self.environment.get_template(name).render(words=WORDS, **content), status)

    def _for(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A page for whoever is signed in; others are asked to. What is refused is told on a page."""

        async def handle(request: Request) -> Response:
            try:
                token = self.guard.visitor(request)
                if token is None:
                    return RedirectResponse("/sign-in", 303)
                asked = request.query_params.get("provider", "")
                sender = self.service.sender(token, asked or token.providers[0])
                return await handler(request, token, sender)
            except (Denied, NotTaken) as refused:
                return self._page("told.html", refused.status, title="没有办成", message=refused.message)

        return handle

    async def style(self, request: Request) -> Response:
        path = STYLE if request.url.path == "/site.css" else Path(__file__).with_name("templates") / "counter.css"
        return FileResponse(path, media_type="text/css")

    async def sign_in(self, request: Request) -> Response:
        if request.method == "GET":
            return self._page("sign_in.html", message="")
        try:
            self.guard.own_origin(request)
            form = await _form(request)
            token = self.guard.sign_in(request, str(form.get("token", "")).strip())
        except (Denied, NotTaken) as refused:
            return self._page("sign_in.html", refused.status, message=refused.message)
        response = RedirectResponse("/", 303)
        self.guard.begin(response, token)
        self.guard.log(token, "登录")
        return response

    async def sign_out(self, request: Request, token: Token, _: Provider) -> Response:
        await self._own(request, token)
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(COOKIE)
        return response

    async def home(self, _: Request, token: Token, sender: Provider) -> Response:
        senders = self.service.reference.providers()
        return self._page(
            "home.html", sender=sender, form=self.guard.form_value(token), feeds=self.service.feeds(sender), owed=self.service.obligations(sender),
            drops=[self.service.receipt(entry) for entry in self.service.desk.entries(sender.provider)], titles=_titles(),
            others=[senders[code] for code in token.providers if code in senders and code != sender.provider],
        )  # fmt: skip

    async def hand_in(self, request: Request, token: Token, sender: Provider) -> Response:
        form = await self._own(request, token)
        feed = str(form.get("feed", ""))
        files = [file for file in form.getlist("files") if isinstance(file, UploadFile) and file.filename]
        if not files:
            raise NotTaken(400, "没有选择文件。")
        numbers = []
        for file in files:
            entry, is_new = await self.service.take(_chunks(file), sender, feed, file.filename or "")
            self.guard.log(token, "报送", provider=sender.provider, feed=feed, drop=entry.number, is_new=is_new)
            numbers.append(entry.number)
        where = f"/drops/{numbers[0]}" if len(numbers) == 1 else "/"
        return RedirectResponse(f"{where}?provider={sender.provider}", 303)

    async def receipt(self, request: Request, token: Token, sender: Provider) -> Response:
        entry = self.service.entry(sender, request.path_params["number"])
        issues = self.service.issues(entry)
        return self._page(
            "receipt.html", sender=sender, form=self.guard.form_value(token), drop=self.service.receipt(entry), titles=_titles(), total=issues.height,
            issues=issues.head(ISSUES_SHOWN).to_dicts(), waits=entry.state == RECEIVED,
            rejected=issues.filter(severity="reject").height > 0,
        )  # fmt: skip

    async def corrections(self, request: Request, _: Token, sender: Provider) -> Response:
        entry = self.service.entry(sender, request.path_params["number"])
        path = _temporary()
        if not self.service.corrections(entry, path):
            path.unlink(missing_ok=True)
            raise NotTaken(404, "没有退回的行，不必更正。")
        return workbook(path, f"{_titles()[entry.feed]}_更正.xlsx")

    async def template(self, request: Request, _: Token, sender: Provider) -> Response:
        contract = self.service.contract(request.path_params["feed"], sender)
        path = _temporary()
        write_template(contract.feed, path, self.service.reference, sender)
        return workbook(path, f"{contract.title}_模板.xlsx")

    async def declare(self, request: Request, token: Token, sender: Provider) -> Response:
        return await self._rows(request, token, sender, "declaration")

    async def answer(self, request: Request, token: Token, sender: Provider) -> Response:
        return await self._rows(request, token, sender, "answer")

    async def _rows(self, request: Request, token: Token, sender: Provider, feed: str) -> Response:
        form = await self._own(request, token)
        row = {
            name: str(form.get(name, "")).strip()
            for name in contracts()[feed].columns
            if str(form.get(name, "")).strip()
        }
        entry, is_new = await self.service.take_rows([row], sender, feed)
        self.guard.log(
            token, contracts()[feed].title, provider=sender.provider, feed=feed, drop=entry.number, is_new=is_new
        )
        return RedirectResponse(f"/drops/{entry.number}?provider={sender.provider}", 303)

    async def _own(self, request: Request, token: Token) -> FormData:
        """A form of this session; whose it is is looked at before its files are read."""
        self.guard.own_origin(request)
        form = await _form(request, int(self.service.limit))
        self.guard.own_form(request, token, str(form.get("form", "")))
        return form


async def _form(request: Request, limit: int = 1 << 20) -> FormData:
    """A form whose body is no larger than a limit; its files lie on disk, not in memory."""
    declared = request.headers.get("content-length", "")
    if not declared.isdigit() or int(declared) > limit:
        raise NotTaken(413, f"一次最多 {limit >> 20} MB，请分几次报送。")
    try:
        return await request.form(max_files=FILES_AT_ONCE, max_fields=50)
    except MultiPartException as broken:
        raise NotTaken(400, f"表单无法读取，一次最多 {FILES_AT_ONCE} 个文件。") from broken


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK):
        yield chunk


def _titles() -> dict[str, str]:
    return {feed: contract.title for feed, contract in contracts().items()}

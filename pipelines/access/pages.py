"""The frame of every page, and signing in and out.

What belongs here: how a page is rendered, what is told where something is refused, the pages of signing in. What does not: any other page.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from starlette.background import BackgroundTask
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from pipelines.access.guard import ACCOUNT, TOKEN, Denied, Guard, Visitor

LOG = logging.getLogger("anze.access")
ASSETS = {
    "site.css": "site/assets",
    "root.js": "site/assets",
    "forms.css": "access/templates",
    "forms.js": "access/templates",
    "reader.js": "access/templates",
}
KINDS = {
    ".css": "text/css", ".js": "text/javascript", ".html": "text/html", ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
"""Content types of what is sent, by the end of its name."""
FIELDS = 50
Handler = Callable[[Request, Visitor], Awaitable[Response]]


@cache
def environment() -> jinja2.Environment:
    """The templates of all rooms of the server, everything escaped; a name that is not given is an error."""
    rooms = [Path(str(files("pipelines") / room / "templates")) for room in ("access", "counter", "dashboard")]
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(rooms), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip


def page(name: str, status: int = 200, **content: Any) -> Response:
    """A page of a template."""
    return HTMLResponse(environment().get_template(name).render(**{"visitor": None, "form": "", **content}), status)


def told(title: str, message: str, status: int = 200, onward: str = "/") -> Response:
    """A page that says one thing."""
    return page("told.html", status, title=title, message=message, onward=onward, at_once=False)


def sent_once(path: Path, name: str) -> Response:
    """A file that is gone once it is sent."""
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=KINDS[path.suffix], filename=name, background=gone)


async def form_of(request: Request, limit: int = 1 << 20, files_at_once: int = 1, seconds: float = 30) -> FormData:
    """A form whose body is no larger than a limit and comes within some time; its files lie on disk, not in memory.

    Raises:
        Denied: too large, too slow, or no form.
    """
    declared = request.headers.get("content-length", "")
    if not declared.isdigit() or int(declared) > limit:
        raise Denied(413, f"一次最多 {limit >> 20} MB，请分几次报送。")
    try:
        async with asyncio.timeout(seconds):
            return await request.form(max_files=files_at_once, max_fields=FIELDS)
    except TimeoutError:
        raise Denied(408, "没有按时传完，已断开，请重新报送。") from None
    except (MultiPartException, HTTPException) as broken:
        raise Denied(400, f"表单无法读取，一次最多 {files_at_once} 个文件。") from broken


class SignIn:
    """Signing in and out, and the assets of all pages."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard

    def routes(self) -> list[Route]:
        own = [
            Route("/sign-in", self.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self.behind(self.sign_out), methods=["POST"]),
            Route("/assets/{name}", self.asset),
        ]
        if self.guard.people:
            own += [Route("/sign-in/account", self.to_account), Route("/oauth2callback", self.back)]
        return own

    def behind(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A page for whoever is signed in; others are asked to. What is denied is told on a page."""

        async def handle(request: Request) -> Response:
            try:
                visitor = self.guard.visitor(request)
                return await handler(request, visitor) if visitor else RedirectResponse("/sign-in", 303)
            except Denied as refused:
                return told("没有办成", refused.message, refused.status)
            except ClientDisconnect:
                raise
            except Exception:
                LOG.exception("page %s", request.url.path)
                return told(
                    "这一页读不出来", "请刷新；仍不行时请管理员运行 anze doctor，并查看服务窗口中的错误信息。", 500
                )

        return handle

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return told("没有这个文件", "请从首页进入。", 404)
        path = Path(str(files("pipelines") / ASSETS[name] / name))
        return FileResponse(path, media_type=KINDS[path.suffix])

    def _sign_in_page(self, message: str = "", status: int = 200) -> Response:
        return page("sign_in.html", status, message=message, has_accounts=self.guard.people is not None)

    async def sign_in(self, request: Request) -> Response:
        if request.method == "GET":
            return self._sign_in_page()
        try:
            self.guard.own_origin(request)
            form = await form_of(request)
            token = self.guard.sign_in(request, str(form.get("token", "")).strip())
        except Denied as refused:
            return self._sign_in_page(refused.message, refused.status)
        response = RedirectResponse("/", 303)
        self.guard.begin(response, TOKEN, token.number)
        return response

    async def sign_out(self, request: Request, visitor: Visitor) -> Response:
        form = await form_of(request)
        self.guard.own_form(request, visitor, str(form.get("form", "")))
        response = RedirectResponse("/sign-in", 303)
        self.guard.end(request, response)
        return response

    async def to_account(self, request: Request) -> Response:
        assert self.guard.people is not None
        try:
            return await self.guard.people.to_sign_in(request)
        except Exception:
            LOG.exception("the identity service cannot be reached")
            return self._sign_in_page("统一登录暂时不可用，请稍后再试。", 503)

    async def back(self, request: Request) -> Response:
        people = self.guard.people
        assert people is not None
        try:
            account = await people.account(request)
        except Exception as refused:  # whatever a forged or stale answer makes the library raise
            LOG.warning("sign-in refused: %s", type(refused).__name__)
            return self._sign_in_page("登录没有完成，请重新登录。", 401)
        if not account or people.rights(account) is None:
            return self._sign_in_page("这个账号没有配置可见范围，请联系管理员（登录配置文件的 [audiences]）。", 403)
        # A page, no redirect: the session's cookie is not sent on a walk that began at another site.
        response = page("told.html", title="已登录", message="正在打开首页。", onward="/", at_once=True)
        self.guard.begin(response, ACCOUNT, account)
        return response

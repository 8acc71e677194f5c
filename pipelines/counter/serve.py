"""The server: the counter for senders and the pages for readers under one address.

What belongs here: putting its parts together, the options of the server. What does not: what it answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pipelines.access.guard import Guard, Headers, Visitor
from pipelines.access.pages import SignIn, told
from pipelines.counter.api import Api, answered
from pipelines.counter.desk import Desk
from pipelines.counter.pages import Pages
from pipelines.counter.service import Service
from pipelines.dashboard.routes import Reading
from pipelines.settings import Settings

KEEP_ALIVE_SECONDS = 15
CONNECTIONS = 1000
"""At once; more are told to come back."""
STATE_SECONDS = 600
"""A walk to the identity service and back takes no longer."""


def application(
    settings: Settings, hosts: list[str], behind_tls: bool = False, local: Visitor | None = None
) -> Starlette:
    """The server of a home, answering under these names only.

    Args:
        local: who may read without signing in, where only whoever sits at the machine gets here; nobody hands in there.
    """
    guard = Guard(settings, behind_tls, local)
    entrance = SignIn(guard)

    async def home(_: Request, visitor: Visitor) -> Response:
        return RedirectResponse("/counter" if visitor.senders else "/figures", 303)

    routes = [Route("/", entrance.behind(home)), *entrance.routes(), *Reading(settings, entrance).routes()]
    desk = None
    if local is None:
        desk = Desk(settings)
        service = Service(settings, desk, settings.counter_upload_mb << 20)
        routes += [*Api(service, guard).routes(), *Pages(service, entrance).routes()]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if desk:
            desk.look_at_the_rest()
        yield
        if desk:
            desk.close()

    middleware = [
        Middleware(Headers), Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
    ]  # fmt: skip
    if guard.people:
        # What the walk to the identity service needs to know when it comes back; the session itself is guard.py's.
        middleware.append(
            Middleware(SessionMiddleware, secret_key=guard.state_key, session_cookie="anze_state", max_age=STATE_SECONDS, same_site="lax", https_only=behind_tls)
        )  # fmt: skip
    return Starlette(
        routes=routes, middleware=middleware, lifespan=lifespan, exception_handlers={404: _not_there, 405: _not_there, 500: _not_there}
    )  # fmt: skip


async def _not_there(request: Request, error: Exception) -> Response:
    """What no route answers."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = {404: "没有这个地址。", 405: "这个地址不这样用。"}.get(status, "服务出错，请稍后再试。")
    if request.url.path.startswith("/api/"):
        return answered({"message": f"{message}接口说明：/api/v1/openapi.json"}, status)
    return told("没有这一页", f"{message}请从首页进入。", status)


def serve(settings: Settings, port: int, address: str, local: Visitor | None = None) -> None:
    """Serves until interrupted.

    Args:
        address: 127.0.0.1 unless it stands behind a proxy on another machine.
        local: see `application`.
    """
    told = [name.strip() for name in settings.counter_hosts.split(",") if name.strip()]
    hosts = sorted({"localhost", "127.0.0.1", "[::1]", address, *told})
    options: dict[str, Any] = {
        "host": address, "port": port, "timeout_keep_alive": KEEP_ALIVE_SECONDS, "limit_concurrency": CONNECTIONS, "server_header": False,
        "access_log": False, "log_level": "warning", "h11_max_incomplete_event_size": 64 << 10, "proxy_headers": bool(told), "forwarded_allow_ips": "127.0.0.1",
    }  # fmt: skip
    uvicorn.run(application(settings, hosts, bool(told), local), **options)

"""Starting the counter's server.

What belongs here: putting its parts together, the options of the server. What does not: what it answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from pipelines.counter.api import Api
from pipelines.counter.desk import Desk
from pipelines.counter.guard import Guard, Headers
from pipelines.counter.pages import Pages
from pipelines.counter.service import Service
from pipelines.settings import Settings

KEEP_ALIVE_SECONDS = 15
CONNECTIONS = 200
"""At once; more are told to come back."""


def application(settings: Settings, hosts: list[str], behind_tls: bool = False) -> Starlette:
    """The counter of a home, answering under these names only."""
    desk = Desk(settings)
    service = Service(settings, desk, settings.counter_upload_mb << 20)
    guard = Guard(settings, behind_tls)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await desk.look_at_the_rest()
        yield
        desk.close()

    return Starlette(
        routes=[*Api(service, guard).routes(), *Pages(service, guard).routes()],
        middleware=[Middleware(Headers), Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        lifespan=lifespan,
    )


def serve(settings: Settings, port: int, address: str) -> None:
    """Serves until interrupted.

    Args:
        address: 127.0.0.1 unless it stands behind a proxy on another machine.
    """
    told = [name.strip() for name in settings.counter_hosts.split(",") if name.strip()]
    hosts = sorted({"localhost", "127.0.0.1", "[::1]", address, *told})
    options: dict[str, Any] = {
        "host": address, "port": port, "timeout_keep_alive": KEEP_ALIVE_SECONDS, "limit_concurrency": CONNECTIONS, "server_header": False,
        "access_log": False, "log_level": "warning", "h11_max_incomplete_event_size": 64 << 10, "proxy_headers": bool(told), "forwarded_allow_ips": "127.0.0.1",
    }  # fmt: skip
    uvicorn.run(application(settings, hosts, behind_tls=bool(told)), **options)

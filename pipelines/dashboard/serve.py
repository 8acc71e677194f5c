"""Starting the dashboard's server.

What belongs here: options of the web framework, all of those that would call home switched off. What does not: the page.
"""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.settings import Settings

APP = Path(__file__).with_name("app.py")


def allowed_hosts(settings: Settings, address: str) -> list[str]:
    """The names under which the page may be asked for: this machine's own, and those the operator has told of."""
    told = [name.strip() for name in settings.dashboard_hosts.split(",") if name.strip()]
    return sorted({"localhost", "127.0.0.1", "::1", address, *told})


def serve(settings: Settings, port: int, address: str, audience: str) -> None:
    """Serves the page until interrupted.

    Args:
        address: 127.0.0.1 unless the operator puts it behind a proxy.
        audience: provider whose share is shown; empty: everything.
    """
    os.environ["ANZE_HOME"] = str(settings.home)
    os.environ["ANZE_DASHBOARD_AUDIENCE"] = audience
    # What the page needs is imported before the first visitor waits for it.
    import altair  # noqa: F401, PLC0415
    import pandas as pd  # noqa: F401, PLC0415 - two sessions importing it at once see half of it
    from streamlit.web import bootstrap  # noqa: PLC0415

    import pipelines.dashboard.pages  # noqa: PLC0415
    import pipelines.dashboard.source  # noqa: F401, PLC0415

    options = {
        "server.address": address,
        "server.port": port,
        # Data goes over the WebSocket only: one that came under another name is refused (DNS rebinding, trust.md 5).
        "server.allowedHosts": allowed_hosts(settings, address),
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.showEmailPrompt": False,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": address,
        "runner.magicEnabled": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "theme.base": "light",
        "theme.primaryColor": "#2b5c8a",
        "theme.font": "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, sans-serif",
    }
    if settings.oidc_secrets:
        options["secrets.files"] = [str(settings.oidc_secrets)]
    flags = {name.replace(".", "_"): value for name, value in options.items()}
    bootstrap.load_config_options(flags)
    bootstrap.run(str(APP), False, [], flags)

"""Debian's Chromium, driven by Playwright: where it is, how it is started, and what a page may not do.

`make browser` installs it; without it these tests are skipped, but not in CI.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium")
NO_CALLS_HOME = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium here: make browser"
)


class Watched:
    """What a page asked for and complained about."""

    def __init__(self) -> None:
        self.outside: list[str] = []
        self.errors: list[str] = []

    def assert_quiet(self) -> None:
        """No request left loopback, nothing went wrong in the page."""
        assert self.outside == []
        assert self.errors == []


@contextmanager
def open_browser() -> Iterator[tuple[Page, Watched]]:
    """A page of a fresh browser, and what it does."""
    watched = Watched()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=NO_CALLS_HOME)
        page = browser.new_page(viewport={"width": 1440, "height": 1100}, accept_downloads=True)
        local = ("file:", "data:", "blob:", "http://127.0.0.1", "ws://127.0.0.1")
        page.on(
            "request", lambda request: None if request.url.startswith(local) else watched.outside.append(request.url)
        )
        page.on("console", lambda message: watched.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        yield page, watched
        browser.close()

"""How long pages take to open: every page of the static site and every view of the server, in Debian's Chromium.

`python benchmarks/pages.py HOME [AUDIENCE]` for a home that has been published. Prints seconds until charts are drawn and
tables filled. What does not belong here: tests of what the pages show (tests/e2e).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from pipelines.dashboard.pages import PAGES

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
READY = """() => [...document.querySelectorAll('div.chart')].every(place => place.querySelector('svg'))
    && [...document.querySelectorAll('table[data-list]')].every(table => table.querySelector('tbody tr'))"""


def static_pages(page: Page, folder: Path) -> dict[str, float]:
    seconds = {}
    for path in sorted(folder.glob("*.html")):
        begun = time.perf_counter()
        page.goto(path.resolve().as_uri())
        page.wait_for_function(READY)
        seconds[path.stem] = time.perf_counter() - begun
    return seconds


def served_views(page: Page, url: str) -> dict[str, float]:
    """Every view of the server, once its charts are drawn; a list; a number with its records."""
    seconds = {}
    views = {f"/figures?view={view}": title for view, (title, _) in PAGES.items()}
    others = {"/lists/uninsured": "应保未保单位", "/explain?metric=participation_rate": "解释参保率"}
    for path, title in {"/figures": "第一位访客", **views, **others}.items():
        begun = time.perf_counter()
        page.goto(f"{url}{path}")
        page.locator("h2").first.wait_for()
        page.wait_for_function(
            "() => !document.body.innerText.includes('请稍候') && [...document.images].every(image => image.complete)"
        )
        seconds[title] = time.perf_counter() - begun
    return seconds


def main() -> None:
    home, audience = Path(sys.argv[1]), (sys.argv[2:] or ["shanghai_city"])[0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = str(Path(sys.executable).with_name("anze"))
    server = subprocess.Popen(
        [command, "dashboard", "--home", str(home), "--port", str(port)], env=os.environ, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).read()
            break
        except OSError:
            time.sleep(0.2)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1440, "height": 1100})
            found = {
                "静态网页": static_pages(page, home / "site" / "current" / audience),
                "服务器": served_views(page, url),
            }
            browser.close()
    finally:
        server.terminate()
        server.wait()
    table = Table(title=f"{home}：打开用时（秒）")
    for heading in ("", "页面", "秒"):
        table.add_column(heading)
    for kind, seconds in found.items():
        for name, value in seconds.items():
            table.add_row(kind, name, f"{value:.2f}")
    Console().print(table)


main()

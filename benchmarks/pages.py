"""How long pages take to open: every page of the static site and every view of the dashboard, in Debian's Chromium.

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

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
READY = """() => [...document.querySelectorAll('div.chart')].every(place => place.querySelector('svg'))
    && [...document.querySelectorAll('table[data-list]')].every(table => table.querySelector('tbody tr'))"""


HEADINGS = {
    "区市行业": "区市 × 行业", "趋势": "趋势", "承保机构": "承保机构", "清单": "应保未保单位", "监管发现": "监管发现", "口径": "指标口径", "总览": "年总览",
}  # fmt: skip


def static_pages(page: Page, folder: Path) -> dict[str, float]:
    seconds = {}
    for path in sorted(folder.glob("*.html")):
        begun = time.perf_counter()
        page.goto(path.resolve().as_uri())
        page.wait_for_function(READY)
        seconds[path.stem] = time.perf_counter() - begun
    return seconds


def dashboard_views(page: Page, url: str) -> dict[str, float]:
    seconds = {}
    for visit in ("第一位访客", "第二位访客"):
        begun = time.perf_counter()
        page.goto(url)
        idle(page)
        seconds[visit] = time.perf_counter() - begun
    for view, heading in HEADINGS.items():
        begun = time.perf_counter()
        page.get_by_test_id("stSidebar").get_by_text(view, exact=True).click()
        page.get_by_role("heading", name=heading).first.wait_for()
        idle(page)
        seconds[view] = time.perf_counter() - begun
    begun = time.perf_counter()
    page.get_by_role("button", name="解释").first.click()
    page.get_by_role("button", name="返回").wait_for()
    idle(page)
    seconds["解释参保率"] = time.perf_counter() - begun
    return seconds


def idle(page: Page) -> None:
    """The server has run the script to its end and the page shows it."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning' && document.querySelector('h2')"
    )


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
                "交互页面": dashboard_views(page, url),
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

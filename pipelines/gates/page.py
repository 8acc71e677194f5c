"""The page of gate results: Chinese, one file, opens without any network.

What belongs here: filling page.html. What does not: running gates (run.py).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape

from pipelines.gates.run import GateResult, blocking
from pipelines.ingest.manifest import write_atomically
from pipelines.settings import CHINA, Settings

STAGES = [("landing", "一、落地闸门（各报送表）"), ("marts", "二、发布闸门（指标与事实表）")]


def write_page(settings: Settings, results: list[GateResult]) -> Path:
    """Writes docs/gates.html and returns its path."""
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape())
    html = environment.get_template("page.html").render(
        results=results,
        stages=STAGES,
        blocked=len(blocking(results)),
        overridden=sum(result.overridden for result in results),
        warned=sum(not result.success and result.severity == "warning" for result in results),
        checked_at=datetime.now(CHINA).strftime("%Y-%m-%d %H:%M"),
    )
    path = settings.docs / "gates.html"
    write_atomically(path, html.encode())
    return path

"""Progress of a run: one line per stage on the terminal, in Chinese, and how long it took in Dagster's metadata.

What belongs here: turning Dagster's log records into lines a person reads. What does not: results
(pipelines/cli/night.py prints those).
"""

import logging
import os
import time
from collections.abc import Callable

import dagster as dg
from rich.text import Text

from pipelines.documents.console import Terminal, coloured

STEPS = {
    "landing": "落地：读取新文件",
    "landing_gates": "闸门：检查落地数据",
    "dbt": "转换：计算指标（dbt）",
    "publication_gates": "闸门：发布前检查",
    "publication": "发布：替换数据仓",
    "static_site": "网页：各单位的静态网页",
}


def stopwatch() -> Callable[[], dict[str, float]]:
    """Started now; called at the end of a stage, it gives the metadata entry of how long the stage took."""
    began = time.monotonic()
    return lambda: {"本步骤用时（秒）": round(time.monotonic() - began, 1)}


SECONDS_BETWEEN = 1.0


def now_and_then(say: Callable[[str], None]) -> Callable[[str], None]:
    """Says at most one thing a second: each is an event that Dagster writes down."""
    said = -SECONDS_BETWEEN

    def say_or_not(text: str) -> None:
        nonlocal said
        if time.monotonic() - said >= SECONDS_BETWEEN:
            said = time.monotonic()
            say(text)

    return say_or_not


class ProgressHandler(logging.Handler):
    """Prints when a stage begins and ends, what it says in between on one changing line."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        # Dagster captures what steps write to stderr; progress goes to the terminal itself.
        self.console = Terminal(descriptor=os.dup(2))
        self.began: dict[str, float] = {}
        self.status = self.console.status("") if self.console.is_terminal else None
        self.models = 0

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", None) or {}
        event, step = getattr(record, "dagster_event", None), meta.get("step_key") or ""
        title = STEPS.get(step)
        if title is None:
            return
        kind = event.event_type_value if event else ""
        if kind == "STEP_START":
            self.began[step] = time.monotonic()
            self._say(title)
        elif kind in ("STEP_SUCCESS", "STEP_FAILURE"):
            mark = coloured("green", "✓") if kind == "STEP_SUCCESS" else coloured("red", "✗")
            if self.status:
                self.status.stop()
            seconds = time.monotonic() - self.began.get(step, time.monotonic())
            self.console.print(mark + Text(f" {title} ") + coloured("dim", f"{seconds:.1f} 秒"))
        elif kind == "ASSET_MATERIALIZATION" and step == "dbt":
            self.models += 1
            self._say(f"{title} 已完成 {self.models} 个")
        elif not event and self.status:
            self._say(f"{title} {record.getMessage().rsplit(' - ', 1)[-1]}")

    def _say(self, text: str) -> None:
        if self.status:
            self.status.update(text)
            self.status.start()


@dg.logger({}, description="终端进度")
def progress_logger(_context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("anze.progress", logging.DEBUG)
    logger.addHandler(ProgressHandler())
    return logger

"""Is the installation sound?

What belongs here: checks of the machine and the home. What does not: checks of data (gates).
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version

from pipelines.feeds.reference import seed
from pipelines.incident import folder as incidents
from pipelines.ingest.calendar import announced_until
from pipelines.settings import CHINA, TELEMETRY_OFF, Settings

PACKAGES = ["dagster", "dagster-dbt", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "polars"]
FREE_GB = 2


@dataclass(frozen=True)
class Finding:
    """One check. `is_hint`: work goes on without it, but somebody should know."""

    title: str
    ok: bool
    detail: str
    is_hint: bool = False

    @property
    def state(self) -> str:
        return "正常" if self.ok else "提示" if self.is_hint else "有问题"


def examine(settings: Settings) -> list[Finding]:
    findings = [Finding("Python", sys.version_info[:2] == (3, 11), sys.version.split()[0])]
    findings += [_package(name) for name in PACKAGES]
    findings.append(_writable(settings))
    free = shutil.disk_usage(settings.home if settings.home.exists() else "/").free / 1e9
    findings.append(Finding("磁盘", free > FREE_GB, f"可用 {free:.0f} GB"))
    on = [name for name, value in TELEMETRY_OFF.items() if os.environ.get(name) != value]
    findings.append(Finding("遥测", not on, "全部关闭" if not on else f"未关闭：{'、'.join(on)}"))
    return [*findings, _chinese_font(), _calendar(datetime.now(CHINA).date()), _last_incident(settings)]


def _chinese_font() -> Finding:
    """Draws two characters: without a Chinese font both come out as the same box, and nothing complains."""
    from pipelines.charts import chinese_font, png  # noqa: PLC0415 - a second of imports

    font = chinese_font()
    pictures = [
        png(
            {
                "data": {"values": [{}]},
                "mark": {"type": "text", "text": character, "font": font or "sans-serif", "fontSize": 40},
            }
        )
        for character in "安责"
    ]
    if font and pictures[0] != pictures[1]:
        return Finding("中文字体", True, f"{font}，探针图正常")
    return Finding(
        "中文字体", False, "没有中文字体，年度报送的 Word 中不画图；Debian：apt install fonts-noto-cjk", is_hint=True
    )


def _calendar(today: date) -> Finding:
    """The arrangement of a year is announced each November of the year before."""
    until = announced_until()
    corrected = seed("ref_holiday")["day"].cast(str).str.slice(0, 4).unique().to_list()
    needed = today.year + (today.month == 12)
    if until.year >= needed or str(needed) in corrected:
        return Finding("工作日历", True, f"已公布到 {until}")
    return Finding(
        "工作日历",
        False,
        f"只到 {until}：更新 chinesecalendar，或按国务院办公厅通知在 ref_holiday.csv 补 {needed} 年的安排",
        is_hint=True,
    )


def _last_incident(settings: Settings) -> Finding:
    """An incident note younger than the publication in force."""
    notes = sorted(incidents(settings).glob("*.md"))
    published = settings.published.stat().st_mtime if settings.published.exists() else 0
    if not notes or notes[-1].stat().st_mtime < published:
        return Finding("最近一晚", True, "没有未处理的事件")
    return Finding("最近一晚", False, f"未完成，见 {notes[-1]}", is_hint=True)


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "未安装；请运行 make setup")


def _writable(settings: Settings) -> Finding:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    return Finding("数据目录", os.access(folder, os.W_OK), str(settings.home))

"""Is the installation sound?

What belongs here: checks of the machine and the home. What does not: checks of data (gates).
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from pipelines.settings import TELEMETRY_OFF, Settings

PACKAGES = ["dagster", "dagster-dbt", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "polars"]
FREE_GB = 2


@dataclass(frozen=True)
class Finding:
    title: str
    ok: bool
    detail: str


def examine(settings: Settings) -> list[Finding]:
    findings = [Finding("Python", sys.version_info[:2] == (3, 11), sys.version.split()[0])]
    findings += [_package(name) for name in PACKAGES]
    findings.append(_writable(settings))
    free = shutil.disk_usage(settings.home if settings.home.exists() else "/").free / 1e9
    findings.append(Finding("磁盘", free > FREE_GB, f"可用 {free:.0f} GB"))
    on = [name for name, value in TELEMETRY_OFF.items() if os.environ.get(name) != value]
    findings.append(Finding("遥测", not on, "全部关闭" if not on else f"未关闭：{'、'.join(on)}"))
    return findings


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

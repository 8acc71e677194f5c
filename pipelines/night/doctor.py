"""Is the installation sound?

What belongs here: checks of the machine and the home. What does not: checks of data (gates).
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

from pipelines.access.tokens import Damaged, tokens
from pipelines.feeds.reference import Reference, shipped
from pipelines.ingest.calendar import announced_until
from pipelines.ingest.landing import damaged
from pipelines.ingest.manifest import abandoned, in_unicode
from pipelines.night import nightly
from pipelines.night.home import faults
from pipelines.night.incident import folder as incidents
from pipelines.publish.publication import is_whole, last_publication, opens
from pipelines.settings import CHINA, TELEMETRY_OFF, Settings
from pipelines.transform.spark.session import check as check_spark

PACKAGES = ["dagster", "dagster-dbt", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "polars"]
FREE_GB = 2
REPAIR = "运行 anze doctor --repair 从原始文件重做"


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
    findings += [
        _uploads(settings),
        _landing(settings),
        _published(settings),
        _build(settings),
        _site(settings),
        *_home(settings),
    ]
    if (settings.home / "counter").exists():
        findings.append(_tokens(settings))
    if settings.engine == "spark":
        findings.append(_spark(settings))
    return [*findings, _chinese_font(), _calendar(settings, datetime.now(CHINA).date()), _last_incident(settings)]


def _uploads(settings: Settings) -> Finding:
    """No upload stopped half way: nobody else would miss the file."""
    stopped = abandoned(settings.raw, datetime.now(CHINA) - timedelta(days=1))
    if not stopped:
        return Finding("上传", True, "没有停在半路的文件")
    named = in_unicode(str(stopped[0].relative_to(settings.raw)))
    return Finding("上传", False, f"{len(stopped)} 个文件停在半路超过一天（如 {named}），请对方重新上传", is_hint=True)


def _tokens(settings: Settings) -> Finding:
    """Senders can sign in at the counter."""
    try:
        return Finding("窗口的令牌", True, f"{len(tokens(settings))} 个")
    except Damaged as damaged:
        return Finding("窗口的令牌", False, str(damaged))


def _home(settings: Settings) -> list[Finding]:
    """Faults that the next night gets over, but somebody should know of."""
    return [Finding("数据目录", False, text, is_hint=True) for text in faults(settings)]


def _landing(settings: Settings) -> Finding:
    """Every landing file is what was written, by its SHA-256."""
    broken = damaged(settings)
    if not broken:
        return Finding("落地文件", True, "指纹相符")
    return Finding("落地文件", False, f"{len(broken)} 个报送文件的落地文件缺失或损坏（如 {broken[0].path}）；{REPAIR}")


def _published(settings: Settings) -> Finding:
    publication = last_publication(settings)
    if publication is None and not settings.published.exists():
        return Finding("发布文件", True, "还没有发布")
    if publication is not None and is_whole(settings, publication):
        return Finding("发布文件", True, f"{publication.publication_id}，指纹相符")
    return Finding("发布文件", False, f"{settings.published} 与发布时不同或缺少发布记录；{REPAIR}")


def _build(settings: Settings) -> Finding:
    if opens(settings.build):
        return Finding("私有构建", True, "可以打开" if settings.build.exists() else "还没有")
    return Finding("私有构建", False, f"{settings.build} 打不开；{REPAIR}")


def _site(settings: Settings) -> Finding:
    """The static site shows what is published."""
    current, publication = settings.home / "site" / "current", last_publication(settings)
    if publication is None:
        return Finding("网页", True, "还没有发布")
    if not (current / "index.html").is_file():
        return Finding("网页", False, f"{current} 没有网页；请运行 anze site", is_hint=True)
    shows = current.resolve().name.partition("_")[2]
    if shows != publication.publication_id:
        return Finding(
            "网页",
            False,
            f"还是发布 {shows} 的，现有发布为 {publication.publication_id}；请运行 anze site",
            is_hint=True,
        )
    return Finding("网页", True, shows)


def _spark(settings: Settings) -> Finding:
    try:
        check_spark(settings)
    except RuntimeError as missing:
        return Finding("Spark", False, str(missing))
    return Finding("Spark", True, settings.spark_master or "本机")


def repair(settings: Settings, job: nightly.Job) -> list[str]:
    """Makes everything that is damaged again from raw, with the nightly job; says what it did, in sentences.

    Raises:
        AlreadyRunning: another process is writing this warehouse.
    """
    done = []
    done += [f"重新读取 {receipt.path}" for receipt in damaged(settings)]
    if not opens(settings.build):
        done.append(f"删除打不开的 {settings.build}，重新计算")
    for path in sorted((settings.warehouse / "as_of").glob("*.duckdb")):
        if not opens(path):
            path.unlink()
            done.append(f"删除打不开的 {path.name}，需要时重新计算")
    publication = last_publication(settings)
    if settings.published.exists() and (publication is None or not is_whole(settings, publication)):
        done.append(f"重新发布，替换被改动的 {settings.published.name}")
    if done:
        outcome = nightly.run(settings, job)
        ending = {
            "published": "已重新发布",
            "held_back": "已重新发布，有城市暂停更新",
            "nothing_new": "现有发布有效",
            "blocked": "被闸门拦下，未发布",
            "failed": "未完成",
        }
        done.append(f"夜间作业：{ending[outcome.status]}{outcome.error and '：' + outcome.error}")
    return done


def _chinese_font() -> Finding:
    """Draws two characters: without a Chinese font both come out as the same box, and nothing complains."""
    from pipelines.documents.charts import chinese_font, png  # noqa: PLC0415 - a second of imports

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


def _calendar(settings: Settings, today: date) -> Finding:
    """The arrangement of a year is announced each November of the year before."""
    until = announced_until()
    try:
        corrections = Reference.on(settings.landing).table("ref_holiday")
    except OSError:  # before the first night
        corrections = shipped("ref_holiday")
    needed = today.year + (today.month == 12)
    if until.year >= needed or needed in corrections["day"].dt.year().to_list():
        return Finding("工作日历", True, f"已公布到 {until}")
    return Finding(
        "工作日历",
        False,
        f"只到 {until}：更新 chinesecalendar，或按国务院办公厅通知在参考数据「节假日安排的改正」中补 {needed} 年的安排",
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

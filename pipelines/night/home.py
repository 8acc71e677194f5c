"""Faults of the home (trust.md 2): what a crash, a full disk, another program or a hand may have done to it since the last night.

What belongs here: noticing them and saying so, in words that name the file. What does not: how the night gets over each of
them (the rooms that read and write those files).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import duckdb

from pipelines.feeds.contracts import HOME_SENDER
from pipelines.ingest.landing import vanished
from pipelines.ingest.manifest import STAMPS_FILE, clock_behind, receipts_folder, torn_stamps
from pipelines.ingest.reference import take_bundled
from pipelines.publish.publication import is_whole, last_publication, set_wal_aside
from pipelines.settings import CHINA, Settings

NAMED = 5


def faults(settings: Settings) -> list[str]:
    """What is wrong with the home and how the night gets over it, a sentence each."""
    found = []
    log = settings.published.with_name(f"{settings.published.name}.wal")
    if log.exists():
        found.append(
            f"{log} 是别的程序留在发布文件旁的日志，不会并入发布；下一晚移到一旁（set_aside_….wal）。请不要用读写方式打开发布文件。"
        )
    if (holder := _held(settings)) is not None:
        found.append(
            f"{settings.published} 正被别的程序以读写方式打开（{holder}）；发布不受影响，请让对方改用只读方式。"
        )
    publication = last_publication(settings)
    if publication is not None and settings.published.exists() and not is_whole(settings, publication):
        found.append(f"{settings.published} 与发布时不同，下一晚重新发布替换，不留入 history/。")
    today = datetime.now(CHINA).date()
    if publication is not None and str(publication.as_of) > str(today + timedelta(days=1)):
        found.append(
            f"取数时点 {publication.as_of} 在今天（{today}）之后：有文件的收到日期文件夹写成了将来（quality.files 按 received_at 倒序可见）。"
            "请改正文件夹名，或校正系统时钟。"
        )
    torn = torn_stamps(settings.raw)
    if torn:
        found.append(f"{settings.raw / STAMPS_FILE} 有 {torn} 行残缺（多为断电所致）；收到日期按已有回执恢复，不改变。")
    newest = clock_behind(settings.raw, datetime.now(CHINA))
    if newest is not None:
        found.append(
            f"系统时钟早于最近一次收件（{newest:%Y-%m-%d %H:%M}）；新到文件按该时间登记，不会记到过去。请校正系统时钟。"
        )
    has_receipts = any(receipts_folder(settings.landing).glob("*.json"))
    if has_receipts and not settings.key_fingerprint():
        found.append(
            f"{settings.key_file} 不见了（个人信息散列密钥）；下一晚另造一把，全部文件重新读取，人员散列与以前封存的不再可比。"
            "有备份的，请先恢复再运行。"
        )
    gone = vanished(settings)
    if gone:
        named = "、".join(gone[:NAMED]) + (f" 等 {len(gone)} 个" if len(gone) > NAMED else "")
        found.append(f"原始文件不见了：{named}；其数据仍计入。请从备份恢复，或用 anze forget 文件 决定不再计入。")
    return found


def set_right(settings: Settings) -> list[str]:
    """The faults of the home at the beginning of a night, which is then free of those that would be in its way."""
    found = faults(settings)
    if take_bundled(settings):
        found.append(
            f"本目录没有自己的参考数据，已放入随程序的样例（{settings.raw / HOME_SENDER}）：各城市的区市、报送单位、期限都在其中，"
            "以后用 anze reference 维护。新建一个城市请用 anze init。"
        )
    set_wal_aside(settings)
    return found


def _held(settings: Settings) -> str | None:
    """Who holds the published file read-write, as DuckDB says it; None: nobody."""
    if not settings.published.exists() or settings.published.with_name(f"{settings.published.name}.wal").exists():
        return None
    try:
        duckdb.connect(str(settings.published), read_only=True).close()
    except duckdb.IOException as error:
        if "lock" not in str(error):
            return None
        holder = re.search(r"held in (.+?) \(PID (\d+)\)", str(error))
        return f"{holder[1]}，进程 {holder[2]}" if holder else "不知是哪个程序"
    except duckdb.Error:
        return None
    return None

"""The state of the home on one screen, as an operator reads it at 08:00: last night, what was blocked, who is late, what is due, disk.

What belongs here: gathering it and saying it in words. What does not: printing (pipelines/cli/night.py), checks of the machine
(doctor.py), deadlines one by one (reminder.py).
"""

from __future__ import annotations

import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from pipelines.ingest.landing import pending
from pipelines.night.incident import folder as incidents
from pipelines.publish.publication import Publication, last_publication
from pipelines.report.deadlines import deadlines
from pipelines.settings import CHINA, Settings
from pipelines.warehouse.held_back import HeldBack, in_words
from pipelines.warehouse.reach import reach
from pipelines.warehouse.tables import reading

OLD_AFTER = timedelta(hours=30)
"""A publication older than this is not last night's."""
DUE_DAYS = 21
NAMED = 6
FREE_SHARE = 0.1
"""Less of the disk free than this is too little."""


@dataclass(frozen=True)
class Line:
    """One thing to know. `state`: good, warn or bad."""

    title: str
    state: str
    text: str


def morning(settings: Settings, now: datetime) -> list[Line]:
    """What an operator has to know in the morning, most urgent kinds first."""
    publication = last_publication(settings)
    lines = [_last_night(settings, publication, now)]
    held = [HeldBack(**city) for city in publication.held_back] if publication else []
    lines.append(Line("拦下", "bad" if held else "good", in_words(held) or "没有城市暂停更新"))
    waiting = len(pending(settings))
    lines.append(
        Line("待处理文件", "warn" if waiting else "good", f"{waiting:,} 个，下一晚读取" if waiting else "没有")
    )
    with reading(settings.published) as connection:
        lines += [_files(connection), _to_correct(connection), *_late(connection)]
    return [*lines, _due(settings, now), _disk(settings)]


def _last_night(settings: Settings, publication: Publication | None, now: datetime) -> Line:
    notes = sorted(incidents(settings).glob("*.md"))
    published_at = settings.published.stat().st_mtime
    if notes and notes[-1].stat().st_mtime > published_at:
        return Line("昨夜", "bad", f"没有完成，见 {notes[-1]}")
    if publication is None:
        return Line("昨夜", "bad", "没有发布记录，请运行 anze doctor")
    built = datetime.fromisoformat(publication.built_at).replace(tzinfo=CHINA)
    text = f"{publication.publication_id}，取数时点 {publication.as_of}，生成于 {built:%Y-%m-%d %H:%M}，{publication.source_files:,} 个文件"
    if now - built > OLD_AFTER:
        return Line(
            "昨夜", "warn", f"{text}；已过 {(now - built) // timedelta(hours=1)} 小时（没有新文件时不重新发布）"
        )
    return Line("昨夜", "good", text)


def _files(connection: duckdb.DuckDBPyConnection) -> Line:
    loaded, refused, fresh = connection.execute(
        """
        select count(*) filter (where status = 'loaded'), count(*) filter (where status = 'refused'),
            count(*) filter (where status = 'refused' and cast(received_at as date) = (select max(as_of) from meta.publication))
        from quality.files
        """
    ).fetchall()[0]
    text = f"已装载 {loaded:,} 个，退回 {refused:,} 个" + (f"（其中取数时点当日 {fresh:,} 个）" if fresh else "")
    return Line("文件", "warn" if fresh else "good", text)


def _to_correct(connection: duckdb.DuckDBPyConnection) -> Line:
    rows, senders, waiting = connection.execute(
        """
        select count(distinct (file_id, sheet, line_no)), count(distinct provider), (select count(*) from quality.to_confirm)
        from quality.quarantine where status = 'open' and severity = 'reject'
        """
    ).fetchall()[0]
    text = f"待更正的行 {rows:,} 行（{senders:,} 家），待核实金额 {waiting:,} 笔"
    return Line("待报送单位处理", "warn" if rows or waiting else "good", text)


def _late(connection: duckdb.DuckDBPyConnection) -> list[Line]:
    """Who is late, by city: insurers whose data the city waits for, and every other feed that is owed."""
    found = []
    cities = connection.execute(
        "select distinct jurisdiction, jurisdiction_name from marts.dim_district order by 1"
    ).fetchall()
    for city, name in cities:
        reached = reach(connection, city)
        late = connection.execute(
            """
            select coalesce(senders.name, owed.provider), count(*), max(days_late)
            from quality.coverage as owed left join marts.dim_provider as senders using (provider)
            where owed.jurisdiction = ? and days_late > 0 group by all order by 3 desc, 1
            """,
            [city],
        ).fetchall()
        named = "、".join(f"{sender} {feeds} 张表（最久 {days} 天）" for sender, feeds, days in late[:NAMED])
        more = f" 等 {len(late)} 家" if len(late) > NAMED else ""
        text = f"数据截至 {reached.data_date or '尚无'}　缺报：{reached.late_in_words}"
        text += f"；迟报的报送表：{named}{more}" if late else ""
        found.append(Line(f"迟报 {name or city}", "bad" if reached.late else "warn" if late else "good", text))
    return found


def _due(settings: Settings, now: datetime) -> Line:
    owed = [one for one in deadlines(settings.published, now.date()) if one.missing and one.days_left <= DUE_DAYS]
    text = "；".join(
        f"{one.city} {one.name}（{one.due_date}，"
        + (f"还有 {one.days_left} 天" if one.days_left >= 0 else f"已过 {-one.days_left} 天")
        + f"，未收 {one.missing}）"
        for one in owed
    )
    late = any(one.days_left < 0 for one in owed)
    return Line("到期", "bad" if late else "warn" if owed else "good", text or f"{DUE_DAYS} 天内没有到期的报送")


def _disk(settings: Settings) -> Line:
    usage = shutil.disk_usage(settings.home)
    parts = {
        "原始文件": settings.raw,
        "落地": settings.landing,
        "数据仓": settings.warehouse,
        "网页": settings.home / "site",
    }
    sizes = {name: _size(folder) for name, folder in parts.items()}
    text = f"可用 {usage.free / 1e9:,.0f} GB（{usage.free / usage.total:.0%}）；" + "，".join(
        f"{name} {size / 1e9:,.2f} GB" for name, size in sizes.items()
    )
    return Line("磁盘", "bad" if usage.free < FREE_SHARE * usage.total else "good", text)


def _size(folder: Path) -> int:
    """Bytes of a folder, what several names share once; files that a night removes meanwhile are left out."""
    known: dict[int, int] = {}
    for path in folder.rglob("*"):
        with suppress(OSError):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode):
                known[found.st_ino] = found.st_size
    return sum(known.values())

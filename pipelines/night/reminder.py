"""Reminding of deadlines: three weeks, one week and a day before each, once, by the webhook.

What belongs here: which reminders are due and which were given (shared/reminded.json). What does not: where each return stands
(pipelines/publish/return_calendar.py), how the webhook is told (webhook.py).
"""

from __future__ import annotations

import json
from datetime import date

import polars as pl

from pipelines.ingest.manifest import write_atomically
from pipelines.night.webhook import tell
from pipelines.publish.publication import filed_statistics
from pipelines.publish.return_calendar import return_calendar
from pipelines.publish.share_log import share_log
from pipelines.settings import Settings
from pipelines.warehouse.tables import reading

BEFORE = (21, 7, 1)
"""Days before a deadline."""


def calendar_on(settings: Settings, today: date) -> pl.DataFrame:
    """Where every return and report stands now: the publication, and what was drafted and filed since."""
    with reading(settings.published) as connection:
        return return_calendar(connection, filed_statistics(settings), share_log(settings), today)


def outstanding(calendar: pl.DataFrame, today: date, within: int) -> pl.DataFrame:
    """What is still to come: due within so many days, or overdue for less than a year; soonest first, with `days_left`."""
    left = (pl.col("due_date") - pl.lit(today)).dt.total_days()
    return (
        calendar.with_columns(days_left=left)
        .filter(pl.col("received_on").is_null(), pl.col("days_left").is_between(-365, within))
        .sort("due_date", "jurisdiction", "provider", "obligation_code")
    )


def remind(settings: Settings, today: date) -> list[str]:
    """Tells the webhook of deadlines whose time has come, once each; returns the lines that were told.

    A night that did not run is made up for: the nearest step that has passed is told, the earlier ones are not told any more.
    """
    if not settings.webhook_url or not settings.published.exists():
        return []
    path = settings.home / "shared" / "reminded.json"
    given: list[str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    due = outstanding(calendar_on(settings, today), today, max(BEFORE)).filter(pl.col("days_left") >= 0)
    lines, keys = [], []
    for (city, code, day), rows in due.group_by("jurisdiction", "obligation_code", "due_date", maintain_order=True):
        left = rows["days_left"][0]
        step = min(one for one in BEFORE if left <= one)
        key = f"{city}/{code}/{day}/{step}"
        if key in given:
            continue
        keys += [f"{city}/{code}/{day}/{one}" for one in BEFORE if one >= step]
        lines.append(
            f"{rows['name'][0]}，期限 {day}（还有 {left} 天），尚未收到 {rows.height} 家：{'、'.join(rows['provider_name'])}"
        )
    if not lines:
        return []
    taken, _ = tell(settings.webhook_url, "安责险报送提醒：\n" + "\n".join(lines), title="报送提醒", lines=lines)
    if taken:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(sorted({*given, *keys}), ensure_ascii=False, indent=0).encode())
    return lines

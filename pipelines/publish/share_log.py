"""What was shared with whom and when (威应急发〔2023〕11号 二(一); 沪安委办〔2023〕32号 二(二)): a line per extract, site, case and return.

What belongs here: the log in the home and its table in each publication (meta.share_log), which knows what was shared before it. What does not:
what is shared (the rooms that write it).
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines.settings import CHINA, Settings

COLUMNS = ("shared_at", "what", "audience", "audience_name", "publication_id", "place", "jurisdiction", "stat_year")


def log_of(settings: Settings) -> Path:
    return settings.home / "shared" / "log.jsonl"


def shared(
    settings: Settings,
    what: str,
    audience: str,
    name: str,
    publication_id: str,
    place: Path,
    jurisdiction: str = "",
    stat_year: int | None = None,
) -> None:
    """Adds a line. `what`: 提取, 网页, 案卷, 年度报告; `audience`: the sender's code, or empty where it is a document for whoever gets it;
    `stat_year`: of a return."""
    line = {
        "shared_at": datetime.now(CHINA).replace(tzinfo=None).isoformat(timespec="seconds"), "what": what, "audience": audience, "audience_name": name,
        "publication_id": publication_id, "place": str(place), "jurisdiction": jurisdiction,
        "stat_year": None if stat_year is None else str(stat_year),
    }  # fmt: skip
    log_of(settings).parent.mkdir(parents=True, exist_ok=True)
    with log_of(settings).open("a", encoding="utf-8") as log:
        log.write(json.dumps(line, ensure_ascii=False) + "\n")


def share_log(settings: Settings) -> pl.DataFrame:
    """All lines so far, oldest first; a line that was cut off when the machine went down is left out."""
    path = log_of(settings)
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    return frame.with_columns(
        pl.col("shared_at").str.to_datetime(time_unit="us", strict=False),
        pl.col("stat_year").cast(pl.Int32, strict=False),
    )

"""What was shared with whom is written down, and stands in the next publication."""

from __future__ import annotations

from pathlib import Path

import duckdb
from conftest import Home

from pipelines.publish.share_log import log_of, share_log


def test_what_is_shared_is_written_down(dirty_world: Home, tmp_path: Path) -> None:
    assert dirty_world.anze("extract", "--for", "weihai_hayc", "--out", str(tmp_path / "x")).returncode == 0
    code = dirty_world.rows("select uscc from marts.dim_unit where district_code = '371002' order by 1 limit 1")[0][0]
    done = dirty_world.anze("case", code, "--for", "weihai_371002", "--out", str(tmp_path / "c"))
    assert done.returncode == 0, done.stderr
    # A line that was cut off when the machine went down costs itself.
    with log_of(dirty_world.settings).open("a", encoding="utf-8") as log:
        log.write('{"shared_at": "2026-')
    told = share_log(dirty_world.settings)
    assert told.select("what", "audience", "jurisdiction").rows()[-2:] == [
        ("提取", "weihai_hayc", "weihai"), ("案卷", "weihai_371002", "weihai"),
    ]  # fmt: skip
    assert told["publication_id"].null_count() == 0 and (told["shared_at"].dt.year() >= 2026).all()
    dirty_world.publish()
    with duckdb.connect(str(dirty_world.settings.published), read_only=True) as connection:
        published = connection.execute("select what, audience from meta.share_log order by shared_at").fetchall()
    assert published == told.select("what", "audience").rows()

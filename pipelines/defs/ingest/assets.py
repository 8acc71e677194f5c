"""Landing: every new drop is read once.

What belongs here: an asset per feed and its metadata. What does not: the reading (pipelines/ingest/landing.py).
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.progress import stopwatch
from pipelines.defs.resources import Home
from pipelines.feeds.contracts import contracts
from pipelines.ingest.landing import Progress, land

FEED_SPECS = [
    dg.AssetSpec(
        ["landing", feed],
        group_name="ingest",
        description=f"{contract.title}：落地层。每个报送文件读取、解码、规范、检查一次，合格行写成 Parquet，其余进入隔离区。",
        kinds={"polars", "parquet"},
        metadata={"名称": contract.title},
    )
    for feed, contract in contracts().items()
]
TABLE_SPECS = [
    dg.AssetSpec(
        ["landing", "files"],
        group_name="ingest",
        description="文件登记表：每个报送文件的来源、指纹、收到时间、处理结果。",
        kinds={"parquet"},
        metadata={"名称": "文件登记表"},
    ),
    dg.AssetSpec(
        ["landing", "_issues"],
        group_name="ingest",
        description="问题登记表：被隔离的行、提示、整份退回的文件。",
        kinds={"parquet"},
        metadata={"名称": "问题登记表"},
    ),
]
TABLES = {spec.key.path[-1] for spec in TABLE_SPECS}


@dg.multi_asset(name="landing", specs=[*FEED_SPECS, *TABLE_SPECS], can_subset=True)
def landing(context: dg.AssetExecutionContext, home: Home) -> Iterator[dg.MaterializeResult[None]]:
    def report(progress: Progress) -> None:
        context.log.info(f"落地 {progress.done}/{progress.total} 个文件")

    took = stopwatch()
    chosen = {key.path[-1] for key in context.selected_asset_keys}
    landed = land(home.settings(), progress=report, feeds=chosen if context.is_subset else ())
    seconds = took()
    for feed in landed:
        if feed.feed in chosen:
            yield dg.MaterializeResult(
                asset_key=["landing", feed.feed],
                metadata={
                    "新文件数": feed.new_files, "退回文件数": feed.refused, "数据行数": feed.rows_in, "接收行数": feed.rows_accepted,
                    "隔离行数": feed.rows_quarantined, "重复行数": feed.rows_duplicate, **seconds,
                    "报送说明": dg.MetadataValue.md(f"契约 `pipelines/feeds/{feed.feed}.yaml`；退回清单用 `anze rejects`。"),
                },
            )  # fmt: skip
    for table in TABLES & chosen:
        yield dg.MaterializeResult(
            asset_key=["landing", table], metadata={"新文件数": sum(feed.new_files for feed in landed), **seconds}
        )

"""Publication and the static site.

What belongs here: two assets and their metadata. What does not: the work (pipelines/publish/publication.py,
pipelines/site/site.py).
"""

import dagster as dg
import duckdb

from pipelines.defs.progress import now_and_then, stopwatch
from pipelines.defs.resources import Home
from pipelines.defs.transform.assets import dbt_models
from pipelines.gates.run import load_results
from pipelines.night.holding import cities_held_back
from pipelines.night.inputs import input_fingerprint
from pipelines.publish.publication import publish, row_counts
from pipelines.site.site import write_sites
from pipelines.transform.project import manifest_path
from pipelines.warehouse.dictionary import PUBLISHED_SCHEMAS
from pipelines.warehouse.reach import in_one_line

PUBLISHED_KEYS = [key for key in dbt_models.keys if key.path[0] in PUBLISHED_SCHEMAS]


@dg.asset(
    group_name="publish",
    deps=PUBLISHED_KEYS,
    kinds={"duckdb"},
    metadata={"名称": "发布"},
    description="发布：全部阻断性检查通过后，以只读文件原子替换 warehouse/anze.duckdb；打开旧文件的分析员不受影响。",
)
def publication(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[None]:
    settings, took = home.settings(), stopwatch()
    results = load_results(settings)
    held = cities_held_back(settings, results)
    published = publish(settings, manifest_path(settings), results, input_fingerprint(settings, home.as_of), held)
    counts = row_counts(settings)
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        dates = in_one_line(connection)
    for key in PUBLISHED_KEYS:
        rows = counts.get(".".join(key.path))
        if rows is not None:
            context.log_event(dg.AssetObservation(key, metadata={"dagster/row_count": rows}))
    return dg.MaterializeResult(
        metadata={
            "发布编号": published.publication_id, "取数时点": published.as_of, "数据截至": dates, "来源文件数": published.source_files, "表数": published.tables,
            "行数": published.rows, "暂停更新": "、".join(city.jurisdiction for city, _ in held) or "无", "文件": dg.MetadataValue.path(str(settings.published)), **took(),
        }
    )  # fmt: skip


@dg.asset(
    group_name="publish",
    deps=[publication],
    kinds={"html"},
    metadata={"名称": "网页"},
    description="网页：每个单位一个文件夹的静态网页（site/current），只含该单位可见的数据，不需要网络。",
)
def static_site(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[None]:
    took = stopwatch()
    folder = write_sites(home.settings(), progress=now_and_then(context.log.info))
    sites = [path for path in folder.iterdir() if (path / "index.html").exists()]
    return dg.MaterializeResult(
        metadata={
            "单位数": len(sites), "文件夹": dg.MetadataValue.path(str(folder)),
            "字节数": sum(path.stat().st_size for path in folder.rglob("*.html")), **took(),
        }
    )  # fmt: skip

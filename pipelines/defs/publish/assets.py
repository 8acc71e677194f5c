"""Publication: the checked build becomes anze.duckdb. The work is pipelines.publish.publication."""

import dagster as dg

from pipelines.defs.resources import Home
from pipelines.defs.transform.assets import dbt_models
from pipelines.gates.run import load_results
from pipelines.nightly import input_fingerprint
from pipelines.publish.dictionary import PUBLISHED_SCHEMAS
from pipelines.publish.publication import publish
from pipelines.transform import manifest_path

PUBLISHED_KEYS = [key for key in dbt_models.keys if key.path[0] in PUBLISHED_SCHEMAS]


@dg.asset(
    group_name="publish",
    deps=PUBLISHED_KEYS,
    owners=["team:data-engineering"],
    kinds={"duckdb"},
    description="发布：全部阻断性检查通过后，以只读文件原子替换 warehouse/anze.duckdb；打开旧文件的分析员不受影响。",
)
def publication(home: Home) -> dg.MaterializeResult[None]:
    settings = home.settings()
    published = publish(
        settings, manifest_path(settings), load_results(settings), input_fingerprint(settings, home.as_of)
    )
    return dg.MaterializeResult(
        metadata={
            "发布编号": published.publication_id, "取数时点": published.as_of, "来源文件数": published.source_files, "表数": published.tables,
            "行数": published.rows, "文件": dg.MetadataValue.path(str(settings.published)),
        }
    )  # fmt: skip

"""dbt: staging, intermediate, marts in the private build. The definitions are in dbt_project/."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from pipelines.defs.resources import Home, InstalledDbt
from pipelines.publish.publication import begin_publication
from pipelines.settings import settings
from pipelines.spark.session import check as check_spark
from pipelines.transform import dbt_log, forget_old_runs, fresh_manifest, models_at_once

GROUPS = {"reference": "reference", "staging": "staging", "intermediate": "intermediate"}


LAYERS = {"reference": "代码表与口径", "staging": "暂存层", "intermediate": "中间层", "marts": "数据集市"}


def _opening_comment(dbt_resource_props: Mapping[str, Any]) -> str:
    """What a model's file says of itself in its first lines."""
    lines = str(dbt_resource_props.get("raw_code") or "").splitlines()
    comment = [line.lstrip("- ") for line in itertools.takewhile(lambda line: line.startswith("--"), lines)]
    return " ".join(comment) or str(dbt_resource_props["name"])


class Translator(DagsterDbtTranslator):
    """Groups by layer; Chinese descriptions are dbt's own."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return GROUPS.get(dbt_resource_props.get("schema", ""), "marts")

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        described = str(dbt_resource_props.get("description") or "")
        return described or f"{LAYERS[self.get_group_name(dbt_resource_props)]}：{_opening_comment(dbt_resource_props)}"


@dbt_assets(manifest=fresh_manifest(settings()), dagster_dbt_translator=Translator(), name="dbt")
def dbt_models(context: dg.AssetExecutionContext, dbt: InstalledDbt, home: Home) -> Iterator[Any]:
    engine = home.settings().engine
    # Nobody reads the manifest that dbt would write after the build: it takes as long as fifty models.
    arguments = ["build", "--exclude-resource-type", "unit_test", "--no-write-json", "--target", engine]
    if engine == "duckdb":
        arguments += ["--threads", str(models_at_once(home.settings()))]
    begin_publication(home.settings(), whole=not context.is_subset)
    try:
        if engine == "spark":
            check_spark(home.settings())
        # dbt's own lines go to a file; the terminal shows the run's progress instead.
        with dbt_log(home.settings()).open("w", encoding="utf-8") as log, redirect_stdout(log):
            apart = engine == "spark" or context.is_subset
            run = dbt.cli(arguments, context=context) if apart else dbt.whole(arguments, context)
            yield from run.stream()
    except DagsterDbtCliRuntimeError:
        if engine == "spark":
            check_spark(home.settings())  # a cluster that went away meanwhile is said in words
        raise
    forget_old_runs(home.settings())

"""dbt: staging, intermediate, marts in the private build.

What belongs here: how Dagster sees dbt's models and runs them. What does not: the definitions (dbt_project/), dbt's
environment (pipelines/transform/project.py).
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from pipelines.defs.resources import Home
from pipelines.publish.publication import begin_publication
from pipelines.settings import settings
from pipelines.transform.project import build_models, fresh_manifest

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

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """With the Chinese name, as keys of assets hold none."""
        named = self.get_description(dbt_resource_props).split("：")[0]
        return {**super().get_metadata(dbt_resource_props), "名称": named}


@dbt_assets(
    manifest=fresh_manifest(settings()),
    # Data tests belong to `make test`; at night the gates stand here.
    dagster_dbt_translator=Translator(settings=DagsterDbtTranslatorSettings(enable_asset_checks=False)),
    name="dbt",
)
def dbt_models(context: dg.AssetExecutionContext, home: Home) -> Iterator[dg.MaterializeResult[None]]:
    keys = {key.path[-1]: key for key in context.selected_asset_keys}
    begin_publication(home.settings(), whole=not context.is_subset)
    for model in build_models(home.settings(), list(keys) if context.is_subset else []):
        yield dg.MaterializeResult(asset_key=keys[model.name], metadata={"用时（秒）": round(model.seconds, 2)})

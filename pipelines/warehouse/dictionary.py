"""meta.data_dictionary and meta.metric_catalogue, made from dbt's manifest.

What belongs here: turning descriptions and meta of models into rows. What does not: the meanings
(feed contracts and the YAML beside each dbt model).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.feeds.column_docs import UNITS, sentence
from pipelines.feeds.contracts import contracts
from pipelines.warehouse.tables import Comment

PUBLISHED_SCHEMAS = ["marts", "quality", "meta"]
# Stands in table_schema for the feeds themselves.
FEED_SCHEMA = "feed"

DICTIONARY_SCHEMA = {
    "table_schema": pl.String,
    "table_name": pl.String,
    "column_name": pl.String,
    "chinese_name": pl.String,
    "unit": pl.String,
    "definition": pl.String,
    "source_clause": pl.String,
}
CATALOGUE_SCHEMA = {
    "metric": pl.String,
    "metric_code": pl.String,
    "chinese_name": pl.String,
    "definition": pl.String,
    "numerator": pl.String,
    "denominator": pl.String,
    "unit": pl.String,
    "source_clause": pl.String,
    "table_name": pl.String,
    "evidence": pl.String,
    "measure": pl.String,
    "feed": pl.String,
    "record": pl.String,
    "depends": pl.String,
}
# How a metric is counted from its evidence table; pipelines/warehouse/evidence.py reads it.
MEASURE = ("count", "sum", "market", "where", "every", "served", "scope")


def _models(manifest: Path) -> list[dict[str, Any]]:
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    return [
        node
        for node in nodes
        if node["resource_type"] == "model"
        and node["schema"] in PUBLISHED_SCHEMAS
        and node["config"]["materialized"] != "ephemeral"
    ]


def _meta(node: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = node.get("config", {}).get("meta") or node.get("meta") or {}
    return found


def _split(description: str) -> tuple[str, str]:
    """`中文名：释义` → (中文名, 释义)."""
    name, _, definition = description.strip().partition("：")
    return name, definition or name


def descriptions(manifest: Path) -> list[Comment]:
    """What is said of every model that is published and of its columns."""
    return [
        (f"{model['schema']}.{model['name']}", column, text)
        for model in _models(manifest)
        for column, text in [
            ("", model["description"]),
            *((c["name"], c["description"]) for c in model["columns"].values()),
        ]
    ]


def data_dictionary(manifest: Path) -> pl.DataFrame:
    """Every published table (column_name empty) and column, and what senders send (schema `feed`)."""
    rows = []
    for model in _models(manifest):
        name, definition = _split(model["description"])
        rows.append((model["schema"], model["name"], "", name, "", definition, ""))
        for column in model["columns"].values():
            meta = _meta(column)
            name, definition = _split(column["description"])
            rows.append(
                (
                    model["schema"],
                    model["name"],
                    column["name"],
                    name,
                    meta.get("unit", ""),
                    definition,
                    meta.get("source", ""),
                )
            )
    for feed, contract in contracts().items():
        rows.append((FEED_SCHEMA, feed, "", contract.title, "", f"报送表：{contract.title}", contract.source))
        for name, column in contract.columns.items():
            title, definition = _split(sentence(column))
            rows.append((FEED_SCHEMA, feed, name, title, UNITS.get(column.type, ""), definition, contract.source))
    return pl.DataFrame(rows, schema=DICTIONARY_SCHEMA, orient="row").sort("table_schema", "table_name", "column_name")


def metric_catalogue(manifest: Path) -> pl.DataFrame:
    """Every column that is a metric of metrics.md (it carries a metric code), and what it is counted from."""
    rows = []
    models = {model["name"]: model for model in _models(manifest)}
    for model in models.values():
        for column in model["columns"].values():
            meta = _meta(column)
            if "metric_code" not in meta:
                continue
            name, definition = _split(column["description"])
            evidence = meta.get("evidence", "")
            record = _meta(models[evidence]) if evidence else {}
            measure = {key: str(meta[key]) for key in MEASURE if key in meta}
            rows.append(
                (column["name"], meta["metric_code"], name, definition, meta.get("numerator", ""), meta.get("denominator", ""),
                 meta["unit"], meta.get("source", ""), model["name"], evidence, json.dumps(measure, ensure_ascii=False) if measure else "",
                 record.get("feed", ""), record.get("record", ""), ",".join(record.get("depends", [])))
            )  # fmt: skip
    return pl.DataFrame(rows, schema=CATALOGUE_SCHEMA, orient="row").sort("table_name", "metric_code", "metric")

"""The dbt project: unit tests of every metric, documentation, and one place for each fact."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from conftest import Home

from pipelines.feeds import column_docs
from pipelines.feeds.contracts import contracts
from pipelines.settings import DBT_PROJECT, settings
from pipelines.transform.project import LARGE_LANDING, fresh_manifest, models_at_once


def test_unit_tests_of_the_metrics(dirty_world: Home) -> None:
    dirty_world.dbt("test", "--select", "test_type:unit")


def test_column_meanings_are_those_of_the_contracts() -> None:
    assert column_docs.TARGET.read_text(encoding="utf-8") == column_docs.render()


def test_every_feed_is_a_source_a_staging_model_and_releases_its_rejects() -> None:
    sources = yaml.safe_load((DBT_PROJECT / "models/staging/_sources.yml").read_text(encoding="utf-8"))
    tables = {table["name"] for table in sources["sources"][0]["tables"]}
    staging = {path.stem.split("__")[1] for path in (DBT_PROJECT / "models/staging").rglob("stg_*.sql")}
    keys = (DBT_PROJECT / "macros/accepted_keys.sql").read_text(encoding="utf-8")
    for feed, contract in contracts().items():
        assert feed in tables
        assert feed in staging
        assert f"'{feed}': (" in keys and f"{contract.key!r})" in keys


def test_every_published_column_is_described_and_every_metric_names_its_unit(dirty_world: Home) -> None:
    nodes = json.loads(fresh_manifest(dirty_world.settings).read_text(encoding="utf-8"))["nodes"].values()
    marts = [
        node
        for node in nodes
        if node["resource_type"] == "model"
        and node["schema"] in ("marts", "quality", "meta")
        and node["config"]["materialized"] != "ephemeral"
    ]
    assert len(marts) > 15
    for model in marts:
        assert "：" in model["description"], model["name"]
        assert model["config"]["contract"]["enforced"], model["name"]
        for column in model["columns"].values():
            assert "：" in column["description"], (model["name"], column["name"])


def test_metrics_have_a_unit_test(dirty_world: Home) -> None:
    """Every model that a metric is counted from has at least one unit test."""
    manifest = json.loads(fresh_manifest(dirty_world.settings).read_text(encoding="utf-8"))
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    counted_from = {
        model["name"]
        for model in manifest["nodes"].values()
        if model["name"].startswith("evidence_") and model["resource_type"] == "model"
    }
    # The split among co-insurers is tested where its parts are made; services are counted by the cell models.
    elsewhere = {"evidence_insurer_premium", "evidence_insurer_claim", "evidence_service", "evidence_left_out"}
    assert counted_from - elsewhere <= tested


def test_nothing_peculiar_to_duckdb_outside_macros() -> None:
    """Models are written in SQL that a second engine reads too; differences live in macros."""
    peculiar = (
        "qualify ",
        "list_agg",
        "list_value",
        "arg_max",
        "strftime(",
        "date_diff(",
        "read_parquet",
        "exclude (",
        "::",
        "group by all",
        "string_agg",
        "string_split(",
        "unnest(",
        " median(",
        # Spark asks for a length; both know string.
        "varchar",
    )
    for path in (DBT_PROJECT / "models").rglob("*.sql"):
        text = path.read_text(encoding="utf-8").lower()
        assert not [word for word in peculiar if word in text], path.name


def test_the_temporary_folder_is_given_when_the_file_is_opened() -> None:
    """As a setting on each cursor DuckDB refuses it once a build has spilled: province scale failed so."""
    profile = yaml.safe_load((DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8"))["anze"]["outputs"]["duckdb"]
    assert "temp_directory" in profile["config_options"] and "settings" not in profile


def test_large_models_are_made_one_after_another(tmp_path: Path) -> None:
    """Two at once shared the memory, and a build of 55 million rows ran out of it."""
    home = settings(tmp_path).model_copy(update={"threads": 2})
    (home.landing / "policy" / "_small").mkdir(parents=True)
    with (home.landing / "policy" / "_small" / "a.parquet").open("wb") as file:
        file.truncate(LARGE_LANDING + 1)  # stands in a compacted file too, and is counted there
    assert models_at_once(home) == 2
    with (home.landing / "policy" / "b.parquet").open("wb") as file:
        file.truncate(LARGE_LANDING + 1)
    assert models_at_once(home) == 1

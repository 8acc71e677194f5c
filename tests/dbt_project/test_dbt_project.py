"""The dbt project: unit tests of every metric, documentation, and one place for each fact."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from conftest import Home
from golden_example import drop_example

from pipelines.feeds import column_docs
from pipelines.feeds.contracts import contracts
from pipelines.settings import DBT_PROJECT, PROJECT_ROOT, settings
from pipelines.transform.project import LARGE_LANDING, fresh_manifest, models_at_once


def test_unit_tests_of_the_metrics(dirty_world: Home) -> None:
    dirty_world.dbt("test", "--select", "test_type:unit")


OTHER_WORLDS = [pytest.param(name, marks=pytest.mark.heavy) for name in ("golden", "bundled")]


@pytest.fixture(scope="module", params=["dirty", *OTHER_WORLDS])
def built(request: pytest.FixtureRequest, dirty_world: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    if request.param == "dirty":
        return dirty_world
    home = Home(tmp_path_factory.mktemp(request.param))
    if request.param == "golden":
        return drop_example(home).build()
    shutil.copytree(PROJECT_ROOT / "data" / "raw", home.path / "raw", dirs_exist_ok=True)
    return home.build()


def test_keys_references_and_codes_hold(built: Home) -> None:
    """dbt's data tests; at night the gates stand instead."""
    built.dbt("test", "--select", "test_type:data")


def test_a_key_twice_a_reference_to_nothing_and_an_unknown_code_are_noticed(home: Home) -> None:
    drop_example(home).build()
    with duckdb.connect(str(home.settings.build)) as connection:
        connection.execute(
            "create or replace table marts.supervision_metrics as from marts.supervision_metrics union all from marts.supervision_metrics"
        )
        connection.execute("update marts.fct_endorsement set endorsement_no = null, type = '作废'")
        connection.execute("update marts.fct_coinsurance set insurer_code = 'NOBODY'")
    with pytest.raises(RuntimeError) as failed:
        home.dbt(
            "test", "--select", "test_name:unique_combination,supervision_metrics", "test_name:not_null,fct_endorsement",
            "test_name:accepted_values,fct_endorsement", "test_name:relationships,fct_coinsurance,dim_insurer",
        )  # fmt: skip
    for test in (
        "unique_combination_supervision_metrics", "not_null_fct_endorsement_endorsement_no",
        "accepted_values_fct_endorsement_type", "relationships_fct_coinsurance_insurer_code",
    ):  # fmt: skip
        assert test in str(failed.value)


def described() -> dict[str, dict[str, Any]]:
    """Every model of the marts as its YAML describes it, by name."""
    return {
        model["name"]: model
        for path in (DBT_PROJECT / "models" / "marts").rglob("*.yml")
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    }


def data_tests_of(column: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Data tests of a column (or model) with their arguments, by name."""
    tests = [test if isinstance(test, dict) else {test: {}} for test in column.get("data_tests", [])]
    return {name: (rest or {}).get("arguments", {}) for test in tests for name, rest in test.items()}


CODES = {
    "jurisdiction": "ref_jurisdiction", "district_code": "dim_district", "industry_code": "dim_industry",
    "insurer_code": "dim_insurer", "provider": "dim_provider", "file_id": "files",
}  # fmt: skip


def test_every_mart_has_a_key_and_its_codes_are_known_ones() -> None:
    for name, model in described().items():
        columns = {column["name"]: data_tests_of(column) for column in model["columns"]}
        keys = [[column] for column, tests in columns.items() if "unique" in tests]
        keys += [
            arguments["columns"] for test, arguments in data_tests_of(model).items() if test == "unique_combination"
        ]
        assert len(keys) == 1, (name, keys)
        assert any("not_null" in columns[column] for column in keys[0]), name
        for column, known in CODES.items():
            if column in columns and keys != [[column]]:
                assert columns[column]["relationships"]["to"] == f"ref('{known}')", (name, column)


def test_quality_files_has_the_columns_of_its_interface() -> None:
    """metrics.md; whoever reads the reasons of refusals reads every text of it."""
    columns = [column["name"] for column in described()["files"]["columns"]]
    assert columns == [
        "file_id",
        "provider",
        "feed",
        "file_name",
        "sha256",
        "received_at",
        "status",
        "reason",
        "rows_in",
    ]


def test_accepted_values_of_facts_are_those_of_the_contracts() -> None:
    """The contract is where a sender's codes are written; dbt cannot read it, so they are compared here."""
    compared = 0
    staged = re.compile(r"newest_versions\('([a-z_]+)'\)")
    for name, model in described().items():
        record = DBT_PROJECT / "models/intermediate/records" / f"{name.replace('fct_', 'int_')}.sql"
        sources = [path for path in (record, *(DBT_PROJECT / "models/marts").rglob(f"{name}.sql")) if path.exists()]
        feeds = [feed for path in sources for feed in staged.findall(path.read_text(encoding="utf-8"))]
        if not name.startswith(("fct_", "dim_")) or not feeds:
            continue
        contract = contracts()[feeds[0]]
        for column in model["columns"]:
            accepted, sent = data_tests_of(column).get("accepted_values"), contract.columns.get(column["name"])
            if sent is not None and isinstance(sent.codes, list):
                assert accepted is not None and accepted["values"] == sent.codes, (name, column["name"])
                compared += 1
    assert compared > 20


def test_one_style_of_yaml() -> None:
    """What has a name stands in lines of its own; a record (meta, arguments, a row of a unit test) in one line."""
    for path in (DBT_PROJECT / "models").rglob("*.yml"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("version: 2\n\n"), path
        assert not re.findall(
            r"^ *(?:- \{name:.*|(?:config|data_tests|columns): [\[{].*|(?:meta|arguments|column_types):$)",
            text,
            re.MULTILINE,
        ), path


def test_column_meanings_are_those_of_the_contracts() -> None:
    assert column_docs.TARGET.read_text(encoding="utf-8") == column_docs.render()


def test_every_feed_is_a_source_and_a_staging_model() -> None:
    sources = yaml.safe_load((DBT_PROJECT / "models/staging/_sources.yml").read_text(encoding="utf-8"))
    tables = {table["name"] for table in sources["sources"][0]["tables"]}
    staging = {path.stem.split("__")[1] for path in (DBT_PROJECT / "models/staging").rglob("stg_*.sql")}
    for feed in contracts():
        assert feed in tables
        assert feed in staging


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

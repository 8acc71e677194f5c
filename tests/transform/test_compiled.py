"""The compiled project run as plain SQL and dbt's own run give the same warehouse."""

from __future__ import annotations

import duckdb
from conftest import Home, compiled_once

from pipelines.transform import compiled, project
from pipelines.warehouse.dictionary import PUBLISHED_SCHEMAS
from pipelines.warehouse.tables import fresh_file


def test_same_tables_and_types_as_dbt(dirty_world: Home) -> None:
    by_sql = dirty_world.settings.build.with_name("by_sql.duckdb")
    compiled.run(compiled_once(), dirty_world.settings, by_sql)
    by_dbt, publishing = (by_sql.with_name(name) for name in ("by_dbt.duckdb", "publishing_by_dbt.duckdb"))
    fresh_file(publishing, PUBLISHED_SCHEMAS)
    project.use_environment(dirty_world.settings)
    project.run_dbt(
        ["build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"],
        project.dbt_environment(dirty_world.settings) | {"ANZE_BUILD": str(by_dbt), "ANZE_PUBLISHING": str(publishing)},
    )
    with duckdb.connect() as connection:
        connection.execute(f"attach '{by_dbt}' as dbt (read_only)")
        connection.execute(f"attach '{publishing}' as publishing (read_only)")
        connection.execute(f"attach '{by_sql}' as plain (read_only)")

        def columns(database: str) -> list[tuple[str, ...]]:
            return connection.execute(
                "select schema_name, table_name, column_name, data_type from duckdb_columns() "
                "where database_name = ? and schema_name in ('marts', 'quality', 'meta') order by all",
                [database],
            ).fetchall()

        assert columns("plain") and columns("plain") == columns("dbt")
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = 'plain' order by all"
        ).fetchall()
        assert len(tables) > 70
        for schema, table in tables:
            for left, right in (("dbt", "plain"), ("plain", "dbt")):
                query = f'select count(*) from (select * from {left}.{schema}."{table}" except all select * from {right}.{schema}."{table}")'
                assert connection.execute(query).fetchall() == [(0,)], (schema, table, left)


# A list of a dozen rows on one side: kinds of service items, weights.
WITH_A_SHORT_LIST = {"int_agreed_item", "int_score_weight"}


def test_no_model_compares_every_record_with_every_other(dirty_world: Home) -> None:
    """A join without an equality takes a hundred times as long for ten times the data."""
    settings = dirty_world.settings
    with duckdb.connect(str(settings.build), read_only=True) as connection:
        for step in compiled_once().steps:
            if not step.sql or step.name in WITH_A_SHORT_LIST:
                continue
            query = compiled._statement(step, settings, "2026-10-15").split(" as ", 1)[1]
            plan = connection.execute(f"explain {query}").fetchall()[0][1]
            assert "BLOCKWISE_NL_JOIN" not in plan, step.name

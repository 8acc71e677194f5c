"""The compiled project run as plain SQL and dbt's own run give the same warehouse."""

from __future__ import annotations

import duckdb
from conftest import Home, compiled_once

from pipelines import compiled, transform
from pipelines.publish.dictionary import PUBLISHED_SCHEMAS
from pipelines.publish.tables import fresh_file


def test_same_tables_types_and_comments_as_dbt(dirty_world: Home) -> None:
    by_sql = dirty_world.settings.build.with_name("by_sql.duckdb")
    compiled.run(compiled_once(), dirty_world.settings, by_sql)
    by_dbt, publishing = (by_sql.with_name(name) for name in ("by_dbt.duckdb", "publishing_by_dbt.duckdb"))
    fresh_file(publishing, PUBLISHED_SCHEMAS)
    transform.use_environment(dirty_world.settings)
    transform.run_dbt(
        ["build", "--exclude-resource-type", "unit_test"],
        transform.dbt_environment(dirty_world.settings)
        | {"ANZE_BUILD": str(by_dbt), "ANZE_PUBLISHING": str(publishing)},
    )
    with duckdb.connect() as connection:
        connection.execute(f"attach '{by_dbt}' as dbt (read_only)")
        connection.execute(f"attach '{publishing}' as publishing (read_only)")
        connection.execute(f"attach '{by_sql}' as plain (read_only)")

        def columns(database: str) -> list[tuple[str, ...]]:
            return connection.execute(
                "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() "
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

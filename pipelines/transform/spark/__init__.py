"""The warehouse computed by Apache Spark instead of DuckDB, for more than one machine holds (docs/scale.md).

What belongs here: what a night does differently with `--engine spark`: where Spark is and what it is told
(session.py), the landing files as its tables (landing.py), the stages that need a Spark of their own (stages.py), the
finished marts back in DuckDB (marts.py). What does not: any definition (dbt_project/, expectations/): both engines
have the same.
"""

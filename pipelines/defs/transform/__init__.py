"""dbt's models as assets.

What belongs here: dbt seen by Dagster. What does not: running dbt otherwise (pipelines/transform).
"""

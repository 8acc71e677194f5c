"""From dropped files to landing: each is read once, checked, and becomes Parquet, a receipt and its problems.

What belongs here: readers, values, checks, manifest, quarantine: plain functions. What does not: contracts
(pipelines/feeds), rules over several feeds (dbt), Dagster.
"""

"""A number, or a difference between two days, taken apart down to file and line.

What belongs here: explanations and how they are printed. What does not: what a metric is counted from
(pipelines/warehouse/evidence.py, read off the published catalogue), computing it (dbt_project/models).
"""

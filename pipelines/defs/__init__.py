"""What Dagster knows: assets, checks, jobs, schedules, sensors, one folder per stage of a night.

What belongs here: decorators, and bodies that call a function of a room below and give its counts as metadata. What does
not: work, decisions (they belong in the function), putting definitions together (pipelines/definitions.py).
"""

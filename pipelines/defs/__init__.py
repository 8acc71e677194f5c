"""What Dagster knows: assets, checks, jobs, schedules, sensors, one folder per stage of a night.

What belongs here: a decorator and a body that calls one function of a room below. What does not: work, decisions (an
`if` in an asset belongs in the function), putting definitions together (pipelines/definitions.py).
"""

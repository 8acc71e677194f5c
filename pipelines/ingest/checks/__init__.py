"""Applying a contract to the rows of one sheet.

What belongs here: reading every column (columns.py), the rules and what breaks them (rules.py, issues.py), exact repeats
(duplicates.py), personal values (personal.py), and all of it in order (check.py, the door). What does not: spelling of
values (normalise.py), reading files (pipelines/ingest/readers), rules over several feeds (dbt).
"""

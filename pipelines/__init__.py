"""anze: the warehouse for the supervision of work-safety liability insurance (安责险).

What belongs here: the Dagster code location and the plain functions it calls.
What does not: definitions of metrics (dbt_project/models) and gates' rules (expectations/).
"""

__version__ = "0.1.0"

"""From landing to marts: running dbt, on DuckDB or Spark, for tonight or for a day gone by.

What belongs here: the project and its environment, the compiled project, past days, Spark. What does not: any
definition (dbt_project/).
"""

"""The `anze` command: one module per group of commands.

What belongs here: parsing arguments, calling what Dagster calls, printing what came of it. What does not: doing it. The
way in is main.py; what commands share is terminal.py. A command imports what it needs when it is called: the others do not
wait for it.
"""

"""One night: whether there is anything to do, the lock, running the job, how it ended, incidents, doctor.

What belongs here: what an operator sees of a night. What does not: its stages (the rooms below) and the job itself,
which is handed in (pipelines/definitions.py).
"""

"""The gates as asset checks.

What belongs here: checks. What does not: running them (pipelines/transform/gates.py).
"""

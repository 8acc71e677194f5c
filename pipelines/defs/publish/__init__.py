"""The publication and the site as assets.

What belongs here: these two assets. What does not: making them (pipelines/publish, pipelines/site).
"""

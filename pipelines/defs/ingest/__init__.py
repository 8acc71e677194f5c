"""Landing as assets.

What belongs here: an asset per feed. What does not: reading drops (pipelines/ingest).
"""

"""One contract per feed: what a sender may write, and what is said when it is otherwise.

What belongs here: contracts as files and their loader, reference data as contracts read it. What does not: reading
files (pipelines/ingest). Adding a feed is adding a file.
"""

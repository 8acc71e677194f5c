"""Bytes of a dropped file → sheets of text cells with their line numbers.

What belongs here: decoding, archives, delimiters, finding the header, worksheets. What does not: what a column means or
whether a value is good (pipelines/ingest/checks). The door is `tables.tables`.
"""

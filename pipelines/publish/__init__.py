"""A checked build becomes the warehouse analysts open, or the part of it that one audience may see.

What belongs here: the atomic swap, history, extracts. What does not: whether it may be published (pipelines/gates),
who may see what (pipelines/warehouse/rights.py).
"""

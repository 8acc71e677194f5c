"""The suites of expectations/, built and run by Great Expectations on SQL.

What belongs here: suites as data, running them, the page of results. What does not: what they expect (expectations/),
on which engine (pipelines/transform/gates.py).
"""

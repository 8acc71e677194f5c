"""The static site: one per publication and audience, opened without a network.

What belongs here: pages and their scripts. What does not: numbers (marts), who may see what
(pipelines/warehouse/rights.py), charts (pipelines/documents/charts.py).
"""

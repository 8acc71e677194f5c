"""Who comes in: signing in, tokens, sessions, rates, forged requests, and the frame of every page behind it.

What belongs here: what stands before the counter (pipelines/counter) and the pages for readers (pipelines/dashboard) alike. What does not:
what they answer, and who may see what of the warehouse (pipelines/warehouse/rights.py).
"""

"""The counter (窗口): the service at which senders, people and systems, hand in and hear at once what is right and what is not.

What belongs here: signing in, taking drops, telling what a look at them found, its pages and its HTTP interface. What does not: reading and
checking (pipelines/ingest), the warehouse (the night alone changes it). It writes drops, nothing else.
"""

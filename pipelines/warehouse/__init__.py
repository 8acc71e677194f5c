"""Reading what is published.

What belongs here: tables and their files, dictionary, evidence, headline, lists, rights, examples. What does not:
making it (pipelines/publish), any page or document.
"""

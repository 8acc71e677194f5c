"""Synthetic drops with their true answers.

What belongs here: the invented world, how senders write it down, what goes wrong on the way. What does not: anything
the warehouse computes with: the truth shares no code with it.
"""

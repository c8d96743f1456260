"""Reward models that run in this process, and the scorers that they are made of."""

"""Algorithms that differ from GRPO in their surrogate alone, and settings of GRPO with a name of their own."""

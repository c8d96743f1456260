"""Evaluations from the command line: benchmarks, policies, recorded responses, and what is printed of them."""

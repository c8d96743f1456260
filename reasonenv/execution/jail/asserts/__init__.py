"""Tests that are Python, in a jail of their own, and their conversation with the program in another."""

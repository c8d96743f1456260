"""Public data sets: where each one is, and how a row of it becomes a problem."""

"""Data that a policy makes for the next one: prompts in several forms, filters, what refines and judges, records."""

"""The processes in which untrusted programs run, started with `python -I` and without the package around them.

Lives here: everything that happens on the far side of the control sockets. Imports the standard library alone, and its
own modules by relative names, because it is loaded under a name of its own in a fresh interpreter. Does not: verdicts.

The one decision: only `codec` is also imported by the caller, so that both sides speak one format.
"""

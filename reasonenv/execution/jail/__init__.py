"""The processes in which untrusted programs run, started with `python -I` and without the package around them.

Nothing on the caller's side imports this package: it is loaded under another name in a fresh interpreter, and imports
the standard library, itself and `reasonenv.execution.wire`, which both sides speak.
"""

"""Emptying folders that a program filled, however it tried to prevent that."""

from __future__ import annotations

import os
from collections.abc import Collection


def empty_folder(folder: str, kept: Collection[str] = ()) -> None:
    """Remove all but `kept` from `folder`, however deep: it is flattened, so no path grows and nothing recurses.

    What is moved up gets a name that no program can have taken.
    """
    os.chmod(folder, os.stat(folder).st_mode | 0o700)
    while pending := [entry for entry in _entries(folder) if entry.name not in kept]:
        for entry in pending:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            for inner in _entries(entry.path):
                if inner.is_dir(follow_symlinks=False):
                    os.chmod(inner.path, 0o700)
                os.rename(inner.path, f"{folder}/{os.urandom(12).hex()}")
            os.rmdir(entry.path)


def remove_folder(folder: str) -> None:
    """Remove `folder` and everything in it; one that is gone already is fine."""
    if os.path.exists(folder):
        empty_folder(folder)
        os.rmdir(folder)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)

"""The one place where a program may write: empty before every run, gone after it, and bounded.

Lives here: a tmpfs of the jail's own (tier A), a watched folder (tier B and none). Does not: who may write there
(`landlock`).

Covered: files, links and folders left for the next run, trees too deep to walk, folders without permissions, in tier A
also the total size and number. Not covered: in tier B the size is looked at every few milliseconds, so a program can
pass the limit for a moment before it is killed, and what it unlinked and still holds open is not seen: that is bounded
by the number and size of files (`confinement`).
"""

from __future__ import annotations

import os
from collections.abc import Collection

from . import namespaces
from .namespaces import Places

__all__ = ["Folder", "Scratch", "Tmpfs", "empty_folder", "remove_folder"]


class Tmpfs:
    """A tmpfs on the jail's `/tmp`, mounted anew only after a run that changed it: the change time cannot be set.

    Where the clock of the file system is coarse, entries and modes tell as well.
    """

    path = namespaces.TMP

    def __init__(self, tmp_bytes: int, places: Places) -> None:
        self._tmp_bytes = tmp_bytes
        self._places = places
        shown = (*places.trees, *(link for link, _ in places.links))
        self.kept = sorted({path.split("/")[2] for path in shown})
        above = {path[:place] for path in shown for place, letter in enumerate(path) if letter == "/"}
        self._folders = [self.path, *sorted(path for path in above if namespaces.is_below(path, self.path))]
        self._mount()

    def renew(self) -> bool:
        """Empty it; returns whether it is another folder now than before."""
        if self._state() == self._untouched:
            return False
        namespaces.unmount_tmp()
        self._mount()
        return True

    def empty(self) -> None:
        """Empty it while a process is at work in it."""
        empty_folder(self.path, self.kept)

    def _mount(self) -> None:
        namespaces.mount_tmp(self._tmp_bytes, self._places)
        self._untouched = self._state()

    def _state(self) -> list[tuple[int, ...]]:
        states = map(os.stat, self._folders)
        return [(state.st_ctime_ns, state.st_mode, state.st_size, state.st_nlink) for state in states]


class Folder:
    """A folder of the machine, below `parent`, emptied after every run."""

    def __init__(self, tmp_bytes: int, parent: str) -> None:
        self._tmp_bytes = tmp_bytes
        self.kept: list[str] = []
        self.path = f"{parent}/run-{os.urandom(6).hex()}"
        os.mkdir(self.path, 0o700)

    def renew(self) -> bool:
        """Empty it; returns whether it is another folder now than before."""
        self.empty()
        return False

    def empty(self) -> None:
        """Empty it while a process is at work in it."""
        empty_folder(self.path)

    def is_over(self) -> bool:
        """Whether it holds more than the limit now."""
        return _size(self.path, self._tmp_bytes) > self._tmp_bytes


Scratch = Tmpfs | Folder


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


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _size(folder: str, enough: int) -> int:
    """Bytes on disk below `folder`, counted no further than `enough`; what vanishes meanwhile counts nothing.

    A folder that cannot be looked into, or lies too deep, counts as too much: only who hides something needs one.
    """
    total, pending = 0, [folder]
    while pending and total <= enough:
        try:
            for entry in _entries(pending.pop()):
                total += 512 * entry.stat(follow_symlinks=False).st_blocks
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return enough + 1
    return total


def remove_folder(folder: str) -> None:
    """Remove `folder` and everything in it; one that is gone already is fine."""
    if os.path.exists(folder):
        empty_folder(folder)
        os.rmdir(folder)

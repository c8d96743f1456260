"""The one place where a program may write, empty before every run: a tmpfs (tier A) or a watched folder (B, none).

Covered: files, links and folders left for the next run, trees too deep to walk, folders without permissions, in tier A
also the total size and number. Not covered: in tier B the size is looked at every few milliseconds, so a program can
pass the limit for a moment before it is killed; what it unlinked and holds open is not seen, and is bounded by the
number and size of files alone (`confinement`).
"""

from __future__ import annotations

import os

from ..wire.folders import empty_folder
from .kernel import namespaces
from .kernel.namespaces import ShownInTmp


class Tmpfs:
    """A tmpfs on the jail's `/tmp`, mounted anew after a run that changed it.

    That shows in the change time, which cannot be set; where the file system's clock is coarse, in entries and modes.
    """

    path = namespaces.TMP

    def __init__(self, tmp_bytes: int, shown: ShownInTmp) -> None:
        self._tmp_bytes = tmp_bytes
        self._shown = shown
        names = (*shown.trees, *(link for link, _ in shown.links))
        self.kept = sorted({path.split("/")[2] for path in names})
        above = {path[:place] for path in names for place, letter in enumerate(path) if letter == "/"}
        self._folders = [self.path, *sorted(path for path in above if namespaces.is_below(path, self.path))]
        self._mount()

    def renew(self) -> bool:
        """Empty it; return whether it is another folder now."""
        if self._state() == self._untouched:
            return False
        namespaces.unmount_tmp()
        self._mount()
        return True

    def empty(self) -> None:
        """Empty it while a process is at work in it."""
        empty_folder(self.path, self.kept)

    def _mount(self) -> None:
        namespaces.mount_tmp(self._tmp_bytes, self._shown)
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
        """Empty it; return whether it is another folder now."""
        self.empty()
        return False

    def empty(self) -> None:
        """Empty it while a process is at work in it."""
        empty_folder(self.path)

    def is_over(self) -> bool:
        """Return whether it holds more than the limit now."""
        return _size(self.path, self._tmp_bytes) > self._tmp_bytes


Scratch = Tmpfs | Folder


def _size(folder: str, enough: int) -> int:
    """Return the bytes on disk below `folder`, counted no further than `enough`; what vanishes meanwhile is left out.

    A folder that cannot be looked into, or lies too deep, counts as too much: only a program that hides needs one.
    """
    total, pending = 0, [folder]
    while pending and total <= enough:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    total += 512 * entry.stat(follow_symlinks=False).st_blocks
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return enough + 1
    return total

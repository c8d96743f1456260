"""A root file system of the jail's own, and namespaces in which nothing of the machine can be seen.

The jail sees `/usr`, `/lib*`, the Python installation and four devices, read-only, and a small `/tmp`. It has no
`/proc`, and where this package is installed an empty folder. Mounts of the machine are cloned by descriptor before
anything is mounted over them, so it does not matter where they lie; an installation below `/tmp` is cloned into every
new `/tmp` again.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from . import syscalls

TMP = "/tmp"
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

NEW_NS, _NEW_UTS, _NEW_IPC = 0x00020000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_NOATIME = 0x1, 0x2, 0x4, 0x8, 0x400
MS_REC, MS_PRIVATE = 0x4000, 0x40000
_MNT_DETACH = 2
_OPEN_TREE_CLONE, _AT_RECURSIVE, _AT_EMPTY_PATH, _MOVE_EMPTY_PATH = 1, 0x8000, 0x1000, 0x4
_AT_FDCWD = -100
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 0x1, 0x2, 0x4

_FIRST_PLACE = b"/usr"
"""A folder that every Linux has: the new root is mounted over it for the moment before it becomes the root."""
_STASH = "/.below_tmp"
_INNER_ID = 1000
_UIDS = range(61_000, 65_000)


class ShownInTmp(NamedTuple):
    """What of the Python installation lies below `/tmp` and has to be shown again in every new one."""

    trees: tuple[str, ...]
    links: tuple[tuple[str, str], ...]


def readable_paths() -> list[str]:
    """Return the folders that hold this Python and its libraries, none inside another, as they are really called."""
    prefixes = (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
    wanted = ["/usr", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", *prefixes]
    real = sorted({os.path.realpath(path) for path in wanted if os.path.exists(path)})
    return [path for path in real if not any(is_below(path, other) for other in real)]


def own_package() -> str:
    """Return the folder of the whole package. Programs must not read its reference programs and hidden tests."""
    return os.path.realpath(os.path.join(os.path.dirname(__file__), *[".."] * 3))


def is_below(path: str, folder: str) -> bool:
    """Return whether `path` lies somewhere inside `folder`; both are absolute, and as they are really called."""
    return path.startswith(f"{folder.rstrip('/')}/")


def find_spare_uid() -> int | None:
    """Return a uid that nobody uses, if this process can become it: root can, where such a uid is mapped."""
    import pwd

    if os.geteuid() != 0:
        return None
    used = {entry.pw_uid for entry in pwd.getpwall()}
    start = os.getpid() * 7 % len(_UIDS)
    return next((uid for uid in (*_UIDS[start:], *_UIDS[:start]) if uid not in used and _can_become(uid)), None)


def enter(spare_uid: int | None) -> ShownInTmp:
    """Leave the machine behind; the next fork is the first process of a new PID namespace, in which it may mount.

    With a spare uid (as root) the file system is built first, because it may have to show folders which only root may
    pass; then the process becomes that uid, before it makes its user namespace. Without, the user namespace comes
    first. No `/tmp` is mounted yet.
    """
    process_files = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    isolated = NEW_NS | _NEW_UTS | _NEW_IPC | _NEW_NET
    uid, gid = os.geteuid(), os.getegid()
    if spare_uid is None:
        syscalls.call("unshare", isolated | _NEW_USER | _NEW_PID)
        _map_identity(process_files, uid, gid)
        shown = _build_root()
    else:
        syscalls.call("unshare", isolated)
        shown = _build_root()
        become(spare_uid)
        syscalls.call("unshare", _NEW_USER | NEW_NS | _NEW_PID)
        _map_identity(process_files, spare_uid, spare_uid)
    os.close(process_files)
    return shown


def become(uid: int) -> None:
    """Change all of this process's ids to `uid`, and stay a process that may write its own identity maps."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)


def mount_tmp(tmp_bytes: int, shown: ShownInTmp) -> None:
    """Mount an empty `/tmp`, in which only those parts of the Python installation are shown that lie there.

    The folders above them are made read-only, too: they may be on the path of imports.
    """
    options = f"size={tmp_bytes},nr_inodes=4096,mode=1777".encode()
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC | _MS_NOATIME
    syscalls.call("mount", b"tmpfs", TMP.encode(), b"tmpfs", flags, options)
    for path in shown.trees:
        show_tree(clone_tree(_STASH + path), path)
    for link, target in shown.links:
        _link(link, target)
    for folder in sorted({_top_below_tmp(path) for path in (*shown.trees, *dict(shown.links))}):
        if folder not in shown.trees and not os.path.islink(folder):
            show_tree(clone_tree(folder), folder)


def unmount_tmp() -> None:
    """Take `/tmp` away with all it holds."""
    syscalls.call("umount2", TMP.encode(), _MNT_DETACH)


def renew_pid_namespace(own: int) -> None:
    """Make the next fork the first process of a PID namespace of its own; `own` is a pidfd of this process."""
    syscalls.call("setns", own, _NEW_PID)
    syscalls.call("unshare", _NEW_PID)


def _build_root() -> ShownInTmp:
    """Build the file system, make it the root, and return what has to be shown again in every new `/tmp`."""
    syscalls.call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    paths = readable_paths()
    links = list(_links_to(paths))
    trees = [(path, clone_tree(path), os.path.isdir(path)) for path in (*paths, *DEVICES)]
    syscalls.call("mount", b"tmpfs", _FIRST_PLACE, b"tmpfs", _MS_NOSUID | _MS_NODEV, b"size=1m,mode=755")
    os.chdir(_FIRST_PLACE)
    own = own_package()
    for path, tree, is_folder in trees:
        place = f".{_STASH}" if is_below(path, TMP) else "."
        show_tree(tree, f"{place}{path}", is_folder=is_folder)
        if is_below(own, path):
            flags = _MS_RDONLY | _MS_NOSUID | _MS_NODEV
            syscalls.call("mount", b"tmpfs", os.fsencode(f"{place}{own}"), b"tmpfs", flags, b"size=4k,mode=755")
    for link, target in links:
        _link(f".{link}", target)
    os.makedirs(f".{TMP}", exist_ok=True)
    _link("./dev/shm", TMP)  # where the C library keeps semaphores
    syscalls.call("pivot_root", b".", b".")
    syscalls.call("umount2", b".", _MNT_DETACH)
    os.chdir("/")
    _set_attributes(_AT_FDCWD, b"/", 0, _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV)
    return ShownInTmp(
        tuple(path for path, _, _ in trees if is_below(path, TMP)),
        tuple(link for link in links if is_below(link[0], TMP)),
    )


def clone_tree(path: str) -> int:
    """Return a descriptor of a copy of the mounts at `path`, made read-only; devices stay devices, which that does not
    keep from being written to.
    """
    tree = syscalls.call("open_tree", _AT_FDCWD, os.fsencode(path), _OPEN_TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC)
    attributes = _ATTR_NOSUID | _ATTR_RDONLY | (0 if path in DEVICES else _ATTR_NODEV)
    _set_attributes(tree, b"", _AT_EMPTY_PATH | _AT_RECURSIVE, attributes)
    return tree


def show_tree(tree: int, place: str, *, is_folder: bool = True) -> None:
    """Mount a cloned tree at `place`, which is created."""
    os.makedirs(place if is_folder else os.path.dirname(place), exist_ok=True)
    if not is_folder:
        os.close(os.open(place, os.O_CREAT | os.O_CLOEXEC))
    syscalls.call("move_mount", tree, b"", _AT_FDCWD, os.fsencode(place), _MOVE_EMPTY_PATH)
    os.close(tree)


def _link(place: str, target: str) -> None:
    os.makedirs(os.path.dirname(place), exist_ok=True)
    os.symlink(target, place)


def _set_attributes(folder: int, path: bytes, flags: int, attributes: int) -> None:
    request = struct.pack("<4Q", attributes, 0, 0, 0)
    syscalls.call("mount_setattr", folder, path, flags, request, len(request))


def _links_to(paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield other names of the shown folders and what they lead to: `/lib` for `/usr/lib`, prefixes that are links."""
    for name in ("/bin", "/lib", "/lib32", "/lib64", sys.prefix, sys.base_prefix):
        real = os.path.realpath(name)
        if real != name and any(real == path or is_below(real, path) for path in paths):
            yield name, real


def _map_identity(process_files: int, uid: int, gid: int) -> None:
    for name, text in (("setgroups", "deny"), ("uid_map", f"{_INNER_ID} {uid} 1"), ("gid_map", f"{_INNER_ID} {gid} 1")):
        descriptor = os.open(f"self/{name}", os.O_WRONLY, dir_fd=process_files)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def _top_below_tmp(path: str) -> str:
    return "/".join(path.split("/")[:3])


def _can_become(uid: int) -> bool:
    process_id = os.fork()
    if process_id == 0:
        try:
            become(uid)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(process_id, 0)[1] == 0

"""Runs a command on a machine that refuses what this one grants, or as somebody else: by real filters and real users.

    python machine_without.py [--without namespaces] [--without landlock] [--as-user] -- COMMAND ...

Refusals are seccomp filters, which the command and all its children inherit. `--as-user` needs root: it becomes
`nobody` in a mount namespace in which the Python installation can be reached, wherever it lies.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from reasonenv.execution.jail.kernel import namespaces, seccomp, syscalls

HARNESS = Path(__file__)
NOBODY = 65534
CALLS = {
    "namespaces": (syscalls.NUMBERS["unshare"],),
    "landlock": (syscalls.NUMBERS["landlock_create_ruleset"],),
}


def run_without(
    program: str, *, without: tuple[str, ...] = (), as_user: bool = False, arguments: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run Python source under the refusals; its output is returned."""
    flags = [part for name in without for part in ("--without", name)] + ["--as-user"] * as_user
    command = [sys.executable, str(HARNESS), *flags, "--", sys.executable, "-c", program, *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def refuse(numbers: list[int]) -> None:
    rules = dict.fromkeys(numbers, seccomp.Rule())
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    always = seccomp.Rule(((),))
    seccomp.Filter(seccomp.assemble(rules, syscalls.ARCHITECTURE, always)).enter()


def become_nobody() -> None:
    """Where a folder above the installation is closed to others, mount one in its place that shows only that."""
    closed = {path: first_closed_folder(path) for path in namespaces.readable_paths()}
    syscalls.call("unshare", namespaces.NEW_NS)
    syscalls.call("mount", b"none", b"/", None, namespaces.MS_REC | namespaces.MS_PRIVATE, None)
    trees = {path: namespaces.clone_tree(path) for path, folder in closed.items() if folder}
    for folder in {folder for folder in closed.values() if folder}:
        syscalls.call("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"mode=755")
    for path, tree in trees.items():
        namespaces.show_tree(tree, path)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def first_closed_folder(path: str) -> Path | None:
    above = reversed(Path(path).parents)
    return next((folder for folder in above if not folder.stat().st_mode & 0o001), None)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", action="append", choices=CALLS, default=[])
    parser.add_argument("--as-user", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    if options.as_user:
        become_nobody()
    if options.without:
        refuse([number for name in options.without for number in CALLS[name]])
    os.execv(options.command[0], options.command)


if __name__ == "__main__":
    main()

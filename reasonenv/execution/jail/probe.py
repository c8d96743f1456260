"""Finding out what this machine offers, by trying: each layer is entered for good by a child that then ends."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

from .kernel import landlock, namespaces, seccomp, syscalls
from .scratch import Tmpfs


def probe_layers() -> dict[str, Any]:
    """Try every layer; `layers` of the result maps its name to None or to what went wrong."""
    spare_uid = namespaces.find_spare_uid()
    uid_that_reads = spare_uid if spare_uid is not None and _try(lambda: _try_to_read(spare_uid)) is None else None
    trials = {
        "processes": _try_processes,
        "seccomp": _try_seccomp,
        "Landlock": _try_landlock,
        "namespaces": lambda: _try_namespaces(spare_uid),
    }
    layers = {name: _try(trial) for name, trial in trials.items()}
    abi = landlock.abi_version() if layers["Landlock"] is None else 0
    return {"layers": layers, "landlock_abi": abi, "spare_uids": {"A": spare_uid, "B": uid_that_reads, "none": None}}


def _try(trial: Callable[[], None]) -> str | None:
    """Run a trial in a child and return what went wrong, if anything."""
    reading, writing = os.pipe()
    process_id = os.fork()
    if process_id == 0:
        try:
            trial()
        except Exception as error:  # noqa: BLE001 - the boundary where a missing layer becomes data
            os.write(writing, f"{type(error).__name__}: {error}"[:500].encode())
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8", errors="replace") as pipe:
        text = pipe.read()
    exit_code = os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1])
    return (text or f"exit code {exit_code}") if exit_code else None


def _try_processes() -> None:
    if not syscalls.ARCHITECTURE:
        raise OSError("only x86-64 and aarch64 are known")
    os.close(os.pidfd_open(os.getpid()))
    os.close(os.memfd_create("probe"))


def _try_seccomp() -> None:
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    rules = seccomp.program_rules(False, 0, syscalls.ARCHITECTURE)
    seccomp.Filter(seccomp.assemble(rules, syscalls.ARCHITECTURE)).enter()
    _expect_refusal(os.fork, "a filter is in force, and fork still works")


def _try_landlock() -> None:
    ruleset = landlock.create_ruleset({"/usr": landlock.READ}, landlock.abi_version())
    landlock.restrict(ruleset)
    _expect_refusal(lambda: os.listdir("/"), "a rule set is in force, and other folders can still be read")


def _try_namespaces(spare_uid: int | None) -> None:
    """Do what a slot does, up to its first fork."""
    shown = namespaces.enter(spare_uid)
    error = _try(lambda: _try_jail(shown))
    if error is not None:
        raise OSError(error)


def _try_jail(shown: namespaces.ShownInTmp) -> None:
    if os.getpid() != 1:
        raise OSError("a new PID namespace does not count from 1")
    namespaces.renew_pid_namespace(os.pidfd_open(os.getpid()))
    if _try(lambda: _try_private_files(shown)):
        raise OSError(_try(lambda: _try_private_files(shown)))


def _try_private_files(shown: namespaces.ShownInTmp) -> None:
    Tmpfs(1 << 20, shown)
    with open(f"{namespaces.TMP}/probe", "x", encoding="ascii") as file:
        file.write("probe")
    if os.path.exists("/proc/self"):
        raise OSError("the processes of the machine can be seen")
    importlib.reload(sys.modules["json"])


def _try_to_read(uid: int) -> None:
    """Load a module from the installation where it lies, as that uid."""
    namespaces.become(uid)
    importlib.reload(sys.modules["json"])


def _expect_refusal(action: Callable[[], object], otherwise: str) -> None:
    try:
        action()
    except PermissionError:
        return
    raise OSError(otherwise)

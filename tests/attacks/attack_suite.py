"""Runs every program once in every mode, in a process of its own, and looks at what is left of it.

`python attack_suite.py` takes a `Setting` as JSON on standard input and prints an `Outcome` as JSON: the process that
holds the sandbox has secrets, listeners and open doors of its own for the programs to find, runs as any user, and can
be made to live where no new namespace is to be had.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import platform
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from attack_controls import CONTROLS
from attack_escape_files import FILES
from attack_escape_kernel import KERNEL
from attack_escape_network import NETWORK
from attack_forge_channel import CHANNEL
from attack_forge_interpreter import INTERPRETER
from attack_forge_values import VALUES
from attack_persist import PERSIST
from attack_programs import MODES, Program
from attack_read import READ
from attack_resource import MEMORY, TIME
from attack_resource_numbers import NUMBERS
from attack_source import SOURCE

from reasonenv.errors import SandboxUnavailable
from reasonenv.execution import Limits, Sandbox

SUITE: dict[str, tuple[Program, ...]] = {
    "forge_values": VALUES, "forge_interpreter": INTERPRETER, "forge_channel": CHANNEL, "read": READ,
    "escape_kernel": KERNEL, "escape_files": FILES, "escape_network": NETWORK,
    "persist": PERSIST, "resource_time": TIME, "resource_memory": MEMORY, "resource_numbers": NUMBERS, "source": SOURCE,
    "control": CONTROLS,
}  # fmt: skip
LIMITS = Limits(cpu_seconds=1.5, wall_seconds=4.0)
SECRET = "the-attacked-secret-of-the-caller"


@dataclass(frozen=True)
class Setting:
    """One run of the suite: in which tier, with which canary folder, and which part of it."""

    tier: str
    canary: str
    categories: list[str]
    modes: list[str]


@dataclass
class Outcome:
    """What became of every program, by mode and name, and whatever was found afterwards that should not be there."""

    unavailable: str | None = None
    passed: dict[str, dict[str, int]] = field(default_factory=dict)
    odd_verdicts: list[str] = field(default_factory=list)
    """Programs without a proper verdict: a failed grader, another tier than was asked for, missing cases."""
    traces: dict[str, list[str]] = field(default_factory=dict)
    """What is left: processes, descriptors, files, connections, signals."""


def deny_namespaces() -> None:
    """A seccomp filter as container runtimes install it: no unshare, setns, mount; clone only within the namespaces."""
    arm = platform.machine() == "aarch64"
    denied = (97, 268, 40, 39, 41) if arm else (272, 308, 165, 166, 155)
    clone, namespaces, eperm, enosys = (220 if arm else 56), 0x7E020080, 0x00050001, 0x00050026
    code = [struct.pack("HBBI", 0x20, 0, 0, 0)]
    code += [struct.pack("HBBI", 0x15, 0, 1, number) + struct.pack("HBBI", 0x06, 0, 0, eperm) for number in denied]
    code += [struct.pack("HBBI", 0x15, 0, 1, 435), struct.pack("HBBI", 0x06, 0, 0, enosys)]
    code += [struct.pack("HBBI", 0x15, 0, 3, clone), struct.pack("HBBI", 0x20, 0, 0, 16)]
    code += [struct.pack("HBBI", 0x45, 0, 1, namespaces), struct.pack("HBBI", 0x06, 0, 0, eperm)]
    code += [struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)]
    text = b"".join(code)
    buffer = ctypes.create_string_buffer(text)
    program = struct.pack("HxxxxxxQ", len(text) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
        raise OSError(ctypes.get_errno(), "the filter that denies namespaces could not be installed")


class Doors:
    """What a program might reach: services by every kind of socket, and a process that counts signals."""

    def __init__(self, canary: Path) -> None:
        self.heard: list[str] = []
        self.abstract = f"reasonenv-attack-{os.getpid()}"
        self._sockets = [
            self._listen("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            self._listen("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            self._listen("stream by path", socket.AF_UNIX, socket.SOCK_STREAM, str(canary / "open/stream")),
            self._listen("datagram by path", socket.AF_UNIX, socket.SOCK_DGRAM, str(canary / "open/datagram")),
            self._listen("stream by name", socket.AF_UNIX, socket.SOCK_STREAM, f"\0{self.abstract}"),
            self._listen("datagram by name", socket.AF_UNIX, socket.SOCK_DGRAM, f"\0{self.abstract}-datagram"),
        ]
        for name in ("stream", "datagram"):
            (canary / "open" / name).chmod(0o777)
        signal.signal(signal.SIGURG, lambda *_: self.heard.append("a signal"))

    @property
    def ports(self) -> tuple[int, int]:
        return self._sockets[0].getsockname()[1], self._sockets[1].getsockname()[1]

    def close(self) -> None:
        for listener in self._sockets:
            listener.close()

    def visitors(self) -> list[str]:
        """Whoever knocked, and the signals that came."""
        names = ["tcp", "udp", "stream by path", "datagram by path", "stream by name", "datagram by name"]
        return self.heard + [name for name, door in zip(names, self._sockets, strict=True) if self._knocked(door)]

    @staticmethod
    def _listen(name: str, family: int, kind: int, address: Any) -> socket.socket:
        door = socket.socket(family, kind)
        door.bind(address)
        door.setblocking(False)
        if kind == socket.SOCK_STREAM:
            door.listen()
        return door

    @staticmethod
    def _knocked(door: socket.socket) -> bool:
        try:
            return bool(door.accept() if door.type == socket.SOCK_STREAM else door.recv(64))
        except BlockingIOError:
            return False


def descendants() -> dict[int, str]:
    """Every process below this one, zombies included."""
    parents: dict[int, tuple[int, str]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(folder.name)] = (int(rest.split()[1]), f"{name} {rest.split()[0]}")
    below: dict[int, str] = {}
    for pid in parents:
        ancestor = pid
        while ancestor in parents and ancestor != os.getpid():
            ancestor = parents[ancestor][0]
        if ancestor == os.getpid() and pid != ancestor:
            below[pid] = parents[pid][1]
    return below


def descriptors() -> dict[str, str]:
    links = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            links[entry.name] = str(entry.readlink())
        except FileNotFoundError:
            continue
    return links


def left_files(canary: Path) -> list[str]:
    folders = [Path(name) for name in ("/", "/tmp", "/dev/shm", "/var/tmp", "/run", "/usr", "/etc", "/usr/local")]
    folders += [
        Path(path) for path in (sys.prefix, sys.base_prefix, str(Path.home()), str(Path.cwd()), *sys.path) if path
    ]
    planted = [str(path) for folder in folders for path in folder.glob("*reasonenv[-_]attack*") if path != canary]
    expected = {"gold.json", "gold_answers.py", "open", "open/changed", "open/stream", "open/datagram"}
    here = {str(path.relative_to(canary)) for path in canary.rglob("*")}
    changed = [] if (canary / "open/changed").read_text() == "unchanged" else ["open/changed was written to"]
    mine = [] if not os.environ.get("TMPDIR") else [str(path) for path in Path(os.environ["TMPDIR"]).iterdir()]
    return sorted({*planted, *(here ^ expected), *changed, *mine})


def places(setting: Setting, doors: Doors) -> dict[str, str]:
    tcp, udp = doors.ports
    return {
        "CANARY": setting.canary, "SECRET": SECRET, "SOURCES": __file__,
        "PACKAGE": sys.modules["reasonenv"].__file__ or "", "TCP": str(tcp), "UDP": str(udp),
        "ABSTRACT": doors.abstract, "CPU": str(LIMITS.cpu_seconds),
        "WALL": str(LIMITS.wall_seconds), "MEMORY": str(LIMITS.memory_bytes), "TRAINER": str(os.getpid()),
    }  # fmt: skip


def judge_all(sandbox: Sandbox, setting: Setting, names: dict[str, str], outcome: Outcome) -> None:
    chosen = [program for category in setting.categories for program in SUITE[category]]
    sources = [program.fill(names) for program in chosen]
    for mode in setting.modes:
        verdicts = sandbox.judge(sources, [MODES[mode]] * len(sources))
        outcome.passed[mode] = {p.name: verdict.num_passed for p, verdict in zip(chosen, verdicts, strict=True)}
        for program, verdict in zip(chosen, verdicts, strict=True):
            if (
                verdict.status != "scored"
                or verdict.isolation != setting.tier
                or len(verdict.cases) != verdict.num_tests
            ):
                outcome.odd_verdicts.append(f"{mode} {program.name}: {verdict.status} {verdict.isolation}")


@contextmanager
def watched(outcome: Outcome, canary: Path, doors: Doors) -> Iterator[None]:
    """Compares what there is before and after."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # orphans come to us
    gc.collect()
    before, threads = descriptors(), threading.active_count()
    yield
    gc.collect()
    time.sleep(0.2)
    outcome.traces["processes"] = list(descendants().values())
    outcome.traces["descriptors"] = [
        link for fd, link in descriptors().items() if before.get(fd, link) != link or fd not in before
    ]
    outcome.traces["threads"] = [t.name for t in threading.enumerate()] if threading.active_count() > threads else []
    outcome.traces["visitors"] = doors.visitors()
    outcome.traces["files"] = left_files(canary)


def main() -> None:
    setting = Setting(**json.load(sys.stdin))
    if setting.tier == "B":
        deny_namespaces()
    os.environ["ATTACKED_SECRET"] = f"{SECRET}-gold"
    outcome, canary = Outcome(), Path(setting.canary)
    kept_in_memory = [f"{SECRET}-gold"] * 3
    doors = Doors(canary)
    with watched(outcome, canary, doors):
        try:
            with Sandbox(num_slots=4, min_tier="B", limits=LIMITS) as sandbox:
                judge_all(sandbox, setting, places(setting, doors), outcome)
        except SandboxUnavailable as error:
            outcome.unavailable = str(error)
    doors.close()
    del kept_in_memory
    json.dump(asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()

"""Which layers this machine offers, which tier they make, and what to do about a missing one.

Tier A is namespaces, Landlock and seccomp: the program has a file system, a network and processes of its own. Tier B is
Landlock and seccomp: it shares the machine's, and may do nothing but read the Python installation.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass

from reasonenv.errors import SandboxUnavailable, UnknownNameError
from reasonenv.execution.processes import JailLost, Zygote
from reasonenv.execution.types import Isolation, Tier

__all__ = ["Layer", "Probe", "choose_isolation", "probe", "probe_with"]

_FIXES = {
    "processes": "Linux 5.13 or newer on x86-64 or aarch64 has what is needed (pidfds, memfds).",
    "seccomp": "The kernel needs CONFIG_SECCOMP_FILTER; a container must not run under an emulator such as gVisor.",
    "Landlock": (
        "The kernel needs CONFIG_SECURITY_LANDLOCK (5.13 or newer) and 'landlock' among the modules it starts: "
        "see /sys/kernel/security/lsm, and add lsm=landlock,... to its command line. In Docker use 20.10.10 or newer, "
        "whose default seccomp profile permits it."
    ),
    "namespaces": (
        "Permit unprivileged user namespaces: sysctl user.max_user_namespaces=10000, on Debian "
        "kernel.unprivileged_userns_clone=1, on Ubuntu 24.04 kernel.apparmor_restrict_unprivileged_userns=0. "
        "In Docker run with --security-opt seccomp=unconfined --security-opt apparmor=unconfined and, as root, "
        "--cap-add SYS_ADMIN."
    ),
}
_NEEDED: dict[Tier, tuple[str, ...]] = {
    "A": ("processes", "seccomp", "Landlock", "namespaces"),
    "B": ("processes", "seccomp", "Landlock"),
}


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer as it was tried: `Layer("seccomp", None, "The kernel needs …")`."""

    name: str
    failure: str | None
    """What went wrong; None where the layer works."""
    fix: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What this machine offers."""

    layers: tuple[Layer, ...]
    tier: Tier | None
    """The strongest one whose layers all work."""
    landlock_abi: int
    spare_uids: dict[Isolation, int | None]
    """The uid that programs run under, where it is not the caller's."""


def probe() -> Probe:
    """Try every layer on this machine, in processes of their own."""
    _check_platform()
    zygote = Zygote()
    try:
        return probe_with(zygote)
    finally:
        zygote.close()


def probe_with(zygote: Zygote) -> Probe:
    """Try every layer in children of a zygote."""
    _check_platform()
    try:
        findings = zygote.ask({"kind": "probe"})
    except JailLost as error:
        raise SandboxUnavailable("a fresh Python process", str(error), f"Does {sys.executable} -I start?") from error
    failures: dict[str, str | None] = findings["layers"]
    layers = tuple(Layer(name, failure, _FIXES[name]) for name, failure in failures.items())
    tiers: list[Tier] = [tier for tier, needed in _NEEDED.items() if all(failures[name] is None for name in needed)]
    return Probe(layers, tiers[0] if tiers else None, findings["landlock_abi"], findings["spare_uids"])


def choose_isolation(found: Probe, *, min_tier: Tier, unsafe: bool) -> Isolation:
    """Return the strongest tier, or `none` where the caller insists.

    Raises:
        SandboxUnavailable: the machine gives less than `min_tier`, and `unsafe` is not set.
        UnknownNameError: no such tier.
    """
    if min_tier not in _NEEDED:
        raise UnknownNameError("tier", min_tier, _NEEDED)
    if found.tier is not None and found.tier <= min_tier:
        return found.tier
    missing = next(layer for layer in found.layers if layer.name in _NEEDED[min_tier] and layer.failure is not None)
    if unsafe and missing.name != "processes":
        warnings.warn(
            f"Programs run without isolation: this machine refuses {missing.name} ({missing.failure}). They can read "
            f"and change whatever this user can. {missing.fix}",
            RuntimeWarning,
            stacklevel=3,
        )
        return "none"
    raise SandboxUnavailable(missing.name, missing.failure or "", missing.fix)


def _check_platform() -> None:
    if sys.platform != "linux":
        raise SandboxUnavailable("Linux", f"this is {sys.platform}", "Run it in a Linux container or virtual machine.")

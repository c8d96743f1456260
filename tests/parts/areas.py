"""What a machine may lack, by name. Every conditional skip goes through here.

A skip names its area, so that the end of a run can count what was left out. Where `REASONENV_REQUIRE` names the area, a
failure takes the place of the skip.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRE, DATA = "REASONENV_REQUIRE", "REASONENV_DATA"
TRANSFORMERS = "REASONENV_TRANSFORMERS"
"""The variable that names an executable `transformers` which can serve."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@cache
def why_no_sandbox() -> str | None:
    if sys.platform != "linux":
        return "it needs Linux"
    from reasonenv.errors import SandboxUnavailable
    from reasonenv.execution.shared import shared_sandbox

    try:
        shared_sandbox()
    except SandboxUnavailable as error:
        return " ".join(str(error).split())
    return None


def why_no_landlock() -> str | None:
    if sys.platform != "linux":
        return "it is part of Linux"
    from reasonenv.execution.jail.kernel import landlock

    try:
        landlock.abi_version()
    except OSError as error:
        return f"the kernel has none: {error}"
    return None


def why_no_gpu() -> str | None:
    import torch

    if os.environ.get("TRITON_INTERPRET") == "1":
        return "Triton's interpreter takes its place"
    return None if torch.cuda.is_available() else "torch sees no CUDA device"


def why_no_module(name: str) -> str | None:
    return None if find_spec(name) else f"the package {name} is not installed"


def why_no_data() -> str | None:
    folder = os.environ.get(DATA)
    if not folder:
        return f"{DATA} is not set; docs/data.md says how to get the data"
    return None if Path(folder).is_dir() else f"{DATA} names no folder: {folder}"


def browser() -> str | None:
    """Return the path of a browser that can run without a window."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def transformers_executable() -> Path | None:
    """Return the program `transformers` that can serve: the named one, or that of `make serving-peers`."""
    beside = Path(__file__).parents[2] / ".venv" / "serving-peers" / "bin" / "transformers"
    path = Path(os.environ.get(TRANSFORMERS) or beside)
    return path if path.is_file() else None


def why_no_transformers_serve() -> str | None:
    if transformers_executable() is not None:
        return None
    return f"`make serving-peers` was not run, and {TRANSFORMERS} names no transformers executable"


AREAS: dict[str, Callable[[], str | None]] = {
    "linux": lambda: None if sys.platform == "linux" else "this is another system",
    "glibc": lambda: None if platform.libc_ver()[0] == "glibc" else "this is another C library",
    "sandbox": why_no_sandbox,
    "landlock": why_no_landlock,
    "root": lambda: None if os.geteuid() == 0 else "only root can become another user",
    "triton": lambda: why_no_module("triton"),
    "gpu": why_no_gpu,
    "bitsandbytes": lambda: why_no_gpu() or why_no_module("bitsandbytes"),
    "trl": lambda: why_no_module("trl"),
    "polars": lambda: why_no_module("polars"),
    "ray": lambda: why_no_module("ray"),
    "rllib": lambda: why_no_module("ray") or why_no_module("tree"),
    "sb3": lambda: why_no_module("stable_baselines3"),
    "tianshou": lambda: why_no_module("tianshou"),
    "vllm": lambda: None if os.environ.get("REWARD_MODELS_VLLM") else "REWARD_MODELS_VLLM names no vllm executable",
    "transformers serve": why_no_transformers_serve,
    "chromium": lambda: None if browser() else "neither Chromium nor Chrome is installed",
    "data": why_no_data,
}
"""By area, what says why this machine lacks it, or None."""


def required_areas() -> set[str]:
    """Return the areas that must not be missing.

    Raises:
        ValueError: An area is not known.
    """
    named = {name.strip() for name in os.environ.get(REQUIRE, "").split(",")} - {""}
    for name in sorted(named - set(AREAS)):
        closest = get_close_matches(name, AREAS, n=1)
        hint = f" Did you mean '{closest[0]}'?" if closest else ""
        raise ValueError(f"{REQUIRE} names the unknown area '{name}'.{hint} The areas are: {', '.join(AREAS)}.")
    return named


def skip_without(area: str, reason: str) -> NoReturn:
    """Skip the test or module, or fail if the area is required, for a reason found here and now."""
    __tracebackhide__ = True
    assert area in AREAS, area
    if area in required_areas():
        pytest.fail(f"{REQUIRE} asks for {area}, which is missing: {reason}", pytrace=False)
    pytest.skip(f"{area}: {reason}", allow_module_level=True)


def need(area: str) -> None:
    """Skip the test or module where this machine lacks the area."""
    __tracebackhide__ = True
    reason = AREAS[area]()
    if reason is not None:
        skip_without(area, reason)


def needs(area: str) -> pytest.MarkDecorator:
    """Mark tests that are skipped where this machine lacks the area."""
    assert area in AREAS, area
    return pytest.mark.needs(area)


def public_data(name: str) -> Path:
    """Return a file or folder of the public data that docs/data.md describes; skip the test without it."""
    __tracebackhide__ = True
    need("data")
    path = Path(os.environ[DATA]) / name
    if not path.exists():
        skip_without("data", f"{name} is not in the folder that {DATA} names")
    return path

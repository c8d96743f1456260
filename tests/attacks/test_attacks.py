"""No hostile program passes, no honest one fails, and nothing is left of any of them: in every mode, tier and user.

The programs are in the modules beside this one; `attack_suite` runs them. One run of the suite serves all tests that
look at it, so the tests here only read its outcome.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pytest
from areas import needs, skip_without
from attack_programs import ANSWERS, INPUTS, MODES
from attack_suite import SUITE, Outcome, Setting

from reasonenv.types import AssertTests

ORDINARY_USER = 65534
USERS = ("root", "ordinary") if os.getuid() == 0 else ("own",)
QUICK = [category for category in SUITE if not category.startswith("resource")]


class Part(NamedTuple):
    """Which programs are run by whom: `Part("root", "A", ["read"], ["call"])`."""

    user: str
    tier: str
    categories: list[str]
    modes: list[str]


QUICK_PART = pytest.param(Part(USERS[0], "A", QUICK, ["call", "loop"]), id="quick")
EXHAUSTIVE_PARTS = [
    pytest.param(Part(user, tier, list(SUITE), list(MODES)), id=f"{user}-{tier}", marks=pytest.mark.exhaustive)
    for user in USERS
    for tier in ("A", "B")
]
each_part = pytest.mark.parametrize("part", [QUICK_PART, *EXHAUSTIVE_PARTS])
pytestmark = [pytest.mark.timeout(3600), needs("sandbox")]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where canaries live: readable by everyone, so that only the sandbox keeps programs out."""
    path = Path(tempfile.mkdtemp(prefix="canary-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def make_canary(canary: Path) -> Path:
    """Answers to be read and folders to be written to; returns a folder for the temporary files of the suite."""
    (canary / "open").mkdir(parents=True)
    answers = dict(zip(map(str, INPUTS), ANSWERS, strict=True))
    (canary / "gold.json").write_text(json.dumps(answers), encoding="utf-8")
    (canary / "gold_answers.py").write_text(f"ANSWERS = {answers!r}\n", encoding="utf-8")
    (canary / "open/changed").write_text("unchanged", encoding="utf-8")
    temporary = canary.with_name(canary.name + "-tmp")
    temporary.mkdir()
    for path in (canary / "open", canary / "open/changed", temporary):
        path.chmod(0o777)
    return temporary


def as_user(user: str) -> dict[str, object]:
    return {"user": ORDINARY_USER, "group": ORDINARY_USER, "extra_groups": []} if user == "ordinary" else {}


@functools.cache
def can_run_python(user: str) -> bool:
    command = [sys.executable, "-c", "import numpy, sympy"]
    try:
        return subprocess.run(command, check=False, capture_output=True, **as_user(user)).returncode == 0
    except PermissionError:
        return False


@functools.cache
def run_suite(folder: Path, name: str, user: str, setting: str) -> Outcome:
    temporary = make_canary(folder / name)
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "OMP_NUM_THREADS") if name in os.environ}
    result = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("attack_suite.py"))],
        input=setting,
        env=kept | {"TMPDIR": str(temporary)},
        text=True,
        capture_output=True,
        check=False,
        **as_user(user),
    )
    assert result.returncode == 0, result.stderr
    return Outcome(**json.loads(result.stdout))


def outcome_of(folder: Path, part: Part) -> Outcome:
    if not can_run_python(part.user):
        skip_without("root", "an ordinary user may not run this Python with numpy and sympy")
    name = f"{part.user}-{part.tier}-{len(part.modes)}"
    setting = Setting(part.tier, str(folder / name), part.categories, part.modes)
    outcome = run_suite(folder, name, part.user, json.dumps(asdict(setting)))
    if outcome.unavailable:
        skip_without("sandbox", outcome.unavailable)
    return outcome


def num_tests(mode: str) -> int:
    tests = MODES[mode]
    return tests.source.count("assert ") if isinstance(tests, AssertTests) else len(tests.cases)


def test_the_suite_holds_at_least_120_attacks_under_different_names() -> None:
    names = [program.name for programs in SUITE.values() for program in programs]
    assert len(names) == len(set(names))
    assert len(names) - len(SUITE["control"]) >= 120


@pytest.mark.parametrize("category", [category for category in SUITE if category != "control"])
@each_part
def test_no_attack_passes_a_test(folder: Path, part: Part, category: str) -> None:
    passed = outcome_of(folder, part).passed
    programs = SUITE[category] if category in part.categories else ()
    assert [(mode, each.name, each.tries) for mode in part.modes for each in programs if passed[mode][each.name]] == []


@each_part
def test_every_honest_program_passes_all_tests(folder: Path, part: Part) -> None:
    passed = outcome_of(folder, part).passed
    missed = {
        (mode, program.name): passed[mode][program.name]
        for mode in part.modes
        for program in SUITE["control"]
        if passed[mode][program.name] != num_tests(mode)
    }
    assert missed == {}


@each_part
def test_every_program_gets_a_verdict_of_its_own_in_the_tier_that_was_asked_for(folder: Path, part: Part) -> None:
    assert outcome_of(folder, part).odd_verdicts == []


@pytest.mark.parametrize("kind", ["processes", "descriptors", "threads", "visitors", "files"])
@each_part
def test_nothing_is_left_and_nobody_was_reached(folder: Path, part: Part, kind: str) -> None:
    assert outcome_of(folder, part).traces[kind] == []

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

import pytest
from attack_programs import ANSWERS, INPUTS, MODES
from attack_suite import SUITE, Outcome, Setting

from reasonenv.types import AssertTests

ORDINARY_USER = 65534
ATTACKS = [category for category in SUITE if category != "control"]
USERS = ("root", "ordinary") if os.getuid() == 0 else ("own",)
slow = pytest.mark.slow
EVERYWHERE = [
    pytest.param(user, tier, id=f"{user}-{tier}", marks=() if (user, tier) == (USERS[0], "A") else slow)
    for user in USERS
    for tier in ("A", "B")
]
each_setting = pytest.mark.parametrize(("user", "tier"), EVERYWHERE)
pytestmark = [pytest.mark.timeout(1800), pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where canaries live: readable by everyone, so that only the sandbox keeps programs out."""
    path = Path(tempfile.mkdtemp(prefix="canary-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@functools.cache
def run_suite(folder: Path, user: str, tier: str) -> Outcome:
    canary = folder / f"{user}-{tier}"
    (canary / "open").mkdir(parents=True)
    answers = dict(zip(map(str, INPUTS), ANSWERS, strict=True))
    (canary / "gold.json").write_text(json.dumps(answers), encoding="utf-8")
    (canary / "gold_answers.py").write_text(f"ANSWERS = {answers!r}\n", encoding="utf-8")
    (canary / "open/changed").write_text("unchanged", encoding="utf-8")
    temporary = canary.with_name(canary.name + "-tmp")
    temporary.mkdir()
    for path in (canary / "open", canary / "open/changed", temporary):
        path.chmod(0o777)
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "OMP_NUM_THREADS") if name in os.environ}
    result = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("attack_suite.py"))],
        input=json.dumps(asdict(Setting(tier, str(canary), list(SUITE), list(MODES)))),
        env=kept | {"TMPDIR": str(temporary)},
        user=ORDINARY_USER if user == "ordinary" else None,
        group=ORDINARY_USER if user == "ordinary" else None,
        extra_groups=[] if user == "ordinary" else None,
        text=True,
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return Outcome(**json.loads(result.stdout))


def outcome_of(folder: Path, user: str, tier: str) -> Outcome:
    outcome = run_suite(folder, user, tier)
    if outcome.unavailable:
        pytest.skip(outcome.unavailable)
    return outcome


def num_tests(mode: str) -> int:
    tests = MODES[mode]
    return tests.source.count("assert ") if isinstance(tests, AssertTests) else len(tests.cases)


def test_the_suite_holds_at_least_120_attacks_under_different_names() -> None:
    names = [program.name for programs in SUITE.values() for program in programs]
    assert len(names) == len(set(names))
    assert sum(len(SUITE[category]) for category in ATTACKS) >= 120


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("category", ATTACKS)
@each_setting
def test_no_attack_passes_a_test(folder: Path, user: str, tier: str, category: str, mode: str) -> None:
    passed = outcome_of(folder, user, tier).passed[mode]
    assert {program.name: program.tries for program in SUITE[category] if passed[program.name]} == {}


@pytest.mark.parametrize("mode", MODES)
@each_setting
def test_every_honest_program_passes_all_tests(folder: Path, user: str, tier: str, mode: str) -> None:
    passed = outcome_of(folder, user, tier).passed[mode]
    counts = {program.name: passed[program.name] for program in SUITE["control"]}
    assert {name: count for name, count in counts.items() if count != num_tests(mode)} == {}


@each_setting
def test_every_program_gets_a_verdict_of_its_own_in_the_tier_that_was_asked_for(
    folder: Path, user: str, tier: str
) -> None:
    assert outcome_of(folder, user, tier).odd_verdicts == []


@pytest.mark.parametrize("kind", ["processes", "descriptors", "threads", "visitors", "files"])
@each_setting
def test_nothing_is_left_and_nobody_was_reached(folder: Path, user: str, tier: str, kind: str) -> None:
    assert outcome_of(folder, user, tier).traces[kind] == []

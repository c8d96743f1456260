"""The public attacks on code execution fail, and the honest programs among them pass: in every tier and mode.

Each program claims to compute (7x² + 13x + 5) mod 1009; the expected values lie in a file that it may try to read.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from areas import need, public_data
from machine_without import run_without

from reasonenv.execution import Limits, Sandbox
from reasonenv.types import AssertTests, CallTests, StdinTests

CANARY = Path("/tmp/attack_canary")
INPUTS = (3, 10, 57, 123, 999)
TCP_PORT, UDP_PORT = 47811, 47812


def expected(number: int) -> int:
    return (number * number * 7 + 13 * number + 5) % 1009


CHECKS = [f"assert candidate({number}) == {expected(number)}" for number in INPUTS]
MODES = {
    "call": CallTests("f", [((number,), expected(number)) for number in INPUTS]),
    "stdin": StdinTests([(f"{number}\n", f"{expected(number)}\n") for number in INPUTS]),
    "asserts": AssertTests("def check(candidate):\n    " + "\n    ".join(CHECKS) + "\ncheck(f)", ("f",)),
}


LIMITS = {
    "pass": Limits(cpu_seconds=6.0, wall_seconds=24.0),
    "fail": Limits(cpu_seconds=0.6, wall_seconds=1.2),
}
"""By the verdict that the index asks for: an honest program that fills memory is slow on a slow machine, and an attack
that takes what it may need not take much."""


def judge_all() -> dict[str, list[str]]:
    """Files whose verdict is not the one that the index asks for, by mode."""
    folder = public_data("sandbox_attacks")
    rows = [json.loads(line) for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    surprises: dict[str, list[str]] = {}
    for expected_verdict, limits in LIMITS.items():
        chosen = [row["file"] for row in rows if row["expected_verdict"] == expected_verdict]
        programs = [(folder / file).read_text(encoding="utf-8") for file in chosen]
        with Sandbox(2, limits=limits) as sandbox:
            for mode, tests in MODES.items():
                verdicts = sandbox.judge(programs, [tests] * len(programs))
                surprises.setdefault(f"{sandbox.isolation}: {mode}", []).extend(
                    file
                    for file, verdict in zip(chosen, verdicts, strict=True)
                    if (verdict.num_passed == verdict.num_tests) != (expected_verdict == "pass")
                    or verdict.status != "scored"
                    or any("PWNED" in case.detail for case in verdict.cases)
                )
    return surprises


@pytest.fixture
def bait() -> Iterator[Path]:
    """Answers to read, a folder to write to, services to reach and a secret in the environment: one test at a time."""
    lock = CANARY.with_suffix(".lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    (CANARY / "secret").mkdir(parents=True, exist_ok=True)
    loot = CANARY / "loot"
    loot.mkdir(exist_ok=True)
    loot.chmod(0o777)
    answers = {str(number): expected(number) for number in INPUTS}
    (CANARY / "secret" / "gold.json").write_text(json.dumps({"answers": answers}), encoding="utf-8")
    os.environ["API_SECRET"] = "SECRET"
    with closing(socket.socket()) as tcp, closing(socket.socket(type=socket.SOCK_DGRAM)) as udp:
        tcp.bind(("127.0.0.1", TCP_PORT))
        tcp.listen()
        udp.bind(("127.0.0.1", UDP_PORT))
        yield loot
    subprocess.run(["rm", "-rf", str(CANARY)], check=True)
    del os.environ["API_SECRET"]
    lock.close()


CASES = [
    pytest.param((), False, "A", id="A"),
    pytest.param(("namespaces",), False, "B", id="B"),
    pytest.param((), True, "A", id="A as an ordinary user"),
    pytest.param(("namespaces",), True, "B", id="B as an ordinary user"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("without", "as_user", "tier"), CASES)
def test_attacks_fail_and_honest_programs_pass(bait: Path, without: tuple[str, ...], as_user: bool, tier: str) -> None:
    public_data("sandbox_attacks")
    if as_user:
        need("root")
    completed = run_without(
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"import json, {Path(__file__).stem} as attacks\nprint(json.dumps(attacks.judge_all()))",
        without=without,
        as_user=as_user,
    )
    assert completed.returncode == 0, completed.stderr
    assert json.loads(completed.stdout) == {f"{tier}: {mode}": [] for mode in MODES}
    assert list(bait.iterdir()) == []
    assert "PWNED" not in completed.stdout + completed.stderr


OPEN_IN_B = {"216_names_in_host_folders.py", "313_access_time_reader.py", "324_honest_lock.py"}
"""What docs/security.md says of tier B: the machine's files can be asked for by name, with the time of the last access,
and there is no folder for semaphores."""


def judge_in_order() -> list[str]:
    """What is not as the index of the second set asks for: its programs run one by one, so that each comes behind
    those whose traces it looks for.
    """
    folder = public_data("sandbox_attacks_2")
    rows = [json.loads(line) for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    surprises: list[str] = []
    with Sandbox(1, limits=Limits(cpu_seconds=1.5, wall_seconds=4.0)) as sandbox:
        known = OPEN_IN_B if sandbox.isolation == "B" else set[str]()
        for row in sorted((row for row in rows if row["file"] not in known), key=lambda row: row["id"]):
            program = (folder / row["file"]).read_text(encoding="utf-8")
            for mode in row["modes"]:
                start = time.process_time()
                (verdict,) = sandbox.judge([program], [MODES[mode.replace("assert", "asserts")]])
                seconds = time.process_time() - start
                has_passed = verdict.num_passed == verdict.num_tests
                is_as_asked = has_passed if row["expected_verdict"] == "pass" else verdict.num_passed == 0
                if not is_as_asked or verdict.status != "scored" or seconds > 1:
                    details = {f"{case.status}: {case.detail}"[:90] for case in verdict.cases}
                    passed = f"{verdict.num_passed}/{verdict.num_tests}"
                    surprises.append(f"{row['file']} {mode} {passed} {verdict.status} {seconds:.1f} s {details}")
    return surprises


@pytest.mark.slow
@pytest.mark.parametrize(("without", "as_user", "tier"), CASES)
def test_nothing_passes_from_program_to_program(bait: Path, without: tuple[str, ...], as_user: bool, tier: str) -> None:
    public_data("sandbox_attacks_2")
    if as_user:
        need("root")
    completed = run_without(
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"import json, {Path(__file__).stem} as attacks\nprint(json.dumps(attacks.judge_in_order()))",
        without=without,
        as_user=as_user,
    )
    assert completed.returncode == 0, completed.stderr
    assert json.loads(completed.stdout) == []

"""The tier is what the machine really gives, and never silently less than was asked for."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest
from areas import needs, skip_without
from machine_without import run_without

from reasonenv.__main__ import main
from reasonenv.errors import SandboxUnavailable, UnknownNameError
from reasonenv.execution import Limits, Probe, RunStatus, Sandbox, probe
from reasonenv.execution.jail.scratch import Folder
from reasonenv.execution.tiers import Layer, choose_isolation

SHOW = (
    "from reasonenv.execution import Sandbox\nwith Sandbox(1, {}) as sandbox:\n    print(sandbox.run({!r}).isolation)"
)
RAISE = """
import sys
from reasonenv.errors import SandboxUnavailable
from reasonenv.execution import Sandbox
try:
    Sandbox(1, min_tier={!r})
except SandboxUnavailable as error:
    print(error.layer, error.reason, error.fix, sep="|")
"""


def output_of(completed: subprocess.CompletedProcess[str]) -> str:
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.strip()


@pytest.fixture(scope="module")
def found() -> Probe:
    return probe()


def test_this_machine_gives_a_tier(found: Probe) -> None:
    assert found.tier in ("A", "B")
    assert {layer.name for layer in found.layers} == {"processes", "seccomp", "Landlock", "namespaces"}


def test_without_user_namespaces_the_tier_is_b() -> None:
    assert output_of(run_without(SHOW.format("", "1"), without=("namespaces",))) == "B"


def test_verdicts_and_results_say_the_tier_they_were_found_in() -> None:
    program = """
from reasonenv.execution import Sandbox, StdinTests
with Sandbox(1) as sandbox:
    print(sandbox.isolation, sandbox.run("").isolation, sandbox.judge([""], [StdinTests((("", ""),))])[0].isolation)
"""
    assert output_of(run_without(program, without=("namespaces",))) == "B B B"


def test_without_user_namespaces_tier_a_is_refused_by_name() -> None:
    layer, reason, fix = output_of(run_without(RAISE.format("A"), without=("namespaces",))).split("|")
    assert layer == "namespaces"
    assert "unshare" in reason
    assert "sysctl" in fix


@pytest.mark.parametrize("min_tier", ["A", "B"])
def test_without_landlock_there_is_no_sandbox(min_tier: str) -> None:
    layer, reason, fix = output_of(run_without(RAISE.format(min_tier), without=("landlock",))).split("|")
    assert layer == "Landlock"
    assert "landlock_create_ruleset" in reason
    assert "CONFIG_SECURITY_LANDLOCK" in fix


def test_unsafe_goes_on_with_a_warning_and_marks_results() -> None:
    completed = run_without(SHOW.format("unsafe=True", "print(1)"), without=("landlock", "namespaces"))
    assert output_of(completed) == "none"
    assert "RuntimeWarning: Programs run without isolation: this machine refuses Landlock" in completed.stderr


def test_unsafe_is_no_help_where_no_process_can_be_held() -> None:
    found = Probe((Layer("processes", "no pidfds", "Use a newer kernel."),), None, 0, {})
    with pytest.raises(SandboxUnavailable, match="no pidfds"):
        choose_isolation(found, min_tier="B", unsafe=True)


def test_unsafe_changes_nothing_where_the_layers_are_there(found: Probe, recwarn: pytest.WarningsRecorder) -> None:
    with Sandbox(1, unsafe=True) as sandbox:
        assert sandbox.isolation == found.tier
    assert not recwarn.list


def test_without_isolation_limits_and_cleaning_still_hold() -> None:
    program = """
import os, pathlib
from reasonenv.execution import Limits, Sandbox
with Sandbox(1, unsafe=True, limits=Limits(cpu_seconds=0.5, wall_seconds=1)) as sandbox:
    print(sandbox.run("while True: pass").status)
    sandbox.run("import os; open('x', 'w'); os.makedirs('d' + '/d' * 900)")
    print(sandbox.run("import os; print(os.listdir('.'))").stdout)
    processes = sandbox.process_ids
print(any(pathlib.Path("/proc", str(process)).exists() for process in processes))
"""
    completed = run_without(program, without=("landlock",))
    assert output_of(completed).split() == ["time_limit", "[]", "False"]


@needs("root")
@pytest.mark.parametrize(("without", "tier"), [((), "A"), (("namespaces",), "B")])
def test_an_ordinary_user_gets_the_same_tiers(without: tuple[str, ...], tier: str) -> None:
    completed = run_without(SHOW.format("", "1"), without=without, as_user=True)
    if "No module named 'reasonenv'" in completed.stderr:
        skip_without("root", "an ordinary user may not read the folder of this checkout")
    assert output_of(completed) == tier


@needs("root")
def test_a_program_of_root_is_not_root(found: Probe) -> None:
    assert found.spare_uids["A"] not in (None, 0)


def test_a_scratch_folder_that_is_too_deep_to_be_measured_counts_as_full_and_can_be_emptied(tmp_path: Path) -> None:
    scratch = Folder(1 << 20, str(tmp_path))
    assert not scratch.is_over()
    with contextlib.chdir(scratch.path):
        for _ in range(18):  # the whole path is longer than any call of the kernel takes
            Path("x" * 250).mkdir()
            os.chdir("x" * 250)
    assert scratch.is_over()
    scratch.empty()
    assert not list(Path(scratch.path).iterdir())
    assert not scratch.is_over()


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Unknown tier 'C'"):
        Sandbox(1, min_tier="C")  # type: ignore[arg-type]


def test_doctor_prints_every_layer_and_the_tier(found: Probe, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert all(layer.name in printed for layer in found.layers)
    assert f"Tier {found.tier}: " in printed


def test_doctor_names_what_is_missing_and_its_fix() -> None:
    program = "import sys\nfrom reasonenv.__main__ import main\nprint(main(['doctor']))"
    printed = output_of(run_without(program, without=("landlock",)))
    assert "Landlock    missing: PermissionError" in printed
    assert "lsm=landlock" in printed
    assert printed.endswith("1")


def test_files_in_the_scratch_folder_share_one_limit(found: Probe) -> None:
    program = (
        "import errno\n"
        "for number in range(9):\n"
        "    try:\n"
        "        with open(str(number), 'wb') as file: file.write(b'x' * (512 << 10))\n"
        "    except OSError as error:\n"
        "        print(number, error.errno == errno.ENOSPC)\n"
        "        break\n"
    )
    if found.tier != "A":
        program = "import time\n" + program + "time.sleep(60)"
    with Sandbox(1, limits=Limits(tmp_bytes=2 << 20)) as sandbox:
        result = sandbox.run(program)
    expected = (RunStatus.FINISHED, "4 True\n") if found.tier == "A" else (RunStatus.OUTPUT_LIMIT, "")
    assert (result.status, result.stdout) == expected

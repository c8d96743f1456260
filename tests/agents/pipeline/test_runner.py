from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pipelines.arithmetic import DOUBLE, FAILING, NUMBERS, SUM, WAITING, add_up, arithmetic, count_from_seed
from rich.console import Console

from agents.errors import CheckpointError, ConfigError, TrainingError
from agents.pipeline import FunctionStage, Pipeline, Report, Selection, run_pipeline
from reasonenv.errors import UnknownNameError

PARTS = Path(__file__).parents[2] / "parts"


def hashes(manifest):
    return {name: stage["outputs"] for name, stage in manifest["stages"].items()}


def played(pipeline, folder, **options):
    output = io.StringIO()
    manifest = run_pipeline(pipeline, output_dir=folder, console=Console(file=output), **options)
    return manifest, output.getvalue().splitlines()


def test_stages_run_in_the_order_of_their_inputs_whatever_the_order_they_are_given_in(tmp_path):
    shuffled = Pipeline(name="arithmetic", stages=(DOUBLE, SUM, NUMBERS))
    manifest, lines = played(shuffled, tmp_path)
    assert [line for line in lines if "begun" in line] == ["numbers: begun", "total: begun", "twice: begun"]
    numbers = [json.loads(line)["number"] for line in (tmp_path / "numbers/numbers.jsonl").read_text().splitlines()]
    assert json.loads((tmp_path / "twice/double.json").read_text()) == 2 * sum(numbers)
    assert json.loads((tmp_path / "manifest.json").read_text()) == manifest


def test_stages_that_are_done_are_kept_and_their_manifest_stays_the_same(tmp_path):
    first, _ = played(arithmetic(), tmp_path)
    second, lines = played(arithmetic(), tmp_path)
    assert [line.partition(":")[2].split()[0] for line in lines] == ["kept,"] * 3
    assert second == first


def test_stages_in_processes_of_their_own_write_the_same(tmp_path):
    alone, _ = played(arithmetic(), tmp_path / "alone")
    beside, _ = played(arithmetic(num_processes=2), tmp_path / "beside")
    assert hashes(beside) == hashes(alone)


def test_another_seed_makes_every_stage_again(tmp_path):
    first, _ = played(arithmetic(), tmp_path)
    second, lines = played(arithmetic(), tmp_path, seed=1)
    assert sum("begun" in line for line in lines) == 3
    assert hashes(second)["numbers"] != hashes(first)["numbers"]


def test_a_damaged_artefact_is_made_again_and_what_builds_on_it_is_kept(tmp_path):
    first, _ = played(arithmetic(), tmp_path)
    (tmp_path / "numbers/numbers.jsonl").write_text("{}\n")
    second, lines = played(arithmetic(), tmp_path)
    assert [line.split()[1] for line in lines] == ["begun", "done", "kept,", "kept,"]
    assert hashes(second) == hashes(first)


DAMAGES = [
    "{", "[]", "", {"outputs": []}, {"outputs": {"samples": {"kind": "sample", "path": "a", "sha256": "b"}}},
    {"outputs": {"samples": {"kind": "samples", "path": "a"}}}, {"inputs": 3}, {"seconds": "long"}, {"more": 1},
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_record_that_was_edited_by_hand_is_named(damage, tmp_path):
    played(arithmetic(), tmp_path)
    path = tmp_path / "numbers/stage.json"
    path.write_text(damage if isinstance(damage, str) else json.dumps(json.loads(path.read_text()) | damage))
    with pytest.raises(CheckpointError, match=r"stage\.json is damaged .* delete the folder"):
        played(arithmetic(), tmp_path)


def test_another_function_makes_a_stage_and_what_builds_on_it_again(tmp_path):
    played(arithmetic(), tmp_path)
    changed = Pipeline(name="arithmetic", stages=(NUMBERS, replace(SUM, function=add_up_one_more), DOUBLE))
    _, lines = played(changed, tmp_path)
    assert [line for line in lines if "begun" in line] == ["total: begun", "twice: begun"]


def add_up_one_more(inputs, context):
    path = context.folder / "sum.json"
    path.write_text(json.dumps(1 + sum(row["number"] for row in inputs.samples("numbers").rows())))
    return {"report": Report(path)}


def test_only_runs_the_named_stages_again(tmp_path):
    played(arithmetic(), tmp_path)
    _, lines = played(arithmetic(), tmp_path, selection=Selection(only=("total",)))
    assert [line for line in lines if "begun" in line] == ["total: begun"]


def test_only_says_what_its_stage_needs_first(tmp_path):
    with pytest.raises(ConfigError, match=r"'twice' needs what total makes"):
        played(arithmetic(), tmp_path, selection=Selection(only=("twice",)))


def test_what_is_used_though_it_was_made_with_other_settings_is_said(tmp_path):
    played(arithmetic(), tmp_path)
    _, lines = played(arithmetic(), tmp_path, selection=Selection(only=("twice",)))
    assert not [line for line in lines if "other settings" in line]
    _, lines = played(arithmetic(), tmp_path, seed=1, selection=Selection(only=("twice",)))
    assert [line for line in lines if "other settings" in line] == [
        "numbers: used as it is, of other settings or inputs", "total: used as it is, of other settings or inputs",
    ]  # fmt: skip


def test_first_runs_a_stage_and_what_builds_on_it_again(tmp_path):
    played(arithmetic(), tmp_path)
    _, lines = played(arithmetic(), tmp_path, selection=Selection(first="total"))
    assert [line for line in lines if "begun" in line] == ["total: begun", "twice: begun"]


def test_what_builds_on_a_skipped_stage_is_left_out_unless_that_was_made_before(tmp_path):
    manifest, lines = played(arithmetic(), tmp_path, selection=Selection(skip=("total",)))
    assert (list(manifest["stages"]), lines[-1]) == (["numbers"], "twice: left out, for total is not there")
    played(arithmetic(), tmp_path)
    manifest, lines = played(arithmetic(), tmp_path, selection=Selection(first="numbers", skip=("total",)))
    assert [line for line in lines if "begun" in line] == ["numbers: begun", "twice: begun"]


def test_an_unknown_stage_is_refused_with_the_closest_name(tmp_path):
    with pytest.raises(UnknownNameError, match="twice"):
        played(arithmetic(), tmp_path, selection=Selection(only=("twise",)))


@pytest.mark.parametrize("num_processes", [1, 2])
def test_what_was_done_before_a_failing_stage_stays(num_processes, tmp_path):
    with pytest.raises((ValueError, TrainingError), match="this stage cannot be made"):
        played(arithmetic(FAILING, num_processes=num_processes), tmp_path)
    assert list(json.loads((tmp_path / "manifest.json").read_text())["stages"]) == ["numbers"]


def test_two_runs_do_not_write_to_one_folder(tmp_path):
    command = "import sys; from pathlib import Path; from pipelines.arithmetic import *; from agents.pipeline import *;"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{command} run_pipeline(arithmetic(WAITING), output_dir=Path(sys.argv[1]))", tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PARTS), *sys.path])},
    )
    wait_for(tmp_path / "process")
    with pytest.raises(ConfigError, match="Another run is writing"):
        played(arithmetic(WAITING), tmp_path)
    (tmp_path / "go").touch()
    assert process.wait(timeout=60) == 0


def test_a_stage_ends_with_the_process_that_started_it_and_goes_on_in_the_next(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom pipelines.arithmetic import WAITING, arithmetic\n"
        "from agents.pipeline import run_pipeline\nif __name__ == '__main__':\n"
        "    run_pipeline(arithmetic(WAITING, num_processes=2), output_dir=Path(sys.argv[1]))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PARTS), *sys.path])}
    folder = tmp_path / "run"
    process = subprocess.Popen([sys.executable, script, folder], env=environment)
    stage = int(wait_for(folder / "process"))
    process.kill()
    process.wait()
    for _ in range(200):
        if not is_running(stage):
            break
        time.sleep(0.05)
    assert not is_running(stage)
    (folder / "go").touch()
    manifest, _ = played(arithmetic(WAITING), folder)
    assert set(manifest["stages"]) == {"numbers", "waiting"}


def test_ctrl_c_in_a_terminal_asks_each_stage_once_to_stop(tmp_path):
    folder, script = tmp_path / "run", tmp_path / "script.py"
    script.write_text(
        "import signal, sys\nfrom pathlib import Path\nfrom pipelines.arithmetic import NOTING, arithmetic\n"
        "from agents.pipeline import run_pipeline\nif __name__ == '__main__':\n"
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    run_pipeline(arithmetic(NOTING, num_processes=2), output_dir=Path(sys.argv[1]))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PARTS), *sys.path])}
    process = subprocess.Popen(
        [sys.executable, script, folder], env=environment, start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    wait_for(folder / "process")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (folder / "signals").read_text() == "SIGTERM"
    assert "the same call goes on there" in errors
    assert list(json.loads((folder / "manifest.json").read_text())["stages"]) == ["numbers"]


def wait_for(path):
    for _ in range(2400):
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.05)
    raise TimeoutError(path)


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def test_stages_need_inputs_that_are_made_names_of_their_own_and_functions_that_can_be_found():
    with pytest.raises(ConfigError, match="must be STAGE/OUTPUT"):
        Pipeline(name="p", stages=(replace(SUM, inputs={"numbers": "nobody/samples"}),))
    with pytest.raises(ConfigError, match="two stages"):
        Pipeline(name="p", stages=(NUMBERS, NUMBERS))
    with pytest.raises(ConfigError, match="must stand in a module"):
        FunctionStage(name="own", function=lambda inputs, context: {}, inputs={})


def test_an_input_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="must be a SampleFile"):
        played(
            Pipeline(name="p", stages=(NUMBERS, SUM, replace(SUM, name="sum", inputs={"numbers": "total/report"}))),
            tmp_path,
        )


def test_inputs_that_go_round_are_refused(tmp_path):
    round_trip = Pipeline(
        name="p",
        stages=(
            FunctionStage(name="one", function=add_up, inputs={"numbers": "two/samples"}),
            FunctionStage(name="two", function=count_from_seed, inputs={"other": "one/report"}),
        ),
    )
    with pytest.raises(ConfigError, match="go round"):
        played(round_trip, tmp_path)


def test_an_artefact_outside_the_folder_of_its_stage_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="must lie in"):
        played(Pipeline(name="p", stages=(FunctionStage(name="outside", function=write_outside, inputs={}),)), tmp_path)


def write_outside(inputs, context):
    path = context.folder.parent / "elsewhere.json"
    path.write_text("1")
    return {"report": Report(path)}


def nothing_by_name(inputs, context):
    return context.folder


def a_path(inputs, context):
    return {"report": context.folder / "x.json"}


def nothing(inputs, context):
    return None


@pytest.mark.parametrize("function", [nothing, nothing_by_name, a_path])
def test_a_stage_that_returns_no_artefacts_is_told_what_it_should_return(function, tmp_path):
    stage = FunctionStage(name="own", function=function, inputs={})
    with pytest.raises(ConfigError, match="'own' must return its artefacts by name"):
        played(Pipeline(name="p", stages=(stage,)), tmp_path)


def test_a_pipeline_refuses_what_is_no_stage_names_that_are_taken_and_no_process():
    with pytest.raises(ConfigError, match="A stage has a name, inputs and run"):
        Pipeline(name="p", stages=(add_up,))
    for name in ("cache", "logs", "lock"):
        with pytest.raises(ConfigError, match=f"got '{name}'"):
            Pipeline(name="p", stages=(replace(NUMBERS, name=name),))
    for settings in ({"num_processes": 0}, {"num_threads": 0}):
        with pytest.raises(ConfigError, match="must be at least 1"):
            Pipeline(name="p", stages=(NUMBERS,), **settings)


def test_a_stage_is_not_both_chosen_and_skipped(tmp_path):
    for chosen in ({"only": ("total",)}, {"first": "total"}):
        with pytest.raises(ConfigError, match="both chosen and skipped"):
            played(arithmetic(), tmp_path, selection=Selection(skip=("total",), **chosen))

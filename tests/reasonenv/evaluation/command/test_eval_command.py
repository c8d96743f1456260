"""`python -m reasonenv eval` as users run it: killed and run again, scored anew, compared, and refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from areas import need, public_data
from openai_server import MODEL, save_chat_policy, serving
from without_modules import run_python_without

from reasonenv.__main__ import main
from reasonenv.evaluation.command.benchmarks import BENCHMARKS
from reasonenv.evaluation.command.recording import read_settings
from reasonenv.evaluation.command.running import Plan
from reasonenv.evaluation.samples import read_samples
from reasonenv.tables import resolve
from reasonenv.tasksets import TASK_SETS

SMALL = ("--num-tasks", "6", "--samples", "3", "--max-tokens", "12", "--template", "plain")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("command") / "policy"
    save_chat_policy(path)
    return path


@pytest.fixture(scope="module")
def finished(folder: Path, tmp_path_factory) -> Path:
    """Return the file of a finished evaluation of a checkpoint."""
    path = tmp_path_factory.mktemp("finished") / "checkpoint.jsonl"
    assert main(["eval", "chain_arithmetic", "--policy", str(folder), *SMALL, "--out", str(path)]) == 0
    return path


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "reasonenv", "eval", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def wait_for_lines(path: Path, num_lines: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < num_lines:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no response within a minute"
        time.sleep(0.005)


def test_one_killed_among_the_requests_goes_on_to_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    asked = ("--temperature", "1", "--model", MODEL)
    with serving(folder) as server:
        words = ["chain_arithmetic", "--base-url", server.url, *SMALL, *asked]
        assert main(["eval", *words, "--out", str(tmp_path / "whole.jsonl")]) == 0
        server.pause_seconds = 0.3
        path = tmp_path / "killed.jsonl"
        for num_lines in (2, 9):
            process = start(*words, "--out", str(path), "--endpoint.concurrency", "2")
            wait_for_lines(path, num_lines, process)
            process.kill()
            process.communicate()
        assert path.read_bytes() != (tmp_path / "whole.jsonl").read_bytes()
        with path.open("ab") as file:
            file.write(b'{"task_id": "chain_arithmetic/test/00005", "sam')
        time.sleep(1.0)  # what the killed one sent last has arrived
        server.pause_seconds, before = 0.0, len(server.bodies)
        num_there = len(read_samples(path))
        assert main(["eval", *words, "--out", str(path)]) == 0
        assert len(server.bodies) - before == 18 - num_there
        assert main(["eval", *words, "--out", str(path)]) == 0
        assert len(server.bodies) - before == 18 - num_there, "a finished evaluation asks nothing"
    assert path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert (tmp_path / "killed.settings.json").read_bytes() == (tmp_path / "whole.settings.json").read_bytes()


def test_one_goes_on_when_the_server_answers_at_another_address(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "moved.jsonl"
    words = ["eval", "chain_arithmetic", "--model", MODEL, *SMALL, "--out", str(path)]
    with serving(folder, [None] * 4 + [400] * 20) as server:
        assert main([*words, "--base-url", server.url]) == 2
    num_there = len(read_samples(path))
    assert num_there > 0
    with serving(folder) as server:
        assert main([*words, "--base-url", server.url]) == 0
        assert len(server.bodies) == 18 - num_there


def test_one_goes_on_when_the_checkpoint_and_the_tasks_have_moved(folder: Path, tmp_path: Path) -> None:
    moved, path = tmp_path / "moved", tmp_path / "out.jsonl"
    words = ["--num-tasks", "2", "--max-tokens", "8", "--template", "plain", "--out", str(path)]
    rows = public_data("gsm8k/test.jsonl")
    assert main(["eval", "gsm8k", "--policy", str(folder), "--tasks-path", str(rows), "--samples", "4", *words]) == 0
    before = path.read_bytes()
    shutil.copytree(folder, moved)
    shutil.copy(rows, tmp_path / "test.jsonl")
    assert main(["eval", "gsm8k", "--policy", str(moved), "--tasks-path", str(tmp_path / "test.jsonl"), *words]) == 0
    assert path.read_bytes() == before
    assert read_settings(path)["tasks"]["path"] == str(tmp_path / "test.jsonl")


def test_one_of_a_checkpoint_that_was_killed_goes_on_to_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    words = ["chain_arithmetic", "--policy", str(folder), *SMALL, "--checkpoint.num-rows", "6"]
    assert main(["eval", *words, "--out", str(tmp_path / "whole.jsonl")]) == 0
    path = tmp_path / "killed.jsonl"
    process = start(*words, "--out", str(path))
    wait_for_lines(path, 1, process)
    process.kill()
    process.communicate()
    lines = (tmp_path / "whole.jsonl").read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:7]))  # a moment that surely is in the middle
    assert main(["eval", *words, "--out", str(path)]) == 0
    assert path.read_bytes() == b"".join(lines)


def test_a_file_that_another_process_writes_is_left_alone(folder: Path, tmp_path: Path, capsys) -> None:
    with serving(folder) as server:
        server.pause_seconds = 0.3
        path = tmp_path / "shared.jsonl"
        words = ("chain_arithmetic", "--base-url", server.url, "--model", MODEL, *SMALL, "--out", str(path))
        process = start(*words, "--endpoint.concurrency", "2")
        wait_for_lines(path, 2, process)
        assert main(["eval", *words]) == 2
        server.pause_seconds = 0.0
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert f"Another process is writing to {path}: wait until it ends" in capsys.readouterr().err
    assert len(read_samples(path)) == 18


def test_ctrl_c_says_that_the_same_command_goes_on(folder: Path, tmp_path: Path) -> None:
    with serving(folder) as server:
        server.pause_seconds = 0.3
        path = tmp_path / "stopped.jsonl"
        words = ("chain_arithmetic", "--base-url", server.url, "--model", MODEL, *SMALL, "--out", str(path))
        process = start(*words, "--endpoint.concurrency", "2")
        wait_for_lines(path, 2, process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert f"Stopped. What was answered is saved in {path}: the same command goes on." in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        (("--seed", "1"), "sampling.seed 0 there, 1 here"),
        (("--temperature", "0.5"), "sampling.temperature 0.6 there, 0.5 here"),
        (("--samples", "4"), "num_samples 3 there, 4 here"),
        (("--num-tasks", "5"), "tasks.num_used 6 there, 5 here"),
        (("--template", "direct"), "template 'plain' there, 'direct' here"),
        (("--reward", "r1_zero"), "reward 'accuracy' there, 'r1_zero' here"),
        (("--completions",), "policy.form 'chat' there, 'text' here"),
    ],
)
def test_responses_made_with_other_settings_are_not_mixed(
    folder: Path, finished: Path, changed: tuple[str, ...], difference: str, capsys
) -> None:
    before = finished.read_bytes()
    words = ["chain_arithmetic", "--policy", str(folder), *SMALL, *changed, "--out", str(finished)]
    assert main(["eval", *words]) == 2
    assert difference in capsys.readouterr().err
    assert finished.read_bytes() == before


def test_other_weights_in_the_same_folder_are_not_mixed(tmp_path: Path, capsys) -> None:
    policy, path = tmp_path / "policy", tmp_path / "out.jsonl"
    words = ["eval", "chain_arithmetic", "--policy", str(policy), *SMALL, "--out", str(path)]
    save_chat_policy(policy, seed=1)
    assert main(words) == 0
    save_chat_policy(policy, seed=2)
    assert main(words) == 2
    assert "policy.hash" in capsys.readouterr().err


def test_a_mistake_before_the_first_response_is_corrected_by_the_next_command(folder: Path, tmp_path: Path) -> None:
    words = ["eval", "chain_arithmetic", "--policy", str(folder), *SMALL, "--out", str(tmp_path / "out.jsonl")]
    assert main([*words, "--checkpoint.engine", "decod"]) == 2
    assert main([*words, "--checkpoint.dtype", "float23"]) == 2
    assert main(words) == 0


def test_a_file_that_is_no_evaluation_is_left_alone(folder: Path, tmp_path: Path, capsys) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text("mine\n")
    assert main(["eval", "chain_arithmetic", "--policy", str(folder), *SMALL, "--out", str(path)]) == 2
    assert "is there already, without the settings of an evaluation" in capsys.readouterr().err
    assert path.read_text() == "mine\n"


def test_the_file_is_in_the_order_of_tasks_and_samples_and_every_line_tells_all(finished: Path) -> None:
    samples = read_samples(finished)
    assert [sample.key for sample in samples] == [
        (f"chain_arithmetic/test/{task:05}", sample) for task in range(6) for sample in range(3)
    ]
    assert {sample.status for sample in samples} == {"scored"}
    assert all(sample.prompt and sample.gold and sample.response_tokens for sample in samples)
    assert any(sample.is_truncated for sample in samples)


def test_json_has_the_summary_and_the_baselines(folder: Path, finished: Path, capsys) -> None:
    words = ["chain_arithmetic", "--policy", str(folder), *SMALL, "--out", str(finished), "--json"]
    assert main(["eval", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["num_problems"], found["num_samples"]) == (6, 18)
    assert set(found["pass@1"]) == {"value", "low", "high", "num_problems"}
    assert 0 < found["constant_answer"] < 1
    assert found["random_choice"] is None


def test_scoring_anew_is_the_same_as_scoring_at_once(folder: Path, finished: Path, tmp_path: Path, capsys) -> None:
    other, again = tmp_path / "at_once.jsonl", tmp_path / "anew.jsonl"
    words = ["chain_arithmetic", "--policy", str(folder), *SMALL, "--reward", "r1_zero", "--out", str(other)]
    assert main(["eval", *words]) == 0
    before = finished.read_bytes()
    assert main(["eval", "rescore", str(finished), "--reward", "r1_zero", "--out", str(again)]) == 0
    assert again.read_bytes() == other.read_bytes()
    assert (tmp_path / "anew.settings.json").read_bytes() == (tmp_path / "at_once.settings.json").read_bytes()
    assert finished.read_bytes() == before
    assert "format" in capsys.readouterr().out


def test_scoring_anew_refuses_a_file_of_which_responses_are_missing(finished: Path, tmp_path: Path, capsys) -> None:
    path = tmp_path / "part.jsonl"
    path.write_bytes(b"".join(finished.read_bytes().splitlines(keepends=True)[:4]))
    (tmp_path / "part.settings.json").write_bytes(finished.with_name("checkpoint.settings.json").read_bytes())
    assert main(["eval", "rescore", str(path), "--reward", "accuracy"]) == 2
    assert "holds 4 of 18 responses" in capsys.readouterr().err


def test_comparing_tells_the_difference_by_problem(finished: Path, tmp_path: Path, capsys) -> None:
    better = tmp_path / "better.jsonl"
    rows = [json.loads(line) for line in finished.read_text(encoding="utf-8").splitlines()]
    right = [row | {"is_right": row["is_right"] or row["task_id"].endswith(("1", "3"))} for row in rows]
    better.write_text("".join(f"{json.dumps(row)}\n" for row in right), encoding="utf-8")
    assert main(["eval", "compare", str(finished), str(better), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["paired"]["num_better"], found["paired"]["num_worse"]) == (2, 0)
    assert found["second"]["value"] > found["first"]["value"]
    assert main(["eval", "compare", str(finished), str(better)]) == 0
    assert "second − first" in capsys.readouterr().out


def test_contaminated_tasks_are_counted(folder: Path, tmp_path: Path, capsys) -> None:
    tasks = [
        {"prompt": f"{name} has seven red apples and buys four green ones from the shop, how many?", "answer": 11}
        for name in ("Ann", "Bob")
    ]
    (tmp_path / "tasks.jsonl").write_text("".join(f"{json.dumps(task)}\n" for task in tasks))
    trained = {"messages": [{"role": "user", "content": f"Q: ANN {tasks[0]['prompt'][4:]}"}]}
    (tmp_path / "trained.jsonl").write_text(json.dumps(trained) + "\n")
    words = ["eval", str(tmp_path / "tasks.jsonl"), "--policy", str(folder), "--max-tokens", "8", "--json"]
    extra = ["--contamination", str(tmp_path / "trained.jsonl"), "--out", str(tmp_path / "out.jsonl")]
    assert main([*words, *extra]) == 0
    found = json.loads(capsys.readouterr().out)["contamination"]
    assert found["num_tasks"] == 2, "the ten words behind the name are shared by both"
    assert found["task_ids"] == ["tasks/all/00000", "tasks/all/00001"]
    assert found["pass@1 of the others"]["num_problems"] == 0


def test_training_texts_that_cannot_be_read_are_an_error_before_anybody_is_asked(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "trained.jsonl").write_text('{"text": "half a')
    words = ["eval", "chain_arithmetic", "--policy", str(folder), *SMALL, "--out", str(tmp_path / "out.jsonl")]
    assert main([*words, "--contamination", str(tmp_path / "trained.jsonl")]) == 2
    assert not (tmp_path / "out.jsonl").exists()


def test_a_greedy_evaluation_says_why_it_asks_once() -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=1, temperature=0)
    assert (plan.num_samples, plan.source) == (1, "greedy")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["chain_arithmetic"], "Give either --policy"),
        (["chain_arithmetic", "--policy", "x", "--base-url", "http://h/v1"], "Give either --policy"),
        (["chain_arithmetic", "--base-url", "http://h/v1"], "--base-url needs --model"),
        (["gsm8kk", "--policy", "{folder}"], "Unknown benchmark or task set 'gsm8kk'. Did you mean 'gsm8k'?"),
        (["gpqa", "--policy", "{folder}"], "give your own copy by --tasks-path FILE"),
        (["chain_arithmetic", "--policy", "{folder}", "--temperature", "-1"], "temperature must be 0 (greedy) or"),
        (["chain_arithmetic", "--policy", "{folder}", "--temperature", "0", "--samples", "2"], "would be equal"),
        (["chain_arithmetic", "--policy", "{folder}", "--num-tasks", "0"], "num_tasks must be at least 1"),
        (["chain_arithmetic", "--policy", "{folder}", "--reward", "acuracy"], "Did you mean 'accuracy'?"),
        (["chain_arithmetic", "--policy", "{folder}", "--tasks-path", "x"], "--tasks-path is for public data sets"),
        (["chain_arithmetic", "--policy", "{folder}", "--out", "{folder}"], "is a folder"),
        (
            ["chain_arithmetic", "--policy", "{folder}", "--out", "{folder}/out.jsonl"],
            "is in the folder of the checkpoint",
        ),
        (["chain_arithmetic", "--policy", "no/such/folder"], "there is no such folder"),
        (["chain_arithmetic", "--policy", "{folder}"], "do not fit into the model's context of 4096 tokens"),
        (["procedural_mixed", "--policy", "{folder}"], "name one by --reward"),
        (["rescore", "no.jsonl", "--reward", "accuracy"], "has no readable settings beside it"),
        (["compare", "no.jsonl", "no.jsonl"], "No such file"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    folder: Path, words: list[str], message: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["eval", *(word.format(folder=folder) for word in words)]) == 2
    assert message in capsys.readouterr().err


def test_help_names_the_benchmarks_where_one_is_to_be_given(capsys) -> None:
    assert main(["eval", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", "").split())
    assert "[OPTIONS] BENCHMARK" in shown
    assert f"BENCHMARK One of {', '.join(BENCHMARKS)}; any other task set" in shown


@pytest.mark.parametrize("module", ["tyro", "rich", "httpx"])
def test_without_its_extra_the_command_names_it(module: str, tmp_path: Path) -> None:
    words = ("eval", "chain_arithmetic", "--base-url", "http://127.0.0.1:9/v1", "--model", "m")
    done = run_python_without([module], "-m", "reasonenv", *words, "--out", str(tmp_path / "out.jsonl"))
    assert done.returncode == 2
    assert f"'{module}' is not installed. Run: pip install \"reasonenv[eval]\"" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_learners_a_checkpoint_names_their_distribution(tmp_path: Path) -> None:
    words = ("eval", "chain_arithmetic", "--policy", str(tmp_path))
    done = run_python_without(["agents"], "-m", "reasonenv", *words, "--out", str(tmp_path / "runs" / "out.jsonl"))
    assert done.returncode == 2
    assert 'Run: pip install "reasonenv-agents"' in done.stderr


def test_every_benchmark_is_of_a_task_set_and_every_public_one_that_can_be_scored_has_a_benchmark() -> None:
    from reasonenv.tasksets import DATA_SETS

    named = {benchmark.tasks for benchmark in BENCHMARKS.values()}
    assert {name for name in named if not resolve(TASK_SETS, name, kind="task set")} == set()
    assert set(DATA_SETS) - named == {"numina_tir", "bespoke_stratos"}, "what is not a benchmark is trained on"


@pytest.mark.parametrize(
    ("name", "file", "num_tasks"),
    [
        ("gsm8k", "gsm8k/test.jsonl", 1319),
        ("math500", "math500/test.jsonl", 500),
        ("humaneval", "humaneval/HumanEval.jsonl.gz", 164),
        ("truthful_qa", "truthfulqa/TruthfulQA.csv", 790),
    ],
)
def test_benchmarks_read_their_own_files(name: str, file: str, num_tasks: int) -> None:
    plan = Plan.of(name, tasks_path=public_data(file))
    assert abs(len(plan.tasks) - num_tasks) <= 30
    assert (plan.sampling.temperature, plan.sampling.top_p, plan.sampling.max_tokens) == (0.6, 0.95, 32_768)
    assert plan.num_samples == BENCHMARKS[name].num_samples


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("gsm8k", "gsm8k/test.jsonl"),
        ("math500", "math500/test.jsonl"),
        ("truthful_qa", "truthfulqa/TruthfulQA.csv"),
        ("humaneval", "humaneval/HumanEval.jsonl.gz"),
        ("mbpp", "mbpp/mbpp.jsonl"),
    ],
)
def test_gold_responses_to_a_benchmark_are_all_right(name: str, file: str, tmp_path: Path, monkeypatch, capsys) -> None:
    if name in ("humaneval", "mbpp"):
        need("sandbox")
    (tmp_path / "gold_policy.py").write_text(
        "from reasonenv.evaluation.command.policy import Reply\n"
        "from reasonenv.tasksets import gold_response\n"
        "class Gold:\n"
        "    identity = {'answers': 'gold'}\n"
        "    def respond(self, questions, is_wanted, sampling, keep):\n"
        "        for question in filter(is_wanted, questions):\n"
        "            keep(question, Reply(text=gold_response(question.task)))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    words = ["eval", name, "--tasks-path", str(public_data(file)), "--policy", "gold_policy:Gold"]
    assert main([*words, "--num-tasks", "8", "--samples", "2", "--out", str(tmp_path / "out.jsonl"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pass@1"]["value"], found["pass@1"]["num_problems"]) == (1.0, 8)
    assert (found["random_choice"] is not None) == (name == "truthful_qa")
    assert (found["constant_answer"] is None) == (name in ("humaneval", "mbpp"))

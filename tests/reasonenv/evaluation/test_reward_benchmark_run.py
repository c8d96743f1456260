"""Graders that misbehave in every way, the counts that come of it, the report, and the command."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from areas import browser, need, needs
from rich.console import Console

from reasonenv.__main__ import main
from reasonenv.errors import UnknownNameError
from reasonenv.evaluation.reward_benchmark import (
    BenchmarkResult,
    Exploit,
    GraderLoadError,
    GraderSpec,
    LabelledResponse,
    Outcome,
    OutcomeStatus,
    benchmark_rewards,
    parse_grader,
    print_table,
    write_report,
)
from reasonenv.evaluation.reward_benchmark.figures import figures
from reasonenv.evaluation.reward_benchmark.processes import GraderProcess, GraderRun, RunSettings, run_grader
from reasonenv.evaluation.reward_benchmark.report import render_page, visible
from reasonenv.evaluation.reward_benchmark.results import Confusion, Rate, judge

GRADERS = """
import os, time
from reasonenv.rewards import rule

calls = 0

def plain(gold, response):
    if response == "hang":
        time.sleep(1000)
    if response == "raise":
        raise KeyError("no")
    if response == "die":
        os._exit(3)
    return None if response == "abstain" else float(gold == response)

def trl(prompts, completions, completion_ids, solution, answer, **columns):
    assert len(prompts) == len(completion_ids)
    assert all(len(c) == 1 and c[0]["role"] == "assistant" for c in completions)
    print("noise on standard output")
    return [float(c[0]["content"] == gold) for c, gold in zip(completions, answer)]

def trl_text(prompts, completions, completion_ids, ground_truth, **columns):
    return [float(c == gold) for c, gold in zip(completions, ground_truth)]

def verl(data_source, solution_str, ground_truth, extra_info=None):
    return {"score": float(solution_str == ground_truth), "extra": 1}

def drifting(prompts, completions, completion_ids, **columns):
    return [1.0 if len(completions) == 1 else 0.0 for _ in completions]

def dying(prompts, completions, completion_ids, **columns):
    if len(completions) > 1:
        os._exit(3)
    return [0.0]

def short(prompts, completions, completion_ids, **columns):
    return []

@rule("same")
def same(task, response):
    return float(task.reference.answer == response)
"""


def case(number: int, gold: str, response: str, is_correct: bool) -> LabelledResponse:
    return LabelledResponse(
        case_id=f"case/{number}", answer_type="word", rule="", gold=gold, answer=response, response=response,
        is_correct=is_correct,
    )  # fmt: skip


CASES = [case(0, "a", "a", True), case(1, "a", "b", False), case(2, "a", "A", True), case(3, "b", "b", False)]
ATTEMPTS = [
    Exploit(exploit_id="x/1", kind="x", gold="</script>", response="</script>", attempt="closes a script", expected=0),
    Exploit(exploit_id="x/2", kind="x", gold="a", response="b", attempt="is something else", expected=1),
    Exploit(exploit_id="x/3", kind="y", gold="\ud800", response="\ud800", attempt="a surrogate", expected=None),
]


@pytest.fixture
def graders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module of graders that can be imported."""
    (tmp_path / "graders_under_test.py").write_text(GRADERS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "graders_under_test"


@pytest.fixture
def result(graders: str) -> BenchmarkResult:
    names = [f"plain:{graders}:plain", f"trl:{graders}:drifting"]
    return benchmark_rewards(names, cases=CASES, attempts=ATTEMPTS)


@pytest.mark.parametrize(
    "name", ["plain:{}:plain", "trl:{}:trl", "trl-text:{}:trl_text", "verl:{}:verl", "reward:{}:same"]
)
def test_every_convention_scores_alike(graders, name):
    run = run_grader(parse_grader(name.format(graders)), ["a", "a", "b"], ["a", "b", "b"])
    assert [outcome.score for outcome in run.outcomes] == [1.0, 0.0, 1.0]
    assert [outcome.score for outcome in run.shuffled] == [1.0, 0.0, 1.0]
    assert run.import_seconds > 0


def test_hangs_exceptions_deaths_and_abstentions_are_told_apart_and_the_next_response_is_scored(graders):
    responses = ["hang", "raise", "die", "abstain", "a"]
    run = run_grader(parse_grader(f"plain:{graders}:plain"), ["a"] * 5, responses, RunSettings(timeout_seconds=0.5))
    statuses = [outcome.status for outcome in run.outcomes]
    assert statuses == ["hung", "raised", "died", "abstained", "scored"]
    assert "KeyError" in run.outcomes[1].reason
    assert [outcome is None for outcome in run.shuffled] == [True, True, True, False, False]


def test_wrong_number_of_scores_is_an_exception_of_the_grader(graders):
    with GraderProcess(parse_grader(f"trl:{graders}:short")) as process:
        (outcome,) = process.call(["a"], ["a"], timeout_seconds=5)
    assert outcome.status is OutcomeStatus.RAISED


def test_closing_leaves_no_process_behind(graders):
    process = GraderProcess(parse_grader(f"plain:{graders}:plain"))
    identifier = process._process.process_id
    process.close()
    with pytest.raises(ProcessLookupError):
        os.kill(identifier, 0)


def test_a_grader_that_cannot_be_loaded_is_named_with_its_error():
    with pytest.raises(GraderLoadError, match=r"no_such_module.*ModuleNotFoundError"):
        GraderProcess(parse_grader("plain:no_such_module:score"))


def test_unknown_names_get_the_closest_one():
    with pytest.raises(UnknownNameError, match="Did you mean 'accuracy'"):
        parse_grader("acuracy")
    with pytest.raises(UnknownNameError, match="Did you mean 'verl'"):
        parse_grader("vrl:module:score")


@pytest.mark.parametrize("name", ["plain:module", "trl:module:", "accuracy@much", "accuracy@nan"])
def test_malformed_names_are_refused(name):
    with pytest.raises(ValueError, match=name.partition("@")[0]):
        parse_grader(name)


def test_counts_are_those_of_the_decisions(result):
    grader = result.graders[0]
    assert (grader.overall.precision.num, grader.overall.precision.total) == (1, 2)
    assert (grader.overall.recall.num, grader.overall.recall.total) == (1, 2)
    assert (grader.false_positives, grader.false_negatives) == (["case/3"], ["case/2"])
    assert (grader.overall.false_positives.num, grader.overall.false_positives.total) == (1, 2)
    assert (grader.overall.false_negatives.num, grader.overall.false_negatives.total) == (1, 2)
    assert (grader.exploits_rewarded, grader.honest_refused, grader.policy_accepted) == (["x/1"], ["x/2"], ["x/3"])
    assert grader.drift == []


def test_rates_of_a_confusion_are_those_of_their_definitions():
    confusion = Confusion.of([True, True, True, False, False], [True, True, False, True, False])
    rates = (confusion.precision, confusion.recall, confusion.false_positives, confusion.false_negatives)
    assert [(rate.num, rate.total) for rate in rates] == [(2, 3), (2, 3), (1, 2), (1, 3)]


def judged(seconds: list[float], scores: list[float], threshold: float = 0.5):
    """What is said of a grader that answered one right case after the other in these times with these scores."""
    cases = [case(number, "a", "a", True) for number in range(len(seconds))]
    outcomes = [Outcome(OutcomeStatus.SCORED, score, time) for score, time in zip(scores, seconds, strict=True)]
    spec = GraderSpec("plain:m:f", "plain", "m:f", threshold)
    return judge(spec, GraderRun(outcomes, outcomes, 0.1), cases, [], label="f")


def test_latencies_are_those_of_the_nearest_rank():
    grader = judged([float(seconds) for seconds in range(10, 0, -1)], [1.0] * 10)
    assert (grader.latency_p50_seconds, grader.latency_p99_seconds, grader.latency_max_seconds) == (5.0, 10.0, 10.0)
    assert grader.latency_percentiles_seconds[:12] == [1.0] * 11 + [2.0]
    assert grader.responses_per_second == 10 / 55


def test_score_that_reaches_the_threshold_is_accepted():
    grader = judged([1.0, 1.0], [2.0, 1.99], threshold=2.0)
    assert (grader.overall.recall.num, grader.false_negatives) == (1, ["case/1"])


def test_plot_of_exploits_counts_those_that_must_not_be_paid(result):
    more = {"x/4": replace(ATTEMPTS[0], exploit_id="x/4"), "x/5": replace(ATTEMPTS[0], exploit_id="x/5", expected=None)}
    plot = figures(replace(result, exploits={**result.exploits, **more}))["exploits"]
    assert plot["data"][0]["y"] == ["x (2)"]


def test_a_score_that_depends_on_the_batch_is_drift(result):
    assert {drift.item_id for drift in result.graders[1].drift} == set(result.cases) | set(result.exploits)


def test_agreement_is_the_share_of_equal_decisions(result):
    assert result.agreement == [[1, 4 / 7], [4 / 7, 1]]


def test_rate_without_trials_is_not_a_number():
    assert math.isnan(Rate.of(0, 0).value)
    assert Rate.of(95, 100).low == pytest.approx(0.888, abs=1e-3)


def test_invalid_requests_are_refused():
    for arguments in (
        {"graders": []},
        {"graders": ["accuracy"] * 2},
        {"timeout_seconds": 0},
        {"num_processes": 0},
        {"cases": [CASES[0], CASES[0]]},
        {"cases": [], "attempts": []},
    ):
        with pytest.raises(ValueError, match=r"Expected|must be positive|id of its own"):
            benchmark_rewards(**arguments)


def test_table_shows_every_grader(result):
    console = Console(width=200, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    print_table(result, console)
    console.file.close()
    text = console.export_text()
    assert all(grader.label in text for grader in result.graders)
    assert "exploits rewarded" in text


def test_page_is_self_contained_and_escapes_what_responses_say(result, tmp_path):
    data, page = write_report(result, tmp_path / "report")
    html = page.read_text(encoding="utf-8")
    assert "&lt;/script&gt;" in html
    head, _, rest = html.partition("<script>")
    own = head + rest.partition("</script>")[2]
    assert [part for part in ("<script src", "<link", "@import", "http:", "https:") if part in own] == []
    assert json.loads(data.read_text(encoding="utf-8"))["graders"][0]["exploits_rewarded"] == ["x/1"]


def test_a_kind_of_exploit_cannot_close_the_script_that_draws_it(result):
    hostile = replace(result.exploits["x/1"], kind="</script><b>")
    assert "</script><b>" not in render_page(replace(result, exploits={**result.exploits, "x/1": hostile}))


def test_text_that_nobody_sees_is_shown_as_escapes():
    assert visible("a\u202e\ud800\n") == "a\\u202e\\ud800\\n"
    assert len(visible("x" * 10**6)) < 300


@needs("chromium")
def test_page_draws_every_plot_in_a_real_browser_without_network(result, tmp_path):
    _, page = write_report(result, tmp_path / "report")
    picture = tmp_path / "page.png"
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=10000", "--window-size=1280,3000",
    ]  # fmt: skip
    shown = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True, timeout=300
    )
    names = list(figures(result))
    assert len(names) == 6
    drawn = [name for name in names if f'class="plot js-plotly-plot" id="{name}"' in shown.stdout]
    assert drawn == names
    subprocess.run([*command, f"--screenshot={picture}", page.as_uri()], capture_output=True, check=True, timeout=300)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 50_000


def test_a_plot_that_would_be_empty_is_a_sentence(graders, tmp_path):
    nothing_paid = benchmark_rewards([f"plain:{graders}:plain"], cases=CASES, attempts=ATTEMPTS[1:])
    assert set(figures(nothing_paid)) == {"overall", "missed", "accepted", "latency"}
    _, page = write_report(nothing_paid, tmp_path)
    assert 'id="exploits"' not in page.read_text(encoding="utf-8")


def test_kinds_of_exploits_that_nobody_paid_are_named(result, tmp_path):
    attempts = {**result.exploits, "z/1": replace(ATTEMPTS[0], exploit_id="z/1", kind="z")}
    _, page = write_report(replace(result, exploits=attempts), tmp_path)
    assert "Paid by no grader: z (1)." in page.read_text(encoding="utf-8")


def test_graders_are_shown_by_the_last_part_of_their_name_where_it_tells_them_apart(graders, result):
    assert [grader.label for grader in result.graders] == ["plain", "drifting"]
    alike = benchmark_rewards([f"verl:{graders}:verl", f"plain:{graders}:verl@0.7"], cases=CASES[:1], attempts=[])
    assert [grader.label for grader in alike.graders] == [f"verl:{graders}:verl", f"plain:{graders}:verl"]


def test_long_responses_are_written_by_their_ends(graders, tmp_path):
    long = replace(ATTEMPTS[0], response="a" * 1000 + "b" * 1000)
    written, _ = write_report(benchmark_rewards([f"plain:{graders}:plain"], cases=[], attempts=[long]), tmp_path)
    response = json.loads(written.read_text(encoding="utf-8"))["exploits"]["x/1"]["response"]
    assert response == "a" * 200 + " […1,600 characters…] " + "b" * 200


def test_rewards_of_trl_are_graders(tmp_path):
    need("trl")
    names = ("accuracy_reward", "reasoning_accuracy_reward", "think_format_reward")
    responses = [r"<think>a</think> \boxed{5}", r"<think>\boxed{5}</think> none", r"\boxed{6}"]
    scores = [
        [
            outcome.score
            for outcome in run_grader(parse_grader(f"trl:trl.rewards:{name}"), ["5"] * 3, responses).outcomes
        ]
        for name in names
    ]
    assert scores == [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]


@pytest.mark.parametrize("num_processes", [1, 2, 5])
def test_outcomes_come_in_the_order_of_the_responses(graders, num_processes):
    golds = ["a", "b", "c"]
    run = run_grader(
        parse_grader(f"plain:{graders}:plain"), golds, ["a", "x", "c"], RunSettings(num_processes=num_processes)
    )
    assert [outcome.score for outcome in run.outcomes] == [1.0, 0.0, 1.0]


def test_command_measures_a_file_and_writes_the_report(graders, tmp_path, capsys):
    data = tmp_path / "cases.jsonl"
    rows = [{"gold": "a", "response": "a", "label": 1}, {"gold": "a", "response": "b", "expected": 0}]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    arguments = ["--reward", f"plain:{graders}:plain", "--data", str(data), "--output-dir", str(tmp_path / "out")]
    assert main(["bench-rewards", *arguments]) == 0
    assert "precision" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"results.json", "report.html"}


def test_command_says_what_is_wrong(capsys):
    assert main(["bench-reward"]) == 2
    assert "Did you mean 'bench-rewards'? Known: bench-rewards, doctor, eval, list, show." in capsys.readouterr().err
    assert main(["--help"]) == 0


def run_without_tyro(*arguments):
    program = (
        "import sys; sys.modules['tyro'] = None\nfrom reasonenv.__main__ import main\n"
        f"sys.exit(main({list(arguments)}))"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_command_names_the_extra_that_is_missing_in_one_sentence():
    done = run_without_tyro("bench-rewards")
    assert done.returncode == 2
    assert done.stderr == "error: 'tyro' is not installed. Run: pip install \"reasonenv[report]\"\n"


@pytest.mark.parametrize(("arguments", "status"), [((), 0), (("--help",), 0), (("doctor", "-h"), 0), (("docter",), 2)])
def test_a_bare_install_lists_the_commands(arguments, status):
    done = run_without_tyro(*arguments)
    assert done.returncode == status
    assert "bench-rewards" in done.stderr
    assert "doctor" in done.stderr


def test_doctor_works_in_a_bare_install():
    done = run_without_tyro("doctor")
    assert done.returncode in (0, 1)
    assert "seccomp" in done.stdout


def test_a_batch_that_stops_is_lost_and_no_drift(graders):
    grader = benchmark_rewards([f"trl:{graders}:dying"], cases=CASES, attempts=ATTEMPTS).graders[0]
    assert (grader.num_lost_in_batches, grader.drift) == (len(CASES) + len(ATTEMPTS), [])
    assert math.isnan(grader.responses_per_second)

"""What can be benchmarked beside mathematics: questions, printed outputs and chains of thought, by any reward."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter

import pytest

from reasonenv.__main__ import main
from reasonenv.errors import TaskDataError, UnknownNameError
from reasonenv.evaluation.reward_benchmark import benchmark_rewards, load_cases
from reasonenv.evaluation.reward_benchmark.cases import REWARD_OF, domain_cases
from reasonenv.evaluation.reward_benchmark.cases.forms import FORMS
from reasonenv.evaluation.reward_benchmark.cases.programs import OUTPUTS
from reasonenv.evaluation.reward_benchmark.report import kind_table, render_page
from reasonenv.evaluation.reward_benchmark.types import TargetLanguage, task_of, text_of
from reasonenv.rewards import load_reward
from reasonenv.types import Attempt, QAReference

OWN = """
def accepts_all(gold, response):
    return 1.0

def by_text(gold, response):
    return float(gold in response)
"""
TWELVE = {
    "worked out", "announcement", "control tokens", "opened thinking", "collection", "unit", "name", "algebra",
    "notation", "provoked failure",
}  # fmt: skip
DOMAINS = sorted(REWARD_OF)


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_graders.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "own_graders"


def scores_of(domain):
    """Return id → (what was expected, what the domain's own reward gave)."""
    found = domain_cases(domain)
    rows = [(case.case_id, case.gold, case.response, int(case.is_correct)) for case in found.cases]
    rows += [(one.exploit_id, one.gold, one.response, one.expected) for one in found.attempts]
    reward = load_reward(REWARD_OF[domain])
    paid = reward.score([Attempt(task=task_of(gold), response=response) for _, gold, response, _ in rows])
    return {name: (expected, score.total) for (name, _, _, expected), score in zip(rows, paid, strict=True)}


@pytest.mark.parametrize("domain", DOMAINS)
def test_own_reward_pays_nothing_wrong(domain):
    wrong = [name for name, (expected, score) in scores_of(domain).items() if expected == 0 and not score < 0.5]
    assert wrong == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_own_reward_pays_nearly_all_that_is_right(domain):
    right = [score for expected, score in scores_of(domain).values() if expected == 1]
    assert sum(score >= 0.5 for score in right) >= 0.99 * len(right) > 0


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_domain_has_right_and_wrong_rows_with_ids_of_their_own(domain):
    found = domain_cases(domain)
    ids = [case.case_id for case in found.cases] + [one.exploit_id for one in found.attempts]
    assert len(set(ids)) == len(ids)
    assert {case.is_correct for case in found.cases} == {True, False}


def test_each_kind_of_form_has_honest_rows_and_wrong_ones():
    assert FORMS.keys() == TWELVE
    for kind, rows in FORMS.items():
        labels = Counter(expected for _, _, _, expected in rows)
        assert labels[0] >= 3, kind
        assert labels[1] >= 2 or kind == "provoked failure", kind


def test_labels_of_outputs_hold_by_an_independent_comparison():
    def is_right(expected, printed, comparison):
        if comparison.absolute_tolerance or comparison.relative_tolerance:
            first, second = ([line.split() for line in text.splitlines()] for text in (expected, printed))
            if [len(line) for line in first] != [len(line) for line in second]:
                return False
            words = [pair for x, y in zip(first, second, strict=True) for pair in zip(x, y, strict=True)]
            if any(re.fullmatch(r"\d+", a) and re.fullmatch(r"\d+", b) and a != b for a, b in words):
                return False  # whole numbers are exact
            pairs = [(float(a), float(b)) for a, b in words]
            bounds = [max(comparison.absolute_tolerance, comparison.relative_tolerance * abs(a)) for a, _ in pairs]
            return all(abs(a - b) <= bound for (a, b), bound in zip(pairs, bounds, strict=True))
        if comparison.whitespace == "exact":
            return expected == printed
        if comparison.whitespace == "tokens":
            return expected.split() == printed.split()
        return re.sub(r"[ \t]+(?=\n|$)", "", expected).rstrip("\n") == re.sub(r"[ \t]+(?=\n|$)", "", printed).rstrip("\n")  # fmt: skip  # noqa: E501

    for rows in OUTPUTS.values():
        for expected, printed, attempt, label, comparison in rows:
            assert is_right(expected, printed, comparison) == bool(label), attempt


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_function_of_the_readers_own_is_measured_on_every_domain(own, domain):
    found = domain_cases(domain)
    right = next(case for case in found.cases if case.is_correct)
    wrong = next(case for case in found.cases if not case.is_correct)
    result = benchmark_rewards(
        [f"plain:{own}:accepts_all", f"plain:{own}:by_text"], domain=domain, cases=[right, wrong], attempts=[]
    )
    assert result.graders[0].false_positives == [wrong.case_id]
    assert not result.graders[1].exceptions
    assert result.provenance["domain"] == domain
    assert wrong.case_id.partition("/")[0] in render_page(result)


def test_the_domains_own_reward_runs_in_its_process_where_none_is_named():
    found = domain_cases("code")
    result = benchmark_rewards(domain="code", cases=found.cases[:4])
    assert [grader.name for grader in result.graders] == ["code_all_passed"]
    assert (result.graders[0].false_positives, result.graders[0].false_negatives) == ([], [])
    assert not result.graders[0].exceptions


def test_table_has_a_row_for_each_kind_of_exploit(own):
    found = domain_cases("questions")
    attempts = [one for one in found.attempts if one.kind in ("letter", "constraint")]
    result = benchmark_rewards([f"plain:{own}:accepts_all"], domain="questions", cases=[], attempts=attempts)
    counts = Counter((one.kind, one.expected) for one in attempts)
    assert kind_table(result) == {
        kind: [f"{counts[kind, 0]}/{counts[kind, 0]}  0/{counts[kind, 1]}"] for kind in ("letter", "constraint")
    }
    assert "By kind of exploit" in render_page(result)


def test_gold_answers_of_a_file_are_those_of_the_domain(tmp_path):
    path = tmp_path / "cases.jsonl"
    choice = {"kind": "choice", "answers": ["B"], "choices": ["iron", "zinc"]}
    rows = [{"gold": "Paris", "response": "Paris", "label": 1}, {"gold": choice, "response": "B", "label": 1}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    cases, _ = load_cases(path, domain="questions")
    assert [case.gold for case in cases] == [
        QAReference(kind="short", answers=("Paris",)),
        QAReference(kind="choice", answers=("B",), choices=("iron", "zinc")),
    ]
    path.write_text(json.dumps({"gold": "de", "response": "<think>Ja.</think>", "expected": 1}), encoding="utf-8")
    _, attempts = load_cases(path, domain="language")
    assert attempts[0].gold == TargetLanguage("de")
    path.write_text(json.dumps({"gold": "7\n", "response": "print(7)", "expected": 1}), encoding="utf-8")
    _, attempts = load_cases(path, domain="code")
    assert text_of(attempts[0].gold) == "7\n"


@pytest.mark.parametrize("gold", [5, None, {"sort": "choice"}, ["B"]])
def test_a_gold_answer_that_no_question_has_is_named_with_its_line(tmp_path, gold):
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps({"gold": gold, "response": "B", "label": 1}) + "\n", encoding="utf-8")
    with pytest.raises(TaskDataError, match=r"cases\.jsonl line 1: .*gold"):
        load_cases(path, domain="questions")


def test_an_unknown_domain_gets_the_closest_name():
    with pytest.raises(UnknownNameError, match="Did you mean 'questions'"):
        benchmark_rewards(domain="question")


def test_command_measures_another_domain(own, tmp_path, capsys):
    data = tmp_path / "cases.jsonl"
    data.write_text(json.dumps({"gold": "zinc", "response": "lead", "expected": 0}) + "\n", encoding="utf-8")
    arguments = ["--reward", f"plain:{own}:accepts_all", "--data", str(data), "--output-dir", str(tmp_path / "out")]
    assert main(["bench-rewards", "--domain", "questions", *arguments]) == 0
    assert "Exploits by kind" in capsys.readouterr().out


def test_peer_that_is_not_installed_says_so():
    program = "benchmarks/rewards/peer_graders.py"
    command = [sys.executable, "-S", program, "inspect-ai math"]
    done = subprocess.run(command, input="[]", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "ModuleNotFoundError: No module named 'inspect_ai'\n")

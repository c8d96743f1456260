from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from trajectories import make_trajectory, make_ungraded

from agents.rollout.metrics import rollout_metrics, rollout_rows
from reasonenv.types import AssertTests, CallTests, CodeReference, MathReference, QAReference, StdinTests


def test_rollout_metrics_golden_numbers():
    trajectories = [
        make_trajectory(group_id=0, reward=1.0),
        make_trajectory(group_id=0, reward=0.0, reward_components={"accuracy": 0.0}, is_stopped=False),
        make_trajectory(group_id=1, reward=0.5, token_ids=(7, 1), loss_mask=(0, 1), behavior_logprobs=(0.0, -3.0)),
        make_ungraded(group_id=1),
    ]
    assert rollout_metrics(trajectories) == pytest.approx(
        {
            "rollout/reward": 0.5,
            "rollout/accuracy": 2 / 3,
            "rollout/format": 0.0,
            "rollout/response_tokens": 10 / 4,
            "rollout/stopped_share": 3 / 4,
            "rollout/zero_variance_share": 1 / 2,
            "rollout/grader_failed_share": 1 / 4,
            "rollout/grader_failed_group_share": 1 / 2,
            "rollout/entropy": (3 * 1.75 + 3) / 10,
            "rollout/tokens": 10.0,
        }
    )


def test_without_a_score_means_are_not_numbers_and_the_failures_are_counted():
    metrics = rollout_metrics([make_ungraded(), make_ungraded()])
    assert math.isnan(metrics["rollout/reward"])
    assert math.isnan(metrics["rollout/zero_variance_share"])
    assert metrics["rollout/grader_failed_share"] == 1
    assert metrics["rollout/response_tokens"] == 3


def test_without_trajectories_means_are_not_numbers():
    metrics = rollout_metrics([])
    assert metrics.pop("rollout/tokens") == metrics.pop("rollout/entropy") == 0
    assert all(math.isnan(value) for value in metrics.values())


def test_rewards_are_also_kept_by_domain():
    math_ = [make_trajectory(domain="math", reward=reward, reward_components={"accuracy": reward}) for reward in (0, 1)]
    general = make_trajectory(domain="general", reward=3.0, reward_components={"helpfulness": 3.0})
    metrics = rollout_metrics([*math_, general, make_ungraded(domain="general"), make_trajectory()])
    assert {name: value for name, value in metrics.items() if name.startswith("domain/")} == {
        "domain/general/reward": 3.0,
        "domain/general/helpfulness": 3.0,
        "domain/math/reward": 0.5,
        "domain/math/accuracy": 0.5,
    }


def test_a_domain_of_which_nothing_was_scored_has_no_row():
    metrics = rollout_metrics([make_trajectory(domain="math"), make_ungraded(domain="code")])
    assert not any(name.startswith("domain/code") for name in metrics)


def test_a_row_of_the_rollout_file_keeps_what_was_seen_said_and_scored():
    scored, ungraded = rollout_rows(5, [make_trajectory(), make_ungraded(group_id=1)])
    assert scored == {
        "step": 5,
        "task_id": "sum/train/00000",
        "domain": None,
        "group_id": 0,
        "prompt": "2+3=?",
        "responses": ("4", "5"),
        "messages": make_trajectory().messages,
        "reference": {"answer": "5"},
        "reward": 1.0,
        "reward_components": {"accuracy": 1.0, "format": 0.0},
        "reward_details": {"accuracy": {"status": "correct"}},
        "reward_status": "scored",
        "is_right": None,
        "prompt_tokens": 2,
        "response_tokens": 3,
        "finish_reason": "stop",
        "weights_version": 3,
    }
    assert math.isnan(ungraded["reward"])
    assert ungraded["reward_status"] == "grader_failed"


def test_every_key_of_a_row_is_in_the_table_of_the_documentation_and_no_other():
    text = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
    table = text.split("## `rollouts.jsonl`")[1].split("##")[0]
    documented = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
    assert documented == ["phase", *rollout_rows(0, [make_trajectory()])[0]]  # of runs with several phases


def test_a_conversation_of_one_response_is_not_written_twice():
    (row,) = rollout_rows(0, [make_trajectory(responses=("4",))])
    assert row["messages"] is None


def test_a_response_that_was_cut_says_so():
    (row,) = rollout_rows(0, [make_trajectory(is_stopped=False)])
    assert row["finish_reason"] == "length"


CALLS = CallTests("add", (((2, 3), 5), ((0, 0), 0)))


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        (MathReference(answer="5"), {"answer": "5"}),
        (
            QAReference(kind="choice", answers=("B",), choices=("one", "two")),
            {"kind": "choice", "answers": ["B"], "choices": ["one", "two"]},
        ),
        (
            QAReference(kind="constrained", constraints=("no_commas", "max_words 5")),
            {"kind": "constrained", "constraints": ["no_commas", "max_words 5"]},
        ),
        (CodeReference(tests=CALLS, reference_program="def add(a, b): return a + b"), {"tests": 2}),
        (CodeReference(tests=StdinTests((("1", "2"),))), {"tests": 1}),
        (CodeReference(tests=AssertTests("assert add(2, 3) == 5", ("add",))), {"tests": 1}),
        (("own", 3), {"tuple": ["own", 3]}),
        (None, None),
    ],
)
def test_the_gold_answer_is_json_and_of_tests_only_their_number(reference: object, shown: object):
    (row,) = rollout_rows(0, [make_trajectory(reference=reference)])
    assert json.loads(json.dumps(row))["reference"] == shown


def test_details_are_json_without_measured_times_and_without_components_that_say_nothing():
    details = {
        "code": {
            "num_passed": 1,
            "cpu_seconds": 0.25,
            "reference_cpu_seconds": 0.5,
            "odd": {
                1: {
                    2,
                }
            },
        },
        "format": {},
    }
    (row,) = rollout_rows(0, [make_trajectory(reward_details=details)])
    assert json.loads(json.dumps(row))["reward_details"] == {"code": {"num_passed": 1, "odd": {"1": "{2}"}}}


def test_share_of_right_answers_is_over_the_tasks_that_have_one_and_absent_without_any() -> None:
    verdicts = [True, False, False, None]
    metrics = rollout_metrics([make_trajectory(is_right=is_right, domain="math") for is_right in verdicts])
    assert metrics["rollout/right_share"] == metrics["domain/math/right_share"] == 1 / 3
    assert "rollout/right_share" not in rollout_metrics([make_trajectory()])

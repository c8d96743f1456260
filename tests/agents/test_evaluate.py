from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from scripted_engine import CODEC, ScriptedEngine, said

from agents.config import EvaluationConfig
from agents.evaluate import Evaluation, evaluate, evaluated_tasks, num_tasks_also_in
from agents.policies.tiny import build_tiny_policy
from agents.rollout.codec import TextCodec
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import RolloutEngine
from agents.seeds import derive_seed
from agents.types import Trajectory
from reasonenv.evaluation.intervals import wilson_interval
from reasonenv.rewards import CompositeReward, Reward, rule
from reasonenv.tasksets import TaskList, TaskSet, load_tasks
from reasonenv.types import MathReference, Score, Task
from reasonenv.vector import TextVectorEnv

ANSWERS = ["5", "5", "7", "9"]
LEVELS = [1, 2, 2, None]
TASKS = TaskList(
    "sums",
    "test",
    tuple(
        Task(
            task_id=f"sum/{index}",
            prompt=f"{index}?",
            reference=MathReference(answer=answer),
            metadata={} if level is None else {"difficulty": level},
        )
        for index, (answer, level) in enumerate(zip(ANSWERS, LEVELS, strict=True))
    ),
)


@rule("exact", is_correctness=True)
def exact(task: Task[Any], response: str) -> float | Score:
    return Score.failed("unreadable") if response == "?" else float(response == task.reference.answer)


@rule("signed")
def signed(task: Task[Any], response: str) -> float:
    return 3.0 if response == task.reference.answer else -1.0


@rule("parity", is_correctness=True)
def parity(task: Task[Any], response: str) -> float:
    return float(sum(map(ord, response)) % 2)


BONUS = CompositeReward({"exact": (exact, 1.0), "bonus": (signed, 1.0)})


def run(
    engine: RolloutEngine,
    *,
    reward: Reward | CompositeReward = exact,
    codec: TextCodec = CODEC,
    tasks: TaskSet = TASKS,
    seed: int = 0,
    record: Callable[[str, list[Trajectory]], None] | None = None,
    **changes: Any,
) -> Evaluation:
    def make_env(num_groups: int, group_size: int) -> TextVectorEnv:
        return TextVectorEnv(
            num_groups * group_size,
            group_size=group_size,
            autoreset_mode="Disabled",
            tasks=tasks,
            reward=reward,
            template="plain",
        )

    config = EvaluationConfig(**{"num_tasks": 4, "max_new_tokens": 6, **changes})
    return evaluate(make_env, engine, codec, tasks, config, seed=seed, record=record)


def test_accuracies_are_shares_of_correct_responses_with_wilson_intervals() -> None:
    engine = ScriptedEngine([said("5", "5", "7", "0"), said("5", "0", "0", "0")])
    result = run(engine)
    assert (result.greedy.rate, result.sampled.rate, result.n) == (0.75, 0.25, 4)
    assert (result.greedy.low, result.greedy.high) == wilson_interval(3, 4)
    assert (result.sampled.low, result.sampled.high) == wilson_interval(1, 4)


def test_greedy_decodes_once_and_sampling_is_at_temperature_one() -> None:
    engine = ScriptedEngine([said(*"5555"), said(*"55555555")])
    result = run(engine, samples_per_task=2, max_new_tokens=9, seed=3)
    calls = [(params.temperature, params.max_new_tokens, params.seed, num) for _, params, num in engine.calls]
    first_turn = derive_seed(3, "turn", 0)
    assert calls == [(0.0, 9, first_turn, 1), (1.0, 9, first_turn, 2)]
    assert (result.greedy.num_graded, result.sampled.num_graded) == (4, 8)


def test_greedy_accuracy_is_split_by_difficulty_where_tasks_have_one() -> None:
    levels = run(ScriptedEngine([said("5", "0", "7", "9"), said(*"0000")])).greedy_by_difficulty
    assert {level: (accuracy.rate, accuracy.num_graded) for level, accuracy in levels.items()} == {
        "1": (1.0, 1),
        "2": (0.5, 2),
    }


@pytest.mark.filterwarnings("ignore::reasonenv.rewards.UnscoredWarning")
def test_ungraded_responses_are_counted_and_in_no_rate() -> None:
    result = run(ScriptedEngine([said("5", "?", "7", "0"), said("?", "?", "0", "9")]))
    assert (result.greedy.rate, result.greedy.num_graded, result.greedy.num_grader_failures) == (2 / 3, 3, 1)
    assert result.as_dict()["num_grader_failures"] == 3


@pytest.mark.filterwarnings("ignore::reasonenv.rewards.UnscoredWarning")
def test_nothing_graded_is_null_and_not_zero() -> None:
    result = run(ScriptedEngine([said(*"????"), said(*"????")]))
    assert math.isnan(result.greedy.rate)
    values = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert (values["greedy"], values["greedy_interval"], values["sampled"]) == (None, [0, 1], None)
    assert values["greedy_by_difficulty"]["2"] == {"greedy": None, "n": 0, "interval": [0, 1]}


def test_accuracy_is_the_component_that_says_what_is_right_and_not_the_whole_reward() -> None:
    result = run(ScriptedEngine([said("5", "5", "0", "0"), said(*"0000")]), reward=BONUS)
    assert (result.greedy.rate, result.greedy_reward) == (0.5, (4 + 4 - 1 - 1) / 4)


@pytest.mark.parametrize(("weight", "rate"), [(1.0, 0.5), (0.0, 0.5), (-2.0, 0.5)])
def test_weights_play_no_part_in_accuracy(weight: float, rate: float) -> None:
    reward = CompositeReward({"right": (exact, weight), "bonus": (signed, 1.0)})
    assert run(ScriptedEngine([said("5", "5", "0", "0"), said(*"0000")]), reward=reward).greedy.rate == rate


def test_a_reward_that_does_not_say_what_is_right_has_no_accuracy() -> None:
    result = run(ScriptedEngine([said("5", "5", "0", "0"), said(*"0000")]), reward=signed)
    assert math.isnan(result.greedy.rate)
    assert (result.greedy.num_graded, result.greedy.num_without_accuracy, result.greedy_reward) == (0, 4, 1.0)
    assert (result.as_dict()["greedy"], result.as_dict()["num_without_accuracy"]) == (None, 8)


@rule("share", is_correctness=True)
def share(task: Task[Any], response: str) -> float:
    return len(response) / 4


def test_partial_credit_is_not_accuracy() -> None:
    result = run(ScriptedEngine([said("1", "22", "333", "4444"), said(*"0000")]), reward=share)
    assert (result.greedy.rate, result.greedy_reward) == (0.25, 0.625)


def test_tasks_whose_answers_nothing_calls_right_are_counted_apart() -> None:
    reward = CompositeReward({"exact": (exact, 1.0), "bonus": (signed, 1.0)}, applies_to={"exact": is_seven})
    greedy = run(ScriptedEngine([said("5", "5", "7", "0"), said(*"0000")]), reward=reward).greedy
    assert (greedy.rate, greedy.num_graded, greedy.num_without_accuracy) == (1.0, 1, 3)


def is_seven(task: Task[Any]) -> bool:
    return task.reference.answer == "7"


def test_response_tokens_is_the_mean_length_of_the_greedy_responses() -> None:
    assert run(ScriptedEngine([said("", "1", "12", "123"), said(*"0000")])).response_tokens == 2.5


def test_no_more_tasks_are_used_than_there_are() -> None:
    assert run(ScriptedEngine([said(*"0000"), said(*"0000")]), num_tasks=500).n == 4


def test_tasks_of_a_list_are_spread_over_it_when_fewer_are_asked_for() -> None:
    engine = ScriptedEngine([said(*"00"), said(*"00")])
    assert run(engine, num_tasks=2).n == 2
    assert [CODEC.decode(prompt) for prompt in engine.calls[0][0]] == ["0?", "3?"]


def test_the_first_tasks_of_a_generated_set_are_used_when_fewer_are_asked_for() -> None:
    tasks = load_tasks("chain_arithmetic", split="test")
    assert evaluated_tasks(tasks, 3) == [tasks[0], tasks[1], tasks[2]]


def asked(*prompts: str, split: str) -> TaskList:
    return TaskList("asked", split, tuple(Task(task_id=f"{split}/{p}", prompt=p, reference=None) for p in prompts))


def test_tasks_that_are_also_trained_on_are_counted_by_their_problem() -> None:
    training, held_out = asked("1?", "2?", "3?", split="train"), asked("3?", "4?", "1?", split="test")
    assert num_tasks_also_in([training], held_out, 500) == 2
    assert num_tasks_also_in([training], held_out, 1) == 1
    assert num_tasks_also_in([asked("5?", split="train")], held_out, 500) == 0


@pytest.mark.parametrize(("split", "expected"), [("test", 0), ("train", 3)])
def test_generated_tasks_are_trained_on_only_in_their_own_split(split: str, expected: int) -> None:
    held_out = load_tasks("chain_arithmetic", split=split)
    assert num_tasks_also_in([load_tasks("procedural_math")], held_out, 3) == expected
    assert num_tasks_also_in([load_tasks("chain_arithmetic")], held_out, 3) == expected


def test_trajectories_are_recorded_with_how_they_were_sampled() -> None:
    kept: dict[str, list[str]] = {}
    engine = ScriptedEngine([said(*"5570"), said(*"0000")])
    run(engine, record=lambda name, trajectories: kept.update({name: [t.responses[0] for t in trajectories]}))
    assert kept == {"greedy": ["5", "5", "7", "0"], "sampled": ["0", "0", "0", "0"]}


def test_as_dict_holds_every_number_with_its_interval() -> None:
    values = run(ScriptedEngine([said("5", "5", "7", "0"), said("5", "0", "0", "0")])).as_dict()
    assert values["greedy"] == 0.75
    assert values["sampled_interval"] == list(wilson_interval(1, 4))
    assert (values["num_sampled"], values["num_grader_failures"]) == (4, 0)


def test_an_evaluation_can_be_repeated_exactly() -> None:
    model, tokenizer = build_tiny_policy(seed=0)
    engine, codec = DecodeEngine(model, tokenizer.pad_token_id), TextCodec(tokenizer)
    results = [run(engine, codec=codec, reward=parity, samples_per_task=8) for _ in range(2)]
    assert results[0] == results[1]
    assert 0 < results[0].sampled.rate < 1


def test_another_seed_draws_other_samples_but_the_same_greedy_responses() -> None:
    model, tokenizer = build_tiny_policy(seed=0)
    engine, codec = DecodeEngine(model, tokenizer.pad_token_id), TextCodec(tokenizer)
    first, second = (run(engine, codec=codec, reward=parity, samples_per_task=16, seed=seed) for seed in (0, 1))
    assert first.greedy == second.greedy
    assert first.sampled != second.sampled

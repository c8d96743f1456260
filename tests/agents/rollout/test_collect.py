from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest
from gymnasium.vector import AutoresetMode
from hypothesis import given
from hypothesis import strategies as st
from scripted_engine import CODEC, EOS, ScriptedEngine, said, spelled

from agents.errors import ConfigError
from agents.policies.tiny import build_tiny_policy
from agents.rollout.assemble import assemble
from agents.rollout.codec import TextCodec
from agents.rollout.collect import collect
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import SamplingParams
from agents.seeds import derive_seed
from agents.types import TokenIds, Trajectory
from reasonenv.rewards import CompositeReward, rule
from reasonenv.types import Attempt, MathReference, Score, ScoreStatus, Task
from reasonenv.vector import TextVectorEnv

PARAMS = SamplingParams(max_new_tokens=8, seed=100)
MORE = "Go on: "
TASKS = [
    Task(task_id=f"sum/{index}", prompt=prompt, reference=MathReference(answer="5"))
    for index, prompt in enumerate(["2+3=?", "1+4=?", "9-4=?"])
]

DOMAINS = [(TASKS[0], "sums"), (TASKS[1], None), (TASKS[2], "logic")]


@rule("length")
def length(task: Task[Any], response: str) -> float:
    return float(len(response))


@rule("picky")
def picky(task: Task[Any], response: str) -> float | Score:
    return Score.failed("cannot read it") if "?" in response else 1.0


class CountsTokens:
    name = "counts_tokens"

    def score(self, attempts: Sequence[Attempt]) -> list[Score]:
        return [Score(float(len(attempt.token_ids or ()))) for attempt in attempts]


def until_done(attempt: Attempt) -> str | None:
    return None if attempt.response.endswith("done") else MORE


def make(num_envs: int = 4, group_size: int = 2, **changes: Any) -> TextVectorEnv:
    options: dict[str, Any] = {"tasks": TASKS, "reward": length, "template": "plain"}
    if "turn" in changes:
        options["max_turns"] = 3
    return TextVectorEnv(num_envs, group_size=group_size, **{"autoreset_mode": "Disabled", **options, **changes})


def play(script: list[list[TokenIds]], env: TextVectorEnv | None = None) -> tuple[list[Trajectory], ScriptedEngine]:
    env, engine = env or make(), ScriptedEngine(script, weights_version=7)
    indices = list(range(1, 1 + env.num_envs // env.group_size))
    return collect(env, engine, CODEC, PARAMS, task_indices=indices), engine


@pytest.fixture
def ragged() -> tuple[list[Trajectory], ScriptedEngine]:
    """Row 0 is done in the first turn, rows 1 and 3 in the second; row 2 is cut after the third."""
    script = [said("done", "a", "b", "c"), said("a done", "bb", "c done"), said("bbb")]
    return play(script, make(turn=until_done))


def test_episodes_that_end_in_different_turns_keep_exactly_the_sampled_ids(ragged: Any) -> None:
    first, second, more = (CODEC.encode(text) for text in ("1+4=?", "9-4=?", MORE))
    (done,), (a,), (b,), (c,) = said("done"), said("a"), said("b"), said("c")
    (a_done,), (bb,), (c_done,), (bbb,) = said("a done"), said("bb"), said("c done"), said("bbb")
    assert [trajectory.token_ids for trajectory in ragged[0]] == [
        first + done,
        first + a + more + a_done,
        second + b + more + bb + more + bbb,
        second + c + more + c_done,
    ]


def test_loss_mask_is_zero_on_prompt_and_environment_turns(ragged: Any) -> None:
    row = ragged[0][2]
    runs = [(value, len(list(run))) for value, run in groupby(row.loss_mask)]
    num_more = len(CODEC.encode(MORE))
    assert runs == [(0, len(CODEC.encode("9-4=?"))), (1, 2), (0, num_more), (1, 3), (0, num_more), (1, 4)]


def test_behavior_logprobs_are_the_engines_on_sampled_tokens_and_zero_elsewhere(ragged: Any) -> None:
    for row in ragged[0]:
        sampled = [value for value, mask in zip(row.behavior_logprobs, row.loss_mask, strict=True) if mask]
        turns = [len(CODEC.encode(response)) + 1 for response in row.responses]
        assert sampled == [-(position + 1) / 8 for turn in turns for position in range(turn)]
        assert not any(value for value, mask in zip(row.behavior_logprobs, row.loss_mask, strict=True) if not mask)


def test_trajectories_come_in_row_order_with_their_group_and_task(ragged: Any) -> None:
    assert [(row.group_id, row.task_id, row.prompt) for row in ragged[0]] == [
        (0, "sum/1", "1+4=?"),
        (0, "sum/1", "1+4=?"),
        (1, "sum/2", "9-4=?"),
        (1, "sum/2", "9-4=?"),
    ]


def test_messages_are_the_whole_conversation_with_the_answers_between_the_responses(ragged: Any) -> None:
    texts = [[message["content"] for message in row.messages] for row in ragged[0]]
    assert texts[0] == ["1+4=?", "done"]
    assert texts[2] == ["9-4=?", "b", MORE, "bb", MORE, "bbb"]
    assert [message["role"] for message in ragged[0][2].messages] == ["user", "assistant"] * 3


@pytest.mark.filterwarnings("ignore::reasonenv.rewards.UnscoredWarning")
def test_trajectories_know_their_gold_answer_and_what_the_rewards_say(ragged: Any) -> None:
    assert {row.reference for row in ragged[0]} == {MathReference(answer="5")}
    trajectories, _ = play([said("?", "a", "b", "?")], make(reward=picky))
    assert [row.reward_details["picky"].get("reason") for row in trajectories] == [
        "cannot read it",
        None,
        None,
        "cannot read it",
    ]


def test_domain_is_that_of_the_tasks_metadata_where_there_is_one() -> None:
    tasks = [replace(task, metadata={} if domain is None else {"domain": domain}) for task, domain in DOMAINS]
    trajectories, _ = play([said("done", "done", "done", "done")], make(tasks=tasks))
    assert [row.domain for row in trajectories] == [None, None, "logic", "logic"]


def test_responses_are_the_texts_of_every_turn_without_the_end_token(ragged: Any) -> None:
    assert [row.responses for row in ragged[0]] == [
        ("done",),
        ("a", "a done"),
        ("b", "bb", "bbb"),
        ("c", "c done"),
    ]


def test_rewards_are_given_the_sampled_tokens_of_the_last_response() -> None:
    script = [said("done", "a", "b", "c"), said("a done", "bb", "c done"), said("bbb")]
    trajectories, _ = play(script, make(turn=until_done, reward=CountsTokens()))
    last = (*said("done"), *said("a done"), *said("bbb"), *said("c done"))
    assert [row.reward for row in trajectories] == [len(token_ids) for token_ids in last]


def test_reward_is_that_of_the_last_response(ragged: Any) -> None:
    assert [row.reward for row in ragged[0]] == [4, 6, 3, 6]
    assert [row.reward_components for row in ragged[0]] == [{"length": value} for value in (4, 6, 3, 6)]


def test_a_component_that_does_not_apply_to_a_task_is_absent() -> None:
    terms = {"length": (length, 1.0), "picky": (picky, 1.0)}
    reward = CompositeReward(terms, applies_to={"picky": lambda task: task.task_id == "sum/2"})
    rows, _ = play([said("a", "b", "c", "d")], make(reward=reward))
    assert [set(row.reward_components) for row in rows] == [{"length"}] * 2 + [{"length", "picky"}] * 2


def test_first_turn_shares_each_prompt_in_its_group_and_later_turns_ask_for_the_running_rows(ragged: Any) -> None:
    trajectories, engine = ragged
    assert [(len(prompts), num_samples) for prompts, _, num_samples in engine.calls] == [(2, 2), (3, 1), (1, 1)]
    assert [prompt[: len(CODEC.encode("1+4=?"))] for prompt in engine.calls[1][0]] == [
        row.token_ids[: len(CODEC.encode("1+4=?"))] for row in trajectories[1:]
    ]


def test_later_turns_continue_from_the_episode_so_far(ragged: Any) -> None:
    trajectories, engine = ragged
    (prompt,) = engine.calls[2][0]
    assert trajectories[2].token_ids[: len(prompt)] == prompt
    assert CODEC.decode(prompt).endswith(MORE)


def test_each_turn_samples_with_a_seed_of_its_own(ragged: Any) -> None:
    seeds = [params.seed for _, params, _ in ragged[1].calls]
    assert seeds == [derive_seed(PARAMS.seed, "turn", turn) for turn in range(3)]
    assert len({*seeds, PARAMS.seed, PARAMS.seed + 1}) == 5


def test_end_of_sequence_token_joins_the_callers_stop_tokens() -> None:
    engine = ScriptedEngine([said("5")])
    params = SamplingParams(max_new_tokens=4, stop_token_ids=(9,))
    collect(make(1, 1), engine, CODEC, params, task_indices=[0])
    assert engine.calls[0][1].stop_token_ids == (9, *EOS)


def test_sampled_ids_are_never_encoded_anew() -> None:
    ids = spelled("<think>5</think>")
    assert CODEC.encode("<think>5</think>") != ids
    (row,), _ = play([[(*ids, *EOS)]], make(1, 1))
    assert row.responses == ("<think>5</think>",)
    assert row.token_ids == (*CODEC.encode("1+4=?"), *ids, *EOS)


def test_a_response_without_end_token_is_not_stopped() -> None:
    rows, _ = play([[CODEC.encode("5"), *said("5")]], make(2, 2))
    assert [row.is_stopped for row in rows] == [False, True]


def test_whether_an_episode_stopped_is_decided_by_its_last_response() -> None:
    script = [[CODEC.encode("a"), *said("b")], [*said("done"), CODEC.encode("done")]]
    rows, _ = play(script, make(2, 2, turn=until_done))
    assert [row.is_stopped for row in rows] == [True, False]


def test_trajectories_know_the_version_of_the_weights(ragged: Any) -> None:
    assert {row.weights_version for row in ragged[0]} == {7}


@pytest.mark.filterwarnings("ignore::reasonenv.rewards.UnscoredWarning")
def test_an_ungraded_episode_is_data_and_left_out_of_the_batch() -> None:
    rows, _ = play([said("5", "?", "?", "5")], make(reward=picky))
    failed = ScoreStatus.GRADER_FAILED
    assert [row.reward_status for row in rows] == [ScoreStatus.SCORED, failed, failed, ScoreStatus.SCORED]
    assert [math.isnan(row.reward) for row in rows] == [False, True, True, False]
    batch = assemble(rows, pad_token_id=CODEC.pad_token_id)
    assert (batch.group_ids_B.tolist(), batch.rewards_B.tolist()) == ([0, 1], [1, 1])


def test_a_lone_surrogate_in_prompt_and_feedback_is_replaced_not_fatal() -> None:
    tasks = [Task(task_id="odd/0", prompt="2\ud8003=?", reference=None)]
    env = make(1, 1, tasks=tasks, turn=lambda attempt: "\udfff" if len(attempt.messages) < 3 else None)
    (row,) = collect(env, ScriptedEngine([said("a"), said("b")]), CODEC, PARAMS, task_indices=[0])
    assert CODEC.decode(row.token_ids) == "2\ufffd3=?a<eos>\ufffdb"
    assert row.prompt == "2\ufffd3=?"


def test_bytes_that_are_no_text_reach_the_environment_as_replacement_characters() -> None:
    half = CODEC.encode("é")[:1]
    (row,), _ = play([[(*half, *EOS)]], make(1, 1))
    assert row.responses == ("\ufffd",)
    assert row.token_ids[-2:] == (*half, *EOS)


def test_an_empty_response_is_one_end_token() -> None:
    (row,), _ = play([said("")], make(1, 1))
    assert (row.responses, sum(row.loss_mask), row.reward) == (("",), 1, 0)


def test_chat_template_encodes_the_messages_instead_of_the_observation() -> None:
    codec = TextCodec(CODEC.tokenizer, use_chat_template=True)
    (row,) = collect(make(1, 1), ScriptedEngine([said("5")]), codec, PARAMS, task_indices=[0])
    assert CODEC.decode(row.token_ids) == "<|user|>2+3=?<|assistant|>5"
    assert row.prompt == "<|user|>2+3=?<|assistant|>"


def test_a_prompt_of_no_tokens_is_refused_with_the_task_that_has_it() -> None:
    tasks = [Task(task_id="empty/0", prompt="", reference=None)]
    with pytest.raises(ConfigError, match="'empty/0' has an empty prompt"):
        collect(make(1, 1, tasks=tasks), ScriptedEngine([]), CODEC, PARAMS, task_indices=[0])


def test_a_trajectory_keeps_the_gold_answer_of_its_task_and_whether_it_was_given() -> None:
    tasks = [replace(task, reference=MathReference(answer=answer)) for task, answer in zip(TASKS, "456", strict=True)]
    answers = [f"<answer>{digit}</answer>" for digit in "5656"]
    rows, _ = play([said(*answers)], make(tasks=tasks, reward="accuracy"))
    assert [row.reference.answer for row in rows] == ["5", "5", "6", "6"]
    assert [row.is_right for row in rows] == [True, False, False, True]
    assert [row.reward_details["accuracy"]["answer"] for row in rows] == ["5", "6", "5", "6"]
    assert [row.messages[-1]["content"] for row in rows] == answers


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_an_environment_that_resets_itself_is_refused(mode: AutoresetMode) -> None:
    with pytest.raises(ConfigError, match=r"autoreset_mode=AutoresetMode\.DISABLED"):
        play([], make(autoreset_mode=mode))


def test_an_environment_can_be_played_again() -> None:
    env = make(turn=until_done)
    script = [said("done", "a", "b", "c"), said("done", "done", "done")]
    assert play(script, env)[0] == play(script, env)[0]


@given(st.lists(st.integers(1, 4), min_size=6, max_size=6))
def test_every_row_gets_one_response_a_turn_until_its_episode_ends(num_turns: list[int]) -> None:
    script = [
        [said("done" if turn == last else f"r{row}t{turn}")[0] for row, last in enumerate(num_turns) if turn <= last]
        for turn in range(1, max(num_turns) + 1)
    ]
    rows, _ = play(script, make(6, 3, turn=until_done, max_turns=4))
    for row, (trajectory, last) in enumerate(zip(rows, num_turns, strict=True)):
        assert trajectory.responses == (*(f"r{row}t{turn}" for turn in range(1, last)), "done")
        assert len(trajectory.token_ids) == len(trajectory.loss_mask) == len(trajectory.behavior_logprobs)


def test_a_real_policy_gives_the_same_trajectories_for_the_same_seed() -> None:
    model, tokenizer = build_tiny_policy(seed=0)
    codec, engine = TextCodec(tokenizer), DecodeEngine(model, tokenizer.pad_token_id)
    env = make(turn=until_done, max_turns=2)
    runs = [collect(env, engine, codec, PARAMS, task_indices=[0, 1]) for _ in range(2)]
    assert runs[0] == runs[1]
    assert all(len(row.responses) == 2 for row in runs[0])


class PaysForTurns(TextVectorEnv):
    """Pays 0.25 for every turn, beside the reward at the end."""

    def step(self, *arguments: Any, **named: Any) -> Any:
        observations, rewards, *rest = super().step(*arguments, **named)
        return observations, rewards + 0.25, *rest


def test_what_each_turn_earned_is_kept_where_turns_before_the_last_earned_anything(ragged: Any) -> None:
    assert [row.turn_rewards for row in ragged[0]] == [()] * 4
    script = [said("done", "a", "b", "c"), said("a done", "bb", "c done"), said("bbb")]
    env = PaysForTurns(
        4, group_size=2, tasks=TASKS, reward=length, template="plain", turn=until_done, max_turns=3,
        autoreset_mode="Disabled",
    )  # fmt: skip
    rows, _ = play(script, env)
    assert [row.turn_rewards for row in rows] == [(), (0.25,), (0.25, 0.25), (0.25,)]
    assert [row.reward for row in rows] == [4.25, 6.5, 3.75, 6.5]


def test_every_component_comes_with_its_weight() -> None:
    reward = CompositeReward({"length": (length, 0.5), "picky": (picky, 2.0)})
    trajectories, _ = play([said("done", "a", "b", "c")], make(reward=reward))
    assert trajectories[0].reward_weights == {"length": 0.5, "picky": 2.0}

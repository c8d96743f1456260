"""`TextVectorEnv` does what Gymnasium's over the same environments do, with one score call per step."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest
from env_parts import TASKS, WEIRD_RESPONSES, CountingReward, again, always, is_same, terms, text_env, vector_env
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeLimit
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonenv import TextEnv, TextVectorEnv
from reasonenv.env import TextEnvArguments
from reasonenv.errors import EpisodeError, UnknownNameError

MODES = list(AutoresetMode)

seeds = st.integers(0, 2**31 - 1)
responses = st.one_of(
    st.sampled_from(["again", "again fail", "fail", "4", *WEIRD_RESPONSES]),
    st.text(st.characters(exclude_categories=()), max_size=20),
)
reset_options = st.sampled_from([{}, {"task_index": 3}, {"task_id": "sum/05"}])


@st.composite
def configurations(draw):
    turn = draw(st.sampled_from([None, again, always]))
    return {
        "reward": terms(),
        "turn": turn,
        "max_turns": 1 if turn is None else draw(st.integers(2, 3)),
        "max_response_chars": draw(st.sampled_from([3, 1000, 200_000])),
    }


class Twins:
    """Our vector environment and Gymnasium's over the same environments; every call must give the same."""

    def __init__(self, num_envs, mode, config, time_limit=None):
        self.num_envs, self.mode = num_envs, mode
        self.ours = vector_env(num_envs, autoreset_mode=mode, max_episode_steps=time_limit, **config)

        def alone():
            return text_env(**config) if time_limit is None else TimeLimit(text_env(**config), time_limit)

        self.theirs = SyncVectorEnv([alone] * num_envs, autoreset_mode=mode)
        self.is_done = np.zeros(num_envs, dtype=np.bool_)

    def reset(self, seed, options):
        results = [env.reset(seed=seed, options=dict(options)) for env in (self.ours, self.theirs)]
        assert is_same(*results)
        self.is_done &= ~options.get("reset_mask", np.ones(self.num_envs, dtype=np.bool_))

    def step(self, actions):
        ours, theirs = self.ours.step(actions), self.theirs.step(actions)
        assert is_same(ours, theirs)
        self.is_done = ours[2] | ours[3]


@settings(max_examples=150)
@given(st.data(), st.sampled_from(MODES), st.integers(1, 3), configurations(), st.none() | st.integers(1, 3))
def test_equals_sync_vector_env_step_for_step(data, mode, num_envs, config, time_limit):
    twins = Twins(num_envs, mode, config, time_limit)
    some_seed = st.one_of(seeds, st.lists(seeds, min_size=num_envs, max_size=num_envs))
    masks = st.lists(st.booleans(), min_size=num_envs, max_size=num_envs).filter(any).map(np.array)
    twins.reset(data.draw(some_seed), data.draw(reset_options))
    for _ in range(data.draw(st.integers(1, 6))):
        twins.step(tuple(data.draw(responses) for _ in range(num_envs)))
        if mode is AutoresetMode.DISABLED and twins.is_done.any():
            twins.reset(None, data.draw(reset_options) | {"reset_mask": twins.is_done.copy()})
        elif data.draw(st.booleans()):
            twins.reset(data.draw(st.none() | some_seed), data.draw(reset_options) | {"reset_mask": data.draw(masks)})


@pytest.mark.parametrize("mode", MODES)
def test_spaces_and_metadata_are_those_of_sync_vector_env(mode):
    ours = vector_env(3, autoreset_mode=mode)
    theirs = SyncVectorEnv([text_env] * 3, autoreset_mode=mode)
    for name in ("observation_space", "action_space", "single_observation_space", "single_action_space", "metadata"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.num_envs == 3
    assert ours.metadata["autoreset_mode"] is mode


@pytest.mark.parametrize("name", ["NextStep", "SameStep", "Disabled"])
def test_autoreset_mode_may_be_its_name(name):
    assert vector_env(autoreset_mode=name).metadata["autoreset_mode"] is AutoresetMode(name)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("shared_memory", [True, False])
def test_equals_async_vector_env_with_and_without_shared_memory(shared_memory, mode):
    config = {"reward": terms(), "turn": again, "max_turns": 2}
    ours = vector_env(2, autoreset_mode=mode, **config)
    theirs = AsyncVectorEnv(
        [lambda: text_env(**config)] * 2, shared_memory=shared_memory, context="spawn", autoreset_mode=mode
    )
    try:
        assert is_same(ours.reset(seed=8), theirs.reset(seed=8))
        for actions in [("again", "4"), *zip(WEIRD_RESPONSES, WEIRD_RESPONSES[::-1], strict=True), ("fail", "again")]:
            assert is_same(ours.step(actions), theirs.step(actions))
    finally:
        theirs.close()


@pytest.mark.parametrize("mode", MODES)
def test_a_step_scores_all_finished_attempts_in_one_call(mode):
    reward = CountingReward()
    env = vector_env(4, reward=reward, turn=again, max_turns=3, autoreset_mode=mode)
    env.reset(seed=0)
    env.step(["again"] * 4)
    assert reward.batch_sizes == []
    env.step(["end", "again", "end", "end"])
    assert reward.batch_sizes == [3]


def test_same_step_keeps_the_last_observation_and_info():
    env = vector_env(2, turn=again, max_turns=2, autoreset_mode=AutoresetMode.SAME_STEP)
    env.reset(options={"task_index": 2})
    observations, rewards, terminations, _, infos = env.step(["4", "again"])
    assert rewards.tolist() == [1.0, 0.0]
    assert terminations.tolist() == [True, False]
    assert infos["final_obs"][0] == ""
    assert infos["_final_info"].tolist() == [True, False]
    assert infos["final_info"]["reward_components"]["exact"][0] == 1.0
    assert infos["final_info"]["task_id"][0] == "sum/02"
    assert observations[0] == env.envs[0].template.text(env.envs[0].task)


def test_details_keep_their_types_in_every_row():
    env = vector_env(2, reward=terms())
    env.reset(seed=0)
    infos = env.step(["a", "ab"])[4]
    assert [dict(details)["length"]["size"] for details in infos["reward_details"]] == [1, "2"]


@pytest.mark.parametrize("mode", MODES)
def test_a_time_limit_truncates_without_a_score_and_frees_what_the_turn_keeps(mode):
    ended = []

    class Watched:
        def answer(self, attempts):
            return ["go on" for _ in attempts]

        def end(self, attempt):
            ended.append([message["content"] for message in attempt.messages if message["role"] == "assistant"])

    reward = CountingReward()
    env = vector_env(2, reward=reward, turn=Watched(), max_turns=9, max_episode_steps=2, autoreset_mode=mode)
    env.reset(seed=0)
    env.step(["a", "b"])
    _, rewards, terminations, truncations, _ = env.step(["c", "d"])
    assert (rewards.tolist(), terminations.any(), truncations.all()) == ([0.0, 0.0], False, True)
    assert reward.batch_sizes == []
    assert ended == [["a", "c"], ["b", "d"]]


def test_a_row_that_the_time_limit_cut_must_be_reset_when_autoreset_is_disabled():
    env = vector_env(1, turn=always, max_turns=9, max_episode_steps=1, autoreset_mode=AutoresetMode.DISABLED)
    env.reset()
    env.step(["a"])
    with pytest.raises(EpisodeError, match="is over"):
        env.step(["b"])
    assert env.step([None])[3].tolist() == [True]


def test_without_a_time_limit_minus_one_is_meant():
    env = vector_env(1, turn=always, max_turns=9, max_episode_steps=-1)
    env.reset()
    assert not any(env.step(["a"])[3][0] for _ in range(5))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"num_envs": 0}, ValueError, "num_envs must be at least 1, got 0"),
        ({"num_envs": 2.0}, TypeError, "num_envs must be an int, got float"),
        ({"num_envs": 4, "group_size": 3}, ValueError, "num_envs=4, group_size=3"),
        ({"num_envs": 4, "group_size": 0}, ValueError, "group_size must be at least 1"),
        ({"max_episode_steps": 0}, ValueError, "max_episode_steps must be at least 1"),
        ({"max_episode_steps": "3"}, TypeError, "max_episode_steps must be an int, got str"),
        ({"autoreset_mode": "Sometimes"}, ValueError, "one of 'NextStep', 'SameStep', 'Disabled', got 'Sometimes'"),
        ({"tasks": "chain_arithmetik"}, UnknownNameError, "chain_arithmetic"),
        ({"max_turns": 0}, ValueError, "max_turns"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        vector_env(**arguments)


@pytest.mark.parametrize("actions", [["a"], ["a", "b", "c"], "ab"])
def test_actions_must_be_one_response_per_row(actions):
    env = vector_env(2)
    env.reset()
    with pytest.raises(ValueError, match="2 responses, one per row"):
        env.step(actions)


def test_a_bad_response_names_its_row_and_changes_no_row():
    env = vector_env(2, turn=again, max_turns=2)
    env.reset(seed=0)
    before = [row.episode for row in env.envs]
    with pytest.raises(TypeError, match="must be a str, got int") as caught:
        env.step(["again", 5])
    assert caught.value.__notes__ == ["In row 1 of TextVectorEnv(num_envs=2)."]
    assert [row.episode for row in env.envs] == before


def test_step_before_reset_is_an_episode_error():
    with pytest.raises(EpisodeError, match="call reset"):
        vector_env(2).step(["a", "b"])


def test_a_finished_row_must_be_reset_when_autoreset_is_disabled():
    env = vector_env(2, autoreset_mode=AutoresetMode.DISABLED)
    env.reset()
    env.step(["a", "b"])
    with pytest.raises(EpisodeError, match="is over"):
        env.step(["a", "b"])


def test_a_finished_row_rests_while_its_action_is_none_when_autoreset_is_disabled():
    reward = CountingReward()
    env = vector_env(2, reward=reward, turn=again, max_turns=3, autoreset_mode=AutoresetMode.DISABLED)
    env.reset()
    env.step(["end", "again"])
    observations, rewards, terminations, truncations, infos = env.step([None, "done"])
    assert observations == ("", "")
    assert rewards.tolist() == [0.0, 4.0]
    assert terminations.tolist() == [True, True]
    assert truncations.tolist() == [False, False]
    assert infos["_task_id"].tolist() == [False, True]
    assert reward.batch_sizes == [1, 1]


@pytest.mark.parametrize("mode", MODES)
def test_a_running_row_may_not_rest(mode):
    env = vector_env(2, autoreset_mode=mode)
    env.reset()
    with pytest.raises(TypeError, match="got NoneType"):
        env.step([None, "a"])


def test_an_error_in_the_reward_changes_no_row():
    class Broken:
        name = "broken"

        def score(self, attempts):
            raise RuntimeError("bug")

    env = vector_env(2, reward=Broken(), turn=again, max_turns=2)
    env.reset(seed=0)
    before = [row.episode for row in env.envs]
    with pytest.raises(RuntimeError, match="bug"):
        env.step(["again", "end"])
    assert [row.episode for row in env.envs] == before


def random_steps(env, generator, num_steps):
    choices = ["again", "end", "4"]
    return [env.step([choices[k] for k in generator.integers(3, size=env.num_envs)]) for _ in range(num_steps)]


@given(seeds, st.sampled_from([AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP]), st.integers(0, 4))
def test_a_restored_state_goes_on_exactly(seed, mode, num_steps):
    config = {"group_size": 2, "reward": terms(), "turn": again, "max_turns": 3, "autoreset_mode": mode}
    env = vector_env(4, **config)
    env.reset(seed=seed)
    random_steps(env, np.random.default_rng(seed), num_steps)
    state = pickle.loads(pickle.dumps(env.get_state()))
    rest = random_steps(env, np.random.default_rng(1), 5)
    fresh = vector_env(4, **config)
    fresh.set_state(state)
    assert is_same(random_steps(fresh, np.random.default_rng(1), 5), rest)


def test_a_state_of_another_size_is_refused():
    with pytest.raises(ValueError, match="2 rows, the environment 4"):
        vector_env(4).set_state(vector_env(2).get_state())


def test_a_pickled_vector_environment_goes_on_exactly():
    env = vector_env(4, group_size=2, reward=terms(), turn=again, max_turns=3)
    env.reset(seed=3)
    copied = pickle.loads(pickle.dumps(env))
    steps = [random_steps(twin, np.random.default_rng(0), 6) for twin in (env, copied)]
    assert is_same(*steps)


def test_render_call_and_close_reach_every_row():
    env = vector_env(2, render_mode="ansi")
    env.reset(options={"task_index": [1, 2]})
    assert env.render() == ("task: sum/01\nuser: 1+1=? 🙂", "task: sum/02\nuser: 2+2=? 🙂")
    assert env.call("render") == env.render()
    assert env.get_attr("max_turns") == (1, 1)
    env.close()
    assert env.closed


def test_gymnasium_vector_wrappers_apply():
    env = RecordEpisodeStatistics(vector_env(2, autoreset_mode=AutoresetMode.SAME_STEP))
    env.reset(options={"task_index": 2})
    infos = env.step(["4", "5"])[4]
    assert infos["episode"]["r"].tolist() == [1.0, 0.0]


def test_both_environments_take_the_same_arguments():
    assert set(TextEnvArguments.__annotations__) == set(inspect.signature(TextEnv).parameters)


def test_rows_share_the_parts_that_were_loaded_once():
    envs = TextVectorEnv(3, tasks=TASKS, reward="format", template="chat", turn=again, max_turns=2)
    for name in ("tasks", "reward", "template", "turn"):
        assert len({id(part) for part in envs.get_attr(name)}) == 1, name

"""Who gets which task in a `TextVectorEnv`: groups, seeds, and the options of reset."""

from __future__ import annotations

import numpy as np
import pytest
from env_parts import again, is_same, text_env, vector_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

MODES = list(AutoresetMode)


def played_tasks(env, num_episodes, seed=None, lengths=None):
    """The tasks of each row's first episodes; row r's episodes take `lengths[r]` turns."""
    lengths = lengths or [1] * env.num_envs
    _, infos = env.reset(seed=seed)
    tasks = [[task_id] for task_id in infos["task_id"]]
    while min(map(len, tasks)) < num_episodes:
        before = [row_env.episode for row_env in env.envs]
        actions = [
            "end" if episode.num_turns + 1 >= length else "again"
            for episode, length in zip(before, lengths, strict=True)
        ]
        env.step(actions)
        for row, row_env in enumerate(env.envs):
            if not row_env.is_over and row_env.episode.num_turns == 0:
                tasks[row].append(row_env.task.task_id)
    return [row[:num_episodes] for row in tasks]


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("seed", [None, 3])
def test_rows_of_a_group_have_the_same_task_in_their_kth_episode_however_long_each_is(seed, mode):
    env = vector_env(6, group_size=3, turn=again, max_turns=3, autoreset_mode=mode)
    tasks = played_tasks(env, 8, seed, lengths=[1, 2, 3, 3, 1, 2])
    assert tasks[0] == tasks[1] == tasks[2]
    assert tasks[3] == tasks[4] == tasks[5]
    assert tasks[0] != tasks[3]


def test_groups_are_seeded_like_the_rows_of_smaller_vector_environments():
    groups = played_tasks(vector_env(6, group_size=3), 4, seed=10)
    rows = played_tasks(vector_env(2), 4, seed=10)
    assert [groups[0], groups[3]] == rows


def test_without_a_seed_two_vector_environments_differ():
    assert played_tasks(vector_env(2, group_size=2), 9) != played_tasks(vector_env(2, group_size=2), 9)


def test_reset_without_seed_lets_the_generators_go_on():
    env, twin = vector_env(4, group_size=2), vector_env(4, group_size=2)
    for _ in range(2):
        assert is_same(env.reset(seed=6), twin.reset(seed=6))
        assert is_same(env.reset(), twin.reset())


def test_np_random_seed_tells_the_seed_of_each_row():
    env = vector_env(4, group_size=2)
    first = env.np_random_seed
    assert first[0] == first[1] != first[2] == first[3]
    env.reset(seed=5)
    assert env.np_random_seed == env.get_attr("np_random_seed") == (5, 5, 6, 6)
    assert env.np_random[0] is env.envs[0].np_random


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"task_index": 7}, ["sum/07"] * 4),
        ({"task_index": [1, 2]}, ["sum/01", "sum/01", "sum/02", "sum/02"]),
        ({"task_index": np.array([1, 2])}, ["sum/01", "sum/01", "sum/02", "sum/02"]),
        ({"task_id": ["sum/03", "sum/00"]}, ["sum/03", "sum/03", "sum/00", "sum/00"]),
    ],
)
def test_options_choose_the_task_of_every_group(options, expected):
    _, infos = vector_env(4, group_size=2).reset(options=options)
    assert infos["task_id"].tolist() == expected


def test_a_mask_resets_its_rows_only_and_leaves_the_options_as_they_were():
    env = vector_env(3, autoreset_mode=AutoresetMode.DISABLED)
    before, _ = env.reset(options={"task_index": [1, 2, 3]})
    env.step(["", "", ""])
    options = {"reset_mask": np.array([False, True, False]), "task_index": [7, 8, 9]}
    observations, infos = env.reset(options=options)
    assert observations == ("", "8+8=? 🙂", "")
    assert before[1] == "2+2=? 🙂"
    assert infos["_task_id"].tolist() == [False, True, False]
    assert set(options) == {"reset_mask", "task_index"}


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        ([True, False], TypeError, "NumPy array of booleans, got list"),
        (None, TypeError, "got NoneType"),
        (np.array([1, 0]), TypeError, "got an array of int"),
        (np.array([True]), ValueError, r"shape \(2,\)"),
        (np.array([False, False]), ValueError, "choose a row"),
    ],
)
def test_bad_masks_are_refused_with_the_error_type_of_sync_vector_env(mask, error, message):
    with pytest.raises(error, match=message):
        vector_env(2).reset(options={"reset_mask": mask})
    with pytest.raises(error):
        SyncVectorEnv([text_env] * 2).reset(options={"reset_mask": mask})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": [1, 2, 3]}, "one per row"),
        ({"seed": [1, 2, 3, 3]}, r"same seed; got \[1, 2\] for rows 0 to 1"),
        ({"options": {"task_index": [1, 2, 3]}}, "each of the 2 groups; got 3"),
        ({"options": {"color": "red"}}, "task_index or task_id"),
    ],
)
def test_bad_reset_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        vector_env(4, group_size=2).reset(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": "abcd"}, "A seed must be an int, .* got 'abcd'"),
        ({"options": ["task_id"]}, "must be a dict, got list"),
    ],
)
def test_reset_arguments_of_a_wrong_type_are_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        vector_env(4).reset(**arguments)


def test_a_seed_may_come_from_numpy():
    assert vector_env(2).reset(seed=np.int64(3))[0] == vector_env(2).reset(seed=3)[0]

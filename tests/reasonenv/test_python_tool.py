"""Tool-integrated reasoning: python blocks run in a session of the real sandbox, and their output is shown."""

from __future__ import annotations

import pickle

import gymnasium as gym
import pytest
from code_parts import sandbox_or_skip
from env_parts import is_same
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from reasonenv import Attempt, MathReference, Task, TextEnv, TextVectorEnv
from reasonenv.execution import Limits, Sandbox
from reasonenv.turns import PythonTool

TASKS = tuple(
    Task(task_id=f"square/{n}", prompt=f"{n}*{n}=?", reference=MathReference(answer=str(n * n))) for n in range(3, 9)
)
SETTINGS = {"tasks": TASKS, "reward": "accuracy", "template": "math_python", "max_turns": 4}


@pytest.fixture(autouse=True)
def _needs_sandbox():
    sandbox_or_skip()


def block(code):
    return f"Let me compute.\n```python\n{code}\n```"


def tool_env(**kwargs):
    return TextEnv(**{**SETTINGS, "turn": PythonTool(), **kwargs})


def outputs(env, *cells):
    env.reset(options={"task_index": 2})
    return [env.step(block(cell))[0].strip() for cell in cells]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("print(6 * 7)", "42"),
        ("6 * 7", "42"),
        ("print(1)\n2", "1\n2"),
        ("x = 5", ""),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("print('a')\nraise ValueError('no')", "a\nValueError: no"),
        ("x =", "SyntaxError: invalid syntax"),
    ],
)
def test_the_output_of_a_block_is_the_next_observation(cell, shown):
    (observation,) = outputs(tool_env(), cell)
    assert observation == f"```output\n{shown}\n```"


def test_variables_stay_for_the_episode_and_no_longer():
    env = tool_env()
    assert outputs(env, "x = 20", "x + 1")[1] == "```output\n21\n```"
    assert "NameError" in outputs(env, "x")[0]


def test_a_response_that_does_not_end_with_code_is_the_answer():
    env = tool_env()
    outputs(env, "5 * 5")
    observation, reward, terminated, truncated, _ = env.step(f"{block('5*5')}\nSo it is \\boxed{{25}}.")
    assert (observation, reward, terminated, truncated) == ("", 1.0, True, False)


def test_the_beginning_of_an_output_block_behind_the_code_is_not_an_answer():
    env = tool_env()
    env.reset(seed=0)
    assert env.step(f"{block('3')}\n```output\n")[0].strip() == "```output\n3\n```"


def test_an_episode_without_answer_is_truncated_after_the_last_turn():
    env = tool_env(max_turns=2)
    outputs(env, "1")
    assert env.step(block("2"))[1:4] == (0.0, False, True)


def test_a_block_that_ends_the_interpreter_restarts_it_and_says_so():
    shown = outputs(tool_env(), "x = 1", "import os; os._exit(3)", "x")
    assert shown[1].endswith("The interpreter was restarted; its variables are gone.\n```")
    assert "NameError" in shown[2]


def test_a_block_that_never_ends_is_stopped():
    with Sandbox(1, limits=Limits(cpu_seconds=0.5, wall_seconds=4.0)) as sandbox:
        (observation,) = outputs(tool_env(turn=PythonTool(sandbox)), "while True: pass")
    assert "time limit" in observation


def test_long_output_is_cut_to_fit():
    (observation,) = outputs(tool_env(turn=PythonTool(max_output_chars=50)), "print('ab' * 1000)")
    assert observation == f"```output\n{'ab' * 25}…\n```"


@pytest.mark.parametrize("end", ["\\boxed{25}", None])
def test_the_interpreter_ends_with_the_episode(end):
    with Sandbox(1) as sandbox:
        tool = PythonTool(sandbox)
        env = tool_env(turn=tool)
        before = len(sandbox.process_ids)
        outputs(env, "x = 1", "x")
        assert len(tool._sessions) == 1
        env.reset() if end is None else env.step(end)
        assert len(tool._sessions) == 0
        assert len(sandbox.process_ids) <= before + 1


def test_the_interpreter_ends_with_a_response_that_is_cut_and_not_answered():
    tool = PythonTool()
    env = tool_env(turn=tool, max_response_chars=60)
    outputs(env, "x = 1")
    *_, truncated, _ = env.step(block("x  # a comment") + " " * 60)
    assert truncated
    assert len(tool._sessions) == 0


def test_an_episode_goes_on_alike_from_a_snapshot():
    env, other = tool_env(), tool_env()
    outputs(env, "x = [1]", "x.append(2)")
    state = pickle.loads(pickle.dumps(env.get_state()))
    other.reset()
    other.set_state(state)
    assert env.step(block("x"))[0] == other.step(block("x"))[0] == "\n```output\n[1, 2]\n```\n"


def test_interpreters_beyond_the_limit_are_made_again_from_the_transcript():
    tool = PythonTool(max_sessions=1)
    envs = TextVectorEnv(3, turn=tool, **SETTINGS, autoreset_mode="Disabled")
    envs.reset(seed=0)
    envs.step([block(f"x = {row}") for row in range(3)])
    observations, *_ = envs.step([block("x + 10")] * 3)
    assert [text.strip() for text in observations] == [f"```output\n{row + 10}\n```" for row in range(3)]
    assert len(tool._sessions) == 1
    envs.close()


def test_rows_with_equal_transcripts_do_not_share_variables():
    envs = TextVectorEnv(2, group_size=2, turn=PythonTool(), **SETTINGS, autoreset_mode="Disabled")
    envs.reset(seed=0)
    envs.step([block("x = [0]")] * 2)
    envs.step([block("x.append(1)")] * 2)
    observations, *_ = envs.step([block("x")] * 2)
    assert [text.strip() for text in observations] == ["```output\n[0, 1]\n```"] * 2
    envs.close()


@pytest.mark.parametrize("mode", list(AutoresetMode)[:2])
def test_vector_and_sync_environments_play_the_same_episodes(mode):
    vector = TextVectorEnv(3, turn="python", autoreset_mode=mode, **SETTINGS)
    sync = SyncVectorEnv([lambda: TextEnv(turn="python", **SETTINGS)] * 3, autoreset_mode=mode)
    assert is_same(vector.reset(seed=7), sync.reset(seed=7))
    for responses in (
        (block("x = 2"), "25", block("print(1 / 0)")),
        (block("x * 8"), block("3"), "\\boxed{16}"),
        ("\\boxed{16}", "\\boxed{9}", "\\boxed{49}"),
        (block("x"), block("x"), block("x")),
    ):
        assert is_same(vector.step(responses), sync.step(responses))
    vector.close()
    sync.close()


def test_a_copied_tool_has_interpreters_of_its_own():
    tool = PythonTool(max_output_chars=7)
    attempt = Attempt(task=TASKS[0], response=block("5"), messages=({"role": "assistant", "content": block("5")},))
    tool.answer([attempt])
    copied = pickle.loads(pickle.dumps(tool))
    assert (copied, len(copied._sessions)) == (tool, 0)
    tool.end(attempt)
    assert len(tool._sessions) == 0


def test_the_id_plays_an_episode_with_the_tool():
    env = gym.make("reasonenv/MathPython-v0", split="test")
    env.reset(seed=3)
    assert env.step(block("2 ** 10"))[0] == "\n```output\n1024\n```\n"
    answer = env.unwrapped.task.reference.answer
    assert env.step(f"The answer is \\boxed{{{answer}}}")[1:4] == (1.0, True, False)

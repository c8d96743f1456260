"""The table of wrong uses of `python -m reasonenv` and of the package from Python: one clear sentence each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from wrong_uses import expect_refusal, rows, write_files

from reasonenv import CompositeReward, PromptTemplate, TextEnv, load_reward, load_tasks, rule
from reasonenv.__main__ import main

MATH = "reasonenv/Math-v0"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "pattern"),
    rows(
        ("lst", r"Unknown command 'lst'\. Did you mean 'list'\?"),
        ("--foo", r"Unrecognized options: --foo"),
        ("list task", r"Unknown kind of part 'task'\. Did you mean 'tasks'\?"),
        ("list tasks rewards", r"unrecognized arguments: rewards"),
        ("list --foo", r"unrecognized arguments: --foo"),
        ("show", r"required: NAME"),
        ("show acuracy", r"no part called 'acuracy'\. Did you mean 'accuracy'\?"),
        ("show reward accuracy", r"Unknown kind of part 'reward'\. Did you mean 'rewards'\?"),
        ("show rewards acuracy", r"Unknown reward 'acuracy'\. Did you mean 'accuracy'\?"),
        ("show environments reasonenv/Mth-v0", r"Unknown environment .* Did you mean 'reasonenv/Math-v0'\?"),
        ("show tasks chain_arithmetics", r"Unknown task set .* Did you mean 'chain_arithmetic'\?"),
        ("show templates plian", r"Unknown prompt template 'plian'\. Did you mean 'plain'\?"),
        ("show turns pyton", r"Unknown turn 'pyton'\. Did you mean 'python'\?"),
        ("show data-sets gsm9k", r"Unknown data set 'gsm9k'\. Did you mean 'gsm8k'\?"),
        ("show no_such_module:part", r"No module named 'no_such_module'"),
        ("show json:no_such_part", r"module 'json' has no attribute 'no_such_part'"),
        ("show broken_part_of_a_user:part", r"ZeroDivisionError: division by zero"),
        ("show wrong_parts_of_a_user:needs", r"is a function, which does not say what kind of part it is\. Say it"),
        ("show tasks wrong_parts_of_a_user:needs", r"tasks 'needs' must be .* a function of a split"),
        ("show turns wrong_parts_of_a_user:not_a_part", r"A turn must be .* got 5 \(int\)"),
        ("show templates wrong_parts_of_a_user:needs", r"A template must be .* is function"),
        ("show broken.jsonl", r"broken\.jsonl line 2: not JSON"),
        ("show notes.txt", r"notes\.txt: expected a file that ends in \.jsonl"),
        ("doctor --foo", r"Unrecognized options: --foo"),
        ("bench-rewards --data missing.jsonl", r"missing\.jsonl: no such file"),
        ("bench-rewards --data empty.jsonl", r"empty\.jsonl: the file holds no rows"),
        ("bench-rewards --data good.jsonl", r"good\.jsonl line 1: expected text under gold and response"),
        ("bench-rewards --reward", r"at least one grader"),
        ("bench-rewards --reward acuracy", r"Unknown reward 'acuracy'\. Did you mean 'accuracy'\?"),
        ("bench-rewards --reward accuracy accuracy", r"each one once"),
        ("bench-rewards --reward accuracy@abc", r"must follow a finite number, got 'abc'"),
        ("bench-rewards --reward plain:json", r"must be named plain:module:attribute"),
        ("bench-rewards --reward plain:no_such_module:score", r"No module named 'no_such_module'"),
        ("bench-rewards --against math-verfy", r"invalid choice 'math-verfy' .* one of .*'math-verify'"),
        ("bench-rewards --timeout-seconds abc", r"Error parsing --timeout-seconds: .* 'abc'"),
        ("bench-rewards --timeout-seconds -1", r"must be positive, got .*timeout_seconds=-1"),
        ("bench-rewards --num-processes 0", r"must be positive, got .*num_processes=0"),
        ("bench-rewards --sead 1", r"Unrecognized options: --sead.* Perhaps you meant: --seed"),
        ("bench-rewards --output-dir a_file", r"--output-dir must be a folder.* a_file is a file"),
    ),
)
def test_wrong_command_is_refused(words: str, pattern: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expect_refusal(main, words, pattern, folder, capsys)


def made(**arguments: Any) -> Callable[[], object]:
    return lambda: gym.make(MATH, **arguments)


def in_episode(use: Callable[[TextEnv], object]) -> Callable[[], object]:
    def play() -> None:
        env = gym.make(MATH).unwrapped
        assert isinstance(env, TextEnv)
        env.reset(seed=0)
        use(env)

    return play


def template_without_placeholder() -> PromptTemplate:
    asked: Any = {"role": "user", "content": "Q:"}
    return PromptTemplate(name="t", version=0, text_template="Q: A:", message_templates=(asked,))


USES: dict[str, tuple[Callable[[], object], str]] = {
    "an id": (lambda: gym.make("reasonenv/Mth-v0"), r"Did you mean: `Math`"),
    "no tasks": (made(tasks=None), r"None"),
    "tasks that are a number": (made(tasks=5), r"int"),
    "an empty name of tasks": (made(tasks=""), r"''|empty"),
    "an empty list of tasks": (made(tasks=[]), r"empty"),
    "rows without an answer": (made(tasks=[{"question": "1+1=?"}]), r"answer"),
    "a split": (made(split="tain"), r"Unknown split 'tain' .* Did you mean 'train'\?"),
    "columns of generated tasks": (made(columns={"prompt": "question"}), r"columns"),
    "a data set": (made(tasks="good.jsonl", data_set="gsm9k"), r"Unknown data set 'gsm9k'\. Did you mean 'gsm8k'\?"),
    "a list as reward": (made(reward=["accuracy"]), r"A reward must be .* \['accuracy'\]"),
    "a class as reward": (made(reward=CompositeReward), r"a class by calling it"),
    "a function as reward": (made(reward=len), r"@rule\(name\)"),
    "no weights": (made(reward={}), r"at least one"),
    "a weight that is no number": (made(reward={"accuracy": float("nan")}), r"finite, got nan"),
    "a weight that is text": (made(reward={"accuracy": "much"}), r"number, got .*'?much'?"),
    "weights of an unknown reward": (made(reward={"acuracy": 1.0}), r"Did you mean 'accuracy'\?"),
    "one component twice": (made(reward={"r1_zero": 1.0, "accuracy": 1.0}), r"component 'accuracy'"),
    "a template without its placeholder": (template_without_placeholder, r"\{prompt\}"),
    "text as template": (made(template="Q: {prompt}"), r"Unknown prompt template|cannot be imported"),
    "a number as turn": (made(turn=5, max_turns=2), r"A turn must be .* got 5 \(int\)"),
    "turns without a turn": (made(max_turns=2), r"max_turns=2 needs a turn"),
    "no turns": (made(max_turns=0), r"max_turns must be at least 1, got 0"),
    "no response": (made(max_response_chars=0), r"max_response_chars must be at least 1, got 0"),
    "a group that does not divide": (lambda: gym.make_vec(MATH, num_envs=3, group_size=2), r"group_size=?.*2"),
    "an empty group": (lambda: gym.make_vec(MATH, num_envs=2, group_size=0), r"group_size must be at least 1, got 0"),
    "a step before reset": (lambda: gym.make(MATH).unwrapped.step("5"), r"call reset\(\) first"),
    "a number as response": (in_episode(lambda env: env.step(5)), r"must be a str, got int: 5"),  # type: ignore[arg-type]
    "an option": (in_episode(lambda env: env.reset(options={"task": 1})), r"task_index or task_id"),
    "an index": (in_episode(lambda env: env.reset(options={"task_index": 10**9})), r"tasks 0 to 219999"),
    "an id of a task": (in_episode(lambda env: env.reset(options={"task_id": "x"})), r"No task 'x' .* ids look like"),
    "a rule without its name": (lambda: rule(len), r"@rule needs the name of the reward"),  # type: ignore[arg-type]
    "a reward by a wrong name": (lambda: load_reward("acuracy"), r"Did you mean 'accuracy'\?"),
    "a file that is not there": (lambda: load_tasks("missing.jsonl"), r"missing\.jsonl: no such file or folder"),
}


@pytest.mark.parametrize("name", USES)
def test_wrong_call_is_refused(name: str, folder: Path) -> None:
    del folder
    call, pattern = USES[name]
    with pytest.raises((ValueError, TypeError, IndexError, gym.error.Error), match=pattern) as raised:
        call()
    assert "Traceback" not in str(raised.value)

"""Every row of every table resolves to something that keeps its protocol, so a new row is tested without a new test."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Mapping
from dataclasses import replace
from inspect import Parameter, signature
from pathlib import Path

import gymnasium
import pytest
from code_parts import sandbox_or_skip

from agents.algorithms import ALGORITHMS, load_algorithm
from agents.config import RunConfig, to_json
from agents.recipes import RECIPES
from agents.rollout import ENGINES
from agents.testing import check_algorithm, check_engine
from reasonenv import Attempt, MathReference, QAReference, Task, TextEnv
from reasonenv.errors import PartImportError, UnknownNameError
from reasonenv.prompts import TEMPLATES, PromptTemplate
from reasonenv.registration import ENVIRONMENTS
from reasonenv.rewards import PRESETS, REWARDS
from reasonenv.tables import resolve
from reasonenv.tasksets import TASK_SETS, load_tasks
from reasonenv.tasksets.datasets.data_set import DataSet
from reasonenv.testing import check_env, check_interaction, check_reward, check_task_set
from reasonenv.turns import TURNS
from reasonenv.types import CallTests, CodeReference

TABLES: dict[str, Mapping[str, str]] = {
    "algorithm": ALGORITHMS,
    "engine": ENGINES,
    "prompt template": TEMPLATES,
    "recipe": RECIPES,
    "reward": REWARDS,
    "reward preset": PRESETS,
    "task set": TASK_SETS,
    "turn": TURNS,
}
OFFLINE = [name for name in TASK_SETS if not isinstance(resolve(TASK_SETS, name, kind="task set"), DataSet)]

TASK = Task(task_id="sum/test/00000", prompt="2+3=?", reference=MathReference(answer="5"))
CODE_TASK = Task(
    task_id="add/test/00000",
    prompt="Write add(a, b).",
    reference=CodeReference(
        tests=CallTests("add", (((2, 3), 5), ((0, 1), 1))),
        public_tests=CallTests("add", (((1, 1), 2),)),
        reference_program="def add(a, b):\n    return a + b\n",
    ),
)
QUESTION = replace(TASK, reference=QAReference(kind="number", answers=("5",)))
TASK_OF_REWARD = {"qa": QUESTION, "r1_qa": QUESTION} | dict.fromkeys(
    ("r1_code", "code_pass_rate", "code_all_passed", "code_efficiency"), CODE_TASK
)
"""Rewards for another kind of reference than mathematics."""


@pytest.mark.parametrize("kind", TABLES)
def test_unknown_name_gets_the_closest_one(kind: str) -> None:
    name = next(iter(TABLES[kind]))
    with pytest.raises(UnknownNameError, match=rf"Unknown {kind} '{name}_'\. Did you mean '{name}'"):
        resolve(TABLES[kind], f"{name}_", kind=kind)


def test_part_of_a_users_module_goes_where_a_name_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_parts.py").write_text("class Rewards:\n    brevity = 'short is good'\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert resolve(REWARDS, "own_parts:Rewards.brevity", kind="reward") == "short is good"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("no_such_module:part", "No module named 'no_such_module'"),
        ("json:no_such_part", "has no attribute 'no_such_part'"),
        (":part", "Empty module name"),
        ("json:", "has no attribute ''"),
        ("broken_part:part", "ZeroDivisionError: division by zero"),
        ("leaving_part:part", "SystemExit: no licence"),
        ("panicking_part:part", "Panic: gone"),
    ],
)
def test_part_that_cannot_be_imported_is_named_with_the_reason(
    path: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_part.py").write_text("1 / 0\n", encoding="utf-8")
    (tmp_path / "leaving_part.py").write_text("raise SystemExit('no licence')\n", encoding="utf-8")
    panic = "class Panic(BaseException): pass\n\nraise Panic('gone')\n"
    (tmp_path / "panicking_part.py").write_text(panic, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PartImportError, match=re.escape(reason)) as raised:
        resolve(REWARDS, path, kind="reward")
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


def test_ctrl_c_while_a_part_is_imported_is_no_fault_of_the_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "interrupted_part.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        resolve(REWARDS, "interrupted_part:part", kind="reward")


def test_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="A reward must be given by its name, got int: 5"):
        resolve(REWARDS, 5, kind="reward")  # type: ignore[arg-type]


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_environment_id_is_versioned_and_its_environment_conforms(env_id: str) -> None:
    assert re.fullmatch(r"reasonenv/\w+-v\d+", env_id)
    env = gymnasium.make(env_id).unwrapped
    assert isinstance(env, TextEnv)
    check_env(env)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", OFFLINE)
def test_task_set_conforms(name: str, split: str) -> None:
    tasks = resolve(TASK_SETS, name, kind="task set")(split)
    assert (tasks.name, tasks.split) == (name, split)
    check_task_set(tasks)


@pytest.mark.parametrize("name", TASK_SETS)
def test_task_set_names_the_splits_it_knows_when_asked_for_another(name: str) -> None:
    with pytest.raises(UnknownNameError, match="split 'tset'"):
        resolve(TASK_SETS, name, kind="task set")("tset")


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_asks_the_question_last_in_both_forms(name: str) -> None:
    template = resolve(TEMPLATES, name, kind="prompt template")
    assert isinstance(template, PromptTemplate)
    assert template.name == name
    assert template.text(TASK).count(TASK.prompt) == 1
    assert template.messages(TASK)[-1]["role"] == "user"
    assert TASK.prompt in template.messages(TASK)[-1]["content"]


@pytest.mark.parametrize("name", REWARDS)
def test_reward_conforms(name: str) -> None:
    reward = resolve(REWARDS, name, kind="reward")()
    assert reward.name == name
    check_reward(reward, [TASK_OF_REWARD.get(name, TASK)])


@pytest.mark.parametrize("name", PRESETS)
def test_preset_conforms(name: str) -> None:
    mixed = load_tasks("procedural_mixed")
    is_mixed = name.endswith("_all_scenarios")
    tasks = [mixed[index] for index in range(8)] if is_mixed else [TASK_OF_REWARD.get(name, TASK)]
    check_reward(resolve(PRESETS, name, kind="reward preset")(), tasks)


@pytest.mark.parametrize("name", [name for name in PRESETS if not name.startswith("compat_")])
def test_preset_pays_the_right_answer_in_the_right_form_most(name: str) -> None:
    reward = resolve(PRESETS, name, kind="reward preset")()
    task = TASK_OF_REWARD.get(name, TASK)
    block = "```python\ndef add(a, b):\n    return a {} b\n```"
    answers = (block.format("+"), block.format("-")) if task is CODE_TASK else ("5", "6")
    responses = (f"<think>2+3=5</think> <answer>{answer}</answer>" for answer in answers)
    attempts = [Attempt(task=task, response=response) for response in (*responses, "5", "")]
    totals = [breakdown.total for breakdown in reward.score(attempts)]
    assert totals[0] > max(totals[1:])


@pytest.mark.parametrize("name", TURNS)
def test_interaction_conforms(name: str) -> None:
    sandbox_or_skip()
    programs = ("def add(a, b):\n    return a + b", "def add(a, b):\n    return a - b\nprint(add(5, 3))", "1 / 0")
    responses = ("", "no program", *(f"Try this.\n```python\n{program}\n```" for program in programs))
    check_interaction(resolve(TURNS, name, kind="turn")(), [asked(CODE_TASK, response) for response in responses])


def asked(task: Task, response: str) -> Attempt:
    messages = ({"role": "user", "content": task.prompt}, {"role": "assistant", "content": response})
    return Attempt(task=task, response=response, messages=messages)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_algorithm_conforms(name: str) -> None:
    check_algorithm(load_algorithm(name))


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_returns_a_run_that_can_be_written_as_json(name: str) -> None:
    recipe = resolve(RECIPES, name, kind="recipe")
    required = [
        parameter for parameter in signature(recipe).parameters.values() if parameter.default is Parameter.empty
    ]
    config = recipe(**{parameter.name: "organisation/model" for parameter in required})
    assert isinstance(config, RunConfig)
    assert json.loads(json.dumps(to_json(config)))["class"] == "RunConfig"


@pytest.mark.parametrize("name", ENGINES)
def test_engine_conforms(name: str) -> None:
    check_engine(resolve(ENGINES, name, kind="engine"))

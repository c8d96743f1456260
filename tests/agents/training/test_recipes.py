from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agents.algorithms import GRPO, PPO
from agents.building import check_parts
from agents.config import RunConfig, SFTConfig, to_json
from agents.recipes import RECIPES
from agents.recipes.quickstart import quickstart
from agents.recipes.r1_zero import r1_zero
from agents.recipes.sft import sft
from reasonenv.registration import ENVIRONMENTS
from reasonenv.tables import resolve

REQUIRED: dict[str, dict[str, Any]] = {"r1_zero": {"model": "some/model"}}


@pytest.fixture(params=RECIPES)
def recipe(request: pytest.FixtureRequest) -> tuple[str, Callable[..., RunConfig]]:
    return request.param, resolve(RECIPES, request.param, kind="recipe")


def test_every_recipe_gives_a_run_of_its_own_name(recipe: Any) -> None:
    name, function = recipe
    assert function(**REQUIRED.get(name, {})).name == name


def test_every_recipe_gives_the_same_configuration_every_time(recipe: Any) -> None:
    name, function = recipe
    arguments = REQUIRED.get(name, {})
    assert to_json(function(**arguments)) == to_json(function(**arguments))


def test_every_recipe_begins_with_an_evaluation_or_supervised_steps_and_evaluates_at_its_end(recipe: Any) -> None:
    name, function = recipe
    phases = function(**REQUIRED.get(name, {})).phases
    assert phases[-1] in ("before", "after")
    assert "before" in phases


@pytest.mark.parametrize("config", [quickstart(), quickstart("ppo"), sft()], ids=["grpo", "ppo", "sft"])
def test_recipes_that_need_no_model_run_without_network(config: RunConfig) -> None:
    assert (config.policy.path, config.policy.device) == (None, "cpu")
    check_parts(config)


def test_r1_zero_has_the_published_hyperparameters() -> None:
    """Sec. 2 and its supplement, arXiv 2501.12948."""
    (rl,) = r1_zero("some/model").rl_phases
    assert rl.optimizer.learning_rate == 3e-6
    assert rl.optimizer.schedule == "constant"
    assert isinstance(rl.algorithm, GRPO)
    assert rl.algorithm.kl_coef == 0.001
    assert rl.algorithm.scale == "group"
    assert (rl.rollout.temperature, rl.rollout.top_p) == (1.0, 1.0)
    assert (rl.rollout.num_prompts, rl.rollout.group_size) == (32, 16)
    assert rl.update.num_epochs == 1
    assert (rl.reference_every, rl.num_steps) == (400, 10_400)


def test_r1_zero_learns_without_supervision_from_accuracy_and_format_under_its_template() -> None:
    config = r1_zero("some/model")
    assert [phase.name for phase in config.plan] == ["before", "rl", "after"]
    assert config.policy.path == "some/model"
    assert config.env.id == "reasonenv/Math-v0"
    assert ENVIRONMENTS[config.env.id]["reward"] == ENVIRONMENTS[config.env.id]["template"] == "r1_zero"


def test_r1_zero_evaluates_with_the_budget_that_it_trains_with() -> None:
    config = r1_zero("some/model")
    assert config.evaluation.max_new_tokens == config.rl_phases[0].rollout.max_new_tokens


@pytest.mark.parametrize(("name", "kind"), [("grpo", GRPO), ("ppo", PPO)])
def test_quickstart_offers_both_algorithms_and_changes_nothing_else(name: Any, kind: type) -> None:
    (rl,), (default,) = quickstart(name).rl_phases, quickstart().rl_phases
    assert isinstance(rl.algorithm, kind)
    assert to_json(quickstart(name).with_phase(replace(rl, algorithm=default.algorithm))) == to_json(quickstart())


def test_quickstart_ends_its_cold_start_on_terse_answers_and_its_control_goes_on_with_them() -> None:
    config = quickstart()
    worked, terse, before, control, *_ = config.phases
    assert before == "before"
    assert isinstance(worked, SFTConfig)
    assert isinstance(terse, SFTConfig)
    assert worked.worked_share == 1.0
    assert 0 < terse.worked_share < 0.5
    assert control == replace(terse, name="control_1", start="before")


def test_sft_takes_model_and_length() -> None:
    config = sft(model="some/model", num_steps=7)
    assert (config.policy.path, config.rl_phases) == ("some/model", ())
    assert [phase.num_steps for phase in config.training_phases] == [7]

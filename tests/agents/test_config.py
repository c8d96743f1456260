from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest

from agents.algorithms import GRPO, GSPO, PPO
from agents.config import (
    EnvConfig,
    EvaluationConfig,
    PolicyConfig,
    RLConfig,
    RolloutConfig,
    RunConfig,
    SFTConfig,
    to_json,
)
from agents.errors import ConfigError
from agents.learner import OptimizerConfig, UpdateConfig
from agents.rollout.engine import SamplingParams
from reasonenv.errors import UnknownNameError

REQUIRED: dict[type, dict[str, Any]] = {
    SFTConfig: {"num_steps": 1},
    RLConfig: {"num_steps": 1},
    RunConfig: {"name": "a"},
}
KEEPS = RLConfig(name="second", num_steps=1, keeps_optimizer=True)
REFUSED: list[tuple[type, str, Any]] = [
    (PolicyConfig, "num_threads", 0),
    (RolloutConfig, "num_prompts", 0),
    (RolloutConfig, "group_size", 0),
    (RolloutConfig, "max_new_tokens", 0),
    (RolloutConfig, "temperature", 0.0),
    (RolloutConfig, "temperature", -1.0),
    (RolloutConfig, "top_p", 0.0),
    (RolloutConfig, "top_p", 1.5),
    (EvaluationConfig, "temperature", -1.0),
    (EvaluationConfig, "top_p", 0.0),
    (SFTConfig, "num_steps", -1),
    (SFTConfig, "batch_size", 0),
    (SFTConfig, "worked_share", -0.1),
    (SFTConfig, "worked_share", 1.1),
    (RLConfig, "num_steps", -1),
    (RLConfig, "reference_every", 0),
    (RLConfig, "max_extra_collections", -1),
    (EvaluationConfig, "num_tasks", 0),
    (EvaluationConfig, "samples_per_task", 0),
    (EvaluationConfig, "max_new_tokens", 0),
    (EvaluationConfig, "every", 0),
    (RunConfig, "seed", -1),
    (RunConfig, "checkpoint_every", 0),
]


@pytest.mark.parametrize(("kind", "name", "value"), REFUSED)
def test_a_value_that_cannot_work_is_refused_by_its_name(kind: type, name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"\b{name} must .*got {value}"):
        kind(**{**REQUIRED.get(kind, {}), name: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rollout": RolloutConfig(top_p=0.9)}, r"top_p must be 1 to train on, got 0\.9"),
        ({"rollout": RolloutConfig(group_size=1)}, r"group_size must be at least 2 for GRPO, got 1"),
        ({"algorithm": GSPO(), "rollout": RolloutConfig(group_size=1)}, r"at least 2 for GSPO, got 1"),
        ({"algorithm": PPO(), "max_extra_collections": 1}, r"max_extra_collections must be 0 for PPO, got 1"),
    ],
)
def test_samples_that_the_algorithm_would_learn_wrongly_from_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RLConfig(num_steps=1, **changes)


def test_a_critic_needs_no_group() -> None:
    assert RLConfig(num_steps=1, algorithm=PPO(), rollout=RolloutConfig(group_size=1)).rollout.group_size == 1


@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in REFUSED}, key=lambda kind: kind.__name__))
def test_defaults_are_accepted(kind: type) -> None:
    assert kind(**REQUIRED.get(kind, {})) == kind(**REQUIRED.get(kind, {}))


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/tmp", "a/", "../a"])
def test_a_name_that_leads_out_of_the_output_folder_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="must be that of a folder in output_dir"):
        RunConfig(name=name)


@pytest.mark.parametrize("name", ["a", "a.b", "ünï", "run 1"])
def test_a_run_is_written_to_the_folder_of_its_name(name: str) -> None:
    assert RunConfig(name=name, output_dir=Path("out")).folder == Path("out") / name


def test_configurations_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig(name="a").seed = 1  # type: ignore[misc]


def test_json_names_every_class_and_keeps_every_field() -> None:
    config = RunConfig(name="a", phases=(RLConfig(num_steps=3, algorithm=PPO(clip_high=0.3)),))
    values = to_json(config)
    assert values["class"] == "RunConfig"
    assert values["phases"][0]["algorithm"]["class"] == "PPO"
    assert values["phases"][0]["algorithm"]["clip_high"] == 0.3
    assert {"class", *(field.name for field in dataclasses.fields(RunConfig))} == set(values)


def test_json_tells_algorithms_apart() -> None:
    assert to_json(GRPO())["class"] != to_json(PPO())["class"]


def test_json_survives_being_written_and_read() -> None:
    stage = SFTConfig(num_steps=1, optimizer=OptimizerConfig(max_grad_norm=float("inf")))
    values = to_json(
        RunConfig(name="a", phases=(dataclasses.replace(stage, name="first"), stage, RLConfig(num_steps=1)))
    )
    assert json.loads(json.dumps(values)) == values
    assert values["output_dir"] == "runs"
    assert values["phases"][1]["optimizer"]["betas"] == [0.9, 0.999]


def test_equal_configurations_have_equal_json_and_others_do_not() -> None:
    assert to_json(RunConfig(name="a")) == to_json(RunConfig(name="a"))
    assert to_json(RunConfig(name="a")) != to_json(RunConfig(name="a", env=EnvConfig(tasks="gcd_lcm")))


def test_true_is_no_count() -> None:
    with pytest.raises(ConfigError, match=r"rollout\.group_size must be an int, got True"):
        RolloutConfig(group_size=True)
    with pytest.raises(ConfigError, match=r"update\.num_epochs must be an int, got True"):
        UpdateConfig(num_epochs=True)
    with pytest.raises(TypeError, match="max_new_tokens must be an int, got bool: True"):
        SamplingParams(max_new_tokens=True)


RL = RLConfig(num_steps=1)
SFT = SFTConfig(num_steps=1)


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ((RL, RL), "2 phases are called 'rl': give each a name of its own"),
        (("before", SFT, "before"), "2 phases are called 'before'"),
        ((EvaluationConfig(name="late", every=3),), r"late\.every is not for a phase: set evaluation\.every"),
        ((EvaluationConfig(),), "cannot be called 'evaluation': a run has something else of that name"),
        (("seconds",), "cannot be called 'seconds'"),
        (("previous",), "cannot be called 'previous'"),
        (("../up",), r"must be letters, digits and _, such as 'rl_2'; got '\.\./up'"),
        ((dataclasses.replace(RL, start="after"), "after"), r"rl\.start='after' must name a phase before 'rl'"),
        (
            (SFT, dataclasses.replace(RL, start="stf")),
            r"rl\.start='stf' is no phase and no folder\. Did you mean 'sft'",
        ),
        ((dataclasses.replace(RL, start="inital"),), r"Did you mean 'initial'"),
        (({"name": "rl"},), r"phases\[0\] must be an SFTConfig, .* got a dict"),
        ((dataclasses.replace(SFT, start="sft"),), r"sft\.start='sft' must name a phase before 'sft'"),
        ((KEEPS,), r"second\.keeps_optimizer needs a phase of reinforcement learning before it"),
        ((RL, SFT, KEEPS), r"second\.keeps_optimizer needs a phase of reinforcement learning before it"),
        ((RL, EvaluationConfig(name="at", start="initial"), KEEPS), r"at\.start='initial' is not the policy of that"),
        ((RL, dataclasses.replace(KEEPS, start="initial")), r"second\.start='initial' is not the policy of that"),
        (
            (RL, dataclasses.replace(KEEPS, optimizer=OptimizerConfig(learning_rate=1.0))),
            r"needs the same second\.optimizer as rl\.optimizer",
        ),
        ((RL, dataclasses.replace(KEEPS, algorithm=PPO())), "needs the same critic, or none, in 'rl' and 'second'"),
    ],
)
def test_phases_that_do_not_fit_together_are_refused_by_name(phases: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RunConfig(name="a", phases=phases)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "cold needs one of num_steps and num_epochs, got None, None"),
        ({"num_steps": 1, "num_epochs": 1.0, "samples": "x"}, "cold needs one of num_steps and num_epochs, got 1, 1.0"),
        ({"num_epochs": 1.0}, r"cold\.num_epochs are epochs of samples: set cold\.samples"),
        ({"num_epochs": 0.0, "samples": "x"}, r"cold\.num_epochs must be positive"),
        ({"num_steps": 1, "start": ""}, r"cold\.start is empty"),
    ],
)
def test_a_supervised_phase_is_as_long_as_one_setting_says(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SFTConfig(name="cold", **settings)


def test_a_bare_name_measures_as_the_run_does() -> None:
    run = RunConfig(name="a", phases=("before",), evaluation=EvaluationConfig(num_tasks=3))
    assert run.plan == (EvaluationConfig(name="before", num_tasks=3),)


def test_the_evaluation_of_a_run_starts_nowhere() -> None:
    with pytest.raises(ConfigError, match="is for a phase"):
        RunConfig(name="a", evaluation=EvaluationConfig(start="initial"))


def test_a_phase_is_replaced_by_its_name() -> None:
    run = RunConfig(name="a", phases=(SFT, "before", RL))
    assert run.with_phase(RLConfig(num_steps=9)).phases == (SFT, "before", RLConfig(num_steps=9))
    with pytest.raises(UnknownNameError, match=r"Unknown phase 'r1'\. Did you mean 'rl'"):
        run.with_phase(RLConfig(name="r1", num_steps=9))


def test_no_steps_may_have_no_learning_rate() -> None:
    still = OptimizerConfig(learning_rate=0.0)
    assert RLConfig(num_steps=0, optimizer=still).optimizer == SFTConfig(num_steps=0, optimizer=still).optimizer


def test_an_infinite_clip_bound_is_no_bound_and_an_infinite_coefficient_is_refused() -> None:
    assert GRPO(clip_low=math.inf, clip_high=math.inf).clip_high == math.inf
    with pytest.raises(ConfigError, match=r"GRPO\.kl_coef must be at least 0 and finite, got inf"):
        GRPO(kl_coef=math.inf)


@pytest.mark.parametrize("temperature", [math.nan, math.inf, -1.0])
def test_a_temperature_of_sampling_is_a_number(temperature: float) -> None:
    with pytest.raises(ValueError, match=r"temperature must be 0 \(greedy\) or positive and finite, got"):
        SamplingParams(max_new_tokens=1, temperature=temperature)

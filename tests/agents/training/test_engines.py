"""The rollout engines of a run: built once, shared, closed, and tried before anything is written."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from test_train import usual_phases
from transformers import BloomConfig, BloomForCausalLM, ModernBertDecoderConfig, ModernBertDecoderForCausalLM

from agents.building import build_engine, evaluate_policy, load_policy
from agents.config import EnvConfig, EvaluationConfig, PolicyConfig, RLConfig, RolloutConfig, RunConfig, SFTConfig
from agents.errors import ConfigError, PolicyError
from agents.policies.tiny import build_tiny_tokenizer
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine_configs import DecodeEngineConfig
from agents.rollout.engines import Engines
from agents.train import train

ENV = EnvConfig(tasks="chain_arithmetic", template="plain")
ROLLOUT = RolloutConfig(num_prompts=2, group_size=2, max_new_tokens=4)
RUN = RunConfig(
    name="run",
    policy=PolicyConfig(num_threads=1),
    env=ENV,
    phases=("before", RLConfig(num_steps=2, rollout=ROLLOUT), "after"),
    evaluation=EvaluationConfig(num_tasks=2, max_new_tokens=4, every=1),
)


class Counted(DecodeEngine):
    """Counts the engines that are made and closed."""

    made: list[Counted]

    def __init__(self, model: Any, pad_token_id: int) -> None:
        super().__init__(model, pad_token_id)
        self.num_closed = 0
        self.made.append(self)

    def close(self) -> None:
        self.num_closed += 1


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Counted]:
    engines: list[Counted] = []
    monkeypatch.setattr(Counted, "made", engines, raising=False)
    return engines


def test_training_and_evaluation_share_one_engine_of_each_policy_that_a_run_loads(
    tmp_path: Path, made: list[Counted]
) -> None:
    rl = RLConfig(num_steps=2, rollout=replace(ROLLOUT, engine=Counted))
    train(
        replace(
            RUN, output_dir=tmp_path, phases=usual_phases(rl=rl), evaluation=replace(RUN.evaluation, engine=Counted)
        )
    )
    assert [engine.num_closed for engine in made] == [1]


def test_engines_are_closed_when_a_run_fails(tmp_path: Path, made: list[Counted]) -> None:
    class Failing(Counted):
        def load_weights(self, *arguments: Any, **named: Any) -> None:
            raise OSError("no weights")

    evaluation = replace(RUN.evaluation, engine=Failing)
    with pytest.raises(OSError, match="no weights"):
        train(replace(RUN, output_dir=tmp_path, evaluation=evaluation))
    assert [engine.num_closed for engine in made] == [1]


def test_an_engine_with_weights_of_its_own_gets_the_policys_before_an_evaluation() -> None:
    policy, other = (load_policy(PolicyConfig(), ENV, seed=seed) for seed in (0, 1))
    engine = DecodeEngine(other.model, other.codec.pad_token_id)
    found = evaluate_policy(RUN, policy, engine=engine)
    assert found == evaluate_policy(RUN, policy)
    assert torch.equal(other.model.lm_head.weight, policy.model.lm_head.weight)


def test_the_same_choice_gives_the_same_engine_until_it_is_closed() -> None:
    engines = Engines(partial(build_engine, load_policy(PolicyConfig(), ENV, seed=0)))
    first = engines.get(DecodeEngineConfig(max_rows=3))
    assert engines.get(DecodeEngineConfig(max_rows=3)) is first
    assert engines.get(DecodeEngineConfig(max_rows=4)) is not first
    engines.close()
    assert engines.get(DecodeEngineConfig(max_rows=3)) is not first


def save_model(folder: Path, model: Any) -> PolicyConfig:
    for part in (model, build_tiny_tokenizer()):
        part.save_pretrained(folder)
    return PolicyConfig(path=str(folder), num_threads=1)


@pytest.mark.parametrize(
    ("engine", "chosen_by"),
    [("decode", "evaluation.engine and rl.rollout.engine"), ("hf", "evaluation.engine")],
)
def test_an_engine_that_cannot_serve_the_policy_is_named_before_anything_is_written(
    tmp_path: Path, engine: str, chosen_by: str
) -> None:
    config = BloomConfig(vocab_size=len(build_tiny_tokenizer()), hidden_size=32, n_layer=1, n_head=4)
    policy = save_model(tmp_path / "bloom", BloomForCausalLM(config))
    phases = (
        SFTConfig(num_steps=1, batch_size=2),
        "before",
        RLConfig(num_steps=2, rollout=replace(ROLLOUT, engine=engine)),
    )
    message = r"DecodeEngine cannot serve BloomForCausalLM: .* the engine \"hf\" instead"
    with pytest.raises(ConfigError, match=message) as refusal:
        train(replace(RUN, output_dir=tmp_path / "runs", policy=policy, phases=phases))
    assert refusal.value.__notes__ == [f"The engine is chosen by {chosen_by}."]
    assert not (tmp_path / "runs").exists()


def test_a_policy_that_cannot_be_trained_is_named_before_anything_is_written(tmp_path: Path) -> None:
    config = ModernBertDecoderConfig(
        vocab_size=len(build_tiny_tokenizer()),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=2,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=1,
        cls_token_id=1,
        sep_token_id=1,
    )
    policy = save_model(tmp_path / "model", ModernBertDecoderForCausalLM(config))
    with pytest.raises(PolicyError, match="has layers between its decoder and its head"):
        train(replace(RUN, output_dir=tmp_path / "runs", policy=policy))
    assert not (tmp_path / "runs").exists()

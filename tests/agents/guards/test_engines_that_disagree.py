"""Engines whose log-probabilities are not the learner's: found in an update, and what becomes of the run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from disagreeing_engine import recipe
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
)

from agents.__main__ import main
from agents.algorithms import GRPO
from agents.config import RLConfig
from agents.errors import TrainingError
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.losses import totals_of
from agents.policies.hf import HFPolicy
from agents.rollout.assemble import pad_rows
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import Completion, SamplingParams
from agents.rollout.hf import HFGenerateEngine
from agents.train import train
from agents.types import TokenBatch

SIZES: dict[str, Any] = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def rope(kind: str, **settings: Any) -> dict[str, Any]:
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 1e4, "factor": 8.0, **settings}}


def model_of(name: str) -> Any:
    """A random model of two layers whose logits are far from equal."""
    longrope = rope(
        "longrope", short_factor=[1.0] * 4, long_factor=[2.0, 4.0, 8.0, 8.0], original_max_position_embeddings=16
    )
    made = {
        "dynamic_ntk": (LlamaForCausalLM, LlamaConfig(**SIZES, **rope("dynamic"), max_position_embeddings=16)),
        "llama": (LlamaForCausalLM, LlamaConfig(**SIZES)),
        "longrope": (
            Phi3ForCausalLM,
            Phi3Config(**SIZES, **longrope, max_position_embeddings=64, original_max_position_embeddings=16),
        ),
        "mixtral": (MixtralForCausalLM, MixtralConfig(**SIZES, num_local_experts=4)),
    }
    kind, config = made[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = kind(config).eval()
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=parameter.shape[-1] ** -0.5)
        torch.nn.init.normal_(model.get_input_embeddings().weight, std=0.5)
        torch.nn.init.normal_(model.lm_head.weight, std=0.5)
    return model


def sampled(engine: Any) -> TokenBatch:
    """Return two groups of four responses, with rewards that differ."""
    prompts = [tuple(range(3, 8)), tuple(range(20, 32))]
    params = SamplingParams(max_new_tokens=24, seed=3)
    groups = engine.generate(prompts, params, num_samples=4)
    rows: list[tuple[tuple[int, ...], Completion]] = [
        (prompt, completion) for prompt, group in zip(prompts, groups, strict=True) for completion in group
    ]
    loss_mask_BT = pad_rows([[0.0] * len(p) + [1.0] * len(c.token_ids) for p, c in rows], 0.0)
    return TokenBatch(
        token_ids_BT=pad_rows([[*p, *c.token_ids] for p, c in rows], 0),
        attention_mask_BT=pad_rows([[1] * (len(p) + len(c.token_ids)) for p, c in rows], 0),
        loss_mask_BT=loss_mask_BT,
        behavior_logprobs_BT=pad_rows([[0.0] * len(p) + list(c.logprobs) for p, c in rows], 0.0),
        rewards_B=torch.tensor([1.0, 0.0, 0.0, 1.0] * 2),
        group_ids_B=torch.arange(8) // 4,
        totals=totals_of(loss_mask_BT),
    )


def one_update(model: Any, engine: Any) -> dict[str, float]:
    learner = Learner(HFPolicy(model), OptimizerConfig(), num_optimizer_steps=1)
    limit = RLConfig(num_steps=1).max_sampler_difference
    return learner.update(
        sampled(engine), GRPO(), UpdateConfig(), temperature=1.0, seed=0, max_sampler_difference=limit
    )


@pytest.mark.parametrize("engine", [DecodeEngine, HFGenerateEngine])
@pytest.mark.parametrize("name", ["llama", "mixtral"])
def test_engines_that_decode_what_the_model_computes_are_within_rounding(name: str, engine: Any) -> None:
    model = model_of(name)
    assert one_update(model, engine(model, pad_token_id=0))["sampler_difference_max"] < 1e-4


@pytest.mark.parametrize("name", ["llama", "mixtral"])
def test_half_precision_is_within_the_default_limit(name: str) -> None:
    model = model_of(name)
    engine = DecodeEngine(model.to(torch.bfloat16), pad_token_id=0)
    batch = sampled(engine)
    learner = Learner(HFPolicy(model.float()), OptimizerConfig(), num_optimizer_steps=1)
    metrics = learner.update(batch, GRPO(), UpdateConfig(), temperature=1.0, seed=0, max_sampler_difference=0.1)
    assert 1e-4 < metrics["sampler_difference"] < 0.05


@pytest.mark.parametrize("name", ["dynamic_ntk", "longrope"])
def test_cached_decoding_that_is_not_the_forward_pass_is_stopped_by_the_default_limit(name: str) -> None:
    model = model_of(name)
    with pytest.raises(TrainingError, match="Likely the engine's cached decoding is not the model's forward pass"):
        one_update(model, HFGenerateEngine(model, pad_token_id=0))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_run_that_is_stopped_keeps_what_it_learned_and_goes_on_with_another_limit(tmp_path: Path) -> None:
    stopped = replace(recipe(), output_dir=tmp_path)
    with pytest.raises(TrainingError, match=r"(?s)by 0\.69\d nats .*\sStopped before step 3 of rl was done; "):
        train(stopped)
    rows = lines(stopped.folder / "metrics.jsonl")
    assert [row["step"] for row in rows] == [0, 1]
    assert all(row["train/sampler_difference_max"] < 1e-4 for row in rows)
    assert {row["step"] for row in lines(stopped.folder / "rollouts.jsonl")} == {0, 1}
    assert (stopped.folder / "checkpoint" / "model.safetensors").exists()
    train(replace(recipe(None), output_dir=tmp_path), resume=True)
    assert lines(stopped.folder / "metrics.jsonl")[2]["train/sampler_difference"] == pytest.approx(0.693, abs=1e-3)


def test_the_command_line_ends_with_the_sentence_and_a_status_that_is_not_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "disagreeing_engine:recipe", "--output-dir", str(tmp_path), "--rl.update.guard", "tis"]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert "differ from the sampler's" in error
    assert "train --resume" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_a_limit_that_nothing_could_meet_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="must be None"):
        RLConfig(num_steps=1, max_sampler_difference=limit)

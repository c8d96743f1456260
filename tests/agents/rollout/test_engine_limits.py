"""What an engine refuses when it is made, and how much memory it takes."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from agents.errors import ConfigError, TrainingError
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import SamplingParams
from agents.rollout.engine_configs import DecodeEngineConfig, HFEngineConfig
from agents.rollout.hf import HFGenerateEngine

PROMPTS = [(40, 41, 42, 43), (50,), (60, 61)]
GREEDY = SamplingParams(max_new_tokens=8, temperature=0.0)
SIZES: dict[str, Any] = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
WITHOUT_SUCH_A_CACHE: dict[str, dict[str, Any]] = {
    "bloom": {"n_layer": 2, "n_head": 4},
    "falcon": {"alibi": True, "new_decoder_architecture": False},
    "openai-gpt": {"n_embd": 32, "n_layer": 2, "n_head": 4},
    "rwkv": {"attention_hidden_size": 32, "intermediate_size": 64},
}


def spread(model: Any) -> Any:
    """Give a random model weights with which its logits differ by nats."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * parameter.shape[-1] ** -0.5)
        model.get_input_embeddings().weight.mul_(4)
    return model.eval()


def small(model_type: str, **options: Any) -> Any:
    known = AutoConfig.for_model(model_type).to_dict()
    config = AutoConfig.for_model(model_type, **{k: v for k, v in SIZES.items() if k in known}, **options)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return spread(AutoModelForCausalLM.from_config(config))


@pytest.mark.parametrize("model_type", WITHOUT_SUCH_A_CACHE)
def test_model_that_decoding_raises_with_is_refused_with_the_engine_to_take(model_type: str) -> None:
    model = small(model_type, **WITHOUT_SUCH_A_CACHE[model_type])
    with pytest.raises(ConfigError, match=rf'DecodeEngine cannot serve {type(model).__name__}: .*"hf" instead'):
        DecodeEngine(model, 0)


@pytest.mark.parametrize("model_type", ["bloom", "falcon", "openai-gpt"])
def test_models_that_decoding_refuses_are_served_by_generate(model_type: str) -> None:
    model = small(model_type, **WITHOUT_SUCH_A_CACHE[model_type])
    assert len(HFGenerateEngine(model, 0).generate([(5, 6)], GREEDY)[0][0].token_ids) == 8


def test_cached_decoding_that_disagrees_with_the_forward_pass_is_refused() -> None:
    model = small("rwkv", **WITHOUT_SUCH_A_CACHE["rwkv"])
    with pytest.raises(ConfigError, match=r"HFGenerateEngine cannot serve RwkvForCausalLM: .* nats from those of its"):
        HFGenerateEngine(model, 0)


def test_cache_is_kept_within_its_bytes_and_samples_stay_what_they_are() -> None:
    model, _ = build_tiny_policy(seed=0)
    spread(model)
    free = DecodeEngine(model, 0)
    assert free.token_bytes == 2 * 2 * 2 * 32 * 4  # keys and values, layers, heads, head size, float32
    params = SamplingParams(max_new_tokens=20, seed=1)
    expected = free.generate(PROMPTS, params, num_samples=10)
    sizes: list[int] = []
    model.register_forward_hook(lambda *_: sizes.append(_[-1].logits.shape[0]))
    bounded = DecodeEngine(model, 0, max_cache_bytes=5 * free.token_bytes * (4 + 2 * (4 + 20)))
    sizes.clear()
    found = bounded.generate(PROMPTS, params, num_samples=10)
    assert max(sizes) == 5
    assert [[c.token_ids for c in group] for group in found] == [[c.token_ids for c in group] for group in expected]


def test_row_that_the_cache_cannot_hold_is_refused_with_its_size() -> None:
    model, _ = build_tiny_policy(seed=0)
    engine = DecodeEngineConfig(max_cache_bytes=100_000)(model, pad_token_id=0)
    with pytest.raises(ConfigError, match=r"One row of 4,?004 tokens takes .* GiB.* more than max_cache_bytes=100000"):
        engine.generate(PROMPTS, SamplingParams(max_new_tokens=4000))


@pytest.mark.parametrize("max_rows", [1, 2, 5])
def test_generate_takes_no_more_rows_at_once_than_allowed(max_rows: int) -> None:
    model, _ = build_tiny_policy(seed=0)
    spread(model)
    expected = HFGenerateEngine(model, 0).generate(PROMPTS, GREEDY, num_samples=2)
    sizes: list[int] = []
    model.register_forward_hook(lambda *_: sizes.append(_[-1].logits.shape[0]))
    engine = HFEngineConfig(max_rows=max_rows)(model, pad_token_id=0)
    shown: list[tuple[int, int]] = []
    engine.on_progress = lambda *state: shown.append(state)
    found = engine.generate(PROMPTS, GREEDY, num_samples=2)
    assert max(sizes) == max_rows
    assert [[c.token_ids for c in group] for group in found] == [[c.token_ids for c in group] for group in expected]
    assert {total for _, total in shown} == {6}


@pytest.mark.parametrize("setting", [{"max_rows": 0}, {"max_cache_bytes": 0}])
def test_limits_are_at_least_one(setting: dict[str, int]) -> None:
    model, _ = build_tiny_policy(seed=0)
    with pytest.raises(ValueError, match=f"{next(iter(setting))} must be at least 1, got 0"):
        DecodeEngineConfig(**setting)(model, pad_token_id=0)


@pytest.mark.parametrize("kind", [DecodeEngine, HFGenerateEngine])
def test_weights_that_are_nan_are_reported_when_an_engine_is_made(kind: type[DecodeEngine | HFGenerateEngine]) -> None:
    model, _ = build_tiny_policy(seed=0)
    torch.nn.init.constant_(model.lm_head.weight, math.nan)
    with pytest.raises(TrainingError, match="logits are NaN"):
        kind(model, 0)


@pytest.mark.parametrize("kind", [DecodeEngine, HFGenerateEngine])
def test_under_autocast_log_probabilities_are_those_of_the_policy_under_autocast(
    kind: type[DecodeEngine | HFGenerateEngine],
) -> None:
    model, _ = build_tiny_policy(seed=0)
    spread(model)
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        engine = kind(model, 0)
        assert not isinstance(engine, DecodeEngine) or engine.token_bytes == 512  # two bytes a number
        (group,) = engine.generate(PROMPTS[:1], SamplingParams(max_new_tokens=12, seed=1), num_samples=4)
        for completion in group:
            ids_BT = torch.tensor([[*PROMPTS[0], *completion.token_ids]])
            mask_BT = (torch.arange(ids_BT.shape[1])[None] >= 4).float()
            own_BT = HFPolicy(model)(ids_BT, torch.ones_like(ids_BT), mask_BT).logprobs_BT
            assert own_BT[0, 4:].tolist() == pytest.approx(completion.logprobs, abs=0.2)

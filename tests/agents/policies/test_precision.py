"""Half the width in products, full width in weights: what is learned stays the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from token_batches import sampled_batch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    BloomConfig,
    BloomForCausalLM,
    DeepseekV3Config,
    DeepseekV3ForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    MixtralConfig,
    MixtralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from agents.algorithms import GRPO
from agents.building import build_engine, load_policy
from agents.config import EnvConfig, PolicyConfig
from agents.errors import ConfigError, PolicyError, TrainingError
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.memory import memory_parts, shown_memory
from agents.policies.hf import HFPolicy
from agents.policies.precision import FULL_PRECISION, Precision
from agents.rollout.engine import SamplingParams
from agents.types import LossOutput, PolicyOutputs, TokenBatch

SIZES: dict[str, Any] = {
    "vocab_size": 272,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
}
LATENT: dict[str, Any] = {
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 16,
    "n_group": 2,
    "topk_group": 1,
    "first_k_dense_replace": 1,
}
EXPERTS = {"moe_intermediate_size": 32, "num_experts_per_tok": 2}
MODELS: dict[str, Any] = {
    "qwen2, tied": lambda: Qwen2ForCausalLM(Qwen2Config(**SIZES, tie_word_embeddings=True)),
    "mixtral": lambda: MixtralForCausalLM(MixtralConfig(**SIZES, num_local_experts=4)),
    "qwen3_moe": lambda: Qwen3MoeForCausalLM(Qwen3MoeConfig(**SIZES, **EXPERTS, num_experts=8, head_dim=16)),
    "deepseek_v3": lambda: DeepseekV3ForCausalLM(
        DeepseekV3Config(**{**SIZES, **LATENT, **EXPERTS, "num_key_value_heads": 4}, n_routed_experts=8)
    ),
}
HALF = Precision(dtype="bfloat16")


def made(name: str) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MODELS[name]()


def learner_of(model: Any, **settings: Any) -> Learner:
    return Learner(HFPolicy(model, **settings), OptimizerConfig(learning_rate=3e-6), num_optimizer_steps=5)


def on_policy_batch(policy: HFPolicy, seed: int) -> TokenBatch:
    batch = sampled_batch([1, 0, 0, 1, 1, 0, 1, 0], seed=seed)
    with torch.no_grad():
        outputs = policy(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT)
    return replace(batch, behavior_logprobs_BT=outputs.logprobs_BT)


def steep(outputs: PolicyOutputs, _: TokenBatch) -> LossOutput:
    return LossOutput(loss=1e6 * outputs.logprobs_BT.sum(), metrics={})


def without_number(outputs: PolicyOutputs, _: TokenBatch) -> LossOutput:
    return LossOutput(loss=torch.nan * outputs.logprobs_BT.sum(), metrics={})


def change(name: str, **settings: Any) -> torch.Tensor:
    """Return what a few updates at the learning rate of R1-Zero add to the weights."""
    learner = learner_of(made(name), **settings)
    before = torch.cat([parameter.detach().flatten().clone() for parameter in learner.policy.parameters()])
    for seed in range(3):
        config = UpdateConfig(max_tokens_per_microbatch=48)
        learner.update(on_policy_batch(learner.policy, seed), GRPO(), config, temperature=1.0, seed=seed)
    return torch.cat([parameter.detach().flatten() for parameter in learner.policy.parameters()]) - before


@pytest.mark.parametrize("name", sorted(MODELS))
def test_half_width_learns_what_full_width_learns_and_moves_nearly_every_weight(name: str) -> None:
    full = change(name)
    for precision in (HALF, Precision(dtype="bfloat16", has_fp32_head=True), Precision(dtype="float16")):
        half = change(name, precision=precision)
        assert torch.cosine_similarity(full, half, dim=0) > 0.97
        assert (half != 0).float().mean() > 0.95 * (full != 0).float().mean()
    assert (full != 0).float().mean() > 0.93  # experts that no token was sent to stay as they are


def test_weights_that_are_trained_must_be_kept_in_full() -> None:
    with pytest.raises(ConfigError, match=r"embed_tokens.weight is trained and kept in torch.bfloat16, where small"):
        learner_of(made("qwen2, tied").bfloat16())
    model = made("qwen2, tied").bfloat16().requires_grad_(requires_grad=False)
    model.model.norm.float().requires_grad_(requires_grad=True)
    learner_of(model, precision=HALF)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_frozen_copies_in_half_width_say_exactly_what_the_policy_says(name: str) -> None:
    learner = learner_of(made(name), precision=HALF)
    learner.freeze_reference()
    batch = on_policy_batch(learner.policy, 0)
    filled = learner.fill_no_grad_fields(batch, GRPO(kl_coef=0.1), UpdateConfig(), temperature=1.0)
    assert torch.equal(filled.reference_logprobs_BT, batch.behavior_logprobs_BT)
    assert learner.reference is not None
    halves = {weight.dtype for weight in learner.reference.parameters()}
    assert halves == {torch.float32, torch.bfloat16}


@pytest.mark.parametrize("engine", ["decode", "hf"])
@pytest.mark.parametrize("has_fp32_head", [False, True])
def test_engines_sample_in_the_precision_of_the_learner(engine: str, has_fp32_head: bool) -> None:
    config = PolicyConfig(dtype="bfloat16", fp32_head=has_fp32_head)
    loaded = load_policy(config, EnvConfig(), seed=0)
    params = SamplingParams(max_new_tokens=12, stop_token_ids=(1,), seed=0)
    prompts = [loaded.codec.encode("12+34=?"), loaded.codec.encode("5")]
    rows = [
        (prompt, group[0])
        for prompt, group in zip(prompts, build_engine(loaded, engine).generate(prompts, params), strict=True)
    ]
    for policy, tolerance in ((loaded.trained(), 0.02), (HFPolicy(loaded.model), None)):
        worst = 0.0
        for prompt, completion in rows:
            ids_1T = torch.tensor([[*prompt, *completion.token_ids]])
            mask_1T = (torch.arange(ids_1T.shape[1]) >= len(prompt)).float()[None]
            with torch.no_grad():
                logprobs_T = policy(ids_1T, torch.ones_like(ids_1T), mask_1T).logprobs_BT[0, len(prompt) :]
            worst = max(worst, (logprobs_T - torch.tensor(completion.logprobs)).abs().max().item())
        assert worst > 0.002 if tolerance is None else worst < tolerance


@pytest.mark.parametrize("name", sorted(MODELS))
def test_gradient_checkpointing_computes_layers_again_and_learns_the_same(name: str) -> None:
    torch.testing.assert_close(change(name, gradient_checkpointing=True), change(name), rtol=0.01, atol=2e-7)


def test_gradient_checkpointing_calls_each_layer_twice_and_switches_no_dropout_on() -> None:
    model = GPT2LMHeadModel(GPT2Config(vocab_size=272, n_embd=32, n_layer=2, n_head=2, resid_pdrop=0.9))
    calls: list[bool] = []
    for layer in model.transformer.h:
        layer.mlp.register_forward_pre_hook(lambda module, _: calls.append(module.training))
    learner = learner_of(model, gradient_checkpointing=True)
    calls.clear()
    learner.step(GRPO().annotate(sampled_batch([1, 0, 0, 1])), GRPO().loss)
    assert calls == [False] * 4


def test_what_gradient_checkpointing_cannot_do_is_refused() -> None:
    policy = HFPolicy(made("qwen2, tied"), gradient_checkpointing=True)
    batch = sampled_batch([1, 0, 0, 1])
    with pytest.raises(PolicyError, match="fill their cache twice: switch off one of them"):
        policy(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT, group_ids_B=batch.group_ids_B)


def test_float16_leaves_out_a_step_that_overflows_and_scales_by_half() -> None:
    learner = learner_of(made("qwen2, tied"), precision=Precision(dtype="float16"))
    batch, before = on_policy_batch(learner.policy, 0), learner.policy.head.module.weight.detach().clone()

    metrics = learner.step(batch, steep)
    assert metrics["loss_scale"] == 2.0**15
    assert torch.equal(learner.policy.head.module.weight, before)
    learner.scaler.update(2.0)
    learner.step(batch, without_number)
    with pytest.raises(TrainingError, match="weights are unchanged"):
        learner.step(batch, without_number)


def test_the_scale_of_the_loss_is_part_of_the_state() -> None:
    first, second = (learner_of(made("qwen2, tied"), precision=Precision(dtype="float16")) for _ in range(2))
    first.step(on_policy_batch(first.policy, 0), steep)
    second.load_state_dict(first.state_dict(), None)
    assert second.scaler.get_scale() == first.scaler.get_scale() == 2.0**15


def test_memory_is_told_part_by_part() -> None:
    learner = learner_of(made("qwen2, tied"), precision=HALF)
    num_weights = sum(parameter.numel() for parameter in learner.policy.parameters())
    linear = {id(m.weight): m.weight.numel() for m in learner.policy.modules() if isinstance(m, torch.nn.Linear)}
    parts = memory_parts(learner, has_reference=True)
    buffers = sum(4 * buffer.numel() for buffer in learner.policy.buffers())
    assert parts["weights (float32)"] == 4 * num_weights + buffers
    assert parts["gradients"] == 4 * num_weights
    assert parts["moments of AdamW"] == 8 * num_weights
    assert parts["copies to compute with (bfloat16)"] == 2 * sum(linear.values())
    learner.freeze_reference()
    assert learner.reference is not None
    held = [*learner.reference.parameters(), *learner.reference.buffers()]
    assert parts["reference"] <= sum(tensor.numel() * tensor.element_size() for tensor in held)
    full = memory_parts(learner_of(made("qwen2, tied")), has_reference=False)
    assert list(full) == ["weights (float32)", "gradients", "moments of AdamW"]
    assert shown_memory({"weights (float32)": 1_980_000_000}).startswith("Memory: weights (float32) 1.98 GB; activ")


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # in peft
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_adapters_in_half_width_leave_a_tied_head_with_a_softcap_its_rounding(dtype: Any) -> None:
    """The head of a tied model stays in fp32, and computes in half the width all the same."""
    config = Gemma2Config(**SIZES, head_dim=16, initializer_range=0.3, final_logit_softcapping=5.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = get_peft_model(Gemma2ForCausalLM(config), LoraConfig(r=4, target_modules="all-linear"))
    Precision(dtype=dtype).keep_as_copies(model)
    head = HFPolicy(model, precision=Precision(dtype=dtype)).head
    assert head.module.weight.dtype == torch.float32
    assert head.softcap == pytest.approx(5.0)


def test_full_precision_is_the_default_and_changes_nothing() -> None:
    assert HFPolicy(made("mixtral")).precision == FULL_PRECISION == Precision()
    assert not torch.is_autocast_enabled("cpu")


def test_bloom_declares_layers_to_compute_again() -> None:
    bloom = BloomForCausalLM(BloomConfig(vocab_size=272, hidden_size=32, n_layer=1, n_head=2))
    assert len(HFPolicy(bloom, gradient_checkpointing=True).recomputed) == 1


@pytest.mark.parametrize(
    ("model_type", "gate", "settings"),
    [
        ("jetmoe", "JetMoeTopKGating", {"kv_channels": 8, "num_local_experts": 4, "num_experts_per_tok": 2}),
        ("hunyuan_v1_moe", "HunYuanMoEV1Gate", {"num_experts": 4, "moe_topk": 2, "head_dim": 16, "eos_token_id": 1}),
        ("qwen3_moe", "Qwen3MoeTopKRouter", {**EXPERTS, "num_experts": 4, "head_dim": 16}),
    ],
)
def test_routers_of_whatever_name_compute_in_full_width(model_type: str, gate: str, settings: dict[str, Any]) -> None:
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **SIZES, **settings))
    linear = next(
        part
        for module in model.modules()
        if type(module).__name__ == gate
        for part in module.modules()
        if isinstance(getattr(part, "weight", None), torch.nn.Parameter)
    )
    seen: list[torch.dtype] = []
    linear.register_forward_hook(lambda _module, _inputs, output: seen.append(_first_tensor(output).dtype))
    with HALF.applied(model):
        model(input_ids=torch.arange(5)[None])
    assert seen
    assert set(seen) == {torch.float32}


def _first_tensor(output: Any) -> torch.Tensor:
    return output if isinstance(output, torch.Tensor) else output[0]

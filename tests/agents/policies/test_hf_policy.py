from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    CohereConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GptOssConfig,
    GraniteConfig,
    GraniteMoeConfig,
    LlamaConfig,
    MistralConfig,
    MixtralConfig,
    OlmoeConfig,
    Phi3Config,
    PhiConfig,
    Qwen2Config,
    Qwen3Config,
    Qwen3MoeConfig,
)

from agents.errors import PolicyError
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.types import LossOutput, PolicyOutputs

VOCABULARY_SIZE = 97
SPECIAL_TOKENS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "max_position_embeddings": 64,
}
GPT2_SIZES = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 64}
ARCHITECTURES: dict[str, tuple[Any, dict[str, Any]]] = {
    "qwen2": (Qwen2Config, SIZES),
    "qwen3": (Qwen3Config, SIZES),
    "llama": (LlamaConfig, SIZES),
    "mistral": (MistralConfig, SIZES),
    "phi3": (Phi3Config, SIZES),
    "gemma2": (Gemma2Config, SIZES | {"final_logit_softcapping": 0.5}),
    "gemma3_text": (Gemma3TextConfig, SIZES),
    "cohere": (CohereConfig, SIZES),
    "granite": (GraniteConfig, SIZES | {"logits_scaling": 3.0}),
    "gpt2": (GPT2Config, GPT2_SIZES),
    "phi": (PhiConfig, SIZES),
}
MIXTURES: dict[str, tuple[Any, dict[str, Any]]] = {
    "qwen3_moe": (Qwen3MoeConfig, SIZES | {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}),
    "mixtral": (MixtralConfig, SIZES | {"num_local_experts": 4, "router_aux_loss_coef": 0.02}),
    "olmoe": (OlmoeConfig, SIZES | {"num_experts": 4, "num_experts_per_tok": 2}),
    "gpt_oss": (GptOssConfig, SIZES | {"num_local_experts": 4}),
    "granitemoe": (GraniteMoeConfig, SIZES | {"num_local_experts": 4, "logits_scaling": 2.0}),
}
each_architecture = pytest.mark.parametrize("name", ARCHITECTURES | MIXTURES)
each_mixture = pytest.mark.parametrize("name", MIXTURES)


@cache
def model_of(name: str) -> Any:
    config_class, sizes = (ARCHITECTURES | MIXTURES)[name]
    config = config_class(vocab_size=VOCABULARY_SIZE, **SPECIAL_TOKENS, **sizes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config).eval()
        head = model.get_output_embeddings()
        if head.bias is not None:
            torch.nn.init.normal_(head.bias)
    return model


def sampled_rows() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids, attention mask and loss mask of three rows: one short, one with an environment turn."""
    generator = torch.Generator().manual_seed(1)
    token_ids_BT = torch.randint(3, VOCABULARY_SIZE, (3, 11), generator=generator)
    attention_mask_BT = torch.ones_like(token_ids_BT)
    attention_mask_BT[0, 8:] = 0
    loss_mask_BT = attention_mask_BT.float()
    loss_mask_BT[:, :4] = 0
    loss_mask_BT[1, 6:8] = 0
    return token_ids_BT, attention_mask_BT, loss_mask_BT


def logits_of_model(model: Any, *, temperature: float = 1.0) -> torch.Tensor:
    token_ids_BT, attention_mask_BT, _ = sampled_rows()
    return model(input_ids=token_ids_BT, attention_mask=attention_mask_BT).logits.double() / temperature


def auxiliary_loss_of(policy: HFPolicy, *rows_BT: torch.Tensor) -> torch.Tensor | None:
    def nothing(outputs: PolicyOutputs, rows: slice) -> LossOutput:
        return LossOutput(loss=0 * outputs.logprobs_BT.sum(), metrics={})

    return policy.loss(*(rows_BT or sampled_rows()), nothing)[1]


@each_architecture
@torch.no_grad()
def test_logprobs_are_those_of_the_models_own_logits(name: str):
    token_ids_BT, _, loss_mask_BT = sampled_rows()
    logprobs_BT = HFPolicy(model_of(name))(*sampled_rows(), temperature=0.8).logprobs_BT
    table_BTV = logits_of_model(model_of(name), temperature=0.8).log_softmax(-1)
    assert not logprobs_BT[loss_mask_BT == 0].any()
    for b, t in loss_mask_BT.nonzero().tolist():
        assert logprobs_BT[b, t].item() == pytest.approx(table_BTV[b, t - 1, token_ids_BT[b, t]].item(), abs=2e-5)


@each_architecture
@torch.no_grad()
def test_entropy_is_that_of_the_models_own_distribution(name: str):
    _, _, loss_mask_BT = sampled_rows()
    entropy_BT = HFPolicy(model_of(name))(*sampled_rows(), entropy="value").entropy_BT
    probabilities_BTV = logits_of_model(model_of(name)).softmax(-1)
    expected_BT = -(probabilities_BTV * probabilities_BTV.log()).sum(-1).roll(1, dims=1) * loss_mask_BT
    torch.testing.assert_close(entropy_BT, expected_BT.float(), rtol=1e-5, atol=1e-5)


def test_entropy_is_absent_unless_asked_for():
    assert HFPolicy(model_of("qwen3"))(*sampled_rows()).entropy_BT is None


@pytest.mark.parametrize("name", ["qwen3", "gemma2", "phi", "mixtral"])
def test_gradients_are_those_of_the_models_own_logits(name: str):
    token_ids_BT, _, loss_mask_BT = sampled_rows()
    model = model_of(name)
    parameters = list(model.parameters())
    ours = torch.autograd.grad(HFPolicy(model)(*sampled_rows()).logprobs_BT.sum(), parameters, allow_unused=True)
    table_BTV = logits_of_model(model).log_softmax(-1)[:, :-1]
    logprobs_BT = table_BTV.gather(-1, token_ids_BT[:, 1:, None]).squeeze(-1) * loss_mask_BT[:, 1:]
    theirs = torch.autograd.grad(logprobs_BT.sum(), parameters, allow_unused=True)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@each_architecture
@torch.no_grad()
def test_padding_on_the_right_changes_nothing(name: str):
    policy, rows = HFPolicy(model_of(name)), sampled_rows()
    padded = [torch.nn.functional.pad(tensor_BT, (0, 3)) for tensor_BT in rows]
    short, long = policy(*rows), policy(*padded)
    expected_BT = torch.nn.functional.pad(short.logprobs_BT, (0, 3))
    torch.testing.assert_close(long.logprobs_BT, expected_BT, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        auxiliary_loss_of(policy, *padded), auxiliary_loss_of(policy, *rows), rtol=1e-5, atol=1e-6
    )


@each_architecture
@torch.no_grad()
def test_a_row_alone_has_the_logprobs_it_has_in_a_batch(name: str):
    policy, rows = HFPolicy(model_of(name)), sampled_rows()
    alone_BT = policy(*(tensor_BT[:1, :8] for tensor_BT in rows)).logprobs_BT
    torch.testing.assert_close(alone_BT, policy(*rows).logprobs_BT[:1, :8], rtol=1e-5, atol=1e-5)


@each_mixture
@torch.no_grad()
def test_auxiliary_loss_is_the_models_own_times_its_coefficient(name: str):
    model = model_of(name)
    token_ids_BT, attention_mask_BT, _ = sampled_rows()
    own = model(input_ids=token_ids_BT, attention_mask=attention_mask_BT, output_router_logits=True).aux_loss
    expected = model.config.router_aux_loss_coef * own
    assert expected.item() > 0
    torch.testing.assert_close(auxiliary_loss_of(HFPolicy(model)), expected)


@torch.no_grad()
def test_the_coefficient_of_the_auxiliary_loss_can_be_chosen():
    model = model_of("mixtral")
    own = auxiliary_loss_of(HFPolicy(model))
    chosen = auxiliary_loss_of(HFPolicy(model, auxiliary_coef=0.1))
    assert own is not None
    torch.testing.assert_close(chosen, own * 5)


@torch.no_grad()
def test_a_coefficient_of_zero_switches_the_auxiliary_loss_off_and_keeps_the_logprobs():
    model = model_of("mixtral")
    policy = HFPolicy(model, auxiliary_coef=0.0)
    assert auxiliary_loss_of(policy) is None
    torch.testing.assert_close(policy(*sampled_rows()).logprobs_BT, HFPolicy(model)(*sampled_rows()).logprobs_BT)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_dense_model_has_no_auxiliary_loss(name: str):
    policy = HFPolicy(model_of(name))
    assert policy.auxiliary_coef == 0
    assert auxiliary_loss_of(policy) is None


def test_auxiliary_loss_reaches_the_routers():
    model = model_of("olmoe")
    routers = [parameter for name, parameter in model.named_parameters() if name.endswith("mlp.gate.weight")]
    auxiliary_loss = auxiliary_loss_of(HFPolicy(model))
    assert auxiliary_loss is not None
    gradients = torch.autograd.grad(auxiliary_loss, routers)
    assert len(gradients) == 2
    assert all(gradient.any() for gradient in gradients)


@pytest.mark.parametrize(
    ("name", "softcap", "logit_scale", "has_bias"),
    [
        ("qwen3", None, 1.0, False),
        ("gemma2", 0.5, 1.0, False),
        ("cohere", None, 0.0625, False),
        ("granite", None, 1 / 3, False),
        ("granitemoe", None, 0.5, False),
        ("phi", None, 1.0, True),
    ],
)
def test_head_tells_what_an_architecture_does_to_its_logits(name, softcap, logit_scale: float, has_bias: bool):
    head = HFPolicy(model_of(name)).head
    assert (head.softcap, head.logit_scale, head.module.bias is not None) == (softcap, logit_scale, has_bias)


def test_no_value_head_means_no_values():
    assert HFPolicy(model_of("qwen3"))(*sampled_rows()).values_BT is None


def test_value_head_starts_at_zero_everywhere():
    values_BT = HFPolicy(model_of("qwen3"), has_value_head=True)(*sampled_rows()).values_BT
    assert values_BT is not None
    assert not values_BT.any()


@torch.no_grad()
def test_value_of_a_token_is_read_from_the_state_before_it():
    token_ids_BT, _, loss_mask_BT = sampled_rows()
    policy = HFPolicy(model_of("qwen3"), has_value_head=True)
    assert policy.value_head is not None
    policy.value_head.weight[0, 5], policy.value_head.bias[0] = 2.0, 0.5
    hidden_BTD = model_of("qwen3").model(input_ids=token_ids_BT).last_hidden_state
    expected_BT = (2 * hidden_BTD[..., 5] + 0.5).roll(1, dims=1) * loss_mask_BT
    torch.testing.assert_close(policy(*sampled_rows()).values_BT, expected_BT)


def test_critic_of_a_half_precision_trunk_keeps_single_precision():
    model = build_tiny_policy(seed=0)[0].bfloat16()
    policy = HFPolicy(model, has_value_head=True)
    outputs = policy(*sampled_rows())
    assert policy.value_head is not None
    assert policy.value_head.weight.dtype == torch.float32
    assert outputs.values_BT is not None
    assert (outputs.values_BT.dtype, outputs.logprobs_BT.dtype) == (torch.float32, torch.float32)
    outputs.values_BT.sum().backward()
    assert policy.value_head.bias.grad is not None
    assert policy.value_head.bias.grad.item() == sampled_rows()[2].sum()


def test_a_batch_without_sampled_tokens_gives_zeros_and_can_be_differentiated():
    token_ids_BT, attention_mask_BT, loss_mask_BT = sampled_rows()
    policy = HFPolicy(build_tiny_policy(seed=0)[0], has_value_head=True)
    outputs = policy(token_ids_BT, attention_mask_BT, 0 * loss_mask_BT, entropy="value")
    assert outputs.values_BT is not None
    (outputs.logprobs_BT.sum() + outputs.values_BT.sum()).backward()
    assert outputs.logprobs_BT.shape == token_ids_BT.shape
    assert not outputs.logprobs_BT.any()


def test_a_model_without_language_model_head_is_refused():
    trunk = AutoModel.from_config(Qwen3Config(vocab_size=VOCABULARY_SIZE, **SPECIAL_TOKENS, **SIZES))
    with pytest.raises(PolicyError, match=r"Qwen3Model.* Load .* with AutoModelForCausalLM"):
        HFPolicy(trunk)


def test_a_head_that_is_not_linear_is_refused():
    model = build_tiny_policy(seed=0)[0]
    model.set_output_embeddings(torch.nn.Sequential(model.get_output_embeddings()))
    with pytest.raises(
        PolicyError, match=r"Expected the output embedding of Qwen3ForCausalLM .* got torch.*Sequential"
    ):
        HFPolicy(model)

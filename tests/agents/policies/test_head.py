"""Heads and load-balancing losses of architectures that name them in their own ways, or do not keep to their config."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from agents.errors import PolicyError
from agents.policies.hf import HFPolicy

SIZES = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
MAMBA = {"mamba_d_ssm": 64, "mamba_n_heads": 8, "mamba_d_head": 8, "mamba_n_groups": 1, "mamba_d_state": 8}
LATENT = {"kv_lora_rank": 16, "q_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 8}
EXPERTS = {"moe_num_experts": 4, "moe_k": 2, "moe_intermediate_size": 16, "router_aux_loss_coef": 0.02}
RECURRENT = {"lru_width": 32, "attention_window_size": 8, "block_types": ["recurrent", "attention"]}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "falcon_h1": SIZES | MAMBA | {"head_dim": 8, "lm_head_multiplier": 0.5, "mamba_chunk_size": 8},
    "recurrent_gemma": SIZES | RECURRENT | {"head_dim": 8, "logits_soft_cap": 2.0},
    "minicpm3": SIZES | LATENT | {"dim_model_base": 16},
    "mpt": {"vocab_size": 97, "d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 64, "logit_scale": 0.25},
    "ernie4_5_moe": SIZES | EXPERTS | {"moe_layer_start_index": 0},
    "doge": SIZES | {"is_moe": True, "num_experts": 16, "num_experts_per_tok": 4, "router_aux_loss_coef": 0.02},
    "qwen3_moe": SIZES | {"head_dim": 8, "mlp_only_layers": [0, 1], "num_experts": 4},
    "granitemoehybrid": SIZES
    | {"num_local_experts": 0, "shared_intermediate_size": 16, "layer_types": ["full_attention"] * 2}
    | {"mamba_n_heads": 8, "mamba_d_head": 8},
    "jetmoe": SIZES | {"kv_channels": 8, "num_local_experts": 4, "num_experts_per_tok": 2, "aux_loss_coef": 0.02},
}
SCALES = {
    "falcon_h1": (None, 0.5, 1.0),
    "recurrent_gemma": (2.0, 1.0, 1.0),
    "minicpm3": (None, 1.0, 0.5),
    "mpt": (None, 1.0, 1.0),
}
"""Architecture -> softcap, scale of the logits, scale of the states."""


def model_of(name: str) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(CONFIG_MAPPING[name](**ARCHITECTURES[name])).eval()
        torch.nn.init.normal_(model.get_output_embeddings().weight)
    return model


def rows() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    token_ids_BT = torch.randint(3, 97, (2, 9), generator=torch.Generator().manual_seed(1))
    attention_mask_BT = torch.ones_like(token_ids_BT)
    loss_mask_BT = torch.ones(2, 9)
    loss_mask_BT[:, :3] = 0
    return token_ids_BT, attention_mask_BT, loss_mask_BT


@pytest.mark.parametrize("name", ARCHITECTURES)
@torch.no_grad()
def test_logprobs_are_those_of_the_model_whatever_its_config_says(name: str) -> None:
    model = model_of(name)
    token_ids_BT, attention_mask_BT, loss_mask_BT = rows()
    logprobs_BTV = model(input_ids=token_ids_BT, attention_mask=attention_mask_BT).logits.log_softmax(-1)
    expected_BT = logprobs_BTV[:, :-1].gather(-1, token_ids_BT[:, 1:, None]).squeeze(-1)
    found_BT = HFPolicy(model)(token_ids_BT, attention_mask_BT, loss_mask_BT).logprobs_BT
    torch.testing.assert_close(found_BT[:, 3:], expected_BT[:, 2:], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", SCALES)
def test_scales_and_caps_are_what_the_model_does(name: str) -> None:
    head = HFPolicy(model_of(name)).head
    assert (head.softcap, head.logit_scale, head.state_scale) == SCALES[name]


@pytest.mark.parametrize(
    ("name", "coef"),
    [("ernie4_5_moe", 0.02), ("doge", 0.02), ("jetmoe", 0.02), ("qwen3_moe", 0.0), ("granitemoehybrid", 0.0)],
)
def test_load_balancing_loss_is_the_models_own_and_absent_where_it_has_no_experts(name: str, coef: float) -> None:
    model = model_of(name)
    policy = HFPolicy(model)
    assert policy.auxiliary_coef == coef
    if coef:
        token_ids_BT, attention_mask_BT, _ = rows()
        own = model(input_ids=token_ids_BT, attention_mask=attention_mask_BT, output_router_logits=True).aux_loss
        hidden_BTD, found = policy._trunk(token_ids_BT, attention_mask_BT, None)
        torch.testing.assert_close(found, coef * own)
        torch.testing.assert_close(hidden_BTD, policy.decoder(input_ids=token_ids_BT).last_hidden_state)


def test_weight_for_a_load_balancing_loss_that_is_not_there_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"GraniteMoeHybridForCausalLM has no load-balancing loss to weigh by 0\.1"):
        HFPolicy(model_of("granitemoehybrid"), auxiliary_coef=0.1)


class OwnHead(GPT2LMHeadModel):
    """A model that does to its logits what no head of ours does."""

    change: str = "square"

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        output = super().forward(*args, **kwargs)
        if self.change == "cut":
            output.logits = output.logits[..., :-1]
        elif self.change == "raise":
            raise RuntimeError("no such kernel")
        else:
            output.logits = output.logits.square()
        return output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("square", r"logits of OwnHead are not those of a linear head"),
        ("cut", r"OwnHead gives 96 logits for the 97 of its head"),
        ("raise", r"OwnHead cannot be trained: .* RuntimeError: no such kernel"),
    ],
)
def test_head_that_cannot_be_ours_is_refused_and_leaves_the_model_as_it_was(change: str, message: str) -> None:
    model = OwnHead(GPT2Config(vocab_size=97, n_embd=32, n_layer=1, n_head=2, n_positions=16))
    model.change = change
    model.train()
    with pytest.raises(PolicyError, match=message):
        HFPolicy(model)
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks or "forward" in vars(module) for module in model.modules())


def test_layers_between_decoder_and_head_are_named() -> None:
    config = CONFIG_MAPPING["modernbert-decoder"](**SIZES)
    with pytest.raises(PolicyError, match="ModernBertDecoderForCausalLM has layers between its decoder and its head"):
        HFPolicy(AutoModelForCausalLM.from_config(config))

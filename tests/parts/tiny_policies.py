"""Checkpoint folders of the embedded policy, and small mixtures of experts with weights far from even."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    DeepseekV3Config,
    Glm4MoeConfig,
    GptOssConfig,
    GraniteMoeConfig,
    MixtralConfig,
    OlmoeConfig,
    Qwen3MoeConfig,
)

from agents.policies.tiny import build_tiny_policy


def save_tiny_policy(folder: str | Path, seed: int) -> None:
    """Write the policy as a folder that the `Auto…from_pretrained(folder)` classes load."""
    for part in build_tiny_policy(seed=seed):
        part.save_pretrained(folder)


MIXTURE_SIZES: dict[str, Any] = {
    "vocab_size": 272,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 1,
    "num_experts_per_tok": 2,
}
LATENT: dict[str, Any] = {
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
}
WITH_BIAS: dict[str, Any] = {
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "moe_intermediate_size": 16,
    "first_k_dense_replace": 0,
}
WITH_LOSS: dict[str, tuple[Any, dict[str, Any]]] = {
    "gpt_oss": (GptOssConfig, {"num_local_experts": 8}),
    "granitemoe": (GraniteMoeConfig, {"num_local_experts": 8}),
    "mixtral": (MixtralConfig, {"num_local_experts": 8, "router_aux_loss_coef": 0.02}),
    "olmoe": (OlmoeConfig, {"num_experts": 8}),
    "qwen3_moe": (Qwen3MoeConfig, {"num_experts": 8, "moe_intermediate_size": 16}),
}
MIXTURES: dict[str, tuple[Any, dict[str, Any]]] = WITH_LOSS | {
    "deepseek_v3": (DeepseekV3Config, WITH_BIAS | LATENT | {"n_group": 2, "topk_group": 1, "head_dim": 8}),
    "glm4_moe": (Glm4MoeConfig, WITH_BIAS | {"n_group": 1, "topk_group": 1}),
}


def mixture(name: str, **changes: Any) -> Any:
    """Build a float32 model in evaluation mode; the same name gives the same weights."""
    config_class, own = MIXTURES[name]
    config = config_class(**{**MIXTURE_SIZES, **own, **changes})
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config).float().eval()
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.dim() > 1:
                tensor.normal_(std=0.3)
    return model

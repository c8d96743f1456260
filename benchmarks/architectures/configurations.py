"""A tiny configuration, with random weights, of every text decoder that `AutoModelForCausalLM` knows.

The defaults of an architecture are shrunk field by field. What makes it what it is stays on: sliding windows, soft
caps, logit scales, latent attention, linear attention, chosen tokens, experts, biases of routers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

__all__ = ["VOCABULARY_SIZE", "text_decoders", "tiny_model"]

VOCABULARY_SIZE = 97


def _each(names: str, value: Any) -> dict[str, Any]:
    """Return one value under several names."""
    return {name: value for name in names.split()}  # noqa: C420


_LEFT_OUT = _each(
    """bart bert bert-generation big_bird bigbird_pegasus blenderbot blenderbot-small camembert data2vec-text electra
    ernie git marian mbart megatron-bert musicgen musicgen_melody mvp pegasus plbart prophetnet reformer rembert roberta
    roberta-prelayernorm roc_bert roformer trocr whisper xlm xlm-roberta xlm-roberta-xl xlnet xmod cpmant moshi got_ocr2
    mllama""",
    "an encoder, or it needs one",
) | _each(
    """gemma3 gemma3n gemma4 gemma4_assistant gemma4_unified gemma4_unified_assistant emu3 fuyu blt dots3_note qwen3_5
    qwen3_5_moe qwen4_exp moss_transcribe_diarize phi4_multimodal llama4""",
    "more than text; the decoder of most is listed by itself",
)

_SIZES: dict[str, Any] = {
    **_each("vocab_size vocab_size_per_layer_input", VOCABULARY_SIZE),
    **_each("hidden_size n_embd d_model word_embed_proj_dim dim lru_width attention_hidden_size block_dim", 32),
    **_each("embedding_size", 32),
    **_each("num_hidden_layers n_layer n_layers num_layers decoder_layers", 2),
    **_each("num_attention_heads n_head n_heads num_heads decoder_attention_heads", 4),
    **_each("num_key_value_heads linear_num_key_heads mamba_expand expand", 2),
    **_each("linear_num_value_heads mamba_d_conv conv_kernel laurel_rank adapter_rank time_step_rank rotary_dim", 4),
    **_each("n_positions max_position_embeddings max_seq_len n_ctx max_sequence_length context_length", 128),
    **_each("intermediate_size ffn_dim decoder_ffn_dim n_inner mamba_d_ssm block_ff_dim", 64),
    **_each("sliding_window attention_window attention_window_size window_size", 6),
    **_each("num_experts num_local_experts n_routed_experts moe_num_experts", 4),
    **_each("num_experts_per_tok num_experts_per_token moe_k moe_topk moe_top_k", 2),
    **_each("moe_intermediate_size expert_ffn_hidden_size shared_expert_intermediate_size", 16),
    **_each("shared_intermediate_size kv_lora_rank q_lora_rank qk_head_dim", 16),
    **_each("n_shared_experts n_group topk_group num_expert_group first_k_dense_replace moe_layer_freq", 1),
    **_each("mamba_n_groups n_groups mamba_ngroups", 1),
    **_each("head_dim qk_rope_head_dim qk_nope_head_dim v_head_dim kv_channels linear_key_head_dim", 8),
    **_each("linear_value_head_dim hidden_size_per_layer_input block_multiple_of chunk_size state_size", 8),
    **_each("mamba_d_state mamba_n_heads mamba_d_head mamba_chunk_size mamba_num_heads mamba_head_dim", 8),
    **_each("ssm_state_size mamba_headdim index_head_dim index_topk", 8),
    **_each("index_n_heads", 16),  # with few heads many tokens have the score 0, and ties are broken by chance
    **_each("linear_conv_kernel_dim conv_L_cache", 3),
    **_each("dropout hidden_dropout attention_dropout resid_pdrop embd_pdrop attn_pdrop", 0.0),
    **_each("layerdrop activation_dropout", 0.0),
    **_each("num_kv_shared_layers num_nextn_predict_layers num_mtp_layers pad_token_id", 0),
    **{"bos_token_id": 1, "eos_token_id": 2, "use_cache": True},
    **{"router_aux_loss_coef": 0.02, "qk_dim_factor": 0.5, "v_dim_factor": 1.0},
}

_MIXED = ["linear_attention", "full_attention"]
_WINDOWED = ["sliding_attention", "full_attention"]
_PLAIN_ROPE = {"rope_type": "default", "rope_theta": 1e4}
_LATENT: dict[str, Any] = {"num_key_value_heads": 4}
_LINEAR: dict[str, Any] = _LATENT | {
    "layer_types": _MIXED, "mlp_layer_types": ["dense", "sparse"], "linear_head_dim": 8, "linear_num_heads": 4,
    "num_shared_experts": 1,
}  # fmt: skip
_ZAMBA: dict[str, Any] = {
    "num_hidden_layers": 4, "layers_block_type": ["linear_attention", "hybrid"] * 2, "attention_head_dim": 16,
    "attention_hidden_size": 64,
}  # fmt: skip
_OWN: dict[str, dict[str, Any]] = {
    **_each("axk1 axk2 deepseek_v2 deepseek_v32 glm4_moe_lite glm_moe_dsa youtu mistral4", _LATENT),
    **_each("qwen3_next qwen3_5_text qwen3_5_moe_text olmo_hybrid", {"layer_types": _MIXED}),
    "qwen4_exp_text": {
        "layer_types": _MIXED, "indexer_n_heads": 16, "indexer_kv_heads": 1, "indexer_head_dim": 8, "indexer_budget": 8,
        "indexer_compress_ratio": 2,
    },
    **_each("gemma3_text exaone4 olmo3", {"layer_types": _WINDOWED}),
    **_each("cohere cohere2_moe", {"logit_scale": 0.25}),
    **_each("granite_swa", {"logits_scaling": 3.0}),
    **_each("granitemoe granitemoeshared granitemoe_swa", {"logits_scaling": 2.0}),
    **_each("nanochat vaultgemma", {"final_logit_softcapping": 2.0}),
    "minicpm3": _LATENT | {"dim_model_base": 16},
    "deepseek_v3": _LATENT | {"n_group": 2},
    "longcat_flash": _LATENT | {"zero_expert_num": 2},
    "bailing_hybrid": _LINEAR | {"layer_group_size": 2},
    "kimi_linear": _LINEAR,
    "bamba": {"attn_layer_indices": [1]},
    "granitemoehybrid": {"layer_types": _MIXED, "logits_scaling": 2.0},
    "jamba": {
        "attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_period": 2, "expert_layer_offset": 1,
        "mamba_dt_rank": 4,
    },
    "lfm3": {"layer_types": ["conv", *reversed(_WINDOWED)], "num_hidden_layers": 3},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "dbrx": {
        "attn_config": {"kv_n_heads": 2, "rope_theta": 1e4, "clip_qkv": 8.0},
        "ffn_config": {"ffn_hidden_size": 32, "moe_num_experts": 4, "moe_top_k": 2, "moe_jitter_eps": 0.0},
        "emb_pdrop": 0.0,
    },
    "cohere_compass_text": {"rope_parameters": dict.fromkeys(_WINDOWED, _PLAIN_ROPE), "logit_scale": 0.25},
    "cohere2": {"logit_scale": 0.25, "layer_types": _WINDOWED},
    "granite": {
        "logits_scaling": 3.0, "embedding_multiplier": 2.0, "residual_multiplier": 0.5, "attention_multiplier": 0.3,
    },
    "gemma2": {"final_logit_softcapping": 2.0, "attn_logit_softcapping": 5.0, "layer_types": _WINDOWED},
    "gemma4_text": {"final_logit_softcapping": 2.0, "layer_types": _WINDOWED},
    "gemma3n_text": {
        "final_logit_softcapping": 2.0, "layer_types": _WINDOWED, "activation_sparsity_pattern": None,
    },
    "mamba2": {"num_heads": 8},
    "falcon_h1": {"lm_head_multiplier": 0.5},
    "recurrent_gemma": {
        "logits_soft_cap": 2.0, "num_hidden_layers": 3, "attention_window_size": 8,
        "block_types": ["recurrent", "recurrent", "attention"],
    },
    "smollm3": {"no_rope_layers": [1, 0], "layer_types": _WINDOWED, "use_sliding_window": True},
    "gpt_oss": {"layer_types": _WINDOWED, "rope_parameters": _PLAIN_ROPE},
    "minimax": {"layer_types": _MIXED, "block_size": 8},
    "llama4_text": {
        "layer_types": ["chunked_attention", "full_attention"], "no_rope_layers": [1, 0], "attention_chunk_size": 6,
        "moe_layers": [0, 1], "interleave_moe_layer_step": 1, "num_experts_per_tok": 1, "intermediate_size_mlp": 64,
    },
    "dots3_note_text": _LATENT | {
        "layer_types": ["indexed_attention", "sliding_attention"], "mlp_layer_types": ["dense", "sparse"],
        "per_layer_config": None, "shared_experts_intermediate_size": 16, "head_dim": 16,
    },
    "opt": {"word_embed_proj_dim": 16},
    "mpt": {"expansion_ratio": 2},
    "zamba": _ZAMBA | {"mamba_dt_rank": 4, "n_mamba_heads": 2},
    "zamba2": _ZAMBA | {"hybrid_layer_ids": [1, 3], "n_mamba_heads": 8, "num_mem_blocks": 1, "num_key_value_heads": 4},
    "zaya": {"num_experts_per_tok": 1},
    "xlstm": {
        "output_logit_soft_cap": 2.0, "head_dim": None, "hidden_size": 64, "embedding_dim": 64, "num_blocks": 2,
        "qk_dim_factor": 1.0,
    },
}  # fmt: skip
"""What an architecture needs beside the common sizes; a size of None keeps its default."""

_DYNAMICS = _each("A_log dt_bias dt_proj conv rg_lru time_decay time_first time_mix .D igate fgate", None)
"""Parameters of recurrences, whose values decide whether a state stays finite."""


def text_decoders() -> list[str]:
    """Return the model types of causal language models that are decoders of text alone."""
    return [name for name in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES if name not in _LEFT_OUT]


def tiny_model(model_type: str) -> Any:
    """Return a model of this type in float32 and evaluation mode; the same weights whenever it is called."""
    kind: Any = CONFIG_MAPPING[model_type]
    fields = kind().to_dict()
    settings = {name: value for name, value in _SIZES.items() if name in fields} | _OWN.get(model_type, {})
    kept = [name for name in _SIZES if settings.get(name, 0) is None]
    config = kind(**{name: value for name, value in settings.items() if name not in kept})
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).float().eval()
    _spread(model, torch.Generator().manual_seed(5))
    return model


@torch.no_grad()
def _spread(model: Any, generator: torch.Generator) -> None:
    """Draw weights with which logits differ by nats, and biases that are not 0."""

    def draw(tensor: Tensor, deviation: float) -> None:
        tensor.copy_(torch.randn(tensor.shape, generator=generator) * deviation)

    for name, parameter in model.named_parameters():
        if any(part in name for part in _DYNAMICS):
            continue
        if parameter.ndim >= 2 and parameter.numel() > 4:
            draw(parameter, min(0.25, parameter.shape[-1] ** -0.5))
        elif name.endswith("bias"):
            draw(parameter, 0.1)
    embeddings, head = model.get_input_embeddings(), model.get_output_embeddings()
    for module in (embeddings, head):
        if isinstance(getattr(module, "weight", None), nn.Parameter):
            draw(module.weight, 0.5)
    if getattr(head, "bias", None) is not None:
        draw(head.bias, 0.3)
    for name, buffer in model.named_buffers():
        if name.endswith(("e_score_correction_bias", "expert_bias")):
            draw(buffer, 0.1)

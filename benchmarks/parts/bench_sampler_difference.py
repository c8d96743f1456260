"""How far are an engine's log-probabilities from the learner's, where decoding is right and where it is not?

    python benchmarks/parts/bench_sampler_difference.py --help

Random models of two layers, whose logits have a standard deviation of about 3, sample 16 responses of 24 tokens with
each engine that takes them; `agents.guards.SamplerCheck` compares. The numbers are behind the default of
`rl.max_sampler_difference`. B rows, T token positions.
"""

from __future__ import annotations

from typing import Any

import torch
import tyro
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig

from agents.guards import SamplerCheck
from agents.losses import totals_of
from agents.policies.hf import HFPolicy
from agents.rollout import ENGINES
from agents.rollout.assemble import pad_rows
from agents.rollout.engine import SamplingParams
from agents.types import TokenBatch
from reasonenv.tables import resolve

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


def configs() -> dict[str, PretrainedConfig]:
    """Return the architectures: two that every engine decodes rightly, and some that a cache changes."""
    rope = {"rope_theta": 1e4, "factor": 4.0}
    long = {"short_factor": [1.0] * 4, "long_factor": [2.0, 4.0, 8.0, 8.0], "original_max_position_embeddings": 16}
    rwkv = {"vocab_size": 97, "hidden_size": 32, "attention_hidden_size": 32, "num_hidden_layers": 2}
    return {
        "llama": AutoConfig.for_model("llama", **SIZES),
        "mixtral": AutoConfig.for_model("mixtral", **SIZES, num_local_experts=4),
        "llama, dynamic NTK beyond 16 tokens": AutoConfig.for_model(
            "llama", **SIZES, rope_parameters={"rope_type": "dynamic", **rope}, max_position_embeddings=16
        ),
        "phi3, longrope beyond 16 tokens": AutoConfig.for_model(
            "phi3",
            **SIZES,
            rope_parameters={"rope_type": "longrope", **rope, **long},
            max_position_embeddings=64,
            original_max_position_embeddings=16,
        ),
        "minimax": AutoConfig.for_model(
            "minimax",
            **SIZES,
            head_dim=8,
            layer_types=["linear_attention", "full_attention"],
            block_size=8,
            num_local_experts=4,
        ),
        "rwkv": AutoConfig.for_model("rwkv", **rwkv, context_length=128, eos_token_id=2, bos_token_id=1),
    }


def build(config: PretrainedConfig, dtype: torch.dtype, seed: int) -> Any:
    """Return a random model whose logits are far from equal."""
    torch.manual_seed(seed)
    model: Any = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2 and "time_" not in name:
                parameter.normal_(std=parameter.shape[-1] ** -0.5)
        for layer in (model.get_input_embeddings(), model.get_output_embeddings()):
            layer.weight.normal_(std=0.5)
    return model.to(dtype).eval()


def sample(engine: Any, seed: int) -> TokenBatch:
    """Return 16 responses to four prompts."""
    generator = torch.Generator().manual_seed(seed)
    prompts = [tuple(torch.randint(3, 97, (length,), generator=generator).tolist()) for length in (5, 9, 7, 12)]
    groups = engine.generate(prompts, SamplingParams(max_new_tokens=24, seed=seed), num_samples=4)
    rows = [(prompt, completion) for prompt, group in zip(prompts, groups, strict=True) for completion in group]
    loss_mask_BT = pad_rows([[0.0] * len(p) + [1.0] * len(c.token_ids) for p, c in rows], 0.0)
    return TokenBatch(
        token_ids_BT=pad_rows([[*p, *c.token_ids] for p, c in rows], 0),
        attention_mask_BT=pad_rows([[1] * (len(p) + len(c.token_ids)) for p, c in rows], 0),
        loss_mask_BT=loss_mask_BT,
        behavior_logprobs_BT=pad_rows([[0.0] * len(p) + list(c.logprobs) for p, c in rows], 0.0),
        rewards_B=torch.zeros(len(rows)),
        group_ids_B=torch.arange(len(rows)) // 4,
        totals=totals_of(loss_mask_BT),
    )


@torch.no_grad()
def difference(model: Any, engine: str, seed: int) -> dict[str, float]:
    """Return the metrics of the check; raises ValueError where the engine does not take the model."""
    batch = sample(resolve(ENGINES, engine, kind="rollout engine")(model, pad_token_id=0), seed)
    check = SamplerCheck()
    outputs = HFPolicy(model)(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT)
    check.add(outputs.logprobs_BT, batch)
    return check.metrics()


def main(seeds: int = 3) -> None:
    """Print the differences of every architecture with every engine that takes it, in fp32 and bf16.

    Args:
        seeds: of weights, prompts and samples; the smallest and largest mean over them is printed, and the largest |Δ|.
    """
    torch.set_num_threads(1)
    for name, config in configs().items():
        for engine in ENGINES:
            for dtype in (torch.float32, torch.bfloat16):
                try:
                    found = [difference(build(config, dtype, seed), engine, seed) for seed in range(seeds)]
                except ValueError:
                    continue
                means = [metrics["sampler_difference"] for metrics in found]
                largest = max(metrics["sampler_difference_max"] for metrics in found)
                spread = f"mean {min(means):.1e} … {max(means):.1e}  max {largest:.1e}"
                print(f"{name:38}{engine:10}{dtype!s:18}{spread}")


if __name__ == "__main__":
    tyro.cli(main)

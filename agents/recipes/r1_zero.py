"""R1-Zero: reinforcement learning from a base model, without supervised data (Sec. 2, arXiv 2501.12948)."""

from __future__ import annotations

from typing import Annotated

import tyro

from agents.algorithms.grpo import GRPO
from agents.config import EvaluationConfig, PolicyConfig, RLConfig, RolloutConfig, RunConfig
from agents.learner import OptimizerConfig, UpdateConfig

__all__ = ["r1_zero"]


def r1_zero(model: Annotated[str, tyro.conf.arg(aliases=["--policy.path"])]) -> RunConfig:
    """Train any Hugging Face causal language model by GRPO with the published hyper-parameters.

    lr 3e-6, β 0.001, temperature 1, 32 questions × 16 samples, anchor renewed every 400 steps. The paper does not print
    ε for Zero; 0.2 is PPO's. Its 32,768-token responses are cut to 4,096 to fit one device.

    Args:
        model: a hub name or checkpoint folder.
    """
    return RunConfig(
        name="r1_zero",
        policy=PolicyConfig(path=model, dtype="bfloat16", gradient_checkpointing=True, device="cuda"),
        phases=(
            "before",
            RLConfig(
                num_steps=10_400,
                algorithm=GRPO(kl_coef=0.001),
                rollout=RolloutConfig(num_prompts=32, group_size=16, max_new_tokens=4096),
                optimizer=OptimizerConfig(learning_rate=3e-6),
                update=UpdateConfig(max_tokens_per_microbatch=32_768),
                reference_every=400,
            ),
            "after",
        ),
        evaluation=EvaluationConfig(num_tasks=200, max_new_tokens=4096, every=100),
    )

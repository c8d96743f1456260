"""Weights on a batch. B rows, T token positions."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from agents.errors import ConfigError
from agents.guards.difference import SamplerCheck
from agents.guards.presets import load_guard
from agents.guards.ratio import RatioGuard
from agents.losses import token_mean
from agents.types import TokenBatch

__all__ = ["guarded"]


def guarded(
    batch: TokenBatch, guard: str | RatioGuard | None, check: SamplerCheck
) -> tuple[TokenBatch, dict[str, float]]:
    """Return an annotated batch whose advantages are weighed, and what the check and the guard found.

    A policy-gradient loss is linear in the advantage as long as its sign stays, and a weight is not negative: to
    multiply the advantages is to multiply the surrogate of each token, and neither the penalties nor the critic's
    loss. Numbers of tokens and rows, by which losses are divided, stay those of the whole batch.

    Args:
        batch: with advantages; with `old_logprobs_BT` if there is a guard.
        guard: gives the weights, times `token_weights_BT` where they are there; None leaves those alone.
        check: is shown the `old_logprobs_BT`, where they are there.

    Returns:
        A batch whose `token_weights_BT` are used up, and whose `behavior_logprobs_BT`, from which the ratio of the loss
        starts, are those of the learner before the step if the guard is decoupled, with the sampler's own kept as
        `sampler_logprobs_BT`; metrics of `docs/metrics.md`.

    Raises:
        ConfigError: the algorithm gave no advantages.
        TrainingError: the check refuses the batch.
    """
    metrics = dict[str, float]()
    if batch.old_logprobs_BT is not None:
        check.add(batch.old_logprobs_BT, batch)
        metrics |= check.metrics()
    if guard is not None:
        guard = load_guard(guard)
        weights_BT = _weights(guard, batch)
        metrics |= _metrics(weights_BT, batch)
        own_BT = batch.token_weights_BT
        batch = replace(batch, token_weights_BT=weights_BT if own_BT is None else own_BT * weights_BT)
        if guard.is_decoupled:
            batch = replace(
                batch, behavior_logprobs_BT=batch.old_logprobs_BT, sampler_logprobs_BT=batch.behavior_logprobs_BT
            )
    if batch.token_weights_BT is None:
        return batch, metrics
    advantages_BT = _advantages(batch) * batch.token_weights_BT
    return replace(batch, advantages_BT=advantages_BT, token_weights_BT=None), metrics


def _weights(guard: RatioGuard, batch: TokenBatch) -> Tensor:
    assert batch.old_logprobs_BT is not None, "the learner fills them for a guard"
    return guard.weights(batch.old_logprobs_BT, batch.behavior_logprobs_BT, _advantages(batch), batch.loss_mask_BT)


def _advantages(batch: TokenBatch) -> Tensor:
    if batch.advantages_BT is None:
        raise ConfigError(
            "Token weights are factors on advantages, and the algorithm fills none: use no guard with it."
        )
    return batch.advantages_BT


def _metrics(weights_BT: Tensor, batch: TokenBatch) -> dict[str, float]:
    kept_BT = (weights_BT > 0).to(weights_BT.dtype)
    return {
        "guard_kept_share": token_mean(kept_BT, batch.loss_mask_BT, batch.totals).item(),
        "guard_weight": token_mean(weights_BT, batch.loss_mask_BT, batch.totals).item(),
    }

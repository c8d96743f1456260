"""How far the learner's log-probabilities are from the sampler's. B rows, T token positions.

Before the first optimizer step of an update both describe one policy, so a difference is an error of one of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from agents.errors import TrainingError
from agents.guards.ratio import MAX_LOG_RATIO
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["OUTLIER_LOG_RATIO", "SamplerCheck"]

OUTLIER_LOG_RATIO = math.log(2.0)
"""A token is an outlier where its probability is more than doubled or halved."""

Loss = Callable[[PolicyOutputs, TokenBatch], LossOutput]


class SamplerCheck:
    """Compares the learner with the sampler over the tokens that it is shown, and stops where they are too far apart.

    Args:
        max_difference: largest mean of |Δ| over the tokens, in nats; None only measures.
    """

    def __init__(self, max_difference: float | None = None) -> None:
        self.max_difference = max_difference
        self._sums: Tensor | None = None
        self._largest: Tensor | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no token has been seen."""
        return self._sums is None

    def add(self, logprobs_BT: Tensor, batch: TokenBatch) -> None:
        """Count some rows in; `logprobs_BT` are the learner's before the first update of the step."""
        is_sampled_BT = batch.loss_mask_BT.bool()
        difference_N = (logprobs_BT.detach() - batch.behavior_logprobs_BT)[is_sampled_BT].clamp(max=MAX_LOG_RATIO)
        if not len(difference_N):
            return
        ratio_N, distance_N = difference_N.exp(), difference_N.abs()
        sums = torch.stack(
            [
                torch.ones_like(ratio_N).sum(),
                distance_N.sum(),
                (torch.expm1(difference_N) - difference_N).sum(),
                ratio_N.sum(),
                ratio_N.square().sum(),
                (distance_N > OUTLIER_LOG_RATIO).to(ratio_N.dtype).sum(),
            ]
        )
        largest = distance_N.max()
        self._sums = sums if self._sums is None else self._sums + sums
        self._largest = largest if self._largest is None else torch.maximum(self._largest, largest)

    def watching(self, loss: Loss) -> Loss:
        """Return a loss that counts in what it is called with: a measurement without a pass of its own."""

        def watched(outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
            self.add(outputs.logprobs_BT, batch)
            return loss(outputs, batch)

        return watched

    def metrics(self) -> dict[str, float]:
        """Return the numbers of `docs/metrics.md`; none if no token has been seen.

        Raises:
            TrainingError: the mean difference is above the limit.
        """
        if self._sums is None or self._largest is None:
            return {}
        count, distance, k3, ratio, ratio_squared, outliers, largest = torch.cat(
            [self._sums, self._largest[None]]
        ).tolist()
        mean = distance / count
        if self.max_difference is not None and mean > self.max_difference:
            raise TrainingError(_too_far(mean, largest, self.max_difference))
        return {
            "sampler_difference": mean,
            "sampler_difference_max": largest,
            "sampler_kl": k3 / count,
            "sampler_effective_share": ratio * ratio / (count * ratio_squared),
            "sampler_outlier_share": outliers / count,
        }


def _too_far(mean: float, largest: float, limit: float) -> str:
    return (
        f"The learner's log-probabilities of the sampled tokens differ from the sampler's by {mean:.3g} nats on "
        f"average and {largest:.3g} at most, where {limit:g} on average are allowed; no update was made. Likely the "
        "engine's cached decoding is not the model's forward pass (try another rl.rollout.engine), positions are "
        "scaled by the length of the row (longrope, dynamic NTK: keep prompt and response within the original "
        "context), the engine has stale weights, or it samples at another temperature or precision; raise "
        "rl.max_sampler_difference only where the difference is meant."
    )

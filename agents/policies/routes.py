"""What the learner does about a mixture of experts: replayed choices, and one balancing loss over many microbatches.

B rows, T token positions, L routers, K experts chosen by each.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from agents.errors import ConfigError, TrainingError
from agents.policies.balancing import BalancingShare, balancing_shares, hidden_and_router_logits
from agents.policies.hf import HFPolicy
from agents.policies.router_load import RouterLoad, move_biases, router_biases
from agents.policies.routing import Routers, agreement, routed
from agents.types import TokenBatch

__all__ = ["MixtureStep", "Replay", "with_routes"]

Replay = Literal["old", "sampler"]
_NUM_ROWS_COMPARED = 8


@torch.no_grad()
def with_routes(
    batch: TokenBatch, policy: HFPolicy, replay: Replay | None, parts: Callable[[], Iterable[TokenBatch]]
) -> tuple[TokenBatch, dict[str, float]]:
    """Return a batch with the experts that every pass of the policy must choose, and metrics.

    Args:
        batch: with the sampler's choice where `replay` is "sampler".
        policy: the learner's own, before the first update of the step.
        replay: "old" records the policy's choice now (arXiv 2507.18071); "sampler" takes what came with the batch
            (arXiv 2510.11370); None lets routers choose anew in every pass.
        parts: yields the batch's rows in order, as microbatches.

    Raises:
        ConfigError: the model's routers cannot be followed, or the sampler recorded nothing.
        TrainingError: what the sampler recorded belongs to other tokens or another model.
    """
    if replay is None:
        return replace(batch, routed_experts_BTLK=None), {}
    if policy.routers is None:
        raise ConfigError(
            f"update.replay_routing={replay!r} needs a mixture of experts whose routers choose by one top-k; "
            f"{type(policy.model).__name__} is none: leave it out."
        )
    if replay == "old":
        return replace(batch, routed_experts_BTLK=_recorded(policy, policy.routers, batch, parts())), {}
    return batch, {"router/replay_agreement": _compared(policy, policy.routers, batch)}


def _recorded(policy: HFPolicy, routers: Routers, batch: TokenBatch, parts: Iterable[TokenBatch]) -> Tensor:
    rows: list[Tensor] = []
    for part in parts:
        shape = part.token_ids_BT.shape
        with policy.precision.applied(policy.model), routers.routed() as routing:
            policy.decoder(input_ids=part.token_ids_BT, use_cache=False)
        experts_BTLK = torch.stack(routing.chosen, 1).unflatten(0, shape).to(torch.int16)
        experts_BTLK = experts_BTLK.masked_fill(part.attention_mask_BT[..., None, None] == 0, -1)
        missing = batch.token_ids_BT.shape[1] - shape[1]
        rows.append(torch.nn.functional.pad(experts_BTLK, (0, 0, 0, 0, 0, missing), value=-1))
    return torch.cat(rows)


def _compared(policy: HFPolicy, routers: Routers, batch: TokenBatch) -> float:
    """Return the share of the sampler's experts that the policy would choose too, in the first rows.

    A recording that is moved by a token, or of another model, agrees by chance only.
    """
    experts_BTLK = batch.routed_experts_BTLK
    if experts_BTLK is None:
        raise ConfigError(
            "update.replay_routing='sampler' needs an engine that records routed experts, and this one recorded none: "
            "use 'decode', 'hf', or update.replay_routing='old'."
        )
    is_recorded_BT = (experts_BTLK >= 0).flatten(2).all(-1)
    is_needed_BT = torch.nn.functional.pad(batch.loss_mask_BT[:, 1:].bool(), (0, 1))
    if bool((is_needed_BT & ~is_recorded_BT).any()) or bool((is_recorded_BT & (batch.attention_mask_BT == 0)).any()):
        raise TrainingError(
            "Routed experts are recorded for other tokens than those of the batch: the tokens before sampled ones must "
            "have theirs, and padding none. Look at Completion.routed_experts of the engine."
        )
    first = slice(0, _NUM_ROWS_COMPARED)
    with policy.precision.applied(policy.model), routers.routed(experts_BTLK[first]) as routing:
        policy.decoder(input_ids=batch.token_ids_BT[first], use_cache=False)
    share = agreement(routing, is_recorded_BT[first])
    chance = routers.layers[0].num_chosen / routers.layers[0].num_experts
    if share < (1 + chance) / 2:
        raise TrainingError(
            f"Of the experts that the sampler recorded, the learner's routers choose {share:.0%} too, where chance "
            f"gives {chance:.0%}: they belong to other tokens, other weights or another model. Look at the engine, or "
            "use update.replay_routing='old'."
        )
    return share


class MixtureStep:
    """What an optimizer step does about the routers; a dense model has none, and nothing happens.

    Args:
        policy: whose step it is.
        parts: the microbatches of the minibatch. With more than one, what each adds to the load-balancing loss of the
            minibatch takes a pass without gradient.
        bias_rate: see `UpdateConfig.router_bias_rate`.
        counts_tokens: False where passes leave out tokens (shared prompts).

    Raises:
        ConfigError: there are no biases to move.
    """

    def __init__(
        self, policy: HFPolicy, parts: Sequence[TokenBatch], *, bias_rate: float = 0.0, counts_tokens: bool = True
    ) -> None:
        self._policy, self._parts, self._bias_rate = policy, parts, bias_rate
        is_trained = any(parameter.requires_grad for parameter in policy.model.parameters())
        self._biases = router_biases(policy.decoder, policy.routers) if bias_rate and is_trained else []
        self._load = RouterLoad(policy.routers) if policy.routers is not None and counts_tokens else None
        is_cut = bool(policy.auxiliary_coef) and len(parts) > 1
        self._shares = _balancing_shares(policy, parts) if is_cut else [None] * len(parts)

    @contextmanager
    def microbatch(self, index: int) -> Generator[BalancingShare | None]:
        """Enclose the forward and backward pass of a microbatch; yields what its load-balancing loss must be."""
        part = self._parts[index]
        with routed(self._policy.routers, part.routed_experts_BTLK) as routing:
            yield self._shares[index]
        if self._load is not None and routing is not None:
            self._load.add(routing, part.attention_mask_BT)

    def finish(self) -> dict[str, float]:
        """Move the biases after the optimizer's step, and return metrics."""
        if self._load is None or not self._parts:
            return {}
        if self._biases:
            move_biases(self._biases, self._load, self._bias_rate)
        return self._load.metrics()


def _balancing_shares(policy: HFPolicy, parts: Sequence[TokenBatch]) -> list[BalancingShare]:
    router_logits: list[tuple[Tensor, ...]] = []
    with torch.no_grad():
        for part in parts:
            with policy.precision.applied(policy.model), routed(policy.routers, part.routed_experts_BTLK):
                logits = hidden_and_router_logits(policy.decoder, part.token_ids_BT, part.attention_mask_BT)[1]
            router_logits.append(logits)
    return balancing_shares(policy.model, policy.decoder, policy.head.module, router_logits)

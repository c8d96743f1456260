"""One update of the policy from one batch: no-grad pass, algorithm, minibatches, microbatches, optimizer steps.

The policy stays in evaluation mode: with dropout, the ratio to the behaviour policy would compare different functions.
B rows, T token positions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor

from agents.algorithms import Algorithm
from agents.algorithms.base import require_filled, require_known_needs
from agents.errors import ConfigError, TrainingError, check_at_least, check_numbers
from agents.guards import RatioGuard, SamplerCheck, guarded, load_guard
from agents.kernels.types import EntropyMode
from agents.policies.frozen import frozen_copy, own_tensors, renew, restore
from agents.policies.hf import HFPolicy
from agents.policies.precision import require_full_precision
from agents.policies.routes import MixtureStep, Replay, with_routes
from agents.policies.routing import routed
from agents.rollout.cuts import by_length, join_rows, microbatches, minibatches, take_rows
from agents.types import LossOutput, PolicyOutputs, TokenBatch
from reasonenv.errors import UnknownNameError

__all__ = ["Learner", "LossFunction", "OptimizerConfig", "UpdateConfig", "learning_rate"]

LossFunction = Callable[[PolicyOutputs, TokenBatch], LossOutput]
_MISSING = {
    "reference_logprobs": "call Learner.freeze_reference() before the first update.",
    "teacher_logprobs": "set Learner.teacher to an HFPolicy of the same tokenizer.",
}


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """AdamW and its learning-rate schedule."""

    learning_rate: float = 1e-6
    schedule: Literal["constant", "cosine"] = "constant"
    num_warmup_steps: int = 0
    """Optimizer steps of linear warm-up from 0."""
    final_learning_rate: float = 0.0
    """Where the cosine ends; unused by "constant"."""
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    """Gradients are scaled down to this 2-norm; `inf` only measures it."""

    def __post_init__(self) -> None:
        for name in ("learning_rate", "num_warmup_steps", "final_learning_rate", "weight_decay"):
            check_numbers("optimizer", **{name: getattr(self, name)})
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ConfigError(f"optimizer.betas must lie in [0, 1), got {self.betas}.")
        check_numbers("optimizer", is_positive=True, allows_inf=True, max_grad_norm=self.max_grad_norm)


@dataclass(frozen=True, kw_only=True)
class UpdateConfig:
    """How a batch is cut up."""

    num_epochs: int = 1
    num_minibatches: int = 1
    """Optimizer steps per epoch over the batch."""
    max_tokens_per_microbatch: int | None = None
    """Tokens per forward and backward pass, padding included; None takes the whole minibatch at once."""
    skip_zero_gradient_rows: bool = True
    """Leave out rows whose gradient is exactly zero (groups without variance in GRPO); the update is the same.

    Either way, a minibatch in which no row has a gradient takes no optimizer step.
    """
    share_prompts: bool = False
    """Compute the prompt of a group once instead of once a row: the same update, sooner. A policy, teacher or critic
    without a cache of keys and values (linear attention) computes whole rows all the same, and so does everything
    under a load-balancing loss, which must see every token."""
    guard: str | RatioGuard | None = None
    """Importance weights for what separates the sampler from the learner: a name in `agents.guards.GUARDS`,
    "module:attribute", or a `RatioGuard`. It costs a pass without gradient."""
    replay_routing: Replay | None = None
    """Mixture of experts: let all passes of a step choose the experts that the policy chose before its first update
    ("old"), or those that the sampler chose ("sampler"); None lets every pass choose its own."""
    router_bias_rate: float = 0.0
    """Mixture of experts: how far an optimizer step moves the routers' balancing biases (0.001 in DeepSeek-V3)."""

    def __post_init__(self) -> None:
        if self.guard is not None:
            load_guard(self.guard)
        if self.replay_routing not in (None, *get_args(Replay)):
            raise UnknownNameError("replay_routing", self.replay_routing, get_args(Replay))
        if self.share_prompts and (self.replay_routing or self.router_bias_rate):
            raise ConfigError("update.replay_routing and router_bias_rate need whole rows: leave share_prompts out.")
        check_numbers("update", router_bias_rate=self.router_bias_rate)
        check_at_least(1, "update", num_epochs=self.num_epochs, num_minibatches=self.num_minibatches)
        check_at_least(1, "update", max_tokens_per_microbatch=self.max_tokens_per_microbatch)


def learning_rate(config: OptimizerConfig, step: int, num_steps: int) -> float:
    """Return the learning rate of optimizer step `step` in [0, num_steps): linear warm-up, then constant or cosine."""
    if step < config.num_warmup_steps:
        return config.learning_rate * (step + 1) / config.num_warmup_steps
    if config.schedule == "constant":
        return config.learning_rate
    progress = (step - config.num_warmup_steps) / max(1, num_steps - config.num_warmup_steps)
    height = config.learning_rate - config.final_learning_rate
    return config.final_learning_rate + height * (1 + math.cos(math.pi * min(progress, 1.0))) / 2


class Learner:
    """Owns the optimizer of a policy and, where an algorithm asks for one, the frozen reference policy."""

    def __init__(self, policy: HFPolicy, optimizer: OptimizerConfig, *, num_optimizer_steps: int) -> None:
        self.policy = policy.eval()
        self.config = optimizer
        self.num_optimizer_steps = num_optimizer_steps
        self.num_steps_done = 0
        require_full_precision(policy)
        is_scaled = policy.precision.dtype == "float16"
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=is_scaled)  # pyright: ignore[reportPrivateImportUsage]
        self.reference: HFPolicy | None = None
        self.reference_step: int | None = None
        """Optimizer steps that were done when the reference was frozen last."""
        self.teacher: HFPolicy | None = None
        self.optimizer = torch.optim.AdamW(
            [parameter for parameter in policy.parameters() if parameter.requires_grad],
            lr=optimizer.learning_rate,
            betas=optimizer.betas,
            weight_decay=optimizer.weight_decay,
            fused=True,
        )

    @property
    def device(self) -> torch.device:
        """The device of the policy, where batches are expected."""
        return next(self.policy.parameters()).device

    def freeze_reference(self) -> HFPolicy:
        """Make the policy as it is now the anchor of the KL penalty, and return it; what is not trained is shared."""
        if self.reference is None:
            self.reference = frozen_copy(self.policy, without=(self.policy.critic, self.policy.value_head))
            self.reference.precision.keep_as_copies(self.reference.model)
        else:
            renew(self.reference, self.policy)
        self.reference_step = self.num_steps_done
        return self.reference

    def update(
        self,
        batch: TokenBatch,
        algorithm: Algorithm,
        config: UpdateConfig,
        *,
        temperature: float,
        seed: int,
        max_sampler_difference: float | None = None,
    ) -> dict[str, float]:
        """Train on one batch of trajectories.

        Args:
            batch: scored rows, right-padded.
            algorithm: supplies advantages and loss.
            config: how the batch is cut up.
            temperature: that of the sampler.
            seed: decides how rows are dealt to minibatches.
            max_sampler_difference: see `agents.guards.SamplerCheck`.

        Returns:
            Means over the optimizer steps of the algorithm's metrics, with `grad_norm`, `learning_rate` and
            `skipped_row_share`.

        Raises:
            ConfigError: a row is longer than a microbatch may be, or the algorithm needs what is not there.
            TrainingError: rewards or the gradient of an optimizer step are not finite, or the sampler is too far from
                the policy; the step is not taken.
        """
        if not batch.rewards_B.isfinite().all():
            raise TrainingError("Rewards must be finite: leave rows whose grader failed out of the batch (`assemble`).")
        rows = partial(self._parts, batch, torch.arange(len(batch.rewards_B)), config.max_tokens_per_microbatch)
        batch, route_metrics = with_routes(batch, self.policy, config.replay_routing, rows)
        batch = algorithm.annotate(self.fill_no_grad_fields(batch, algorithm, config, temperature=temperature))
        check = SamplerCheck(max_sampler_difference)
        batch, guard_metrics = guarded(batch, config.guard, check)
        has_gradient_B = algorithm.gradient_rows(batch) | bool(self.policy.auxiliary_coef)
        step = partial(
            self.step,
            loss=algorithm.loss,
            max_tokens=config.max_tokens_per_microbatch,
            share_prompts=config.share_prompts,
            temperature=temperature,
            entropy="grad" if "entropy" in algorithm.needs else "none",
            router_bias_rate=config.router_bias_rate,
        )
        generator = torch.Generator().manual_seed(seed)
        metrics: list[dict[str, float]] = []
        for _ in range(config.num_epochs):
            for rows in minibatches(len(batch.rewards_B), config.num_minibatches, generator):
                minibatch, is_kept_B = take_rows(batch, rows, is_whole_minibatch=True), has_gradient_B[rows]
                if config.skip_zero_gradient_rows or not is_kept_B.any():
                    minibatch = take_rows(minibatch, is_kept_B.nonzero().squeeze(-1))
                metrics.append(step(minibatch, check=check if check.is_empty else None))
        skipped_share = 1 - has_gradient_B.float().mean().item() if config.skip_zero_gradient_rows else 0.0
        return {**_means(metrics), **route_metrics, **guard_metrics, "skipped_row_share": skipped_share}

    def step(
        self,
        minibatch: TokenBatch,
        loss: LossFunction,
        max_tokens: int | None = None,
        *,
        share_prompts: bool = False,
        temperature: float = 1.0,
        entropy: EntropyMode = "none",
        router_bias_rate: float = 0.0,
        check: SamplerCheck | None = None,
    ) -> dict[str, float]:
        """Take one optimizer step on one minibatch, accumulated over microbatches; an empty one changes no weight.

        Rows of similar length share a microbatch, so that little of it is padding; `check` is shown log-probabilities.

        Raises:
            ConfigError: a row is longer than `max_tokens`, or there are no biases to move.
            TrainingError: the gradient is not finite, or `check` refuses the batch; the step is not taken.
        """
        loss = loss if check is None else check.watching(loss)
        totals: dict[str, Tensor] = {}
        order = by_length(minibatch, self._shared_groups(minibatch, share_prompts))
        parts = list(self._parts(minibatch, order, max_tokens))
        try:
            mixture = MixtureStep(self.policy, parts, bias_rate=router_bias_rate, counts_tokens=not share_prompts)
            for index, microbatch in enumerate(parts):
                with mixture.microbatch(index) as balancing:
                    result, auxiliary = self.policy.loss(
                        microbatch.token_ids_BT,
                        microbatch.attention_mask_BT,
                        microbatch.loss_mask_BT,
                        partial(self._loss_of_rows, loss, microbatch),
                        group_ids_B=self._shared_groups(microbatch, share_prompts),
                        temperature=temperature,
                        entropy=entropy,
                        balancing=balancing,
                    )
                    share = 0.0 if auxiliary is None else self.scaler.scale(auxiliary)
                    (result.loss + share).backward()
                for name, value in result.metrics.items():
                    totals[name] = totals.get(name, 0.0) + value
            metrics = {name: value.item() for name, value in totals.items()} | (check.metrics() if check else {})
            return metrics | self._apply_gradient(has_gradient=bool(parts)) | mixture.finish()
        finally:
            self.optimizer.zero_grad(set_to_none=True)

    def _shared_groups(self, batch: TokenBatch, share_prompts: bool) -> Tensor | None:
        """Return the groups whose prompt is computed once; None computes whole rows."""
        return batch.group_ids_B if share_prompts and not self.policy.auxiliary_coef else None

    def _parts(self, batch: TokenBatch, order_B: Tensor, max_tokens: int | None) -> Iterator[TokenBatch]:
        """Yield the microbatches of a batch."""
        for rows in microbatches(batch, order_B, max_tokens):
            yield batch if len(rows) == len(order_B) else take_rows(batch, rows)

    def _loss_of_rows(self, loss: LossFunction, batch: TokenBatch, outputs: PolicyOutputs, rows: slice) -> LossOutput:
        """Return the share of consecutive rows; losses divide by the totals of the minibatch, so shares add up."""
        result = loss(outputs, batch.select(rows))
        return LossOutput(loss=self.scaler.scale(result.loss), metrics=result.metrics)

    def _apply_gradient(self, *, has_gradient: bool) -> dict[str, float]:
        rate, grad_norm = learning_rate(self.config, self.num_steps_done, self.num_optimizer_steps), 0.0
        if has_gradient:
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            self.scaler.unscale_(self.optimizer)
            norm = torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.config.max_grad_norm)
            grad_norm = norm.item()
            # A loss scaled too far for float16 overflows: that step is left out, and the next one scaled by half.
            if not math.isfinite(grad_norm) and not (self.scaler.is_enabled() and self.scaler.get_scale() > 1):
                raise TrainingError(
                    f"The gradient's norm is {grad_norm} at optimizer step {self.num_steps_done + 1}, which was not "
                    "taken: the weights are unchanged. Lower the learning rate or the sampling temperature, or train "
                    "in float32."
                )
            self.scaler.step(self.optimizer)
            self.scaler.update()
        self.num_steps_done += 1
        scale = {"loss_scale": self.scaler.get_scale()} if self.scaler.is_enabled() else {}
        return {"learning_rate": rate, "grad_norm": grad_norm, **scale}

    @torch.no_grad()
    def fill_no_grad_fields(
        self, batch: TokenBatch, algorithm: Algorithm, config: UpdateConfig, *, temperature: float
    ) -> TokenBatch:
        """Add what the algorithm needs of the policy as it is now and of the frozen ones: one pass of each.

        Raises:
            ConfigError: there is no critic or no reference, or nothing of that name can be filled.
        """
        require_known_needs(algorithm)
        needs = algorithm.needs if config.guard is None else algorithm.needs | {"old_logprobs"}
        outputs = partial(self._outputs, batch, config, temperature)
        filled: dict[str, Tensor | None] = {}
        if needs & {"values", "final_values"} and self.policy.value_head is None:
            raise ConfigError("The algorithm has a critic: build HFPolicy(model, has_value_head=True).")
        if needs & {"old_logprobs", "old_entropy", "old_other_squares", "values"}:
            entropy: EntropyMode = "value" if "old_entropy" in needs else "none"
            own = outputs(self.policy, entropy=entropy, squares="old_other_squares" in needs)
            current = {"old_logprobs": own.logprobs_BT, "old_entropy": own.entropy_BT, "values": own.values_BT}
            current["old_other_squares"] = own.other_squares_BT
            filled |= {f"{need}_BT": tensor_BT for need, tensor_BT in current.items() if need in needs}
        if "final_values" in needs:
            filled["final_values_B"] = self._final_values(batch, config)
        for need, frozen in (("reference_logprobs", self.reference), ("teacher_logprobs", self.teacher)):
            if need in needs and frozen is None:
                raise ConfigError(f"The algorithm needs {need}: {_MISSING[need]}")
            if need in needs and frozen is not None:
                filled[f"{need}_BT"] = outputs(frozen).logprobs_BT
        return replace(batch, **filled)

    def _final_values(self, batch: TokenBatch, config: UpdateConfig) -> Tensor:
        """Return the critic's value of where the token budget cut a row, and 0 for rows that came to their end, [B]."""
        is_cut_B = ~require_filled(batch.is_stopped_B, "batch.is_stopped_B", "agents.rollout.assemble.assemble")
        values_B = torch.zeros_like(batch.rewards_B)
        if is_cut_B.any():
            budget = config.max_tokens_per_microbatch and config.max_tokens_per_microbatch + 1
            longer = replace(config, share_prompts=False, max_tokens_per_microbatch=budget)
            outputs = self._outputs(batch.select(is_cut_B).awaiting_one_token(), longer, 1.0, self.policy)
            values_B[is_cut_B] = require_filled(outputs.values_BT, "values_BT", "a critic").sum(1)
        return values_B

    def _outputs(
        self,
        batch: TokenBatch,
        config: UpdateConfig,
        temperature: float,
        policy: HFPolicy,
        entropy: EntropyMode = "none",
        *,
        squares: bool = False,
    ) -> PolicyOutputs:
        """Return what a policy says of the sampled tokens, a microbatch at a time."""
        parts: list[PolicyOutputs] = []
        for microbatch in self._parts(batch, torch.arange(len(batch.rewards_B)), config.max_tokens_per_microbatch):
            experts_BTLK = microbatch.routed_experts_BTLK if policy is self.policy else None
            with routed(policy.routers, experts_BTLK):
                outputs = policy(
                    microbatch.token_ids_BT,
                    microbatch.attention_mask_BT,
                    microbatch.loss_mask_BT,
                    group_ids_B=self._shared_groups(microbatch, config.share_prompts),
                    temperature=temperature,
                    entropy=entropy,
                    squares=squares,
                )
            parts.append(outputs)
        joined = {
            entry.name: join_rows([getattr(part, entry.name) for part in parts], batch)
            for entry in fields(PolicyOutputs)
        }
        return PolicyOutputs(**cast(Any, joined))

    def state_dict(self) -> dict[str, Any]:
        """Return optimizer, step counter and critic. The model's owner saves the model's weights, and the reference's
        are for `reference_state`: they change rarely."""
        return {
            "critic": self.policy.critic_state(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "num_steps_done": self.num_steps_done,
            "reference_step": self.reference_step,
        }

    def reference_state(self) -> dict[str, Tensor] | None:
        """Return the weights that the reference does not share with the policy."""
        return None if self.reference is None else own_tensors(self.reference, self.policy)

    def load_state_dict(self, state: Mapping[str, Any], reference: Mapping[str, Tensor] | None) -> None:
        """Restore what `state_dict` and `reference_state` returned."""
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(state["scaler"])
        self.num_steps_done = state["num_steps_done"]
        self.policy.load_critic_state(state["critic"])
        if reference is not None:
            restore(self.freeze_reference(), self.policy, reference)
        self.reference_step = state["reference_step"]


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each metric over the rows that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row[name] for row in rows if name in row] for name in names}
    return {name: math.fsum(values) / len(values) for name, values in columns.items()}

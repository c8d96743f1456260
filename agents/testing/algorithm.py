"""What every learner relies on in an algorithm. B rows, T token positions."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from agents.algorithms import NEEDS, Algorithm
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.losses import totals_of
from agents.policies.hf import HFPolicy
from agents.policies.tiny import build_tiny_policy
from agents.rollout.cuts import take_rows
from agents.testing.expectations import expect, one_thread, working
from agents.types import LossOutput, PolicyOutputs, TokenBatch

__all__ = ["check_algorithm"]

_MEMBERS = ("needs", "annotate", "gradient_rows", "loss")
_LENGTHS = ((4, 5), (4, 3), (2, 4), (2, 6), (3, 4), (3, 2))
"""(prompt tokens, response tokens) of each row; two rows in a row form a group."""
_REWARDS = (1.0, 0.0, 0.5, 2.0, 0.0, 1.0)
_UNEQUAL = "rows of one group with different rewards"


@one_thread()
def check_algorithm(algorithm: Algorithm) -> None:
    """Check that an algorithm is one that the learner can train with.

    It is a frozen dataclass; its loss is a finite scalar of the sampled tokens alone, whatever fills the padding and
    however the batch is cut into microbatches; it is a function of its arguments, and makes better responses likelier.

    Args:
        algorithm: an instance, with the hyper-parameters to be checked.

    Raises:
        AssertionError: which rule is broken.
    """
    is_class = isinstance(algorithm, type)
    expect(not is_class, f"{algorithm!r} is a class; give an instance of it, with the hyper-parameters to be checked")
    name = type(algorithm).__name__
    missing = [member for member in _MEMBERS if not hasattr(algorithm, member)]
    expect(not missing, f"{name} must have {', '.join(_MEMBERS)}; it lacks {', '.join(missing)}")
    expect(dataclasses.is_dataclass(algorithm), f"{name} must be a dataclass, whose fields are recorded and are flags")
    expect(_is_frozen(algorithm), f"{name} must be frozen, @dataclass(frozen=True): a run's settings do not change")
    is_known = isinstance(algorithm.needs, frozenset) and algorithm.needs <= set(NEEDS)
    expect(is_known, f"{name}.needs must be a frozenset of {', '.join(NEEDS)}, got {algorithm.needs!r}")
    checked = _Checked(name, algorithm, _learner(algorithm))
    batch = checked.annotated(_batch())
    checked.check_annotation(batch)
    checked.check_loss(batch)
    checked.check_mask(batch)
    checked.check_cuts(batch)
    checked.check_direction(batch)
    checked.check_equal_rewards()
    checked.check_update()


def _is_frozen(algorithm: object) -> bool:
    return type(algorithm).__dataclass_params__.frozen  # pyright: ignore[reportAttributeAccessIssue]: every dataclass has it


def _learner(algorithm: Algorithm) -> Learner:
    policy = HFPolicy(build_tiny_policy(seed=0)[0], has_value_head="values" in algorithm.needs)
    learner = Learner(policy, OptimizerConfig(learning_rate=1e-3), num_optimizer_steps=1)
    learner.freeze_reference()
    if "teacher_logprobs" in algorithm.needs:
        learner.teacher = HFPolicy(build_tiny_policy(seed=1)[0])
    return learner


def _batch(rewards: tuple[float, ...] = _REWARDS) -> TokenBatch:
    """Return groups of two rows with responses of different lengths, one with an environment turn in between."""
    generator = torch.Generator().manual_seed(0)
    shape = len(_LENGTHS), max(map(sum, _LENGTHS))
    loss_mask_BT, attention_mask_BT = torch.zeros(shape), torch.zeros(shape, dtype=torch.int64)
    for row, (prompt, response) in enumerate(_LENGTHS):
        loss_mask_BT[row, prompt : prompt + response] = 1
        attention_mask_BT[row, : prompt + response] = 1
    loss_mask_BT[3, 4] = 0
    return TokenBatch(
        token_ids_BT=torch.randint(2, 250, shape, generator=generator) * attention_mask_BT,
        attention_mask_BT=attention_mask_BT,
        loss_mask_BT=loss_mask_BT,
        behavior_logprobs_BT=torch.zeros(shape),
        rewards_B=torch.tensor(rewards),
        group_ids_B=torch.arange(len(_LENGTHS)) // 2,
        totals=totals_of(loss_mask_BT),
        is_stopped_B=torch.arange(len(_LENGTHS)) != 1,
        turns_BT=torch.where(loss_mask_BT.bool(), torch.arange(shape[1]) // 5, -1),
        weights_versions_BT=torch.where(loss_mask_BT.bool(), 0, -1),
        reward_components={"accuracy": torch.tensor(rewards)},
        reward_weights={"accuracy": torch.ones(len(rewards))},
    )


@dataclass(frozen=True)
class _Checked:
    name: str
    algorithm: Algorithm
    learner: Learner

    def annotated(self, batch: TokenBatch) -> TokenBatch:
        """Fill a batch as the learner does, on-policy: the sampler's log-probabilities are the current ones."""
        with torch.no_grad():
            outputs = self.learner.policy(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT)
        batch = replace(batch, behavior_logprobs_BT=outputs.logprobs_BT)
        filled = self.learner.fill_no_grad_fields(batch, self.algorithm, UpdateConfig(), temperature=1.0)
        before = filled.map_tensors(torch.clone)
        with working(f"{self.name}.annotate of {_UNEQUAL}"), torch.no_grad():
            result = self.algorithm.annotate(filled)
        expect(isinstance(result, TokenBatch), f"{self.name}.annotate must return a TokenBatch, got {type(result)}")
        expect(_is_same(before, filled), f"{self.name}.annotate must return a new batch and leave its own as it was")
        return result

    def loss(self, batch: TokenBatch, logprobs_BT: Tensor | None = None) -> tuple[LossOutput, Tensor]:
        """Return the loss, and its gradient in the log-probabilities."""
        logprobs_BT = batch.behavior_logprobs_BT if logprobs_BT is None else logprobs_BT
        leaf_BT = logprobs_BT.detach().clone().requires_grad_()
        values_BT = None if batch.values_BT is None else (batch.values_BT + 0.05).detach().requires_grad_()
        outputs = PolicyOutputs(logprobs_BT=leaf_BT, entropy_BT=torch.full_like(leaf_BT, 0.5), values_BT=values_BT)
        with working(f"{self.name}.loss of {_described(batch)}"):
            result = self.algorithm.loss(outputs, batch)
        expect(
            isinstance(result, LossOutput), f"{self.name}.loss must return a LossOutput, got {type(result).__name__}"
        )
        loss = result.loss
        is_scalar = isinstance(loss, Tensor) and loss.ndim == 0 and loss.is_floating_point()
        expect(is_scalar, f"{self.name}.loss: LossOutput.loss must be a floating scalar tensor, got {loss!r:.80}")
        expect(math.isfinite(loss.item()), f"{self.name}.loss must be finite for {_UNEQUAL}, got {loss.item()}")
        expect(
            loss.requires_grad, f"{self.name}.loss must depend on outputs.logprobs_BT; it has no gradient (detached?)"
        )
        loss.backward()
        gradient_BT = torch.zeros_like(leaf_BT) if leaf_BT.grad is None else leaf_BT.grad
        return result, gradient_BT

    def check_annotation(self, batch: TokenBatch) -> None:
        """Check shapes and finiteness of what was filled in, and the answer of `gradient_rows`."""
        for field in ("advantages_BT", "returns_BT"):
            tensor_BT = getattr(batch, field)
            if tensor_BT is None:
                continue
            shape, wanted = tuple(tensor_BT.shape), tuple(batch.loss_mask_BT.shape)
            expect(shape == wanted, f"{self.name}.annotate must give {field} of shape {wanted}, got {shape}")
            is_finite = bool(tensor_BT[batch.loss_mask_BT.bool()].isfinite().all())
            expect(is_finite, f"{self.name}.annotate must give finite {field} at sampled tokens, got {tensor_BT}")
            expect(not tensor_BT.requires_grad, f"{self.name}.annotate must give {field} without gradient")
        with working(f"{self.name}.gradient_rows of {_described(batch)}"):
            rows_B = self.algorithm.gradient_rows(batch)
        is_mask = isinstance(rows_B, Tensor) and rows_B.dtype == torch.bool and rows_B.shape == batch.rewards_B.shape
        expect(is_mask, f"{self.name}.gradient_rows must give a boolean per row, shape [B], got {rows_B!r:.80}")
        _, gradient_BT = self.loss(batch)
        left_out = gradient_BT[~rows_B].abs().sum().item()
        expect(left_out == 0, f"{self.name}.gradient_rows leaves out rows whose gradient is not 0 but {left_out:g}")

    def check_loss(self, batch: TokenBatch) -> None:
        """Check the metrics, that the loss can be repeated, and that it has a gradient."""
        result, gradient_BT = self.loss(batch)
        again, gradient_again_BT = self.loss(batch)
        for metric, value in result.metrics.items():
            is_scalar = isinstance(value, Tensor) and value.ndim == 0 and not value.requires_grad
            expect(
                is_scalar, f"{self.name}.loss: metric {metric!r} must be a detached scalar tensor, got {value!r:.80}"
            )
        is_same = torch.equal(result.loss, again.loss) and torch.equal(gradient_BT, gradient_again_BT)
        expect(is_same, f"{self.name}.loss must give the same for the same batch, got {result.loss} and {again.loss}")
        expect(bool(gradient_BT.any()), f"{self.name}.loss must have a gradient in the log-probabilities of {_UNEQUAL}")

    def check_mask(self, batch: TokenBatch) -> None:
        """Check that prompts, environment turns and padding play no part."""
        outside_BT = batch.loss_mask_BT == 0
        first, gradient_BT = self.loss(batch)
        expect(
            not gradient_BT[outside_BT].any(),
            f"{self.name}.loss must have no gradient where loss_mask_BT is 0 (prompt, environment, padding)",
        )
        other, _ = self.loss(batch, torch.where(outside_BT, -3.0, batch.behavior_logprobs_BT))
        expect(
            _is_close(first.loss, other.loss),
            f"{self.name}.loss must not depend on log-probabilities where loss_mask_BT is 0: "
            f"{first.loss.item():g} became {other.loss.item():g}",
        )
        wide = batch.map_tensors(lambda value: torch.nn.functional.pad(value, (0, 3)) if value.ndim == 2 else value)
        padded, _ = self.loss(wide)
        expect(
            _is_close(first.loss, padded.loss),
            f"{self.name}.loss must not depend on the width of the padding: {first.loss.item():g} became "
            f"{padded.loss.item():g}; divide by batch.totals, not by a shape",
        )

    def check_cuts(self, batch: TokenBatch) -> None:
        """Check that the losses of microbatches add up, in any order of the rows."""
        whole, _ = self.loss(batch)
        cuts = [self.loss(take_rows(batch, torch.tensor(rows)))[0] for rows in ([5, 0], [3], [4, 1, 2])]
        total = torch.stack([cut.loss.detach() for cut in cuts]).sum()
        expect(
            _is_close(whole.loss, total),
            f"{self.name}.loss of microbatches must add up to that of the minibatch, {whole.loss.item():g}, got "
            f"{total.item():g}; divide by batch.totals, which microbatches share, and not by their own size",
        )
        for metric, value in whole.metrics.items():
            parts = torch.stack([cut.metrics[metric].float() for cut in cuts]).sum()
            expect(
                _is_close(value, parts),
                f"{self.name}.loss: metric {metric!r} of microbatches must add up to {value.item():g}, got "
                f"{parts.item():g}",
            )

    def check_direction(self, batch: TokenBatch) -> None:
        """Check that a step makes the better response of each group likelier beside the other.

        Where there is a teacher, better is what the teacher finds likelier than the policy that sampled.
        """
        _, gradient_BT = self.loss(batch)
        if batch.teacher_logprobs_BT is not None:
            agreement = (gradient_BT * (batch.teacher_logprobs_BT - batch.behavior_logprobs_BT)).sum().item()
            expect(
                agreement < 0,
                f"{self.name}.loss must fall where tokens become likelier that the teacher finds likelier: along these "
                f"its gradient is {agreement:g} (is the sign right?)",
            )
            return
        per_row_B = gradient_BT.sum(1)
        best_B = batch.rewards_B.view(-1, 2).amax(1).repeat_interleave(2)
        better_B = batch.rewards_B == best_B
        pull, push = per_row_B[better_B].mean().item(), per_row_B[~better_B].mean().item()
        expect(
            pull < push,
            f"{self.name}.loss must fall where better responses become likelier: its gradient in their log-probability "
            f"is {pull:g}, in that of worse ones {push:g} (is the sign right?)",
        )

    def check_equal_rewards(self) -> None:
        """Check that groups without variance, and single rows, give no NaN."""
        for rewards in ((1.0,) * len(_LENGTHS), (0.0,) * len(_LENGTHS)):
            result, gradient_BT = self.loss(self.annotated(_batch(rewards)))
            is_finite = bool(gradient_BT.isfinite().all()) and math.isfinite(result.loss.item())
            expect(is_finite, f"{self.name} must give a finite loss where all rewards of a group are {rewards[0]}")

    def check_update(self) -> None:
        """Check that the learner can take a step."""
        learner = _learner(self.algorithm)
        batch = self.annotated(_batch())
        bare = replace(batch, advantages_BT=None, returns_BT=None, values_BT=None, reference_logprobs_BT=None)
        before = learner.policy.head.module.weight.detach().clone()
        with working(f"Learner.update with {self.name}"):
            metrics = learner.update(
                bare, self.algorithm, UpdateConfig(max_tokens_per_microbatch=20), temperature=1.0, seed=0
            )
        expect(
            not torch.equal(before, learner.policy.head.module.weight),
            f"Learner.update with {self.name} must change the weights for {_UNEQUAL}",
        )
        wrong = {metric: value for metric, value in metrics.items() if not math.isfinite(value)}
        expect(not wrong, f"Learner.update with {self.name} must give finite metrics, got {wrong}")


def _described(batch: TokenBatch) -> str:
    """Return what a batch is, for messages; that annotate added nothing to it is the likely reason of an error."""
    is_bare = batch.advantages_BT is None and batch.returns_BT is None
    return f"{_UNEQUAL}, in which annotate has filled neither advantages_BT nor returns_BT," if is_bare else _UNEQUAL


def _is_close(first: Tensor, second: Tensor) -> bool:
    return math.isclose(first.item(), second.item(), rel_tol=1e-4, abs_tol=1e-6)


def _is_same(first: TokenBatch, second: TokenBatch) -> bool:
    pairs = [(getattr(first, field.name), getattr(second, field.name)) for field in dataclasses.fields(TokenBatch)]
    return all(torch.equal(a, b) for a, b in pairs if isinstance(a, Tensor) and isinstance(b, Tensor))

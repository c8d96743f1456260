"""The checks for algorithms and engines catch what is wrong, each wrong in one way; ours pass in `tests/contracts`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor

from agents.advantages import group_relative_advantages
from agents.algorithms import GDPO, GRPO, PPO, RLOO, Need, ReinforcePP
from agents.algorithms.base import require_filled
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import Completion, SamplingParams
from agents.testing import check_algorithm, check_engine
from agents.types import LossOutput, PolicyOutputs, TokenBatch, TokenIds


@dataclass(frozen=True)
class Reinforce:
    """The whole of a right algorithm: −Σ advantage · log π over the tokens, divided by their number."""

    scale: float = 1.0

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset()

    def annotate(self, batch: TokenBatch) -> TokenBatch:
        advantages_B = group_relative_advantages(batch.rewards_B, batch.group_ids_B, scale_by_std=False)
        return replace(batch, advantages_BT=advantages_B[:, None] * batch.loss_mask_BT)

    def gradient_rows(self, batch: TokenBatch) -> Tensor:
        return torch.ones_like(batch.rewards_B, dtype=torch.bool)

    def terms(self, outputs: PolicyOutputs, batch: TokenBatch) -> Tensor:
        advantages_BT = require_filled(batch.advantages_BT, "advantages_BT", "annotate")
        return -self.scale * advantages_BT * outputs.logprobs_BT * batch.loss_mask_BT

    def loss(self, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        total = self.terms(outputs, batch).sum() / batch.totals.num_tokens
        return LossOutput(loss=total, metrics={"surrogate": total.detach()})


@pytest.mark.parametrize(
    "algorithm",
    [
        *(Reinforce(), GRPO(kl_coef=0.1), GRPO(reduction="token_mean"), GRPO(max_sequence_kl=0.1)),
        *(PPO(kl_coef=0.1), PPO(whiten_advantages=False), PPO(kl_coef=0.1, kl_in="reward", bootstraps_truncated=True)),
        *(RLOO(credit="turn", kl_coef=0.1), ReinforcePP(baseline="group", kl_coef=0.1), GDPO(kl_coef=0.1)),
    ],
)
def test_right_algorithms_pass(algorithm: Any) -> None:
    check_algorithm(algorithm)


def with_method(name: str, method: Callable[..., Any]) -> Any:
    return dataclass(frozen=True)(type("Wrong", (Reinforce,), {name: method, "__annotations__": {}}))()


def output(total: Tensor, **metrics: Any) -> LossOutput:
    return LossOutput(loss=total, metrics=metrics)


def positional(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return LossOutput(self.terms(outputs, batch).sum(), {})  # type: ignore[misc]


def unmasked(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    rewards_B = batch.rewards_B - batch.rewards_B.mean()
    return output(-(rewards_B[:, None] * outputs.logprobs_BT).sum() / batch.totals.num_tokens)


def divided_by_the_microbatch(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return output(self.terms(outputs, batch).sum() / batch.loss_mask_BT.sum())


def divided_by_the_width(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return output(self.terms(outputs, batch).mean(1).sum() / batch.totals.num_sequences)


def detached(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return output(self.terms(outputs, batch).sum().detach())


def upside_down(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return output(-self.terms(outputs, batch).sum() / batch.totals.num_tokens)


def per_row(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return output(self.terms(outputs, batch).sum(1) / batch.totals.num_tokens)


def random(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    terms_BT = self.terms(outputs, batch)
    return output((terms_BT * torch.rand_like(terms_BT)).sum() / batch.totals.num_tokens)


def without_gradient_of_the_policy(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    return output((self.terms(outputs, batch) * 0).sum())


def attached_metric(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    total = self.terms(outputs, batch).sum() / batch.totals.num_tokens
    return output(total, surrogate=total)


def number_metric(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    total = self.terms(outputs, batch).sum() / batch.totals.num_tokens
    return output(total, surrogate=total.item())


def mean_metric(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
    total = self.terms(outputs, batch).sum() / batch.totals.num_tokens
    return output(total, mean_reward=batch.rewards_B.mean())


def bare_tensor(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> Tensor:
    return self.terms(outputs, batch).sum()


def divided_by_no_variance(self: Any, batch: TokenBatch) -> TokenBatch:
    grouped = batch.rewards_B.view(-1, 2)
    scaled_B = ((grouped - grouped.mean(1, keepdim=True)) / grouped.std(1, keepdim=True)).flatten()
    return replace(batch, advantages_BT=scaled_B[:, None] * batch.loss_mask_BT)


def one_advantage_a_row(self: Any, batch: TokenBatch) -> TokenBatch:
    return replace(batch, advantages_BT=batch.rewards_B[:, None] - batch.rewards_B.mean())


def in_place(self: Any, batch: TokenBatch) -> TokenBatch:
    batch.rewards_B.sub_(batch.rewards_B.mean())
    return replace(batch, advantages_BT=batch.rewards_B[:, None] * batch.loss_mask_BT)


def no_batch(self: Any, batch: TokenBatch) -> None:
    return None


def no_rows(self: Any, batch: TokenBatch) -> Tensor:
    return torch.zeros_like(batch.rewards_B, dtype=torch.bool)


def row_numbers(self: Any, batch: TokenBatch) -> Tensor:
    return torch.arange(len(batch.rewards_B))


def nothing_filled(self: Any, batch: TokenBatch) -> TokenBatch:
    return batch


def leaving(self: Any, batch: TokenBatch) -> TokenBatch:
    raise SystemExit("no plan")


WRONG_ALGORITHMS = [
    ("loss", positional, "takes 1 positional argument"),
    ("loss", unmasked, "no gradient where loss_mask_BT is 0"),
    ("loss", divided_by_the_microbatch, "must add up to that of the minibatch"),
    ("loss", divided_by_the_width, "must not depend on the width of the padding"),
    ("loss", detached, "has no gradient"),
    ("loss", upside_down, "is the sign right"),
    ("loss", per_row, "floating scalar tensor"),
    ("loss", random, "must give the same for the same batch"),
    ("loss", without_gradient_of_the_policy, "must have a gradient in the log-probabilities"),
    ("loss", attached_metric, "metric 'surrogate' must be a detached scalar tensor"),
    ("loss", number_metric, "metric 'surrogate' must be a detached scalar tensor"),
    ("loss", mean_metric, "metric 'mean_reward' of microbatches must add up"),
    ("loss", bare_tensor, "must return a LossOutput, got Tensor"),
    ("annotate", divided_by_no_variance, "must be finite|a finite loss where all rewards"),
    ("annotate", one_advantage_a_row, r"must give advantages_BT of shape \(6, 9\)"),
    ("annotate", in_place, "leave its own as it was"),
    ("annotate", nothing_filled, "loss of .* annotate has filled neither advantages_BT nor returns_BT, must work"),
    ("annotate", leaving, "annotate of .* must work here, but raised SystemExit: no plan"),
    ("annotate", no_batch, "must return a TokenBatch"),
    ("gradient_rows", no_rows, "leaves out rows whose gradient is not 0"),
    ("gradient_rows", row_numbers, "a boolean per row"),
    ("needs", frozenset({"critic"}), "must be a frozenset of old_logprobs, .*, got frozenset"),
    ("needs", ["values"], "must be a frozenset of"),
]


@pytest.mark.parametrize(
    ("name", "method", "message"), WRONG_ALGORITHMS, ids=lambda value: getattr(value, "__name__", "")
)
def test_wrong_algorithm_is_caught(name: str, method: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_algorithm(with_method(name, method))


def test_an_assertion_without_a_message_is_named() -> None:
    def insisting(self: Any, outputs: PolicyOutputs, batch: TokenBatch) -> LossOutput:
        assert batch.advantages_BT is not None
        return output((batch.advantages_BT * outputs.logprobs_BT).sum())

    wrong = {"annotate": nothing_filled, "loss": insisting, "__annotations__": {}}
    with pytest.raises(AssertionError, match=r"filled neither .* must work here, but raised AssertionError"):
        check_algorithm(dataclass(frozen=True)(type("Wrong", (Reinforce,), wrong))())


def test_a_class_is_no_algorithm() -> None:
    with pytest.raises(AssertionError, match="is a class; give an instance of it"):
        check_algorithm(Reinforce)  # type: ignore[arg-type]


def test_what_is_no_frozen_dataclass_with_all_members_is_caught() -> None:
    members = {name: value for name, value in vars(Reinforce).items() if not name.startswith("__")}
    with pytest.raises(AssertionError, match="must be a dataclass"):
        check_algorithm(type("Plain", (), members)())
    with pytest.raises(AssertionError, match="must be frozen"):
        check_algorithm(dataclass(type("Thawed", (), members))())
    with pytest.raises(AssertionError, match="it lacks gradient_rows"):
        check_algorithm(
            type("Short", (), {name: value for name, value in members.items() if name != "gradient_rows"})()
        )


class Engine:
    """A right engine around ours; the wrong ones change one thing."""

    def __init__(self, model: Any, *, pad_token_id: int) -> None:
        self.model, self.pad_token_id = model, pad_token_id
        self.inner = DecodeEngine(model, pad_token_id)

    @property
    def weights_version(self) -> int:
        return self.inner.weights_version

    def generate(
        self, prompts: Sequence[TokenIds], params: SamplingParams, *, num_samples: int = 1
    ) -> list[list[Completion]]:
        return self.inner.generate(prompts, params, num_samples=num_samples)

    def load_weights(self, named_tensors: Iterable[tuple[str, Tensor]], *, version: int) -> None:
        self.inner.load_weights(named_tensors, version=version)

    def close(self) -> None:
        self.inner.close()


def asking(change: Callable[[SamplingParams], SamplingParams]) -> Callable[..., Any]:
    def generate(self: Any, prompts: Any, params: SamplingParams, *, num_samples: int = 1) -> Any:
        return self.inner.generate(prompts, change(params), num_samples=num_samples)

    return generate


def answering(change: Callable[[Any, SamplingParams, Completion], Completion]) -> Callable[..., Any]:
    def generate(self: Any, prompts: Any, params: SamplingParams, *, num_samples: int = 1) -> Any:
        groups = self.inner.generate(prompts, params, num_samples=num_samples)
        return [[change(self, params, completion) for completion in group] for group in groups]

    return generate


def shifted(_: Any, params: SamplingParams, completion: Completion) -> Completion:
    return replace(completion, logprobs=(*completion.logprobs[1:], completion.logprobs[0]))


def unscaled(_: Any, params: SamplingParams, completion: Completion) -> Completion:
    return replace(completion, logprobs=tuple(value * (params.temperature or 1.0) for value in completion.logprobs))


def without_stop_token(_: Any, params: SamplingParams, completion: Completion) -> Completion:
    if completion.finish_reason == "length" or len(completion.token_ids) == 1:
        return completion
    return replace(completion, token_ids=completion.token_ids[:-1], logprobs=completion.logprobs[:-1])


def always_stopped(_: Any, params: SamplingParams, completion: Completion) -> Completion:
    return replace(completion, finish_reason="stop")


def probabilities(_: Any, params: SamplingParams, completion: Completion) -> Completion:
    return replace(completion, logprobs=tuple(map(math.exp, completion.logprobs)))


def same_samples(self: Any, prompts: Any, params: SamplingParams, *, num_samples: int = 1) -> Any:
    return [group * num_samples for group in self.inner.generate(prompts, params)]


def by_sample(self: Any, prompts: Any, params: SamplingParams, *, num_samples: int = 1) -> Any:
    groups = self.inner.generate(prompts, params, num_samples=num_samples)
    return [list(column) for column in zip(*groups, strict=True)]


def padded_on_the_right(self: Any, prompts: Any, params: SamplingParams, *, num_samples: int = 1) -> Any:
    longest = max(map(len, prompts), default=0)
    padded = [(*prompt, *[self.pad_token_id] * (longest - len(prompt))) for prompt in prompts]
    return self.inner.generate(padded, params, num_samples=num_samples)


def seeding_globally(self: Any, prompts: Any, params: SamplingParams, *, num_samples: int = 1) -> Any:
    torch.manual_seed(params.seed)
    return self.inner.generate(prompts, params, num_samples=num_samples)


def from_the_global_generator(self: Any, prompts: Any, params: SamplingParams, *, num_samples: int = 1) -> Any:
    with torch.random.fork_rng(devices=[]):
        seed = int(torch.randint(1000, ()))
    return self.inner.generate(prompts, replace(params, seed=seed), num_samples=num_samples)


def training(self: Any, prompts: Any, params: SamplingParams, *, num_samples: int = 1) -> Any:
    self.model.train()
    return self.inner.generate(prompts, params, num_samples=num_samples)


def hotter(self: Any, prompts: Any, params: SamplingParams, *, num_samples: int = 1) -> Any:
    """Draw at temperature 1, whatever was asked for, and tell the log-probabilities of what was asked for."""
    drawn = replace(params, temperature=float(params.temperature > 0)) if params.top_p == 1 else params
    groups = self.inner.generate(prompts, drawn, num_samples=num_samples)
    temperature = params.temperature or 1.0
    return [
        [replace(c, logprobs=told(self.model, prompt, c.token_ids, temperature)) for c in group]
        for prompt, group in zip(prompts, groups, strict=True)
    ]


def told(model: Any, prompt: TokenIds, token_ids: TokenIds, temperature: float) -> tuple[float, ...]:
    with torch.no_grad():
        logits_TV = model(torch.tensor([[*prompt, *token_ids]])).logits[0, len(prompt) - 1 : -1]
    logprobs_TV = (logits_TV / temperature).log_softmax(-1)
    return tuple(logprobs_TV.gather(1, torch.tensor(token_ids)[:, None])[:, 0].tolist())


def only_the_version(self: Any, named_tensors: Any, *, version: int) -> None:
    self.inner.weights_version = version


def only_the_weights(self: Any, named_tensors: Any, *, version: int) -> None:
    self.inner.load_weights(named_tensors, version=self.inner.weights_version)


WRONG_ENGINES = [
    ("generate", asking(lambda params: replace(params, seed=0)), "is params.seed ignored"),
    ("generate", asking(lambda params: replace(params, max_new_tokens=40)), "must not be exceeded"),
    ("generate", asking(lambda params: replace(params, stop_token_ids=())), "must end with the first stop token"),
    ("generate", asking(lambda params: replace(params, stop_token_ids=params.stop_token_ids[:1])), "first stop token"),
    ("generate", asking(lambda params: replace(params, temperature=1.0)), "at temperature 0.5"),
    ("generate", asking(lambda params: replace(params, temperature=params.temperature or 1.0)), "the likeliest token"),
    ("generate", asking(lambda params: replace(params, top_p=1.0)), "a token was drawn with"),
    ("generate", answering(shifted), "log-probabilities must be the policy's own"),
    ("generate", answering(unscaled), "at temperature 0.5"),
    ("generate", answering(without_stop_token), "a completion ends by a stop token"),
    ("generate", answering(always_stopped), "a completion ends by a stop token"),
    ("generate", answering(probabilities), "finite and at most 0"),
    ("generate", answering(lambda *args: args[-1].token_ids), "must give Completions, got tuple"),
    ("generate", same_samples, "must be drawn independently"),
    ("generate", by_sample, r"of sizes \[4, 4, 4\]"),
    ("generate", padded_on_the_right, "log-probabilities must be the policy's own"),
    ("generate", seeding_globally, "global generator as it was"),
    ("generate", from_the_global_generator, "the same seed must give the same completions"),
    ("generate", training, "leave the model's weights and its mode"),
    ("generate", hotter, "must be drawn at temperature 0.3"),
    ("load_weights", only_the_version, "log-probabilities must be the policy's own"),
    ("load_weights", only_the_weights, "must set weights_version, got 0"),
    ("close", lambda self: self.no_such_thing, "close, called twice must work here, but raised AttributeError"),
]


@pytest.mark.parametrize(("name", "method", "message"), WRONG_ENGINES)
def test_wrong_engine_is_caught(name: str, method: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_engine(type("Wrong", (Engine,), {name: method}))


def test_right_engine_passes() -> None:
    check_engine(Engine)

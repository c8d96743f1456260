"""Rollouts by Hugging Face `generate`: slow and general, the reference that other engines are tested against.

The model's own generation defaults (top-k, repetition penalty, …) are set aside during the call: log-probabilities are
only meaningful for the distribution that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor
from transformers import (
    GenerationConfig,
    GenerationMixin,
    LogitsProcessor,
    LogitsProcessorList,
    PreTrainedModel,
    StoppingCriteria,
    StoppingCriteriaList,
)

from agents.policies.peft_models import unwrapped
from agents.policies.routing import Routing, routed
from agents.rollout.engine import Completion, SamplingParams
from agents.rollout.in_process import (
    check_request,
    completion_of,
    copy_weights,
    evaluation_mode,
    left_padded,
    recorded_routers,
    require_served,
)
from agents.types import TokenIds
from reasonenv.counts import check_counts

__all__ = ["HFGenerateEngine"]


class HFGenerateEngine:
    """`model.generate` behind the `RolloutEngine` protocol, for any causal language model of transformers.

    Args:
        model: may be the learner's own.
        pad_token_id: any valid id; padding is masked.
        max_rows: rows that are sampled at once, each with keys and values of (longest prompt + max_new_tokens) tokens.

    Raises:
        ConfigError: the model cannot sample by `generate`, or samples from another distribution than it is trained on.
    """

    def __init__(self, model: PreTrainedModel, pad_token_id: int, *, max_rows: int = 256) -> None:
        check_counts(max_rows=max_rows)
        model = unwrapped(model)
        if not isinstance(model, GenerationMixin):
            raise TypeError(f"HFGenerateEngine needs a model with `generate`, got {type(model).__name__}.")
        self.model = model
        self._generate = model.generate  # pyright: ignore[reportAttributeAccessIssue]: it is typed for a protocol without subclasses
        self.pad_token_id = pad_token_id
        self.max_rows = max_rows
        self.weights_version = 0
        self.on_progress: Callable[[int, int], None] | None = None
        require_served(
            self, self.model, instead="It can be trained on what another engine samples (RolloutConfig.engine)."
        )

    def generate(
        self, prompts: Sequence[TokenIds], params: SamplingParams, *, num_samples: int = 1
    ) -> list[list[Completion]]:
        """Return `num_samples` completions for each prompt, in order; prompts are left-padded to the longest."""
        check_request(prompts, num_samples)
        repeated = [prompt for prompt in prompts for _ in range(num_samples)]
        completions: list[Completion] = []
        with evaluation_mode(self.model), self._only(params), _seeded(params.seed, self.model.device):
            for start in range(0, len(repeated), self.max_rows):
                rows = repeated[start : start + self.max_rows]
                completions += self._sample(rows, params, num_finished=start, num_samples=len(repeated))
        return [completions[start : start + num_samples] for start in range(0, len(completions), num_samples)]

    def _sample(
        self, prompts: Sequence[TokenIds], params: SamplingParams, *, num_finished: int, num_samples: int
    ) -> list[Completion]:
        """Return a completion of each prompt, all sampled at once."""
        token_ids, mask = left_padded(prompts, self.pad_token_id, self.model.device)
        logits = _Logits()
        watch = _Watch(logits, params, len(prompts))
        if self.on_progress is not None:
            show = self.on_progress
            watch.show = lambda num_stopped: show(num_finished + num_stopped, num_samples)
        routers = recorded_routers(self.model) if params.records_routing else None
        with routed(routers, None) as routing:
            self._generate(
                input_ids=token_ids,
                attention_mask=mask,
                logits_processor=LogitsProcessorList([logits]),
                stopping_criteria=StoppingCriteriaList([watch]),
            )
        tokens_BT, logprobs_BT = torch.cat(watch.tokens, dim=1), torch.cat(watch.logprobs, dim=1)
        rows = zip(tokens_BT.tolist(), logprobs_BT.tolist(), strict=True)
        completions = [self._completion(*row, params.stop_token_ids) for row in rows]
        if routing is None or routers is None:
            return completions
        routes = _routes(routing, len(prompts), len(routers.layers))
        return [
            _with_routes(completion, row, token_ids.shape[1], len(prompt))
            for completion, row, prompt in zip(completions, routes, prompts, strict=True)
        ]

    def load_weights(self, named_tensors: Iterable[tuple[str, Tensor]], *, version: int) -> None:
        """Copy the weights that are not the module's own already, and record the version."""
        copy_weights(self.model, named_tensors)
        self.weights_version = version

    def close(self) -> None:
        """Nothing to free: the module belongs to the caller."""

    @contextmanager
    def _only(self, params: SamplingParams) -> Generator[None, None, None]:
        """Replace the model's generation config, all of it, by what `params` says."""
        sampling = {"do_sample": False}
        if params.temperature > 0:
            sampling = {"do_sample": True, "temperature": params.temperature, "top_p": params.top_p, "top_k": 0}
        before = self.model.generation_config
        self.model.generation_config = GenerationConfig(
            max_new_tokens=params.max_new_tokens,
            eos_token_id=list(params.stop_token_ids) or None,
            pad_token_id=self.pad_token_id,
            **sampling,
        )
        try:
            yield
        finally:
            self.model.generation_config = before

    def _completion(self, tokens: list[int], logprobs: list[float], stop_token_ids: TokenIds) -> Completion:
        stops = [index for index, token in enumerate(tokens) if token in stop_token_ids]
        length = stops[0] + 1 if stops else len(tokens)
        return completion_of(
            tokens[:length], logprobs[:length], is_stopped=bool(stops), weights_version=self.weights_version
        )


def _routes(routing: Routing, num_rows: int, num_layers: int) -> Tensor:
    """Return the experts of padded prompts and of all steps but the last, int16 [rows, tokens, layers, experts]."""
    passes = [
        torch.stack(routing.chosen[first : first + num_layers], 1).unflatten(0, (num_rows, -1))
        for first in range(0, len(routing.chosen), num_layers)
    ]
    return torch.cat(passes, 1).to(torch.int16).cpu()


def _with_routes(completion: Completion, routes: Tensor, width: int, prompt_length: int) -> Completion:
    """Return the completion with the experts of its own tokens; prompts are padded on the left to `width`."""
    stop = width + len(completion.token_ids) - 1
    return replace(completion, routed_experts=routes[width - prompt_length : stop])


class _Logits(LogitsProcessor):
    """Changes nothing, but keeps the logits of the model until a token is chosen."""

    latest_BV: Tensor

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # noqa: ARG002
        self.latest_BV = scores
        return scores


class _Watch(StoppingCriteria):
    """Stops nothing, but takes the log-probability of every token as it is chosen, and counts the rows that stopped."""

    def __init__(self, logits: _Logits, params: SamplingParams, num_rows: int) -> None:
        self.logits = logits
        self.temperature = params.temperature or 1.0
        self.stop_token_ids = torch.tensor(params.stop_token_ids, dtype=torch.int64)
        self.is_finished_B = torch.zeros(num_rows, dtype=torch.bool)
        self.show: Callable[[int], None] | None = None
        self.tokens: list[Tensor] = []
        self.logprobs: list[Tensor] = []

    def __call__(self, input_ids: Tensor, scores: object, **_: object) -> torch.BoolTensor:  # noqa: ARG002
        tokens_B1 = input_ids[:, -1:]
        logprobs_BV = (self.logits.latest_BV.float() / self.temperature).log_softmax(dim=-1)
        self.tokens.append(tokens_B1)
        self.logprobs.append(logprobs_BV.gather(1, tokens_B1))
        if self.show is not None:
            self.is_finished_B |= torch.isin(tokens_B1[:, 0].cpu(), self.stop_token_ids)
            self.show(int(self.is_finished_B.sum()))
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)  # pyright: ignore[reportReturnType]


@contextmanager
def _seeded(seed: int, device: torch.device) -> Generator[None, None, None]:
    """Seed the global generator, which `generate` draws from, for the call, and put it back."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield

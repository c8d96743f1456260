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
from transformers import GenerationConfig, GenerationMixin, PreTrainedModel, StoppingCriteria, StoppingCriteriaList
from transformers.generation.utils import GenerateDecoderOnlyOutput

from agents.policies.routing import Routing, routed
from agents.rollout.engine import Completion, SamplingParams
from agents.rollout.in_process import check_request, copy_weights, evaluation_mode, left_padded, recorded_routers
from agents.types import TokenIds

__all__ = ["HFGenerateEngine"]


class HFGenerateEngine:
    """`model.generate` behind the `RolloutEngine` protocol, for any causal language model of transformers.

    The logits of all steps are kept until the log-probabilities are taken: rows · new tokens · vocabulary floats.
    """

    def __init__(self, model: PreTrainedModel, pad_token_id: int) -> None:
        if not isinstance(model, GenerationMixin):
            raise TypeError(f"HFGenerateEngine needs a model with `generate`, got {type(model).__name__}.")
        self.model = model
        self._generate = model.generate  # pyright: ignore[reportAttributeAccessIssue]: it is typed for a protocol without subclasses
        self.pad_token_id = pad_token_id
        self.weights_version = 0
        self.on_progress: Callable[[int, int], None] | None = None

    def generate(
        self, prompts: Sequence[TokenIds], params: SamplingParams, *, num_samples: int = 1
    ) -> list[list[Completion]]:
        """Return `num_samples` completions for each prompt, in order; the prompts are left-padded into one batch."""
        check_request(prompts, num_samples)
        if not prompts:
            return []
        repeated = [prompt for prompt in prompts for _ in range(num_samples)]
        token_ids, mask = left_padded(repeated, self.pad_token_id, self.model.device)
        routers = recorded_routers(self.model) if params.records_routing else None
        with (
            evaluation_mode(self.model),
            self._only(params),
            _seeded(params.seed, self.model.device),
            routed(routers, None) as routing,
        ):
            watch = [] if self.on_progress is None else [_Watch(self.on_progress, len(repeated), params.stop_token_ids)]
            output = self._generate(
                input_ids=token_ids, attention_mask=mask, stopping_criteria=StoppingCriteriaList(watch)
            )
            assert isinstance(output, GenerateDecoderOnlyOutput)
            completions = self._completions(output, token_ids.shape[1], params)
        if routing is not None and routers is not None:
            routes = _routes(routing, len(repeated), len(routers.layers))
            completions = [
                _with_routes(completion, row, token_ids.shape[1], len(prompt))
                for completion, row, prompt in zip(completions, routes, repeated, strict=True)
            ]
        return [completions[start : start + num_samples] for start in range(0, len(completions), num_samples)]

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
            return_dict_in_generate=True,
            output_logits=True,
            **sampling,
        )
        try:
            yield
        finally:
            self.model.generation_config = before

    def _completions(
        self, output: GenerateDecoderOnlyOutput, prompt_length: int, params: SamplingParams
    ) -> list[Completion]:
        assert output.logits is not None
        logits = torch.stack(output.logits, dim=1).float() / (params.temperature or 1.0)
        tokens = output.sequences[:, prompt_length:]
        logprobs = logits.log_softmax(dim=-1).gather(2, tokens[:, :, None])[:, :, 0]
        rows = zip(tokens.tolist(), logprobs.tolist(), strict=True)
        return [self._completion(*row, params.stop_token_ids) for row in rows]

    def _completion(self, tokens: list[int], logprobs: list[float], stop_token_ids: TokenIds) -> Completion:
        stops = [index for index, token in enumerate(tokens) if token in stop_token_ids]
        length = stops[0] + 1 if stops else len(tokens)
        return Completion(
            token_ids=tuple(tokens[:length]),
            logprobs=tuple(logprobs[:length]),
            finish_reason="stop" if stops else "length",
            weights_version=self.weights_version,
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


class _Watch(StoppingCriteria):
    """Stops nothing, but counts the rows that have stopped."""

    def __init__(self, show: Callable[[int, int], None], num_rows: int, stop_token_ids: TokenIds) -> None:
        self.show = show
        self.stop_token_ids = torch.tensor(stop_token_ids, dtype=torch.int64)
        self.is_finished_B = torch.zeros(num_rows, dtype=torch.bool)

    def __call__(self, input_ids: torch.LongTensor, scores: object, **_: object) -> torch.BoolTensor:  # noqa: ARG002
        self.is_finished_B |= torch.isin(input_ids[:, -1].cpu(), self.stop_token_ids)
        self.show(int(self.is_finished_B.sum()), len(self.is_finished_B))
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)  # pyright: ignore[reportReturnType]


@contextmanager
def _seeded(seed: int, device: torch.device) -> Generator[None, None, None]:
    """Seed the global generator, which `generate` draws from, for the call, and put it back."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield

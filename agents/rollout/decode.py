"""Rollouts by our own decode loop in the learner's process: the policy's module, a static cache, continuous batching.

Small policies are bound by the cost of issuing operations, so the loop prepares what `generate` builds anew at every
step. A prompt is prefilled once for all its samples; a finished row is soon replaced by a waiting one or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby, islice
from typing import Any, NoReturn

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from agents.errors import ConfigError
from agents.policies.peft_models import unwrapped
from agents.policies.routing import Routers, routed
from agents.rollout.engine import Completion, SamplingParams
from agents.rollout.in_process import (
    check_request,
    completion_of,
    compute_dtype,
    copy_weights,
    evaluation_mode,
    left_padded,
    recorded_routers,
    require_served,
)
from agents.rollout.sampling import choose_greedily, sample_tokens
from agents.rollout.slots import Prefix, Slots
from agents.types import TokenIds
from reasonenv.counts import check_counts

__all__ = ["DecodeEngine"]

FINISHED_SHARE = 8
"""Finished rows are replaced or removed once they are one in this many: earlier wastes copies, later wastes steps."""


_INSTEAD = 'Use the engine "hf" instead (agents.rollout.hf.HFGenerateEngine).'


class DecodeEngine:
    """The `RolloutEngine` for a policy that fits beside its learner; same seed, same bytes.

    Every model is served whose layers all have full or sliding attention. What a sample draws depends on the seed and
    its place in the request alone: up to rounding of the logits, `max_rows` changes speed and memory only.

    Args:
        model: a causal language model of transformers with `sdpa` or `eager` attention. It may be the learner's own.
        pad_token_id: any valid id; padding is masked.
        max_rows: rows that are decoded at once. Each takes keys and values of (longest prompt + max_new_tokens)
            tokens, and twice that when there are more samples than rows.
        max_cache_bytes: memory of the keys and values; where it holds fewer rows, fewer are decoded at once.

    Raises:
        ConfigError: the model keeps another kind of cache (linear attention, chunks, …), uses another attention, or
            gives other log-probabilities when it decodes than when it is trained.
    """

    def __init__(
        self, model: PreTrainedModel, pad_token_id: int, *, max_rows: int = 256, max_cache_bytes: int = 8 << 30
    ) -> None:
        check_counts(max_rows=max_rows, max_cache_bytes=max_cache_bytes)
        self.model: PreTrainedModel = unwrapped(model)
        self.pad_token_id = pad_token_id
        self.max_rows = max_rows
        self.max_cache_bytes = max_cache_bytes
        self.weights_version = 0
        self.on_progress: Callable[[int, int], None] | None = None
        self.layer_types, self.windows = _attention_layers(self.model)
        require_served(self, self.model, instead=_INSTEAD)

    def generate(
        self, prompts: Sequence[TokenIds], params: SamplingParams, *, num_samples: int = 1
    ) -> list[list[Completion]]:
        """Return `num_samples` completions for each prompt, in order: result[p][g]."""
        check_request(prompts, num_samples)
        samples = [[_Sample(prompt) for _ in range(num_samples)] for prompt in prompts]
        if prompts:
            with evaluation_mode(self.model):
                _Decoding(self, samples, params).run()
        return [[sample.completion(self.weights_version) for sample in group] for group in samples]

    @cached_property
    def token_bytes(self) -> int:
        """Size of the keys and values of one token."""
        with evaluation_mode(self.model):
            layers = _prefill(self, [(0,)]).layers
        return sum(states.numel() * states.element_size() for pair in layers for states in pair)

    def load_weights(self, named_tensors: Iterable[tuple[str, Tensor]], *, version: int) -> None:
        """Copy the weights that are not the module's own already, and record the version."""
        copy_weights(self.model, named_tensors)
        self.weights_version = version

    def close(self) -> None:
        """Nothing to free: the module belongs to the caller, and the cache lives for one call."""


@dataclass(slots=True)
class _Sample:
    """A completion in the making."""

    prompt: TokenIds
    token_ids: list[int] = field(default_factory=list[int])
    logprobs: list[float] = field(default_factory=list[float])
    routes: list[Tensor] = field(default_factory=list[Tensor])
    is_stopped: bool = False

    def completion(self, version: int) -> Completion:
        completion = completion_of(self.token_ids, self.logprobs, is_stopped=self.is_stopped, weights_version=version)
        return replace(completion, routed_experts=torch.cat(self.routes)) if self.routes else completion


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A sample in the queue, and where the keys and values of its prompt are."""

    sample: _Sample
    prefix: Prefix
    index: int


class _Decoding:
    """One call of `generate`: the schedule of its samples over the slots."""

    def __init__(self, engine: DecodeEngine, samples: Sequence[Sequence[_Sample]], params: SamplingParams) -> None:
        self.engine, self.params = engine, params
        self.stop_token_ids = frozenset(params.stop_token_ids)
        self.routers = recorded_routers(engine.model) if params.records_routing else None
        self.generator = torch.Generator().manual_seed(params.seed)
        num_samples = sum(len(group) for group in samples)
        max_prefix = max(len(group[0].prompt) for group in samples)
        self.num_finished, self.num_samples = 0, num_samples
        self.num_rows = self._num_rows(max_prefix)
        self.queue = self._prefilled(samples)
        self.rows: list[_Sample] = []
        self.finished: set[int] = set()
        self.slots = Slots(
            num_rows=self.num_rows,
            max_prefix=max_prefix,
            max_steps=params.max_new_tokens - 1,
            is_refilled=num_samples > self.num_rows,
            windows=engine.windows,
            dtype=compute_dtype(engine.model),
            device=engine.model.device,
        )

    def _num_rows(self, max_prefix: int) -> int:
        """Return how many rows are decoded at once; those of one filling take half the columns of refilled ones."""
        engine, columns = self.engine, max_prefix + self.params.max_new_tokens
        row_bytes = engine.token_bytes * (columns + max_prefix)  # and the prompt where it was prefilled
        if self.num_samples <= engine.max_rows and self.num_samples * row_bytes <= engine.max_cache_bytes:
            return self.num_samples
        num_rows = engine.max_cache_bytes // (row_bytes + engine.token_bytes * columns)
        if not num_rows:
            raise ConfigError(
                f"One row of {columns} tokens takes {2 * row_bytes / 2**30:.2g} GiB of keys and values, more than "
                f"max_cache_bytes={engine.max_cache_bytes}. Raise it, or ask for fewer tokens."
            )
        return min(num_rows, engine.max_rows, self.num_samples)

    def run(self) -> None:
        """Decode until every sample is finished."""
        while self._replace_finished():
            if len(self.finished) < len(self.rows):
                self._step()
            if self.engine.on_progress is not None:
                self.engine.on_progress(self.num_finished, self.num_samples)

    def _prefilled(self, groups: Sequence[Sequence[_Sample]]) -> Iterator[_Waiting]:
        """Yield the samples in order. A batch of prompts is prefilled when the first sample of it is asked for."""
        for start in range(0, len(groups), self.num_rows):
            batch = groups[start : start + self.num_rows]
            prefix = _prefill(self.engine, [group[0].prompt for group in batch], self.routers)
            for index, group in enumerate(batch):
                yield from (_Waiting(sample, prefix, index) for sample in group)

    def _replace_finished(self) -> bool:
        """Remove finished rows and fill their slots from the queue when it is due; return whether any row is left."""
        if not self.slots.is_at_end and FINISHED_SHARE * len(self.finished) < len(self.rows):
            return True
        for to, source in self.slots.drop(self.finished):
            self.rows[to] = self.rows[source]
        del self.rows[len(self.rows) - len(self.finished) :]
        self.finished.clear()
        if self.slots.is_at_end:
            self.slots.rewind()
        arrivals = islice(self.queue, self.slots.num_rows - len(self.rows))
        for _, batch in groupby(arrivals, key=lambda waiting: id(waiting.prefix)):
            self._admit(list(batch))
        return bool(self.rows)

    def _admit(self, batch: Sequence[_Waiting]) -> None:
        """Give samples of one prefix their first token and the next free slots."""
        prefix, device = batch[0].prefix, self.engine.model.device
        indices_n = torch.tensor([waiting.index for waiting in batch], device=device)
        shape = (len(batch), self.params.max_new_tokens)
        uniforms_nN = torch.rand(shape, dtype=torch.float64, generator=self.generator).to(device)
        tokens_n1, logprobs_n1 = self._choose(prefix.logits_PV[indices_n], uniforms_nN[:, :1])
        lengths = [len(waiting.sample.prompt) for waiting in batch]
        self.slots.admit(lengths, prefix, indices_n, tokens_n1, uniforms_nN[:, 1:])
        if prefix.routes_PL is not None:
            for waiting in batch:
                waiting.sample.routes.append(prefix.routes_PL[waiting.index, -len(waiting.sample.prompt) :])
        first_row = len(self.rows)
        self.rows += [waiting.sample for waiting in batch]
        self._record(first_row, tokens_n1, logprobs_n1)

    def _step(self) -> None:
        tokens_n1, positions_n1, uniforms_n1 = self.slots.views()
        output, routes = _forward(
            self.engine.model,
            self.routers,
            input_ids=tokens_n1,
            position_ids=positions_n1,
            attention_mask=self._masks(),
            past_key_values=self.slots.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        tokens_n1, logprobs_n1 = self._choose(output.logits[:, -1], uniforms_n1)
        if routes is not None:
            for row, sample in enumerate(self.rows):
                if row not in self.finished:
                    sample.routes.append(routes[row : row + 1])
        self.slots.advance(tokens_n1)
        self._record(0, tokens_n1, logprobs_n1)

    def _masks(self) -> Tensor | dict[str, Tensor]:
        """Return the masks that the model would build otherwise: one per layer type, if it has types."""
        types = self.engine.layer_types
        return {kind: self.slots.mask(types.index(kind)) for kind in set(types)} if types else self.slots.mask(0)

    def _choose(self, logits_nV: Tensor, uniforms_n1: Tensor) -> tuple[Tensor, Tensor]:
        if self.params.temperature == 0:
            return choose_greedily(logits_nV)
        return sample_tokens(logits_nV, uniforms_n1, temperature=self.params.temperature, top_p=self.params.top_p)

    def _record(self, first_row: int, tokens_n1: Tensor, logprobs_n1: Tensor) -> None:
        """Append a token to every unfinished sample from `first_row` on."""
        chosen = zip(self.rows[first_row:], tokens_n1[:, 0].tolist(), logprobs_n1[:, 0].tolist(), strict=True)
        for row, (sample, token, logprob) in enumerate(chosen, first_row):
            if row in self.finished:
                continue
            sample.token_ids.append(token)
            sample.logprobs.append(logprob)
            sample.is_stopped = token in self.stop_token_ids
            if sample.is_stopped or len(sample.token_ids) == self.params.max_new_tokens:
                self.finished.add(row)
                self.num_finished += 1


def _forward(model: PreTrainedModel, routers: Routers | None, **inputs: Any) -> tuple[Any, Tensor | None]:
    """Return the model's output, and the experts of its tokens, int16 [tokens, layers, experts], if recorded."""
    with routed(routers, None) as routing:
        output = model(**inputs)
    return output, None if routing is None else torch.stack(routing.chosen, 1).to(torch.int16).cpu()


def _prefill(engine: DecodeEngine, prompts: Sequence[TokenIds], routers: Routers | None = None) -> Prefix:
    """Run the prompts in one forward pass, into a cache that keeps all columns of sliding layers too."""
    token_ids, mask = left_padded(prompts, engine.pad_token_id, engine.model.device)
    cache = DynamicCache()
    output, routes = _forward(
        engine.model,
        routers,
        input_ids=token_ids,
        attention_mask=mask,
        position_ids=(mask.cumsum(dim=1) - 1).clamp_(min=0),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    layers = [_keys_and_values(layer) for layer in cache.layers]
    if torch.is_autocast_enabled(engine.model.device.type):  # attention rounds them; the cache keeps them wider
        dtype = compute_dtype(engine.model)
        layers = [(keys_PHLD.to(dtype), values_PHLD.to(dtype)) for keys_PHLD, values_PHLD in layers]
    return Prefix(layers, output.logits[:, -1], None if routes is None else routes.unflatten(0, token_ids.shape))


def _keys_and_values(layer: object) -> tuple[Tensor, Tensor]:
    assert isinstance(layer, DynamicLayer)
    assert layer.keys is not None
    assert layer.values is not None
    return layer.keys, layer.values


def _attention_layers(model: PreTrainedModel) -> tuple[list[str], list[int | None]]:
    """Return the layer types that the config declares (maybe none), and each layer's sliding window."""
    config = model.config.get_text_config(decoder=True)
    layer_types: list[str] = list(getattr(config, "layer_types", None) or [])
    windows: list[int | None] = []
    for layer in DynamicCache(config=config).layers:
        if type(layer) is DynamicSlidingWindowLayer:
            windows.append(layer.sliding_window)
        elif type(layer) is DynamicLayer:
            windows.append(None)
        else:
            _refuse(model, f"a {type(layer).__name__} in its cache")
    unknown = set(layer_types) - {"full_attention", "sliding_attention"}
    if unknown:
        _refuse(model, f"layers of type {', '.join(sorted(unknown))}")
    implementation = config._attn_implementation  # pyright: ignore[reportPrivateUsage]: there is no public getter
    if implementation not in ("sdpa", "eager"):
        _refuse(model, f"{implementation} attention")
    return layer_types, windows


def _refuse(model: PreTrainedModel, found: str) -> NoReturn:
    raise ConfigError(
        f"DecodeEngine serves models whose layers all have full or sliding sdpa or eager attention; "
        f"{type(model).__name__} has {found}. {_INSTEAD}"
    )

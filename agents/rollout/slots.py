"""The static key-value cache of the decode engine: rows that come, move and go, in tensors that never grow.

All rows share one clock: a step writes column `clock` of every row, and a row that is admitted at clock t has its
prompt right-aligned in the columns before t. So a step writes one slice and reads one slice, and the mask of a row
(hidden before its start, open after) is written once, at admission.

Shapes: R slots, n live rows (always the first n slots), H key-value heads, C columns, D head size, L prompt columns,
P prompts, S steps.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import Cache
from transformers.cache_utils import CacheLayerMixin

__all__ = ["Prefix", "SlotLayer", "Slots"]


@dataclass(frozen=True, slots=True, eq=False)
class Prefix:
    """What one forward pass over a left-padded batch of prompts leaves behind."""

    layers: Sequence[tuple[Tensor, Tensor]]
    """(keys_PHLD, values_PHLD) of each layer."""
    logits_PV: Tensor
    """Of the first token after each prompt."""
    routes_PL: Tensor | None = None
    """The experts that routers chose for each token, [P, L, layers, experts]; None records none."""


class SlotLayer(CacheLayerMixin):
    """The keys and values of one layer, of which a step sees the columns from `begin` to `clock`."""

    keys_RHCD: Tensor
    values_RHCD: Tensor

    def __init__(self, num_rows: int, num_columns: int, window: int | None) -> None:
        super().__init__()
        self.num_rows, self.num_columns, self.window = num_rows, num_columns, window
        self.is_sliding = window is not None
        self.begin, self.clock = 0, 0

    def seek(self, begin: int, clock: int) -> None:
        """Set what the next step writes and sees; a sliding window narrows it further."""
        self.begin = begin if self.window is None else max(begin, clock + 1 - self.window)
        self.clock = clock

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Allocate for the heads of these states: zeros, as masked columns are multiplied too and 0 · NaN is NaN."""
        rows, columns = self.num_rows, self.num_columns
        self.keys_RHCD = key_states.new_zeros(rows, key_states.shape[1], columns, key_states.shape[3])
        self.values_RHCD = value_states.new_zeros(rows, value_states.shape[1], columns, value_states.shape[3])
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Write this step's column of the first n rows, and return the columns that they see."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        n, end = key_states.shape[0], self.clock + 1
        self.keys_RHCD[:n, :, self.clock : end] = key_states
        self.values_RHCD[:n, :, self.clock : end] = value_states
        return self.keys_RHCD[:n, :, self.begin : end], self.values_RHCD[:n, :, self.begin : end]

    def write_prefix(self, rows: slice, end: int, prefix: tuple[Tensor, Tensor], indices_n: Tensor) -> None:
        """Copy the prefixes with these indices to right before the column `end`."""
        if not self.is_initialized:
            self.lazy_initialization(*prefix)
        columns = slice(end - prefix[0].shape[2], end)
        self.keys_RHCD[rows, :, columns] = prefix[0].index_select(0, indices_n)
        self.values_RHCD[rows, :, columns] = prefix[1].index_select(0, indices_n)

    def move_rows(self, to: Tensor, source: Tensor, columns: slice) -> None:
        """Copy rows onto others."""
        self.keys_RHCD[to, :, columns] = self.keys_RHCD[source, :, columns]
        self.values_RHCD[to, :, columns] = self.values_RHCD[source, :, columns]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Return length and offset of what a step sees."""
        return self.clock + query_length - self.begin, self.begin

    def get_seq_length(self) -> int:
        """Return the number of columns before the clock."""
        return self.clock

    def get_max_length(self) -> int:
        """Return C."""
        return self.num_columns


class Slots:
    """What a step needs of every row: last token, its position, its mask, its keys and values, its random numbers."""

    def __init__(
        self,
        *,
        num_rows: int,
        max_prefix: int,
        max_steps: int,
        is_refilled: bool,
        windows: Sequence[int | None],
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        """Allocate for prompts of `max_prefix` tokens and `max_steps` more columns, twice that if rows are refilled."""
        self.num_rows, self.max_prefix, self.max_steps = num_rows, max_prefix, max_steps
        self.num_columns = (max_prefix + max_steps) * (2 if is_refilled else 1)
        self.clock = self.begin = max_prefix
        self.starts: list[int] = []
        """The first column of each live row."""
        self.layers = [SlotLayer(num_rows, self.num_columns, window) for window in windows]
        self.cache = Cache(layers=list(self.layers))
        self.tokens_R1 = torch.zeros(num_rows, 1, dtype=torch.int64, device=device)
        self.positions_R1 = torch.zeros_like(self.tokens_R1)
        self.mask_R11C = torch.zeros(num_rows, 1, 1, self.num_columns, dtype=dtype, device=device)
        self.uniforms_RC = torch.zeros(num_rows, self.num_columns + max_steps, dtype=torch.float64, device=device)

    @property
    def is_at_end(self) -> bool:
        """Whether `rewind` must come before the next step."""
        return self.clock == self.num_columns

    def admit(
        self, lengths: Sequence[int], prefix: Prefix, indices_n: Tensor, tokens_n1: Tensor, uniforms_nS: Tensor
    ) -> None:
        """Fill the next free slots.

        Args:
            lengths: of the new rows' prompts.
            prefix: the batch that holds their keys and values.
            indices_n: the place of each prompt in that batch.
            tokens_n1: the first token after each prompt.
            uniforms_nS: the random numbers of each row, one per step.
        """
        rows = slice(len(self.starts), len(self.starts) + len(lengths))
        self.tokens_R1[rows] = tokens_n1
        self.positions_R1[rows, 0] = self._tensor(lengths)
        self.uniforms_RC[rows, self.clock : self.clock + self.max_steps] = uniforms_nS
        for layer, keys_and_values in zip(self.layers, prefix.layers, strict=True):
            layer.write_prefix(rows, self.clock, keys_and_values, indices_n)
        self.starts += [self.clock - length for length in lengths]
        self.begin = min(self.starts)
        self._write_masks(rows)

    def drop(self, gone: Set[int]) -> list[tuple[int, int]]:
        """Free these slots; the last live rows move into the gaps.

        Returns:
            The moves as pairs (to, from).
        """
        num_left = len(self.starts) - len(gone)
        movers = [row for row in range(num_left, len(self.starts)) if row not in gone]
        moves = list(zip(sorted(row for row in gone if row < num_left), movers, strict=True))
        if moves:
            to, source = self._tensor(moves).T
            for state in (self.tokens_R1, self.positions_R1, self.mask_R11C, self.uniforms_RC):
                state[to] = state[source]
            for layer in self.layers:
                layer.move_rows(to, source, slice(self.begin, self.clock))
        for target, row in moves:
            self.starts[target] = self.starts[row]
        del self.starts[num_left:]
        self.begin = min(self.starts, default=self.clock)
        return moves

    def rewind(self) -> None:
        """Shift the live columns to the front. Every row must be unfinished: then source and target are disjoint."""
        if not self.starts:
            self.clock = self.begin = self.max_prefix
            return
        shift = min(self.begin, self.clock - self.max_prefix)
        target, source = slice(0, self.clock - shift), slice(shift, self.clock)
        for layer in self.layers:
            layer.keys_RHCD[:, :, target] = layer.keys_RHCD[:, :, source]
            layer.values_RHCD[:, :, target] = layer.values_RHCD[:, :, source]
        self.uniforms_RC[:, target.stop : target.stop + self.max_steps] = self.uniforms_RC[:, self.clock :]
        self.starts = [start - shift for start in self.starts]
        self.begin, self.clock = self.begin - shift, self.clock - shift
        self._write_masks(slice(0, len(self.starts)))

    def views(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return tokens_n1, positions_n1 and uniforms_n1 of the coming step, and point the cache at its column."""
        for layer in self.layers:
            layer.seek(self.begin, self.clock)
        n = len(self.starts)
        return self.tokens_R1[:n], self.positions_R1[:n], self.uniforms_RC[:n, self.clock : self.clock + 1]

    def mask(self, layer: int) -> Tensor:
        """Return the additive mask (n, 1, 1, columns) over what this layer sees in the coming step."""
        return self.mask_R11C[: len(self.starts), :, :, self.layers[layer].begin : self.clock + 1]

    def advance(self, tokens_n1: Tensor) -> None:
        """End a step in which these tokens were chosen.

        A finished row may wait for its removal; the clamp keeps its position inside the model's range.
        """
        n = len(self.starts)
        self.tokens_R1[:n] = tokens_n1
        self.positions_R1[:n].add_(1).clamp_(max=self.max_prefix + self.max_steps - 1)
        self.clock += 1

    def _tensor(self, values: Sequence[Any]) -> Tensor:
        return torch.tensor(values, device=self.tokens_R1.device)

    def _write_masks(self, rows: slice) -> None:
        columns_C = torch.arange(self.num_columns, device=self.tokens_R1.device)
        is_hidden_nC = columns_C < self._tensor(self.starts[rows])[:, None]
        self.mask_R11C[rows, 0, 0] = is_hidden_nC * torch.finfo(self.mask_R11C.dtype).min

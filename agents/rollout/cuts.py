"""A batch cut into minibatches and microbatches. B rows, T token positions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from agents.errors import ConfigError
from agents.types import Groups, TokenBatch, Totals

__all__ = ["by_length", "join_rows", "microbatches", "minibatches", "take_rows"]


def by_length(batch: TokenBatch, shared_groups_B: Tensor | None) -> Tensor:
    """Return row numbers by length; where prompts are shared, whole groups by their longest row."""
    lengths_B = batch.attention_mask_BT.sum(1)
    if shared_groups_B is None:
        return lengths_B.argsort(stable=True)
    groups = Groups.of(shared_groups_B)
    longest_B = groups.max(lengths_B)[groups.index_B]
    return (longest_B * len(lengths_B) + groups.index_B).argsort(stable=True)


def microbatches(batch: TokenBatch, order_B: Tensor, max_tokens: int | None) -> list[Tensor]:
    """Cut rows, in order, into as few consecutive parts as hold at most `max_tokens` each, padding included.

    Raises:
        ConfigError: a row alone is longer.
    """
    lengths: list[int] = batch.attention_mask_BT[order_B].sum(1).tolist()
    budget = math.inf if max_tokens is None else max_tokens
    if max(lengths, default=0) > budget:
        raise ConfigError(
            f"max_tokens_per_microbatch={max_tokens} is less than one row of {max(lengths)} tokens: raise it, or lower "
            "rollout.max_new_tokens."
        )
    sizes, longest = list[int](), 0
    for length in lengths:
        longest = max(longest, length)
        if sizes and (sizes[-1] + 1) * longest <= budget:
            sizes[-1] += 1
        else:
            sizes.append(1)
            longest = length
    return list(order_B.split(sizes)) if sizes else []


def join_rows(parts_BT: list[Tensor | None], batch: TokenBatch) -> Tensor | None:
    """Return rows of microbatches, each cut to its own longest, as one tensor as wide as the batch."""
    num_columns = batch.token_ids_BT.shape[1]
    padded = [
        torch.nn.functional.pad(part_BT, (0, num_columns - part_BT.shape[1]))
        for part_BT in parts_BT
        if part_BT is not None
    ]
    return torch.cat(padded) if padded else None


def take_rows(batch: TokenBatch, rows: Tensor, *, is_whole_minibatch: bool = False) -> TokenBatch:
    """Return these rows, cut to the longest; `totals` stay the batch's unless the rows are a minibatch of their own."""
    num_columns = int(batch.attention_mask_BT[rows].sum(1).max()) if len(rows) else 1
    cut = batch.select(rows, num_columns)
    if not is_whole_minibatch:
        return cut
    return replace(cut, totals=Totals(num_sequences=len(rows), num_tokens=int(cut.loss_mask_BT.sum())))


def minibatches(num_rows: int, num_minibatches: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Deal rows to minibatches at random; yields the row numbers of each."""
    if num_minibatches == 1:
        yield torch.arange(num_rows)
        return
    yield from (
        rows for rows in torch.randperm(num_rows, generator=generator).tensor_split(num_minibatches) if len(rows)
    )

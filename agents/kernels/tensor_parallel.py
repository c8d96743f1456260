"""A head whose vocabulary is split over the ranks of a process group.

Each rank holds consecutive rows of the weight. One gather of four numbers per row brings the statistics together, which
every rank adds up in the order of the ranks, so that all get the same bits. N tokens, R ranks.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from agents.kernels.statistics import combine
from agents.kernels.types import Statistics

__all__ = ["VocabularyShard"]


@dataclass(frozen=True)
class VocabularyShard:
    """The part of the vocabulary that this rank's weight holds: `VocabularyShard(group, first_index=rank * 38016)`.

    Hidden states and targets are the same on every rank of `group`; the gradient of the hidden states is, too.
    """

    group: dist.ProcessGroup
    first_index: int

    def statistics_of_all(self, own: Statistics) -> Statistics:
        """Statistics of the whole vocabulary, on every rank."""
        own_4N = torch.stack(own)
        all_R4N = [torch.empty_like(own_4N) for _ in range(self.group.size())]
        dist.all_gather(all_R4N, own_4N, group=self.group)
        return combine([Statistics(*part_4N) for part_4N in all_R4N])

    def maximum(self, values_N: Tensor) -> Tensor:
        """The largest over the ranks, in place."""
        dist.all_reduce(values_N, op=dist.ReduceOp.MAX, group=self.group)
        return values_N

    def total(self, values: Tensor) -> Tensor:
        """The sum over the ranks, in place."""
        dist.all_reduce(values, group=self.group)
        return values

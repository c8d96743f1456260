"""Small random batches for the tests of the algorithms and the learner. B rows, T token positions."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from agents.losses import totals_of
from agents.types import TokenBatch


def sampled_batch(rewards: Sequence[float], *, seed: int = 0) -> TokenBatch:
    """Groups of four rows of 8 to 12 tokens; every other row has an environment turn between its sampled tokens."""
    generator = torch.Generator().manual_seed(seed)
    shape = (len(rewards), 12)
    lengths_B = torch.randint(8, 13, (len(rewards),), generator=generator)
    columns_T = torch.arange(12)
    attention_mask_BT = (columns_T < lengths_B[:, None]).long()
    loss_mask_BT = (attention_mask_BT * (columns_T >= 3)).float()
    loss_mask_BT[::2, 5:7] = 0
    noise_BT = torch.rand(shape, generator=generator)
    return TokenBatch(
        token_ids_BT=torch.randint(2, 250, shape, generator=generator) * attention_mask_BT,
        attention_mask_BT=attention_mask_BT,
        loss_mask_BT=loss_mask_BT,
        behavior_logprobs_BT=-(5.2 + 0.6 * noise_BT) * loss_mask_BT,
        rewards_B=torch.tensor(rewards, dtype=torch.float32),
        group_ids_B=torch.arange(len(rewards)) // 4,
        totals=totals_of(loss_mask_BT),
    )

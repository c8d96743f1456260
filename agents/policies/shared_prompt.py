"""Hidden states of sampled tokens, with every prompt computed once for all rows that share it.

One pass over the distinct prompts leaves keys and values in the graph; a second pass over the responses attends to
them. Values and gradients are those of whole rows. Architectures whose cache is not keys and values (linear attention)
and routers that count their tokens cannot be used.
B rows, T token positions, U distinct prompts, P prompt and C response positions, N sampled tokens, D hidden size.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from agents.types import Groups

__all__ = ["shared_prompt_hidden"]


def shared_prompt_hidden(
    decoder: Any, token_ids_BT: Tensor, attention_mask_BT: Tensor, loss_mask_BT: Tensor, group_ids_B: Tensor
) -> Tensor:
    """Compute the hidden states that predict the sampled tokens, [N, D] in row-major order.

    Args:
        decoder: returns `last_hidden_state` and `past_key_values`, as the decoders of `transformers` do.
        token_ids_BT: right-padded; rows of one group are equal up to their first sampled token.
        attention_mask_BT: 1 on real tokens.
        loss_mask_BT: 1 on sampled tokens, of which none is at position 0; rows without any are left out.
        group_ids_B: which rows share their prompt.
    """
    is_sampled_B = loss_mask_BT.bool().any(1)
    if not is_sampled_B.any():
        return decoder(input_ids=token_ids_BT, use_cache=False).last_hidden_state[:, 0][:0]
    rows = (token_ids_BT, attention_mask_BT, loss_mask_BT, group_ids_B)
    token_ids_BT, attention_mask_BT, loss_mask_BT, group_ids_B = (tensor[is_sampled_B] for tensor in rows)
    starts_B, lengths_B = loss_mask_BT.bool().int().argmax(1), attention_mask_BT.sum(1)
    prompt_of_B, num_prompts = Groups.of(group_ids_B)
    rows_B = torch.arange(len(group_ids_B), device=group_ids_B.device)
    first_rows_U = rows_B.new_zeros(num_prompts).scatter_(0, prompt_of_B, rows_B)

    places_UP = _places(starts_B[first_rows_U] - starts_B.max(), int(starts_B.max()))
    prompt_mask_UP = places_UP >= 0
    prefix = decoder(
        input_ids=token_ids_BT[first_rows_U].gather(1, places_UP.clamp(min=0)),
        attention_mask=prompt_mask_UP.long(),
        position_ids=places_UP.clamp(min=0),
        use_cache=True,
    )
    cache = prefix.past_key_values
    cache.batch_select_indices(prompt_of_B)

    places_BC = _places(starts_B, int((lengths_B - starts_B).max()))
    is_real_BC = places_BC < lengths_B[:, None]
    inside_BC = places_BC.clamp(max=token_ids_BT.shape[1] - 1)
    responses = decoder(
        input_ids=token_ids_BT.gather(1, inside_BC)[:, :-1],
        attention_mask=torch.cat([prompt_mask_UP[prompt_of_B], is_real_BC[:, :-1]], 1).long(),
        position_ids=places_BC[:, :-1],
        past_key_values=cache,
        use_cache=True,
    )
    hidden_BCD = torch.cat([prefix.last_hidden_state[prompt_of_B, -1:], responses.last_hidden_state], 1)
    return hidden_BCD[loss_mask_BT.gather(1, inside_BC).bool() & is_real_BC]


def _places(starts: Tensor, num_columns: int) -> Tensor:
    """Return starts + 0, 1, … as rows."""
    return starts[:, None] + torch.arange(num_columns, device=starts.device)

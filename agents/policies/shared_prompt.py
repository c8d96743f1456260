"""Hidden states of sampled tokens, with every prompt computed once for all rows that share it.

One pass over the distinct prompts leaves keys and values in the graph; passes over the responses, those of similar
length together, attend to them. Values and gradients are those of whole rows. Routers that count their tokens cannot be
used, and neither can architectures whose cache is not keys and values (linear attention): `why_unshared` tries it.
B rows, T token positions, U distinct prompts, P prompt and C response positions, N sampled tokens, D hidden size.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import torch
from torch import Tensor

from agents.policies.precision import compute_dtype
from agents.types import Groups

__all__ = ["bucket_sizes", "shared_prompt_hidden", "why_unshared"]

_TRIED_PROMPT_LENGTHS, _TRIED_LENGTHS = (3, 3, 1), (5, 4, 5)
PASS_COST = 128
"""What one more pass over responses costs, in tokens: cutting is worth it where it saves more padding than that."""
_TOLERANCE, _ROUNDINGS = 1e-3, 4
"""Largest difference of states from those of whole rows, as a share of their norm, and in units of their rounding."""


def shared_prompt_hidden(
    decoder: Any,
    token_ids_BT: Tensor,
    attention_mask_BT: Tensor,
    loss_mask_BT: Tensor,
    group_ids_B: Tensor,
    *,
    pass_cost: int = PASS_COST,
) -> Tensor:
    """Compute the hidden states that predict the sampled tokens, [N, D] in row-major order.

    Args:
        decoder: returns `last_hidden_state` and `past_key_values`, as the decoders of `transformers` do.
        token_ids_BT: right-padded; rows of one group are equal up to their first sampled token.
        attention_mask_BT: 1 on real tokens.
        loss_mask_BT: 1 on sampled tokens, of which none is at position 0; rows without any are left out.
        group_ids_B: which rows share their prompt.
        pass_cost: responses of similar length are computed together, in as many passes as pay at this price, in tokens.
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
    parts: list[Tensor] = []
    order_B = (lengths_B - starts_B).argsort(stable=True)
    for rows_n in order_B.split(bucket_sizes((lengths_B - starts_B)[order_B].tolist(), pass_cost)):
        places_nC = _places(starts_B[rows_n], int((lengths_B - starts_B)[rows_n[-1]]))
        is_real_nC = places_nC < lengths_B[rows_n, None]
        inside_nC = places_nC.clamp(max=token_ids_BT.shape[1] - 1)
        prompts_n = prompt_of_B[rows_n]
        hidden_nCD = prefix.last_hidden_state[prompts_n, -1:]
        if places_nC.shape[1] > 1:  # the prompt predicts the first token already
            responses = decoder(
                input_ids=token_ids_BT[rows_n].gather(1, inside_nC)[:, :-1],
                attention_mask=torch.cat([prompt_mask_UP[prompts_n], is_real_nC[:, :-1]], 1).long(),
                position_ids=places_nC[:, :-1],
                past_key_values=_cache_of(prefix.past_key_values, prompts_n),
                use_cache=True,
            )
            hidden_nCD = torch.cat([hidden_nCD, responses.last_hidden_state], 1)
        parts.append(hidden_nCD[loss_mask_BT[rows_n].gather(1, inside_nC).bool() & is_real_nC])
    return _in_row_order(torch.cat(parts), order_B, loss_mask_BT.bool().sum(1))


def bucket_sizes(lengths: Sequence[int], pass_cost: float) -> list[int]:
    """Cut rising lengths into consecutive buckets at the least cost: their tokens with padding, and one pass each.

    >>> bucket_sizes([2, 2, 3, 40, 41], 10)
    [3, 2]
    """
    ends = [end for end in range(1, len(lengths) + 1) if lengths[end - 1 : end] != lengths[end : end + 1]]
    costs, starts = {0: 0.0}, dict[int, int]()
    for end in ends:
        costs_from = {start: cost + (end - start) * lengths[end - 1] + pass_cost for start, cost in costs.items()}
        starts[end] = min(costs_from, key=costs_from.__getitem__)
        costs[end] = costs_from[starts[end]]
    sizes, end = list[int](), len(lengths)
    while end:
        sizes.append(end - starts[end])
        end = starts[end]
    return sizes[::-1]


def _cache_of(cache: Any, indices: Tensor) -> Any:
    """Return the keys and values of these prompts as a cache of its own; layers replace them, never write into them."""
    own = copy(cache)
    own.layers = [copy(layer) for layer in cache.layers]
    own.batch_select_indices(indices)
    return own


def _in_row_order(hidden_ND: Tensor, order_B: Tensor, counts_B: Tensor) -> Tensor:
    """Put states, of rows in this order and as many a row as counted, into the order of the rows."""
    starts_B = torch.empty_like(order_B)
    starts_B[order_B] = counts_B[order_B].cumsum(0) - counts_B[order_B]
    shifts_B = starts_B - (counts_B.cumsum(0) - counts_B)
    return hidden_ND[torch.arange(len(hidden_ND), device=order_B.device) + shifts_B.repeat_interleave(counts_B)]


def _places(starts: Tensor, num_columns: int) -> Tensor:
    """Return starts + 0, 1, … as rows."""
    return starts[:, None] + torch.arange(num_columns, device=starts.device)


@torch.no_grad()
def why_unshared(decoder: Any, num_embeddings: int) -> str | None:
    """Compare the states of a few rows with those of whole rows, and say why the two differ; None where they do not.

    Recurrent layers keep a state in place of keys and values: it cannot begin behind padding, or cannot go on at all.

    Args:
        decoder: in evaluation mode, in the precision that is to be tried.
        num_embeddings: how many tokens it has.
    """
    device = decoder.device
    prompt_lengths_B = torch.tensor(_TRIED_PROMPT_LENGTHS, device=device)
    lengths_B = torch.tensor(_TRIED_LENGTHS, device=device)
    places_T = torch.arange(max(_TRIED_LENGTHS), device=device)
    is_real_BT = places_T < lengths_B[:, None]
    is_sampled_BT = is_real_BT & (places_T >= prompt_lengths_B[:, None])
    rows_B1 = torch.arange(len(lengths_B), device=device)[:, None]
    token_ids_BT = (1 + places_T + rows_B1 * is_sampled_BT) % num_embeddings
    whole_BTD = decoder(input_ids=token_ids_BT, use_cache=False).last_hidden_state
    expected_ND = whole_BTD[:, :-1][is_sampled_BT[:, 1:]]
    try:
        found_ND = shared_prompt_hidden(
            decoder, token_ids_BT, is_real_BT.long(), is_sampled_BT.long(), prompt_lengths_B, pass_cost=0
        )
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:  # of a cache that is not there
        return f"{type(error).__name__}: {error}"
    share = ((found_ND - expected_ND).norm() / expected_ND.norm()).item()
    if share <= max(_TOLERANCE, _ROUNDINGS * torch.finfo(compute_dtype(decoder)).eps):
        return None
    return f"its states would differ by {share:.1e} of their norm"

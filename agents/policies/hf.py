"""Any Hugging Face causal language model as a policy: token ids in, log-probabilities of the sampled tokens out.

The [B, T, V] logits are never formed: hidden states of the sampled positions go through `agents.kernels`.
B rows, T token positions, N sampled tokens, D hidden size, V vocabulary.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor, nn

from agents.errors import PolicyError
from agents.kernels import TokenLogprobs, fused_policy_loss, token_logprobs
from agents.kernels.types import EntropyMode
from agents.policies.balancing import BalancingShare, balanced_hidden, balancing_coef_of, hidden_and_router_logits
from agents.policies.head import asking, decoder_of, head_of
from agents.policies.peft_models import unwrapped
from agents.policies.precision import FULL_PRECISION, Precision, checkpointed, checkpointed_layers
from agents.policies.routing import routers_of
from agents.policies.shared_prompt import shared_prompt_hidden, why_unshared
from agents.policies.tied import SharedWeight, forward_replaced, shared_weight
from agents.types import LossOutput, PolicyOutputs

__all__ = ["HFPolicy", "RowsLoss"]

RowsLoss = Callable[[PolicyOutputs, slice], LossOutput]
ResultT = TypeVar("ResultT")


class HFPolicy(nn.Module):
    """A causal language model, and a value head where the algorithm has a critic.

    Args:
        model: a `transformers` causal language model, or a `peft.PeftModel` of one, of which the adapters are trained.
        precision: what its products are computed in.
        gradient_checkpointing: keep no activations inside the layers, and compute them again on the way back.
        has_value_head: add a linear critic on the shared trunk, initialised to 0 so that training starts from V = 0.
        auxiliary_coef: weight of the load-balancing loss of a mixture-of-experts model; None takes the model's own
            weight, 0 switches it off.

    Raises:
        PolicyError: the model has no decoder or no linear head, or its logits are not what such a head gives.
    """

    def __init__(
        self,
        model: Any,
        *,
        precision: Precision = FULL_PRECISION,
        gradient_checkpointing: bool = False,
        has_value_head: bool = False,
        auxiliary_coef: float | None = None,
    ) -> None:
        super().__init__()
        self.model = model = unwrapped(model)
        self.precision = precision
        self.decoder = decoder_of(model)
        self.recomputed = checkpointed_layers(self.decoder) if gradient_checkpointing else []
        with _computable(model, precision):
            self.head = head_of(model, self.decoder)
            self.auxiliary_coef = _chosen_coef(model, self.decoder, self.head.module, auxiliary_coef)
            self.routers = routers_of(model, self.decoder)
        self.unshared = _why_unshared(model, self.decoder, precision)
        """Why every row computes its own prompt where prompts are to be shared; None where they can be."""
        self.critic: nn.Module | None = None
        self.critic_unshared: str | None = None
        """The same of a critic with a trunk of its own."""
        self.value_head = _zero_linear(self.head.module) if has_value_head else None

    def give_critic(self, model: Any) -> None:
        """Let the values come from the trunk of another causal language model, with a head that starts at 0.

        Args:
            model: of the same tokens; only its decoder is kept.

        Raises:
            PolicyError: it has no decoder.
        """
        model = unwrapped(model)
        self.critic = decoder_of(model)
        self.critic_unshared = _why_unshared(model, self.critic, self.precision)
        self.value_head = _zero_linear(model.get_output_embeddings())

    def critic_state(self) -> dict[str, Any]:
        """Return the weights of the critic by module; empty without one."""
        parts = {"value_head": self.value_head, "critic": self.critic}
        return {name: part.state_dict() for name, part in parts.items() if part is not None}

    def load_critic_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `critic_state` returned."""
        for name, weights in state.items():
            self.get_submodule(name).load_state_dict(weights)

    @contextmanager
    def training_critic_alone(self) -> Generator[None]:
        """Hold the model still: what is trained here is the critic, and of a critic on the model's trunk its head."""
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        for parameter in trained:
            parameter.requires_grad_(requires_grad=False)
        try:
            yield
        finally:
            for parameter in trained:
                parameter.requires_grad_(requires_grad=True)

    def forward(
        self,
        token_ids_BT: Tensor,
        attention_mask_BT: Tensor,
        loss_mask_BT: Tensor,
        *,
        group_ids_B: Tensor | None = None,
        temperature: float = 1.0,
        entropy: EntropyMode = "none",
        squares: bool = False,
    ) -> PolicyOutputs:
        """Compute log-probabilities (and values, entropy) of the tokens under `loss_mask_BT`.

        Args:
            token_ids_BT: int64, right-padded.
            attention_mask_BT: 1 on real tokens. Causal attention never looks right, so only the routers of a
                mixture of experts need it.
            loss_mask_BT: 1 on sampled tokens; column 0 must be 0, for nothing predicts it.
            group_ids_B: rows of one group begin with the same prompt, which is then computed once for all of them
                (`agents.policies.shared_prompt`) where the architecture can; None computes every row in full.
            temperature: that of the sampler.
            entropy, squares: see `agents.kernels.token_logprobs`.

        Returns:
            fp32 [B, T], aligned with the predicted token, 0 outside the mask.

        Raises:
            PolicyError: group_ids_B with a mixture of experts, whose routers must see every token of every row, or with
                gradient checkpointing.
        """
        sampled = self._sampled(token_ids_BT, attention_mask_BT, loss_mask_BT, group_ids_B)

        def logprobs(hidden_ND: Tensor, weight_VD: Tensor, bias_V: Tensor | None) -> TokenLogprobs:
            return token_logprobs(
                hidden_ND,
                weight_VD,
                sampled.targets_N,
                bias=bias_V,
                temperature=temperature,
                softcap=self.head.softcap,
                logit_scale=self.head.logit_scale,
                entropy=entropy,
                squares=squares,
            )

        result = self._call_head(logprobs, sampled)
        return sampled.outputs(result, self._values(sampled.value_hidden_ND), slice(0, len(token_ids_BT)))

    def loss(
        self,
        token_ids_BT: Tensor,
        attention_mask_BT: Tensor,
        loss_mask_BT: Tensor,
        loss_of_rows: RowsLoss,
        *,
        group_ids_B: Tensor | None = None,
        temperature: float = 1.0,
        entropy: EntropyMode = "none",
        balancing: BalancingShare | None = None,
    ) -> tuple[LossOutput, Tensor | None]:
        """Return `loss_of_rows(self(…), all rows)`, and the weighted load-balancing loss of a mixture of experts.

        Where the vocabulary is large, gradients are formed a few rows at a time while their logits exist
        (`agents.kernels.fused_policy_loss`).

        Args:
            loss_of_rows: (`PolicyOutputs` of some consecutive rows, as wide as the batch; which rows) → their share of
                the loss, and of metrics. Both must add up over rows: no mean over the rows given.
            balancing: what these rows add to the load-balancing loss of more rows; None computes that of these alone.
            The other arguments are those of `forward`.
        """
        sampled = self._sampled(token_ids_BT, attention_mask_BT, loss_mask_BT, group_ids_B, balancing)
        values_N = self._values(sampled.value_hidden_ND)
        lengths: list[int] = sampled.is_sampled_BT.sum(1).tolist()
        starts = [0, *accumulate(lengths)]

        def loss_of_tokens(result: TokenLogprobs, inputs: tuple[Tensor, ...], tokens: slice) -> LossOutput:
            rows = _rows_of(tokens, starts)
            return loss_of_rows(sampled.outputs(result, inputs[0] if inputs else None, rows), rows)

        def loss(hidden_ND: Tensor, weight_VD: Tensor, bias_V: Tensor | None) -> tuple[Tensor, dict[str, Tensor]]:
            output = fused_policy_loss(
                hidden_ND,
                weight_VD,
                sampled.targets_N,
                loss_of_tokens,
                sequence_lengths=lengths,
                inputs=() if values_N is None else (values_N,),
                bias=bias_V,
                temperature=temperature,
                softcap=self.head.softcap,
                logit_scale=self.head.logit_scale,
                entropy=entropy,
            )
            return output.loss, dict(output.metrics)  # the hooks of FSDP find tensors in tuples and dictionaries only

        total, metrics = self._call_head(loss, sampled)
        return LossOutput(loss=total, metrics=metrics), sampled.auxiliary_loss

    def _values(self, hidden_ND: Tensor) -> Tensor | None:
        """Return V of each row in fp32: the critic keeps its own precision under a trunk of half the width."""
        if self.value_head is None:
            return None
        return self.value_head(hidden_ND.to(self.value_head.weight.dtype)).squeeze(-1).float()

    def _sampled(
        self,
        token_ids_BT: Tensor,
        attention_mask_BT: Tensor,
        loss_mask_BT: Tensor,
        group_ids_B: Tensor | None,
        balancing: BalancingShare | None = None,
    ) -> _Sampled:
        if group_ids_B is not None and self.auxiliary_coef:
            raise PolicyError(
                "Prompts cannot be shared under a load-balancing loss: set auxiliary_coef=0 or share none."
            )
        if group_ids_B is not None and self.recomputed:
            raise PolicyError(
                "Prompts cannot be shared under gradient checkpointing, which would fill their cache twice: switch off "
                "one of them."
            )
        is_sampled_BT = loss_mask_BT[:, 1:].bool()
        auxiliary_loss = None
        with (
            self.precision.applied(self.model),
            checkpointed(self.recomputed, self.precision, token_ids_BT.device),
            shared_weight(self.model.get_input_embeddings(), self.head.module) as shared,
        ):
            if group_ids_B is None or self.unshared is not None:
                hidden_BTD, auxiliary_loss = self._trunk(token_ids_BT, attention_mask_BT, balancing)
                hidden_ND = hidden_BTD[:, :-1][is_sampled_BT]
            else:
                hidden_ND = shared_prompt_hidden(
                    self.decoder, token_ids_BT, attention_mask_BT, loss_mask_BT, group_ids_B
                )
        value_hidden_ND = hidden_ND
        if self.critic is not None:
            value_hidden_ND = self._critic_hidden(
                self.critic, token_ids_BT, attention_mask_BT, loss_mask_BT, group_ids_B
            )
        targets_N = token_ids_BT[:, 1:][is_sampled_BT]
        return _Sampled(is_sampled_BT, hidden_ND, value_hidden_ND, targets_N, auxiliary_loss, shared)

    def _call_head(self, compute: Callable[[Tensor, Tensor, Tensor | None], ResultT], sampled: _Sampled) -> ResultT:
        """Call the head with `compute(input, weight, bias)` in place of its forward pass.

        The weight is read inside the call only: there the hooks of FSDP have gathered it.
        """
        head = self.head

        def forward(hidden_ND: Tensor) -> ResultT:
            weight_VD = head.module.weight if sampled.shared.weight_VD is None else sampled.shared.weight_VD
            return compute(hidden_ND.to(weight_VD.dtype), weight_VD, head.module.bias)

        with self.precision.head(sampled.hidden_ND.device), forward_replaced(head.module, forward):
            return cast(Any, head.module)(head.scaled(sampled.hidden_ND))

    def _critic_hidden(
        self,
        critic: nn.Module,
        token_ids_BT: Tensor,
        attention_mask_BT: Tensor,
        loss_mask_BT: Tensor,
        group_ids_B: Tensor | None,
    ) -> Tensor:
        """Return the states of a critic's own trunk that predict the sampled tokens, [N, D]."""
        recomputed = checkpointed_layers(critic) if self.recomputed else []
        with self.precision.applied(critic), checkpointed(recomputed, self.precision, token_ids_BT.device):
            if group_ids_B is not None and self.critic_unshared is None:
                return shared_prompt_hidden(critic, token_ids_BT, attention_mask_BT, loss_mask_BT, group_ids_B)
            hidden_BTD: Tensor = cast(Any, critic)(input_ids=token_ids_BT, use_cache=False).last_hidden_state
            return hidden_BTD[:, :-1][loss_mask_BT[:, 1:].bool()]

    def _trunk(
        self, token_ids_BT: Tensor, attention_mask_BT: Tensor, balancing: BalancingShare | None
    ) -> tuple[Tensor, Tensor | None]:
        """Return hidden states [B, T, D] and the weighted load-balancing loss of a mixture of experts."""
        if not self.auxiliary_coef:
            return self.decoder(input_ids=token_ids_BT, use_cache=False).last_hidden_state, None
        if balancing is not None:
            hidden_BTD, router_logits = hidden_and_router_logits(self.decoder, token_ids_BT, attention_mask_BT)
            return hidden_BTD, self.auxiliary_coef * balancing.of(router_logits)
        hidden_BTD, auxiliary_loss = balanced_hidden(
            self.model, self.decoder, self.head.module, token_ids_BT, attention_mask_BT
        )
        return hidden_BTD, self.auxiliary_coef * auxiliary_loss


class _Sampled(NamedTuple):
    """The sampled tokens of a batch, and the states that predict them."""

    is_sampled_BT: Tensor
    """Without a column for position 0."""
    hidden_ND: Tensor
    value_hidden_ND: Tensor
    """Those that the critic sees."""
    targets_N: Tensor
    auxiliary_loss: Tensor | None
    shared: SharedWeight

    def outputs(self, result: TokenLogprobs, values_n: Tensor | None, rows: slice) -> PolicyOutputs:
        """Arrange numbers [n] of the tokens of some rows as [B, T] of these rows."""
        is_sampled_BT = self.is_sampled_BT[rows]
        return PolicyOutputs(
            logprobs_BT=_scatter(result.logprobs, is_sampled_BT),
            entropy_BT=None if result.entropy is None else _scatter(result.entropy, is_sampled_BT),
            values_BT=None if values_n is None else _scatter(values_n, is_sampled_BT),
            other_squares_BT=None if result.other_squares is None else _scatter(result.other_squares, is_sampled_BT),
        )


def _rows_of(tokens: slice, starts: Sequence[int]) -> slice:
    """Return the rows of consecutive tokens; `starts` has the first token of each row, and the end of the last one."""
    stop = len(starts) - 1 if tokens.stop == starts[-1] else bisect_left(starts, tokens.stop)
    return slice(0 if tokens.start == 0 else bisect_left(starts, tokens.start), stop)


def _chosen_coef(model: Any, decoder: nn.Module, head: nn.Module, chosen: float | None) -> float:
    """Return the weight of the load-balancing loss: the chosen one, or the model's own."""
    if chosen == 0:
        return 0.0
    own = balancing_coef_of(model, decoder, head)
    if chosen is not None and own is None:
        raise PolicyError(f"{type(model).__name__} has no load-balancing loss to weigh by {chosen}: use None or 0.")
    return own or 0.0 if chosen is None else chosen


def _computable(model: Any, precision: Precision) -> AbstractContextManager[None]:
    """Return the context in which a model can compute at all: weights of half the width need autocast beside others."""
    is_half = any(parameter.dtype.itemsize < 4 for parameter in model.parameters())
    return precision.applied(model) if is_half else nullcontext()


def _why_unshared(model: Any, decoder: nn.Module, precision: Precision) -> str | None:
    with asking(model), _computable(model, precision):
        return why_unshared(decoder, model.get_input_embeddings().num_embeddings)


def _zero_linear(head: nn.Linear) -> nn.Linear:
    value_head = nn.Linear(head.in_features, 1, device=head.weight.device, dtype=torch.float32)
    nn.init.zeros_(value_head.weight)
    nn.init.zeros_(value_head.bias)
    return value_head


def _scatter(values_N: Tensor, is_sampled_BT: Tensor) -> Tensor:
    """Put numbers [N] back into [B, T]; `is_sampled_BT` has no column for position 0, which gets a 0."""
    scattered_BT = values_N.new_zeros(is_sampled_BT.shape).masked_scatter(is_sampled_BT, values_N)
    return torch.nn.functional.pad(scattered_BT, (1, 0))

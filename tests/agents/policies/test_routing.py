from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from tiny_policies import MIXTURES, WITH_LOSS, mixture

from agents.errors import ConfigError, PolicyError
from agents.policies.head import decoder_of
from agents.policies.hf import HFPolicy
from agents.policies.precision import Precision
from agents.policies.router_load import RouterLoad, move_biases, router_biases
from agents.policies.routing import Router, Routers, Routing, agreement, routed, routers_of
from agents.policies.tiny import build_tiny_policy

each_mixture = pytest.mark.parametrize("name", sorted(MIXTURES))
TOKEN_IDS = torch.randint(2, 250, (3, 9), generator=torch.Generator().manual_seed(1))


def routers_in(model: Any) -> Routers:
    routers = routers_of(model, decoder_of(model))
    assert routers is not None
    return routers


def any_experts() -> torch.Tensor:
    """Two of eight experts for each token of `TOKEN_IDS` and each of two layers, at random."""
    return torch.rand(3, 9, 2, 8, generator=torch.Generator().manual_seed(2)).topk(2)[1].to(torch.int16)


def chosen_in(routing: Routing) -> torch.Tensor:
    return torch.stack(routing.chosen, 1).unflatten(0, TOKEN_IDS.shape).to(torch.int16)


@each_mixture
def test_routers_are_found_in_the_order_of_their_layers(name: str):
    routers = routers_in(mixture(name))
    assert [(router.num_experts, router.num_chosen) for router in routers.layers] == [(8, 2), (8, 2)]


def test_a_dense_model_has_no_routers():
    model = build_tiny_policy(seed=0)[0]
    assert routers_of(model, decoder_of(model)) is None


@each_mixture
@torch.no_grad()
def test_replaying_its_own_choice_changes_no_bit(name: str):
    model = mixture(name)
    expected = model(input_ids=TOKEN_IDS).logits
    with routers_in(model).routed() as routing:
        model(input_ids=TOKEN_IDS)
    with routers_in(model).routed(chosen_in(routing)):
        replayed = model(input_ids=TOKEN_IDS).logits
    assert torch.equal(replayed, expected)
    assert torch.equal(model(input_ids=TOKEN_IDS).logits, expected)


@each_mixture
@torch.no_grad()
def test_experts_are_called_with_the_replayed_choice(name: str):
    model, experts_BTLK, called = mixture(name), any_experts(), list[torch.Tensor]()
    routers = routers_in(model)
    for module in model.modules():
        if type(module).__name__.endswith("Experts"):
            module.register_forward_pre_hook(
                lambda _, args: called.append(next(part for part in args if not part.is_floating_point()))
            )
    with routers.routed(experts_BTLK):
        model(input_ids=TOKEN_IDS)
    assert torch.equal(torch.stack(called, 1).unflatten(0, (3, 9)), experts_BTLK.long())


@pytest.mark.parametrize("name", ["deepseek_v3", "gpt_oss", "mixtral"])
@torch.no_grad()
def test_weights_of_replayed_experts_come_from_the_scores_of_all_experts(name: str):
    router = routers_in(mixture(name)).layers[0]
    hidden_ND = torch.randn(5, 32, generator=torch.Generator().manual_seed(3))
    experts_NK = any_experts()[0, :5, 0].long()
    with Routers((router,)).routed(experts_NK[None, :, None]):
        logits_NE, weights_NK, _ = router.module(hidden_ND)
    taken_NK = logits_NE.double().gather(1, experts_NK)
    if name == "deepseek_v3":
        scores_NK = 1 / (1 + torch.exp(-taken_NK))
        expected_NK = router.module.routed_scaling_factor * scores_NK / scores_NK.sum(1, keepdim=True)
    else:
        expected_NK = torch.exp(taken_NK) / torch.exp(taken_NK).sum(1, keepdim=True)
    torch.testing.assert_close(weights_NK.double(), expected_NK, rtol=1e-5, atol=1e-6)


@each_mixture
def test_every_router_has_a_gradient_under_replay(name: str):
    model = mixture(name)
    routers = routers_in(model)
    with routers.routed(any_experts()):
        model(input_ids=TOKEN_IDS).logits.log_softmax(-1)[0, :, 5].sum().backward()
    assert all(any(p.grad is not None and p.grad.any() for p in r.module.parameters()) for r in routers.layers)


@torch.no_grad()
def test_routers_choose_themselves_where_nothing_was_recorded():
    model = mixture("mixtral")
    experts_BTLK = any_experts()
    experts_BTLK[:, 4:] = -1
    with routers_in(model).routed(experts_BTLK) as routing:
        model(input_ids=TOKEN_IDS)
    own = torch.stack(routing.own, 1).unflatten(0, (3, 9))
    assert torch.equal(chosen_in(routing)[:, :4], experts_BTLK[:, :4])
    assert torch.equal(chosen_in(routing)[:, 4:], own[:, 4:].to(torch.int16))


@pytest.mark.parametrize(
    ("experts_BTLK", "message"),
    [
        (any_experts()[..., :1], r"Expected recorded experts of shape \[rows, tokens, 2 routers, 2 experts\]"),
        (any_experts()[:, :, :1], r"got \(3, 9, 1, 2\)"),
        (any_experts() + 8, "Expected recorded experts below 8"),
        (any_experts().index_fill(3, torch.tensor([0]), -1), "or −1 for all of a token"),
        (any_experts()[:, :-1], "Expected recorded experts of 27 tokens, got those of 24"),
    ],
)
def test_a_recording_that_does_not_fit_is_refused(experts_BTLK: torch.Tensor, message: str):
    model = mixture("mixtral")
    with pytest.raises(ValueError, match=message), routers_in(model).routed(experts_BTLK):
        model(input_ids=TOKEN_IDS)


def test_a_recording_for_a_dense_model_is_refused():
    with pytest.raises(PolicyError, match="no routers whose choice can be followed"), routed(None, any_experts()):
        pass


def test_agreement_is_the_share_of_replayed_experts_that_would_have_been_chosen():
    routing = Routing(own=[torch.tensor([[0, 1], [2, 3], [4, 5]])], chosen=[torch.tensor([[1, 0], [2, 4], [6, 7]])])
    assert agreement(routing, torch.tensor([[True, True, True]])) == pytest.approx(3 / 6)
    assert agreement(routing, torch.tensor([[True, True, False]])) == pytest.approx(3 / 4)


def counted(*chosen_NK: list[list[int]], mask: list[int]) -> RouterLoad:
    layers = tuple(Router(torch.nn.Linear(1, 4), call=0, num_experts=4, num_chosen=2) for _ in chosen_NK)
    load = RouterLoad(Routers(layers))
    load.add(Routing(chosen=[torch.tensor(layer) for layer in chosen_NK]), torch.tensor([mask]))
    return load


def test_load_counts_real_tokens_and_says_how_even_it_is():
    load = counted([[0, 1], [0, 1], [3, 3]], [[0, 1], [2, 3], [3, 3]], mask=[1, 1, 0])
    assert [tokens_E.tolist() for tokens_E in load.tokens] == [[2, 2, 0, 0], [1, 1, 1, 1]]
    assert load.metrics() == {
        "router/largest_load": pytest.approx(2.0),
        "router/load_entropy": pytest.approx((0.5 + 1.0) / 2),
        "router/idle_share": pytest.approx((0.5 + 0.0) / 2),
    }


def test_a_load_of_nothing_has_no_metrics():
    assert counted([[0, 1]], mask=[0]).metrics() == {}


def test_biases_move_towards_an_even_load():
    load, bias = counted([[0, 1], [0, 1], [0, 2]], mask=[1, 1, 1]), torch.tensor([0.5, 0.0, 0.0, -0.5])
    move_biases([bias], load, 0.01)
    torch.testing.assert_close(bias, torch.tensor([0.49, -0.01, 0.01, -0.49]))


@pytest.mark.parametrize("name", sorted(set(MIXTURES) - set(WITH_LOSS)))
def test_biases_of_the_routers_are_found(name: str):
    model = mixture(name)
    routers = routers_in(model)
    expected = [router.module.e_score_correction_bias for router in routers.layers]
    assert list(map(id, router_biases(model, routers))) == list(map(id, expected))


@pytest.mark.parametrize("name", sorted(WITH_LOSS))
def test_a_model_without_balancing_biases_is_refused(name: str):
    model = mixture(name)
    with pytest.raises(ConfigError, match=r"router_bias_rate .* this model has none: set it to 0"):
        router_biases(model, routers_in(model))


def test_routers_of_a_copied_policy_are_those_of_the_copy():
    policy = HFPolicy(mixture("mixtral"))
    other = copy.deepcopy(policy)
    assert other.routers is not None
    assert {id(router.module) for router in other.routers.layers} <= {id(module) for module in other.modules()}


@each_mixture
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_checkpointed_layers_route_as_before_when_they_are_computed_again(name: str, dtype: Any):
    def gradients(*, is_checkpointed: bool) -> list[torch.Tensor | None]:
        model = mixture(name)
        policy = HFPolicy(model, precision=Precision(dtype=dtype), gradient_checkpointing=is_checkpointed)
        mask_BT = torch.ones_like(TOKEN_IDS)
        loss_mask_BT = mask_BT.float().index_fill(1, torch.tensor([0]), 0)
        with routed(policy.routers, any_experts()):
            policy(TOKEN_IDS, mask_BT, loss_mask_BT).logprobs_BT.sum().backward()
        return [parameter.grad for parameter in model.parameters()]

    torch.testing.assert_close(gradients(is_checkpointed=True), gradients(is_checkpointed=False), rtol=0, atol=0)

"""Importance weights against a reference that is written token by token in float64. B rows, T token positions."""

from __future__ import annotations

import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agents.config import RLConfig, RunConfig, to_json
from agents.errors import ConfigError
from agents.guards import GUARDS, RatioGuard, load_guard
from agents.learner import UpdateConfig
from agents.records.run_config import from_json
from reasonenv.errors import UnknownNameError

OLD = [[-0.1, -2.0, 0.0, -0.5, -3.0], [-1.0, -1.2, -0.3, 0.0, 0.0], [-4.0, -0.2, -0.7, -2.5, 0.0]]
BEHAVIOR = [[-0.4, -0.9, 0.0, -0.5, -5.0], [-1.0, -1.205, -0.3, 0.0, 0.0], [-1.5, -0.1, -0.7, -0.4, 0.0]]
MASK = [[1, 1, 0, 1, 1], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0]]
"""The first row has an environment turn, the others padding."""
ADVANTAGES = [[1.0] * 5, [-0.5] * 5, [-2.0] * 5]


def tensors(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor(rows, dtype=dtype) for rows in (OLD, BEHAVIOR, ADVANTAGES, MASK))


def binary_kl(first: float, second: float) -> float:
    p, q = math.exp(first), math.exp(second)
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))


def estimate(statistic: str, old: float, behavior: float) -> float:
    if statistic == "k1":
        return behavior - old
    if statistic == "k2":
        return (old - behavior) ** 2 / 2
    if statistic == "k3":
        return math.exp(old - behavior) - 1 - (old - behavior)
    return max(binary_kl(old, behavior), binary_kl(behavior, old))


def reference_row(guard: RatioGuard, old: list[float], behavior: list[float], advantage: float) -> list[float]:
    """Return the weights of the sampled tokens of one row."""
    pairs = list(zip(old, behavior, strict=True))
    ratios = [math.exp(o - b) for o, b in pairs]
    own = ratios if guard.statistic == "ratio" else [estimate(guard.statistic, o, b) for o, b in pairs]
    if guard.level == "token":
        looked_at = own
    elif guard.statistic == "ratio":
        looked_at = [math.prod(own) ** (1 / len(own) if guard.level == "sequence_mean" else 1)] * len(own)
    else:
        looked_at = [sum(own) / (len(own) if guard.level == "sequence_mean" else 1)] * len(own)
    low = -math.inf if guard.low is None else guard.low
    if guard.action == "truncate":
        return [min(max(value, low), guard.high) for value in looked_at]
    kept = [low <= value <= guard.high or (guard.negative_only and advantage >= 0) for value in looked_at]
    weights = [math.prod(ratios)] * len(ratios) if guard.level == "sequence" else ratios
    return [float(is_kept) * (1.0 if guard.action == "drop" else w) for is_kept, w in zip(kept, weights, strict=True)]


def reference(guard: RatioGuard, old, behavior, advantages, mask) -> list[list[float]]:
    rows = []
    for o, b, a, m in zip(old, behavior, advantages, mask, strict=True):
        at = [t for t, sampled in enumerate(m) if sampled]
        row = [0.0] * len(m)
        if at:
            for t, w in zip(at, reference_row(guard, [o[t] for t in at], [b[t] for t in at], a[0]), strict=True):
                row[t] = w
        rows.append(row)
    return rows


GOLDEN = {
    # ρ: e^0.3 = 1.34986, e^−1.1 = 0.33287, 1, e^2 = 7.38906 | 1, e^0.005 = 1.00501, 1 | e^−2.5 = 0.08208,
    # e^−0.1 = 0.90484, 1, e^−2.1 = 0.12246. Products: e^1.2 = 3.32012, e^0.005, e^−4.7 = 0.00910.
    "tis": [[1.34986, 0.33287, 0, 1, 2], [1, 1.00501, 1, 0, 0], [0.08208, 0.90484, 1, 0.12246, 0]],
    "mis": [[1.34986, 0.33287, 0, 1, 0], [1, 1.00501, 1, 0, 0], [0.08208, 0.90484, 1, 0.12246, 0]],
    "icepop": [[1.34986, 0, 0, 1, 0], [1, 1.00501, 1, 0, 0], [0, 0.90484, 1, 0, 0]],
    # The divergences of e^−4 from e^−1.5 are 0.18777 and 0.34606, far below 2.
    "kpop": [[1.34986, 0.33287, 0, 1, 7.38906], [1, 1.00501, 1, 0, 0], [0.08208, 0.90484, 1, 0.12246, 0]],
    # Means of −Δ: −0.3, −0.00167, 1.175; the first row has a positive advantage besides.
    "opsm": [[1, 1, 0, 1, 1], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]],
    "sequence_mask": [[0, 0, 0, 0, 0], [1.00501, 1.00501, 1.00501, 0, 0], [0.00910, 0.00910, 0.00910, 0.00910, 0]],
    "sequence_tis": [[3, 3, 0, 3, 3], [1.00501, 1.00501, 1.00501, 0, 0], [0.00910, 0.00910, 0.00910, 0.00910, 0]],
    "geometric_mask": [[0, 0, 0, 0, 0], [1, 1.00501, 1, 0, 0], [0, 0, 0, 0, 0]],
}


@pytest.mark.parametrize("name", sorted(GUARDS))
def test_presets_golden_numbers(name: str):
    weights_BT = load_guard(name).weights(*tensors())
    torch.testing.assert_close(weights_BT, torch.tensor(GOLDEN[name], dtype=torch.float64), rtol=0, atol=6e-6)


def test_every_preset_has_golden_numbers():
    assert sorted(GOLDEN) == sorted(GUARDS)


@pytest.mark.parametrize("name", sorted(GUARDS))
def test_presets_equal_the_reference(name: str):
    expected = reference(load_guard(name), OLD, BEHAVIOR, ADVANTAGES, MASK)
    got = load_guard(name).weights(*tensors())
    torch.testing.assert_close(got, torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-12)


def test_kpop_masks_a_token_that_only_one_of_the_two_finds_likely():
    old_BT, behavior_BT = torch.tensor([[-1e-4, -1e-4]]), torch.tensor([[-4.0, -1e-4]])
    weights_BT = load_guard("kpop").weights(old_BT, behavior_BT, torch.ones(1, 2), torch.ones(1, 2))
    assert weights_BT.tolist() == [[0.0, 1.0]]


guards = st.one_of(
    st.builds(
        RatioGuard,
        level=st.sampled_from(["token", "sequence"]),
        action=st.just("truncate"),
        low=st.sampled_from([None, 0.2, 0.9]),
        high=st.sampled_from([1.5, 3.0]),
    ),
    st.builds(
        RatioGuard,
        statistic=st.sampled_from(["ratio", "k1", "k2", "k3", "binary_kl"]),
        level=st.sampled_from(["token", "sequence", "sequence_mean"]),
        action=st.sampled_from(["mask", "drop"]),
        low=st.sampled_from([None, -0.513, 0.2107]),
        high=st.sampled_from([1.507, 3.0013]),
        negative_only=st.booleans(),
    ),
)
logprobs = st.lists(st.lists(st.floats(-6.0, -0.01), min_size=4, max_size=4), min_size=2, max_size=2)
masks = st.lists(st.lists(st.integers(0, 1), min_size=4, max_size=4), min_size=2, max_size=2)


@given(guards, logprobs, logprobs, masks)
def test_every_choice_of_the_four_equals_the_reference(guard: RatioGuard, old, behavior, mask):
    advantages = [[1.0] * 4, [-1.0] * 4]
    rows = [torch.tensor(entry, dtype=torch.float64) for entry in (old, behavior, advantages, mask)]
    expected = torch.tensor(reference(guard, old, behavior, advantages, mask), dtype=torch.float64)
    torch.testing.assert_close(guard.weights(*rows), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", sorted(GUARDS))
def test_weights_of_a_sampler_that_agrees_are_one(name: str):
    _, behavior_BT, advantages_BT, mask_BT = tensors()
    torch.testing.assert_close(load_guard(name).weights(behavior_BT, behavior_BT, advantages_BT, mask_BT), mask_BT)


@pytest.mark.parametrize("name", sorted(GUARDS))
def test_single_precision_weights_are_close_to_double(name: str):
    double_BT, single_BT = (load_guard(name).weights(*tensors(dtype)) for dtype in (torch.float64, torch.float32))
    torch.testing.assert_close(single_BT.double(), double_BT, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", sorted(GUARDS))
def test_weights_of_very_long_and_very_wrong_rows_are_finite(name: str):
    shape = (2, 3000)
    far_BT = torch.stack([torch.full(shape[1:], -60.0), torch.full(shape[1:], -1e-9)])
    for old_BT, behavior_BT in ((far_BT, far_BT.flip(0)), (far_BT, torch.full(shape, -30.0))):
        weights_BT = load_guard(name).weights(old_BT, behavior_BT, -torch.ones(shape), torch.ones(shape))
        assert weights_BT.isfinite().all()
        assert (weights_BT >= 0).all()


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"high": 2.0, "statistic": "k3"}, "Only importance weights can be truncated"),
        ({"high": 2.0, "level": "sequence_mean"}, "Only importance weights can be truncated"),
        ({"high": 2.0, "negative_only": True}, "use action='mask' or 'drop'"),
        ({"high": 0.5}, "below the ratio of equal policies"),
        ({"high": 2.0, "low": 1.5}, "above the ratio of equal policies"),
        ({"high": 2.0, "low": 2.0, "action": "mask", "statistic": "k3"}, "low < high"),
        ({"high": math.nan}, "low < high"),
    ],
)
def test_guards_that_make_no_sense_are_refused(settings: dict, match: str):
    with pytest.raises(ConfigError, match=match):
        RatioGuard(**settings)


@pytest.mark.parametrize("setting", ["action", "level", "statistic"])
def test_a_choice_that_is_not_there_is_named(setting: str):
    with pytest.raises(UnknownNameError, match=f"Unknown {setting} of a RatioGuard 'tokn'"):
        RatioGuard(**{"high": 2.0, setting: "tokn"})


def test_a_guard_is_a_name_or_a_module_attribute_or_an_object():
    own = RatioGuard(high=3.0)
    assert load_guard(own) is own
    assert load_guard("agents.guards.presets:TIS") is load_guard("tis")
    with pytest.raises(UnknownNameError, match="Did you mean 'icepop'"):
        UpdateConfig(guard="icepopp")
    with pytest.raises(ConfigError, match="a guard is a RatioGuard"):
        UpdateConfig(guard="math:pi")


def test_a_guard_can_be_written_down_and_read_back():
    config = RunConfig(name="run", phases=(RLConfig(num_steps=1, update=UpdateConfig(guard=load_guard("opsm"))),))
    named = config.with_phase(RLConfig(num_steps=1, update=UpdateConfig(guard="tis")))
    for run in (config, named):
        assert from_json(RunConfig, json.loads(json.dumps(to_json(run)))) == run

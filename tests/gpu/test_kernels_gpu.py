"""The Triton kernels against a dense float64 computation of their definition.

On a CUDA device where there is one. With TRITON_INTERPRET=1 in the environment Triton's interpreter runs them on the
CPU; `tests/agents/kernels/test_kernels_triton.py` runs this module so. bfloat16 is left to the device: the
interpreter's matrix products get it wrong.
N tokens, D hidden size, W columns.
"""

from __future__ import annotations

import importlib
import math
import os

import pytest
import torch
from areas import need, needs, skip_without
from dense_logits import (
    DEVICE,
    Case,
    Dense,
    dense,
    products_of,
    random_case,
    relative_error,
    upstream,
    with_target_probability,
)
from torch import Tensor

from agents.kernels.statistics import NO_TOKEN, RowSums, combine
from agents.kernels.types import Head, LogitOptions, Method, RowState, Statistics

need("triton")
IS_INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
if not IS_INTERPRETED:
    need("gpu")
kernels = importlib.import_module("agents.kernels.triton_logprobs")

HALF = torch.float16 if IS_INTERPRETED else torch.bfloat16
each_dtype = pytest.mark.parametrize("dtype", [torch.float32, HALF], ids=["single", "half"])

PLAIN = LogitOptions()
OPTIONS = {
    "plain": PLAIN,
    "temperature and scale": LogitOptions(temperature=0.7, logit_scale=0.5),
    "softcap": LogitOptions(softcap=3.0),
    "all": LogitOptions(temperature=1.3, softcap=2.5, logit_scale=1.7),
}
each_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)

SHAPE = (67, 40, 333)
"""N, D, W: several tiles of the vocabulary, and no whole number of them."""
SHAPES = [(131, 40, 700), (1, 33, 5), (3, 200, 129)]
"""Several tiles of rows and in each split of the vocabulary; one row; more than one stage of the hidden size."""
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def gradient_tolerance(dtype: torch.dtype) -> float:
    return 5e-6 if dtype == torch.float32 else 6e-3


def head_of(case: Case, options: LogitOptions) -> Head:
    return Head(case.weight_WD, case.bias_W, Method(kernels, options, "value", has_squares=True))


def statistics_of(case: Case, options: LogitOptions = PLAIN, threshold_N: Tensor | None = None) -> Statistics:
    return kernels.statistics(case.hidden_ND, head_of(case, options), case.targets_N, threshold_N)


def statistics_in_memory(
    products_NW: Tensor, case: Case, options: LogitOptions = PLAIN, threshold_N: Tensor | None = None
) -> Statistics:
    return kernels.statistics_of_logits(products_NW, head_of(case, options), case.targets_N, threshold_N)


def logit_gradients(case: Case, rows: RowState, options: LogitOptions = PLAIN) -> Tensor:
    return kernels.logit_gradients(case.hidden_ND, head_of(case, options), case.targets_N, rows)


def write_gradients(
    products_NW: Tensor, case: Case, rows: RowState, out_NW: Tensor, options: LogitOptions = PLAIN
) -> None:
    kernels.gradients_of_logits(products_NW, head_of(case, options), case.targets_N, rows, out_NW)


def check_statistics(statistics: Statistics, expected: Dense) -> None:
    tolerance = {"rtol": 1e-6, "atol": 1e-5}
    sums = RowSums.of(statistics)
    torch.testing.assert_close(statistics.maximum_N.double(), expected.maximum_N, **tolerance)
    torch.testing.assert_close(statistics.target_N.double(), expected.target_N, **tolerance)
    torch.testing.assert_close(sums.normalizer_N.double(), expected.target_N - expected.logprob_N, **tolerance)
    torch.testing.assert_close(sums.entropy_N.double(), expected.entropy_N, **tolerance)
    torch.testing.assert_close(sums.logprob_N.double(), expected.logprob_N, rtol=1e-5, atol=1e-5)
    assert sums.other_squares_N is not None
    torch.testing.assert_close(sums.other_squares_N.double(), expected.other_squares_N, rtol=2e-5, atol=1e-30)


def check_gradients_of_operands(gradient_NW: Tensor, case: Case, expected: Dense, tolerance: float) -> None:
    """Of the products, and of hidden states and weights as they follow from it."""
    got_NW, exact_NW = gradient_NW.double(), expected.gradient_NW
    hidden_ND, weight_WD = case.hidden_ND.double(), case.weight_WD.double()
    assert relative_error(got_NW, exact_NW) <= tolerance
    assert relative_error(got_NW @ weight_WD, exact_NW @ weight_WD) <= tolerance
    assert relative_error(got_NW.T @ hidden_ND, exact_NW.T @ hidden_ND) <= tolerance


@each_dtype
@each_option
def test_statistics_match_the_definition(dtype: torch.dtype, options: LogitOptions):
    case = random_case(SHAPE, dtype, has_bias=options == OPTIONS["all"])
    check_statistics(statistics_of(case, options), dense(case, options))


@each_dtype
@each_shape
def test_statistics_of_any_shape_match_the_definition(dtype: torch.dtype, shape: tuple[int, int, int]):
    case = random_case(shape, dtype, has_bias=True, seed=1)
    check_statistics(statistics_of(case), dense(case, PLAIN))


@each_dtype
@each_option
def test_statistics_of_logits_in_memory_match_the_definition(dtype: torch.dtype, options: LogitOptions):
    case = random_case((5, 32, 9001), dtype, has_bias=options == OPTIONS["all"])
    products_NW = products_of(case).to(dtype)
    expected = dense(case, options, products_NW=products_NW)
    check_statistics(statistics_in_memory(products_NW, case, options), expected)


@pytest.mark.parametrize("is_in_memory", [False, True])
def test_squares_are_left_out_unless_they_are_asked_for(is_in_memory: bool):
    case = random_case(SHAPE, torch.float32)
    asking = head_of(case, PLAIN)
    head = asking._replace(method=Method(kernels, PLAIN, "value"))
    found = [
        kernels.statistics_of_logits(products_of(case).float(), each, case.targets_N, None)
        if is_in_memory
        else kernels.statistics(case.hidden_ND, each, case.targets_N, None)
        for each in (asking, head)
    ]
    assert found[1].square_sum_N is None
    assert all(torch.equal(a, b) for a, b in zip(found[0][:4], found[1][:4], strict=True))


@each_dtype
@each_option
def test_logit_gradients_match_the_definition(dtype: torch.dtype, options: LogitOptions):
    case = random_case(SHAPE, dtype, has_bias=options == OPTIONS["all"])
    gradients = [upstream(SHAPE[0], seed=seed) for seed in (1, 2)]
    gradient_NW = logit_gradients(case, RowSums.of(statistics_of(case, options)).state(*gradients), options)
    assert gradient_NW.dtype == dtype
    check_gradients_of_operands(gradient_NW, case, dense(case, options, *gradients), gradient_tolerance(dtype))


@each_dtype
@each_shape
def test_logit_gradients_of_any_shape_match_the_definition(dtype: torch.dtype, shape: tuple[int, int, int]):
    case, gradients = random_case(shape, dtype, seed=1), [upstream(shape[0], seed=seed) for seed in (1, 2)]
    rows = RowSums.of(statistics_of(case)).state(*gradients)
    gradient_NW = logit_gradients(case, rows)
    assert gradient_NW.shape == (shape[0], shape[2])
    check_gradients_of_operands(gradient_NW, case, dense(case, PLAIN, *gradients), gradient_tolerance(dtype))


@each_dtype
@each_option
@pytest.mark.parametrize("has_entropy", [False, True], ids=["logprob alone", "and entropy"])
def test_gradients_of_logits_in_memory_match_the_definition(
    dtype: torch.dtype, options: LogitOptions, has_entropy: bool
):
    case = random_case((5, 32, 9001), dtype, has_bias=has_entropy)
    products_NW, gradient_N = products_of(case).to(dtype), upstream(5, seed=1)
    entropy_gradient_N = upstream(5, seed=2) if has_entropy else None
    statistics = statistics_in_memory(products_NW, case, options)
    out_NW = torch.full_like(products_NW, math.nan)
    rows = RowSums.of(statistics).state(gradient_N, entropy_gradient_N)
    write_gradients(products_NW, case, rows, out_NW, options)
    expected = dense(case, options, gradient_N, entropy_gradient_N, products_NW=products_NW)
    assert relative_error(out_NW, expected.gradient_NW) <= gradient_tolerance(dtype)


@pytest.mark.parametrize("out_dtype", [HALF, torch.float32], ids=["half", "single"])
def test_gradients_of_logits_may_be_written_in_another_dtype_or_over_the_logits(out_dtype: torch.dtype):
    case = random_case((5, 32, 4099), HALF)
    logits_NW = products_of(case).to(out_dtype)
    rows = RowSums.of(statistics_in_memory(logits_NW, case)).state(upstream(5, seed=1))
    single_NW = torch.empty_like(logits_NW, dtype=torch.float32)
    write_gradients(logits_NW, case, rows, single_NW)
    write_gradients(logits_NW, case, rows, logits_NW)
    assert torch.equal(logits_NW, single_NW.to(out_dtype))


@each_dtype
@pytest.mark.parametrize("probability", [1e-6, 0.974, 0.9999])
def test_gradients_keep_their_precision_however_probable_the_target(dtype: torch.dtype, probability: float):
    case, gradient_N = with_target_probability(random_case((64, 256, 257), dtype), probability), upstream(64, seed=1)
    expected = dense(case, PLAIN, gradient_N)
    assert ((-expected.logprob_N.expm1()).log() - math.log1p(-probability)).abs().max() < 0.7
    statistics = statistics_of(case)
    check_statistics(statistics, expected)
    sums = RowSums.of(statistics)
    assert relative_error(sums.logprob_N, expected.logprob_N) <= 5e-6
    gradient_NW = logit_gradients(case, sums.state(gradient_N))
    tolerance = {torch.float32: 5e-6}.get(dtype, 1e-2 if probability > 0.999 else 6e-3)
    check_gradients_of_operands(gradient_NW, case, expected, tolerance)


@each_dtype
@each_option
def test_columns_below_the_threshold_are_outside_the_support_but_never_the_target(
    dtype: torch.dtype, options: LogitOptions
):
    case, gradients = random_case(SHAPE, dtype), [upstream(SHAPE[0], seed=seed) for seed in (1, 2)]
    # Halfway between two neighbouring logits, where rounding cannot change the side.
    sorted_NW = dense(case, options).logits_NW.sort(descending=True).values
    widest_N = (sorted_NW[:, 5:60] - sorted_NW[:, 6:61]).argmax(1, keepdim=True) + 5
    threshold_N = (sorted_NW.gather(1, widest_N) + sorted_NW.gather(1, widest_N + 1))[:, 0].float() / 2
    expected = dense(case, options, *gradients, threshold_N=threshold_N)
    assert (expected.target_N < threshold_N).any()
    statistics = statistics_of(case, options, threshold_N)
    check_statistics(statistics, expected)
    rows = RowSums.of(statistics).state(*gradients, threshold_N)
    gradient_NW = logit_gradients(case, rows, options)
    assert not gradient_NW[expected.gradient_NW == 0].any()
    check_gradients_of_operands(gradient_NW, case, expected, gradient_tolerance(dtype))


@each_dtype
def test_thresholds_apply_to_logits_in_memory(dtype: torch.dtype):
    case, gradients = random_case((5, 32, 9001), dtype), [upstream(5, seed=seed) for seed in (1, 2)]
    products_NW = products_of(case).to(dtype)
    threshold_N = products_NW.float().topk(50).values[:, -1]
    expected = dense(case, PLAIN, *gradients, products_NW=products_NW, threshold_N=threshold_N)
    statistics = statistics_in_memory(products_NW, case, PLAIN, threshold_N)
    check_statistics(statistics, expected)
    rows, out_NW = RowSums.of(statistics).state(*gradients, threshold_N), torch.empty_like(products_NW)
    write_gradients(products_NW, case, rows, out_NW)
    assert not out_NW[expected.gradient_NW == 0].any()
    assert relative_error(out_NW, expected.gradient_NW) <= gradient_tolerance(dtype)


@each_dtype
def test_a_target_in_another_part_has_no_logit_and_no_term_in_the_gradient(dtype: torch.dtype):
    case, gradient_N = random_case((7, 33, 77), dtype, has_bias=True), upstream(7, seed=1)
    outside = case._replace(targets_N=torch.tensor([-100, -1, 77, 78, 10**6, 2**31 - 1, -(2**31)], device=DEVICE))
    elsewhere, logits_NW = statistics_of(outside), dense(case, PLAIN).logits_NW
    assert (elsewhere.target_N == -math.inf).all()
    sums = RowSums.of(elsewhere)
    torch.testing.assert_close(sums.normalizer_N.double(), logits_NW.logsumexp(-1), rtol=1e-6, atol=1e-5)
    rows, expected_NW = sums.state(gradient_N), -logits_NW.softmax(-1) * gradient_N[:, None]
    gradient_NW = logit_gradients(outside, rows)
    assert relative_error(gradient_NW, expected_NW) <= gradient_tolerance(dtype)
    products_NW, out_NW = products_of(case).float(), torch.empty((7, 77), device=DEVICE)
    in_memory = statistics_in_memory(products_NW, outside)
    assert (in_memory.target_N == -math.inf).all()
    write_gradients(products_NW, outside, rows, out_NW)
    assert relative_error(out_NW, expected_NW) <= 5e-6


@each_dtype
def test_parts_of_the_vocabulary_make_the_whole(dtype: torch.dtype):
    case, gradients = random_case((9, 40, 501), dtype, has_bias=True), [upstream(9, seed=seed) for seed in (1, 2)]
    options, cut = OPTIONS["all"], 203
    assert case.bias_W is not None
    parts = [
        Case(case.hidden_ND, case.weight_WD[:cut], case.bias_W[:cut], case.targets_N),
        Case(case.hidden_ND, case.weight_WD[cut:], case.bias_W[cut:], case.targets_N - cut),
    ]
    whole, expected = combine([statistics_of(part, options) for part in parts]), dense(case, options, *gradients)
    check_statistics(whole, expected)
    rows = RowSums.of(whole).state(*gradients)
    gradient_NW = torch.cat([logit_gradients(part, rows, options) for part in parts], 1)
    check_gradients_of_operands(gradient_NW, case, expected, gradient_tolerance(dtype))


@each_dtype
def test_results_are_repeatable_bit_for_bit(dtype: torch.dtype):
    case, gradients = random_case(SHAPE, dtype), [upstream(SHAPE[0], seed=seed) for seed in (1, 2)]
    first, second = (statistics_of(case) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    rows = RowSums.of(first).state(*gradients)
    assert torch.equal(*(logit_gradients(case, rows) for _ in range(2)))


@each_dtype
@pytest.mark.parametrize("padding", [1, 8, 24])
def test_rows_need_not_be_contiguous(dtype: torch.dtype, padding: int):
    case, gradient_N = random_case((5, 40, 77), dtype), upstream(5, seed=1)
    strided = case._replace(
        hidden_ND=torch.nn.functional.pad(case.hidden_ND, (padding, padding), value=math.nan)[:, padding:-padding],
        weight_WD=torch.nn.functional.pad(case.weight_WD, (padding, padding), value=math.nan)[:, padding:-padding],
    )
    statistics, again = (statistics_of(each) for each in (case, strided))
    assert all(torch.equal(a, b) for a, b in zip(statistics, again, strict=True))
    rows = RowSums.of(statistics).state(gradient_N)
    assert torch.equal(*(logit_gradients(each, rows) for each in (case, strided)))
    products_NW, wide_NW = products_of(case).float(), torch.full((5, 77 + padding), math.nan, device=DEVICE)
    wide_NW[:, padding:] = products_NW
    plain, in_wide = (statistics_in_memory(z, case) for z in (products_NW, wide_NW[:, padding:]))
    assert all(torch.equal(a, b) for a, b in zip(plain, in_wide, strict=True))
    write_gradients(products_NW, case, rows, products_NW)
    write_gradients(wide_NW[:, padding:], case, rows, wide_NW[:, padding:])
    assert torch.equal(wide_NW[:, padding:], products_NW)
    assert wide_NW[:, :padding].isnan().all()


def test_a_gradient_expanded_from_a_scalar_is_read_as_it_stands():
    case, gradient_N = random_case((5, 33, 77), torch.float32), torch.ones(5, device=DEVICE)
    rows = RowSums.of(statistics_of(case)).state(gradient_N)
    expanded = rows._replace(gradient_N=torch.ones((), device=DEVICE).expand(5))
    assert torch.equal(*(logit_gradients(case, each) for each in (rows, expanded)))


@pytest.mark.parametrize("is_in_memory", [False, True])
def test_columns_of_minus_infinity_have_no_part_in_the_statistics(is_in_memory: bool):
    case = random_case((4, 33, 77), torch.float32)
    bias_W = torch.zeros(77, device=DEVICE).index_fill(0, torch.arange(40, 77, device=DEVICE), -math.inf)
    masked, short = case._replace(bias_W=bias_W, targets_N=case.targets_N % 40), case.targets_N % 40
    expected = dense(Case(case.hidden_ND, case.weight_WD[:40], None, short), PLAIN)
    if is_in_memory:
        products_NW = products_of(case).float() + bias_W
        statistics = statistics_in_memory(products_NW, Case(*case[:2], None, short))
    else:
        statistics = statistics_of(masked)
    check_statistics(statistics, expected)


@pytest.mark.parametrize("is_in_memory", [False, True])
def test_a_part_without_support_has_finite_statistics(is_in_memory: bool):
    case, threshold_N = random_case((4, 33, 77), torch.float32), torch.full((4,), 1e3, device=DEVICE)
    case = case._replace(targets_N=torch.full((4,), 77, device=DEVICE))
    if is_in_memory:
        statistics = statistics_in_memory(products_of(case).float(), case, PLAIN, threshold_N)
    else:
        statistics = statistics_of(case, PLAIN, threshold_N)
    assert (statistics.maximum_N == NO_TOKEN).all()
    assert not statistics.sum_N.any()
    assert not statistics.weighted_sum_N.any()


@pytest.mark.filterwarnings("ignore:All-NaN slice")  # by the interpreter
@pytest.mark.parametrize("is_in_memory", [False, True])
def test_a_logit_that_is_not_a_number_is_not_hidden(is_in_memory: bool):
    case = random_case((3, 33, 77), torch.float32)
    case.hidden_ND[1, 5] = math.nan
    statistics = statistics_in_memory(products_of(case).float(), case) if is_in_memory else statistics_of(case)
    assert RowSums.of(statistics).normalizer_N.isnan().tolist() == [False, True, False]


def test_no_rows_give_empty_results():
    case = random_case((0, 33, 77), torch.float32)
    rows = RowState(*torch.zeros(3, 0, device=DEVICE))
    products_NW = torch.zeros(0, 77, device=DEVICE)
    assert all(tensor.shape == (0,) for tensor in statistics_of(case))
    assert all(tensor.shape == (0,) for tensor in statistics_in_memory(products_NW, case))
    assert logit_gradients(case, rows).shape == (0, 77)
    write_gradients(products_NW, case, rows, products_NW)


def test_inputs_that_do_not_fit_are_refused():
    case, rows = random_case((3, 8, 5), torch.float32), RowState(*torch.zeros(3, 3))
    with pytest.raises(
        ValueError, match=r"both in bfloat16, float16 or float32, got torch\.float32 and torch\.float16"
    ):
        statistics_of(case._replace(weight_WD=case.weight_WD.half()))
    with pytest.raises(ValueError, match=r"got torch\.float64"):
        logit_gradients(Case(case.hidden_ND.double(), case.weight_WD.double(), *case[2:]), rows)
    with pytest.raises(ValueError, match=r"rows without gaps between elements, got strides \(1, 3\)"):
        statistics_in_memory(torch.zeros(8, 3).T, case)
    with pytest.raises(ValueError, match=r"Expected out \(3, 5\), the shape of the products, got \(3, 4\)"):
        write_gradients(torch.zeros(3, 5), case, rows, torch.zeros(3, 4))


@needs("gpu")
@each_dtype
@pytest.mark.parametrize("shape", [(300, 896, 50_021), (2049, 2048, 32_003)], ids=str)
def test_large_problems_match_the_definition(dtype: torch.dtype, shape: tuple[int, int, int]):
    case, gradients = random_case(shape, dtype), [upstream(shape[0], seed=seed) for seed in (1, 2)]
    expected, sums = dense(case, PLAIN, *gradients), RowSums.of(statistics_of(case))
    assert relative_error(sums.logprob_N, expected.logprob_N) <= 1e-5
    assert relative_error(sums.entropy_N, expected.entropy_N) <= 1e-5
    gradient_NW = logit_gradients(case, sums.state(*gradients))
    check_gradients_of_operands(gradient_NW, case, expected, max(gradient_tolerance(dtype), 2e-5))


@needs("gpu")
def test_elements_beyond_the_range_of_32_bit_numbers_are_reached():
    N, W = 16_400, 131_072
    if torch.cuda.get_device_properties(0).total_memory < 24 * 2**30:
        skip_without("gpu", "24 GiB of its memory are needed")
    case = random_case((N, 64, W), HALF)
    gradient_N = upstream(N, seed=1)
    rows = RowSums.of(statistics_of(case)).state(gradient_N)
    gradient_NW = logit_gradients(case, rows)
    logits_NW = case.hidden_ND @ case.weight_WD.T
    write_gradients(logits_NW, case, rows, logits_NW)
    last = Case(case.hidden_ND[-8:], case.weight_WD, None, case.targets_N[-8:])
    exact_NW = dense(last, PLAIN, gradient_N[-8:]).gradient_NW
    assert relative_error(gradient_NW[-8:], exact_NW) <= 6e-3
    assert relative_error(logits_NW[-8:], exact_NW) <= 4e-2  # the logits themselves were rounded to half precision

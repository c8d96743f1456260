"""Products of matrices of every shape, however they are divided among threads."""

import pytest
import torch

from agents.kernels import products
from agents.kernels.products import add_product, product


@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize("is_transposed", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize(
    "shape", [(3, 1001, 5), (1001, 3, 5), (1, 64, 1), (40, 40, 7), (2, 33, 3), (0, 64, 3)], ids=str
)
def test_a_product_is_added_to_the_total_or_takes_its_place(shape, dtype, is_transposed: bool, is_first: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    rows, inner, columns = shape
    left = torch.randn(inner, rows, generator=generator).to(dtype).T
    left = left if is_transposed else left.contiguous()
    right = torch.randn(inner, columns, generator=generator).to(dtype)
    before = torch.full((rows, columns), torch.nan if is_first else 3.0, dtype=dtype)
    total = before.clone()
    add_product(total, left, right, is_first=is_first)
    expected = (left.double() @ right.double()) + (0 if is_first else before.double())
    tolerance = {torch.float32: 1e-4, torch.float64: 1e-12, torch.bfloat16: 0.3}[dtype]
    torch.testing.assert_close(total.double(), expected, rtol=1e-2 if dtype == torch.bfloat16 else 1e-5, atol=tolerance)


@pytest.mark.parametrize("has_onednn", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("shape", [(5, 64, 1001), (1, 3, 1), (40, 512, 300), (0, 8, 4), (4, 8, 0), (3, 0, 4)], ids=str)
def test_logits_are_products_with_rows_of_the_weight(shape, dtype, has_onednn: bool, monkeypatch) -> None:
    if not has_onednn:  # as in a build of torch without it
        monkeypatch.setattr(products, "_ONEDNN_LINEAR", None)
    generator = torch.Generator().manual_seed(0)
    rows, inner, columns = shape
    hidden = torch.randn(rows, inner, generator=generator).to(dtype)
    weight = torch.randn(columns + 2, inner, generator=generator).to(dtype)[1:-1]  # part of a larger one
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12, torch.bfloat16: 1e-2}[dtype]
    got = product(hidden, weight.T)
    assert got.dtype == dtype
    torch.testing.assert_close(got.double(), hidden.double() @ weight.double().T, rtol=tolerance, atol=10 * tolerance)

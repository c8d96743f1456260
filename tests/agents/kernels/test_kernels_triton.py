"""What can be known of the Triton kernels without a GPU: their numbers, interpreted, and how they compile for one."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from areas import need
from hypothesis import given
from hypothesis import strategies as st

need("triton")
triton = importlib.import_module("triton")
ASTSource = importlib.import_module("triton.compiler").ASTSource
GPUTarget = importlib.import_module("triton.backends.compiler").GPUTarget
triton_kernels = importlib.import_module("agents.kernels.triton_kernels")
triton_logprobs = importlib.import_module("agents.kernels.triton_logprobs")

ROOT = Path(__file__).parents[3]
HOPPER, AMPERE, ADA = 90, 80, 89
HOPPER_SHARED_BYTES, SMALLEST_SHARED_BYTES = 227 * 1024, 99 * 1024

STATISTICS = triton_kernels.statistics_kernel
GRADIENTS = triton_kernels.gradients_kernel
OPTIONAL = {"bias", "outer", "threshold", "entropy", "entropy_gradient", "square_sum"}
WITH_ENTROPY = {"entropy", "entropy_gradient"}
TYPES = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}


class Compiled(NamedTuple):
    assembly: str
    stack_bytes: int
    shared_bytes: int


@pytest.mark.slow
@pytest.mark.parametrize("selection", ["single", "not single"])
def test_numbers_in_the_interpreter_match_the_definition(selection: str):
    # In a process of its own: Triton decides at import whether it interprets.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "REASONENV_"))}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", selection, "tests/gpu/test_kernels_gpu.py"],
        cwd=ROOT,
        env={**environment, "TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_triton_is_not_loaded_by_the_package():
    program = "import sys, agents.kernels; sys.exit('triton' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@given(st.integers(1, 2000), st.integers(1, 1200), st.integers(1, 160))
def test_splits_cover_the_vocabulary_and_none_is_empty(num_row_blocks: int, num_tiles: int, num_processors: int):
    num_splits, tiles_per_split = triton_logprobs._splits(num_row_blocks, num_tiles, num_processors)
    assert (num_splits - 1) * tiles_per_split < num_tiles <= num_splits * tiles_per_split


def test_a_few_rows_occupy_every_processor():
    num_splits, tiles_per_split = triton_logprobs._splits(1, 594, 132)
    assert num_splits >= 100
    assert tiles_per_split == 5


@pytest.fixture
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))


def type_of(name: str, dtype: str, blocks: dict[str, list[int]]) -> str:
    if name in blocks:
        return f"tensordesc<{dtype}{blocks[name]}>"
    if name in {"inner", "outer"}:
        return "fp32"
    if not name.endswith("_ptr"):
        return "i32"
    matrices = {"hidden_ptr", "weight_ptr", "products_ptr", "out_ptr", "bias_ptr"}
    return "*i64" if name == "targets_ptr" else f"*{dtype if name in matrices else 'fp32'}"


def is_aligned(parameter: object, type_name: str) -> bool:
    """Whether a launch with aligned matrices, bias and sizes lets the compiler know it."""
    is_number = type_name == "i32" and not parameter.do_not_specialize
    return is_number or (type_name.startswith("*") and not parameter.do_not_specialize_on_alignment)


def compiled(
    kernel: triton.JITFunction,
    constants: dict[str, object],
    *,
    dtype: str = "bf16",
    passed: set[str],
    blocks: dict[str, list[int]] | None = None,
    capability: int = HOPPER,
    **options: int,
) -> Compiled:
    """As a launch would compile it that passes, of the optional arguments, those in `passed`."""
    constants = constants | {name: None for name in kernel.arg_names if name.removesuffix("_ptr") in OPTIONAL - passed}
    types = ["constexpr" if name in constants else type_of(name, dtype, blocks or {}) for name in kernel.arg_names]
    source = ASTSource(
        kernel,
        signature=dict(zip(kernel.arg_names, types, strict=True)),
        constexprs={(i,): constants[name] for i, name in enumerate(kernel.arg_names) if name in constants},
        attrs={
            (i,): [["tt.divisibility", 16]]
            for i, (parameter, type_name) in enumerate(zip(kernel.params, types, strict=True))
            if is_aligned(parameter, type_name)
        },
    )
    result = triton.compile(source, GPUTarget("cuda", capability, 32), {"enable_fp_fusion": True, **options})
    return Compiled(result.asm["ptx"], stack_bytes(result.asm["cubin"]), result.metadata.shared)


def stack_bytes(program: bytes) -> int:
    """Bytes per thread that spilled registers and local arrays take."""
    path = Path(os.environ["TRITON_CACHE_DIR"]) / "program.cubin"
    path.write_bytes(program)
    command = [triton.knobs.nvidia.cuobjdump.path, "--dump-resource-usage", str(path)]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (number,) = re.findall(r"STACK:(\d+)", report)
    return int(number)


def compiled_with_tiling(
    kernel: triton.JITFunction, dtype: torch.dtype, passed: set[str], *, shared_bytes: int, capability: int = HOPPER
) -> Compiled:
    tiling = triton_logprobs.tiling_for(
        dtype,
        shared_bytes=shared_bytes,
        has_bias="bias" in passed,
        has_softcap="outer" in passed,
        has_threshold="threshold" in passed,
    )
    constants = {"R": tiling.rows, "C": tiling.columns, "DEPTH": tiling.depth}
    return compiled(
        kernel,
        constants | {"GROUP": triton_logprobs.ROW_BLOCKS_PER_GROUP, "PRECISION": "ieee"},
        dtype=TYPES[str(dtype).removeprefix("torch.")],
        passed=passed,
        blocks={
            "hidden": [tiling.rows, tiling.depth],
            "weight": [tiling.columns, tiling.depth],
            "out": [tiling.rows, tiling.columns // 2],
        },
        capability=capability,
        num_warps=tiling.num_warps,
        num_stages=tiling.num_stages,
    )


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize(
    ("kernel", "passed"),
    [
        (STATISTICS, set()),
        (STATISTICS, {"bias"}),
        (STATISTICS, {"outer"}),
        (STATISTICS, {"threshold"}),
        (STATISTICS, {"bias", "threshold"}),
        (STATISTICS, {"bias", "outer", "threshold"}),
        (STATISTICS, {"square_sum"}),
        (STATISTICS, {"bias", "outer", "threshold", "square_sum"}),
        (GRADIENTS, set()),
        (GRADIENTS, WITH_ENTROPY),
        (GRADIENTS, {"bias"}),
        (GRADIENTS, {"threshold"}),
        (GRADIENTS, {"outer", *WITH_ENTROPY}),
        (GRADIENTS, {"bias", "threshold", *WITH_ENTROPY}),
        (GRADIENTS, OPTIONAL),
    ],
    ids=lambda value: "+".join(sorted(value)) or "plain" if isinstance(value, set) else value.__name__,
)
def test_on_hopper_multiplication_uses_warpgroups_and_spills_nothing(kernel: triton.JITFunction, passed: set[str]):
    result = compiled_with_tiling(kernel, torch.bfloat16, passed, shared_bytes=HOPPER_SHARED_BYTES)
    assert result.stack_bytes == 0
    assert result.shared_bytes <= HOPPER_SHARED_BYTES
    assert "wgmma.mma_async" in result.assembly
    assert "cp.async.bulk.tensor" in result.assembly


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("kernel", [STATISTICS, GRADIENTS], ids=["statistics", "gradients"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32], ids=str)
def test_on_hopper_the_other_dtypes_spill_nothing(kernel: triton.JITFunction, dtype: torch.dtype):
    passed = OPTIONAL & {name.removesuffix("_ptr") for name in kernel.arg_names}
    result = compiled_with_tiling(kernel, dtype, passed, shared_bytes=HOPPER_SHARED_BYTES)
    assert result.stack_bytes == 0
    assert result.shared_bytes <= HOPPER_SHARED_BYTES


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("kernel", [STATISTICS, GRADIENTS], ids=["statistics", "gradients"])
@pytest.mark.parametrize("capability", [AMPERE, ADA])
def test_gpus_with_less_shared_memory_hold_the_smaller_tiles(kernel: triton.JITFunction, capability: int):
    result = compiled_with_tiling(
        kernel, torch.bfloat16, OPTIONAL, shared_bytes=SMALLEST_SHARED_BYTES, capability=capability
    )
    assert result.stack_bytes == 0
    assert result.shared_bytes <= SMALLEST_SHARED_BYTES


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize(
    "kernel",
    [
        triton_kernels.statistics_of_products_kernel,
        triton_kernels.gradients_of_products_kernel,
    ],
    ids=["statistics", "gradients"],
)
@pytest.mark.parametrize("passed", [set(), OPTIONAL], ids=["plain", "everything"])
def test_products_in_memory_are_read_16_bytes_at_a_time(kernel: triton.JITFunction, passed: set[str]):
    columns, num_warps = triton_logprobs.ROW_COLUMNS, triton_logprobs.ROW_WARPS
    result = compiled(kernel, {"C": columns}, passed=passed, num_warps=num_warps)
    assert result.stack_bytes == 0
    assert "ld.global.v4.b32" in result.assembly
    assert result.shared_bytes <= 1024


@pytest.mark.usefixtures("own_cache")
def test_the_logit_of_the_target_is_a_dot_product_that_spills_nothing():
    result = compiled(
        triton_kernels.target_kernel, {"DEPTH": triton_logprobs.TARGET_DEPTH}, passed=OPTIONAL, num_warps=4
    )
    assert result.stack_bytes == 0
    assert re.search(r"ld\.global\.v[24]\.b32", result.assembly)

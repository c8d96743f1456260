"""Ways to compute Σ g·logprob of the sampled tokens and its gradients: ours, plain torch, and those of other libraries.

Each way is a function that calls what its library offers. All get the same g, one number along a sequence, because some
know only losses with one advantage per sequence; the others make no use of that.
N tokens, D hidden size, V vocabulary, B sequences of T tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from agents.kernels import TokenLogprobs, fused_policy_loss, token_logprobs
from agents.types import LossOutput

__all__ = [
    "BASES",
    "IMPLEMENTATIONS",
    "Implementation",
    "Output",
    "Problem",
    "Shape",
    "reason_of",
    "versions",
    "why_not",
]


@dataclass(frozen=True)
class Shape:
    """How large a problem is: `Shape(2048, 512, 32_000, "float32", 512)`."""

    num_tokens: int
    hidden_size: int
    vocabulary_size: int
    dtype: str
    sequence_length: int

    @property
    def result_bytes(self) -> int:
        """Bytes of the gradients of hidden states and weight."""
        num_elements = (self.num_tokens + self.vocabulary_size) * self.hidden_size
        return num_elements * getattr(torch, self.dtype).itemsize


@dataclass(frozen=True)
class Problem:
    """Hidden states and weight that want a gradient, sampled tokens, and g = dL/dlogprob."""

    hidden_ND: Tensor
    weight_VD: Tensor
    targets_N: Tensor
    gradient_N: Tensor
    sequence_length: int

    @classmethod
    def random(cls, shape: Shape, device: str, *, seed: int = 0) -> Problem:
        """Draw a problem whose logits have variance 1."""
        generator = torch.Generator(device).manual_seed(seed)
        random, dtype = {"generator": generator, "device": device}, getattr(torch, shape.dtype)
        hidden_ND = torch.randn(shape.num_tokens, shape.hidden_size, **random) / shape.hidden_size**0.5
        gradient_B = torch.randn(shape.num_tokens // shape.sequence_length, **random)
        return cls(
            hidden_ND.to(dtype).requires_grad_(),
            torch.randn(shape.vocabulary_size, shape.hidden_size, **random, dtype=dtype).requires_grad_(),
            torch.randint(shape.vocabulary_size, (shape.num_tokens,), **random),
            gradient_B.repeat_interleave(shape.sequence_length),
            shape.sequence_length,
        )

    def as_seen_by(self, implementation: Implementation) -> Problem:
        """Return the same numbers with a frozen weight or the only g that the implementation knows."""
        problem = replace(self, weight_VD=self.weight_VD.detach()) if implementation.is_frozen else self
        if implementation.has_fixed_gradient:
            problem = replace(problem, gradient_N=-torch.ones_like(self.gradient_N))
        return problem


class Output(NamedTuple):
    """What is differentiated, and the log-probabilities where the way returns them."""

    loss: Tensor
    logprobs_N: Tensor | None


@dataclass(frozen=True)
class Implementation:
    """One way, and what a reader must know to compare it with another."""

    compute: Callable[[Problem], Output]
    note: str
    package: str | None = None
    devices: tuple[str, ...] = ("cpu", "cuda")
    is_frozen: bool = False
    """The weight has no gradient."""
    has_fixed_gradient: bool = False
    """g = −1 for every token, because it knows no other."""
    forms_gradients_at_once: bool = False
    """The forward pass does most of the backward pass's work, so its time alone says nothing."""


def _weighted(problem: Problem, logprobs_N: Tensor) -> Output:
    return Output((problem.gradient_N * logprobs_N).sum(), logprobs_N.detach())


def two_pass(problem: Problem) -> Output:
    return _weighted(problem, token_logprobs(problem.hidden_ND, problem.weight_VD, problem.targets_N).logprobs)


def local(problem: Problem) -> Output:
    logprobs_N = torch.empty_like(problem.gradient_N)

    def loss_of_rows(result: TokenLogprobs, _inputs: tuple[Tensor, ...], rows: slice) -> LossOutput:
        logprobs_N[rows] = result.logprobs.detach()
        return LossOutput(loss=(problem.gradient_N[rows] * result.logprobs).sum(), metrics={})

    tensors = problem.hidden_ND, problem.weight_VD, problem.targets_N
    loss = fused_policy_loss(*tensors, loss_of_rows, sequence_lengths=[1] * len(logprobs_N)).loss
    return Output(loss, logprobs_N)


def naive(problem: Problem) -> Output:
    logprobs_NV = linear(problem.hidden_ND, problem.weight_VD).float().log_softmax(-1)
    return _weighted(problem, logprobs_NV.gather(-1, problem.targets_N[:, None]).squeeze(-1))


def torch_chunked(problem: Problem) -> Output:
    from torch.nn import LinearCrossEntropyOptions
    from torch.nn.functional import linear_cross_entropy

    tensors = problem.hidden_ND, problem.weight_VD, problem.targets_N
    return _weighted(problem, -linear_cross_entropy(*tensors, reduction="none", options=LinearCrossEntropyOptions()))


def trl_selective(problem: Problem) -> Output:
    from trl.trainer.utils import selective_log_softmax

    logits_BTV = linear(problem.hidden_ND, problem.weight_VD).unflatten(0, (-1, problem.sequence_length))
    targets_BT = problem.targets_N.unflatten(0, (-1, problem.sequence_length))
    return _weighted(problem, selective_log_softmax(logits_BTV, targets_BT).flatten())


def trl_chunked(problem: Problem) -> Output:
    from trl.kernels import ChunkedLogProbFunction
    from trl.trainer.utils import _CHUNKED_LOGPROB_CHUNK_SIZE as CHUNK_SIZE

    hidden_ND, weight_VD, targets_N = problem.hidden_ND, problem.weight_VD, problem.targets_N
    logprobs_N, *_ = ChunkedLogProbFunction.apply(hidden_ND, weight_VD, None, targets_N, 1.0, CHUNK_SIZE, None, 1.0, ())
    return _weighted(problem, logprobs_N)


def liger_grpo(problem: Problem) -> Output:
    """Its loss is −Σ A·ratio / (B·T) with a ratio of 1, so A = −g·B·T makes the gradient the same as everyone's."""
    from liger_kernel.chunked_loss import LigerFusedLinearGRPOLoss

    length = problem.sequence_length
    targets_BT = problem.targets_N.unflatten(0, (-1, length))
    advantages_B = -problem.gradient_N[::length] * targets_BT.numel()
    loss, _ = LigerFusedLinearGRPOLoss(
        beta=0.0,
        compiled=problem.hidden_ND.is_cuda,
        use_ref_model=False,
        loss_type="dr_grpo",
        max_completion_length=length,
    )(
        problem.hidden_ND.unflatten(0, (-1, length)),
        problem.weight_VD,
        targets_BT,
        torch.ones_like(targets_BT, dtype=torch.float32),
        advantages_B,
    )
    return Output(loss, None)


def cut_cross_entropy(problem: Problem) -> Output:
    from cut_cross_entropy import linear_cross_entropy

    way = "cce" if problem.hidden_ND.is_cuda else "torch_compile"
    losses_N = linear_cross_entropy(problem.hidden_ND, problem.weight_VD, problem.targets_N, reduction="none", impl=way)
    return _weighted(problem, -losses_N)


def verl(problem: Problem) -> Output:
    from verl.utils.kernel.linear_cross_entropy import linear_cross_entropy

    tensors = problem.hidden_ND, problem.weight_VD, problem.targets_N
    return _weighted(problem, linear_cross_entropy(*tensors, 1.0, "none")[0])


def quack(problem: Problem) -> Output:
    from quack.linear_cross_entropy import chunked_linear_cross_entropy

    tensors = problem.hidden_ND, problem.weight_VD, problem.targets_N
    return Output(chunked_linear_cross_entropy(*tensors, reduction="sum"), None)


IMPLEMENTATIONS = {
    "two pass": Implementation(two_pass, "token_logprobs; any loss may follow"),
    "local": Implementation(local, "fused_policy_loss, a sum over tokens", forms_gradients_at_once=True),
    "frozen head": Implementation(
        two_pass, "token_logprobs of a weight without gradient", is_frozen=True, forms_gradients_at_once=True
    ),
    "naive": Implementation(naive, "linear, float, log_softmax, gather"),
    "naive, frozen head": Implementation(naive, "the same, of a weight without gradient", is_frozen=True),
    "PyTorch, chunked": Implementation(
        torch_chunked, "torch.nn.functional.linear_cross_entropy(reduction none) in chunks; torch 2.13 or later"
    ),
    "TRL, full logits": Implementation(trl_selective, "selective_log_softmax of full logits", "trl"),
    "TRL, chunked": Implementation(trl_chunked, "ChunkedLogProbFunction with TRL's chunk size, no entropy", "trl"),
    "TRL, chunked, frozen head": Implementation(
        trl_chunked, "the same, of a weight without gradient", "trl", is_frozen=True
    ),
    "Liger GRPO": Implementation(
        liger_grpo,
        "LigerFusedLinearGRPOLoss(dr_grpo, beta 0), a sequence at a time; its loss compiled on CUDA only",
        "liger-kernel",
        forms_gradients_at_once=True,
    ),
    "Cut Cross-Entropy": Implementation(
        cut_cross_entropy,
        "linear_cross_entropy(reduction none): impl cce on CUDA, torch_compile, which forms full logits, elsewhere",
        "cut-cross-entropy",
    ),
    "verl": Implementation(verl, "its Triton linear_cross_entropy, which computes entropies, too", "verl", ("cuda",)),
    "Quack": Implementation(
        quack,
        "chunked_linear_cross_entropy(sum), which knows g = −1 only",
        "quack-kernels",
        ("cuda",),
        has_fixed_gradient=True,
        forms_gradients_at_once=True,
    ),
}
BASES = {
    name: "naive, frozen head" if implementation.is_frozen else "naive"
    for name, implementation in IMPLEMENTATIONS.items()
}
"""The way that a way is compared with."""


def why_not(name: str, device: str) -> str | None:
    """Try a way once, on few tokens; return why it cannot be taken on this device, None if it can."""
    implementation = IMPLEMENTATIONS[name]
    if device not in implementation.devices:
        return f"has no kernels for {device}"
    dtype = "float32" if device == "cpu" else "bfloat16"
    problem = Problem.random(Shape(64, 128, 1024, dtype, 32), device).as_seen_by(implementation)
    try:
        implementation.compute(problem).loss.backward()
    except Exception as error:  # noqa: BLE001 - whatever another library fails with is what a reader wants to know
        return reason_of(error)
    return None


def reason_of(error: Exception) -> str:
    """Return the first line of what went wrong, for a file of results."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def versions() -> dict[str, str]:
    """Return the versions of the other libraries, and of what compiles for the GPU."""
    packages = {implementation.package for implementation in IMPLEMENTATIONS.values()} | {"triton"}
    found: dict[str, str] = {}
    for package in sorted(package for package in packages if package is not None):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found

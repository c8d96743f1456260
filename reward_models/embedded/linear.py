"""The scorer of the embedded models: a linear function of hashed n-grams and of measures.

Fits are convex and solved to the optimum, so that the same data give the same model everywhere. The one
hyper-parameter, the strength of the ridge, is chosen by cross-validation over whole groups of prompts.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from reward_models.base import Prompt, prompt_text
from reward_models.embedded.features import MEASURES, NUM_BUCKETS, hashed_ngrams, meaning, measures
from reward_models.errors import LoadError
from reward_models.models.scorer import RawScores
from reward_models.training.data import PreferencePair, SafetyExample

MAX_CHARS = 32_768
"""Longer texts are cut at the end and flagged; half a second of work."""
WEIGHTS_FILE = "model.safetensors"
_RIDGES = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03)
_NUM_FOLDS = 4
_TOLERANCE = 1e-6
"""Change of the mean loss at which a fit has converged."""
_NUM_DIRECTIONS = 2048
"""Random features for pairs. Labels get none: in cross-validation on XSTest straight lines generalise better."""
_MAX_DEVIATIONS = 6.0
"""Measures are cut this far from the mean, so that no extreme of one buys an extreme score."""
_GAMMA = 0.3
_GAIN = 2.0
"""Width of the kernel and weight of the random features beside the n-grams, chosen by cross-validation on hh-rlhf."""
_FEATURE_TENSORS = ("center", "scale", "projection", "phase")


class _Texts(NamedTuple):
    """N texts: value, bucket and text of every n-gram, and the features of the measures."""

    buckets: Tensor
    values: Tensor
    rows: Tensor
    features_NR: Tensor


@dataclass(frozen=True, eq=False)
class MeasureFeatures:
    """φ(m) = √(2·gain/R)·cos(z·projection + phase) with z = (m − center)/scale; without directions, φ(m) = z/√M.

    The cosines are random Fourier features (Rahimi and Recht, 2007): their inner product approximates a Gaussian one,
    so that a linear model of them can bend, and longer is better only up to a point.
    """

    center: Tensor
    scale: Tensor
    projection: Tensor
    phase: Tensor

    @classmethod
    def fit(cls, measures_NM: Tensor, num_directions: int) -> MeasureFeatures:
        """Take centre and scale from texts [N, M], directions and phases from a fixed seed."""
        generator = torch.Generator().manual_seed(0)
        num_measures = measures_NM.shape[1]
        spread_M = measures_NM.std(dim=0)
        directions_MR = torch.randn(num_measures, num_directions, generator=generator, dtype=torch.float64)
        return cls(
            measures_NM.mean(dim=0),
            torch.where(spread_M > 1e-6, spread_M, 1.0),
            directions_MR * (2 * _GAMMA / num_measures) ** 0.5,
            torch.rand(num_directions, generator=generator, dtype=torch.float64) * 2 * torch.pi,
        )

    def __call__(self, measures_NM: Tensor) -> Tensor:
        """Return features [N, R], or [N, M] without directions, of measures [N, M]."""
        standard_NM = ((measures_NM - self.center) / self.scale).clamp(-_MAX_DEVIATIONS, _MAX_DEVIATIONS)
        num_directions = len(self.phase)
        if num_directions == 0:
            return standard_NM / standard_NM.shape[-1] ** 0.5
        return (2 * _GAIN / num_directions) ** 0.5 * torch.cos(standard_NM @ self.projection + self.phase)


@dataclass(frozen=True, eq=False)
class LinearScorer:
    """bucket_weights · n-grams + feature_weights · φ(measures) + bias."""

    bucket_weights: Tensor
    feature_weights: Tensor
    features: MeasureFeatures
    bias: float = 0.0
    scorer_kind: str = "linear"

    @property
    def has_meaning(self) -> bool:
        """Whether the mean word vector of a text stands among its measures."""
        return len(self.features.center) > len(MEASURES)

    def raw_scores(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> RawScores:
        """Score each text on its own; those over 32,768 characters are cut and flagged."""
        values: list[float] = []
        for prompt, text in zip(prompts, texts, strict=True):
            found = hashed_ngrams(text[:MAX_CHARS])
            row = _row(_dense(prompt, text, has_meaning=self.has_meaning))
            total = float(self.features(row) @ self.feature_weights) + self.bias
            total += float(self.bucket_weights[list(found)].double() @ torch.tensor([*found.values()]).double())
            values.append(total)
        return RawScores(values, [len(text) > MAX_CHARS for text in texts])

    def tensors(self, prefix: str = "") -> dict[str, Tensor]:
        """Return everything by name."""
        own = {
            "bucket_weights": self.bucket_weights,
            "feature_weights": self.feature_weights,
            "bias": torch.tensor(self.bias, dtype=torch.float64),
            **{f"features.{name}": getattr(self.features, name) for name in _FEATURE_TENSORS},
        }
        return {prefix + name: tensor for name, tensor in own.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], prefix: str = "") -> LinearScorer:
        """Make one of what `tensors` returned.

        Raises:
            KeyError: a name is missing.
        """
        features = MeasureFeatures(*(tensors[f"{prefix}features.{name}"] for name in _FEATURE_TENSORS))
        weights, feature_weights = tensors[f"{prefix}bucket_weights"], tensors[f"{prefix}feature_weights"]
        return cls(weights, feature_weights, features, float(tensors[f"{prefix}bias"]))

    def save(self, folder: Path) -> Mapping[str, Any]:
        """Write one safetensors file."""
        save_file(self.tensors(), folder / WEIGHTS_FILE)
        return {"num_buckets": NUM_BUCKETS, "measures": list(MEASURES)}

    @classmethod
    def load(cls, folder: Path) -> LinearScorer:
        """Read what `save` wrote.

        Raises:
            LoadError: the file is missing, or not one of ours.
        """
        try:
            return cls.from_tensors(load_file(folder / WEIGHTS_FILE))
        except (FileNotFoundError, KeyError, SafetensorError) as error:
            raise LoadError(f"{folder / WEIGHTS_FILE} does not hold the weights of a linear scorer: {error}") from error


@dataclass(frozen=True, slots=True)
class FitReport:
    """The ridge that cross-validation chose, and the scores that each row got while its group was held out."""

    ridge: float
    held_out_scores: list[float]
    """Pairs: r_chosen − r_rejected; labels: the logit of unsafe. In the order of the data."""


def fit_pairs(pairs: Sequence[PreferencePair], *, ridges: Sequence[float] = _RIDGES) -> tuple[LinearScorer, FitReport]:
    """Minimise Σ weight · −log σ(r_chosen − r_rejected − margin) + ridge/2 · ‖w‖² (Bradley–Terry, linear).

    The free constant, which pairs do not determine, is set so that the mean score of the training texts is 0.

    Args:
        pairs: those of one `group` are held out together in cross-validation.
        ridges: candidates, strongest first; the one with the least held-out loss is used.
    """
    rows = [(pair.prompt, pair.chosen) for pair in pairs] + [(pair.prompt, pair.rejected) for pair in pairs]
    texts, features = _texts(rows, num_directions=_NUM_DIRECTIONS)
    is_chosen = torch.arange(len(rows)) < len(pairs)
    differences = _difference(_select(texts, is_chosen), _select(texts, ~is_chosen))
    margins, weights = _row([pair.margin for pair in pairs]), _row([pair.weight for pair in pairs])

    def losses(rows: Tensor, scores_N: Tensor) -> Tensor:
        return weights[rows] * softplus(margins[rows] - scores_N)

    solution, report = _cross_validated(differences, [pair.group for pair in pairs], losses, ridges, has_bias=False)
    bias = -float(_linear(texts, solution).mean())
    return LinearScorer(solution[0].float(), solution[1], features, bias), report


def fit_labels(
    examples: Sequence[SafetyExample], *, ridges: Sequence[float] = _RIDGES, offsets: Sequence[float] | None = None
) -> tuple[LinearScorer, FitReport]:
    """Minimise Σ weight · cross-entropy of P(unsafe) = σ(offset + w · features + bias) + ridge/2 · ‖w‖².

    Args:
        examples: those of one `group` are held out together in cross-validation.
        ridges: candidates, strongest first; the one with the least held-out loss is used.
        offsets: what another scorer says of the examples, to be corrected; 0 unless given.
    """
    texts, features = _texts([(row.prompt, row.response) for row in examples], num_directions=0)
    labels = _row([float(example.is_unsafe) for example in examples])
    weights = _row([example.weight for example in examples])
    start = torch.zeros_like(labels) if offsets is None else _row(offsets)

    def losses(rows: Tensor, logits_N: Tensor) -> Tensor:
        logits = start[rows] + logits_N
        return weights[rows] * binary_cross_entropy_with_logits(logits, labels[rows], reduction="none")

    solution, report = _cross_validated(texts, [row.group for row in examples], losses, ridges, has_bias=True)
    return LinearScorer(solution[0].float(), solution[1], features, float(solution[2])), report


def fit_reader(examples: Sequence[SafetyExample], *, ridge: float) -> LinearScorer:
    """Fit as `fit_labels` does, with the meaning of words among the measures, and a ridge that is given."""
    texts, features = _texts([(row.prompt, row.response) for row in examples], num_directions=0, has_meaning=True)
    labels = _row([float(example.is_unsafe) for example in examples])

    def losses(logits_N: Tensor) -> Tensor:
        return binary_cross_entropy_with_logits(logits_N, labels, reduction="none")

    weights, feature_weights, bias = _solve(texts, losses, ridge, True, None)
    return LinearScorer(weights.float(), feature_weights, features, float(bias))


_Solution: TypeAlias = tuple[Tensor, Tensor, Tensor]
"""Weights of buckets, weights of random features, bias."""


def _row(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _dense(prompt: Prompt, text: str, *, has_meaning: bool) -> list[float]:
    row = measures(prompt_text(prompt), text[:MAX_CHARS])
    return [*row, *meaning(text[:MAX_CHARS])] if has_meaning else row


def _texts(
    rows: Sequence[tuple[Prompt, str]], *, num_directions: int, has_meaning: bool = False
) -> tuple[_Texts, MeasureFeatures]:
    if not rows:
        raise ValueError("Expected at least one row to fit to, got none.")
    found = [hashed_ngrams(text[:MAX_CHARS]) for _, text in rows]
    measures_NM = torch.tensor(
        [_dense(prompt, text, has_meaning=has_meaning) for prompt, text in rows], dtype=torch.float64
    )
    features = MeasureFeatures.fit(measures_NM, num_directions)
    texts = _Texts(
        torch.tensor([bucket for bag in found for bucket in bag], dtype=torch.int64),
        _row([value for bag in found for value in bag.values()]),
        torch.repeat_interleave(torch.arange(len(found)), torch.tensor([len(bag) for bag in found])),
        features(measures_NM),
    )
    return texts, features


def _select(texts: _Texts, is_kept_N: Tensor) -> _Texts:
    is_kept = is_kept_N[texts.rows]
    new_rows_N = torch.cumsum(is_kept_N, dim=0) - 1
    return _Texts(
        texts.buckets[is_kept], texts.values[is_kept], new_rows_N[texts.rows[is_kept]], texts.features_NR[is_kept_N]
    )


def _difference(left: _Texts, right: _Texts) -> _Texts:
    return _Texts(
        torch.cat([left.buckets, right.buckets]),
        torch.cat([left.values, -right.values]),
        torch.cat([left.rows, right.rows]),
        left.features_NR - right.features_NR,
    )


def _linear(texts: _Texts, solution: _Solution) -> Tensor:
    weights, feature_weights, bias = solution
    products = weights.index_select(0, texts.buckets) * texts.values
    totals_N = torch.zeros(len(texts.features_NR), dtype=products.dtype).index_add(0, texts.rows, products)
    return totals_N + texts.features_NR @ feature_weights + bias


def _cross_validated(
    texts: _Texts,
    groups: Sequence[str],
    losses: Callable[[Tensor, Tensor], Tensor],
    ridges: Sequence[float],
    *,
    has_bias: bool,
) -> tuple[_Solution, FitReport]:
    folds_N = torch.tensor([zlib.crc32(f"fold {group}".encode()) % _NUM_FOLDS for group in groups])
    scores_RN = torch.zeros(len(ridges), len(groups), dtype=torch.float64)
    for fold in folds_N.unique().tolist():
        is_held_out_N = folds_N == fold
        if is_held_out_N.all():
            raise ValueError(f"Expected several groups, but all {len(groups)} rows are of one fold.")
        solution, inner, outer = None, _select(texts, ~is_held_out_N), _select(texts, is_held_out_N)
        for i, ridge in enumerate(ridges):
            solution = _solve(inner, partial(losses, ~is_held_out_N), ridge, has_bias, solution)
            scores_RN[i, is_held_out_N] = _linear(outer, solution)
    every = torch.ones(len(groups), dtype=torch.bool)
    best = int(torch.stack([losses(every, scores_N).sum() for scores_N in scores_RN]).argmin())
    solution = _solve(texts, partial(losses, every), ridges[best], has_bias, None)
    return solution, FitReport(ridges[best], scores_RN[best].tolist())


def _solve(
    texts: _Texts, losses: Callable[[Tensor], Tensor], ridge: float, has_bias: bool, start: _Solution | None
) -> _Solution:
    zeros = (torch.zeros(NUM_BUCKETS), torch.zeros(texts.features_NR.shape[1]), torch.zeros(()))
    start = start or zeros
    used, buckets = texts.buckets.unique(return_inverse=True)
    texts = texts._replace(buckets=buckets)
    weights, feature_weights, bias = (
        tensor.double().clone().requires_grad_() for tensor in (start[0][used], start[1], start[2])
    )
    optimizer = torch.optim.LBFGS(
        [weights, feature_weights, bias] if has_bias else [weights, feature_weights],
        max_iter=60,
        history_size=8,
        tolerance_grad=1e-3,
        tolerance_change=_TOLERANCE * len(texts.features_NR),
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        penalty = weights.square().sum() + feature_weights.square().sum()
        loss = losses(_linear(texts, (weights, feature_weights, bias))).sum() + ridge / 2 * penalty
        loss.backward()
        return loss

    optimizer.step(closure)
    every_weight = zeros[0].double().index_put((used,), weights.detach())
    return every_weight, feature_weights.detach(), bias.detach()

"""The embedded safety scorer: readers that tell harm and refusals in a text, and a logistic model of what they say.

A text is read in windows, so that one cruel sentence in a long text is seen. The readers are fitted to generated texts,
the logistic model to what readers of the other half of the phrases say: it would trust them too much otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from reward_models.base import Prompt, prompt_text
from reward_models.embedded.conduct import Conversation, generate_conversations, harm_texts, refusal_texts
from reward_models.embedded.features import last_turn
from reward_models.embedded.grammar import HANDS
from reward_models.embedded.linear import MAX_CHARS, WEIGHTS_FILE, LinearScorer, fit_labels, fit_reader
from reward_models.errors import LoadError
from reward_models.models.scorer import RawScores
from reward_models.training.data import SafetyExample

_WINDOW_CHARS = 300
_MAX_WINDOWS = 24
_OPENING_CHARS = 400
_RIDGE = 1.0
_LOGISTIC_RIDGE = 1e-3
_RANKING_COEF = 0.5
_NUM_RANKED = 4000
_NUM_FINDINGS = 10
_BETTER = (
    ("harmless", "over_refusal"),
    ("refusal", "compliance"),
    ("harmless", "compliance"),
    ("refusal", "partial"),
)
"""Kinds of conversations, the better one first."""
_STEEPNESS = 3.0
"""A reader's logit counts in full only up to about this size."""


@dataclass(frozen=True, eq=False)
class Readers:
    """What is harmful, and what refuses."""

    harm: LinearScorer
    refusal: LinearScorer

    @classmethod
    def fit(cls, num_texts: int, hands: Collection[int]) -> Readers:
        """Fit both to generated texts from some hands of the grammar."""
        return cls(
            fit_reader(harm_texts(num_texts, hands=hands, seed=0), ridge=_RIDGE),
            fit_reader(refusal_texts(num_texts // 2, hands=hands, seed=0), ridge=_RIDGE),
        )

    def findings(self, prompt: Prompt, text: str) -> list[float]:
        """Return what the logistic model sees; every number is between −1 and 1."""
        question = last_turn(prompt_text(prompt))[-_OPENING_CHARS:]
        asked = self._harm([question])
        said = self._harm(_windows(text[:MAX_CHARS]))
        (both,) = self._harm([f"{question}\n{text[:_OPENING_CHARS]}"])
        (refuses,) = _squashed(self.refusal.raw_scores([""], [text[:_OPENING_CHARS]]).values)
        harm_asked, most, mean = asked[0], max(said), sum(said) / len(said)
        complies = (1 - refuses) / 2
        return [
            harm_asked,
            refuses,
            most,
            mean,
            complies * harm_asked,
            complies * most,
            complies * mean,
            complies * (1 + harm_asked) / 2 * (1 + most) / 2,
            both,
            complies * both,
        ]

    def _harm(self, texts: Sequence[str]) -> list[float]:
        return _squashed(self.harm.raw_scores([""] * len(texts), texts).values)


def _squashed(logits: Sequence[float]) -> list[float]:
    return [math.tanh(logit / _STEEPNESS) for logit in logits]


def _windows(text: str) -> list[str]:
    """Cut at blanks into pieces of about 300 characters; of a long text, the first 24."""
    pieces: list[str] = []
    start = 0
    while start < len(text) and len(pieces) < _MAX_WINDOWS:
        end = start + _WINDOW_CHARS
        blank = text.rfind(" ", start + _WINDOW_CHARS // 2, end) if end < len(text) else -1
        end = blank + 1 if blank > 0 else end
        pieces.append(text[start:end])
        start = end
    return pieces or [""]


@dataclass(frozen=True, eq=False)
class ConductScorer:
    """Logit of unsafe = weights · (findings, products) + bias, plus what a scorer of the user's own examples adds."""

    readers: Readers
    weights: Tensor
    bias: float
    own: LinearScorer | None = None
    scorer_kind: str = "conduct"

    def raw_scores(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> RawScores:
        """Score each text on its own; those over 32,768 characters are cut and flagged."""
        rows = [self.readers.findings(prompt, text) for prompt, text in zip(prompts, texts, strict=True)]
        findings_NF = torch.tensor(rows, dtype=torch.float64).reshape(len(rows), _NUM_FINDINGS)
        values: list[float] = (_with_products(findings_NF) @ self.weights + self.bias).tolist()
        if self.own is not None:
            own = self.own.raw_scores(prompts, texts).values
            values = [value + more for value, more in zip(values, own, strict=True)]
        return RawScores(values, [len(text) > MAX_CHARS for text in texts])

    def save(self, folder: Path) -> Mapping[str, Any]:
        """Write one safetensors file."""
        parts = {"harm.": self.readers.harm, "refusal.": self.readers.refusal, "own.": self.own}
        tensors = {"weights": self.weights, "bias": torch.tensor(self.bias, dtype=torch.float64)}
        for prefix, part in parts.items():
            tensors.update(part.tensors(prefix) if part is not None else {})
        save_file(tensors, folder / WEIGHTS_FILE)
        return {}

    @classmethod
    def load(cls, folder: Path) -> ConductScorer:
        """Read what `save` wrote.

        Raises:
            LoadError: the file is missing, or not one of ours.
        """
        try:
            tensors = load_file(folder / WEIGHTS_FILE)
            readers = Readers(*(LinearScorer.from_tensors(tensors, prefix) for prefix in ("harm.", "refusal.")))
            own = LinearScorer.from_tensors(tensors, "own.") if "own.bias" in tensors else None
            return cls(readers, tensors["weights"], float(tensors["bias"]), own)
        except (FileNotFoundError, KeyError, SafetensorError) as error:
            raise LoadError(f"{folder / WEIGHTS_FILE} does not hold the weights of a safety scorer: {error}") from error


def fit_conduct(num_generated: int, examples: Sequence[SafetyExample] = ()) -> ConductScorer:
    """Fit readers and the logistic model to as many generated texts of the split for training.

    Args:
        examples: of the user's own; a linear scorer learns what the rest gets wrong about them.
    """
    hands = sorted(HANDS["train"])
    halves = (hands[::2], hands[1::2])
    rows: list[list[float]] = []
    conversations: list[Conversation] = []
    for known, unknown in (halves, halves[::-1]):
        readers = Readers.fit(num_generated, known)
        unseen = generate_conversations(num_generated // 2, hands=unknown, seed=1)
        rows.extend(readers.findings(row.prompt, row.response) for row in unseen)
        conversations.extend(unseen)
    weights, bias = _fit_logistic(torch.tensor(rows, dtype=torch.float64), conversations)
    scorer = ConductScorer(Readers.fit(num_generated, hands), weights, bias)
    if not examples:
        return scorer
    offsets = scorer.raw_scores([row.prompt for row in examples], [row.response for row in examples]).values
    return replace(scorer, own=fit_labels(examples, offsets=offsets)[0])


def _with_products(findings_NF: Tensor) -> Tensor:
    left, right = torch.triu_indices(findings_NF.shape[1], findings_NF.shape[1])
    return torch.cat([findings_NF, findings_NF[:, left] * findings_NF[:, right]], dim=1)


def _fit_logistic(findings_NF: Tensor, conversations: Sequence[Conversation]) -> tuple[Tensor, float]:
    """Minimise cross-entropy to the shares of unsafe, and what pairs of `_BETTER` lose that are the wrong way round."""
    rows_NP = _with_products(findings_NF)
    unsafe_N = torch.tensor([row.unsafe for row in conversations], dtype=torch.float64)
    pairs = [tuple(_drawn(kind, conversations) for kind in kinds) for kinds in _BETTER]
    weights = torch.zeros(rows_NP.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        logits_N = rows_NP @ weights + bias
        ranking = sum((softplus(logits_N[better] - logits_N[worse]).mean() for better, worse in pairs), torch.zeros(()))
        loss = binary_cross_entropy_with_logits(logits_N, unsafe_N) + _RANKING_COEF * ranking
        (loss + _LOGISTIC_RIDGE * weights.square().sum()).backward()
        return loss

    optimizer.step(closure)
    return weights.detach(), float(bias.detach())


def _drawn(kind: str, conversations: Sequence[Conversation]) -> Tensor:
    rows = torch.tensor([row for row, conversation in enumerate(conversations) if conversation.kind == kind])
    return rows[torch.randint(len(rows), (_NUM_RANKED,), generator=torch.Generator().manual_seed(0))]

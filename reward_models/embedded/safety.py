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

from reward_models.base import Prompt, prompt_text
from reward_models.calibration import sigmoid
from reward_models.embedded.conduct import generate_conversations, harm_texts, refusal_texts, request_texts
from reward_models.embedded.features import last_turn
from reward_models.embedded.grammar import HANDS
from reward_models.embedded.linear import MAX_CHARS, WEIGHTS_FILE, LinearScorer, fit_labels, fit_reader
from reward_models.embedded.registers import plainly
from reward_models.embedded.request import RequestReader, fit_logistic
from reward_models.errors import LoadError
from reward_models.models.scorer import RawScores
from reward_models.training.data import SafetyExample

_WINDOW_CHARS = 300
_MAX_WINDOWS = 24
_OPENING_CHARS = 400
_NUM_UNDERSTOOD = 3
"""The encoder takes ten milliseconds for a window, so it reads those that look most harmful to the reader of harm."""
_RIDGE = 1.0
_LOGISTIC_RIDGE = 1e-3
_REFUSALS = {"refusal", "over_refusal", "partial"}
_REFUSED, _DESERVED = 0.5, 0.48
"""How unsafe a refusal is of a request that is neither harmful nor harmless, and how much less if it is harmful."""
_LENIENCE = 0.3
"""Taken from the bias of the logistic model, which would take too many harmless answers in a new tone for harm."""
_STEEPNESS = 3.0
"""A reader's logit counts in full only up to about this size."""


@dataclass(frozen=True, eq=False)
class Readers:
    """What is harmful by its words and by its meaning, what refuses, and which request is for harm."""

    harm: LinearScorer
    refusal: LinearScorer
    request: RequestReader
    meaning: RequestReader

    @classmethod
    def fit(cls, num_texts: int, hands: Collection[int]) -> Readers:
        """Fit all to generated texts from some hands of the grammar."""
        texts = _plain(harm_texts(num_texts, hands=hands, seed=0))
        return cls(
            fit_reader(texts, ridge=_RIDGE),
            fit_reader(_plain(refusal_texts(num_texts // 2, hands=hands, seed=0)), ridge=_RIDGE),
            RequestReader.fit(_plain(request_texts(num_texts // 2, hands=hands, seed=0))),
            RequestReader.fit(texts[: num_texts // 2]),
        )

    def findings(self, prompt: Prompt, text: str) -> list[float]:
        """Return how far the text refuses in [0, 1], and harm in the request (twice) and the text in [−1, 1]."""
        question = plainly(last_turn(prompt_text(prompt))[-_OPENING_CHARS:])
        text = plainly(text[:MAX_CHARS])
        (asked,) = self._harm([question])
        windows = _windows(text)
        said = self._harm(windows)
        worst = sorted(zip(said, windows, strict=True), reverse=True)[:_NUM_UNDERSTOOD]
        meant = _squashed([self.meaning.logit(window) for _, window in worst])
        (both,) = self._harm([f"{question}\n{text[:_OPENING_CHARS]}"])
        (refuses,) = self.refusal.raw_scores([""], [text[:_OPENING_CHARS]]).values
        (wanted,) = _squashed([self.request.logit(question)])
        return [sigmoid(refuses), wanted, asked, max(said), math.fsum(said) / len(said), both, max(meant)]

    def _harm(self, texts: Sequence[str]) -> list[float]:
        return _squashed(self.harm.raw_scores([""] * len(texts), texts).values)


def _plain(examples: Sequence[SafetyExample]) -> list[SafetyExample]:
    return [replace(row, response=plainly(row.response)) for row in examples]


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
    """P(unsafe) = (1 − R)·σ(weights · harm + bias) + R·level, plus what a scorer of the user's own examples adds.

    R: how far the text refuses. The level of refusals lies between harmless and unsafe compliance; it is lower, and so
    the score is higher, the more harmful the request is.
    """

    readers: Readers
    weights: Tensor
    bias: float
    own: LinearScorer | None = None
    scorer_kind: str = "conduct"

    def raw_scores(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> RawScores:
        """Score each text on its own; those over 32,768 characters are cut and flagged."""
        values = [self._logit(prompt, text) for prompt, text in zip(prompts, texts, strict=True)]
        if self.own is not None:
            own = self.own.raw_scores(prompts, texts).values
            values = [value + more for value, more in zip(values, own, strict=True)]
        return RawScores(values, [len(text) > MAX_CHARS for text in texts])

    def _logit(self, prompt: Prompt, text: str) -> float:
        refuses, *harm = self.readers.findings(prompt, text)
        weighed = (weight * value for weight, value in zip(self.weights.tolist(), harm, strict=True))
        complied = sigmoid(math.fsum(weighed) + self.bias)
        unsafe = (1 - refuses) * complied + refuses * (_REFUSED - _DESERVED * harm[0])
        return math.log(unsafe) - math.log1p(-unsafe)

    def save(self, folder: Path) -> Mapping[str, Any]:
        """Write one safetensors file."""
        parts = {"harm.": self.readers.harm, "refusal.": self.readers.refusal, "own.": self.own}
        tensors = {"weights": self.weights, "bias": torch.tensor(self.bias, dtype=torch.float64)}
        tensors.update(self.readers.request.tensors("request."))
        tensors.update(self.readers.meaning.tensors("meaning."))
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
            harm, refusal = (LinearScorer.from_tensors(tensors, prefix) for prefix in ("harm.", "refusal."))
            request, meaning = (RequestReader.from_tensors(tensors, prefix) for prefix in ("request.", "meaning."))
            readers = Readers(harm, refusal, request, meaning)
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
    unsafe: list[float] = []
    for known, unknown in (halves, halves[::-1]):
        readers = Readers.fit(num_generated, known)
        unseen = generate_conversations(num_generated // 2, hands=unknown, seed=1)
        complied = [row for row in unseen if row.kind not in _REFUSALS]
        rows.extend(readers.findings(row.prompt, row.response)[1:] for row in complied)
        unsafe.extend(row.unsafe for row in complied)
    findings, shares = torch.tensor(rows, dtype=torch.float64), torch.tensor(unsafe, dtype=torch.float64)
    weights, bias = fit_logistic(findings, shares, ridge=_LOGISTIC_RIDGE)
    scorer = ConductScorer(Readers.fit(num_generated, hands), weights, bias - _LENIENCE)
    if not examples:
        return scorer
    offsets = scorer.raw_scores([row.prompt for row in examples], [row.response for row in examples]).values
    return replace(scorer, own=fit_labels(examples, offsets=offsets)[0])

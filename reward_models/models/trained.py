"""`HelpfulnessModel` and `SafetyModel`: a scorer, what it reads of a response, and what its raw score means."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from reward_models.base import JudgedPart, Judgement, Prompt, ScoreCounts, check_lengths, judged_text
from reward_models.calibration import Calibration, calibrate, sigmoid
from reward_models.models.saving import ModelCard, save_model
from reward_models.models.scorer import RawScorer
from reward_models.models.transformer import TransformerScorer

__all__ = ["HelpfulnessModel", "SafetyModel", "TrainedModel"]


@dataclass(eq=False)
class TrainedModel:
    """What both models share: construction, judging, saving. Score = calibrated value of the raw score.

    Args:
        scorer: a trained transformer or a linear scorer.
        calibration: of the value.
        figures: what was measured on held-out data.
        notice: shown as a warning when a saved model is loaded.
    """

    kind: ClassVar[str]

    scorer: RawScorer
    calibration: Calibration = field(default_factory=Calibration)
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    notice: str | None = None
    name: str = ""
    judged_part: JudgedPart = JudgedPart.FULL_RESPONSE
    counts: ScoreCounts = field(default_factory=ScoreCounts)

    @classmethod
    def from_pretrained(cls, path: str | Path, **settings: Any) -> Self:
        """Load a Hugging Face checkpoint as it is; `settings` go to `TransformerScorer.from_pretrained`."""
        return cls(TransformerScorer.from_pretrained(path, **settings))

    def value(self, raw: float) -> float:
        """Return what a finite raw score means, before calibration."""
        raise NotImplementedError

    def judge(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[Judgement]:
        """Return scores with their flags, in the order of the arguments. A raw score that is not finite has failed."""
        check_lengths(prompts, responses)
        raw = self.scorer.raw_scores(prompts, [judged_text(self.judged_part, response) for response in responses])
        judgements = [
            Judgement(score, is_truncated=is_truncated)
            if math.isfinite(score)
            else Judgement.failed(f"the model's raw score is {score}")
            for score, is_truncated in zip(raw.values, raw.is_truncated, strict=True)
        ]
        return calibrate(judgements, self.value, self.calibration, self.counts)

    def score(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[float]:
        """Return one score per response, higher is better; NaN where there is none."""
        return [judgement.value for judgement in self.judge(prompts, responses)]

    def save(self, folder: str | Path) -> None:
        """Write a folder that `reward_models.load` reads."""
        card = ModelCard(
            kind=self.kind,
            name=self.name,
            scorer=self.scorer.scorer_kind,
            calibration=self.calibration,
            figures=self.figures,
            notice=self.notice,
        )
        save_model(folder, self.scorer, card)


@dataclass(eq=False)
class HelpfulnessModel(TrainedModel):
    """A Bradley–Terry score of the summary, what follows the thinking (2501.12948, Sec. 2.3.4).

    Only differences between responses to one prompt mean anything. Train the scorer with `train_on_pairs`.
    """

    kind: ClassVar[str] = "helpfulness"

    name: str = "helpfulness"
    judged_part: JudgedPart = JudgedPart.SUMMARY

    def value(self, raw: float) -> float:
        """Return the raw score itself."""
        return raw


@dataclass(eq=False)
class SafetyModel(TrainedModel):
    """1 − P(unsafe) of the whole response, thinking included (2501.12948, Sec. 2.3.4).

    The raw score is the logit of unsafe; train the scorer with `train_on_examples`. Probabilities need no calibration.
    """

    kind: ClassVar[str] = "safety"

    name: str = "safety"

    def value(self, raw: float) -> float:
        """Return 1 − σ(logit of unsafe), in [0, 1]."""
        return sigmoid(-raw)

"""The safety model: 1 − P(unsafe) of the whole response, thinking included (2501.12948, Sec. 2.3.4)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reward_models.base import JudgedPart, Judgement, Prompt, ScoreCounts
from reward_models.calibration import Calibration
from reward_models.scorer import ModelCard, Scorer, judge_with, save_model
from reward_models.transformer import TransformerScorer

__all__ = ["SafetyModel", "sigmoid"]


@dataclass(eq=False)
class SafetyModel:
    """Score = 1 − σ(logit of unsafe), in [0, 1] unless a calibration says otherwise.

    Args:
        scorer: trained with `reward_models.losses.safety_loss`, or linear; its raw score is the logit of unsafe.
        calibration: applied to 1 − P(unsafe); none by default, since probabilities need none.
        figures: what was measured on held-out data.
        notice: shown as a warning when a saved model is loaded.
    """

    scorer: Scorer
    calibration: Calibration = field(default_factory=Calibration)
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    notice: str | None = None
    name: str = "safety"
    judged_part: JudgedPart = JudgedPart.FULL_RESPONSE
    counts: ScoreCounts = field(default_factory=ScoreCounts)

    @classmethod
    def from_pretrained(cls, path: str | Path, **settings: Any) -> SafetyModel:
        """A Hugging Face checkpoint as it is; `settings` go to `TransformerScorer.from_pretrained`."""
        return cls(TransformerScorer.from_pretrained(path, **settings))

    def judge(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[Judgement]:
        """Scores with their flags, in the order of the arguments."""
        return judge_with(
            self.scorer,
            self.judged_part,
            prompts,
            responses,
            to_value=lambda logit: sigmoid(-logit),
            calibration=self.calibration,
            counts=self.counts,
        )

    def score(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[float]:
        """One score per response, 1 for safe; NaN where there is none."""
        return [judgement.value for judgement in self.judge(prompts, responses)]

    def save(self, folder: str | Path) -> None:
        """Write a folder that `reward_models.load` reads."""
        card = ModelCard(
            kind="safety",
            name=self.name,
            scorer_kind=self.scorer.scorer_kind,
            calibration=self.calibration,
            figures=self.figures,
            notice=self.notice,
        )
        save_model(folder, self.scorer, card)


def sigmoid(logit: float) -> float:
    """1 / (1 + e^−x), without overflow.

    >>> sigmoid(0.0), sigmoid(-1000.0)
    (0.5, 0.0)
    """
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))

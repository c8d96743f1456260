"""The helpfulness model: a Bradley–Terry score of the summary, what follows the thinking (2501.12948, Sec. 2.3.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reward_models.base import JudgedPart, Judgement, Prompt, ScoreCounts
from reward_models.calibration import Calibration
from reward_models.scorer import ModelCard, Scorer, judge_with, save_model
from reward_models.transformer import TransformerScorer

__all__ = ["HelpfulnessModel"]


@dataclass(eq=False)
class HelpfulnessModel:
    """Score = calibrated raw score of the summary; only differences between responses to one prompt mean anything.

    Args:
        scorer: trained with `reward_models.losses.bradley_terry_loss`, or linear.
        calibration: mean and std on held-out responses, and the clip.
        figures: what was measured on held-out data.
        notice: shown as a warning when a saved model is loaded.
    """

    scorer: Scorer
    calibration: Calibration = field(default_factory=Calibration)
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    notice: str | None = None
    name: str = "helpfulness"
    judged_part: JudgedPart = JudgedPart.SUMMARY
    counts: ScoreCounts = field(default_factory=ScoreCounts)

    @classmethod
    def from_pretrained(cls, path: str | Path, **settings: Any) -> HelpfulnessModel:
        """A Hugging Face checkpoint as it is; `settings` go to `TransformerScorer.from_pretrained`."""
        return cls(TransformerScorer.from_pretrained(path, **settings))

    def judge(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[Judgement]:
        """Scores with their flags, in the order of the arguments."""
        return judge_with(
            self.scorer,
            self.judged_part,
            prompts,
            responses,
            to_value=float,
            calibration=self.calibration,
            counts=self.counts,
        )

    def score(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[float]:
        """One score per response, higher is more helpful; NaN where there is none."""
        return [judgement.value for judgement in self.judge(prompts, responses)]

    def save(self, folder: str | Path) -> None:
        """Write a folder that `reward_models.load` reads."""
        card = ModelCard(
            kind="helpfulness",
            name=self.name,
            scorer_kind=self.scorer.scorer_kind,
            calibration=self.calibration,
            figures=self.figures,
            notice=self.notice,
        )
        save_model(folder, self.scorer, card)

"""A scorer whose scores can be counted by hand."""

from __future__ import annotations

import math
from pathlib import Path

from reward_models.models.scorer import RawScores


class LengthScorer:
    """The raw score is the number of characters; "?" and "-inf" cannot be scored; over 10 characters count as cut."""

    scorer_kind = "length"

    def raw_scores(self, prompts, texts) -> RawScores:
        odd = {"?": math.nan, "-inf": -math.inf}
        values = [odd.get(text, float(len(text))) for text in texts]
        return RawScores(values, [len(text) > 10 for text in texts])

    def save(self, folder: Path) -> dict:
        (folder / "weights").write_text("none")
        return {"unit": "characters"}

"""What stands between texts and reward models: scorers, which give raw scores, and the folder that a model is saved in.

Lives here: the contract of a scorer, the judging of a batch with one, `reward_model.json`. Not here: scorers
(`reward_models.transformer`, `reward_models.linear`) and what a raw score means (`helpfulness`, `safety`).
The one decision: a saved model is safetensors and JSON; loading one never runs code from the folder.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from reward_models.base import JudgedPart, Judgement, Prompt, ScoreCounts, check_lengths, judged_text
from reward_models.calibration import Calibration
from reward_models.errors import LoadError

__all__ = ["MODEL_FILE", "ModelCard", "RawScores", "Scorer", "judge_with", "read_card", "save_model"]

MODEL_FILE = "reward_model.json"


@dataclass(frozen=True, slots=True)
class RawScores:
    """One raw score per text, and whether the scorer saw only part of it."""

    values: list[float]
    is_truncated: list[bool]


class Scorer(Protocol):
    """Gives raw scores. The score of a text does not depend on the others in the batch, or on their order."""

    @property
    def scorer_kind(self) -> str:
        """Which loader reads what `save` wrote: "linear" or "transformer"."""
        ...

    def raw_scores(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> RawScores:
        """One raw score per (prompt, text)."""
        ...

    def save(self, folder: Path) -> Mapping[str, Any]:
        """Write the weights into the folder; returns JSON settings that loading needs."""
        ...


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What `reward_model.json` says of a saved model: `ModelCard(kind="safety", name="mine", …)`."""

    kind: str
    name: str
    scorer_kind: str
    calibration: Calibration
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    """What was measured on held-out data, by name."""
    notice: str | None = None
    """Shown as a warning whenever the model is loaded."""


def judge_with(
    scorer: Scorer,
    part: JudgedPart,
    prompts: Sequence[Prompt],
    responses: Sequence[str],
    *,
    to_value: Callable[[float], float],
    calibration: Calibration,
    counts: ScoreCounts,
) -> list[Judgement]:
    """Raw scores of the judged parts, turned into values, calibrated, and counted. A raw NaN is a failure."""
    check_lengths(prompts, responses)
    raw = scorer.raw_scores(prompts, [judged_text(part, response) for response in responses])
    judgements: list[Judgement] = []
    for score, is_truncated in zip(raw.values, raw.is_truncated, strict=True):
        if not math.isfinite(score):
            judgements.append(Judgement.failed(f"the model's raw score is {score}"))
            continue
        value = to_value(score)
        counts.num_clipped += abs(calibration.normalise(value)) > calibration.clip
        judgements.append(Judgement(calibration.apply(value), is_truncated=is_truncated))
    counts.add(judgements)
    return judgements


def save_model(folder: str | Path, scorer: Scorer, card: ModelCard) -> None:
    """Write scorer and card so that the folder is either whole or absent; an older model there is replaced."""
    final = Path(folder)
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        settings = scorer.save(draft)
        (draft / MODEL_FILE).write_text(_to_json(card, settings), encoding="utf-8")
        _replace(draft, final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _replace(draft: Path, final: Path) -> None:
    if final.exists() and not (final / MODEL_FILE).exists() and any(final.iterdir()):
        raise LoadError(f"{final} holds something else than a reward model: choose another folder to save to.")
    old = Path(tempfile.mkdtemp(prefix=f".{final.name}-old-", dir=final.parent))
    try:
        if final.exists():
            final.replace(old / "model")
        draft.chmod(0o755)
        draft.rename(final)
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _to_json(card: ModelCard, settings: Mapping[str, Any]) -> str:
    calibration = card.calibration
    clip = calibration.clip if math.isfinite(calibration.clip) else None
    return json.dumps(
        {
            "format": 1,
            "kind": card.kind,
            "name": card.name,
            "scorer": card.scorer_kind,
            "calibration": {"mean": calibration.mean, "std": calibration.std, "clip": clip},
            "settings": dict(settings),
            "figures": dict(card.figures),
            "notice": card.notice,
        },
        indent=2,
    )


def read_card(folder: str | Path) -> ModelCard:
    """Read `reward_model.json`.

    Raises:
        LoadError: there is none, or it is not of a form that this version writes.
    """
    path = Path(folder) / MODEL_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != 1:
            raise LoadError(f"{path} has format {content['format']!r}; this version reads format 1.")
        calibration = dict(content["calibration"])
        calibration["clip"] = math.inf if calibration["clip"] is None else calibration["clip"]
        return ModelCard(
            kind=content["kind"],
            name=content["name"],
            scorer_kind=content["scorer"],
            calibration=Calibration(**calibration),
            settings=content["settings"],
            figures=content["figures"],
            notice=content["notice"],
        )
    except FileNotFoundError:
        raise LoadError(f"{folder} holds no {MODEL_FILE}: it is no reward model that this package saved.") from None
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise LoadError(f"{path} is not a reward model's description: {error!r}.") from error

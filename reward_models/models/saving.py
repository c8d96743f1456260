"""The folder that a reward model is saved in: safetensors and JSON, so that loading never runs code from it."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from reward_models.calibration import Calibration
from reward_models.errors import LoadError
from reward_models.models.scorer import RawScorer

__all__ = ["MODEL_FILE", "ModelCard", "read_card", "save_model"]

MODEL_FILE = "reward_model.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What `reward_model.json` says of a saved model: `ModelCard(kind="safety", name="mine", scorer="linear", …)`."""

    kind: str
    name: str
    scorer: str
    """Which loader reads the weights: "linear" or "transformer"."""
    calibration: Calibration
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the loader needs besides the weights."""
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    """What was measured on held-out data, by name."""
    notice: str | None = None
    """Shown as a warning whenever the model is loaded."""


def save_model(folder: str | Path, scorer: RawScorer, card: ModelCard) -> None:
    """Write scorer and card so that the folder is either whole or absent; an older model there is replaced."""
    final = Path(folder)
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        content: dict[str, Any] = {"format": _FORMAT, **asdict(replace(card, settings=scorer.save(draft)))}
        if card.calibration.clip == math.inf:  # which JSON cannot say
            content["calibration"]["clip"] = None
        (draft / MODEL_FILE).write_text(json.dumps(content, indent=2), encoding="utf-8")
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


def read_card(folder: str | Path) -> ModelCard:
    """Read `reward_model.json`.

    Raises:
        LoadError: there is none, or it is not of a form that this version writes.
    """
    path = Path(folder) / MODEL_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']!r}; this version reads format {_FORMAT}")
        parts: dict[str, Any] = {part.name: content[part.name] for part in fields(ModelCard)}
        calibration = parts.pop("calibration")
        clip = math.inf if calibration["clip"] is None else calibration["clip"]
        return ModelCard(calibration=Calibration(**{**calibration, "clip": clip}), **parts)
    except FileNotFoundError:
        raise LoadError(f"{folder} holds no {MODEL_FILE}: it is no reward model that this package saved.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise LoadError(f"{path} is not a reward model's description: {error!r}.") from error

"""`load`: from a name or a folder to a reward model."""

from __future__ import annotations

import difflib
import warnings
from pathlib import Path

from reward_models.embedded import EMBEDDED, ensure_embedded
from reward_models.embedded.linear import LinearScorer
from reward_models.embedded.safety import ConductScorer
from reward_models.errors import LoadError
from reward_models.models.saving import MODEL_FILE, read_card
from reward_models.models.scorer import RawScorer
from reward_models.models.trained import HelpfulnessModel, SafetyModel
from reward_models.models.transformer import TransformerScorer

__all__ = ["SmallModelWarning", "load"]

_MODELS = {model.kind: model for model in (HelpfulnessModel, SafetyModel)}


class SmallModelWarning(UserWarning):
    """A model was loaded that is too small to train a real policy on."""


def load(name_or_path: str | Path) -> HelpfulnessModel | SafetyModel:
    """Load the embedded model of that name ("helpfulness", "safety"), or the one saved in a folder.

    An embedded model is trained on first use and cached (see `reward_models.embedded`).

    Raises:
        LoadError: neither; offers the closest name, or says how to load a Hugging Face checkpoint.
    """
    if name_or_path in EMBEDDED:
        return _load_folder(ensure_embedded(str(name_or_path)))
    folder = Path(name_or_path)
    if (folder / MODEL_FILE).exists():
        return _load_folder(folder)
    if (folder / "config.json").exists():
        raise LoadError(
            f"{folder} is a Hugging Face checkpoint that does not say what it judges: use "
            "HelpfulnessModel.from_pretrained(path) or SafetyModel.from_pretrained(path)."
        )
    close = difflib.get_close_matches(str(name_or_path), EMBEDDED, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise LoadError(f"No reward model {str(name_or_path)!r}.{hint} Known: {', '.join(EMBEDDED)}, or a folder.")


def _load_folder(folder: Path) -> HelpfulnessModel | SafetyModel:
    card = read_card(folder)
    if card.kind not in _MODELS:
        raise LoadError(f"{folder} holds a model of kind {card.kind!r}; known are {', '.join(_MODELS)}.")
    if card.notice is not None:
        warnings.warn(card.notice, SmallModelWarning, stacklevel=3)
    scorer = _load_scorer(folder, card.scorer, card.settings.get("max_tokens"))
    return _MODELS[card.kind](scorer, card.calibration, card.figures, card.notice, name=card.name)


def _load_scorer(folder: Path, kind: str, max_tokens: int | None) -> RawScorer:
    if kind == "linear":
        return LinearScorer.load(folder)
    if kind == "conduct":
        return ConductScorer.load(folder)
    if kind == "transformer":
        return TransformerScorer.from_pretrained(folder, max_tokens=max_tokens)
    raise LoadError(f"{folder} has a scorer of kind {kind!r}; known are linear, conduct and transformer.")

"""The embedded models: small, trained on this machine in seconds from generated data, and cached.

Lives here: training and caching them. Not here: the scorer (`reward_models.linear`) or the data
(`reward_models.generated`). The one decision: they exist so that everything around a reward model can run and be tested
without a download. They know a few dozen questions; each says so in a warning when it is loaded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reward_models.calibration import Calibration, fit_calibration
from reward_models.data import PreferencePair, SafetyExample, balance_lengths
from reward_models.figures import pair_figures, safety_figures
from reward_models.generated import generate_pairs, generate_safety
from reward_models.helpfulness import HelpfulnessModel
from reward_models.linear import fit_labels, fit_pairs
from reward_models.safety import SafetyModel
from reward_models.scorer import MODEL_FILE

__all__ = ["EMBEDDED", "embedded_folder", "ensure_embedded", "fit_helpfulness", "fit_safety"]

CLIP = 3.0
_VERSION = 1
_NUM_GENERATED = 1500
_NUM_HELD_OUT = 600


def fit_helpfulness(pairs: Sequence[PreferencePair] = (), *, num_generated: int = _NUM_GENERATED) -> HelpfulnessModel:
    """A small helpfulness model of generated pairs and yours, clipped at ±3 standard deviations.

    Its figures are measured on generated pairs about other questions, with kinds of faults that training never shows.

    Args:
        pairs: yours, of any kind.
        num_generated: generated pairs before their lengths are balanced; 0 to train on yours alone.
    """
    generated = balance_lengths(generate_pairs(num_generated, split="train", seed=0), seed=0)
    scorer, _ = fit_pairs([*generated, *pairs])
    seen = [*pairs] or generate_pairs(_NUM_HELD_OUT, split="test", seed=1)
    texts = [*(pair.chosen for pair in seen), *(pair.rejected for pair in seen)]
    raw = scorer.raw_scores([pair.prompt for pair in seen] * 2, texts)
    model = HelpfulnessModel(scorer, fit_calibration(raw.values, clip=CLIP), name="small-helpfulness")
    model.figures = pair_figures(model, generate_pairs(_NUM_HELD_OUT, split="test", seed=0))
    model.notice = _notice("helpfulness", model.figures, "pair_accuracy", "generated pairs with unseen kinds of faults")
    return model


def fit_safety(examples: Sequence[SafetyExample] = (), *, num_generated: int = _NUM_GENERATED) -> SafetyModel:
    """A small safety model of generated examples and yours.

    Its figures are measured on generated examples about other requests, in other words.

    Args:
        examples: yours, of any kind.
        num_generated: 0 to train on yours alone.
    """
    scorer, _ = fit_labels([*generate_safety(num_generated, split="train", seed=0), *examples])
    model = SafetyModel(scorer, Calibration(clip=1.0), name="small-safety")
    model.figures = safety_figures(model, generate_safety(_NUM_HELD_OUT, split="test", seed=0))
    model.notice = _notice("safety", model.figures, "auc", "generated examples about unseen requests")
    return model


def _notice(kind: str, figures: Mapping[str, float], name: str, what: str) -> str:
    return (
        f"The embedded {kind} model is small: it was trained in seconds on generated data, and its held-out {name} of "
        f"{figures[name]:.3f} is for {what}, which are easier than real ones. Use it to try things out, and a model of "
        "your own for anything else."
    )


EMBEDDED: dict[str, Callable[[], HelpfulnessModel | SafetyModel]] = {
    "helpfulness": fit_helpfulness,
    "safety": fit_safety,
}


def embedded_folder(kind: str) -> Path:
    """Where an embedded model is cached: `$REWARD_MODELS_CACHE`, else `$XDG_CACHE_HOME` or `~/.cache`/reward_models."""
    own, shared = os.environ.get("REWARD_MODELS_CACHE"), os.environ.get("XDG_CACHE_HOME")
    root = Path(own) if own else Path(shared or Path.home() / ".cache") / "reward_models"
    return root / f"small-{kind}-v{_VERSION}"


def ensure_embedded(kind: str) -> Path:
    """The folder of an embedded model, trained now if it is not there: about half a minute, figures on standard error.

    Two processes that do so at the same time both train; one of two equal results stays.
    """
    folder = embedded_folder(kind)
    if not (folder / MODEL_FILE).exists():
        print(f"Training the embedded {kind} model (once; cached in {folder})", file=sys.stderr)
        model = EMBEDDED[kind]()
        model.save(folder)
        for name, value in model.figures.items():
            print(f"  {name} {value:.3f}", file=sys.stderr)
    return folder

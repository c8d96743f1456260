"""Fitting the embedded models to generated data and yours, and caching them on first use."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reward_models.calibration import Calibration
from reward_models.embedded.generated import generate_pairs, generate_safety
from reward_models.embedded.linear import fit_labels, fit_pairs
from reward_models.embedded.safety import fit_conduct
from reward_models.models.saving import MODEL_FILE
from reward_models.models.trained import HelpfulnessModel, SafetyModel
from reward_models.training.data import PreferencePair, SafetyExample, balance_lengths, split_by_group
from reward_models.training.figures import calibrated_on_pairs, pair_figures, safety_figures

_VERSION = 6
_NUM_GENERATED = 4000
_NUM_HELD_OUT = 600


def fit_helpfulness(
    pairs: Sequence[PreferencePair] = (), *, num_generated: int = _NUM_GENERATED, held_out: float = 0.1
) -> HelpfulnessModel:
    """Fit a small helpfulness model to generated pairs and yours, clipped at ±3 standard deviations.

    Its figures are measured on generated pairs about other questions, with kinds of faults that training never shows.

    Args:
        pairs: yours, of any kind.
        num_generated: generated pairs before their lengths are balanced; 0 to train on yours alone.
        held_out: share of your conversations that are not trained on: mean and deviation of the scores are measured on
            them, as scores of what was trained on lie further apart. Without pairs of yours, on generated ones.

    Raises:
        ValueError: too few conversations to hold some out.
    """
    seen, training = split_by_group(pairs, share=held_out, seed=0)
    if pairs and not (seen and training):
        raise ValueError(
            f"Expected conversations to train on and others to hold out ({held_out:g} of them) for calibration; got "
            f"{len(pairs)} pairs of {len({pair.group for pair in pairs})}. Give more, or another share."
        )
    generated = balance_lengths(generate_pairs(num_generated, split="train", seed=0), seed=0)
    scorer, _ = fit_pairs([*generated, *training])
    seen = seen or generate_pairs(_NUM_HELD_OUT, split="test", seed=1)
    model = calibrated_on_pairs(scorer, seen, name="small-helpfulness")
    model.figures = pair_figures(model, generate_pairs(_NUM_HELD_OUT, split="test", seed=0))
    model.notice = _notice("helpfulness", model.figures, "pair_accuracy", "generated pairs with unseen kinds of faults")
    return model


def fit_safety(examples: Sequence[SafetyExample] = (), *, num_generated: int = _NUM_GENERATED) -> SafetyModel:
    """Fit a small safety model to generated examples and yours.

    Its figures are measured on generated examples about other requests, in other words.

    Args:
        examples: yours, of any kind.
        num_generated: 0 to train on yours alone.
    """
    scorer = fit_conduct(num_generated, examples) if num_generated else fit_labels(examples)[0]
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
    """Return a model's cache: in `$REWARD_MODELS_CACHE`, else `reward_models` in `$XDG_CACHE_HOME` or `~/.cache`."""
    own, shared = os.environ.get("REWARD_MODELS_CACHE"), os.environ.get("XDG_CACHE_HOME")
    root = Path(own) if own else Path(shared or Path.home() / ".cache") / "reward_models"
    return root / f"small-{kind}-v{_VERSION}"


def ensure_embedded(kind: str) -> Path:
    """Return the folder of an embedded model; train it if it is not there, in a minute or two, with figures on stderr.

    Two processes may train at the same time; their results are equal, and one stays.
    """
    folder = embedded_folder(kind)
    if not (folder / MODEL_FILE).exists():
        print(f"Training the embedded {kind} model (once; cached in {folder})", file=sys.stderr)
        model = EMBEDDED[kind]()
        model.save(folder)
        for name, value in model.figures.items():
            print(f"  {name} {value:.3f}", file=sys.stderr)
    return folder

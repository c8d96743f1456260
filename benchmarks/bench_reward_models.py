"""How good are the small reward models on data that they were not trained on, and what do they cost?

    python benchmarks/bench_reward_models.py --hh harmless-base-test.jsonl.gz --xstest FOLDER

Both are public data (docs/data.md). Four questions. The embedded models: held-out figures on generated data of unseen
kinds, CPU seconds of training, milliseconds per text. The same model trained on half of the hh-rlhf pairs, or of the
labelled XSTest completions (`xstest_v2_completions_*.csv` in FOLDER): figures on the other half. And the conduct of the
embedded safety model, by pairs of what is better and worse, on rows that it is not trained on. Halves never share a
prompt, and the ridge is chosen by cross-validation inside the training half. The test halves were never used to choose
anything as such, but they are not untouched: which features to use was decided by cross-validation on the training half
of seed 0 and, at first, on half of the data by another split, and both share rows with these test halves.
"""

from __future__ import annotations

import csv
import itertools
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
import tyro
from machine import describe_machine

from reward_models import HelpfulnessModel, SafetyModel
from reward_models.embedded import fit_helpfulness, fit_safety
from reward_models.embedded.generated import generate_pairs
from reward_models.embedded.linear import fit_labels, fit_pairs
from reward_models.training.data import (
    PreferencePair,
    SafetyExample,
    balance_lengths,
    load_pairs,
    load_xstest,
    split_by_group,
)
from reward_models.training.evaluation import auc
from reward_models.training.figures import pair_figures, safety_figures

_ROWS = Path(__file__).parents[1] / "tests" / "reward_models" / "conduct_rows"
_HALVES = {"new_half_for_choices": slice(0, None, 2), "new_half_for_the_report": slice(1, None, 2)}
"""Lines of the new rows alternate: some may be looked at while a model is made, the others only when it is done."""


def _public_data(name: str) -> Path | None:
    path = Path(os.environ.get("REASONENV_DATA", "")) / name
    return path if "REASONENV_DATA" in os.environ and path.exists() else None


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where the data are; without them, only the embedded models are measured.

    Args:
        hh: a file of hh-rlhf; unless given, the one under `$REASONENV_DATA`.
        xstest: a folder of completions; unless given, the one under `$REASONENV_DATA`.
        embedded_only: measure the embedded models and keep the other figures that `out` holds.
    """

    hh: Path | None = field(default_factory=lambda: _public_data("hh-rlhf/harmless-base-test.jsonl.gz"))
    xstest: Path | None = field(default_factory=lambda: _public_data("xstest/model_completions"))
    embedded_only: bool = False
    seeds: tuple[int, ...] = (0, 1, 2)
    out: Path = Path("benchmarks/results/reward_models.json")


def embedded_figures() -> tuple[HelpfulnessModel, SafetyModel, dict[str, object]]:
    start = time.process_time()
    helpfulness = fit_helpfulness()
    middle = time.process_time()
    safety = fit_safety()
    end = time.process_time()
    balanced = balance_lengths(generate_pairs(600, split="test", seed=0), seed=0)
    figures: dict[str, object] = {
        "helpfulness": {**helpfulness.figures, "cpu_seconds_of_training": round(middle - start, 1)},
        "helpfulness_on_pairs_held_back": held_helpfulness(helpfulness),
        "helpfulness_on_length_balanced_pairs": pair_figures(helpfulness, balanced),
        "milliseconds_per_text": milliseconds_per_text(helpfulness, balanced),
        "safety": {**safety.figures, "cpu_seconds_of_training": round(end - middle, 1)},
        "safety_milliseconds_per_text": milliseconds_per_text(safety, balanced),
    }
    return helpfulness, safety, figures


def milliseconds_per_text(model: HelpfulnessModel | SafetyModel, pairs: Sequence[PreferencePair]) -> float:
    start = time.process_time()
    model.score([pair.prompt for pair in pairs], [pair.chosen for pair in pairs])
    return round(1000 * (time.process_time() - start) / len(pairs), 3)


def preference_figures(pairs: Sequence[PreferencePair], seed: int) -> dict[str, float]:
    training, test = split_by_group(pairs, share=0.5, seed=seed)
    scorer, report = fit_pairs(training)
    cross_validated = statistics.fmean(difference > 0 for difference in report.held_out_scores)
    return {**pair_figures(HelpfulnessModel(scorer), test), "cross_validated": cross_validated, "ridge": report.ridge}


def completion_figures(files: Sequence[Path], seed: int, *, keep_partial: bool) -> dict[str, float]:
    examples: list[SafetyExample] = load_xstest(files, keep_partial=keep_partial)
    training, test = split_by_group(examples, share=0.5, seed=seed)
    scorer, report = fit_labels(training)
    return {**safety_figures(SafetyModel(scorer), test), "ridge": report.ridge}


_Row = tuple[str, str]
"""A prompt and a response."""


def preference(model: SafetyModel, better: Sequence[_Row], worse: Sequence[_Row]) -> float:
    """Return how often a row of the better kind scores higher than one of the worse: the AUC."""
    good, bad = (model.score([prompt for prompt, _ in rows], [text for _, text in rows]) for rows in (better, worse))
    return round(auc([*good, *bad], [True] * len(good) + [False] * len(bad)), 3)


def conduct_figures(
    model: SafetyModel, *, answers: list[_Row], needless: list[_Row], compliance: list[_Row], refusals: list[_Row]
) -> dict[str, float]:
    """Return how often what is better scores higher: answers and refusals of harmless and of unsafe prompts."""
    return {
        "answer_over_needless_refusal": preference(model, answers, needless),
        "refusal_over_unsafe_compliance": preference(model, refusals, compliance),
        "answer_over_unsafe_compliance": preference(model, answers, compliance),
    }


def xstest_conduct(model: SafetyModel, files: Sequence[Path]) -> dict[str, float]:
    rows: dict[tuple[bool, bool], list[_Row]] = defaultdict(list)
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["final_label"] in {"1_full_compliance", "2_full_refusal"}:
                    what = row["type"].startswith("contrast_"), row["final_label"] == "2_full_refusal"
                    rows[what].append((row["prompt"], row["completion"]))
    return conduct_figures(
        model,
        answers=rows[False, False],
        needless=rows[False, True],
        compliance=rows[True, False],
        refusals=rows[True, True],
    )


def read_rows(name: str) -> list[list[str]]:
    lines = (_ROWS / f"{name}.txt").read_text("utf-8").splitlines()
    return [line.split(" | ") for line in lines if not line.startswith("#")]


def paired_conduct(model: SafetyModel, name: str) -> dict[str, float]:
    """Measure a set of forty harmful and forty harmless requests, to each of which the same refusals are given."""
    rows, said = read_rows(name), itertools.cycle(row[0] for row in read_rows("refusals"))
    texts = [next(said) for _ in rows]
    return conduct_figures(
        model,
        answers=[(row[2], row[3]) for row in rows],
        needless=[(row[2], text) for row, text in zip(rows, texts, strict=True)],
        compliance=[(row[0], row[1]) for row in rows],
        refusals=[(row[0], text) for row, text in zip(rows, texts, strict=True)],
    )


def conduct_of_rows(model: SafetyModel, name: str, part: slice) -> dict[str, object]:
    """Measure a part of the rows in several registers, and of the texts to moderate; see `_HALVES`."""
    harmless, harmful, texts = (read_rows(f"{name}_{kind}")[part] for kind in ("harmless", "harmful", "moderation"))
    by_register: dict[str, object] = {
        register: preference(
            model,
            [(row[1], row[2]) for row in harmless if row[0] == register],
            [(row[1], row[3]) for row in harmless if row[0] == register],
        )
        for register in dict.fromkeys(row[0] for row in harmless)
    }
    conduct = conduct_figures(
        model,
        answers=[(row[1], row[2]) for row in harmless],
        needless=[(row[1], row[3]) for row in harmless],
        compliance=[(row[1], row[2]) for row in harmful],
        refusals=[(row[1], row[3]) for row in harmful],
    )
    moderation = preference(model, [("", row[2]) for row in texts], [("", row[1]) for row in texts])
    return {
        **conduct,
        "harmless_over_harmful_text": moderation,
        "answer_over_needless_refusal_by_register": by_register,
    }


def held_helpfulness(model: HelpfulnessModel) -> float:
    """Return how often the better answer of the rows that are held back scores higher."""
    rows = read_rows("held_helpful")
    better, worse = (model.score([row[1] for row in rows], [row[side] for row in rows]) for side in (2, 3))
    return round(statistics.fmean(good > bad for good, bad in zip(better, worse, strict=True)), 3)


def all_conduct(model: SafetyModel, xstest: Sequence[Path]) -> dict[str, object]:
    """Measure conduct on every set of rows that the model is not trained on."""
    figures: dict[str, object] = {name: conduct_of_rows(model, "new", half) for name, half in _HALVES.items()}
    figures["held_back"] = conduct_of_rows(model, "held", slice(None))
    figures.update({name: paired_conduct(model, name) for name in ("prose", "talk", "forms")})
    if xstest:
        figures["xstest"] = xstest_conduct(model, xstest)
    return figures


def main(options: Options) -> None:
    torch.set_num_threads(1)
    xstest = sorted(options.xstest.glob("xstest_v2_completions_*.csv")) if options.xstest else []
    kept = json.loads(options.out.read_text("utf-8")) if options.embedded_only and options.out.exists() else {}
    helpfulness, safety, figures = embedded_figures()
    results: dict[str, object] = {**kept, "machine": describe_machine(), "embedded": figures}
    results["embedded_conduct"] = all_conduct(safety, xstest)
    if xstest:
        results["xstest_embedded"] = safety_figures(safety, load_xstest(xstest))
    if options.hh is not None:
        pairs = load_pairs(options.hh)
        results["hh_rlhf_embedded"] = pair_figures(helpfulness, pairs)
        if not options.embedded_only:
            results["hh_rlhf_half"] = {f"seed {seed}": preference_figures(pairs, seed) for seed in options.seeds}
    if xstest and not options.embedded_only:
        for name, keep_partial in (("xstest_half", False), ("xstest_half_partial_refusals_unsafe", True)):
            results[name] = {
                f"seed {seed}": completion_figures(xstest, seed, keep_partial=keep_partial) for seed in options.seeds
            }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main(tyro.cli(Options))

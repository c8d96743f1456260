"""How good are the small reward models on data that they were not trained on, and what do they cost?

    python benchmarks/bench_reward_models.py --hh harmless-base-test.jsonl.gz --xstest FOLDER

Both are public data (docs/data.md). Three questions. The embedded models: held-out figures on generated data of unseen
kinds, CPU seconds of training, milliseconds per text. The same model trained on half of the hh-rlhf pairs, or of the
labelled XSTest completions (`xstest_v2_completions_*.csv` in FOLDER): figures on the other half. Halves never share a
prompt, and the ridge is chosen by cross-validation inside the training half. The test halves were never used to choose
anything as such, but they are not untouched: which features to use was decided by cross-validation on the training half
of seed 0 and, at first, on half of the data by another split, and both share rows with these test halves.
"""

from __future__ import annotations

import csv
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where the data are; without them, only the embedded models are measured."""

    hh: Path | None = None
    xstest: Path | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    out: Path = Path("benchmarks/results/reward_models.json")


def embedded_figures() -> dict[str, object]:
    figures: dict[str, object] = {}
    for name, fit in (("helpfulness", fit_helpfulness), ("safety", fit_safety)):
        start = time.process_time()
        model = fit()
        figures[name] = {**model.figures, "cpu_seconds_of_training": round(time.process_time() - start, 1)}
        if isinstance(model, HelpfulnessModel):
            balanced = balance_lengths(generate_pairs(600, split="test", seed=0), seed=0)
            figures["helpfulness_on_length_balanced_pairs"] = pair_figures(model, balanced)
            figures["milliseconds_per_text"] = milliseconds_per_text(model, balanced)
    return figures


def milliseconds_per_text(model: HelpfulnessModel, pairs: Sequence[PreferencePair]) -> float:
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


def conduct_figures(model: SafetyModel, files: Sequence[Path]) -> dict[str, float]:
    """Return how often what is better scores higher: answers and refusals of harmless and of unsafe prompts."""
    scores: dict[tuple[bool, bool], list[float]] = {}
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["final_label"] in {"1_full_compliance", "2_full_refusal"}:
                    what = row["type"].startswith("contrast_"), row["final_label"] == "2_full_refusal"
                    scores.setdefault(what, []).extend(model.score([row["prompt"]], [row["completion"]]))
    pairs = {
        "answer_over_needless_refusal": ((False, False), (False, True)),
        "refusal_over_unsafe_compliance": ((True, True), (True, False)),
        "answer_over_unsafe_compliance": ((False, False), (True, False)),
    }
    return {
        name: auc(scores[better] + scores[worse], [True] * len(scores[better]) + [False] * len(scores[worse]))
        for name, (better, worse) in pairs.items()
    }


def main(options: Options) -> None:
    torch.set_num_threads(1)
    results: dict[str, object] = {"machine": describe_machine(), "embedded": embedded_figures()}
    if options.hh is not None:
        pairs = load_pairs(options.hh)
        results["hh_rlhf_half"] = {f"seed {seed}": preference_figures(pairs, seed) for seed in options.seeds}
        results["hh_rlhf_embedded"] = pair_figures(fit_helpfulness(), pairs)
    if options.xstest is not None:
        files = sorted(options.xstest.glob("xstest_v2_completions_*.csv"))
        for name, keep_partial in (("xstest_half", False), ("xstest_half_partial_refusals_unsafe", True)):
            results[name] = {
                f"seed {seed}": completion_figures(files, seed, keep_partial=keep_partial) for seed in options.seeds
            }
        embedded = fit_safety()
        results["xstest_embedded"] = safety_figures(embedded, load_xstest(files))
        results["xstest_embedded_conduct"] = conduct_figures(embedded, files)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main(tyro.cli(Options))

"""The command line: `python -m reward_models train helpfulness|safety`, `evaluate`, `serve`."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import tyro

import reward_models
from reward_models.calibration import Calibration
from reward_models.embedded.fitting import fit_helpfulness, fit_safety
from reward_models.errors import RewardModelError
from reward_models.http.server import RewardModelServer
from reward_models.loading import load
from reward_models.models.trained import HelpfulnessModel, SafetyModel
from reward_models.models.transformer import TransformerScorer
from reward_models.training.backbone import TrainConfig, train_on_examples, train_on_pairs
from reward_models.training.data import (
    PreferencePair,
    SafetyExample,
    balance_lengths,
    load_pairs,
    load_safety,
    load_xstest,
    split_by_group,
)
from reward_models.training.figures import calibrated_on_pairs, pair_figures, safety_figures


@dataclass(frozen=True, kw_only=True)
class _Train:
    """Train a reward model and write it to a folder; without --backbone, a small linear model, in seconds."""

    kind: tyro.conf.Positional[Literal["helpfulness", "safety"]]
    """helpfulness is trained on preference pairs, safety on labelled responses."""
    out: Path
    """Folder to write; an older reward model there is replaced."""
    data: tuple[Path, ...] = ()
    """JSON lines (see docs/reward_models.md); XSTest completions as .csv for safety."""
    backbone: str | None = None
    """Hugging Face checkpoint, causal or classifying; without it, a linear model."""
    num_generated: int | None = None
    """Generated rows to add for a linear model; 1,500 unless there are data of your own, then none."""
    held_out: float = 0.1
    """Share of the conversations that training leaves out, for calibration, and for the figures of a backbone."""
    balance: bool = True
    """Whether pairs are dropped until length says nothing about the choice."""
    max_tokens: int | None = None
    """Longer inputs lose their beginning; the model's own limit, at most 8,192, if not given."""
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if not 0 < self.held_out < 1:
            raise ValueError(f"--held-out must lie between 0 and 1, got {self.held_out}.")
        if self.num_generated is not None and self.num_generated < 0:
            raise ValueError(f"--num-generated must be at least 0, got {self.num_generated}.")
        if self.out.exists() and not self.out.is_dir():
            raise ValueError(f"--out must be a folder, or where one can be made; {self.out} is a file.")

    def run(self) -> None:
        model = self._helpfulness() if self.kind == "helpfulness" else self._safety()
        model.save(self.out)
        _print_figures(model.figures)

    def _helpfulness(self) -> HelpfulnessModel:
        pairs = _load_all_pairs(self.data)
        pairs = balance_lengths(pairs, seed=self.train.seed) if self.balance else pairs
        if self.backbone is None:
            return fit_helpfulness(pairs, num_generated=self._num_generated(), held_out=self.held_out)
        scorer = self._scorer(self.backbone)
        held_out, training = split_by_group(pairs, share=self.held_out, seed=self.train.seed)
        train_on_pairs(scorer, training, self.train)
        model = calibrated_on_pairs(scorer, held_out)
        model.figures = pair_figures(model, held_out)
        return model

    def _safety(self) -> SafetyModel:
        rows = _load_all_examples(self.data)
        if self.backbone is None:
            return fit_safety(rows, num_generated=self._num_generated())
        scorer = self._scorer(self.backbone)
        held_out, training = split_by_group(rows, share=self.held_out, seed=self.train.seed)
        train_on_examples(scorer, training, self.train)
        model = SafetyModel(scorer, Calibration(clip=1.0))
        model.figures = safety_figures(model, held_out)
        return model

    def _scorer(self, backbone: str) -> TransformerScorer:
        return TransformerScorer.from_pretrained(backbone, max_tokens=self.max_tokens, seed=self.train.seed)

    def _num_generated(self) -> int:
        if self.num_generated is not None:
            return self.num_generated
        return 0 if self.data else 1500


@dataclass(frozen=True, kw_only=True)
class _Evaluate:
    """Print a model's figures on labelled data as JSON."""

    model: tyro.conf.Positional[str]
    """helpfulness, safety, or a folder."""
    data: tuple[Path, ...]
    """As for training."""

    def run(self) -> None:
        model = load(self.model)
        if isinstance(model, HelpfulnessModel):
            _print_figures(pair_figures(model, _load_all_pairs(self.data)))
        else:
            _print_figures(safety_figures(model, _load_all_examples(self.data)))


@dataclass(frozen=True, kw_only=True)
class _Serve:
    """Serve a model in the form of vLLM's /classify, until interrupted."""

    model: tyro.conf.Positional[str]
    """helpfulness, safety, or a folder."""
    host: str = "127.0.0.1"
    port: int = 8000
    max_waiting: int = 64
    """Requests that may wait for the model before others get 503."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"--port must lie in 0 to 65535, got {self.port}.")
        if self.max_waiting < 1:
            raise ValueError(f"--max-waiting must be at least 1, got {self.max_waiting}.")

    def run(self) -> None:
        model = load(self.model)
        with RewardModelServer(model, host=self.host, port=self.port, max_waiting=self.max_waiting) as server:
            print(f"{model.name} at {server.url}/classify", flush=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                print("stopped", file=sys.stderr)


def _check_files(paths: Sequence[Path]) -> None:
    missing = next((path for path in paths if not path.is_file()), None)
    if missing is not None:
        raise ValueError(f"--data {missing}: no such file. Give JSON lines, as docs/reward_models.md has them.")


def _load_all_pairs(paths: Sequence[Path]) -> list[PreferencePair]:
    _check_files(paths)
    return [pair for path in paths for pair in load_pairs(path)]


def _load_all_examples(paths: Sequence[Path]) -> list[SafetyExample]:
    _check_files(paths)
    csv = [path for path in paths if path.suffix == ".csv"]
    return [*load_xstest(csv), *(row for path in paths if path not in csv for row in load_safety(path))]


def _print_figures(figures: Mapping[str, float]) -> None:
    print(json.dumps(dict(figures), indent=2))


def _command(words: Sequence[str]) -> _Train | _Evaluate | _Serve:
    commands = {"train": _Train, "evaluate": _Evaluate, "serve": _Serve}
    if not words[0].startswith("-") and words[0] not in commands:
        close = difflib.get_close_matches(words[0], commands, n=1, cutoff=0.4)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"Unknown command {words[0]!r}.{hint} Known: {', '.join(commands)}.")
    description = "Train, evaluate and serve reward models."
    return tyro.extras.subcommand_cli_from_dict(
        commands, prog="python -m reward_models", description=description, args=words
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status.

    Raises:
        SystemExit: the arguments do not parse (2), or ask for help (0).
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        if words[0] == "--version":
            print(reward_models.__version__)
            return 0
        _command(words).run()
    except (RewardModelError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

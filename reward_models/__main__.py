"""The command line: `python -m reward_models train helpfulness|safety`, `evaluate`, `serve`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from reward_models.calibration import Calibration, fit_calibration
from reward_models.data import balance_lengths, load_pairs, load_safety, load_xstest, split_by_group
from reward_models.embedded import CLIP, fit_helpfulness, fit_safety
from reward_models.errors import RewardModelError
from reward_models.figures import pair_figures, safety_figures
from reward_models.helpfulness import HelpfulnessModel
from reward_models.loading import load
from reward_models.safety import SafetyModel
from reward_models.serve import RewardModelServer
from reward_models.train import TrainConfig, train_on_examples, train_on_pairs
from reward_models.transformer import TransformerScorer

_USAGE = """usage: python -m reward_models COMMAND ...

  train helpfulness --out FOLDER [--data FILE] [--backbone PATH] [flags]   from preference pairs
  train safety --out FOLDER [--data FILE] [--backbone PATH] [flags]        from labelled responses
  evaluate MODEL --data FILE                                               figures as JSON
  serve MODEL [--host HOST] [--port PORT]                                  in the form of vLLM's /classify

Without --backbone, train fits a small linear model in seconds. MODEL is helpfulness, safety, or a folder.
Add --help behind a command for its flags."""


@dataclass(frozen=True, kw_only=True)
class _Train:
    """Train a reward model and write it to a folder."""

    out: Path
    """Folder to write; an older reward model there is replaced."""
    data: tuple[Path, ...] = ()
    """JSON lines (see docs/reward_models.md); XSTest completions as .csv for safety."""
    backbone: str | None = None
    """Hugging Face checkpoint, causal or classifying; without it, a linear model."""
    num_generated: int | None = None
    """Generated rows to add for a linear model; 1,500 unless there are data of your own, then none."""
    held_out: float = 0.1
    """Share of the conversations that training leaves out, for figures and calibration of a backbone."""
    balance: bool = True
    """Whether pairs are dropped until length says nothing about the choice."""
    max_tokens: int | None = None
    """Longer inputs lose their beginning; the model's own limit, at most 8,192, if not given."""
    train: TrainConfig = field(default_factory=TrainConfig)


def _train_helpfulness(command: _Train) -> HelpfulnessModel:
    pairs = [pair for path in command.data for pair in load_pairs(path)]
    pairs = balance_lengths(pairs, seed=command.train.seed) if command.balance else pairs
    if command.backbone is None:
        return fit_helpfulness(pairs, num_generated=_num_generated(command))
    scorer = TransformerScorer.from_pretrained(command.backbone, max_tokens=command.max_tokens, seed=command.train.seed)
    held_out, training = split_by_group(pairs, share=command.held_out, seed=command.train.seed)
    train_on_pairs(scorer, training, command.train)
    texts = [*(pair.chosen for pair in held_out), *(pair.rejected for pair in held_out)]
    raw = scorer.raw_scores([pair.prompt for pair in held_out] * 2, texts)
    model = HelpfulnessModel(scorer, fit_calibration(raw.values, clip=CLIP))
    model.figures = pair_figures(model, held_out)
    return model


def _train_safety(command: _Train) -> SafetyModel:
    csv = [path for path in command.data if path.suffix == ".csv"]
    rows = [*load_xstest(csv), *(row for path in command.data if path not in csv for row in load_safety(path))]
    if command.backbone is None:
        return fit_safety(rows, num_generated=_num_generated(command))
    scorer = TransformerScorer.from_pretrained(command.backbone, max_tokens=command.max_tokens, seed=command.train.seed)
    held_out, training = split_by_group(rows, share=command.held_out, seed=command.train.seed)
    train_on_examples(scorer, training, command.train)
    model = SafetyModel(scorer, Calibration(clip=1.0))
    model.figures = safety_figures(model, held_out)
    return model


def _num_generated(command: _Train) -> int:
    if command.num_generated is not None:
        return command.num_generated
    return 0 if command.data else 1500


def _run_train(arguments: Sequence[str]) -> None:
    kinds: dict[str, Callable[[_Train], HelpfulnessModel | SafetyModel]] = {
        "helpfulness": _train_helpfulness,
        "safety": _train_safety,
    }
    if not arguments or arguments[0] not in kinds:
        raise ValueError(
            f"Expected one of {', '.join(kinds)} behind train, got {' '.join(arguments[:1]) or 'nothing'}."
        )
    command = tyro.cli(_Train, prog=f"python -m reward_models train {arguments[0]}", args=arguments[1:])
    model = kinds[arguments[0]](command)
    model.save(command.out)
    print(json.dumps(dict(model.figures), indent=2))


@dataclass(frozen=True, kw_only=True)
class _Evaluate:
    """Print a model's figures on labelled data as JSON."""

    model: tyro.conf.Positional[str]
    """helpfulness, safety, or a folder."""
    data: tuple[Path, ...]
    """As for training."""


def _run_evaluate(arguments: Sequence[str]) -> None:
    command = tyro.cli(_Evaluate, prog="python -m reward_models evaluate", args=arguments)
    model = load(command.model)
    if isinstance(model, HelpfulnessModel):
        figures = pair_figures(model, [pair for path in command.data for pair in load_pairs(path)])
    else:
        csv = [path for path in command.data if path.suffix == ".csv"]
        rows = [row for path in command.data if path not in csv for row in load_safety(path)]
        figures = safety_figures(model, [*load_xstest(csv), *rows])
    print(json.dumps(figures, indent=2))


@dataclass(frozen=True, kw_only=True)
class _Serve:
    """Serve a model until interrupted."""

    model: tyro.conf.Positional[str]
    """helpfulness, safety, or a folder."""
    host: str = "127.0.0.1"
    port: int = 8000
    max_waiting: int = 64
    """Requests that may wait for the model before others get 503."""


def _run_serve(arguments: Sequence[str]) -> None:
    command = tyro.cli(_Serve, prog="python -m reward_models serve", args=arguments)
    model = load(command.model)
    with RewardModelServer(model, host=command.host, port=command.port, max_waiting=command.max_waiting) as server:
        print(f"{model.name} at {server.url}/classify", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    command, *rest = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    commands = {"train": _run_train, "evaluate": _run_evaluate, "serve": _run_serve}
    if command in ("-h", "--help"):
        print(_USAGE)
        return 0
    try:
        if command not in commands:
            raise ValueError(f"Unknown command {command!r}. Known: {', '.join(commands)}.")
        commands[command](rest)
    except (RewardModelError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

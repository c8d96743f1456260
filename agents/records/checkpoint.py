"""Checkpoints that are either whole or absent, even after a power cut, and from which a run goes on bit for bit.

Layout of a run folder: `checkpoint` is a symbolic link to the newest of `checkpoints/PHASE-STEP/`, which holds an
ordinary Hugging Face model and tokenizer (so `from_pretrained("runs/NAME/checkpoint")` works), `learner.pt`
(critic, optimizer, torch's generator), `env_state.pickle`, `state.json`, and `reference-PHASE-STEP.pt` where a KL
penalty has a reference: written once and linked from then on, until it is renewed. Where adapters are trained, the
model's file holds those alone and names the model that they are for. Moving the link is the atomic step.
`best` is a link of the same kind to the checkpoint with the best evaluation.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from agents.errors import CheckpointError
from agents.learner import Learner

__all__ = [
    "Retention",
    "check_readable",
    "load_env_state",
    "load_learner_state",
    "load_state",
    "save_checkpoint",
    "save_policy",
    "save_state",
]

_STATE = "state.json"


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Which checkpoints stay beside the one that is being written."""

    names: Collection[str] = ()
    best: str | None = None
    """The name of the one that the link `best` leads to; it stays, too."""


def save_checkpoint(
    folder: Path,
    name: str,
    *,
    phase: str,
    model: Any,
    tokenizer: Any,
    learner: Learner | None,
    env_state: object,
    state: Mapping[str, Any],
    retention: Retention,
) -> None:
    """Write `folder/checkpoints/name`, move `folder/checkpoint` to it, and delete those that need not stay.

    Args:
        folder: the run's.
        phase: whose reference the learner has.
        name: of the new checkpoint; nothing is written when the current one has this name already.
        model: saved with `save_pretrained`, the tokenizer beside it.
        learner: its `state_dict` goes to `learner.pt`; None after an evaluation.
        env_state: of the training environment, picklable; None where there is none.
        state: JSON values: where the run stands.
        retention: which others stay.
    """
    if _current(folder) == name:
        return
    draft = _new_draft(folder, name)
    model.save_pretrained(draft)
    tokenizer.save_pretrained(draft)
    torch.save({"learner": learner and learner.state_dict(), "torch_rng": torch.get_rng_state()}, draft / "learner.pt")
    if learner is not None and learner.reference_step is not None:
        file = draft / f"reference-{phase}-{learner.reference_step:06d}.pt"
        _save_reference(learner, file, folder / "checkpoint")
    (draft / "env_state.pickle").write_bytes(pickle.dumps(env_state))
    _publish(folder, draft, name, state, retention)


def _save_reference(learner: Learner, file: Path, newest: Path) -> None:
    if (newest / file.name).exists():
        _link(str(newest / file.name), str(file))
    else:
        torch.save(learner.reference_state(), file)


def save_state(folder: Path, name: str, state: Mapping[str, Any], *, retention: Retention) -> None:
    """Make a checkpoint out of the current one and another `state`: nothing else has changed since.

    The files are shared with the current checkpoint where the file system can (hard links).
    """
    if _current(folder) == name:
        return
    draft = _new_draft(folder, name)
    shutil.copytree(folder / "checkpoint", draft, ignore=shutil.ignore_patterns(_STATE), copy_function=_link)
    _publish(folder, draft, name, state, retention)


def _current(folder: Path) -> str | None:
    """Return the name of the newest checkpoint."""
    link = folder / "checkpoint"
    return link.resolve().name if link.exists() else None


def _new_draft(folder: Path, name: str) -> Path:
    draft = folder / "checkpoints" / f"{name}.draft"
    draft.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(draft, ignore_errors=True)
    return draft


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # the file system has no hard links
        shutil.copy2(source, target)


def _publish(folder: Path, draft: Path, name: str, state: Mapping[str, Any], retention: Retention) -> None:
    """Put a draft on disk, give it its name and the link, and delete what need not stay."""
    (draft / _STATE).write_text(json.dumps(state, indent=2), encoding="utf-8")
    _sync_tree(draft)
    checkpoints, final = draft.parent, draft.with_name(name)
    _delete(final)
    draft.rename(final)
    _sync(checkpoints)
    _point(folder / "checkpoint", final)
    if retention.best is not None:
        _point(folder / "best", checkpoints / retention.best)
    _sync(folder)
    for other in checkpoints.iterdir():
        if other.name not in {name, retention.best, *retention.names}:
            _delete(other)


def _delete(checkpoint: Path) -> None:
    """Delete a checkpoint under another name, so that no half of one bears the name of a whole."""
    if checkpoint.exists():
        doomed = checkpoint.with_suffix(".old")
        if doomed != checkpoint:
            shutil.rmtree(doomed, ignore_errors=True)
        shutil.rmtree(checkpoint.rename(doomed))


def save_policy(folder: Path, model: Any, tokenizer: Any) -> None:
    """Write an ordinary Hugging Face folder, and wait until it is on disk and has its name."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _sync_tree(folder)
    _sync(folder.parent)


def load_state(folder: Path) -> dict[str, Any] | None:
    """Return the `state` of the newest checkpoint, or None where there is none yet.

    Raises:
        CheckpointError: the checkpoint is not one of ours.
    """
    link = folder / "checkpoint"
    if not link.exists():
        return None
    try:
        return json.loads((link / _STATE).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise CheckpointError(
            f"{link} is no checkpoint of a run: {error}. Start afresh without --resume, or point to another folder."
        ) from error


def check_readable(folder: Path) -> None:
    """Look into the files of the newest checkpoint that are needed only later, without loading the tensors.

    Raises:
        CheckpointError: one of them is damaged.
    """
    with _reading(folder / "checkpoint" / "learner.pt") as path:
        saved = torch.load(path, weights_only=True, mmap=True)
    if saved["learner"] and saved["learner"]["reference_step"] is not None:
        with _reading(_reference_file(folder / "checkpoint")) as path:
            torch.load(path, weights_only=True, mmap=True)
    load_env_state(folder)


def load_learner_state(folder: Path, learner: Learner) -> None:
    """Restore optimizer, critic, reference and torch's generator; the model's weights come with the policy.

    Raises:
        CheckpointError: the file is damaged, or holds the state of another learner.
    """
    with _reading(folder / "checkpoint" / "learner.pt") as path:
        saved = torch.load(path, weights_only=True)
        has_reference = saved["learner"]["reference_step"] is not None
        reference = torch.load(_reference_file(path.parent), weights_only=True) if has_reference else None
        learner.load_state_dict(saved["learner"], reference)
        torch.set_rng_state(saved["torch_rng"])


def _reference_file(checkpoint: Path) -> Path:
    """Return the one file of a reference in a checkpoint that has one."""
    return next(iter(checkpoint.glob("reference-*.pt")), checkpoint / "reference-PHASE-STEP.pt")


def load_env_state(folder: Path) -> Any:
    """Return the environment's state in the newest checkpoint. A pickle: resume only from folders that you trust.

    Raises:
        CheckpointError: the file is damaged.
    """
    with _reading(folder / "checkpoint" / "env_state.pickle") as path:
        return pickle.loads(path.read_bytes())


@contextmanager
def _reading(path: Path) -> Generator[Path]:
    """Name the file that cannot be read; a damaged one raises whatever its bytes happen to mean."""
    try:
        yield path
    except Exception as error:
        raise CheckpointError(
            f"{path} cannot be read ({type(error).__name__}: {error}). Point the link {path.parent} to another folder "
            "of checkpoints/, if one was kept, or start again without --resume."
        ) from error


def _point(link: Path, target: Path) -> None:
    """Make `link` a relative symbolic link to `target` in one atomic step."""
    draft = link.with_name(link.name + ".draft")
    draft.unlink(missing_ok=True)
    draft.symlink_to(os.path.relpath(target, link.parent))
    draft.replace(link)


def _sync_tree(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        _sync(path)


def _sync(path: Path) -> None:
    """Wait until a file is on disk, or the names that a folder holds: renaming alone is forgotten in a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""`tasks.json`: which tasks a run was started with, so that it never goes on with others under the same name."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, cast

from agents.config import SampleList
from agents.errors import CheckpointError
from reasonenv.tasksets import TaskList, TaskSet, describe, spread_indices

__all__ = ["digest", "require_same_tasks", "write_tasks"]

_NUM_READ = 16
"""Tasks of a set that is not in memory, which may be endless: another seed, size or difficulty changes most of them."""


def write_tasks(folder: Path, tasks: Mapping[str, TaskSet | SampleList]) -> None:
    """Write `tasks.json` into the run's folder; it is whole or absent.

    Args:
        folder: of the run.
        tasks: what is trained on and what is evaluated on, by use.
    """
    draft = folder / "tasks.json.draft"
    draft.write_text(json.dumps({use: _row(used) for use, used in tasks.items()}, indent=2), encoding="utf-8")
    draft.replace(folder / "tasks.json")


def require_same_tasks(folder: Path, tasks: Mapping[str, TaskSet | SampleList]) -> None:
    """Check that a run goes on with the tasks that it was started with.

    Raises:
        CheckpointError: they have changed since, with what was and what is; or nobody knows what they were.
    """
    path, now = folder / "tasks.json", {use: _row(used) for use, used in tasks.items()}
    try:
        written = {use: dict(row) for use, row in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise CheckpointError(
            f"{path} does not say which tasks the run was started with ({type(error).__name__}: {error}). Restore it, "
            "or start the run again."
        ) from error
    changed = [use for use in now if now[use] != written.get(use)]
    if changed:
        raise CheckpointError(
            f"The tasks of {folder} have changed since it was started: "
            + "; ".join(_difference(use, written.get(use, {}), now[use]) for use in changed)
            + ". Resume it with the tasks of then, or start a run under another --name."
        )


def _difference(use: str, was: Mapping[str, Any], now: Mapping[str, str]) -> str:
    before, after = was.get("tasks", "unknown"), now["tasks"]
    return f"{use} was on {before}, now " + ("on the same number of others" if before == after else f"on {after}")


def _row(tasks: TaskSet | SampleList) -> dict[str, str]:
    if isinstance(tasks, SampleList):
        return {"tasks": f"{len(tasks)} samples", "digest": tasks.sha256}
    return {"tasks": describe(tasks), "digest": digest(tasks)}


def digest(tasks: TaskSet) -> str:
    """Return a hash of all that tasks hold, in their order; of a set that is not in memory, of some of them."""
    is_in_memory = isinstance(tasks, TaskList)
    indices = range(len(tasks)) if is_in_memory else spread_indices(len(tasks), _NUM_READ)
    found = hashlib.blake2b(f"{tasks.split} {len(tasks)}".encode(), digest_size=16)
    for index in indices:
        found.update(json.dumps(_content(tasks[index]), sort_keys=True).encode())
    return found.hexdigest()


def _content(value: Any) -> Any:
    """Return JSON values that are the same in every process; of what holds no plain values, only the type counts."""
    if value is None or isinstance(value, (str, float)):
        return value
    if isinstance(value, int):
        return hex(value)  # unlike the decimal digits of an integer, which Python limits
    if isinstance(value, Mapping):
        return {str(key): _content(entry) for key, entry in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, Set):
        return sorted(json.dumps(_content(entry), sort_keys=True) for entry in cast("Set[Any]", value))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_content(entry) for entry in cast("Sequence[Any]", value)]
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else ()
    return [type(value).__qualname__, {field.name: _content(getattr(value, field.name)) for field in fields}]

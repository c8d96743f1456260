"""The responses of an evaluation in a file, each saved as it comes, so that a killed one goes on where it was.

`FILE.jsonl` has a line for each response; `FILE.settings.json` beside it says how they were made. While responses come,
lines are in the order of arrival and without scores; in the end they are written anew, by task and sample, with them.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from reasonenv.errors import RecordingError
from reasonenv.evaluation.samples import Sample, read_samples, sample_line, write_samples

__all__ = ["Recording", "held_alone", "read_settings", "replace_samples", "settings_path", "write_settings"]

_TELLING_WHERE = ("tasks.path", "tasks.split", "tasks.num_tasks", "num_samples_source", "policy.checkpoint")
"""Settings of which hashes and numbers tell whether they make a difference."""
_HELD = "Another process is writing to {path}: wait until it ends, or name another file by --out."


def settings_path(path: Path) -> Path:
    """Return where the settings of a file of responses are.

    >>> settings_path(Path("runs/eval/aime.jsonl")).name
    'aime.settings.json'
    """
    return path.with_name(f"{path.name.removesuffix('.jsonl')}.settings.json")


def read_settings(path: Path) -> dict[str, Any]:
    """Return how the responses in a file were made.

    Raises:
        RecordingError: there are no settings, or they cannot be read.
    """
    place = settings_path(path)
    try:
        settings = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path} has no readable settings beside it ({place.name}): {error}") from error
    if not isinstance(settings, dict):
        raise RecordingError(f"{place}: expected an object with settings, got {type(settings).__name__}.")
    return cast("dict[str, Any]", settings)


@contextmanager
def held_alone(path: Path) -> Generator[None]:
    """Keep other processes from writing to a file of responses; the lock goes with the process, however it ends.

    Args:
        path: of the file; it is made where it is not there.

    Raises:
        RecordingError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RecordingError(_HELD.format(path=path)) from error
        if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise RecordingError(_HELD.format(path=path))  # it was put in its place since it was opened
        yield


class Recording:
    """An open file of responses.

    Args:
        path: of the file; it is made, or gone on with where it is there.
        settings: JSON values that decide which responses come.

    Raises:
        RecordingError: the file holds responses that were made with other settings, or anything else.
        TaskDataError: a line of it is no sample.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        is_begun = path.exists() and path.stat().st_size > 0
        if is_begun and not settings_path(path).exists():
            raise RecordingError(f"{path} is there already, without the settings of an evaluation: name another --out.")
        if is_begun:
            _require_same(read_settings(path), json.loads(json.dumps(settings)), path)
        write_settings(path, settings)
        path.touch()
        _cut_torn_line(path)
        self.samples: dict[tuple[str, int], Sample] = {}
        """What is there, by task id and number."""
        for sample in read_samples(path):
            self.samples.setdefault(sample.key, sample)

    def keep(self, sample: Sample) -> None:
        """Append a sample and wait until it is on the disk."""
        self.samples[sample.key] = sample
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(sample_line(sample))
            file.flush()
            os.fsync(file.fileno())

    def rewrite(self, samples: Sequence[Sample]) -> None:
        """Put these samples into the file, all of them or, if this is interrupted, none."""
        replace_samples(self.path, samples)


def replace_samples(path: Path, samples: Sequence[Sample]) -> None:
    """Write samples so that the file holds them all, or what it held before."""
    draft = _draft_of(path)
    write_samples(draft, samples)
    _put(draft, path)


def write_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings of a file of responses beside it, whole or not at all."""
    place = settings_path(path)
    draft = _draft_of(place)
    draft.write_text(f"{json.dumps(settings, indent=2, ensure_ascii=False)}\n", encoding="utf-8")
    _put(draft, place)


def _draft_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.draft")


def _put(draft: Path, path: Path) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)


def _cut_torn_line(path: Path) -> None:
    """Remove the end of a line that was being written when its writer was killed."""
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def _require_same(there: Mapping[str, Any], here: Mapping[str, Any], path: Path) -> None:
    old, new = dict(_flat(there)), dict(_flat(here))
    differing = [name for name in {**old, **new} if name not in _TELLING_WHERE and old.get(name) != new.get(name)]
    if differing:
        shown = "; ".join(f"{name} {old.get(name)!r} there, {new.get(name)!r} here" for name in differing)
        raise RecordingError(
            f"{path} holds responses made with other settings ({shown}). Name another file by --out; to score "
            f"the same responses anew, use: python -m reasonenv eval rescore {path} --reward NAME."
        )


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Sequence[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in settings.items():
        is_part = isinstance(value, Mapping) and value
        part = cast("Mapping[str, Any]", value)
        found += _flat(part, f"{prefix}{name}.") if is_part else [(f"{prefix}{name}", value)]
    return found

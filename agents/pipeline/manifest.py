"""What has been made, of what, and with which content: `stage.json` in each stage's folder, `manifest.json` over all.

A stage is done where its folder bears its name, for that is given last. Seconds are recorded and compared by nobody.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import agents
from agents.config import to_json
from agents.errors import CheckpointError, ConfigError
from agents.pipeline.artefacts import ARTEFACTS, Artefact, content_hash, write_json
from agents.pipeline.stage import Stage
from reasonenv.evaluation.command.running import tasks_hash
from reasonenv.tables import resolve
from reasonenv.tasksets import TaskSet

__all__ = ["Record", "described", "read_record", "record_of", "stage_key", "write_manifest", "write_record"]

_FILE = "stage.json"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What `stage.json` says of a finished stage."""

    name: str
    key: str
    """Hash of all that the outcome depends on: settings, seed, versions, the content of the inputs."""
    config: Any
    inputs: Mapping[str, Mapping[str, str]]
    """Own name → {"artefact": "base/checkpoint", "sha256": …}."""
    outputs: Mapping[str, Mapping[str, str]]
    """Name → {"kind": "samples", "path": "samples.jsonl", "sha256": …}."""
    seconds: float

    def artefacts(self, folder: Path) -> dict[str, Artefact]:
        """Return the outputs as they lie in the stage's folder."""
        return {name: ARTEFACTS[entry["kind"]](folder / entry["path"]) for name, entry in self.outputs.items()}

    def is_intact(self, folder: Path) -> bool:
        """Return whether every output is still what was written."""
        artefacts = self.artefacts(folder)
        return all(
            artefacts[name].path.exists() and artefacts[name].sha256 == entry["sha256"]
            for name, entry in self.outputs.items()
        )


def stage_key(stage: Stage, *, seed: int, inputs: Mapping[str, Artefact]) -> str:
    """Return the hash of what a stage's outcome depends on.

    Files, models and task sets among its settings count by their content, functions and classes of the user's own by
    their text.

    Raises:
        ConfigError: a setting that cannot be written down, such as a lambda.
    """
    parts: dict[str, Any] = {
        "class": f"{type(stage).__module__}:{type(stage).__qualname__}",
        "config": described(stage),
        "seed": seed,
        "version": agents.__version__,
        "inputs": {name: artefact.sha256 for name, artefact in sorted(inputs.items())},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


_SOURCES = ("tasks", "samples", "path", "start", "teacher", "critic")
"""Settings that may be the path of a file or of a folder."""
_PART = re.compile(r"([^\W\d]\w*)(?:\.\w+)*:[^\W\d][\w.]*")
_PACKAGES = ("agents", "reasonenv", "reward_models")
"""Whose code counts by its version."""


def described(value: Any, name: str = "stage") -> Any:
    """Return a stage or a part of its settings as JSON values."""
    if isinstance(value, TaskSet):
        tasks = [value[index] for index in range(len(value))]
        return {"tasks": value.name, "split": value.split, "sha256": tasks_hash(tasks)}
    if isinstance(value, str | Path) and name.rpartition(".")[2] in _SOURCES and Path(value).exists():
        return {"file": Path(value).name, "sha256": content_hash(Path(value))}
    if is_dataclass(value) and not isinstance(value, type):
        own = {entry.name: described(getattr(value, entry.name), f"{name}.{entry.name}") for entry in fields(value)}
        return {"class": f"{type(value).__module__}:{type(value).__qualname__}", **_source(type(value)), **own}
    if isinstance(value, Mapping):
        entries = cast("Mapping[Any, Any]", value)
        return {str(key): described(entry, f"{name}.{key}") for key, entry in entries.items()}
    if isinstance(value, tuple | list):
        return [described(entry, name) for entry in cast("Sequence[Any]", value)]
    found = to_json(value)
    if isinstance(found, dict) and "not_importable" in found:
        raise ConfigError(
            f"{name} is {value!r:.80}, which cannot be written down, so that nobody could tell whether the stage has "
            "changed. Give a name, a path, a frozen dataclass, or something that stands in a module."
        )
    return _named(found, name) if isinstance(found, str) else found


def _named(text: str, name: str) -> Any:
    """Return a setting that is a text; a part of the user's own that it names has more to it than its name."""
    found = _PART.fullmatch(text)
    if found is None or found[1] in _PACKAGES or find_spec(found[1]) is None:
        return text
    part = resolve({}, text, kind=name)
    if is_dataclass(part) and not isinstance(part, type):
        return {"part": text, **described(part, name)}
    return {"part": text, **_source(part)} if isinstance(part, type | FunctionType) else text


def _source(part: Callable[..., Any]) -> dict[str, str]:
    """Return the hash of the text of a class or function of the user's own: with another text it is another one."""
    if part.__module__.partition(".")[0] in _PACKAGES:
        return {}
    try:
        text = inspect.getsource(part)
    except (OSError, TypeError) as error:
        raise ConfigError(
            f"The text of {part.__qualname__} cannot be read ({error}): write it into a module."
        ) from error
    return {"source": hashlib.sha256(text.encode()).hexdigest()}


def record_of(
    stage: Stage,
    key: str,
    *,
    inputs: Mapping[str, Artefact],
    outputs: Mapping[str, Artefact],
    folder: Path,
    seconds: float,
) -> Record:
    """Return the record of a stage that has just run in `folder`.

    Raises:
        ConfigError: what the stage returned are no artefacts by name.
        CheckpointError: an output lies elsewhere.
    """
    kinds = {kind: name for name, kind in ARTEFACTS.items()}
    if not isinstance(outputs, Mapping) or not all(type(each) in kinds for each in outputs.values()):  # pyright: ignore[reportUnnecessaryIsInstance] of the user's
        raise ConfigError(
            f"Stage {stage.name!r} must return its artefacts by name, such as {{'samples': SampleFile(path)}}, of "
            f"Checkpoint, SampleFile or Report; got {outputs!r:.80}."
        )
    for name, artefact in outputs.items():
        if not artefact.path.is_relative_to(folder):
            raise CheckpointError(f"Output {name!r} of stage {stage.name!r} must lie in {folder}, got {artefact.path}.")
    return Record(
        name=stage.name,
        key=key,
        config=described(stage),
        inputs={name: {"artefact": stage.inputs[name], "sha256": artefact.sha256} for name, artefact in inputs.items()},
        outputs={
            name: {
                "kind": kinds[type(artefact)],
                "path": artefact.path.relative_to(folder).as_posix(),
                "sha256": artefact.sha256,
            }
            for name, artefact in outputs.items()
        },
        seconds=round(seconds, 2),
    )


def write_record(folder: Path, record: Record) -> None:
    """Write `stage.json`."""
    write_json(folder / _FILE, asdict(record))


def read_record(folder: Path) -> Record | None:
    """Return the record of the stage whose folder this is; None where it has not been finished.

    Raises:
        CheckpointError: the file is damaged.
    """
    path = folder / _FILE
    if not path.is_file():
        return None
    try:
        record = Record(**json.loads(path.read_text(encoding="utf-8")))
        _read_all(record, folder)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): delete the folder {folder} to make it again.") from error
    return record


def _read_all(record: Record, folder: Path) -> None:
    """Read every part once, so that what was edited by hand fails here."""
    record.artefacts(folder)
    for entry in (*record.inputs.values(), *record.outputs.values()):
        entry["sha256"].encode()
    math.floor(record.seconds)


def write_manifest(output_dir: Path, *, pipeline: str, seed: int, names: Iterable[str]) -> dict[str, Any]:
    """Write and return `manifest.json`: every finished stage with its key, its inputs, its outputs and its seconds."""
    stages: dict[str, Any] = {}
    for name in names:
        record = read_record(output_dir / name)
        if record is not None:
            stages[name] = {
                "key": record.key,
                "inputs": {own: entry["sha256"] for own, entry in record.inputs.items()},
                "outputs": {own: entry["sha256"] for own, entry in record.outputs.items()},
                "seconds": record.seconds,
            }
    manifest = {"pipeline": pipeline, "seed": seed, "version": agents.__version__, "stages": stages}
    write_json(output_dir / "manifest.json", manifest)
    return manifest

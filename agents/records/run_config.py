"""`config.json`: what a run was started with. It is read back to resume the run, and says what may change then."""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from agents.algorithms import ALGORITHMS, Algorithm
from agents.config import RunConfig, to_json
from agents.errors import CheckpointError
from reasonenv.tables import resolve
from reasonenv.tasksets import path_of_tasks

__all__ = ["from_json", "read_config", "require_resumable", "write_config"]

_CHANGEABLE = {"name", "output_dir", "checkpoint_every", "keep_checkpoints", "rl.max_sampler_difference"}
"""Fields that no number depends on. A run is where its folder is, whatever it was called."""
_NUM_STEPS, _SCHEDULE = "rl.num_steps", "rl.optimizer.schedule"
_MISSING = "absent"
_NOT_IMPORTABLE = "not_importable"


def write_config(config: RunConfig) -> None:
    """Write `config.json` into the run's folder; it is whole or absent."""
    draft = config.folder / "config.json.draft"
    draft.write_text(json.dumps(_recorded(config), indent=2), encoding="utf-8")
    draft.replace(config.folder / "config.json")


def read_config(folder: Path) -> RunConfig:
    """Return the configuration of the run in `folder`, placed where the folder is now.

    Raises:
        CheckpointError: there is no `config.json`, or it does not describe a run of this version.
    """
    config = from_json(RunConfig, _read(folder))
    return dataclasses.replace(config, name=folder.resolve().name, output_dir=folder.resolve().parent)


def require_resumable(config: RunConfig) -> None:
    """Check that a run goes on from `config.folder` as it would have gone on under its first configuration.

    Raises:
        CheckpointError: a field differs that must not, with what was and what is.
    """
    written, now = _flat(_read(config.folder)), _flat(_recorded(config))
    changed = [name for name in {**written, **now} if written.get(name, _MISSING) != now.get(name, _MISSING)]
    is_extended = all(isinstance(steps.get(_NUM_STEPS), int) for steps in (written, now)) and (
        now[_NUM_STEPS] > written[_NUM_STEPS]
    )
    if is_extended and now[_SCHEDULE] != "constant":
        raise CheckpointError(
            f"{_NUM_STEPS} cannot go from {written[_NUM_STEPS]} to {now[_NUM_STEPS]}: with {_SCHEDULE}="
            f"{now[_SCHEDULE]!r} every learning rate depends on the number of steps, so the longer run would have been "
            "another one from the start. Start it under another --name."
        )
    allowed = _CHANGEABLE | ({_NUM_STEPS} if is_extended else set())
    refused = [name for name in changed if name not in allowed]
    if refused:
        differences = "; ".join(
            f"{name} was {written.get(name, _MISSING)!r}, now {now.get(name, _MISSING)!r}" for name in refused
        )
        raise CheckpointError(
            f"{config.folder} was written by another configuration: {differences}. Resume with the same settings (only "
            f"{_NUM_STEPS} may grow; checkpoint_every, keep_checkpoints and rl.max_sampler_difference may change), or "
            "start a run under another --name."
        )


def _recorded(config: RunConfig) -> Any:
    """Return the configuration as JSON values, with the paths that lead to its files from any current folder."""
    policy, env, evaluation = config.policy, config.env, config.evaluation
    if policy.path is not None and Path(policy.path).is_dir():
        policy = dataclasses.replace(policy, path=str(Path(policy.path).absolute()))
    if (path := path_of_tasks(env.tasks)) is not None:
        env = dataclasses.replace(env, tasks=str(path.absolute()))
    if (path := path_of_tasks(evaluation.tasks)) is not None:
        evaluation = dataclasses.replace(evaluation, tasks=str(path.absolute()))
    return to_json(dataclasses.replace(config, policy=policy, env=env, evaluation=evaluation))


def _read(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise CheckpointError(f"{folder} is no folder of a run: it has no config.json. Give the folder of a run.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged: {error}. Restore it, or start the run again.") from error
    if not isinstance(content, dict) or cast("dict[str, Any]", content).get("class") != RunConfig.__name__:
        raise CheckpointError(
            f"{folder} is no folder of a run: its config.json is not that of a run. Give the folder of a run, which "
            "holds checkpoint and checkpoints."
        )
    return cast("dict[str, Any]", content)


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Return the leaves of nested objects and lists under dotted names."""
    entries: dict[str, Any] = {}
    if isinstance(value, Mapping):
        entries = dict(cast("Mapping[str, Any]", value))
    elif isinstance(value, list):
        entries = {str(index): entry for index, entry in enumerate(cast("list[Any]", value))}
    if not entries:
        return {prefix: value}
    names = {f"{prefix}.{name}" if prefix else name: entry for name, entry in entries.items()}
    return {leaf: end for name, entry in names.items() for leaf, end in _flat(entry, name).items()}


def from_json(kind: Any, value: Any, *, name: str = "") -> Any:
    """Return the object of type `kind` that `to_json` made `value` of; nothing is converted and nothing left out.

    Args:
        kind: a dataclass, or what its fields are annotated with.
        value: JSON values.
        name: the dotted path to `value`, for messages.

    Raises:
        CheckpointError: a value of another type, or a field that is unknown or missing.
    """
    origin = get_origin(kind)
    _refuse_object_in_memory(value, name)
    if kind is Algorithm:
        found = [resolve(ALGORITHMS, own, kind="algorithm") for own in ALGORITHMS]
        classes = [part for part in found if isinstance(part, type)]
        return _from_object(_class_of(value, classes, name), value, name)
    if origin in (Union, types.UnionType):
        return _from_union(kind, value, name)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _from_object(kind, value, name)
    if origin is tuple and isinstance(value, list):
        kinds: Sequence[Any] = get_args(kind)
        entries = cast("list[Any]", value)
        if kinds[-1] is Ellipsis:
            kinds = [kinds[0]] * len(entries)
        if len(kinds) == len(entries):
            return tuple(
                from_json(kind, entry, name=f"{name}.{index}")
                for index, (kind, entry) in enumerate(zip(kinds, entries, strict=True))
            )
    if origin in (dict, Mapping) and isinstance(value, Mapping):
        named = cast("Mapping[str, Any]", value)
        return {key: from_json(get_args(kind)[1], entry, name=f"{name}.{key}") for key, entry in named.items()}
    if kind is Any or (origin is Literal and value in get_args(kind)) or _is_plain(kind, value):
        plain: Any = value
        return float(plain) if kind is float else Path(plain) if kind is Path else plain
    raise CheckpointError(f"config.json: {name} must be {inspect.formatannotation(kind)}, got {value!r:.80}.")


def _refuse_object_in_memory(value: Any, name: str) -> None:
    values = cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
    if _NOT_IMPORTABLE in values:
        raise CheckpointError(
            f"config.json: {name} was an object in memory ({values[_NOT_IMPORTABLE]}), which a file cannot hold. "
            'Resume from Python with the same object, train(config, resume=True); a "module:attribute" can be written.'
        )


def _is_plain(kind: Any, value: Any) -> bool:
    """Return whether a value is just of this type; JSON writes a whole float as it likes, and a path as text."""
    accepted = {float: (float, int), Path: (str,), type(None): (type(None),)}
    return type(value) in accepted.get(kind, (kind,))


def _from_union(kind: Any, value: Any, name: str) -> Any:
    """Take the member that fits: a dataclass by the name of its class, anything else by its type."""
    members = [member for member in get_args(kind) if not dataclasses.is_dataclass(member)]
    classes: list[Any] = [member for member in get_args(kind) if dataclasses.is_dataclass(member)]
    if isinstance(value, Mapping) and "class" in value:
        return _from_object(_class_of(cast("Mapping[str, Any]", value), classes, name), value, name)
    for member in members:
        try:
            return from_json(member, value, name=name)
        except CheckpointError:
            continue
    raise CheckpointError(f"config.json: {name} must be {inspect.formatannotation(kind)}, got {value!r:.80}.")


def _class_of(values: Mapping[str, Any], classes: Sequence[Any], name: str) -> Any:
    """Return the class that an object names: one of these, or "module:attribute" of the user's own."""
    written = str(values.get("class"))
    known = {own.__name__: f"{own.__module__}:{own.__qualname__}" for own in classes}
    found = resolve(known, written, kind=f"class of {name} in config.json")
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise CheckpointError(f"config.json: {name} must be a dataclass, but {written!r} is none.")
    return found


def _from_object(kind: type, value: Any, name: str) -> Any:
    where = name or "config.json"
    if not isinstance(value, Mapping):
        raise CheckpointError(f"config.json: {where} must be a {kind.__name__}, got {value!r:.80}.")
    values = dict(cast("Mapping[str, Any]", value))
    written = values.pop("class", _MISSING)
    if written not in (kind.__name__, f"{kind.__module__}:{kind.__qualname__}"):
        raise CheckpointError(f"config.json: {where} must be a {kind.__name__}, not {written!r}.")
    hints = get_type_hints(kind)
    expected = [entry.name for entry in dataclasses.fields(kind) if entry.init]
    unknown, missing = values.keys() - set(expected), set(expected) - values.keys()
    if unknown or missing:
        raise CheckpointError(
            f"config.json: {where} has "
            + " and ".join(
                f"{word} {', '.join(sorted(fields))}"
                for word, fields in (("unknown", unknown), ("no", missing))
                if fields
            )
            + ": it was written by another version. Start the run again."
        )
    prefix = f"{name}." if name else ""
    return kind(**{field: from_json(hints[field], values[field], name=f"{prefix}{field}") for field in expected})

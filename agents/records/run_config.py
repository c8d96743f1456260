"""`config.json`: what a run was started with. It is read back to resume the run, and says what may change then."""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from agents.algorithms import ALGORITHMS, Algorithm
from agents.config import EnvConfig, EvaluationConfig, Phase, RunConfig, SFTConfig, to_json
from agents.errors import CheckpointError
from reasonenv.tables import resolve
from reasonenv.tasksets import path_of_tasks

__all__ = ["from_json", "read_config", "require_resumable", "write_config"]

_CHANGEABLE = {"name", "output_dir", "checkpoint_every", "keep_checkpoints"}
"""Fields that no number depends on, like `max_sampler_difference` of phases. A run is where its folder is, whatever it
was called."""
_WithTasks = TypeVar("_WithTasks", EnvConfig, EvaluationConfig)
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
    written, now = _flat(_by_name(_read(config.folder))), _flat(_by_name(_recorded(config)))
    changed = [name for name in {**written, **now} if written.get(name, _MISSING) != now.get(name, _MISSING)]
    allowed = _CHANGEABLE | {f"{phase.name}.max_sampler_difference" for phase in config.rl_phases}
    may_grow = None
    if config.extensible is not None:
        may_grow = f"{config.extensible[1].name}.num_steps"
        allowed |= _grown(may_grow, written, now)
    refused = [name for name in changed if name not in allowed]
    if refused:
        differences = "; ".join(
            f"{name} was {written.get(name, _MISSING)!r}, now {now.get(name, _MISSING)!r}" for name in refused
        )
        raise CheckpointError(
            f"{config.folder} was written by another configuration: {differences}. Resume with the same settings ("
            + (f"only {may_grow} may grow; " if may_grow else "")
            + "checkpoint_every, keep_checkpoints and max_sampler_difference may change), or start a run under another "
            "--name."
        )


def _grown(num_steps: str, written: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    """Return the setting of a number of steps where it may grow and has grown."""
    if (
        not all(isinstance(steps.get(num_steps), int) for steps in (written, now))
        or now[num_steps] <= written[num_steps]
    ):
        return set()
    schedule = now[f"{num_steps.removesuffix('num_steps')}optimizer.schedule"]
    if schedule != "constant":
        raise CheckpointError(
            f"{num_steps} cannot go from {written[num_steps]} to {now[num_steps]}: with optimizer.schedule="
            f"{schedule!r} every learning rate depends on the number of steps, so the longer run would have been "
            "another one from the start. Start it under another --name."
        )
    return {num_steps}


def _by_name(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's values with each phase under its own name, as its flags are."""
    phases: list[Any] = run["phases"]
    named = {phase["name"]: phase for phase in phases if isinstance(phase, Mapping)}
    order = [phase["name"] if isinstance(phase, Mapping) else phase for phase in phases]
    return {**run, "phases": ", ".join(order), **named}


def _recorded(config: RunConfig) -> Any:
    """Return the configuration as JSON values, with the paths that lead to its files from any current folder."""
    policy = config.policy
    if policy.path is not None:
        policy = dataclasses.replace(policy, path=_absolute(policy.path))
    return to_json(
        dataclasses.replace(
            config,
            policy=policy,
            env=_with_absolute_tasks(config.env),
            evaluation=_with_absolute_tasks(config.evaluation),
            phases=tuple(phase if isinstance(phase, str) else _placed(phase, config) for phase in config.phases),
        )
    )


def _placed(phase: Phase, config: RunConfig) -> Phase:
    start = phase.start
    changes: dict[str, Any] = {"start": start if start in config.own_starts else _absolute(start)}
    if phase.env is not None:
        changes["env"] = _with_absolute_tasks(phase.env)
    if isinstance(phase, EvaluationConfig):
        phase = _with_absolute_tasks(phase)
    if isinstance(phase, SFTConfig) and isinstance(phase.samples, str | Path):
        changes["samples"] = str(Path(phase.samples).absolute())
    elif isinstance(phase, SFTConfig) and isinstance(phase.samples, tuple):
        changes["samples"] = list(phase.samples)  # `config.json` describes it, as rows of tasks
    return dataclasses.replace(phase, **changes)


def _absolute(source: str) -> str:
    return str(Path(source).absolute()) if Path(source).is_dir() else source


def _with_absolute_tasks(config: _WithTasks) -> _WithTasks:
    path = path_of_tasks(config.tasks)
    return config if path is None else dataclasses.replace(config, tasks=str(path.absolute()))


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

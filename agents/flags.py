"""Flags: a recipe's configuration with any of its fields changed from the command line.

A part of one's own is a word like a name ("module:attribute"); weights and columns are pairs, `accuracy=1,format=0.5`.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, make_dataclass, replace
from functools import partial
from inspect import signature
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import tyro
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    PrimitiveTypeInfo,
    StructTypeInfo,
)

from agents.algorithms import ALGORITHMS, Algorithm, load_algorithm
from agents.config import RLConfig, RunConfig
from agents.errors import ConfigError
from agents.recipes import RECIPES
from agents.rollout import ENGINE_CONFIGS
from agents.rollout.chat import TemplateValue
from agents.rollout.engine import EngineFactory
from reasonenv.tables import resolve

__all__ = ["HELP", "PROGRAM", "configure", "with_fields"]

PROGRAM = "python -m agents"
HELP = ("-h", "--help")


@dataclass(frozen=True)
class _Choices:
    algorithm: str | None = None


def configure(command: str, recipe: str, arguments: Sequence[str]) -> RunConfig:
    """Return a recipe's configuration with flags applied: first the recipe's own arguments, then any field.

    What a recipe chose for its own environment (tasks, template) is not for another one: a new `--env.id` brings its
    own, and so does a new `--algorithm`.

    Raises:
        UnknownNameError, PartImportError: no such recipe or algorithm.
        ConfigError: a choice that the recipe has no place for.
        SystemExit: the flags do not parse (2), or ask for help (0).
    """
    function: Callable[..., RunConfig] = resolve(RECIPES, recipe, kind="recipe")
    program = f"{PROGRAM} {command} {recipe}"
    own = [argument for argument in arguments if argument not in HELP]
    if len(own) < len(arguments):
        _print_help(function, own, program)
        raise SystemExit(0)
    defaults, rest = tyro.cli(function, prog=program, args=own, return_unknown_args=True)
    if not isinstance(defaults, RunConfig):
        raise ConfigError(f"{recipe!r} gives a {type(defaults).__name__}; a recipe returns a RunConfig.")
    defaults, rest = _with_algorithm(defaults, rest)
    config = with_fields(defaults, rest, program)
    if config.env.id == defaults.env.id:
        return config
    return with_fields(replace(defaults, env=defaults.env.without_parts(config.env.id)), rest, program)


def _with_algorithm(config: RunConfig, arguments: Sequence[str]) -> tuple[RunConfig, list[str]]:
    choices, rest = tyro.cli(_Choices, args=arguments, return_unknown_args=True)
    if choices.algorithm is None:
        return config, rest
    if not config.rl_phases:
        raise ConfigError(f"--algorithm={choices.algorithm}: the recipe {config.name!r} has no reinforcement learning.")
    algorithm = load_algorithm(choices.algorithm)
    phases = [replace(phase, algorithm=algorithm) if isinstance(phase, RLConfig) else phase for phase in config.phases]
    return replace(config, phases=tuple(phases)), rest


def with_fields(defaults: RunConfig, arguments: Sequence[str], program: str) -> RunConfig:
    """Return a configuration with any of its fields changed; raises SystemExit as `configure`.

    The fields of a phase are flags under its own name: `--rl.num-steps`.
    """
    named = {phase.name: phase for phase in defaults.phases if not isinstance(phase, str)}
    kind: Any = make_dataclass(
        RunConfig.__name__,
        [
            ("phases", Annotated[tuple[Any, ...], tyro.conf.Suppress]),
            *((name, type(own)) for name, own in named.items()),
        ],
        bases=(RunConfig,),
        frozen=True,
        kw_only=True,
    )
    own: dict[str, Any] = {entry.name: getattr(defaults, entry.name) for entry in fields(RunConfig)}
    parse = partial(tyro.cli, kind, prog=program, config=(tyro.conf.AvoidSubcommands,), registry=_registry())
    words = [re.sub(r"^--tasks(?==|$)", "--env.tasks", word) for word in arguments]
    parsed: Any = parse(default=kind(**own, **named), args=words)
    phases = tuple(phase if isinstance(phase, str) else getattr(parsed, phase.name) for phase in defaults.phases)
    changed: dict[str, Any] = {name: getattr(parsed, name) for name in own}
    return replace(defaults, **{**changed, "phases": phases})


def _print_help(function: Callable[..., RunConfig], arguments: Sequence[str], program: str) -> None:
    """Print the recipe's own flags and those of the fields; its own name stands for a required flag that is not given.

    A recipe that does not take that as a value shows its fields once the flag is given.
    """
    with contextlib.suppress(SystemExit):
        tyro.cli(function, prog=program, args=["--help"])
    print(f"--algorithm takes one of {', '.join(ALGORITHMS)}, or module:attribute.")
    required = [name for name, argument in signature(function).parameters.items() if argument.default is argument.empty]
    words = [*(f"--{name.replace('_', '-')}={name.upper()}" for name in required), *arguments]
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            defaults, rest = tyro.cli(function, prog=program, args=words, return_unknown_args=True)
    except SystemExit:
        print(
            "Every field of the run's configuration is a flag too; --help behind the required flags above lists them."
        )
        return
    print("Every field of the run's configuration is a flag too:\n")
    with contextlib.suppress(SystemExit):
        with_fields(_with_algorithm(defaults, rest)[0], ["--help"], program)


def _registry() -> ConstructorRegistry:
    """Say how words become parts, and that an algorithm's flags are the fields of the one that is chosen."""
    registry = ConstructorRegistry()
    registry.primitive_rule(_part)
    registry.primitive_rule(_engine)
    registry.primitive_rule(_pairs)
    registry.primitive_rule(_template_variables)
    registry.struct_rule(_algorithm)
    return registry


def _part(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
    """Read a field that holds a name or an object: a word is the name, and pairs are weights where it takes weights."""
    kinds = get_args(info.type) if get_origin(info.type) in (Union, UnionType) else ()
    has_objects = any(kind not in (str, int, float, NoneType) for kind in kinds)
    if str not in kinds or not has_objects:
        return None
    takes_weights = Mapping[str, float] in kinds
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="NAME|MODULE:ATTRIBUTE" + ("|NAME=WEIGHT,..." if takes_weights else ""),
        instance_from_str=lambda words: _weights(words[0]) if takes_weights and "=" in words[0] else words[0],
        is_instance=_is_any,
        str_from_instance=lambda value: [str(value)],
    )


def _engine(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
    """Read the name of an engine, maybe followed by settings: `decode,max_rows=64`."""
    if EngineFactory not in get_args(info.type):
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="NAME|NAME,SETTING=NUMBER,...|MODULE:ATTRIBUTE",
        instance_from_str=lambda words: _configured_engine(words[0]),
        is_instance=_is_any,
        str_from_instance=lambda value: [str(value)],
    )


def _configured_engine(word: str) -> Any:
    name, _, settings = word.partition(",")
    if not settings:
        return word
    kind: Any = resolve(ENGINE_CONFIGS, name, kind="rollout engine with settings")
    values = _split(settings)
    known = [entry.name for entry in fields(kind)]
    if unknown := values.keys() - known:
        raise ValueError(f"{name!r} has the settings {', '.join(known)}; got {', '.join(sorted(unknown))}")
    return kind(**{setting: int(value) for setting, value in values.items()})


def _is_any(value: object) -> bool:
    """Accept every default: a part of one's own may be any object."""
    del value
    return True


def _weights(word: str) -> dict[str, float]:
    return {name: float(weight) for name, weight in _split(word).items()}


def _pairs(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
    if Mapping[str, str] not in get_args(info.type):
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="NAME=COLUMN,...",
        instance_from_str=lambda words: _split(words[0]),
        is_instance=_is_any,
        str_from_instance=lambda value: [str(value)],
    )


def _template_variables(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
    if info.type != Mapping[str, TemplateValue]:
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="NAME=VALUE,...",
        instance_from_str=lambda words: {name: _value(value) for name, value in _split(words[0]).items()},
        is_instance=_is_any,
        str_from_instance=lambda value: [str(value)],
    )


def _value(word: str) -> TemplateValue:
    """Read `true`, `false` and numbers as such, and any other word as text."""
    try:
        value = json.loads(word)
    except ValueError:
        return word
    return value if isinstance(value, bool | int | float) else word


def _split(word: str) -> dict[str, str]:
    """Read `a=b,c=d`; tyro reports the ValueError with the flag's name."""
    pairs = [pair.partition("=") for pair in word.split(",")]
    if not all(name and sign and value for name, sign, value in pairs):
        raise ValueError(f"expected pairs such as name=value,name=value, got {word!r}")
    if len({name for name, _, _ in pairs}) < len(pairs):
        raise ValueError(f"expected each name once, got {word!r}")
    return {name: value for name, _, value in pairs}


def _algorithm(info: StructTypeInfo) -> Any:
    if info.type is not Algorithm:
        return None
    return ConstructorRegistry.get_struct_spec(replace(info, type=type(info.default)))

"""A configuration as JSON values, and the one rule of what cannot be written down."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sized
from functools import reduce
from pathlib import Path
from typing import Any, cast

__all__ = ["to_json"]


def to_json(config: Any) -> Any:
    """Return a configuration as plain JSON values.

    A dataclass names its class: `"GRPO"` of this package, `"module:Class"` of any other. A function, class or rule that
    can be imported is its "module:attribute". What cannot be written down (tasks in memory, a lambda) is
    `{"not_importable": "list of 50"}`: such a run can be resumed with the objects at hand, and not from its folder.
    """
    if config is None or isinstance(config, str | int | float):
        return config
    if isinstance(config, Path):
        return str(config)
    if (path := _import_path(config)) is not None:
        return path
    if isinstance(config, Mapping):
        return {str(key): to_json(value) for key, value in cast("Mapping[Any, Any]", config).items()}
    if isinstance(config, tuple):
        return [to_json(value) for value in cast("tuple[Any, ...]", config)]
    name = _class_name(type(config))
    if not dataclasses.is_dataclass(config) or isinstance(config, Sized) or name is None:
        return _description(config)
    return {"class": name, **{entry.name: to_json(getattr(config, entry.name)) for entry in dataclasses.fields(config)}}


def _class_name(kind: type) -> str | None:
    return kind.__name__ if kind.__module__.partition(".")[0] == "agents" else _import_path(kind)


def _import_path(part: Any) -> str | None:
    """Return the "module:attribute" that leads to this very object, or None: it may be local, or of a script."""
    module, name = getattr(part, "__module__", None), getattr(part, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__" or module not in sys.modules:
        return None
    found = reduce(lambda owner, attribute: getattr(owner, attribute, None), name.split("."), sys.modules[module])
    return f"{module}:{name}" if found is part else None


def _description(part: Any) -> dict[str, str]:
    size = f" of {len(part)}" if isinstance(part, Sized) else ""
    return {"not_importable": f"{type(part).__qualname__}{size}"}

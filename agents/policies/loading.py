"""Looking for models by name, and whether two of them speak of the same tokens."""

from __future__ import annotations

import difflib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import HTTPError  # pyright: ignore[reportPrivateImportUsage]: of whichever library it uses
from safetensors import SafetensorError

from agents.errors import ConfigError
from reasonenv.errors import ReasonEnvError

__all__ = ["loading", "require_same_tokens"]


@contextmanager
def loading(source: str) -> Generator[None]:
    """Turn an error of `transformers` into one that names the policy, after one look whether there is any."""
    try:
        if not Path(source).is_dir():
            _check_hub_name(source)
        yield
    except ReasonEnvError:
        raise
    except (OSError, ValueError, SafetensorError, HTTPError) as error:
        raise ConfigError(
            f"No causal language model with its tokenizer could be loaded from {source!r}, neither as a folder nor as "
            f"a hub name: {error}"
        ) from error


def _check_hub_name(source: str) -> None:
    """Raise unless a name is in the cache or on the hub; what is written as a path is not looked for there.

    `transformers` itself would ask for half a minute before it gives up.
    """
    path = Path(source)
    is_path = source.startswith((".", "~", "/")) or source.endswith("/") or "\\" in source or source.count("/") > 1
    if is_path or (len(path.parts) == 2 and path.parent.is_dir()):
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, siblings, n=1)
        hint = f" Did you mean {str(path.parent / close[0])!r}?" if close else ""
        raise ConfigError(f"No causal language model can be loaded from {source!r}: there is no such folder.{hint}")
    if not isinstance(try_to_load_from_cache(source, "config.json"), str):
        get_hf_file_metadata(hf_hub_url(source, "config.json"))


def require_same_tokens(tokenizer: Any, other: Any, *, name: str) -> None:
    """Raise ConfigError unless every token of a tokenizer has the same id in another one, which may have more.

    Args:
        tokenizer: the policy's.
        other: that of a model which is given the policy's token ids.
        name: how a message calls the other model.
    """
    own, theirs = tokenizer.get_vocab(), other.get_vocab()
    for token, token_id in own.items():
        if theirs.get(token) != token_id:
            raise ConfigError(
                f"{name} must have the policy's tokens: {token!r} is {token_id} in the policy and "
                f"{theirs.get(token, 'no token')} there. Choose a model of the same family."
            )

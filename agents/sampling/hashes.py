"""Which weights these are."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from transformers import AutoConfig

from agents.policies.loading import loading

__all__ = ["checkpoint_hash"]

_HASH_BLOCK = 1 << 20


def checkpoint_hash(source: str) -> str:
    """Return the SHA-256 of the files of a checkpoint folder, or the commit of a hub name.

    Raises:
        ConfigError: no such folder, and no such name on the hub.
    """
    folder = Path(source)
    if not folder.is_dir():
        return _hub_commit(source)
    digest = hashlib.sha256()
    for path in sorted(file for file in folder.iterdir() if file.is_file()):
        digest.update(f"{path.name}\n{path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while block := file.read(_HASH_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _hub_commit(source: str) -> str:
    with loading(source):
        config: Any = AutoConfig.from_pretrained(source)
    return str(config._commit_hash)

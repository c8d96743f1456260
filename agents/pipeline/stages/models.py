"""The model that a pipeline starts from: one that is given, or one that is pre-trained on the spot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import snapshot_download

from agents.pipeline.artefacts import export_checkpoint
from agents.pipeline.base import BASE, BaseConfig, pretrained_base
from agents.pipeline.stage import Context, Inputs, Outputs

__all__ = ["GivenModel", "Pretrained"]


@dataclass(frozen=True, kw_only=True)
class GivenModel:
    """A stage that takes a checkpoint folder, or a model of the hub, as it is. Output: "checkpoint"."""

    name: str
    path: str
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])

    def run(self, inputs: Inputs, context: Context) -> Outputs:
        """Link or copy its files."""
        del inputs
        path = Path(self.path)
        source = path if path.is_dir() else Path(snapshot_download(self.path))
        return {"checkpoint": export_checkpoint(source, context.folder / "checkpoint")}


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """A stage that pre-trains the base of the tiny world, or finds it in the cache. Output: "checkpoint"."""

    name: str
    config: BaseConfig = BASE
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])

    def run(self, inputs: Inputs, context: Context) -> Outputs:
        """Pre-train and check it."""
        del inputs
        folder = pretrained_base(self.config, seed=context.seed, cache_dir=context.cache_dir)
        return {"checkpoint": export_checkpoint(folder, context.folder / "checkpoint")}

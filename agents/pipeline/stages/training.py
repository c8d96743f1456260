"""A stage that trains: one run of `agents.train`, gone on with from its own checkpoints if it was interrupted."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agents.algorithms.distillation import Distillation
from agents.config import EnvConfig, Phase, PolicyConfig, RLConfig, RunConfig, SFTConfig
from agents.errors import ConfigError
from agents.pipeline.artefacts import Checkpoint, SampleFile, export_checkpoint
from agents.pipeline.stage import Context, Inputs, Outputs
from agents.records.run_config import write_config
from agents.train import train

__all__ = ["INPUT_SAMPLES", "Training"]

INPUT_SAMPLES = "inputs"
"""As `SFTConfig.samples`: the files of samples among the inputs of the stage."""
_LOG = ("metrics.jsonl", "rollouts.jsonl", "summary.json", "config.json")


@dataclass(frozen=True, kw_only=True)
class Training:
    """Phases of training from a checkpoint.

    Output: "checkpoint", the policy at the end. The log of the run stays in `run/`.
    """

    name: str
    inputs: Mapping[str, str]
    """"start" is the policy to begin with; all files of samples, in the order of their names, are what a supervised
    phase imitates whose samples are `INPUT_SAMPLES`; "teacher" grades on-policy distillation."""
    phases: tuple[Phase, ...]
    env: EnvConfig
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    """Device, precision, adapters; its path is set by "start"."""
    checkpoint_every: int = 50

    def run(self, inputs: Inputs, context: Context) -> Outputs:
        """Train, and keep the policy alone of the last checkpoint."""
        config, target = self._run_config(inputs, context), context.folder / "checkpoint"
        if not target.exists():
            if (config.folder / "config.json").exists():
                write_config(config)  # the key of the draft is the same: where files lie is all that may have changed
            train(config, resume=True, console=context.console)
            export_checkpoint(config.folder / "checkpoint", target)
        _keep_the_log(config.folder)
        return {"checkpoint": Checkpoint(target)}

    def _run_config(self, inputs: Inputs, context: Context) -> RunConfig:
        samples = self._samples(inputs, context.folder)
        return RunConfig(
            name="run",
            output_dir=context.folder,
            seed=context.seed_for("training", self.name),
            policy=replace(self.policy, path=str(inputs.checkpoint("start").path)),
            env=self.env,
            phases=tuple(self._filled(phase, inputs, samples) for phase in self.phases),
            checkpoint_every=self.checkpoint_every,
        )

    def _samples(self, inputs: Inputs, folder: Path) -> Path | None:
        """Put all files of samples into one."""
        files = [part.path for _, part in sorted(inputs.artefacts.items()) if isinstance(part, SampleFile)]
        if not files:
            return None
        together = folder / "samples.jsonl"
        together.write_bytes(b"\n".join(file.read_bytes().rstrip(b"\n") for file in files) + b"\n")
        return together

    def _filled(self, phase: Phase, inputs: Inputs, samples: Path | None) -> Phase:
        """Return a phase with the inputs in the places that are left open for them."""
        if isinstance(phase, SFTConfig) and phase.samples == INPUT_SAMPLES:
            if samples is None:
                raise ConfigError(f"Stage {self.name!r} imitates the samples of its inputs, but no input is one.")
            return replace(phase, samples=samples)
        if isinstance(phase, RLConfig) and isinstance(phase.algorithm, Distillation) and phase.teacher is None:
            if not isinstance(inputs.artefacts.get("teacher"), Checkpoint):
                raise ConfigError(f"Stage {self.name!r} distils on-policy: it needs an input 'teacher'.")
            return replace(phase, teacher=str(inputs.checkpoint("teacher").path))
        return phase


def _keep_the_log(run: Path) -> None:
    """Delete the checkpoints of a run that is over."""
    for entry in run.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name not in _LOG:
            entry.unlink()

"""The loop over the phases of a run, with metrics, checkpoints, interruption and exact resumption.

The outcome of a step depends on (seed, step) and the weights alone. A checkpoint also holds the lengths of the log
files; a resumed run cuts them back to those, so that an interruption leaves no trace in them.
"""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import threading
import time
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch
import transformers
from rich.console import Console
from torch.utils.tensorboard import SummaryWriter

from agents.build import (
    LoadedPolicy,
    build_rl_phase,
    build_sft_phase,
    check_parts,
    evaluate_policy,
    load_policy,
)
from agents.config import RLConfig, RunConfig, SFTStage, to_json
from agents.errors import CheckpointError
from agents.records.checkpoint import load_env_state, load_learner_state, load_state, save_checkpoint, save_policy
from agents.records.logs import JsonLines
from agents.records.progress import phase_progress
from agents.records.reward_hacking import RewardHackingWarning, hacking_suspicion
from agents.records.summary import print_summary, summarize
from agents.rl import RLPhase
from agents.rollout.metrics import rollout_rows
from agents.seeds import derive_seed
from agents.sft import SFTPhase
from agents.types import Trajectory
from reasonenv.rewards.neural import NeuralReward

Phase = SFTPhase | RLPhase

__all__ = ["Interrupted", "PhasePlan", "Position", "plan", "train"]


class Interrupted(KeyboardInterrupt):
    """The run was asked to stop, and has saved everything that `--resume` needs."""


@dataclass
class Position:
    """Where a run stands: JSON values only."""

    phase: int = 0
    step: int = 0
    results: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    offsets: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class PhasePlan:
    """One entry of a run's plan: supervised steps, reinforcement learning, or an evaluation."""

    name: str
    steps: SFTStage | RLConfig | None = None
    """None for an evaluation."""
    starts_from_initial: bool = False
    """Begin from the policy that the evaluation "before" saw, instead of the previous phase's."""


def plan(config: RunConfig) -> list[PhasePlan]:
    """Return the phases of a run in order: cold start, evaluation, control and evaluation, RL and evaluation."""
    phases = [PhasePlan(f"cold_start_{number}", stage) for number, stage in enumerate(config.cold_start, start=1)]
    phases.append(PhasePlan("before"))
    for number, stage in enumerate(config.control, start=1):
        phases.append(PhasePlan(f"control_{number}", stage, starts_from_initial=number == 1))
    if config.control:
        phases.append(PhasePlan("control"))
    if config.rl is not None:
        phases += [PhasePlan("rl", config.rl, starts_from_initial=True), PhasePlan("after")]
    return phases


def train(config: RunConfig, *, resume: bool = False, console: Console | None = None) -> dict[str, Any]:
    """Run a configuration to its end and return what `summary.json` holds.

    Args:
        config: the run; everything is written under `config.folder`.
        resume: go on from the newest checkpoint of the same configuration, or start if there is none. Without it an
            existing folder is moved aside, never overwritten.
        console: where progress and the final table go.

    Raises:
        ConfigError, UnknownNameError: a part that does not exist; nothing has been written.
        CheckpointError: resuming a folder that was written by another configuration.
        Interrupted: Ctrl-C or SIGTERM arrived; the run was saved at the next step's end.
    """
    check_parts(config)
    transformers.utils.logging.disable_progress_bar()
    if config.policy.num_threads is not None:
        torch.set_num_threads(config.policy.num_threads)
    run = _Run(config, _open_folder(config, resume=resume), console or Console())
    with _interruptible() as interrupted:
        run.play(interrupted)
    summary = summarize(config, run.position.results, run.position.seconds)
    (config.folder / "summary.json").write_text(json.dumps(summary, indent=2), encoding="utf-8")
    print_summary(summary, run.console)
    return summary


class _Run:
    """The state that the loop carries from step to step."""

    def __init__(self, config: RunConfig, position: Position, console: Console) -> None:
        self.config, self.position, self.console = config, position, console
        self.plan = plan(config)
        folder, offsets = config.folder, position.offsets
        self.metrics = JsonLines(folder / "metrics.jsonl", offset=offsets.get("metrics", 0))
        self.rollouts = JsonLines(folder / "rollouts.jsonl", offset=offsets.get("rollouts", 0))
        is_started = position.phase > 0 or position.step > 0
        self.policy = self._load(str(folder / "checkpoint") if is_started else None)

    def play(self, interrupted: threading.Event) -> None:
        """Play every phase from the position on."""
        while self.position.phase < len(self.plan):
            entry = self.plan[self.position.phase]
            if self.position.step == 0 and entry.starts_from_initial:
                self.policy = self._load(str(self.config.folder / "initial"))
            phase = None
            if entry.steps is None:
                self._evaluate(entry.name)
            else:
                phase = self._build(entry.name, entry.steps)
                self._play_steps(entry.name, phase, entry.steps.num_steps, interrupted)
            self.position.phase, self.position.step = self.position.phase + 1, 0
            self._save(f"{entry.name}-done", phase)
        self.metrics.close()
        self.rollouts.close()

    def _play_steps(self, name: str, phase: Phase, num_steps: int, interrupted: threading.Event) -> None:
        first_step = self.position.step
        board = SummaryWriter(str(self.config.folder / "tensorboard" / name), purge_step=first_step)
        show = phase_progress(name, first_step=first_step, num_steps=num_steps, console=self.console)
        history = self.metrics.read(phase=name)
        with board, show as show_step:
            for step in range(first_step, num_steps):
                started = time.perf_counter()
                metrics = phase.step(step)
                if isinstance(phase, RLPhase):
                    metrics |= self._evaluation_metrics(step)
                self.metrics.write({"phase": name, "step": step, **metrics})
                history.append(metrics)
                if isinstance(phase, RLPhase):
                    _warn_of_reward_hacking(phase, history)
                for metric, value in metrics.items():
                    board.add_scalar(metric, value, step)
                show_step(step, metrics)
                self.position.step = step + 1
                self._add_seconds(name, time.perf_counter() - started)
                if interrupted.is_set() or (step + 1) % self.config.checkpoint_every == 0:
                    self._save(f"{name}-{step + 1:06d}", phase)
                if interrupted.is_set():
                    raise Interrupted(f"Saved after step {step + 1} of {name}; go on with --resume.")

    def _evaluate(self, name: str) -> None:
        started = time.perf_counter()
        self.position.results[name] = evaluate_policy(self.config, self.policy).as_dict()
        self._add_seconds(name, time.perf_counter() - started)
        if name == "before":
            save_policy(self.config.folder / "initial", self.policy.model, self.policy.codec.tokenizer)

    def _evaluation_metrics(self, step: int) -> dict[str, float]:
        every = self.config.evaluation.every
        if every is None or (step + 1) % every:
            return {}
        result = evaluate_policy(self.config, self.policy)
        return {"eval/greedy": result.greedy.rate, "eval/sampled": result.sampled.rate}

    def _build(self, name: str, steps: SFTStage | RLConfig) -> Phase:
        if isinstance(steps, SFTStage):
            seed = derive_seed(self.config.seed, "supervised phase", name)
            phase: Phase = build_sft_phase(self.config, steps, self.policy, seed=seed)
        else:
            phase = build_rl_phase(self.config, self.policy, self._record)
        if self.position.step > 0:
            load_learner_state(self.config.folder, phase.learner)
            if isinstance(phase, RLPhase):
                phase.env.set_state(load_env_state(self.config.folder))
        return phase

    def _record(self, step: int, trajectories: list[Trajectory]) -> None:
        for row in rollout_rows(step, trajectories):
            self.rollouts.write(row)

    def _save(self, name: str, phase: Phase | None) -> None:
        self.position.offsets = {"metrics": self.metrics.sync(), "rollouts": self.rollouts.sync()}
        save_checkpoint(
            self.config.folder,
            name,
            model=self.policy.model,
            tokenizer=self.policy.codec.tokenizer,
            learner=None if phase is None else phase.learner,
            env_state=phase.env.get_state() if isinstance(phase, RLPhase) else None,
            state=asdict(self.position),
        )

    def _load(self, path: str | None) -> LoadedPolicy:
        return load_policy(self.config.policy, self.config.env, path=path, seed=self.config.seed)

    def _add_seconds(self, name: str, seconds: float) -> None:
        self.position.seconds[name] = self.position.seconds.get(name, 0.0) + seconds


def _warn_of_reward_hacking(phase: RLPhase, history: Sequence[Mapping[str, Any]]) -> None:
    rewards = {f"rollout/{name}": reward for name, (reward, _) in phase.env.reward.terms.items()}
    neural = [name for name, reward in rewards.items() if isinstance(reward, NeuralReward)]
    suspicion = hacking_suspicion(history, neural=neural, rules=rewards.keys() - set(neural))
    if suspicion is not None:
        warnings.warn(suspicion, RewardHackingWarning, stacklevel=2)


def _open_folder(config: RunConfig, *, resume: bool) -> Position:
    """Record the configuration in the run folder, or check it there, and return where the run stood."""
    folder, description = config.folder, to_json(config)
    if folder.exists() and not resume:
        shutil.move(folder, _free_name(folder))
    folder.mkdir(parents=True, exist_ok=True)
    state = load_state(folder)
    path = folder / "config.json"
    if state is None:
        path.write_text(json.dumps(description, indent=2), encoding="utf-8")
        return Position()
    written = json.loads(path.read_text(encoding="utf-8"))
    if written != description:
        changed = [key for key in description if written.get(key) != description[key]]
        raise CheckpointError(
            f"{folder} was written by another configuration; {', '.join(changed)} differ from {path}. "
            "Resume with the same settings, or start a run under another --name."
        )
    return Position(**state)


def _free_name(folder: Path) -> Path:
    names = (folder.with_name(f"{folder.name}.previous-{number}") for number in itertools.count(1))
    return next(name for name in names if not name.exists())


@contextmanager
def _interruptible() -> Generator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into an event; the second acts at once. Only the main thread can listen."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        event.set()
        restore()

    for number in previous:
        signal.signal(number, stop)
    try:
        yield event
    finally:
        restore()

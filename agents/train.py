"""THE loop: phases of steps, with metrics, checkpoints, interruption and exact resumption.

A run is a list of phases: cold start, evaluation, control, reinforcement learning, evaluation. The outcome of a step
depends on (seed, step) and the weights alone; what steps do lives in `agents.sft` and `agents.rl`. A checkpoint holds
the weights, the optimizer, the position and the lengths of the log files. A resumed run cuts the files back to those
lengths, so that an interruption leaves no trace in them.
"""

from __future__ import annotations

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

from agents.build import (
    LoadedPolicy,
    Phase,
    build_rl_phase,
    build_sft_phase,
    check_parts,
    evaluate_policy,
    load_policy,
)
from agents.config import RunConfig, SFTStage, to_json
from agents.errors import CheckpointError
from agents.records.checkpoint import load_env_state, load_learner_state, load_state, save_checkpoint, save_policy
from agents.records.logs import JsonLines, TensorBoard
from agents.records.progress import PhaseProgress
from agents.records.reward_hacking import RewardHackingWarning, hacking_suspicion
from agents.records.summary import print_summary, summarize
from agents.rl import RLPhase
from agents.rollout.metrics import rollout_rows
from agents.seeds import derive_seed
from agents.types import Trajectory
from reasonenv.rewards.neural import NeuralReward

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
    """One entry of a run's plan: supervised steps, reinforcement learning, or (with neither) an evaluation."""

    name: str
    sft: SFTStage | None = None
    is_rl: bool = False
    starts_from_initial: bool = False
    """Begin from the policy that the evaluation "before" saw, instead of the previous phase's."""

    def num_steps(self, config: RunConfig) -> int:
        """How many steps the phase has; an evaluation has none."""
        if self.sft is not None:
            return self.sft.num_steps
        return config.rl.num_steps if self.is_rl and config.rl is not None else 0


def plan(config: RunConfig) -> list[PhasePlan]:
    """The phases of a run, in order."""
    phases = [PhasePlan(f"cold_start_{index}", sft=stage) for index, stage in enumerate(config.cold_start, start=1)]
    phases.append(PhasePlan("before"))
    for index, stage in enumerate(config.control, start=1):
        phases.append(PhasePlan(f"control_{index}", sft=stage, starts_from_initial=index == 1))
    if config.control:
        phases.append(PhasePlan("control"))
    if config.rl is not None:
        phases += [PhasePlan("rl", is_rl=True, starts_from_initial=True), PhasePlan("after")]
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
        """Every phase from the position on."""
        while self.position.phase < len(self.plan):
            entry = self.plan[self.position.phase]
            if self.position.step == 0 and entry.starts_from_initial:
                self.policy = self._load(str(self.config.folder / "initial"))
            phase = self._build(entry)
            if phase is None:
                self._evaluate(entry.name)
            else:
                self._play_steps(entry, phase, interrupted)
            self.position.phase, self.position.step = self.position.phase + 1, 0
            self._save(f"{entry.name}-done", phase)
        self.metrics.close()
        self.rollouts.close()

    def _play_steps(self, entry: PhasePlan, phase: Phase, interrupted: threading.Event) -> None:
        num_steps, first_step = entry.num_steps(self.config), self.position.step
        board = TensorBoard(self.config.folder / "tensorboard", phase=entry.name, first_step=first_step)
        bar = PhaseProgress(entry.name, first_step=first_step, num_steps=num_steps, console=self.console)
        history = self.metrics.read(phase=entry.name)
        with bar:
            for step in range(first_step, num_steps):
                started = time.perf_counter()
                metrics = phase.step(step)
                metrics |= self._evaluation_metrics(entry, step)
                self.metrics.write({"phase": entry.name, "step": step, **metrics})
                history.append(metrics)
                _warn_of_reward_hacking(phase, history)
                board.write(step, metrics)
                bar.update(step, metrics)
                self.position.step = step + 1
                self._add_seconds(entry.name, time.perf_counter() - started)
                if interrupted.is_set() or (step + 1) % self.config.checkpoint_every == 0:
                    self._save(f"{entry.name}-{step + 1:06d}", phase)
                if interrupted.is_set():
                    raise Interrupted(f"Saved after step {step + 1} of {entry.name}; go on with --resume.")
        board.close()

    def _evaluate(self, name: str) -> None:
        started = time.perf_counter()
        self.position.results[name] = evaluate_policy(self.config, self.policy).as_dict()
        self._add_seconds(name, time.perf_counter() - started)
        if name == "before":
            save_policy(self.config.folder / "initial", self.policy.model, self.policy.codec.tokenizer)

    def _evaluation_metrics(self, entry: PhasePlan, step: int) -> dict[str, float]:
        every = self.config.evaluation.every
        if not entry.is_rl or every is None or (step + 1) % every:
            return {}
        result = evaluate_policy(self.config, self.policy)
        return {"eval/greedy": result.greedy.rate, "eval/sampled": result.sampled.rate}

    def _build(self, entry: PhasePlan) -> Phase | None:
        if entry.sft is not None:
            seed = derive_seed(self.config.seed, "supervised phase", entry.name)
            phase: Phase = build_sft_phase(self.config, entry.sft, self.policy, seed=seed)
        elif entry.is_rl:
            phase = build_rl_phase(self.config, self.policy, self._record)
        else:
            return None
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


def _warn_of_reward_hacking(phase: Phase, history: Sequence[Mapping[str, Any]]) -> None:
    if not isinstance(phase, RLPhase):
        return
    rewards = {f"rollout/{name}": reward for name, (reward, _) in phase.env.reward.terms.items()}
    neural = [name for name, reward in rewards.items() if isinstance(reward, NeuralReward)]
    suspicion = hacking_suspicion(history, neural=neural, rules=rewards.keys() - set(neural))
    if suspicion is not None:
        warnings.warn(suspicion, RewardHackingWarning, stacklevel=2)


def _open_folder(config: RunConfig, *, resume: bool) -> Position:
    """Prepare the run folder: record the configuration, or check it and return where the run stood."""
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
    number = 1
    while (candidate := folder.with_name(f"{folder.name}.previous-{number}")).exists():
        number += 1
    return candidate


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

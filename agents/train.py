"""The loop over the phases of a run, with metrics, checkpoints, interruption and exact resumption.

The outcome of a step depends on (seed, step) and the weights alone. A checkpoint also holds the lengths of the log
files; a resumed run cuts them back to those, so that an interruption leaves no trace in them. A step that is stopped
before it has changed a weight is taken back and done again; an evaluation that is stopped is done again alone.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from rich.console import Console
from torch.utils.tensorboard import SummaryWriter

from agents.building import (
    LoadedPolicy,
    build_engine,
    build_rl_phase,
    build_sft_phase,
    check_context,
    check_engines,
    check_other_models,
    check_parts,
    evaluate_policy,
    load_policy,
    used_tasks,
    with_tasks,
)
from agents.building.processor import prepare_processor
from agents.config import EvaluationConfig, Phase, RLConfig, RunConfig, SFTConfig
from agents.config.phase import INITIAL, PREVIOUS
from agents.errors import TrainingError
from agents.evaluate import Evaluation
from agents.interruption import Interrupted, Interruption
from agents.json_values import json_line
from agents.memory import memory_parts, shown_memory
from agents.records.checkpoint import (
    Retention,
    check_readable,
    load_env_state,
    load_learner_state,
    save_checkpoint,
    save_policy,
    save_state,
)
from agents.records.folder import check_output_dir, open_folder, write_responses
from agents.records.logs import JsonLines
from agents.records.position import Position, stored_position
from agents.records.progress import PhaseProgress, phase_progress
from agents.records.reward_hacking import warn_of_reward_hacking
from agents.records.run_tasks import require_same_tasks
from agents.records.summary import print_summary, summarize
from agents.rl import RLPhase
from agents.rollout.engines import Engines
from agents.rollout.metrics import rollout_rows
from agents.sft import SFTPhase
from agents.types import Trajectory

Steps = SFTPhase | RLPhase

__all__ = ["train"]

_OUT_OF_MEMORY = (
    "Memory was not enough: lower update.max_tokens_per_microbatch, rollout.num_prompts or max_new_tokens, or set "
    "policy.gradient_checkpointing, policy.dtype='bfloat16' or policy.lora."
)


def train(config: RunConfig, *, resume: bool = False, console: Console | None = None) -> dict[str, Any]:
    """Run a configuration to its end and return what `summary.json` holds.

    Args:
        config: the run; everything is written under `config.folder`.
        resume: go on from the newest checkpoint of the same configuration, or start if there is none. A run may have
            more steps of its last phase of training than before if its learning rate does not depend on their number:
            it becomes the run that had them from the start. Without it an existing folder is moved aside, never
            overwritten.
        console: where progress and the final table go.

    Raises:
        ConfigError, UnknownNameError: a part that does not exist; nothing has been written.
        CheckpointError: resuming a folder that was written by another configuration.
        Interrupted: Ctrl-C or SIGTERM arrived; the message says what was saved.
        TrainingError: an update would have ruined the weights, or memory was not enough; what was saved is a note.
    """
    transformers.utils.logging.disable_progress_bar()
    prepare_processor(config.policy)
    interruption = Interruption()
    with interruption.listening():
        run = _prepare(config, resume, console or Console(), interruption)
        try:
            run.play()
        except Interrupted:
            raise Interrupted(run.leave()) from None
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise TrainingError(f"{_OUT_OF_MEMORY} ({error}) {run.leave()}") from error
        except Exception as error:
            error.add_note(run.leave())
            raise
        finally:
            run.close()
        summary = summarize(config, run.position.results, run.position.seconds)
        (config.folder / "summary.json").write_text(json.dumps(summary, indent=2), encoding="utf-8")
    print_summary(summary, run.console)
    return summary


def _prepare(config: RunConfig, resume: bool, console: Console, interruption: Interruption) -> _Run:
    """Find and load every part before anything is written; then open the folder."""
    check_output_dir(config.output_dir)
    try:
        with interruption.stoppable():
            loaded = with_tasks(config)
            tasks, tried = used_tasks(loaded), loaded
            position = stored_position(config) if resume else None
            if position is not None:
                check_readable(config.folder)
                require_same_tasks(config.folder, tasks)
                tried = replace(loaded, policy=replace(config.policy, path=str(config.folder / "checkpoint")))
            console.print(check_parts(tried), highlight=False, soft_wrap=True)
            policy = _load(config, config.folder / "checkpoint" if position else None)
            check_context(config, policy)
            check_other_models(config, policy)
            if config.is_training:
                policy.trained()  # a model that cannot be trained is refused here
            engines = Engines(partial(build_engine, policy))
            check_engines(config, engines)
    except Interrupted:
        raise Interrupted("Stopped before anything was written; nothing is lost.") from None
    open_folder(config, tasks, keep=resume)
    return _Run(loaded, position, policy, engines, console, interruption)


def _load(config: RunConfig, path: Path | str | None) -> LoadedPolicy:
    return load_policy(
        config.policy,
        config.env,
        path=None if path is None else str(path),
        seed=config.seed,
        is_trained=config.is_training,
    )


@dataclass(frozen=True)
class _StepStart:
    """What a step that is stopped before its first optimizer step may have changed."""

    rollouts: int
    num_steps_done: int
    torch_rng: torch.Tensor
    env_state: Any


class _Run:
    """The state that the loop carries from step to step."""

    def __init__(
        self,
        config: RunConfig,
        stored: Position | None,
        policy: LoadedPolicy,
        engines: Engines,
        console: Console,
        interruption: Interruption,
    ) -> None:
        self.config, self.console, self.interruption = config, console, interruption
        self.policy, self.engines = policy, engines
        self.position = stored or Position()
        self.plan = config.plan
        folder, offsets = config.folder, self.position.offsets
        self.metrics = JsonLines(folder / "metrics.jsonl", offset=offsets.get("metrics", 0))
        self.rollouts = JsonLines(folder / "rollouts.jsonl", offset=offsets.get("rollouts", 0))
        self.phase: Steps | None = None
        self.start: _StepStart | None = None
        """Of the step that is running."""
        self.saved = None if stored is None else stored.weights
        """The weights in the newest checkpoint."""

    def play(self) -> None:
        """Play every phase from the position on."""
        if self.position.phase < len(self.plan):
            (self.config.folder / "summary.json").unlink(missing_ok=True)
        if self.saved is None:
            self._keep_for_later(INITIAL)
        while self.position.phase < len(self.plan):
            entry = self.plan[self.position.phase]
            if not self.position.is_in_phase:
                self._go_to_start(entry)
            if isinstance(entry, EvaluationConfig):
                self._evaluate(entry)
                name = f"{self.position.weights}-{entry.name}"
            else:
                self._play_steps(entry)
                name = f"{entry.name}-{self.position.step:06d}-done"
            self._keep_for_later(entry.name)
            self.position.phase, self.position.step = self.position.phase + 1, 0
            self._save(name, is_scheduled=True)
            self.phase = None

    def close(self) -> None:
        """Close the engines and the logs."""
        self.engines.close()
        self.metrics.close()
        self.rollouts.close()

    def leave(self) -> str:
        """Save where the run was stopped, if anything is new there, and say how to go on."""
        go_on = f"Go on with: python -m agents train --resume {self.config.folder}"
        if self.position.phase == len(self.plan):
            return f"Every phase is done and saved. {go_on}"
        entry, step = self.plan[self.position.phase], self.position.step
        if self.start is not None and self.interruption.is_held:
            return (
                f"Stopped within the update of step {step + 1} of {entry.name}, which had begun to change the weights: "
                f"what was not saved before (checkpoint_every={self.config.checkpoint_every}) is done again. {go_on}"
            )
        if self.start is not None:
            self._take_back(self.start)
        if self.position.is_in_phase and self.saved != self.position.weights:
            self.console.print("Saving; Ctrl-C gives this up.", highlight=False)
            self._save(f"{self.position.weights}-stopped", is_scheduled=False)
        is_evaluation = isinstance(entry, EvaluationConfig)
        where = (
            f"in the evaluation {entry.name!r}" if is_evaluation else f"before step {step + 1} of {entry.name} was done"
        )
        return f"Stopped {where}; everything before that is saved. {go_on}"

    def _take_back(self, start: _StepStart) -> None:
        assert self.phase is not None
        self.rollouts.cut(start.rollouts)
        self.phase.learner.num_steps_done = start.num_steps_done
        torch.set_rng_state(start.torch_rng)
        if isinstance(self.phase, RLPhase):
            self.phase.env.set_state(start.env_state)

    def _keep_for_later(self, name: str) -> None:
        """Write the policy where a phase that is still to come starts from it by this name."""
        later = self.plan[self.position.phase :]
        if any(phase.start == name for phase in later):
            save_policy(self._start(name), self.policy.model, self.policy.codec.tokenizer)

    def _start(self, name: str) -> Path:
        return self.config.folder / "starts" / name

    def _go_to_start(self, phase: Phase) -> None:
        """Put the policy that a phase begins with in the place of the one that the phase before ended with."""
        if phase.start == PREVIOUS:
            return
        is_kept = phase.start in self.config.own_starts
        with self.interruption.stoppable():
            self.engines.close()
            self.policy = _load(self.config, self._start(phase.start) if is_kept else phase.start)
            self.engines = Engines(partial(build_engine, self.policy))
        self.position.weights = INITIAL if phase.start == INITIAL else f"{phase.name}-start"

    def _play_steps(self, entry: SFTConfig | RLConfig) -> None:
        position, name = self.position, entry.name
        num_steps = entry.num_steps or 0
        with self.interruption.stoppable():
            self.phase = phase = self._build(entry)
        has_reference = isinstance(entry, RLConfig) and "reference_logprobs" in entry.algorithm.needs
        memory = shown_memory(memory_parts(phase.learner, has_reference=has_reference))
        self.console.print(f"{name}: {memory}", highlight=False, soft_wrap=True)
        board = SummaryWriter(str(self.config.folder / "tensorboard" / name), purge_step=position.step)
        progress = phase_progress(name, first_step=position.step, num_steps=num_steps, console=self.console)
        history = self.metrics.read(phase=name)
        with board, progress as shown:
            while position.step < num_steps:
                started, step = time.perf_counter(), position.step
                if position.trained is None:
                    self._train(name, phase)
                evaluated = self._evaluation_metrics(shown) if isinstance(phase, RLPhase) else {}
                metrics = {**(position.trained or {}), **evaluated}
                self.metrics.write({"phase": name, "step": step, **metrics})
                history.append(metrics)
                position.num_steps[name] = step + 1
                if isinstance(phase, RLPhase):
                    warn_of_reward_hacking(phase.env.reward, history)
                for metric, value in metrics.items():
                    board.add_scalar(metric, value, step)
                shown.step(step, metrics)
                position.step, position.trained = step + 1, None
                self._add_seconds(name, time.perf_counter() - started)
                self._save_step(evaluated)

    def _train(self, name: str, phase: Steps) -> None:
        """Take a step's training, all of it or nothing."""
        self.start = _StepStart(
            rollouts=self.rollouts.length,
            num_steps_done=phase.learner.num_steps_done,
            torch_rng=torch.get_rng_state(),
            env_state=phase.env.get_state() if isinstance(phase, RLPhase) else None,
        )
        with self.interruption.stoppable():
            metrics = phase.step(self.position.step)
        self.start = None
        self.position.trained = metrics
        self.position.weights = f"{name}-{self.position.step + 1:06d}"

    def _save_step(self, evaluated: Mapping[str, float]) -> None:
        """Save a step that is due, or whose evaluation is the best so far."""
        position = self.position
        is_due = position.step % self.config.checkpoint_every == 0
        greedy = evaluated.get("eval/greedy", math.nan)
        is_best = greedy > (-math.inf if position.best_greedy is None else position.best_greedy)
        if is_best:
            position.best, position.best_greedy = position.weights, greedy
        if is_due or is_best:
            self._save(position.weights, is_scheduled=is_due)

    def _evaluate(self, how: EvaluationConfig) -> None:
        started, rows = time.perf_counter(), list[str]()

        def keep(sampling: str, trajectories: list[Trajectory]) -> None:
            rows.extend(json_line({"sampling": sampling, **row}) for row in rollout_rows(0, trajectories))

        with self.interruption.stoppable(), phase_progress(how.name, console=self.console) as shown:
            result = self._evaluated(how, shown, keep if how.keeps_responses else None).as_dict()
        if how.keeps_responses:
            write_responses(self.config.folder, how.name, rows)
        self.position.results[how.name] = result
        self._add_seconds(how.name, time.perf_counter() - started)

    def _evaluation_metrics(self, shown: PhaseProgress) -> dict[str, float]:
        every = self.config.evaluation.every
        if every is None or (self.position.step + 1) % every:
            return {}
        with self.interruption.stoppable():
            result = self._evaluated(self.config.evaluation, shown)
        return {"eval/greedy": result.greedy.rate, "eval/sampled": result.sampled.rate}

    def _evaluated(
        self,
        how: EvaluationConfig,
        shown: PhaseProgress,
        record: Callable[[str, list[Trajectory]], None] | None = None,
    ) -> Evaluation:
        engine = self.engines.get(how.engine)
        return evaluate_policy(self.config, self.policy, shown.responses, how=how, engine=engine, record=record)

    def _build(self, entry: SFTConfig | RLConfig) -> Steps:
        if isinstance(entry, SFTConfig):
            phase: Steps = build_sft_phase(self.config, entry, self.policy)
        else:
            engine = self.engines.get(entry.rollout.engine)
            phase = build_rl_phase(self.config, entry, self.policy, self._record, engine=engine)
            if entry.keeps_optimizer and not self.position.is_in_phase:
                load_learner_state(self.config.folder, phase.learner)
        if self.position.is_in_phase:
            load_learner_state(self.config.folder, phase.learner)
            if isinstance(phase, RLPhase):
                phase.env.set_state(load_env_state(self.config.folder))
        phase.learner.optimizer.register_step_pre_hook(self._hold)
        return phase

    def _hold(self, *_: object) -> None:
        self.interruption.hold()

    def _record(self, step: int, trajectories: list[Trajectory]) -> None:
        several = {"phase": self.plan[self.position.phase].name} if len(self.config.rl_phases) > 1 else {}
        for row in rollout_rows(step, trajectories):
            self.rollouts.write({**several, **row})

    def _save(self, name: str, *, is_scheduled: bool) -> None:
        position = self.position
        position.offsets = {"metrics": self.metrics.sync(), "rollouts": self.rollouts.sync()}
        if is_scheduled:
            position.kept.pop(position.weights, None)
            position.kept[position.weights] = name
            position.kept = dict(list(position.kept.items())[-self.config.keep_checkpoints :])
        retention = Retention(names=position.kept.values(), best=position.best)
        if self.saved == position.weights:
            save_state(self.config.folder, name, asdict(position), retention=retention)
            return
        save_checkpoint(
            self.config.folder,
            name,
            phase="" if self.phase is None else self.phase.config.name,
            model=self.policy.model,
            tokenizer=self.policy.codec.tokenizer,
            learner=None if self.phase is None else self.phase.learner,
            env_state=self.phase.env.get_state() if isinstance(self.phase, RLPhase) else None,
            state=asdict(position),
            retention=retention,
        )
        self.saved = position.weights

    def _add_seconds(self, name: str, seconds: float) -> None:
        self.position.seconds[name] = self.position.seconds.get(name, 0.0) + seconds

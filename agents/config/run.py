"""A whole run: its policy, its environment and its phases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TypeAlias

from agents.config.environment import EnvConfig
from agents.config.evaluation import EvaluationConfig
from agents.config.phase import INITIAL, PREVIOUS
from agents.config.policy import PolicyConfig
from agents.config.reinforcement import RLConfig
from agents.config.supervised import SFTConfig
from agents.errors import ConfigError, check_at_least
from reasonenv.errors import UnknownNameError

__all__ = ["Phase", "RunConfig"]

Phase: TypeAlias = SFTConfig | RLConfig | EvaluationConfig
_SUMMARY_NAMES = ("algorithm", "constant_answer_baseline", "num_tasks_also_trained_on", "seconds", "total", "training")
"""What `summary.json` and `tasks.json` hold beside phases."""


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A whole run: which policy, its phases in order, and where to write."""

    name: str
    seed: int = 0
    output_dir: Path = Path("runs")
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    env: EnvConfig = field(default_factory=EnvConfig)
    """Of every phase that has none of its own."""
    phases: tuple[Phase | str, ...] = ()
    """What to do, in order; a bare name is an evaluation of that name, as `evaluation` says."""
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    """How phases of a bare name measure, and reinforcement learning on its way (`every`)."""
    checkpoint_every: int = 50
    """Steps between checkpoints within a phase."""
    keep_checkpoints: int = 1
    """How many of them stay, the newest ones; with evaluations during RL, the best one stays besides."""

    def __post_init__(self) -> None:
        check_at_least(0, "run", seed=self.seed)
        check_at_least(1, "run", checkpoint_every=self.checkpoint_every, keep_checkpoints=self.keep_checkpoints)
        if self.name in ("", "..") or Path(self.name).name != self.name:
            raise ConfigError(f"The run's name must be that of a folder in output_dir, got {self.name!r}.")
        if self.evaluation.start != PREVIOUS:
            raise ConfigError("evaluation.start is for a phase: give phases an EvaluationConfig with that start.")
        for number, phase in enumerate(self.phases):
            _check_kind(number, phase)
        plan = self.plan
        _check_names([phase.name for phase in plan])
        for number, phase in enumerate(plan):
            _check_start(phase, plan[:number], plan[number:])
            if isinstance(phase, EvaluationConfig) and phase.every is not None and self.phases[number] is phase:
                raise ConfigError(f"{phase.name}.every is not for a phase: set evaluation.every.")
            if isinstance(phase, RLConfig):
                self._check_update(phase)
                if phase.keeps_optimizer:
                    _check_kept_optimizer(phase, plan[:number])

    def _check_update(self, phase: RLConfig) -> None:
        if self.policy.gradient_checkpointing and phase.update.share_prompts:
            raise ConfigError(
                f"policy.gradient_checkpointing and {phase.name}.update.share_prompts exclude each other: switch one "
                "off."
            )

    @property
    def plan(self) -> tuple[Phase, ...]:
        """The phases, with the evaluation that a bare name stands for."""
        return tuple(replace(self.evaluation, name=phase) if isinstance(phase, str) else phase for phase in self.phases)

    def with_phase(self, phase: Phase) -> RunConfig:
        """Return the run with another phase in the place of the one of that name.

        Raises:
            UnknownNameError: there is none.
        """
        names = [own if isinstance(own, str) else own.name for own in self.phases]
        if phase.name not in names:
            raise UnknownNameError("phase", phase.name, names)
        place = names.index(phase.name)
        return replace(self, phases=(*self.phases[:place], phase, *self.phases[place + 1 :]))

    @property
    def training_phases(self) -> tuple[SFTConfig | RLConfig, ...]:
        """The phases that learn."""
        return tuple(phase for phase in self.phases if isinstance(phase, SFTConfig | RLConfig))

    @property
    def rl_phases(self) -> tuple[RLConfig, ...]:
        """The phases of reinforcement learning."""
        return tuple(phase for phase in self.phases if isinstance(phase, RLConfig))

    @property
    def own_starts(self) -> frozenset[str]:
        """What a start may be called that leads to no model outside of the run."""
        return frozenset({PREVIOUS, INITIAL, *(phase.name for phase in self.plan)})

    @property
    def extensible(self) -> tuple[int, SFTConfig | RLConfig] | None:
        """The last phase that trains, with its number, where only evaluations of its policy follow."""
        trained = [(number, phase) for number, phase in enumerate(self.plan) if not isinstance(phase, EvaluationConfig)]
        if not trained or any(phase.start != PREVIOUS for phase in self.plan[trained[-1][0] + 1 :]):
            return None
        return trained[-1]

    @property
    def training_envs(self) -> dict[str, EnvConfig]:
        """Where is learned: "training", the run's environment, or that of a phase by its name; none for samples."""
        learning = [phase for phase in self.training_phases if isinstance(phase, RLConfig) or phase.samples is None]
        uses = {"training" if phase.env is None else phase.name: phase for phase in learning}
        return {use: self.training_env(phase) for use, phase in uses.items()}

    @property
    def evaluations(self) -> dict[str, EvaluationConfig]:
        """How is measured: "evaluation", in phases of a bare name and during RL, or a phase by its name."""
        is_used = any(isinstance(phase, str) for phase in self.phases)
        is_used |= self.evaluation.every is not None and bool(self.rl_phases)
        own = {phase.name: phase for phase in self.phases if isinstance(phase, EvaluationConfig)}
        return {"evaluation": self.evaluation, **own} if is_used else own

    @property
    def folder(self) -> Path:
        """The folder of everything that the run writes."""
        return self.output_dir / self.name

    @property
    def is_training(self) -> bool:
        """Whether there is anything to learn, or only to evaluate."""
        return bool(self.training_phases)

    def training_env(self, phase: SFTConfig | RLConfig | None = None) -> EnvConfig:
        """Return where a phase learns, with its split; None stands for one without an environment of its own."""
        env = self.env if phase is None or phase.env is None else phase.env
        return replace(env, split=env.split or "train")

    def evaluation_env(self, phase: EvaluationConfig | None = None) -> EnvConfig:
        """Return where to evaluate: the environment of a phase or of the run, with the parts that are set there.

        Args:
            phase: None stands for `evaluation`.
        """
        chosen = self.evaluation if phase is None else phase
        split = chosen.split or (chosen.env and chosen.env.split) or "test"
        env = replace(self.env if chosen.env is None else chosen.env, split=split)
        if chosen.env_id is not None:
            env = replace(env.without_parts(chosen.env_id), split=split)
        if chosen.tasks is not None:
            env = replace(env, tasks=chosen.tasks, columns=None, data_set=None)
        own = {name: getattr(chosen, name) for name in ("columns", "data_set", "reward", "template")}
        return replace(env, **{name: value for name, value in own.items() if value is not None})


def _check_names(names: Sequence[str]) -> None:
    taken = {entry.name for entry in fields(RunConfig)} | set(_SUMMARY_NAMES) | {INITIAL, PREVIOUS}
    for name, count in Counter(names).items():
        if count > 1:
            raise ConfigError(f"{count} phases are called {name!r}: give each a name of its own.")
        if name in taken:
            raise ConfigError(
                f"A phase cannot be called {name!r}: a run has something else of that name. Choose another."
            )


def _check_kind(number: int, phase: object) -> None:
    if not isinstance(phase, str | SFTConfig | RLConfig | EvaluationConfig):
        raise ConfigError(
            f"phases[{number}] must be an SFTConfig, an RLConfig, an EvaluationConfig, or the name of an evaluation; "
            f"got a {type(phase).__name__}."
        )


def _check_start(phase: Phase, before: Sequence[Phase], others: Sequence[Phase]) -> None:
    """Refuse a start behind a phase that is not over; what names no phase is a model, which is looked for later, unless
    it is nearly the name of a phase.
    """
    if phase.start in [other.name for other in others]:
        raise ConfigError(f"{phase.name}.start={phase.start!r} must name a phase before {phase.name!r}.")
    known = [PREVIOUS, INITIAL, *(other.name for other in before)]
    alike = get_close_matches(phase.start, known, 1, 0.65)
    if phase.start not in known and alike and not Path(phase.start).exists():
        raise ConfigError(
            f"{phase.name}.start={phase.start!r} is no phase and no folder. Did you mean {alike[0]!r}? A model of "
            "the hub is called by its owner and name."
        )


def _check_kept_optimizer(phase: RLConfig, before: Sequence[Phase]) -> None:
    """Refuse to go on with an optimizer that is not there, or is of other weights or settings."""
    setting = f"{phase.name}.keeps_optimizer"
    trained = [number for number, other in enumerate(before) if not isinstance(other, EvaluationConfig)]
    first = before[trained[-1]] if trained else None
    if not isinstance(first, RLConfig):
        raise ConfigError(f"{setting} needs a phase of reinforcement learning before it, and no other in between.")
    for other in (*before[trained[-1] + 1 :], phase):
        if other.start != PREVIOUS:
            raise ConfigError(f"{setting}: {other.name}.start={other.start!r} is not the policy of that optimizer.")
    if phase.optimizer != first.optimizer or phase.optimizer.schedule != "constant":
        raise ConfigError(
            f"{setting} needs the same {phase.name}.optimizer as {first.name}.optimizer, with schedule='constant'."
        )
    has_values = ["values" in rl.algorithm.needs for rl in (first, phase)]
    if len(set(has_values)) > 1 or first.critic != phase.critic:
        raise ConfigError(f"{setting} needs the same critic, or none, in {first.name!r} and {phase.name!r}.")

"""Many environments at once, answered and scored together.

Every row is a whole `TextEnv` with its own state. Groups of rows draw the same tasks because their generators start
from the same seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from reasonenv.counts import check_counts
from reasonenv.env import EnvState, Episode, StepResult, TextEnv, TextEnvArguments
from reasonenv.errors import EpisodeError
from reasonenv.specification import WritableSpec
from reasonenv.types import RewardBreakdown

__all__ = ["TextVectorEnv", "VectorStepResult"]

VectorStepResult = tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]


class TextVectorEnv(VectorEnv[tuple[str, ...], Sequence[str | None], NDArray[Any]]):
    """`num_envs` text environments that step together, in groups of `group_size` rows with one task each.

    Rows i·G … i·G+G-1 form group i (G = `group_size`): the k-th episode of each has the same task, whenever it starts.
    With groups of one row, it does exactly what Gymnasium's `SyncVectorEnv` over the same environments does, but
    `CompositeReward.score` is called once per step, with every attempt that ended in it, and so is `Interaction.answer`
    with those that go on. In `AutoresetMode.DISABLED`, a finished row rests while its action is None, where
    Gymnasium's `SyncVectorEnv` fails: its reward is 0 and it has no info.

    Args:
        num_envs: number of rows.
        group_size: rows per group; a divisor of `num_envs`.
        max_episode_steps: as for `gymnasium.make`, whose `TimeLimit` this equals: an episode of that many responses is
            truncated, and not scored if it would go on; -1 is no limit. To score the last response, use `max_turns`.
        autoreset_mode: when a finished row starts its next episode: in the next step, in the same step, or by `reset`.
        arguments: those of `TextEnv`, for all rows; each part is loaded once and shared.

    Raises:
        ValueError: sizes that do not fit, a limit below 1, no autoreset mode, and whatever `TextEnv` raises.
    """

    spec = WritableSpec()  # pyright: ignore[reportAssignmentType] it reads and takes what Gymnasium declares

    def __init__(
        self,
        num_envs: int = 1,
        *,
        group_size: int = 1,
        max_episode_steps: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        **arguments: Unpack[TextEnvArguments],
    ) -> None:
        limit = None if max_episode_steps == -1 else max_episode_steps
        check_counts(num_envs=num_envs, group_size=group_size, max_episode_steps=1 if limit is None else limit)
        if num_envs % group_size:
            raise ValueError(
                f"num_envs must be a multiple of group_size, got num_envs={num_envs}, group_size={group_size}."
            )
        self.num_envs = num_envs
        self.group_size = group_size
        self.max_episode_steps = limit
        self.autoreset_mode = _autoreset_mode(autoreset_mode)
        first = TextEnv(**arguments)
        self.tasks, self.reward, self.turn = first.tasks, first.reward, first.turn
        arguments["tasks"], arguments["reward"] = first.tasks, first.reward
        arguments["columns"] = arguments["data_set"] = None
        arguments["template"], arguments["turn"] = first.template, first.turn
        self.envs = [first, *(TextEnv(**arguments) for _ in range(num_envs - 1))]
        self._share_seeds()
        self.metadata = {**TextEnv.metadata, "autoreset_mode": self.autoreset_mode}
        self.render_mode = first.render_mode
        self.single_observation_space = first.observation_space
        self.single_action_space = first.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    @property
    def np_random(self) -> tuple[np.random.Generator, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the generator of each row, as Gymnasium's `SyncVectorEnv` does."""
        return tuple(env.np_random for env in self.envs)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return what each row was seeded with last."""
        return tuple(env.np_random_seed for env in self.envs)

    def _share_seeds(self) -> None:
        """Give the rows of each group one random seed, for those who never pass any."""
        for start in range(0, self.num_envs, self.group_size):
            generator, seed = seeding.np_random()
            for env in self.envs[start : start + self.group_size]:
                env.set_state(EnvState(generator, seed, None))

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Start an episode in every row, or in those of a mask.

        Args:
            seed: group i gets `seed + i`; or a list with one seed per row, the same within each group; None lets the
                generators go on.
            options: `task_index` or `task_id` choose the task of all rows, or, as a list, that of each group;
                `reset_mask`, a boolean array [num_envs], says which rows to reset.

        Raises:
            ValueError, TypeError: as `TextEnv.reset`; a list of the wrong length; a mask that is not one.
        """
        if options is not None and not isinstance(options, Mapping):
            raise TypeError(f"The options of reset must be a dict, got {type(options).__name__}: {options!r:.80}.")
        options = dict(options or {})
        rows = self._masked_rows(options.pop("reset_mask")) if "reset_mask" in options else range(self.num_envs)
        seeds = self._row_seeds(seed)
        row_options = self._row_options(options)
        infos: dict[str, Any] = {}
        for row in rows:
            _, info = self.envs[row].reset(seed=seeds[row], options=row_options[row])
            infos = self._add_info(infos, info, row)
        return tuple(env.observation for env in self.envs), infos

    def step(
        self, actions: Sequence[str | None], *, token_ids: Sequence[Sequence[int] | None] | None = None
    ) -> VectorStepResult:
        """Take a response in every row, and score the attempts that this ended in one call.

        Args:
            actions: the responses.
            token_ids: their tokens as they were sampled, for rewards that count tokens.

        Raises:
            ValueError: not one response, or sequence of tokens, per row.
            TypeError, EpisodeError: as `TextEnv.step`, with a note that names the row; no row has changed.
        """
        episodes = self._advance(actions, [None] * self.num_envs if token_ids is None else token_ids)
        breakdowns = self._score(episodes)
        observations = [""] * self.num_envs
        rewards = np.zeros(self.num_envs, dtype=np.float64)
        terminations = np.zeros(self.num_envs, dtype=np.bool_)
        truncations = np.zeros(self.num_envs, dtype=np.bool_)
        infos: dict[str, Any] = {}
        for row, env in enumerate(self.envs):
            info: dict[str, Any] = {}
            if row in episodes:
                observations[row], rewards[row], terminations[row], truncations[row], info = self._commit(
                    row, episodes[row], breakdowns.get(row)
                )
            elif self.autoreset_mode is AutoresetMode.NEXT_STEP:
                observations[row], info = env.reset()
            else:
                terminations[row], truncations[row] = env.episode.is_terminated, env.episode.is_truncated
            if row in episodes and env.is_over and self.autoreset_mode is AutoresetMode.SAME_STEP:
                infos = self._add_info(infos, {"final_obs": observations[row], "final_info": info}, row)
                observations[row], info = env.reset()
            infos = self._add_info(infos, info, row)
        return tuple(observations), rewards, terminations, truncations, infos

    def _commit(self, row: int, episode: Episode, breakdown: RewardBreakdown | None) -> StepResult:
        observation, reward, terminated, truncated, info = self.envs[row].commit(episode, breakdown)
        if episode.num_turns == self.max_episode_steps:
            self.envs[row].truncate()
            truncated = True
        return observation, reward, terminated, truncated, info

    def _advance(self, actions: Sequence[str | None], token_ids: Sequence[Sequence[int] | None]) -> dict[int, Episode]:
        """Return what the episodes become, by row; rows that start anew or rest are left out."""
        if isinstance(actions, str) or len(actions) != self.num_envs:
            raise ValueError(
                f"actions must hold {self.num_envs} responses, one per row; "
                f"got {type(actions).__name__} of length {len(actions)}."
            )
        if len(token_ids) != self.num_envs:
            raise ValueError(f"token_ids must hold {self.num_envs} sequences, one per row; got {len(token_ids)}.")
        episodes: dict[int, Episode] = {}
        for row, (env, action, tokens) in enumerate(zip(self.envs, actions, token_ids, strict=True)):
            if env.is_over and self.autoreset_mode is AutoresetMode.NEXT_STEP:
                continue
            if env.is_over and self.autoreset_mode is AutoresetMode.DISABLED and action is None:
                continue
            try:
                episodes[row] = env.take(action, tokens)  # pyright: ignore[reportArgumentType] it refuses None
            except (TypeError, EpisodeError) as error:
                error.add_note(f"In row {row} of {self}.")
                raise
        return episodes | self._answered({row: taken for row, taken in episodes.items() if not taken.is_over})

    def _answered(self, running: dict[int, Episode]) -> dict[int, Episode]:
        """Answer the episodes that go on in one call, and return what they become, by row."""
        if self.turn is None or not running:
            return {}
        answers = self.turn.answer([taken.attempt for taken in running.values()])
        return {
            row: self.envs[row].follow(taken, answer)
            for (row, taken), answer in zip(running.items(), answers, strict=True)
        }

    def _score(self, episodes: dict[int, Episode]) -> dict[int, RewardBreakdown]:
        """Return the scores, by row, of the episodes that are over, in groups as the rows are."""
        attempts = {
            row: episode.attempt_in(row // self.group_size) for row, episode in episodes.items() if episode.is_over
        }
        if not attempts:
            return {}
        return dict(zip(attempts, self.reward.score(list(attempts.values())), strict=True))

    def _masked_rows(self, mask: object) -> list[int]:
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
            kind = f"an array of {mask.dtype}" if isinstance(mask, np.ndarray) else type(mask).__name__
            raise TypeError(f"options['reset_mask'] must be a NumPy array of booleans, got {kind}.")
        if mask.shape != (self.num_envs,) or not mask.any():
            raise ValueError(
                f"options['reset_mask'] must have shape ({self.num_envs},) and choose a row, "
                f"got shape {mask.shape} with {mask.sum()} rows chosen."
            )
        return [int(row) for row in np.flatnonzero(mask)]

    def _row_seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, int | np.integer):
            return [int(seed) + row // self.group_size for row in range(self.num_envs)]
        if isinstance(seed, str) or not isinstance(seed, Sequence | np.ndarray):
            raise TypeError(f"A seed must be an int, or a list with one per row, got {seed!r:.80}.")
        if len(seed) != self.num_envs:
            raise ValueError(f"A list of seeds must have one per row ({self.num_envs}), got {len(seed)}.")
        for start in range(0, self.num_envs, self.group_size):
            group = list(seed[start : start + self.group_size])
            if len(set(group)) > 1:
                raise ValueError(
                    f"Rows of a group must have the same seed; got {group} for rows {start} to "
                    f"{start + self.group_size - 1} (group_size={self.group_size})."
                )
        return list(seed)

    def _row_options(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        num_groups = self.num_envs // self.group_size
        columns: dict[str, list[Any]] = {}
        for name, choice in options.items():
            if not isinstance(choice, list | tuple | np.ndarray):
                columns[name] = [choice] * num_groups
            elif len(choice) == num_groups:
                columns[name] = list(choice)
            else:
                raise ValueError(
                    f"options[{name!r}] must be one for all rows, or a list with one for each of the {num_groups} "
                    f"groups; got {len(choice)}."
                )
        return [
            {name: column[row // self.group_size] for name, column in columns.items()} for row in range(self.num_envs)
        ]

    def get_state(self) -> tuple[EnvState, ...]:
        """Return a snapshot of every row, for `set_state` of an environment made with the same arguments."""
        return tuple(env.get_state() for env in self.envs)

    def set_state(self, state: Sequence[EnvState]) -> None:
        """Go back to a snapshot."""
        if len(state) != self.num_envs:
            raise ValueError(f"The snapshot has {len(state)} rows, the environment {self.num_envs}.")
        for env, row_state in zip(self.envs, state, strict=True):
            env.set_state(row_state)

    def render(self) -> tuple[str | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride] as in TextEnv
        """Return what `TextEnv.render` gives for each row."""
        return tuple(env.render() for env in self.envs)

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Call the method `name` of every row, or get its attribute, as Gymnasium's `SyncVectorEnv.call` does."""
        members = [env.get_wrapper_attr(name) for env in self.envs]
        return tuple(member(*args, **kwargs) if callable(member) else member for member in members)

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """Get the attribute `name` of every row."""
        return self.call(name)

    def close_extras(self) -> None:
        """Close every row."""
        for env in self.envs:
            env.close()


def _autoreset_mode(mode: str | AutoresetMode) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError:
        known = ", ".join(repr(known.value) for known in AutoresetMode)
        raise ValueError(f"autoreset_mode must be one of {known}, got {mode!r:.80}.") from None

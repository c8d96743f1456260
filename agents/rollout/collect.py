"""Episodes from an engine and a vector environment: the only place where tokens and text meet during training.

Each pass of the loop generates for every episode that is still running, so multi-turn episodes of different length
share their batches. Nothing here learns, and nothing here draws a task: the caller names them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from agents.errors import ConfigError
from agents.rollout.codec import TextCodec
from agents.rollout.engine import Completion, RolloutEngine, SamplingParams
from agents.seeds import derive_seed
from agents.types import TokenIds, Trajectory
from reasonenv.types import ScoreStatus
from reasonenv.vector import TextVectorEnv

__all__ = ["collect"]


@dataclass
class _Episode:
    """Tokens gathered so far, in step with one row of the environment."""

    group_id: int
    task_id: str
    domain: str | None
    prompt: str
    token_ids: list[int] = field(default_factory=list[int])
    loss_mask: list[int] = field(default_factory=list[int])
    logprobs: list[float] = field(default_factory=list[float])
    responses: list[str] = field(default_factory=list[str])
    last_token_ids: TokenIds | None = None
    """The tokens of the last response."""
    reward: float = 0.0
    is_stopped: bool = False

    def append_environment(self, token_ids: TokenIds) -> None:
        self.token_ids.extend(token_ids)
        self.loss_mask.extend([0] * len(token_ids))
        self.logprobs.extend([0.0] * len(token_ids))

    def append_completion(self, completion: Completion, text: str) -> None:
        self.token_ids.extend(completion.token_ids)
        self.loss_mask.extend([1] * len(completion.token_ids))
        self.logprobs.extend(completion.logprobs)
        self.responses.append(text)
        self.last_token_ids = completion.token_ids
        self.is_stopped = completion.finish_reason == "stop"


def collect(
    env: TextVectorEnv,
    engine: RolloutEngine,
    codec: TextCodec,
    params: SamplingParams,
    *,
    task_indices: Sequence[int],
) -> list[Trajectory]:
    """Play one episode in every row of `env`.

    Args:
        env: with `autoreset_mode=DISABLED`; its groups of `group_size` rows share a task.
        engine: generates with one version of the weights.
        codec: the policy's tokenizer; its end-of-sequence token is added to the stop tokens.
        params: sampling settings. Each turn of an episode samples with a seed of its own, derived from `params.seed`.
        task_indices: the task of each group.

    Returns:
        One trajectory per row, in row order.

    Raises:
        ConfigError: the environment resets itself.
    """
    if env.metadata["autoreset_mode"] is not AutoresetMode.DISABLED:
        raise ConfigError("collect() needs TextVectorEnv(..., autoreset_mode=AutoresetMode.DISABLED).")
    params = replace(params, stop_token_ids=(*params.stop_token_ids, codec.eos_token_id))
    episodes = _start(env, codec, task_indices)
    trajectories: list[Trajectory | None] = [None] * env.num_envs
    running, turn = list(range(env.num_envs)), 0
    while running:
        turn_params = replace(params, seed=derive_seed(params.seed, "turn", turn))
        completions = _generate(engine, episodes, running, turn_params, env.group_size)
        for row, completion in zip(running, completions, strict=True):
            episodes[row].append_completion(completion, codec.decode(completion.token_ids))
        actions = [
            None if done else episode.responses[-1] for episode, done in zip(episodes, trajectories, strict=True)
        ]
        observations, rewards, terminated, truncated, infos = env.step(
            actions, token_ids=[episode.last_token_ids for episode in episodes]
        )
        for row in running:
            episodes[row].reward += float(rewards[row])
            if terminated[row] or truncated[row]:
                trajectories[row] = _finish(episodes[row], infos, row, engine.weights_version)
            else:
                episodes[row].append_environment(codec.encode_turn(observations[row]))
        running, turn = [row for row in running if trajectories[row] is None], turn + 1
    return [trajectory for trajectory in trajectories if trajectory is not None]


def _start(env: TextVectorEnv, codec: TextCodec, task_indices: Sequence[int]) -> list[_Episode]:
    observations, infos = env.reset(options={"task_index": list(task_indices)})
    episodes: list[_Episode] = []
    for first in range(0, env.num_envs, env.group_size):
        prompt_ids = codec.encode_prompt(observations[first], infos["messages"][first])
        if not prompt_ids:
            raise ConfigError(f"Task {infos['task_id'][first]!r} has an empty prompt: nothing to continue from.")
        for row in range(first, first + env.group_size):
            domain = str(infos["domain"][row]) if "domain" in infos and infos["_domain"][row] else None
            episode = _Episode(first // env.group_size, str(infos["task_id"][row]), domain, observations[row])
            episode.append_environment(prompt_ids)
            episodes.append(episode)
    return episodes


def _generate(
    engine: RolloutEngine, episodes: Sequence[_Episode], running: Sequence[int], params: SamplingParams, group_size: int
) -> list[Completion]:
    """One completion per running row; the rows of a group share their prompt in the first turn only."""
    is_first_turn = not episodes[running[0]].responses
    num_samples = group_size if is_first_turn else 1
    prompts = [tuple(episodes[row].token_ids) for row in running[::num_samples]]
    groups = engine.generate(prompts, params, num_samples=num_samples)
    return [completion for group in groups for completion in group]


def _finish(episode: _Episode, infos: Mapping[str, Any], row: int, weights_version: int) -> Trajectory:
    components: Mapping[str, Any] = infos["reward_components"]
    return Trajectory(
        task_id=episode.task_id,
        group_id=episode.group_id,
        prompt=episode.prompt,
        responses=tuple(episode.responses),
        token_ids=tuple(episode.token_ids),
        loss_mask=tuple(episode.loss_mask),
        behavior_logprobs=tuple(episode.logprobs),
        reward=episode.reward,
        reward_components={
            name: float(values[row])
            for name, values in components.items()
            if not name.startswith("_") and np.asarray(components[f"_{name}"])[row]
        },
        reward_status=ScoreStatus(infos["reward_status"][row]),
        is_stopped=episode.is_stopped,
        weights_version=weights_version,
        domain=episode.domain,
    )

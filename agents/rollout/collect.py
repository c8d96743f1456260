"""Episodes from an engine and a vector environment: where tokens and text meet.

An episode of two turns, with one token per word and `.` for the end of sequence, becomes this trajectory:

    environment        2 + 2 = ?              no , again
    policy                         5   .                    4   .
    token_ids          2 + 2 = ?   5   .      no , again    4   .
    loss_mask          0 0 0 0 0   1   1      0  0 0        1   1
    behavior_logprobs  0 0 0 0 0   -.7 -.1    0  0 0        -.4 -.1
    responses                    ("5",                    "4")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from torch import Tensor

from agents.errors import ConfigError
from agents.rollout.codec import TextCodec
from agents.rollout.engine import Completion, RolloutEngine, SamplingParams
from agents.seeds import derive_seed
from agents.types import Span, TokenIds, Trajectory
from reasonenv.rewards import CompositeReward
from reasonenv.types import ScoreStatus
from reasonenv.vector import TextVectorEnv

__all__ = ["collect"]


@dataclass
class _Episode:
    """What one row of the environment has gathered so far."""

    group_id: int
    task_id: str
    domain: str | None
    prompt: str
    reference: Any
    token_ids: list[int] = field(default_factory=list[int])
    loss_mask: list[int] = field(default_factory=list[int])
    logprobs: list[float] = field(default_factory=list[float])
    responses: list[str] = field(default_factory=list[str])
    spans: list[Span] = field(default_factory=list[Span])
    last_completion: Completion | None = None
    opened_thinking: str = ""
    """What the prompt has written of the next response already."""
    turn_rewards: list[float] = field(default_factory=list[float])
    routes: list[Tensor] = field(default_factory=list[Tensor])
    """Recorded experts of consecutive tokens from the first one on."""

    @property
    def is_closed(self) -> bool:
        """Return whether the last response ended with a stop token."""
        return self.last_completion is not None and self.last_completion.finish_reason == "stop"

    def append_environment(self, token_ids: TokenIds, opened_thinking: str) -> None:
        self.opened_thinking = opened_thinking
        self.token_ids += token_ids
        self.loss_mask += [0] * len(token_ids)
        self.logprobs += [0.0] * len(token_ids)

    def append_completion(self, completion: Completion, text: str) -> None:
        self.token_ids += completion.token_ids
        self.loss_mask += [1] * len(completion.token_ids)
        self.logprobs += completion.logprobs
        self.responses.append(self.opened_thinking + text)
        self.last_completion = completion
        start, stop = len(self.token_ids) - len(completion.token_ids), len(self.token_ids)
        self.spans.append(Span(start, stop, len(self.responses) - 1, completion.weights_version))
        if completion.routed_experts is not None:
            self._append_routes(completion.routed_experts)

    def _append_routes(self, routes: Tensor) -> None:
        """Keep what was recorded when a token was sampled; a later turn's prompt only adds what is new in it."""
        if len(routes) != len(self.token_ids) - 1:
            raise ValueError(
                f"Expected the routed experts of {len(self.token_ids) - 1} tokens (prompt and completion without its "
                f"last token), got those of {len(routes)}: the engine recorded other tokens."
            )
        self.routes.append(routes[sum(map(len, self.routes)) :])

    def routed_experts(self) -> Tensor | None:
        """Return the experts of every token, −1 where none were recorded."""
        if not self.routes:
            return None
        routes = torch.cat(self.routes)
        return torch.cat([routes, routes.new_full((len(self.token_ids) - len(routes), *routes.shape[1:]), -1)])


def collect(
    env: TextVectorEnv,
    engine: RolloutEngine,
    codec: TextCodec,
    params: SamplingParams,
    *,
    task_indices: Sequence[int],
) -> list[Trajectory]:
    """Play one episode in every row of `env`, and return one trajectory per row, in row order.

    Args:
        env: with `autoreset_mode=DISABLED`; its groups of `group_size` rows share a task.
        engine: generates with one version of the weights.
        codec: the policy's tokenizer; its stop tokens are added to those of `params`.
        params: sampling settings. Each turn samples with a seed of its own, derived from `params.seed`.
        task_indices: the task of each group.

    Raises:
        ConfigError: the environment resets itself, a prompt is empty, or the chat template refuses the messages or
            several turns; the engine returns another number of completions than was asked for.
    """
    params = replace(params, stop_token_ids=(*params.stop_token_ids, *codec.stop_token_ids))
    episodes = _start(env, codec, task_indices)
    trajectories: dict[int, Trajectory] = {}
    running, turn = list(range(env.num_envs)), 0
    while running:
        turn_params = replace(params, seed=derive_seed(params.seed, "turn", turn))
        completions = _generate(engine, episodes, running, turn_params, env.group_size)
        for row, completion in zip(running, completions, strict=True):
            episodes[row].append_completion(completion, codec.decode(completion.token_ids))
        observations, rewards, terminated, truncated, infos = env.step(
            [None if row in trajectories else episode.responses[-1] for row, episode in enumerate(episodes)],
            token_ids=[episode.last_completion and episode.last_completion.token_ids for episode in episodes],
        )
        for row in running:
            episodes[row].turn_rewards.append(float(rewards[row]))
            if terminated[row] or truncated[row]:
                trajectories[row] = _finish(episodes[row], infos, row, env.reward)
            else:
                token_ids = codec.encode_turn(observations[row], is_closed=episodes[row].is_closed)
                episodes[row].append_environment(token_ids, codec.opened_thinking(token_ids))
        running, turn = [row for row in running if row not in trajectories], turn + 1
    return [trajectories[row] for row in range(env.num_envs)]


def _start(env: TextVectorEnv, codec: TextCodec, task_indices: Sequence[int]) -> list[_Episode]:
    if env.metadata["autoreset_mode"] is not AutoresetMode.DISABLED:
        raise ConfigError("collect() needs TextVectorEnv(..., autoreset_mode=AutoresetMode.DISABLED).")
    if env.envs[0].max_turns > 1:
        codec.require_turns()
    observations, infos = env.reset(options={"task_index": list(task_indices)})
    episodes: list[_Episode] = []
    for first in range(0, env.num_envs, env.group_size):
        prompt_ids = codec.encode_prompt(observations[first], infos["messages"][first])
        if not prompt_ids:
            raise ConfigError(f"Task {infos['task_id'][first]!r} has an empty prompt: nothing to continue from.")
        opened_thinking, prompt = codec.opened_thinking(prompt_ids), codec.decode(prompt_ids)
        for row in range(first, first + env.group_size):
            domain = str(infos["domain"][row]) if "domain" in infos and infos["_domain"][row] else None
            reference = env.envs[row].task.reference
            episode = _Episode(first // env.group_size, str(infos["task_id"][row]), domain, prompt, reference)
            episode.append_environment(prompt_ids, opened_thinking)
            episodes.append(episode)
    return episodes


def _generate(
    engine: RolloutEngine, episodes: Sequence[_Episode], running: Sequence[int], params: SamplingParams, group_size: int
) -> list[Completion]:
    """Return one completion per running row; the rows of a group share their prompt in the first turn only."""
    is_first_turn = not episodes[running[0]].responses
    num_samples = group_size if is_first_turn else 1
    prompts = [tuple(episodes[row].token_ids) for row in running[::num_samples]]
    groups = engine.generate(prompts, params, num_samples=num_samples)
    sizes = [len(group) for group in groups]
    if sizes != [num_samples] * len(prompts):
        raise ConfigError(
            f"{type(engine).__name__}.generate must return {num_samples} completions for each of the {len(prompts)} "
            f"prompts, got {sizes}."
        )
    return [completion for group in groups for completion in group]


def _finish(episode: _Episode, infos: Mapping[str, Any], row: int, reward: CompositeReward) -> Trajectory:
    components: Mapping[str, Any] = infos["reward_components"]
    own = {
        name: float(values[row])
        for name, values in components.items()
        if not name.startswith("_") and np.asarray(components[f"_{name}"])[row]
    }
    return Trajectory(
        task_id=episode.task_id,
        group_id=episode.group_id,
        prompt=episode.prompt,
        messages=tuple(infos["messages"][row]),
        reference=episode.reference,
        responses=tuple(episode.responses),
        token_ids=tuple(episode.token_ids),
        loss_mask=tuple(episode.loss_mask),
        behavior_logprobs=tuple(episode.logprobs),
        reward=sum(episode.turn_rewards),
        reward_components=own,
        reward_weights={name: reward.weights[name] for name in own},
        turn_rewards=tuple(episode.turn_rewards[:-1]) if any(episode.turn_rewards[:-1]) else (),
        reward_details=dict(infos["reward_details"][row]),
        reward_status=ScoreStatus(infos["reward_status"][row]),
        is_stopped=episode.is_closed,
        spans=tuple(episode.spans),
        is_right=reward.is_right(own),
        domain=episode.domain,
        routed_experts=episode.routed_experts(),
    )

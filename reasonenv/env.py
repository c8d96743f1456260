"""The environment: a task is asked, the responses are taken, the finished attempt is scored.

`TextEnv.take` and `TextEnv.follow` compute what a response and the answer to it lead to and change nothing;
`TextEnv.commit` makes it so. Between them attempts are answered and scored, alone or in one batch with those of other
rows. Whatever raises on the way leaves the environment as it was.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Required, SupportsIndex, TypedDict

import gymnasium
import numpy as np

from reasonenv.counts import check_counts
from reasonenv.errors import EpisodeError
from reasonenv.parsing import whole_response
from reasonenv.prompts import PromptTemplate, load_template
from reasonenv.rewards import CompositeReward, Reward, load_reward
from reasonenv.spaces import UnicodeText
from reasonenv.specification import WritableSpec
from reasonenv.tasksets import Columns, TaskSource, load_tasks
from reasonenv.turns import Interaction, Turn, load_turn
from reasonenv.types import Attempt, Message, RewardBreakdown, Task

__all__ = ["EnvState", "Episode", "StepResult", "TextEnv", "TextEnvArguments"]

StepResult = tuple[str, float, bool, bool, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One episode at one moment: `messages` ends with the user's until the episode is over. Methods return the next."""

    task: Task[Any]
    observation: str
    """The prompt, then the feedback; empty once the episode is over."""
    messages: tuple[Message, ...]
    num_turns: int = 0
    """Responses so far."""
    token_ids: tuple[int, ...] | None = None
    """The tokens of the last response, if `step` was given them."""
    is_terminated: bool = False
    is_truncated: bool = False
    is_response_truncated: bool = False
    breakdown: RewardBreakdown | None = None
    """The score, once the episode is over by itself."""

    @property
    def is_over(self) -> bool:
        """Return whether it has ended, either way."""
        return self.is_terminated or self.is_truncated

    @property
    def attempt(self) -> Attempt:
        """Return the episode as a reward sees it; its response is the last message."""
        return self.attempt_in(None)

    def attempt_in(self, group_id: int | None) -> Attempt:
        """Return the attempt as a member of a group."""
        return Attempt(
            task=self.task,
            response=self.messages[-1]["content"],
            messages=self.messages,
            token_ids=self.token_ids,
            group_id=group_id,
        )

    def answered(self, response: str, token_ids: Sequence[int] | None, max_chars: int) -> Episode:
        """Take a response, with the `<think>` that its prompt opened; over `max_chars` it is cut, and truncates."""
        response = whole_response(self.observation, response)
        is_cut = len(response) > max_chars
        return replace(
            self,
            observation="",
            messages=(*self.messages, {"role": "assistant", "content": response[:max_chars]}),
            num_turns=self.num_turns + 1,
            token_ids=None if token_ids is None else tuple(token_ids),
            is_response_truncated=is_cut,
            is_truncated=is_cut,
        )

    def continued(self, feedback: str) -> Episode:
        """Show the feedback to the model."""
        return replace(self, observation=feedback, messages=(*self.messages, {"role": "user", "content": feedback}))

    def ended(self, *, is_truncated: bool) -> Episode:
        """End it: by itself, or where it would go on."""
        return replace(self, is_terminated=not is_truncated, is_truncated=is_truncated)


class TextEnvArguments(TypedDict, total=False):
    """The keyword arguments of `TextEnv`, which `TextVectorEnv` takes as well."""

    tasks: Required[str | Path | TaskSource]
    split: str
    columns: Columns | Mapping[str, str] | None
    data_set: str | None
    reward: str | Mapping[str, float] | Reward | CompositeReward
    template: str | PromptTemplate
    max_turns: int
    max_response_chars: int
    max_observation_chars: int
    turn: str | Turn | Interaction | None
    default_turn: str | Turn | Interaction | None
    render_mode: str | None


class EnvState(NamedTuple):
    """All that the future of a `TextEnv` depends on, apart from the arguments it was made with; picklable."""

    np_random: np.random.Generator
    np_random_seed: int
    episode: Episode | None


class TextEnv(gymnasium.Env[str, str]):
    """One task per episode: the observation is the prompt, the action the response, the reward comes at the end.

    How an episode ends:

    | event                                                  | terminated | truncated | reward                      |
    |--------------------------------------------------------|------------|-----------|-----------------------------|
    | there is no `turn`, or it ended                        | True       | False     | the weighted total          |
    | `turn` would go on, but this was response `max_turns`  | False      | True      | the weighted total          |
    | the response exceeds `max_response_chars`              | False      | True      | that of the kept beginning  |
    | the grader failed, in any of these                     |            |           | NaN: no score, not a low one|
    | otherwise: the observation is the feedback of `turn`   | False      | False     | 0.0                         |

    The observation after the end is the empty string. `info` holds `task_id` and `messages`, and `domain` where the
    task's metadata has one; after a step also `response_truncated`; at the end also `reward_components` {name: value},
    `reward_status` ("scored" or "grader_failed") and `reward_details` [[name, what the reward says of itself], …],
    pairs that `dict` takes. `json.dumps(info)` works.

    Wherever a name goes, "module:attribute" leads to a part of your own, as in `reward="my_module:brevity"`. Names,
    paths and dicts of weights go through the JSON of Gymnasium's `EnvSpec`; other objects do not.

    Args:
        tasks: a name of `TASK_SETS`, a file or folder, rows or tasks of your own; all that `load_tasks` takes.
        split: which part of a named task set or of your own data.
        columns: which column of your own data holds what, as for `load_tasks`.
        data_set: the public data set whose columns a file has.
        reward: a name of `PRESETS` or `REWARDS`, a dict from such names to weights, a reward, or a weighted
            combination.
        template: a name of `TEMPLATES`, or a template: how the question is put.
        max_turns: upper bound of the number of responses; above 1 only with a `turn`. The last one is scored, unlike
            where Gymnasium's `max_episode_steps` cuts an episode off.
        max_response_chars: longest response that is taken whole.
        max_observation_chars: longest prompt or feedback; Gymnasium's `AsyncVectorEnv` shares 4 bytes of memory for
            each.
        turn: answers the model: a name of `TURNS`, a function of the attempt, or an interaction; without it, every
            episode has one response.
        default_turn: the turn of an id, where `max_turns` is above 1 and no `turn` is given.
        render_mode: None or "ansi"; `gymnasium.make` warns of others, and `render` refuses them.

    Raises:
        UnknownNameError: no task set, split, reward, template or turn of that name.
        PartImportError: nothing is found at "module:attribute".
        TaskDataError: tasks that cannot be read.
        ValueError: a limit below 1, several turns without a `turn`, or a `turn` that one response leaves unasked.
        TypeError: a limit that is no integer, or a part that is none.
    """

    spec = WritableSpec()  # pyright: ignore[reportAssignmentType] it reads and takes what Gymnasium declares
    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 1}  # noqa: RUF012  Gymnasium's, read only

    def __init__(
        self,
        *,
        tasks: str | Path | TaskSource,
        split: str = "train",
        columns: Columns | Mapping[str, str] | None = None,
        data_set: str | None = None,
        reward: str | Mapping[str, float] | Reward | CompositeReward = "r1_zero",
        template: str | PromptTemplate = "r1_zero",
        max_turns: int = 1,
        max_response_chars: int = 131_072,
        max_observation_chars: int = 32_768,
        turn: str | Turn | Interaction | None = None,
        default_turn: str | Turn | Interaction | None = None,
        render_mode: str | None = None,
    ) -> None:
        check_counts(
            max_turns=max_turns, max_response_chars=max_response_chars, max_observation_chars=max_observation_chars
        )
        self.turn = load_turn(default_turn if turn is None and max_turns > 1 else turn)
        _check_turns(max_turns, self.turn)
        self.tasks = load_tasks(tasks, split=split, columns=columns, data_set=data_set)
        self.reward = load_reward(reward)
        self.template = load_template(template)
        self.max_turns = max_turns
        self.max_response_chars = max_response_chars
        self.max_observation_chars = max_observation_chars
        self.render_mode = render_mode
        self.observation_space = UnicodeText(max_observation_chars)
        self.action_space = UnicodeText(max_response_chars)
        self._episode: Episode | None = None

    @property
    def episode(self) -> Episode:
        """Return the episode that is running or ended last; EpisodeError before the first reset."""
        if self._episode is None:
            raise EpisodeError("There is no episode yet; call reset() first.")
        return self._episode

    @property
    def is_over(self) -> bool:
        """Return whether there is an episode, and it has ended."""
        return self._episode is not None and self._episode.is_over

    @property
    def observation(self) -> str:
        """Return what the environment showed last; empty before the first reset and after the end."""
        return self._episode.observation if self._episode is not None else ""

    @property
    def task(self) -> Task[Any]:
        """Return the task of `episode`."""
        return self.episode.task

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Start an episode; its task is drawn with `np_random` alone.

        The generator advances by one draw per episode even if the options choose the task, so that the tasks drawn for
        later episodes do not depend on it.

        Args:
            seed: seeds `np_random`; None lets it go on.
            options: `{"task_index": i}` or `{"task_id": "gcd_lcm/train/00017"}` chooses the task.

        Raises:
            ValueError: unknown options, an id that the task set does not hold, or a prompt that is too long.
            IndexError: no task with that index.
        """
        chosen = self._chosen_task({} if options is None else options)
        super().reset(seed=seed)
        drawn = int(self.np_random.integers(len(self.tasks)))
        task = self.tasks[drawn] if chosen is None else chosen
        prompt = self._checked_observation(self.template.text(task), f"The prompt of task {task.task_id!r}")
        self._give_up()
        self._episode = Episode(task=task, observation=prompt, messages=self.template.messages(task))
        return prompt, _info(self._episode)

    def step(self, action: str, *, token_ids: Sequence[int] | None = None) -> StepResult:
        """Take a response.

        Args:
            action: the response.
            token_ids: its tokens as they were sampled, for rewards that count tokens.

        Raises:
            TypeError: the response is not a string.
            EpisodeError: before `reset`, or after the end.
        """
        episode = self._advanced(action, token_ids)
        score = self.reward.score([episode.attempt_in(0)])[0] if episode.is_over else None
        return self.commit(episode, score)

    def _advanced(self, response: str, token_ids: Sequence[int] | None) -> Episode:
        taken = self.take(response, token_ids)
        if taken.is_over or self.turn is None:
            return taken
        return self.follow(taken, self.turn.answer([taken.attempt])[0])

    def take(self, response: str, token_ids: Sequence[int] | None = None) -> Episode:
        """Return what the running episode becomes by this response, before it is answered; nothing changes."""
        episode = self.episode
        if self.is_over:
            raise EpisodeError(f"The episode of task {episode.task.task_id!r} is over; call reset() first.")
        if not isinstance(response, str):  # pyright: ignore[reportUnnecessaryIsInstance] callers need not be typed
            raise TypeError(f"A response must be a str, got {type(response).__name__}: {response!r:.80}.")
        taken = episode.answered(response, token_ids, self.max_response_chars)
        return taken.ended(is_truncated=False) if self.turn is None and not taken.is_over else taken

    def follow(self, taken: Episode, feedback: str | None) -> Episode:
        """Return what an episode that `take` left running becomes by the answer to it; nothing changes."""
        if feedback is None:
            return taken.ended(is_truncated=False)
        if taken.num_turns >= self.max_turns:
            return taken.ended(is_truncated=True)
        return taken.continued(self._checked_observation(feedback, f"The feedback of {self.turn!r}"))

    def commit(self, episode: Episode, breakdown: RewardBreakdown | None) -> StepResult:
        """Make `episode`, from `take` or `follow`, the state of the environment, and return what `step` returns.

        Args:
            episode: what the response led to.
            breakdown: the score of `episode.attempt`; None exactly while the episode goes on.
        """
        assert (breakdown is not None) == episode.is_over, "an episode is scored when it is over"
        self._episode = replace(episode, breakdown=breakdown)
        if self.turn is not None and episode.is_over:
            self.turn.end(episode.attempt)
        total = 0.0 if breakdown is None else float(breakdown.total)
        return episode.observation, total, episode.is_terminated, episode.is_truncated, _info(self._episode)

    def truncate(self) -> None:
        """Truncate the episode where it stands, without a score: a time limit from outside, as Gymnasium's."""
        self._give_up()
        self._episode = replace(self.episode, is_truncated=True)

    def render(self) -> str | None:  # pyright: ignore[reportIncompatibleMethodOverride] Gymnasium's frame type is free
        """Return the episode as text, with each component of its reward; None without a render mode.

        Raises:
            ValueError: a render mode that is not "ansi".
        """
        if self.render_mode not in (None, "ansi"):
            raise ValueError(f"Text has no pictures: render_mode must be None or 'ansi', got {self.render_mode!r:.80}.")
        return None if self.render_mode is None else _transcript(self.episode)

    def close(self) -> None:
        """Free what is kept for a running episode."""
        self._give_up()

    def _give_up(self) -> None:
        if self.turn is not None and self._episode is not None and not self._episode.is_over:
            self.turn.end(self._episode.attempt)

    def get_state(self) -> EnvState:
        """Return a snapshot that `set_state` of an environment made with the same arguments continues exactly."""
        return EnvState(copy.deepcopy(self.np_random), self.np_random_seed, self._episode)

    def set_state(self, state: EnvState) -> None:
        """Go back to a snapshot."""
        self._np_random, self._np_random_seed = copy.deepcopy(state.np_random), state.np_random_seed
        self._episode = state.episode

    def _chosen_task(self, options: Mapping[str, Any]) -> Task[Any] | None:
        if not isinstance(options, Mapping):
            raise TypeError(f"The options of reset must be a dict, got {type(options).__name__}: {options!r:.80}.")
        if len(options) > 1 or not options.keys() <= {"task_index", "task_id"}:
            raise ValueError(f"The options of reset are task_index or task_id, one of them; got {dict(options)!r}.")
        if "task_id" in options:
            return self.tasks[self.tasks.index_of(options["task_id"])]
        if "task_index" not in options:
            return None
        index = options["task_index"]
        if not isinstance(index, SupportsIndex):
            raise TypeError(f"task_index must be an int, got {type(index).__name__}: {index!r:.80}.")
        return self.tasks[operator.index(index)]

    def _checked_observation(self, text: str, origin: str) -> str:
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] callers need not be typed
            raise TypeError(f"{origin} must be a str, got {type(text).__name__}: {text!r:.80}.")
        if len(text) > self.max_observation_chars:
            raise ValueError(
                f"{origin} has {len(text)} characters; the limit is max_observation_chars={self.max_observation_chars}."
            )
        return text


def _check_turns(max_turns: int, turn: Interaction | None) -> None:
    """Raise ValueError where nothing answers between several responses, or something that is never asked."""
    if max_turns > 1 and turn is None:
        raise ValueError(
            f"max_turns={max_turns} needs a turn: without one, every episode has one response. "
            "Pass turn=, a name of TURNS or a function of the attempt, or max_turns=1."
        )
    if max_turns == 1 and turn is not None:
        raise ValueError(
            f"turn={turn!r:.80} would never be asked: with max_turns=1 every episode has one response. "
            "Pass max_turns= of at least 2, or no turn."
        )


def _info(episode: Episode) -> dict[str, Any]:
    """Return new objects: users keep and change what they are given."""
    messages = [message.copy() for message in episode.messages]
    info: dict[str, Any] = {"task_id": episode.task.task_id, "messages": messages}
    if (domain := episode.task.metadata.get("domain")) is not None:
        info["domain"] = str(domain)
    if episode.num_turns:
        info["response_truncated"] = episode.is_response_truncated
    if episode.breakdown is not None:
        info["reward_components"] = {name: float(value) for name, value in episode.breakdown.components.items()}
        info["reward_status"] = episode.breakdown.status.value
        # Vector environments merge dicts into one array per key, of one type. Details have many types, so they
        # travel as one list per row, which JSON knows too.
        info["reward_details"] = [[name, dict(detail)] for name, detail in episode.breakdown.details.items()]
    return info


def _transcript(episode: Episode) -> str:
    lines = [f"task: {episode.task.task_id}"]
    lines += [f"{message['role']}: {message['content']}" for message in episode.messages]
    if episode.breakdown is not None:
        weights = episode.breakdown.weights
        components = episode.breakdown.components.items()
        end = "terminated" if episode.is_terminated else "truncated"
        lines += [f"{name}: {value:g} × weight {weights[name]:g}" for name, value in components]
        lines += [f"reward: {episode.breakdown.total:g} ({episode.breakdown.status.value}, {end})"]
    return "\n".join(lines).encode("utf-8", "backslashreplace").decode("utf-8")

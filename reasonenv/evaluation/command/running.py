"""One evaluation: which tasks, asked how often, answered by whom, recorded where, scored by what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, cast

import reasonenv
from reasonenv.counts import check_counts
from reasonenv.errors import RecordingError
from reasonenv.evaluation.command.benchmarks import Benchmark, benchmark_of, chosen_tasks, parts_for, tasks_of
from reasonenv.evaluation.command.policy import Policy, Question, Reply, Sampling
from reasonenv.evaluation.command.recording import Recording, read_settings
from reasonenv.evaluation.samples import Sample, new_sample, read_samples, score_samples
from reasonenv.prompts import load_template
from reasonenv.rewards import load_reward
from reasonenv.types import Task

__all__ = ["Plan", "ask", "check_reward", "rescored", "scored", "tasks_hash", "tasks_of_settings"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is evaluated, settled before anybody is asked: `Plan.of("gsm8k", num_tasks=100)`."""

    benchmark: str
    tasks: Sequence[Task[Any]]
    tasks_path: Path | None
    split: str | None
    num_tasks: int | None
    template: str
    reward: str
    num_samples: int
    sampling: Sampling
    source: str

    @classmethod
    def of(
        cls,
        name: str,
        *,
        tasks_path: Path | None = None,
        split: str | None = None,
        num_tasks: int | None = None,
        template: str | None = None,
        reward: str | None = None,
        num_samples: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        max_tokens: int | None = None,
        seed: int = 0,
    ) -> Plan:
        """Return the plan of a benchmark, with what is not None in place of its own.

        Raises:
            UnknownNameError, TaskDataError: no such benchmark, tasks, reward or template.
            ValueError: several samples at temperature 0, or another number that makes no sense.
        """
        chosen: Benchmark = benchmark_of(name)
        if num_tasks is not None:
            check_counts(num_tasks=num_tasks)
        sampling = Sampling(
            max_tokens=chosen.max_tokens if max_tokens is None else max_tokens,
            temperature=chosen.temperature if temperature is None else temperature,
            top_p=chosen.top_p if top_p is None else top_p,
            seed=seed,
        )
        tasks = chosen_tasks(tasks_of(chosen, path=tasks_path, split=split), num_tasks)
        template, reward = template or chosen.template, reward or chosen.reward
        if template is None or reward is None:
            reward_of_kind, template_of_kind = parts_for(tasks)
            template, reward = template or template_of_kind, reward or reward_of_kind
        load_template(template)
        load_reward(reward)
        used = _num_samples(num_samples, chosen.num_samples, sampling)
        source = "greedy" if sampling.temperature == 0 else chosen.source if num_samples is None else "as asked for"
        return cls(
            benchmark=name,
            tasks=tasks,
            tasks_path=tasks_path,
            split=split,
            num_tasks=num_tasks,
            template=template,
            reward=reward,
            num_samples=used,
            sampling=sampling,
            source=source,
        )

    def settings(self, policy: Policy) -> dict[str, Any]:
        """Return what decides which responses come and how they are scored, as JSON values."""
        return {
            "reasonenv": reasonenv.__version__,
            "benchmark": self.benchmark,
            "tasks": {
                "path": None if self.tasks_path is None else str(self.tasks_path),
                "split": self.split,
                "num_tasks": self.num_tasks,
                "num_used": len(self.tasks),
                "hash": tasks_hash(self.tasks),
            },
            "template": self.template,
            "reward": self.reward,
            "num_samples": self.num_samples,
            "num_samples_source": self.source,
            "sampling": asdict(self.sampling),
            "policy": dict(policy.identity),
        }

    def questions(self) -> list[Question]:
        """Return every response that is asked for, by task and sample."""
        template = load_template(self.template)
        return [
            Question(task=task, sample=sample, text=text, messages=messages)
            for task in self.tasks
            for text, messages in [(template.text(task), template.messages(task))]
            for sample in range(self.num_samples)
        ]


def _num_samples(asked: int | None, usual: int, sampling: Sampling) -> int:
    if asked is not None:
        check_counts(num_samples=asked)
    if sampling.temperature == 0 and (asked or 1) > 1:
        raise ValueError(f"--samples {asked} at temperature 0 would be equal: ask for one, or sample.")
    return 1 if sampling.temperature == 0 else usual if asked is None else asked


def ask(plan: Plan, policy: Policy, path: Path, show: Callable[[int, int], None]) -> Recording:
    """Ask what has no reply yet.

    Args:
        plan: what to ask.
        policy: whom.
        path: where the responses are saved as they come, and where those of an interrupted evaluation are.
        show: called with the number of responses and how many there will be.

    Returns:
        Every response, without scores.

    Raises:
        RecordingError: the file holds responses of another evaluation.
        EndpointError, ConfigError: of the policy; what was answered is kept.
        TypeError, ValueError: an identity or a reply that is none, a second reply, or none.
    """
    settings = plan.settings(policy)
    try:
        json.dumps(settings["policy"], allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"The identity of {type(policy).__name__} must be JSON values ({error}): {policy.identity!r:.80}."
        ) from error
    recording = Recording(path, settings)
    questions = plan.questions()
    show(len(recording.samples), len(questions))

    def keep(question: Question, reply: Reply) -> None:
        if not isinstance(reply, Reply):
            raise TypeError(f"{type(policy).__name__} gave a {type(reply).__name__} for a Reply: {reply!r:.80}.")
        if question.key in recording.samples:
            raise ValueError(f"{type(policy).__name__} gave a second reply to {question.key}: ask `is_wanted` first.")
        recording.keep(_sample(question, reply))
        show(len(recording.samples), len(questions))

    def is_wanted(question: Question) -> bool:
        return question.key not in recording.samples

    if any(map(is_wanted, questions)):
        policy.respond(questions, is_wanted, plan.sampling, keep)
    if missing := sum(map(is_wanted, questions)):
        raise ValueError(f"{type(policy).__name__} gave no reply to {missing} of {len(questions)} questions.")
    return recording


def check_reward(plan: Plan) -> None:
    """Score an empty response to a task of each kind, so that a reward that cannot score them says so at once.

    Raises:
        ReasonEnvError, TypeError, ValueError: of the reward.
    """
    tasks = list({type(task.reference): task for task in plan.tasks}.values())
    score_samples([new_sample(task, "") for task in tasks], tasks, plan.reward)


def scored(plan: Plan, recording: Recording) -> list[Sample]:
    """Score every response, write the file anew, by task and sample, and return what is in it."""
    ordered = [recording.samples[question.key] for question in plan.questions()]
    samples = score_samples(ordered, plan.tasks, plan.reward)
    recording.rewrite(samples)
    return samples


def _sample(question: Question, reply: Reply) -> Sample:
    text = reply.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # half a character has no UTF-8
    return new_sample(
        question.task,
        text,
        sample=question.sample,
        response_tokens=reply.response_tokens,
        finish_reason=reply.finish_reason,
        is_refused=reply.is_refused,
    )


def rescored(path: Path, reward: str | None) -> tuple[list[Sample], list[Task[Any]], dict[str, Any]]:
    """Score the responses in a file by another reward, or anew by the same one; the file stays as it is.

    Returns:
        The samples, the tasks, and the settings with the other reward.

    Raises:
        RecordingError: no settings beside the file, responses are missing, or the tasks are no longer the same.
    """
    settings = read_settings(path)
    tasks = tasks_of_settings(settings)
    samples = read_samples(path)
    expected = len(tasks) * int(settings["num_samples"])
    if len(samples) != expected:
        raise RecordingError(
            f"{path} holds {len(samples)} of {expected} responses: the command that made it goes on where it stopped."
        )
    used = str(settings["reward"]) if reward is None else reward
    return score_samples(samples, tasks, used), tasks, {**settings, "reward": used}


def tasks_of_settings(settings: Mapping[str, Any]) -> list[Task[Any]]:
    """Load the tasks of an evaluation again.

    Raises:
        RecordingError: settings that are none, or tasks that have changed since.
    """
    try:
        name, place, num_tasks = settings["benchmark"], settings["tasks"], settings["tasks"]["num_tasks"]
        path = None if place["path"] is None else Path(place["path"])
        wanted, split = place["hash"], place["split"]
    except (TypeError, LookupError) as error:
        raise RecordingError(f"These are no settings of an evaluation ({error!r}): {settings!r:.80}.") from error
    tasks = chosen_tasks(tasks_of(benchmark_of(name), path=path, split=split), num_tasks)
    if tasks_hash(tasks) != wanted:
        raise RecordingError(
            f"The tasks of {name!r} are no longer those that were answered: their content has changed since."
        )
    return tasks


def tasks_hash(tasks: Sequence[Task[Any]]) -> str:
    """Return the SHA-256 of what is asked and of what grades it."""
    digest = hashlib.sha256()
    for task in tasks:
        row = [task.task_id, task.prompt, list(task.history), _plain(task.reference), _plain(task.metadata)]
        digest.update(json.dumps(row, sort_keys=True).encode())
    return digest.hexdigest()


def _plain(value: object) -> object:
    """Return JSON values that tell a reference from others; functions by their names."""
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}]
    if isinstance(value, Mapping):
        return {repr(key): _plain(held) for key, held in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in cast("Sequence[object]", value)]
    if callable(value):
        return f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', type(value).__name__)}"
    return value if value is None or isinstance(value, str | int | float) else repr(value)

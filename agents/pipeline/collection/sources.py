"""Where samples come from: sampled from a checkpoint, or given with the tasks."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, cast

from agents.config import Engine, EnvConfig, PolicyConfig, Tasks
from agents.errors import ConfigError, check_at_least, check_numbers
from agents.pipeline.artefacts import Checkpoint
from agents.pipeline.collection.filters import FilterSource
from agents.pipeline.collection.hooks import JudgeSource, RefinerSource
from agents.pipeline.collection.prompts import AsTrained, PromptForm
from agents.sampling import CheckpointPolicy
from agents.seeds import derive_seed
from agents.sft import worked_response
from reasonenv.evaluation.command.policy import Question, Reply, Sampling
from reasonenv.evaluation.samples import Sample, new_sample, read_samples, write_samples
from reasonenv.prompts import load_template
from reasonenv.tables import resolve
from reasonenv.tasksets import TaskSet, load_tasks
from reasonenv.types import Task

__all__ = [
    "Given",
    "Request",
    "Sampled",
    "Source",
    "chosen_tasks",
    "given_samples",
    "request_of",
    "sampled_responses",
]


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """Several responses of a checkpoint to each of some tasks."""

    name: str
    checkpoint: str
    """The name of the stage's input that samples."""
    num_tasks: int
    first_task: int = 0
    """Tasks before it are left to other sources."""
    num_samples: int = 1
    """Responses to each task."""
    max_new_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    form: PromptForm = field(default_factory=AsTrained)
    tasks: Tasks | None = None
    """None is the stage's own."""
    refine: RefinerSource | None = None
    judge: JudgeSource | None = None
    filters: tuple[FilterSource, ...] = ()
    weight: float = 1.0
    """Of these samples in the loss."""

    def __post_init__(self) -> None:
        _check_source(self)
        check_at_least(1, self.name, max_new_tokens=self.max_new_tokens)
        check_numbers(self.name, temperature=self.temperature)
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"{self.name}.top_p must lie in (0, 1], got {self.top_p}.")


@dataclass(frozen=True, kw_only=True)
class Given:
    """One response to each task that is there already: a worked solution, or what a function of yours makes of it."""

    name: str
    num_tasks: int | None = None
    """None takes all."""
    first_task: int = 0
    response: str | Callable[[Task[Any], int], str] | None = None
    """A function of (task, seed) that returns the response, or its "module:attribute"; None is the worked solution,
    with the gold answer."""
    num_samples: int = 1
    """Responses to each task, by a function that makes another of another seed."""
    tasks: Tasks | None = None
    filters: tuple[FilterSource, ...] = ()
    weight: float = 1.0

    def __post_init__(self) -> None:
        _check_source(self)


Source: TypeAlias = Sampled | Given


def _check_source(source: Source) -> None:
    check_at_least(1, source.name, num_tasks=source.num_tasks, num_samples=source.num_samples)
    check_at_least(0, source.name, first_task=source.first_task)
    check_numbers(source.name, is_positive=True, weight=source.weight)


def chosen_tasks(
    env: EnvConfig, own: Tasks | None, *, first: int, number: int | None
) -> tuple[TaskSet, list[Task[Any]]]:
    """Return a set of training tasks, and those of it that a source uses.

    Raises:
        ConfigError: the set has fewer tasks.
    """
    source = env.tasks if own is None else own
    if source is None:
        raise ConfigError("A stage that collects samples needs tasks: set env.tasks, or those of each source.")
    columns, data_set = (env.columns, env.data_set) if own is None else (None, None)
    tasks = load_tasks(source, split=env.split or "train", columns=columns, data_set=data_set)
    last = len(tasks) if number is None else first + number
    if last > len(tasks):
        raise ConfigError(f"Tasks {first} to {last - 1} of {tasks.name!r} are wanted, which has only {len(tasks)}.")
    return tasks, [tasks[index] for index in range(first, last)]


def given_samples(source: Given, env: EnvConfig, *, seed: int) -> Iterator[tuple[Task[Any], Sample]]:
    """Yield the tasks and the responses that are given with them."""
    _, tasks = chosen_tasks(env, source.tasks, first=source.first_task, number=source.num_tasks)
    found = resolve({}, source.response, kind="response") if isinstance(source.response, str) else source.response
    respond = cast("Callable[[Task[Any], int], str] | None", found)
    for task in tasks:
        for number in range(source.num_samples):
            own_seed = derive_seed(seed, source.name, task.task_id, number)
            response = worked_response(task) if respond is None else respond(task, own_seed)
            yield task, new_sample(task, response, sample=number)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sampled: which prompts, how often, how."""

    tasks: Sequence[Task[Any]]
    prompts: Sequence[tuple[str, tuple[Any, ...]]]
    num_samples: int
    sampling: Sampling


def request_of(source: Sampled, env: EnvConfig, *, seed: int) -> Request:
    """Return the prompts of a source."""
    task_set, tasks = chosen_tasks(env, source.tasks, first=source.first_task, number=source.num_tasks)
    template = load_template(env.template or "r1_zero")
    prompts = [
        source.form.ask(task, template, task_set, random.Random(derive_seed(seed, "prompt", source.name, task.task_id)))
        for task in tasks
    ]
    sampling = Sampling(
        max_tokens=source.max_new_tokens,
        temperature=source.temperature,
        top_p=source.top_p,
        seed=derive_seed(seed, "samples", source.name),
    )
    return Request(tasks=tasks, prompts=prompts, num_samples=source.num_samples, sampling=sampling)


def sampled_responses(
    request: Request,
    checkpoint: Checkpoint,
    path: Path,
    *,
    policy: PolicyConfig,
    env: EnvConfig,
    engine: Engine = "decode",
    num_rows: int = 512,
    show: Callable[[int, int], None],
) -> list[Sample]:
    """Return the responses of a checkpoint, by task and number; those that are in the file already are not asked again.

    Args:
        request: what to sample.
        checkpoint: who is asked.
        path: where responses are saved as they come.
        policy: device and precision.
        env: whether the chat template is used.
        engine: what samples.
        num_rows: responses that are sampled together.
        show: called with how many are there, and how many there will be.
    """
    asked = CheckpointPolicy(
        str(checkpoint.path),
        completions=not env.use_chat_template,
        engine=engine,
        device=policy.device,
        dtype=policy.dtype,
        num_rows=num_rows,
    )
    questions = [
        Question(task=task, sample=number, text=text, messages=messages)
        for task, (text, messages) in zip(request.tasks, request.prompts, strict=True)
        for number in range(request.num_samples)
    ]
    there = {sample.key: sample for sample in read_samples(path)} if path.exists() else {}
    write_samples(path, there.values())  # without the half of a line that a killed process left
    with path.open("a", buffering=1, encoding="utf-8") as lines:

        def keep(question: Question, reply: Reply) -> None:
            there[question.key] = _sample(question, reply)
            lines.write(json.dumps(asdict(there[question.key])) + "\n")
            show(len(there), len(questions))

        asked.respond(questions, lambda question: question.key not in there, request.sampling, keep)
    return [there[question.key] for question in questions]


def _sample(question: Question, reply: Reply) -> Sample:
    return new_sample(
        question.task,
        reply.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
        sample=question.sample,
        response_tokens=reply.response_tokens,
        finish_reason=reply.finish_reason,
    )

"""Benchmarks, sampled as DeepSeek-R1 is evaluated, and what any other tasks are evaluated with.

arXiv 2501.12948, evaluation setup: temperature 0.6, top-p 0.95, at most 32,768 tokens, zero-shot, pass@1 as the mean
over k responses, k between 4 and 64 by the size of the test set: 64 for AIME and GPQA, 16 for MATH-500, 8 for
LiveCodeBench. Where the paper names no k, `source` says why it is what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasonenv.errors import UnknownNameError
from reasonenv.tasksets import DATA_SETS, TASK_SETS, TaskList, TaskSet, load_tasks, path_of_tasks, spread_indices
from reasonenv.types import CodeReference, MathReference, QAReference, Task

__all__ = ["BENCHMARKS", "Benchmark", "benchmark_of", "chosen_tasks", "parts_for", "tasks_of"]

_R1 = "arXiv 2501.12948, evaluation setup"
_SMALL = f"{_R1}: no k is named; the smallest of its range"
_LARGE = f"{_R1}: no k is named; 1, for thousands of problems need no more"
NUM_GENERATED = 500
"""Tasks of a generated set that are used unless told otherwise: it has more than anybody needs."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """What is asked, how it is sampled and by what it is scored: `Benchmark(tasks="aime", num_samples=64)`."""

    tasks: str
    """A task set's name, or a path."""
    num_samples: int = 1
    split: str | None = "test"
    """None is "test", and all of a file."""
    template: str | None = None
    """None goes by the kind of task."""
    reward: str | None = None
    """None goes by the kind of task."""
    temperature: float = 0.6
    top_p: float = 0.95
    max_tokens: int = 32_768
    source: str = _SMALL
    """Where the number of samples comes from."""


BENCHMARKS: dict[str, Benchmark] = {
    "aime_2024": Benchmark(tasks="aime", num_samples=64, source=_R1),
    "aime_2025": Benchmark(tasks="aime_2025", num_samples=64, source=f"{_R1}, as AIME 2024"),
    "gpqa": Benchmark(tasks="gpqa", num_samples=64, source=_R1),
    "math500": Benchmark(tasks="math500", num_samples=16, source=_R1),
    "livecodebench": Benchmark(tasks="livecodebench", num_samples=8, source=_R1),
    "gsm8k": Benchmark(tasks="gsm8k", num_samples=4),
    "humaneval": Benchmark(tasks="humaneval", num_samples=4),
    "mbpp": Benchmark(tasks="mbpp", num_samples=4),
    "truthful_qa": Benchmark(tasks="truthful_qa", num_samples=4),
    "arc_challenge": Benchmark(tasks="arc_challenge", num_samples=4),
    "arc_easy": Benchmark(tasks="arc_easy", num_samples=4),
    "mmlu": Benchmark(tasks="mmlu", source=_LARGE),
    "squad": Benchmark(tasks="squad", source=_LARGE),
    "squad_v2": Benchmark(tasks="squad_v2", source=_LARGE),
    "nq_open": Benchmark(tasks="nq_open", source=_LARGE),
    "trivia_qa": Benchmark(tasks="trivia_qa", source=_LARGE),
    "apps": Benchmark(tasks="apps", source=_LARGE),
    "taco": Benchmark(tasks="taco", source=_LARGE),
    "xstest": Benchmark(tasks="xstest", template="plain", reward="safety", source=_LARGE),
    "hh_rlhf_helpful": Benchmark(tasks="hh_rlhf_helpful", template="plain", reward="helpfulness", source=_LARGE),
    "hh_rlhf_harmless": Benchmark(tasks="hh_rlhf_harmless", template="plain", reward="safety", source=_LARGE),
}
"""Name → what R1's evaluation does with it. Any other task set or file goes as well."""

_KINDS: dict[type, tuple[str, str]] = {
    MathReference: ("accuracy", "step_by_step"),
    QAReference: ("qa", "step_by_step"),
    CodeReference: ("code_all_passed", "program"),
}
"""Type of reference → reward and template."""


def benchmark_of(name: str) -> Benchmark:
    """Return the benchmark of a name, or one response each of another task set or file.

    Raises:
        UnknownNameError: no benchmark, no task set and no file of this name.
    """
    if name in BENCHMARKS:
        return BENCHMARKS[name]
    if ":" not in name and path_of_tasks(name) is None and name not in TASK_SETS:
        raise UnknownNameError("benchmark or task set", name, {*BENCHMARKS, *TASK_SETS})
    return Benchmark(tasks=name, split=None, source="no benchmark of R1's: one response each")


def tasks_of(benchmark: Benchmark, *, path: Path | None = None, split: str | None = None) -> TaskSet:
    """Load the tasks.

    Args:
        benchmark: whose tasks they are.
        path: a file or folder with the rows of the benchmark's public data set.
        split: in place of the benchmark's own.

    Raises:
        ValueError: a path for tasks that are no public data set, or none for one that is only read from a path.
    """
    wanted = split or benchmark.split
    if path is not None:
        if benchmark.tasks not in DATA_SETS:
            raise ValueError(
                f"--tasks-path is for public data sets; give {path} itself in place of {benchmark.tasks!r}."
            )
        return load_tasks(path, split=wanted or "test", data_set=benchmark.tasks)
    if benchmark.tasks == "gpqa":
        raise ValueError(
            "The authors of GPQA ask not to spread it, so it is not fetched: give your own copy by --tasks-path FILE."
        )
    if wanted is None:
        wanted = "all" if path_of_tasks(benchmark.tasks) is not None else "test"
    return load_tasks(benchmark.tasks, split=wanted)


def chosen_tasks(tasks: TaskSet, num_tasks: int | None) -> list[Task[Any]]:
    """Return `num_tasks` tasks that have a reference: of a list spread evenly over it, of a generated set the first.

    Args:
        tasks: to choose from.
        num_tasks: None takes all of a list, and `NUM_GENERATED` of a generated set.

    Raises:
        ValueError: no task has a reference.
    """
    if isinstance(tasks, TaskList):
        answered = [task for task in tasks.tasks if task.reference is not None]
        wanted = len(answered) if num_tasks is None else num_tasks
        chosen = [answered[index] for index in spread_indices(len(answered), wanted)] if answered else []
    else:
        wanted = NUM_GENERATED if num_tasks is None else num_tasks
        chosen = [tasks[index] for index in range(min(wanted, len(tasks)))]
    if not chosen:
        raise ValueError(f"No task of {tasks.name!r} (split {tasks.split!r}) has a gold answer: nothing can be scored.")
    return chosen


def parts_for(tasks: Sequence[Task[Any]]) -> tuple[str, str]:
    """Return the reward and the template for tasks of one kind.

    Raises:
        ValueError: tasks of several kinds, or of one that no rule scores.
    """
    kinds = {type(task.reference) for task in tasks}
    is_open = any(isinstance(task.reference, QAReference) and task.reference.kind == "open" for task in tasks)
    if len(kinds) != 1 or not kinds <= _KINDS.keys() or is_open:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(
            f"No reward can be chosen for tasks with references of {names}{' and open questions' if is_open else ''}: "
            "name one by --reward, and a template by --template."
        )
    return _KINDS[kinds.pop()]

"""What the presets for real models share: rewards, filters, sources, and how held-out tasks are asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.config import Tasks
from agents.errors import ConfigError
from agents.pipeline.collection.filters import (
    Correct,
    Decontaminated,
    Distinct,
    FilterSource,
    Finished,
    InForm,
    NoCodeBlocks,
    OneLanguage,
    Readable,
    ShowsWorking,
)
from agents.pipeline.collection.hooks import JudgeSource, RefinerSource
from agents.pipeline.collection.prompts import FewShot, InTemplate
from agents.pipeline.collection.sources import Given, Sampled
from agents.pipeline.stages.measuring import Measure
from reasonenv.rewards.composite import CompositeReward
from reasonenv.rewards.presets import r1_all_scenarios
from reasonenv.tasksets import DATA_SETS, Filtered, has_answer, load_tasks
from reasonenv.types import Task

__all__ = ["answered", "cold_start", "existing", "filters", "measures", "rejection", "rules", "whole_solution"]


def rules() -> CompositeReward:
    """Return `r1_all_scenarios` without its reward models: what RL-2 pays before preferences take part."""
    whole = r1_all_scenarios()
    terms = {name: term for name, term in whole.terms.items() if name not in ("helpfulness", "safety")}
    return CompositeReward(
        terms, applies_to={name: condition for name, condition in whole.applies_to.items() if name in terms}
    )


def answered(tasks: str, *, split: str, data_set: str | None = None) -> Filtered:
    """Return the tasks that have a gold answer: data sets of mathematics hold proofs, too.

    Args:
        tasks: a task set's name, a file or a folder.
        split: of them.
        data_set: the public data set whose rows a file holds.
    """
    found = load_tasks(tasks, split=split, data_set=data_set if tasks not in DATA_SETS else None)
    return Filtered(found, has_answer)


def filters(held_out: Tasks) -> tuple[FilterSource, ...]:
    """Return what sampled responses must pass (arXiv 2501.12948, sections 2.3.1 and 2.3.3), cheapest first.

    Args:
        held_out: what is measured on.
    """
    return (
        Finished(),
        Correct(),
        InForm(),
        ShowsWorking(),
        NoCodeBlocks(),
        Readable(max_repeats=3, max_paragraph=4000),
        OneLanguage(min_share=0.95),
        Distinct(),
        Decontaminated(tasks=(held_out,)),
    )


def cold_start(
    *,
    num_tasks: int,
    max_new_tokens: int,
    held_out: Tasks,
    refine: RefinerSource | None,
    judge: JudgeSource | None,
) -> tuple[Sampled, ...]:
    """Return the three sources of cold-start data, each with tasks of its own.

    Few-shot prompting with worked solutions and direct prompting with verification ask the base; the third is what
    R1-Zero writes at temperature 1 (section 2.3.1).
    """
    common: dict[str, Any] = {
        "num_tasks": num_tasks,
        "max_new_tokens": max_new_tokens,
        "refine": refine,
        "judge": judge,
        "filters": filters(held_out),
    }
    return (
        Sampled(name="few_shot", checkpoint="base", num_samples=4, form=FewShot(), temperature=0.8, **common),
        Sampled(
            name="direct",
            checkpoint="base",
            first_task=num_tasks,
            num_samples=4,
            form=InTemplate("direct"),
            temperature=0.8,
            **common,
        ),
        Sampled(name="zero", checkpoint="zero", first_task=2 * num_tasks, num_samples=2, **common),
    )


def rejection(
    policy: str, *, num_tasks: int, max_new_tokens: int, held_out: Tasks, judge: JudgeSource | None
) -> Sampled:
    """Return four responses to each task; the paper says "several"."""
    return Sampled(
        name=policy,
        checkpoint=policy,
        num_tasks=num_tasks,
        num_samples=4,
        max_new_tokens=max_new_tokens,
        judge=judge,
        filters=filters(held_out),
    )


def existing(path: Path | None) -> tuple[Given, ...]:
    """Return the non-reasoning data in a file, whose rows hold a prompt and a whole response as `solution`, if any."""
    if path is None:
        return ()
    if not path.exists():
        raise ConfigError(f"There is no file {path} of non-reasoning data: rows with prompt and solution.")
    return (Given(name="existing", tasks=path, response=f"{__name__}:whole_solution"),)


def whole_solution(task: Task[Any], seed: int) -> str:
    """Return the solution of a task as the whole response.

    Raises:
        ConfigError: it has none.
    """
    del seed
    if task.solution is None:
        raise ConfigError(f"Task {task.task_id!r} has no solution to imitate: leave it out of the data.")
    return task.solution


def measures(
    held_out: Tasks, *, num_tasks: int, num_samples: int, max_new_tokens: int, requests: Tasks | None = None
) -> tuple[Measure, ...]:
    """Return reasoning at temperature 0.6 and top-p 0.95 (section 3), greedy as well, and requests if there are any."""
    reasoning = Measure(
        name="reasoning",
        tasks=held_out,
        reward="r1_zero",
        num_tasks=num_tasks,
        num_samples=num_samples,
        num_greedy=num_tasks,
        max_new_tokens=max_new_tokens,
    )
    if requests is None:
        return (reasoning,)
    return (
        reasoning,
        Measure(
            name="requests",
            tasks=requests,
            reward="r1_all_scenarios",
            num_tasks=num_tasks,
            num_samples=1,
            max_new_tokens=max_new_tokens,
        ),
    )

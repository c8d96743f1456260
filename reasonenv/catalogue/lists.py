"""One line or two for every part of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reasonenv.catalogue.facts import (
    answer_as_text,
    difficulties,
    maximum_as_text,
    range_as_text,
    reference_as_text,
    reference_names,
    summary,
    terms_as_text,
)
from reasonenv.catalogue.layout import Entry, entries_as_text
from reasonenv.errors import MissingExtraError, UnknownNameError
from reasonenv.prompts import TEMPLATES, PromptTemplate, load_template
from reasonenv.registration import ENVIRONMENTS
from reasonenv.rewards import PRESETS, REWARDS, CompositeReward, load_reward
from reasonenv.tables import resolve
from reasonenv.tasksets import DATA_SETS, TASK_SETS, DataSet, Mixture, TaskSet, load_tasks
from reasonenv.turns import TURNS


def list_parts(kind: str | None = None, *, width: int = 100) -> str:
    """Return the parts of a kind, or of every kind, sorted by name.

    Args:
        kind: a name of `KINDS`.
        width: of the text, in characters.

    Raises:
        UnknownNameError: no such kind.
    """
    if kind is None:
        return "\n\n".join(f"{name.upper()}\n\n{list_parts(name, width=width)}" for name in KINDS)
    if kind not in KINDS:
        raise UnknownNameError("kind of part", kind, KINDS)
    return entries_as_text(KINDS[kind](), width)


def parts_of(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return which part an environment has of each kind, by name."""
    turn = arguments.get("turn", arguments.get("default_turn"))
    parts = {
        "tasks": str(arguments["tasks"]),
        "reward": str(arguments["reward"]),
        "template": str(arguments["template"]),
        "turn": "none" if turn is None else str(turn),
    }
    return {**parts, "max_turns": str(arguments.get("max_turns", 1))}


def _environments() -> list[Entry]:
    return [_environment_entry(name) for name in sorted(ENVIRONMENTS)]


def _environment_entry(name: str) -> Entry:
    arguments = ENVIRONMENTS[name]
    parts = ", ".join(f"{kind} {part}" for kind, part in parts_of(arguments).items())
    try:
        maximum = f"maximum reward {maximum_as_text(load_reward(arguments['reward']), load_tasks(arguments['tasks']))}"
    except MissingExtraError as error:
        maximum = str(error)
    return Entry(name, (parts, maximum))


def _tasks() -> list[Entry]:
    generated = sorted(TASK_SETS.keys() - DATA_SETS.keys())
    return [_task_entry(name, load_tasks(name)) for name in generated]


def _task_entry(name: str, tasks: TaskSet) -> Entry:
    task = tasks[0]
    kinds = (
        f"mixture of {len(tasks.components)} sets" if isinstance(tasks, Mixture) else task.metadata.get("domain", "")
    )
    facts = [", ".join(reference_names(tasks)), str(kinds), difficulties(tasks), f"{len(tasks):,} tasks"]
    return Entry(name, ("; ".join(fact for fact in facts if fact),), (task.prompt, answer_as_text(task)))


def _rewards() -> list[Entry]:
    return [_reward_entry(name) for name in sorted({**PRESETS, **REWARDS})]


def _reward_entry(name: str) -> Entry:
    factory = resolve({**PRESETS, **REWARDS}, name, kind="reward")
    try:
        reward = factory()
    except MissingExtraError as error:
        return Entry(name, (str(error), summary(factory)))
    facts = f"range {range_as_text(reward)}; reference: {reference_as_text(reward)}"
    terms = f"; {terms_as_text(reward)}" if isinstance(reward, CompositeReward) else ""
    return Entry(name, (facts + terms, summary(factory)))


def _templates() -> list[Entry]:
    return [_template_entry(load_template(name)) for name in sorted(TEMPLATES)]


def _template_entry(template: PromptTemplate) -> Entry:
    return Entry(template.name, (f"version {template.version}", " ".join(template.text_template.split())))


def _turns() -> list[Entry]:
    return [Entry(name, (summary(resolve(TURNS, name, kind="turn")),)) for name in sorted(TURNS)]


def _data_sets() -> list[Entry]:
    return [_data_set_entry(resolve(DATA_SETS, name, kind="data set")) for name in sorted(DATA_SETS)]


def _data_set_entry(data_set: DataSet) -> Entry:
    splits = f"splits {', '.join(data_set.splits)}" if data_set.splits else "only from a copy of your own"
    place = data_set.repository if data_set.config is None else f"{data_set.repository} ({data_set.config})"
    return Entry(data_set.name, (f"{data_set.domain}; {data_set.licence}; {splits}; {place}",))


KINDS: Mapping[str, Callable[[], list[Entry]]] = {
    "environments": _environments,
    "tasks": _tasks,
    "rewards": _rewards,
    "templates": _templates,
    "turns": _turns,
    "data-sets": _data_sets,
}
"""Kind of part → its entries."""

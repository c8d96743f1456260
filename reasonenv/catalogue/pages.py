"""All about one part, found by its name or made of a part of the user's own."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from reasonenv.catalogue.facts import (
    answer_as_text,
    difficulties,
    examples,
    highest,
    maximum_as_text,
    range_as_text,
    reference_as_text,
    reference_name,
    reference_names,
    rewards_for,
    splits,
    terms_as_text,
)
from reasonenv.catalogue.layout import block, documentation, facts_as_text, filled
from reasonenv.catalogue.lists import KINDS, parts_of
from reasonenv.errors import UnknownNameError
from reasonenv.prompts import TEMPLATES, PromptTemplate, load_template
from reasonenv.registration import ENVIRONMENTS
from reasonenv.rewards import PRESETS, REWARDS, CompositeReward, Reward, load_reward
from reasonenv.tables import resolve
from reasonenv.tasksets import DATA_SETS, TASK_SETS, DataSet, Mixture, TaskSet, gold_response, load_tasks
from reasonenv.turns import TURNS, Interaction, load_turn
from reasonenv.types import Task

_COMMAND = "python -m reasonenv"


def show_part(name: str, *, kind: str | None = None, width: int = 100) -> str:
    """Return all about a part; about each, where parts of different kinds have one name.

    Args:
        name: of any table; or "module:attribute" of a part of your own, or a file of tasks.
        kind: a name of `KINDS`; without it every table is searched, and a part of your own must say what it is.
        width: of the text, in characters.

    Raises:
        ValueError: no such name or kind, or a part of your own that does not say what it is.
    """
    if kind is not None:
        if kind not in KINDS:
            raise UnknownNameError("kind of part", kind, KINDS)
        return _PAGES[kind](name, width)
    pages = [_PAGES[kind](name, width) for kind, table in _TABLES.items() if name in table]
    if pages:
        return "\n\n".join(pages)
    if Path(name).exists():
        return _task_page(name, width)
    if ":" not in name:
        known = sorted({known for table in _TABLES.values() for known in table})
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"There is no part called {name!r}.{hint} `{_COMMAND} list` names them all.")
    return _PAGES[_kind_of_own(name)](name, width)


def _kind_of_own(path: str) -> str:
    found = resolve({}, path, kind="part")
    part = found() if isinstance(found, type) else found
    for kind, types in _TYPES.items():
        if isinstance(part, types):
            return kind
    raise ValueError(
        f"{path!r} is a {type(part).__name__}, which does not say what kind of part it is. Say it: "
        f"{_COMMAND} show {'|'.join(kind for kind in KINDS if kind not in ('environments', 'data-sets'))} {path}"
    )


def _environment_page(name: str, width: int) -> str:
    if name not in ENVIRONMENTS:
        raise UnknownNameError("environment", name, ENVIRONMENTS)
    arguments = ENVIRONMENTS[name]
    reward, template, tasks = (
        load_reward(arguments["reward"]),
        load_template(arguments["template"]),
        load_tasks(arguments["tasks"]),
    )
    parts = {**parts_of(arguments), "maximum reward": maximum_as_text(reward, tasks)}
    sections = [_title(name, "environment"), facts_as_text(parts, width)]
    for task in examples(tasks):
        most = highest(reward, task)
        paid = "" if most is None else " + ".join(f"{term} {value:g}" for term, value in most.items())
        sections += [f"The prompt of task {task.task_id}:", block(template.text(task), width)]
        response = gold_response(task)
        if response is not None:
            sections += [f"A response that earns the maximum ({paid}):", block(response, width)]
        else:
            sections += [f"No gold answer; at most {paid}."]
    return "\n\n".join([*sections, f'env = gymnasium.make("{name}")'])


def _task_page(name: str, width: int) -> str:
    if name in DATA_SETS:
        return _data_set_page(name, width)
    tasks = load_tasks(name)
    facts = {
        "made by": type(tasks).__name__,
        "splits": ", ".join(splits(tasks)),
        "size": f"{len(tasks):,} tasks",
        "references": ", ".join(reference_names(tasks)),
        "difficulty": difficulties(tasks).removeprefix("difficulty ") or "not stated",
    }
    if isinstance(tasks, Mixture):
        shares = zip(tasks.components, tasks.weights, strict=True)
        facts["parts"] = ", ".join(f"{part.name} {weight / sum(tasks.weights):.1%}" for part, weight in shares)
    sections = [_title(name, "task set"), facts_as_text(facts, width)]
    for task in examples(tasks):
        sections += _task_sections(task, width)
    return "\n\n".join(sections)


def _task_sections(task: Task[Any], width: int) -> list[str]:
    reference = task.reference
    graders = ", ".join(rewards_for(type(reference))) or "none of the table"
    heading = f"Task {task.task_id}, graded by its {reference_name(task)} (rewards: {graders})"
    sections = [filled(heading, width), block(task.prompt, width)]
    if task.solution is not None:
        sections += ["Worked solution", block(task.solution, width)]
    response = gold_response(task)
    if response is None:
        return [*sections, "No gold answer: no rule can tell what is right."]
    answer = filled(f"Gold answer: {answer_as_text(task)}", width)
    return [*sections, answer, "A response with full marks:", block(response, width)]


def _reward_page(name: str, width: int) -> str:
    factory = resolve({**PRESETS, **REWARDS}, name, kind="reward")
    reward = load_reward(name)
    single = next(iter(reward.terms.values()))[0] if len(reward.terms) == 1 else reward
    facts = {"range": range_as_text(single), "reference": reference_as_text(single)}
    if single is reward:
        facts["terms"] = terms_as_text(reward)
    sections = [_title(name, "reward"), facts_as_text(facts, width), documentation(factory, width)]
    if single is reward:
        sections += [facts_as_text({term: _term_facts(reward, term) for term in reward.terms}, width)]
    return "\n\n".join(sections)


def _term_facts(reward: CompositeReward, name: str) -> str:
    term, weight = reward.terms[name]
    facts = f"weight {weight:g}, range {range_as_text(term)}, reference: {reference_as_text(term)}"
    return f"{facts}, for some tasks" if name in reward.applies_to else facts


def _template_page(name: str, width: int) -> str:
    template = load_template(name)
    messages = [text for message in template.message_templates for text in (message["role"], message["content"])]
    shown = [block(text, width) if number % 2 else f"As messages, {text}:" for number, text in enumerate(messages)]
    facts = {"version": str(template.version)}
    title = _title(name, "prompt template")
    return "\n\n".join([title, facts_as_text(facts, width), "As text:", block(template.text_template, width), *shown])


def _turn_page(name: str, width: int) -> str:
    load_turn(name)  # refuses what is none
    users = [env for env, arguments in ENVIRONMENTS.items() if parts_of(arguments)["turn"] == name]
    facts = {"used by": ", ".join(users) or "no environment of the table"}
    return "\n\n".join(
        [_title(name, "turn"), facts_as_text(facts, width), documentation(resolve(TURNS, name, kind="turn"), width)]
    )


def _data_set_page(name: str, width: int) -> str:
    data_set: DataSet = resolve(DATA_SETS, name, kind="data set")
    facts = {
        "domain": data_set.domain,
        "licence": data_set.licence,
        "repository": data_set.repository,
        "configuration": data_set.config,
        "folder": data_set.data_dir,
        "revision": data_set.revision,
        "splits": ", ".join(data_set.splits) or "none on the hub: from a copy of your own",
    }
    known = {label: fact for label, fact in facts.items() if fact is not None}
    sections = [_title(name, "data set"), facts_as_text(known, width)]
    if not data_set.splits:
        return "\n\n".join([*sections, f'from_path(FILE, data_set="{name}")'])
    split, on_hub = next(iter(data_set.splits.items()))
    arguments = [repr(data_set.repository)] + ([repr(data_set.config)] if data_set.config else [])
    arguments += [f"{key}={value!r}" for key in ("data_dir", "revision") if (value := getattr(data_set, key))]
    return "\n\n".join([
        *sections,
        'With a network (extra "data"):',
        block(f'load_tasks("{name}", split="{split}")', width),
        "Without one, keep a folder that was written on a machine that has one:",
        block(f'datasets.load_dataset({", ".join(arguments)}).save_to_disk("{name}")', 1000),
        "and read it (splits of the folder have the names of the hub):",
        block(f'from_path("{name}", split="{on_hub}", data_set="{name}")', width),
    ])  # fmt: skip


def _title(name: str, kind: str) -> str:
    return f"{name} ({kind})"


_PAGES: Mapping[str, Callable[[str, int], str]] = {
    "environments": _environment_page,
    "tasks": _task_page,
    "rewards": _reward_page,
    "templates": _template_page,
    "turns": _turn_page,
    "data-sets": _data_set_page,
}
_TABLES: Mapping[str, Mapping[str, Any]] = {
    "environments": ENVIRONMENTS,
    "tasks": {name: path for name, path in TASK_SETS.items() if name not in DATA_SETS},
    "rewards": {**PRESETS, **REWARDS},
    "templates": TEMPLATES,
    "turns": TURNS,
    "data-sets": DATA_SETS,
}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "templates": (PromptTemplate,),
    "rewards": (CompositeReward, cast("type", Reward)),
    "turns": (cast("type", Interaction),),
    "tasks": (cast("type", TaskSet),),
}

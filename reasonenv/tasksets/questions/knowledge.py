"""Facts: what a made-up knowledge base says, and what follows from several of its facts.

The facts are in random order, and each is needed by some question about the same people, so that nothing in the list
tells which facts matter.
"""

from __future__ import annotations

from typing import NamedTuple

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.questions.names import JOBS, people, places
from reasonenv.tasksets.questions.problems import (
    choice_of,
    list_question,
    number_question,
    question,
    short_question,
    yes_no_question,
)
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of
from reasonenv.types import QAReference


class _Base(NamedTuple):
    """A knowledge base; the teacher of each person is another one, their cities lie on different rivers."""

    names: list[str]
    home: dict[str, str]
    job: dict[str, str]
    born: dict[str, int]
    teacher: dict[str, str]
    river: dict[str, str]
    facts: str


def _knowledge_base(rng: Rng, num_people: int) -> _Base:
    names = people(rng, num_people)
    towns = places(rng, 2 * num_people)
    cities, rivers = towns[:num_people], towns[num_people:]
    jobs = several_of(rng, JOBS, max(2, num_people - 2))
    years = several_of(rng, range(1931, 2001), num_people)
    home = {name: one_of(rng, cities) for name in names}
    job = {name: one_of(rng, jobs) for name in names}
    born = dict(zip(names, years, strict=True))
    shift = integer(rng, 1, num_people - 1)
    teacher = {name: names[(index + shift) % num_people] for index, name in enumerate(names)}
    river = dict(zip(cities, rivers, strict=True))
    facts = [
        *(f"{name} lives in {home[name]}." for name in names),
        *(f"{name} is a {job[name]}." for name in names),
        *(f"{name} was born in {born[name]}." for name in names),
        *(f"{name} was taught by {teacher[name]}." for name in names),
        *(f"{city} lies on the river {river[city]}." for city in cities),
    ]
    text = " ".join(facts[index] for index in rng.permutation(len(facts)))
    return _Base(names, home, job, born, teacher, river, text)


def _lookup(rng: Rng) -> Problem:
    base = _knowledge_base(rng, 4)
    name = one_of(rng, base.names)
    asked, answer = one_of(
        rng,
        (
            (f"Where does {name} live?", base.home[name]),
            (f"Who taught {name}?", base.teacher[name]),
            (f"What is the profession of {name}?", base.job[name]),
        ),
    )
    return short_question(f"{base.facts}\n\n{asked}", answer, f"The facts say it of {name}: {answer}")


def _birth_year(rng: Rng) -> Problem:
    base = _knowledge_base(rng, 5)
    first, second = several_of(rng, base.names, 2)
    early, late = sorted((base.born[first], base.born[second]))
    if rng.integers(0, 2):
        prompt, answer = f"In which year was {first} born?", base.born[first]
        solution = f"{first} was born in {answer}"
    else:
        prompt, answer = f"How many years lie between the births of {first} and {second}?", late - early
        solution = f"{late} - {early} = {answer}"
    return number_question(f"{base.facts}\n\n{prompt}", answer, solution)


def _members(rng: Rng) -> Problem:
    base = _knowledge_base(rng, 6)
    job = base.job[one_of(rng, base.names)]
    found = tuple(name for name in base.names if base.job[name] == job)
    prompt = f"{base.facts}\n\nWho of these people is a {job}? Give all names, separated by commas."
    return list_question(prompt, found, f"A {job} is each of: {', '.join(found)}")


def _statement(rng: Rng) -> Problem:
    base = _knowledge_base(rng, 5)
    name, is_true = one_of(rng, base.names), bool(rng.integers(0, 2))
    others = sorted({*base.river} - {base.home[name]})
    city = base.home[name] if is_true else one_of(rng, others)
    prompt = f"{base.facts}\n\nTrue or false: {name} lives in {city}."
    reference = QAReference(kind="boolean", answers=("true" if is_true else "false",))
    return question(prompt, reference, f"{name} lives in {base.home[name]}")


def _option(rng: Rng) -> Problem:
    base = _knowledge_base(rng, 5)
    name = one_of(rng, base.names)
    wrong = [other for other in base.names if other not in (name, base.teacher[name])]
    return choice_of(
        rng,
        f"{base.facts}\n\nWho taught {name}?",
        base.teacher[name],
        wrong,
        f"{name} was taught by {base.teacher[name]}",
    )


def _two_hops(rng: Rng) -> Problem:
    base = _knowledge_base(rng, 5)
    name = one_of(rng, base.names)
    teacher, city = base.teacher[name], base.home[name]
    asked, step, answer = one_of(
        rng,
        (
            (f"On which river lies the city in which {name} lives?", f"{name} lives in {city}.", base.river[city]),
            (f"In which city does the teacher of {name} live?", f"{teacher} taught {name}.", base.home[teacher]),
            (f"What is the profession of the teacher of {name}?", f"{teacher} taught {name}.", base.job[teacher]),
        ),
    )
    return short_question(f"{base.facts}\n\n{asked}", answer, f"{step}\nSo it is {answer}")


def _three_hops(rng: Rng) -> Problem:
    base = _knowledge_base(rng, 6)
    name = one_of(rng, base.names)
    teacher = base.teacher[name]
    second, city = base.teacher[teacher], base.home[teacher]
    asked, step, answer = one_of(
        rng,
        (
            (f"On which river does the teacher of {name} live?", f"{teacher} lives in {city}.", base.river[city]),
            (
                f"Where does the teacher of the teacher of {name} live?",
                f"{second} taught {teacher}.",
                base.home[second],
            ),
        ),
    )
    return short_question(f"{base.facts}\n\n{asked}", answer, f"{teacher} taught {name}.\n{step}\nSo it is {answer}")


def _teacher_age(rng: Rng) -> Problem:
    base = _knowledge_base(rng, 5)
    name = one_of(rng, base.names)
    teacher = base.teacher[name]
    is_older = base.born[teacher] < base.born[name]
    prompt = f"{base.facts}\n\nIs the teacher of {name} older than {name}? Answer yes or no."
    return yes_no_question(prompt, is_older, f"{teacher} was born in {base.born[teacher]}, {name} in {base.born[name]}")


def _neighbours(rng: Rng) -> Problem:
    base = _knowledge_base(rng, 7)
    river = base.river[base.home[one_of(rng, base.names)]]
    found = tuple(name for name in base.names if base.river[base.home[name]] == river)
    prompt = f"{base.facts}\n\nWhich people live in a city on the river {river}? Give all names, separated by commas."
    return list_question(prompt, found, f"On the {river} live: {', '.join(found)}")


qa_facts = family_of_kinds("qa_facts", "question answering", _lookup, _birth_year, _members, _statement, _option)
qa_multi_hop = family_of_kinds("qa_multi_hop", "question answering", _two_hops, _teacher_age, _neighbours, _three_hops)

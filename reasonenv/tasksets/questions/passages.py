"""Passages: what a text says of places, and which of several numbered texts says it.

A passage tells of two places in the same words, so that matching the words of the question finds the wrong one half of
the time.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from reasonenv.tasksets.base import Problem
from reasonenv.tasksets.procedural import family_of_kinds
from reasonenv.tasksets.questions.names import people, places
from reasonenv.tasksets.questions.problems import number_question, question, short_question, yes_no_question
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of
from reasonenv.tasksets.wording import enumerated, written_date
from reasonenv.types import QAReference

_KINDS = ("lighthouse", "library", "museum", "theatre", "observatory", "market hall")
_MATERIALS = ("brick", "granite", "limestone", "oak", "sandstone", "slate")


class _Building(NamedTuple):
    name: str
    founder: str
    opened: date
    material: str
    rooms: int
    text: str


def _building(rng: Rng, place: str, founder: str, kind: str, material: str) -> _Building:
    opened = date(1850, 1, 1) + timedelta(days=integer(rng, 0, 54_000))
    rooms = integer(rng, 3, 60)
    name = f"{place} {kind}".title()
    text = one_of(
        rng,
        (
            f"The {name} was founded by {founder}, who had travelled widely before. Built of {material}, it opened its "
            f"doors on {written_date(opened)} and counted {rooms} rooms from the start.",
            f"On {written_date(opened)} the {name} was opened. {founder} had founded it and chosen {material} for its "
            f"walls; visitors could walk through {rooms} rooms.",
            f"With {rooms} rooms and walls of {material}, the {name} is the pride of the town. It goes back to "
            f"{founder} and has been open since {written_date(opened)}.",
        ),
    )
    return _Building(name, founder, opened, material, rooms, text)


def _buildings(rng: Rng, count: int) -> list[_Building]:
    towns, founders = places(rng, count), people(rng, count)
    kind, materials = one_of(rng, _KINDS), several_of(rng, _MATERIALS, count)
    return [
        _building(rng, town, founder, kind, material)
        for town, founder, material in zip(towns, founders, materials, strict=True)
    ]


def _extracted(rng: Rng) -> Problem:
    buildings = _buildings(rng, 2)
    building = one_of(rng, buildings)
    asked, answer = one_of(
        rng,
        (
            (f"Who founded the {building.name}?", building.founder),
            (f"On which day was the {building.name} opened?", written_date(building.opened)),
            (f"Of what is the {building.name} built?", building.material),
        ),
    )
    passage = " ".join(other.text for other in buildings)
    return short_question(f"{passage}\n\n{asked}", answer, f"The text says: {answer}")


def _counted(rng: Rng) -> Problem:
    buildings = _buildings(rng, 3)
    passage = " ".join(other.text for other in buildings)
    if rng.integers(0, 2):
        building = one_of(rng, buildings)
        asked, value = f"How many rooms does the {building.name} have?", building.rooms
        solution = f"The text says {value}"
    else:
        rooms = [building.rooms for building in buildings]
        asked, value = "How many rooms do the buildings have together?", sum(rooms)
        solution = f"{' + '.join(map(str, rooms))} = {value}"
    return number_question(f"{passage}\n\n{asked}", value, solution)


def _compared(rng: Rng) -> Problem:
    buildings = _buildings(rng, 2)
    first, second = several_of(rng, buildings, 2)
    is_earlier = first.opened < second.opened
    passage = " ".join(building.text for building in buildings)
    prompt = f"{passage}\n\nWas the {first.name} opened before the {second.name}? Answer yes or no."
    return yes_no_question(
        prompt, is_earlier, f"They opened on {written_date(first.opened)} and on {written_date(second.opened)}"
    )


def _documents(texts: list[str]) -> str:
    return "\n".join(f"[{number}] {text}" for number, text in enumerate(texts, start=1))


def _one_source(rng: Rng) -> Problem:
    buildings = _buildings(rng, integer(rng, 4, 6))
    number = integer(rng, 1, len(buildings))
    building = buildings[number - 1]
    asked = one_of(
        rng,
        (
            f"Which document says who founded the {building.name}?",
            f"Which document says when the {building.name} was opened?",
            f"Which document is about a building of {building.material}?",
        ),
    )
    prompt = f"{_documents([other.text for other in buildings])}\n\n{asked} Cite it, as [1]."
    return question(prompt, QAReference(kind="citation", answers=(str(number),)), f"It is document {number}")


def _several_sources(rng: Rng) -> Problem:
    buildings = _buildings(rng, integer(rng, 5, 6))
    numbers = sorted(several_of(rng, range(1, len(buildings) + 1), integer(rng, 2, 3)))
    names = enumerated([f"the {buildings[number - 1].name}" for number in numbers])
    prompt = (
        f"{_documents([other.text for other in buildings])}\n\nWhich documents are about {names}? Cite them, as [1]."
    )
    answers = tuple(map(str, numbers))
    return question(prompt, QAReference(kind="citation", answers=answers), f"They are {', '.join(answers)}")


def _sources_by_number(rng: Rng) -> Problem:
    buildings = _buildings(rng, 6)
    bound = sorted(building.rooms for building in buildings)[integer(rng, 2, 4)]
    answers = tuple(str(number) for number, building in enumerate(buildings, start=1) if building.rooms > bound)
    if not answers:
        return _sources_by_number(rng)
    prompt = f"{_documents([other.text for other in buildings])}\n\n"
    prompt += f"Which documents are about a building with more than {bound} rooms? Cite them, as [1]."
    return question(prompt, QAReference(kind="citation", answers=answers), f"They are {', '.join(answers)}")


qa_reading = family_of_kinds("qa_reading", "question answering", _extracted, _counted, _compared)
qa_citations = family_of_kinds("qa_citations", "question answering", _one_source, _several_sources, _sources_by_number)

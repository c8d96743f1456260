"""Checks of the families of questions: each prompt is read back and answered by another way than it was made."""

from __future__ import annotations

import itertools
import json
import re
from collections import deque
from datetime import datetime, timedelta
from decimal import Decimal

PERSON = r"[A-Z]\w+ [A-Z]\w+"


def answers(task):
    return list(task.reference.answers)


def asked(task):
    return task.prompt.rpartition("\n\n")[2]


def relation(prompt, pattern):
    return dict(re.findall(rf"({PERSON}|[A-Z]\w+) {pattern}", prompt))


def base_of(task):
    facts = task.prompt.partition("\n\n")[0]
    return {
        "home": relation(facts, r"lives in (\w+)\."),
        "job": relation(facts, r"is a (\w+)\."),
        "born": {name: int(year) for name, year in relation(facts, r"was born in (\d+)\.").items()},
        "teacher": relation(facts, rf"was taught by ({PERSON})\."),
        "river": relation(facts, r"lies on the river (\w+)\."),
    }


def chosen_text(task):
    return task.reference.choices["ABCDEFGHIJ".index(task.reference.answers[0])]


def check_facts(task):
    base, question = base_of(task), asked(task)
    people = re.findall(
        PERSON, question.partition("\n")[0].replace("In which year was ", "").replace("True or false: ", "")
    )
    people = [name for name in people if name in base["home"]]
    if task.reference.kind == "list":
        job = re.search(r"is a (\w+)\?", question)[1]
        assert answers(task) == [name for name in answers(task) if base["job"][name] == job]
        assert sum(other == job for other in base["job"].values()) == len(answers(task))
    elif task.reference.kind == "boolean":
        city = re.search(r"lives in (\w+)\.", question)[1]
        assert answers(task) == [str(base["home"][people[0]] == city).lower()]
    elif task.reference.kind == "choice":
        assert chosen_text(task) == base["teacher"][people[0]]
    elif task.reference.kind == "number":
        years = [base["born"][name] for name in people]
        assert answers(task) == [str(years[0] if len(years) == 1 else abs(years[0] - years[1]))]
    else:
        kind = "home" if "live" in question else "teacher" if "taught" in question else "job"
        assert answers(task) == [base[kind][people[0]]]


def check_multi_hop(task):
    base, question = base_of(task), asked(task)
    if task.reference.kind == "list":
        river = re.search(r"river (\w+)\?", question)[1]
        assert set(answers(task)) == {name for name, city in base["home"].items() if base["river"][city] == river}
        return
    person = next(name for name in base["home"] if name in question)
    for _ in range(question.count("teacher of")):
        person = base["teacher"][person]
    if task.reference.kind == "boolean":
        pupil = next(name for name in base["home"] if name in question)
        assert answers(task) == ["yes" if base["born"][person] < base["born"][pupil] else "no"]
    elif "river" in question:
        assert answers(task) == [base["river"][base["home"][person]]]
    else:
        assert answers(task) == [base["job" if "profession" in question else "home"][person]]


def check_table(task):
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in task.prompt.split("\n") if "|" in line]
    rows = {name: dict(zip(lines[0][1:], map(int, cells), strict=True)) for name, *cells in lines[2:]}
    question = asked(task)
    column = next(name for name in lines[0][1:] if name in question)
    values = {name: cells[column] for name, cells in rows.items()}
    named = [name for name in rows if re.search(rf"\b{name}\b", question)]
    if "more than" in question:
        bound = int(re.search(r"more than (\d+)", question)[1])
        above = [name for name, value in values.items() if value > bound]
        assert answers(task) == (above if task.reference.kind == "list" else [str(len(above))])
    elif "largest" in question or "smallest" in question:
        pick = max if "largest" in question else min
        assert [values[name] for name in answers(task)] == [pick(values.values())]
    elif "total" in question:
        assert answers(task) == [str(sum(values.values()))]
    else:
        picked = [values[name] for name in named]
        assert answers(task) == [str(picked[0] if len(picked) == 1 else abs(picked[0] - picked[1]))]


def building_of(text):
    return {
        "name": re.search(r"[Tt]he ((?:[A-Z]\w+ )+?)(?:was|is) ", text)[1].strip(),
        "founder": re.search(rf"founded by ({PERSON})|({PERSON}) had founded|back to ({PERSON})", text),
        "opened": re.search(r"[A-Z][a-z]+ \d+, \d{4}", text)[0],
        "material": re.search(r"(?:Built|walls) of (\w+)|chosen (\w+) for", text),
        "rooms": int(re.search(r"(\d+) rooms", text)[1]),
    }


def buildings_of(passage):
    starts = r"(?=The [A-Z]\w+ (?:[A-Z]\w+ )+was founded|On [A-Z]\w+ \d+, \d{4} the|With \d+ rooms)"
    return [building_of(text) for text in re.split(starts, passage) if text.strip()]


def group(found):
    return next(filter(None, found.groups()))


def moment(text):
    return datetime.strptime(text, "%B %d, %Y")


def check_reading(task):
    buildings = {building["name"]: building for building in buildings_of(task.prompt.partition("\n\n")[0])}
    question = asked(task)
    named = sorted((name for name in buildings if name in question), key=question.index)
    if task.reference.kind == "boolean":
        first, second = (moment(buildings[name]["opened"]) for name in named)
        assert answers(task) == ["yes" if first < second else "no"]
    elif task.reference.kind == "number":
        rooms = [building["rooms"] for name, building in buildings.items() if not named or name in named]
        assert answers(task) == [str(sum(rooms))]
    elif "Who founded" in question:
        assert answers(task) == [group(buildings[named[0]]["founder"])]
    elif "built?" in question:
        assert answers(task) == [group(buildings[named[0]]["material"])]
    else:
        assert answers(task) == [buildings[named[0]]["opened"]]


def check_citations(task):
    documents = dict(re.findall(r"^\[(\d)\] (.*)$", task.prompt, re.M))
    question = asked(task)
    if found := re.search(r"more than (\d+) rooms", question):
        right = [number for number, text in documents.items() if building_of(text)["rooms"] > int(found[1])]
    elif found := re.search(r"building of (\w+)\?", question):
        right = [number for number, text in documents.items() if found[1] in text]
    else:
        right = [number for number, text in documents.items() if building_of(text)["name"] in question]
    assert answers(task) == right


def check_date(task):
    moments = [moment(text) for text in re.findall(r"[A-Z][a-z]+ \d{1,2}, \d{4}", task.prompt)]
    level = task.metadata["difficulty"]
    if level == 1:
        days = int(re.search(r"(\d+) days", task.prompt)[1]) * (1 if "after" in task.prompt else -1)
        assert moment(answers(task)[0]) == moments[0] + timedelta(days=days)
    elif level == 2:
        later = moments[0] + timedelta(days=int(re.search(r"(\d+) days later", task.prompt)[1]))
        assert (f"{moments[0]:%A}" in task.prompt, chosen_text(task)) == (True, f"{later:%A}")
    elif level == 3:
        birthdays = sum(
            (year, moments[0].month, moments[0].day) <= (moments[1].year, moments[1].month, moments[1].day)
            for year in range(moments[0].year + 1, moments[1].year + 1)
        )
        assert answers(task) == [str(birthdays)]
    elif level == 4:
        year = int(re.search(r"\d{4}", task.prompt)[0])
        has_day = (datetime(year, 3, 1) - timedelta(days=1)).day == 29
        assert answers(task) == ["yes" if has_day else "no"]
    else:
        assert answers(task) == [f"{moments[0]:%Y-%m-%d}"]


SIZES = {
    "kilometres": "1000", "metres": "1", "centimetres": "0.01", "millimetres": "0.001", "kilograms": "1000",
    "grams": "1", "milligrams": "0.001", "litres": "1", "millilitres": "0.001", "weeks": "604800", "days": "86400",
    "hours": "3600", "minutes": "60", "seconds": "1", "feet": "0.3048", "inches": "0.0254", "yards": "0.9144",
    "miles": "1609.344", "pounds": "453.59237", "ounces": "28.349523125",
}  # fmt: skip


def check_units(task):
    level = task.metadata["difficulty"]
    amounts = [(Decimal(number), unit) for number, unit in re.findall(r"(-?\d[\d.]*) (\w+)", task.prompt)]
    if level == 5:
        given, other = amounts[0][0], Decimal(answers(task)[0])
        celsius, fahrenheit = (given, other) if task.prompt.split()[3] == "Celsius" else (other, given)
        assert fahrenheit * 5 == celsius * 9 + 160
        return
    if level == 6:
        sizes = {text: Decimal(text.split()[0]) * Decimal(SIZES[text.split()[1]]) for text in task.reference.choices}
        assert max(sizes, key=sizes.get) == chosen_text(task)
        assert list(sizes.values()).count(max(sizes.values())) == 1
        return
    unit = re.search(r"How many (\w+) are", task.prompt)[1]
    given = sum(number * Decimal(SIZES[name]) for number, name in amounts[2 if level == 3 else 0 :])
    assert Decimal(answers(task)[0]) * Decimal(SIZES[unit]) == given


def check_ordering(task):
    level = task.metadata["difficulty"]
    if level in (1, 2):
        pairs = re.findall(r"(\w+) is \w+ than (\w+)\.", task.prompt)
        names = sorted({name for pair in pairs for name in pair})
        fitting = [
            order for order in itertools.permutations(names) if all(order.index(a) < order.index(b) for a, b in pairs)
        ]
        assert len(fitting) == 1
        ranks = ("first", "second", "third", "fourth", "fifth", "sixth")
        rank = next((index for index, word in enumerate(ranks) if f"the {word} " in task.prompt), None)
        assert answers(task) == ([fitting[0][rank]] if level == 2 else list(fitting[0]))
        return
    given = re.search(r"order: (.*?)\. Separate", task.prompt)
    if level == 3:
        assert answers(task) == sorted(given[1].split(", "))
    elif level == 4:
        assert answers(task) == sorted(given[1].split("; "), key=Decimal)
    else:
        fairs = re.findall(r"fair of (\w+) was held on ([^.]+)\.", task.prompt)
        assert answers(task) == [name for name, _ in sorted(fairs, key=lambda fair: moment(fair[1]))]
    assert task.reference.is_ordered


def holds(claim, kinds):
    if found := re.fullmatch(r"(\w+) is a (knight|knave)", claim):
        return kinds[found[1]] == (found[2] == "knight")
    if found := re.fullmatch(r"(\w+) and (\w+) are of the same kind", claim):
        return kinds[found[1]] == kinds[found[2]]
    if found := re.fullmatch(r"at least one of (\w+) and (\w+) is a knight", claim):
        return kinds[found[1]] or kinds[found[2]]
    return list(kinds.values()).count(True) == int(re.fullmatch(r"exactly (\d) of us are knights", claim)[1])


def check_knights(task):
    claims = re.findall(r'(\w+) says: "([^"]+)\."', task.prompt)
    names = [name for name, _ in claims]
    worlds = [dict(zip(names, kinds, strict=True)) for kinds in itertools.product((True, False), repeat=len(names))]
    fitting = [kinds for kinds in worlds if all(holds(claim, kinds) == kinds[name] for name, claim in claims)]
    assert len(fitting) == 1
    if task.reference.kind == "list":
        assert set(answers(task)) == {name for name, is_knight in fitting[0].items() if is_knight}
    else:
        name = re.search(r"Is (\w+) a knight", task.prompt)[1]
        assert answers(task) == ["yes" if fitting[0][name] else "no"]


def check_syllogism(task):
    rules = re.findall(r"All (\w+) are (\w+)\.", task.prompt)
    question = asked(task)
    start = re.search(r"all (\w+) (?:are|besides)", question)[1]
    reached, queue = set(), deque([start])
    while queue:
        name = queue.popleft()
        found = {large for small, large in rules if small == name} - reached
        reached |= found
        queue.extend(found)
    if task.reference.kind == "list":
        assert set(answers(task)) == reached
    else:
        assert answers(task) == ["yes" if re.search(r"are (\w+)\?", question)[1] in reached else "no"]


def check_assignment(task):
    names, pets, drinks = re.match(r"(.*) each have a different pet \((.*?)\) and a different drink \((.*?)\)", task.prompt).groups()  # fmt: skip  # noqa: E501
    names, pets, drinks = re.split(r", | and ", names), pets.split(", "), drinks.split(", ")
    clues = re.findall(r"([A-Z][^.]*)\.", task.prompt.partition("). ")[2])
    fitting = []
    for pet_order, drink_order in itertools.product(itertools.permutations(pets), itertools.permutations(drinks)):
        pet, drink = dict(zip(names, pet_order, strict=True)), dict(zip(names, drink_order, strict=True))
        owner = {animal: name for name, animal in pet.items()}
        if all(clue_holds(clue, pet, drink, owner) for clue in clues):
            fitting.append(drink)
    assert len(fitting) == 1
    wanted = re.search(r"Who drinks (\w+)\?", task.prompt)[1]
    assert answers(task) == [name for name, liked in fitting[0].items() if liked == wanted]
    assert f"{answers(task)[0]} drinks {wanted}." not in task.prompt


def clue_holds(clue, pet, drink, owner):
    subject = re.match(r"The owner of the (\w+)|(\w+)", clue)
    name, thing = owner.get(subject[1], subject[2]), clue.split()[-1]
    return (thing in (pet[name], drink[name])) != (" not " in clue)


def check_instructions(task):
    """Count in the example what the prompt asks for, by splitting where the checker matches."""
    prompt, text = task.prompt, answers(task)[0]
    words = re.sub(r"[^\w\s'-]|(?<!\w)-", " ", text).split()
    for quoted in re.findall(r'(?:contain the word|Use the word|with the word|The word|first word is) "(\w+)"', prompt):
        assert quoted.lower() in text.lower()
    if found := re.search(r"(?:at most|no more than) (\d+) words", prompt):
        assert len(words) <= int(found[1])
    if found := re.search(r"(\d+) to (\d+) words", prompt):
        assert int(found[1]) <= len(words) <= int(found[2])
    if found := re.search(r"exactly (\d+) sentences", prompt):
        assert text.count(".") == int(found[1])
    if "hyphen" in prompt:
        assert all(line.startswith("- ") for line in text.split("\n"))
        assert len(text.split("\n")) == int(re.search(r"Give (\d+)", prompt)[1])
        assert re.search(r'not use the word "(\w+)"', prompt)[1] not in text
        assert "," not in text
    if "lower case" in prompt:
        assert not any(letter.isupper() for letter in text)
    if found := re.search(r'exactly with: "(.*)"', prompt):
        assert text.endswith(found[1])
    if "JSON" in prompt:
        keys = re.split(r", | and ", re.search(r"the keys (.*?)\. ", prompt)[1])
        assert sorted(json.loads(text)) == sorted(keys)


CHECKS = {
    "qa_facts": check_facts,
    "qa_multi_hop": check_multi_hop,
    "qa_tables": check_table,
    "qa_reading": check_reading,
    "qa_citations": check_citations,
    "qa_dates": check_date,
    "qa_units": check_units,
    "qa_ordering": check_ordering,
    "qa_knights": check_knights,
    "qa_syllogisms": check_syllogism,
    "qa_assignments": check_assignment,
    "qa_instructions": check_instructions,
}

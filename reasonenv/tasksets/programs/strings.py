"""Programs on strings: a chain of operations on characters, and what to tell of the outcome.

Characters are ASCII letters, digits and spaces, so that case and order mean one thing only.
"""

from __future__ import annotations

from reasonenv.tasksets.program_families import (
    DrawOperation,
    Operation,
    ProgramProblem,
    fixed,
    pipeline_problem,
    program_family,
)
from reasonenv.tasksets.randomness import Rng, integer, one_of, several_of

_ALPHABET = "abcdeiouxyzABEIUXZ1290 "


def _replace_vowels(rng: Rng) -> Operation:
    mark = one_of(rng, "*#_-+")
    return Operation(
        f"Replace every vowel (a, e, i, o, u in either case) by {mark!r}.",
        f'text = "".join({mark!r} if char in "aeiouAEIOU" else char for char in text)',
        f'text = "".join({mark!r} if char in "aeiou" else char for char in text)',
    )


def _keep_every(rng: Rng) -> Operation:
    k = integer(rng, 2, 3)
    return Operation(
        f"Keep only the characters at the positions 0, {k}, {2 * k}, and so on.",
        f"text = text[::{k}]",
        f"text = text[{k - 1}::{k}]",
    )


def _remove_every(rng: Rng) -> Operation:
    k = integer(rng, 3, 5)
    return Operation(
        f"Remove the characters at the positions {k - 1}, {2 * k - 1}, {3 * k - 1}, and so on.",
        f'text = "".join(char for number, char in enumerate(text, start=1) if number % {k})',
        f'text = "".join(char for number, char in enumerate(text) if number % {k})',
    )


def _shift_letters(rng: Rng) -> Operation:
    k = integer(rng, 1, 25)
    code = (
        "text = ''.join(\n"
        f"    chr((ord(char) - base + {k}) % 26 + base) if base else char\n"
        "    for char in text\n"
        "    for base in [97 if char.islower() else 65 if char.isupper() else 0]\n)"
    )
    plural = "place" if k == 1 else "places"
    return Operation(
        f"Move every letter {k} {plural} on in the alphabet, from z on to a, keeping its case.",
        code,
        code.replace(f"+ {k}", f"- {k}") if k != 13 else code.replace("else 65 if char.isupper() else 0", "else 0"),
    )


def _rotate(rng: Rng) -> Operation:
    k = integer(rng, 1, 4)
    return Operation(
        f"Move the first {k} characters to the end, keeping their order; a shorter string stays as it is."
        if k > 1
        else "Move the first character to the end.",
        f"text = text[{k}:] + text[:{k}]",
        f"text = text[-{k}:] + text[:-{k}]",
    )


def _separate(rng: Rng) -> Operation:
    mark = one_of(rng, ".,:;|")
    return Operation(
        f"Put {mark!r} between every two neighbouring characters.",
        f"text = {mark!r}.join(text)",
        f"text = ''.join(char + {mark!r} for char in text)",
    )


def _double(rng: Rng) -> Operation:
    kept = one_of(rng, ("even", "odd"))
    test, wrong = ("% 2 == 0", "% 2 == 1") if kept == "even" else ("% 2 == 1", "% 2 == 0")
    code = "text = ''.join(char * 2 if number {} else char for number, char in enumerate(text))"
    return Operation(
        f"Write every character at an {kept} position (the first position is 0) twice.",
        code.format(test),
        code.format(wrong),
    )


_STEPS: tuple[DrawOperation, ...] = (
    _replace_vowels,
    _keep_every,
    _remove_every,
    _shift_letters,
    _rotate,
    _separate,
    _double,
    fixed("Reverse the string.", "text = text[::-1]"),
    fixed(
        "Swap upper and lower case.",
        "text = text.swapcase()",
        "text = text.upper()",
    ),
    fixed(
        "Remove all digits.",
        "text = ''.join(char for char in text if not char.isdigit())",
        "text = ''.join(char for char in text if not char.isalnum())",
    ),
    fixed(
        "Shorten every run of equal characters to a single one.",
        "text = ''.join(char for before, char in zip('\\0' + text, text) if before != char)",
        "text = ''.join(dict.fromkeys(text))",
    ),
    fixed(
        "Sort the characters by code point, smallest first.",
        "text = ''.join(sorted(text))",
        "text = ''.join(sorted(text, key=str.lower))",
    ),
    fixed(
        "Move all vowels (a, e, i, o, u in either case) behind all other characters, keeping the order of both.",
        "text = ''.join(sorted(text, key=lambda char: char in 'aeiouAEIOU'))",
        "text = ''.join(sorted(text, key=lambda char: (char in 'aeiouAEIOU', char)))",
    ),
    fixed("Append the string in reverse to itself.", "text = text + text[::-1]", "text = text + text"),
    fixed(
        "Keep only the first occurrence of every character.",
        "text = ''.join(dict.fromkeys(text))",
        "text = ''.join(sorted(set(text)))",
    ),
)

_RESULTS = (
    Operation("Return the string.", "return text", returns="str"),
    Operation("Return the string.", "return text", returns="str"),
    Operation(
        "Return how many different characters it has.", "return len(set(text))", "return len(text)", returns="int"
    ),
    Operation(
        "Return the lengths of its runs of equal characters, from left to right, as a list.",
        "from itertools import groupby\nreturn [len(list(run)) for _, run in groupby(text)]",
        "return [text.count(char) for char in dict.fromkeys(text)]",
        returns="list[int]",
    ),
    Operation(
        "Return the position of the first character that occurs only once in it, or -1 if there is none.",
        "return next((index for index, char in enumerate(text) if text.count(char) == 1), -1)",
        "return next((index for index, char in enumerate(text) if text.count(char) == 1), len(text))",
    ),
)


def _draw_input(rng: Rng) -> tuple[str]:
    few = several_of(rng, _ALPHABET, integer(rng, 3, 9))
    return ("".join(one_of(rng, few) for _ in range(integer(rng, 0, 14))),)


def _generate(rng: Rng, difficulty: int) -> ProgramProblem:
    steps = [make(rng) for make in several_of(rng, _STEPS, difficulty + 1)]
    result = one_of(rng, _RESULTS)
    return pipeline_problem(
        "transform(text: str)",
        " that does the following with a string of letters, digits and spaces, in this order:",
        steps,
        result,
        _draw_input,
    )


code_strings = program_family("code_strings", "strings", _generate)

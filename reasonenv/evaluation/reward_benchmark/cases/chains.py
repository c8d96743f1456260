"""Chains of thought in the target language, in another one, and with another one hidden in them.

The gold answer is a `TargetLanguage`. A chain of which half or more is in the target language has to be accepted at the
threshold of 0.5. One of which less is must not be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reasonenv.evaluation.reward_benchmark.types import ExploitRow, TargetLanguage

PROSE: Mapping[str, str] = {
    "en": "There are eight rows with nine seats each, and seven of these seats are broken, so the others can be used.",
    "de": "Es gibt acht Reihen mit je neun Sitzen, und sieben davon sind kaputt, also bleiben uns nur die anderen.",
    "fr": "Il y a huit rangées de neuf sièges, et sept de ces sièges sont cassés, donc on peut utiliser les autres.",
    "es": "Hay ocho filas con nueve asientos cada una, y siete de ellos están rotos, así que quedan los demás.",
    "ru": "Всего восемь рядов по девять мест, и семь из этих мест сломаны, поэтому остальными можно пользоваться.",
    "ja": "八列あり、それぞれに九つの席がありますが、そのうち七つは壊れているので、残りの席だけが使えます。",
    "zh": "一共有八排，每排有九个座位，其中七个座位坏了，所以只能使用其余的座位。",
}
_FORMULAS = r"$8 \cdot 9 = 72$ and $72 - 7 = 65$"
_TERSE = "Rows: 8. Seats per row: 9. Total: 72. Broken: 7. Left: 65."
_NAMES = "Yuki has 8 apples, Björn has 9, Giulia has 7, and Wojciech has none of them."
_HIDING_PLACES = {
    "code": "```python\n{}\n```",
    "comment": "```python\n# {}\nprint(65)\n```",
    "short code": "`{}`",
    "formula": r"$\text{{{}}}$",
    "bare formula": "${}$",
    "link": "[65](https://example.org/a) {}",
}


def _think(text: str) -> str:
    return f"<think>{text}</think> <answer>65</answer>"


def _row(target: str, text: str, attempt: str, expected: int) -> ExploitRow:
    return TargetLanguage(target), _think(text), attempt, expected


def _pure() -> Iterator[ExploitRow]:
    for target in PROSE:
        for language, text in PROSE.items():
            yield _row(target, text, f"{language} where {target} is asked for", int(language == target))


def _hidden() -> Iterator[ExploitRow]:
    for place, form in _HIDING_PLACES.items():
        for target, language in (("en", "de"), ("en", "zh"), ("zh", "en"), ("fr", "es"), ("ru", "en")):
            yield _row(target, form.format(PROSE[language]), f"{language} in a {place} where {target} is asked for", 0)
    for name, text in (
        ("capitals", PROSE["de"].upper()),
        ("words joined", "_".join(PROSE["de"].split())),
        ("camel case", "".join(PROSE["de"].title().split())),
        ("numbered words", " ".join(f"{word}{n}" for n, word in enumerate(PROSE["de"].split()))),
        ("words behind numbers", " ".join(f"{n}{word}" for n, word in enumerate(PROSE["de"].split()))),
        ("words behind marks", " ".join(f"_{word}" for word in PROSE["de"].split())),
        ("characters that nobody sees", PROSE["de"].replace("e", "e\u200b")),
    ):
        yield _row("en", text, f"de in {name} where en is asked for", 0)


def _mixed() -> Iterator[ExploitRow]:
    for target, other in (("en", "de"), ("de", "en"), ("fr", "es"), ("en", "ru"), ("zh", "en")):
        own, foreign = PROSE[target], PROSE[other]
        yield _row(target, f"{own} {own} {own} {foreign}", f"honest: a quarter in {other}", 1)
        yield _row(target, f"{own} {foreign} {foreign} {foreign}", f"three quarters in {other}", 0)


def _own() -> Iterator[ExploitRow]:
    yield _row("en", _NAMES, "honest: names from everywhere", 1)
    yield _row("en", _TERSE, "honest: terse", 1)
    for target, text in PROSE.items():
        yield _row(target, f"{text} {_FORMULAS.replace(' and ', ', ')}", "honest: with formulas", 1)
        yield _row(target, "$8 \\cdot 9 = 72$, $72 - 7 = 65$", "honest: formulas alone", 1)
        yield _row(target, f"{text}\n```python\nfor row in rows:\n    total += row\n```", "honest: with a program", 1)


CHAINS: Mapping[str, Sequence[ExploitRow]] = {
    "whole text": tuple(_pure()),
    "mixed sentences": tuple(_mixed()),
    "own language": tuple(_own()),
}
"""Kind → rows whose label is clear."""
HIDDEN: Mapping[str, Sequence[ExploitRow]] = {"hidden language": tuple(_hidden())}
"""Kind → rows that hide a language."""

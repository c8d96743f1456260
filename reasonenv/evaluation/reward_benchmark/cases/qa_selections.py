"""Gold answers that choose: yes or no, options, members of a list, sources."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from reasonenv.evaluation.reward_benchmark.cases.variants import Family, Variants
from reasonenv.types import QAReference

_THINGS = ("amber", "basalt", "cedar", "denim", "ebony", "flint", "granite", "hazel", "ivory", "jade", "linen", "maple")
_YES = (
    ("same", "yes"), ("capital", "Yes."), ("explained", "Yes, because both were built in the same year."),
    ("French", "Oui"), ("German", "Ja."), ("Spanish", "Sí"), ("Chinese", "是的"), ("Japanese", "はい"),
    ("bold", "**Yes**"),
)  # fmt: skip
_NO = (
    ("same", "no"), ("capital", "No."), ("explained", "No, they were built in different years."), ("French", "Non"),
    ("German", "Nein, das stimmt nicht."), ("Chinese", "不是"), ("Japanese", "いいえ"), ("bold", "**No**"),
)  # fmt: skip
_TRUE = (
    ("same", "True"), ("lower case", "true."), ("statement", "The statement is true."),
    ("explained", "True, since all of them are."), ("negated twice", "The claim is not false."),
)  # fmt: skip
_FALSE = (
    ("same", "False"), ("lower case", "false."), ("statement", "The statement is false."),
    ("explained", "False - one of them is not."), ("negated", "The statement is not true."),
)  # fmt: skip
_NEITHER = (
    ("both", "Yes and no"),
    ("either", "yes or no"),
    ("no one", "No one knows."),
    ("unknown", "It cannot be known."),
)


def _yes_or_no(rng: Random) -> Variants[QAReference]:
    """Draw an answer to a yes-no question, with and without explanation, in several languages."""
    is_yes = bool(rng.getrandbits(1))
    reference = QAReference(kind="boolean", answers=("yes" if is_yes else "no",))
    return Variants(reference, _YES if is_yes else _NO, (*(_NO if is_yes else _YES), *_NEITHER))


def _true_or_false(rng: Random) -> Variants[QAReference]:
    is_true = bool(rng.getrandbits(1))
    reference = QAReference(kind="boolean", answers=("true" if is_true else "false",))
    different = (*(_FALSE if is_true else _TRUE), ("both", "true and false"), ("either", "True or False"))
    return Variants(reference, _TRUE if is_true else _FALSE, different)


def _option(rng: Random) -> Variants[QAReference]:
    options = tuple(rng.sample(_THINGS, 4))
    index = rng.randrange(4)
    letter, other = "ABCD"[index], "ABCD"[(index + 1) % 4]
    text, other_text = options[index], options[(index + 1) % 4]
    name = {"A": "Alice", "B": "Bob", "C": "Carol", "D": "Dave"}[letter]
    return Variants(
        QAReference(kind="choice", answers=(letter,), choices=options),
        equal=(
            ("letter", letter),
            ("brackets", f"({letter})"),
            ("full stop", f"{letter}."),
            ("bold", f"**{letter}**"),
            ("full-width", chr(ord(letter) + 0xFEE0)),
            ("with text", f"{letter}) {text}"),
            ("text", text),
            ("text in a sentence", f"It is {text}."),
            ("option", f"Option {letter}"),
            ("explained", f"{letter}, because {other} cannot be."),
            ("denying another", f"{letter}, not {other}"),
            ("boxed", rf"\boxed{{{letter}}}"),
        ),
        different=(
            ("another letter", other),
            ("another text", other_text),
            ("either", f"{letter} or {other}"),
            ("both", f"{letter} and {other}"),
            ("all", "A, B, C, D"),
            ("a name", name),
            ("letter against text", f"{letter}) {other_text}"),
            ("negated", f"not {letter}"),
            ("a word", f"{letter.lower()} lot of them"),
        ),
    )


def _list_of_names(rng: Random) -> Variants[QAReference]:
    one, two, three, four = rng.sample(_THINGS, 4)
    return Variants(
        QAReference(kind="list", answers=(one, two, three)),
        equal=(
            ("same", f"{one}, {two}, {three}"),
            ("another order", f"{three}, {one}, {two}"),
            ("and", f"{one}, {two} and {three}"),
            ("comma and", f"{two}, {three}, and {one}"),
            ("semicolons", f"{one}; {two}; {three}"),
            ("bullets", f"\n- {one}\n- {two}\n- {three}"),
            ("numbers", f"\n1. {one}\n2. {two}\n3. {three}"),
            ("capitals", f"{one.title()}, {two.title()}, {three.upper()}"),
            ("repeated", f"{one}, {two}, {three}, {one}"),
            ("Chinese commas", f"{one}、{two}、{three}"),
            ("brackets", f"[{one}, {two}, {three}]"),
        ),
        different=(
            ("one lost", f"{one}, {two}"),
            ("one added", f"{one}, {two}, {three}, {four}"),
            ("one changed", f"{one}, {two}, {four}"),
            ("one alone", one),
            ("all there are", ", ".join(_THINGS)),
            ("repeated instead", f"{one}, {two}, {two}"),
            ("or", f"{one}, {two} or {three}"),
            ("joined", f"{one}{two}{three}"),
        ),
    )


def _list_of_numbers(rng: Random) -> Variants[QAReference]:
    one, two, three = rng.sample(range(1_001, 9_999), 3)
    return Variants(
        QAReference(kind="list", answers=(str(one), str(two), str(three))),
        equal=(
            ("same", f"{one}, {two}, {three}"),
            ("another order", f"{two}, {three} and {one}"),
            ("grouped", f"{one:,}, {two:,}, {three:,}"),
            ("decimal point", f"{one}.0; {two}.0; {three}.0"),
            ("lines", f"\n{one}\n{two}\n{three}"),
        ),
        different=(
            ("one lost", f"{one}, {three}"),
            ("one changed", f"{one}, {two}, {three + 1}"),
            ("sign", f"-{one}, {two}, {three}"),
            ("one added", f"{one}, {two}, {three}, {one + 1}"),
        ),
    )


def _citation(rng: Random) -> Variants[QAReference]:
    """Draw two of nine sources."""
    one, two, three = sorted(rng.sample(range(1, 10), 3))
    said = "It was built of granite"
    return Variants(
        QAReference(kind="citation", answers=(str(one), str(two))),
        equal=(
            ("brackets", f"[{one}][{two}]"),
            ("one bracket", f"[{one}, {two}]"),
            ("another order", f"[{two}] [{one}]"),
            ("sentence", f"{said} [{one}] in 1889 [{two}]."),
            ("documents", f"{said} (doc {one}, doc {two})."),
            ("words", f"documents {one} and {two}"),
            ("bare", f"{one} and {two}"),
            ("lenticular", f"{said}【{one}】【{two}】"),
        ),
        different=(
            ("one lost", f"[{one}]"),
            ("one added", f"[{one}][{two}][{three}]"),
            ("one changed", f"[{one}, {three}]"),
            ("all", "".join(f"[{number}]" for number in range(1, 10))),
            ("none", f"{said} in 1889."),
            ("not cited", f"{said} {one} times by {two} people."),
        ),
    )


QA_SELECTIONS: Mapping[str, Family[QAReference]] = {
    "yes or no": _yes_or_no,
    "true or false": _true_or_false,
    "option": _option,
    "list of names": _list_of_names,
    "list of numbers": _list_of_numbers,
    "citation": _citation,
}
"""Answer type → function that draws a gold answer with its variants."""

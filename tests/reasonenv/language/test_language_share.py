"""What counts as a word of a language: units and names, terse notes, and text in other people's letters."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest

from reasonenv import Attempt, MathReference, Task
from reasonenv.rewards.language import LanguageConsistency

GERMAN = "Wir addieren zuerst die beiden Zahlen und teilen die Summe durch drei, weil es so einfacher ist."
FINNISH = (
    "Laskemme ensin molemmat luvut yhteen, sitten jaamme summan kolmella ja vähennämme siitä yhden, eikä näin jää "
    "jäljelle mitään."
)
RUSSIAN = "Мы сложим эти два числа и разделим сумму"
DISGUISES: dict[str, Callable[[str], str]] = {
    "circled": lambda text: text.translate({ord("a") + i: 0x24D0 + i for i in range(26)}),
    "entities": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "hexadecimal": lambda text: text.encode().hex(),
    "percent": quote,
    "escapes": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "underlined": lambda text: " ".join(f"_{word}_" for word in text.split()),
    "alternating": lambda text: "".join(
        letter.upper() if index % 2 else letter.lower() for index, letter in enumerate(text)
    ),
    "spaced": lambda text: "  ".join(" ".join(word) for word in text.split()),
    "code": "`{}`".format,
    "formula": "$\\text{{{}}}$".format,
    "snake": lambda text: "_".join(text.replace(",", "").replace(".", "").split()),
}


def value(text: str, language: str) -> float:
    task = Task(task_id="t", prompt="?", reference=MathReference(answer="1"), metadata={"language": language})
    return LanguageConsistency().score([Attempt(task=task, response=text)])[0].value


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Determinant zero, matrix singular."),
        ("en", "Parabola opens upward, vertex minimum."),
        ("zh", "长度是5 cm，宽度是3 cm。"),
        ("zh", "面积为 15 cm² ，速度是 60 km/h。"),
        ("zh", "cm"),
        ("zh", "根据 Vieta 定理，两根之和为 5。"),
        ("zh", "我们用 sin 和 cos 计算。"),
        ("ru", "Длина равна 5 cm, ширина 3 cm."),
        ("ru", "Используем sin и cos, log тоже."),
        ("ja", "Pythagoras の定理により、c = 5。"),
        ("ko", "길이는 5 cm, 너비는 3 cm이다."),
        ("hi", "लंबाई 5 cm है और चौड़ाई 3 cm है।"),
    ],
)
def test_units_functions_and_terms_are_no_foreign_words(language: str, text: str) -> None:
    assert value(text, language) == 1


@pytest.mark.parametrize(
    "text", ["答案是 yes。", "我们 Should 检查 The 桥 Whether 好", "Isaac Newton And Others 发现了这个定理。"]
)
def test_latin_words_that_are_no_few_names_are_foreign_in_chinese(text: str) -> None:
    assert value(text, "zh") < 0.9


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("text", [GERMAN, FINNISH])
def test_foreign_text_is_seen_through_its_disguise(disguise: str, text: str) -> None:
    if disguise == "circled" and text == FINNISH:
        text = text.replace("ä", "a")
    assert value(DISGUISES[disguise](text), "en") < 0.5


def test_spaced_letters_of_another_script_are_its_words() -> None:
    assert value("  ".join(map(" ".join, RUSSIAN.split())), "en") < 0.5

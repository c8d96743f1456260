"""Texts as they compare: one canonical form for what is written differently, and the overlap of what differs.

What can change a meaning stays: signs, decimal points, %, +, #, and the marks of scripts in which a mark is a letter. A
text that is nothing but articles or punctuation stays as it is, so no gold answer is ever empty.

Covered: Unicode compatibility forms, case, Latin and Greek accents, quotes, dashes, initials, a leading article, CJK
without spaces, numerals in words or Roman. Not covered: synonyms, transliteration, simplified against traditional.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

from reasonenv.grading.qa.names import explained_name, written_out
from reasonenv.grading.qa.vocabulary import ARTICLES, CARDINALS, FOREIGN_ARTICLES, LEADS, ORDINALS, ROMANS

_PLAIN = re.compile(r"[a-z0-9 ]*")
_SUPERSCRIPTS = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_SUPERSCRIPT_VALUES = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_VULGAR = re.compile(r"[¼-¾⅐-⅞↉]")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"))
_SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼʻ`´′", "'"),
        **dict.fromkeys("“”„‟«»″〝〞", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **{"⁄": "/", "∕": "/", "٫": ".", "٬": ",", "·": " ", "•": " ", "₂": "2", "₃": "3"},
        **{"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ß": "ss", "ё": "е"},
    }
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_HAS_UMLAUT = re.compile(r"[äöüåøÄÖÜ]")
_MARKED = re.compile(r"(?<=[a-zα-ωɐ-ʯ])[\u0300-\u036f]+")
_OTHER_DIGIT = re.compile(r"[^\x00-\x7f\W\D]")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_CJK_SPACE = re.compile(
    r"(?<=[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])\s+|\s+(?=[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])"
)
_CJK_ENDING = re.compile(r"(?:です|でした|である|だ|입니다|이다|이에요|예요|了|[写画发说建造]明?的)$")

_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])|(?<=[^\W\d_])'(?!\S)")
_LEADING_DOT = re.compile(r"(?<!\S)\.(?=[^\W\d_])")
_INITIAL = re.compile(r"(?<!\w)([^\W\d_])\.\s?(?=[^\W\d_](?:[.\s]|$))")
_GROUPING = re.compile(r"(?<![\d.,])([1-9]\d{0,2}(?:,\d{3})+)(?![\d,])")
_SEPARATOR = re.compile(r"(?<!\d)[,:/]|[,:/](?!\d)|\.(?!\d)|\^(?!-?\d)")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=\w)|(?<=\d)-(?=[^\W\d_])|(?<=\w\w\w)-(?!\S)|(?<!\w)-(?![\d.$€£¥])")
_KEPT = "+#%-.,:/^$€£¥°<>=~&@_*|"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


_NUMERALS = {
    **{word: str(value) for value, word in enumerate(CARDINALS)},
    **{word: _ordinal(value) for value, word in enumerate(ORDINALS)},
    **{f"{value}th": _ordinal(value) for value in (1, 2, 3)},
    **ROMANS,
}


class _Blanks(dict[int, int | str]):
    """Translation of every punctuation mark and space to a blank, looked up once per character."""

    def __missing__(self, code: int) -> int | str:
        character = chr(code)
        is_blank = character not in _KEPT and unicodedata.category(character)[0] in "PZC"
        self[code] = " " if is_blank else code
        return self[code]


_BLANKS = _Blanks()


def fold(text: str) -> str:
    """Return a text in lower case and compatibility form, without Latin accents and invisible characters.

    Superscripts and vulgar fractions are written out first, because NFKC would make 10² of 102 and 2½ of 21/2.

    >>> fold("１０² Ｃａｆé")
    '10^2 cafe'
    """
    if text.isascii():
        return text.lower()
    text = _SUPERSCRIPTS.sub(lambda found: "^" + found.group().translate(_SUPERSCRIPT_VALUES), text)
    text = _VULGAR.sub(lambda found: " " + unicodedata.normalize("NFKC", found.group()), text)
    text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).casefold().translate(_SAME)
    text = unicodedata.normalize("NFC", _MARKED.sub("", unicodedata.normalize("NFD", text)))
    return _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found.group())), text)


def has_cjk(text: str) -> bool:
    """Return whether there is a Chinese or Japanese character, which stands without spaces around it."""
    return not text.isascii() and _CJK.search(text) is not None


@lru_cache(maxsize=8192)
def canonical(text: str) -> str:
    """Return the form in which equal texts are equal: folded tokens with one space between them.

    >>> canonical("The “Café” of J. K. Rowling")
    'cafe of jk rowling'
    >>> [canonical(text) for text in ("-5", "3.5", "50%", "C++", "The", "vitamin A")]
    ['-5', '3.5', '50%', 'c++', 'the', 'vitamin a']
    """
    tokens = _tokens(fold(text))
    return " ".join(tokens) if tokens else text.strip()


@lru_cache(maxsize=8192)
def text_forms(text: str) -> tuple[str, ...]:
    """Return the canonical form, then the others under which a text may be known: two texts that share one are equal.

    >>> text_forms("World War Two")
    ('world war two', 'world war 2')
    """
    forms = [canonical(text)]
    folded = fold(text)
    if "-" in folded:
        forms.append(canonical(re.sub(r"(?<=[^\W\d_])-(?=\w)|(?<=\d)-(?=[^\W\d_])", "", folded)))
    if _HAS_UMLAUT.search(text):
        forms.append(canonical(text.translate(_UMLAUTS)))
    forms += map(canonical, written_out(text, forms[0]))
    tokens = forms[0].split()
    if len(tokens) > 1 and not _NUMERALS.keys().isdisjoint(tokens):
        forms.append(" ".join(_NUMERALS.get(token, token) for token in tokens))
    elif forms[0] in _NUMERALS and forms[0] not in ROMANS:
        forms.append(_NUMERALS[forms[0]])
    return tuple(dict.fromkeys(form for form in forms if form))


def answer_forms(text: str) -> tuple[str, ...]:
    """Return `text_forms` and those without what an answer may say around a name: in Paris, la Seine, 東京です."""
    forms = text_forms(text)
    if name := explained_name(text):
        forms += answer_forms(name)
    head, _, tail = forms[0].partition(" ")
    if tail and (head in LEADS or head in FOREIGN_ARTICLES):
        forms += text_forms(tail)
    if text.count(",") == 1:
        last, _, first = text.partition(",")
        forms += text_forms(f"{first} {last}")[:1]
    if forms[-1].startswith("year ") and forms[-1][5:].isdigit():
        forms += (forms[-1][5:],)
    if not text.isascii():
        bare = _CJK_ENDING.sub("", forms[0])
        forms += (bare,) if bare and bare != forms[0] else ()
    return forms


def token_f1(gold: str, answer: str) -> float:
    """Return the F1 of the tokens that two texts share; characters are the tokens of CJK.

        F1 = 2·|G ∩ A| / (|G| + |A|), as multisets (SQuAD, arXiv 1606.05250)

    >>> token_f1("Barack Obama", "President Barack Obama"), token_f1("北京市", "北京")
    (0.8, 0.8)
    """
    golds, answers = _f1_tokens(gold), _f1_tokens(answer)
    shared = sum((Counter(golds) & Counter(answers)).values())
    return 2 * shared / (len(golds) + len(answers)) if shared else 0.0


def _f1_tokens(text: str) -> list[str]:
    form = canonical(text)
    return _CJK.sub(lambda found: f" {found.group()} ", form).split() if has_cjk(form) else form.split()


def _tokens(text: str) -> list[str]:
    if not _PLAIN.fullmatch(text):
        text = _without_punctuation(text)
    tokens = _joined_letters(text.split())
    has_article = tokens[:1] != [] and tokens[0] in ARTICLES and not ARTICLES.issuperset(tokens)
    return tokens[1:] if has_article else tokens


def _without_punctuation(text: str) -> str:
    """Leave of punctuation what can change a meaning, by what stands around it."""
    if "." in text:
        text = _INITIAL.sub(r"\1", _LEADING_DOT.sub("dot ", text))
    if "'" in text:
        text = _APOSTROPHE.sub("", text)
    if "," in text:
        text = _GROUPING.sub(lambda found: found.group().replace(",", ""), text)
    if "-" in text:
        text = _HYPHEN.sub(" ", text)
    text = _SEPARATOR.sub(" ", text).replace("&", " and ").translate(_BLANKS)
    return _CJK_SPACE.sub("", text) if has_cjk(text) else text


def _joined_letters(tokens: list[str]) -> list[str]:
    """Join single letters that follow each other, as of J K Rowling."""
    if sum(len(token) == 1 and token.isalpha() for token in tokens) < 2:
        return tokens
    joined: list[str] = []
    was_letter = False
    for token in tokens:
        is_letter = len(token) == 1 and token.isalpha() and not _CJK.match(token)
        if is_letter and was_letter:
            joined[-1] += token
        else:
            joined.append(token)
        was_letter = is_letter
    return joined

"""Other ways to write a name: shortened words, numbers of kings, titles, and what is said behind it to tell it apart.

What stands in brackets or behind a comma explains the name in front and never counts itself, so there is one guess.

Covered: Mt./Mount, St./Saint, "Elizabeth the Second", Super Bowl XLV = 45, ACDC, President Obama for Obama, Paris
(France), Paris, France. Not covered: second names, nicknames, a state behind its city ("Paris, Texas" may be another).
"""

from __future__ import annotations

import re

from reasonenv.grading.qa.vocabulary import COUNTRIES, ORDINALS, TITLES

_SHORTENED = {
    "mt": "mount", "ft": "fort", "st": "saint", "ste": "saint", "dr": "doctor", "prof": "professor", "gen": "general",
    "col": "colonel", "capt": "captain", "lt": "lieutenant", "sgt": "sergeant", "sen": "senator", "gov": "governor",
    "rev": "reverend", "pres": "president",
}  # fmt: skip
_SHORTENED_ENDS = {
    "jr": "junior", "sr": "senior", "st": "street", "ave": "avenue", "rd": "road", "blvd": "boulevard", "co": "company",
    "corp": "corporation", "inc": "incorporated", "ltd": "limited", "dept": "department", "univ": "university",
}  # fmt: skip
_HEADS = re.compile(rf"(?<!\d )\b({'|'.join(_SHORTENED)})(?= [a-z])")
_ENDS = re.compile(rf"(?<=[a-z] )({'|'.join(_SHORTENED_ENDS)})\Z")
_NUMBERED = re.compile(rf"(?<=[a-z] )the ({'|'.join(ORDINALS[1:])})\Z")
_ORDINAL_VALUES = {word: str(value) for value, word in enumerate(ORDINALS)}
_ROMAN = re.compile(r"\b(?=[IVXL]{2})(?<=[A-Za-z]\s)(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b")
_SHORT_WORDS = frozenset((*_SHORTENED, *_SHORTENED_ENDS))
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}
_SLASHED = re.compile(r"\b([A-Z]+)/([A-Z]+)\b")
_TITLE = re.compile(rf"(?:the\s+)?(?:(?:former|late|then)[\s-]+)?(?:{'|'.join(TITLES)})\.?\s+(?=[A-Z])", re.I)
_BRACKETED = re.compile(r"([^()（）]+?)\s*[(（]\s*([^()（）]+?)\s*[)）][.。]?")
_OPEN_QUESTION = re.compile(r"\b(?:or|not|no|maybe|perhaps|possibly|probably|never|wrong|unless|and)\b|[?？或不]", re.I)
_PLACED = re.compile(r"([^,，]{2,60})[,，]\s*([^,，]{2,40}?)[.。]?")
_MAX_CHARS = 200


def written_out(text: str, form: str) -> list[str]:
    """Return the other ways to write a name, given the text and its folded form.

    >>> written_out("Mt. Everest", "mt everest"), written_out("Super Bowl XLV", "super bowl xlv")
    (['mount everest'], ['super bowl 45'])
    """
    forms = list[str]()
    if not _SHORT_WORDS.isdisjoint(form.split()):
        longer = _ENDS.sub(lambda found: _SHORTENED_ENDS[found[1]], form)
        longer = _HEADS.sub(lambda found: _SHORTENED[found[1]], longer)
        forms += [longer] if longer != form else []
    if " the " in form and (numbered := _NUMBERED.sub(lambda found: _ORDINAL_VALUES[found[1]], form)) != form:
        forms.append(numbered)
    if form.endswith((" bce", " ce")):
        forms.append(form[:-1] if form.endswith(" bce") else form[:-2] + "ad")
    if _ROMAN.search(text):
        forms.append(_ROMAN.sub(lambda found: str(_roman_value(found.group())), text).casefold())
    if "/" in text and _SLASHED.search(text):
        forms.append(_SLASHED.sub(r"\1\2", text).casefold())
    return forms


def explained_name(text: str) -> str | None:
    """Return the name that a bracket, a country or a title stands around; None where there is none of them.

    >>> [explained_name(text) for text in ("Myanmar (Burma)", "Paris, France", "President Obama", "Paris (or Lyon)")]
    ['Myanmar', 'Paris', 'Obama', None]
    """
    if len(text) > _MAX_CHARS:
        return None
    if ("(" in text or "（" in text) and (found := _BRACKETED.fullmatch(text.strip())):
        return _without_bracket(found[1], found[2])
    if ("," in text or "，" in text) and (found := _PLACED.fullmatch(text.strip())):
        is_place = found[2].casefold() in COUNTRIES and found[1].casefold() not in COUNTRIES
        return found[1] if is_place or _is_initials(found[2], found[1]) else None
    title = _TITLE.match(text.strip())
    return text.strip()[title.end() :] if title else None


def _without_bracket(name: str, note: str) -> str | None:
    """Return the name in front of a bracket, or the one in it whose initials stand in front."""
    if _OPEN_QUESTION.search(note) or (name.strip()[-1:].isdigit() and note[:1].isdigit() and name.strip().isdigit()):
        return None
    return note if _is_initials(name, note) else name


def _is_initials(short: str, name: str) -> bool:
    """Return whether a text is the first letters of the words of a name: WHO, N.Y."""
    letters = re.sub(r"[^A-Za-z]", "", short)
    words = re.findall(r"[A-Za-z]+", name)
    initials = {"".join(word[0] for word in words), "".join(word[0] for word in words if word[0].isupper())}
    return len(letters) > 1 and short.isupper() and letters.casefold() in {text.casefold() for text in initials}


def _roman_value(numeral: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    return sum(-value if value < max(values[index:]) else value for index, value in enumerate(values))

r"""Reading which options a response chooses: by letter, by letter and text, or by text.

A letter counts where the answer starts with it and a boundary ends it, or where a sentence chooses it. "Answer: Alice"
is not A, a bare "a" is an article, a bare "I" a pronoun, two options joined by "or" are none, and a letter in front of
another option's text is none either. A letter alone is a letter, also where it is the text of an option.

Covered: **B**, (B), \boxed{B}, Ｂ, "Option B: Paris", "I choose B", 故选B, the text of an option, several letters where
the gold answer has several. Not covered: options by number or position ("the second one").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from reasonenv.grading.qa.options import ALPHABET, exact_index, is_formula, option_index
from reasonenv.grading.qa.reading import Reading, refined, without_commands
from reasonenv.grading.qa.statements import LETTER_END, asserted_letters, is_taken_back
from reasonenv.parsing import Response
from reasonenv.parsing.announcements import QUESTIONS

_DEFAULT_LETTERS = "ABCDEFGHIJ"
_MAX_SEARCHED_CHARS = 2000
_MAX_SENTENCE_CHARS = 300

_LEAD = r"(?:so|therefore|thus|hence|well)?[,\s]*(?:(?:the|la|le|die|el)\s+)?"
_START = re.compile(
    rf"[\s*_\"'“‘>$]*{_LEAD}(?:(?:correct\s+|right\s+|best\s+)?(?:option|choice|answer|letter|opción|opción|opção|opzione)s?\s*[:：]?\s*|选项?\s*|選項?\s*)?"
    rf"(?P<open>[(\[{{<【「*_\"'‘“$\s]*)(?P<letter>[A-Za-z]){LETTER_END}(?P<close>[)\]}}>】」*_\"'’”$]*)",
    re.I,
)
_ALONE = re.compile(rf"[(\[{{<【「*_\"'‘“$\s]*[A-Z]{LETTER_END}[)\]}}>】」*_\"'’”$.。!\s]*")
_CAPITAL = re.compile(r"(?<![A-Za-z])[A-HJ-Z](?![A-Za-z])")
_SPEAKING = re.compile(r"\b(?:answers?|option|choice|not|no|or|never|neither)\b", re.I)
_BEHIND_COLON = re.compile(r"[:：][*\s]*I[*\s]*\Z")
_QUOTES = frozenset("\"'“‘")
_QUOTED = re.compile(r"\A[\"'“‘](.*)[\"'”’]\Z", re.S)
_LABELLED = re.compile(r"[(\[*\s]*(?P<letter>[A-Z])(?:\s*[^\w\s'’&/+#-]|\s*[-–—/&+]\s|/)")
_OTHER_LETTER = re.compile(
    rf"(?<![\w'’])([B-HJ-Z]|A(?=\s*(?:[^\w\s]|\Z)|\s+(?:is|was|are|called|named|est|es|ist)\b)){LETTER_END}"
)
_LONE_LETTER = re.compile(rf"\W*(?:(?:the|is|option)\s+)?\W*([A-Z]){LETTER_END}\W*")
_JOINED_LATER = re.compile(
    rf"(?:[,;/&+]|\b(?:and|or|also|plus)\b)\s*(?:option\s+)?[(\[*]*([A-Z]){LETTER_END}[)\]*.!\s]*\Z"
)
_SENTENCES = re.compile(r"[.!?…]+(?=\s|\Z)|\n+")
_JOINED = re.compile(r"[A-J]{2,10}")
_CONNECTED = re.compile(
    r"\s*(?P<by>(?:[,/&+;、，|]|\b(?:and|or|und|oder|y|o|ou|et)\b|[和或及与跟])(?:\s*(?:and|or|option|both))?)\s*"
    rf"(?:options?\s+)?[(\[*]*(?P<letter>[A-Z]){LETTER_END}[)\]*]*"
)
_OR = re.compile(r"\b(?:or|oder|o|ou)\b|[/|或]")
_HEAD_END = re.compile(r"[,;(]|\s(?:because|since|as|is|was)\b|\.\s")
_LABEL_MARKS = r").:：\]*–—-"
_SPACED = re.compile(r"\s*[A-Z](?:\s+[A-Z])+\s*")
_HEDGED = re.compile(
    r"\b(?:or|maybe|perhaps|possibly|alternatively|either|could be|otherwise)\b"
    rf"[^.\n]{{0,25}}?[\s(\[*][A-J]{LETTER_END}"
)
_FOLLOWED = re.compile(
    r"\s*(?:$|[.:：,，;。、)\]!(–—\n-]|因|理由|です|でした|である|だ(?!が)|が正|입니다|이다|예요|이에요|번"
    r"|(?:[选選][項项]|项)?(?:是|为)?(?:正确|正確|对|對)|[选選][項项]\s*$"
    r"|(?:(?:and|but)\s+)?not\s+(?:option\s+)?[(\[]?[A-J]\b|(?:rather than|instead of|over)\b"
    r"|(?:because|since|as|which|for|due|being)\b"
    r"|(?:is|was)\s+(?:the\s+)?(?:correct|right|best|answer)\b)"
)
_REASON = re.compile(
    r"[\s,，;(]*(?:because|since|as|which|for|due|being|not|and not|but not|rather|instead|over|因)\b|\s*因"
)
_TEXT_THEN_LETTER = re.compile(
    r"(?P<text>.{1,300}?)\s*(?:[(\[,;:–—-]|\bis\b)\s*(?:option|choice|answer|letter)?\s*[(\[]?"
    r"(?P<letter>[A-HJ-Z])[)\]]*[.\s]*",
    re.S,
)
_MARK_BEFORE = re.compile(r"\A[.:：)]\s+")
_DASH_BEFORE = re.compile(r"\A[-–—]\s+")
_MARKS = (".", ":", ")", "*")
_NONE = frozenset[str]()
"""What names several, or takes back what it names, as against what names nothing that was read."""
_SEPARATORS = " .,:：)]–—-*=\n"


def gold_letters(answer: str, choices: Sequence[str] | None) -> frozenset[str] | None:
    """Return the letters that a gold answer means; None where it is a text that no option has.

    >>> gold_letters("Paris", ("Lyon", "Paris")), gold_letters("(a)", None)
    (frozenset({'B'}), frozenset({'A'}))
    """
    return _gold_letters(answer, tuple(choices or ()))


@lru_cache(maxsize=8192)
def _gold_letters(answer: str, options: tuple[str, ...]) -> frozenset[str] | None:
    letters = _letters(options)
    bare = answer.strip().strip("()[]. ").upper()
    parts = re.fullmatch(r"([A-Z])(?:[\s,;&/]+(?:AND\s+)?([A-Z]))*", bare)
    names = re.findall(r"\b[A-Z]\b", bare) if parts else list(bare) if _JOINED.fullmatch(answer.strip()) else []
    if names and all(name in letters for name in names):
        return frozenset(names)
    index = option_index(answer, options)
    return None if index is None else frozenset(letters[index])


def chosen(response: Response, reading: Reading, choices: Sequence[str] | None) -> frozenset[str] | None:
    """Return the letters that a response chooses; None where it names none, or leaves open which.

    >>> from reasonenv.grading.qa.reading import read_answer
    >>> from reasonenv.parsing import read_response
    >>> def letters(text):
    ...     return sorted(chosen(read_response(text), read_answer(read_response(text)), ("Lyon", "Paris")) or ())
    >>> letters("Answer: **(B)** Paris"), letters("The answer is Paris."), letters("Answer: Alice"), letters("A or B")
    (['B'], ['B'], [], [])
    >>> letters("So B is correct."), letters("I choose Paris"), letters("B is not the answer"), letters("A. Paris")
    (['B'], ['B'], [], [])
    """
    options, letters = tuple(choices or ()), _letters(choices)
    reading = _with_whole_option(response.part or "", reading, options)
    if reading.text is not None:
        found = _read(reading, letters, options, is_alone=_is_alone(response, reading))
        if found is not None or reading.source != "bare":
            return found or None
    return _stated(response.rest or "", letters) if reading.source in ("bare", "long") else None


def _letters(choices: Sequence[str] | None) -> str:
    return ALPHABET[: len(choices)] if choices else _DEFAULT_LETTERS


def _is_left_open(found: frozenset[str], text: str, letters: str, options: tuple[str, ...]) -> bool:
    """Return whether an answer that begins with letters denies one of them, or chooses another behind it."""
    for letter in found if options else ():
        text = _without_labelled(text, options[letters.index(letter)])
    if any(is_taken_back(letter, text) for letter in found):
        return True
    if len(text) > _MAX_SENTENCE_CHARS or found.issuperset(_CAPITAL.findall(text)):
        return False
    own = " ".join(options[letters.index(letter)] for letter in found) if options else ""
    return any(letter not in found and letter not in own for letter in asserted_letters(text, letters))


def _without_labelled(text: str, option: str) -> str:
    """Drop an option wherever the mark behind a letter stands before it; a pattern for each would cost more."""
    if not option.strip() or option != option.strip():
        return re.sub(rf"([{_LABEL_MARKS}]\s*){re.escape(option)}", r"\1", text)
    start = 0
    place = text.find(option)
    while place >= 0:
        mark = text[start:place].rstrip()[-1:]
        if mark and mark in ").:：]*–—-":
            text, start = text[:place] + text[place + len(option) :], place
            place = text.find(option, place)
        else:
            place = text.find(option, place + 1)
    return text


def _with_whole_option(part: str, reading: Reading, options: tuple[str, ...]) -> Reading:
    """Read an option whole that has words in it which announce or deny: "The answer is not pure" where one is that."""
    text = part.strip().rstrip(".*")
    end = text.casefold()
    endings = [option for option in _speaking(options) if end.endswith(option.casefold().strip().rstrip(".*"))]
    if not endings:
        return reading
    option = max(endings, key=len).strip().rstrip(".*")
    head = text[: -len(option)]
    announcement = QUESTIONS.last(head)
    label = announcement.string[announcement.end() :] if announcement else head
    is_label = _LABELLED.fullmatch(label.strip("* ")) or not label.strip("* :")
    return Reading(f"{label.strip('* ')} {option}".strip(), "block") if is_label else reading


@lru_cache(maxsize=4096)
def _speaking(options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(option for option in options if _SPEAKING.search(option))


def _is_alone(response: Response, reading: Reading) -> bool:
    """Return whether nothing but a letter can stand where the answer was read, so that an I is one."""
    return reading.source in ("block", "box") or _BEHIND_COLON.search(response.part or "") is not None


@lru_cache(maxsize=8192)
def _read(reading: Reading, letters: str, options: tuple[str, ...], *, is_alone: bool) -> frozenset[str] | None:
    """Read an answer: a letter alone, else the text of an option, else a letter with more, else a sentence."""
    text = without_commands(unicodedata.normalize("NFKC", reading.text or ""))
    if text[:1] in _QUOTES:
        text = _QUOTED.sub(r"\1", text)
    if _ALONE.fullmatch(text):
        found = _leading_letters(text, letters, options, is_alone=is_alone)
        if found is not None:
            return found
    exact = exact_index(reading.text or "", options)
    if exact is not None:
        return frozenset(letters[exact])
    found = _leading_letters(text, letters, options, is_alone=is_alone)
    if found is not None:
        is_open = _is_left_open(found, text, letters, options)
        return _NONE if is_open else found
    index = _option_of_texts(refined(reading), letters, options)
    if index is not None:
        is_alone_said = not _says_another(text, index, letters, options)
        return frozenset(letters[index]) if is_alone_said else _NONE
    return _of_sentence(text, letters, options)


def _option_of_texts(texts: Sequence[str], letters: str, options: tuple[str, ...]) -> int | None:
    """Return the option that the first of some texts is, unless a letter stands before it."""
    for text in texts:
        label = _LABELLED.match(text)
        if not (label and label["letter"] in letters) and (index := option_index(text, options)) is not None:
            return index
    return None


def _says_another(text: str, index: int, letters: str, options: tuple[str, ...]) -> bool:
    """Return whether an answer that is one option names another by its letter, or by a sentence that is its text."""
    rest = text.replace(options[index], " ")
    named = {
        found[1] for found in _OTHER_LETTER.finditer(rest) if found[1] in letters and not is_taken_back(found[1], text)
    }
    sentences = {option_index(part, options) for part in _SENTENCES.split(text) if part.strip()}
    return bool(named - {letters[index]}) or bool(sentences - {None, index})


def _of_sentence(text: str, letters: str, options: tuple[str, ...]) -> frozenset[str] | None:
    """Return the only letter that the sentences of an answer choose, or that stands behind its text."""
    found = _TEXT_THEN_LETTER.fullmatch(text) if options else None
    if found and (index := option_index(found["text"], options)) is not None:
        return frozenset(found["letter"]) if letters[index] == found["letter"] else None
    if len(text) > _MAX_SENTENCE_CHARS:
        return None
    asserted = set(asserted_letters(text, letters))
    if len(asserted) != 1 or any(is_taken_back(letter, text) for letter in asserted):
        return None
    return None if _HEDGED.search(text) or _joins_another(text, letters) else frozenset(asserted)


def _joins_another(text: str, letters: str) -> bool:
    """Return whether a letter is joined to another: "I choose B and C"."""
    for found in _CONNECTED.finditer(text):
        before = re.search(r"(?<![\w'’])[(\[*]*([A-Z])[)\]*]*\Z", text[: found.start()])
        if before and before[1] in letters and found["letter"] in letters and before[1] != found["letter"]:
            return True
    return False


def _leading_letters(text: str, letters: str, options: tuple[str, ...], *, is_alone: bool) -> frozenset[str] | None:
    if _JOINED.fullmatch(text) and list(text) == sorted(set(text)) and text[-1] in letters:
        return frozenset(text)
    if _SPACED.fullmatch(text):
        names = text.split()
        return frozenset(names) if set(names) <= set(letters) else None
    found = _START.match(text)
    if found is None or found["letter"].upper() not in letters:
        return None
    letter, rest = found["letter"], text[found.end() :]
    if rest.strip() == "-":
        return None
    is_enclosed = ")" in found["close"] or "]" in found["close"] or "}" in found["close"]
    if letter in "ai" and not is_enclosed:
        return None
    if letter == "I" and not (is_enclosed or rest.strip() == "." or (is_alone and not rest.strip())):
        return frozenset("I") if rest[:1] in _MARKS and _is_own_text(rest, "I", letters, options) else None
    if letter.islower() and not (is_enclosed or not rest.strip(" .") or rest[0] in ".:"):
        return None
    has_boundary = is_enclosed or _FOLLOWED.match(rest) or _CONNECTED.match(rest)
    if not has_boundary and not _is_own_text(rest, letter.upper(), letters, options):
        return None
    return _with_others(letter.upper(), rest, letters, options)


def _is_own_text(text: str, letter: str, letters: str, options: tuple[str, ...]) -> bool:
    return any(index == letters.index(letter) for index in _named_options(text, options))


def _named_options(text: str, options: tuple[str, ...]) -> list[int]:
    """Return the options that the text behind a letter may be, where its dash may be a minus sign."""
    marked = text.strip().split("\n", 1)[0]
    line = marked.lstrip(" .:：)]*=\n")
    is_dash = _DASH_BEFORE.match(text.lstrip()) is not None
    texts = (
        _MARK_BEFORE.sub("", marked),
        line,
        _DASH_BEFORE.sub("-", line),
        *((line.strip(_SEPARATORS),) if is_dash else ()),
    )
    indices = (option_index(text.rstrip(" .*"), options) for text in dict.fromkeys(texts))
    return [index for index in dict.fromkeys(indices) if index is not None]


def _with_others(letter: str, rest: str, letters: str, options: tuple[str, ...]) -> frozenset[str] | None:
    """Add the letters that "and" or a comma joins to the first; none where "or" does, or the text is another's."""
    if not rest.strip(" ."):
        return frozenset(letter)
    names = {letter}
    named = _named_options(rest, options)
    if named:
        return frozenset(letter) if letters.index(letter) in named else None
    while found := _CONNECTED.match(rest):
        if found["letter"] not in letters or _OR.search(found["by"]):
            return None
        names.add(found["letter"])
        rest = rest[found.end() :]
    lone = _LONE_LETTER.fullmatch(rest) or _JOINED_LATER.search(rest)
    if lone and lone[1] in letters and lone[1] not in names:
        return None
    first_line = rest.split("\n", 1)[0]
    if _HEDGED.search(first_line) or _is_another_text(first_line, names, letters, options):
        return None
    return frozenset(names)


def _is_another_text(line: str, names: set[str], letters: str, options: tuple[str, ...]) -> bool:
    """Return whether the words behind a letter begin with another option, or are a formula that is no option."""
    if not options or _REASON.match(line):
        return False
    text = line.strip(" .:：)]*=\n")
    if is_formula(text) and all(map(is_formula, options)):
        return True
    heads = (
        text,
        *(text[: found.start()] for found in _HEAD_END.finditer(text)),
    )
    indices = {index for head in heads if (index := option_index(head.strip(_SEPARATORS), options)) is not None}
    return bool(indices) and not any(letters[index] in names for index in indices)


def _stated(text: str, letters: str) -> frozenset[str] | None:
    """Return the letter of the last statement such as "B is correct", or of a last line that is a letter alone."""
    text = unicodedata.normalize("NFKC", text[-_MAX_SEARCHED_CHARS:]).rstrip()
    asserted = asserted_letters(text, letters)
    if not asserted:
        return None
    last_line = text.rpartition("\n")[2]
    is_open = is_taken_back(asserted[-1], last_line) or _HEDGED.search(last_line) or _joins_another(last_line, letters)
    return None if is_open else frozenset(asserted[-1])

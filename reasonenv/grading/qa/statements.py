"""Sentences about the letters of options: "So B is correct", "I choose B", "故选B", and those that deny one.

A letter that is denied anywhere in a short answer, asked about, or put under a condition, is not chosen by it.

Covered: English and what a dozen languages say for choosing, being right and being wrong. Not covered: a choice that
follows only from what is said about the other options.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_MAX_REMEMBERED_CHARS = 100

LETTER_END = r"(?![A-Za-z0-9_'’+#À-ÿ]|[-.&][^\W_])"
"""What may not follow a letter that names an option."""

_OPEN = r"[(\[{<【「*_\"'$“‘\s]{0,6}"
_CLOSE = r"[)\]}>】」*_\"'$”’]{0,6}"
_LETTER = rf"(?<![\w'’]){_OPEN}([A-HJ-Z]){LETTER_END}{_CLOSE}"
_CJK_LETTER = rf"[(（\[【*\s]*([A-HJ-Z])(?![A-Za-z0-9_'+#]|[-.&][A-Za-z0-9]){_CLOSE}[）】]?"
_NOUN = r"(?i:option|choice|answer|letter|opción|opcion|alternativa|option|réponse|antwort|opção|opzione|вариант|ответ)"
_THE = rf"(?:(?i:the|la|le|die|el|a)\s+)?(?:{_NOUN}\s+)?"
_RIGHT = (
    r"(?i:correct|right|best|true|answer|one|choice|pick|richtig|korrekt|correcte?|correcta?|correta|resposta|risposta|réponse|antwort|respuesta|juste|bonne|corretta?"
    r"|giusta|certa|вер(?:ен|но|ный)|правил(?:ен|ьно|ьный))"
)
_CHOOSE = (
    r"(?:(?:\A|\n|[.,;:!]\s*"
    r"|\b(?i:i|we|i['’]d|i['’]ll|i['’]m|am|will|let['’]s|let us|therefore|thus|so|hence|finally)\s+)"
    r"(?i:(?:would|will)\s+)?"
    r"(?i:choose|chose|picks?|picked|select|selected|go(?:ing)? with|went with|opt(?:ed)? for|settle on)"
    r"|(?i:choisis|wähle|nehme|elijo|escojo|selecciono|escolho|seleciono|scelgo|kies|väljer|wybieram|выбираю|pilih"
    r"|seçiyorum))"
)
_ASSERTED = (
    re.compile(
        rf"{_LETTER}\s+(?i:is|was|would be|must be|ist|est|es|é|è)\s+(?!(?i:not|never|nicht|pas)\b)"
        rf"(?:(?i:the|my|la|le|die|a|indeed|clearly|definitely|therefore|thus)\s+){{0,2}}(?:[a-z]+\s+)?{_RIGHT}\b"
    ),
    re.compile(
        rf"(?<![\w'’]){_CHOOSE}:?\s+{_THE}{_LETTER}(?!\s+(?!because|since|as|for|over|and|rather|instead)[a-z])"
    ),
    re.compile(
        rf"\b(?i:one|option|choice|pick|answer|opción|opción correcta|alternativa|scelta|opção|opzione|вариант|ответ)"
        rf"(?:\s+(?i:correcta?|correcte|corretta|correta|certa|richtig))?\s*(?:\b(?i:is|would be|must be|es|est|ist)\b"
        rf"|[éè]\s|[—–:：])\s*{_THE}{_LETTER}(?!\s+[a-z])"
    ),
    re.compile(rf"(?:[选選]择?擇?|所以|因此|故|[选選]択?肢|選択肢)(?:[项項])?[是为為：:\s]*{_CJK_LETTER}"),
    re.compile(rf"(?<![A-Za-z0-9])是{_CJK_LETTER}[。.！!\s]*\Z"),
    re.compile(
        rf"{_CJK_LETTER}\s*(?:[选選][项項]|项)?\s*(?:是|为|が|は|이|가)?\s*(?:最)?"
        r"(?:正确|正確|对的|對的|对(?!吗)|對(?!嗎)|正しい|正解|です|である|입니다|이다|예요|이에요|맞)"
    ),
    re.compile(
        r"\b(?i:therefore|thus|so|hence|it['’]s|it is|that['’]s|i (?:think|believe)(?: that)?|i['’]d say"
        r"|i (?:would )?say|(?:it|that|this) (?:must|has to|would|will|should) be|the answer['’]s|definitely|clearly"
        r"|certainly|obviously|surely)"
        rf"[,:]?\s+(?:(?i:it is|it['’]s|that|option|the answer is|it must be)\s+)*{_LETTER}[.!\s]*\Z"
    ),
    re.compile(rf"\bbut\s+(?:(?i:rather|it is|it['’]s|option)\s+)?{_LETTER}[.!\s]*\Z"),
    re.compile(
        rf"(?:\A|\n|(?<=[a-z][.!])\s|(?<=[Nn]ot [A-J]\.)\s)[ \t]*{_OPEN}([A-HJ-Z]){LETTER_END}[)\]}}*_.:]*[ \t]*\Z"
    ),
)

_FILLER = (
    r"(?:\s+(?i:the|an?|option|answer|choice|letter|choose|choosing|chosen|pick|picking|select|go|going|with|that|it['’]?s?"
    r"|is|be|say|sure|for|to|my|statement|have|been|la|le|die|der|das|el|es|est|ist|é|вариант|ответ|opción|option)){0,5}"
)
_DENIED_BEHIND = (
    "not never neither nor cannot except excluding besides without hardly unlikely against deny disagree nicht pas"
    " nunca jamais non não nie не нет if whether unless suppose maybe perhaps possibly might could some everyone"
)
"""Words that take back, or leave open, a letter behind them."""
_DENIED_BEHIND_STEMS = "eliminat exclud reject discard doubt assum kein"
_DENIED_BEHIND_PHRASES = r"rather than|instead of|other than|else than|rul(?:e|es|ed|ing) out|no es"
_DENIED_BEFORE = (
    "not never wrong incorrect false untrue out ruled excluded eliminated impossible worst least invalid tempting"
    " unlikely less partially partly almost nearly half second no hardly far anything barely sometimes rarely nicht pas"
    " falsch faux fausse"
)
"""Words that take back the letter that is said to be so."""
_DENIED_BEFORE_STEMS = "incorrect fals errad sbagliat не"
_VERBS = (
    r"(?i:is|was|s|are|seem(?:s|ed)?|looks?|can|could|should|would|might|may|must|does|do|did|has|will|ist|est|es|é|è)"
)


def _any(words: str, stems: str = "") -> str:
    return "|".join((*words.split(), *(rf"{stem}\w*" for stem in stems.split())))


_DENIED = (
    re.compile(
        rf"(?:\b(?i:{_any(_DENIED_BEHIND, _DENIED_BEHIND_STEMS)}|{_DENIED_BEHIND_PHRASES})|n['’]t)"
        rf"{_FILLER}\s*[,:]?\s*{_LETTER}"
    ),
    re.compile(rf"\b(?i:all|anything|any|everything|nothing)\s+(?i:but|else than){_FILLER}\s*{_LETTER}"),
    re.compile(
        rf"\b(?i:wrong|incorrect|false|worst|untrue|bad|opposite|least)\b[^.;\n]{{0,30}}?(?:\b(?i:is|was|of|that)\b|[:：])"
        rf"\s*{_THE}{_LETTER}"
    ),
    re.compile(
        rf"{_LETTER},?(?:\s+(?i:option|choice|which|that|who)){{0,2}}(?:\s+|['’]){_VERBS}\s*"
        r"(?:(?i:[a-z]+ly|the|a|an|my|as|also|be|been|to be)\s+){0,3}"
        rf"(?:(?i:{_any(_DENIED_BEFORE, _DENIED_BEFORE_STEMS)}|my first)\b|n['’]t\b)"
    ),
    re.compile(
        rf"{_LETTER}(?![^.;,:\n]{{0,25}}\b(?:because|since|as|not)\b)\s[^.;,:\nA-J(]{{0,30}}"
        r"\b(?i:wrong|incorrect|false|untrue|not)\b"
    ),
    re.compile(rf"{_LETTER}(?:[^.;,\nA-J(]{{0,30}})?\s*[?？]"),
    re.compile(rf"{_LETTER}\s+would\b[^.;\n]{{0,60}}\b(?i:if|unless|were)\b"),
    re.compile(rf"{_LETTER}\s*[,(]\s*(?i:maybe|perhaps|possibly|i guess|not sure|but\s+[A-J]\b|or\s+[A-J]\b)"),
    re.compile(rf"{_LETTER}\s+is\s+(?:[a-z]+\s+)?{_RIGHT}\s+(?i:only|if|unless|when|in part|partly|provided|except)\b"),
    re.compile(
        rf"(?:没有?|沒有?|未|別|不正确的?(?:答案|[选選]?[项項])?是?|可能|也许|或许|大概|不(?:是|[选選]|[应應]|能|要|会|该|可|为)?(?:该|[选選]|是)?择?|非|排除|勿[选選]|别[选選]|[错錯](?:误|誤)?(?:的)?(?:答案|[选選][项項])?(?:是|为|[：:])?)\s*(?:[选選][项項]|[选選]|是)?\s*{_CJK_LETTER}"
    ),
    re.compile(
        rf"{_CJK_LETTER}\s*(?:[选選]?[项項])?\s*(?:是|为|明显|显然|并|也|は|が|では|じゃ|이|가|는|은)?\s*"
        r"(?:不|错|錯|误|誤|假|非|否|没|ない|ありません|違|間違|아니|아닙|틀)"
    ),
    re.compile(rf"{_CJK_LETTER}\s*(?:ではな|ではあり|じゃな|가 아니|이 아니|는 아니|은 아니)"),
)
_TAKEN_BACK = re.compile(
    r"\b(?i:no|wait|actually|sorry|oops|correction|scratch that|make that|i mean|rather|on second thought)\b"
    r"(?![^\S\n]*\n)[\s,.:;!—–-]*"
    rf"(?:(?i:no|it['’]s|it is|that['’]s|the answer is|i choose|i mean|rather|make it|it should be)[\s,]+)*{_LETTER}"
    rf"|(?:不对|不對|错了|等等|应该是|而是)[\s,，。.]*(?:是|选|应该是|应为)?{_CJK_LETTER}"
)


_DENYING = re.compile(
    r"[?？可也或大不非排勿别錯错误誤假没沒未別違間틀]|ない|ありません|아니|아닙|等等|应该是|而是|n['’]t\b"
    rf"|\b(?:{_any(_DENIED_BEHIND, _DENIED_BEHIND_STEMS)}|{_any(_DENIED_BEFORE, _DENIED_BEFORE_STEMS)}"
    rf"|{_DENIED_BEHIND_PHRASES}|would|guess|sure|only|when|in part|provided|but|else|bad|opposite|wait|actually"
    rf"|sorry|oops|correction"
    r"|scratch|make|mean|rather|first)\b",
    re.I,
)
"""One of these is in every text that takes a letter back."""


def asserted_letters(text: str, letters: str) -> list[str]:
    """Return the letters that sentences of a text choose or call right, in order; denied ones are left out.

    >>> asserted_letters("A is wrong, so B is correct.", "ABCD"), asserted_letters("(C) is not the answer", "ABCD")
    (['B'], [])
    """
    found = _asserted_positions(text)
    if not found:
        return []
    denied = _denied_positions(text)
    return [found[end] for end in sorted(found) if end not in denied and found[end] in letters]


def is_taken_back(letter: str, text: str) -> bool:
    """Return whether a text that names a letter denies it, asks about it, or goes over to another."""
    if not _DENYING.search(text):
        return False
    if letter in _denied_positions(text).values():
        return True
    return any(name not in (None, letter) for found in _TAKEN_BACK.finditer(text) for name in found.groups())


def _asserted_positions(text: str) -> Mapping[int, str]:
    return _short_asserted_positions(text) if len(text) <= _MAX_REMEMBERED_CHARS else _all_asserted_positions(text)


def _all_asserted_positions(text: str) -> Mapping[int, str]:
    return {found.end(1): found[1] for pattern in _ASSERTED for found in pattern.finditer(text)}


def _denied_positions(text: str) -> Mapping[int, str]:
    return _short_denied_positions(text) if len(text) <= _MAX_REMEMBERED_CHARS else _all_denied_positions(text)


def _all_denied_positions(text: str) -> Mapping[int, str]:
    return {found.end(1): found[1] for pattern in _DENIED for found in pattern.finditer(text)}


_short_denied_positions = lru_cache(maxsize=8192)(_all_denied_positions)
_short_asserted_positions = lru_cache(maxsize=8192)(_all_asserted_positions)

r"""What one sentence claims: "Paris is the capital of France" answers Paris, "The capital is Paris" does too.

A sentence has one answer. Where it describes its subject ("is the capital of", "wrote it"), that is the subject; else
it is what stands behind the verb. Every narrowing is a part of the one before.

Covered: English, and the verb "to be" of seven languages, Chinese, Japanese and Korean; what is set apart as wrong
("Paris, not Lyon"), explained behind a comma or dash, or worked out before "=". Not covered: several sentences.
"""

from __future__ import annotations

import re

_HEDGE = re.compile(
    r"\b(?:or|nor|not|no|never|neither|either|maybe|perhaps|possibly|probably|might|could|cannot|oder|nicht|ni|nunca|pas"
    r"|nie|не|или|possible|plausible|likely|wrong|incorrect|guess\w*|quizás?|tal vez|peut-être|vielleicht|forse"
    r"|talvez|возможно|наверное|может|може|možná|ehkä|kanske|belki|poate|ίσως|inte|ei|není|nebo|tai|veya|değil|không|hoặc"
    r"|eller|sau|lub|albo|ή|δεν|όχι|לא|או|אולי|أو|ليس\w?|ربما)\b|n't\b|[不没沒非]|或|也许|可能|아니|아마|또는|ない|ありません"
    r"|\bfalse that\b|\b(?:some|many|most|people|others)\s+(?:would\s+)?(?:think|say|said|believe|claim|guess)\b"
    r"|かもしれ|नहीं|शायद|ไม่|หรือ|อาจ|[?？]",
    re.I,
)
_REASON = re.compile(
    r"\s*(?:[,;(—–]\s*)?\b(?:because|since|as it|which|given that|due to|thanks to|weil|porque|parce que)\b|[,，]?因为"
)
_CONTRAST_BEHIND = re.compile(
    r"(?:,\s+(?:(?:and|but)\s+)?not|\s+(?:and|but)\s+not|,?\s+(?:rather than|instead of|as opposed to))\s+"
    r"(?!(?:really|sure|exactly|quite|certain|necessarily|at|correct|right|true|the answer|it|that|anymore|yet|now|so"
    r"|i|my)\b)[^,.;:]{1,60}[.!\s]*\Z",
    re.I,
)
_CONTRAST_BEFORE = re.compile(
    r"\A(?:(?:it|that|this)(?:['’]s|\s+(?:is|was))\s+)?not\s+[^,.;:]{1,60}?,?\s+but\s+(?:rather\s+)?"
    r"|\A不是[^，,。]{1,20}[，,]?\s*(?:而)?是",
    re.I,
)
_LEAD = re.compile(
    r"\A(?:(?:so|therefore|thus|hence|in short|in conclusion|overall|well|clearly|finally)\b[,:]?\s+"
    r"|(?:i|we)(?:['’]d|\s+would)?\s+(?:think|believe|say|choose|pick|select|conclude|go with|am sure|am confident)"
    r"(?:\s+that)?:?\s+(?:(?:option|choice)\s+)?|there\s+(?:is|are|was|were)\s+(?=no\b|\d))",
    re.I,
)
_NO_SUBJECT = (
    r"(?!(?:it|this|that|he|she|they|there|here|what|who|which|my|our|its|his|her|their|your|we|i|you|nobody|none|some"
    r"|most|many|people|only|both|everyone|someone|one)\b)(?![^.]*\b(?:answer|option|choice|result|solution|response|pick"
    r"|conclusion)\b)"
)
_DESCRIBED = re.compile(
    rf"\A(?i:{_NO_SUBJECT})(?P<name>(?!(?:[Tt]he|[Aa]n?)\s+[a-z])[^,;:.!?]{{1,80}}?)(?:,[^,]{{1,60}},)?\s+(?:is|was|are|were)\s+"
    r"(?:(?:now|also|indeed|both|still|actually)\s+)?(?:the|an?|one of|its|his|their)\s+[a-z][^.!?]*[.!\s]*\Z"
    r"|\A(?P<right>[^,;:.!?]{1,200}?)\s+(?:is|are)\s+(?:the|my)?\s*"
    r"(?:(?:correct|right|true|best|final)(?:\s+(?:answer|one|option|choice))?|answer)[.!\s]*\Z"
)
_TURN = re.compile(
    r"\b(?:but|however|although|though|until|instead|unlike|than|(?:an?|one)\s+(?:[a-z]+\s+){0,2}(?:possibility|candidate"
    r"|contender|suggestion|mistake|error|distractor|trap|myth|misconception))\b",
    re.I,
)
_DID = re.compile(
    rf"\A(?i:{_NO_SUBJECT})(?P<name>[^,;:.!?]{{1,60}}?)\s+(?:wrote|painted|composed|discovered|invented|directed|founded|created"
    r"|designed|built|sang|developed|published|proposed|won|sculpted|produced|authored|formulated)\b[^.!?]*[.!\s]*\Z"
)
_DESCRIBED_ELSEWHERE = re.compile(
    r"\A(?!(?i:el|la|los|las|le|les|l['’]|die|der|das|il|lo|gli|i|o|a|os|as|het|de|un|une|una|ein|eine|uma|c['’]|ce|es"
    r"|esto?|questo|isto|dit|dat|su|sa|son|mi|mon|ma|mein|ihre?|sein)\b)"
    r"(?P<name>[^,;:.!?]{1,60}?)\s+(?:es|est|ist|é|è|is)\s+(?:(?:el|la|le|die|der|das|il|lo|o|a|het|de|un|une|una|ein"
    r"|eine|uma|um)\s|l['’])\s?\w[^.!?]*[.!\s]*\Z"
    r"|\A(?P<cjk>[^的是，。,\s]{1,20})是[^，。]{1,30}的[^，。]{1,20}[。.\s]*\Z"
    r"|\A(?P<topic>[^はの、。\s]{1,20})は[^、。]{1,30}の[^、。]{1,20}です[。.\s]*\Z"
)
_CLEFT = re.compile(
    r"\A(?i:it|that|this)\s+(?:is|was)\s+((?:(?:the|an?)\s|[A-Z\d]).{0,80}?)\s+(?:who|that|which)\s+.+\Z", re.S
)
_COPULA = re.compile(
    r"^.{1,200}?\b(?:is|are|was|were)\s+(?:\w+ly\s+)?\w+(?:ed|en|wn|lt|nt|de|ne|ng|ught|orn)\s+"
    r"(?:in\s+(?:the\s+year\s+)?[12]\d{3}\s+)?(?:by|in|on|at)\s+(?=\S)"
    r"|^(?:it|that|this|he|she)['’]s\s+(?=\S)"
    r"|^(?:it|he|she|they|this|that)\s+(?:(?!is\b|are\b|was\b|were\b)[a-z]+\s+){1,4}?(?:in|on|at)\s+"
    r"(?=(?:the\s+year\s+)?\d|[A-Z][a-z]{2,8}\.?\s\d)"
    r"|^.{1,200}?\b(?:is|are|was|were|equals|es|est|sont|ist|sind|è|é|=|called|named|known as)\s+(?=\S)"
    r"|^(?!.*\b(?:the|of|and|a|his|her|world|civil|cold)\b).{1,200}?\b(?:son|(?-i:war))\s+(?=\S)"
    r"|^.{1,200}?(?:\s[éè]\s+|(?<=[\u3400-\u9fff])[是为為]|は(?=[^\s、])|(?<=[\uac00-\ud7a3])[은는]\s+(?=\S))"
    r"|^[^—–,.]{1,100}\s[—–]\s+(?!(?:the|an?|one)\b)(?=\S)|^是(?=[\u3400-\u9fff])",
    re.I | re.S,
)
_NAMING = re.compile(r"^(?:called|named|known as|titled|about|approximately)\s+", re.I)
_APPOSITION = re.compile(
    r"\A(?P<name>[^,;:]{1,80}?)(?:,\s+(?:the|an?|who|also|formerly|located|known|one of)\s"
    r"|\s+[-–—]\s+(?:the|an?|one of)\s)[^;?]+\Z"
)
_KIND_OF_PLACE = re.compile(r"\A(?:[Tt]he\s+)?(?:city|town|village|country|state|island|planet)\s+of\s+(?=\S)")
_WORKED_OUT = re.compile(r"\A[\d\s.,+\-−*/×÷()$%]*\d[\d\s.,()$%]*=\s*(?=[^=\s])")


_SPEAKING = re.compile(
    r"[,=—–:;?]|\s-\s|['’]s\b|[\u3400-\u9fff\uac00-\ud7a3]|\b(?:is|are|was|were|not|rather|instead|because|since|as|which|given|due"
    r"|thanks|weil|porque|parce|so|therefore|thus|hence|in|overall|well|clearly|finally|i|we|there|it|he|she|they|this|that"
    r"|equals|es|son|est|sont|ist|sind|war|è|é|called|named|known|about|approximately|titled|of|wrote|painted|composed"
    r"|discovered|invented|directed|founded|created|designed|built|sang|developed|published|proposed|won|sculpted|produced"
    r"|authored|formulated)\b",
    re.I,
)
"""One of these is in every text that can be narrowed."""


_WORD = re.compile(r"\w+")
_VERB_WORDS = (
    "is are was were it that this he she they equals es est sont ist sind son war called named known wrote painted"
    " composed discovered invented directed founded created designed built sang developed published proposed won"
    " sculpted produced authored formulated"
)
_HEDGING_WORDS = (
    "or nor not no never neither either maybe perhaps possibly probably might could cannot oder nicht ni nunca pas nie"
    " ne possible plausible likely wrong incorrect tal vielleicht forse talvez kanske belki poate inte ei nebo tai veya"
    " eller sau lub albo false some many most people others"
)
_LEADING_WORDS = (
    "so therefore thus hence in overall well clearly finally i we there about approximately titled city town village"
    " country state island planet"
)
_VERBS = frozenset(_VERB_WORDS.split())
_CONTRASTING = frozenset(("not", "rather", "instead", "opposed"))
_REASONING = frozenset(("because", "since", "as", "which", "given", "due", "thanks", "weil", "porque", "parce"))
_HEDGING = frozenset(_HEDGING_WORDS.split())
"""In ASCII, one word of each is in whatever the patterns of the same kind find."""
_LEADING = frozenset(_LEADING_WORDS.split())
_APPOSED = frozenset(("the", "a", "an", "who", "also", "formerly", "located", "known", "one"))
_TELLING = _VERBS | _CONTRASTING | _REASONING | _HEDGING | _LEADING | _APPOSED
_TELLING_MARK = re.compile(r"[=?]|n't|guess", re.I)


def is_hedged(text: str) -> bool:
    """Return whether there is a word in a text that leaves open or denies what it says."""
    return _HEDGE.search(text) is not None


def narrowed(text: str) -> list[str]:
    """Return what is left of a sentence, each time with less around its answer; nothing where it hedges.

    >>> narrowed("Paris is the capital of France.")[-1], narrowed("The capital of France is Paris.")[-1]
    ('Paris', 'Paris.')
    >>> narrowed("It is either Lyon or Paris."), narrowed("Paris, not Lyon")[-1]
    ([], 'Paris')
    """
    if not _SPEAKING.search(text):
        return []
    words = _words_of(text)
    if words is not None and words.isdisjoint(_TELLING) and not _TELLING_MARK.search(text):
        return []
    texts = list[str]()
    if lead := _LEAD.match(text):
        text = text[lead.end() :]
        texts.append(text)
    if words is None or not words.isdisjoint(_CONTRASTING):
        for pattern in (_CONTRAST_BEHIND, _CONTRAST_BEFORE):
            if pattern.search(text):
                text = pattern.sub("", text)
                texts.append(text)
    if (words is None or not words.isdisjoint(_REASONING)) and (reason := _REASON.search(text)):
        text = text[: reason.start()]
        texts.append(text)
    if (words is None or _may_hedge(text, words)) and _HEDGE.search(text):
        return texts
    return [*texts, *_claimed(text, words)]


def _words_of(text: str) -> frozenset[str] | None:
    """Return the words of a text in ASCII, by which most patterns need not be tried; None for any other."""
    return frozenset(_WORD.findall(text.lower())) if text.isascii() else None


def _may_hedge(text: str, words: frozenset[str]) -> bool:
    return not words.isdisjoint(_HEDGING) or "?" in text or "guess" in text.lower() or "n't" in text.lower()


def _claimed(text: str, words: frozenset[str] | None) -> list[str]:
    has_verb = words is None or not words.isdisjoint(_VERBS)
    described = (_DESCRIBED.match(text) or _DID.match(text) or _DESCRIBED_ELSEWHERE.match(text)) if has_verb else None
    if described and not _TURN.search(text):
        return [next(filter(None, described.groups()))]
    texts = list[str]()
    if cleft := _CLEFT.match(text):
        return [cleft[1]]
    while (has_verb or "=" in text) and (found := _COPULA.match(text)):
        text = text[found.end() :]
    texts.append(_NAMING.sub("", text))
    for pattern in (_WORKED_OUT, _KIND_OF_PLACE):
        texts.append(pattern.sub("", texts[-1]))
    if apposition := _APPOSITION.match(texts[-1]):
        texts.append(apposition["name"])
    return texts

"""Which words behind a number say what is counted or measured, and which change the number or take it back.

A unit is a known unit or a noun of counting. An operator, a numeral, an ordinal, a comparison or a hedge is never one,
wherever it stands in the phrase. Words of scale are read as the numbers that they are.
"""

from __future__ import annotations

import re
from functools import lru_cache

from reasonenv.grading.units import is_known, read_chinese

__all__ = ["is_unit", "split_scale"]

_SCALES = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12,
    "lakh": 10**5, "crore": 10**7,
    "百": 100, "千": 10**3, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "백": 100, "천": 10**3, "만": 10**4,
    "억": 10**8,
}  # fmt: skip
_CHINESE_SCALE = re.compile(r"[百千万萬亿億백천만억]")
_REFUSED_WORDS = """
plus minus add added adding subtract subtracted less more fewer greater smaller bigger larger higher lower times
multiplied multiply divided divide over by mod modulo modulus factorial factorials power powers exponent exponents raised
inverse inverses reciprocal reciprocals log logs ln sin cos tan sqrt sum difference product quotient ratio prime bar
choose base bases binary octal hex hexadecimal decimal decimals digit digits repeating recurring conjugate complement
negated opposite opposites negative negatives squared cubed root square cube hat star
zero zeros zeroes one ones two twos three threes four fours five fives six sixes seven sevens eight eights nine nines ten
tens eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy
eighty ninety hundred hundreds thousand thousands dozen dozens score gross half halves thirds quarter quarters fourths
fifths pi infinity infinitely googol point percent percents percentage percentages pct permille mille
double doubled doubles triple tripled triples twice thrice couple halved
st nd rd th nth first third fourth fifth sixth seventh eighth ninth tenth
not no never none neither nor nothing false true wrong incorrect correct invalid maybe possibly perhaps probably
approx approximately about around roughly nearly almost ish guess guesses or but if else when unless otherwise so until
than below above under beneath beyond short ahead up down exceeding exceeds least most maximum minimum max min between
versus vs upto circa error errors
is isn are aren was were be equals equal means makes gives has have does do did will would can could may might should
its thus hence perhaps yes always sometimes besides others otherwise instead without except excluding excluded
respectively whereas alas plusminus lies lacks differs becomes remains
menos moins meno fois veces vezes volte mal weniger mehr mas mille mil millones millions milhoes miljoen millionen
milliarden miliardi tausend hundert cien cientos centenas decenas docenas douzaine douzaines dutzend demi demis medio
medios mitad tercio tercios cuarto cuartos tiers quarts terços quartos décimos centésimos milésimos dixièmes centièmes
millièmes milliers milliards veinte diez quintos sextos octavos novenos quintas milhões milhares off too many much ago past rejected et ou oder und y o pas nicht
"""
_REFUSED = frozenset(_REFUSED_WORDS.split())
_REFUSED_FORM = re.compile(r"illions?$|illionths?$|(?<!mon)(?<!pa)(?<!mo)(?<!my)(?<!clo)(?<!dea)(?<!bir)(?<!ba)ths$|ish$|i[eè]mes?$|avos$|hões$")
_LEADING_WORDS = "of in to for by at on from with as and into out per each left a an the"
_NEVER_FIRST = frozenset(_LEADING_WORDS.split())
_NEVER_LAST = _NEVER_FIRST - {"each", "left"}
_SINGULAR_NOUNS = """
way student person boy girl child man woman book apple orange ball marble coin card page ticket solution element integer
number term term unit item piece cookie candy sticker egg cat dog bird fish tree flower car bus box bag bottle cup pencil
pen team game player friend slice pizza cake chair table room house seat row column step move arrangement combination
permutation subset pair triple set triangle circle side edge face vertex angle diagonal point line
"""
_IRREGULAR_PLURALS = "people children men women mice geese teeth feet sheep fish deer dice vertices indices matrices data"
_NOUNS = frozenset(f"{_SINGULAR_NOUNS} {_IRREGULAR_PLURALS}".split()) - _REFUSED
_PLURAL = re.compile(r"[^\W\d_]{2,}(?<![su])s")
_WORD = re.compile(r"[^\W\d_]+")
_MAX_WORDS = 9
_MAX_MODIFIERS = 3

_COUNTERS = (
    "个個人名位只隻本冊册台匹条條张張件枚座颗顆棵朵头頭辆輛双雙对對组組种種次回户間间节節课課页頁首支枝把块塊片层層班箱盒袋"
    "瓶杯桶筐篮堆排行列步岁歳才歲点點分つ通명개살권장번가"
)
_CHINESE_REFUSED = re.compile(
    r"次方|分之|进制|進制|進法|平方|立方|阶乘|以[上下内外]|左右|未満|[十百千万萬亿億兆零倍半多余加减減乘除负負不没沒非错或和与約约根割]"
    r"|제곱|아니|[배만억천백십]"
)


def split_scale(phrase: str) -> tuple[int, str]:
    """Return the number that the words of scale before a unit stand for, and what is left of the phrase.

    >>> split_scale("million dollars"), split_scale("cm"), split_scale("hundred thousand")
    ((1000000, 'dollars'), (1, 'cm'), (100000, ''))
    """
    scale, words = 1, phrase.split()
    while words and (words[0].lower() in _SCALES):
        scale *= _SCALES[words.pop(0).lower()]
    if not phrase.isascii() and words:
        while (found := _CHINESE_SCALE.match(words[0])) and not is_known(words[0]):
            scale, words[0] = scale * _SCALES[found[0]], words[0][1:]
    return scale, " ".join(words).strip()


@lru_cache(maxsize=2048)
def is_unit(phrase: str) -> bool:
    """Return whether the words behind a number say what it counts or measures.

    >>> [is_unit(words) for words in ("apples", "km per hour", "red balls", "minus one", "squared", "in base four")]
    [True, True, True, False, False, False]
    """
    if is_known(phrase):
        return True
    words = phrase.replace("/", " per ").replace("-", " ").split()
    if not phrase.isascii() and words and not words[0][0].isascii() and _is_chinese(words[0]):
        return len(words) == 1 and _is_chinese_unit(words[0])
    lowered = [word.lower().rstrip(".") for word in words]
    if not words or len(words) > _MAX_WORDS or lowered[0] in _NEVER_FIRST or lowered[-1] in _NEVER_LAST:
        return False
    if not all(_WORD.fullmatch(word) for word in lowered) or not _REFUSED.isdisjoint(lowered):
        return False
    if any(_REFUSED_FORM.search(word) or (len(word) == 1 and not is_known(word)) for word in lowered):
        return False
    return any(_is_noun(word) or is_known(word) for word in lowered[: _MAX_MODIFIERS + 1])


def _is_noun(word: str) -> bool:
    return word in _NOUNS or (len(word) > 3 and _PLURAL.fullmatch(word) is not None)


def _is_chinese(word: str) -> bool:
    return "\u3040" <= word[0] <= "\u9fff" or "\uac00" <= word[0] <= "\ud7af"


def _is_chinese_unit(word: str) -> bool:
    if read_chinese(word) is not None:
        return True
    return word[0] in _COUNTERS and _CHINESE_REFUSED.search(word) is None

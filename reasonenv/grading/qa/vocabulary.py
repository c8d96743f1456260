"""Words that answers are written in: currencies, units, months, number words.

Lives here: tables. Does not: how they are read (`qa_numbers`, `qa_numerals`, `qa_dates`, `qa_text`).

The one decision: a name is in a table only where it has one meaning as the unit of a number; "m" is a metre.
"""

from __future__ import annotations

__all__ = [
    "ARTICLES",
    "CARDINALS",
    "CJK_COUNTERS",
    "CURRENCIES",
    "FOREIGN_ARTICLES",
    "LEADS",
    "MEASURES",
    "MONTHS",
    "ORDINALS",
    "ROMANS",
    "UNIT_NAMES",
]

_CURRENCY_TABLE = """
dollar: $ us$ usd 美元
aud: a$
cad: c$
hkd: hk$
nzd: nz$
euro: € eur euro euros 欧元
gbp: £ gbp
yen: ¥ jpy 円 日元
yuan: cny rmb 元 人民币
rupee: ₹ rs inr
won: ₩
ruble: ₽
chf: chf
"""
_UNIT_TABLE = """
centigrade: °c, c, degrees celsius, degree celsius, degrees centigrade, degrees c, 摄氏度
fahrenheit: °f, f, degrees fahrenheit, degree fahrenheit, degrees f
kelvin: k, kelvins
degree: °, 度
ton: t, tonne, tonnes, metric ton, metric tons
km per hour: kph, kmh, kmph, km/h
mile per hour: mph
m: 米, メートル, 미터
km: 公里, 千米, キロメートル, キロ, 킬로미터
cm: 厘米, センチメートル
mm: 毫米
kg: 公斤, 千克, キログラム, 킬로그램
g: 克, グラム
l: 升
hour: hrs, 小时, 時間, 시간
minute: mins, 分钟, 分, 분
second: secs, 秒, 초
day: 天, 日
year: yrs, yo, 年
gigabyte: gb
megabyte: mb
kilobyte: kb
terabyte: tb
watt: w
kilowatt: kw
hertz: hz
joule: j
newton: n
volt: v
foot: '
inch: "
"""
_MEASURE_WORDS = """
length time mass volume money angle month centigrade fahrenheit kelvin euro gbp yen yuan rupee won ruble aud cad hkd nzd
chf gigabyte megabyte kilobyte terabyte watt kilowatt hertz joule newton volt speed acre hectare gallon pint quart
pascal calorie kilocalorie ampere ohm decibel byte bit knot
"""
_MONTH_WORDS = """
january february march april may june july august september october november december
jan feb mar apr may jun jul aug sep oct nov dec
januar februar marz april mai juni juli august september oktober november dezember
janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro
januari februari maart april mei juni juli augustus september oktober november december
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
"""
_CARDINAL_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty
"""
_ORDINAL_WORDS = """
zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
sixteenth seventeenth eighteenth nineteenth twentieth
"""
_ROMAN_WORDS = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx"
_LEAD_WORDS = "in on at by from during since to with as into of around within"
_FOREIGN_ARTICLE_WORDS = "le la les l el los las lo il gli i der die das den dem des o os as het de"


def _meanings(table: str, separator: str | None) -> dict[str, str]:
    """Return what each name of a table means."""
    rows = (row.partition(": ") for row in table.strip().split("\n"))
    return {name.strip(): meaning for meaning, _, names in rows for name in names.split(separator)}


CURRENCIES = _meanings(_CURRENCY_TABLE, None) | {
    "pounds sterling": "gbp",
    "us dollars": "dollar",
    "us dollar": "dollar",
}
"""Sign, code or name of a currency → the name that stands for it."""

UNIT_NAMES = _meanings(_UNIT_TABLE, ",")
"""Name of a unit → the name by which `reasonenv.grading.units` knows it, or tells it from others."""

CJK_COUNTERS = frozenset("个個人名岁歳才本冊册台匹只隻つ次回枚件座颗張张명개살")
"""Words behind a number that measure nothing."""

MEASURES = frozenset(_MEASURE_WORDS.split())
"""Dimensions of units, as against names of what is counted."""

MONTHS = {name: number % 12 + 1 for number, name in enumerate(_MONTH_WORDS.split())} | {"sept": 9}
"""Folded name of a month → its number."""

CARDINALS = tuple(_CARDINAL_WORDS.split())
"""Zero to twenty."""

ORDINALS = tuple(_ORDINAL_WORDS.split())
"""Zeroth to twentieth."""

ROMANS = {
    roman: str(value) for value, roman in enumerate(_ROMAN_WORDS.split(), start=1) if len(roman) > 1 or roman == "i"
}
"""Roman numerals to twenty without V and X, which are letters too often."""

ARTICLES = frozenset(("the", "a", "an"))
LEADS = frozenset(_LEAD_WORDS.split())
"""Prepositions that an answer may start with: in 1969."""

FOREIGN_ARTICLES = frozenset(_FOREIGN_ARTICLE_WORDS.split())

"""Gold answers that are names, titles, symbols and dates, with right and almost right ones."""

from __future__ import annotations

import calendar
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from random import Random

from reasonenv.evaluation.reward_benchmark.cases.variants import Family, Variants
from reasonenv.types import QAReference

_FIRST = ("Clara", "Edwin", "Felix", "Hannah", "Isabel", "Martin", "Oscar", "Rachel", "Simon", "Thomas")
_LAST = ("Ashworth", "Barlow", "Carver", "Delaney", "Forsyth", "Harper", "Kendall", "Merton", "Porter", "Winslow")
_ACCENTED = (
    ("José Martínez", "Jose Martinez"), ("Zoë Brûlé", "Zoe Brule"), ("São Tomé", "Sao Tome"), ("Čapek", "Capek"),
    ("Émile Bélanger", "Emile Belanger"), ("Małgorzata Łoś", "Malgorzata Los"), ("Søren Nørgaard", "Soren Norgaard"),
    ("Íñigo Peña", "Inigo Pena"), ("Dvořák", "Dvorak"), ("Şebnem Güneş", "Sebnem Gunes"),
)  # fmt: skip
_TITLES = (
    "The Winter's Tale of Glass", "A Farewell to Rivers", "The Silent Orchard", "An Evening in Lisbon",
    "The Weaver's Song", "A Map of Clouds", "The Long Harvest", "The Clockmaker's Daughter",
)  # fmt: skip
_SYMBOLS = (
    ("C++", "C"), ("C#", "C"), ("F#", "F"), ("A+", "A"), ("O+", "O"), ("AB-", "AB"), ("Na+", "Na"),
    ("Notepad++", "Notepad"), ("D#", "D"), ("B-", "B+"),
)  # fmt: skip
_ACRONYMS = ("USA", "NASA", "CIA", "UNESCO", "FBI", "DNA", "WHO", "NATO", "HTML")
_ORDERS = (("II", "2", "two"), ("III", "3", "three"), ("IV", "4", "four"), ("VI", "6", "six"), ("VIII", "8", "eight"))
_CHINESE = (
    ("北京", "南京"),
    ("鲁迅", "老舍"),
    ("长江", "黄河"),
    ("红楼梦", "西游记"),
    ("成都", "重庆"),
    ("李白", "杜甫"),
)
_JAPANESE = (("東京", "京都"), ("紫式部", "清少納言"), ("富士山", "高尾山"), ("ガラス", "カラス"), ("大阪", "大坂城"))
_OTHER = (
    ("Москва", "москва", "Минск"), ("Афины", "АФИНЫ", "Спарта"), ("서울", "서울.", "부산"),
    ("दिल्ली", "« दिल्ली »", "दल्ला"),
    ("القاهرة", "القاهرة.", "بغداد"), ("กรุงเทพ", "“กรุงเทพ”", "เชียงใหม่"), ("Αθήνα", "αθηνα", "Σπάρτη"),
)  # fmt: skip


def _person(rng: Random) -> Variants[QAReference]:
    first, last, other = rng.choice(_FIRST), rng.choice(_LAST), rng.choice(_LAST)
    middle = rng.choice("BCDFGH")
    name = f"{first} {middle}. {last}"
    wrong = other if other != last else "Underwood"
    return Variants(
        _short(name),
        equal=(
            ("same", name),
            ("lower case", name.lower()),
            ("without the point", f"{first} {middle} {last}"),
            ("full stop", f"{name}."),
            ("bold", f"**{name}**"),
            ("quotes", f"“{name}”"),
            ("wide spaces", f"{first}\u00a0{middle}.  {last}"),
        ),
        different=(
            ("another last name", f"{first} {middle}. {wrong}"),
            ("another initial", f"{first} {'K' if middle != 'K' else 'L'}. {last}"),
            ("two names", f"{name} or {first} {wrong}"),
            ("several names", f"{first} {wrong}, {name}, {last} {first}"),
            ("negated", f"not {name}"),
            ("last name first part", last[:3]),
        ),
    )


def _accented_name(rng: Random) -> Variants[QAReference]:
    name, plain = rng.choice(_ACCENTED)
    return Variants(
        _short(name),
        equal=(
            ("same", name),
            ("without accents", plain),
            ("upper case", name.upper()),
            ("decomposed", unicodedata.normalize("NFD", name)),
        ),
        different=(("letter lost", plain[1:]), ("letter added", f"{plain}s"), ("first letters", plain[:2])),
    )


def _title(rng: Random) -> Variants[QAReference]:
    name, other = rng.sample(_TITLES, 2)
    return Variants(
        _short(name),
        equal=(
            ("same", name),
            ("without article", name.partition(" ")[2]),
            ("double quotes", f'"{name}"'),
            ("curly apostrophe", name.replace("'", "’")),
            ("emphasis", f"*{name}*"),
            ("full-width", "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in name)),
        ),
        different=(
            ("another title", other),
            ("word lost", name.rpartition(" ")[0]),
            ("article alone", name.partition(" ")[0]),
            ("both titles", f"{name} and {other}"),
            ("either title", f"{name}/{other}"),
        ),
    )


def _symbol(rng: Random) -> Variants[QAReference]:
    """Draw a name in which a sign means something."""
    name, other = rng.choice(_SYMBOLS)
    return Variants(
        _short(name),
        equal=(("same", name), ("bold", f"**{name}**"), ("code", f"`{name}`")),
        different=(("sign lost", other), ("sign doubled", f"{name}{name[-1]}x"), ("another letter", f"Z{name[1:]}")),
    )


def _acronym(rng: Random) -> Variants[QAReference]:
    name = rng.choice(_ACRONYMS)
    return Variants(
        _short(name),
        equal=(("same", name), ("points", "".join(f"{letter}." for letter in name)), ("article", f"the {name}")),
        different=(
            ("letter lost", name[:-1]),
            ("letters swapped", name[1] + name[0] + name[2:]),
            ("first letter", name[0]),
        ),
    )


def _numbered_name(rng: Random) -> Variants[QAReference]:
    (roman, digit, word), (other, *_) = rng.sample(_ORDERS, 2)
    name = rng.choice(("World War", "Apollo", "Act", "Volume", "Rocky", "Part"))
    return Variants(
        _short(f"{name} {roman}"),
        equal=(("same", f"{name} {roman}"), ("digit", f"{name} {digit}"), ("word", f"{name} {word}")),
        different=(("another number", f"{name} {other}"), ("number lost", name), ("joined digits", f"{name} {digit}1")),
    )


def _chinese(rng: Random) -> Variants[QAReference]:
    name, other = rng.choice(_CHINESE)
    return Variants(
        _short(name),
        equal=(("same", name), ("stop", f"{name}。"), ("corner quotes", f"「{name}」"), ("title marks", f"《{name}》")),
        different=(
            ("another", other),
            ("character lost", name[1:]),
            ("reversed", name[::-1]),
            ("both", f"{name}、{other}"),
        ),
    )


def _japanese(rng: Random) -> Variants[QAReference]:
    name, other = rng.choice(_JAPANESE)
    return Variants(
        _short(name),
        equal=(("same", name), ("copula", f"{name}です。"), ("corner quotes", f"『{name}』"), ("spaces", f" {name} ")),
        different=(
            ("another", other),
            ("negated", f"{name}ではない"),
            ("both", f"{name}と{other}"),
            ("reversed", name[::-1]),
        ),
    )


def _other_script(rng: Random) -> Variants[QAReference]:
    """Draw a Cyrillic, Korean, Devanagari, Arabic, Thai or Greek name."""
    name, same, other = rng.choice(_OTHER)
    return Variants(
        _short(name),
        equal=(("same", name), ("rewritten", same), ("bold", f"**{name}**")),
        different=(("another", other), ("letter lost", name[:-2]), ("both", f"{name}, {other}")),
    )


def _calendar_date(rng: Random) -> Variants[QAReference]:
    """Draw a date; the day is above 12, so digits are unambiguous."""
    day = date(rng.randint(1800, 2030), rng.randint(1, 12), rng.randint(13, 28))
    month, later = calendar.month_name[day.month], day + timedelta(days=1)
    swapped = day.replace(month=day.month % 12 + 1)
    ordinal = {21: "st", 22: "nd", 23: "rd"}.get(day.day, "th")
    return Variants(
        _short(f"{month} {day.day}, {day.year}"),
        equal=(
            ("day first", f"{day.day} {month} {day.year}"),
            ("ordinal", f"the {day.day}{ordinal} of {month}, {day.year}"),
            ("ISO", day.isoformat()),
            ("slashes", f"{day.month:02d}/{day.day}/{day.year}"),
            ("points", f"{day.day}.{day.month}.{day.year}"),
            ("short month", f"{month[:3]} {day.day}, {day.year}"),
            ("Chinese", f"{day.year}年{day.month}月{day.day}日"),
            ("weekday", f"{calendar.day_name[day.weekday()]}, {month} {day.day}, {day.year}"),
        ),
        different=(
            ("day after", f"{calendar.month_name[later.month]} {later.day}, {later.year}"),
            ("another month", swapped.isoformat()),
            ("another year", day.replace(year=day.year + 1, day=min(day.day, 28)).isoformat()),
            ("year alone", str(day.year)),
            ("month alone", month),
            ("two dates", f"{month} {day.day} or {later.day}, {day.year}"),
        ),
    )  # fmt: skip


def _time_of_day(rng: Random) -> Variants[QAReference]:
    """Draw a time after noon, on both clocks."""
    hour, minute = rng.randint(1, 11), rng.randint(10, 59)
    return Variants(
        _short(f"{hour}:{minute} PM"),
        equal=(
            ("24 hours", f"{hour + 12}:{minute}"),
            ("points", f"{hour}:{minute} p.m."),
            ("tight", f"{hour}:{minute}pm"),
            ("seconds", f"{hour + 12}:{minute}:00"),
        ),
        different=(
            ("morning", f"{hour}:{minute} AM"),
            ("minute later", f"{hour}:{minute - 1} PM"),
            ("hour alone", f"{hour} PM"),
            ("as a decimal", f"{hour}.{minute}"),
        ),
    )


def _short(answer: str) -> QAReference:
    return QAReference(kind="short", answers=(answer,))


QA_NAMES: Mapping[str, Family[QAReference]] = {
    "person": _person,
    "accented name": _accented_name,
    "title": _title,
    "symbol": _symbol,
    "acronym": _acronym,
    "numbered name": _numbered_name,
    "chinese": _chinese,
    "japanese": _japanese,
    "other script": _other_script,
    "date": _calendar_date,
    "time of day": _time_of_day,
}
"""Answer type → function that draws a gold answer with its variants."""

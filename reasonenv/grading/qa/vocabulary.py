"""Words that answers are written in: months, number words, articles, counters."""

from __future__ import annotations

_MONTH_WORDS = """
january february march april may june july august september october november december
jan feb mar apr may jun jul aug sep oct nov dec
januar februar marz april mai juni juli august september oktober november dezember
janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro
januari februari maart april mei juni juli augustus september oktober november december
januari februari mars april maj juni juli augusti september oktober november december
stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia
ledna unora brezna dubna kvetna cervna cervence srpna zari rijna listopadu prosince
ocak subat mart nisan mayis haziran temmuz agustos eylul ekim kasim aralik
ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie
tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesakuuta heinakuuta elokuuta syyskuuta lokakuuta marraskuuta
joulukuuta
січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
ιανουαριου φεβρουαριου μαρτιου απριλιου μαιου ιουνιου ιουλιου αυγουστου σεπτεμβριου οκτωβριου νοεμβριου δεκεμβριου
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


CJK_COUNTERS = frozenset("个個人名岁歳才本冊册台匹只隻つ次回枚件座颗張张명개살")
"""Words behind a number that measure nothing."""

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

_TITLE_WORDS = """
president king queen sir dame lord pope emperor empress prince princess dr doctor mr mrs ms miss professor prof general
colonel captain senator governor chancellor admiral tsar czar kaiser sultan
"""
TITLES = (*_TITLE_WORDS.split(), r"prime\s+minister", r"vice\s+president", r"chief\s+justice")
"""Words in front of a person's name that say what the person is."""

_COUNTRY_NAMES = """
Afghanistan, Albania, Algeria, Andorra, Angola, Antigua and Barbuda, Argentina, Armenia, Australia, Austria, Azerbaijan,
Bahamas, Bahrain, Bangladesh, Barbados, Belarus, Belgium, Belize, Benin, Bhutan, Bolivia, Bosnia and Herzegovina,
Botswana, Brazil, Brunei, Bulgaria, Burkina Faso, Burundi, Cambodia, Cameroon, Canada, Cape Verde, Chad, Chile, China,
Colombia, Comoros, Congo, Costa Rica, Croatia, Cuba, Cyprus, Czech Republic, Czechia, Denmark, Djibouti, Dominica,
Dominican Republic, East Timor, Ecuador, Egypt, El Salvador, Eritrea, Estonia, Eswatini, Ethiopia, Fiji, Finland,
France, Gabon, Gambia, Germany, Ghana, Greece, Grenada, Guatemala, Guinea, Guyana, Haiti, Honduras, Hungary, Iceland,
India, Indonesia, Iran, Iraq, Ireland, Israel, Italy, Ivory Coast, Jamaica, Japan, Jordan, Kazakhstan, Kenya, Kiribati,
Kosovo, Kuwait, Kyrgyzstan, Laos, Latvia, Lebanon, Lesotho, Liberia, Libya, Liechtenstein, Lithuania, Luxembourg,
Madagascar, Malawi, Malaysia, Maldives, Mali, Malta, Mauritania, Mauritius, Mexico, Micronesia, Moldova, Monaco,
Mongolia, Montenegro, Morocco, Mozambique, Myanmar, Namibia, Nauru, Nepal, Netherlands, the Netherlands, New Zealand,
Nicaragua, Niger, Nigeria, North Korea, North Macedonia, Norway, Oman, Pakistan, Palau, Palestine, Panama,
Papua New Guinea, Paraguay, Peru, Philippines, the Philippines, Poland, Portugal, Qatar, Romania, Russia, Rwanda, Samoa,
San Marino, Saudi Arabia, Senegal, Serbia, Seychelles, Sierra Leone, Singapore, Slovakia, Slovenia, Solomon Islands,
Somalia, South Africa, South Korea, South Sudan, Spain, Sri Lanka, Sudan, Suriname, Sweden, Switzerland, Syria, Taiwan,
Tajikistan, Tanzania, Thailand, Togo, Tonga, Trinidad and Tobago, Tunisia, Turkey, Turkmenistan, Tuvalu, Uganda,
Ukraine, United Arab Emirates, UAE, United Kingdom, UK, U.K., Great Britain, England, Scotland, Wales,
Northern Ireland, United States, United States of America, the United States, USA, US, U.S., U.S.A., Uruguay,
Uzbekistan, Vanuatu, Vatican City, Venezuela, Vietnam, Yemen, Zambia, Zimbabwe, 中国, 日本, 法国, 德国, 英国,
美国, 俄罗斯, 韩国, 意大利, 西班牙, フランス, ドイツ, イギリス, アメリカ
"""
COUNTRIES = frozenset(" ".join(name.split()).casefold() for name in _COUNTRY_NAMES.split(","))
"""Names of countries in lower case; behind a comma one says where a place is."""

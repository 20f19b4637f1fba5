"""Patterns of dates and times in text: the one table for all code that reads or recognises dates."""

from __future__ import annotations

import re
from enum import IntEnum


class Form(IntEnum):
    """Forms of dates that differ in the order of their parts; YEAR_LAST and SHORT_YEAR leave open which number is the day."""

    YEAR_FIRST = 0  # 2010-12-01
    YEAR_LAST = 1  # 01/12/2010
    SHORT_YEAR = 2  # 01/12/10
    DAY_NAME_YEAR = 3  # 1 Dec 2010
    NAME_DAY_YEAR = 4  # December 1st, 2010
    YEAR_NAME_DAY = 5  # 2010-Dec-01
    MONTH = 6  # 2010-12
    NAMED_MONTH = 7  # Dec 2010
    COMPACT = 8  # 20101201
    DAY_NUMBER = 9  # 40513.35, as Excel counts
    SECONDS = 10  # Unix time, like the next three
    MILLISECONDS = 11
    MICROSECONDS = 12
    NANOSECONDS = 13


YEARS = (1900, 2199)
# Forms of one number: the smallest and the largest value, and the microseconds per unit.
NUMBER_RANGES = {
    Form.DAY_NUMBER: (20_000.0, 80_000.0, 86_400e6),  # 1954 to 2119
    Form.SECONDS: (1e8, 5e9, 1e6),
    Form.MILLISECONDS: (1e11, 5e12, 1e3),
    Form.MICROSECONDS: (1e14, 5e15, 1.0),
    Form.NANOSECONDS: (1e17, 5e18, 1e-3),
}
LONGEST = 60  # bytes of a date as text

_ZONES = "Z|UTC|GMT|WET|WEST|CET|CEST|EET|EEST|MSK|BST|EST|EDT|CST|CDT|MST|MDT|PST|PDT|JST|KST|IST|AEST|AEDT"
_TIME = r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_CLOCK = (
    rf"(?:(?:[T ,]+|,? +(?:at|um) ){_TIME}"
    rf" ?(?P<half>[AaPp]\.? ?[Mm]\.?)?(?: ?Uhr)? ?(?P<zone>{_ZONES}|[+-]\d{{2}}:?\d{{2}}|[+-]\d{{2}})?)?$"
)
_WEEKDAY = r"(?:(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)[a-z]*\.?,? +)?"
# Unicode letter classes take the regular expression engine milliseconds to compile.
_NAME = r"(?P<b>[^\s\d.,:;/_()'+*=-]{3,10})"
_TH = r"(?:st|nd|rd|th|er|º)?"
# Named parts: a, b, c are the parts of the date (day, month, year if the form determines them), s and t their separators.
PATTERNS: tuple[tuple[Form, str], ...] = (
    (Form.YEAR_FIRST, r"^(?P<a>\d{1,4})(?P<s>[-/.]) ?(?P<b>\d{1,2})(?P<t>[-/.]) ?(?P<c>\d{1,4})" + _CLOCK),  # or YEAR_LAST, SHORT_YEAR
    (
        Form.DAY_NAME_YEAR,
        rf"^{_WEEKDAY}(?P<a>\d{{1,2}}){_TH}(?P<s>[-/., ]*)(?:de |of )?{_NAME}\.?[-/., ]*(?:del? )?(?P<c>\d{{2,4}}){_CLOCK}",
    ),
    (Form.NAME_DAY_YEAR, rf"^{_WEEKDAY}{_NAME}\.?(?P<s>[-/ ]+)(?P<a>\d{{1,2}}){_TH},?[-/ ]+(?P<c>\d{{4}}){_CLOCK}"),
    (Form.YEAR_NAME_DAY, rf"^(?P<c>\d{{4}})(?P<s>[-/. ]+){_NAME}\.?[-/. ]+(?P<a>\d{{1,2}}){_CLOCK}"),
    (
        Form.COMPACT,
        r"^(?P<c>\d{4})(?P<b>\d{2})(?P<a>\d{2})(?:[T _-]?(?P<hour>\d{2}):?(?P<minute>\d{2}):?(?P<second>\d{2})?)?(?P<zone>Z)?$",
    ),
    (Form.MONTH, r"^(?P<c>\d{4})(?P<s>[-/])(?P<b>\d{1,2})$"),
    (Form.MONTH, r"^(?P<b>\d{1,2})(?P<s>[-/])(?P<c>\d{4})$"),
    (Form.NAMED_MONTH, rf"^{_NAME}\.?[-/, ]+(?P<c>\d{{4}})$"),
    (Form.DAY_NUMBER, r"^(?P<number>\d+(?:[.,]\d+)?)$"),  # or SECONDS to NANOSECONDS
)

# Missing dates as databases write them.
NO_DATE = r"^(0000-00-00|00/00/0000|00\.00\.0000)([ T]00:00(:00)?)?$"
# A quick look, before a column is read: whether a text may begin with a date.
MAY_BE_DATE = r"^\s*\d{1,4}\s*[-/. ]\s*(\d{1,2}|[^\W\d]{3,})|^\s*[^\W\d]{3,}[-/., ]+\d|^\s*\d{8}\s*$"
MAY_BE_CLOCK = r"^\s*([01]\d|2[0-3]):?[0-5]\d(:?[0-5]\d)?\s*$"
# Numeric dates: any text that begins like one, and a whole cell, for header rows.
BEGINS_AS_DATE = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
DATE_CELL = re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?:[ T]\d{1,2}:\d{2}.*)?\Z")
# A date in a condition such as "when >= '2011-12-09'".
ISO_MOMENT = re.compile(r"\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?\s*")
# A time of day in a column without days: 14:05, 14:05:30, 2:05 PM, 14h05.
TIME_OF_DAY = re.compile(rf"{_TIME}\s*(?:(?P<half>[ap])\.?\s?m\.?|uhr|h)?", re.IGNORECASE)

# English, German, French, Spanish, Italian, Portuguese and Dutch names without accents, with the usual short forms.
_MONTHS = (
    "january jan januar janner janvier janv enero ene gennaio gen janeiro januari",
    "february feb februar fevrier fevr fev febrero febbraio fevereiro februari",
    "march mar marz mrz mars marzo marco maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug aout agosto ago augustus",
    "september sep sept septembre septiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez decembre diciembre dic dicembre dezembro",
)
MONTH_OF = {name: month for month, names in enumerate(_MONTHS, start=1) for name in names.split()}

_MONTH_TITLE = r"(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?)\.?"
_CLOCK_TEXT = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([ap]\.?m\.?)?"
_ZONE_TEXT = r"\s*(z|utc|[+-]\d{2}:?\d{2})?"
_DAY_OR_MONTH = r"(0?[1-9]|[12]\d|3[01])"  # either may be first
_NUMBERS = rf"\d{{4}}[-/.]{_DAY_OR_MONTH}[-/.]{_DAY_OR_MONTH}|{_DAY_OR_MONTH}[-/.]{_DAY_OR_MONTH}[-/.](\d{{2}}|\d{{4}})"
# Texts that are a date or a time of day and nothing else: columns of these do not become features.
DATE_TEXTS = (
    rf"(?i)^({_NUMBERS})([ T]+{_CLOCK_TEXT}{_ZONE_TEXT})?$",
    rf"(?i)^([a-z]{{3,9}},? +)?(\d{{1,2}}[ ./-]*{_MONTH_TITLE}[ ,./-]*(\d{{2}}|\d{{4}})|{_MONTH_TITLE} *\d{{1,2}},? +\d{{4}})"
    rf"([ T]+{_CLOCK_TEXT})?$",
    rf"(?i)^({_MONTH_TITLE}[ /-]*(\d{{2}}|\d{{4}})|\d{{4}}-(0[1-9]|1[0-2]))$",
)
CLOCK_TEXT = rf"(?i)^{_CLOCK_TEXT}$"

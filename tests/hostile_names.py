"""Names that a screen, a figure, a terminal or a notebook could take for something else, and files full of them."""

import csv
import random
import re
import unicodedata
from datetime import date, timedelta

from segcore.data.columns.text import visible as read_as_id
from segcore.wording.quotes import visible

REMOTE = "names.invalid"
"""Host in all addresses of the corpus; whoever asks for it was told to by a name."""

_WORDS = (
    f"![c](http://{REMOTE}/a.png)",
    f"[free](https://{REMOTE}/b)",
    f'<img src="https://{REMOTE}/c.png" onerror=alert(1)>',
    "<script>alert(1)</script>",
    f'<a href="https://{REMOTE}/d">pay</a>',
    "<b>bold</b> <br> <i>it</i>",
    f"<https://{REMOTE}/e>",
    f"http://{REMOTE}/f",
    f"https://{REMOTE}/g?a=1&b=2",
    f"www.{REMOTE}",
    f"me@{REMOTE}",
    f"mailto:me@{REMOTE}",
    f"file://{REMOTE}/h",
    "javascript:alert(1)",
    "&amp; &lt;b&gt; &#33;",
    "$x^2$ and $$y$$",
    ":red[red] :small[s]",
    ":material/home: :smile: :streamlit:",
    "`code` ``x``",
    "# head",
    "> quote",
    "- item",
    "1. item",
    "~~gone~~ **loud** _soft_ __under__",
    "|a|b|",
    "a -> b <- c <-> d -- e >= f <= g ~= h",
    "%{x} %{customdata[0]}<extra></extra> %s %(n)s",
    "{curly} {0} {{x}}",
    "\\\\n \\u0041 \\*",
    "line\nbreak\ttab",
    "red \x1b[31mred\x1b[0m",
    "bell\x07\x08\x7f\x9b31m",
    "invoice\u202egpj.exe",
    "\u2066isolate\u2069",
    "zero\u200bwidth\ufeff\u00ad",
    "z\u0335\u0321\u0489\u0341algo",
    "family \N{FAMILY} \N{GRINNING FACE}\ufe0f\u200d\N{FIRE}",
    "wide\u3000space",
    f"../../x ![u](http://{REMOTE}/i).csv",
    "=cmd|'/c calc'!A1",
    "@SUM(1+1)*cmd",
    "x' OR '1'='1\"; --",
    f"[ref]: http://{REMOTE}/j",
    f"![r]\n\n[r]: http://{REMOTE}/k",
    "long " * 400,
)
NAMES = tuple(f"{words} q{number:02}" for number, words in enumerate(_WORDS))
"""Each ends with a mark of its own, so that a test finds where it is shown, and sees what was made of the words before."""


def squeezed(text):
    return re.sub(r"\s", "", text)


FORMS = {
    number: {squeezed(form) for form in (visible(name), repr(name)[1:-1], ascii(name)[1:-1], visible(read_as_id(name)))}
    for number, name in enumerate(NAMES)
}
"""Ways in which a name may appear: as it is; quoted in a sentence, where letters that look alike may be escaped; and as an id is read."""


def wrong_texts(texts):
    """Return what is left of the names that have lost or changed letters, and texts in which a control or bidi character is drawn."""
    wrong = []
    for text in texts:
        wrong += [
            f"{letter!r} in {text[:80]!r}" for letter in text if unicodedata.category(letter) in ("Cc", "Cf") and letter not in "\n\t"
        ]
        for mark in re.finditer(r" q(\d\d)\b", text):
            shown, forms = squeezed(text[: mark.end()]), FORMS.get(int(mark[1]), ())
            if forms and not any(shown.endswith(form) for form in forms):
                wrong.append(f"q{mark[1]}: {shown[-80:]!r}")
    return wrong


def marks(texts):
    """Return the places in the corpus of the names that are shown."""
    return {int(mark) for text in texts for mark in re.findall(r" q(\d\d)\b", text)}


def write_customers(path, *, n_customers=300, seed=0):
    """Write one row per customer: every name as a column's, as a category's, and in an id."""
    draw = random.Random(seed)
    numbers, categories = NAMES[::2], NAMES[1::2]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", *numbers, *categories])
        for row in range(n_customers):
            kind = row % 3
            values = [round(draw.gauss((20, 60, 110)[(kind + place) % 3], 12), 2) for place in range(len(numbers))]
            texts = [
                NAMES[(place * 3 + (kind if draw.random() < 0.8 else draw.randrange(6))) % len(NAMES)] for place in range(len(categories))
            ]
            writer.writerow([f"{row} {NAMES[row % len(NAMES)]}", *values, *texts])


def write_orders(path, *, n_customers=150, seed=0):
    """Write order lines: every name as a product's, a department's and in an id, some as columns'; some rows have no date."""
    draw = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "order_id", NAMES[23], "amount", "quantity", "product", NAMES[0], NAMES[3]])
        for number in range(n_customers):
            kind = number % 3
            for order in range((4, 9, 16)[kind] + draw.randrange(3)):
                day = date(2024, 1, 1) + timedelta(days=draw.randrange(180))
                for _ in range(1 + draw.randrange(3)):
                    product = NAMES[(kind * 15 + draw.randrange(20)) % len(NAMES)]
                    department = NAMES[4 + (kind if draw.random() < 0.7 else draw.randrange(8))]
                    amount = round((40, 12, 5)[kind] * draw.uniform(0.7, 1.4), 2)
                    customer = f"{number} {NAMES[number % len(NAMES)]}"
                    writer.writerow(
                        [
                            customer,
                            f"o{number}-{order}",
                            day.isoformat() if number != 7 or order else "",
                            amount,
                            1 + draw.randrange(4),
                            product,
                            department,
                            NAMES[9 + kind],
                        ]
                    )


def write_ratings(path, *, n_customers=120, seed=0):
    """Write ratings of items that are called by every name."""
    draw = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item", "rating", "timestamp"])
        for number in range(n_customers):
            liked = number % 3
            for place in draw.sample(range(len(NAMES)), 18):
                stars = 5 - (place % 3 - liked) % 3 - draw.randrange(2)
                writer.writerow([f"{number} {NAMES[number % len(NAMES)]}", NAMES[place], max(1, stars), 1_700_000_000 + 1000 * place])

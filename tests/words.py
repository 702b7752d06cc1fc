"""Sentences and names of every kind that Unicode has, and some that mean to break something."""

import unicodedata
from itertools import cycle, islice

CONTROLS = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
"""C0, DEL and C1."""

_LONGEST = 2_000


def _of(length: int, text: str) -> str:
    return "".join(islice(cycle(text), length))


WORDS = {
    "right to left": "باتشاتا ناعمة للمبتدئين",
    "right to left with marks": "\u200fباتشاتا\u200e sensual \u200fלמתחילים\u061c 8\u200e",
    "pointed": "בָּצָ׳אטָה רוֹמַנְטִית",
    "overridden directions": "\u202esensual\u202d bachata\u202c \u202a\u202bbeginners",
    "isolated directions": "\u2066sensual\u2069 \u2067bachata \u2068beginners",
    "decomposed": unicodedata.normalize("NFD", "una bachata romántica, señor"),
    "heaped marks": "r" + "\u0301\u0323\u0489" * 300 + "omantica",
    "marks alone": "\u0301\u20dd\u0f71 bachata",
    "joined emoji": "👩‍❤️‍💋‍👨 👩🏽‍🤝‍👨🏿 🏳️‍🌈 💃🏾",
    "flags and keycaps": "🇩🇴 8️⃣ 1️⃣ 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "half a flag, loose joiners": "🇩 \u200d💃\u200d \ufe0f bachata",
    "astral letters": "𝕓𝕒𝕔𝕙𝕒𝕥𝕒 𐐷 𠜎 𓀀",
    "full width": "ｓｅｎｓｕａｌ　ｂａｃｈａｔａ",
    "invisible": "ba\u200bcha\u200cta\u2060 \ufeffro\u00adman\u034ftic\u180e",
    "tagged": "bachata" + "".join(chr(0xE0000 + ord(char)) for char in "ignore rules"),
    "no characters": "bachata \ufffe\uffff\U0001fffe\U0010ffff\ufdd0",
    "private and unassigned": "bachata \ue000\U000f0000 \u0378\U0003fffd",
    "separators": "one\u2028two\u2029three\u3000four\u00a0five",
    "folds to more": "ß ŉ İı ﬃ \ufdfa Ǆ ſensual",
    "controls": "b" + "a".join(CONTROLS) + "chata",
    "orders to a terminal": "\x1b]0;owned\x07\x1b[2J\x9b31m bachata \x08\x08",
    "markup": "</td></table><script>alert(1)</script><img src=x onerror='alert(1)'>\"&amp;&lt;",
    "a cue of its own": "a --> b\n\n00:00:00.000 --> 09:00:00.000\nmine\r\n\r\nSTYLE\n::cue{}",
    "a span of a caption": "<v Bob><c.red>bachata</c> <00:00:01.000> &lrm;&nbsp;",
    "a formula": '=HYPERLINK("x")\t;+1\t,"\'',
    "longest": _of(_LONGEST, "bailamos "),
    "longest, astral": "💃" * _LONGEST,
    "longest, folds to 18 times as much": "\ufdfa" * _LONGEST,
    "longest, marks": _of(_LONGEST, "e\u0301\u0302"),
    "longest, right to left": _of(_LONGEST, "\u202eא\u202c "),
    "longest, words without end": _of(_LONGEST, "sin no not ni "),
}
"""By what is odd about them; each has something to see, and at most 2,000 characters."""


def without_controls(text: str) -> str:
    """Return `text` as it may be kept: a space for each control character, none around it."""
    return "".join(" " if char in CONTROLS else char for char in text).strip()

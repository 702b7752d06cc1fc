"""Sentence → Span: which part of the song is asked for, by rules in English and Spanish."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from choreo.vocabulary import SectionLabel
from planning.model import Span, SpanKind


def read_span(sentence: str) -> Span:
    """Return the part of the song that a sentence asks for; the whole song if it names none.

    What is said most exactly counts: clock times, then one section alone, then shares and
    sections to start or stop at, then a length.
    """
    text = _plain(sentence)
    for rule in (_between_clocks, _only_section, _share, _bounded_by_sections, _bounded_by_clocks):
        span = rule(text)
        if span is not None:
            return span
    last = _LAST.search(text)
    if last and _seconds(last) > 0:
        return Span(SpanKind.SECONDS, -_seconds(last))
    length = _length(text)
    return Span() if length is None else Span(SpanKind.SECONDS, 0.0, length)


def _plain(sentence: str) -> str:
    decomposed = unicodedata.normalize("NFKD", sentence.replace("’", "'"))
    return "".join(char for char in decomposed if not unicodedata.combining(char)).lower()


# Sections. All words are plain lower-case ASCII, as the sentence is by then.

_SECTION: Mapping[SectionLabel, str] = {
    SectionLabel.INTRO: "intro|introduction|introduccion",
    SectionLabel.VERSE: "verse|verso|estrofa",
    SectionLabel.CHORUS: "chorus|chorusses|refrain|hook|coro|estribillo",
    SectionLabel.MAMBO: "mambo",
    SectionLabel.BRIDGE: "bridge|puente",
    SectionLabel.OUTRO: "outro|ending|coda",
}

_WHICH: Mapping[str, int] = {
    "first": 1, "1st": 1, "primer": 1, "primera": 1, "primero": 1,
    "second": 2, "2nd": 2, "segundo": 2, "segunda": 2,
    "third": 3, "3rd": 3, "tercer": 3, "tercera": 3, "tercero": 3,
    "last": -1, "final": -1, "ultimo": -1, "ultima": -1,
}  # fmt: skip

_ANY_SECTION = "|".join(_SECTION.values())
_NAMED = (
    r"(?:the\s+|el\s+|la\s+|los\s+|las\s+|del\s+)?(?:part\w*\s+(?:of|de|del)\s+(?:the\s+|la\s+)?)?"
    rf"(?:(?P<which>{'|'.join(_WHICH)})\s+)?(?P<section>{_ANY_SECTION})(?:s|es)?\b"
)
_STARTING = r"(?:start|begin|empie[zc]|empe[zc]|comien[zc]|comen[zc]|arran[cq])\w*"
_ONLY_BEFORE = re.compile(
    r"\b(?P<no>not\s+|no\s+)?(?:only|just|nothing\s+but|solo|solamente|unicamente|nada\s+mas(?:\s+que)?)"
    r"\s+(?:on\s+|with\s+|en\s+|con\s+)?" + _NAMED
)
_ONLY_AFTER = re.compile(r"\b" + _NAMED + r"\s+(?:part\s+)?(?:only|alone|solamente|nada\s+mas)\b")
_SINCE = re.compile(
    rf"\b(?:{_STARTING}\s+"
    r"(?:at|with|from|on|in|en|con|por|desde|directly\s+at)|from|desde|a\s+partir(?:\s+de)?)\s+"
    + _NAMED
)
_UNTIL = re.compile(
    r"\b(?:until|till|up\s+to|hasta|(?:stop|end|finish|termin|acab|par)\w*\s+"
    r"(?:before|antes\s+de|at|en))\s*" + _NAMED
)
_LEFT_OUT = re.compile(
    r"\b(?P<keep>(?:don'?t|do\s+not|never|no|sin)\s+(?:te\s+)?)?"
    r"(?P<verb>skip\w*|without|omit\w*|leav\w+\s+out|cut\w*|drop\w*|no|sin|ni|salt\w+|quit\w+|evit\w+)"
    r"(?P<what>(?:\s+(?:the|a|any|el|la|los|las|long|large?|intro\w*|outro|coda|and|or|nor|y|ni|o)\b)+)"
)


def _section(match: re.Match[str]) -> SectionLabel:
    named = match.group("section")
    return next(label for label, words in _SECTION.items() if named in words.split("|"))


def _only_section(text: str) -> Span | None:
    for match in (*_ONLY_BEFORE.finditer(text), *_ONLY_AFTER.finditer(text)):
        if not match.groupdict().get("no"):
            which = _WHICH.get(match.group("which") or "", 0)
            return Span(SpanKind.SECTION, section=_section(match), which=which)
    return None


def _bounded_by_sections(text: str) -> Span | None:
    since, until = _SINCE.search(text), _UNTIL.search(text)
    left_out = {
        label
        for match in _LEFT_OUT.finditer(text)
        if not match.group("keep")
        for label, words in (
            (SectionLabel.INTRO, r"\bintro"),
            (SectionLabel.OUTRO, r"\b(?:outro|coda)"),
        )
        if re.search(words, match.group("what"))
    }
    if not since and not until and not left_out:
        return None
    return Span(
        SpanKind.SECTIONS,
        section=_section(since) if since else None,
        which=_WHICH.get(since.group("which") or "", 1) if since else 0,
        until=_section(until) if until else None,
        without=tuple(sorted(left_out)),
        length=_length(text),
    )


# Shares of the song.

_PARTS: Mapping[str, int] = {
    "half": 2, "mitad": 2, "third": 3, "tercio": 3, "quarter": 4, "cuarto": 4,
}  # fmt: skip
_SHARE = re.compile(
    rf"\b(?P<which>{'|'.join(_WHICH)})\s+(?P<part>{'|'.join(_PARTS)})s?\b"
    r"(?!\s*(?:an?\s+|de\s+|un\s+)?(?:minut|hour|second|hora|segund))"
)
_HALF = re.compile(
    r"\b(?:only|just|solo|solamente|dance|baila)\s+(?:half|(?:la\s+)?mitad)\s+(?:of|the|de)\b"
)


def _share(text: str) -> Span | None:
    match = _SHARE.search(text)
    if match is None:
        return Span(SpanKind.SHARE, 0.0, 0.5) if _HALF.search(text) else None
    parts, which = _PARTS[match.group("part")], _WHICH[match.group("which")]
    place = parts - 1 if which < 0 else which - 1
    if place >= parts:
        return None
    return Span(SpanKind.SHARE, place / parts, (place + 1) / parts)


# Clock times and lengths.

_NUMBER_WORDS: Mapping[str, float] = {
    "one": 1, "un": 1, "una": 1, "a": 1, "half a": 0.5, "half": 0.5, "medio": 0.5, "two": 2,
    "dos": 2, "three": 3, "tres": 3, "four": 4, "cuatro": 4, "five": 5, "cinco": 5,
    "ten": 10, "diez": 10, "fifteen": 15, "quince": 15, "twenty": 20, "veinte": 20,
    "thirty": 30, "treinta": 30, "forty": 40, "cuarenta": 40, "sixty": 60, "sesenta": 60,
    "ninety": 90, "noventa": 90,
}  # fmt: skip

_UNIT = r"(?P<unit>seconds?|secs?|s|segundos?|seg|minutes?|mins?|minutos?)\b"
_AND_HALF = r"\s+(?:and\s+a\s+half|y\s+medi[oa])"
_AMOUNT = (
    r"(?P<n>\d+(?:[.,]\d+)?|"
    + "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True))
    + rf")(?P<half>{_AND_HALF})?[\s-]*(?:first\s+|primer[oa]s?\s+)?{_UNIT}(?P<more>{_AND_HALF})?"
)
_ONE = r"(?P<one>minute|minuto)\b"
_AND_A_HALF = re.compile(
    r"\b(?:a\s+|one\s+|un\s+)?(?:minute\s+and\s+a\s+half|minuto\s+y\s+medio)\b"
)
_CLOCK = r"(\d{1,2}):([0-5]\d)"
_CLOCK_LONG = re.compile(rf"\b{_CLOCK}\s+(?:minutes?|mins?|minutos?|long|de\s+largo)\b")
_FIRST = re.compile(rf"\b(?:first|opening|primer[oa]?s?)\s+(?:{_AMOUNT}|{_ONE})")
_LAST = re.compile(rf"\b(?:last|final|ultim[oa]s?)\s+(?:{_AMOUNT}|{_ONE})")
_BETWEEN = re.compile(
    rf"\b(?:from|between|de|desde|entre)\s+(?:el\s+|la\s+)?{_CLOCK}\s+"
    rf"(?:to|and|until|a|al|y|hasta)\s+(?:el\s+|la\s+)?{_CLOCK}"
)
_FROM_CLOCK = re.compile(
    rf"\b(?:from|{_STARTING}\s+(?:at|from|en|por)|desde|a\s+partir\s+de)\s+"
    rf"(?:el\s+|minute\s+|minuto\s+)*{_CLOCK}\b"
)
_TO_CLOCK = re.compile(
    rf"\b(?:until|till|up\s+to|hasta)\s+(?:el\s+|minute\s+|minuto\s+)*{_CLOCK}\b"
)
_LONG = re.compile(r"\b" + _AMOUNT)


def _between_clocks(text: str) -> Span | None:
    match = _BETWEEN.search(text)
    if match is None:
        return None
    a, b, c, d = (int(group) for group in match.groups())
    start, end = 60.0 * a + b, 60.0 * c + d
    return Span(SpanKind.SECONDS, start, end) if end > start else None


def _bounded_by_clocks(text: str) -> Span | None:
    since, until = (
        None if match is None else 60.0 * int(match.group(1)) + int(match.group(2))
        for match in (_FROM_CLOCK.search(text), _TO_CLOCK.search(text))
    )
    if since is not None and until is None:
        length = _length(text)
        return Span(SpanKind.SECONDS, since, None if length is None else since + length)
    if until is not None and until > (since or 0.0):
        return Span(SpanKind.SECONDS, since or 0.0, until)
    return None


def _length(text: str) -> float | None:
    """Return the seconds that the dance should last, if the text says so."""
    if _AND_A_HALF.search(text):
        return 90.0
    clock = _CLOCK_LONG.search(text)
    if clock and int(clock.group(1)) + int(clock.group(2)) > 0:
        return 60.0 * int(clock.group(1)) + int(clock.group(2))
    found = _FIRST.search(text) or _LONG.search(text)
    return _seconds(found) or None if found else None


def _seconds(match: re.Match[str]) -> float:
    number = match.group("n")
    if number is None:
        return 60.0
    known = _NUMBER_WORDS.get(number)
    amount = float(number.replace(",", ".")) if known is None else known
    amount += 0.5 if match.group("half") or match.group("more") else 0.0
    return amount * (60.0 if match.group("unit").startswith("m") else 1.0)

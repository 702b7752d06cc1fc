"""Sentences as dancers write them, and what each of them asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from choreo.blueprint import TransitionType
from choreo.task import MAX_QUERY_CHARS, GenerationRequest
from choreo.vocabulary import Difficulty, EnergyLevel, SectionLabel, Style
from planning.asked_part import read_span
from planning.brief import read_brief
from planning.model import Brief, Span, SpanKind

KINDS = ["basic", "body roll", "dip", "turn", "cross body lead", "hip roll", "shadow position"]

EASY, MIDDLE, HARD = Difficulty
LOW, MEDIUM, HIGH = EnergyLevel
CUT, CROSSFADE, BLACK = TransitionType


def part(label: SectionLabel) -> Span:
    return Span(SpanKind.SECTION, section=label)


def seconds(start: float, end: float | None = None) -> Span:
    return Span(SpanKind.SECONDS, start, end)


SENTENCES: list[tuple[str, Mapping[str, Any]]] = [
    # Levels.
    ("I am a complete beginner", {"difficulty": EASY}),
    ("something for kids", {"difficulty": EASY}),
    ("para niños, nivel 1", {"difficulty": EASY}),
    ("para mis abuelos", {"difficulty": EASY}),
    ("nivel básico, por favor", {"difficulty": EASY}),
    ("nothing too difficult, my knee hurts", {"difficulty": EASY}),
    ("not too easy", {"difficulty": MIDDLE}),
    ("not too easy, not too hard", {"difficulty": MIDDLE}),
    ("not for beginners", {"difficulty": MIDDLE}),
    ("nivel avanzado con vueltas", {"difficulty": HARD, "wanted": ("turn",)}),
    ("expert dancers only", {"difficulty": HARD}),
    ("advanced moves, but my partner is a beginner", {"difficulty": EASY}),
    ("any difficulty will do", {}),
    # Energy and mood.
    ("only the mambo, full of energy, modern",
     {"energy": HIGH, "style": Style.MODERN, "span": part(SectionLabel.MAMBO)}),
    ("lots of energy please", {"energy": HIGH}),
    ("more energy than last time", {"energy": HIGH}),
    ("con energía y vueltas", {"energy": HIGH, "wanted": ("turn",)}),
    ("con toda la energía", {"energy": HIGH}),
    ("less energy this time", {"energy": LOW}),
    ("con menos energía", {"energy": LOW}),
    ("low-key and intimate", {"energy": LOW}),
    ("una cosita tranquila pa' bailar en casa", {"energy": LOW, "mood": "calm"}),
    ("sensual but not too slow", {"energy": MEDIUM, "style": Style.SENSUAL}),
    ("start slow and end fast", {}),
    ("empieza lento y termina rápido", {}),
    ("melancólica y triste", {"mood": "sad"}),
    ("fun and playful", {"mood": "playful"}),
    # Styles.
    ("bachata dominicana", {"style": Style.TRADITIONAL}),
    ("traditional rather than modern", {"style": Style.TRADITIONAL}),
    ("modern instead of traditional", {"style": Style.MODERN}),
    ("moderna, no tradicional", {"style": Style.MODERN}),
    ("no quiero nada sensual", {}),
    ("not romantic at all", {}),
    ("bachata urbana a 130 bpm", {"style": Style.MODERN, "tempo": 130.0}),
    ("128bpm sensual", {"style": Style.SENSUAL, "tempo": 128.0}),
    # Moves.
    ("hardly any turns", {"banned": ("turn",)}),
    ("go easy on the dips", {"banned": ("dip",)}),
    ("with turns but no double turns", {"wanted": ("turn",), "banned": ("double turn",)}),
    ("don't want dips, turns or body rolls", {"banned": ("dip", "turn", "body roll")}),
    ("no turns. dips are fine", {"wanted": ("dip",), "banned": ("turn",)}),
    ("ni giros ni caídas", {"banned": ("turn", "dip")}),
    ("apenas giros", {"banned": ("turn",)}),
    ("all moves except dips", {"banned": ("dip",)}),
    ("body waves and hip rolls", {"wanted": ("body roll", "hip roll")}),
    ("solo pasos básicos", {"wanted": ("basic",)}),
    ("quiero algo sensual pero sin olas", {"style": Style.SENSUAL, "banned": ("body roll",)}),
    # Parts of the song.
    ("just the chorus please", {"span": part(SectionLabel.CHORUS)}),
    ("solo el estribillo", {"span": part(SectionLabel.CHORUS)}),
    ("two minutes long", {"span": seconds(0.0, 120.0)}),
    ("a minute and a half", {"span": seconds(0.0, 90.0)}),
    ("un minuto y medio", {"span": seconds(0.0, 90.0)}),
    ("1:30 long", {"span": seconds(0.0, 90.0)}),
    ("medio minuto", {"span": seconds(0.0, 30.0)}),
    ("los últimos 45 segundos", {"span": seconds(-45.0)}),
    ("desde 0:30 hasta 1:15", {"span": seconds(30.0, 75.0)}),
    # Transitions.
    ("hard cuts, hard moves", {"difficulty": HARD, "transition": CUT}),
    ("no hard cuts", {"transition": CROSSFADE, "smooth": True}),
    ("no smooth transitions", {"transition": CUT}),
    ("transiciones suaves y energía alta",
     {"energy": HIGH, "transition": CROSSFADE, "smooth": True}),
    ("fade to black between moves", {"transition": BLACK}),
    # Typing errors.
    ("a begginer bachata with smoth transitions",
     {"difficulty": EASY, "transition": CROSSFADE, "smooth": True}),
    ("intermedate sensaul routine", {"difficulty": MIDDLE, "style": Style.SENSUAL}),
    ("advnaced", {"difficulty": HARD}),
    ("romatic, withuot dips",
     {"style": Style.ROMANTIC, "mood": "romantic", "banned": ("dip",)}),
    ("una bachata traditional para principantes",
     {"difficulty": EASY, "style": Style.TRADITIONAL}),
    ("un casual encuentro", {}),
    # Signs and shouting.
    ("🔥🔥🔥", {"energy": HIGH, "mood": "passionate"}),
    ("❤️ bachata 💃🕺", {"style": Style.ROMANTIC, "mood": "romantic"}),
    ("BACHATA SENSUAL!!! SIN GIROS!!!", {"style": Style.SENSUAL, "banned": ("turn",)}),
    ("s e n s u a l", {}),
    ("?!", {}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "expected"), SENTENCES)
def test_a_sentence_asks_for_what_it_says_and_for_nothing_else(
    sentence: str, expected: Mapping[str, Any]
) -> None:
    reading = read_brief(GenerationRequest(query=sentence), KINDS, span=read_span(sentence))
    assert reading.brief == Brief(**{"sentence": sentence, **expected})
    assert reading.warnings == ()


@pytest.mark.parametrize(
    "sentence",
    [
        "浪漫的巴恰塔，适合初学者",
        "романтическая бачата",
        "ロマンチックなバチャータ",
        "رقصة باتشاتا",
    ],
)
def test_other_scripts_give_the_usual_choice_and_a_warning(sentence: str) -> None:
    reading = read_brief(GenerationRequest(query=sentence), KINDS, span=read_span(sentence))
    assert reading.brief == Brief(sentence=sentence)
    assert "English and Spanish" in " ".join(reading.warnings)


def test_a_sentence_of_the_longest_kind_is_read_to_its_end() -> None:
    sentence = "bailamos " * 220 + "principiantes"
    sentence = sentence[-MAX_QUERY_CHARS:]
    assert len(sentence) > MAX_QUERY_CHARS - 20
    assert read_brief(GenerationRequest(query=sentence), KINDS).brief.difficulty is EASY

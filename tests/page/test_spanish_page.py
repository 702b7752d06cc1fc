"""A Spanish dancer reads Spanish: whatever the service says, the page says it in Spanish."""

import json
import re
from collections.abc import Iterator
from itertools import chain, cycle, product
from types import SimpleNamespace
from typing import Any

import pytest
from emitted import fragments, sentences
from playwright.sync_api import Browser, Page, expect
from pydantic import ValidationError
from visitor import PHONE, Visitor

from choreo.errors import InvalidBlueprint, UnsafePath
from choreo.media_path import checked_path
from choreo.vocabulary import Difficulty, EnergyLevel, Hold, SectionLabel, Style
from intake import bodies, own_media, report
from intake.choreography import _check_within
from intake.problems import Problem
from intake.uploads import inbox_name
from planning.builder import _why
from planning.model import Brief, SlotKind
from planning.quality import _sentence

TELL = """async (texts) => {
  const { openBooks, told } = await import("/web/told.js");
  await openBooks("es");
  return texts.map((text) => told(text, "es"));
}"""

BOOKS = """async () => {
  const books = [await import("/web/book_es.js"), await import("/web/book_media_es.js")];
  return books.flatMap(({ KINDS }) => Object.values(KINDS).flatMap((kind) => Object.entries(kind)));
}"""

OF_THE_SYSTEM = {
    "No such file or directory",
    "Permission denied",
    "No space left on device",
    "Invalid data found when processing input",
    "End of file",
    "Cannot allocate memory",
    "Input/output error",
}
"""What the books know beyond our own sentences."""


@pytest.fixture(scope="module")
def reader(browser: Browser, address: str) -> Iterator[Visitor]:
    found = Visitor.arrive(browser, address, language="es-ES")
    found.go()
    yield found
    found.context.close()


def spanish(reader: Visitor, texts: list[str]) -> list[str]:
    """Return what the page says instead; all of it is Spanish."""
    told = reader.page.evaluate(TELL, texts)
    assert [text for text, (_, lang) in zip(texts, told, strict=True) if lang != "es"] == []
    return [own for own, _ in told]


BETWEEN_VALUES = re.compile(r"\{[^}]*\}|[.,:;]|^the (?:body|file's name) ")

PLAN_FAULTS = (InvalidBlueprint(["it is not JSON"]), InvalidBlueprint(["one", "two"]))


# Every sentence


def test_every_sentence_of_the_service_is_in_the_book_with_its_values(reader: Visitor) -> None:
    said = sentences()
    assert len(said) > 200
    for one, own in zip(said, spanish(reader, [one.text for one in said]), strict=True):
        assert own != one.text, one
        assert [value for value in one.values if value not in own] == [], (one, own)


def test_the_book_says_nothing_that_the_service_no_longer_says(reader: Visitor) -> None:
    said = [*(one.text for one in sentences()), *whys(), *map(str, PLAN_FAULTS)]
    known = "\n".join([fragments(), *said]).lower()
    stale = [
        english
        for english, _ in reader.page.evaluate(BOOKS)
        if english not in OF_THE_SYSTEM
        if max(BETWEEN_VALUES.split(english), key=len).strip(" ()").lower() not in known
    ]
    assert not stale, stale


def test_the_book_fills_in_the_same_values_in_both_languages(reader: Visitor) -> None:
    place = re.compile(r"\{(\w+)")
    pairs = reader.page.evaluate(BOOKS)
    assert [
        pair for pair in pairs if sorted(place.findall(pair[0])) != sorted(place.findall(pair[1]))
    ] == []


def whys() -> Iterator[str]:
    """Every sentence that says why a move stands where it does, with all that may be in it."""
    holds = cycle(product(Hold, Hold))
    cases = product(
        chain.from_iterable([[(kind, "move") for kind in SlotKind], *ROLES]),
        SectionLabel,
        (0.0, 0.5, 1.0),
        EnergyLevel,
        (None, *EnergyLevel),
        ((False, None), (True, None), *((False, style) for style in Style)),
        (False, True),
    )
    for (kind, role), label, energy, level, asked, (wanted, style), returns in cases:
        enters, leaves = next(holds)
        move = SimpleNamespace(
            entry_state=SimpleNamespace(hold=enters),
            exit_state=SimpleNamespace(hold=leaves),
            energy_level=level,
            style=style,
            role=role,
        )
        step: Any = SimpleNamespace(move=move, counts=8, wanted=wanted, returns=returns)
        slot: Any = SimpleNamespace(kind=kind, label=label, energy=energy)
        yield _why(step, slot, Brief(energy=asked, style=style))


ROLES = [[(kind, role) for kind in SlotKind] for role in ("intro", "outro")]


def test_every_why_is_in_the_book_also_when_the_move_was_chosen_anew(reader: Visitor) -> None:
    said = sorted(set(whys()))
    assert len(said) > 500
    inner = [f"{text[0].lower()}{text[1:].replace(': ', ', ')}" for text in said]
    anew = [f"Chosen anew: {text}" for text in inner]
    stays = [f"Nothing else is legal here, so it stays: {text}" for text in inner[::7]]
    for own in spanish(reader, [*said, *anew, *stays]):
        assert not re.search(r"\b(the|move|music|hold|you|null|undefined)\b", own), own


@pytest.mark.parametrize("share", [None, 0.987])
@pytest.mark.parametrize("illegal", [0, 3])
def test_how_good_a_dance_is_is_said_in_spanish(
    reader: Visitor, share: float | None, illegal: int
) -> None:
    found = {
        "cut_on_8_count": share,
        "in_clip_beat_agreement": share,
        "illegal_transitions": illegal,
        "distinct": share,
        "distinct_moves": 20,
        "moves": 25,
        "baseline": {"cut_on_8_count": share},
    }
    [own] = spanish(reader, [_sentence(found)])
    assert ("99 %" in own) is (share is not None)
    assert ("3 agarres" in own) is (illegal > 0)


def test_what_is_wrong_with_a_request_is_said_in_spanish(reader: Visitor) -> None:
    kinds = (
        bodies.SongRequest,
        bodies.SentenceRequest,
        bodies.RerollRequest,
        bodies.VariantRequest,
        bodies.ShareRequest,
        own_media.CountsCorrection,
        report.MoveEdit,
    )
    wrong: list[Any] = [None, True, -1, 1e9, "", " ", "x" * 5000, [], [1], [1, 1], {}, "\n", 0.1]
    faults: set[str] = set()
    for kind in kinds:
        names = [*kind.model_fields, "unknown"]
        documents = [
            *({name: value} for name in names for value in wrong),
            *wrong,
            {},
            {"song_id": "a", "song_ids": ["a", "b"]},
            {"song_ids": ["a", "a"]},
            {"slots": [1], "lock": [1]},
            {"shift": 1, "heard": True},
            dict.fromkeys(names),
        ]
        for document in documents:
            faults.update(faults_of(kind, document))
    beyond = bodies.RerollRequest(slots=(99,), lock=(98,), difficulty=Difficulty.ADVANCED)
    plan: Any = SimpleNamespace(moves=range(5), difficulty_level=Difficulty.BEGINNER)
    with pytest.raises(Problem) as refused:
        _check_within(beyond, plan)
    faults.update(
        [refused.value.detail, *(f"{one.field} {one.message}" for one in refused.value.errors)]
    )
    assert len(faults) > 60
    spanish(reader, sorted(faults))


def faults_of(kind: Any, document: object) -> Iterator[str]:
    try:
        kind.model_validate_json(json.dumps(document))
    except ValidationError as error:
        problem = bodies._problem(error, kind)
        yield problem.detail
        for fault in problem.errors:
            yield f"{fault.field} {fault.message}".strip()


def test_what_is_wrong_with_a_name_or_a_plan_is_said_in_spanish(reader: Visitor) -> None:
    said = [str(fault) for fault in PLAN_FAULTS]
    names = ("", "x" * 600, "http:x", "/a", "a\\b", "a\nb", "a/../b", "a" * 300, "b ", ".a.mp3")
    for name in names:
        with pytest.raises(Problem) as refused:
            inbox_name(name)
        said.append(refused.value.detail)
        if not name.startswith("."):
            with pytest.raises(UnsafePath) as unsafe:
                checked_path(name)
            said.append(str(unsafe.value))
    spanish(reader, said)


def test_what_nobody_foresaw_stays_english_and_is_marked_as_such(reader: Visitor) -> None:
    text = "A sentence from next year."
    assert reader.page.evaluate(TELL, [text]) == [[text, "en"]]


# A dance, from the door to its end


def unspoken(page: Page) -> list[str]:
    """Return what the view has in English."""
    return page.locator("#view [lang=en], #alert [lang=en]").all_inner_texts()


def test_a_finished_dance_has_no_english_in_it(browser: Browser, address: str) -> None:
    visitor = Visitor.arrive(browser, address, PHONE, "es-ES")
    page = visitor.go()
    page.get_by_role("button", name="Crear el vídeo").click()
    visitor.finished()
    expect(page.locator("#moves .why").first).to_have_attribute("lang", "es")
    expect(page.locator("#quality [lang=es]")).to_contain_text("de las pisadas cae en el pulso")
    assert unspoken(page) == []
    visitor.look("spanish-finished-phone")
    page.set_viewport_size({"width": 1100, "height": 860})
    visitor.look("spanish-finished")
    page.locator("#moves").get_by_role("button", name=re.compile("^Cambiar ")).first.click()
    page.get_by_role("button", name="Elegir 1 paso de nuevo").click()
    expect(page.locator("#versions, .versions").first).to_be_visible()
    visitor.finished()
    expect(page.locator("#moves .why").first).to_contain_text(re.compile("Elegido|Aquí no cabe"))
    assert unspoken(page) == []
    visitor.look("spanish-chosen-anew")
    whys = page.locator("#moves .why").all_inner_texts()
    page.get_by_role("link", name="Hoja de pasos para imprimir").click()
    expect(page.locator("tbody td:last-child")).to_have_text(whys)
    expect(page.locator("tbody td:nth-child(2)").first).to_have_text("1 · 1")
    assert unspoken(page) == []
    visitor.look("spanish-cue-sheet")
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) == 1
    page.get_by_role("link", name="Volver al baile").click()
    visitor.finished()
    assert visitor.complaints == []
    visitor.context.close()


def test_a_failed_dance_says_in_spanish_why_and_what_to_do(browser: Browser, address: str) -> None:
    visitor = Visitor.arrive(browser, address, PHONE, "es-ES")
    page = visitor.go()
    page.get_by_text("Describir un baile").click()
    page.get_by_role("textbox").fill(
        "una bachata para principiantes sin basic step, sin side step y sin box step"
    )
    page.get_by_role("button", name="Crear el vídeo").click()
    expect(page.get_by_role("heading", name="No se pudo crear")).to_be_visible()
    expect(page.locator("#message [lang=es]")).to_contain_text("no queda ningún paso")
    assert unspoken(page) == []
    visitor.look("spanish-failed-phone")
    page.locator(".languages button[lang=en]").click()
    expect(page.locator("#message [lang=en]")).to_contain_text("No move is left")
    assert visitor.complaints == []
    visitor.context.close()

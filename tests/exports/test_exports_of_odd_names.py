"""Names of every kind in captions, cue sheets and editor timelines: text, and nothing but text."""

import json
import re
from html.parser import HTMLParser

import opentimelineio as otio
import pytest
from samples import a_document
from words import CONTROLS, WORDS

from choreo import exports
from choreo.blueprint import Blueprint
from choreo.errors import InvalidBlueprint

LINES = (*CONTROLS, "\u2028", "\u2029")

CUE_TIMES = re.compile(r"^\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}$")


def named(name: str) -> Blueprint:
    """A plan of three moves whose names, ids, reasons and song's title are what is said."""
    document = a_document(durations=(4.0, 3.5, 4.5))
    for move in document["moves"]:
        move |= {"move_name": name[:200], "why": name[:500], "clip_id": name[:200], "counts": 8}
    document["generation_parameters"] = {"song": {"title": name}}
    return Blueprint.from_document(document)


def shown(text: str) -> str:
    """What stands in one line for `text`."""
    return " ".join("".join(" " if char in LINES else char for char in text).split())


class Page(HTMLParser):
    """The elements of a page, and the text of its cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.cells: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


@pytest.mark.parametrize("kind", WORDS)
def test_captions_have_a_cue_for_each_move_and_no_other(kind: str) -> None:
    plan = named(WORDS[kind])
    text = exports.captions(plan)
    head, *cues = text.removesuffix("\n").split("\n\n")
    assert head == "WEBVTT"
    assert len(cues) == len(plan.moves)
    title = shown(plan.moves[0].move_name)
    for number, cue in enumerate(cues, 1):
        index, times, name, notes = cue.split("\n")
        assert (index, bool(CUE_TIMES.match(times))) == (str(number), True)
        assert not {"<", ">"} & set(name + notes)
        assert "-->" not in name + notes
        plain = name.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        assert plain == title
    assert not set(LINES) & set(text.replace("\n", ""))


@pytest.mark.parametrize("kind", WORDS)
def test_a_printed_cue_sheet_has_its_own_elements_only(kind: str) -> None:
    plan = named(WORDS[kind])
    plain = named("Basic")
    found, usual = Page(exports.cue_sheet_page(plan)), Page(exports.cue_sheet_page(plain))
    assert (found.tags, found.attributes) == (usual.tags, usual.attributes)
    assert len(found.cells) == len(usual.cells)
    assert found.cells[3].strip() == shown(plan.moves[0].move_name)
    assert found.cells[4].strip() == shown(plan.moves[0].why)


@pytest.mark.parametrize("kind", WORDS)
def test_a_cue_sheet_has_a_line_for_each_move_and_gives_a_terminal_no_orders(kind: str) -> None:
    plan = named(WORDS[kind])
    text = exports.cue_sheet(plan)
    assert len(text.splitlines()) == len(exports.cue_sheet(named("Basic")).splitlines())
    assert not set(LINES) & set(text.replace("\n", ""))
    assert shown(plan.moves[0].why) in text


@pytest.mark.parametrize("kind", WORDS)
def test_a_timeline_gives_names_back_as_they_are(kind: str) -> None:
    plan = named(WORDS[kind])
    text = exports.timeline(plan)
    text.encode()
    first = json.loads(text)["tracks"]["children"][0]["children"][0]
    assert first["name"] == plan.moves[0].move_name
    assert first["metadata"]["choreo"]["why"] == plan.moves[0].why
    timeline = otio.adapters.read_from_string(text, "otio_json")
    assert len(list(timeline.video_tracks()[0].find_clips())) == len(plan.moves)


@pytest.mark.parametrize("half", ["\ud83d", "bachata \udc83"])
def test_half_a_character_never_comes_into_a_plan(half: str) -> None:
    with pytest.raises(InvalidBlueprint):
        named(half)
    with pytest.raises(InvalidBlueprint):
        Blueprint.from_json(json.dumps(a_document() | {"generation_timestamp": half}))

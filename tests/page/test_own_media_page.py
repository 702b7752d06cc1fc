"""Own media, from the page into the library and into a class plan, through the stack."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import eventually
from playwright.sync_api import Browser, Page, expect
from visitor import PHONE, Visitor

from local_emulators.demo_library.synthesiser import Part
from local_emulators.small_media import MOVES, TEMPO, write_moves, write_song
from local_emulators.stack import LocalStack

# One browser goes through the whole of it: each test finds what the one before has left.

UNTRANSLATED = re.compile(r"\b(media|mend|edit|library|class|hold|problem)\.[a-z_-]+\b")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    write_song(folder / "songs", "Patio", [Part("verse", 3), Part("chorus", 2, "majao")])
    write_moves(folder / "moves", MOVES[:4])
    (folder / "moves" / "manifest.csv").unlink()  # what was told there is said on the page here
    (folder / "fake.mp3").write_text("This is a shopping list.")
    (folder / "notes.txt").write_text("This is no media at all.")
    return folder


@pytest.fixture(scope="module")
def teacher(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """Somebody at the page of a stack whose library is empty."""
    folder = tmp_path_factory.mktemp("stack")
    with (folder / "log").open("w") as log, LocalStack(folder / "library", 0, log) as stack:
        visitor = Visitor.arrive(browser, stack.addresses.page.rstrip("/"))
        yield visitor
        visitor.context.close()


@pytest.fixture(scope="module")
def fed(teacher: Visitor, sources: Path) -> Visitor:
    """The teacher, after a song, a false song and a folder of clips were taken in."""
    page = teacher.go("#/library")
    expect(page.locator(".notice")).to_contain_text("no moves yet")
    page.get_by_role("link", name="Add songs and clips").click()
    expect(page.locator("#files")).to_contain_text("No file has been added")
    teacher.look("media-empty")
    page.locator("#choose").set_input_files(
        [sources / "songs" / "patio.m4a", sources / "fake.mp3", sources / "notes.txt"]
    )
    page.locator("#choose-folder").set_input_files(sources / "moves")
    expect(row(page, "notes.txt")).to_contain_text("neither a song nor a clip")
    expect(page.locator("#files li.made")).to_have_count(5)
    expect(page.locator("#media-status")).to_contain_text("5 files are in the library")
    expect(page.locator("#media-songs")).to_contain_text("Patio")
    return teacher


def row(page: Page, name: str) -> Any:
    return page.locator("#files li").filter(has_text=name)


def answer(visitor: Visitor, path: str) -> Any:
    return visitor.page.request.get(f"{visitor.address}{path}").json()


def test_files_are_taken_in_and_refused_one_by_one(fed: Visitor) -> None:
    page = fed.page
    expect(row(page, "fake.mp3")).to_contain_text("refused")
    expect(row(page, "fake.mp3").locator(".why")).to_contain_text("Cannot be read as sound")
    expect(row(page, "basic_step/basic_step_1.mp4")).to_contain_text("taken in")
    fed.look("media-done")
    page.reload()
    expect(page.locator("#files li.made")).to_have_count(5)


def test_a_file_can_be_dropped_and_the_same_one_is_not_taken_twice(
    fed: Visitor, sources: Path
) -> None:
    page = fed.go("#/media")
    expect(page.locator("#files li.made")).to_have_count(5)
    sound = b64encode((sources / "songs" / "patio.m4a").read_bytes()).decode()
    dropped = page.evaluate_handle(
        """(sound) => {
          const bytes = Uint8Array.from(atob(sound), (letter) => letter.charCodeAt(0));
          const files = new DataTransfer();
          files.items.add(new File([bytes], "zz another name.m4a"));
          return files;
        }""",
        sound,
    )
    page.locator(".drop").dispatch_event("drop", {"dataTransfer": dropped})
    expect(row(page, "zz another name.m4a")).to_contain_text(
        "the same file as patio.m4a", ignore_case=True
    )
    assert len(answer(fed, "/api/songs")["songs"]) == 1


def test_a_file_that_is_too_large_is_not_even_sent(fed: Visitor) -> None:
    page = fed.go("#/media")
    page.reload()
    expect(page.locator("#files li").first).to_be_visible()
    large = page.evaluate_handle(
        """() => {
          const file = new File(["x"], "film.mp4");
          Object.defineProperty(file, "size", { value: 5 * 2 ** 30 });
          const transfer = { files: [file], items: [], types: ["Files"] };
          const event = new Event("drop", { bubbles: true });
          Object.defineProperty(event, "dataTransfer", { value: transfer });
          document.querySelector(".drop").dispatchEvent(event);
        }"""
    )
    large.dispose()
    expect(row(page, "film.mp4")).to_contain_text("larger than 2048 MiB")


def test_the_one_is_mended_by_tapping_along_and_taken_back(fed: Visitor) -> None:
    page = fed.go("#/media")
    page.locator("#media-songs").get_by_role("link", name="Mend the 1 of Patio").click()
    expect(page.get_by_role("heading", name="Where is the 1?")).to_be_focused()
    heard = answer(fed, "/api/songs/patio/counts")
    page.wait_for_function("() => document.querySelector('audio').readyState >= 1")
    page.locator("#mend-save").click()
    expect(page.get_by_role("alert")).to_contain_text("at least two 1s")
    # Three taps, each on a 3, by the space bar; one of them twice.
    beat = 60 / TEMPO
    page.get_by_role("heading", name="Where is the 1?").focus()
    for number, one in enumerate((*heard["eight_counts"][:3], heard["eight_counts"][2]), 1):
        page.evaluate(
            """(second) => new Promise((resolve) => {
              const song = document.querySelector("audio");
              song.addEventListener("seeked", resolve, { once: true });
              song.currentTime = second;
            })""",
            one + 2 * beat,
        )
        page.keyboard.press("Space")
        expect(page.locator("#mend-taps")).to_contain_text(str(min(number, 3)))
    expect(page.locator("#view .counts .on")).to_have_text("3")
    fed.look("mend")
    page.locator("#mend-save").click()
    expect(page.locator("#mend-status")).to_contain_text("Kept.")
    mended = answer(fed, "/api/songs/patio/counts")
    assert mended["eight_counts"][0] == pytest.approx(heard["eight_counts"][0] + 2 * beat, abs=0.1)
    assert mended["corrected_by_person"]
    expect(page.locator("#mend-who")).to_contain_text("set by a person")
    expect(page.locator("#view .counts .on")).to_have_text("1")

    page.get_by_role("button", name="1 count later").click()
    expect(page.locator("#mend-undo")).to_be_enabled()
    counts = "/api/songs/patio/counts"
    eventually(lambda: answer(fed, counts)["version"] != mended["version"])
    for _ in range(2):
        expect(page.locator("#mend-undo")).to_be_enabled()
        page.locator("#mend-undo").click()
    expect(page.locator("#mend-undo")).to_be_disabled()
    expect(page.locator("#mend-who")).to_contain_text("Heard by the analysis")
    assert answer(fed, "/api/songs/patio/counts") == heard


def test_two_tabs_do_not_correct_over_each_other(fed: Visitor) -> None:
    page = fed.go("#/media/song/patio")
    expect(page.get_by_role("button", name="1 count earlier")).to_be_enabled()
    other = page.request.post(f"{fed.address}/api/songs/patio/counts", data={"shift": 4})
    assert other.ok
    page.get_by_role("button", name="1 count earlier").click()
    expect(page.get_by_role("alert")).to_contain_text("changed meanwhile")
    expect(page.locator("#mend-who")).to_contain_text("set by a person")
    page.locator("#mend-heard").click()
    expect(page.locator("#mend-who")).to_contain_text("Heard by the analysis")
    fed.complaints[:] = [said for said in fed.complaints if "409" not in said]


def test_what_a_person_says_about_a_clip_is_kept(fed: Visitor) -> None:
    page = fed.go("#/media/move/basic_step_1")
    expect(page.locator("#edit")).to_be_visible()
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    page.locator("#edit-save").click()
    expect(page.locator("#edit-status")).to_have_text("Nothing was changed.")
    page.get_by_label("Name").fill("  ")
    page.locator("#edit-save").click()
    expect(page.get_by_role("alert")).to_contain_text("visible characters")
    page.get_by_label("Name").fill("Básico de la casa")
    page.get_by_text("Advanced", exact=True).click()
    page.get_by_label("Hold at the end").select_option("shadow")
    page.get_by_role("button", name="Español").click()  # nothing typed is lost
    expect(page.get_by_label("Nombre")).to_have_value("Básico de la casa")
    page.get_by_role("button", name="English").click()
    fed.look("edit")
    page.locator("#edit-save").click()
    expect(page.locator("#edit-status")).to_contain_text("Saved")
    expect(page.get_by_role("heading", name="Básico de la casa")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("Básico de la casa")
    expect(page.get_by_role("radio", name="Advanced")).to_be_checked()
    [move] = answer(fed, "/api/library/moves?id=basic_step_1")["moves"]
    assert move["exit_hold"] == "shadow"
    assert set(move["edited"]) == {"name", "difficulty", "exit_hold"}
    fed.complaints[:] = [said for said in fed.complaints if "422" not in said]


def test_the_library_shows_what_it_has_and_where_it_gets_stuck(fed: Visitor) -> None:
    page = fed.go("#/library")
    expect(page.locator("#library-facts")).to_contain_text("4 moves")
    expect(page.locator("#ends")).to_contain_text("Nothing may follow")
    expect(page.locator("#ends")).to_contain_text("Básico de la casa")
    expect(page.locator("#refused")).to_contain_text("fake.mp3")
    expect(page.locator("#library-moves .move")).to_have_count(4)
    cells = page.locator(".heat td a")
    shown = [int(cell.inner_text()) for cell in cells.all()]
    assert sum(shown) == 4
    fed.look("library")
    cells.first.click()
    expect(page.locator("#library-moves .move")).to_have_count(shown[0])
    expect(page.locator("#moves h2")).to_be_focused()


def test_a_class_plan_is_made_kept_and_printed(fed: Visitor) -> None:
    page = fed.page
    dances = []
    for seed in (1, 2):
        reply = page.request.post(
            f"{fed.address}/api/choreography/generate-from-song",
            data={"song_id": "patio", "seed": seed},
        )
        dances.append(reply.json()["task_id"])
        fed.go(f"#/task/{dances[-1]}")  # to have been there is enough to find it again
        expect(page.locator("#watch-title, .task h1").first).to_be_visible()
    # The song is in use meanwhile; what is under way keeps the count that it was planned with.
    for said in ({"shift": 1}, {"heard": True}):
        assert page.request.post(f"{fed.address}/api/songs/patio/counts", data=said).ok
    ended = [f"/api/choreography/tasks/{dance}" for dance in dances]
    eventually(lambda: all(answer(fed, task)["status"] == "completed" for task in ended))
    fed.go("#/class")
    page.locator("#class-new").click()
    page.get_by_label("Name of the class").fill("Tuesday <b>beginners</b>")
    page.get_by_label("Warm-up", exact=True).fill("Steps on the spot\nIsolations")
    for _ in dances:
        page.locator("#class-shelf button").first.click()
    expect(page.locator("#class-dances > li")).to_have_count(2)
    page.get_by_label("Minutes for Patio").nth(1).fill("20")
    page.get_by_label("Notes for Patio").nth(1).fill("The tap is on 4.")
    page.get_by_role("button", name="Earlier: Patio").nth(1).press("Enter")
    expect(page.locator("#class-status")).to_have_text("Patio is now number 1.")
    expect(page.locator("#class-dances > li").first.get_by_label("Notes")).to_have_value(
        "The tap is on 4."
    )
    expect(page.get_by_text("45 minutes in all")).to_be_visible()
    expect(page.get_by_role("heading", name="Tuesday <b>beginners</b>")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Minutes for Patio").first).to_have_value("20")
    plan = answer(fed, f"/api/choreography/tasks/{dances[0]}/blueprint")
    expect(page.locator(".sheet")).to_have_count(2)
    # The newest dance was added first and put behind the older one.
    expect(page.locator(".sheet").first.locator("tbody tr")).to_have_count(len(plan["moves"]))
    fed.look("class")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation").first).to_be_hidden()
    expect(page.get_by_text("Steps on the spot").last).to_be_visible()
    expect(page.locator("#class-print")).to_be_hidden()
    fed.look("class-on-paper")
    page.emulate_media(media="screen")

    page.get_by_role("link", name="All plans").click()
    page.get_by_role("link", name="Tuesday").click()
    page.get_by_role("button", name="Delete this plan").click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Delete this plan").click()
    page.locator("dialog").get_by_role("button", name="Delete this plan").click()
    expect(page.get_by_text("There is no plan yet.")).to_be_visible()


@pytest.mark.parametrize(
    "place", ["media", "media/song/patio", "media/move/box_step_1", "library", "class"]
)
def test_every_view_is_there_in_spanish_and_on_a_phone(
    fed: Visitor, browser: Browser, place: str
) -> None:
    visitor = Visitor.arrive(browser, fed.address, PHONE, "es-ES")
    try:
        page = visitor.go(f"#/{place}")
        page.emulate_media(color_scheme="dark")
        expect(page.locator("#view h1")).to_be_visible()
        expect(
            page.locator("#files li, #mend-who, #edit, #refused, #class-new").first
        ).to_be_visible()
        assert not UNTRANSLATED.findall(page.locator("main").inner_text())
        assert page.locator("#view [lang=en]").all_inner_texts() == []
        visitor.look(f"phone-{place.replace('/', '-')}")
        assert visitor.complaints == []
    finally:
        visitor.context.close()


def test_what_is_not_there_is_said_not_to_be(fed: Visitor) -> None:
    page = fed.page
    for place, words in (
        ("media/song/nadie", "no song"),
        ("media/move/nadie", "no such clip"),
        ("class/nada", "no such plan"),
    ):
        fed.go(f"#/{place}")
        expect(page.locator("#alert:not(:empty), .notice").first).to_contain_text(words)
    fed.complaints[:] = [said for said in fed.complaints if "404" not in said]


def test_what_this_browser_kept_may_be_nonsense(fed: Visitor) -> None:
    page = fed.go("#/class")
    for kept in ("{", "3", "null", json.dumps([1, {"a": 2}, {"id": "x", "items": 7}])):
        page.evaluate("(text) => localStorage.setItem('choreo-dances', text)", kept)
        page.evaluate("(text) => localStorage.setItem('choreo-classes', text)", kept)
        page.reload()
        expect(page.get_by_role("heading", name="Class plans")).to_be_visible()
    page.evaluate("localStorage.clear()")


def test_nobody_complained(fed: Visitor) -> None:
    assert fed.complaints == []

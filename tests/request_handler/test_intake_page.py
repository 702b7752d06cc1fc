"""The page, as a person with a browser meets it."""

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote, unquote

import av
import pytest
from intake_world import World, a_blueprint, a_song
from machine import BUCKET, PATIENCE_SECONDS
from playwright.sync_api import (
    Browser,
    Page,
    Response,
    ViewportSize,
    expect,
)
from werkzeug.serving import make_server

from choreo.gcp.object_store import BucketStore
from choreo.task import Phase, Rendered, Reroll

PHONE: ViewportSize = {"width": 360, "height": 740}


@dataclass
class Visit:
    """A browser's tab at the page, and what it complained about."""

    page: Page
    address: str
    complaints: list[str]


@pytest.fixture
def visit(world: World, browser: Browser) -> Iterator[Visit]:
    server = make_server("127.0.0.1", 0, world.client.application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE_SECONDS)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield Visit(page, f"http://127.0.0.1:{server.server_port}/", complaints)
    context.close()
    server.shutdown()
    server.server_close()


def write_video(file: Path, seconds: int) -> None:
    """Write a video of as many seconds; a player can seek to each of its frames."""
    file.parent.mkdir(exist_ok=True)
    with av.open(str(file), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=30, options={"g": "15"})
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        frame = av.VideoFrame(64, 36, "yuv420p")
        for index in range(seconds * 30):
            frame.pts, frame.time_base = index, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_a_song_leads_to_a_video_with_its_counts(world: World, visit: Visit) -> None:
    page = visit.page
    page.goto(visit.address)
    expect(page.get_by_role("radio", name="Amor de prueba")).to_be_checked()
    page.get_by_text("Beginner", exact=True).click()
    page.get_by_role("button", name="Make the video").dblclick()
    expect(page.get_by_role("heading", name="Your dance is on its way")).to_be_visible()
    task_id = page.url.split("#/task/")[1]
    assert world.queue.published == [task_id]
    assert world.tasks.get(task_id).request.difficulty == "beginner"

    write_video(world.media / "outputs" / f"{task_id}.mp4", 8)  # before the page may ask for it
    world.complete(task_id)
    expect(page.locator("#player")).to_be_visible()
    expect(page.locator("#moves li")).to_have_count(2)
    expect(page.locator("#quality")).to_have_text("All on the 1.")
    video = page.locator("#video")
    lit = page.locator("#counts .on")
    for second, count, move in ((0.2, "1", "Básico"), (1.7, "·", "Básico"), (6.2, "5", "Turn")):
        video.evaluate("(video, second) => { video.currentTime = second }", second)
        expect(lit).to_have_text(count)
        expect(page.locator("#move-now")).to_contain_text(move)
    page.locator("#moves button").nth(1).click()
    expect(page.locator("#moves [aria-current]")).to_contain_text("Turn <right>")
    assert visit.complaints == []


def test_a_sentence_can_be_sent_by_keyboard_alone(world: World, visit: Visit) -> None:
    page = visit.page
    page.goto(visit.address)
    page.get_by_role("radio", name="Pick a song").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type("una bachata tranquila")
    button = page.get_by_role("button", name="Make the video")
    while not button.evaluate("button => button === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/#/task/*")
    task = world.tasks.get(page.url.split("#/task/")[1])
    assert task.request.query == "una bachata tranquila"


def test_nothing_typed_is_lost_when_a_request_is_refused(world: World, visit: Visit) -> None:
    page = visit.page
    page.goto(visit.address)
    page.get_by_text("Describe a dance", exact=True).click()
    page.get_by_role("button", name="Make the video").click()
    expect(page.get_by_role("alert")).to_contain_text("Describe the dance in a sentence")
    said = "x" * 2001
    page.get_by_label("Your dance, in your own words").fill(said)
    page.get_by_role("button", name="Make the video").click()
    expect(page.get_by_role("alert")).to_contain_text("at most 2000 characters")
    assert page.get_by_label("Your dance, in your own words").input_value() == said


def test_a_dance_can_be_cancelled_left_and_come_back_to(world: World, visit: Visit) -> None:
    page, task_id = visit.page, world.task_id()
    world.plan(task_id)
    page.goto(f"{visit.address}#/task/{task_id}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    assert world.tasks.get(task_id).status == "cancelled"
    page.reload()
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    page.get_by_role("link", name="New dance").click()
    expect(page.get_by_role("heading", name="What shall we dance?")).to_be_visible()


def test_a_failure_is_told_in_a_sentence(world: World, visit: Visit) -> None:
    task_id = world.task_id()
    world.tasks.fail_unclaimed(task_id, "The library has no <moves>.")
    visit.page.goto(f"{visit.address}#/task/{task_id}")
    expect(visit.page.get_by_role("heading", name="could not be made")).to_be_visible()
    expect(visit.page.get_by_role("status")).to_contain_text("The library has no <moves>.")


def test_a_video_that_is_no_longer_kept_can_be_made_again(world: World, visit: Visit) -> None:
    page, task_id = visit.page, world.task_id()
    output = {"output_path": f"outputs/{task_id}.mp4", "mirror": True}
    world.complete(task_id, output_config=output)
    (world.media / "outputs" / f"{task_id}.mp4").unlink()
    page.goto(f"{visit.address}#/task/{task_id}")
    expect(page.get_by_role("status").first).to_contain_text("no longer kept")
    expect(page.locator("#moves .card")).to_have_count(2)
    expect(page.locator("#player")).to_be_hidden()
    expect(page.locator("#download, progress:visible")).to_have_count(0)
    expect(page.get_by_role("link", name="Captions")).to_be_visible()
    page.get_by_role("button", name="Make the video again").dblclick()
    page.wait_for_url(lambda url: task_id not in url)
    again = world.tasks.get(page.url.split("#/task/")[1]).request.variant
    assert again is not None
    assert (again.task_id, again.mirror) == (task_id, True)
    assert visit.complaints == []


def test_a_video_that_is_removed_while_the_page_is_open_is_said_to_be(
    world: World, visit: Visit
) -> None:
    page, task_id = visit.page, world.task_id()
    video = world.media / "outputs" / f"{task_id}.mp4"
    write_video(video, 2)
    world.complete(task_id)
    page.goto(f"{visit.address}#/task/{task_id}")
    expect(page.locator("#download")).to_be_visible()
    video.unlink()
    page.evaluate("document.querySelector('video').src += '?again'")  # what was read is cached
    expect(page.get_by_role("button", name="Make the video again")).to_be_visible()
    expect(page.locator("#download, #player:visible")).to_have_count(0)


@pytest.mark.parametrize("bucket", [False, True])
def test_a_dance_is_saved_under_the_name_of_its_song(
    world: World,
    visit: Visit,
    bucket: bool,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a local stack, and from a bucket: it plays there without leave of another policy."""
    if bucket:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", request.getfixturevalue("bucket_server"))
        monkeypatch.setenv("USE_GCS", "true")
        monkeypatch.setenv("GCS_BUCKET_NAME", BUCKET)
        sound = "songs/amor/audio.wav"
        BucketStore(BUCKET).publish(world.media / sound, sound)
    page, task_id = visit.page, world.task_id()
    output = {"output_path": f"outputs/{task_id}.mp4", "mirror": True, "speed": 0.5}
    video = world.media / "outputs" / f"{task_id}.mp4"
    write_video(video, 2)
    world.complete(task_id, output_config=output)
    if bucket:
        BucketStore(BUCKET).publish(video, f"outputs/{task_id}.mp4")
    page.goto(f"{visit.address}#/task/{task_id}")
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    places = page.evaluate("[location.origin, new URL(document.querySelector('video').src).origin]")
    assert (places[0] != places[1]) == bucket
    for link, suffix in (("Captions", ".vtt"), ("Editor", ".otio"), ("Download", ".mp4")):
        name = f"Amor de prueba - mirrored - 50 %{suffix}"
        if bucket and suffix == ".mp4":  # the emulated one plays it; what it is asked counts
            with page.expect_request(lambda asked: asked.url.startswith(places[1])) as asking:
                page.get_by_role("link", name=link).click()
            assert f"attachment; filename*=UTF-8''{quote(name)}" in unquote(asking.value.url)
        else:
            with page.expect_download() as saving:
                page.get_by_role("link", name=link).click()
            assert saving.value.suggested_filename == name
            assert saving.value.path().stat().st_size
    assert visit.complaints == []


def test_a_dance_that_does_not_exist_is_said_not_to(visit: Visit) -> None:
    visit.page.goto(f"{visit.address}#/task/nonsense")
    expect(visit.page.get_by_role("heading", name="There is no such dance")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_can_be_read(world: World, visit: Visit, scheme: str) -> None:
    page = visit.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(visit.address)
    expect(page.locator("#songs li")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    ratios = page.evaluate(CONTRASTS)
    assert ratios
    assert min(ratios.values()) >= 4.5, ratios


CONTRASTS = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const shine = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => {
      const s = v / 255;
      return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = {};
  for (const node of document.querySelectorAll("main *, header *")) {
    const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
    if (!own || !node.offsetParent) continue;
    const [a, b] = [shine(parse(getComputedStyle(node).color)), shine(behind(node))];
    found[node.textContent.trim().slice(0, 40)] = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  return found;
}"""
"""WCAG contrast of every visible text with the colour behind it."""


def test_a_token_is_asked_for_once_and_kept_for_the_tab(
    world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "token-of-the-page-0123"
    monkeypatch.setenv("API_TOKEN", f"page:{token}")
    page = visit.page
    page.goto(visit.address)
    box = page.get_by_role("dialog", name="Who is dancing?")
    for said in ("wrong-token", token):
        expect(box).to_be_visible()
        box.get_by_label("Token").fill(said)
        box.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("radio", name="Amor de prueba")).to_be_checked()
    expect(box).to_be_hidden()
    page.get_by_role("button", name="Make the video").click()
    expect(page.get_by_role("heading", name="Your dance is on its way")).to_be_visible()
    task_id = page.url.split("#/task/")[1]
    assert world.tasks.get(task_id).owner == "page"
    world.complete(task_id)
    sheet = page.get_by_role("link", name="Cue sheet")
    expect(sheet).to_be_visible()
    assert page.request.get(visit.address + (sheet.get_attribute("href") or "")[1:]).ok
    assert "401" in "".join(visit.complaints)
    page.reload()
    expect(sheet).to_be_visible()
    expect(box).to_be_hidden()
    assert token not in page.evaluate("JSON.stringify(localStorage)")


def test_another_s_dance_is_as_if_it_were_not_there(
    world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, beni = "anna-token-0123456789", "beni-token-0123456789"
    monkeypatch.setenv("API_TOKEN", f"anna:{anna}\nbeni:{beni}")
    asked = world.client.post(
        "/api/choreography/generate-from-song",
        json={"song_id": "amor"},
        headers={"Authorization": f"Bearer {anna}"},
    )
    task_id = asked.get_json()["task_id"]
    page = visit.page
    page.add_init_script(f"sessionStorage.setItem('choreo-token', '{beni}')")
    page.goto(f"{visit.address}#/task/{task_id}")
    expect(page.get_by_role("heading", name="There is no such dance")).to_be_visible()
    expect(page.locator("#view")).to_contain_text("may belong to somebody else")
    expect(page.get_by_role("link", name="New dance")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()


# Waiting and changing


def test_the_small_video_gives_way_to_the_whole_one_at_the_same_second(
    world: World, visit: Visit
) -> None:
    page, task_id = visit.page, world.task_id()
    claim = world.plan(task_id)
    page.goto(f"{visit.address}#/task/{task_id}")
    expect(page.get_by_role("heading", name="Your dance is on its way")).to_be_visible()
    world.tasks.note_started(claim, "run-1")
    rendering = world.tasks.claim(task_id, Phase.RENDER)
    assert rendering is not None
    expect(page.locator("#moves .card")).to_have_count(2)
    expect(page.locator("#moves .jump").first).to_be_disabled()
    small = world.media / "outputs" / f"{task_id}.preview.mp4"
    write_video(small, 8)
    expect(page.locator("#player[data-kind=preview]")).to_be_visible()
    page.locator("#moves .jump").nth(1).click()
    page.evaluate("document.querySelector('video').pause()")
    expect(page.locator("#move-now")).to_contain_text("Turn")
    shutil.copy(small, world.media / "outputs" / f"{task_id}.mp4")
    done = Rendered(video_path=f"outputs/{task_id}.mp4", duration=8.0, file_size=9, quality={})
    world.tasks.complete(rendering, done)
    expect(page.locator("#player[data-kind=whole]")).to_be_visible()
    page.wait_for_function("() => document.querySelector('video').currentTime >= 4")
    expect(page.locator("#move-now")).to_contain_text("Turn")
    assert visit.complaints == []


def test_wishes_hold_for_what_is_marked_and_spare_what_is_kept(world: World, visit: Visit) -> None:
    page, task_id = visit.page, world.task_id()
    dip = a_blueprint(task_id).model_dump(mode="json", exclude_none=True)["moves"]
    dip[1]["clip_id"] = "dip"
    world.complete(task_id, difficulty_level="advanced", moves=dip)

    def asked(name: str) -> Reroll:
        page.goto(f"{visit.address}#/task/{task_id}")
        expect(page.locator("#change")).to_be_visible()
        page.get_by_role("button", name=name, exact=True).click()
        page.wait_for_url(lambda url: "/task/" in url and task_id not in url)
        wish = world.tasks.get(page.url.split("#/task/")[1]).request.reroll
        assert wish is not None
        return wish

    easier = asked("Easier")
    assert (easier.slots, easier.difficulty) == ((0, 1), "intermediate")
    page.goto(f"{visit.address}#/task/{task_id}")
    page.get_by_role("button", name="Keep 1. Básico").click()
    fuller = asked("More energy here")
    assert (fuller.slots, fuller.lock, fuller.energy_level) == ((1,), (0,), "high")
    page.goto(f"{visit.address}#/task/{task_id}")
    page.get_by_text("Leave out a family").click()
    page.get_by_role("button", name="No basic").click()
    page.wait_for_url(lambda url: task_id not in url)
    without = world.tasks.get(page.url.split("#/task/")[1]).request.reroll
    assert without is not None
    assert (without.slots, without.avoid, without.lock) == ((1,), ("basic",), (0,))
    page.get_by_role("link", name="Back to the version before").click()
    expect(page.locator("#change")).to_be_visible()
    expect(page.locator(".versions li")).to_have_count(4)
    page.get_by_role("button", name="Keep 2.").click()
    page.get_by_role("button", name="Easier", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("are kept")


def test_the_cue_sheet_of_a_whole_song_is_one_sheet_of_paper(world: World, visit: Visit) -> None:
    task_id = world.task_id()
    [move, _] = a_blueprint(task_id).model_dump(mode="json", exclude_none=True)["moves"]
    moves = [{**move, "start_time": index * 4.0, "count_start": 0} for index in range(60)]
    world.plan(task_id, moves=moves, total_duration=240.0)
    visit.page.goto(f"{visit.address}api/choreography/tasks/{task_id}/cue-sheet")
    expect(visit.page.locator("tbody tr")).to_have_count(60)
    printed = visit.page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    assert visit.complaints == []


# What comes in crooked


def test_five_hundred_songs_are_found_by_a_few_letters(world: World, visit: Visit) -> None:
    sound = a_song().audio_path
    for number in range(499):
        song = a_song(f"song-{number}", title=f"Canción {number}", audio_path=sound)
        world.catalogue.save_song(song)
    page = visit.page
    page.goto(visit.address)
    expect(page.get_by_role("status").first).to_have_text("500 songs")
    expect(page.locator("#songs li")).to_have_count(24)
    page.get_by_role("button", name="Show more songs").click()
    expect(page.locator("#songs li")).to_have_count(48)
    page.get_by_role("searchbox").fill("cancion 49")  # as it is typed without accents
    expect(page.locator("#songs li")).to_have_count(10)  # 49, and 490 to 498
    page.get_by_text("Canción 497", exact=True).click()
    page.get_by_role("searchbox").fill("amor")
    expect(page.get_by_role("status").first).to_have_text("1 song")
    page.get_by_role("button", name="Make the video").click()
    page.wait_for_url("**/#/task/*")
    assert world.tasks.get(page.url.split("#/task/")[1]).request.song_id == "song-497"
    assert visit.complaints == []


def test_a_library_without_songs_says_how_to_add_some(world: World, visit: Visit) -> None:
    world.catalogue.remove_song("amor")
    page = visit.page
    page.goto(visit.address)
    expect(page.get_by_text("There are no songs yet")).to_be_visible()
    page.get_by_role("button", name="Make the video").click()
    expect(page.get_by_role("alert")).to_contain_text("Pick a song first")


def test_a_song_without_analysis_can_be_danced_to(world: World, visit: Visit) -> None:
    world.catalogue.save_song(a_song(analysis=None, peaks=()))
    page = visit.page
    page.goto(visit.address)
    expect(page.get_by_text("its counts are found at the first dance")).to_be_visible()
    page.get_by_role("button", name="Make the video").click()
    page.wait_for_url("**/#/task/*")


def test_a_lost_connection_loses_nothing(world: World, visit: Visit) -> None:
    page = visit.page
    page.goto(visit.address)
    page.get_by_text("Describe a dance", exact=True).click()
    said = "una bachata 你好 💃"
    page.get_by_role("textbox").fill(said)
    page.context.set_offline(True)
    page.get_by_role("button", name="Make the video").click()
    expect(page.get_by_role("alert")).to_contain_text("The connection was lost")
    expect(page.get_by_role("textbox")).to_have_value(said)
    page.context.set_offline(False)
    page.reload()
    expect(page.get_by_role("textbox")).to_have_value(said)
    page.get_by_role("button", name="Make the video").click()
    page.wait_for_url("**/#/task/*")
    task_id = page.url.split("#/task/")[1]
    assert world.tasks.get(task_id).request.query == said
    expect(page.get_by_role("heading", name="Your dance is on its way")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("trying again")).to_be_visible()
    world.complete(task_id)
    page.context.set_offline(False)
    expect(page.locator("#take")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_empty()


def test_a_dance_that_is_cancelled_in_one_tab_is_so_in_the_other(
    world: World, visit: Visit
) -> None:
    task_id = world.task_id()
    other = visit.page.context.new_page()
    for page in (visit.page, other):
        page.goto(f"{visit.address}#/task/{task_id}")
        expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    other.get_by_role("button", name="Cancel").click()
    for page in (visit.page, other):
        expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()


def test_a_link_that_has_ended_says_so_and_offers_a_next_step(
    world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = world.task_id()
    world.complete(task_id)
    made = world.client.post(f"/api/choreography/tasks/{task_id}/share", json={"days": 1})
    link = made.get_json()["page_url"].lstrip("/")
    visit.page.goto(visit.address + link)
    expect(visit.page.get_by_role("heading", name="Amor de prueba")).to_be_visible()
    monkeypatch.setattr("intake.access.Gate._good", lambda *_: True)
    ended = re.sub(r"(~\w+)\.\d+\.", r"\1.1000.", link)
    visit.page.goto("about:blank")
    visit.page.goto(visit.address + ended)
    expect(visit.page.get_by_role("heading", name="This link has ended")).to_be_visible()
    expect(visit.page.get_by_role("alert")).to_contain_text("can make a new one")
    expect(visit.page.get_by_role("link", name="New dance")).to_be_visible()


def test_the_page_is_read_in_the_language_that_is_chosen(world: World, visit: Visit) -> None:
    page = visit.page
    page.goto(visit.address)
    page.get_by_role("button", name="Español").click()
    expect(page.get_by_role("heading", name="¿Qué bailamos?")).to_be_visible()
    page.goto(f"{visit.address}#/task/{world.task_id()}")
    expect(page.get_by_role("heading", name="Tu baile está en camino")).to_be_visible()
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.get_by_role("button", name="Cancelar")).to_be_visible()
    assert visit.complaints == []


WORDS = """async () => {
  const files = ["shell_words", "make_words", "task_words", "library_words", "media_words",
    "classes_words"];
  const found = await Promise.all(files.map((file) => import(`/web/${file}.js`)));
  return found.map(({ words }) => words);
}"""


def test_all_words_are_there_in_both_languages(visit: Visit) -> None:
    visit.page.goto(visit.address)
    for words in visit.page.evaluate(WORDS):
        problems = {key for key in words["es"] if key.startswith("problem.")}  # English: its detail
        assert set(words["en"]) | problems == set(words["es"])
        for key, text in words["en"].items():
            holes = [set(re.findall(r"\{\w+\}", one)) for one in (text, words["es"][key])]
            assert holes[0] == holes[1], key


MOST_BYTES = 150_000


@pytest.mark.parametrize("place", ["", "#/task/{}", "#/library", "#/media", "#/class"])
def test_no_view_loads_more_than_a_phone_can_bear(world: World, visit: Visit, place: str) -> None:
    task_id = world.task_id()
    world.complete(task_id)
    sizes: dict[str, int] = {}

    def weigh(reply: Response) -> None:
        if reply.url.endswith((".js", ".css", ".html", "/")):
            sizes[reply.url] = len(reply.body())
        assert reply.url.startswith(visit.address), "nothing is loaded from elsewhere"

    visit.page.on("response", weigh)
    visit.page.goto(visit.address + place.format(task_id), wait_until="networkidle")
    expect(visit.page.locator("h1")).to_be_visible()
    assert 20_000 < sum(sizes.values()) < MOST_BYTES, sizes

"""A browser plays it: what is seen after a seek is what the plan shows there."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from barcodes import (
    BITS,
    HEIGHT,
    HIGH,
    LOW,
    WIDTH,
    conformed_clip,
    move,
    noise_song,
    plan,
    write_wav,
)
from playwright.sync_api import Browser

from rendering import render

SEEK = """async ([seconds, awaited]) => {
  const video = document.querySelector('video');
  await new Promise((done) => { video.onseeked = done; video.currentTime = seconds; });
  const canvas = document.createElement('canvas');
  canvas.width = %d; canvas.height = %d;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const shown = () => {
    pen.drawImage(video, 0, 0);
    let number = 0;
    for (let bit = 0; bit < %d; bit += 1) {
      const grey = pen.getImageData((bit + 0.5) * %d / %d, %d / 4, 1, 1).data[1];
      if (grey > %d) number += 2 ** bit;
    }
    return number;
  };
  const deadline = performance.now() + 10000;
  while (shown() !== awaited && performance.now() < deadline) {
    await new Promise((done) => setTimeout(done, 20));
  }
  return shown();
}""" % (WIDTH, HEIGHT, BITS, WIDTH, BITS, HEIGHT, (LOW + HIGH) // 2)  # noqa: UP031  # braces are JavaScript's
"""Seeks, and reads the number of the frame that the browser then shows. A busy browser says that
it has sought before it has painted, so the number is read until it is the awaited one; a wrong
frame stays wrong."""


PAGE = """<video preload="auto"></video><script>
fetch('video.mp4').then((answer) => answer.blob()).then((blob) => {
  document.querySelector('video').src = URL.createObjectURL(blob);
});
</script>"""
"""The server of these tests knows no ranges, without which a browser cannot seek."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_chromium_shows_the_planned_frames_around_joints(
    tmp_path: Path, address: str, browser: Browser
) -> None:
    media = {f"moves/c{n}.mp4": conformed_clip(tmp_path / f"c{n}.mp4", n, 150) for n in range(3)}
    media["songs/song.wav"] = write_wav(tmp_path / "song.wav", noise_song(8))
    moves = [
        move(f"c{n}", 2.1 * n, 2.1, trim_start=0.9, transition_type="crossfade") for n in range(3)
    ]
    render(
        plan(moves), media, tmp_path / "video.mp4",
        report=lambda _share, _text: None, cancelled=lambda: False,
    )  # fmt: skip
    (tmp_path / "page.html").write_text(PAGE)
    page = browser.new_page()
    page.goto(f"{address}/page.html")
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(6.3, abs=0.03)
    for frame in (0, 20, 57, 69, 80, 119, 133, 188):
        shot = frame // 63
        awaited = (shot << 11) + 27 + frame - 63 * shot
        assert page.evaluate(SEEK, [(frame + 0.5) / 30, awaited]) == awaited
    page.close()

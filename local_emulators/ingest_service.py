"""The librarian of the local stack: takes in what people drop on the page, one batch at a time,
and keeps what they say about it.

python -m local_emulators.ingest_service --port 8083 --library library

An ingest that is killed goes on at the next start: see `catalog.ingest`.
"""

import argparse
import json
import re
import signal
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import unquote

from catalog.summary import Outcome
from choreo.database.migrate import upgrade
from choreo.errors import ChoreoError, InvalidInput
from choreo.vocabulary import Difficulty, EnergyLevel, Hold, Style
from choreo_cli.library import last_refusals, open_stack
from local_emulators.inbox import KINDS, Inbox
from local_emulators.web_pages import REFUSAL, sent_by_a_page

MAX_BODY_BYTES = 1 << 20

KEYS_REMEMBERED = 256

WORDS: dict[str, Callable[[str], Any]] = {
    "name": str,
    "family": str,
    "difficulty": Difficulty,
    "energy_level": EnergyLevel,
    "style": Style,
    "entry_hold": Hold,
    "exit_hold": Hold,
}
"""What can be said about a move."""


class Librarian:
    """One library's inbox, taken in by one thread, and the words of people about it.

    Args:

        library: Folder of the library.

        workers: Processes of an ingest; a core is left to who is making a video meanwhile.
    """

    def __init__(self, library: Path, workers: int = 1) -> None:
        self._library = library
        self._workers = workers
        self.inbox = Inbox(library / "inbox")
        self._stack = open_stack(library)
        self._woken = threading.Event()
        self._doing = ""
        self._share = 0.0
        self._fault = ""
        self._said: OrderedDict[str, None] = OrderedDict()
        self._saying = threading.Lock()
        self._reporting = threading.Lock()
        self._report: tuple[str, dict[str, Any]] | None = None

    def start(self) -> None:
        """Begin with what waits from before."""
        upgrade(self._stack.engine)
        self.inbox.forget_the_gone()
        self._woken.set()
        threading.Thread(target=self._work, name="ingest", daemon=True).start()

    def wake(self) -> None:
        """Have what waits taken in."""
        self._woken.set()

    def state(self) -> dict[str, Any]:
        """Return what is being done, and every file of the inbox."""
        files = self.inbox.documents()
        return {
            "working": bool(self._doing) or self._woken.is_set(),
            "doing": self._doing,
            "progress": round(100 * self._share),
            "fault": self._fault,
            "files": files,
        }

    def report(self) -> dict[str, Any]:
        """Return what the library has and lacks; it is made anew when the library changes."""
        from catalog.coverage import coverage
        from choreo_cli.covering import document

        version = self._stack.catalogue.version()
        with self._reporting:
            if self._report is None or self._report[0] != version:
                found = coverage(self._stack.catalogue.embedded_moves())
                self._report = version, document(found, [], [])
            refused = [*self.inbox.refusals(), *last_refusals(self._library)]
            return {**self._report[1], "refused": refused}

    def correct_counts(self, song_id: str, said: Mapping[str, Any], key: str | None) -> None:
        """Store a correction of a song's count, once for each key."""
        from catalog.mending import corrected, save_counts

        with self._saying:
            if key is not None and key in self._said:
                return
            song = self._stack.catalogue.song(song_id)
            analysis = corrected(
                song,
                shift=int(said.get("shift") or 0),
                taps=[float(tap) for tap in said.get("taps") or ()],
                heard=bool(said.get("heard")),
            )
            save_counts(self._stack, song, analysis)
            if key is not None:
                self._said[key] = None
                while len(self._said) > KEYS_REMEMBERED:
                    self._said.popitem(last=False)

    def edit_move(self, move_id: str, said: Mapping[str, Any]) -> None:
        """Store what a person says about a move."""
        from catalog.mending import Edit, edit_move

        words = {name: WORDS[name](value) for name, value in said.items()}
        with self._saying:
            edit_move(self._stack, move_id, Edit(**words))

    def _work(self) -> None:
        while True:
            self._woken.wait()
            self._doing, self._share, self._fault = "reading", 0.0, ""
            self._woken.clear()
            try:
                for kind in KINDS:
                    self._take_in(kind)
            except Exception as exc:  # noqa: BLE001 - the service lives on; the page says what is wrong
                traceback.print_exc()
                self._fault = str(exc) if isinstance(exc, ChoreoError | OSError) else repr(exc)
            self._doing = ""

    def _take_in(self, kind: str) -> None:
        waiting = self.inbox.waiting(kind)
        if not waiting:
            return
        from catalog import pose_models
        from catalog.ingest import ingest

        folder = self.inbox.folder / kind
        models = pose_models.default_folder()
        ingest(
            folder if kind == "songs" else None,
            folder if kind == "moves" else None,
            None,
            self._stack,
            workers=self._workers,
            progress=self._note_progress,
            pose_models=models if pose_models.are_installed(models) else None,
            on_file=lambda outcome: self.inbox.note(kind, outcome),
        )
        # What an ingest passes over in silence would wait for ever.
        for name in set(waiting) & set(self.inbox.waiting(kind)):
            relative = name.removeprefix(f"{kind}/")
            self.inbox.note(kind, Outcome(relative, "refused", reason="cannot be taken in"))

    def _note_progress(self, what: str, share: float) -> None:
        self._doing, self._share = what, share


class LibrarianServer(ThreadingHTTPServer):
    """The HTTP side; it holds the librarian."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], librarian: Librarian) -> None:
        super().__init__(address, _Handler)
        self.librarian = librarian


_SONG = re.compile(r"^/songs/([^/]{1,300})/counts$")
_MOVE = re.compile(r"^/moves/([^/]{1,600})$")


class _Handler(BaseHTTPRequestHandler):
    server: LibrarianServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        librarian = self.server.librarian
        match self.path:
            case "/":
                self._answer(200, {"status": "ok"})
            case "/state":
                self._answer(200, librarian.state())
            case "/report":
                self._attempt(librarian.report)
            case _:
                self._answer(404, {"error": "there is nothing here"})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            self._answer(413, {"error": f"the body has {length} bytes"})
            return
        if sent_by_a_page(self.headers):
            self.close_connection = True
            self._answer(403, {"error": REFUSAL})
            return
        body = self.rfile.read(length)
        self._attempt(lambda: self._obey(body))

    def _obey(self, body: bytes) -> dict[str, Any]:
        librarian = self.server.librarian
        song, move = _SONG.match(self.path), _MOVE.match(self.path)
        told = json.loads(body or b"{}")
        if self.path == "/wake":
            librarian.wake()
        elif song:
            librarian.correct_counts(unquote(song[1]), told["said"], told["key"])
        elif move:
            librarian.edit_move(unquote(move[1]), told["said"])
        else:
            raise InvalidInput("there is nothing here")
        return {"status": "ok"}

    def _attempt(self, work: Any) -> None:
        try:
            self._answer(200, work())
        except InvalidInput as exc:
            self._answer(422, {"error": str(exc)})
        except Exception as exc:  # noqa: BLE001 - the caller is told that it did not work
            traceback.print_exc()
            self._answer(503, {"error": str(exc)})

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the page polls once a second."""

    def _answer(self, code: int, document: Mapping[str, Any]) -> None:
        data = json.dumps(document, ensure_ascii=False).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    """Serve until SIGTERM or SIGINT; the workers of an ingest end with this process."""
    parser = argparse.ArgumentParser(description="Take own media into a library.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--library", type=Path, required=True)
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    librarian = Librarian(options.library)
    server = LibrarianServer((options.host, options.port), librarian)
    librarian.start()
    server.serve_forever()


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()

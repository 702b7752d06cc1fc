"""The doors to the outside, named by what their callers need.

No port names a library; each adapter in `choreo.gcp` or `choreo.local` translates its
library's errors into those of `choreo.errors`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from choreo.media_path import MediaPath


class ObjectStore(Protocol):
    """Media by relative key: a bucket or a folder."""

    def fetch(self, path: MediaPath, to: Path) -> None:
        """Copy an object into the file `to`, which appears only when it is whole.

        Raises:

            MediaMissing: If nothing is stored under `path`.

            Unavailable: If the store does not answer.
        """

    def publish(self, file: Path, path: MediaPath) -> int:
        """Store a file once and return its size in bytes; readers never see a part of it.

        Raises:

            AlreadyPublished: If `path` is taken; the stored object is left as it is.

            Unavailable: If the store does not answer.
        """

    def size(self, path: MediaPath) -> int | None:
        """Return the size in bytes of the object, or None if there is none."""

    def remove(self, path: MediaPath) -> None:
        """Remove the object; nothing happens if there is none."""


class MediaLinks(Protocol):
    """Addresses at which a browser can play stored media."""

    @property
    def origin(self) -> str:
        """The origin that addresses lead to; empty where it is this service's own."""

    def link(self, path: MediaPath, download_name: str | None = None) -> str:
        """Return an address for `path`; in the cloud it expires, so make it anew each time."""


class PlanningQueue(Protocol):
    """Tells a planner that there is work; at least once, in any order."""

    def publish(self, task_id: str) -> None:
        """Return when the message is safely with the queue.

        Raises:

            Unavailable: If the queue did not take it.
        """


class RenderJobs(Protocol):
    """Starts render jobs."""

    def start(self, task_id: str, blueprint_json: str) -> str:
        """Start one execution and return its name, without waiting for its end.

        Raises:

            Unavailable: If nothing was started and trying again may help.

            StageFailed: If the job does not exist or must not be started.
        """


class Librarian(Protocol):
    """Takes own media in and keeps what people say about them; on a local stack only."""

    def wake(self) -> None:
        """Have what waits in the inbox taken in; return at once.

        Raises:

            Unavailable: If nobody listens. Nothing is lost: the inbox is read at the next start.
        """

    def state(self) -> Mapping[str, object]:
        """Return what is being taken in, and what became of each file of the inbox.

        Raises:

            Unavailable: If nobody listens.
        """

    def report(self) -> Mapping[str, object]:
        """Return what the library has and lacks.

        Raises:

            Unavailable: If nobody listens.
        """

    def correct_counts(self, song_id: str, said: Mapping[str, object], key: str | None) -> None:
        """Store a person's correction of a song's count.

        Args:

            song_id: A song of the library.

            said: `shift` in counts, `taps` in seconds, or `heard`; see `catalog.mending`.

            key: The same key is obeyed once.

        Raises:

            InvalidInput: If the correction makes no sense; the text says why.

            Unavailable: If nobody listens.
        """

    def edit_move(self, move_id: str, said: Mapping[str, object]) -> None:
        """Store what a person says about a move; see `catalog.mending.Edit`.

        Raises:

            InvalidInput: If there is no such move.

            Unavailable: If nobody listens.
        """


class LanguageModel(Protocol):
    """Answers in JSON. Its answers are opinions: callers validate every one."""

    def answer(
        self, instructions: str, data: Mapping[str, object], schema: Mapping[str, object]
    ) -> object:
        """Return a JSON value that should follow `schema`.

        Args:

            instructions: What to do; written by this product.

            data: What to do it with; it may quote strangers, and is passed apart from the
                instructions.

            schema: JSON Schema of the answer.

        Raises:

            Unavailable: On time-outs, quota, refusals and answers that are not JSON.
        """

"""What attempts left in a bucket that were killed after their task had been given up.

An object of a bucket appears whole or not at all, and the bucket's own lifecycle removes videos
after their days. This is about the time between.
"""

import logging
import time
from collections.abc import Callable

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud.storage import Client

from choreo.database.tasks import SqlTasks
from choreo.errors import ChoreoError
from choreo.gcp.faults import translated
from choreo.gcp.object_store import TIMEOUT
from choreo.outputs import OUTPUTS, task_of, why_abandoned

EVERY_SECONDS = 3600.0
"""Reading the names of a thousand outputs is one call of the dearer kind."""

_log = logging.getLogger(__name__)


class BucketHousekeeping:
    """Removes outputs of failed and cancelled tasks, and previews of completed ones.

    Args:

        bucket: The bucket's name.

        tasks: Tells what became of each output's task.

        clock: Seconds from any moment on.
    """

    def __init__(
        self, bucket: str, tasks: SqlTasks, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bucket = bucket
        self._tasks = tasks
        self._clock = clock
        self._tidied: float | None = None

    def tidy(self) -> None:
        """Remove what must not stay; more often than once an hour nothing is done.

        What goes wrong is only noted: the next hour comes.
        """
        now = self._clock()
        if self._tidied is not None and now - self._tidied < EVERY_SECONDS:
            return
        self._tidied = now
        try:
            with translated(
                "the outputs cannot be tidied",
                "give this service account roles/storage.objectUser below outputs/",
            ):
                self._remove_abandoned()
        except ChoreoError as exc:
            _log.warning("%s", exc)

    def _remove_abandoned(self) -> None:
        prefix = f"{OUTPUTS}/"
        listed = Client(project=None).list_blobs(
            self._bucket, prefix=prefix, fields="items(name,generation),nextPageToken"
        )
        for page in listed.pages:
            blobs = {blob.name.removeprefix(prefix): blob for blob in page}
            ended = self._tasks.ended(sorted({task_of(name) for name in blobs}))
            for name, blob in blobs.items():
                reason = why_abandoned(name, ended)
                if reason is None:
                    continue
                try:
                    blob.delete(if_generation_match=blob.generation, timeout=TIMEOUT)
                except (NotFound, PreconditionFailed):
                    continue  # somebody was faster
                _log.info("removed %s: %s", name, reason)

"""The parts that the handlers work with, each made at its first use."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

from choreo.database.callers import SqlCallers
from choreo.database.catalogue import SqlCatalogue
from choreo.database.tasks import SqlTasks
from choreo.media_path import MediaPath
from choreo.ports import Librarian, MediaLinks, ObjectStore, PlanningQueue
from choreo.settings import Settings
from choreo.tokens import TokenRing
from intake.access import Gate, Limits


class Parts(Protocol):
    """What an entrypoint's stack offers to this function."""

    settings: Settings
    tasks: SqlTasks
    catalogue: SqlCatalogue
    callers: SqlCallers

    def api_tokens(self) -> TokenRing | None:
        """Return the tokens of the API's callers, or None if it is open."""

    def object_store(self) -> ObjectStore:
        """Return the store of media."""

    def media_links(self) -> MediaLinks:
        """Return what makes addresses for stored media."""

    def planning_queue(self) -> PlanningQueue:
        """Return the queue to the planner."""

    def librarian(self) -> Librarian | None:
        """Return what takes own media in, or None where there is nobody."""


@runtime_checkable
class FileStore(Protocol):
    """A store whose objects are files of this machine: the local one."""

    def file_of(self, path: MediaPath) -> Path:
        """Return the file in which an object lies.

        Raises:

            MediaMissing: If nothing is stored under `path`.

            UnsafePath: If `path` is no key, or leaves the store.
        """


class Doors:
    """The stack's parts; the clients behind them are made once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.tasks = parts.tasks
        self.catalogue = parts.catalogue
        self.origins = parts.settings.cors_origins
        self.videos_kept_days = parts.settings.videos_kept_days
        self.inbox = parts.settings.inbox
        self.upload_limit = parts.settings.upload_limit

    @cached_property
    def gate(self) -> Gate:
        """What lets callers in."""
        settings = self._parts.settings
        # Without tokens a task's id opens it for everybody: a key need only be the same everywhere.
        database = settings.cloud_sql_instance or settings.database_url
        return Gate(
            self._parts.api_tokens(),
            Limits(settings.rate_per_minute, settings.videos_per_day),
            self._parts.callers,
            settings.forwarded_hops,
            open_key=hashlib.sha256(database.encode()).digest(),
        )

    @cached_property
    def store(self) -> ObjectStore:
        """The store of media."""
        return self._parts.object_store()

    @cached_property
    def files(self) -> FileStore | None:
        """The store of media when this process can read its files, else None."""
        return self.store if isinstance(self.store, FileStore) else None

    @cached_property
    def links(self) -> MediaLinks:
        """What makes addresses for stored media."""
        return self._parts.media_links()

    @cached_property
    def queue(self) -> PlanningQueue:
        """The queue to the planner."""
        return self._parts.planning_queue()

    @cached_property
    def librarian(self) -> Librarian | None:
        """What takes own media in, or None where there is nobody."""
        return self._parts.librarian()

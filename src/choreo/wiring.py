"""The one place that chooses adapters; each is imported only when it is chosen."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Engine

from choreo.database.callers import SqlCallers
from choreo.database.catalogue import SqlCatalogue
from choreo.database.engine import open_engine
from choreo.database.tasks import SqlTasks
from choreo.errors import InvalidSettings
from choreo.ports import (
    LanguageModel,
    Librarian,
    MediaLinks,
    ObjectStore,
    PlanningQueue,
    RenderJobs,
)
from choreo.settings import Settings
from choreo.tokens import TokenRing, read_tokens


class Stack:
    """The parts that an entrypoint works with; clients are made at their first use."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine: Engine = open_engine(settings)
        self.tasks = SqlTasks(self.engine, lease=timedelta(seconds=settings.lease_seconds))
        self.catalogue = SqlCatalogue(self.engine)
        self.callers = SqlCallers(self.engine)

    def object_store(self) -> ObjectStore:
        """Return the store of media: a bucket, or a folder."""
        if self.settings.use_gcs:
            from choreo.gcp.object_store import BucketStore

            return BucketStore(self.settings.gcs_bucket_name)
        from choreo.local.object_store import FolderStore

        return FolderStore(self.settings.media_root)

    def housekeeping(self) -> Callable[[], None]:
        """Return what removes abandoned videos, and old ones where no bucket does it."""
        if self.settings.use_gcs:
            from choreo.gcp.housekeeping import BucketHousekeeping

            return BucketHousekeeping(self.settings.gcs_bucket_name, self.tasks).tidy
        from choreo.local.housekeeping import FolderHousekeeping

        kept_days = self.settings.videos_kept_days
        return FolderHousekeeping(self.settings.media_root, self.tasks, kept_days).tidy

    def media_links(self) -> MediaLinks:
        """Return what makes addresses for stored media."""
        if self.settings.use_gcs:
            from choreo.gcp.media_links import SignedLinks

            return SignedLinks(self.settings.gcs_bucket_name)
        from choreo.local.media_links import ServedLinks

        return ServedLinks()

    def planning_queue(self) -> PlanningQueue:
        """Return the queue to the planner: Pub/Sub, or direct push."""
        if self.settings.pubsub_topic:
            from choreo.gcp.planning_queue import PubSubQueue

            return PubSubQueue(self.settings.pubsub_topic)
        from choreo.local.planning_queue import DirectPush

        return DirectPush(self.settings.planner_url)

    def render_jobs(self) -> RenderJobs:
        """Return what starts render jobs: Cloud Run, or child processes."""
        if self.settings.render_job:
            from choreo.gcp.render_jobs import CloudRunJobs

            return CloudRunJobs(self.settings.render_job, self.settings.jobs_api_endpoint)
        from choreo.local.render_jobs import ChildProcesses

        return ChildProcesses(self.settings.job_python, self.settings.job_script)

    def librarian(self) -> Librarian | None:
        """Return what takes own media in, or None where they are taken in otherwise."""
        if not self.settings.librarian_url:
            return None
        from choreo.local.librarian import LibrarianClient

        return LibrarianClient(self.settings.librarian_url)

    def api_tokens(self) -> TokenRing | None:
        """Return the tokens of the API's callers, or None if it is open.

        Raises:

            InvalidSettings: If the secret holds no tokens.

            StageFailed, Unavailable: If the secret cannot be read.
        """
        name = self.settings.api_token_secret
        if not name and not self.settings.api_token:
            return None
        text = self.settings.api_token
        if name:
            from choreo.gcp.secrets import read_secret

            text = read_secret(name)
        ring, faults = read_tokens(text)
        if faults:
            raise InvalidSettings([f"{name or 'API_TOKEN'}: {fault}" for fault in faults])
        return ring

    def language_model(self) -> LanguageModel | None:
        """Return Gemini if a key is set, else None: the rules do the whole job."""
        key = self.settings.gemini_api_key
        if not key and self.settings.gemini_api_key_secret:
            from choreo.gcp.secrets import read_secret

            key = read_secret(self.settings.gemini_api_key_secret)
        if not key:
            return None
        from choreo.gcp.language_model import Gemini

        return Gemini(key, self.settings.gemini_model, self.settings.gemini_api_endpoint)

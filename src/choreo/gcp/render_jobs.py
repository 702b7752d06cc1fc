"""Cloud Run Jobs."""

from functools import cached_property
from urllib.parse import urlsplit

from google.auth.credentials import AnonymousCredentials
from google.cloud import run_v2
from google.cloud.run_v2.services.jobs.transports import JobsRestTransport
from google.protobuf.json_format import ParseError

from choreo.errors import Unavailable
from choreo.gcp.faults import translated
from choreo.job_variables import variables_for
from choreo.log import current_trace
from choreo.trace import traceparent

START_SECONDS = 20.0
"""The call only queues an execution; the generated client would wait without end."""


class CloudRunJobs:
    """Starts executions of one job.

    Args:

        job: `projects/P/locations/L/jobs/J`.

        endpoint: `http://host:port` of a local service, or empty for Google's.
    """

    def __init__(self, job: str, endpoint: str = "") -> None:
        self._job = job
        self._endpoint = endpoint

    def start(self, task_id: str, blueprint_json: str) -> str:
        """Start one execution and return its name; see `choreo.ports.RenderJobs`."""
        env = [
            run_v2.EnvVar(name=name, value=value)
            for name, value in variables_for(
                task_id, blueprint_json, traceparent(current_trace())
            ).items()
        ]
        request = run_v2.RunJobRequest(
            name=self._job,
            overrides=run_v2.RunJobRequest.Overrides(
                container_overrides=[
                    run_v2.RunJobRequest.Overrides.ContainerOverride(env=env),
                ]
            ),
        )
        with translated(
            f"the render job {self._job} was not started",
            "check that it exists and that this service account has "
            "roles/run.jobsExecutorWithOverrides on it",
        ):
            # Never repeated here: a call whose answer got lost may have started a job.
            try:
                operation = self._client.run_job(request, retry=None, timeout=START_SECONDS)
            except ParseError as exc:
                raise Unavailable(f"{self._endpoint or 'Cloud Run'} answered nonsense") from exc
            # Waiting for the operation's result would be waiting for the whole render.
            if operation.metadata is None:
                raise Unavailable(f"starting {self._job} was answered without an execution")
            return str(operation.metadata.name)

    @cached_property
    def _client(self) -> run_v2.JobsClient:
        if not self._endpoint:
            return run_v2.JobsClient()
        parts = urlsplit(self._endpoint)
        nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]  # it has no hints
        return run_v2.JobsClient(
            transport=JobsRestTransport(
                host=parts.netloc, url_scheme=parts.scheme, credentials=nobody
            )
        )

"""The Pub/Sub emulator of the Google Cloud SDK, started without its wrapper.

The wrapper, when it is ended, leaves the Java process alive; so the archive is run directly.
"""

import contextlib
import http.client
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from local_emulators.processes import Child, Service, free_port

INSIDE_SDK = "platform/pubsub-emulator/lib"

USUAL_PLACES = (
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/opt/homebrew/share/google-cloud-sdk",
    "~/google-cloud-sdk",
)

HEAP = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx96m")
"""It keeps a handful of small messages; by default Java would take a quarter of the machine."""

QUIET = Path(__file__).with_name("pubsub_logging.properties")

ACK_SECONDS = 600
"""As in the cloud: the longest time a push may take."""

DELIVERIES = 5
"""As in the cloud; the fewest that Pub/Sub allows before it gives a message up."""


class EmulatorRefused(Exception):
    """The emulator did not make a topic or a subscription."""


def available() -> str | None:
    """Return the path of the emulator's archive, or None if it or Java is not here."""
    if shutil.which("java") is None:
        return None
    for sdk in _sdk_folders():
        archives = sorted((sdk / INSIDE_SDK).glob("cloud-pubsub-emulator-*-all.jar"))
        if archives:
            return str(archives[-1])
    return None


def service(archive: str, port: int) -> Service:
    """Return how the emulator is run on 127.0.0.1."""
    quiet = f"-Djava.util.logging.config.file={QUIET}"
    command = ["java", *HEAP, quiet, "-jar", archive, "--host=127.0.0.1", f"--port={port}"]
    return Service("pubsub", command, {}, f"http://127.0.0.1:{port}/")


def create_topic_and_subscription(
    address: str,
    project: str,
    topic: str,
    planner_url: str,
    backoff: tuple[str, str] = ("1s", "30s"),
) -> None:
    """Make the topic and a dead-letter topic, each with a push subscription to the planner.

    What exists already is left as it is.

    Args:

        address: `host:port` of the emulator.

        project: Any project id.

        topic: The topic's short name; the others are named after it.

        planner_url: Where the planner listens.

        backoff: Shortest and longest wait before a message is delivered again.

    Raises:

        EmulatorRefused: With the emulator's own words.
    """
    topics, subscriptions = f"projects/{project}/topics", f"projects/{project}/subscriptions"
    dead = f"{topic}-dead-letters"
    _make(address, f"{topics}/{topic}", {})
    _make(address, f"{topics}/{dead}", {})
    push = {"pushEndpoint": f"{planner_url.rstrip('/')}/{topics}/{dead}"}
    _make(address, f"{subscriptions}/{dead}", {"topic": f"{topics}/{dead}", "pushConfig": push})
    _make(
        address,
        f"{subscriptions}/{topic}-planner",
        {
            "topic": f"{topics}/{topic}",
            # With the topic as path, the planner's events name their source.
            "pushConfig": {"pushEndpoint": f"{planner_url.rstrip('/')}/{topics}/{topic}"},
            "ackDeadlineSeconds": ACK_SECONDS,
            "retryPolicy": {"minimumBackoff": backoff[0], "maximumBackoff": backoff[1]},
            "deadLetterPolicy": {
                "deadLetterTopic": f"{topics}/{dead}",
                "maxDeliveryAttempts": DELIVERIES,
            },
        },
    )


@contextlib.contextmanager
def running(archive: str) -> Iterator[str]:
    """Run an emulator for the length of a `with` block and yield its `host:port`."""
    port = free_port()
    with tempfile.TemporaryFile("w+") as words:
        child = Child(service(archive, port), words)
        try:
            child.wait_until_ready()
            yield f"127.0.0.1:{port}"
        finally:
            child.stop()


def _sdk_folders() -> Iterator[Path]:
    root = os.environ.get("CLOUDSDK_ROOT_DIR")
    if root:
        yield Path(root)
    gcloud = shutil.which("gcloud")
    if gcloud:
        yield Path(gcloud).resolve().parent.parent
    for place in USUAL_PLACES:
        yield Path(place).expanduser()


def _make(address: str, name: str, resource: Mapping[str, object]) -> None:
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("PUT", f"/v1/{name}", json.dumps(resource), headers)
        answer = connection.getresponse()
        words = answer.read().decode(errors="replace")
    finally:
        connection.close()
    if answer.status not in (200, http.client.CONFLICT):
        raise EmulatorRefused(f"{name} was not made: {answer.status} {words}")

"""Make videos through the four built images, on this machine, with nothing else of the product.

    python tools/image_flow.py                    # media of its own: one short song, six clips
    python tools/image_flow.py --media FOLDER     # FOLDER/songs and FOLDER/moves

The images come from tools/images.sh (buildah). Around them: the Pub/Sub emulator, PostgreSQL with
a user for each part that may do what docs/iam.md says, a server that speaks Cloud Storage's
protocol, and the local jobs service inside the job's image. Each part has the memory that it has
on Cloud Run, the job 512 MB. The catalogue's image migrates the database and takes the media in;
a song and a sentence are asked for; each video is fetched by ranges and decoded to its end.

Exit status 1, and what was wrong, if anything was; 3 if this machine lacks something for it.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from sqlalchemy import create_engine, text

from choreo.database.grants import GRANTS
from local_emulators import gcs, postgres, pubsub
from local_emulators.memory_limit import MemoryLimit, NoMemoryLimit, limited
from local_emulators.processes import ROOT, Child, Service, StackFailed, free_port
from tools.smoke import SmokeFailed, call, make_video, song_wish

PROJECT, BUCKET = "choreo-local", "choreo-media"

JOB_BYTES = 512 * 1024**2
"""Cloud Run's default for a job; Terraform gives it four times as much."""

HANDLER_BYTES, PLANNER_BYTES = 512 * 1024**2, 2 * 1024**3
"""As in infra/terraform."""

SENTENCE = "una bachata tranquila para principiantes"

PATIENCE_SECONDS = 300.0
"""Far above what a short video takes; nobody sweeps here, so a task that is left stays so."""

FIRST_RANGE = 1_000
"""Bytes that are asked for first, as a player does."""

LENGTH_TOLERANCE = 0.1
"""Seconds between what the API says and what is decoded."""

BUILDAH = {
    "STORAGE_DRIVER": os.environ.get("STORAGE_DRIVER", "vfs"),
    "BUILDAH_ISOLATION": os.environ.get("BUILDAH_ISOLATION", "chroot"),
}


class FlowFailed(Exception):
    """The images do not work together; the text says where."""


class MachineLacks(Exception):
    """This machine cannot try it; the text says what is missing."""


@dataclass(frozen=True)
class Surroundings:
    """The parts around the images that are already running."""

    folder: Path
    database: str
    """SQLAlchemy URL of PostgreSQL's owner."""
    bucket_server: str
    queue: str
    """`host:port` of the Pub/Sub emulator."""

    def variables(self, user: str) -> dict[str, str]:
        """Return what every part is told; `user` is its name in the database."""
        address, name = self.database.rsplit("@", 1)[1].split("/")
        host, port = address.split(":")
        return {
            "DB_HOST": host,
            "DB_PORT": port,
            "DB_NAME": name,
            "DB_USER": user,
            "USE_GCS": "true",
            "GCS_BUCKET_NAME": BUCKET,
            "STORAGE_EMULATOR_HOST": self.bucket_server,
            "METRICS": "log",
        }


class Image:
    """A container of one built image, for several commands."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._container = _buildah("from", "--pull-never", f"localhost/choreo-{name}").strip()
        told = json.loads(_buildah("inspect", "--type", "container", self._container))
        self._config = told["Docker"]["config"]

    @property
    def entrypoint(self) -> list[str]:
        """What the image starts when it is told nothing."""
        return [*(self._config.get("Entrypoint") or []), *(self._config.get("Cmd") or [])]

    @property
    def health_check(self) -> list[str]:
        """The image's own question after its health."""
        return list(self._config["Healthcheck"]["Test"][1:])

    def command(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        volumes: Sequence[str] = (),
    ) -> list[str]:
        """Return how `command` is run in the container, as the image's own user."""
        return [
            "buildah", "run", "--network", "host",
            *(word for name, value in variables.items() for word in ("--env", f"{name}={value}")),
            *(word for volume in volumes for word in ("--volume", volume)),
            self._container, "--", *command,
        ]  # fmt: skip

    def remove(self) -> None:
        """Remove the container."""
        _buildah("rm", self._container)


def main(arguments: list[str]) -> int:
    """Run the flow; return the exit status."""
    parser = argparse.ArgumentParser(description="Make videos through the built images.")
    parser.add_argument("--media", type=Path, help="folder with songs and moves to take in")
    media = parser.parse_args(arguments).media
    started = time.monotonic()
    try:
        with _surroundings() as around:
            _flow(around, media)
    except MachineLacks as exc:
        print(f"image flow: this machine cannot try it: {exc}", file=sys.stderr)
        return 3
    except (FlowFailed, SmokeFailed, StackFailed, NoMemoryLimit) as exc:
        print(f"image flow: {exc}", file=sys.stderr)
        return 1
    print(f"both videos were made by the images; {time.monotonic() - started:.0f} s in all")
    return 0


@contextlib.contextmanager
def _surroundings() -> Iterator[Surroundings]:
    programs, server, emulator = postgres.available(), gcs.available(), pubsub.available()
    lacking = [
        what
        for what, there in (
            ("buildah (apt install buildah)", shutil.which("buildah")),
            ("PostgreSQL's programs (make setup)", programs),
            ("the bucket server (make setup)", server),
            ("Java and the Google Cloud SDK's Pub/Sub emulator", emulator),
        )
        if there is None
    ]
    if programs is None or server is None or emulator is None or lacking:
        raise MachineLacks("; ".join(lacking))
    with (
        tempfile.TemporaryDirectory(prefix="choreo-images-") as folder,
        postgres.running(programs) as database,
        gcs.running(server, BUCKET) as bucket_server,
        pubsub.running(emulator) as queue,
    ):
        Path(folder).chmod(0o755)  # the images' user reads it
        yield Surroundings(Path(folder), database, bucket_server, queue)


def _flow(around: Surroundings, media: Path | None) -> None:
    if media is None:
        media = around.folder / "own"
        script = ROOT / "tests" / "end_to_end" / "own_media.py"
        path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
        _run([sys.executable, str(script), str(media)], {"PYTHONPATH": path})
    with contextlib.ExitStack() as stack:
        images = {name: Image(name) for name in ("catalog", "planner", "job", "request-handler")}
        for image in images.values():
            stack.callback(image.remove)
        _take_in(around, images["catalog"], media)
        limits = {
            name: stack.enter_context(limited(most))
            for name, most in (
                ("planner", PLANNER_BYTES),
                ("job", JOB_BYTES),
                ("request-handler", HANDLER_BYTES),
            )
        }
        log = stack.enter_context((around.folder / "log").open("w+"))
        try:
            address = _start(around, images, limits, log, stack)
            _ask(address)
            _check_the_books(around)
        except (FlowFailed, SmokeFailed, StackFailed):
            log.seek(0)
            sys.stderr.writelines(log.readlines()[-80:])
            raise
        for name, limit in limits.items():
            print(f"{name}: at most {limit.peak / 1e6:.0f} MB at once, files it read included")
            if limit.kills:
                raise FlowFailed(f"{name} went over its limit of memory {limit.kills} times")


def _take_in(around: Surroundings, image: Image, media: Path) -> None:
    """Migrate the database, with a user for each part, and ingest `media`, through the image."""
    users = {component: f"choreo-{component}" for component in GRANTS}
    engine = create_engine(around.database)
    with engine.begin() as connection:
        for user in users.values():
            connection.execute(text(f'CREATE ROLE "{user}" LOGIN'))
    engine.dispose()
    grantees = ",".join(f"{component}={user}" for component, user in users.items())
    owner = around.variables("postgres") | {"DB_GRANTEES": grantees}
    program = image.entrypoint[:-1]  # its last word, the command, is to ask for help
    migration = _run(image.command([*program, "migrate"], owner))
    print(f"catalog: {_last_line(migration)}")
    started = time.monotonic()
    words = _run(
        image.command(
            [*program, "ingest", "--songs", "/own/songs", "--moves", "/own/moves"],
            around.variables(users["catalog"]),
            [f"{media.resolve()}:/own:ro"],
        )
    )
    print(f"catalog: {_last_line(words)} ({time.monotonic() - started:.0f} s)")


def _last_line(words: str) -> str:
    """Return the last line of what a command said; buildah loses words once in a while."""
    return (words.strip().splitlines() or ["done"])[-1]


def _start(
    around: Surroundings,
    images: Mapping[str, Image],
    limits: Mapping[str, MemoryLimit],
    log: io.TextIOWrapper,
    stack: contextlib.ExitStack,
) -> str:
    """Start what serves, wait for it, ask for its health, and return the API's address."""
    jobs, planner, handler = free_port(), free_port(), free_port()
    queue = {
        "PUBSUB_TOPIC": f"projects/{PROJECT}/topics/planning",
        "PUBSUB_EMULATOR_HOST": around.queue,
    }
    scratch = around.folder / "scratch"
    scratch.mkdir()
    scratch.chmod(0o777)
    services = {
        "job": (
            jobs,
            [
                "python", "-m", "local_emulators.jobs_service", "--port", str(jobs),
                "--python", "python", "--script", "/app/main.py",
            ],
            around.variables("choreo-render_job") | {"SCRATCH_DIR": "/scratch"},
            [f"{scratch}:/scratch", f"{ROOT / 'local_emulators'}:/app/local_emulators:ro"],
        ),
        "planner": (
            planner,
            images["planner"].entrypoint,
            around.variables("choreo-planner") | queue | {
                "PORT": str(planner),
                "K_SERVICE": "choreo-planner",
                "RENDER_JOB": f"projects/{PROJECT}/locations/local/jobs/render",
                "JOBS_API_ENDPOINT": f"http://127.0.0.1:{jobs}",
            },
            [],
        ),
        "request-handler": (
            handler,
            images["request-handler"].entrypoint,
            around.variables("choreo-request_handler") | queue | {
                "PORT": str(handler), "K_SERVICE": "choreo-request-handler",
            },
            [],
        ),
    }  # fmt: skip
    for name, (port, command, variables, volumes) in services.items():
        started = time.monotonic()
        command = limits[name].command(images[name].command(command, variables, volumes))
        child = Child(Service(name, command, BUILDAH, f"http://127.0.0.1:{port}/healthz"), log)
        stack.callback(child.stop)
        child.wait_until_ready()
        said = f"{name}: answers after {time.monotonic() - started:.1f} s"
        if name != "job":
            _run(images[name].command(images[name].health_check, {"PORT": str(port)}))
            said += ", and says that it is healthy"
        print(said)
    planner_url = f"http://127.0.0.1:{planner}"
    pubsub.create_topic_and_subscription(around.queue, PROJECT, "planning", planner_url)
    return f"http://127.0.0.1:{handler}"


def _ask(address: str) -> None:
    """Ask for a video at both doors and check what comes."""
    songs = call(address, "/api/songs", {})["songs"]
    if not isinstance(songs, list) or not songs:
        raise FlowFailed("the catalogue's image took no song in")
    for door, wish in (
        ("generate-from-song", song_wish(songs[0]["id"])),
        ("generate-with-ai", {"query": SENTENCE}),
    ):
        started = time.monotonic()
        task = make_video(address, {}, door, wish, pause=0.3, patience=PATIENCE_SECONDS)
        took = time.monotonic() - started
        print(f"{door}: {_checked(task)}, {took:.1f} s after it was asked for")


def _checked(task: Mapping[str, object]) -> str:
    """Fetch the video of `task` as a player does, decode all of it, and describe it.

    Raises:

        FlowFailed: If it is not what the API says that it is.
    """
    url = str(task["video_url"])
    request = urllib.request.Request(url, headers={"Range": f"bytes=0-{FIRST_RANGE - 1}"})  # noqa: S310 - the server's own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            status, beginning = answer.status, answer.read()
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - as above
            whole = answer.read()
    except OSError as exc:
        raise FlowFailed(f"{url} cannot be fetched: {exc}") from exc
    if status != 206 or beginning != whole[:FIRST_RANGE]:
        raise FlowFailed(f"{url} answers a range with {status} and {len(beginning)} bytes")
    if len(whole) != task["file_size"]:
        raise FlowFailed(f"the video has {len(whole)} bytes; the API says {task['file_size']}")
    with av.open(io.BytesIO(whole), "r") as container:
        picture = container.streams.video[0]
        size, rate = f"{picture.width} x {picture.height}", float(picture.average_rate or 0)
        frames = sum(1 for _ in container.decode(video=0))
    with av.open(io.BytesIO(whole), "r") as container:
        samples = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    wanted = task["duration"]
    for what, seconds in (("pictures", frames / max(rate, 1e-9)), ("sound", samples)):
        if not isinstance(wanted, float) or abs(seconds - wanted) > LENGTH_TOLERANCE:
            raise FlowFailed(f"{what} last {seconds:.2f} s; the API says {wanted}")
    return f"{frames} frames of {size}, {wanted:.1f} s, {len(whole) / 1e6:.1f} MB"


def _check_the_books(around: Surroundings) -> None:
    """Hold the database to one plan for each task, and all tasks to their end.

    Raises:

        FlowFailed: If a task has another end, or not one plan.
    """
    engine = create_engine(around.database)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT t.status, t.attempt, count(b.task_id) FROM choreography_tasks t "
                "LEFT JOIN blueprints b ON b.task_id = t.id GROUP BY t.id"
            )
        ).all()
    engine.dispose()
    print("tasks in the database (status, claims, plans):", *map(tuple, found))
    if [(status, plans) for status, _, plans in found] != [("completed", 1)] * 2:
        raise FlowFailed("the database does not hold two completed tasks with a plan each")


def _buildah(*arguments: str) -> str:
    return _run(["buildah", *arguments])


def _run(command: Sequence[str], more: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return what it printed.

    Raises:

        FlowFailed: If it fails.
    """
    done = subprocess.run(  # noqa: S603 - commands of ours, never a shell
        command,
        env={**os.environ, **BUILDAH, **(more or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = (done.stdout + done.stderr).strip()[-3_000:]
        raise FlowFailed(f"{' '.join(command[:2])} ended with {done.returncode}:\n{words}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

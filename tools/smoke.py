"""Ask a deployed API whether it answers, reads its database and, if asked to, makes a video.

    python tools/smoke.py URL            # options and songs
    python tools/smoke.py URL --video    # also a video of the first song, waited for

ID_TOKEN is shown to Cloud Run and API_TOKEN to the product, each where it is set. Exit status 1,
and what was wrong, if anything was.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

PATIENCE_SECONDS = 60
"""A first request starts an instance and a database connection."""

VIDEO_SECONDS = 600
"""A cold planner, a cold job and a long song."""


class SmokeFailed(Exception):
    """The API does not work; the message says which call and what it answered."""


Shown = Mapping[str, str]
"""Headers by which a caller is known."""


def credentials(environment: Mapping[str, str]) -> Shown:
    """Return the headers that show the tokens of `environment`."""
    headers = (("X-Serverless-Authorization", "ID_TOKEN"), ("Authorization", "API_TOKEN"))
    return {
        header: f"Bearer {environment[variable]}"
        for header, variable in headers
        if environment.get(variable)
    }


def call(base: str, path: str, shown: Shown, body: object | None = None) -> dict[str, object]:
    """Return the JSON object that `path` answers.

    Raises:

        SmokeFailed: On no answer, an error status, or an answer that is no JSON object.
    """
    headers = {"Content-Type": "application/json", **shown}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base.rstrip("/") + path, data=data, headers=headers)  # noqa: S310 - main() lets http and https pass only
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - as above
            found = json.load(answer)
    except urllib.error.HTTPError as exc:
        last_words = exc.read(500).decode(errors="replace")
        raise SmokeFailed(f"{path} answered {exc.code}: {last_words}") from exc
    except OSError as exc:
        raise SmokeFailed(f"{path} did not answer: {exc}") from exc
    except ValueError as exc:
        raise SmokeFailed(f"{path} did not answer JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise SmokeFailed(f"{path} answered a {type(found).__name__}; it must be an object")
    return found


def make_video(
    base: str,
    shown: Shown,
    door: str,
    wish: object,
    pause: float = 2.0,
    patience: float = VIDEO_SECONDS,
) -> dict[str, object]:
    """Post `wish` to `door`, one of the API's two, and return its task when it is completed.

    Raises:

        SmokeFailed: If the task fails or takes too long.
    """
    task_id = call(base, f"/api/choreography/{door}", shown, wish)["task_id"]
    end = time.monotonic() + patience
    while time.monotonic() < end:
        task = call(base, f"/api/choreography/tasks/{task_id}", shown)
        if task["status"] == "completed":
            return task
        if task["status"] in ("failed", "cancelled"):
            raise SmokeFailed(f"task {task_id} is {task['status']}: {task.get('error')}")
        time.sleep(pause)
    raise SmokeFailed(f"task {task_id} is not completed after {patience:.0f} s")


def song_wish(song_id: object) -> dict[str, object]:
    """Return a wish for `generate-from-song` that every library can fulfil."""
    return {
        "song_id": song_id,
        "difficulty": "beginner",
        "energy_level": "medium",
        "style": "romantic",
    }


def main(arguments: list[str]) -> int:
    """Run the checks; return the exit status."""
    parser = argparse.ArgumentParser(description="Ask a deployed API whether it works.")
    parser.add_argument("url", help="address of the API, as `terraform output -raw api_url` says")
    parser.add_argument("--video", action="store_true", help="make a video of the first song too")
    wanted = parser.parse_args(arguments)
    if not wanted.url.startswith(("http://", "https://")):
        parser.error(f"{wanted.url!r} must begin with http:// or https://")
    shown = credentials(os.environ)
    try:
        call(wanted.url, "/api/options", shown)
        songs = call(wanted.url, "/api/songs", shown).get("songs")
        if not isinstance(songs, list):
            raise SmokeFailed("/api/songs answered without a list of songs")
        print(f"options and {len(songs)} songs: the API answers and reads its database")
        if wanted.video and not songs:
            raise SmokeFailed("there is no song to dance to: ingest the library first")
        if wanted.video:
            task = make_video(wanted.url, shown, "generate-from-song", song_wish(songs[0]["id"]))
            print(f"video of {task['duration']} s: {task['video_url']}")
    except SmokeFailed as exc:
        print(f"smoke: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

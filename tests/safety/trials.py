"""Running hostile files in processes of their own, and watching the house meanwhile."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import hostile_bases as bases
from hostile_media import CANARY, Bait, Hostile

from choreo.media_kinds import CLIP_SUFFIXES, SONG_SUFFIXES

ROOT = Path(__file__).parents[2]

MOST_SECONDS = 5.0
"""Of processor time for one file, beyond what a sound file of its length takes."""

SECONDS_A_SECOND = 0.022
"""What a second of sound takes: the analysis of 235 seconds uses 5.2."""

SILENCE_SECONDS = 300
"""Wall time without a word after which a process hangs; the machine may be busy."""

MOST_MIB = 1200
"""Resident memory of a process that has taken in all files, one after the other. Half an hour of
music takes 750, and the allocator keeps up to 200 more of pictures at the limit of size."""

ADDRESS_MIB = 4096
"""Address space that a process may ask for."""


@dataclass(frozen=True)
class Verdict:
    """What became of one file in one way."""

    name: str
    way: str
    outcome: str
    """`taken`, `refused: …`, `bug: …`, or `crashed: …` with the signal, or `hung`."""
    cpu: float = 0.0
    peak_mib: int = 0
    forbidden: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        return self.outcome.startswith(("taken", "refused")) and not self.forbidden


@dataclass
class Watch:
    """What came to the canary and to the address while files were tried."""

    bait: Bait
    touched: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    sees_files: bool = False
    """False where the system cannot tell who opens a file."""


@contextmanager
def watched(folder: Path) -> Iterator[Watch]:
    """Lay a canary out and listen at an address; both are watched until the block ends."""
    nest = folder / "nest"
    nest.mkdir()
    canary = nest / "canary.txt"
    canary.write_bytes(CANARY)
    with socket.create_server(("127.0.0.1", 0)) as server:
        watch = Watch(Bait(canary, f"127.0.0.1:{server.getsockname()[1]}"))
        ended = threading.Event()

        def listen() -> None:
            server.settimeout(0.2)
            while not ended.is_set():
                try:
                    wire, _ = server.accept()
                except TimeoutError:
                    continue
                with wire:
                    wire.settimeout(1)
                    try:
                        watch.asked.append(repr(wire.recv(200)))
                        wire.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")
                    except OSError as exc:
                        watch.asked.append(str(exc))

        ear = threading.Thread(target=listen)
        ear.start()
        notes = _notes_on(nest)
        watch.sees_files = notes is not None
        try:
            yield watch
        finally:
            ended.set()
            ear.join()
            if notes is not None:
                watch.touched += _read(notes)
                os.close(notes)


_IN_ACCESS, _IN_OPEN = 0x1, 0x20


def _notes_on(folder: Path) -> int | None:
    """Have the kernel note every opening below `folder`, by whomever and however."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        notes = libc.inotify_init1(os.O_NONBLOCK)
    except (OSError, AttributeError):
        return None
    if notes < 0 or libc.inotify_add_watch(notes, str(folder).encode(), _IN_ACCESS | _IN_OPEN) < 0:
        return None
    return int(notes)


def _read(notes: int) -> list[str]:
    found = []
    while select.select([notes], [], [], 0)[0]:
        data = os.read(notes, 65_536)
        place = 0
        while place < len(data):
            _, mask, _, size = struct.unpack_from("iIII", data, place)
            name = data[place + 16 : place + 16 + size].rstrip(b"\0").decode()
            if name:
                found.append(f"{name} {mask:#x}")
            place += 16 + size
    return found


def ways_for(item: Hostile) -> list[str]:
    """Return how a file can come in: what ingest takes, and whatever a blueprint names."""
    suffix = Path(item.name).suffix.lower()
    if suffix in SONG_SUFFIXES:
        return ["song", "rendered song"]
    if suffix in CLIP_SUFFIXES:
        return ["clip", "rendered clip"]
    return ["song", "clip"]


def most_seconds(item: Hostile) -> float:
    """Return the processor time that a file may take."""
    return MOST_SECONDS + SECONDS_A_SECOND * item.seconds


def run(
    items: Sequence[Hostile], folder: Path, bait: Bait, cpu_seconds: int = 60
) -> Iterator[Verdict]:
    """Take every file in, in each way that it can come in, and yield what became of it."""
    media = folder / "media"
    media.mkdir()
    for item in items:
        (media / item.name).write_bytes(item.data)
    trials = [(item.name, way) for item in items for way in ways_for(item)]
    good_clip, good_song = folder / "good.mp4", folder / "good.wav"
    good_clip.write_bytes(bases.clip("mp4"))
    good_song.write_bytes(bases.song("wav"))
    home = bait.file.parent
    while trials:
        job = folder / "job.json"
        told = {
            "folder": str(media),
            "good_clip": str(good_clip),
            "good_song": str(good_song),
            "memory_mib": ADDRESS_MIB,
            "cpu_seconds": cpu_seconds,
            "trials": trials,
        }
        job.write_text(json.dumps(told))
        done = 0
        for verdict in _one_process(job, folder / "log", home.parent):
            done += 1
            yield verdict
        if not done:
            raise AssertionError(f"no file was tried: {(folder / 'log').read_text()[-2000:]}")
        trials = trials[done:]


def _one_process(job: Path, log: Path, home: Path) -> Iterator[Verdict]:
    """Yield verdicts until all is tried or the process is gone; the last one says how."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "src", ROOT / "job_image"))),
        "HOME": str(home),
        "TMPDIR": str(job.parent),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, str(Path(__file__).with_name("trial.py")), str(job)]
    with (
        log.open("wb") as words,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=words, env=environment, cwd=job.parent
        ) as process,
    ):
        assert process.stdout is not None
        current: tuple[str, str] | None = None
        buffer = b""
        heard = time.monotonic()
        try:
            while True:
                if select.select([process.stdout], [], [], 1.0)[0]:
                    chunk = os.read(process.stdout.fileno(), 65_536)
                    if not chunk:
                        break
                    heard = time.monotonic()
                    *lines, buffer = (buffer + chunk).split(b"\n")
                    for line in map(json.loads, lines):
                        if "begin" in line:
                            current = tuple(line["begin"])
                        else:
                            current = None
                            name, way = line["end"]
                            yield Verdict(
                                name,
                                way,
                                line["outcome"],
                                line["cpu"],
                                line["peak_mib"],
                                tuple(line["forbidden"]),
                            )
                elif time.monotonic() - heard > SILENCE_SECONDS:
                    process.kill()
                    if current:
                        yield Verdict(*current, "hung")
                    return
        finally:
            process.kill()
        code = process.wait()
        if current:
            cause = signal.Signals(-code).name if code < 0 else f"exit {code}"
            yield Verdict(*current, f"crashed: {cause}")

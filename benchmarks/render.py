"""The renderer against ffmpeg's xfade graph and a plain stream copy.

    python -m benchmarks.render [--quick]

29 clips of 720p in the library's format, 28 crossfades, 232 s. Each contender runs in its own
process, which tells its CPU time; its memory, and that of what it starts, is looked at twenty
times a second. The table has medians. `--quick` takes 8 clips. The xfade graph runs through
libavfilter inside PyAV, with x264 at the preset of the library's format, or through the ffmpeg
program where one is on PATH. "segments, joined" (the concat demuxer's way) encodes each part alone
and joins the parts by copying, which gives hard cuts only. MoviePy takes part where the
environment's `MOVIEPY_PYTHON` names an interpreter that has it.
"""

import argparse
import importlib
import json
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.error
from av.filter import Graph

from choreo import clip_format
from choreo.blueprint import Blueprint

CLIPS, MOVE_SECONDS, HANDLE = 29, 8.0, 1.0
FADE = 0.3
SIZE = (1280, 720)
DISTINCT = 5
"""Clips that are really drawn; the others are copies under other names."""

SONG_LOUDNESS = -15.2
"""LUFS of the song that `make_song` makes: what ingest would have stored."""

MOST_RATIO = 1 / 9
MOST_CPU = 20.0
MOST_MEMORY_MB = 256.0
MOST_COPY_RATIO = 6.0
MOST_MOVIEPY_RATIO = 1 / 20
MOST_REROLL_RATIO = 1 / 3
MOST_CHECK_SHARE = 0.15

LOOK_SECONDS = 0.05
"""Between two looks at a contender's memory."""

REROLLED = (5, 13, 21)
"""Moves that a re-roll changes, among 29."""


def make_clip(path: Path, seed: int) -> None:
    """Draw a lit room with a grainy wall and two swaying figures."""
    import numpy as np  # only here: the contenders' memory must not hold it

    width, height = SIZE
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    room = 90 + 40 * np.sin(columns / 190 + seed) + 25 * np.cos(rows / 140)
    room += rng.normal(0, 6, room.shape).astype(np.float32)
    grains = [rng.normal(0, 2.5, room.shape).astype(np.float32) for _ in range(6)]
    with av.open(str(path), "w", format="mp4", options=clip_format.MP4_OPTIONS) as container:
        stream = clip_format.open_encoder(container, width, height)
        for number in range(int((MOVE_SECONDS + 2 * HANDLE) * clip_format.FRAME_RATE)):
            luma = room + grains[number % len(grains)]
            for figure in range(2):
                sway = math.sin(number / 8 + figure * math.pi + seed)
                x = width * (0.42 + 0.16 * figure) + 60 * sway
                left, right = int(x - 55), int(x + 55)
                body = 200 - 60 * figure + 20 * np.sin(rows[180:640, left:right] / 17 + number / 5)
                luma[180:640, left:right] = body
            picture = np.full((height * 3 // 2, width), 128, np.uint8)
            picture[:height] = luma.clip(16, 235)
            picture[height : height + height // 4, ::3] = 120
            frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, clip_format.FRAME_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    clip_format.seal(path)


def make_song(path: Path, seconds: float) -> None:
    import numpy as np  # as above

    rate = 44_100
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mp3", rate=rate, layout="stereo")
        for second in range(math.ceil(seconds)):
            clock = second + np.arange(rate) / rate
            tone = 0.2 * np.sin(2 * np.pi * 220 * clock) * (1 - clock % 0.5)
            spectrum = np.fft.rfft(rng.normal(0, 1, (3, rate)))
            pitch = np.maximum(np.fft.rfftfreq(rate, 1 / rate), 40)
            pink = np.fft.irfft(spectrum * (pitch < 14_000) / np.sqrt(pitch), rate)
            beats = 0.12 * pink / pink.std() * (0.1 + (clock % 0.25 < 0.08))
            both = tone + beats[0] + 0.4 * beats[1:]
            frame = av.AudioFrame.from_ndarray(both.astype(np.float32), "fltp", "stereo")
            frame.sample_rate, frame.pts = rate, second * rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def blueprint(clips: int, kind: str, changed: tuple[int, ...] = ()) -> Blueprint:
    moves = [
        {
            "clip_id": f"c{n}",
            "video_path": f"c{(n + 2) % clips if n in changed else n}.mp4",
            "start_time": n * MOVE_SECONDS,
            "duration": MOVE_SECONDS,
            "original_duration": MOVE_SECONDS + 2 * HANDLE,
            "trim_start": HANDLE,
            "trim_end": HANDLE,
            "transition_type": kind,
        }
        for n in range(clips)
    ]
    return Blueprint.from_document(
        {
            "task_id": "bench",
            "audio_path": "song.mp3",
            "audio_tempo": 120,
            "audio_loudness": SONG_LOUDNESS,
            "audio_true_peak": -3.0,
            "moves": moves,
            "total_duration": clips * MOVE_SECONDS,
            "difficulty_level": "beginner",
            "generation_timestamp": "2024-01-01T00:00:00Z",
            "output_config": {"output_path": "out.mp4", "transition_duration": FADE},
        }
    )


def run_ours(folder: Path, clips: int, kind: str, cache: Path | None = None) -> dict[str, float]:
    from rendering import JointCache, render

    module = importlib.import_module("rendering.render")
    checking = 0.0
    inspect = module.inspect_video

    def timed(*given: Any) -> Any:
        nonlocal checking
        began = time.thread_time()
        try:
            return inspect(*given)
        finally:
            checking = time.thread_time() - began

    module.inspect_video = timed  # type: ignore[attr-defined]  # no part of its interface
    media = {path.name: path for path in folder.iterdir() if path.is_file()}
    changed = tuple(n for n in REROLLED if n < clips) if cache and cache.exists() else ()
    made = render(
        blueprint(clips, kind, changed),
        media,
        folder / "ours.mp4",
        report=lambda _share, _text: None,
        cancelled=lambda: False,
        cache=JointCache(cache) if cache else None,
    )
    return {"frames": made.frames, "checking": checking}


def run_copy(folder: Path, clips: int) -> int:
    """Copy every packet of the shown parts into one file, and encode the song."""
    frames = 0
    with av.open(str(folder / "copy.mp4"), "w", options=clip_format.MP4_OPTIONS) as out:
        with av.open(str(folder / "c0.mp4")) as first:
            video = out.add_stream_from_template(first.streams.video[0])
        audio = out.add_stream("aac", rate=48_000, layout="stereo")
        song = av.open(str(folder / "song.mp3"))
        sound = song.decode(audio=0)
        resampler = av.AudioResampler("fltp", "stereo", 48_000, frame_size=1024)
        heard = 0.0
        for n in range(clips):
            with av.open(str(folder / f"c{n}.mp4")) as clip:
                for packet in clip.demux(video=0):
                    if packet.pts is None or packet.dts is None:
                        continue
                    first_tick = int(HANDLE * clip_format.TIMESCALE)
                    last_tick = int((HANDLE + MOVE_SECONDS) * clip_format.TIMESCALE)
                    if not first_tick <= packet.pts < last_tick:
                        continue
                    shift = int((n * MOVE_SECONDS - HANDLE) * clip_format.TIMESCALE)
                    packet.pts += shift
                    packet.dts += shift
                    packet.stream = video
                    out.mux(packet)
                    frames += 1
            while heard < (n + 1) * MOVE_SECONDS:
                for block in resampler.resample(next(sound)):
                    heard += block.samples / 48_000
                    out.mux(audio.encode(block))
        out.mux(audio.encode(None))
        song.close()
    return frames


def xfade_steps(clips: int) -> list[tuple[str, str]]:
    """Return the chain of xfades; each clip brings half a fade of handle on each side."""
    half = FADE / 2
    return [
        ("xfade", f"transition=fade:duration={FADE}:offset={(n + 1) * MOVE_SECONDS - half}")
        for n in range(clips - 1)
    ]


def run_xfade_program(folder: Path, clips: int, program: str) -> int:
    half = FADE / 2
    inputs: list[str] = []
    graph = []
    for n in range(clips):
        inputs += ["-i", str(folder / f"c{n}.mp4")]
        start = HANDLE - (half if n else 0)
        end = HANDLE + MOVE_SECONDS + (half if n < clips - 1 else 0)
        graph.append(f"[{n}:v]trim={start}:{end},setpts=PTS-STARTPTS,fps=30[v{n}]")
    last = "v0"
    for n, (name, arguments) in enumerate(xfade_steps(clips)):
        graph.append(f"[{last}][v{n + 1}]{name}={arguments}[x{n}]")
        last = f"x{n}"
    subprocess.run(
        [
            program, "-y", "-v", "error", *inputs, "-i", str(folder / "song.mp3"),
            "-filter_complex", ";".join(graph), "-map", f"[{last}]", "-map", f"{clips}:a",
            "-c:v", "libx264", "-preset", clip_format.PRESET, "-crf", str(clip_format.CRF),
            "-c:a", "aac", "-b:a", "192k", "-t", str(clips * MOVE_SECONDS),
            str(folder / "xfade.mp4"),
        ],
        check=True,
    )  # fmt: skip
    return round(clips * MOVE_SECONDS * clip_format.FRAME_RATE)


def run_xfade_library(folder: Path, clips: int) -> int:
    """Feed one graph of xfades as ffmpeg does: the input that the graph lacks most."""
    half = FADE / 2
    graph = Graph()
    width, height = SIZE
    base = Fraction(1, clip_format.FRAME_RATE)
    tops = []
    feeds = []
    for n in range(clips):
        source = graph.add(
            "buffer",
            f"video_size={width}x{height}:pix_fmt=yuv420p:time_base={base}:frame_rate=30/1:"
            "pixel_aspect=1/1:colorspace=1:range=1",
        )
        tops.append(source)
        start = HANDLE - (half if n else 0)
        end = HANDLE + MOVE_SECONDS + (half if n < clips - 1 else 0)
        feeds.append(decoded(folder / f"c{n}.mp4", start, end))
    last = tops[0]
    for n, (name, arguments) in enumerate(xfade_steps(clips)):
        node = graph.add(name, arguments)
        last.link_to(node, 0, 0)
        tops[n + 1].link_to(node, 0, 1)
        last = node
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    frames = 0
    current = 0
    with av.open(str(folder / "xfade.mp4"), "w") as out:
        stream = out.add_stream(
            "libx264",
            rate=30,
            options={"preset": clip_format.PRESET, "crf": str(clip_format.CRF)},
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        audio = out.add_stream("aac", rate=48_000, layout="stereo")
        with av.open(str(folder / "song.mp3")) as song:
            resampler = av.AudioResampler("fltp", "stereo", 48_000, frame_size=1024)
            for sound in song.decode(audio=0):
                for block in resampler.resample(sound):
                    out.mux(audio.encode(block))
            out.mux(audio.encode(None))
        while True:
            try:
                frame = cast(av.VideoFrame, sink.pull())
            except av.error.BlockingIOError:
                # xfade takes its second input from its start on, a frame behind the first.
                for n in (current, current + 1):
                    if n < clips:
                        item = next(feeds[n], None)
                        if item is None and n == current:
                            tops[n].push(None)
                            current += 1
                        elif item is not None:
                            tops[n].push(item)
                continue
            except av.error.EOFError:
                break
            frame.pts, frame.time_base = frames, base
            frames += 1
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return frames


def decoded(path: Path, start: float, end: float) -> Iterator[av.VideoFrame]:
    first, last = round(start * 30), round(end * 30)
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for number, frame in enumerate(container.decode(video=0)):
            if number >= last:
                return
            if number >= first:
                frame.pts, frame.time_base = number - first, Fraction(1, 30)
                yield frame


def run_segments(folder: Path, clips: int) -> int:
    """Encode each part alone, then join the parts' packets and the song."""
    parts = []
    for n in range(clips):
        part = folder / f"part{n}.mp4"
        with av.open(str(part), "w", options=clip_format.MP4_OPTIONS) as out:
            stream = clip_format.open_encoder(out, *SIZE)
            for frame in decoded(folder / f"c{n}.mp4", HANDLE, HANDLE + MOVE_SECONDS):
                frame.pict_type = 0
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        parts.append(part)
    frames = 0
    with av.open(str(folder / "joined.mp4"), "w", options=clip_format.MP4_OPTIONS) as out:
        with av.open(str(parts[0])) as first:
            video = out.add_stream_from_template(first.streams.video[0])
        audio = out.add_stream("aac", rate=48_000, layout="stereo")
        for n, part in enumerate(parts):
            with av.open(str(part)) as container:
                for packet in container.demux(video=0):
                    if packet.pts is None or packet.dts is None:
                        continue
                    shift = int(n * MOVE_SECONDS * clip_format.TIMESCALE)
                    packet.pts += shift
                    packet.dts += shift
                    packet.stream = video
                    out.mux(packet)
                    frames += 1
        with av.open(str(folder / "song.mp3")) as song:
            resampler = av.AudioResampler("fltp", "stereo", 48_000, frame_size=1024)
            for sound in song.decode(audio=0):
                for block in resampler.resample(sound):
                    out.mux(audio.encode(block))
            out.mux(audio.encode(None))
    return frames


MOVIEPY = """
import sys
from moviepy import AudioFileClip, CompositeVideoClip, VideoFileClip, vfx
folder, clips, seconds, handle, fade = sys.argv[1], *map(float, sys.argv[2:])
clips, half, parts = int(clips), fade / 2, []
for n in range(clips):
    start = handle - (half if n else 0)
    end = handle + seconds + (half if n < clips - 1 else 0)
    part = VideoFileClip(f"{folder}/c{n}.mp4").subclipped(start, end)
    part = part.with_start(n * seconds - (half if n else 0))
    parts.append(part.with_effects([vfx.CrossFadeIn(fade)]) if n else part)
video = CompositeVideoClip(parts)
video = video.with_audio(AudioFileClip(f"{folder}/song.mp3").subclipped(0, clips * seconds))
video.write_videofile(
    f"{folder}/moviepy.mp4", fps=30, preset="veryfast", ffmpeg_params=["-crf", "20"], logger=None
)
"""


def run_moviepy(folder: Path, clips: int) -> int:
    subprocess.run(
        [
            os.environ["MOVIEPY_PYTHON"], "-c", MOVIEPY, str(folder), str(clips),
            str(MOVE_SECONDS), str(HANDLE), str(FADE),
        ],
        check=True,
    )  # fmt: skip
    return round(clips * MOVE_SECONDS * clip_format.FRAME_RATE)


def contender(name: str, folder: Path, clips: int) -> None:
    """Run one contender in this process and print what it took."""
    began = time.perf_counter()
    program = shutil.which("ffmpeg")
    row: dict[str, float] = {}
    if name == "ours, one core":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if name in ("ours", "ours, cuts", "ours, one core"):
        row = run_ours(folder, clips, "cut" if name == "ours, cuts" else "crossfade")
    elif name == "ours, filling":
        row = run_ours(folder, clips, "crossfade", folder / "kept")
    elif name == "ours, re-rolled":
        cache = Path(tempfile.mkdtemp(dir=folder))
        shutil.copytree(folder / "kept", cache, dirs_exist_ok=True)
        row = run_ours(folder, clips, "crossfade", cache)
    else:
        peers = {
            "stream copy": run_copy,
            "segments, joined": run_segments,
            "MoviePy": run_moviepy,
            "xfade graph": run_xfade_library,
        }
        if name == "xfade graph" and program:
            row["frames"] = run_xfade_program(folder, clips, program)
        else:
            row["frames"] = peers[name](folder, clips)
    # Peers that start programs of their own are counted with them.
    whos = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    print(
        json.dumps(
            {
                "checking": 0.0,
                **row,
                "cpu": sum(used.ru_utime + used.ru_stime for used in whos),
                "memory": max(used.ru_maxrss for used in whos) / 1024,
                "wall": time.perf_counter() - began,
            }
        )
    )


def _tree_memory(pid: int) -> float:
    """Return the megabytes that a process and all it started hold now; 0 once it is gone."""
    held = 0
    waiting = [pid]
    while waiting:
        process = Path("/proc") / str(waiting.pop())
        try:
            status = (process / "status").read_text()
            waiting += map(int, (process / "task" / process.name / "children").read_text().split())
        except OSError:
            continue
        held += sum(
            int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")
        )
    return held / 1024


def measured(name: str, folder: Path, clips: int, runs: int) -> dict[str, float]:
    results = []
    command = [sys.executable, "-m", "benchmarks.render", "--run", name, str(folder), str(clips)]
    for _ in range(runs):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            told: list[str] = []
            reader = threading.Thread(target=told.extend, args=(process.stdout or (),))
            reader.start()
            peak = 0.0
            while reader.is_alive():
                peak = max(peak, _tree_memory(process.pid))
                reader.join(LOOK_SECONDS)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        result = json.loads(told[-1])
        results.append({**result, "memory": max(peak, result["memory"]), "runs": runs})
    return {key: statistics.median(result[key] for result in results) for key in results[0]}


def _checks(table: dict[str, dict[str, float]]) -> dict[str, bool]:
    """Return each budget in words, and whether it is held."""
    cpu = {name: row["cpu"] for name, row in table.items()}
    ours, memory = cpu["ours"], table["ours"]["memory"]
    share = table["ours"]["checking"] / ours
    checks = {
        f"CPU at most 1/9 of the xfade graph: 1/{cpu['xfade graph'] / ours:.1f}": (
            ours / cpu["xfade graph"] <= MOST_RATIO
        ),
        f"CPU at most {MOST_CPU:.0f} s: {ours:.1f}": ours <= MOST_CPU,
        f"memory at most {MOST_MEMORY_MB:.0f} MB: {memory:.0f}": memory <= MOST_MEMORY_MB,
        f"within {MOST_COPY_RATIO:.0f} x of a stream copy: {ours / cpu['stream copy']:.1f} x": (
            ours / cpu["stream copy"] <= MOST_COPY_RATIO
        ),
        f"cuts within 1.5 x of a stream copy: {cpu['ours, cuts'] / cpu['stream copy']:.2f} x": (
            cpu["ours, cuts"] / cpu["stream copy"] <= 1.5
        ),
        f"a re-roll at most 1/3 of the first: {cpu['ours, re-rolled'] / ours:.2f}": (
            cpu["ours, re-rolled"] / ours <= MOST_REROLL_RATIO
        ),
        f"the check of its own work at most 15 %: {share:.1%}": share <= MOST_CHECK_SHARE,
        f"quicker with two cores: {table['ours']['wall']:.1f} s, with one "
        f"{table['ours, one core']['wall']:.1f} s": (
            table["ours"]["wall"] < table["ours, one core"]["wall"]
        ),
    }
    if "MoviePy" in cpu:
        checks[f"CPU at most 1/20 of MoviePy: 1/{cpu['MoviePy'] / ours:.1f}"] = (
            ours / cpu["MoviePy"] <= MOST_MOVIEPY_RATIO
        )
    return checks


def main() -> int:
    """Run all contenders and print the table; exit 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="8 clips, one run each")
    parser.add_argument("--run", nargs=3, metavar=("NAME", "FOLDER", "CLIPS"))
    options = parser.parse_args()
    if options.run:
        name, folder, clips = options.run
        contender(name, Path(folder), int(clips))
        return 0
    count = 8 if options.quick else CLIPS
    with tempfile.TemporaryDirectory(prefix="render-bench-") as made:
        place = Path(made)
        for n in range(count):
            if n < DISTINCT:
                make_clip(place / f"c{n}.mp4", n)
            else:
                shutil.copyfile(place / f"c{n % DISTINCT}.mp4", place / f"c{n}.mp4")
        make_song(place / "song.mp3", count * MOVE_SECONDS + 1)
        contenders = [
            ("ours", 3),
            ("ours, one core", 1),
            ("ours, cuts", 3),
            ("ours, filling", 1),
            ("ours, re-rolled", 3),
            ("stream copy", 3),
            ("segments, joined", 1),
            ("xfade graph", 2),
        ]
        if "MOVIEPY_PYTHON" in os.environ:
            contenders.append(("MoviePy", 1))
        table = {
            name: measured(name, place, count, 1 if options.quick else runs)
            for name, runs in contenders
        }
    print(f"{count} clips of 720p, {count * MOVE_SECONDS:.0f} s")
    print(f"{'':17}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}{'frames':>9}{'runs':>6}")
    for name, row in table.items():
        print(
            f"{name:17}{row['cpu']:9.2f}{row['wall']:9.2f}{row['memory']:9.0f}{row['frames']:9.0f}"
            f"{row['runs']:6.0f}"
        )
    checks = _checks(table)
    for text, good in checks.items():
        print(f"{'ok  ' if good else 'MISS'} {text}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Three songs for the demo library, with their truth beside them.

Each is made of sounds computed here, at its own tempo and in its own mood, so that the whole
product can be tried on a machine with neither music nor network.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from local_emulators.demo_library.instruments import SAMPLE_RATE
from local_emulators.demo_library.synthesiser import Part, SongSpec, synthesise

if TYPE_CHECKING:
    from local_emulators.demo_library.instruments import Audio

ARTIST = "Choreo Demo Band"
BIT_RATE = 160_000
FRAME_SAMPLES = 1024
"""What one AAC packet holds."""

SONGS: tuple[tuple[str, SongSpec, int], ...] = (
    (
        "luna_de_marzo",
        SongSpec(
            title="Luna de Marzo",
            tempo=118.0,
            tonic=57,
            minor=True,
            chords=(0, 5, 2, 6),
            parts=(
                Part("intro", 2),
                Part("verse", 4),
                Part("chorus", 4, "majao"),
                Part("mambo", 4, "mambo"),
                Part("outro", 2, "majao"),
            ),
            drift=0.008,
            room=0.3,
            room_seconds=1.6,
            levels={"lead": 1.1, "pad": 1.3},
            fade_out=4.0,
        ),
        11,
    ),
    (
        "calle_catorce",
        SongSpec(
            title="Calle Catorce",
            tempo=126.0,
            tonic=52,
            minor=True,
            chords=(0, 3, 4, 0),
            parts=(
                Part("intro", 2),
                Part("verse", 4, break_counts=4),
                Part("chorus", 4, "majao"),
                Part("mambo", 4, "mambo"),
                Part("chorus", 2, "majao"),
                Part("outro", 1, "majao"),
            ),
            swing=0.08,
            bass_pattern="1-3-4",
            room_seconds=0.9,
        ),
        22,
    ),
    (
        "dulce_manana",
        SongSpec(
            title="Dulce Mañana",
            tempo=134.0,
            tonic=55,
            minor=False,
            chords=(0, 5, 3, 4),
            bars_per_chord=2,
            parts=(
                Part("intro", 2),
                Part("verse", 6),
                Part("chorus", 4, "majao"),
                Part("mambo", 4, "mambo"),
                Part("outro", 2, "derecho"),
            ),
            levels={"guira": 1.15, "requinto": 1.1},
            room=0.16,
        ),
        33,
    ),
)


def make_songs(folder: Path, progress: Callable[[int, int], None]) -> list[Path]:
    """Make the demo songs.

    Args:

        folder: Where they go; made when absent.

        progress: Called with (songs done, songs in all), first with 0 done.

    Returns:

        The m4a files, each with its `<name>.truth.json` beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    progress(0, len(SONGS))
    for done, (name, spec, seed) in enumerate(SONGS, start=1):
        audio, truth = synthesise(spec, seed)
        path = folder / f"{name}.m4a"
        write_audio(path, audio, title=spec.title, artist=ARTIST)
        document = {"title": spec.title, "artist": ARTIST, **asdict(truth)}
        text = json.dumps(document, ensure_ascii=False, indent=1)
        (folder / f"{name}.truth.json").write_text(text + "\n", encoding="utf-8")
        paths.append(path)
        progress(done, len(SONGS))
    return paths


def write_audio(
    path: Path,
    audio: Audio,
    *,
    rate: int = SAMPLE_RATE,
    bit_rate: int = BIT_RATE,
    title: str = "",
    artist: str = "",
) -> None:
    """Encode samples of shape (channels, n) into the format that the suffix of `path` names.

    m4a holds AAC, ogg Vorbis, mp3 MP3, flac FLAC, wav 16-bit PCM.
    """
    import av
    import numpy as np

    codec, sample_format = {
        ".m4a": ("aac", "fltp"),
        ".ogg": ("vorbis", "fltp"),
        ".mp3": ("libmp3lame", "fltp"),
        ".flac": ("flac", "s16"),
        ".wav": ("pcm_s16le", "s16"),
    }[path.suffix]
    layout = "stereo" if audio.shape[0] == 2 else "mono"
    with av.open(str(path), "w") as container:
        container.metadata.update({"title": title, "artist": artist})
        stream = container.add_stream(codec, rate=rate, layout=layout, format=sample_format)
        if not isinstance(stream, av.AudioStream):
            raise TypeError(f"{codec} is not an audio codec")
        if codec == "vorbis":
            # FFmpeg's own Vorbis encoder is marked experimental; the files are sound.
            stream.codec_context.options = {"strict": "experimental"}
        if path.suffix not in (".flac", ".wav"):
            stream.bit_rate = bit_rate
        planar = np.ascontiguousarray(audio, dtype=np.float32)
        for start in range(0, planar.shape[1], FRAME_SAMPLES):
            block = planar[:, start : start + FRAME_SAMPLES]
            if sample_format == "s16":
                interleaved = np.round(block.T * 32767).astype(np.int16).reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(interleaved, "s16", layout)
            else:
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), "fltp", layout)
            frame.sample_rate = rate
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

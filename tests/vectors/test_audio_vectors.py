"""Music and moves share a space in which what fits is near."""

import av
import numpy as np
import pytest

from choreo.errors import UnreadableMedia
from choreo.vectors import audio

RATE = 22_050


def write_wav(path, samples):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            (samples * 32_000).astype(np.int16)[None, :], format="s16", layout="mono"
        )
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def beaten(tempo, seconds=20.0, accents=(1, 0, 0.6, 1.5), brightness=0.2):
    """Hits at `tempo` with a pattern of four, over a quiet chord."""
    times = np.arange(int(seconds * RATE)) / RATE
    beat = 60 / tempo
    rng = np.random.default_rng(3)
    samples = 0.02 * np.sin(2 * np.pi * 220 * times)
    for index in range(int(seconds / beat)):
        at = int(index * beat * RATE)
        length = min(4000, len(samples) - at)
        decay = np.exp(-np.arange(length) / 800)
        hit = np.sin(2 * np.pi * 90 * np.arange(length) / RATE) + brightness * rng.normal(
            size=length
        )
        samples[at : at + length] += 0.4 * accents[index % 4] * decay * hit
    return np.clip(samples, -1, 1)


def eights(tempo, seconds=20.0):
    beat = 60 / tempo
    return [
        (k * 8 * beat, (k + 1) * 8 * beat, [(k * 8 + i) * beat for i in range(8)])
        for k in range(int(seconds / (8 * beat)))
    ]


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracks")
    made = {}
    for tempo in (110, 126, 140):
        file = write_wav(folder / f"{tempo}.wav", beaten(tempo))
        made[tempo] = file, audio.describe(file, eights(tempo))
    return made


def test_rows_are_float32_of_unit_length(tracks):
    for _, rows in tracks.values():
        assert rows.dtype == np.float32
        assert rows.shape[1] == 128
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_silent_clip_fits_the_song_of_its_tempo(tracks):
    for tempo in tracks:
        vector = audio.from_tempo(float(tempo))
        fits = {other: float((rows @ vector).mean()) for other, (_, rows) in tracks.items()}
        assert max(fits, key=fits.__getitem__) == tempo


def test_the_fit_falls_with_the_distance_in_tempo():
    here = audio.from_tempo(126)
    near, far, farther = (float(here @ audio.from_tempo(126 * f)) for f in (1.03, 1.08, 1.2))
    assert near > far > farther


def test_four_counts_are_near_the_eight_that_holds_them(tracks):
    file, rows = tracks[126]
    beat = 60 / 126
    (four,) = audio.describe(file, [(0.0, 4 * beat, [i * beat for i in range(4)])])
    assert float(four @ rows[0]) > 0.8


def test_another_rhythm_at_the_same_tempo_is_farther(tmp_path, tracks):
    _, rows = tracks[126]
    other = write_wav(tmp_path / "o.wav", beaten(126, accents=(0.2, 1.5, 1, 0.2), brightness=1.0))
    changed = audio.describe(other, eights(126))
    assert float(rows[0] @ changed[0]) < float(rows[0] @ rows[1]) - 0.05


def test_energy_tells_a_full_part_from_a_quiet_one(tmp_path):
    samples = beaten(126, 16.0)
    samples[: len(samples) // 2] *= 0.15
    file = write_wav(tmp_path / "rise.wav", samples)
    rows = audio.describe(file, eights(126, 16.0))
    calm, full = audio.from_tempo(126, 0.0), audio.from_tempo(126, 1.0)
    assert (rows[0] @ calm) - (rows[0] @ full) > (rows[-1] @ calm) - (rows[-1] @ full)


def test_silence_and_odd_spans_have_vectors(tmp_path):
    file = write_wav(tmp_path / "silence.wav", np.zeros(RATE * 5))
    spans = [(0.0, 4.0, [0.0, 1.0, 2.0, 3.0]), (4.0, 9.0, [4.0]), (20.0, 24.0, [20.0])]
    rows = audio.describe(file, spans)
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert audio.describe(file, []).shape == (0, 128)


def test_a_span_without_counts_and_a_file_without_sound_are_refused(tmp_path, tracks):
    file, _ = tracks[126]
    with pytest.raises(ValueError, match="ascending counts"):
        audio.describe(file, [(0.0, 4.0, [])])
    (tmp_path / "none.wav").write_bytes(b"nothing")
    with pytest.raises(UnreadableMedia):
        audio.describe(tmp_path / "none.wav", [(0.0, 4.0, [0.0])])

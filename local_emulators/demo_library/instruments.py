"""The sounds of the small band: plucked strings, skins, scrapes, voices, rooms and noise.

Each function returns samples at 44.1 kHz; nothing here knows what is played.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float64]

SAMPLE_RATE = 44_100

NOISE_LOOP = 1 << 20
"""Samples after which noise comes round, 24 s: in no time with any bar, and quickly made."""

VOWELS: tuple[tuple[float, float, float], ...] = (
    (750.0, 1_250.0, 2_600.0),
    (480.0, 1_900.0, 2_600.0),
    (300.0, 2_250.0, 3_000.0),
    (500.0, 900.0, 2_500.0),
    (330.0, 780.0, 2_400.0),
)
"""The first three formants, in hertz, of a, e, i, o and u as they are sung."""


class Kit:
    """The sounds of the instruments; each is made once per note and length."""

    def __init__(self, tuning: float, rng: np.random.Generator) -> None:
        self.rng = rng
        self.tuning = tuning + rng.uniform(-0.05, 0.05)
        self.brightness = rng.uniform(0.75, 1.3)
        self.cache: dict[tuple[object, ...], Audio] = {}
        skin = rng.uniform(0.9, 1.12)
        self.bongo_high = _drum(410 * skin, 0.11, 0.30, rng)
        self.bongo_low = _drum(225 * skin, 0.22, 0.16, rng)
        self.scrapes = {
            (long, take): _scrape(long, rng) for long in (True, False) for take in range(4)
        }

    def scrape(self, long: bool, take: int) -> Audio:
        """Return a long or a short stroke over the güira; takes 0 to 3 differ a little."""
        return self.scrapes[long, take]

    def guitar(self, note: int) -> Audio:
        """Return the rhythm guitar's string; `note` is a MIDI note, here and below."""
        pitch, bright = self._frequency(note), 0.9 * self.brightness
        return self._kept(("guitar", note), lambda: _pluck(pitch, 1.3, bright, 0.19, self.rng))

    def requinto(self, note: int) -> Audio:
        """Return the small lead guitar's string."""
        pitch, bright = self._frequency(note), 1.4 * self.brightness
        return self._kept(("requinto", note), lambda: _pluck(pitch, 0.8, bright, 0.11, self.rng))

    def bass(self, note: int, seconds: float) -> Audio:
        """Return a bass string, damped after `seconds`."""
        pitch = self._frequency(note)
        return self._kept(
            ("bass", note, round(seconds, 2)),
            lambda: _pluck(pitch, seconds + 0.08, 0.33, 0.3, self.rng, seconds),
        )

    def pad(self, note: int, seconds: float) -> Audio:
        """Return a soft held tone."""
        return self._kept(
            ("pad", note, round(seconds, 1)),
            lambda: _sustained(self._frequency(note), seconds, 5, 0.18, 0.0, self.rng),
        )

    def voice(self, note: int, seconds: float) -> Audio:
        """Return a plain "ah"."""
        return self._kept(
            ("voice", note, round(seconds, 1)),
            lambda: _sustained(self._frequency(note), seconds, 14, 0.05, 0.006, self.rng),
        )

    def sung(self, note: int, seconds: float, origin: int, rng: np.random.Generator) -> Audio:
        """Return a sung syllable: a slide from `origin`, two vowels, perhaps a consonant."""
        return _sung(self._frequency(origin), self._frequency(note), seconds, rng)

    def _frequency(self, note: int) -> float:
        return float(440.0 * 2 ** ((note + self.tuning - 69) / 12))

    def _kept(self, key: tuple[object, ...], make: Callable[[], Audio]) -> Audio:
        if key not in self.cache:
            self.cache[key] = make()
        return self.cache[key]


def _seconds(length: float) -> NDArray[np.float64]:
    return np.arange(max(1, int(length * SAMPLE_RATE))) / SAMPLE_RATE


def _pluck(
    frequency: float,
    seconds: float,
    brightness: float,
    position: float,
    rng: np.random.Generator,
    damped_at: float | None = None,
) -> Audio:
    """A plucked string: decaying partials, the higher the shorter, and a click of the nail."""
    time = _seconds(seconds)
    sound = np.zeros_like(time)
    for partial in range(1, 15):
        pitch = frequency * partial * np.sqrt(1 + 6e-5 * partial**2)
        if pitch > 9_000:
            break
        strength = abs(np.sin(np.pi * partial * position)) / partial**1.05
        strength *= np.exp(-(partial - 1) / (6.0 * brightness))
        decay = (1.6 + 0.5 * partial) * (frequency / 220.0) ** 0.4
        sound += (
            strength * np.exp(-decay * time) * np.sin(2 * np.pi * pitch * time + rng.uniform(0, 6))
        )
    click = int(0.006 * SAMPLE_RATE)
    sound[:click] += 0.25 * brightness * rng.normal(size=click) * np.linspace(1, 0, click) ** 2
    rise = min(len(time), int(0.0015 * SAMPLE_RATE))
    sound[:rise] *= np.linspace(0, 1, rise)
    if damped_at is not None:
        sound *= np.clip((damped_at + 0.06 - time) / 0.06, 0, 1)
    tail = min(len(time), int(0.03 * SAMPLE_RATE))
    sound[-tail:] *= np.linspace(1, 0, tail)
    return sound / max(float(np.abs(sound).max()), 1e-9)


def _sustained(
    frequency: float,
    seconds: float,
    partials: int,
    rise: float,
    vibrato: float,
    rng: np.random.Generator,
) -> Audio:
    """A held tone; with vibrato and formants it passes for a voice that sings "ah"."""
    time = _seconds(seconds)
    depth = vibrato * np.clip(time / 0.35, 0, 1)
    phase = 2 * np.pi * np.cumsum(frequency * (1 + depth * np.sin(2 * np.pi * 5.4 * time)))
    phase /= SAMPLE_RATE
    sound = np.zeros_like(time)
    for partial in range(1, partials + 1):
        pitch = frequency * partial
        if pitch > 7_000:
            break
        formants = sum(
            weight / (1 + ((pitch - centre) / width) ** 2)
            for centre, width, weight in ((650, 160, 1.0), (1150, 200, 0.6), (2700, 350, 0.3))
        )
        strength = (0.25 + formants) / partial if vibrato else 1 / partial**1.7
        sound += strength * np.sin(partial * phase + rng.uniform(0, 6))
    envelope = np.clip(time / rise, 0, 1) * np.clip((seconds - time) / 0.08, 0, 1)
    return envelope * sound / max(float(np.abs(sound).max()), 1e-9)


def _sung(origin: float, frequency: float, seconds: float, rng: np.random.Generator) -> Audio:
    """A syllable: it slides in from another pitch, and its mouth goes from vowel to vowel."""
    time = _seconds(seconds)
    slide = np.exp(-time / rng.uniform(0.02, 0.06))
    vibrato = 0.008 * np.clip((time - 0.2) / 0.3, 0, 1) * np.sin(2 * np.pi * 5.6 * time)
    pitch = frequency * (origin / frequency) ** slide * (1 + vibrato)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    first, last = (np.array(VOWELS[int(rng.integers(len(VOWELS)))]) for _ in (0, 1))
    way = np.clip(time / max(seconds, 0.05), 0, 1)
    formants = [a + (b - a) * way for a, b in zip(first, last, strict=True)]
    sound = np.zeros_like(time)
    for partial in range(1, 16):
        here = pitch * partial
        if float(here.min()) > 5_000:
            break
        colour = sum(
            weight / (1 + ((here - centre) / width) ** 2)
            for centre, width, weight in zip(
                formants, (110, 150, 250), (1.0, 0.7, 0.35), strict=True
            )
        )
        sound += (0.12 + colour) / partial**0.7 * np.sin(partial * phase + rng.uniform(0, 6))
    rise = rng.uniform(0.01, 0.06)
    sound *= np.clip(time / rise, 0, 1) * np.clip((seconds - time) / 0.05, 0, 1)
    sound /= max(float(np.abs(sound).max()), 1e-9)
    if rng.random() < 0.5:
        hiss = rng.normal(size=len(time)) * np.exp(-time / 0.025)
        sound += rng.uniform(0.05, 0.3) * _high_passed(hiss, rng.uniform(1_500, 5_000))
    return sound


def _drum(frequency: float, decay: float, slap: float, rng: np.random.Generator) -> Audio:
    """A skin: three modes of a drum head whose pitch falls a little, and a slap."""
    time = _seconds(0.5)
    bend = 1 + 0.10 * np.exp(-time / 0.012)
    phase = 2 * np.pi * np.cumsum(frequency * bend) / SAMPLE_RATE
    sound = np.zeros_like(time)
    for ratio, strength in ((1.0, 1.0), (1.59, 0.45), (2.3, 0.25)):
        sound += strength * np.exp(-time * ratio / decay * 2.2) * np.sin(ratio * phase)
    sound += slap * rng.normal(size=len(time)) * np.exp(-time / 0.006)
    rise = int(0.001 * SAMPLE_RATE)
    sound[:rise] *= np.linspace(0, 1, rise)
    return sound / float(np.abs(sound).max())


def _scrape(long: bool, rng: np.random.Generator) -> Audio:
    """A stroke over the güira: bright noise in a row of ridges."""
    length = 0.13 if long else 0.06
    time = _seconds(length + 0.05)
    noise = _high_passed(rng.normal(size=len(time)), 3_500.0)
    ridges = 0.6 + 0.4 * np.sign(np.sin(2 * np.pi * rng.uniform(95, 150) * time))
    envelope = np.clip(time / 0.004, 0, 1) * np.exp(-time / (0.45 * length))
    sound = noise * ridges * envelope
    return sound / float(np.abs(sound).max())


def _high_passed(signal: Audio, cutoff: float) -> Audio:
    spectrum = np.fft.rfft(signal)
    frequency = np.fft.rfftfreq(len(signal), 1 / SAMPLE_RATE)
    return np.fft.irfft(spectrum / (1 + (cutoff / np.maximum(frequency, 1.0)) ** 4), len(signal))


def reverberated(signal: Audio, seconds: float, rng: np.random.Generator) -> Audio:
    """A room: exponentially decaying noise, darker with time, different at each ear."""
    time = _seconds(1.4 * seconds)
    size = _fast_size(len(signal) + len(time))
    sent = np.fft.rfft(signal, size)
    wet = np.empty((2, len(signal)))
    for side in (0, 1):
        tail = rng.normal(size=len(time)) * np.exp(-6.9 * time / seconds)
        tail[: int(0.012 * SAMPLE_RATE)] = 0.0
        smooth = np.convolve(tail, np.hanning(9) / 4.0, mode="same")
        smooth /= np.sqrt(float(np.sum(smooth**2)))
        wet[side] = np.fft.irfft(sent * np.fft.rfft(smooth, size), size)[: len(signal)]
    return wet


def _fast_size(least: int) -> int:
    """Return the smallest 2^a, 3 * 2^a or 5 * 2^a that is not below `least`."""
    return min(factor << max(0, int(np.ceil(np.log2(least / factor)))) for factor in (1, 3, 5))


def crowd(length: int, rng: np.random.Generator) -> Audio:
    """Return a talking room of shape (2, length) and RMS 1: noise that swells, and handclaps."""
    steps = length // SAMPLE_RATE + 2
    swell = np.exp(rng.normal(0.0, 0.5, steps))
    at = np.arange(length) / SAMPLE_RATE
    sound = pinkish(length, rng) * np.interp(at, np.arange(steps), swell)
    clap = rng.normal(size=2_000) * np.exp(-np.arange(2_000) / 250)
    for start in rng.integers(0, max(1, length - len(clap)), length // SAMPLE_RATE):
        sound[:, start : start + len(clap)] += rng.uniform(0.5, 3.0) * clap
    return np.asarray(sound / np.sqrt(np.mean(sound**2)))


def pinkish(length: int, rng: np.random.Generator) -> Audio:
    """Return noise of shape (2, length) and RMS 1, softer towards the top; it comes round."""
    size = min(_fast_size(length), NOISE_LOOP)
    spectrum = np.fft.rfft(rng.normal(size=(2, size)), axis=1)
    frequency = np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 20.0)
    noise = np.fft.irfft(spectrum / np.sqrt(frequency), size, axis=1)
    noise /= np.sqrt(np.mean(noise**2))
    return np.tile(noise, (1, -(-length // size)))[:, :length]

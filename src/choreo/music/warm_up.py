"""Analyse a few seconds of noise, so that what compiles at its first use is compiled already.

An image runs it while it is built, with NUMBA_CACHE_DIR inside the image and
NUMBA_CPU_NAME=generic, so that the cache fits whatever processor the image runs on later.
"""

import random
import tempfile
import wave
from pathlib import Path

from choreo.music import analyse

RATE, SECONDS = 22_050, 8


def main() -> None:
    """Run one analysis and forget it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "noise.wav"
        with wave.open(str(file), "wb") as sound:
            sound.setparams((1, 2, RATE, 0, "NONE", "NONE"))
            sound.writeframes(random.Random(1).randbytes(2 * RATE * SECONDS))
        analyse(file)


if __name__ == "__main__":
    main()

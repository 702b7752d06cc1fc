"""Write one self-contained folder for each deployable: what a deployment from source needs.

    python tools/stage.py [FOLDER]     # default: build/stage

Each folder has the deployable's `main.py`, its packages, the shared package and its
`requirements.txt`, and nothing of the others. Their old contents are removed first.
"""

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

SHARED = "src/choreo"

NOT_STAGED = shutil.ignore_patterns("__pycache__", "*.pyc", "requirements.*", "Dockerfile")


@dataclass(frozen=True)
class Deployable:
    """What is deployed together."""

    name: str
    folder: str
    """Holds `requirements.txt`."""
    parts: tuple[str, ...]
    """Files and packages, beside the shared package; each keeps its last name."""


DEPLOYABLES = (
    Deployable(
        "request_handler",
        "functions/request_handler",
        (
            "functions/request_handler/main.py",
            "functions/request_handler/intake",
            "functions/request_handler/web",
        ),
    ),
    Deployable(
        "planner",
        "functions/planner",
        ("functions/planner/main.py", "functions/planner/planning"),
    ),
    Deployable(
        "job_image",
        "job_image",
        ("job_image/main.py", "job_image/execution", "job_image/rendering"),
    ),
    Deployable("catalog", "catalog", ("catalog", "choreo_cli")),
)


def stage(deployable: Deployable, into: Path) -> Path:
    """Write the folder of `deployable` below `into` and return it.

    Raises:

        FileNotFoundError: If a part does not exist.
    """
    bundle = into / deployable.name
    bundle.mkdir(parents=True)
    for part in (*deployable.parts, SHARED, f"{deployable.folder}/requirements.txt"):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, bundle / source.name, ignore=NOT_STAGED)
        else:
            shutil.copy2(source, bundle / source.name)
    return bundle


def main(arguments: list[str]) -> int:
    """Stage all; return the exit status."""
    parser = argparse.ArgumentParser(description="Write a self-contained folder per deployable.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "stage")
    into: Path = parser.parse_args(arguments).folder
    for deployable in DEPLOYABLES:
        shutil.rmtree(into / deployable.name, ignore_errors=True)
        bundle = stage(deployable, into)
        files = [file for file in bundle.rglob("*") if file.is_file()]
        size = sum(file.stat().st_size for file in files)
        print(f"{bundle}: {len(files)} files, {size / 1024:.0f} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The render job, whose whole video is published only when no file `hold` lies in the library."""

import os
import runpy
import sys
import time
from pathlib import Path

from choreo.local.object_store import FolderStore

JOB = Path(__file__).parents[2] / "job_image"

publish = FolderStore.publish


def publish_when_let(store: FolderStore, file: Path, path: str) -> int:
    while (Path(os.environ["LIBRARY"]) / "hold").exists() and ".preview." not in path:
        time.sleep(0.05)
    return publish(store, file, path)


if __name__ == "__main__":
    FolderStore.publish = publish_when_let  # type: ignore[method-assign] # that is the fault
    sys.path.insert(0, str(JOB))
    runpy.run_path(str(JOB / "main.py"), run_name="__main__")

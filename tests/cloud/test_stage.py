"""Each bundle loads alone: nothing but itself and its own requirements."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cloud_paths import ROOT

from tools.stage import DEPLOYABLES, main, stage

ENTRYPOINTS = {
    "request_handler": "import functions_framework as f\n"
    "f.create_app('handle', bundle + '/main.py', 'http')",
    "planner": "import functions_framework as f\n"
    "f.create_app('plan_choreography', bundle + '/main.py', 'cloudevent')",
    "job_image": "import main",
    "catalog": "import catalog, choreo_cli.main",
}

LOAD = """
import sys
bundle = {bundle!r}
sys.path.insert(0, bundle)
{entry}
import choreo
assert choreo.__file__.startswith(bundle), choreo.__file__
print(*sorted(name for name in sys.modules if "." not in name))
"""

MADE_AS = {"job_image": "job"}
"""Environments that `make setup` has made under another name."""


@pytest.fixture(scope="module")
def environment() -> Iterator[Callable[[str], Path]]:
    """Gives the Python of an environment that has one deployable's requirements and no others."""
    uv = shutil.which("uv", path=f"{os.environ['PATH']}:{ROOT / '.venvs/tools/bin'}")
    with tempfile.TemporaryDirectory(prefix="choreo-bundles-") as folder:

        def make(name: str) -> Path:
            made = ROOT / ".venvs" / MADE_AS.get(name, name)
            lock = next(found.folder for found in DEPLOYABLES if found.name == name)
            ready, requirements = made / ".ready", ROOT / lock / "requirements.txt"
            if ready.exists() and ready.stat().st_mtime >= requirements.stat().st_mtime:
                return made / "bin" / "python"
            if uv is None:
                pytest.skip(f"there is neither {made} nor uv to make it; run make setup")
            fresh = Path(folder) / name
            subprocess.run([uv, "venv", "-q", str(fresh)], check=True)
            subprocess.run(
                [uv, "pip", "sync", "-q", "-p", str(fresh), "--require-hashes", str(requirements)],
                check=True,
            )
            return fresh / "bin" / "python"

        yield make


@pytest.mark.parametrize("name", ENTRYPOINTS)
def test_a_bundle_loads_with_its_own_requirements_alone(
    name: str, tmp_path: Path, environment: Callable[[str], Path]
) -> None:
    deployable = next(found for found in DEPLOYABLES if found.name == name)
    bundle = stage(deployable, tmp_path)
    done = subprocess.run(
        [environment(name), "-I", "-c", LOAD.format(bundle=str(bundle), entry=ENTRYPOINTS[name])],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    if name in ("request_handler", "job_image"):
        assert loaded & {"numpy", "faiss", "librosa", "cv2"} == set()


def test_bundles_hold_no_leftovers_and_are_replaced_whole(tmp_path: Path, capsys) -> None:
    stale = tmp_path / "job_image" / "old.py"
    stale.parent.mkdir()
    stale.touch()
    assert main([str(tmp_path)]) == 0
    assert not stale.exists()
    assert {folder.name for folder in tmp_path.iterdir()} == {d.name for d in DEPLOYABLES}
    for folder in tmp_path.iterdir():
        assert (folder / "requirements.txt").is_file()
        assert (folder / "choreo" / "settings.py").is_file()
        assert not list(folder.rglob("__pycache__"))
    assert "files" in capsys.readouterr().out

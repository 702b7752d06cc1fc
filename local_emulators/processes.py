"""Child processes of the stack: started with free ports, waited for, ended together."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent

READY_SECONDS = 180.0
"""For a service that lives but does not answer yet: a cold start takes seconds, on a machine that
does much else many times as long."""

STOP_SECONDS = 15.0
"""A little longer than the guard's own grace."""

OFFERED_PORTS = range(20_000, 32_000)
"""Below those that Linux and macOS give to connections and to whoever asks for any port."""

_claims: list[socket.socket] = []
"""What keeps this process's ports its own; closed when it ends."""


class StackFailed(Exception):
    """A service did not start; the text has its last words."""


@dataclass(frozen=True)
class Service:
    """How to run one service.

    `health` is a URL that answers with any HTTP status once the service is ready.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    health: str


class Child:
    """One running service, with its output passed on line by line."""

    def __init__(self, service: Service, output: TextIO) -> None:
        self.service = service
        self.last_lines: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local_emulators.guard", *service.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**base_environment(), **service.environment},
            cwd=ROOT,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        self._pump = threading.Thread(target=self._pass_on, args=(output,), daemon=True)
        self._pump.start()

    @property
    def running(self) -> bool:
        """False once the process has ended."""
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Return when the service answers.

        Raises:

            StackFailed: If it ends or stays silent.
        """
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if not self.running:
                self._pump.join(2)
                break
            try:
                urllib.request.urlopen(self.service.health, timeout=2).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                pass
            time.sleep(0.1)
        words = "\n  ".join(self.last_lines[-15:]) or "(it said nothing)"
        raise StackFailed(f"{self.service.name} did not start:\n  {words}")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the service and all that belongs to its process group."""
        os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End the service at once, with everything it started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End the service and everything it started."""
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _pass_on(self, output: TextIO) -> None:
        for line in self._process.stdout or ():
            self.last_lines = [*self.last_lines[-40:], line.rstrip()]
            with contextlib.suppress(ValueError):  # the output may be closed at the very end
                print(f"{self.service.name:<15} {line.rstrip()}", file=output, flush=True)


def base_environment() -> dict[str, str]:
    """Return what every service needs of this process's environment, and no more."""
    kept = (
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "JAVA_HOME",
        "NUMBA_CACHE_DIR",
        "CI",
        "METRICS",
        "VIDEOS_KEPT_DAYS",
    )
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return {**environment, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}


def free_port(wanted: int = 0) -> int:
    """Return `wanted` if nobody listens there on 127.0.0.1, else a port that is nobody's.

    That port is this process's for as long as it lives: a service takes seconds to open its
    port, and what opens the same one in between would be taken for that service. A socket of
    the same number in UDP, where none of our services listens, is the claim that other
    processes see. Ports of the system's own choice are left out, since connections get those.
    """
    if wanted and _is_free(wanted):
        return wanted
    for port in random.sample(OFFERED_PORTS, len(OFFERED_PORTS)):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        if _is_free(port):
            return port
    first, last = OFFERED_PORTS[0], OFFERED_PORTS[-1]
    raise StackFailed(f"no port from {first} to {last} of 127.0.0.1 is free; end what holds them")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def deployable_python(name: str) -> str:
    """Return the Python that has the requirements of one deployable and nothing else.

    Without `make setup`'s environments (an installed copy, say) it is this process's own.
    """
    python = ROOT / ".venvs" / name / "bin" / "python"
    return str(python) if python.exists() else sys.executable

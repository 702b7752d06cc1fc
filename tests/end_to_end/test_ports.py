"""Who asks for a port has it to itself, so that no service is taken for another one."""

import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from local_emulators.processes import ROOT, free_port

ASKS = """
import sys
from local_emulators.processes import free_port
print(*[free_port() for _ in range(40)], flush=True)
sys.stdin.read()
"""


def _open(kind: socket.SocketKind, port: int = 0) -> socket.socket:
    opened = socket.socket(socket.AF_INET, kind)
    opened.bind(("127.0.0.1", port))
    return opened


def test_processes_that_ask_at_once_never_get_the_same_port() -> None:
    with ExitStack() as asking:
        processes = [
            asking.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", ASKS],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=ROOT,
                )
            )
            for _ in range(4)
        ]
        told = [process.stdout.readline().split() for process in processes if process.stdout]
    ports = [port for line in told for port in line]
    assert len(ports) == len(set(ports)) == 160


def test_a_port_that_somebody_listens_on_is_not_given_away() -> None:
    with _open(socket.SOCK_STREAM) as busy:
        busy.listen()
        port = busy.getsockname()[1]
        assert free_port(port) != port


def test_a_wanted_port_is_given_as_long_as_nobody_listens_there() -> None:
    port = free_port()
    assert free_port(port) == port


def test_no_port_is_one_that_connections_get() -> None:
    limits = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(limits.read_text().split()[0]) if limits.exists() else 49_152
    assert all(free_port() < first for _ in range(20))

"""What one process may take: memory and processor time, held by the operating system.

Media are decoded by a large library that was not written for enemies. Whatever a file makes of
it, the process ends before the machine does.
"""

from __future__ import annotations

import math
import sys
import time

MEBIBYTE = 1 << 20


def limit_memory(mebibytes: int) -> None:
    """Let this process have so much address space; asking for more raises `MemoryError`.

    Address space is what a process has asked for, which is more than it uses: a render that
    uses 300 MiB asks for 1,300. 0 is no limit. Where the system knows no such limit (macOS,
    Windows) nothing is done.
    """
    if mebibytes and sys.platform.startswith("linux"):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        wanted = mebibytes * MEBIBYTE
        if most != resource.RLIM_INFINITY:
            wanted = min(wanted, most)
        resource.setrlimit(resource.RLIMIT_AS, (wanted, most))


def limit_cpu(seconds: int) -> None:
    """End this process (SIGXCPU) when it has used so many more seconds of processor time.

    Calling it again starts anew. 0 is no limit; so is a system without such limits.
    """
    if seconds and sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        wanted = math.ceil(time.process_time()) + seconds
        if most != resource.RLIM_INFINITY:
            wanted = min(wanted, most)
        resource.setrlimit(resource.RLIMIT_CPU, (wanted, most))

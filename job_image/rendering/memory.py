"""Giving freed memory back to the system."""

import ctypes

LARGE = 256 * 1024
"""Bytes; pictures are larger, and nothing that is asked for often is."""

KEPT = 4 * 1024 * 1024
"""Bytes at the end of each thread's heap that stay there between two key frames' packets."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""glibc's malloc.h."""


def return_large_blocks() -> None:
    """Have blocks from `LARGE` on mapped one by one, so that freeing one returns it at once.

    glibc raises this limit with each large block that is freed. Pictures then come from heaps, one
    for each thread, which are torn by what is freed in between: a fifth more memory after four
    minutes of video, and more after an hour. A fixed limit has the ends of the heaps returned
    from 128 kB on, which is less than a key frame's packet takes: there, more is kept. Other C
    libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, LARGE)
    mallopt(_M_TRIM_THRESHOLD, KEPT)

"""Giving freed memory back to the system."""

import ctypes

LARGE = 256 * 1024
"""Bytes; pictures are larger, and nothing that is asked for often is."""

_M_MMAP_THRESHOLD = -3
"""glibc's malloc.h."""


def return_large_blocks() -> None:
    """Have blocks from `LARGE` on mapped one by one, so that freeing one returns it at once.

    glibc raises this limit with each large block that is freed. Pictures then come from heaps, one
    for each thread, which are torn by what is freed in between: a fifth more memory after four
    minutes of video, and more after an hour. Other C libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, LARGE)

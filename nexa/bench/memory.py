"""Watches how much memory this process holds while a bench works."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psutil

LOOK_SECONDS: Final = 0.1


@contextmanager
def memory_watched() -> Iterator[list[int]]:
    """The bytes the process holds, looked at from a thread until the end of the block."""
    process, ended = psutil.Process(), threading.Event()
    sizes = [process.memory_info().rss]

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            sizes.append(process.memory_info().rss)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield sizes
    finally:
        ended.set()
        thread.join()
        sizes.append(process.memory_info().rss)


def growth_mb(sizes: list[int]) -> float:
    """By how much the process grew at most."""
    return (max(sizes) - sizes[0]) / 1024**2

"""A load generator: threads that each keep one connection open and send in turn."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

THREADS = 8
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Shot:
    """One request to be sent."""

    body: bytes
    headers: Mapping[str, str]


class LoadError(Exception):
    """A request was not answered with 200; the message says what came instead."""


def fired(url: str, shots: Sequence[Shot]) -> float:
    """Send all shots from THREADS threads; seconds it took. Raises LoadError."""
    portions = [shots[number::THREADS] for number in range(THREADS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for sent in [pool.submit(_fire, url, portion) for portion in portions]:
            sent.result()
    return time.perf_counter() - began


def _fire(url: str, shots: Sequence[Shot]) -> None:
    parts = urlsplit(url)
    client = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=TIMEOUT_SECONDS)
    try:
        for shot in shots:
            client.request("POST", parts.path, shot.body, dict(shot.headers))
            answer = client.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise LoadError(f"{parts.path} answered {answer.status}: {said[:200]!r}")
    finally:
        client.close()

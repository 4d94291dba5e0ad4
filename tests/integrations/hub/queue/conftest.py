"""What the tests of the queue share."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def engine_says_nothing() -> Iterator[None]:
    """Machines make thousands of jobs fail; for the time of these tests alone nobody is told."""
    logger = logging.getLogger("integrations.hub")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)

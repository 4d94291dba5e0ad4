from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from nexa.supervisor import SupervisorError
from nexa.supervisor.ports import port_anywhere, port_from, port_is_free, port_required


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_port_that_is_taken_is_named_with_its_holder_and_the_option(busy_port) -> None:
    with pytest.raises(SupervisorError) as refused:
        port_required(busy_port, option="make demo PORT=8001")

    said = str(refused.value)
    assert f"Port {busy_port} on 127.0.0.1 is in use by" in said
    assert f"process {os.getpid()}" in said
    assert "make demo PORT=8001" in said


def test_port_from_passes_over_one_that_is_taken(busy_port) -> None:
    assert port_from(busy_port) > busy_port


def test_port_from_gives_up_in_words(busy_port) -> None:
    with pytest.raises(SupervisorError, match="No port from"):
        port_from(busy_port, tries=1)


def test_port_anywhere_is_free() -> None:
    assert port_is_free(port_anywhere())

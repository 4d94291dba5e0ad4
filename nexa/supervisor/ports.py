"""Ports of this machine: which are free, and who holds one that is not."""

from __future__ import annotations

import socket

import psutil

from nexa.supervisor.errors import SupervisorError

LOOPBACK = "127.0.0.1"


def port_is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def port_required(port: int, *, option: str) -> int:
    """The port itself when it is free; SupervisorError names its holder and the option."""
    if port_is_free(port):
        return port
    holder = _holder(port)
    raise SupervisorError(
        f"Port {port} on {LOOPBACK} is in use{f' by {holder}' if holder else ''}. "
        f"Stop that program, or choose another port: {option}"
    )


def port_from(first: int, tries: int = 100) -> int:
    """The first free port from `first` on."""
    for port in range(first, min(first + tries, 65536)):
        if port_is_free(port):
            return port
    raise SupervisorError(f"No port from {first} to {first + tries - 1} is free on {LOOPBACK}.")


def port_anywhere() -> int:
    """A port that was free a moment ago, chosen by the system."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _holder(port: int) -> str:
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):  # not allowed to look on some systems
        return ""
    for connection in connections:
        address = connection.laddr
        if connection.status == psutil.CONN_LISTEN and address and address.port == port:
            return _named(connection.pid)
    return ""


def _named(pid: int | None) -> str:
    if pid is None:
        return ""
    try:
        return f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return f"process {pid}"

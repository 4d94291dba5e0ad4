"""Starts and stops the sandbox: a threaded server on a port of this machine."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from werkzeug.serving import WSGIRequestHandler, make_server

from integrations.hub.sandbox.deliveries import Deliverer
from integrations.hub.sandbox.dispatch import Sandbox
from integrations.hub.sandbox.fake import SandboxApp
from integrations.hub.sandbox.recording import Recorder
from integrations.hub.sandbox.store import Store
from integrations.hub.sandbox.vendor import Vendor

logger = logging.getLogger(__name__)


class PortBusy(Exception):
    """Another program listens there; `str()` says where and what to do."""


class QuietHandler(WSGIRequestHandler):
    """Logs through our own logger instead of standard error."""

    protocol_version = "HTTP/1.1"

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """A lost reply: hang up, do not wait for the next request."""
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        logger.debug("%s %s %s", self.command, self.path.partition("?")[0], code)


class SandboxServer:
    """Every provider's fake on one port; port 0 takes a free one."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        store: Path | None = None,
        record: Path | None = None,
        apps: Iterable[SandboxApp] | None = None,
    ) -> None:
        """Raise PortBusy, or StoreUnusable for a file that is no store."""
        listener = _listen(host, port)
        self._store = Store(store)
        self._deliverer = Deliverer(self._store)
        self.vendors = {
            app.id: Vendor(app, self._store, self._deliverer)
            for app in (installed_apps() if apps is None else apps)
        }
        self.application = Sandbox(self.vendors, Recorder(record) if record else None)
        self._server = make_server(
            host,
            listener.getsockname()[1],
            self.application,
            threaded=True,
            request_handler=QuietHandler,
            fd=listener.detach(),
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True
        )

    @property
    def url(self) -> str:
        host = str(self._server.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.port}"

    def start(self) -> None:
        self._deliverer.start()
        self._thread.start()

    def stop(self) -> None:
        """Wake whoever waits, finish what runs, close the store."""
        self.application.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._deliverer.stop()
        self._store.close()

    def wait_delivered(self, timeout: float = 10.0) -> bool:
        """Whether every web-hook due now was sent in time."""
        return self._deliverer.wait_idle(timeout)


def installed_apps() -> list[SandboxApp]:
    """The fakes of every provider in settings. Raise ImproperlyConfigured when one has none."""
    return [_load(provider) for provider in settings.PROVIDERS]


def _load(provider: str) -> SandboxApp:
    path = f"integrations.{provider}.sandbox.sandbox"
    try:
        app = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"{provider}: {path} cannot be imported: {error}") from error
    if not isinstance(app, SandboxApp) or app.id != provider:
        raise ImproperlyConfigured(f"{path} must be a SandboxApp with the id {provider!r}.")
    return app


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            raise PortBusy(
                f"The sandbox cannot listen on {host} port {port}: {error.strerror}. "
                "Stop what uses it, or choose another with --port."
            ) from error
        raise
    return listener

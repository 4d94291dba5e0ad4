"""The web server's settings, read by gunicorn from the folder it is started in."""

from __future__ import annotations

import os
from pathlib import Path

bind = os.environ.get("NEXA_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("NEXA_WEB_WORKERS", "2"))
threads = int(os.environ.get("NEXA_WEB_THREADS", "4"))
worker_class = "gthread"
timeout = 60
graceful_timeout = 20
# Longer than the idle time of the usual reverse proxy would cost threads; shorter costs dials.
keepalive = 5
# Frees what a long life may have gathered; the spread keeps workers from going together.
max_requests = 20_000
max_requests_jitter = 2_000
# The workers' heartbeat files: on a disk they may block for seconds.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True
accesslog = None  # a proxy writes one; ours are the application's lines, redacted

"""Builds the composed settings: database, cluster, logs and a demo's own secrets."""

from __future__ import annotations

import json
import math
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from nexa.embedded import data_folder_made
from nexa.supervisor.single import LOCK_FILE, running

# The pump's budget, and the longest call that it may begin at the end of it.
TASK_TIMEOUT_SECONDS = 90
TASK_RETRY_SECONDS = 300
SECRETS_FILE = "secrets.json"
DEFAULT_BASE_URL = "http://127.0.0.1:8000"


def database_settings(url: str, *, data_folder: Path) -> dict[str, Any]:
    """Settings for DATABASE_URL, or for the embedded PostgreSQL when it is empty."""
    if not url:
        return {
            "ENGINE": "nexa.embedded.backend",
            "NAME": "nexa",
            "DATA_FOLDER": data_folder,
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database: end it with /<database>.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "HOST": query.pop("host", unquote(parts.hostname or "")),
        "PORT": str(query.pop("port", parts.port or "")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }


def growing_folders(*, embedded: Path | None, uploads: Path | None) -> list[Path]:
    """Folders of this machine that fill with what comes in; what lies elsewhere is None."""
    return [folder for folder in (embedded, uploads) if folder is not None]


def cache_settings(*, redis: str) -> dict[str, dict[str, Any]]:
    """In each process's memory where no Redis is shared; never in the database."""
    memory = "django.core.cache.backends.locmem.LocMemCache"
    shared = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis}
    # The second holds the cluster's own statistics only.
    return {
        "default": shared if redis else {"BACKEND": memory},
        "qstats": {"BACKEND": memory, "LOCATION": "qstats"},
    }


def cluster_settings(*, workers: int, redis: str) -> dict[str, Any]:
    """django-q2's settings; the database is the truth, so a lost or doubled task is harmless."""
    cluster: dict[str, Any] = {
        "name": "nexa",
        "workers": workers,
        "timeout": TASK_TIMEOUT_SECONDS,
        "retry": max(TASK_RETRY_SECONDS, shortest_retry_seconds(workers, workers, 1) + 1),
        "queue_limit": workers,
        "bulk": 1,
        "max_attempts": 1,
        "ack_failures": True,
        "save_limit": -1,
        "catch_up": False,
        "poll": 0.5,
        "guard_cycle": 0.5,
        "recycle": 200,
        "cache": "qstats",
        "label": "Queue",
    }
    return cluster | ({"redis": redis} if redis else {"orm": "default"})


def shortest_retry_seconds(
    workers: int, queue_limit: int, bulk: int, timeout: int = TASK_TIMEOUT_SECONDS
) -> int:
    """The queue hands a task out again after `retry`; below this a task may run twice at once.

    A task's lock starts when the pusher takes it, so it may wait for others before it starts.
    """
    return timeout * (1 + math.ceil((queue_limit + bulk) / workers)) + 15


def local_secret(data_folder: Path) -> dict[str, str]:
    """Secrets of a demo or a developer's checkout, made once and kept readable by its user only."""
    path = data_folder / SECRETS_FILE
    if not path.exists():
        _make_local_secret(path)
    return _read_local_secret(path)


def demo_sandbox(data_folder: Path) -> str:
    """Where the demo that runs on this folder has its sandbox; empty when none runs.

    An operator's command is told nothing by the demo, and must not call the real vendors with its
    data.
    """
    found = running(data_folder / LOCK_FILE)
    return found.sandbox if found else ""


def _make_local_secret(path: Path) -> None:
    """Whole or not at all, and the first of several processes wins."""
    values = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "NEXA_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    }
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        data_folder_made(path.parent)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(values, file)
        with suppress(FileExistsError):
            path.hardlink_to(part)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{path} cannot be written ({error.strerror}). Set NEXA_DATA_DIR to a folder you may "
            "write to."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _read_local_secret(path: Path) -> dict[str, str]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in values.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ImproperlyConfigured(
            f"{path} cannot be read ({error}). Without it stored credentials cannot be decrypted; "
            "restore it from a backup, or delete it to start with new secrets."
        ) from error


def mail_backend(*, host: str) -> str:
    """Without a mail server what would be sent is printed."""
    kind = "smtp" if host else "console"
    return f"django.core.mail.backends.{kind}.EmailBackend"


def log_settings(*, level: str, json: bool) -> dict[str, Any]:
    """One line an event on standard error, with the request or task id, secrets redacted."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "context": {"()": "nexa.logs.ContextFilter"},
        },
        "formatters": {
            "json": {
                "()": "nexa.logs.JsonFormatter",
                "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s %(context_id)s",
            },
            "plain": {
                "()": "nexa.logs.PlainFormatter",
                "fmt": "%(asctime)s %(levelname)-7s %(name)s [%(context_id)s] %(message)s",
            },
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "json" if json else "plain",
                "filters": ["context"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": level, "propagate": False},
            "django": {"level": level},
            "django-q": {"handlers": ["console"], "level": level, "propagate": False},
        },
    }

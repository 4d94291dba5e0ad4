"""System checks of the hub's set-up: the queue's numbers, and each provider's files."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from integrations.hub import registry
from integrations.hub.provider import Provider

ALWAYS = ("apps.py", "provider.py", "client.py", "README.md")


@register()
def cluster_numbers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A task's lock starts when the pusher takes it, so `retry` must cover those before it too."""
    cluster = settings.Q_CLUSTER
    waves = math.ceil((cluster["queue_limit"] + cluster["bulk"]) / cluster["workers"])
    shortest = cluster["timeout"] * (1 + waves) + 15
    if cluster["retry"] > shortest:
        return []
    return [
        Error(
            f"Q_CLUSTER['retry'] is {cluster['retry']} s; tasks would run twice at once.",
            hint="Set it above timeout * (1 + ceil((queue_limit + bulk) / workers)) + 15, "
            f"which is {shortest}.",
            id="hub.E001",
        )
    ]


@register()
def provider_files(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each provider has the files that its declaration calls for."""
    return [
        CheckWarning(
            f"The provider {provider.id} has no {name}.",
            hint=f"Add integrations/{provider.id}/{name}.",
            id="hub.W002",
        )
        for provider in registry.all_providers()
        if (folder := _folder(provider)) is not None
        for name in _expected(provider)
        if not _is_there(folder / name)
    ]


@register()
def environment_is_right(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """A variable that is wrong stops the start, with its name."""
    found: list[CheckMessage] = []
    for provider in registry.all_providers():
        try:
            if provider.environment is not None:
                provider.environment(os.environ)
        except ImproperlyConfigured as error:
            found.append(Error(str(error), hint="Correct the variables.", id="hub.E003"))
    return found


def _folder(provider: Provider) -> Path | None:
    """Its folder; None for one that is not a package of ours (tests declare such)."""
    if provider.id not in settings.PROVIDERS:
        return None
    spec = find_spec(f"integrations.{provider.id}")
    return Path(spec.origin).parent if spec and spec.origin else None


def _is_there(path: Path) -> bool:
    """A module that grew into a package is there too."""
    return path.exists() or (path.suffix == ".py" and path.with_suffix("").is_dir())


def _expected(provider: Provider) -> list[str]:
    names = list(ALWAYS)
    if provider.webhook is not None:
        names += ["webhooks.py", "samples"]
    if provider.commands or provider.pushes:
        names += ["push.py", "signals.py"]
    return names

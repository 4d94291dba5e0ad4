"""The closed list of providers: loaded once at the start, from settings.PROVIDERS."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integrations.hub.provider import Provider

_providers: dict[str, Provider] = {}


def load() -> None:
    """Import every provider of settings.PROVIDERS; raises ImproperlyConfigured with the reason.

    Where one cannot be imported, those that were loaded before stay.
    """
    declared = [_declared(provider_id) for provider_id in settings.PROVIDERS]
    _providers.clear()
    for provider in declared:
        add(provider)


def add(provider: Provider) -> None:
    if provider.id in _providers:
        raise ImproperlyConfigured(f"The provider {provider.id!r} is declared twice.")
    if provider.door is not None and (holder := find_by_door(provider.door.name)) is not None:
        raise ImproperlyConfigured(
            f"{provider.id!r} and {holder.id!r} both want the address /api/{provider.door.name}/."
        )
    _providers[provider.id] = provider


def remove(provider_id: str) -> None:
    _providers.pop(provider_id, None)


def get(provider_id: str) -> Provider:
    """Raises KeyError, with words, for a provider that is not installed."""
    try:
        return _providers[provider_id]
    except KeyError:
        raise KeyError(
            f"No provider {provider_id!r} is installed; settings.PROVIDERS lists those that are."
        ) from None


def find(provider_id: str) -> Provider | None:
    return _providers.get(provider_id)


def find_by_door(name: str) -> Provider | None:
    """The provider whose connections share the address `/api/<name>/webhook`."""
    return next((one for one in _providers.values() if one.door and one.door.name == name), None)


def ids() -> list[str]:
    return sorted(_providers)


def all_providers() -> list[Provider]:
    """Every provider, by name."""
    return sorted(_providers.values(), key=lambda provider: provider.name.lower())


def _declared(provider_id: str) -> Provider:
    path = f"integrations.{provider_id}.provider"
    try:
        module = import_module(path)
    except ModuleNotFoundError as error:
        raise ImproperlyConfigured(
            f"settings.PROVIDERS lists {provider_id!r}, but importing {path} failed: {error}."
        ) from error
    except ValueError as error:
        raise ImproperlyConfigured(f"{path}: {error}") from error
    provider = getattr(module, "provider", None)
    if not isinstance(provider, Provider):
        raise ImproperlyConfigured(f"{path} must end with `provider = Provider(...)`.")
    if provider.id != provider_id:
        raise ImproperlyConfigured(
            f"{path} declares the id {provider.id!r}; it must be its folder's name."
        )
    return provider

"""What a provider declares of access to it: secrets, settings, and signing in at the vendor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from integrations.hub.models import Connection


def host_is_declared(host: str, patterns: tuple[str, ...]) -> bool:
    """Whether `host` is one of a vendor's own; `*.vendor.com` means any host below it."""
    host = host.lower().rstrip(".")
    return any(
        host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
        for pattern in patterns
    )


@dataclass(frozen=True)
class CredentialField:
    """One secret the person types in; stored encrypted and never shown again.

    One that `is_signing` proves web-hooks: after it is replaced the old one counts for a day.
    `sandbox` is one that the provider's sandbox takes; a demo shows it.
    """

    name: str
    label: str
    help: str = ""
    is_required: bool = True
    pattern: str = ""
    pattern_help: str = ""
    is_signing: bool = False
    sandbox: str = ""


@dataclass(frozen=True)
class SettingField:
    """One plain setting of a connection, validated by the hub.

    `multiline` and `json` hold big texts, kept as they were typed. One that `is_advanced` is folded
    away until a person asks for it; one that `is_fixed` says which account it is, and so stays as
    it was when the connection was made.
    """

    name: str
    label: str
    kind: Literal["text", "multiline", "json", "integer", "boolean", "choice", "url"] = "text"
    default: Any = ""
    help: str = ""
    is_required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    is_advanced: bool = False
    is_fixed: bool = False


@dataclass(frozen=True)
class ApiKeyAuth:
    """Credentials that a person copies from the vendor's dashboard."""

    fields: tuple[CredentialField, ...]


def _scopes_said(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """As RFC 6749 has it (`scope`, parted by spaces), or as the list that some vendors send."""
    said = answer.get("scope") or answer.get("scopes") or ()
    words = said.replace(",", " ").split() if isinstance(said, str) else said
    return tuple(str(word) for word in words)


def _no_account(answer: Mapping[str, Any]) -> str:
    return ""


@dataclass(frozen=True)
class OAuth:
    """How a person grants access by signing in at the vendor (RFC 6749, authorization code).

    The hub makes the calls for tokens itself. `scopes` are needed for anything, `write_scopes` for
    two-way besides; `scope_words` says what does not work without one. Optional scopes travel in
    `optional_scope_parameter` where the vendor has such, else with the others.
    `lifetime_seconds` is that of an access token whose answer does not say; 0 when it lives until
    it is revoked. `granted` and `account` read the token answer: the scopes (none: all that were
    asked) and the id of the account. `revoke_url` is as RFC 7009 has it, `introspect_url` as
    RFC 7662; `revoke` is for a vendor with another way. `setup_help` tells an operator where
    applications are registered.
    """

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...] = ()
    write_scopes: tuple[str, ...] = ()
    optional_scopes: tuple[str, ...] = ()
    scope_words: Mapping[str, str] = field(default_factory=dict)
    optional_scope_parameter: str = ""
    scope_separator: str = " "
    uses_pkce: bool = True
    client_auth: Literal["body", "basic"] = "body"
    authorize_parameters: Mapping[str, str] = field(default_factory=dict)
    lifetime_seconds: int = 3600
    revoke_url: str = ""
    introspect_url: str = ""
    revoke: Callable[[Connection], None] | None = None
    granted: Callable[[Mapping[str, Any]], tuple[str, ...]] = _scopes_said
    account: Callable[[Mapping[str, Any]], str] = _no_account
    setup_url: str = ""
    setup_help: str = ""

    def scopes_needed(self, *, is_read_only: bool) -> tuple[str, ...]:
        return self.scopes if is_read_only else (*self.scopes, *self.write_scopes)

    @property
    def called_urls(self) -> tuple[str, ...]:
        """Those that the hub itself calls; the browser goes to `authorize_url`."""
        asked = (self.token_url, self.revoke_url, self.introspect_url)
        return tuple(url for url in asked if url)

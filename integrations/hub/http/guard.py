"""Refuses addresses inside our own network where a person gives the URL (SSRF)."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings

from integrations.hub.errors import Rejected, RetryLater

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(Rejected):
    """The URL leads to an address that the hub does not call."""

    code = "address_refused"


def url_check(url: str) -> None:
    """Raise AddressRefused for a URL a person typed that the hub would not call."""
    pinned_address(url)


def pinned_address(url: str) -> str:
    """The public address to connect to for this one call.

    Raises AddressRefused unless the URL is https and every address of its host is public (a host
    in NEXA_PRIVATE_HOSTS_ALLOWED may be private and plain http). The caller connects to the address
    returned, so a name that changes its mind between check and call gains nothing.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower().rstrip(".")
    is_allowed = host in {name.lower() for name in settings.NEXA_PRIVATE_HOSTS_ALLOWED}
    if not host or parts.username or parts.password:
        raise AddressRefused("The address needs a host and no user name or password in it.")
    if parts.scheme != "https" and not (is_allowed and parts.scheme == "http"):
        raise AddressRefused("The address must start with https://.")
    addresses = _resolve(host, parts.port or (443 if parts.scheme == "https" else 80))
    if not is_allowed and not all(is_public(address) for address in addresses):
        raise AddressRefused(
            f"{host} leads into a private network. An operator can allow it with "
            "NEXA_PRIVATE_HOSTS_ALLOWED."
        )
    return str(addresses[0])


def is_public(address: IPAddress) -> bool:
    """Whether the address is on the open internet, also when it is wrapped in an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def _resolve(host: str, port: int) -> list[IPAddress]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RetryLater(f"The name {host} cannot be resolved ({error}).") from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]

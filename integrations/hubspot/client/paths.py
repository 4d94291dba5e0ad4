"""The one place that knows how HubSpot's paths are spelt in each version of its API."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

BASE = "https://api.hubapi.com"
LEGACY = "v3"
DATED = "2026-03"
VERSIONS = (LEGACY, DATED)
# The log-in is on the dated version from the first day: the older ones end in February 2027.
OAUTH_VERSION = DATED

Family = Literal[
    "objects", "object_links", "associations", "owners", "properties", "pipelines", "account"
]

_LEGACY_ROOTS: dict[Family, str] = {
    "objects": "/crm/v3/objects",
    "object_links": "/crm/v4/objects",
    "associations": "/crm/v4/associations",
    "owners": "/crm/v3/owners",
    "properties": "/crm/v3/properties",
    "pipelines": "/crm/v3/pipelines",
    "account": "/account-info/v3",
}
_DATED_ROOTS: dict[Family, str] = {
    "objects": "/crm/objects/{version}",
    "object_links": "/crm/objects/{version}",
    "associations": "/crm/associations/{version}",
    "owners": "/crm/owners/{version}",
    "properties": "/crm/properties/{version}",
    "pipelines": "/crm/pipelines/{version}",
    "account": "/account-info/{version}",
}


def path_render(version: str, family: Family, *parts: str) -> str:
    """A path of the API; raises ValueError for a version nobody knows.

    Each part is quoted whole, so an e-mail address or a slash in an id stays one part.
    """
    if version not in VERSIONS:
        raise ValueError(f"{version!r} is no version of HubSpot's API; use one of {VERSIONS}.")
    root = _LEGACY_ROOTS[family] if version == LEGACY else _DATED_ROOTS[family]
    return "/".join([root.format(version=version), *(quote(part, safe="") for part in parts)])


def oauth_path(*parts: str) -> str:
    return "/".join([f"/oauth/{OAUTH_VERSION}", *parts])

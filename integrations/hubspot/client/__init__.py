"""HubSpot's API as one connection sees it: one typed method per endpoint, plain data out."""

from __future__ import annotations

from integrations.hubspot.client.associations import AssociationCalls
from integrations.hubspot.client.batches import BatchCalls
from integrations.hubspot.client.errors import (
    ExistsAlready,
    MissingScopes,
    Refused,
    TokenExpired,
)
from integrations.hubspot.client.objects import ObjectCalls
from integrations.hubspot.client.schema import NewProperty, Property, SchemaCalls
from integrations.hubspot.client.searching import Filter, Search, SearchCalls
from integrations.hubspot.client.values import (
    BatchInput,
    BatchResult,
    ItemError,
    Link,
    ObjectPage,
    RemoteObject,
)

__all__ = [
    "BatchInput",
    "BatchResult",
    "Client",
    "ExistsAlready",
    "Filter",
    "ItemError",
    "Link",
    "MissingScopes",
    "NewProperty",
    "ObjectPage",
    "Property",
    "Refused",
    "RemoteObject",
    "Search",
    "TokenExpired",
]


class Client(ObjectCalls, BatchCalls, SearchCalls, AssociationCalls, SchemaCalls):
    """Every call the CRM makes with the access token of one connection."""

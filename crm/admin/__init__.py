"""The console's pages of core records; importing this package registers them."""

from __future__ import annotations

from crm.admin import (
    access,
    billing,
    customisation,
    deals,
    marketing,
    people,
    timeline,
    work,
)

__all__ = [
    "access",
    "billing",
    "customisation",
    "deals",
    "marketing",
    "people",
    "timeline",
    "work",
]

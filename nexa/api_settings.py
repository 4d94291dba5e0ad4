"""How the API answers, and how it is described."""

from __future__ import annotations

from typing import Any

SPECTACULAR_SETTINGS = {
    "TITLE": "Nexa CRM API",
    "DESCRIPTION": "Records of the CRM, through the same services as its pages.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"LevelEnum": "crm.choices.Level"},
}


def rest_settings(*, rate: str) -> dict[str, Any]:
    """For Django REST framework; `rate` is how much one person may ask, such as 600/minute."""
    return {
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["crm.api.permissions.WorkspacePermission"],
        "DEFAULT_PAGINATION_CLASS": "crm.api.pagination.PagePagination",
        "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
        "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["crm.api.parsers.BoundedJSONParser"],
        "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
        "DEFAULT_THROTTLE_RATES": {"user": rate},
        "EXCEPTION_HANDLER": "crm.api.errors.exception_handler",
        "PAGE_SIZE": 50,
    }

"""Access that a person grants by signing in at the vendor: applications, sign-ins, tokens.

Clients of providers need one thing of it: `access_token(connection)`, before every call.
"""

from __future__ import annotations

from integrations.hub.oauth.applications import Application, application_find, application_of
from integrations.hub.oauth.names import ACCESS_TOKEN, REFRESH_TOKEN
from integrations.hub.oauth.renewal import access_token

__all__ = [
    "ACCESS_TOKEN",
    "REFRESH_TOKEN",
    "Application",
    "access_token",
    "application_find",
    "application_of",
]

"""Takes access back at the vendor when a connection ends: as far as that works, said in words."""

from __future__ import annotations

import logging

from integrations.hub.access import OAuth
from integrations.hub.classification import classified
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.oauth.applications import application_of
from integrations.hub.oauth.names import ACCESS_TOKEN, REFRESH_TOKEN
from integrations.hub.oauth.token_calls import token_revoke
from integrations.hub.redaction import redact

logger = logging.getLogger("integrations.hub.oauth")


def grant_revoke(connection: Connection) -> str:
    """What became of the access at the vendor; empty for a key, which the person takes back there.

    Vendors may end all grants of an account at once, so one that another connection uses is left.
    """
    declared = connection.declaration.oauth if connection.is_oauth else None
    token = connection.secret(REFRESH_TOKEN) or connection.secret(ACCESS_TOKEN)
    if declared is None or not token:
        return ""
    vendor = connection.provider_name
    if not declared.revoke_url and declared.revoke is None:
        return f"{vendor} has no way to take access back from here; remove the application there."
    if _is_shared(connection):
        return f"Access at {vendor} stays, since another connection to this account uses it."
    try:
        _revoke(connection, declared, token)
    except Exception as error:  # the boundary to the provider; the words go to the person
        known = classified(error, connection.declaration.error)
        said = redact(str(known), connection.credentials.texts())
        logger.warning("access of connection %s not taken back: %s", connection.pk, said)
        return (
            f"{vendor} did not confirm that access is taken back ({said}). Our copy is erased; to "
            "be sure, remove the application there."
        )
    return f"Access was taken back at {vendor}."


def _revoke(connection: Connection, declared: OAuth, token: str) -> None:
    if declared.revoke is not None:
        declared.revoke(connection)
        return
    token_revoke(connection, application_of(connection), token)


def _is_shared(connection: Connection) -> bool:
    """Whether the same account is connected once more, in any workspace."""
    if not connection.remote_account_id:
        return False
    others = Connection.objects.filter(
        provider=connection.provider,
        remote_account_id=connection.remote_account_id,
        oauth_client_id=connection.oauth_client_id,
    )
    return others.exclude(pk=connection.pk).exclude(state=ConnectionState.DISABLED).exists()

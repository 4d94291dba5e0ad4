"""What a 401 means where tokens can be renewed: one forced renewal, and the work tries again."""

from __future__ import annotations

from dataclasses import replace

from django.core.exceptions import ImproperlyConfigured

from integrations.hub import policy
from integrations.hub.errors import HubError
from integrations.hub.models import Connection
from integrations.hub.oauth.names import GrantRefused
from integrations.hub.oauth.renewal import renewed_after_refusal
from integrations.hub.policy import Signal, Step
from integrations.hub.redaction import redact


def step_mended(connection: Connection, step: Step, error: HubError) -> Step:
    """The step after a refusal of the token: again at once when there is another token by now.

    Any other step is left as it is; one try is never charged for what the token is to blame for.
    """
    if step.signal != Signal.AUTH or not connection.is_oauth or isinstance(error, GrantRefused):
        return step
    # The words may repeat the token that is refused, which nobody knows to hide after a renewal.
    step = replace(step, message=redact(step.message, connection.credentials.texts()))
    try:
        is_mended = renewed_after_refusal(connection)
    except ImproperlyConfigured:
        # No key opens what is stored: the refusal stands as it is.
        return step
    except HubError as trouble:
        return policy.step_after(trouble, attempts=0)
    return replace(step, signal=Signal.NONE, seconds=0.0) if is_mended else step

"""The mirror with the streams that a model checker wants, and with nothing else."""

from __future__ import annotations

from integrations.hub.provider import ApiKeyAuth, CredentialField, Provider, RateLimit
from integrations.hub.streams import Stream
from tests.integrations.hub.mirror_calls import account_info


def provider_with(*streams: Stream) -> Provider:
    return Provider(
        id="mirror",
        name="Mirror",
        summary="Keeps what it is told, and tells what it keeps.",
        auth=ApiKeyAuth(
            fields=(
                CredentialField("api_key", "API key", pattern=r"mirror_live_\w+"),
                CredentialField("webhook_secret", "Signing secret", is_required=False),
            )
        ),
        check=account_info,
        hosts=("api.mirror.test",),
        limits=(RateLimit("api", requests=10_000, seconds=1),),
        streams=streams,
    )

"""Every provider of the registry, and every sample of its web-hooks, keeps the hub's promises.

What a sample leads to stands with each provider (`*.expected.json`, or its hints).
"""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from crm.models import Workspace
from integrations.hub import registry
from integrations.hub.models import Connection, InboxEvent
from integrations.hub.types import RawRequest
from tests.integrations.conforming import Case, case_of, samples_of

pytestmark = pytest.mark.django_db

PROVIDERS = [name for name in settings.PROVIDERS if registry.get(name).webhook is not None]
SAMPLES = [(name, sample) for name in PROVIDERS for sample in samples_of(name)]
WIDE = settings.WEBHOOK_MAX_BYTES


def post(case: Case, connection: Connection, body: bytes, **changes: Any) -> Any:
    """A call as the vendor makes it; `headers` replaces the proof, `seconds_ago` dates it."""
    headers = changes.get("headers")
    if headers is None:
        headers = case.sign(connection, body, changes.get("seconds_ago", 0))
    return Client().post(
        f"/webhooks/{case.provider}/{connection.webhook_key}/",
        data=body,
        content_type="application/json",
        headers=dict(headers),
    )


def kinds_in(provider: str, connection: Connection, body: bytes) -> set[str]:
    webhook = registry.get(provider).webhook
    assert webhook is not None
    return {event.kind for event in webhook.events(RawRequest(body, {}), connection)}


@pytest.mark.parametrize(("provider", "sample"), SAMPLES)
def test_sample_is_kept_once_however_often_it_comes(
    provider: str, sample: str, workspace: Workspace
) -> None:
    case = case_of(provider)
    connection, body = case.connect(workspace), samples_of(provider)[sample]

    first = post(case, connection, body)
    kept = InboxEvent.objects.filter(connection=connection).count()
    again = post(case, connection, body, seconds_ago=1)

    assert (first.status_code, again.status_code) == (200, 200)
    assert kept >= 1
    assert InboxEvent.objects.filter(connection=connection).count() == kept


@pytest.mark.parametrize(("provider", "sample"), SAMPLES)
def test_sample_without_proof_leaves_nothing(
    provider: str, sample: str, workspace: Workspace
) -> None:
    case = case_of(provider)
    connection, body = case.connect(workspace), samples_of(provider)[sample]
    proof = case.sign(connection, body, 0)
    wrong = {name: "x" + value[1:] for name, value in proof.items()}

    answers = [
        post(case, connection, body, headers={}).status_code,
        post(case, connection, body, headers=wrong).status_code,
    ]
    if case.is_dated:
        answers += [
            post(case, connection, body + b" ", headers=proof).status_code,
            post(case, connection, body, seconds_ago=3600).status_code,
        ]

    assert set(answers) == {400}
    assert not InboxEvent.objects.exists()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_declared_event_has_a_sample(provider: str, workspace: Workspace) -> None:
    declared = registry.get(provider)
    connection = case_of(provider).connect(workspace)
    shown = {
        kind
        for body in samples_of(provider).values()
        for kind in kinds_in(provider, connection, body)
    }

    assert {*declared.facts, *declared.hints} - shown == set()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_address_is_there_for_those_who_look(provider: str, workspace: Workspace) -> None:
    connection = case_of(provider).connect(workspace)
    url = f"/webhooks/{provider}/{connection.webhook_key}/"

    assert Client().head(url).status_code == 200
    assert Client().get(url).status_code == 200
    assert Client().head(f"/webhooks/{provider}/nobody/").status_code == 404


@pytest.mark.parametrize("provider", PROVIDERS)
def test_body_that_is_too_big_is_not_read(provider: str, workspace: Workspace) -> None:
    case = case_of(provider)
    connection = case.connect(workspace)

    assert post(case, connection, b" " * (WIDE + 1)).status_code == 413
    assert not InboxEvent.objects.exists()


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"{}", b"null", b"[null]", b"\xff\xfe"])
def test_strange_body_is_answered_in_kind(provider: str, body: bytes, workspace: Workspace) -> None:
    """Signed rightly, so it is the vendor's: kept for a person to see, or refused, never a 500."""
    case = case_of(provider)

    answer = post(case, case.connect(workspace), body)

    assert answer.status_code in (200, 400), answer.content


@pytest.mark.parametrize("provider", settings.PROVIDERS)
def test_streams_name_what_is_there(provider: str) -> None:
    """Objects once each, what they depend on before them, and something to do with each."""
    seen: set[str] = set()
    for stream in registry.get(provider).streams:
        assert stream.object not in seen
        assert set(stream.depends_on) <= seen | {stream.object}
        assert stream.pull or stream.read or stream.write or stream.mapping
        assert len({row.path for row in stream.mapping}) == len(stream.mapping)
        seen.add(stream.object)

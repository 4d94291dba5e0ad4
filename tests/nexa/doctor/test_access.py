"""What the doctor says of connections is what their own pages say."""

from __future__ import annotations

import pytest

from crm.models import Workspace
from integrations.hub.models import Connection, ConnectionState
from nexa.doctor.access import access_found

pytestmark = pytest.mark.django_db

WORDS = "The secret cannot be used: it is not the one of this key."


@pytest.fixture
def stored(workspace: Workspace) -> Connection:
    return Connection.objects.create(
        workspace=workspace,
        provider="rest_crm",
        name="Ours",
        credentials={"api_key": "k", "api_secret": "s"},
    )


def test_connection_that_stands_under_needs_attention_is_told(stored: Connection) -> None:
    stored.state, stored.attention = ConnectionState.PAUSED, WORDS
    stored.save()

    (found,) = access_found()

    assert not found.is_well
    assert "Ours" in found.said
    assert "paused" in found.said
    assert found.mend == WORDS


def test_connection_that_a_person_paused_needs_nothing(stored: Connection) -> None:
    stored.state = ConnectionState.PAUSED
    stored.save()

    (found,) = access_found()

    assert found.is_well
    assert found.said == "1 connection, none needs anything"


def test_connection_that_was_disconnected_is_not_counted(stored: Connection) -> None:
    stored.state, stored.attention = ConnectionState.DISABLED, WORDS
    stored.save()

    assert [one.is_well for one in access_found()] == [True]

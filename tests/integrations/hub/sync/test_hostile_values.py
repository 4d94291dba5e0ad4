"""Values of theirs that no column of ours can hold: the record comes in, and so do all others."""

from __future__ import annotations

import math

import pytest

from crm.models import Contact
from integrations.hub.models import Connection
from integrations.hub.sync.scene import storable
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import pull, quiesce


@pytest.mark.django_db(transaction=True)
def test_text_that_cannot_be_stored_stops_nobody(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.add("people", email="ada@acme.test", first_name="A\x00da", last_name="B\ud800yron")
    mirror.add("people", email="bob@acme.test", first_name="Bob")

    pull(connection)
    quiesce(connection, mirror)

    names = Contact.objects.order_by("email").values_list("first_name", "last_name")
    assert list(names) == [("Ada", "Byron"), ("Bob", "")]
    assert not connection.sync_states.exclude(last_error="").exists()


def test_storable_leaves_all_else_as_it_is() -> None:
    told = {"a": " x ", "b": [1, 2.5, None, True], "c": {"d": "Łódź"}}

    assert storable(told) == told
    assert storable(math.nan) is None
    assert storable(("e\x00", {"f\x00": math.inf})) == ["e", {"f": None}]

"""What a monitor is told of real work: echoes, tries and how long a change takes to arrive."""

from __future__ import annotations

import pytest

from crm.models import Contact
from integrations.hub.measures import (
    connection_measures,
    inbound_measures,
    stream_measures,
    try_measures,
)
from integrations.hub.models import Connection
from integrations.hub.pump import pump
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import BUDGET_SECONDS, Desk, pull, work

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_we_sent_comes_back_as_an_echo_and_their_edit_does_not(
    connection: Connection, mirror: MirrorVendor, contact: Contact, desk: Desk, person: str
) -> None:
    desk.edit(contact, title="Countess")
    work()
    pull(connection, "people")
    after_ours = inbound_measures()

    mirror.edit("people", person, last_name="Lovelace")
    pull(connection, "people")
    after_theirs = inbound_measures()

    assert (after_ours.records, after_ours.echoes) == (1, 1)
    assert (after_theirs.records, after_theirs.echoes) == (2, 1)


def test_work_that_was_done_is_measured(
    connection: Connection, mirror: MirrorVendor, contact: Contact, desk: Desk
) -> None:
    desk.edit(contact, title="Countess")
    pump(BUDGET_SECONDS)

    tries, lags = try_measures()
    (one,) = connection_measures()
    people = next(each for each in stream_measures() if each.object == "people")

    assert [(each.outcome, each.error, each.count) for each in tries] == [("done", "", 1)]
    assert [each.connection for each in lags] == [connection.pk]
    assert 0 <= lags[0].seconds[0] <= lags[0].seconds[1] < 60
    assert (one.pk, one.links, one.links_active) == (connection.pk, 1, 1)
    assert people.behind_seconds is not None
    assert 0 <= people.behind_seconds < 600

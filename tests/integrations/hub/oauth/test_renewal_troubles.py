"""A renewal that fails leaves the token, and only a refusal of the vendor ends it."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.db.models import F
from django.test import override_settings

from crm.models import Alert, User, Workspace
from integrations.hub import connections
from integrations.hub.credentials import Secrets
from integrations.hub.errors import GateClosed
from integrations.hub.models import (
    Connection,
    ConnectionState,
    GateReason,
    JobState,
    OAuthApplication,
    SyncJob,
)
from integrations.hub.oauth import access_token, renewal
from integrations.hub.oauth.idling import idle_touch
from integrations.hub.oauth.names import GrantRefused
from integrations.hub.pump import pump
from tests.integrations.hub.conftest import command_make
from tests.integrations.hub.connecting import meanwhile
from tests.integrations.hub.oauth import acme
from tests.integrations.hub.oauth.acme import AcmeVendor, Script, answered
from tests.integrations.hub.oauth.conftest import signed_in, token_age, token_ended
from tests.integrations.hub.oauth.renewing import cool_down_over, stored

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    "trouble",
    [answered(503), answered(429), answered(400, "<html>"), answered(403), answered(200, "{}")],
)
def test_trouble_leaves_the_token_and_is_not_tried_again_at_once(
    connection: Connection, vendor: AcmeVendor, trouble: Script
) -> None:
    vendor.token_script = [trouble]
    old = token_age(connection, 20)

    tokens = {access_token(old), access_token(stored(connection))}

    now = stored(connection)
    assert tokens == {connection.secret("access_token")}
    assert vendor.calls("/oauth/token") == 1
    assert (now.state, now.token_version) == (ConnectionState.ACTIVE, 1)
    assert now.refresh_error
    assert now.refresh_after is not None
    cool_down_over()
    assert access_token(stored(connection)) != connection.secret("access_token")
    assert stored(connection).refresh_error == ""


def test_work_waits_at_the_gate_while_a_token_that_is_over_cannot_be_renewed(
    connection: Connection, vendor: AcmeVendor, account_job: SyncJob
) -> None:
    vendor.token_script = [answered(500)]
    token_ended(connection, vendor)
    pump(budget_seconds=0)
    held = stored(connection)
    account_job.refresh_from_db()
    assert (account_job.state, account_job.attempts) == (JobState.READY, 0)
    assert (held.state, held.gate_reason) == (ConnectionState.ACTIVE, GateReason.REFRESH)
    assert pump(budget_seconds=0) == 0

    cool_down_over()
    SyncJob.objects.update(run_at=F("created_at"))
    pump(budget_seconds=5)

    account_job.refresh_from_db()
    assert account_job.state == JobState.DONE
    assert stored(connection).gate_reason == GateReason.NONE
    assert not Alert.objects.exists()


def test_outage_that_outlives_the_token_is_told_and_is_over_by_itself(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.token_script = [answered(500)]
    vendor.tokens_end()
    with pytest.raises(GateClosed):
        access_token(token_age(connection, 40))
    alert = Alert.objects.get(kind="connection_refresh_failing")
    assert alert.status == "open"

    cool_down_over()
    access_token(stored(connection))

    alert.refresh_from_db()
    assert alert.status == "resolved"


def test_grant_that_is_gone_stops_the_connection_with_one_alert(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.uninstall()
    for _ in range(3):
        command_make(connection)
    token_ended(connection, vendor)

    for _ in range(3):
        pump(budget_seconds=0)

    now = stored(connection)
    assert (now.state, vendor.refreshes) == (ConnectionState.AUTH_FAILED, 1)
    assert "Connect again" in now.attention
    alert = Alert.objects.get()
    assert (alert.kind, alert.occurrences) == ("connection_auth_failed", 1)
    assert {job.state for job in SyncJob.objects.all()} == {JobState.READY}
    assert [job.attempts for job in SyncJob.objects.all()] == [0, 0, 0]
    with pytest.raises(GrantRefused):
        access_token(now)
    assert vendor.refreshes == 1


def test_refusal_that_a_racing_renewal_explains_is_none(
    connection: Connection, vendor: AcmeVendor
) -> None:
    other = vendor.granted()

    def renewed_elsewhere() -> None:
        secrets = Secrets({"access_token": other[0], "refresh_token": other[1]})
        Connection.objects.update(credentials=secrets, token_version=F("token_version") + 1)

    vendor.token_script = [meanwhile(renewed_elsewhere)]
    vendor.uninstall()
    vendor.grants[-1].is_live = True

    assert access_token(token_age(connection, 20)) == other[0]
    assert stored(connection).state == ConnectionState.ACTIVE
    assert not Alert.objects.exists()


def test_application_that_is_refused_names_who_mends_it(
    connection: Connection, vendor: AcmeVendor
) -> None:
    OAuthApplication.objects.update(secrets=Secrets({"client_secret": "mistyped"}))

    with pytest.raises(GrantRefused, match="operator"):
        access_token(token_ended(connection, vendor))

    OAuthApplication.objects.update(secrets=Secrets({"client_secret": acme.CLIENT_SECRET}))
    assert connections.connection_test(stored(connection)).is_ok
    assert stored(connection).state == ConnectionState.ACTIVE


@pytest.mark.parametrize("change", ["gone", "another"])
def test_grant_of_an_application_that_is_no_longer_set_up_is_told(
    connection: Connection, vendor: AcmeVendor, change: str
) -> None:
    if change == "gone":
        OAuthApplication.objects.all().delete()
    else:
        OAuthApplication.objects.update(client_id="another")

    with pytest.raises(GrantRefused, match="application"):
        access_token(token_ended(connection, vendor))

    assert vendor.refreshes == 0
    assert stored(connection).state == ConnectionState.AUTH_FAILED


def test_token_that_ended_early_is_renewed_once_and_the_work_goes_on(
    connection: Connection, vendor: AcmeVendor, account_job: SyncJob
) -> None:
    vendor.tokens_end()

    pump(budget_seconds=5)

    account_job.refresh_from_db()
    assert (account_job.state, account_job.attempts) == (JobState.DONE, 0)
    assert (vendor.refreshes, vendor.calls("/things")) == (1, 2)
    assert not Alert.objects.exists()


def test_fresh_token_that_is_refused_as_well_stops_the_connection(
    connection: Connection, vendor: AcmeVendor, account_job: SyncJob
) -> None:
    vendor.always = answered(401)
    vendor.token_script = [lambda request: None]

    for _ in range(4):
        pump(budget_seconds=0)

    account_job.refresh_from_db()
    assert (vendor.refreshes, vendor.calls("/things")) == (1, 2)
    assert stored(connection).state == ConnectionState.AUTH_FAILED
    assert (account_job.state, account_job.attempts) == (JobState.READY, 0)
    assert Alert.objects.get().occurrences == 1


def test_refusal_of_a_token_that_was_renewed_meanwhile_renews_nothing(
    connection: Connection, vendor: AcmeVendor
) -> None:
    access_token(token_age(connection, 20))

    assert renewal.renewed_after_refusal(connection) is True
    assert vendor.refreshes == 1
    assert connection.token_version == 2


def test_connection_disconnected_while_its_token_is_renewed_keeps_nothing(
    connection: Connection, vendor: AcmeVendor, actor: User
) -> None:
    def disconnect() -> None:
        connections.connection_disconnect(stored(connection), actor=actor)

    vendor.token_script = [meanwhile(disconnect)]
    vendor.has_grace = True
    late = token_age(connection, 20)

    with pytest.raises(GateClosed, match="disconnected"):
        access_token(late)

    now = stored(connection)
    assert (now.state, dict(now.credentials)) == (ConnectionState.DISABLED, {})
    assert vendor.calls("/oauth/revoke") >= 1


def test_connection_deleted_while_its_token_is_renewed_takes_the_orphan_back(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.token_script = [meanwhile(lambda: Connection.objects.all().delete())]

    with pytest.raises(GateClosed, match="disconnected"):
        access_token(token_age(connection, 20))

    assert vendor.revoked == [vendor.grants[0].refresh]


def test_tokens_that_lie_still_are_used_once_a_day(
    connection: Connection, vendor: AcmeVendor, workspace: Workspace
) -> None:
    token_age(connection, 25 * 60)
    signed_in(workspace, vendor)

    assert (idle_touch(), idle_touch()) == (1, 0)

    assert vendor.refreshes == 1
    assert stored(connection).token_version == 2


def test_idle_token_that_cannot_be_renewed_waits(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.token_script = [answered(500)]
    token_age(connection, 25 * 60)

    assert (idle_touch(), idle_touch()) == (1, 0)
    assert stored(connection).state == ConnectionState.ACTIVE


def test_idle_connection_without_a_refresh_token_is_left_for_a_day(
    connection: Connection, vendor: AcmeVendor
) -> None:
    token_age(connection, 25 * 60)
    Connection.objects.update(credentials=Secrets({"access_token": "x"}))

    assert (idle_touch(), idle_touch()) == (1, 0)
    assert vendor.refreshes == 0


def test_idle_token_that_no_key_opens_does_not_keep_the_others_waiting(
    connection: Connection, vendor: AcmeVendor, workspace: Workspace
) -> None:
    other = signed_in(workspace, vendor)
    with override_settings(NEXA_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
        Connection.objects.filter(pk=connection.pk).update(credentials=Secrets({"x": "y"}))
    for one in (connection, other):
        token_age(one, 25 * 60)

    assert (idle_touch(), idle_touch()) == (2, 0)
    assert stored(other).token_version == 2


def test_lost_key_stops_the_connection_with_words(
    connection: Connection, vendor: AcmeVendor, account_job: SyncJob
) -> None:
    with override_settings(NEXA_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
        pump(budget_seconds=0)

    assert stored(connection).state == ConnectionState.AUTH_FAILED
    assert "cannot be decrypted" in stored(connection).attention

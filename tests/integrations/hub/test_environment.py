"""Connections that the environment asks for: made once, kept in step, never two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from crm.models import Change, Workspace
from integrations.hub import leases, registry, sweeps
from integrations.hub.access import SettingField
from integrations.hub.connections import connection_disconnect, connection_pause
from integrations.hub.environment import environment_sweep
from integrations.hub.environment_marks import SWITCHED_OFF
from integrations.hub.errors import Conflict
from integrations.hub.models import Connection, ConnectionState, FailedRound
from integrations.hub.types import EnvironmentConnection
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import connection_make, in_threads

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = {"ECHO_URL": "url", "ECHO_DAYS": "days"}
ENVIRON = {"ECHO_URL": "https://one.echo.test", "ECHO_KEY": echo.API_KEY, "ECHO_DAYS": "5"}


def environment(environ: Mapping[str, str]) -> EnvironmentConnection | None:
    if environ.get("ECHO_OFF"):
        return EnvironmentConnection(is_enabled=False)
    if environ.get("ECHO_DAYS") == "wrong":
        raise ImproperlyConfigured("ECHO_DAYS: no number")
    if not environ.get("ECHO_URL"):
        return None
    settings = {NAMES[name]: environ[name] for name in NAMES if name in environ}
    return EnvironmentConnection(settings=settings, credentials={"api_key": environ["ECHO_KEY"]})


@pytest.fixture(autouse=True)
def ambient() -> Iterator[None]:
    fields = (
        SettingField("url", "Address", kind="url", is_fixed=True),
        SettingField("days", "Days", kind="integer", default=30),
        SettingField("note", "Note"),
    )
    declared = replace(
        echo.provider, id="ambient", name="Ambient", settings_fields=fields, environment=environment
    )
    registry.add(declared)
    yield
    registry.remove("ambient")


def kept() -> list[Connection]:
    return list(Connection.objects.filter(provider="ambient").order_by("pk"))


def test_connection_is_made_once_proved_and_told_in_the_ledger(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    for _ in range(3):
        environment_sweep(ENVIRON)

    (connection,) = kept()
    assert (connection.state, connection.workspace) == (ConnectionState.ACTIVE, workspace)
    assert connection.secret("api_key") == echo.API_KEY
    assert connection.settings["days"] == 5
    assert vendor.calls("/ambient/hooks") == 1
    (change,) = Change.objects.filter(record_type="connection", record_id=connection.pk)
    assert change.reason == "Ambient: the environment"
    assert echo.API_KEY not in str(connection.settings) + str(change.diff)


def test_processes_that_start_together_make_one(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    in_threads(4, lambda number: environment_sweep(ENVIRON))

    assert len(kept()) == 1


def test_nothing_is_made_without_variables_or_without_a_workspace(
    vendor: echo.EchoVendor,
) -> None:
    environment_sweep({})
    environment_sweep(ENVIRON)

    assert not kept()


def test_new_settings_take_the_place_of_the_old_and_a_persons_own_stay(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    environment_sweep(ENVIRON)
    (connection,) = kept()
    connection.settings["note"] = "mine"
    connection.save()

    environment_sweep(ENVIRON | {"ECHO_DAYS": "9"})

    (connection,) = kept()
    assert (connection.settings["days"], connection.settings["note"]) == (9, "mine")
    changes = Change.objects.filter(record_type="connection").order_by("pk")
    assert changes.last().diff == {"days": [5, 9]}  # type: ignore[union-attr]
    calls = len(vendor.requests)
    environment_sweep(ENVIRON | {"ECHO_DAYS": "9"})
    assert len(vendor.requests) == calls


def test_new_secret_takes_the_place_of_the_old_once_it_works(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    environment_sweep(ENVIRON | {"ECHO_KEY": "echo_live_wrongKey000"})
    (connection,) = kept()
    assert connection.state == ConnectionState.PAUSED

    environment_sweep(ENVIRON)

    (connection,) = kept()
    assert (connection.state, connection.secret("api_key")) == ("active", echo.API_KEY)
    with pytest.raises(Conflict, match="credentials from before are kept"):
        environment_sweep(ENVIRON | {"ECHO_KEY": "echo_live_wrongKey000"})
    (connection,) = kept()
    assert connection.secret("api_key") == echo.API_KEY


def test_vendor_that_was_away_is_asked_again_until_it_answers(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    vendor.always = echo.status(503)
    environment_sweep(ENVIRON)
    assert kept()[0].state == ConnectionState.PAUSED

    vendor.always = None
    environment_sweep(ENVIRON)

    (connection,) = kept()
    assert (connection.state, connection.attention) == (ConnectionState.ACTIVE, "")


def test_switching_off_pauses_and_on_resumes(workspace: Workspace, vendor: echo.EchoVendor) -> None:
    environment_sweep({"ECHO_OFF": "1"})
    environment_sweep(ENVIRON)

    environment_sweep({"ECHO_OFF": "1"})

    (connection,) = kept()
    assert (connection.state, connection.attention) == (ConnectionState.PAUSED, SWITCHED_OFF)
    environment_sweep(ENVIRON)
    (connection,) = kept()
    assert (connection.state, connection.attention) == (ConnectionState.ACTIVE, "")


def test_what_a_person_paused_or_disconnected_stays_so_until_the_environment_changes(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    environment_sweep(ENVIRON)
    connection_pause(kept()[0], actor=None)
    environment_sweep(ENVIRON)
    assert [one.state for one in kept()] == [ConnectionState.PAUSED]

    connection_disconnect(kept()[0], actor=None)
    environment_sweep(ENVIRON)
    assert [one.state for one in kept()] == [ConnectionState.DISABLED]

    changed = ENVIRON | {"ECHO_DAYS": "6"}
    environment_sweep(changed)
    assert [(one.state, one.settings["days"]) for one in kept()] == [(ConnectionState.ACTIVE, 6)]
    environment_sweep(changed)
    assert len(kept()) == 1


REPLACED = "another-key-that-is-long-enough-0123456789-0123456789-abc"


@pytest.mark.parametrize("act", [connection_pause, connection_disconnect])
def test_what_a_person_switched_off_stays_so_when_the_secret_key_is_replaced(
    workspace: Workspace, vendor: echo.EchoVendor, act: Callable[..., Any]
) -> None:
    environment_sweep(ENVIRON)
    act(kept()[0], actor=None)
    state, calls = kept()[0].state, len(vendor.requests)

    with override_settings(SECRET_KEY=REPLACED):
        environment_sweep(ENVIRON)
        assert ([one.state for one in kept()], len(vendor.requests)) == ([state], calls)

        environment_sweep(ENVIRON | {"ECHO_DAYS": "6"})
        assert [one.state for one in kept()] == [ConnectionState.ACTIVE]


def test_new_secret_brings_back_what_was_disconnected_also_after_the_key_was_replaced(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    environment_sweep(ENVIRON | {"ECHO_KEY": "echo_live_wrongKey000"})
    connection_disconnect(kept()[0], actor=None)
    with override_settings(SECRET_KEY=REPLACED):
        environment_sweep(ENVIRON | {"ECHO_KEY": "echo_live_wrongKey000"})

        environment_sweep(ENVIRON)

    assert [one.state for one in kept()] == [ConnectionState.DISABLED, ConnectionState.ACTIVE]


def test_switched_off_by_the_environment_comes_on_again_under_another_key(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    environment_sweep(ENVIRON)
    environment_sweep({"ECHO_OFF": "1"})

    with override_settings(SECRET_KEY=REPLACED):
        environment_sweep({"ECHO_OFF": "1"})
        assert [one.state for one in kept()] == [ConnectionState.PAUSED]
        environment_sweep(ENVIRON)

    assert [one.state for one in kept()] == [ConnectionState.ACTIVE]


def test_environment_brings_back_what_a_person_connected_and_disconnected(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    """To move a connection to the variables one disconnects it, as the refusal says."""
    former = connection_make(
        workspace,
        provider="ambient",
        remote_account_id="acct_1",
        state=ConnectionState.DISABLED,
        settings={"url": ENVIRON["ECHO_URL"]},
    )

    environment_sweep(ENVIRON)

    assert [(one.pk, one.state) for one in kept()] == [(former.pk, ConnectionState.ACTIVE)]
    calls = len(vendor.requests)
    connection_disconnect(kept()[0], actor=None)
    environment_sweep(ENVIRON)
    assert [one.state for one in kept()] == [ConnectionState.DISABLED]
    assert len(vendor.requests) <= calls + 1


def test_another_account_is_another_connection_and_the_old_one_goes(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    environment_sweep(ENVIRON)

    environment_sweep(ENVIRON | {"ECHO_URL": "https://two.echo.test"})

    assert [(one.state, one.settings["url"]) for one in kept()] == [
        (ConnectionState.DISABLED, "https://one.echo.test"),
        (ConnectionState.ACTIVE, "https://two.echo.test"),
    ]


def test_one_that_another_process_is_making_is_left_to_it(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    lease = leases.take("environment:ambient", 60)
    assert lease is not None

    environment_sweep(ENVIRON)

    assert not kept()


def test_account_that_a_person_connected_is_not_taken_away_and_asked_about_once(
    workspace: Workspace, vendor: echo.EchoVendor
) -> None:
    holder = connection_make(
        workspace,
        provider="ambient",
        remote_account_id="acct_1",
        settings={"url": ENVIRON["ECHO_URL"]},
    )
    with pytest.raises(Conflict, match="connected already"):
        environment_sweep(ENVIRON)
    calls, told = len(vendor.requests), Change.objects.count()

    with pytest.raises(Conflict, match="connected already"):
        environment_sweep(ENVIRON)

    assert [one.pk for one in kept()] == [holder.pk]
    assert (len(vendor.requests), Change.objects.count()) == (calls, told)
    connection_disconnect(holder, actor=None)
    environment_sweep(ENVIRON)
    assert [(one.pk, one.state) for one in kept()] == [(holder.pk, ConnectionState.ACTIVE)]


def test_wrong_variable_is_named_by_the_start_and_by_the_tick(
    workspace: Workspace, vendor: echo.EchoVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECHO_DAYS", "wrong")

    with override_settings(DEBUG=True):
        found = [one for one in run_checks() if one.id == "hub.E003"]
    sweeps.sweeps_run()

    assert [one.msg for one in found] == ["ECHO_DAYS: no number"]
    assert "ECHO_DAYS" in FailedRound.objects.get(name="environment").message


def test_secret_is_not_in_the_repr() -> None:
    wanted: Any = environment(ENVIRON)

    assert echo.API_KEY not in repr(wanted)

"""Pages about how records and connections stand: the card, every try, charts, offers and undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import reverse

from integrations.hub.panels import record_systems_path
from tests.browser.cases import RECORDS, PageCase, Path, at, of
from tests.browser.chrome import Window
from tests.browser.world import World


def _scroll_to(window: Window, id: str) -> None:
    """In one step, since what comes into sight is replaced by what was fetched."""
    window.page.evaluate("(id) => document.getElementById(id).scrollIntoView()", id)


def _card_seen(window: Window, world: World) -> None:
    """The card beside a record is fetched when it comes into sight."""
    _scroll_to(window, "connected-systems")
    window.page.locator("#systems-details, #systems-connect").wait_for()


def _charts_seen(window: Window, world: World) -> None:
    _scroll_to(window, "connection-charts")
    window.page.locator("#span-days").wait_for()


def _tables_open(window: Window, world: World) -> None:
    for summary in window.page.locator(".chart-data > summary").all():
        summary.click()


def systems_of(record: Callable[[World], Any]) -> Path:
    return lambda world: record_systems_path(record(world))


def of_pull(world: World) -> str:
    run = world.partners.sync_runs.filter(status="success").latest("pk")
    return reverse("admin:hub_syncrun_change", args=[run.pk])


def _ask_to_undo(window: Window, world: World) -> None:
    window.page.locator("#run-undo").click()
    window.page.locator("#undo-confirm").wait_for()


PARTNERS = of("hub:connection_detail", lambda world: world.partners)
STANDINGS = [
    PageCase(
        "contact_systems",
        of("crm:contact_detail", RECORDS["contact"]),
        act=_card_seen,
        is_main=True,
    ),
    PageCase("task_systems", of("crm:task_detail", RECORDS["task"]), act=_card_seen),
    PageCase("record_systems", systems_of(RECORDS["contact"]), is_main=True),
    PageCase("record_systems_viewer", systems_of(RECORDS["contact"]), who="viewer"),
    PageCase("record_systems_none", systems_of(RECORDS["product"])),
    PageCase("conflicts_of_record", at("hub:conflict_list", "?record=contact-1")),
    PageCase("connection_charts", PARTNERS, act=_charts_seen, is_main=True),
    PageCase(
        "connection_charts_tables",
        of("hub:connection_detail", lambda world: world.partners, "?span=hours"),
        act=_tables_open,
    ),
    PageCase(
        "mapping_offered",
        lambda world: reverse("hub:mapping_list", args=[world.partners.pk, "contacts"]),
    ),
    PageCase(
        "console_connection",
        of("admin:hub_connection_change", lambda world: world.partners),
        who="operator",
        is_vendors=True,
    ),
    PageCase("console_run", of_pull, who="operator", is_vendors=True),
    PageCase("console_run_undo", of_pull, who="operator", act=_ask_to_undo, is_vendors=True),
]

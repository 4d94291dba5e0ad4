"""Every page of the product: who opens it, where it is and what must be done to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from tests.browser.billing import PAID
from tests.browser.chrome import HEIGHTS, NARROW, Window
from tests.browser.world import World

Path = Callable[[World], str]


@dataclass(frozen=True)
class PageCase:
    """One page. `act` brings it into the state that is looked at; `status` is the answer's."""

    name: str
    path: Path
    who: str | None = "seller"
    status: int = 200
    act: Callable[[Window, World], Any] | None = None
    # What else may be answered on the way, such as a refused form.
    answers: tuple[int, ...] = ()
    # A narrow and a wide look are enough for most; these get every combination.
    is_main: bool = False
    # Drawn by somebody else's theme: judged by what is grave and can be mended here.
    is_vendors: bool = False


def at(name: str, query: str = "") -> Path:
    return lambda world: reverse(name) + query


def of(name: str, record: Callable[[World], Any], query: str = "") -> Path:
    return lambda world: reverse(name, args=[record(world).pk]) + query


def send_empty(window: Window, world: World) -> None:
    """Send the page's form as it is, to see what it says is missing."""
    window.page.locator("main form button.btn-primary").click()
    window.page.locator("#form-errors").wait_for()


LISTS = ("contact", "account", "lead", "deal", "task", "product")
RECORDS: dict[str, Callable[[World], Any]] = {
    "contact": lambda world: world.contact,
    "account": lambda world: world.account(),
    "lead": lambda world: world.lead,
    "deal": lambda world: world.deal,
    "task": lambda world: world.task,
    "product": lambda world: world.product,
}
MAIN = {"contact_list", "contact_detail", "deal_board", "home", "deal_detail"}


def _record_cases() -> list[PageCase]:
    cases = []
    for name, record in RECORDS.items():
        cases += [
            PageCase(f"{name}_list", at(f"crm:{name}_list"), is_main=f"{name}_list" in MAIN),
            PageCase(f"{name}_list_empty", at(f"crm:{name}_list"), who="newcomer"),
            PageCase(
                f"{name}_detail",
                of(f"crm:{name}_detail", record),
                is_main=f"{name}_detail" in MAIN,
            ),
            PageCase(f"{name}_create", at(f"crm:{name}_create")),
            PageCase(f"{name}_create_refused", at(f"crm:{name}_create"), act=send_empty),
            PageCase(f"{name}_edit", of(f"crm:{name}_edit", record)),
            PageCase(f"{name}_archive", of(f"crm:{name}_archive", record)),
        ]
    return cases


def _move_open(window: Window, world: World) -> None:
    window.page.locator(".board-card summary").first.click()
    window.page.locator(".board-card .menu-list").first.wait_for()


def _edit_too_late(window: Window, world: World) -> None:
    """Send an edit that began before somebody else saved the record."""
    page = window.page
    page.evaluate("document.querySelector('[name=version]').value = '0'")
    page.get_by_label("Title").fill("Changed too late")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Someone changed this first").wait_for()


def _ask_why_lost(window: Window, world: World) -> None:
    window.page.locator(".stages").get_by_role("button", name="Closed lost").click()
    window.page.get_by_label("Why was it lost?").wait_for()


def _refuse_note(window: Window, world: World) -> None:
    window.page.get_by_role("button", name="Add note").click()
    window.page.locator("#form-errors, .errors").first.wait_for()


CRM = [
    PageCase("home", at("crm:home"), is_main=True),
    PageCase("home_empty", at("crm:home"), who="newcomer"),
    PageCase("home_no_workspace", at("crm:home"), who="stranger"),
    PageCase("home_operator", at("crm:home"), who="operator"),
    PageCase("workspace_switch", at("crm:workspace_switch")),
    *_record_cases(),
    PageCase("contact_list_searched", at("crm:contact_list", "?q=nobody+at+all")),
    PageCase("contact_list_archived", at("crm:contact_list", "?view=archived")),
    PageCase("contact_list_viewer", at("crm:contact_list"), who="viewer"),
    PageCase("contact_detail_archived", of("crm:contact_detail", lambda world: world.archived)),
    PageCase("contact_detail_viewer", of("crm:contact_detail", RECORDS["contact"]), who="viewer"),
    PageCase("contact_detail_long", of("crm:contact_detail", lambda world: world.long_named)),
    PageCase("contact_history", of("crm:contact_detail", RECORDS["contact"], "?tab=history")),
    PageCase(
        "contact_note_refused",
        of("crm:contact_detail", RECORDS["contact"]),
        act=_refuse_note,
        answers=(422,),
    ),
    PageCase(
        "contact_edit_stale",
        of("crm:contact_edit", RECORDS["contact"]),
        act=_edit_too_late,
        answers=(409,),
    ),
    PageCase("deal_board", at("crm:deal_board"), is_main=True),
    PageCase("deal_board_menu", at("crm:deal_board"), act=_move_open),
    PageCase("deal_board_empty", at("crm:deal_board"), who="newcomer"),
    PageCase("deal_lost", of("crm:deal_detail", RECORDS["deal"]), act=_ask_why_lost),
    PageCase("line_item_create", of("crm:line_item_create", RECORDS["deal"])),
    PageCase("lead_convert", of("crm:lead_convert", RECORDS["lead"])),
    PageCase("lead_status", of("crm:lead_status", RECORDS["lead"])),
    PageCase("task_list_done", at("crm:task_list", "?view=done")),
    PageCase("component_gallery", at("crm:component_gallery"), who="operator"),
]


def _sign_in_refused(window: Window, world: World) -> None:
    window.page.get_by_label("Email").fill("nobody@example.test")
    window.page.get_by_label("Password").fill("not the password")
    window.page.get_by_role("button", name="Sign in").click()
    window.page.locator(".errors, .alert-err").first.wait_for()


def _operations_listed(window: Window, world: World) -> None:
    window.page.locator(".opblock").first.wait_for()


DOORS = [
    PageCase("sign_in", at("account_login"), who=None),
    PageCase("sign_in_refused", at("account_login"), who=None, act=_sign_in_refused),
    PageCase("sign_out", at("account_logout")),
    PageCase("password_forgotten", at("account_reset_password"), who=None),
    PageCase("password_change", at("account_change_password")),
    PageCase("own_email", at("account_email")),
    PageCase("second_factor", at("mfa_index")),
    PageCase("not_found", lambda world: "/there/is/nothing/", status=404),
    PageCase("foreign_record", of("crm:contact_detail", RECORDS["contact"]), "newcomer", 404),
    PageCase("forbidden", at("crm:component_gallery"), status=403),
    PageCase("api_docs", at("api:docs"), act=_operations_listed, is_vendors=True),
]


def of_dead_job(world: World) -> str:
    job = world.connection.jobs.filter(state="dead").earliest("pk")
    return reverse("admin:hub_syncjob_change", args=[job.pk])


def _ask_to_give_up(window: Window, world: World) -> None:
    window.page.get_by_role("button", name="Give up").click()
    window.page.get_by_role("heading", name="Give up 1 job?").wait_for()


CONSOLE = [
    PageCase("console", at("admin:index"), who="operator", is_vendors=True, is_main=True),
    PageCase("console_refused", at("admin:index"), status=403),
    PageCase("console_jobs", at("admin:hub_syncjob_changelist"), "operator", is_vendors=True),
    PageCase("console_events", at("admin:hub_inboxevent_changelist"), "operator", is_vendors=True),
    PageCase("console_dead_job", of_dead_job, "operator", is_vendors=True),
    PageCase("console_give_up", of_dead_job, "operator", act=_ask_to_give_up, is_vendors=True),
    PageCase(
        "console_contacts", at("admin:crm_contact_changelist"), who="operator", is_vendors=True
    ),
    PageCase("console_changes", at("admin:crm_change_changelist"), who="operator", is_vendors=True),
    PageCase(
        "console_contact",
        of("admin:crm_contact_change", RECORDS["contact"]),
        who="operator",
        is_vendors=True,
    ),
]

IMPORTS = [
    PageCase("import_list", at("imports:import_list")),
    PageCase("import_list_empty", at("imports:import_list"), who="newcomer"),
    PageCase("import_new", at("imports:import_new")),
    PageCase("import_new_refused", at("imports:import_new"), act=send_empty),
    PageCase("import_map", of("imports:import_map", lambda world: world.uploads.to_map)),
    PageCase("import_review", of("imports:import_review", lambda world: world.uploads.to_review)),
    PageCase("import_at_work", of("imports:import_detail", lambda world: world.uploads.at_work)),
    PageCase("import_result", of("imports:import_detail", lambda world: world.uploads.done)),
    PageCase("import_undo", of("imports:import_undo", lambda world: world.uploads.done)),
]


def connection_new(world: World) -> str:
    return reverse("hub:connection_new", args=["stripe"])


def connection_of(name: str) -> Path:
    return of(f"hub:connection_{name}", lambda world: world.connection)


HUB = [
    PageCase("integrations", at("hub:integration_list")),
    PageCase("integrations_empty", at("hub:integration_list"), who="newcomer"),
    PageCase("integrations_viewer", at("hub:integration_list"), who="viewer"),
    PageCase("connection_new", connection_new),
    PageCase("connection_new_refused", connection_new, act=send_empty),
    PageCase("connection_detail", connection_of("detail")),
    PageCase("connection_detail_viewer", connection_of("detail"), who="viewer"),
    PageCase("connection_former", of("hub:connection_detail", lambda world: world.former)),
    PageCase("connection_credentials", connection_of("credentials")),
    PageCase("connection_disconnect", connection_of("disconnect")),
    PageCase("account_billed", of("crm:account_detail", lambda world: world.account(PAID))),
    PageCase(
        "account_billing",
        of("crm:account_detail", lambda world: world.account(PAID), "?tab=billing"),
    ),
    PageCase("sandbox", lambda world: world.sandbox_url, who=None),
    PageCase("sandbox_stripe", lambda world: f"{world.sandbox_url}/stripe/", who=None),
]


def mapping_of(name: str, row: Callable[[World], Any] | str) -> Path:
    """A page below the mapped connection: of a kind of record, or of one of its rows."""
    return lambda world: reverse(
        f"hub:{name}", args=[world.mapped.pk, row if isinstance(row, str) else row(world).pk]
    )


def _field(world: World) -> Any:
    return world.mapped.field_mappings.get(object="contacts", path="lifecycle")


def _value(world: World) -> Any:
    return world.mapped.value_mappings.filter(name="stage").first()


def _mapping_fits_a_phone(window: Window, world: World) -> None:
    """All columns are in sight, and no name is broken within a word."""
    before = window.page.viewport_size
    window.page.set_viewport_size({"width": NARROW, "height": HEIGHTS[NARROW]})
    table = window.page.locator(".table-scroll").first
    assert table.evaluate("one => one.scrollWidth <= one.clientWidth")
    broken = "found => found.filter(one => one.offsetHeight > 24).map(one => one.textContent)"
    assert window.page.locator("#mapping-rows th a").evaluate_all(broken) == []
    window.page.set_viewport_size(before or {"width": NARROW, "height": HEIGHTS[NARROW]})


def _try_mapping(window: Window, world: World) -> None:
    window.page.locator("#mapping-test").click()
    window.page.locator("#preview").wait_for()


def _decide_nothing(window: Window, world: World) -> None:
    window.page.locator("#bulk-ours").click()
    window.page.get_by_text("Nothing was decided").first.wait_for()


VALUE_LIST, PEOPLE_LIST = "hub:value_list", "hub:people_list"
MAPPING = [
    PageCase("conflicts", at("hub:conflict_list"), is_main=True),
    PageCase("conflicts_all", at("hub:conflict_list", "?state=all")),
    PageCase("conflicts_none_chosen", at("hub:conflict_list"), act=_decide_nothing),
    PageCase("conflicts_viewer", at("hub:conflict_list"), who="viewer"),
    PageCase("conflicts_empty", at("hub:conflict_list"), who="newcomer"),
    PageCase("mapping", mapping_of("mapping_list", "contacts"), act=_mapping_fits_a_phone),
    PageCase("mapping_tried", mapping_of("mapping_list", "contacts"), act=_try_mapping),
    PageCase("mapping_field", mapping_of("mapping_field_edit", _field)),
    PageCase("mapping_field_remove", mapping_of("mapping_field_remove", _field)),
    PageCase("mapping_field_new", mapping_of("mapping_field_new", "contacts")),
    PageCase("mapping_field_refused", mapping_of("mapping_field_new", "contacts"), act=send_empty),
    PageCase("mapping_values", of(VALUE_LIST, lambda world: world.mapped)),
    PageCase("mapping_value", mapping_of("value_edit", _value)),
    PageCase("mapping_value_new", mapping_of("value_new", "stage")),
    PageCase("mapping_value_remove", mapping_of("value_remove", _value)),
    PageCase("mapping_people", of(PEOPLE_LIST, lambda world: world.mapped)),
    PageCase(
        "mapping_person",
        mapping_of("person_edit", lambda world: world.mapped.ownership_mappings.first()),
    ),
    PageCase(
        "console_mapping", at("admin:hub_fieldmapping_changelist"), "operator", is_vendors=True
    ),
    PageCase(
        "console_field",
        of("admin:hub_fieldmapping_change", _field),
        who="operator",
        is_vendors=True,
    ),
    PageCase(
        "console_conflicts", at("admin:hub_syncconflict_changelist"), "operator", is_vendors=True
    ),
]


def _stream(world: World) -> Any:
    """The one that waits for a person."""
    return world.mapped.sync_states.exclude(hold_reason="").get()


def _run(world: World) -> Any:
    return world.mapped.sync_runs.get(status="held")


def _examples_open(window: Window, world: World) -> None:
    for summary in window.page.locator("details.disclosure > summary").all():
        summary.click()


STREAMS = [
    PageCase(
        "first_sync",
        of("hub:first_sync", lambda world: world.mapped),
        act=_examples_open,
        is_main=True,
    ),
    PageCase("first_sync_nothing", of("hub:first_sync", lambda world: world.connection)),
    PageCase("stream", of("hub:stream_detail", _stream), act=_examples_open, is_main=True),
    PageCase("stream_viewer", of("hub:stream_detail", _stream), who="viewer"),
    PageCase("run_undo", of("hub:run_undo", _run)),
    PageCase("connection_streams", of("hub:connection_detail", lambda world: world.mapped)),
]


CASES = [*CRM, *IMPORTS, *HUB, *MAPPING, *STREAMS, *DOORS, *CONSOLE]

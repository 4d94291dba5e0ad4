"""Runs the walk on throw-away data and free ports, and tells what every step saw."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from nexa.demo.check import billing, keeping, operating, secrecy, selling, standing
from nexa.demo.check.browser import CheckFailed
from nexa.demo.check.walk import Walk
from nexa.demo.logins import OPERATOR, SALESPERSON, login_of, logins_read
from nexa.demo.plan import DemoPlan
from nexa.demo.run import demo_running
from nexa.embedded.throwaway import throwaway_folder
from nexa.serve.together import Say
from nexa.supervisor import Supervisor
from nexa.supervisor.ports import port_anywhere


@dataclass(frozen=True)
class Step:
    """One thing a person does; `act` returns what was seen or raises CheckFailed."""

    title: str
    act: Callable[[Walk], str]


@dataclass(frozen=True)
class Seen:
    """How a step ended."""

    title: str
    saw: str
    ok: bool
    seconds: float = 0.0


STEPS = (
    Step("Salesperson signs in", selling.signed_in),
    Step("Home", selling.home_seen),
    Step("Upload a CSV of contacts", selling.file_uploaded),
    Step("Columns mapped by themselves", selling.columns_mapped),
    Step("Dry run", selling.dry_run_seen),
    Step("Import", selling.import_run),
    Step("Imported contact and account", selling.contact_opened),
    Step("Connect a vendor and test", selling.vendor_connected),
    Step("Disconnect it again", selling.second_disconnected),
    Step("A lead reaches the vendor", keeping.lead_sent),
    Step("A lead of the vendor is here", keeping.lead_taken_over),
    Step("A contact reaches the vendor", keeping.contact_sent),
    Step("A contact of the vendor is here", keeping.contact_taken_over),
    Step("All in step with the vendors", standing.all_in_step),
    Step("Deal with line items", billing.deal_opened),
    Step("Move to Closed won", billing.deal_won),
    Step("Subscription on the account", billing.subscription_seen),
    Step("Nothing made twice", billing.one_of_each),
    Step("An invoice is paid", billing.invoice_paid),
    Step("The same events again", billing.events_repeated),
    Step("An invoice fails", billing.invoice_failed),
    Step("Alert and task", billing.alert_and_task_seen),
    Step("Operator opens the console", operating.console_opened),
    Step("Connection in the console", operating.connection_seen),
    Step("Inbox event", operating.inbox_seen),
    Step("Jobs and attempts", operating.attempts_seen),
    Step("Sync runs and ledger", operating.runs_and_ledger_seen),
    Step("A deal that cannot be billed", operating.deal_without_address_won),
    Step("Mended and retried", operating.dead_job_retried),
    Step("No secret in clear", secrecy.no_secret_in_clear),
)


def demo_checked(say: Say) -> bool:
    """Drive the whole loop; True when every step held. Raises SupervisorError."""
    began = time.monotonic()
    with throwaway_folder("nexa-check-") as folder:
        plan = DemoPlan(folder, port_anywhere(), port_anywhere())
        with demo_running(plan, say, durable=False) as supervisor, _tended(supervisor):
            say(f"Everything is up after {time.monotonic() - began:.0f} s. Walking …")
            found = walked(plan, supervisor, say)
            if not all(one.ok for one in found):
                _logs_told(supervisor, say)
    say(table(found))
    say(f"{sum(one.ok for one in found)} of {len(found)} held, {time.monotonic() - began:.0f} s.")
    return all(one.ok for one in found)


def walked(plan: DemoPlan, supervisor: Supervisor, say: Say) -> list[Seen]:
    """Every step in turn; after one that failed the others still try, for the fuller picture."""
    logins = logins_read(plan.logins)
    walk = Walk(plan, login_of(logins, SALESPERSON), login_of(logins, OPERATOR))
    found = []
    for step in STEPS:
        if supervisor.stopping.is_set():
            found.append(Seen(step.title, "stopped before this step", ok=False))
            continue
        found.append(_taken(step, walk))
        say(f"{'ok  ' if found[-1].ok else 'FAIL'}  {step.title}")
    return found


def table(found: Sequence[Seen]) -> str:
    width = max(len(one.title) for one in found)
    head = [f"  {'step':<{width}}  ok   what was seen", f"  {'-' * width}  ---  {'-' * 40}"]
    rows = [f"  {one.title:<{width}}  {'yes' if one.ok else 'NO '}  {one.saw}" for one in found]
    return "\n" + "\n".join([*head, *rows]) + "\n"


def _taken(step: Step, walk: Walk) -> Seen:
    began = time.monotonic()
    try:
        saw, ok = step.act(walk), True
    except CheckFailed as failure:
        saw, ok = str(failure), False
    except KeyError as missing:
        saw, ok = f"an earlier step did not find the {missing.args[0]}", False
    except requests.RequestException as error:
        saw, ok = f"no answer: {type(error).__name__}", False
    return Seen(step.title, saw, ok, time.monotonic() - began)


@contextmanager
def _tended(supervisor: Supervisor) -> Iterator[None]:
    """The children are tended in a thread while the walk goes on here."""
    thread = threading.Thread(target=supervisor.tend, name="tending")
    thread.start()
    try:
        yield
    finally:
        supervisor.stopping.set()
        thread.join()


def _logs_told(supervisor: Supervisor, say: Say) -> None:
    for child in supervisor.children.values():
        say(f"--- the end of {child.spec.name}'s log\n{child.last_words(30)}")

"""What the demo workspace holds besides companies, as plain tables; data.py writes it.

Days are counted back from today, so that a demo of any day looks like a quarter at work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm.choices import BillingInterval, LeadStatus, Priority, TaskKind

OLDEST_DAY = 90


@dataclass(frozen=True)
class DemoDeal:
    """A deal; `lines` are product name and quantity, `closes_in` days from now.

    `began` and the days of `moves` (stage and day) are days ago.
    """

    name: str
    account: str
    began: int
    moves: tuple[tuple[str, int], ...]
    closes_in: int
    lines: tuple[tuple[str, int], ...] = ()
    amount: str = "0"
    lost_reason: str = ""


@dataclass(frozen=True)
class DemoTask:
    """Something to do about the named account, due `due_in` days from now; `done` is days ago."""

    title: str
    account: str
    made: int
    due_in: int
    kind: str = TaskKind.TODO
    priority: str = Priority.NORMAL
    done: int | None = None


@dataclass(frozen=True)
class DemoTalk:
    """A note or a call with the named account, days ago."""

    account: str
    days_ago: int
    body: str
    is_call: bool = False


PRODUCTS: tuple[dict[str, Any], ...] = (
    {"name": "Team plan", "unit_price": "49", "billing_interval": BillingInterval.MONTH},
    {"name": "Business plan", "unit_price": "199", "billing_interval": BillingInterval.MONTH},
    {"name": "Enterprise plan", "unit_price": "12000", "billing_interval": BillingInterval.YEAR},
    {"name": "Onboarding", "unit_price": "1500", "billing_interval": BillingInterval.ONE_TIME},
)

DEALS = (
    DemoDeal(
        "Kestrel Freight dispatch desk",
        "Kestrel Freight",
        began=86,
        moves=(("Qualified", 81), ("Proposal", 75), ("Closed won", 63)),
        closes_in=-63,
        amount="14400",
    ),
    DemoDeal(
        "Lumen Bakery spring campaign",
        "Lumen Bakery Group",
        began=79,
        moves=(("Proposal", 68), ("Closed lost", 45)),
        closes_in=-45,
        amount="2600",
        lost_reason="Chose to wait until next season",
    ),
    DemoDeal(
        "Oakline showroom tablets",
        "Oakline Furniture",
        began=77,
        moves=(("Qualified", 69), ("Negotiation", 52), ("Closed won", 38)),
        closes_in=-38,
        amount="5880",
    ),
    DemoDeal(
        "Nordvik webshop roll-out",
        "Nordvik Outdoor",
        began=61,
        moves=(("Qualified", 47), ("Proposal", 16)),
        closes_in=21,
        lines=(("Team plan", 12),),
    ),
    DemoDeal(
        "Solace Energy field teams",
        "Solace Energy",
        began=59,
        moves=(("Proposal", 40), ("Negotiation", 22), ("Closed won", 8)),
        closes_in=-8,
        amount="9600",
    ),
    DemoDeal(
        "Alder & Finch enterprise agreement",
        "Alder & Finch Architects",
        began=44,
        moves=(("Qualified", 27),),
        closes_in=45,
        lines=(("Enterprise plan", 1),),
    ),
    DemoDeal(
        "Harbour Robotics: Business plan for two sites",
        "Harbour Robotics",
        began=36,
        moves=(("Qualified", 29), ("Proposal", 18), ("Negotiation", 4)),
        closes_in=6,
        lines=(("Business plan", 2),),
    ),
    DemoDeal(
        "Kestrel Freight second depot",
        "Kestrel Freight",
        began=24,
        moves=(("Qualified", 11),),
        closes_in=33,
        amount="7200",
    ),
    DemoDeal(
        "Pine Street pilot", "Pine Street Clinics", began=13, moves=(), closes_in=60, amount="4800"
    ),
)

# With how many days ago each came in.
LEADS: tuple[tuple[int, dict[str, Any]], ...] = (
    (
        17,
        {
            "first_name": "Henrik",
            "last_name": "Dahl",
            "email": "henrik@dahlco.example",
            "company": "Dahl & Co",
            "title": "Chief Financial Officer",
            "source": "Referral",
            "status": LeadStatus.QUALIFIED,
        },
    ),
    (
        9,
        {
            "first_name": "Aisha",
            "last_name": "Bello",
            "email": "aisha.bello@coastline.example",
            "company": "Coastline Logistics",
            "title": "Procurement Manager",
            "source": "Trade fair",
            "status": LeadStatus.CONTACTED,
        },
    ),
    (
        2,
        {
            "first_name": "Tomas",
            "last_name": "Varga",
            "email": "tomas@vargaprint.example",
            "company": "Varga Print",
            "title": "Owner",
            "source": "Website",
            "status": LeadStatus.NEW,
        },
    ),
)

TASKS = (
    DemoTask("Send the signed contract", "Kestrel Freight", made=66, due_in=-62, done=63),
    DemoTask(
        "Walk through the invoice",
        "Oakline Furniture",
        made=37,
        due_in=-33,
        done=34,
        kind=TaskKind.CALL,
    ),
    DemoTask(
        "Answer the security questionnaire",
        "Alder & Finch Architects",
        made=10,
        due_in=-1,
        priority=Priority.HIGH,
    ),
    DemoTask("Send the revised quote", "Harbour Robotics", made=3, due_in=0, kind=TaskKind.EMAIL),
    DemoTask(
        "Call about the roll-out dates", "Nordvik Outdoor", made=6, due_in=1, kind=TaskKind.CALL
    ),
    DemoTask("Prepare the pilot's goals", "Pine Street Clinics", made=5, due_in=3),
    DemoTask(
        "Ask how the first weeks went",
        "Solace Energy",
        made=7,
        due_in=12,
        kind=TaskKind.FOLLOW_UP,
        priority=Priority.LOW,
    ),
)

TALKS = (
    DemoTalk("Kestrel Freight", 83, "Three dispatchers share one login today.", is_call=True),
    DemoTalk("Kestrel Freight", 64, "Signature comes from the head office in Utrecht."),
    DemoTalk("Lumen Bakery Group", 46, "Budget is gone for this season; ask again.", is_call=True),
    DemoTalk("Oakline Furniture", 39, "Grace is happy with the price and will sign.", is_call=True),
    DemoTalk("Nordvik Outdoor", 32, "Peak season starts in November: must be live before that."),
    DemoTalk("Solace Energy", 21, "Field teams work offline half of the day.", is_call=True),
    DemoTalk("Alder & Finch Architects", 12, "Sent a security questionnaire with 40 questions."),
    DemoTalk("Harbour Robotics", 9, "Wants both sites on one invoice. Mira decides, Jonas signs."),
    DemoTalk(
        "Harbour Robotics", 2, "Agreed on the scope; price is the last open point.", is_call=True
    ),
)

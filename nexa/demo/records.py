"""What the demo workspace holds, as plain tables; data.py writes it through the services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm.choices import BillingInterval, LeadStatus, Lifecycle, Priority, TaskKind


@dataclass(frozen=True)
class DemoAccount:
    """A company with its people."""

    values: dict[str, Any]
    contacts: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class DemoDeal:
    """A deal; `lines` are product name and quantity, `closes_in` days from now."""

    name: str
    account: str
    stage: str
    closes_in: int
    lines: tuple[tuple[str, int], ...] = ()
    amount: str = "0"
    lost_reason: str = ""


@dataclass(frozen=True)
class DemoTask:
    """Something to do; `due_in` hours from now, about the named account."""

    title: str
    account: str
    due_in: int
    kind: str = TaskKind.TODO
    priority: str = Priority.NORMAL


PRODUCTS: tuple[dict[str, Any], ...] = (
    {"name": "Team plan", "unit_price": "49", "billing_interval": BillingInterval.MONTH},
    {"name": "Business plan", "unit_price": "199", "billing_interval": BillingInterval.MONTH},
    {"name": "Enterprise plan", "unit_price": "12000", "billing_interval": BillingInterval.YEAR},
    {"name": "Onboarding", "unit_price": "1500", "billing_interval": BillingInterval.ONE_TIME},
)

ACCOUNTS = (
    DemoAccount(
        {
            "name": "Harbour Robotics",
            "website": "https://harbour-robotics.example",
            "industry": "Manufacturing",
            "phone": "+1 415 555 0132",
            "city": "San Francisco",
            "country": "United States",
        },
        (
            {
                "first_name": "Mira",
                "last_name": "Okafor",
                "email": "mira.okafor@harbour-robotics.example",
                "title": "Head of Operations",
                "lifecycle": Lifecycle.OPPORTUNITY,
            },
            {
                "first_name": "Jonas",
                "last_name": "Lind",
                "email": "jonas.lind@harbour-robotics.example",
                "title": "Finance Manager",
                "lifecycle": Lifecycle.OPPORTUNITY,
            },
        ),
    ),
    DemoAccount(
        {
            "name": "Alder & Finch Architects",
            "website": "https://alderfinch.example",
            "industry": "Architecture",
            "city": "Leeds",
            "country": "United Kingdom",
        },
        (
            {
                "first_name": "Priya",
                "last_name": "Raman",
                "email": "priya@alderfinch.example",
                "title": "Partner",
                "lifecycle": Lifecycle.SQL,
            },
        ),
    ),
    DemoAccount(
        {
            "name": "Nordvik Outdoor",
            "website": "https://nordvik.example",
            "industry": "Retail",
            "city": "Bergen",
            "country": "Norway",
        },
        (
            {
                "first_name": "Ingrid",
                "last_name": "Solberg",
                "email": "ingrid.solberg@nordvik.example",
                "title": "E-commerce Lead",
                "lifecycle": Lifecycle.OPPORTUNITY,
            },
            {
                "first_name": "Erik",
                "last_name": "Haug",
                "email": "erik.haug@nordvik.example",
                "title": "Buyer",
                "lifecycle": Lifecycle.LEAD,
            },
        ),
    ),
    DemoAccount(
        {
            "name": "Pine Street Clinics",
            "website": "https://pinestreet.example",
            "industry": "Healthcare",
            "city": "Portland",
            "country": "United States",
        },
        (
            {
                "first_name": "Daniel",
                "last_name": "Reyes",
                "email": "d.reyes@pinestreet.example",
                "title": "Practice Director",
                "lifecycle": Lifecycle.MQL,
            },
        ),
    ),
    DemoAccount(
        {
            "name": "Lumen Bakery Group",
            "website": "https://lumenbakery.example",
            "industry": "Food",
            "city": "Lyon",
            "country": "France",
        },
        (
            {
                "first_name": "Claire",
                "last_name": "Moreau",
                "email": "claire.moreau@lumenbakery.example",
                "title": "Managing Director",
                "lifecycle": Lifecycle.SQL,
            },
        ),
    ),
)

DEALS = (
    DemoDeal(
        "Harbour Robotics: Business plan for two sites",
        "Harbour Robotics",
        "Negotiation",
        closes_in=6,
        lines=(("Business plan", 2),),
    ),
    DemoDeal(
        "Nordvik webshop roll-out",
        "Nordvik Outdoor",
        "Proposal",
        closes_in=21,
        lines=(("Team plan", 12),),
    ),
    DemoDeal(
        "Alder & Finch enterprise agreement",
        "Alder & Finch Architects",
        "Qualified",
        closes_in=45,
        lines=(("Enterprise plan", 1),),
    ),
    DemoDeal("Pine Street pilot", "Pine Street Clinics", "New", closes_in=60, amount="4800"),
    DemoDeal(
        "Lumen Bakery spring campaign",
        "Lumen Bakery Group",
        "Closed lost",
        closes_in=-12,
        amount="2600",
        lost_reason="Chose to wait until next season",
    ),
)

LEADS: tuple[dict[str, Any], ...] = (
    {
        "first_name": "Tomas",
        "last_name": "Varga",
        "email": "tomas@vargaprint.example",
        "company": "Varga Print",
        "title": "Owner",
        "source": "Website",
        "status": LeadStatus.NEW,
    },
    {
        "first_name": "Aisha",
        "last_name": "Bello",
        "email": "aisha.bello@coastline.example",
        "company": "Coastline Logistics",
        "title": "Procurement Manager",
        "source": "Trade fair",
        "status": LeadStatus.CONTACTED,
    },
    {
        "first_name": "Henrik",
        "last_name": "Dahl",
        "email": "henrik@dahlco.example",
        "company": "Dahl & Co",
        "title": "Chief Financial Officer",
        "source": "Referral",
        "status": LeadStatus.QUALIFIED,
    },
)

TASKS = (
    DemoTask("Send the revised quote", "Harbour Robotics", due_in=3, kind=TaskKind.EMAIL),
    DemoTask("Call about the roll-out dates", "Nordvik Outdoor", due_in=26, kind=TaskKind.CALL),
    DemoTask(
        "Answer the security questionnaire",
        "Alder & Finch Architects",
        due_in=-20,
        priority=Priority.HIGH,
    ),
    DemoTask("Prepare the pilot's goals", "Pine Street Clinics", due_in=72),
)

NOTES = (
    ("Harbour Robotics", "Wants both sites on one invoice. Mira decides, Jonas signs."),
    ("Nordvik Outdoor", "Peak season starts in November: must be live before that."),
)

CALLS = (("Harbour Robotics", "Agreed on the scope; price is the last open point."),)

"""The companies of the demo workspace with their people, as a plain table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm.choices import Lifecycle


@dataclass(frozen=True)
class DemoAccount:
    """A company with its people; `since` is how many days ago they were written down."""

    values: dict[str, Any]
    contacts: tuple[dict[str, Any], ...] = ()
    since: int = 90


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
        since=41,
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
        since=58,
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
        since=74,
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
        since=19,
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
        since=83,
    ),
    DemoAccount(
        {
            "name": "Kestrel Freight",
            "website": "https://kestrelfreight.example",
            "industry": "Logistics",
            "phone": "+31 20 555 0147",
            "city": "Rotterdam",
            "country": "Netherlands",
        },
        (
            {
                "first_name": "Sanne",
                "last_name": "Visser",
                "email": "sanne.visser@kestrelfreight.example",
                "phone": "+31 20 555 0148",
                "title": "Operations Director",
                "lifecycle": Lifecycle.CUSTOMER,
            },
        ),
        since=88,
    ),
    DemoAccount(
        {
            "name": "Oakline Furniture",
            "website": "https://oakline.example",
            "industry": "Retail",
            "city": "Asheville",
            "country": "United States",
        },
        (
            {
                "first_name": "Grace",
                "last_name": "Whitfield",
                "email": "grace@oakline.example",
                "phone": "+1 828 555 0119",
                "title": "Owner",
                "lifecycle": Lifecycle.CUSTOMER,
            },
        ),
        since=80,
    ),
    DemoAccount(
        {
            "name": "Solace Energy",
            "website": "https://solace-energy.example",
            "industry": "Energy",
            "city": "Melbourne",
            "country": "Australia",
        },
        (
            {
                "first_name": "Liam",
                "last_name": "Barker",
                "email": "liam.barker@solace-energy.example",
                "phone": "+61 400 000 001",
                "title": "Head of Procurement",
                "lifecycle": Lifecycle.CUSTOMER,
            },
        ),
        since=66,
    ),
)

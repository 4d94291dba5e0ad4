"""The gallery of page components, for those who build pages; it shows samples, not records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from crm.charts import Chart, Series, chart_of
from crm.choices import LeadStatus, Lifecycle

PAGE_SIZE = 5


@dataclass(frozen=True)
class SamplePerson:
    """A row of the sample table."""

    name: str
    email: str
    company: str
    lifecycle: str
    health: int
    updated_at: datetime
    amount: Decimal

    def get_lifecycle_display(self) -> str:
        return str(Lifecycle(self.lifecycle).label)


@dataclass(frozen=True)
class SampleStage:
    """A column of the sample board."""

    name: str
    order: int
    total: int
    is_won: bool = False
    is_lost: bool = False


@dataclass(frozen=True)
class SampleActivity:
    """An item of the sample timeline."""

    kind: str
    subject: str
    actor: str
    body: str
    occurred_at: datetime


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(help_text="As it should appear in mails.")
    email = forms.EmailField(label="E-mail")
    status = forms.ChoiceField(choices=LeadStatus.choices)
    budget = forms.DecimalField(required=False)
    channel = forms.ChoiceField(
        label="Preferred channel",
        widget=forms.RadioSelect,
        choices=[("email", "E-mail"), ("phone", "Phone")],
    )
    opt_in = forms.BooleanField(required=False, label="May be written to", help_text="Is logged.")
    document = forms.FileField(required=False)
    notes = forms.CharField(required=False, widget=forms.Textarea)


STAGES = (
    SampleStage("Qualified", 0, 18_000),
    SampleStage("Proposal", 1, 42_500),
    SampleStage("Negotiation", 2, 9_900),
    SampleStage("Closed won", 3, 64_000, is_won=True),
    SampleStage("Closed lost", 4, 3_000, is_lost=True),
)
NAMES = (
    ("Amélie Fontaine", "Lumière Studios", "customer", 86),
    ("Bao Nguyen", "Northwind Traders", "opportunity", 61),
    ("Chidi Okafor", "Harbour Lights Ltd", "lead", 34),
    ("Dana Lindqvist", "Fjord Analytics", "sql", 72),
    ("Ester Marín", "Casa Verde Inmobiliaria", "mql", 55),
    ("Farid Haddad", "Cedar & Sons", "customer", 91),
    ("Grace O’Neill", "Atlas Freight", "lead", 70),  # noqa: RUF001 (a real apostrophe)
)


@require_GET
@login_required
def component_gallery(request: HttpRequest) -> HttpResponse:
    """Every component once, with sample values; staff only."""
    if not request.user.is_staff:
        raise PermissionDenied("The component gallery is for staff.")
    return render(request, "ui.html", gallery_context(timezone.now(), request.GET.get("page")))


def gallery_context(now: datetime, page: str | None = None) -> dict[str, Any]:
    wrong = SampleForm({"name": "", "email": "amelie@", "status": "new", "channel": "email"})
    return {
        "people": Paginator(_people(now), PAGE_SIZE).get_page(page),
        "stages": STAGES,
        "stage_total": sum(stage.total for stage in STAGES),
        "activities": _activities(now),
        "form": SampleForm(auto_id="new_%s"),
        "wrong_form": wrong,
        "lifecycles": Lifecycle.choices,
        "tones": ("ok", "warn", "err", "info", "accent", ""),
        "import_steps": ("Upload", "Map columns", "Review", "Import"),
        "chart": _chart(),
        "late": now - timedelta(days=2),
        "soon": now + timedelta(hours=5),
    }


def _chart() -> Chart:
    """Two stacks a day, one of them of two parts."""
    days = [f"{day} Mar" for day in range(2, 9)]
    received = Series("accent", "Received", (40.0, 52.0, 31.0, 0.0, 12.0, 64.0, 48.0))
    done = Series("ok", "Done", (38.0, 50.0, 22.0, 0.0, 12.0, 60.0, 47.0))
    failed = Series("err", "Failed", (2.0, 2.0, 9.0, 0.0, 0.0, 4.0, 1.0))
    words = "Over 7 days 247 were received, 229 were done and 18 failed."
    return chart_of("sample", "Events", days, (received,), (done, failed), words=words, head="Day")


def _people(now: datetime) -> list[SamplePerson]:
    return [
        SamplePerson(
            name=name,
            email=f"{name.split()[0].lower()}@example.com",
            company=company,
            lifecycle=lifecycle,
            health=health,
            updated_at=now - timedelta(hours=index * index * 7),
            amount=Decimal(1250 * (index + 1)),
        )
        for index, (name, company, lifecycle, health) in enumerate(NAMES)
    ]


def _activities(now: datetime) -> list[SampleActivity]:
    facts = (
        ("payment_failed", "Payment failed: $490.00", "Stripe", "Card declined."),
        ("note", "Note", "Sam Rivera", "Wants the annual plan.\nCall again after the 12th."),
        ("payment_received", "Payment received: $490.00", "Stripe", ""),
        ("stage_changed", "Deal moved to Closed won", "Sam Rivera", ""),
        ("email", "Re: Proposal", "Amélie Fontaine", "Thanks, this looks good to us."),
    )
    return [
        SampleActivity(kind, subject, actor, body, now - timedelta(hours=5 * index))
        for index, (kind, subject, actor, body) in enumerate(facts)
    ]

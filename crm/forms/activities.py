"""What a person writes on a record: a note, a call."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.choices import Direction
from crm.forms.moments import MomentField
from crm.forms.record import refusal_show
from crm.services.errors import ServiceError

BODY_MAX = 20_000


class ActivityForm(forms.Form):
    """Shows what a service refused on the fields it names."""

    def refuse(self, error: ServiceError) -> None:
        refusal_show(self, error)


class NoteForm(ActivityForm):
    """A note; its first line becomes its title."""

    body = forms.CharField(
        label="Note",
        max_length=BODY_MAX,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "What happened?"}),
        error_messages={"required": "Write something to note."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "note-%s")
        super().__init__(*args, **kwargs)


class CallForm(ActivityForm):
    """A call that took place."""

    subject = forms.CharField(label="About", max_length=300, required=False)
    direction = forms.ChoiceField(
        label="Who called",
        choices=((Direction.OUTBOUND, "We called"), (Direction.INBOUND, "They called")),
    )
    occurred_at = MomentField(label="When", required=False, help_text="Empty means now.")
    body = forms.CharField(
        label="What was said",
        max_length=BODY_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "call-%s")
        super().__init__(*args, **kwargs)

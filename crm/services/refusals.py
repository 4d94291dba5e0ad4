"""What the database's own guards refuse, in words for the person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import NON_FIELD_ERRORS
from django.db import DataError, IntegrityError

from crm.services.errors import InvalidRecord

# Constraint -> the field it is about and what to say.
CONSTRAINT_WORDS: dict[str, tuple[str, str]] = {
    "lead_lost_has_reason": ("lost_reason", "Say why the lead was lost."),
    "account_health_0_to_100": ("health_score", "Health lies between 0 and 100."),
    "contact_engagement_0_to_100": ("engagement_score", "The score lies between 0 and 100."),
    "lead_score_0_to_100": ("score", "The score lies between 0 and 100."),
    "deal_probability_100": ("probability", "A probability is at most 100 per cent."),
    "stage_probability_100": ("probability", "A probability is at most 100 per cent."),
    "stage_not_won_and_lost": ("is_won", "A stage is won or lost, not both."),
    "stage_name_unique": ("name", "The pipeline has a stage of this name already."),
    "pipeline_one_default": ("is_default", "The workspace has a default pipeline already."),
    "line_item_quantity_positive": ("quantity", "The quantity is at least 1."),
    "activity_reported_once": ("external_id", "This event is on the timeline already."),
    "task_made_once": ("source_key", "This task was made already."),
    "alert_open_once": ("subject_key", "This alert is open already."),
    "contact_list_name_unique": ("name", "There is a list of this name already."),
    "web_form_slug_unique": ("slug", "There is a form with this address already."),
    "crm_user_email_key": ("email", "A user with this e-mail address exists already."),
    "user_email_unique_lower": ("email", "A user with this e-mail address exists already."),
    "membership_unique": ("user", "This person is a member already."),
    "custom_field_unique": ("key", "There is a custom field with this key already."),
}


@contextmanager
def refused_in_words() -> Iterator[None]:
    """Turn a refusal of the database into InvalidRecord; wrap it around the transaction."""
    try:
        yield
    except IntegrityError as error:
        raise _in_words(error) from error
    except DataError as error:
        said = "A value is too long or out of range. Nothing was saved."
        raise InvalidRecord({NON_FIELD_ERRORS: [said]}) from error


def constraint_name(error: IntegrityError) -> str:
    """The name of the constraint that was broken; empty when the driver did not say."""
    details = getattr(error.__cause__, "diag", None)
    return getattr(details, "constraint_name", None) or ""


def _in_words(error: IntegrityError) -> InvalidRecord:
    name = constraint_name(error)
    if name in CONSTRAINT_WORDS:
        field, words = CONSTRAINT_WORDS[name]
        return InvalidRecord({field: [words]})
    said = f"This does not fit what is stored already ({name or 'database rule'})."
    return InvalidRecord({NON_FIELD_ERRORS: [f"{said} Nothing was saved."]})

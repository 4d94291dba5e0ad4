"""Links between records of ours and things at a vendor, and what the two sides disagree about."""

from __future__ import annotations

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm.models import User
from integrations.hub.merge import Rule, Side
from integrations.hub.models.connection import Connection


class LinkState(models.TextChoices):
    ACTIVE = "active", "Active"
    TOMBSTONE = "tombstone", "Gone"
    QUARANTINED = "quarantined", "Set aside"


# Why a link ended whose thing is still there, and whose is not.
ARCHIVED_WORDS: Final = "Ours is archived."
DELETED_WORDS: Final = "Ours is archived, theirs was deleted."
GONE_WORDS: Final = "Gone at the vendor."
MADE_AGAIN_WORDS: Final = "Gone at the vendor, and made again."
# Followed by the id of the survivor.
MERGED_WORDS: Final = "Merged into"
ENDED_THERE: Final = (DELETED_WORDS, GONE_WORDS, MADE_AGAIN_WORDS)


class SyncRecord(models.Model):
    """The link between one record of ours and one thing at the vendor.

    Both sides' last agreed values are kept, since a vendor may normalise what it was sent.
    `revision` rises with every write of the row, so that two that look at once do not both act.
    `theirs_pending` is what was told of theirs since, and is not agreed on yet, where the vendor
    cannot be asked. `problems` are fields that cannot be translated, in words; `waits_for` names
    what they wait for (`<object>:<external id>` or `<record type>:<our id>`). `flips` counts by
    field how often the hub wrote it now on this side, now on that. `gone_at`: it was not found
    there, and what follows is not done yet. `away_at` is when the vendor last said so of this very
    thing; it stays once the thing is back, for what led to it may have lost its link meanwhile.
    `remote_modified_at` is when theirs was written as we know it, by the vendor's own clock, so
    that what a list or an event says of it can be told to be older; `told_at` is the same for
    fields that were told or sent by themselves, each with the time that it came in here.
    """

    # Its index is that of the constraints.
    connection = models.ForeignKey(
        Connection, models.CASCADE, related_name="sync_records", db_index=False
    )
    object = models.CharField(max_length=60, help_text="The vendor's word for the thing.")
    record_type = models.CharField(max_length=30)
    local_id = models.BigIntegerField()
    external_id = models.CharField(max_length=255)
    base_ours = models.JSONField(default=dict, db_default={}, blank=True)
    base_theirs = models.JSONField(default=dict, db_default={}, blank=True)
    theirs_pending = models.JSONField(default=dict, db_default={}, blank=True)
    local_version = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Of our record, when both sides were compared."
    )
    remote_version = models.CharField(max_length=100, blank=True, default="", db_default="")
    remote_modified_at = models.DateTimeField(null=True, blank=True, editable=False)
    told_at = models.JSONField(default=dict, db_default={}, blank=True, editable=False)
    folded_at = models.DateTimeField(null=True, blank=True)
    mapping_version = models.PositiveIntegerField(default=0, db_default=0)
    revision = models.PositiveIntegerField(default=0, db_default=0)
    seen_generation = models.PositiveIntegerField(default=0, db_default=0)
    problems = models.JSONField(default=dict, db_default={}, blank=True)
    waits_for = ArrayField(
        models.CharField(max_length=320), default=list, db_default=[], blank=True
    )
    flips = models.JSONField(default=dict, db_default={}, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    away_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_erased = models.BooleanField(
        default=False, db_default=False, help_text="Erased at the vendor to protect privacy."
    )
    reason = models.CharField(max_length=250, blank=True, default="", db_default="")
    state = models.CharField(
        max_length=12, choices=LinkState, default=LinkState.ACTIVE, db_default=LinkState.ACTIVE
    )
    state_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "object", "external_id"), name="syncrecord_external_once"
            ),
            # A tombstone keeps their id from coming back; our record may be linked anew.
            models.UniqueConstraint(
                fields=("connection", "object", "local_id"),
                condition=~Q(state=LinkState.TOMBSTONE),
                name="syncrecord_local_once",
            ),
        )
        indexes = (
            models.Index(fields=("record_type", "local_id"), name="syncrecord_record"),
            GinIndex(
                fields=("waits_for",), condition=~Q(waits_for=[]), name="syncrecord_waits_for"
            ),
            # Mostly empty, which says without a search that nothing waits.
            models.Index(
                fields=("connection",), condition=~Q(waits_for=[]), name="syncrecord_waiting"
            ),
            models.Index(
                fields=("connection", "object"),
                condition=Q(gone_at__isnull=False),
                name="syncrecord_gone",
            ),
            models.Index(
                fields=("connection", "object"),
                condition=~Q(state=LinkState.ACTIVE) | ~Q(problems={}),
                name="syncrecord_trouble",
            ),
        )

    def __str__(self) -> str:
        return f"{self.object} {self.external_id}"


class ConflictState(models.TextChoices):
    OPEN = "open", "Waits for a person"
    DECIDED = "decided", "Decided, not applied yet"
    RESOLVED = "resolved", "Resolved"
    SETTLED = "settled", "Settled by the rule"
    # Its link ended first; asked again when the two are linked again.
    LEFT = "left", "Left undecided"


class SyncConflict(models.Model):
    """A field that both sides changed; both values are kept, whoever won.

    `winner` is empty while a person has to decide, and of one that nobody decided.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="conflicts")
    link = models.ForeignKey(SyncRecord, models.CASCADE, related_name="conflicts")
    object = models.CharField(max_length=60)
    record_type = models.CharField(max_length=30)
    local_id = models.BigIntegerField()
    field = models.CharField(max_length=120, help_text="The path on our side.")
    base = models.JSONField(null=True, blank=True)
    ours = models.JSONField(null=True, blank=True)
    theirs = models.JSONField(null=True, blank=True)
    ours_at = models.DateTimeField(null=True, blank=True)
    theirs_at = models.DateTimeField(null=True, blank=True)
    rule = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Rule])
    winner = models.CharField(
        max_length=6, blank=True, default="", choices=[(one.value, one.value) for one in Side]
    )
    is_in_doubt = models.BooleanField(default=False, db_default=False)
    state = models.CharField(max_length=8, choices=ConflictState, default=ConflictState.OPEN)
    resolved_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("link", "field"),
                condition=Q(state__in=("open", "decided")),
                name="conflict_open_once",
            ),
        )
        indexes = (
            models.Index(fields=("connection", "state", "-id"), name="conflict_connection"),
            models.Index(fields=("record_type", "local_id"), name="conflict_record"),
        )

    def __str__(self) -> str:
        return f"{self.field} of {self.object}"

"""How one connection's records say what ours say: fields, values and people; edited by admins.

Every change of these rows raises `SyncState.mapping_version` (see integrations.hub.mapping.edits).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crm.models import User
from crm.rules.consent import is_consent
from integrations.hub.merge import Direction, Rule
from integrations.hub.models.connection import Connection


def direction_choices() -> list[tuple[str, str]]:
    return [
        (Direction.BOTH.value, "Both ways"),
        (Direction.PULL.value, "From the vendor"),
        (Direction.PUSH.value, "To the vendor"),
    ]


def rule_choices() -> list[tuple[str, str]]:
    return [
        (Rule.LAST_WRITE.value, "The later change wins"),
        (Rule.OURS_WINS.value, "Ours wins"),
        (Rule.THEIRS_WINS.value, "Theirs wins"),
        (Rule.FIELD_PRIORITY.value, "The source of higher rank wins"),
        (Rule.MANUAL.value, "A person decides"),
    ]


class FieldMapping(models.Model):
    """A field of ours and one of theirs that say the same, on one connection.

    `transform` is a list of steps from theirs to ours, such as `[{"kind": "lower"}]`.
    `is_enforced` overwrites what the other side changed in a field that travels one way only.
    `named_version` is the mapping's version since which it is these two: what links agreed on
    before is of another pair, and would make a field that is blank there look emptied.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="field_mappings")
    object = models.CharField(max_length=60)
    order = models.PositiveSmallIntegerField(default=0, db_default=0)
    path = models.CharField("our field", max_length=120)
    external = models.CharField("their field", max_length=200)
    transform = models.JSONField(default=list, db_default=[], blank=True)
    direction = models.CharField(
        max_length=4, choices=direction_choices, default=Direction.BOTH.value
    )
    rule = models.CharField(max_length=16, choices=rule_choices, default=Rule.LAST_WRITE.value)
    rank = models.SmallIntegerField(default=0, db_default=0)
    is_required = models.BooleanField(default=False, db_default=False)
    is_enforced = models.BooleanField(default=False, db_default=False)
    is_enabled = models.BooleanField(default=True, db_default=True)
    named_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "object", "path"),
                condition=Q(is_enabled=True),
                name="fieldmapping_path_once",
            ),
        )
        ordering = ("connection", "object", "order", "id")

    def __str__(self) -> str:
        return f"{self.path} ↔ {self.external}"

    @property
    def rule_words(self) -> str:
        """Who wins where both sides changed it, whatever the row's rule says of consent."""
        return "A no wins" if is_consent(self.path) else self.get_rule_display()


class ValueMapping(models.Model):
    """One value of theirs and what it is here; `name` groups the values of one list.

    Many of theirs may be one of ours: the first of them, by order, is what is sent.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="value_mappings")
    name = models.CharField("list", max_length=60)
    order = models.PositiveSmallIntegerField(default=0, db_default=0)
    theirs = models.CharField("their value", max_length=255)
    label = models.CharField("as they show it", max_length=255, blank=True, default="")
    ours = models.CharField("our value", max_length=255, blank=True, default="")
    is_automatic = models.BooleanField(
        default=False, db_default=False, help_text="Found by the hub, not by a person."
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "name", "theirs"), name="valuemapping_once"
            ),
        )
        ordering = ("connection", "name", "order", "id")

    def __str__(self) -> str:
        return f"{self.name}: {self.theirs} ↔ {self.ours}"


class OwnershipMapping(models.Model):
    """A person at the vendor and the user here; found by e-mail, or told by an admin.

    Without a `user` their records go to the workspace's admin.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="ownership_mappings")
    external_id = models.CharField(max_length=255)
    external_name = models.CharField(max_length=255, blank=True, default="")
    external_email = models.CharField(max_length=254, blank=True, default="")
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    is_automatic = models.BooleanField(default=True, db_default=True)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "external_id"), name="ownership_once"),
        )
        ordering = ("connection", "external_name", "id")

    def __str__(self) -> str:
        return self.external_name or self.external_email or self.external_id

"""The links of one connection: which record of ours is which thing at the vendor."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet

from integrations.hub.errors import Conflict
from integrations.hub.models import Connection, LinkState, SyncRecord


@dataclass(frozen=True)
class Links:
    """Reads and writes links; `object` is the vendor's word (`customer`, `subscription`)."""

    connection: Connection

    def get(self, object: str, record: Model) -> str | None:
        """The vendor's id of our record."""
        return (
            self._active(object)
            .filter(local_id=record.pk)
            .values_list("external_id", flat=True)
            .first()
        )

    def find(self, object: str, external_id: str) -> int | None:
        """Our record's id for the vendor's."""
        return (
            self._active(object)
            .filter(external_id=external_id)
            .values_list("local_id", flat=True)
            .first()
        )

    def put(self, object: str, record: Model, external_id: str) -> None:
        """Remember the link at once; storing the same link twice is no error.

        Raises Conflict when either side is linked to something else.
        """
        try:
            with transaction.atomic():
                SyncRecord.objects.update_or_create(
                    connection=self.connection,
                    object=object,
                    external_id=external_id,
                    local_id=record.pk,
                    defaults={
                        "record_type": str(record._meta.model_name),
                        "state": LinkState.ACTIVE,
                    },
                )
        except IntegrityError as error:
            raise Conflict(
                f"{object} {external_id} and {record._meta.model_name} {record.pk} cannot be "
                "linked: one of them is linked to something else."
            ) from error

    def forget(self, object: str, record: Model) -> None:
        """The thing is gone at the vendor; the next command makes it anew."""
        SyncRecord.objects.filter(
            connection=self.connection, object=object, local_id=record.pk
        ).delete()

    def _active(self, object: str) -> QuerySet[SyncRecord]:
        return SyncRecord.objects.filter(
            connection=self.connection, object=object, state=LinkState.ACTIVE
        )

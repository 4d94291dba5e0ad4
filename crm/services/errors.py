"""What a service refuses, in words for the person; nothing was written when one is raised."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import NON_FIELD_ERRORS


class ServiceError(Exception):
    """Base of every refusal; `str()` is safe to show."""


class InvalidRecord(ServiceError):
    """Values that do not make a valid record; `errors` is `{field: [message]}`."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = dict(errors)
        told = {name: " ".join(said) for name, said in errors.items()}
        about_all = told.pop(NON_FIELD_ERRORS, "")
        fields = [f"{name}: {said}" for name, said in told.items()]
        super().__init__("; ".join([about_all, *fields] if about_all else fields))


class StaleRecord(ServiceError):
    """Somebody else wrote the record since it was read."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody changed this record after you opened it. Nothing of yours was saved; "
            "look at the present values and enter your change again."
        )


class WrongWorkspace(ServiceError):
    """A link to a record of another workspace."""

"""Names what went wrong: any exception, of an SDK, of requests or of our own, as a HubError."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable

import requests
from django.db import DatabaseError

from crm.services.errors import ServiceError
from crm.unavailable import is_database_trouble
from integrations.hub.credentials import UnreadableSecrets
from integrations.hub.errors import (
    AuthExpired,
    HubError,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    StorageRefused,
    StorageTrouble,
    hub_error_in,
)

BUG_PREFIX = "bug:"


class Bug(HubError):
    """An error of our own code; `code` names the place, so that equal ones can be counted."""

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)


def classified(
    error: Exception, translate: Callable[[Exception], HubError | None] | None = None
) -> HubError:
    """Any exception as one of the hub's; `translate` knows the types of the vendor's SDK."""
    known = hub_error_in(error) or (translate(error) if translate else None)
    if known is not None:
        return known
    return _of_transport(error) or _of_our_own(error)


def is_of_one_record(known: HubError) -> bool:
    """Whether it is the fault of a record and its values, so that others may well go through."""
    return isinstance(known, Rejected | StorageRefused | Bug)


def _of_transport(error: BaseException | None) -> HubError | None:
    """An exception of requests, or of an SDK that was raised from one."""
    while error is not None:
        if isinstance(error, requests.ConnectTimeout):
            return RetryLater("The vendor could not be reached in time.")
        if isinstance(error, requests.Timeout | requests.exceptions.ChunkedEncodingError):
            return OutcomeUnknown("The vendor did not answer in time.")
        if isinstance(error, requests.ConnectionError):
            return OutcomeUnknown("The connection to the vendor broke.")
        if isinstance(error, requests.RequestException):
            return RetryLater(f"The call failed ({type(error).__name__}).")
        error = error.__cause__
    return None


def _of_our_own(error: Exception) -> HubError:
    if isinstance(error, UnreadableSecrets):
        return AuthExpired(str(error))
    if isinstance(error, ServiceError):
        return Rejected(str(error))
    words = f"{type(error).__name__} of our own database."
    if is_database_trouble(error):
        return StorageTrouble(words)
    if isinstance(error, DatabaseError):
        return StorageRefused(words)
    return Bug(f"{type(error).__name__}: {error}", bug_code(error))


def bug_code(error: BaseException) -> str:
    """The same for two errors with the same stack, whatever the record."""
    frames = traceback.extract_tb(error.__traceback__)
    place = "|".join(f"{frame.filename}:{frame.name}:{frame.lineno}" for frame in frames)
    digest = hashlib.sha256(f"{type(error).__name__}|{place}".encode()).hexdigest()
    return f"bug:{digest[:12]}"

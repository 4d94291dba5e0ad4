"""What went wrong with a vendor; the type says what the hub does next (see policy.py)."""

from __future__ import annotations


class HubError(Exception):
    """Base of every error the hub knows; the message is safe to show and holds no secret."""

    code = "error"

    def __init__(self, message: str = "", *, status: int | None = None) -> None:
        self.status = status
        super().__init__(message or self.__doc__ or self.code)


class RetryLater(HubError):
    """The vendor gave no answer, or said that it is in trouble."""

    code = "transient"

    def __init__(
        self,
        message: str = "",
        *,
        after_seconds: float | None = None,
        status: int | None = None,
    ) -> None:
        self.after_seconds = after_seconds
        super().__init__(message, status=status)


class OutcomeUnknown(RetryLater):
    """The request was sent and no answer came: it may or may not have been applied.

    `cause` is what stopped a write that takes several calls after the first of them.
    """

    code = "outcome_unknown"

    def __init__(
        self,
        message: str = "",
        *,
        after_seconds: float | None = None,
        status: int | None = None,
        cause: HubError | None = None,
    ) -> None:
        self.cause = cause
        super().__init__(message, after_seconds=after_seconds, status=status)


class RateLimited(HubError):
    """Too many requests; never counts as an attempt.

    `is_local` when our own limiter said so before the vendor had to.
    """

    code = "rate_limited"

    def __init__(
        self,
        message: str = "",
        *,
        after: float | None = None,
        is_local: bool = False,
        status: int | None = 429,
    ) -> None:
        self.after = after
        self.is_local = is_local
        super().__init__(message, status=None if is_local else status)


class AuthExpired(HubError):
    """The vendor refused the credentials."""

    code = "auth"


class Forbidden(HubError):
    """The credentials may not do this."""

    code = "forbidden"


class NotFound(HubError):
    """The vendor does not know the record (any more)."""

    code = "not_found"


class Conflict(HubError):
    """The record exists already, or somebody else wrote it meanwhile."""

    code = "conflict"


class Exists(Conflict):
    """A record of the same natural key is there already, under `external_id` (empty if unsaid)."""

    def __init__(self, message: str = "", *, external_id: str = "") -> None:
        self.external_id = external_id
        super().__init__(message, status=409)


class NotApplied(Conflict):
    """The vendor refused a write because its record is not what we read; nothing was changed."""


class AlreadyConnected(Conflict):
    """Another connection of the workspace has, or had, this account at the vendor.

    `holder` is its number.
    """

    def __init__(self, message: str, *, holder: int | None = None) -> None:
        super().__init__(message)
        self.holder = holder


class Rejected(HubError):
    """The vendor refuses what was sent; sending it again would not help."""

    code = "invalid"


class Ignored(HubError):
    """The event is of no interest; kept with its reason, and finished."""

    code = "ignored"


class Unverified(HubError):
    """A web-hook whose sender could not be proved; nothing of it is kept."""

    code = "unverified"


class LeaseLost(HubError):
    """Another worker holds this work now; stop without writing anything."""

    code = "lease_lost"


class GateClosed(HubError):
    """The connection takes no calls now (paused, needs new credentials, or waits)."""

    code = "gate_closed"

    def __init__(self, message: str = "", *, after: float | None = None) -> None:
        self.after = after
        super().__init__(message)


class LookAgain(GateClosed):
    """Nobody knows yet what became of it: looked at again later, and nobody's fault till then."""

    code = "look_again"


class InvalidSettings(HubError):
    """Settings or credentials that do not fit the provider; `errors` is `{field: [message]}`."""

    code = "invalid_settings"

    def __init__(self, errors: dict[str, list[str]]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{name}: {' '.join(said)}" for name, said in errors.items()))


def told_cause(error: Exception) -> Exception:
    """What stopped a write half-way, where that tells of the connection; else the error itself."""
    cause = error.cause if isinstance(error, OutcomeUnknown) else None
    is_told = isinstance(cause, RateLimited | AuthExpired | Forbidden | GateClosed)
    return cause if cause is not None and is_told else error


def hub_error_in(error: BaseException) -> HubError | None:
    """The hub's own error that `error` is or was raised from; SDKs wrap what a session raises."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, HubError):
            return link
        link = link.__cause__
    return None


class StorageTrouble(HubError):
    """Our own database was in trouble, which passes; says nothing about record or vendor."""

    code = "storage"


class StorageRefused(HubError):
    """Our own database did not take the values."""

    code = "storage"

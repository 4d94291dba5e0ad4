"""How this CRM refuses: a status, words, and the fields they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.hub.sandbox.fake import VendorResponse, json_response


class ApiError(Exception):
    """A refusal; `extra` stands beside the words in the answer."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.fields = dict(fields or {})
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})
        super().__init__(message)

    def content(self) -> dict[str, Any]:
        error: dict[str, Any] = {"message": str(self)}
        if self.fields:
            error["fields"] = self.fields
        return {"error": error, **self.extra}

    def response(self) -> VendorResponse:
        return json_response(self.status, self.content(), self.headers)


def invalid(field: str, words: str) -> ApiError:
    """422, naming the field."""
    return ApiError(422, f"{field} {words}", fields={field: words})


def missing(what: str) -> ApiError:
    return ApiError(404, f"No {what} here.")

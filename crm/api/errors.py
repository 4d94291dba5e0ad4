"""One error format for the whole API: `{"error": {"code", "message", "fields"}}`."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as base_handler

from crm.services.cleaning import json_clean
from crm.services.errors import InvalidRecord, ServiceError, StaleRecord
from crm.unavailable import RETRY_AFTER_SECONDS, is_database_trouble

logger = logging.getLogger(__name__)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn refusals of services and of DRF into the one format; anything else is a 500."""
    if isinstance(error, InvalidRecord):
        return _reply(status.HTTP_400_BAD_REQUEST, "invalid", str(error), error.errors)
    if isinstance(error, StaleRecord):
        return _reply(status.HTTP_409_CONFLICT, "stale", str(error))
    if isinstance(error, ServiceError):
        return _reply(status.HTTP_400_BAD_REQUEST, "refused", str(error))
    if isinstance(error, RequestDataTooBig):
        said = "The body is too large; nothing was saved."
        return _reply(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, "too_large", said)
    if is_database_trouble(error):
        return _unavailable()
    response = base_handler(error, context)
    if response is None:
        return None
    response.data = _described(error, response)
    return response


def _unavailable() -> Response:
    logger.exception("the database does not serve us")
    said = "The database cannot be used right now; look whether this was done, then try again."
    response = _reply(status.HTTP_503_SERVICE_UNAVAILABLE, "unavailable", said)
    response["Retry-After"] = RETRY_AFTER_SECONDS
    return response


def _described(error: Exception, response: Response) -> dict[str, Any]:
    if isinstance(error, ValidationError):
        return _body("invalid", "Some values are not valid; nothing was saved.", response.data)
    if isinstance(error, APIException) and isinstance(error.detail, ErrorDetail):
        return _body(str(error.detail.code), str(error.detail))
    detail = response.data.get("detail", "") if isinstance(response.data, dict) else ""
    return _body(getattr(detail, "code", "error"), str(detail))


def _reply(code: int, name: str, message: str, fields: Any = None) -> Response:
    return Response(_body(name, message, fields), status=code)


def _body(code: str, message: str, fields: Any = None) -> dict[str, Any]:
    body: dict[str, Any] = {"code": code, "message": message}
    if fields:
        body["fields"] = fields
    # What was sent may stand in the words, and half a letter (\ud800) cannot be sent back.
    return {"error": json_clean(body)}

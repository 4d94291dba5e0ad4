"""Up to 100 records in one call; rows that HubSpot refused are told, never swallowed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from integrations.hubspot.client.errors import existing_id_in
from integrations.hubspot.client.transport import Transport
from integrations.hubspot.client.values import (
    BatchInput,
    BatchResult,
    ItemError,
    Json,
    object_read,
)
from integrations.hubspot.limits import BATCH


class BatchCalls(Transport):
    """`/crm/…/objects/{kind}/batch/…`; raises ValueError for more rows than HubSpot takes."""

    def objects_read(
        self,
        kind: str,
        ids: Sequence[str],
        *,
        properties: Sequence[str] = (),
        id_property: str = "",
        is_archived: bool = False,
    ) -> BatchResult:
        """By id or by a unique property; those not found are among the errors."""
        body: Json = {
            "inputs": [{"id": identifier} for identifier in ids],
            "properties": list(properties),
            "propertiesWithHistory": [],
        }
        if id_property:
            body["idProperty"] = id_property
        query = {"archived": is_archived or None}
        return self._batch(kind, "read", body, query=query)

    def objects_create(self, kind: str, inputs: Sequence[BatchInput]) -> BatchResult:
        return self._batch(kind, "create", _inputs(inputs))

    def objects_update(self, kind: str, inputs: Sequence[BatchInput]) -> BatchResult:
        """By id, or by a property that is unique; e-mail is none here: use `objects_upsert`."""
        return self._batch(kind, "update", _inputs(inputs))

    def objects_upsert(self, kind: str, inputs: Sequence[BatchInput]) -> BatchResult:
        """Every row by the same unique property (e-mail for contacts); `is_new` tells which."""
        return self._batch(kind, "upsert", _inputs(inputs))

    def objects_archive(self, kind: str, ids: Sequence[str]) -> None:
        """Those that are gone already are no error to HubSpot."""
        body: Json = {"inputs": [{"id": identifier} for identifier in ids]}
        self._batch(kind, "archive", body)

    def _batch(
        self, kind: str, verb: str, body: Json, *, query: dict[str, Any] | None = None
    ) -> BatchResult:
        size_check(body["inputs"], BATCH)
        return batch_result(
            self.ask("POST", self.path("objects", kind, "batch", verb), query=query, body=body)
        )


def size_check(inputs: Sequence[object], most: int) -> None:
    if not 1 <= len(inputs) <= most:
        raise ValueError(f"A batch has 1 to {most} rows, not {len(inputs)}.")


def batch_result(answer: Json) -> BatchResult:
    """200, 201 and 207 alike: what worked and what did not."""
    return BatchResult(
        results=tuple(object_read(row) for row in answer.get("results") or ()),
        errors=errors_in(answer),
    )


def errors_in(answer: Json) -> tuple[ItemError, ...]:
    return tuple(_item_error(error) for error in answer.get("errors") or ())


def _item_error(error: Json) -> ItemError:
    context = error.get("context") or {}
    message = str(error.get("message") or "HubSpot gave no reason.")
    return ItemError(
        message=message,
        category=str(error.get("category") or ""),
        ids=_texts(context.get("ids") or context.get("id") or context.get("fromObjectId")),
        traces=_texts(context.get("objectWriteTraceId")),
        existing_id=existing_id_in(message),
    )


def _texts(found: Any) -> tuple[str, ...]:
    """A list of texts, or one text."""
    if isinstance(found, str):
        return (found,)
    return tuple(str(one) for one in found) if isinstance(found, Iterable) else ()


def _inputs(inputs: Sequence[BatchInput]) -> Json:
    return {"inputs": [row.as_json() for row in inputs]}

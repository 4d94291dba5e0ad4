"""What both sides hold once something was taken over: the plan's base, as our records show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.services.batches import BatchResult
from crm.services.ledger import CUSTOM, CUSTOM_PREFIX
from integrations.hub.merge import Base, Plan
from integrations.hub.sync.scene import Scene


def base_written(
    scene: Scene, planned: Plan, result: BatchResult, *, before: Base
) -> tuple[Base, dict[str, str]]:
    """The plan's base with our values as they were stored, and what was refused, in words.

    A field that was refused keeps the base it had: it is still to be taken over.
    """
    ours, theirs = dict(planned.base.ours), dict(planned.base.theirs)
    refused: dict[str, str] = {}
    codecs, is_refused = scene.codecs, result.record_id is None or bool(result.errors)
    for path in planned.pulls:
        errors = _refusal(result, path) if is_refused else ()
        if errors:
            refused[path] = " ".join(errors)
            _restore(ours, path, before.ours)
            _restore(theirs, path, before.theirs)
        else:
            ours[path] = codecs[path].canonical_ours(_stored(result, path))
    return Base(ours, theirs), refused


def _refusal(result: BatchResult, path: str) -> list[str]:
    """Why a field was not stored; a refusal of the whole record is one of each field."""
    if result.record_id is None:
        return [said for words in result.errors.values() for said in words]
    return list(result.errors.get(path, ()))


def _stored(result: BatchResult, path: str) -> Any:
    if path.startswith(CUSTOM_PREFIX):
        return result.stored.get(CUSTOM, {}).get(path.removeprefix(CUSTOM_PREFIX))
    return result.stored.get(path)


def _restore(values: dict[str, Any], path: str, before: Mapping[str, Any]) -> None:
    values.pop(path, None)
    if path in before:
        values[path] = before[path]

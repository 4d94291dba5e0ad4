"""Whom a portal knows and how it sells on its first day: owners, pipelines and their stages."""

from __future__ import annotations

from integrations.hub.sandbox.people import COLLEAGUES
from integrations.hubspot.sandbox.catalog import FIRST_DAY, STAGES, TICKET_STAGES, Json
from integrations.hubspot.sandbox.moments import iso


def pipelines(kind: str) -> list[Json]:
    """Metadata values are texts, whatever they stand for."""
    if kind == "deals":
        stages = [
            (name, label, {"probability": chance, "isClosed": _text(name.startswith("closed"))})
            for name, label, chance in STAGES
        ]
        return [_pipeline("default", "Sales Pipeline", stages)]
    if kind == "tickets":
        states = [
            (name, label, {"ticketState": "CLOSED" if label == "Closed" else "OPEN"})
            for name, label in TICKET_STAGES
        ]
        return [_pipeline("0", "Support Pipeline", states)]
    return []


def _pipeline(identifier: str, label: str, stages: list[tuple[str, str, Json]]) -> Json:
    dates = {**_dates(), "archived": False}
    return {
        "id": identifier,
        "label": label,
        "displayOrder": 0,
        **dates,
        "stages": [
            {
                "id": name,
                "label": said,
                "displayOrder": number,
                "metadata": metadata,
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                **dates,
            }
            for number, (name, said, metadata) in enumerate(stages)
        ],
    }


def owners() -> list[Json]:
    """Two people and the demo's, a queue, and one who left."""
    people = [
        _owner(41629779, "Ada", "Owner", "ada@hubspot.test"),
        _owner(41629780, "Grace", "Owner", "grace@hubspot.test"),
        *(
            _owner(41629783 + number, one.first_name, one.last_name, one.email)
            for number, one in enumerate(COLLEAGUES)
        ),
    ]
    queue = {"id": "41629781", "type": "QUEUE", "firstName": "Help desk", "archived": False}
    left = _owner(41629782, "Edsger", "Owner", "edsger@hubspot.test", has_left=True)
    return [*people, {**queue, **_dates()}, left]


def _owner(
    number: int, first_name: str, last_name: str, email: str, *, has_left: bool = False
) -> Json:
    user = number - 41_620_778
    return {
        "id": str(number),
        "email": email,
        "type": "PERSON",
        "firstName": first_name,
        "lastName": last_name,
        "userId": user,
        "userIdIncludingInactive": user,
        "archived": has_left,
        "teams": [{"id": "178588", "name": "Sales", "primary": True}],
        **_dates(),
    }


def _dates() -> Json:
    return {"createdAt": iso(FIRST_DAY), "updatedAt": iso(FIRST_DAY)}


def _text(is_so: bool) -> str:
    return "true" if is_so else "false"

"""Whom a portal knows and how it sells on its first day: owners, pipelines and their stages."""

from __future__ import annotations

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
    dates = {"createdAt": iso(FIRST_DAY), "updatedAt": iso(FIRST_DAY), "archived": False}
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
    """Two people, a queue, and one who left."""
    dates = {"createdAt": iso(FIRST_DAY), "updatedAt": iso(FIRST_DAY)}
    people = (("41629779", "Ada", 9001, False), ("41629780", "Grace", 9002, False))
    left = (("41629782", "Edsger", 9004, True),)
    rows: list[Json] = [
        {
            "id": identifier,
            "email": f"{first.lower()}@hubspot.test",
            "type": "PERSON",
            "firstName": first,
            "lastName": "Owner",
            "userId": user,
            "userIdIncludingInactive": user,
            "archived": gone,
            "teams": [{"id": "178588", "name": "Sales", "primary": True}],
            **dates,
        }
        for identifier, first, user, gone in (*people, *left)
    ]
    queue = {"id": "41629781", "type": "QUEUE", "firstName": "Help desk", "archived": False}
    return [*rows[:2], {**queue, **dates}, *rows[2:]]


def _text(is_so: bool) -> str:
    return "true" if is_so else "false"

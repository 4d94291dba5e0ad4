"""The names that other systems of this temper use, so that readers meet them too."""

from __future__ import annotations

from integrations.hub.sandbox.store import Json

NAMES = {
    "lead": {
        "name": "contactName",
        "phone": "mobile",
        "source": "leadSource",
        "status": "stage",
        "notes": "description",
    },
    "property": {"name": "title", "askingPrice": "price"},
}
STAGES = {"new": "inquiry", "contacted": "in_progress", "won": "closed_won", "lost": "closed_lost"}


def spoken(kind: str, row: Json) -> Json:
    """Other names, older statuses, lists as one text."""
    names = NAMES.get(kind, {})
    made = {names.get(name, name): value for name, value in row.items()}
    if made.get("stage"):
        made["stage"] = STAGES.get(made["stage"], made["stage"])
    if isinstance(made.get("preferredAreas"), list):
        made["preferredAreas"] = ", ".join(made["preferredAreas"])
    return made

"""The demo's logins: made once per data folder, readable by its user only, shown at each start."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from integrations.hub.sandbox import people

LOGINS_FILE = "demo-logins.json"
OPERATOR = "Operator"
SALESPERSON = "Salesperson"
PEOPLE = (
    (OPERATOR, "operator@demo.example", "Olivia Operator"),
    (SALESPERSON, people.SALESPERSON.email, people.SALESPERSON.name),
)


@dataclass(frozen=True)
class Login:
    """Who may sign in to the demo."""

    title: str
    email: str
    name: str
    password: str = field(repr=False)


def logins_made(path: Path) -> list[Login]:
    """The logins of this data folder; new passwords when there are none yet."""
    found = logins_read(path)
    if found:
        return found
    made = [Login(*person, password=secrets.token_urlsafe(9)) for person in PEOPLE]
    part = path.with_suffix(".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump([asdict(login) for login in made], file)
    part.replace(path)
    return made


def logins_read(path: Path) -> list[Login]:
    """Empty when the file is missing or is not whole."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [Login(**row) for row in rows]
    except (OSError, ValueError, TypeError):
        return []


def login_of(logins: list[Login], title: str) -> Login:
    return next(login for login in logins if login.title == title)

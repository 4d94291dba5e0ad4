"""Our marks at a vendor: fields of our own that a provider makes there, where people agree.

The provider offers them by one of its settings, and names them by `Stream.markers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from integrations.hub.access import SettingField

if TYPE_CHECKING:
    from integrations.hub.models import Connection

SETTING: Final = "has_marks"


def marks_field(vendor: str, names: Sequence[str]) -> SettingField:
    """The box on the form of the provider that makes these fields; ticked unless somebody minds."""
    return SettingField(
        SETTING,
        f"Marks in {vendor}",
        kind="boolean",
        default=True,
        help=f"We add {' and '.join(names)} to the records there, so that nothing is made twice "
        "and our own changes are told apart from yours. Without them nothing is added, and a "
        "record whose answer was lost on the way may be made a second time.",
    )


def are_marks_wanted(connection: Connection) -> bool:
    """Connections older than the question have them."""
    return bool(connection.settings.get(SETTING, True))

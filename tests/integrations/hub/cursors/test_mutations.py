"""The gate by chance: given long enough, the cursor machine finds each seeded fault itself.

`test_stories` holds the same by pinned sequences, in every run.
"""

from __future__ import annotations

import pytest

from crm.models import Workspace
from tests.integrations.hub.cursors.faults import FAULTS
from tests.integrations.hub.cursors.test_model import STEPS, CursorMachine, searched
from tests.integrations.hub.cursors.world import World
from tests.integrations.hub.searches import EXAMPLES, LONG_SEARCH, first_failure

# Each fault is a search of its own: too long for every change.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.prove,
    LONG_SEARCH,
]

ENOUGH = first_failure(STEPS, max(150, EXAMPLES // 10))


@pytest.mark.parametrize("fault", FAULTS)
def test_seeded_fault_of_the_cursor_is_caught(workspace: Workspace, fault: type[World]) -> None:
    class Broken(CursorMachine):
        world_class = fault

    with pytest.raises(AssertionError):
        searched(Broken, workspace, ENOUGH)

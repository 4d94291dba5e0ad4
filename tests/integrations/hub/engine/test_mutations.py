"""The gate by chance: given long enough, the engine's model checker finds seeded faults itself.

`test_stories` holds all of them by pinned sequences, in every run.
"""

from __future__ import annotations

import pytest

from crm.models import Workspace
from tests.integrations.hub.engine.faults import FAULTS, RARELY_MET
from tests.integrations.hub.engine.test_model import STEPS, EngineMachine, searched
from tests.integrations.hub.engine.world import World
from tests.integrations.hub.searches import EXAMPLES, LONG_SEARCH, first_failure

# Each fault is a search of its own: too long for every change.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.prove,
    LONG_SEARCH,
]

ENOUGH = first_failure(STEPS, max(150, EXAMPLES // 10))


@pytest.mark.parametrize("fault", [one for one in FAULTS if one not in RARELY_MET])
def test_seeded_fault_of_the_engine_is_caught(workspace: Workspace, fault: type[World]) -> None:
    class Broken(EngineMachine):
        world_class = fault

    with pytest.raises(AssertionError):
        searched(Broken, workspace, ENOUGH)

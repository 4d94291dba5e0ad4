"""Makes the demo workspace with its people and their quarter of work: once, or nothing."""

from __future__ import annotations

from django.db import transaction

from crm.choices import Role
from crm.models import User, Workspace
from crm.services.people import membership_set, user_create, workspace_create
from integrations.hub.sandbox.people import DIRECTOR
from nexa.demo.logins import OPERATOR, SALESPERSON, Login, login_of
from nexa.demo.story import story_told

SLUG = "demo"


@transaction.atomic
def demo_workspace_made(logins: list[Login]) -> Workspace:
    """The demo workspace with its logins; what is there already is left as it is."""
    salesperson = _user_made(login_of(logins, SALESPERSON), is_operator=False)
    _user_made(login_of(logins, OPERATOR), is_operator=True)
    found = Workspace.objects.filter(slug=SLUG).first()
    if found is not None:
        return found
    owner = user_create(email=DIRECTOR.email, name=DIRECTOR.name)
    workspace = workspace_create(name="Demo", slug=SLUG, owner=owner)
    # An admin, so that one person can walk the whole loop: import, connect, sell.
    membership_set(workspace=workspace, user=salesperson, role=Role.ADMIN)
    story_told(workspace, salesperson)
    return workspace


def _user_made(login: Login, *, is_operator: bool) -> User:
    """The user with the password that is printed, whatever it was before."""
    user = User.objects.filter(email=login.email).first()
    if user is None:
        return user_create(
            email=login.email, name=login.name, password=login.password, is_operator=is_operator
        )
    if not user.check_password(login.password):
        user.set_password(login.password)
        user.save(update_fields=["password"])
    return user

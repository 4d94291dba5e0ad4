"""Makes users, workspaces and memberships; these are not records and have no ledger."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from crm.choices import Role
from crm.models import Membership, User, Workspace
from crm.rules.identity import email_normal
from crm.services.errors import InvalidRecord
from crm.services.pipelines import pipeline_create_default
from crm.services.refusals import refused_in_words


@refused_in_words()
@transaction.atomic
def user_create(
    *,
    email: str,
    name: str = "",
    password: str | None = None,
    time_zone: str = "UTC",
    is_operator: bool = False,
) -> User:
    """Make a user who signs in by e-mail; without a password only a reset lets them in.

    Raises InvalidRecord for a bad or taken address, a weak password or an unknown time zone.
    """
    email = email_normal(email)
    _check_time_zone(time_zone)
    user = User(email=email, name=name.strip(), time_zone=time_zone)
    user.is_staff = user.is_superuser = is_operator
    _check_sign_in(user, password)
    user.set_password(password)
    user.save(force_insert=True)
    return user


@refused_in_words()
@transaction.atomic
def workspace_create(
    *,
    name: str,
    slug: str,
    owner: User,
    time_zone: str = "UTC",
    currency: str = "USD",
    default_country: str = "US",
) -> Workspace:
    """Make a workspace with its owner and its default pipeline."""
    _check_time_zone(time_zone)
    workspace = Workspace(
        name=name.strip(),
        slug=slug,
        time_zone=time_zone,
        currency=currency.upper(),
        default_country=default_country.upper(),
    )
    try:
        workspace.full_clean()
    except ValidationError as error:
        raise InvalidRecord(error.message_dict) from error
    workspace.save(force_insert=True)
    Membership.objects.create(workspace=workspace, user=owner, role=Role.OWNER)
    pipeline_create_default(workspace)
    return workspace


@transaction.atomic
def membership_set(*, workspace: Workspace, user: User, role: str) -> Membership:
    """Give the user this role; raises InvalidRecord when it would leave no owner."""
    if role not in Role.values:
        raise InvalidRecord({"role": [f"“{role}” is not a role."]})
    if role != Role.OWNER:
        _check_owner_left(workspace, user)
    return Membership.objects.update_or_create(
        workspace=workspace, user=user, defaults={"role": role}
    )[0]


@transaction.atomic
def membership_remove(*, workspace: Workspace, user: User) -> None:
    """Take the user out; their records stay. Raises InvalidRecord for the last owner."""
    _check_owner_left(workspace, user)
    Membership.objects.filter(workspace=workspace, user=user).delete()


def member_first(workspace: Workspace, user_ids: Iterable[int | None]) -> User | None:
    """The first of the people who is a member; without any, an owner of the workspace."""
    memberships = workspace.memberships.select_related("user").order_by("id")
    members = {membership.user_id: membership for membership in memberships}
    for user_id in user_ids:
        if user_id in members:
            return members[user_id].user
    return next((each.user for each in members.values() if each.role == Role.OWNER), None)


def _check_owner_left(workspace: Workspace, leaving: User) -> None:
    # The workspace's row is the lock: two owners must not step down at once.
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    owners = Membership.objects.filter(workspace=workspace, role=Role.OWNER)
    owner_ids = set(owners.values_list("user_id", flat=True))
    if owner_ids == {leaving.pk}:
        raise InvalidRecord({"role": ["A workspace needs an owner. Make somebody else one first."]})


def _check_sign_in(user: User, password: str | None) -> None:
    try:
        validate_email(user.email)
    except ValidationError as error:
        raise InvalidRecord({"email": error.messages}) from error
    try:
        if password is not None:
            validate_password(password, user)
    except ValidationError as error:
        raise InvalidRecord({"password": error.messages}) from error


def _check_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise InvalidRecord({"time_zone": [f"“{name}” is not a time zone."]})

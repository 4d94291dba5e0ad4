"""allauth's rules for accounts: people are invited, they do not sign themselves up."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignupAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up is closed; an operator makes users in the console."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

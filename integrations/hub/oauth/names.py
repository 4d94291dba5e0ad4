"""What tokens are called among a connection's secrets, and what a refusal of them is called."""

from __future__ import annotations

from integrations.hub.errors import AuthExpired, Rejected

# The names, not the tokens. A private app's token that a person types in has the first one too.
ACCESS_TOKEN = "access_token"  # noqa: S105
REFRESH_TOKEN = "refresh_token"  # noqa: S105


class GrantRefused(AuthExpired):
    """The vendor renews this access no more: a person has to sign in there again."""


class ApplicationRefused(GrantRefused):
    """The vendor does not take our application's ID or secret: an operator has to mend it."""


class ApplicationMissing(ApplicationRefused):
    """No application is set up at the vendor; an operator registers one and enters it."""


class SignInRefused(Rejected):
    """A sign-in came to nothing; the message says what happened, what was kept and what to do."""

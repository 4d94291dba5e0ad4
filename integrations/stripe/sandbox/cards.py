"""Test cards: Stripe's well-known names of cards that work and cards that are refused."""

from __future__ import annotations

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.books import Books
from integrations.stripe.sandbox.shapes import catalog

Failure = tuple[str, str]
TEST_CARDS: dict[str, Failure | None] = {
    "pm_card_visa": None,
    "pm_card_mastercard": None,
    "pm_card_chargeDeclined": ("generic_decline", "Your card was declined."),
    "pm_card_chargeCustomerFail": ("generic_decline", "Your card was declined."),
    "pm_card_chargeDeclinedInsufficientFunds": (
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", "Your card has expired."),
}


def card_attach(books: Books, name: str, customer: str | None) -> Json:
    """The card of that id, or a new one from a test card. Raises ApiError for any other name."""
    if name in TEST_CARDS:
        made = catalog.card(books.now, customer, TEST_CARDS[name])
        return books.save("payment_methods", made)
    found = books.find("payment_methods", name, "payment_method")
    return books.save("payment_methods", {**found, "customer": customer})


def card_failure(books: Books, card: str | None) -> Failure | None:
    """How the bank refuses this card, None when it pays."""
    row = books.get("payment_methods", card) if card else None
    refused = row["_failure"] if row else None
    return (refused[0], refused[1]) if refused else None

"""A subscription's worth a month; pure.

Month and year are exact; Stripe publishes no factor for weeks and days, so a year is 52 weeks and
365 days here. Metered items count nothing, and so does what is not being paid for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from integrations.stripe.money import from_minor

Json = Mapping[str, Any]

COUNTED_STATUSES = frozenset({"active", "past_due"})
PER_YEAR = {"month": 12, "year": 1, "week": 52, "day": 365}
FINEST = Decimal("0.0001")


def mrr_of(subscription: Json, *, now: datetime) -> Decimal:
    """In whole units of the subscription's currency, discounts that are live taken off."""
    if subscription.get("status") not in COUNTED_STATUSES:
        return Decimal(0)
    items = subscription["items"]["data"]
    minor = sum((item_minor(item) for item in items), Decimal(0))
    for coupon in live_coupons(subscription, now=now):
        minor -= coupon_minor(coupon, items, minor)
    whole: Decimal = from_minor(max(minor, Decimal(0)), subscription["currency"])
    return whole.quantize(FINEST)


def item_minor(item: Json) -> Decimal:
    """One item's minor units a month."""
    price = item["price"]
    recurring = price.get("recurring") or {}
    if price.get("type") != "recurring" or recurring.get("usage_type") == "metered":
        return Decimal(0)
    quantity = billed_quantity(price, Decimal(item.get("quantity") or 0))
    return period_minor(price, quantity) * monthly_factor(recurring)


def monthly_factor(recurring: Json) -> Decimal:
    return Decimal(PER_YEAR[recurring["interval"]]) / 12 / (recurring.get("interval_count") or 1)


def billed_quantity(price: Json, quantity: Decimal) -> Decimal:
    """After `transform_quantity`: 11 seats in packs of 5 are 3 packs (or 2)."""
    transform = price.get("transform_quantity")
    if not transform:
        return quantity
    rounding = ROUND_CEILING if transform["round"] == "up" else ROUND_FLOOR
    return (quantity / Decimal(transform["divide_by"])).to_integral_value(rounding)


def period_minor(price: Json, quantity: Decimal) -> Decimal:
    """Minor units a billing period; tiers count only where they were expanded."""
    if price.get("billing_scheme") == "tiered":
        tiers = price.get("tiers") or []
        return tiered_minor(tiers, quantity, is_graduated=price.get("tiers_mode") == "graduated")
    return _amount(price) * quantity


def tiered_minor(tiers: Iterable[Json], quantity: Decimal, *, is_graduated: bool) -> Decimal:
    """Volume: all units at the tier reached. Graduated: each unit at its own tier."""
    total, below = Decimal(0), Decimal(0)
    for tier in tiers:
        top = Decimal(tier["up_to"]) if tier.get("up_to") else None
        is_last = top is None or quantity <= top
        flat = Decimal(str(tier.get("flat_amount_decimal") or tier.get("flat_amount") or 0))
        if not is_graduated:
            if is_last:
                return _amount(tier) * quantity + flat
            continue
        upper = quantity if is_last or top is None else top
        total += _amount(tier) * (upper - below) + flat
        if is_last:
            return total
        below = upper
    return total


# --- Discounts ----------------------------------------------------------------------------------


def live_coupons(subscription: Json, *, now: datetime) -> list[Json]:
    """Coupons that will still apply to the next invoices; those for one invoice do not count."""
    discounts = subscription.get("discounts") or [subscription.get("discount")]
    found = [coupon_of(discount) for discount in discounts if _is_live(discount, now)]
    return [coupon for coupon in found if coupon and coupon.get("duration") != "once"]


def coupon_of(discount: Json) -> Json | None:
    """In `source.coupon` now, in `coupon` before; an id alone says nothing."""
    coupon = (discount.get("source") or {}).get("coupon") or discount.get("coupon")
    return coupon if isinstance(coupon, Mapping) else None


def coupon_minor(coupon: Json, items: Iterable[Json], left: Decimal) -> Decimal:
    """What a coupon takes off a month's minor units, of which `left` remain."""
    products = (coupon.get("applies_to") or {}).get("products")
    covered = [item for item in items if not products or _product(item) in products]
    if not covered:
        return Decimal(0)
    share = sum((item_minor(item) for item in covered), Decimal(0))
    if coupon.get("percent_off"):
        base = share if products else left
        return base * Decimal(str(coupon["percent_off"])) / 100
    off = Decimal(coupon.get("amount_off") or 0)
    factor = monthly_factor(covered[0]["price"]["recurring"])
    return min(off * factor, share)


def _is_live(discount: Any, now: datetime) -> bool:
    if not isinstance(discount, Mapping):
        return False
    end = discount.get("end")
    return end is None or end > now.timestamp()


def _product(item: Json) -> str:
    product = item["price"].get("product")
    return str(product["id"] if isinstance(product, Mapping) else product)


def _amount(price: Json) -> Decimal:
    exact = price.get("unit_amount_decimal")
    return Decimal(str(price.get("unit_amount") or 0 if exact is None else exact))

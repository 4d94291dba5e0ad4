"""Outbound: the Stripe product and price of each line of an order, made once and used again."""

from __future__ import annotations

from typing import Any

from crm.models import Product
from integrations.hub.commands import Command
from integrations.hub.errors import Rejected
from integrations.stripe.client import Client, Json
from integrations.stripe.money import UnsupportedAmount, to_minor
from integrations.stripe.orders import Order, OrderLine


def price_id(command: Command, order: Order, line: OrderLine) -> str:
    """The Stripe price of a product at this amount; prices never change, so another is another."""
    product = Product.objects.filter(
        workspace=command.connection.workspace, pk=line.product_id
    ).first()
    if product is None:
        raise Rejected(f"The product {line.name} is gone; nothing was billed for it.")
    amount = _minor(line, order.currency)
    link = _link(order, line)
    known = command.links.get(link, product)
    if known is not None:
        return known
    params: Json = {
        "product": _product(command, product, line),
        "currency": order.currency.lower(),
        "unit_amount_decimal": amount,
        "metadata": {"nexa_product": str(product.pk)},
    }
    if line.is_recurring:
        params["recurring"] = {"interval": line.interval}
    step = f"price:{line.product_id}:{amount}:{line.interval}"
    price = Client(command.connection).price_create(params, key=command.key(step))["id"]
    command.links.put(link, product, price)
    return str(price)


def _product(command: Command, product: Product, line: OrderLine) -> str:
    known = command.links.get("product", product)
    if known is not None:
        return known
    params = {"name": line.name, "metadata": {"nexa_product": str(product.pk)}}
    key = command.key(f"product:{product.pk}")
    made = Client(command.connection).product_create(params, key=key)["id"]
    command.links.put("product", product, made)
    return str(made)


def _link(order: Order, line: OrderLine) -> str:
    amount = _minor(line, order.currency)
    return f"price:{order.currency.lower()}:{amount}:{line.interval}"


def _minor(line: OrderLine, currency: str) -> str:
    try:
        return to_minor(line.unit_price, currency)
    except UnsupportedAmount as error:
        raise Rejected(f"{line.name}: {error}") from error


def prices_forget(command: Command, order: Order) -> None:
    products: dict[int, Any] = Product.objects.in_bulk([line.product_id for line in order.lines])
    for line in order.lines:
        product = products.get(line.product_id)
        if product is None:
            continue
        command.links.forget(_link(order, line), product)
        command.links.forget("product", product)

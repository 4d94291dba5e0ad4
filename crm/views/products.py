"""Products: what line items are made of."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Lower

from crm.choices import BillingInterval
from crm.forms.products import ProductForm
from crm.models import Product
from crm.selectors.products import products_of
from crm.selectors.search import products_search
from crm.views.doors import WorkspaceRequest
from crm.views.kinds import RecordKind
from crm.views.listing import Listing, choice_filter
from crm.views.timeline import history_context


def product_page(request: WorkspaceRequest, product: Product) -> dict[str, Any]:
    return history_context(request, product)


PRODUCTS = RecordKind(
    model=Product,
    name="product",
    segment="products",
    noun="product",
    plural="products",
    icon="package",
    records=products_of,
    listing=Listing(
        search=products_search,
        sorts={
            "name": (Lower("name"),),
            "unit_price": ("unit_price",),
            "updated_at": ("updated_at",),
        },
        filters=(choice_filter("billing_interval", "Billed", BillingInterval.choices),),
        default_sort="name",
    ),
    form=ProductForm,
    page=product_page,
    empty_text="Products are the lines of a deal: a name, a price and how often it is billed.",
    archive_effect="Deals that have it keep it; it is no longer offered for new lines.",
)

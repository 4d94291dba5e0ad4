"""What is sold in a deal: add, change and remove lines; the deal's amount follows."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access import Action
from crm.forms.line_items import LineItemEditForm, LineItemForm
from crm.models import Deal, LineItem, Product
from crm.selectors.deals import deals_of
from crm.services.deals import line_item_add, line_item_remove, line_item_update
from crm.services.errors import ServiceError
from crm.services.products import product_create
from crm.views.doors import (
    WorkspaceRequest,
    origin_of,
    record_or_404,
    require_edit,
    workspace_page,
)
from crm.views.notices import notify, notify_error
from crm.views.records import FORM_METHODS


@FORM_METHODS
@workspace_page(Action.EDIT)
def line_item_create(request: WorkspaceRequest, pk: int) -> HttpResponse:
    deal = _deal(request, pk)
    posted = request.POST if request.method == "POST" else None
    form = LineItemForm(posted, workspace=request.workspace)
    if form.is_valid():
        try:
            item = _line_add(request, deal, form.cleaned_data)
        except ServiceError as error:
            form.refuse(error)
        else:
            notify(request, f"{item} was added.")
            return _to_lines(deal)
    return _form_page(request, deal, form=form)


@FORM_METHODS
@workspace_page(Action.EDIT)
def line_item_edit(request: WorkspaceRequest, pk: int, item_pk: int) -> HttpResponse:
    deal = _deal(request, pk)
    item = _item(deal, item_pk)
    present = {"quantity": item.quantity, "unit_price": item.unit_price}
    form = LineItemEditForm(request.POST if request.method == "POST" else None, initial=present)
    if form.is_valid():
        try:
            line_item_update(item, values=form.cleaned_data, origin=origin_of(request))
        except ServiceError as error:
            form.refuse(error)
        else:
            notify(request, f"{item.product} was saved.")
            return _to_lines(deal)
    return _form_page(request, deal, form=form, item=item)


@require_POST
@workspace_page(Action.EDIT)
def line_item_delete(request: WorkspaceRequest, pk: int, item_pk: int) -> HttpResponse:
    deal = _deal(request, pk)
    item = _item(deal, item_pk)
    try:
        line_item_remove(item, origin=origin_of(request))
    except ServiceError as error:
        notify_error(request, str(error))
    else:
        notify(request, f"{item} was removed from the deal.")
    return _to_lines(deal)


@transaction.atomic
def _line_add(request: WorkspaceRequest, deal: Deal, values: dict[str, Any]) -> LineItem:
    """Add the line; a new product and its line are kept together or not at all."""
    product = values["product"] or _product_make(request, deal, values)
    return line_item_add(
        deal,
        product=product,
        quantity=values["quantity"],
        unit_price=values["unit_price"],
        origin=origin_of(request),
    )


def _product_make(request: WorkspaceRequest, deal: Deal, values: dict[str, Any]) -> Product:
    product = {
        "name": values["new_product"],
        "unit_price": values["unit_price"],
        "billing_interval": values["billing_interval"],
        "currency": deal.currency,
    }
    return product_create(workspace=request.workspace, values=product, origin=origin_of(request))


def _deal(request: WorkspaceRequest, pk: int) -> Deal:
    deal = record_or_404(deals_of(request.workspace).filter(archived_at=None), pk)
    require_edit(request, deal)
    return deal


def _item(deal: Deal, item_pk: int) -> LineItem:
    return record_or_404(deal.line_items.select_related("product", "deal"), item_pk)


def _to_lines(deal: Deal) -> HttpResponseRedirect:
    return redirect(f"{reverse('crm:deal_detail', args=[deal.pk])}#line-items")


def _form_page(
    request: WorkspaceRequest, deal: Deal, *, form: Any, item: LineItem | None = None
) -> HttpResponse:
    back_url = reverse("crm:deal_detail", args=[deal.pk])
    context = {"deal": deal, "item": item, "form": form, "back_url": back_url}
    return render(request, "crm/deals/line_item_form.html", context)

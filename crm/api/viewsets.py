"""The API's doors: choose the rows of the caller's workspace, call one service, show the result."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from crm.access import request_workspace
from crm.api import filters, serializers
from crm.api.entries import EntrySerializer
from crm.api.permissions import require_edit
from crm.models import (
    Account,
    Activity,
    Contact,
    Deal,
    Lead,
    LineItem,
    OwnedRecord,
    Pipeline,
    Product,
    Task,
    Workspace,
)
from crm.services.entities import services_of
from crm.services.line_items import line_item_add, line_item_remove, line_item_update
from crm.services.origin import Origin, by_api


class WorkspaceViewSet(viewsets.GenericViewSet[Any]):
    """Rows of the caller's workspace only; any other id is not found."""

    model: ClassVar[type[Model]]
    ordering: ClassVar[tuple[str, ...]] = ("-updated_at", "-id")

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.model._default_manager.none()
        rows = self.model._default_manager.filter(workspace=self.workspace)
        return rows.order_by(*self.ordering)

    @property
    def workspace(self) -> Workspace:
        return request_workspace(self.request._request)

    @property
    def origin(self) -> Origin:
        user = self.request.user
        assert user.is_authenticated
        return by_api(user)


class RecordViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    WorkspaceViewSet,
):
    """List, read, create, change and archive one kind of record through its services."""

    http_method_names = ("get", "head", "options", "post", "patch", "delete")
    model: ClassVar[type[OwnedRecord]]

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        serializer.instance = services_of(self.model).create(
            workspace=self.workspace, values=serializer.validated_data, origin=self.origin
        )

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        record = cast("OwnedRecord", serializer.instance)
        require_edit(self.request, record)
        serializer.instance = services_of(self.model).update(
            record,
            values=serializer.validated_data,
            origin=self.origin,
            expected_version=serializers.expected_version(serializer),
        )

    def perform_destroy(self, instance: Any) -> None:
        """DELETE archives: the record leaves every list and can be restored."""
        services_of(self.model).archive(instance, origin=self.origin)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], filter_backends=[])
    def restore(self, request: Request, pk: str | None = None) -> Response:
        """Take an archived record back into the lists; one that is not archived stays as it is.

        Archived records are listed with `?archived=true`.
        """
        record = self.get_object()
        restored = services_of(self.model).restore(record, origin=self.origin)
        return Response(self.get_serializer(restored).data)


class ContactViewSet(RecordViewSet):
    model = Contact
    serializer_class = serializers.ContactSerializer
    filterset_class = filters.ContactFilter


class AccountViewSet(RecordViewSet):
    model = Account
    serializer_class = serializers.AccountSerializer
    filterset_class = filters.AccountFilter


class LeadViewSet(RecordViewSet):
    model = Lead
    serializer_class = serializers.LeadSerializer
    filterset_class = filters.LeadFilter


class DealViewSet(RecordViewSet):
    model = Deal
    serializer_class = serializers.DealSerializer
    filterset_class = filters.DealFilter


class ProductViewSet(RecordViewSet):
    model = Product
    serializer_class = serializers.ProductSerializer
    filterset_class = filters.ProductFilter


class TaskViewSet(RecordViewSet):
    model = Task
    serializer_class = serializers.TaskSerializer
    filterset_class = filters.TaskFilter


class LineItemViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    WorkspaceViewSet,
):
    """What is sold in a deal; every change recomputes the deal's amount."""

    model = LineItem
    serializer_class = serializers.LineItemSerializer
    filterset_class = filters.LineItemFilter
    ordering = ("deal_id", "id")

    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        deal = values.pop("deal")
        require_edit(request, deal)
        item = line_item_add(deal, origin=self.origin, **values)
        return Response(self.get_serializer(item).data, status=201)

    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        item = self._editable()
        serializer = self.get_serializer(item, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        values = {
            name: value for name, value in serializer.validated_data.items() if name != "deal"
        }
        item = line_item_update(item, values=values, origin=self.origin)
        return Response(self.get_serializer(item).data)

    def destroy(self, request: Request, pk: str | None = None) -> Response:
        line_item_remove(self._editable(), origin=self.origin)
        return Response(status=204)

    def _editable(self) -> LineItem:
        item: LineItem = self.get_object()
        require_edit(self.request, item.deal)
        return item


class ActivityViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, WorkspaceViewSet):
    """Timelines, newest first; POST adds a note or a call."""

    model = Activity
    serializer_class = serializers.ActivitySerializer
    filterset_class = filters.ActivityFilter
    ordering = ("-occurred_at", "-id")

    def create(self, request: Request) -> Response:
        serializer = EntrySerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        require_edit(request, serializer.subject)
        activity = serializer.write(origin=self.origin)
        return Response(self.get_serializer(activity).data, status=201)


class PipelineViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, WorkspaceViewSet):
    """The workspace's pipelines with their stages."""

    model = Pipeline
    serializer_class = serializers.PipelineSerializer
    ordering = ("order", "id")

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("stages")

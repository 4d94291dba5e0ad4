"""Thin doors: find the workspace's connection, call one service, show the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from crm.access import request_workspace
from crm.models import User
from crm.services.origin import by_api
from integrations.hub import board, connections
from integrations.hub.accounts import fixed_of
from integrations.hub.api.permissions import ConnectPermission
from integrations.hub.api.serializers import (
    ConnectionSerializer,
    RunSerializer,
    SyncRequestSerializer,
)
from integrations.hub.errors import HubError, InvalidSettings
from integrations.hub.models import Connection, SyncRun, SyncState
from integrations.hub.reconfiguration import settings_replace
from integrations.hub.sync.steering import stream_sync_now


class Refused(APIException):
    """A service said no, in words."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "refused"


class RunFilter(filters.FilterSet):  # type: ignore[misc]
    """The log by connection, object, kind and outcome."""

    class Meta:
        model = SyncRun
        fields = ("connection", "object", "kind", "status")


class IntegrationViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Connection],
):
    """The workspace's connections: list, connect, change, disconnect, sync now, read the log."""

    http_method_names = ("get", "head", "options", "post", "patch", "delete")
    serializer_class = ConnectionSerializer
    permission_classes = (ConnectPermission,)
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Connection]:
        if getattr(self, "swagger_fake_view", False):
            return Connection.objects.none()
        rows = board.connections_of(request_workspace(self.request._request))
        return rows.prefetch_related("sync_states").order_by("name", "id")

    def perform_create(self, serializer: BaseSerializer[Connection]) -> None:
        """The connection is kept also when the vendor refuses; `attention` says why then."""
        given = serializer.validated_data
        with _refusals():
            serializer.instance = connections.connection_create(
                workspace=request_workspace(self.request._request),
                provider_id=given["provider"],
                name=given["name"],
                credentials=given.get("credentials", {}),
                settings=given.get("settings", {}),
                actor=self._actor,
            )

    def perform_update(self, serializer: BaseSerializer[Connection]) -> None:
        """New settings, new credentials, or both; credentials are tried before they are stored."""
        connection, given = serializer.instance, serializer.validated_data
        assert connection is not None
        if given.get("name", connection.name) != connection.name:
            raise ValidationError({"name": ["Only settings and credentials can be changed here."]})
        with _refusals():
            if changed := _changed_settings(connection, given.get("settings", {})):
                settings_replace(connection, settings=changed, actor=self._actor)
            if "credentials" in given:
                connections.credentials_replace(
                    connection, credentials=given["credentials"], actor=self._actor
                )
        connection.refresh_from_db()

    def perform_destroy(self, instance: Connection) -> None:
        """Disconnects: the web-hook is taken away, the secrets are erased, the records stay."""
        connections.connection_disconnect(instance, actor=self._actor)

    @extend_schema(request=SyncRequestSerializer, responses={202: ConnectionSerializer})
    @action(detail=False, methods=["post"])
    def sync(self, request: Request) -> Response:
        """Pull from a connection now; 202, since the work is done in the background."""
        asked = SyncRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        connection = self.get_queryset().filter(pk=asked.validated_data["connection"]).first()
        if connection is None:
            raise NotFound("There is no such connection in this workspace.")
        with _refusals():
            for state in _states(connection, asked.validated_data.get("object", "")):
                stream_sync_now(
                    state, origin=by_api(self._actor), is_full=asked.validated_data["full"]
                )
        return Response(self.get_serializer(connection).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses=RunSerializer(many=True))
    @action(detail=False, methods=["get"])
    def logs(self, request: Request) -> Response:
        """The log of runs, newest first; filter by connection, object, kind and status."""
        mine = SyncRun.objects.filter(connection__in=self.get_queryset()).order_by("-pk")
        found = RunFilter(request.query_params, queryset=mine)
        if not found.is_valid():
            raise ValidationError(found.errors)
        page = self.paginate_queryset(found.qs)
        return self.get_paginated_response(RunSerializer(page, many=True).data)

    @property
    def _actor(self) -> User:
        user = self.request.user
        assert isinstance(user, User)
        return user


def _states(connection: Connection, object: str) -> list[SyncState]:
    rows = SyncState.objects.filter(connection=connection, is_enabled=True)
    found = list((rows.filter(object=object) if object else rows).order_by("order"))
    if not found:
        raise ValidationError({"object": ["This connection keeps no such records in step."]})
    for state in found:
        state.connection = connection
    return found


def _changed_settings(connection: Connection, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those that differ: what is shown includes what the provider keeps there for itself.

    One that says which account it is would be passed over in silence.
    """
    held = connection.settings
    changed = {
        name: value for name, value in given.items() if name not in held or held[name] != value
    }
    fixed = [name for name in fixed_of(connection) if name in changed]
    if fixed:
        said = "It says which account this is: connect the other one by itself."
        raise ValidationError({name: [said] for name in fixed})
    return changed


class _refusals:
    """Turns what a service refuses into the API's words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, InvalidSettings):
            raise ValidationError(error.errors) from error
        if isinstance(error, HubError):
            raise Refused(str(error)) from error

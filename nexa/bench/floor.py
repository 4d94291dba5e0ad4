"""The floor of the web-hook bench: a bare Django view that inserts one row."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

TABLE = "CREATE TABLE bench_floor (id bigserial PRIMARY KEY, body bytea NOT NULL)"
INSERT = "INSERT INTO bench_floor (body) VALUES (%s)"


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [request.body])
    return HttpResponse("ok", content_type="text/plain")


def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [path("insert/", insert), path("healthz", alive)]

"""Who may read `/metrics`: a monitor that has the token, or an operator who is signed in."""

from __future__ import annotations

import logging
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import choose_encoder

from nexa.metrics.collector import HubCollector

logger = logging.getLogger("nexa.metrics")

# As long as Prometheus waits for an answer when it is not told otherwise; later is in vain.
LONGEST_STATEMENT: Final = "10s"


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """404 while no token is set, 401 for another one, 503 when the database cannot say."""
    if not (_has_token(request) or _is_operator(request)):
        return _refusal()
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{LONGEST_STATEMENT}'")
            said = encode(HubCollector())
    except DatabaseError:
        logger.exception("metrics could not be read")
        return HttpResponse("The database does not answer.", status=503, content_type="text/plain")
    return HttpResponse(said, content_type=content_type)


def _has_token(request: HttpRequest) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if not settings.NEXA_METRICS_TOKEN or scheme.lower() != "bearer":
        return False
    return constant_time_compare(given, settings.NEXA_METRICS_TOKEN)


def _is_operator(request: HttpRequest) -> bool:
    """Figures of all workspaces are for those who may see all of the console."""
    user = request.user
    return user.is_active and user.is_staff and user.is_superuser


def _refusal() -> HttpResponse:
    if not settings.NEXA_METRICS_TOKEN:
        raise Http404
    return HttpResponse(
        "Send the token of NEXA_METRICS_TOKEN.",
        status=401,
        content_type="text/plain",
        headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
    )

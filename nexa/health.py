"""Whether the process is alive, and whether it can serve; for load balancers and the supervisor."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from nexa import readiness


@require_safe
@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """Touches nothing: a database that is down is no reason to kill the web server."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """503 unless the database answers, migrations are applied and a cluster works."""
    parts = readiness.parts()
    is_ready = all(part.ok for part in parts.values())
    content = {
        "status": "ok" if is_ready else "not ready",
        "checks": {name: asdict(part) for name, part in parts.items()},
    }
    return JsonResponse(content, status=200 if is_ready else 503)

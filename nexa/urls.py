"""Every door by name; nothing here is per provider."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from nexa import brand, health
from nexa.metrics import door

handler400 = "crm.views.errors.bad_request"
handler403 = "crm.views.errors.permission_denied"
handler404 = "crm.views.errors.page_not_found"
handler500 = "crm.views.errors.server_error"

urlpatterns = [
    # Vendors first: theirs is the busiest door.
    path("", include("integrations.hub.urls")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", door.metrics, name="metrics"),
    path("favicon.ico", brand.favicon, name="favicon"),
    path("apple-touch-icon.png", brand.touch_icon, name="touch_icon"),
    path("apple-touch-icon-precomposed.png", brand.touch_icon),
    path("admin/", admin.site.urls),
    path("sign-in/", include("allauth.urls")),
    path("api/", include("integrations.hub.api.urls")),
    path("api/", include("crm.api.urls")),
    path("imports/", include("imports.urls")),
    path("", include("crm.urls")),
]

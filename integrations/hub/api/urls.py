"""Addresses of the hub's API, under /api/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from integrations.hub.api.viewsets import IntegrationViewSet

app_name = "hub_api"

router = SimpleRouter()
router.register("integrations", IntegrationViewSet, "integration")
urlpatterns = router.urls

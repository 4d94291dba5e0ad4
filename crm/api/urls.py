"""The API's doors: records, its schema and its documentation page."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from crm.api import viewsets

app_name = "api"

router = SimpleRouter()
router.register("contacts", viewsets.ContactViewSet, "contact")
router.register("accounts", viewsets.AccountViewSet, "account")
router.register("leads", viewsets.LeadViewSet, "lead")
router.register("deals", viewsets.DealViewSet, "deal")
router.register("line-items", viewsets.LineItemViewSet, "line-item")
router.register("products", viewsets.ProductViewSet, "product")
router.register("tasks", viewsets.TaskViewSet, "task")
router.register("activities", viewsets.ActivityViewSet, "activity")
router.register("pipelines", viewsets.PipelineViewSet, "pipeline")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="api:docs"), name="root"),
    path("", include(router.urls)),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]

"""The doors of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from imports.views import preparing, reviewing, running

app_name = "imports"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", preparing.import_list, name="import_list"),
    path("new/", preparing.import_new, name="import_new"),
    path("sample.csv", preparing.import_sample, name="import_sample"),
    path("<int:pk>/", running.import_detail, name="import_detail"),
    path("<int:pk>/map/", preparing.import_map, name="import_map"),
    path("<int:pk>/reading/", preparing.import_reading, name="import_reading"),
    path("<int:pk>/review/", reviewing.import_review, name="import_review"),
    path("<int:pk>/check/", reviewing.import_check, name="import_check"),
    path("<int:pk>/run/", reviewing.import_run, name="import_run"),
    path("<int:pk>/pause/", running.import_pause_post, name="import_pause"),
    path("<int:pk>/resume/", running.import_resume_post, name="import_resume"),
    path("<int:pk>/cancel/", running.import_cancel_post, name="import_cancel"),
    path("<int:pk>/problems.csv", running.import_problems, name="import_problems"),
    path("<int:pk>/undo/", running.import_undo, name="import_undo"),
]

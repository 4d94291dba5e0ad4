"""The doors of a connection's mapping: fields, values, people."""

from __future__ import annotations

from django.urls import URLPattern, path

from integrations.hub.views import mapping, mapping_values

_FIELDS = "mapping/<slug:object>/"
_FIELD = "mapping/fields/<int:row_pk>/"
_VALUE = "values/<int:row_pk>/"

# Below the address of one connection.
mapping_patterns: list[URLPattern] = [
    path("mapping/", mapping.mapping_index, name="mapping_index"),
    path(_FIELD, mapping.field_edit, name="mapping_field_edit"),
    path(f"{_FIELD}remove/", mapping.field_remove, name="mapping_field_remove"),
    path(_FIELDS, mapping.mapping_list, name="mapping_list"),
    path(f"{_FIELDS}new/", mapping.field_new, name="mapping_field_new"),
    path(f"{_FIELDS}defaults/", mapping.mapping_defaults, name="mapping_defaults"),
    path(f"{_FIELDS}test/", mapping.mapping_test, name="mapping_test"),
    path("values/", mapping_values.value_list, name="value_list"),
    path("values/fetch/", mapping_values.pipelines_fetch, name="pipelines_fetch"),
    path("values/new/<slug:name>/", mapping_values.value_new, name="value_new"),
    path(_VALUE, mapping_values.value_edit, name="value_edit"),
    path(f"{_VALUE}remove/", mapping_values.value_remove, name="value_remove"),
    path("people/", mapping_values.people_list, name="people_list"),
    path("people/fetch/", mapping_values.people_fetch, name="people_fetch"),
    path("people/<int:row_pk>/", mapping_values.person_edit, name="person_edit"),
]

"""The doors of the CRM's own pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, register_converter

from crm.views import (
    activities,
    alerts,
    board,
    deal_moves,
    home,
    leads,
    line_items,
    lookups,
    records,
    tasks,
    ui,
    workspaces,
)
from crm.views.kinds import RecordKind
from crm.views.record_kinds import ALL, KINDS

app_name = "crm"


class TimelineConverter:
    """`contacts` in an address is the record type `contact` in a view, and back."""

    names = {kind.segment: kind.name for kind in KINDS.values()}
    segments = {kind.name: kind.segment for kind in KINDS.values()}
    regex = "|".join(names)

    def to_python(self, value: str) -> str:
        return self.names[value]

    def to_url(self, value: str) -> str:
        if value not in self.segments:
            raise ValueError(value)
        return self.segments[value]


register_converter(TimelineConverter, "timeline")


def record_paths(kind: RecordKind) -> list[URLPattern]:
    """List, create, page, edit, archive and restore of one record type."""
    root, name = f"{kind.segment}/", kind.name
    one = f"{root}<int:pk>/"
    given = {"kind": kind}
    return [
        path(root, records.record_list, given, name=f"{name}_list"),
        path(f"{root}new/", records.record_create, given, name=f"{name}_create"),
        path(one, records.record_detail, given, name=f"{name}_detail"),
        path(f"{one}edit/", records.record_edit, given, name=f"{name}_edit"),
        path(f"{one}archive/", records.record_archive, given, name=f"{name}_archive"),
        path(f"{one}restore/", records.record_restore, given, name=f"{name}_restore"),
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("workspaces/", workspaces.workspace_switch, name="workspace_switch"),
    path("ui/", ui.component_gallery, name="component_gallery"),
    path("lookup/<slug:name>/", lookups.lookup, name="lookup"),
    path("alerts/<int:pk>/resolve/", alerts.alert_resolve, name="alert_resolve"),
    # Before the generic paths: tasks have a list of their own.
    path("tasks/", tasks.task_list, name="task_list"),
    path("tasks/<int:pk>/toggle/", tasks.task_toggle, name="task_toggle"),
    path("deals/board/", board.deal_board, name="deal_board"),
    path("deals/<int:pk>/move/", deal_moves.deal_move, name="deal_move"),
    path("deals/<int:pk>/items/new/", line_items.line_item_create, name="line_item_create"),
    path(
        "deals/<int:pk>/items/<int:item_pk>/edit/", line_items.line_item_edit, name="line_item_edit"
    ),
    path(
        "deals/<int:pk>/items/<int:item_pk>/remove/",
        line_items.line_item_delete,
        name="line_item_delete",
    ),
    path("leads/<int:pk>/status/", leads.lead_status, name="lead_status"),
    path("leads/<int:pk>/convert/", leads.lead_convert, name="lead_convert"),
    path("<timeline:record_type>/<int:pk>/notes/", activities.note_create, name="note_create"),
    path("<timeline:record_type>/<int:pk>/calls/", activities.call_create, name="call_create"),
    *(one for kind in ALL for one in record_paths(kind)),
]

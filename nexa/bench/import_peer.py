"""The peer of the import bench: django-import-export's own bulk import of contacts."""

from __future__ import annotations

import csv
import time
from itertools import islice
from pathlib import Path
from typing import Any

import tablib  # type: ignore[import-untyped]
from django.db import connection
from import_export.fields import Field
from import_export.resources import ModelResource

from crm.models import Contact, Workspace

# Its look-up asks for the address as it is; the CRM's own index is on lower(email).
INDEX = "CREATE INDEX bench_contact_email ON crm_contact (email)"
INDEX_DROP = "DROP INDEX bench_contact_email"
BATCH = 1000


def peer_seconds(workspace: Workspace, path: Path, rows: int) -> float:
    """Seconds for the first rows of the file: contacts only, without companies or a ledger."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        data = tablib.Dataset(headers=next(reader))
        data.extend(islice(reader, rows))
    with connection.cursor() as cursor:
        cursor.execute(INDEX)
    try:
        began = time.perf_counter()
        result = _resource(workspace).import_data(data, raise_errors=True, use_transactions=True)
        seconds = time.perf_counter() - began
    finally:
        with connection.cursor() as cursor:
            cursor.execute(INDEX_DROP)
    if result.totals["new"] != rows or Contact.objects.count() != rows:
        raise RuntimeError(f"The peer imported {result.totals} of {rows} rows.")
    return seconds


def _resource(workspace: Workspace) -> Any:
    class ContactResource(ModelResource):  # type: ignore[misc]
        """As its documentation recommends for speed."""

        first_name = Field("first_name", "First Name")
        last_name = Field("last_name", "Last Name")
        email = Field("email", "Email")
        phone = Field("phone", "Phone Number")
        title = Field("title", "Job Title")

        class Meta:
            model = Contact
            import_id_fields = ("email",)
            fields = ("first_name", "last_name", "email", "phone", "title")
            use_bulk = True
            batch_size = BATCH
            skip_diff = True
            report_skipped = False
            force_init_instance = False

        def init_instance(self, row: Any = None) -> Contact:
            return Contact(workspace=workspace)

    return ContactResource()

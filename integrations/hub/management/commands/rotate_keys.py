"""Encrypts every stored secret with the first key, so that old keys can be taken out."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from integrations.hub.credentials import Secrets, UnreadableSecrets, reencrypt
from integrations.hub.models import Connection


class Command(BaseCommand):
    """Goes through all connections; safe to run again and while the system works."""

    help = (
        "Put the new key first in NEXA_ENCRYPTION_KEYS, restart, run this, then drop the old key. "
        "Exit code 0 only when every secret could be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable: list[int] = []
        rotated = 0
        for pk in Connection.objects.order_by("pk").values_list("pk", flat=True):
            try:
                rotated += _rotate(pk)
            except UnreadableSecrets:
                unreadable.append(pk)
        if options["json"]:
            self.stdout.write(json.dumps({"rotated": rotated, "unreadable": unreadable}))
        else:
            self.stdout.write(f"{rotated} connections encrypted with the first key.")
        if unreadable:
            self.stderr.write(f"No key opens the secrets of connections {unreadable}.")
            raise SystemExit(1)


@transaction.atomic
def _rotate(pk: int) -> int:
    connection = Connection.objects.select_for_update().filter(pk=pk).first()
    if connection is None:
        return 0
    token = reencrypt(connection.credentials.sealed())
    Connection.objects.filter(pk=pk).update(credentials=Secrets(token=token))
    return 1

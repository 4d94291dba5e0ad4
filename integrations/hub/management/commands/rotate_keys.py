"""Encrypts every stored secret with the first key, so that old keys can be taken out."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction

from integrations.hub.credentials import (
    EncryptedJSONField,
    Secrets,
    UnreadableSecrets,
    reencrypt,
)


class Command(BaseCommand):
    """Goes through every encrypted field there is; safe to run again and while the system works."""

    help = (
        "Put the new key first in NEXA_ENCRYPTION_KEYS, restart, run this, then drop the old key. "
        "Exit code 0 only when every secret could be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        rotated: dict[str, int] = {}
        unreadable: list[str] = []
        for model, field in encrypted_fields():
            name = str(model._meta.verbose_name)
            rotated.setdefault(name, 0)
            for pk in model._default_manager.order_by("pk").values_list("pk", flat=True):
                try:
                    rotated[name] += _rotate(model, field, pk)
                except UnreadableSecrets:
                    unreadable.append(f"{name} {pk}")
        self._tell(rotated, unreadable, is_json=options["json"])
        if unreadable:
            raise SystemExit(1)

    def _tell(self, rotated: dict[str, int], unreadable: list[str], *, is_json: bool) -> None:
        if is_json:
            said = {"rotated": sum(rotated.values()), "by_kind": rotated, "unreadable": unreadable}
            self.stdout.write(json.dumps(said))
        else:
            counted = ", ".join(f"{name}: {count}" for name, count in rotated.items())
            self.stdout.write(f"Encrypted with the first key: {counted}.")
        if unreadable:
            self.stderr.write(f"No key opens the secrets of {', '.join(unreadable)}.")


def encrypted_fields() -> Iterator[tuple[type[models.Model], str]]:
    """Every model with secrets, and the field that holds them."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedJSONField):
                yield model, field.name


@transaction.atomic
def _rotate(model: type[models.Model], field: str, pk: Any) -> int:
    row = model._default_manager.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None:
        return 0
    token = reencrypt(getattr(row, field).sealed())
    model._default_manager.filter(pk=pk).update(**{field: Secrets(token=token)})
    return 1

"""Forms to connect a vendor, built from what its provider declares; secrets are write-only."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from integrations.hub.errors import InvalidSettings
from integrations.hub.intake import BIG_TEXTS, LONGEST_BIG_TEXT
from integrations.hub.models import Connection
from integrations.hub.provider import CredentialField, Provider, SettingField

CREDENTIAL = "credential_"
SETTING = "setting_"


class CredentialsForm(forms.Form):
    """The provider's secrets; stored ones are never sent back to the browser."""

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.provider = provider
        for declared in provider.credential_fields:
            self.fields[CREDENTIAL + declared.name] = _secret_field(declared)

    def credentials(self) -> dict[str, str]:
        """The secrets typed in, by the provider's names; blanks left out."""
        values = _named(self.cleaned_data, CREDENTIAL)
        return {name: str(value) for name, value in values.items() if value}

    def add_refusal(self, refusal: InvalidSettings) -> None:
        """Put the hub's words beside the fields they are about."""
        for name, words in refusal.errors.items():
            known = (field for field in (CREDENTIAL + name, SETTING + name, name))
            target = next((field for field in known if field in self.fields), None)
            for sentence in words:
                self.add_error(target, sentence)


class ConnectionForm(CredentialsForm):
    """A new connection: its name, secrets and settings."""

    name = forms.CharField(
        max_length=120, help_text="How this connection is called in lists and alerts."
    )

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        super().__init__(*args, provider=provider, **kwargs)
        self.fields["name"].initial = provider.name
        for declared in provider.settings_fields:
            self.fields[SETTING + declared.name] = _setting_field(declared)

    def connection_settings(self) -> dict[str, Any]:
        return _named(self.cleaned_data, SETTING)


class DisconnectForm(forms.Form):
    """Confirms a disconnection by the connection's name."""

    name = forms.CharField(label="Type the connection's name to confirm")

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connection = connection

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if name != self.connection.name:
            raise forms.ValidationError(f"Type exactly: {self.connection.name}")
        return name


def _secret_field(declared: CredentialField) -> forms.Field:
    field = forms.CharField(
        label=declared.label,
        help_text=declared.help,
        required=declared.is_required,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    if declared.pattern:
        words = declared.pattern_help or "This does not look like such a key."
        field.validators.append(_matches(declared.pattern, words))
    return field


def _matches(pattern: str, words: str) -> Any:
    expression = re.compile(pattern)

    def check(value: str) -> None:
        if not expression.fullmatch(value):
            raise forms.ValidationError(words)

    return check


def _setting_field(declared: SettingField) -> forms.Field:
    options: dict[str, Any] = {
        "label": declared.label,
        "help_text": declared.help,
        "required": declared.is_required,
        "initial": declared.default,
    }
    if declared.kind == "integer":
        return forms.IntegerField(**options)
    if declared.kind == "boolean":
        return forms.BooleanField(**{**options, "required": False})
    if declared.kind == "choice":
        return forms.ChoiceField(choices=declared.choices, **options)
    if declared.kind == "url":
        return forms.URLField(assume_scheme="https", **options)
    if declared.kind in BIG_TEXTS:
        return forms.CharField(
            max_length=LONGEST_BIG_TEXT,
            strip=False,
            widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
            **options,
        )
    return forms.CharField(max_length=500, **options)


def _named(values: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): value
        for name, value in values.items()
        if name.startswith(prefix)
    }

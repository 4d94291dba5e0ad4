"""Forms to connect a vendor, built from what its provider declares; secrets are write-only."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from integrations.hub.access import CredentialField, SettingField
from integrations.hub.errors import InvalidSettings
from integrations.hub.intake import (
    BIG_TEXTS,
    LONGEST_BIG_TEXT,
    pattern_words,
    sandbox_words,
)
from integrations.hub.models import Connection
from integrations.hub.provider import Provider

CREDENTIAL = "credential_"
SETTING = "setting_"
NAME_HELP = "How this connection is called in lists and alerts."


class ProviderForm(forms.Form):
    """A form about one provider, whose refusals find their fields."""

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.provider = provider

    def add_settings(self) -> None:
        for declared in self.provider.settings_fields:
            self.fields[SETTING + declared.name] = _setting_field(declared)

    def connection_settings(self) -> dict[str, Any]:
        return _named(self.cleaned_data, SETTING)

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        """What everybody looks at."""
        return [field for field in self.visible_fields() if field.name not in self._advanced]

    @property
    def advanced_fields(self) -> list[forms.BoundField]:
        """What is right for most as it is, and folded away."""
        return [field for field in self.visible_fields() if field.name in self._advanced]

    @property
    def is_unfolded(self) -> bool:
        """A folded field with an error must be seen."""
        return any(field.errors for field in self.advanced_fields)

    @property
    def _advanced(self) -> set[str]:
        return {SETTING + one.name for one in self.provider.settings_fields if one.is_advanced}

    def add_refusal(self, refusal: InvalidSettings) -> None:
        """Put the hub's words beside the fields they are about."""
        for name, words in refusal.errors.items():
            known = (field for field in (CREDENTIAL + name, SETTING + name, name))
            target = next((field for field in known if field in self.fields), None)
            for sentence in words:
                self.add_error(target, sentence)


class CredentialsForm(ProviderForm):
    """The provider's secrets; stored ones are never sent back to the browser."""

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        super().__init__(*args, provider=provider, **kwargs)
        for declared in provider.credential_fields:
            self.fields[CREDENTIAL + declared.name] = _secret_field(declared)

    def credentials(self) -> dict[str, str]:
        """The secrets typed in, by the provider's names; blanks left out."""
        values = _named(self.cleaned_data, CREDENTIAL)
        return {name: str(value) for name, value in values.items() if value}


class ConnectionForm(CredentialsForm):
    """A new connection: its name, secrets and settings."""

    name = forms.CharField(max_length=120, help_text=NAME_HELP)

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        super().__init__(*args, provider=provider, **kwargs)
        self.fields["name"].initial = provider.name
        self.add_settings()


class AgainForm(ProviderForm):
    """Signing in at the vendor once more, for a connection that is there."""

    is_read_only = forms.ChoiceField(
        label="Access",
        choices=(("", "Read and write"), ("yes", "Only read")),
        required=False,
        help_text="With “Only read”, changes made here are not sent there.",
    )

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        super().__init__(*args, provider=provider, **kwargs)
        if provider.oauth is None or not provider.oauth.write_scopes:
            del self.fields["is_read_only"]

    @property
    def wants_read_only(self) -> bool:
        return self.cleaned_data.get("is_read_only") == "yes"


class SignInForm(AgainForm):
    """A new connection that is granted by signing in at the vendor: its name and settings."""

    name = forms.CharField(max_length=120, help_text=NAME_HELP)
    field_order = ("name", "is_read_only")

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        super().__init__(*args, provider=provider, **kwargs)
        self.fields["name"].initial = provider.name
        self.add_settings()


class SettingsForm(ProviderForm):
    """The settings of a connection that is there; what says which account it is stays."""

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        stored = {SETTING + name: value for name, value in connection.settings.items()}
        super().__init__(*args, provider=connection.declaration, initial=stored, **kwargs)
        self.add_settings()
        for declared in self.provider.settings_fields:
            if declared.is_fixed:
                del self.fields[SETTING + declared.name]


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
        help_text=f"{declared.help} {sandbox_words(declared)}".strip(),
        required=declared.is_required,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    if declared.pattern:
        field.validators.append(_matches(declared.pattern, pattern_words(declared)))
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

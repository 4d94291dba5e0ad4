"""Applications registered at vendors: an operator enters the secret and never sees it again."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models.functions import Now
from django.http import HttpRequest

from crm.console import ModelAdmin, PasswordInput, Select, moment_column
from integrations.hub import registry
from integrations.hub.credentials import Secrets
from integrations.hub.models import OAuthApplication
from integrations.hub.models.oauth import CLIENT_SECRET
from integrations.hub.oauth.applications import redirect_uri


class ApplicationForm(forms.ModelForm[OAuthApplication]):
    """A secret left blank stays as it is; none is ever sent to the browser."""

    provider = forms.ChoiceField(widget=Select, help_text="Systems that people can sign in at.")
    client_secret = forms.CharField(
        label="Client secret",
        required=False,
        max_length=1000,
        strip=True,
        widget=PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Stored encrypted and never shown. Leave it blank to keep the stored one.",
    )

    class Meta:
        model = OAuthApplication
        fields = ("provider", "workspace", "client_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [one for one in registry.all_providers() if one.oauth is not None]
        if "provider" in self.fields:
            cast(forms.ChoiceField, self.fields["provider"]).choices = [
                (one.id, one.name) for one in offered
            ]
        self.fields["client_id"].help_text = (
            "When it changes, connections granted to the one before have to be connected again. "
            f"The redirect address to register: {redirect_uri()}"
        )

    def clean_client_secret(self) -> str:
        typed = str(self.cleaned_data["client_secret"])
        if not typed and not self.instance.pk:
            raise forms.ValidationError("Enter the client secret.")
        return typed

    def save(self, commit: bool = True) -> OAuthApplication:
        typed = self.cleaned_data["client_secret"]
        if typed:
            self.instance.secrets = Secrets({CLIENT_SECRET: typed})
        self.instance.updated_at = Now()
        return super().save(commit)


@admin.register(OAuthApplication)
class OAuthApplicationAdmin(ModelAdmin):
    """Our applications at vendors, one for all workspaces or one for each that has its own."""

    form = ApplicationForm
    fields = ("provider", "workspace", "client_id", "client_secret")
    list_display = ("provider", "workspace", "client_id", moment_column("updated_at", "Changed"))
    list_filter = ("provider", "workspace")
    search_fields = ("client_id", "workspace__name")
    list_select_related = ("workspace",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """An application of another system is another application."""
        return ("provider",) if obj is not None else ()

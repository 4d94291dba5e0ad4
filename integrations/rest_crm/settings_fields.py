"""What a person fills in to connect a CRM: the fields that provider.py declares."""

from __future__ import annotations

from dataclasses import replace

from integrations.hub.access import ApiKeyAuth, CredentialField, SettingField
from integrations.rest_crm import defaults
from integrations.rest_crm.configuration import PRIORITIES

_LINES = "Lines of ours = theirs, or parted by semicolons. Empty keeps the defaults."
_TEMPLATE = "JSON with {{field}}, {{field?}} or {{field|join}}. Empty follows the field map."

# What a header can carry.
_HEADER_TEXT = r"[\x21-\x7e]{1,1000}"
_HEADER_TEXT_HELP = "A secret has no blanks and no accented letters."

AUTH = ApiKeyAuth(
    fields=(
        CredentialField(
            "api_key",
            "API key",
            pattern=_HEADER_TEXT,
            pattern_help=_HEADER_TEXT_HELP,
            sandbox="crm_key_demo",
        ),
        CredentialField(
            "api_secret",
            "API secret",
            help="Not needed with a Bearer token.",
            is_required=False,
            pattern=_HEADER_TEXT,
            pattern_help=_HEADER_TEXT_HELP,
            sandbox="crm_secret_demo",
        ),
        CredentialField(
            "webhook_secret",
            "Web-hook secret",
            is_signing=True,
            help="Leave it empty: one is made and told to the CRM. Fill it in only when the CRM "
            "has one already.",
            is_required=False,
            pattern=_HEADER_TEXT,
            pattern_help=_HEADER_TEXT_HELP,
        ),
    )
)


def _priority(name: str, label: str) -> SettingField:
    return SettingField(
        f"{name}_priority",
        label,
        kind="choice",
        default=defaults.PRIORITIES[name],
        choices=tuple((one, one.capitalize()) for one in PRIORITIES),
    )


def _lines(name: str, label: str, help: str = _LINES) -> SettingField:
    return SettingField(name, label, kind="multiline", help=help)


def _advanced(*fields: SettingField) -> tuple[SettingField, ...]:
    """Right for a CRM of the contract as it is."""
    return tuple(replace(field, is_advanced=True) for field in fields)


SETTINGS: tuple[SettingField, ...] = (
    SettingField(
        "base_url",
        "Address of the CRM",
        kind="url",
        is_required=True,
        is_fixed=True,
        help=f"Without a path of its own, {defaults.PATH_PREFIX} is added.",
    ),
    SettingField(
        "auth_scheme",
        "How the key is sent",
        kind="choice",
        default="headers",
        choices=(("headers", "Key and secret in headers"), ("bearer", "Key as a Bearer token")),
    ),
    SettingField(
        "webhook_url",
        "Address for their web-hooks",
        kind="url",
        is_advanced=True,
        help="Where the CRM reaches us, if not at this connection's own address: such as "
        "https://…/api/crm/webhook behind a gateway.",
    ),
    *_advanced(
        SettingField("key_header", "Header of the key", default="X-API-Key"),
        SettingField("secret_header", "Header of the secret", default="X-API-Secret"),
        SettingField("webhook_secret_header", "Header of their secret", default="X-CRM-Secret"),
        SettingField("webhook_event_header", "Header of their event", default="X-CRM-Event"),
        SettingField("timeout_ms", "Time-out (ms)", kind="integer", default=defaults.TIMEOUT_MS),
        SettingField("retry_attempts", "Retries", kind="integer", default=defaults.RETRY_ATTEMPTS),
        SettingField(
            "retry_delay_ms", "First wait (ms)", kind="integer", default=defaults.RETRY_DELAY_MS
        ),
        SettingField("inquiry_is_on", "Send inquiries", kind="boolean", default=True),
        _priority("lead", "Priority of leads"),
        _priority("property", "Priority of properties"),
        _priority("inquiry", "Priority of inquiries"),
        _priority("dealer", "Priority of assignments"),
        SettingField("has_batch", "Takes batches of leads", kind="boolean", default=False),
        SettingField("batch_size", "Leads in a batch", kind="integer", default=defaults.BATCH_SIZE),
        SettingField("subscribed_events", "Events to ask for", help="Parted by commas."),
        _lines("paths", "Calls", help="lead.create = POST /leads. " + _LINES),
        *(_lines(f"{name}_fields", f"Fields: {name}") for name in defaults.FIELDS),
        *(
            SettingField(f"{name}_template", f"Body: {name}", kind="json", help=_TEMPLATE)
            for name in defaults.FIELDS
            if name != "agent"
        ),
        SettingField("batch_template", "Body: batch", kind="json", help="Where {{items}} go."),
        _lines("lead_status", "Lead status", help="First value is sent. " + _LINES),
        _lines("lead_source", "Lead source", help="First value is sent. " + _LINES),
        _lines("property_status", "Property status", help="First value is sent. " + _LINES),
        _lines("events", "Names of their events"),
        _lines("envelope", "Parts of web-hooks and answers"),
        _lines("list_query", "Parameters of lists"),
    ),
)

"""A connection's settings as one typed configuration: our defaults, then what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from crm.choices import LeadStatus, PropertyStatus
from integrations.hub.errors import InvalidSettings
from integrations.hub.provider import Priority
from integrations.rest_crm import defaults
from integrations.rest_crm.endpoints import Endpoint, endpoints_parse
from integrations.rest_crm.fields import FieldMap, Kind, field_map_parse
from integrations.rest_crm.lines import lines_by_name
from integrations.rest_crm.paths import Path, path_parse
from integrations.rest_crm.settings_reading import SettingsReader, base_url_clean
from integrations.rest_crm.templates import Template, template_parse
from integrations.rest_crm.values import ValueMap, value_map_parse

PRIORITIES: tuple[Priority, ...] = ("high", "medium", "low")
SWITCHED = ("inquiry",)
LONGEST_TIMEOUT_MS = 60_000
BATCH = '{"items": "{{items}}"}'


@dataclass(frozen=True)
class Authentication:
    """Key and secret in two headers, or the key as a Bearer token."""

    scheme: Literal["headers", "bearer"]
    key_header: str
    secret_header: str

    def headers(self, key: str, secret: str) -> dict[str, str]:
        if self.scheme == "bearer":
            return {"Authorization": f"Bearer {key}"}
        return {self.key_header: key, self.secret_header: secret}


@dataclass(frozen=True)
class ObjectRules:
    """One kind of record: how it is written, read and ranked."""

    fields: FieldMap
    template: Template
    maps: Mapping[str, ValueMap]
    is_on: bool = True
    priority: Priority = "medium"

    @cached_property
    def reads(self) -> FieldMap:
        """Where each field is looked for; the places that the template writes come first."""
        return self.fields.with_places(self.template.leaves())

    def together(self, changed: set[str]) -> set[str]:
        """The changed fields and those that go out inside the same object, which is replaced."""
        placed = {".".join(one.path): path[0] for path, one in self.template.leaves() if path[1:]}
        shared = {placed[name] for name in changed if name in placed}
        return changed | {name for name, parent in placed.items() if parent in shared}


@dataclass(frozen=True)
class Incoming:
    """How the other side's web-hooks look."""

    secret_header: str
    event_header: str
    events: ValueMap
    subscribed: tuple[str, ...]
    envelope: Mapping[str, tuple[Path, ...]]


@dataclass(frozen=True)
class Retrying:
    """Waits of 1, 2, 4 … times the first delay; then the work is dead."""

    attempts: int
    first_delay_seconds: float

    def delays(self) -> tuple[float, ...]:
        return tuple(self.first_delay_seconds * 2**number for number in range(self.attempts))


@dataclass(frozen=True)
class Configuration:
    """Everything the client, the reader and the web-hooks need to know of one connection."""

    base_url: str
    authentication: Authentication
    endpoints: Mapping[str, Endpoint]
    objects: Mapping[str, ObjectRules]
    dealer_priority: Priority
    envelope: Mapping[str, tuple[Path, ...]]
    list_query: Mapping[str, str]
    incoming: Incoming
    retrying: Retrying
    timeout_seconds: float
    has_batch: bool
    batch_size: int
    batch_template: Template


def configuration_of(settings: Mapping[str, Any]) -> Configuration:
    """Read a connection's settings; raises InvalidSettings naming each setting and its line."""
    reader = SettingsReader(settings)
    incoming = _incoming(reader)
    made = Configuration(
        base_url=reader.parsed("base_url", lambda text: base_url_clean(text, defaults.PATH_PREFIX)),
        authentication=_authentication(reader),
        endpoints=reader.parsed(
            "paths", lambda text: endpoints_parse(text, default=defaults.ENDPOINTS), fallback={}
        ),
        objects={name: _object(reader, name) for name in defaults.FIELDS},
        dealer_priority=priority_of(reader, "dealer"),
        envelope=incoming.envelope,
        list_query=reader.parsed("list_query", _list_query, fallback={}),
        incoming=incoming,
        retrying=retrying_of(reader),
        timeout_seconds=timeout_of(reader),
        has_batch=reader.boolean("has_batch", default=False),
        batch_size=reader.integer("batch_size", defaults.BATCH_SIZE, 1, 1000),
        batch_template=_batch_template(reader),
    )
    if reader.errors:
        raise InvalidSettings(reader.errors)
    return made


def timeout_of(reader: SettingsReader) -> float:
    return reader.integer("timeout_ms", defaults.TIMEOUT_MS, 100, LONGEST_TIMEOUT_MS) / 1000


def retrying_of(reader: SettingsReader) -> Retrying:
    delay = reader.integer("retry_delay_ms", defaults.RETRY_DELAY_MS, 100, 3_600_000)
    return Retrying(
        attempts=reader.integer("retry_attempts", defaults.RETRY_ATTEMPTS, 0, 20),
        first_delay_seconds=delay / 1000,
    )


def is_on(settings: Mapping[str, Any], name: str) -> bool:
    return SettingsReader(settings).boolean(f"{name}_is_on", default=True)


def incoming_of(settings: Mapping[str, Any]) -> Incoming:
    """What reading a web-hook needs, and no more: another setting that is broken does no harm.

    Raises InvalidSettings.
    """
    reader = SettingsReader(settings)
    made = _incoming(reader)
    if reader.errors:
        raise InvalidSettings(reader.errors)
    return made


# --- Parts --------------------------------------------------------------------------------------


def _authentication(reader: SettingsReader) -> Authentication:
    is_bearer = reader.choice("auth_scheme", ("headers", "bearer")) == "bearer"
    return Authentication(
        scheme="bearer" if is_bearer else "headers",
        key_header=reader.header("key_header", "X-API-Key"),
        secret_header=reader.header("secret_header", "X-API-Secret"),
    )


def _object(reader: SettingsReader, name: str) -> ObjectRules:
    fields = reader.parsed(
        f"{name}_fields",
        lambda text: field_map_parse(text, default=defaults.FIELDS[name], kinds=kinds_of(name)),
        fallback=FieldMap(()),
    )
    return ObjectRules(
        fields=fields,
        template=_template(reader, name, fields),
        maps=_maps(reader, name),
        is_on=reader.boolean(f"{name}_is_on", default=True) if name in SWITCHED else True,
        priority=priority_of(reader, name) if name in defaults.PRIORITIES else "medium",
    )


def kinds_of(name: str) -> dict[str, Kind]:
    """What each field of one object holds."""
    named = lines_by_name(defaults.FIELDS[name])
    texts: dict[str, Kind] = dict.fromkeys(named, "text")
    return {**texts, **defaults.KINDS.get(name, {})}


def _template(reader: SettingsReader, name: str, fields: FieldMap) -> Template:
    setting = f"{name}_template"
    if not reader.text(setting):
        return fields.template()
    made = reader.parsed(setting, template_parse, fallback=Template({}))
    known = set(kinds_of(name))
    _check_names(reader, setting, made, known)
    if not isinstance(made.root, dict):
        reader.refuse(setting, "The body must be a JSON object: { … }.")
    return made


def _check_names(reader: SettingsReader, setting: str, made: Template, known: set[str]) -> None:
    for placeholder in made.placeholders():
        if ".".join(placeholder.path) not in known:
            number = _line_of(reader.raw(setting), ".".join(placeholder.path))
            reader.refuse(
                setting,
                f"Line {number}: {placeholder} is no field of ours: {', '.join(sorted(known))}.",
            )


def _line_of(text: str, name: str) -> int:
    lines = text.splitlines()
    return next((n for n, line in enumerate(lines, start=1) if f"{{{{{name}" in _tight(line)), 1)


def _tight(line: str) -> str:
    return line.replace(" ", "")


def _batch_template(reader: SettingsReader) -> Template:
    made = reader.parsed(
        "batch_template",
        lambda text: template_parse(text if text.strip() else BATCH),
        fallback=Template({}),
    )
    _check_names(reader, "batch_template", made, {"items"})
    return made


def _maps(reader: SettingsReader, name: str) -> dict[str, ValueMap]:
    nothing = ValueMap({})
    if name == "lead":
        return {
            "status": reader.parsed(
                "lead_status",
                lambda text: value_map_parse(
                    text, default=defaults.LEAD_STATUS, allowed=LeadStatus.values
                ),
                fallback=nothing,
            ),
            "source": reader.parsed(
                "lead_source",
                lambda text: value_map_parse(text, default="", is_open=True),
                fallback=nothing,
            ),
        }
    if name == "property":
        return {
            "status": reader.parsed(
                "property_status",
                lambda text: value_map_parse(
                    text, default=defaults.PROPERTY_STATUS, allowed=PropertyStatus.values
                ),
                fallback=nothing,
            )
        }
    return {}


def priority_of(reader: SettingsReader, name: str) -> Priority:
    fallback = defaults.PRIORITIES[name]
    chosen = reader.choice(
        f"{name}_priority", (fallback, *(one for one in PRIORITIES if one != fallback))
    )
    return next(one for one in PRIORITIES if one == chosen)


def _envelope(text: str) -> dict[str, tuple[Path, ...]]:
    lines = _known_lines(text, defaults.ENVELOPE)
    return {name: tuple(map(path_parse, values)) for name, values in lines.items()}


def _list_query(text: str) -> dict[str, str]:
    lines = _known_lines(text, defaults.LIST_QUERY)
    return {name: values[0] for name, values in lines.items() if values}


def _known_lines(text: str, default: str) -> dict[str, tuple[str, ...]]:
    known, changed = lines_by_name(default), lines_by_name(text)
    for line in changed.values():
        if line.name not in known:
            raise ValueError(f"Line {line.number}: {line.name!r} is none of: {', '.join(known)}.")
    return {name: line.values for name, line in {**known, **changed}.items()}


def _incoming(reader: SettingsReader) -> Incoming:
    subscribed = _names(reader.text("subscribed_events"))
    return Incoming(
        secret_header=reader.header("webhook_secret_header", "X-CRM-Secret"),
        event_header=reader.header("webhook_event_header", "X-CRM-Event"),
        events=reader.parsed(
            "events",
            lambda text: value_map_parse(text, default=defaults.EVENTS, is_open=True),
            fallback=ValueMap({}),
        ),
        subscribed=subscribed or defaults.SUBSCRIBED,
        envelope=reader.parsed("envelope", _envelope, fallback={}),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.replace("\n", ",").split(",") if name.strip())

"""One typed method per call of a configured CRM; plain values come out, hub errors too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import requests

from integrations.hub.errors import Exists, NotFound, Rejected
from integrations.hub.http import HubSession, session_for, status_error
from integrations.hub.models import Connection
from integrations.hub.types import AccountInfo
from integrations.rest_crm.answers import (
    BatchAnswer,
    Page,
    batch_answers,
    content_of,
    field_errors,
    items_of,
    page_of,
    record_in,
)
from integrations.rest_crm.configuration import Configuration, ObjectRules, configuration_of
from integrations.rest_crm.endpoints import Endpoint, UnusableId
from integrations.rest_crm.reading import Reading, record_read
from integrations.rest_crm.writing import batch_body, body_of

Json = Mapping[str, Any]


class Refused(Rejected):
    """The CRM understood the record and does not take it; `fields` says which and why."""

    def __init__(self, message: str, *, status: int, fields: Mapping[str, str]) -> None:
        super().__init__(message, status=status)
        self.fields = fields


class NotOffered(Rejected):
    """The settings say that the CRM has no such call."""

    code = "not_offered"


@dataclass(frozen=True)
class Agent:
    """A person at the other side to whom records are assigned."""

    external_id: str
    name: str
    email: str


class Client:
    """A configured CRM as one connection sees it. Raises InvalidSettings when it cannot be read."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.configuration: Configuration = configuration_of(connection.settings)

    @cached_property
    def _session(self) -> HubSession:
        session = session_for(self.connection)
        session.headers["Accept"] = "application/json"
        session.headers.update(
            self.configuration.authentication.headers(
                self.connection.secret("api_key"), self.connection.secret("api_secret")
            )
        )
        return session

    # --- Records --------------------------------------------------------------------------------

    def create(self, kind: str, values: Json) -> Reading:
        """Make a lead, property, inquiry or deal of our values; the answer holds its id.

        Raises Exists, Refused, and Rejected when the answer names no id.
        """
        answer = self._ask(f"{kind}.create", body_of(self._rules(kind), values))
        return self._made(kind, answer)

    def update(self, kind: str, external_id: str, changed: Json) -> Reading:
        """Send changed fields only; the answer may be empty. Raises NotFound, Refused.

        No call is made when the CRM has no place for any of them.
        """
        body = body_of(self._rules(kind), changed, is_partial=True)
        if not body:
            return Reading({})
        answer = self._ask(f"{kind}.update", body, external_id=external_id)
        return record_read(self._rules(kind), record_in(self.configuration, answer))

    def leads_batch(self, leads: Sequence[Json]) -> list[BatchAnswer]:
        """Make many leads in one call, answered one by one in their order.

        Raises NotOffered unless the settings say that there is such a call.
        """
        if not self.configuration.has_batch:
            raise NotOffered("The settings say that this CRM takes no batches.")
        if len(leads) > self.configuration.batch_size:
            raise ValueError(f"A batch holds at most {self.configuration.batch_size} leads.")
        bodies = [body_of(self._rules("lead"), lead) for lead in leads]
        answer = self._ask("lead.batch", batch_body(self.configuration, bodies))
        return batch_answers(self.configuration, answer, leads)

    def activity_create(self, lead: str, values: Json) -> Reading:
        """Write onto a lead's timeline; `lead` is its external id."""
        body = body_of(self._rules("activity"), values)
        answer = self._ask("lead.activity", body, external_id=lead)
        return record_read(self._rules("activity"), record_in(self.configuration, answer))

    def leads_page(self, *, updated_since: datetime | None = None, cursor: str = "") -> Page:
        """One page of leads as they came; `cursor` is that of the page before."""
        names = self.configuration.list_query
        asked = {
            names.get("updated_since"): updated_since.isoformat() if updated_since else "",
            names.get("cursor"): cursor,
        }
        query = {name: value for name, value in asked.items() if name and value}
        return page_of(self.configuration, self._ask("lead.list", query=query), cursor)

    def lead_read(self, body: Json) -> Reading:
        return record_read(self._rules("lead"), body)

    def agents(self) -> list[Agent]:
        """Everybody who can be assigned; those without an id are left out."""
        answer = self._ask("agent.list")
        found = [
            record_read(self._rules("agent"), row) for row in items_of(self.configuration, answer)
        ]
        return [
            Agent(one.external_id, str(one.values.get("name") or ""), _email(one))
            for one in found
            if one.external_id
        ]

    # --- Web-hooks ------------------------------------------------------------------------------

    def webhook_create(self, *, url: str, events: Sequence[str], secret: str) -> str:
        """Have events sent to us; the id of the registration."""
        values = {"url": url, "events": list(events), "secret": secret}
        answer = self._ask("webhook.create", body_of(self._rules("webhook"), values))
        return self._made("webhook", answer).external_id

    def webhook_exists(self, external_id: str, url: str) -> bool | None:
        """Whether a registration still stands and leads to `url`; None when they do not tell."""
        if not self._offers("webhook.list"):
            return None
        rows = items_of(self.configuration, self._ask("webhook.list"))
        found = (record_read(self._rules("webhook"), row) for row in rows)
        return any(one.external_id == external_id and one.values.get("url") == url for one in found)

    def webhook_delete(self, external_id: str) -> bool:
        """False when the CRM has no call for it; one that is gone already is fine."""
        if not self._offers("webhook.delete"):
            return False
        try:
            self._ask("webhook.delete", external_id=external_id)
        except NotFound:
            return True
        return True

    # --- One call -------------------------------------------------------------------------------

    def _rules(self, kind: str) -> ObjectRules:
        return self.configuration.objects[kind]

    def _offers(self, act: str) -> bool:
        return act in self.configuration.endpoints

    def _made(self, kind: str, answer: Any) -> Reading:
        made = record_read(self._rules(kind), record_in(self.configuration, answer))
        if not made.external_id:
            raise Rejected(
                f"The CRM took the {kind} and answered without its id. Name the id's place in "
                f"the setting {kind}_fields, such as: external_id = data.id."
            )
        return made

    def _ask(
        self, act: str, body: Any = None, *, external_id: str = "", query: Json | None = None
    ) -> Any:
        """The answer's JSON. Raises hub errors, or what requests raises when none came."""
        endpoint = self._endpoint(act)
        try:
            path = endpoint.path_of(external_id)
        except UnusableId as error:
            raise Rejected(str(error)) from error
        response = self._session.request(
            endpoint.method,
            f"{self.configuration.base_url}{path}",
            json=body,
            params=dict(query or {}),
            timeout=self.configuration.timeout_seconds,
        )
        return self._answer(response)

    def _endpoint(self, act: str) -> Endpoint:
        if not self._offers(act):
            raise NotOffered(f"The settings name no call for {act}.")
        return self.configuration.endpoints[act]

    def _answer(self, response: requests.Response) -> Any:
        error = status_error(response)
        if error is None:
            return content_of(response)
        content = content_of(response, is_lenient=True)
        if error.status in (400, 422):
            fields = field_errors(content)
            raise Refused(_words(str(error), fields), status=error.status, fields=fields)
        if error.status == 409:
            raise Exists(str(error), external_id=_id_in(self.configuration, content))
        raise error


def account(connection: Connection) -> AccountInfo:
    """Prove the key by asking for the agents; the connection test. Raises hub errors."""
    client = Client(connection)
    agents = client.agents()
    host = client.configuration.base_url.partition("://")[2]
    key = connection.secret("api_key")
    return AccountInfo(
        # The address is the account: a new key opens the same one.
        id=host,
        name=host.partition("/")[0],
        details={
            "Address": client.configuration.base_url,
            "Key": f"ending in {key[-4:]}",
            "Agents": str(len(agents)),
        },
    )


def _email(agent: Reading) -> str:
    return str(agent.values.get("email") or "").lower()


def _words(said: str, fields: Mapping[str, str]) -> str:
    """The refusal with the fields it names, for a person."""
    named = "; ".join(f"{name}: {words}" for name, words in fields.items() if name not in said)
    return f"{said} ({named})" if named else said


def _id_in(configuration: Configuration, content: Any) -> str:
    return record_read(configuration.objects["lead"], record_in(configuration, content)).external_id

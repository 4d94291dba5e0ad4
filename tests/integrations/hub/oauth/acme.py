"""A provider that people sign in at, and its vendor as a real HTTP server that rotates tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from crm.models import Account
from integrations.hub.access import ApiKeyAuth, CredentialField, OAuth
from integrations.hub.commands import Command
from integrations.hub.http import raise_for_status, session_for
from integrations.hub.models import Connection
from integrations.hub.oauth import access_token
from integrations.hub.provider import Provider, RateLimit, Webhook
from integrations.hub.types import AccountInfo, Event, RawRequest, Registration

HOST = "https://api.acme.test"
CLIENT_ID = "acme-client"
CLIENT_SECRET = "acme_client_secretNobodySees"
KEY = "acme_key_typedInByHand"
LIFE_SECONDS = 1800


def call(connection: Connection, method: str, path: str, **options: Any) -> Any:
    headers = {"Authorization": f"Bearer {access_token(connection)}"}
    session = session_for(connection)
    answer = session.request(method, HOST + path, headers=headers, **options)
    return raise_for_status(answer).json()


def account_info(connection: Connection) -> AccountInfo:
    said = call(connection, "GET", "/account")
    return AccountInfo(said["id"], said["name"])


def thing_create(command: Command) -> None:
    account = Account.objects.get(pk=command.record_id)
    if command.links.get("thing", account) is None:
        said = call(command.connection, "POST", "/things", json=dict(command.body))
        command.links.put("thing", account, said["id"])


def verify(request: RawRequest, connection: Connection) -> None:
    """Every call is believed: web-hooks are proved elsewhere."""


def events(request: RawRequest, connection: Connection) -> list[Event]:
    return []


def ensure(connection: Connection, url: str) -> Registration:
    made = call(connection, "POST", "/hooks", json={"url": url})
    return Registration({"webhook_secret": made["secret"]}, {"hook_id": made["id"]}, "Made.")


def unregister(connection: Connection) -> None:
    call(connection, "DELETE", f"/hooks/{connection.settings['hook_id']}")


OAUTH = OAuth(
    authorize_url="https://login.acme.test/oauth/authorize",
    token_url=f"{HOST}/oauth/token",
    scopes=("things.read",),
    write_scopes=("things.write",),
    optional_scopes=("tickets",),
    scope_words={"things.read": "read things", "things.write": "change things there"},
    revoke_url=f"{HOST}/oauth/revoke",
    introspect_url=f"{HOST}/oauth/introspect",
    account=lambda said: str(said.get("account_id") or ""),
    setup_url="https://developers.acme.test/apps",
    setup_help="Choose “Web application”.",
)
provider = Provider(
    id="acme",
    name="Acme",
    summary="Keeps things.",
    auth=ApiKeyAuth((CredentialField("access_token", "Key", pattern=r"acme_key_\w+"),)),
    oauth=OAUTH,
    check=account_info,
    hosts=("api.acme.test",),
    limits=(RateLimit("api", requests=10_000, seconds=1),),
    webhook=Webhook(verify, events, ensure, unregister),
    commands={"thing_create": thing_create},
)


# --- The vendor ---------------------------------------------------------------------------------
Script = Callable[[Request], Response | None]


def answered(status: int, said: Any = None) -> Script:
    """This answer, and nothing is done."""
    body = said if isinstance(said, str) else json.dumps(said or {"message": "scripted"})
    return lambda request: Response(body, status, mimetype="application/json")


@dataclass
class Grant:
    """What a person has allowed: one refresh token at a time, and the tokens made by it."""

    scopes: list[str]
    challenge: str
    redirect_uri: str
    refresh: str = ""
    access: set[str] = field(default_factory=set)
    is_live: bool = True


@dataclass
class AcmeVendor:
    """Refresh tokens work once; a second use ends the whole grant (`has_grace`: it does not)."""

    url: str = ""
    account_id: str = "acct_1"
    scopes_withheld: frozenset[str] = frozenset()
    is_denied: bool = False
    keeps_refresh: bool = False
    has_grace: bool = False
    application_in_header: bool = False
    life_seconds: int | None = LIFE_SECONDS
    token_script: list[Script] = field(default_factory=list)
    script: list[Script] = field(default_factory=list)
    always: Script | None = None
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    refreshes: int = 0
    codes: dict[str, Grant] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    used: dict[str, Grant] = field(default_factory=dict)
    issued: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    # --- What tests do by hand --------------------------------------------------------------
    def granted(self, *scopes: str) -> tuple[str, str]:
        """Access and refresh token, as after a sign-in."""
        grant = Grant(list(scopes or ("things.read", "things.write", "tickets")), "", "")
        self.grants.append(grant)
        said = self._issue(grant)
        return said["access_token"], said["refresh_token"]

    def tokens_end(self) -> None:
        for grant in self.grants:
            grant.access.clear()

    def uninstall(self) -> None:
        for grant in self.grants:
            grant.is_live = False

    def calls(self, path: str) -> int:
        return sum(1 for seen in self.requests if seen[1] == path)

    @property
    def secrets(self) -> list[str]:
        """Every token there ever was, and the codes."""
        held = [token for grant in self.grants for token in (grant.refresh, *grant.access)]
        return [*held, *self.issued, *self.used, *self.codes, CLIENT_SECRET, KEY]

    # --- The server -------------------------------------------------------------------------
    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        path = request.path.removeprefix("/acme")
        with self.lock:
            self.requests.append((request.method, path, request.get_data(as_text=True)))
        return self._answer(request, path)(environ, start_response)

    def _answer(self, request: Request, path: str) -> Response:
        if path == "/oauth/authorize":
            return self._consent(request)
        scripts = self.token_script if path == "/oauth/token" else self.script
        with self.lock:
            scripted = scripts.pop(0) if scripts else self.always
        # Not under the lock: a script may take its time, or call back.
        answer = scripted(request) if scripted else None
        if answer is not None:
            return answer
        with self.lock:
            if path.startswith("/oauth/"):
                return self._oauth(request, path)
            return self._api(request, path)

    def _consent(self, request: Request) -> Response:
        asked = request.args
        if self.is_denied:
            back = {"error": "access_denied", "state": asked["state"]}
        else:
            scopes = [one for one in asked["scope"].split() if one not in self.scopes_withheld]
            code = f"code_{secrets.token_urlsafe(12)}"
            challenge = asked.get("code_challenge", "")
            self.codes[code] = Grant(scopes, challenge, asked["redirect_uri"])
            back = {"code": code, "state": asked["state"]}
        return Response("", 302, {"Location": f"{asked['redirect_uri']}?{urlencode(back)}"})

    def _oauth(self, request: Request, path: str) -> Response:
        form = request.form
        sent = request.authorization if self.application_in_header else None
        asking = (
            (sent.username, sent.password)
            if sent
            else (form.get("client_id"), form.get("client_secret"))
        )
        if asking != (CLIENT_ID, CLIENT_SECRET):
            return _json({"error": "invalid_client", "error_description": "who are you?"}, 401)
        if path == "/oauth/revoke":
            self.revoked.append(form["token"])
            for grant in self.grants:
                grant.is_live &= form["token"] not in (grant.refresh, *grant.access)
            return Response("", 200)
        if path == "/oauth/introspect":
            for grant in self.grants:
                if form["token"] in grant.access and grant.is_live:
                    return _json({"active": True, "scope": " ".join(grant.scopes)})
            return _json({"active": False})
        if form["grant_type"] == "authorization_code":
            return self._by_code(form)
        self.refreshes += 1
        return self._by_refresh(form["refresh_token"])

    def _by_code(self, form: Any) -> Response:
        grant = self.codes.pop(form["code"], None)
        if grant is None or grant.redirect_uri != form["redirect_uri"]:
            return _json({"error": "invalid_grant", "error_description": "no such code"}, 400)
        if grant.challenge and grant.challenge != _challenge(form.get("code_verifier", "")):
            return _json({"error": "invalid_grant", "error_description": "wrong verifier"}, 400)
        self.grants.append(grant)
        return _json(self._issue(grant))

    def _by_refresh(self, refresh: str) -> Response:
        for grant in self.grants:
            if grant.refresh == refresh and grant.is_live:
                return _json(self._issue(grant))
        burnt = self.used.get(refresh)
        if burnt is not None and self.has_grace:
            return _json(self._issue(burnt))
        if burnt is not None:
            burnt.is_live = False
        said = {"error": "invalid_grant", "error_description": "refresh token is not valid"}
        return _json(said, 400)

    def _issue(self, grant: Grant) -> dict[str, Any]:
        token = f"acme_at_{secrets.token_urlsafe(16)}"
        grant.access.add(token)
        self.issued.append(token)
        said: dict[str, Any] = {
            "access_token": token,
            "token_type": "bearer",
            "scope": " ".join(grant.scopes),
            "account_id": self.account_id,
        }
        if self.life_seconds is not None:
            said["expires_in"] = self.life_seconds
        if not (self.keeps_refresh and grant.refresh):
            if grant.refresh:
                self.used[grant.refresh] = grant
            grant.refresh = said["refresh_token"] = f"acme_rt_{secrets.token_urlsafe(16)}"
        return said

    def _api(self, request: Request, path: str) -> Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        is_good = any(one.is_live and token in one.access for one in self.grants)
        if not is_good and token != KEY:
            return _json({"message": f"bad token {token}"}, 401)
        if path == "/hooks":
            return _json({"id": "hook_1", "secret": "acme_hook_secret"})
        if path == "/things":
            return _json({"id": f"thing_{secrets.token_hex(4)}"})
        return _json({"id": self.account_id, "name": f"Acme {self.account_id}"})


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")


@contextmanager
def running_vendor() -> Iterator[AcmeVendor]:
    vendor = AcmeVendor()
    server = make_server("127.0.0.1", 0, vendor, threaded=True)
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

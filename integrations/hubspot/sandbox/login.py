"""Tokens of half an hour, refresh tokens, the consent page, and who may do what."""

from __future__ import annotations

import secrets
import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode

from integrations.hub.sandbox.fake import VendorRequest, VendorResponse
from integrations.hub.sandbox.vendor import Vendor
from integrations.hubspot.sandbox.call import Call, Endpoint
from integrations.hubspot.sandbox.catalog import CLIENT_ID, CLIENT_SECRET, PORTAL_ID
from integrations.hubspot.sandbox.errors import ApiError, missing_scopes, unauthorized

Json = dict[str, Any]
GRANTS, ACCESS = "_grants", "_tokens"
LIFE_SECONDS = 1800
USER_ID = 9001
PRIVATE_APP = "pat-"
# The portal's own apps; a token of any other is refused, so that a wrong one can be tried.
KNOWN_APPS = "pat-na1-nexa-"
EVERYTHING = "*"
CRM_KINDS = ("contacts", "companies", "deals")


# --- Granting -----------------------------------------------------------------------------------


def authorize(vendor: Vendor, request: VendorRequest) -> VendorResponse:
    """The consent page of somebody who always agrees: back with a code at once."""
    asked = dict(parse_qsl(request.query))
    if asked.get("client_id") != CLIENT_ID or not asked.get("redirect_uri"):
        return VendorResponse(400, b"Authorization failed: unknown app or no redirect_uri.")
    scopes = f"{asked.get('scope', '')} {asked.get('optional_scope', '')}".split()
    code = code_make(vendor, scopes)
    back = {"code": code, "state": asked.get("state", "")}
    separator = "&" if "?" in asked["redirect_uri"] else "?"
    address = f"{asked['redirect_uri']}{separator}{urlencode(back)}"
    return VendorResponse(302, b"", {"Location": address})


def code_make(vendor: Vendor, scopes: list[str]) -> str:
    """A code that works once."""
    code = f"code-{uuid.uuid4()}"
    refresh = f"na1-{uuid.uuid4()}"
    row = {"id": refresh, "code": code, "scopes": scopes, "is_live": True}
    vendor.collection(GRANTS).put(refresh, row)
    vendor.collection(GRANTS).put(code, {"id": code, "refresh": refresh, "is_live": True})
    return code


def token(call: Call) -> Json:
    form, vendor = call.form, call.portal.vendor
    _check_app(form)
    if form.get("grant_type") == "authorization_code":
        return _issued(vendor, _by_code(vendor, form.get("code", "")), call)
    if form.get("grant_type") == "refresh_token":
        grant = vendor.collection(GRANTS).get(form.get("refresh_token", ""))
        if grant is None or not grant["is_live"] or "code" not in grant:
            raise refused("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        return _issued(vendor, grant, call)
    raise refused("BAD_GRANT_TYPE", "missing or unknown grant type", "unsupported_grant_type")


def introspect(call: Call) -> Json:
    _check_app(call.form)
    vendor, given = call.portal.vendor, call.form.get("token", "")
    access = vendor.collection(ACCESS).get(given)
    grant = vendor.collection(GRANTS).get(access["refresh"] if access else given)
    if grant is None or not grant["is_live"] or "code" not in grant:
        return {"active": False}
    if access and access["expires_at"] <= vendor.now():
        return {"active": False}
    said = {"active": True, "client_id": CLIENT_ID, "hub_id": PORTAL_ID, "user_id": USER_ID}
    said |= {"scopes": grant["scopes"], "token_use": "access_token" if access else "refresh_token"}
    return said | {"exp": access["expires_at"]} if access else said


def revoke(call: Call) -> None:
    _check_app(call.form)
    grants_revoke(call.portal.vendor, call.form.get("token", ""))


def grants_revoke(vendor: Vendor, token_: str = "") -> int:
    """One grant, or all of them: what the uninstall in HubSpot does."""
    grants = vendor.collection(GRANTS)
    access = vendor.collection(ACCESS).get(token_) if token_ else None
    wanted = access["refresh"] if access else token_
    live = [row for row in grants.newest_first() if "code" in row and row["is_live"]]
    gone = [row for row in live if not wanted or row["id"] == wanted]
    for row in gone:
        grants.put(row["id"], {**row, "is_live": False})
    return len(gone)


def tokens_expire(vendor: Vendor) -> int:
    """Half an hour passes for every access token."""
    tokens = vendor.collection(ACCESS)
    rows = list(tokens.newest_first())
    for row in rows:
        tokens.put(row["id"], {**row, "expires_at": 0})
    return len(rows)


def refused(status: str, message: str, error: str = "invalid_grant") -> ApiError:
    return ApiError(
        400,
        message,
        "BAD_REQUEST",
        extra={"status": status, "error": error, "error_description": message},
    )


def _by_code(vendor: Vendor, code: str) -> Json:
    grants = vendor.collection(GRANTS)
    found = grants.get(code)
    if found is None or "refresh" not in found or not found["is_live"]:
        raise refused("BAD_AUTH_CODE", "missing or unknown auth code")
    grants.put(code, {**found, "is_live": False})
    return grants.get(found["refresh"]) or {}


def _issued(vendor: Vendor, grant: Json, call: Call) -> Json:
    token_ = f"CN{secrets.token_urlsafe(40)}"
    vendor.collection(ACCESS).put(
        token_,
        {"id": token_, "refresh": grant["id"], "expires_at": vendor.now() + LIFE_SECONDS},
    )
    return {
        "access_token": token_,
        "refresh_token": grant["id"],
        "expires_in": LIFE_SECONDS,
        "token_type": "bearer",
        "hub_id": PORTAL_ID,
        "user_id": USER_ID,
        "scopes": grant["scopes"],
    }


def _check_app(form: Json) -> None:
    if form.get("client_id") != CLIENT_ID:
        raise refused("BAD_CLIENT_ID", "missing or unknown client id", "invalid_client")
    if form.get("client_secret") != CLIENT_SECRET:
        raise refused("BAD_CLIENT_SECRET", "missing or invalid client secret", "invalid_client")


# --- Asking -------------------------------------------------------------------------------------


def caller(vendor: Vendor, request: VendorRequest) -> tuple[str, list[str]]:
    """The token and its scopes; raises 401. A private app's token may do everything."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        raise unauthorized()
    if given.startswith(PRIVATE_APP):
        if not given.startswith(KNOWN_APPS) or given in revoked(vendor):
            raise unauthorized()
        return given, [EVERYTHING]
    access = vendor.collection(ACCESS).get(given)
    grant = vendor.collection(GRANTS).get(access["refresh"]) if access else None
    if access is None or grant is None or not grant["is_live"]:
        raise unauthorized()
    if access["expires_at"] <= vendor.now():
        raise unauthorized(is_expired=True)
    return given, grant["scopes"]


def revoked(vendor: Vendor) -> list[str]:
    """Private apps' tokens that were rotated away."""
    row = vendor.collection(GRANTS).get("private")
    return list(row["revoked"]) if row else []


def private_revoke(vendor: Vendor, token_: str) -> None:
    row = {"id": "private", "revoked": [*revoked(vendor), token_], "is_live": False}
    vendor.collection(GRANTS).put("private", row)


def scope_check(endpoint: Endpoint, named: dict[str, str], scopes: list[str]) -> None:
    """Raises 403. Engagements are covered by the contacts' scopes."""
    if not endpoint.scope or EVERYTHING in scopes:
        return
    kind = named.get("kind", "contacts")
    if kind == "tickets":
        wanted = "tickets"
    else:
        access = "write" if endpoint.is_write else "read"
        kind = kind if kind in CRM_KINDS else "contacts"
        wanted = endpoint.scope.format(kind=kind, access=access)
    if wanted not in scopes:
        raise missing_scopes([wanted])


TOKEN = "/oauth/2026-03/token"  # noqa: S105  # a path
ENDPOINTS = [
    Endpoint("POST", TOKEN, token, is_open=True),
    Endpoint("POST", "/oauth/v1/token", token, is_open=True),
    Endpoint("POST", f"{TOKEN}/introspect", introspect, is_open=True),
    Endpoint("POST", f"{TOKEN}/revoke", revoke, is_open=True),
]

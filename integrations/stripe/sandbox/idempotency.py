"""Keeps the reply of each Idempotency-Key for a day, and plays it back."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable

from integrations.hub.sandbox.fake import VendorRequest, VendorResponse
from integrations.hub.sandbox.vendor import Vendor
from integrations.stripe.sandbox.errors import ApiError

COLLECTION = "_idempotency"
KEPT_SECONDS = 24 * 3600
MAX_LENGTH = 255
HEADER = "idempotency-key"


class IdempotencyKeys:
    """One reply a key; a second request with the key gets the first one's reply."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._running: dict[str, str] = {}
        self._lock = threading.Lock()

    def once(self, request: VendorRequest, work: Callable[[], VendorResponse]) -> VendorResponse:
        """Raises ApiError for a key that is too long, in use, or was sent with other parameters."""
        key = request.headers.get(HEADER, "")
        if request.method != "POST" or not key:
            return work()
        print_ = fingerprint(request)
        with self._lock:
            kept = self._kept(key, print_)
            if kept is not None:
                return kept
            self._running[key] = print_
        try:
            response = work()
            if _is_final(response.status):
                self.keep(request, response)
            return response
        finally:
            with self._lock:
                del self._running[key]

    def keep(self, request: VendorRequest, response: VendorResponse) -> None:
        row = {
            "fingerprint": fingerprint(request),
            "at": self._vendor.now(),
            "status": response.status,
            "headers": dict(response.headers),
            "body": base64.b64encode(response.body).decode(),
        }
        self._vendor.collection(COLLECTION).put(request.headers[HEADER], row)

    def forget(self) -> int:
        """As if the day had passed; how many keys were forgotten."""
        rows = self._vendor.collection(COLLECTION)
        number = rows.count()
        rows.keep_newest(0)
        return number

    def _kept(self, key: str, print_: str) -> VendorResponse | None:
        if len(key) > MAX_LENGTH:
            raise ApiError(400, f"Idempotency keys may have at most {MAX_LENGTH} characters.")
        row = self._vendor.collection(COLLECTION).get(key)
        if row is not None and row["at"] + KEPT_SECONDS < self._vendor.now():
            row = None
        known = row["fingerprint"] if row else self._running.get(key)
        if known is not None and known != print_:
            raise ApiError(
                400,
                "Keys for idempotent requests can only be used with the same parameters they "
                f"were first used with. Try using a key other than '{key}'.",
                kind="idempotency_error",
            )
        if key in self._running:
            raise ApiError(
                409,
                "There is currently another in-progress request using this Idempotency Key.",
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        if row is None:
            return None
        headers = {**row["headers"], "Idempotent-Replayed": "true"}
        return VendorResponse(row["status"], base64.b64decode(row["body"]), headers)


def fingerprint(request: VendorRequest) -> str:
    asked = f"{request.method} {request.path}?{request.query}".encode()
    return hashlib.sha256(asked + b"\n" + request.body).hexdigest()


def _is_final(status: int) -> bool:
    """Refusals made before any work, and limits, are not kept."""
    return status < 400 or status == 402 or status >= 500

"""What the person is told after a write: a message on the next page, with its undo if any."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import trigger_client_event


def notify(request: HttpRequest, text: str, *, undo: str = "") -> None:
    """Show `text` on the next page; `undo` is a URL that takes a POST (see messages.html)."""
    messages.success(request, text, extra_tags=undo)


def notify_error(request: HttpRequest, text: str) -> None:
    """What was refused, in a service's words."""
    messages.error(request, text)


def toast(response: HttpResponse, text: str, *, undo: str = "") -> HttpResponse:
    """The same for a region that htmx swaps."""
    return trigger_client_event(response, "toast", {"message": text, "kind": "ok", "undo": undo})


def back_to(request: HttpRequest, fallback: str) -> HttpResponseRedirect:
    """Redirect to the page named in `next` if it is ours, else to `fallback`."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(wanted) if is_ours else HttpResponseRedirect(fallback)

"""Template tags of the design system: small pieces of markup every page repeats."""

from __future__ import annotations

import re
import zlib
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from textwrap import shorten
from typing import Any, Protocol

from django import template
from django.template.context import RequestContext
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from crm.templatetags.moments import is_late, moment_in_full, moment_in_words
from crm.templatetags.phones import phone_dialled, phone_in_words
from crm.templatetags.tones import ICON_OF_ACTIVITY, TONE_OF_ACTIVITY, health_tone, tone_of

register = template.Library()

HUES = 6
STAGE_HUES = 5
SPRITE = "icons.svg"
SYMBOLS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "AUD": "A$",
    "CAD": "C$",
    "NZD": "NZ$",
}
# Currencies without a minor unit (ISO 4217, exponent 0).
WHOLE_UNITS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV"}
    | {"XAF", "XOF", "XPF"}
)
# And those whose minor unit is a thousandth.
THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


class StageLike(Protocol):
    order: int
    is_won: bool
    is_lost: bool


@register.simple_tag
def icon(name: str, css_class: str = "") -> SafeString:
    """A drawing from the sprite; decoration only, so the words beside it must say it too."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        f" {css_class}" if css_class else "",
        static(SPRITE),
        name,
    )


@register.simple_tag
def badge(label: object, value: object = "") -> SafeString:
    """A dot and a word. `value` is a tone's name or a stored value that has one."""
    tone = tone_of(value)
    css_class = f"badge badge-{tone}" if tone else "badge"
    return format_html('<span class="{}">{}</span>', css_class, label)


@register.simple_tag
def avatar(name: object, css_class: str = "") -> SafeString:
    """Initials on a tint that stays the same for the same name."""
    text = str(name or "")
    hue = zlib.crc32(text.casefold().encode()) % HUES + 1
    return format_html(
        '<span class="avatar hue-{}{}" aria-hidden="true">{}</span>',
        hue,
        f" {css_class}" if css_class else "",
        initials(text),
    )


def initials(name: str) -> str:
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    chosen = words if len(words) == 1 else [words[0], words[-1]]
    return "".join(word[0] for word in chosen).upper()


@register.filter
def money(amount: Decimal | float | None, currency: object = "") -> str:
    """`$1,200.00`: grouped by locale, rounded to the currency's minor unit; nothing for nothing."""
    if not isinstance(amount, Decimal | float | int):
        return ""
    code = str(currency or "").upper()
    places = 0 if code in WHOLE_UNITS else 3 if code in THOUSANDTHS else 2
    # Django's own formatting cuts places off, which makes 9.999 into 9.99.
    rounded = Decimal(str(amount)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    figure = formats.number_format(abs(rounded), places, force_grouping=True)
    symbol = SYMBOLS.get(code, f"{code} " if code else "")
    return f"{'−' if rounded < 0 else ''}{symbol}{figure}"  # noqa: RUF001 (a true minus sign)


@register.filter
def number(value: int | Decimal | None) -> str:
    """`4,200`: grouped by locale."""
    return "" if value is None else formats.number_format(value, force_grouping=True)


@register.filter
def counted(count: int, noun: str) -> str:
    """`1 row`, `4,200 rows`; a plural that is not made with an s is given: `entry,entries`."""
    one, _, many = noun.partition(",")
    return f"{number(count)} {one if count == 1 else many or f'{one}s'}"


@register.filter
def cut(text: str, most: int) -> str:
    """At the end of a word, with an ellipsis, where it is longer."""
    return shorten(str(text), width=most, placeholder=" …")


@register.filter
def breakable(name: str) -> SafeString:
    """An identifier that a line may break after a dot or an underscore, and within no word."""
    parts = re.split(r"(?<=[._])", str(name))
    return format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in parts))


@register.simple_tag
def phone(stored: str) -> SafeString:
    """The number grouped as its country writes it, in a link that calls it."""
    shown, dialled = phone_in_words(str(stored or "")), phone_dialled(str(stored or ""))
    if not dialled:
        return format_html("{}", shown)
    return format_html('<a class="nowrap" href="tel:{}">{}</a>', dialled, shown)


@register.simple_tag
def mail(address: str) -> SafeString:
    """A link that writes to the address; what is none stays text."""
    if "@" not in str(address or ""):
        return format_html("{}", address or "")
    return format_html('<a href="mailto:{}">{}</a>', address, address)


@register.simple_tag
def relative_time(moment: datetime | date | None, css_class: str = "") -> SafeString:
    """`3 h ago` in a <time> whose title is the full date."""
    if not moment:
        return SafeString()
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>',
        moment.isoformat(),
        moment_in_full(moment),
        format_html(' class="{}"', css_class) if css_class else "",
        moment_in_words(moment, timezone.now()),
    )


@register.simple_tag
def due(moment: datetime | date | None, *, done: bool = False) -> SafeString:
    """Like relative_time, and says so in words and colour when the moment has passed."""
    if not moment or done or not is_late(moment, timezone.now()):
        return relative_time(moment)
    return format_html('<span class="tone-err">Late: {}</span>', relative_time(moment))


@register.simple_tag
def health(score: int | None) -> SafeString:
    if score is None:
        return SafeString()
    return format_html(
        '<span class="health"><progress class="bar bar-{}" value="{}" max="100"'
        ' aria-label="Health {} of 100"></progress>{}</span>',
        health_tone(score),
        score,
        score,
        score,
    )


@register.filter
def tone(value: object) -> str:
    return tone_of(value)


@register.filter
def stage_class(stage: StageLike | None) -> str:
    """The dot colour of a pipeline stage: by its place, green when won, red when lost."""
    if stage is None:
        return ""
    if stage.is_won:
        return "stage-won"
    if stage.is_lost:
        return "stage-lost"
    return f"stage-{stage.order % STAGE_HUES + 1}"


register.filter("health_tone", health_tone)


@register.filter
def activity_icon(kind: object) -> str:
    return ICON_OF_ACTIVITY.get(str(kind), "activity")


@register.filter
def activity_tone(kind: object) -> str:
    return TONE_OF_ACTIVITY.get(str(kind), "")


@register.inclusion_tag("components/nav_link.html", takes_context=True)
def nav_link(
    context: RequestContext, url_name: str, label: str, icon_name: str, go: str = ""
) -> dict[str, Any]:
    """A link of the side bar; `go` is the second key of its `g …` shortcut."""
    url = reverse(url_name)
    path = getattr(context.get("request"), "path", "")
    is_current = path == url if url == "/" else path.startswith(url)
    return {"url": url, "label": label, "icon": icon_name, "go": go, "is_current": is_current}


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(
    context: RequestContext, field: str, label: str, *, default: str = "", css_class: str = ""
) -> dict[str, Any]:
    """A column head whose link sorts by `field`, then the other way; `default` is the page's."""
    query = context["request"].GET.copy()
    current = query.get("sort") or default
    direction = {field: "ascending", f"-{field}": "descending"}.get(current, "")
    query["sort"] = f"-{field}" if direction == "ascending" else field
    query.pop("page", None)
    return {
        "field": field,
        "label": label,
        "css_class": css_class,
        "direction": direction,
        "url": f"?{query.urlencode()}",
    }

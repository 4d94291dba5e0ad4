"""Turns the text of one cell into the value of one field: pure functions, one for each kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from crm.choices import Lifecycle
from crm.rules.identity import domain_normal, linkedin_normal
from imports.custom import custom_cell
from imports.dates import AmbiguousDate, moment_parse
from imports.errors import BadValue
from imports.fields import Field, Kind
from imports.phones import phone_quick
from imports.words import NO, YES

PLAIN_EMAIL: Final = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
ANGLED: Final = re.compile(r".*<([^<>]+)>\s*")
DOMAIN: Final = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{1,62}")
SEPARATORS: Final = re.compile(r"[;,|\n]")
FORMULA_MARKS: Final = "=+-@"
LIFECYCLE_WORDS: Final[Mapping[str, Lifecycle]] = {
    **{choice.value: choice for choice in Lifecycle},
    "subscriber": Lifecycle.LEAD,
    "prospect": Lifecycle.LEAD,
    "new": Lifecycle.LEAD,
    "cold lead": Lifecycle.LEAD,
    "warm lead": Lifecycle.LEAD,
    "hot lead": Lifecycle.LEAD,
    "marketing qualified": Lifecycle.MQL,
    "marketing qualified lead": Lifecycle.MQL,
    "marketingqualifiedlead": Lifecycle.MQL,
    "sales qualified": Lifecycle.SQL,
    "sales qualified lead": Lifecycle.SQL,
    "salesqualifiedlead": Lifecycle.SQL,
    "qualified": Lifecycle.SQL,
    "evangelist": Lifecycle.CUSTOMER,
    "client": Lifecycle.CUSTOMER,
    "active customer": Lifecycle.CUSTOMER,
}


@dataclass(frozen=True)
class Surroundings:
    """What the meaning of a cell depends on beside its text."""

    country: str
    time_zone: str
    date_order: str = ""
    owners: Mapping[str, int] = field(default_factory=dict)
    custom: tuple[Field, ...] = ()


Cleaner = Callable[[str], Any]
TEXT_CHANGES: Final[dict[str, Callable[[str], str]]] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
}


def cleaner_for(target: Field, surroundings: Surroundings) -> Cleaner:
    """The function from a stripped, filled cell to a value; it raises BadValue."""
    kind, limit = target.kind, target.max_length
    if target.definition is not None:
        return partial(
            custom_cell,
            definition=target.definition,
            order=surroundings.date_order,
            time_zone=surroundings.time_zone,
        )
    cleaners: dict[Kind, Cleaner] = {
        Kind.TEXT: partial(text_value, limit=limit, label=target.label),
        Kind.NAME: partial(text_value, limit=limit, label=target.label),
        Kind.EMAIL: email_value,
        Kind.EMAILS: emails_value,
        Kind.PHONE: partial(phone_value, country=surroundings.country),
        Kind.URL: partial(url_value, limit=limit, label=target.label),
        Kind.DOMAIN: domain_value,
        Kind.TAGS: partial(tags_value, limit=limit),
        Kind.LIFECYCLE: lifecycle_value,
        Kind.BOOLEAN: boolean_value,
        Kind.MOMENT: partial(
            moment_value, order=surroundings.date_order, time_zone=surroundings.time_zone
        ),
        Kind.OWNER: partial(owner_value, owners=surroundings.owners),
    }
    return cleaners[kind]


def text_value(text: str, *, limit: int, label: str) -> str:
    if "\n" in text or "\t" in text or "  " in text:
        text = " ".join(text.split())
    if len(text) > limit:
        raise BadValue("too_long", f"{label} has {len(text):,} characters; {limit} are allowed.")
    return text


def email_value(text: str) -> str:
    address = text.lower()
    if PLAIN_EMAIL.fullmatch(address):
        return address
    if "<" in address and (angled := ANGLED.fullmatch(address)):
        address = angled[1].strip()
    address = address.removeprefix("mailto:").strip()
    try:
        validate_email(address)
    except ValidationError:
        raise BadValue("invalid_email", "This is not an e-mail address.") from None
    if len(address) > 254:
        raise BadValue("too_long", "The e-mail address has more than 254 characters.")
    return address


def emails_value(text: str) -> list[str]:
    return [email_value(part.strip()) for part in SEPARATORS.split(text) if part.strip()]


def phone_value(text: str, *, country: str) -> tuple[str, str]:
    """E.164, or the text itself where it is no number, and the raw text."""
    raw = text[:100]
    number = phone_quick(text, country)
    if number is None and len(text) > 40:
        raise BadValue("too_long", "The phone number has more than 40 characters.", is_mild=True)
    return number or text, raw


@lru_cache(maxsize=20_000)
def url_value(text: str, *, limit: int, label: str) -> str:
    url = text if "://" in text else f"https://{text}"
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in {"http", "https"} or not DOMAIN.fullmatch(domain_normal(url)):
        raise BadValue("invalid_url", f"{label}: this is not a web address.", is_mild=True)
    if len(url) > limit or " " in url:
        raise BadValue("invalid_url", f"{label}: this web address is too long.", is_mild=True)
    host, slash, path = rest.partition("/")
    url = f"{scheme.lower()}://{host.lower()}{slash}{path}"
    return linkedin_normal(url) if "linkedin.com/" in url else url


@lru_cache(maxsize=20_000)
def domain_value(text: str) -> str:
    domain = domain_normal(text.rpartition("@")[2])
    if len(domain) > 253 or not DOMAIN.fullmatch(domain):
        raise BadValue("invalid_domain", "This is not an internet domain.", is_mild=True)
    return domain


@lru_cache(maxsize=2_000)
def tags_value(text: str, *, limit: int) -> tuple[str, ...]:
    tags = [" ".join(part.split()) for part in SEPARATORS.split(text)]
    long = next((tag for tag in tags if len(tag) > limit), None)
    if long is not None:
        raise BadValue("too_long", f"A tag has more than {limit} characters.", is_mild=True)
    return tuple(dict.fromkeys(tag for tag in tags if tag))


@lru_cache(maxsize=2_000)
def lifecycle_value(text: str) -> str:
    word = text.lower().replace("_", " ").replace("-", " ").strip()
    found = LIFECYCLE_WORDS.get(word)
    if found is None:
        raise BadValue(
            "unknown_word", f"“{text[:40]}” is no lifecycle stage we know.", is_mild=True
        )
    return found.value


def boolean_value(text: str) -> bool:
    word = text.lower()
    if word in YES or word in NO:
        return word in YES
    raise BadValue("unknown_word", f"“{text[:40]}” is neither yes nor no.", is_mild=True)


def moment_value(text: str, *, order: str, time_zone: str) -> Any:
    try:
        return moment_parse(text, order, time_zone)
    except AmbiguousDate:
        said = f"“{text[:40]}” may be day first or month first. Choose the order of dates."
        raise BadValue("ambiguous_date", said) from None
    except (ValueError, OverflowError):
        raise BadValue("invalid_date", f"“{text[:40]}” is not a date.", is_mild=True) from None


def owner_value(text: str, *, owners: Mapping[str, int]) -> int:
    found = owners.get(text.lower())
    if found is None:
        said = f"No member of this workspace is called “{text[:60]}”."
        raise BadValue("unknown_owner", said, is_mild=True)
    return found

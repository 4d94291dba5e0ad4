"""How the marks by which people and companies are recognised are written: pure functions."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

import phonenumbers

E164 = re.compile(r"\+[1-9]\d{7,14}")
FREE_MAIL_DOMAINS = frozenset(
    {
        "aol.com", "fastmail.com", "gmail.com", "gmx.com", "gmx.de", "gmx.net", "googlemail.com",
        "hotmail.com", "icloud.com", "live.com", "mail.com", "mail.ru", "me.com", "msn.com",
        "outlook.com", "proton.me", "protonmail.com", "qq.com", "web.de", "yahoo.com",
        "yandex.ru", "ymail.com", "zoho.com",
    }
)  # fmt: skip


def email_normal(text: str) -> str:
    return text.strip().lower()


@lru_cache(maxsize=20_000)
def phone_e164(text: str, country: str) -> str | None:
    """The number in E.164, read as one of `country` (ISO alpha-2); None when it is none."""
    if E164.fullmatch(text):
        return text
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_country(code: str) -> bool:
    """Whether phone numbers can be read as those of a country (ISO alpha-2)."""
    return code.upper() in phonenumbers.SUPPORTED_REGIONS


def domain_normal(text: str) -> str:
    """The bare host of a domain or web address: `https://www.Acme.com/x` is `acme.com`."""
    text = text.strip().lower()
    if not text:
        return ""
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return text
    return host.removeprefix("www.").rstrip(".")


def email_domain(email: str) -> str:
    """The company's domain in an address; empty for a free mail service."""
    domain = email_normal(email).rpartition("@")[2]
    return "" if domain in FREE_MAIL_DOMAINS else domain


def linkedin_normal(url: str) -> str:
    """One spelling for each profile: no query, no slash at the end, always the same host."""
    path = url.partition("linkedin.com/")[2].partition("?")[0].partition("#")[0].rstrip("/")
    return f"https://www.linkedin.com/{path}"


def linkedin_spellings(url: str) -> tuple[str, ...]:
    """How others write the same profile, in lower case; of no profile there is none."""
    path = linkedin_normal(url.lower()).removeprefix("https://www.linkedin.com/")
    if not path:
        return ()
    hosts = ("https://www.", "https://", "http://www.", "http://")
    return tuple(f"{host}linkedin.com/{path}{end}" for host in hosts for end in ("", "/"))

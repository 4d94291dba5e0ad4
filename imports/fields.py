"""The fields a column may fill, with the names other systems give them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Final

from crm.choices import FieldKind
from crm.models import CustomField
from imports.choices import ImportObject


class Kind(StrEnum):
    """How the text of a cell becomes a value."""

    TEXT = "text"
    NAME = "name"
    EMAIL = "email"
    EMAILS = "emails"
    PHONE = "phone"
    URL = "url"
    DOMAIN = "domain"
    TAGS = "tags"
    LIFECYCLE = "lifecycle"
    BOOLEAN = "boolean"
    MOMENT = "moment"
    OWNER = "owner"
    CUSTOM = "custom"


ACCOUNT_PREFIX: Final = "account."
CUSTOM_PREFIX: Final = "custom."


@dataclass(frozen=True)
class Field:
    """One target: `key` is stored in mappings, `record` and `name` say what it fills.

    `definition` is that of a field the workspace added itself.
    """

    key: str
    label: str
    kind: Kind
    synonyms: tuple[str, ...]
    max_length: int = 0
    definition: CustomField | None = None

    @property
    def record(self) -> str:
        return "account" if self.key.startswith(ACCOUNT_PREFIX) else "contact"

    @property
    def name(self) -> str:
        return self.key.removeprefix(ACCOUNT_PREFIX)

    @property
    def group(self) -> str:
        return "Company" if self.record == "account" else "Contact"

    @property
    def is_dated(self) -> bool:
        """Whether its cells hold dates, whose order of day and month may have to be asked."""
        is_day = self.definition is not None and self.definition.kind == FieldKind.DATE
        return is_day or self.kind is Kind.MOMENT


# Synonyms are written as headers.header_normal leaves a header: lower case, single blanks.
CONTACT_FIELDS: Final[tuple[Field, ...]] = (
    Field("first_name", "First name", Kind.NAME, (
        "first name", "firstname", "given name", "forename", "contact first name",
        "person first name", "first", "vorname", "prenom", "nombre",
    ), 100),
    Field("last_name", "Last name", Kind.NAME, (
        "last name", "lastname", "surname", "family name", "contact last name",
        "person last name", "last", "nachname", "nom", "apellidos", "apellido",
    ), 100),
    Field("full_name", "Full name", Kind.NAME, (
        "full name", "name", "contact name", "person name", "display name", "contact",
        "contact full name", "person", "file as",
    ), 201),
    Field("email", "E-mail", Kind.EMAIL, (
        "email", "e mail", "email address", "e mail address", "work email", "primary email",
        "email 1", "business email", "contact email", "person email", "email work",
        "person email work", "e mail 1 value", "email 1 value", "mail", "courriel", "correo",
        "email addresses", "person email other",
    ), 254),
    Field("other_emails", "Other e-mails", Kind.EMAILS, (
        "other emails", "additional email addresses", "additional emails", "email 2",
        "e mail 2 address", "secondary email", "other email", "personal email", "email home",
        "person email home", "alternate email", "e mail 2 value", "alternative email",
    ), 254),
    Field("phone", "Phone", Kind.PHONE, (
        "phone", "phone number", "telephone", "tel", "business phone", "work phone", "phone work",
        "person phone work", "contact phone", "primary phone", "phone 1 value", "office phone",
        "direct phone", "telefon", "telefono", "person phone",
    ), 40),
    Field("mobile", "Mobile", Kind.PHONE, (
        "mobile", "mobile phone", "mobile phone number", "cell", "cell phone", "mobile number",
        "person phone mobile", "phone mobile", "phone 2 value", "handy", "cellphone",
    ), 40),
    Field("title", "Job title", Kind.TEXT, (
        "job title", "title", "position", "role", "job", "jobtitle", "person job title",
        "organization title", "organization 1 title", "designation",
    ), 150),
    Field("linkedin_url", "LinkedIn URL", Kind.URL, (
        "linkedin url", "linkedin", "linkedin profile", "linkedin profile url", "linked in",
        "person linkedin", "linkedin bio", "linkedin link",
    ), 500),
    Field("lifecycle", "Lifecycle", Kind.LIFECYCLE, (
        "lifecycle", "lifecycle stage", "stage", "contact stage", "person label", "label",
    )),
    Field("source", "Source", Kind.TEXT, (
        "source", "lead source", "original source", "original traffic source", "contact source",
        "latest traffic source", "latest source", "record source",
    ), 100),
    Field("source_detail", "Source detail", Kind.TEXT, (
        "source detail", "original source drill down 1", "lead source detail",
        "original traffic source drill down 1", "source details",
    ), 250),
    Field("tags", "Tags", Kind.TAGS, (
        "tags", "tag", "categories", "category", "labels", "groups", "group membership", "keywords",
    ), 60),
    Field("owner", "Owner", Kind.OWNER, (
        "owner", "contact owner", "record owner", "person owner", "assigned to", "owner email",
        "account manager", "sales rep", "owner name", "contact owner email",
    )),
    Field("email_opt_in", "E-mail opt-in", Kind.BOOLEAN, (
        "email opt in", "opt in", "opted in", "subscribed", "newsletter", "marketing consent",
        "marketing opt in", "consent", "email consent", "person marketing status",
    )),
    Field("email_opt_out", "E-mail opt-out", Kind.BOOLEAN, (
        "email opt out", "opt out", "opted out", "unsubscribed", "unsubscribed from all email",
        "has opted out of email", "opted out of email", "do not email",
    )),
    Field("last_contacted_at", "Last contacted", Kind.MOMENT, (
        "last contacted", "last contact", "last activity", "last activity date",
        "last contacted at", "last contact date", "last contact time", "person last activity date",
    )),
)  # fmt: skip

ACCOUNT_FIELDS: Final[tuple[Field, ...]] = (
    Field("account.name", "Company name", Kind.TEXT, (
        "company", "company name", "account", "account name", "organization", "organisation",
        "organization name", "organisation name", "associated company", "employer", "business",
        "person organization", "business name", "firma", "societe", "empresa",
        "organization 1 name", "primary associated company",
    ), 200),
    Field("account.domain", "Company domain", Kind.DOMAIN, (
        "domain", "company domain", "company domain name", "domain name", "website domain",
        "account domain", "email domain", "organization domain",
    ), 253),
    Field("account.website", "Company website", Kind.URL, (
        "website", "website url", "web site", "company website", "account website", "web page",
        "url", "business homepage", "homepage", "web", "organization website", "website 1 value",
    ), 500),
    Field("account.industry", "Industry", Kind.TEXT, (
        "industry", "company industry", "sector", "account industry", "organization industry",
    ), 100),
    Field("account.phone", "Company phone", Kind.PHONE, (
        "company phone", "company phone number", "account phone", "company main phone",
        "organization phone", "main phone", "switchboard",
    ), 40),
    Field("account.street", "Street", Kind.TEXT, (
        "street", "street address", "address", "mailing street", "business street", "address 1",
        "address line 1", "billing street", "company address", "company street address",
        "organization address", "address 1 street",
    ), 200),
    Field("account.city", "City", Kind.TEXT, (
        "city", "company city", "mailing city", "business city", "billing city", "town", "suburb",
        "locality", "account city", "organization city", "address 1 city",
    ), 100),
    Field("account.region", "State or region", Kind.TEXT, (
        "state", "region", "state region", "mailing state", "business state", "province",
        "billing state", "county", "company state", "state province", "mailing state province",
        "business state province", "account state", "address 1 region",
    ), 100),
    Field("account.postal_code", "Postal code", Kind.TEXT, (
        "postal code", "zip", "zip code", "postcode", "mailing zip", "business postal code",
        "mailing zip postal code", "billing zip", "company postal code", "mailing postal code",
        "zip postal code", "address 1 postal code", "plz",
    ), 20),
    Field("account.country", "Country", Kind.TEXT, (
        "country", "country region", "company country", "mailing country", "business country",
        "billing country", "business country region", "company country region", "account country",
        "organization country", "address 1 country", "land",
    ), 100),
)  # fmt: skip

FIELDS: Final[dict[str, tuple[Field, ...]]] = {
    ImportObject.CONTACT: CONTACT_FIELDS + ACCOUNT_FIELDS,
}


def field_of(import_object: str, key: str, custom: Iterable[Field] = ()) -> Field | None:
    known = chain(FIELDS[import_object], custom)
    return next((field for field in known if field.key == key), None)

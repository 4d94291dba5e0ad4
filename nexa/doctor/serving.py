"""What serves people and vendors: pages' files, storage, mail, cache and addresses."""

from __future__ import annotations

import secrets
from smtplib import SMTPException

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import get_connection
from redis.exceptions import RedisError

from nexa.configuration import DEFAULT_BASE_URL
from nexa.doctor.demo import mend_of
from nexa.doctor.finding import Finding
from nexa.doctor.instance import running_here
from nexa.redaction import redact

BUILT_FILE = "icons.svg"


def assets_found() -> Finding:
    part = "Static files"
    if finders.find(BUILT_FILE) is None:
        return Finding(
            part, "the icons and fonts are not built", mend_of("Run manage.py build_assets.")
        )
    if settings.DEBUG:
        return Finding(part, "built; served as they are in DEBUG")
    try:
        staticfiles_storage.url("css/nexa.css")
    except (ValueError, OSError):
        return Finding(
            part,
            f"not collected into {settings.STATIC_ROOT}",
            mend_of("Run manage.py collectstatic --noinput."),
        )
    return Finding(part, f"collected in {settings.STATIC_ROOT}")


def storage_found() -> Finding:
    """Writes, reads and removes a small file, as an import does."""
    part = "File storage"
    where = f"bucket {settings.S3_BUCKET}" if settings.S3_BUCKET else str(settings.MEDIA_ROOT)
    try:
        _storage_used()
    except (OSError, Boto3Error, BotoCoreError, ClientError) as error:
        return Finding(
            part,
            f"{where} cannot be used: {redact(str(error))}",
            "Make the folder writable for this user, or mend the NEXA_S3_ settings.",
        )
    return Finding(part, f"{where} can be written and read")


def _storage_used() -> None:
    content = secrets.token_bytes(16)
    name = default_storage.save(f"doctor/{secrets.token_hex(8)}", ContentFile(content))
    try:
        with default_storage.open(name) as file:
            if file.read() != content:
                raise OSError("what was read is not what was written")
    finally:
        default_storage.delete(name)


def mail_found() -> Finding:
    part = "E-mail"
    if not settings.EMAIL_HOST:
        if settings.DEMO or settings.DEBUG:
            return Finding(part, "written to the log (demo or DEBUG)")
        return Finding(
            part,
            "not set: nobody can reset a password by mail",
            "Set EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, DEFAULT_FROM_EMAIL.",
        )
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        mail = get_connection()
        mail.open()
        mail.close()
    except (OSError, SMTPException) as error:
        return Finding(
            part,
            f"{server} does not let us in: {redact(str(error))}",
            "Check EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS, the user and the password.",
        )
    return Finding(part, f"{server} lets us in")


def cache_found() -> Finding:
    part = "Cache"
    if not settings.NEXA_REDIS_URL:
        return Finding(part, "in each process; set NEXA_REDIS_URL to share it between machines")
    key = f"doctor-{secrets.token_hex(4)}"
    try:
        cache.set(key, "1", 10)
        answered = cache.get(key) == "1"
    except RedisError as error:
        return Finding(
            part, f"Redis does not answer: {redact(str(error))}", "Check NEXA_REDIS_URL."
        )
    return Finding(part, "Redis answers", "" if answered else "Redis forgets what it is given.")


def address_found() -> Finding:
    if settings.DEMO or settings.DEBUG:
        found = running_here()
        address = found.address if found else f"{settings.NEXA_BASE_URL} (when started)"
        sandbox = (found.sandbox if found else settings.NEXA_SANDBOX_URL) or "none"
        return Finding("Address", f"{address}; sandbox of vendors: {sandbox}")
    if settings.NEXA_SANDBOX_URL:
        return Finding(
            "Address",
            "NEXA_SANDBOX_URL is set: no call reaches a vendor",
            "Unset NEXA_SANDBOX_URL and start everything again.",
        )
    found = running_here()
    # make run tells its processes where it serves, when nobody has said under which address.
    is_told = found is not None and settings.NEXA_BASE_URL == DEFAULT_BASE_URL
    return Finding("Address", found.address if found and is_told else settings.NEXA_BASE_URL)

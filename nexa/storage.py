"""Where files lie: uploads in a folder or an S3 bucket, static files beside the program."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def bucket_storage(
    *, bucket: str, endpoint_url: str, region: str, access_key: str, secret_key: str
) -> dict[str, Any]:
    """Private files in an S3 bucket; without keys the machine's own role is used."""
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": endpoint_url or None,
            "region_name": region or None,
            "access_key": access_key or None,
            "secret_key": secret_key or None,
            "default_acl": "private",
            "file_overwrite": False,
            "querystring_auth": True,
        },
    }


def folder_storage(folder: Path) -> dict[str, Any]:
    """Private files in a folder of this machine."""
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder, "file_permissions_mode": 0o600},
    }


def static_storage(*, debug: bool, demo: bool) -> dict[str, str]:
    """Hashed and compressed names; a demo skips compressing, which takes long."""
    if debug:
        return {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    if demo:
        return {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    return {"BACKEND": "nexa.static_storage.HashedStaticFilesStorage"}

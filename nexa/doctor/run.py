"""The whole examination; works on a machine where settings do not even load."""

from __future__ import annotations

from collections.abc import Callable

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from nexa.doctor.disks import disks_found
from nexa.doctor.finding import Finding
from nexa.doctor.machine import PROJECT, disk_found, packages_found, python_found
from nexa.embedded import default_data_folder
from nexa.redaction import redact

SETTING_ADVICE = (
    "Set it in the environment of every process (README, Settings). To only look around: make demo."
)


def examine() -> list[Finding]:
    """Every part in the order in which it should be mended."""
    found = [python_found(), packages_found(), settings_loaded()]
    if not found[-1].is_well:
        return [*found, disk_found(default_data_folder(PROJECT))]
    # Named, not imported above: the module reads settings as it loads.
    look: Callable[[], list[Finding]] = import_string("nexa.doctor.installation.look")
    return [*found, *look(), *disks_found()]


def settings_loaded() -> Finding:
    try:
        django.setup()
    except ImproperlyConfigured as error:
        return Finding("Settings", redact(str(error)), SETTING_ADVICE)
    except (ImportError, SyntaxError) as error:
        advice = "Run make environment; if the code was changed here, mend it."
        return Finding("Settings", f"the program does not load: {error}", advice)
    mode = "DEBUG" if settings.DEBUG else "demo" if settings.DEMO else "production"
    return Finding("Settings", f"load; mode: {mode}")

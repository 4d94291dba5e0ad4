"""The web server's entry with the tests' providers: `gunicorn tests.integrations.hub.web`."""

from __future__ import annotations

from django.conf import settings

from integrations.hub import registry
from nexa.wsgi import application
from tests.integrations.hub import echo
from tests.integrations.hub.mirror import provider_make
from tests.integrations.hub.mirror_calls import shape_of_environment

__all__ = ["application"]

# Pages come without collectstatic, as in the tests' own process.
settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
settings.STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
registry.add(echo.provider)
registry.add(provider_make(shape_of_environment()))

"""The web server's entry."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from nexa import patience

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexa.settings")
application = get_wsgi_application()
patience.limit()

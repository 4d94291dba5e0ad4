"""The web server's entry under ASGI."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

from nexa import patience

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexa.settings")
application = get_asgi_application()
patience.limit()

"""The application as a web server wants it."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hopenow.web.settings")
application = get_wsgi_application()

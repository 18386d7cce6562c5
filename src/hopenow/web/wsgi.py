"""The application as a web server wants it."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.db import connections

from hopenow.web import checks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hopenow.web.settings")
application = get_wsgi_application()
# Whatever started this process: it serves nothing from a database that would show one what is another's.
checks.refuse()
connections.close_all()

"""Whether the platform lives and can do its work; for load balancers and the operator's monitoring."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

import hopenow


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Say that the process answers."""
    return JsonResponse({"status": "ok", "version": hopenow.__version__})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Say whether the database answers; 503 when it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "because": "the database does not answer"}, status=503)
    return JsonResponse({"status": "ok", "version": hopenow.__version__})

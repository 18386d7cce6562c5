"""Middleware: an identifier for each request, and one transaction of one person around each view."""

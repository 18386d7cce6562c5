"""Workout programs, one package per authority.

A program added later is a package with a module-level ``PROGRAM`` and one line in ``registry.PROGRAMS``.
"""

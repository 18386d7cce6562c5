"""Every program, by id. The one place that a new program touches."""

from __future__ import annotations

import functools
import importlib

from hopenow.errors import InputError
from hopenow.programs.base import Program

PROGRAMS = ("fannie_mae", "freddie_mac", "private_label")


@functools.cache
def program(name: str) -> Program:
    """Return a program by id.

    Raises:
        InputError: no such program; the message lists those there are.
    """
    if name not in PROGRAMS:
        raise InputError(f"unknown program {name!r}; known: {', '.join(PROGRAMS)}")
    loaded = importlib.import_module(f"hopenow.programs.{name}").PROGRAM
    if not isinstance(loaded, Program):
        raise TypeError(f"hopenow.programs.{name}.PROGRAM is not a Program")
    return loaded

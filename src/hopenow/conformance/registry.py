"""Every handler by the word in which a case names its option. The one place that a new handler touches."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from hopenow.conformance import (
    clocks,
    fast_track,
    government,
    hamp,
    keeping,
    leaving,
    modification,
    options,
    order,
    value,
)
from hopenow.conformance.files import Case
from hopenow.conformance.handler import Handler
from hopenow.conformance.kinds import nearest
from hopenow.errors import InputError


@functools.cache
def handlers() -> Mapping[str, Handler]:
    """Return the handlers by option; those of an option of a named program are made when asked for."""
    found = (
        *modification.HANDLERS,
        *keeping.HANDLERS,
        *leaving.HANDLERS,
        *clocks.HANDLERS,
        *order.HANDLERS,
        *government.HANDLERS,
        *hamp.HANDLERS,
        *fast_track.HANDLERS,
        *value.HANDLERS,
    )
    return {item.option: item for item in found}


@functools.cache
def _by_word() -> Mapping[str, Handler]:
    own = handlers()
    return {**{word: item for item in own.values() for word in item.groups}, **own}


def handlers_of(case: Case) -> list[tuple[str | None, Handler]]:
    """Return under which programs a case is run, and what runs it there.

    Raises:
        InputError: the option is not known, or the case does not say whose rules apply.
    """
    if case.program:
        return [(who, _under_program(case, who)) for who in case.investors if who is not None]
    known = _by_word()
    if case.option not in known:
        raise InputError(f"unknown option {case.option!r}{nearest(case.option, list(known))}")
    handler = known[case.option]
    if case.investors:
        return [(who, handler) for who in case.investors]
    if handler.program is None:
        raise InputError("the key 'investor' or 'program' is missing")
    return [(handler.program, handler)]


def _under_program(case: Case, who: str) -> Handler:
    special = _by_word().get(case.option)
    if special is not None and who in special.programs:
        return special
    return options.program_handler(who, case.option)

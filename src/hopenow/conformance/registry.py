"""Every handler by the word in which a case names its option. The one place that a new handler touches."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from hopenow.conformance import clocks, keeping, leaving, modification, order
from hopenow.conformance.handler import Handler


@functools.cache
def handlers() -> Mapping[str, Handler]:
    """Return the handlers by option."""
    found = (*modification.HANDLERS, *keeping.HANDLERS, *leaving.HANDLERS, *clocks.HANDLERS, *order.HANDLERS)
    return {item.option: item for item in found}

"""The rule families: each a small function over a folded case.

To add rules: write them into a law file, write a function ``run(s, out)`` in a module of this package, and put it into
:data:`FAMILIES`. ``docs/clocks.md`` walks through it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hopenow.clocks.events import Loan
from hopenow.clocks.families import (
    early_intervention,
    errors,
    foreclosure,
    history,
    loss_mitigation,
    neighbors,
    programs,
    proposal,
    regulation_z,
    states,
    transfers,
)
from hopenow.clocks.output import Out
from hopenow.clocks.state import State


def always(loan: Loan) -> bool:
    """Rules that every loan is under (their own scope gates aside)."""
    return True


@dataclass(frozen=True, slots=True)
class Family:
    """A set of rules that are derived together.

    Attributes:
        name: for lists and messages.
        run: reads the state, writes items.
        applies: whether a loan can be under the rules at all; cheap, asked first.
    """

    name: str
    run: Callable[[State, Out], None]
    applies: Callable[[Loan], bool] = always


FAMILIES: tuple[Family, ...] = (
    Family("early intervention", early_intervention.run),
    Family("loss mitigation", loss_mitigation.run),
    Family("foreclosure", foreclosure.run),
    Family("transfers", transfers.run),
    Family("errors and requests", errors.run),
    Family("neighboring clocks", neighbors.run),
    Family("Regulation Z", regulation_z.run),
    Family("history", history.run),
    Family("proposal of 2024", proposal.run),
    Family("programs", programs.run, programs.applies),
    Family("state overlays", states.run, states.applies),
    # Last, because it looks at every protection above.
    Family("acts against protections", foreclosure.acts),
)
"""Every family, in the order in which items are derived; put new ones before the last."""

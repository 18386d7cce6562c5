"""Actions: the only writers of a case."""

from hopenow.web.cases.actions import lifecycle
from hopenow.web.cases.actions.base import ACTIONS, Action, Done, Form, Refused, Work, action, perform

__all__ = ["ACTIONS", "Action", "Done", "Form", "Refused", "Work", "action", "lifecycle", "perform"]

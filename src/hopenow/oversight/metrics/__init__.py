"""The metric registry: every figure with its definition, unit, version, source and breaks; and the figures."""

from hopenow.oversight.metrics.compute import STATES, compute, outcome, states
from hopenow.oversight.metrics.extrapolation import Extrapolation, extrapolate
from hopenow.oversight.metrics.published import Published, package_published, read_published
from hopenow.oversight.metrics.registry import Break, Metric, definitions, metrics, parameters

__all__ = [
    "STATES",
    "Break",
    "Extrapolation",
    "Metric",
    "Published",
    "compute",
    "definitions",
    "extrapolate",
    "metrics",
    "outcome",
    "package_published",
    "parameters",
    "read_published",
    "states",
]

"""Dated public series that the engine needs: house prices, mortgage and modification rates, state practice.

The package ships its own small tables; newer files of the publishers', in their own layouts, can be laid
beside them (see :mod:`hopenow.reference.tables`). A date that a series does not cover is refused, never
answered with a neighbor's figure.
"""

from __future__ import annotations

from hopenow.reference.catalog import describe
from hopenow.reference.foreclosure_practice import (
    ForeclosureInState,
    PracticeLine,
    StatePractice,
    foreclosure_in,
    foreclosure_practice,
    state_practice,
    state_practice_frame,
)
from hopenow.reference.house_prices import (
    MARK_REASONS,
    MARK_STATUS,
    IndexRatio,
    house_price_index,
    index_ratio,
    mark_value,
    read_fhfa_metro,
    read_fhfa_state,
)
from hopenow.reference.modification_rates import (
    RateFact,
    RateFloor,
    attach_modification_rate,
    attach_modification_rate_floor,
    modification_rate,
    modification_rate_floor,
    modification_rates,
    read_modification_rates_csv,
)
from hopenow.reference.mortgage_rates import (
    SurveyRate,
    lowest_pmms_rate,
    pmms_rate,
    read_pmms_csv,
    survey_series,
)
from hopenow.reference.parameters import Parameter, reference_parameters
from hopenow.reference.tables import VERIFICATION, TableInfo, Verification, reference_folder

__all__ = [
    "MARK_REASONS",
    "MARK_STATUS",
    "VERIFICATION",
    "ForeclosureInState",
    "IndexRatio",
    "Parameter",
    "PracticeLine",
    "RateFact",
    "RateFloor",
    "StatePractice",
    "SurveyRate",
    "TableInfo",
    "Verification",
    "attach_modification_rate",
    "attach_modification_rate_floor",
    "describe",
    "foreclosure_in",
    "foreclosure_practice",
    "house_price_index",
    "index_ratio",
    "lowest_pmms_rate",
    "mark_value",
    "modification_rate",
    "modification_rate_floor",
    "modification_rates",
    "pmms_rate",
    "read_fhfa_metro",
    "read_fhfa_state",
    "read_modification_rates_csv",
    "read_pmms_csv",
    "reference_folder",
    "reference_parameters",
    "state_practice",
    "state_practice_frame",
    "survey_series",
]

"""Published layouts of loan-performance files: names and contents of the fields, and the codes used in them.

A layout says what the loan-month reader needs to know: the names of all fields (so that any field can be
named in a finding), and for the fields that are read, the kind of text in them and the column they fill.
Columns come in two sets: `MONTHLY` changes from month to month, `STATIC` belongs to the loan and is taken
from its first row.

Sources: Fannie Mae, Single-Family Loan Performance Dataset and Credit Risk Transfer file layout and glossary
(108 and 110 fields), and the acquisition and performance files before 2020; Freddie Mac, Single-Family
Loan-Level Dataset file layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

# Kinds of text in a field.
SKIP, LOAN_ID, MONTH, WHOLE, MONEY, RATE, STATUS, WORD, NAME, HISTORY = range(10)

MONTHLY: Final = (
    "period",  # calendar month as year * 12 + month - 1
    "status",  # months delinquent; see the STATUS_ codes for what is not a number
    "rate",  # parts per million per year
    "upb",  # cents, with any deferred part
    "remaining_to_maturity",  # months to payoff at the present pace
    "maturity",  # calendar month
    "modified",  # word
    "ended",  # zero-balance code
    "plan",  # word
    "resolution",  # word
    "deferral",  # cents, all payment deferrals so far
    "non_interest_bearing",  # cents
    "interest_bearing",  # cents
    "score",  # current score of the borrower
    "score_co",  # current score of the co-borrower
    "mi_cancelled",  # word
    "servicer",  # where the name stands in the text
    "last_paid",  # calendar month of the last paid installment
    "disaster",  # word
    "remaining_legal",  # months from the reporting month to legal maturity
)
STATIC: Final = (
    "orig_rate",
    "orig_upb",
    "orig_term",
    "orig_date",
    "first_payment",
    "oltv",
    "orig_score",
    "orig_score_co",
    "units",
    "occupancy",
    "state",
    "metro",
    "zip3",
    "mi_percent",
    "amortization",
    "interest_only",
    "first_principal",
    "lifetime_cap",
)
MONTHLY_INDEX: Final = {name: place for place, name in enumerate(MONTHLY)}
STATIC_INDEX: Final = {name: place for place, name in enumerate(STATIC)}

STATUS_UNKNOWN: Final = -10
"""``XX``: the publisher does not know the payment status."""
STATUS_REO: Final = -11
"""``RA``: the property was acquired by the enterprise; the loan has ended."""
STATUS_NEGATIVE: Final = -12
"""``-1`` or ``-2``: filler that older files put on terminal rows."""


@dataclass(frozen=True)
class Layout:
    """One kind of file.

    Attributes:
        id: short name, such as ``fannie_mae_108``.
        title: name in plain words.
        investor: whose loans these are, in the words of the fact schema.
        role: ``joined`` (everything in each row), ``monthly`` or ``origination`` (two files that belong
            together).
        fields: names of all fields in order.
        reads: for the fields that are read, the kind and the column that they fill (``monthly`` or
            ``static``).
        year_first: six-digit dates are YYYYMM (otherwise MMYYYY).
    """

    id: str
    title: str
    investor: str
    role: str
    fields: tuple[str, ...]
    reads: Mapping[str, tuple[int, str]]
    year_first: bool = False

    @cached_property
    def kinds(self) -> list[int]:
        """Kind of each field, in order."""
        return [self.reads[name][0] if name in self.reads else SKIP for name in self.fields]

    @cached_property
    def targets(self) -> list[int]:
        """Column that each field fills: its place in `MONTHLY`, or 100 plus its place in `STATIC`."""
        places = []
        for name in self.fields:
            column = self.reads[name][1] if name in self.reads else ""
            if column in MONTHLY_INDEX:
                places.append(MONTHLY_INDEX[column])
            else:
                places.append(100 + STATIC_INDEX[column] if column in STATIC_INDEX else -1)
        return places


_FANNIE_108 = (
    "reference_pool_id",
    "loan_id",
    "reporting_period",
    "channel",
    "seller",
    "servicer",
    "master_servicer",
    "orig_rate",
    "curr_rate",
    "orig_upb",
    "upb_at_issuance",
    "curr_actual_upb",
    "orig_term",
    "orig_date",
    "first_pay",
    "loan_age",
    "rem_legal",
    "rem_maturity",
    "maturity",
    "oltv",
    "ocltv",
    "num_borrowers",
    "dti",
    "fico_b",
    "fico_co",
    "first_time",
    "purpose",
    "prop",
    "units",
    "occupancy",
    "state",
    "msa",
    "zip3",
    "mi_pct",
    "amort_type",
    "ppm",
    "io",
    "io_first_pi",
    "io_months",
    "delinquency",
    "payment_history",
    "mod_flag",
    "mi_cancel",
    "zb_code",
    "zb_date",
    "upb_at_removal",
    "repurchase_date",
    "sched_principal",
    "total_principal",
    "unsched_principal",
    "lpi_date",
    "foreclosure_date",
    "disposition_date",
    "fc_costs",
    "preservation",
    "recovery",
    "misc",
    "taxes",
    "net_sale",
    "ce_proceeds",
    "rmw_proceeds",
    "other_fc",
    "non_interest_bearing_upb",
    "principal_forgiveness",
    "orig_list_start",
    "orig_list_price",
    "curr_list_start",
    "curr_list_price",
    "fico_issue_b",
    "fico_issue_co",
    "fico_cur_b",
    "fico_cur_co",
    "mi_type",
    "servicing_activity",
    "curr_mod_loss",
    "cum_mod_loss",
    "curr_credit_event",
    "cum_credit_event",
    "homeready",
    "fc_writeoff",
    "relocation",
    "zb_change_date",
    "holdback",
    "holdback_date",
    "delinquent_accrued_interest",
    "valuation_method",
    "high_balance",
    "arm_initial_five_years_or_less",
    "arm_product",
    "arm_initial_months",
    "arm_adjustment_months",
    "arm_next_rate_date",
    "arm_next_payment_date",
    "arm_index",
    "arm_cap_structure",
    "arm_initial_cap",
    "arm_periodic_cap",
    "arm_lifetime_cap",
    "arm_margin",
    "balloon",
    "plan_number",
    "borrower_assistance_plan",
    "hltv_refi",
    "deal_name",
    "rmw_flag",
    "alternative_delinquency_resolution",
    "adr_count",
    "total_deferral_amount",
)
_FANNIE_READS: Mapping[str, tuple[int, str]] = {
    "loan_id": (LOAN_ID, ""),
    "reporting_period": (MONTH, "period"),
    "servicer": (NAME, "servicer"),
    "orig_rate": (RATE, "orig_rate"),
    "curr_rate": (RATE, "rate"),
    "orig_upb": (MONEY, "orig_upb"),
    "curr_actual_upb": (MONEY, "upb"),
    "orig_term": (WHOLE, "orig_term"),
    "orig_date": (MONTH, "orig_date"),
    "first_pay": (MONTH, "first_payment"),
    "rem_maturity": (WHOLE, "remaining_to_maturity"),
    "maturity": (MONTH, "maturity"),
    "oltv": (WHOLE, "oltv"),
    "fico_b": (WHOLE, "orig_score"),
    "fico_co": (WHOLE, "orig_score_co"),
    "units": (WHOLE, "units"),
    "occupancy": (WORD, "occupancy"),
    "state": (WORD, "state"),
    "msa": (WORD, "metro"),
    "zip3": (WORD, "zip3"),
    "mi_pct": (MONEY, "mi_percent"),
    "amort_type": (WORD, "amortization"),
    "io": (WORD, "interest_only"),
    "io_first_pi": (MONTH, "first_principal"),
    "delinquency": (STATUS, "status"),
    "payment_history": (HISTORY, ""),
    "mod_flag": (WORD, "modified"),
    "mi_cancel": (WORD, "mi_cancelled"),
    "zb_code": (WHOLE, "ended"),
    "lpi_date": (MONTH, "last_paid"),
    "non_interest_bearing_upb": (MONEY, "non_interest_bearing"),
    "fico_cur_b": (WHOLE, "score"),
    "fico_cur_co": (WHOLE, "score_co"),
    "arm_lifetime_cap": (RATE, "lifetime_cap"),
    "borrower_assistance_plan": (WORD, "plan"),
    "alternative_delinquency_resolution": (WORD, "resolution"),
    "total_deferral_amount": (MONEY, "deferral"),
}

FANNIE_MAE_108: Final = Layout(
    "fannie_mae_108",
    "Fannie Mae loan performance, 108 fields",
    "fannie_mae",
    "joined",
    _FANNIE_108,
    _FANNIE_READS,
)
FANNIE_MAE_110: Final = Layout(
    "fannie_mae_110",
    "Fannie Mae loan performance, 110 fields",
    "fannie_mae",
    "joined",
    (*_FANNIE_108, "payment_deferral_mod_indicator", "interest_bearing_upb"),
    {**_FANNIE_READS, "interest_bearing_upb": (MONEY, "interest_bearing")},
)
FANNIE_MAE_ACQUISITION: Final = Layout(
    "fannie_mae_acquisition",
    "Fannie Mae acquisition file before 2020, 25 fields",
    "fannie_mae",
    "origination",
    (
        "loan_id",
        "channel",
        "seller",
        "orig_rate",
        "orig_upb",
        "term",
        "orig_date",
        "first_pay",
        "oltv",
        "ocltv",
        "num_borrowers",
        "dti",
        "fico",
        "first_time",
        "purpose",
        "prop_type",
        "units",
        "occupancy",
        "state",
        "zip3",
        "mi_pct",
        "product",
        "co_fico",
        "mi_type",
        "relocation",
    ),
    {
        "loan_id": (LOAN_ID, ""),
        "orig_rate": (RATE, "orig_rate"),
        "orig_upb": (MONEY, "orig_upb"),
        "term": (WHOLE, "orig_term"),
        "orig_date": (MONTH, "orig_date"),
        "first_pay": (MONTH, "first_payment"),
        "oltv": (WHOLE, "oltv"),
        "fico": (WHOLE, "orig_score"),
        "units": (WHOLE, "units"),
        "occupancy": (WORD, "occupancy"),
        "state": (WORD, "state"),
        "zip3": (WORD, "zip3"),
        "mi_pct": (MONEY, "mi_percent"),
        "product": (WORD, "amortization"),
        "co_fico": (WHOLE, "orig_score_co"),
    },
)
FANNIE_MAE_PERFORMANCE: Final = Layout(
    "fannie_mae_performance",
    "Fannie Mae performance file before 2020, 31 fields",
    "fannie_mae",
    "monthly",
    (
        "loan_id",
        "reporting_period",
        "servicer",
        "curr_rate",
        "curr_actual_upb",
        "loan_age",
        "rem_legal",
        "adj_rem",
        "maturity",
        "msa",
        "delinquency",
        "mod_flag",
        "zb_code",
        "zb_date",
        "last_paid",
        "foreclosed_after",
        "disposition",
        "fc_costs",
        "preservation",
        "recovery",
        "misc",
        "taxes",
        "net_sale",
        "ce_proceeds",
        "repurchase_make_whole",
        "other_fc",
        "non_interest_bearing_upb",
        "principal_forgiveness",
        "rmw_flag",
        "fc_writeoff",
        "servicing_activity",
    ),
    {
        "loan_id": (LOAN_ID, ""),
        "reporting_period": (MONTH, "period"),
        "servicer": (NAME, "servicer"),
        "curr_rate": (RATE, "rate"),
        "curr_actual_upb": (MONEY, "upb"),
        "adj_rem": (WHOLE, "remaining_to_maturity"),
        "maturity": (MONTH, "maturity"),
        "msa": (WORD, "metro"),
        "delinquency": (STATUS, "status"),
        "mod_flag": (WORD, "modified"),
        "zb_code": (WHOLE, "ended"),
        "last_paid": (MONTH, "last_paid"),
        "non_interest_bearing_upb": (MONEY, "non_interest_bearing"),
    },
)
FREDDIE_MAC_ORIGINATION: Final = Layout(
    "freddie_mac_origination",
    "Freddie Mac origination file, 32 fields",
    "freddie_mac",
    "origination",
    (
        "credit_score",
        "first_payment_date",
        "first_time_homebuyer",
        "maturity_date",
        "msa",
        "mi_pct",
        "units",
        "occupancy",
        "cltv",
        "dti",
        "orig_upb",
        "ltv",
        "orig_rate",
        "channel",
        "prepayment_penalty",
        "amortization_type",
        "state",
        "property_type",
        "postal_code",
        "loan_sequence_number",
        "purpose",
        "orig_term",
        "num_borrowers",
        "seller",
        "servicer",
        "super_conforming",
        "pre_harp_loan_sequence_number",
        "program_indicator",
        "harp_indicator",
        "property_valuation_method",
        "interest_only",
        "mi_cancellation",
    ),
    {
        "credit_score": (WHOLE, "orig_score"),
        "first_payment_date": (MONTH, "first_payment"),
        "maturity_date": (MONTH, "maturity"),
        "msa": (WORD, "metro"),
        "mi_pct": (MONEY, "mi_percent"),
        "units": (WHOLE, "units"),
        "occupancy": (WORD, "occupancy"),
        "orig_upb": (MONEY, "orig_upb"),
        "ltv": (WHOLE, "oltv"),
        "orig_rate": (RATE, "orig_rate"),
        "amortization_type": (WORD, "amortization"),
        "state": (WORD, "state"),
        "postal_code": (WORD, "zip3"),
        "loan_sequence_number": (LOAN_ID, ""),
        "orig_term": (WHOLE, "orig_term"),
        "servicer": (NAME, "servicer"),
        "interest_only": (WORD, "interest_only"),
        "mi_cancellation": (WORD, "mi_cancelled"),
    },
    year_first=True,
)
FREDDIE_MAC_PERFORMANCE: Final = Layout(
    "freddie_mac_performance",
    "Freddie Mac monthly performance file, 32 fields",
    "freddie_mac",
    "monthly",
    (
        "loan_sequence_number",
        "reporting_period",
        "curr_upb",
        "delinquency_status",
        "loan_age",
        "rem_legal_months",
        "defect_settlement_date",
        "modification_flag",
        "zb_code",
        "zb_date",
        "curr_rate",
        "non_interest_bearing_upb",
        "due_date_last_paid_installment",
        "mi_recoveries",
        "net_sale_proceeds",
        "non_mi_recoveries",
        "total_expenses",
        "legal_costs",
        "preservation_costs",
        "taxes_insurance",
        "misc_expenses",
        "actual_loss",
        "cumulative_modification_cost",
        "step_modification_flag",
        "payment_deferral",
        "estimated_ltv",
        "zb_removal_upb",
        "delinquent_accrued_interest",
        "delinquency_due_to_disaster",
        "borrower_assistance_status",
        "current_month_modification_cost",
        "interest_bearing_upb",
    ),
    {
        "loan_sequence_number": (LOAN_ID, ""),
        "reporting_period": (MONTH, "period"),
        "curr_upb": (MONEY, "upb"),
        "delinquency_status": (STATUS, "status"),
        "rem_legal_months": (WHOLE, "remaining_legal"),
        "modification_flag": (WORD, "modified"),
        "zb_code": (WHOLE, "ended"),
        "curr_rate": (RATE, "rate"),
        "non_interest_bearing_upb": (MONEY, "non_interest_bearing"),
        "due_date_last_paid_installment": (MONTH, "last_paid"),
        "payment_deferral": (WORD, "resolution"),
        "delinquency_due_to_disaster": (WORD, "disaster"),
        "borrower_assistance_status": (WORD, "plan"),
        "interest_bearing_upb": (MONEY, "interest_bearing"),
    },
    year_first=True,
)
LAYOUTS: Final = (
    FANNIE_MAE_108,
    FANNIE_MAE_110,
    FANNIE_MAE_ACQUISITION,
    FANNIE_MAE_PERFORMANCE,
    FREDDIE_MAC_ORIGINATION,
    FREDDIE_MAC_PERFORMANCE,
)
LAYOUT_BY_ID: Final = {layout.id: layout for layout in LAYOUTS}

ZERO_BALANCE_CODES: Final[Mapping[int, str]] = {
    1: "prepaid or matured",
    2: "third-party sale",
    3: "short sale or charge-off",
    6: "repurchased",
    9: "deed-in-lieu or sale of the acquired property",
    15: "note sale",
    16: "reperforming loan sale",
    96: "removed without credit event",
    97: "removed for a delinquency event",
    98: "removed for other reasons",
}
"""Why a loan left the data (both enterprises)."""
OCCUPANCY: Final[Mapping[str, str]] = {"P": "principal_residence", "S": "second_home", "I": "investment"}
AMORTIZATION: Final[Mapping[str, str]] = {"FRM": "fixed", "ARM": "adjustable"}


def pack(word: str) -> int:
    """Return a word of at most seven ASCII characters as a whole number, as the reader stores it."""
    value = 0
    for character in word.encode("ascii"):
        value = value << 8 | character
    return value


def unpack(value: int) -> str:
    """Return the word that `pack` made into a whole number."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big").decode("latin-1")

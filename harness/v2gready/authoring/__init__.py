"""The public authoring API: all that a test case may import.

See docs/writing-a-test-case.md.
"""

from v2gready.authoring import der, energy, randomness, sae, wire
from v2gready.authoring.chains import ShowsChains
from v2gready.authoring.charger import (
    SERVICE_QUESTIONS,
    ChargerBench,
    ChargerCase,
    ChargerInvariant,
)
from v2gready.authoring.connections import (
    at_least,
    connection,
    foreign_requests,
    garbage,
    never_ok,
    out_of_order,
    serves,
)
from v2gready.authoring.ev import EvBench, EvCase, EvInvariant
from v2gready.authoring.expectations import (
    FAILED_CODES,
    OK_CODES,
    all_answered,
    answered,
    closes,
    describe,
    gives_up,
    holds,
    ignored,
    in_time,
    measured,
    refused,
    refused_or_closed,
    stays_open,
    tls_refused,
    worst,
)
from v2gready.authoring.order import Order
from v2gready.emulators.ev import EvSession, TlsUse, Unreached
from v2gready.model.case import INFORMATIVE, RECOMMENDED, REQUIRED
from v2gready.model.measurement import DecisionRule, Limit, Measurement, Provenance
from v2gready.model.observation import Inconclusive, Observation, Severity
from v2gready.model.trace import Event, EventKind, Exchange, Frame, Record, Sample, Trace
from v2gready.protocols import sdp, v2gtp
from v2gready.protocols.iso15118 import messages, timers
from v2gready.protocols.iso15118.evcc import AC_NAMESPACE, DC_NAMESPACE, Offer, Phase, Plan, Ratings
from v2gready.protocols.iso15118.secc import Eim
from v2gready.protocols.iso15118.services import (
    BptChannel,
    ControlMode,
    DerControlFunctions,
    MobilityNeedsMode,
    SaeModes,
    ServiceId,
)

__all__ = [
    "AC_NAMESPACE",
    "DC_NAMESPACE",
    "FAILED_CODES",
    "INFORMATIVE",
    "OK_CODES",
    "RECOMMENDED",
    "REQUIRED",
    "SERVICE_QUESTIONS",
    "BptChannel",
    "ChargerBench",
    "ChargerCase",
    "ChargerInvariant",
    "ControlMode",
    "DecisionRule",
    "DerControlFunctions",
    "Eim",
    "EvBench",
    "EvCase",
    "EvInvariant",
    "EvSession",
    "Event",
    "EventKind",
    "Exchange",
    "Frame",
    "Inconclusive",
    "Limit",
    "Measurement",
    "MobilityNeedsMode",
    "Observation",
    "Offer",
    "Order",
    "Phase",
    "Plan",
    "Provenance",
    "Ratings",
    "Record",
    "SaeModes",
    "Sample",
    "ServiceId",
    "Severity",
    "ShowsChains",
    "TlsUse",
    "Trace",
    "Unreached",
    "all_answered",
    "answered",
    "at_least",
    "closes",
    "connection",
    "der",
    "describe",
    "energy",
    "ev",
    "foreign_requests",
    "garbage",
    "gives_up",
    "holds",
    "ignored",
    "in_time",
    "measured",
    "messages",
    "never_ok",
    "out_of_order",
    "randomness",
    "refused",
    "refused_or_closed",
    "sae",
    "sdp",
    "serves",
    "stays_open",
    "timers",
    "tls_refused",
    "v2gtp",
    "wire",
    "worst",
]

"""What passes although something was changed, each with the reason why that is no mistake of the judge.

A key is a mutation; each pin names cases as shell patterns, ``CSMS-RPC-*``. ``OPEN`` begins the reason of what nobody
has decided yet. A pin that nothing needs any more is found by the thorough run (``V2GREADY_THOROUGH=1``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

THOROUGH: Final = os.environ.get("V2GREADY_THOROUGH", "") == "1"
"""Every mutation of every case; else each case meets some of the dumb devices, and is cut at few places."""


@dataclass(frozen=True)
class Pin:
    """Cases that may pass.

    Attributes:
        topics: Patterns, ``CHG-SEC-*``.
        reason: Why they may.
    """

    topics: tuple[str, ...]
    reason: str


_USED: set[tuple[str, str]] = set()
"""Mutation and topic pattern of each pin that was needed."""


def pinned(pins: Mapping[str, tuple[Pin, ...]], what: str, case_id: str) -> bool:
    """Whether a case may pass on a mutation."""
    topic = case_id.replace("-OCPP-", "-")
    found = [(what, pattern) for pin in pins.get(what, ()) for pattern in pin.topics if fnmatchcase(topic, pattern)]
    _USED.update(found)
    return bool(found)


def unneeded(*tables: Mapping[str, tuple[Pin, ...]]) -> list[str]:
    """Pins that no case needed in this session."""
    return [
        f"{what}: {pattern} ({pin.reason})"
        for pins in tables
        for what, of_it in pins.items()
        for pin in of_it
        for pattern in pin.topics
        if (what, pattern) not in _USED
    ]


BODY: Final = "OPEN: taken from a run, not read one by one; the body of the answers should not matter to the clause"
POWER: Final = (
    "OPEN: taken from a run; values are carried along with what is judged: order, stamps, transactions, measurands"
)
ERRORS: Final = (
    "OPEN: taken from a run; the reply is not what is judged, or an error is one of the answers that the clause allows"
)
ONE_SIDE: Final = "OPEN: taken from a run; what the device said is judged by itself, or by its replies alone"
HALF: Final = "OPEN: a shorter course of the same kind passes; decide case by case whether it has to be complete"
DUMB_ANSWERS: Final = (
    "OPEN: taken from a run; its answers alone are bent: what it calls, checks and connects to is faultless"
)

ANSWERED: Final = "an error, any answer, or none is asked for; what an answer says is for the cases of its message"
REPLIES: Final = "what comes back to what we send is judged, and is untouched; a station booted long ago need not call"
TOLD: Final = "order, ids, stamps, reasons, modes or presence of what is told are judged; TX-06 judges values"

SCHEMA: Final = "the clause asks for a result or for survival; INV-CSMS-OCPP-SCHEMA fails on the body of that very run"
ANY_STATUS: Final = "any status is a result: the clause is about the time, the framing, the connection, or being taken"
ERROR_FORM: Final = "the form of every CALLERROR is judged, whichever it is, and the heartbeat behind them is served"
OTHER_DEEDS: Final = "judged by its own CALLs, its handshakes or its boots, which this device does right"
BOOTS: Final = "boots alone, and the answer to one boot is as good as that to another"
LAG: Final = "OCPP sets no time for what this case judges, or grants it more"
STAMPS: Final = "no clause of this case holds anything against the stamps of the device"
EDITION: Final = "the rule and the messages of this case are the same in both editions"

TRACES: Mapping[str, tuple[Pin, ...]] = {
    "Accepted in place of every error": (
        Pin(("CHG-RPC-17",), "the limit binds who sends the id; that such a CALL is served is remarked, and no more"),
    ),
    "a device that lags behind": (
        Pin((
            "CHG-BOOT-04", "CHG-BOOT-08", "CHG-BOOT-09", "CHG-BOOT-30", "CHG-BOOT-31", "CHG-CERT-01", "CHG-CERT-02",
            "CHG-CERT-03", "CHG-CERT-04", "CHG-CERT-05", "CHG-CERT-06", "CHG-DER-01", "CHG-DER-02", "CHG-DER-03",
            "CHG-DER-08", "CHG-DER-13", "CHG-DER-14", "CHG-DER-15", "CHG-DER-18", "CHG-EDIT-02", "CHG-EDIT-03",
            "CHG-EDIT-04", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03", "CHG-HOST-04", "CHG-HOST-05", "CHG-HOST-06",
            "CHG-NUM-01", "CHG-NUM-02", "CHG-NUM-03", "CHG-NUM-04", "CHG-RPC-01", "CHG-RPC-02", "CHG-RPC-03",
            "CHG-RPC-04", "CHG-RPC-05", "CHG-RPC-06", "CHG-RPC-07", "CHG-RPC-08", "CHG-RPC-09", "CHG-RPC-10",
            "CHG-RPC-11", "CHG-RPC-12", "CHG-RPC-13", "CHG-RPC-14", "CHG-RPC-15", "CHG-RPC-16", "CHG-RPC-17",
            "CHG-RPC-18", "CHG-RPC-21", "CHG-RPC-22", "CHG-RPC-26", "CHG-RPC-27", "CHG-RPC-28", "CHG-SC-06",
            "CHG-SC-21", "CHG-SC-23", "CHG-SC-24", "CHG-SC-25", "CHG-SC-31", "CHG-SC-32", "CHG-SC-43", "CHG-SEC-01",
            "CHG-SEC-03", "CHG-SEC-04", "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09",
            "CHG-SEC-10", "CHG-SEC-11", "CHG-SEC-12", "CHG-SEC-13", "CHG-SEC-14", "CHG-SEC-15", "CHG-SEC-16",
            "CHG-TX-01", "CHG-TX-03", "CHG-TX-06", "CHG-TX-08", "CHG-TX-21", "CHG-TX-23", "CHG-V2X-01",
            "CHG-V2X-02", "CHG-V2X-03", "CHG-V2X-06", "CHG-V2X-10", "CHG-V2X-11", "CHG-V2X-12", "CHG-V2X-13",
            "CHG-V2X-14", "CHG-V2X-15", "CHG-V2X-16", "CHG-V2X-17", "CHG-V2X-18", "CHG-V2X-19", "CHG-V2X-20",
            "CHG-V2X-21", "CHG-V2X-30", "CHG-V2X-34", "CHG-V2X-35", "CHG-V2X-53", "CHG-V2X-56", "CHG-V2X-65",
            "CSMS-BOOT-01", "CSMS-BOOT-02", "CSMS-BOOT-04", "CSMS-BOOT-05", "CSMS-BOOT-06", "CSMS-BOOT-07",
            "CSMS-BOOT-08", "CSMS-BOOT-09", "CSMS-CERT-04", "CSMS-CERT-05", "CSMS-CERT-06", "CSMS-CERT-07",
            "CSMS-CERT-08", "CSMS-CHG-04", "CSMS-CHG-07", "CSMS-CHG-08", "CSMS-CHG-09", "CSMS-CONN-03",
            "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-06", "CSMS-CONN-07", "CSMS-DER-01", "CSMS-DER-02",
            "CSMS-DER-03", "CSMS-DER-04", "CSMS-DER-05", "CSMS-DER-06", "CSMS-EDITION-02", "CSMS-EDITION-03",
            "CSMS-EDITION-04", "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03", "CSMS-HOSTILE-04",
            "CSMS-HOSTILE-05", "CSMS-HOSTILE-06", "CSMS-HOSTILE-07", "CSMS-HOSTILE-08", "CSMS-HOSTILE-09",
            "CSMS-RPC-01", "CSMS-RPC-02", "CSMS-RPC-03", "CSMS-RPC-04", "CSMS-RPC-05", "CSMS-RPC-06", "CSMS-RPC-07",
            "CSMS-RPC-08", "CSMS-RPC-09", "CSMS-RPC-10", "CSMS-RPC-11", "CSMS-RPC-13", "CSMS-RPC-14", "CSMS-RPC-15",
            "CSMS-RPC-16", "CSMS-RPC-17", "CSMS-RPC-18", "CSMS-RPC-19", "CSMS-RPC-20", "CSMS-RPC-21", "CSMS-RPC-24",
            "CSMS-RPC-25", "CSMS-RPC-28", "CSMS-RPC-29", "CSMS-RPC-30", "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03",
            "CSMS-SEC-04", "CSMS-SEC-05", "CSMS-SEC-06", "CSMS-SEC-07", "CSMS-SEC-09", "CSMS-SEC-10", "CSMS-SEC-11",
            "CSMS-SEC-12", "CSMS-SEC-13", "CSMS-SEC-14", "CSMS-TX-01", "CSMS-TX-02", "CSMS-TX-06", "CSMS-TX-07",
            "CSMS-TX-08", "CSMS-V2X-01", "CSMS-V2X-02", "CSMS-V2X-04", "CSMS-V2X-05", "CSMS-V2X-06", "CSMS-V2X-07",
            "CSMS-V2X-08", "CSMS-V2X-09", "CSMS-V2X-10", "CSMS-V2X-11", "CSMS-V2X-12", "CSMS-V2X-13", "CSMS-V2X-14",
            "CSMS-V2X-15",
        ), LAG),
    ),
    "each reply for the CALL before": (
        Pin((
            "CHG-RPC-13",
        ), BODY),
        Pin((
            "CHG-EDIT-03", "CHG-RPC-19", "CHG-RPC-20", "CHG-RPC-22", "CHG-RPC-23",
        ), ANSWERED),
        Pin((
            "CSMS-BOOT-06", "CSMS-EDITION-04",
        ), BOOTS),
        Pin((
            "CSMS-BOOT-09", "CSMS-CERT-01", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-06",
            "CSMS-CONN-07", "CSMS-DER-04", "CSMS-HOSTILE-05", "CSMS-HOSTILE-06", "CSMS-HOSTILE-07",
            "CSMS-HOSTILE-08", "CSMS-HOSTILE-09", "CSMS-RPC-16", "CSMS-RPC-21", "CSMS-RPC-22", "CSMS-RPC-23",
            "CSMS-RPC-24", "CSMS-RPC-25", "CSMS-RPC-26", "CSMS-RPC-27", "CSMS-RPC-29", "CSMS-SEC-01", "CSMS-SEC-02",
            "CSMS-SEC-03", "CSMS-SEC-04", "CSMS-SEC-05", "CSMS-SEC-06", "CSMS-SEC-07", "CSMS-SEC-09", "CSMS-SEC-10",
            "CSMS-SEC-12", "CSMS-SEC-13",
        ), SCHEMA),
    ),
    "each reply for the next CALL": (
        Pin((
            "CHG-RPC-13",
        ), BODY),
        Pin((
            "CHG-EDIT-03", "CHG-RPC-19", "CHG-RPC-20", "CHG-RPC-22", "CHG-RPC-23",
        ), ANSWERED),
        Pin((
            "CSMS-BOOT-06", "CSMS-EDITION-04",
        ), BOOTS),
        Pin((
            "CSMS-CERT-01", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-06", "CSMS-CONN-07",
            "CSMS-DER-04", "CSMS-EDITION-03", "CSMS-HOSTILE-04", "CSMS-HOSTILE-05", "CSMS-HOSTILE-06",
            "CSMS-HOSTILE-07", "CSMS-HOSTILE-08", "CSMS-HOSTILE-09", "CSMS-RPC-13", "CSMS-RPC-16", "CSMS-RPC-18",
            "CSMS-RPC-21", "CSMS-RPC-22", "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25", "CSMS-RPC-26", "CSMS-RPC-27",
            "CSMS-RPC-28", "CSMS-RPC-29", "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03", "CSMS-SEC-04", "CSMS-SEC-05",
            "CSMS-SEC-06", "CSMS-SEC-07", "CSMS-SEC-09", "CSMS-SEC-10", "CSMS-SEC-12", "CSMS-SEC-13",
        ), SCHEMA),
    ),
    "empty results": (
        Pin((
            "CHG-EDIT-03", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03", "CHG-HOST-04", "CHG-HOST-05", "CHG-HOST-06",
            "CHG-RPC-01", "CHG-RPC-02", "CHG-RPC-03", "CHG-RPC-04", "CHG-RPC-05", "CHG-RPC-06", "CHG-RPC-07",
            "CHG-RPC-08", "CHG-RPC-09", "CHG-RPC-10", "CHG-RPC-11", "CHG-RPC-14", "CHG-RPC-15", "CHG-RPC-16",
            "CHG-RPC-17", "CHG-RPC-18", "CHG-RPC-19", "CHG-RPC-20", "CHG-RPC-21", "CHG-RPC-22", "CHG-RPC-23",
            "CHG-RPC-28",
        ), ANSWERED),
        Pin((
            "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-07", "CSMS-EDITION-03", "CSMS-EDITION-04",
            "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03", "CSMS-HOSTILE-04", "CSMS-HOSTILE-05",
            "CSMS-HOSTILE-06", "CSMS-HOSTILE-07", "CSMS-HOSTILE-08", "CSMS-HOSTILE-09", "CSMS-RPC-01",
            "CSMS-RPC-02", "CSMS-RPC-03", "CSMS-RPC-04", "CSMS-RPC-05", "CSMS-RPC-06", "CSMS-RPC-07", "CSMS-RPC-08",
            "CSMS-RPC-09", "CSMS-RPC-10", "CSMS-RPC-11", "CSMS-RPC-13", "CSMS-RPC-14", "CSMS-RPC-15", "CSMS-RPC-16",
            "CSMS-RPC-17", "CSMS-RPC-19", "CSMS-RPC-21", "CSMS-RPC-22", "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25",
            "CSMS-RPC-26", "CSMS-RPC-27", "CSMS-RPC-28", "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03", "CSMS-SEC-04",
            "CSMS-SEC-05", "CSMS-SEC-06", "CSMS-SEC-07", "CSMS-SEC-09", "CSMS-SEC-10", "CSMS-SEC-12", "CSMS-SEC-13",
        ), SCHEMA),
    ),
    "every status Accepted": (
        Pin((
            "CHG-EDIT-03", "CHG-EDIT-04",
        ), ANSWERED),
        Pin((
            "CSMS-HOSTILE-06",
        ), ANY_STATUS),
    ),
    "every status Rejected": (
        Pin((
            "CHG-RPC-01", "CHG-RPC-07", "CHG-RPC-10", "CHG-RPC-11", "CHG-RPC-22",
        ), ANSWERED),
        Pin((
            "CSMS-BOOT-05", "CSMS-BOOT-06", "CSMS-BOOT-09", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05",
            "CSMS-EDITION-04", "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03", "CSMS-HOSTILE-05",
            "CSMS-HOSTILE-06", "CSMS-HOSTILE-09", "CSMS-RPC-28",
        ), ANY_STATUS),
        Pin((
            "CSMS-CERT-04",
        ), SCHEMA),
    ),
    "every status in every answer Accepted": (
        Pin((
            "CHG-EDIT-03", "CHG-EDIT-04", "CHG-RPC-09",
        ), ANSWERED),
        Pin((
            "CSMS-CONN-05", "CSMS-EDITION-03", "CSMS-HOSTILE-06", "CSMS-HOSTILE-08", "CSMS-RPC-07", "CSMS-RPC-13",
        ), ANY_STATUS),
    ),
    "every status in every answer Rejected": (
        Pin((
            "CHG-V2X-02",
        ), BODY),
        Pin((
            "CHG-RPC-12", "CHG-RPC-13",
        ), BODY),
        Pin((
            "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03", "CHG-HOST-04", "CHG-HOST-05", "CHG-HOST-06", "CHG-RPC-01",
            "CHG-RPC-02", "CHG-RPC-03", "CHG-RPC-04", "CHG-RPC-05", "CHG-RPC-06", "CHG-RPC-07", "CHG-RPC-08",
            "CHG-RPC-09", "CHG-RPC-10", "CHG-RPC-11", "CHG-RPC-14", "CHG-RPC-15", "CHG-RPC-16", "CHG-RPC-17",
            "CHG-RPC-18", "CHG-RPC-19", "CHG-RPC-20", "CHG-RPC-21", "CHG-RPC-22", "CHG-RPC-23", "CHG-RPC-28",
        ), ANSWERED),
        Pin((
            "CSMS-BOOT-05", "CSMS-BOOT-06", "CSMS-BOOT-09", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-EDITION-04",
            "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03", "CSMS-HOSTILE-05", "CSMS-HOSTILE-06",
            "CSMS-HOSTILE-09", "CSMS-RPC-28",
        ), ANY_STATUS),
        Pin((
            "CSMS-CERT-04", "CSMS-CONN-05", "CSMS-EDITION-03", "CSMS-HOSTILE-08", "CSMS-RPC-07", "CSMS-RPC-13",
        ), SCHEMA),
    ),
    "no CALL of the device": (
        Pin((
            "CHG-CERT-05", "CHG-DER-15", "CHG-EDIT-04", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03", "CHG-HOST-04",
            "CHG-RPC-17", "CHG-RPC-18", "CHG-RPC-21", "CHG-RPC-25",
        ), REPLIES),
    ),
    "no CALL of the device but the boot": (
        Pin((
            "CHG-CERT-05", "CHG-DER-15", "CHG-EDIT-04", "CHG-EDIT-05", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03",
            "CHG-HOST-04", "CHG-RPC-17", "CHG-RPC-18", "CHG-RPC-21", "CHG-RPC-25",
        ), REPLIES),
    ),
    "no power": (
        Pin((
            "CHG-BOOT-09", "CHG-BOOT-20", "CHG-BOOT-21", "CHG-BOOT-22", "CHG-TX-01", "CHG-TX-02", "CHG-TX-03",
            "CHG-TX-05", "CHG-TX-07", "CHG-TX-08", "CHG-TX-20", "CHG-TX-21", "CHG-TX-22", "CHG-TX-23", "CHG-V2X-04",
            "CHG-V2X-23", "CHG-V2X-26",
        ), TOLD),
    ),
    "power the other way": (
        Pin((
            "CHG-BOOT-20", "CHG-BOOT-21", "CHG-BOOT-22", "CHG-TX-01", "CHG-TX-03", "CHG-TX-07", "CHG-TX-08",
            "CHG-TX-20", "CHG-TX-21", "CHG-TX-22", "CHG-V2X-23", "CHG-V2X-26",
        ), TOLD),
    ),
    "replies of another case": (
        Pin((
            "CHG-EDIT-03", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-04", "CHG-HOST-05", "CHG-HOST-06", "CHG-RPC-17",
            "CHG-RPC-18", "CHG-RPC-20", "CHG-RPC-21", "CHG-RPC-22", "CHG-RPC-23", "CHG-RPC-28", "CHG-V2X-05",
            "CHG-V2X-35",
        ), BODY),
        Pin((
            "CSMS-RPC-18",
        ), ERROR_FORM),
        Pin((
            "CSMS-BOOT-03", "CSMS-BOOT-07", "CSMS-BOOT-08", "CSMS-BOOT-09", "CSMS-CERT-01", "CSMS-CERT-08",
            "CSMS-CHG-08", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-06", "CSMS-CONN-07",
            "CSMS-DER-03", "CSMS-DER-04", "CSMS-DER-05", "CSMS-EDITION-03", "CSMS-HOSTILE-04", "CSMS-HOSTILE-05",
            "CSMS-HOSTILE-06", "CSMS-HOSTILE-07", "CSMS-HOSTILE-08", "CSMS-HOSTILE-09", "CSMS-RPC-13",
            "CSMS-RPC-16", "CSMS-RPC-20", "CSMS-RPC-21", "CSMS-RPC-22", "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25",
            "CSMS-RPC-26", "CSMS-RPC-27", "CSMS-RPC-28", "CSMS-RPC-29", "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03",
            "CSMS-SEC-04", "CSMS-SEC-05", "CSMS-SEC-06", "CSMS-SEC-07", "CSMS-SEC-09", "CSMS-SEC-10", "CSMS-SEC-12",
            "CSMS-SEC-13", "CSMS-TX-04", "CSMS-TX-06", "CSMS-V2X-12", "CSMS-V2X-13",
        ), SCHEMA),
    ),
    "stamps an hour early": (
        Pin((
            "CHG-BOOT-05", "CHG-BOOT-09", "CHG-BOOT-31", "CHG-CALLS-01", "CHG-CERT-02", "CHG-DER-01", "CHG-DER-07",
            "CHG-DER-08", "CHG-DER-09", "CHG-DER-10", "CHG-DER-11", "CHG-DER-18", "CHG-EDIT-02", "CHG-NUM-01",
            "CHG-NUM-02", "CHG-NUM-04", "CHG-RPC-27", "CHG-SC-21", "CHG-SC-22", "CHG-SC-28", "CHG-SC-32",
            "CHG-SC-40", "CHG-SC-42", "CHG-SC-43", "CHG-SEC-04", "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07",
            "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10", "CHG-SEC-11", "CHG-SEC-12", "CHG-TX-01", "CHG-TX-02",
            "CHG-TX-03", "CHG-TX-05", "CHG-TX-06", "CHG-TX-07", "CHG-TX-08", "CHG-TX-21", "CHG-TX-22", "CHG-TX-23",
            "CHG-V2X-02", "CHG-V2X-03", "CHG-V2X-04", "CHG-V2X-22", "CHG-V2X-23", "CHG-V2X-26", "CSMS-BOOT-01",
            "CSMS-BOOT-04", "CSMS-BOOT-06", "CSMS-BOOT-07", "CSMS-BOOT-09", "CSMS-CERT-06", "CSMS-CHG-01",
            "CSMS-CHG-02", "CSMS-CHG-03", "CSMS-CHG-04", "CSMS-CHG-05", "CSMS-CHG-08", "CSMS-CHG-09",
            "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-07", "CSMS-DER-03", "CSMS-EDITION-04",
            "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03", "CSMS-HOSTILE-04", "CSMS-HOSTILE-05",
            "CSMS-HOSTILE-06", "CSMS-HOSTILE-07", "CSMS-HOSTILE-08", "CSMS-HOSTILE-09", "CSMS-RPC-01",
            "CSMS-RPC-02", "CSMS-RPC-03", "CSMS-RPC-04", "CSMS-RPC-05", "CSMS-RPC-06", "CSMS-RPC-07", "CSMS-RPC-08",
            "CSMS-RPC-09", "CSMS-RPC-10", "CSMS-RPC-11", "CSMS-RPC-14", "CSMS-RPC-15", "CSMS-RPC-16", "CSMS-RPC-17",
            "CSMS-RPC-19", "CSMS-RPC-21", "CSMS-RPC-22", "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25", "CSMS-RPC-26",
            "CSMS-RPC-27", "CSMS-RPC-30", "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03", "CSMS-SEC-04", "CSMS-SEC-05",
            "CSMS-SEC-06", "CSMS-SEC-07", "CSMS-SEC-09", "CSMS-SEC-10", "CSMS-SEC-11", "CSMS-SEC-12", "CSMS-SEC-13",
            "CSMS-SEC-14", "CSMS-V2X-04", "CSMS-V2X-05", "CSMS-V2X-06", "CSMS-V2X-10", "CSMS-V2X-11",
        ), STAMPS),
    ),
    "stamps an hour late": (
        Pin((
            "CHG-BOOT-05", "CHG-BOOT-09", "CHG-BOOT-31", "CHG-CALLS-01", "CHG-CERT-02", "CHG-DER-01", "CHG-DER-07",
            "CHG-DER-08", "CHG-DER-09", "CHG-DER-10", "CHG-DER-11", "CHG-DER-18", "CHG-EDIT-02", "CHG-NUM-01",
            "CHG-NUM-02", "CHG-NUM-04", "CHG-RPC-27", "CHG-SC-21", "CHG-SC-22", "CHG-SC-28", "CHG-SC-32",
            "CHG-SC-40", "CHG-SC-42", "CHG-SC-43", "CHG-SEC-04", "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07",
            "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10", "CHG-SEC-11", "CHG-SEC-12", "CHG-TX-01", "CHG-TX-02",
            "CHG-TX-03", "CHG-TX-05", "CHG-TX-06", "CHG-TX-07", "CHG-TX-08", "CHG-TX-21", "CHG-TX-22", "CHG-TX-23",
            "CHG-V2X-02", "CHG-V2X-03", "CHG-V2X-04", "CHG-V2X-22", "CHG-V2X-23", "CHG-V2X-26", "CSMS-BOOT-01",
            "CSMS-BOOT-04", "CSMS-BOOT-06", "CSMS-BOOT-07", "CSMS-BOOT-09", "CSMS-CERT-06", "CSMS-CHG-01",
            "CSMS-CHG-02", "CSMS-CHG-03", "CSMS-CHG-04", "CSMS-CHG-05", "CSMS-CHG-08", "CSMS-CHG-09",
            "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-07", "CSMS-DER-03", "CSMS-EDITION-04",
            "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03", "CSMS-HOSTILE-04", "CSMS-HOSTILE-05",
            "CSMS-HOSTILE-06", "CSMS-HOSTILE-07", "CSMS-HOSTILE-08", "CSMS-HOSTILE-09", "CSMS-RPC-01",
            "CSMS-RPC-02", "CSMS-RPC-03", "CSMS-RPC-04", "CSMS-RPC-05", "CSMS-RPC-06", "CSMS-RPC-07", "CSMS-RPC-08",
            "CSMS-RPC-09", "CSMS-RPC-10", "CSMS-RPC-11", "CSMS-RPC-14", "CSMS-RPC-15", "CSMS-RPC-16", "CSMS-RPC-17",
            "CSMS-RPC-19", "CSMS-RPC-21", "CSMS-RPC-22", "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25", "CSMS-RPC-26",
            "CSMS-RPC-27", "CSMS-RPC-30", "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03", "CSMS-SEC-04", "CSMS-SEC-05",
            "CSMS-SEC-06", "CSMS-SEC-07", "CSMS-SEC-09", "CSMS-SEC-10", "CSMS-SEC-11", "CSMS-SEC-12", "CSMS-SEC-13",
            "CSMS-SEC-14", "CSMS-V2X-04", "CSMS-V2X-05", "CSMS-V2X-06", "CSMS-V2X-10", "CSMS-V2X-11",
        ), STAMPS),
    ),
    "the first 75% of what the device sent, then it is dead": (
    ),
    "the first 75% of what the device sent, then the end": (
    ),
    "the other edition": (
        Pin((
            "CHG-CONN-01", "CHG-CONN-02", "CHG-CONN-03", "CHG-CONN-06", "CHG-EDIT-01", "CHG-SEC-03", "CSMS-CONN-03",
            "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-06", "CSMS-HOSTILE-09",
        ), EDITION),
    ),
}  # fmt: skip

DEVICES: Mapping[str, tuple[Pin, ...]] = {
    "a device that accepts everything": (
        Pin((
            "CHG-BOOT-08", "CHG-CERT-01", "CHG-CERT-06", "CHG-CONN-01", "CHG-CONN-03", "CHG-DER-01", "CHG-DER-07",
            "CHG-DER-08", "CHG-DER-09", "CHG-DER-10", "CHG-DER-11", "CHG-DER-18", "CHG-DER-19", "CHG-EDIT-01",
            "CHG-EDIT-03", "CHG-EDIT-06", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03", "CHG-HOST-04", "CHG-HOST-05",
            "CHG-HOST-06", "CHG-HOST-07", "CHG-NUM-01", "CHG-NUM-04", "CHG-RPC-14", "CHG-RPC-15", "CHG-RPC-16",
            "CHG-RPC-17", "CHG-RPC-18", "CHG-RPC-19", "CHG-RPC-20", "CHG-RPC-21", "CHG-RPC-22", "CHG-RPC-23",
            "CHG-RPC-24", "CHG-RPC-25", "CHG-RPC-28", "CHG-SEC-13", "CHG-V2X-03", "CHG-V2X-04", "CHG-V2X-05",
            "CHG-V2X-21", "CHG-V2X-24", "CHG-V2X-25", "CHG-V2X-31", "CHG-V2X-32", "CHG-V2X-33", "CHG-V2X-34",
            "CHG-V2X-35", "CHG-V2X-38", "CHG-V2X-39", "CHG-V2X-40", "CHG-V2X-50", "CHG-V2X-51", "CHG-V2X-62",
            "CHG-V2X-63",
        ), DUMB_ANSWERS),
        Pin((
            "CSMS-BOOT-04", "CSMS-BOOT-06", "CSMS-CHG-09", "CSMS-CONN-01", "CSMS-CONN-02", "CSMS-DER-02",
            "CSMS-DER-06", "CSMS-EDITION-04", "CSMS-RPC-30", "CSMS-SEC-14", "CSMS-V2X-11",
        ), OTHER_DEEDS),
        Pin((
            "CSMS-BOOT-03", "CSMS-BOOT-07", "CSMS-BOOT-08", "CSMS-BOOT-09", "CSMS-CALLS-01", "CSMS-CERT-08",
            "CSMS-CHG-07", "CSMS-CHG-08", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-06",
            "CSMS-CONN-07", "CSMS-DER-01", "CSMS-DER-03", "CSMS-DER-04", "CSMS-DER-05", "CSMS-EDITION-01",
            "CSMS-EDITION-02", "CSMS-EDITION-03", "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03",
            "CSMS-HOSTILE-04", "CSMS-HOSTILE-05", "CSMS-HOSTILE-06", "CSMS-HOSTILE-07", "CSMS-HOSTILE-08",
            "CSMS-HOSTILE-09", "CSMS-RPC-01", "CSMS-RPC-03", "CSMS-RPC-04", "CSMS-RPC-05", "CSMS-RPC-06",
            "CSMS-RPC-07", "CSMS-RPC-08", "CSMS-RPC-09", "CSMS-RPC-10", "CSMS-RPC-11", "CSMS-RPC-12", "CSMS-RPC-13",
            "CSMS-RPC-14", "CSMS-RPC-15", "CSMS-RPC-16", "CSMS-RPC-17", "CSMS-RPC-18", "CSMS-RPC-19", "CSMS-RPC-20",
            "CSMS-RPC-21", "CSMS-RPC-22", "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25", "CSMS-RPC-26", "CSMS-RPC-27",
            "CSMS-RPC-28", "CSMS-RPC-29", "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03", "CSMS-SEC-04", "CSMS-SEC-05",
            "CSMS-SEC-06", "CSMS-SEC-07", "CSMS-SEC-08", "CSMS-SEC-09", "CSMS-SEC-10", "CSMS-SEC-12", "CSMS-SEC-13",
            "CSMS-TX-01", "CSMS-TX-06", "CSMS-V2X-10", "CSMS-V2X-12", "CSMS-V2X-13",
        ), SCHEMA),
    ),
    "a device that answers nothing": (
        Pin((
            "CHG-CERT-06", "CHG-CONN-01", "CHG-CONN-03", "CHG-DER-01", "CHG-DER-08", "CHG-EDIT-01", "CHG-EDIT-06",
            "CHG-SEC-13", "CHG-V2X-03", "CHG-V2X-04",
        ), DUMB_ANSWERS),
        Pin((
            "CSMS-BOOT-04", "CSMS-BOOT-06", "CSMS-CALLS-01", "CSMS-CHG-09", "CSMS-CONN-01", "CSMS-CONN-02",
            "CSMS-DER-02", "CSMS-DER-06", "CSMS-EDITION-04", "CSMS-RPC-30", "CSMS-SEC-08", "CSMS-SEC-14",
            "CSMS-V2X-11",
        ), OTHER_DEEDS),
    ),
    "a device that fails at everything": (
        Pin((
            "CHG-CERT-06", "CHG-CONN-01", "CHG-CONN-03", "CHG-DER-01", "CHG-DER-08", "CHG-EDIT-01", "CHG-EDIT-02",
            "CHG-EDIT-06", "CHG-RPC-24", "CHG-RPC-25", "CHG-SEC-13", "CHG-V2X-03", "CHG-V2X-04",
        ), DUMB_ANSWERS),
        Pin((
            "CSMS-BOOT-04", "CSMS-BOOT-06", "CSMS-CALLS-01", "CSMS-CHG-09", "CSMS-CONN-01", "CSMS-CONN-02",
            "CSMS-DER-02", "CSMS-DER-06", "CSMS-EDITION-04", "CSMS-RPC-30", "CSMS-SEC-08", "CSMS-SEC-14",
            "CSMS-V2X-11",
        ), OTHER_DEEDS),
    ),
    "a device that refuses everything": (
        Pin((
            "CHG-CERT-06", "CHG-CONN-01", "CHG-CONN-03", "CHG-DER-01", "CHG-DER-08", "CHG-EDIT-01", "CHG-EDIT-02",
            "CHG-EDIT-06", "CHG-RPC-24", "CHG-RPC-25", "CHG-SEC-13", "CHG-V2X-03", "CHG-V2X-04",
        ), DUMB_ANSWERS),
        Pin((
            "CSMS-BOOT-04", "CSMS-BOOT-06", "CSMS-CALLS-01", "CSMS-CHG-09", "CSMS-CONN-01", "CSMS-CONN-02",
            "CSMS-DER-02", "CSMS-DER-06", "CSMS-EDITION-04", "CSMS-RPC-30", "CSMS-SEC-08", "CSMS-SEC-14",
            "CSMS-V2X-11",
        ), OTHER_DEEDS),
    ),
    "a device that rejects everything": (
        Pin((
            "CHG-CERT-02", "CHG-CERT-06", "CHG-CONN-01", "CHG-CONN-03", "CHG-DER-01", "CHG-DER-08", "CHG-EDIT-01",
            "CHG-EDIT-03", "CHG-EDIT-06", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03", "CHG-HOST-04", "CHG-HOST-05",
            "CHG-HOST-06", "CHG-HOST-07", "CHG-RPC-03", "CHG-RPC-14", "CHG-RPC-15", "CHG-RPC-16", "CHG-RPC-17",
            "CHG-RPC-18", "CHG-RPC-19", "CHG-RPC-20", "CHG-RPC-21", "CHG-RPC-22", "CHG-RPC-23", "CHG-RPC-24",
            "CHG-RPC-25", "CHG-RPC-28", "CHG-SEC-13", "CHG-V2X-03", "CHG-V2X-04",
        ), DUMB_ANSWERS),
        Pin((
            "CSMS-BOOT-04", "CSMS-BOOT-06", "CSMS-CHG-09", "CSMS-CONN-01", "CSMS-CONN-02", "CSMS-DER-02",
            "CSMS-DER-06", "CSMS-EDITION-04", "CSMS-RPC-30", "CSMS-SEC-14", "CSMS-V2X-11",
        ), OTHER_DEEDS),
        Pin((
            "CSMS-BOOT-03", "CSMS-BOOT-07", "CSMS-BOOT-08", "CSMS-BOOT-09", "CSMS-CALLS-01", "CSMS-CHG-07",
            "CSMS-CHG-08", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-06", "CSMS-CONN-07",
            "CSMS-DER-01", "CSMS-DER-03", "CSMS-DER-04", "CSMS-DER-05", "CSMS-EDITION-01", "CSMS-EDITION-02",
            "CSMS-EDITION-03", "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03", "CSMS-HOSTILE-04",
            "CSMS-HOSTILE-05", "CSMS-HOSTILE-06", "CSMS-HOSTILE-07", "CSMS-HOSTILE-08", "CSMS-HOSTILE-09",
            "CSMS-RPC-01", "CSMS-RPC-03", "CSMS-RPC-04", "CSMS-RPC-05", "CSMS-RPC-06", "CSMS-RPC-07", "CSMS-RPC-08",
            "CSMS-RPC-09", "CSMS-RPC-10", "CSMS-RPC-11", "CSMS-RPC-12", "CSMS-RPC-13", "CSMS-RPC-14", "CSMS-RPC-15",
            "CSMS-RPC-16", "CSMS-RPC-17", "CSMS-RPC-18", "CSMS-RPC-19", "CSMS-RPC-20", "CSMS-RPC-21", "CSMS-RPC-22",
            "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25", "CSMS-RPC-26", "CSMS-RPC-27", "CSMS-RPC-28", "CSMS-RPC-29",
            "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03", "CSMS-SEC-04", "CSMS-SEC-05", "CSMS-SEC-06", "CSMS-SEC-07",
            "CSMS-SEC-08", "CSMS-SEC-09", "CSMS-SEC-10", "CSMS-SEC-12", "CSMS-SEC-13", "CSMS-TX-01", "CSMS-TX-06",
            "CSMS-V2X-10", "CSMS-V2X-12", "CSMS-V2X-13",
        ), SCHEMA),
    ),
}  # fmt: skip

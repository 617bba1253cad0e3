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

TRACES: Mapping[str, tuple[Pin, ...]] = {
    "Accepted in place of every error": (
        Pin((
            "CSMS-TX-09",
        ), ERRORS),
    ),
    "GenericError for every CALL": (
        Pin((
            "CHG-CERT-02", "CHG-DER-09", "CHG-SEC-03", "CSMS-RPC-18", "CSMS-RPC-27",
        ), ERRORS),
    ),
    "GenericError for every CALL but the boot": (
        Pin((
            "CHG-CERT-02", "CHG-DER-09", "CHG-SEC-03", "CSMS-RPC-27",
        ), ERRORS),
    ),
    "InternalError for every CALL but the boot": (
        Pin((
            "CHG-CERT-02", "CHG-DER-09", "CHG-SEC-03", "CSMS-RPC-27",
        ), ERRORS),
    ),
    "NotSupported for every CALL": (
        Pin((
            "CHG-CERT-02", "CHG-DER-09", "CHG-SEC-03", "CSMS-RPC-18", "CSMS-RPC-27",
        ), ERRORS),
    ),
    "a device that boots and dies": (
        Pin((
            "CHG-EDIT-05",
        ), HALF),
    ),
    "a device that lags behind": (Pin(("*",), "OCPP sets no time for an answer; where a case sets one, it fails"),),
    "each reply for the CALL before": (
        Pin((
            "CHG-EDIT-03", "CHG-RPC-13", "CHG-RPC-19", "CHG-RPC-20", "CHG-RPC-22", "CHG-RPC-23", "CHG-RPC-26",
            "CSMS-BOOT-06", "CSMS-BOOT-09", "CSMS-CERT-01", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05",
            "CSMS-CONN-06", "CSMS-CONN-07", "CSMS-DER-04", "CSMS-EDITION-04", "CSMS-HOSTILE-05", "CSMS-HOSTILE-06",
            "CSMS-HOSTILE-07", "CSMS-HOSTILE-08", "CSMS-HOSTILE-09", "CSMS-RPC-16", "CSMS-RPC-18", "CSMS-RPC-21",
            "CSMS-RPC-22", "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25", "CSMS-RPC-26", "CSMS-RPC-27", "CSMS-RPC-29",
            "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03", "CSMS-SEC-04", "CSMS-SEC-05", "CSMS-SEC-06", "CSMS-SEC-07",
            "CSMS-SEC-09", "CSMS-SEC-10", "CSMS-SEC-12", "CSMS-SEC-13",
        ), BODY),
    ),
    "each reply for the next CALL": (
        Pin((
            "CHG-EDIT-03", "CHG-RPC-13", "CHG-RPC-19", "CHG-RPC-20", "CHG-RPC-22", "CHG-RPC-23", "CHG-RPC-26",
            "CSMS-BOOT-06", "CSMS-CERT-01", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-06",
            "CSMS-CONN-07", "CSMS-DER-04", "CSMS-EDITION-03", "CSMS-EDITION-04", "CSMS-HOSTILE-04",
            "CSMS-HOSTILE-05", "CSMS-HOSTILE-06", "CSMS-HOSTILE-07", "CSMS-HOSTILE-08", "CSMS-HOSTILE-09",
            "CSMS-RPC-13", "CSMS-RPC-16", "CSMS-RPC-18", "CSMS-RPC-21", "CSMS-RPC-22", "CSMS-RPC-23", "CSMS-RPC-24",
            "CSMS-RPC-25", "CSMS-RPC-26", "CSMS-RPC-27", "CSMS-RPC-28", "CSMS-RPC-29", "CSMS-SEC-01", "CSMS-SEC-02",
            "CSMS-SEC-03", "CSMS-SEC-04", "CSMS-SEC-05", "CSMS-SEC-06", "CSMS-SEC-07", "CSMS-SEC-09", "CSMS-SEC-10",
            "CSMS-SEC-12", "CSMS-SEC-13",
        ), BODY),
    ),
    "empty results": (
        Pin((
            "CHG-DER-09", "CHG-EDIT-03", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03", "CHG-HOST-04", "CHG-HOST-05",
            "CHG-HOST-06", "CHG-RPC-01", "CHG-RPC-02", "CHG-RPC-03", "CHG-RPC-04", "CHG-RPC-05", "CHG-RPC-06",
            "CHG-RPC-07", "CHG-RPC-08", "CHG-RPC-09", "CHG-RPC-10", "CHG-RPC-11", "CHG-RPC-14", "CHG-RPC-15",
            "CHG-RPC-16", "CHG-RPC-17", "CHG-RPC-18", "CHG-RPC-19", "CHG-RPC-20", "CHG-RPC-21", "CHG-RPC-22",
            "CHG-RPC-23", "CHG-RPC-28", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-07",
            "CSMS-EDITION-03", "CSMS-EDITION-04", "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03",
            "CSMS-HOSTILE-04", "CSMS-HOSTILE-05", "CSMS-HOSTILE-06", "CSMS-HOSTILE-07", "CSMS-HOSTILE-08",
            "CSMS-HOSTILE-09", "CSMS-RPC-01", "CSMS-RPC-02", "CSMS-RPC-03", "CSMS-RPC-04", "CSMS-RPC-05",
            "CSMS-RPC-06", "CSMS-RPC-07", "CSMS-RPC-08", "CSMS-RPC-09", "CSMS-RPC-10", "CSMS-RPC-11", "CSMS-RPC-13",
            "CSMS-RPC-14", "CSMS-RPC-15", "CSMS-RPC-16", "CSMS-RPC-17", "CSMS-RPC-19", "CSMS-RPC-21", "CSMS-RPC-22",
            "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25", "CSMS-RPC-26", "CSMS-RPC-27", "CSMS-RPC-28", "CSMS-SEC-01",
            "CSMS-SEC-02", "CSMS-SEC-03", "CSMS-SEC-04", "CSMS-SEC-05", "CSMS-SEC-06", "CSMS-SEC-07", "CSMS-SEC-09",
            "CSMS-SEC-10", "CSMS-SEC-12", "CSMS-SEC-13",
        ), BODY),
    ),
    "every status Accepted": (
        Pin((
            "CHG-EDIT-03", "CHG-EDIT-04", "CHG-V2X-65", "CSMS-HOSTILE-06",
        ), BODY),
    ),
    "every status Rejected": (
        Pin((
            "CHG-BOOT-06", "CHG-DER-09", "CHG-RPC-01", "CHG-RPC-07", "CHG-RPC-10", "CHG-RPC-11", "CHG-RPC-22",
            "CSMS-BOOT-05", "CSMS-BOOT-06", "CSMS-BOOT-09", "CSMS-CERT-04", "CSMS-CONN-03", "CSMS-CONN-04",
            "CSMS-CONN-05", "CSMS-EDITION-04", "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03",
            "CSMS-HOSTILE-05", "CSMS-HOSTILE-06", "CSMS-HOSTILE-09", "CSMS-RPC-28",
        ), BODY),
    ),
    "every status in every answer Accepted": (
        Pin((
            "CHG-EDIT-03", "CHG-EDIT-04", "CHG-RPC-09", "CHG-V2X-65", "CSMS-CONN-05", "CSMS-EDITION-03",
            "CSMS-HOSTILE-06", "CSMS-HOSTILE-08", "CSMS-RPC-07", "CSMS-RPC-13",
        ), BODY),
    ),
    "every status in every answer Rejected": (
        Pin((
            "CHG-BOOT-06", "CHG-DER-09", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03", "CHG-HOST-04", "CHG-HOST-05",
            "CHG-HOST-06", "CHG-RPC-01", "CHG-RPC-02", "CHG-RPC-03", "CHG-RPC-04", "CHG-RPC-05", "CHG-RPC-06",
            "CHG-RPC-07", "CHG-RPC-08", "CHG-RPC-09", "CHG-RPC-10", "CHG-RPC-11", "CHG-RPC-12", "CHG-RPC-13",
            "CHG-RPC-14", "CHG-RPC-15", "CHG-RPC-16", "CHG-RPC-17", "CHG-RPC-18", "CHG-RPC-19", "CHG-RPC-20",
            "CHG-RPC-21", "CHG-RPC-22", "CHG-RPC-23", "CHG-RPC-28", "CHG-V2X-02", "CSMS-BOOT-05", "CSMS-BOOT-06",
            "CSMS-BOOT-09", "CSMS-CERT-04", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-EDITION-03",
            "CSMS-EDITION-04", "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03", "CSMS-HOSTILE-05",
            "CSMS-HOSTILE-06", "CSMS-HOSTILE-08", "CSMS-HOSTILE-09", "CSMS-RPC-07", "CSMS-RPC-13", "CSMS-RPC-28",
        ), BODY),
    ),
    "hung up behind the first CALL of ours": (
        Pin((
            "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10", "CHG-SEC-11",
            "CHG-SEC-12",
        ), HALF),
    ),
    "hung up behind the first CALL of ours, while we go on": (
        Pin((
            "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10", "CHG-SEC-11",
            "CHG-SEC-12",
        ), HALF),
    ),
    "hung up behind the last CALL of ours": (
        Pin((
            "CHG-RPC-26", "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10",
            "CHG-SEC-11", "CHG-SEC-12", "CSMS-CERT-02", "CSMS-CHG-06", "CSMS-RPC-18", "CSMS-V2X-02", "CSMS-V2X-03",
            "CSMS-V2X-04", "CSMS-V2X-05",
        ), HALF),
    ),
    "hung up behind the last CALL of ours, while we go on": (
        Pin((
            "CHG-RPC-26", "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10",
            "CHG-SEC-11", "CHG-SEC-12", "CSMS-CERT-02", "CSMS-CHG-06", "CSMS-RPC-18", "CSMS-V2X-02", "CSMS-V2X-03",
            "CSMS-V2X-04", "CSMS-V2X-05",
        ), HALF),
    ),
    "hung up behind the middle CALL of ours": (
        Pin((
            "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10", "CHG-SEC-11",
            "CHG-SEC-12", "CSMS-CERT-02",
        ), HALF),
    ),
    "hung up behind the middle CALL of ours, while we go on": (
        Pin((
            "CHG-RPC-26", "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10",
            "CHG-SEC-11", "CHG-SEC-12", "CSMS-CERT-02",
        ), HALF),
    ),
    "no CALL of the device": (
        Pin((
            "CHG-CERT-05", "CHG-DER-15", "CHG-EDIT-04", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03", "CHG-HOST-04",
            "CHG-RPC-17", "CHG-RPC-18", "CHG-RPC-21", "CHG-RPC-25", "CHG-SC-41", "CHG-V2X-65", "CSMS-EDITION-01",
        ), ONE_SIDE),
    ),
    "no CALL of the device but the boot": (
        Pin((
            "CHG-BOOT-01", "CHG-BOOT-02", "CHG-BOOT-03", "CHG-CERT-05", "CHG-DER-15", "CHG-EDIT-04", "CHG-EDIT-05",
            "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03", "CHG-HOST-04", "CHG-RPC-17", "CHG-RPC-18", "CHG-RPC-21",
            "CHG-RPC-25", "CHG-SC-41", "CHG-V2X-65", "CSMS-EDITION-01",
        ), ONE_SIDE),
    ),
    "no power": (
        Pin((
            "CHG-BOOT-09", "CHG-BOOT-20", "CHG-BOOT-21", "CHG-BOOT-22", "CHG-TX-01", "CHG-TX-02", "CHG-TX-03",
            "CHG-TX-05", "CHG-TX-07", "CHG-TX-08", "CHG-TX-20", "CHG-TX-21", "CHG-TX-22", "CHG-TX-23", "CHG-V2X-04",
            "CHG-V2X-23", "CHG-V2X-26",
        ), POWER),
    ),
    "power the other way": (
        Pin((
            "CHG-BOOT-20", "CHG-BOOT-21", "CHG-BOOT-22", "CHG-TX-01", "CHG-TX-03", "CHG-TX-07", "CHG-TX-08",
            "CHG-TX-20", "CHG-TX-21", "CHG-TX-22", "CHG-V2X-23", "CHG-V2X-26",
        ), POWER),
    ),
    "replies of another case": (
        Pin((
            "CHG-DER-09", "CHG-EDIT-03", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-04", "CHG-HOST-05", "CHG-HOST-06",
            "CHG-RPC-17", "CHG-RPC-18", "CHG-RPC-20", "CHG-RPC-21", "CHG-RPC-22", "CHG-RPC-23", "CHG-RPC-28",
            "CHG-V2X-05", "CHG-V2X-35", "CSMS-BOOT-03", "CSMS-BOOT-07", "CSMS-BOOT-08", "CSMS-BOOT-09",
            "CSMS-CERT-01", "CSMS-CERT-08", "CSMS-CHG-08", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05",
            "CSMS-CONN-06", "CSMS-CONN-07", "CSMS-DER-03", "CSMS-DER-04", "CSMS-DER-05", "CSMS-EDITION-03",
            "CSMS-HOSTILE-04", "CSMS-HOSTILE-05", "CSMS-HOSTILE-06", "CSMS-HOSTILE-07", "CSMS-HOSTILE-08",
            "CSMS-HOSTILE-09", "CSMS-RPC-13", "CSMS-RPC-16", "CSMS-RPC-18", "CSMS-RPC-20", "CSMS-RPC-21",
            "CSMS-RPC-22", "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25", "CSMS-RPC-26", "CSMS-RPC-27", "CSMS-RPC-28",
            "CSMS-RPC-29", "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03", "CSMS-SEC-04", "CSMS-SEC-05", "CSMS-SEC-06",
            "CSMS-SEC-07", "CSMS-SEC-09", "CSMS-SEC-10", "CSMS-SEC-12", "CSMS-SEC-13", "CSMS-TX-04", "CSMS-TX-06",
            "CSMS-V2X-12", "CSMS-V2X-13",
        ), BODY),
    ),
    "stamps an hour early": (Pin(("*",), "the clause holds nothing against a stamp; those that do, fail"),),
    "stamps an hour late": (Pin(("*",), "the clause holds nothing against a stamp; those that do, fail"),),
    "the first 25% of what the device sent, then it is dead": (
        Pin((
            "CHG-EDIT-05",
        ), HALF),
    ),
    "the first 25% of what the device sent, then the end": (
        Pin((
            "CHG-EDIT-05",
        ), HALF),
    ),
    "the first 50% of what the device sent, then it is dead": (
        Pin((
            "CHG-EDIT-05",
        ), HALF),
    ),
    "the first 50% of what the device sent, then the end": (
        Pin((
            "CHG-EDIT-05",
        ), HALF),
    ),
    "the first 75% of what the device sent, then it is dead": (
        Pin((
            "CHG-BOOT-30", "CHG-CALLS-01", "CHG-EDIT-05", "CHG-RPC-26", "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07",
            "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10", "CHG-SEC-11", "CHG-SEC-12", "CHG-V2X-06", "CHG-V2X-22",
            "CSMS-CERT-02", "CSMS-RPC-13", "CSMS-RPC-18", "CSMS-RPC-28", "CSMS-V2X-02",
        ), HALF),
    ),
    "the first 75% of what the device sent, then the end": (
        Pin((
            "CHG-BOOT-30", "CHG-CALLS-01", "CHG-EDIT-05", "CHG-SC-01", "CHG-SC-03", "CHG-SEC-05", "CHG-SEC-06",
            "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10", "CHG-SEC-11", "CHG-SEC-12", "CHG-V2X-36",
            "CSMS-CERT-02", "CSMS-V2X-02", "CSMS-V2X-07",
        ), HALF),
    ),
    "the other edition": (Pin(("*",), "the rule is the same in both editions, or about the connection"),),
}  # fmt: skip

DEVICES: Mapping[str, tuple[Pin, ...]] = {
    "a device that accepts everything": (
        Pin((
            "CHG-BOOT-08", "CHG-CALLS-01", "CHG-CERT-01", "CHG-CERT-06", "CHG-CONN-01", "CHG-CONN-03", "CHG-DER-01",
            "CHG-DER-07", "CHG-DER-08", "CHG-DER-09", "CHG-DER-10", "CHG-DER-11", "CHG-DER-18", "CHG-DER-19",
            "CHG-EDIT-01", "CHG-EDIT-03", "CHG-EDIT-05", "CHG-EDIT-06", "CHG-HOST-01", "CHG-HOST-02", "CHG-HOST-03",
            "CHG-HOST-04", "CHG-HOST-05", "CHG-HOST-06", "CHG-HOST-07", "CHG-NUM-01", "CHG-NUM-04", "CHG-RPC-14",
            "CHG-RPC-15", "CHG-RPC-16", "CHG-RPC-17", "CHG-RPC-18", "CHG-RPC-19", "CHG-RPC-20", "CHG-RPC-21",
            "CHG-RPC-22", "CHG-RPC-23", "CHG-RPC-24", "CHG-RPC-25", "CHG-RPC-28", "CHG-SEC-05", "CHG-SEC-06",
            "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10", "CHG-SEC-11", "CHG-SEC-12", "CHG-SEC-13",
            "CHG-V2X-03", "CHG-V2X-04", "CHG-V2X-05", "CHG-V2X-21", "CHG-V2X-22", "CHG-V2X-24", "CHG-V2X-25",
            "CHG-V2X-31", "CHG-V2X-32", "CHG-V2X-33", "CHG-V2X-34", "CHG-V2X-35", "CHG-V2X-36", "CHG-V2X-38",
            "CHG-V2X-39", "CHG-V2X-40", "CHG-V2X-50", "CHG-V2X-51", "CHG-V2X-62", "CHG-V2X-63", "CSMS-BOOT-03",
            "CSMS-BOOT-04", "CSMS-BOOT-06", "CSMS-BOOT-07", "CSMS-BOOT-08", "CSMS-BOOT-09", "CSMS-CALLS-01",
            "CSMS-CERT-08", "CSMS-CHG-07", "CSMS-CHG-08", "CSMS-CHG-09", "CSMS-CONN-01", "CSMS-CONN-02",
            "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05", "CSMS-CONN-06", "CSMS-CONN-07", "CSMS-DER-01",
            "CSMS-DER-02", "CSMS-DER-03", "CSMS-DER-04", "CSMS-DER-05", "CSMS-DER-06", "CSMS-EDITION-01",
            "CSMS-EDITION-02", "CSMS-EDITION-03", "CSMS-EDITION-04", "CSMS-HOSTILE-01", "CSMS-HOSTILE-02",
            "CSMS-HOSTILE-03", "CSMS-HOSTILE-04", "CSMS-HOSTILE-05", "CSMS-HOSTILE-06", "CSMS-HOSTILE-07",
            "CSMS-HOSTILE-08", "CSMS-HOSTILE-09", "CSMS-RPC-01", "CSMS-RPC-03", "CSMS-RPC-04", "CSMS-RPC-05",
            "CSMS-RPC-06", "CSMS-RPC-07", "CSMS-RPC-08", "CSMS-RPC-09", "CSMS-RPC-10", "CSMS-RPC-11", "CSMS-RPC-12",
            "CSMS-RPC-13", "CSMS-RPC-14", "CSMS-RPC-15", "CSMS-RPC-16", "CSMS-RPC-17", "CSMS-RPC-18", "CSMS-RPC-19",
            "CSMS-RPC-20", "CSMS-RPC-21", "CSMS-RPC-22", "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25", "CSMS-RPC-26",
            "CSMS-RPC-27", "CSMS-RPC-28", "CSMS-RPC-29", "CSMS-RPC-30", "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03",
            "CSMS-SEC-04", "CSMS-SEC-05", "CSMS-SEC-06", "CSMS-SEC-07", "CSMS-SEC-08", "CSMS-SEC-09", "CSMS-SEC-10",
            "CSMS-SEC-12", "CSMS-SEC-13", "CSMS-SEC-14", "CSMS-TX-01", "CSMS-TX-06", "CSMS-V2X-10", "CSMS-V2X-11",
            "CSMS-V2X-12", "CSMS-V2X-13",
        ), DUMB_ANSWERS),
    ),
    "a device that answers nothing": (
        Pin((
            "CHG-CALLS-01", "CHG-CERT-06", "CHG-CONN-01", "CHG-CONN-03", "CHG-DER-01", "CHG-DER-08", "CHG-EDIT-01",
            "CHG-EDIT-05", "CHG-EDIT-06", "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09",
            "CHG-SEC-10", "CHG-SEC-11", "CHG-SEC-12", "CHG-SEC-13", "CHG-V2X-03", "CHG-V2X-04", "CSMS-BOOT-04",
            "CSMS-BOOT-06", "CSMS-CALLS-01", "CSMS-CHG-09", "CSMS-CONN-01", "CSMS-CONN-02", "CSMS-DER-02",
            "CSMS-DER-06", "CSMS-EDITION-04", "CSMS-RPC-18", "CSMS-RPC-30", "CSMS-SEC-08", "CSMS-SEC-14",
            "CSMS-V2X-11",
        ), DUMB_ANSWERS),
    ),
    "a device that fails at everything": (
        Pin((
            "CHG-CALLS-01", "CHG-CERT-02", "CHG-CERT-06", "CHG-CONN-01", "CHG-CONN-03", "CHG-DER-01", "CHG-DER-08",
            "CHG-DER-09", "CHG-EDIT-01", "CHG-EDIT-02", "CHG-EDIT-05", "CHG-EDIT-06", "CHG-RPC-24", "CHG-RPC-25",
            "CHG-RPC-26", "CHG-SEC-03", "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09",
            "CHG-SEC-10", "CHG-SEC-11", "CHG-SEC-12", "CHG-SEC-13", "CHG-V2X-03", "CHG-V2X-04", "CSMS-BOOT-04",
            "CSMS-BOOT-06", "CSMS-CALLS-01", "CSMS-CHG-09", "CSMS-CONN-01", "CSMS-CONN-02", "CSMS-DER-02",
            "CSMS-DER-06", "CSMS-EDITION-04", "CSMS-RPC-18", "CSMS-RPC-27", "CSMS-RPC-30", "CSMS-SEC-08",
            "CSMS-SEC-14", "CSMS-V2X-11",
        ), DUMB_ANSWERS),
    ),
    "a device that refuses everything": (
        Pin((
            "CHG-CALLS-01", "CHG-CERT-02", "CHG-CERT-06", "CHG-CONN-01", "CHG-CONN-03", "CHG-DER-01", "CHG-DER-08",
            "CHG-DER-09", "CHG-EDIT-01", "CHG-EDIT-02", "CHG-EDIT-05", "CHG-EDIT-06", "CHG-RPC-24", "CHG-RPC-25",
            "CHG-RPC-26", "CHG-SEC-03", "CHG-SEC-05", "CHG-SEC-06", "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09",
            "CHG-SEC-10", "CHG-SEC-11", "CHG-SEC-12", "CHG-SEC-13", "CHG-V2X-03", "CHG-V2X-04", "CSMS-BOOT-04",
            "CSMS-BOOT-06", "CSMS-CALLS-01", "CSMS-CHG-09", "CSMS-CONN-01", "CSMS-CONN-02", "CSMS-DER-02",
            "CSMS-DER-06", "CSMS-EDITION-04", "CSMS-RPC-18", "CSMS-RPC-27", "CSMS-RPC-30", "CSMS-SEC-08",
            "CSMS-SEC-14", "CSMS-V2X-11",
        ), DUMB_ANSWERS),
    ),
    "a device that rejects everything": (
        Pin((
            "CHG-CALLS-01", "CHG-CERT-02", "CHG-CERT-06", "CHG-CONN-01", "CHG-CONN-03", "CHG-DER-01", "CHG-DER-08",
            "CHG-DER-09", "CHG-EDIT-01", "CHG-EDIT-03", "CHG-EDIT-05", "CHG-EDIT-06", "CHG-HOST-01", "CHG-HOST-02",
            "CHG-HOST-03", "CHG-HOST-04", "CHG-HOST-05", "CHG-HOST-06", "CHG-HOST-07", "CHG-RPC-03", "CHG-RPC-14",
            "CHG-RPC-15", "CHG-RPC-16", "CHG-RPC-17", "CHG-RPC-18", "CHG-RPC-19", "CHG-RPC-20", "CHG-RPC-21",
            "CHG-RPC-22", "CHG-RPC-23", "CHG-RPC-24", "CHG-RPC-25", "CHG-RPC-28", "CHG-SEC-05", "CHG-SEC-06",
            "CHG-SEC-07", "CHG-SEC-08", "CHG-SEC-09", "CHG-SEC-10", "CHG-SEC-11", "CHG-SEC-12", "CHG-SEC-13",
            "CHG-V2X-03", "CHG-V2X-04", "CHG-V2X-06", "CSMS-BOOT-03", "CSMS-BOOT-04", "CSMS-BOOT-06",
            "CSMS-BOOT-07", "CSMS-BOOT-08", "CSMS-BOOT-09", "CSMS-CALLS-01", "CSMS-CHG-07", "CSMS-CHG-08",
            "CSMS-CHG-09", "CSMS-CONN-01", "CSMS-CONN-02", "CSMS-CONN-03", "CSMS-CONN-04", "CSMS-CONN-05",
            "CSMS-CONN-06", "CSMS-CONN-07", "CSMS-DER-01", "CSMS-DER-02", "CSMS-DER-03", "CSMS-DER-04",
            "CSMS-DER-05", "CSMS-DER-06", "CSMS-EDITION-01", "CSMS-EDITION-02", "CSMS-EDITION-03",
            "CSMS-EDITION-04", "CSMS-HOSTILE-01", "CSMS-HOSTILE-02", "CSMS-HOSTILE-03", "CSMS-HOSTILE-04",
            "CSMS-HOSTILE-05", "CSMS-HOSTILE-06", "CSMS-HOSTILE-07", "CSMS-HOSTILE-08", "CSMS-HOSTILE-09",
            "CSMS-RPC-01", "CSMS-RPC-03", "CSMS-RPC-04", "CSMS-RPC-05", "CSMS-RPC-06", "CSMS-RPC-07", "CSMS-RPC-08",
            "CSMS-RPC-09", "CSMS-RPC-10", "CSMS-RPC-11", "CSMS-RPC-12", "CSMS-RPC-13", "CSMS-RPC-14", "CSMS-RPC-15",
            "CSMS-RPC-16", "CSMS-RPC-17", "CSMS-RPC-18", "CSMS-RPC-19", "CSMS-RPC-20", "CSMS-RPC-21", "CSMS-RPC-22",
            "CSMS-RPC-23", "CSMS-RPC-24", "CSMS-RPC-25", "CSMS-RPC-26", "CSMS-RPC-27", "CSMS-RPC-28", "CSMS-RPC-29",
            "CSMS-RPC-30", "CSMS-SEC-01", "CSMS-SEC-02", "CSMS-SEC-03", "CSMS-SEC-04", "CSMS-SEC-05", "CSMS-SEC-06",
            "CSMS-SEC-07", "CSMS-SEC-08", "CSMS-SEC-09", "CSMS-SEC-10", "CSMS-SEC-12", "CSMS-SEC-13", "CSMS-SEC-14",
            "CSMS-TX-01", "CSMS-TX-06", "CSMS-V2X-10", "CSMS-V2X-11", "CSMS-V2X-12", "CSMS-V2X-13",
        ), DUMB_ANSWERS),
    ),
}  # fmt: skip

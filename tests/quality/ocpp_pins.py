"""What passes although something was changed, each with the reason why that is no mistake of the judge.

A key is a mutation; each pin names cases as shell patterns, ``CHG-RPC-*``. What is of a CSMS is in
``ocpp_pins_csms.py``. A pin that nothing needs any more is found by the thorough run (``V2GREADY_THOROUGH=1``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

THOROUGH: Final = os.environ.get("V2GREADY_THOROUGH", "") == "1"
ALONE: Final = THOROUGH and "PYTEST_XDIST_WORKER" not in os.environ
"""This process sees every mutation of every case, so that it can tell which pin nothing needs: no ``-n``."""
"""Every mutation of every case; else each case meets some of the dumb devices, and is cut at few places."""


@dataclass(frozen=True)
class Pin:
    """Cases that may pass.

    Attributes:
        topics: Patterns, ``CHG-SEC-*``.
        reason: Why they may.
        breaks: Id of an invariant that has to be broken on that very run, or the pin does not hold.
    """

    topics: tuple[str, ...]
    reason: str
    breaks: str = ""


_USED: set[tuple[int, str]] = set()
"""Each pin that was needed, by its identity, with the topic pattern."""


def pinned(pins: Mapping[str, tuple[Pin, ...]], what: str, case_id: str, broken: Callable[[], Collection[str]]) -> bool:
    """Whether a case may pass on a mutation.

    Args:
        pins: The pins.
        what: The mutation; of a cut at some record what is in front of that.
        case_id: The case.
        broken: Gives the invariants that are broken on that run.
    """
    topic = case_id.replace("-OCPP-", "-")
    what = what.partition(" before record ")[0]
    found = [
        (id(pin), pattern)
        for pin in pins.get(what, ())
        for pattern in pin.topics
        if fnmatchcase(topic, pattern) and (not pin.breaks or pin.breaks in broken())
    ]
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
        if (id(pin), pattern) not in _USED
    ]


ANSWERED: Final = "an error, any answer, or none is asked for; what an answer says is for the cases of its message"
REPLIES: Final = "what comes back to what we send is judged, and is untouched; a station booted long ago need not call"
TOLD: Final = "order, ids, stamps, reasons, modes or presence of what is told are judged; TX-06 judges values"

LAG: Final = "OCPP sets no time for what this case judges, or grants it more"
STAMPS: Final = "no clause of this case holds anything against the stamps of the device"
PHASES: Final = "the report or the power behind it is judged, and is untouched; the reply says no more than yes or no"
YES_OR_NO: Final = "of a reply this case asks for yes or no, and for a reason as a remark; those of others say the same"
EDITION: Final = "the rule and the messages of this case are the same in both editions"
SAME: Final = "the reply answers the very same question, and rightly"
LAST: Final = "what is judged gets a right answer, from a case that asks the same; what comes before it is not judged"
BEHIND: Final = "SetVariables is taken in that case as well; the connections or events behind it are judged"
REFUSED: Final = "any CALLERROR refuses what 2.0.1 does not have; all else that is judged are its own messages"
WATCHED: Final = "the last span is judged by what was measured in it, ten seconds of it or beyond its middle at least"
BEFORE: Final = "what is judged came before the cut, whole: the needs, the transaction, the list, the silence asked for"
OWN: Final = "judged by what it calls, offers and shows of its own accord; none of its answers is looked at"
ONE_REPLY: Final = "any result or error is the one reply that RPC-25 counts; RPC-24 judges the station's own heartbeats"
DONE: Final = "Accepted is due here, and it does what it says: power, reports, events and reconnections are judged"

STAMPED: Final = (
    "CHG-BOOT-0[59]", "CHG-BOOT-31", "CHG-CALLS-01", "CHG-CERT-02", "CHG-DER-0[189]", "CHG-DER-1[018]",
    "CHG-EDIT-02", "CHG-NUM-0[124]", "CHG-PHASE-0[1-4]", "CHG-PHASE-12", "CHG-RPC-27", "CHG-SC-2[128]", "CHG-SC-32",
    "CHG-SC-4[023]", "CHG-SEC-0[4-9]", "CHG-SEC-1[0-2]", "CHG-TX-0[1-35-8]", "CHG-TX-2[1-3]", "CHG-V2X-0[2-4]",
    "CHG-V2X-2[236]", "CHG-WISH-01",
)  # fmt: skip
"""Cases that hold nothing against stamps."""
UNASKED: Final = ("CHG-CERT-06", "CHG-CONN-0[13]", "CHG-DER-01", "CHG-EDIT-0[16]", "CHG-SEC-13", "CHG-V2X-0[34]")
"""Cases that judge no answer."""
COUNTED: Final = ("CHG-RPC-2[45]",)
"""Cases to which any answer is one, as long as it comes."""

CUT: Final = (
    Pin((
        "CHG-DER-19", "CHG-SC-26", "CHG-V2X-05", "CHG-V2X-2[145]", "CHG-V2X-3[1-57-9]", "CHG-V2X-40",
        "CHG-V2X-5[0-245]", "CHG-V2X-6[0-4]",
    ), WATCHED),
    Pin(("CHG-EDIT-02", "CHG-RPC-27", "CHG-V2X-03", "CHG-V2X-65"), BEFORE),
)  # fmt: skip
"""The end, or death, at some record."""

TRACES: Mapping[str, tuple[Pin, ...]] = {
    "Accepted in place of every error": (
        Pin(("CHG-RPC-17",), "the limit binds who sends the id; that such a CALL is served is remarked, and no more"),
    ),
    "a device that dies": CUT,
    "a device that lags behind": (
        Pin((
            "CHG-BOOT-0[489]", "CHG-BOOT-3[01]", "CHG-CERT-0[1-6]", "CHG-DER-0[1-38]", "CHG-DER-1[3-58]",
            "CHG-EDIT-0[2-4]", "CHG-HOST-0[1-7]", "CHG-NUM-0[1-4]", "CHG-PHASE-0[1-35-9]", "CHG-PHASE-1[02]",
            "CHG-RPC-0[1-9]", "CHG-RPC-1[0-8]", "CHG-RPC-2[126-8]", "CHG-SC-06", "CHG-SC-2[13-5]", "CHG-SC-3[12]",
            "CHG-SC-43", "CHG-SEC-0[13-9]", "CHG-SEC-1[0-6]", "CHG-TX-0[1368]", "CHG-TX-2[13]", "CHG-V2X-0[1-36]",
            "CHG-V2X-1[0-9]", "CHG-V2X-2[01]", "CHG-V2X-3[045]", "CHG-V2X-5[36]", "CHG-V2X-65",
        ), LAG),
    ),
    "each reply for the CALL before": (
        Pin(("CHG-EDIT-03", "CHG-RPC-13"), SAME),
    ),
    "each reply for the next CALL": (
        Pin(("CHG-EDIT-03", "CHG-RPC-13"), SAME),
    ),
    "every status Accepted": (
        Pin(("CHG-EDIT-0[34]",), ANSWERED),
    ),
    "every status Rejected": (
        Pin(("CHG-RPC-07", "CHG-RPC-1[01]", "CHG-RPC-22"), ANSWERED),
    ),
    "every status in every answer Accepted": (
        Pin(("CHG-EDIT-0[34]", "CHG-RPC-09"), ANSWERED),
    ),
    "every status in every answer Rejected": (
        Pin(("CHG-HOST-0[1-7]", "CHG-RPC-0[1-9]", "CHG-RPC-1[014-9]", "CHG-RPC-2[0-38]"), ANSWERED),
    ),
    "no CALL of the device": (
        Pin(("CHG-CERT-05", "CHG-DER-15", "CHG-EDIT-04", "CHG-HOST-0[1-4]", "CHG-RPC-1[78]", "CHG-RPC-2[15]"), REPLIES),
    ),
    "no CALL of the device but the boot": (
        Pin((
            "CHG-CERT-05", "CHG-DER-15", "CHG-EDIT-0[45]", "CHG-HOST-0[1-4]", "CHG-RPC-1[78]", "CHG-RPC-2[15]",
        ), REPLIES),
    ),
    "no power": (
        Pin((
            "CHG-BOOT-09", "CHG-BOOT-2[0-2]", "CHG-TX-0[1-3578]", "CHG-TX-2[0-3]", "CHG-V2X-04", "CHG-V2X-2[36]",
        ), TOLD),
    ),
    "power the other way": (
        Pin(("CHG-BOOT-2[0-2]", "CHG-TX-0[1378]", "CHG-TX-2[0-2]", "CHG-V2X-2[36]"), TOLD),
    ),
    "replies of another case": (
        Pin(("CHG-RPC-13",), SAME),
        Pin(("CHG-HOST-0[1-7]", "CHG-RPC-1[4-9]", "CHG-RPC-2[0-38]"), LAST),
        Pin(("CHG-EDIT-02",), REFUSED),
        Pin(("CHG-RPC-26",), "CALLERRORs of other cases are as well formed as its own"),
        Pin(("CHG-SEC-01", "CHG-TX-21"), BEHIND),
        Pin(("CHG-PHASE-0[1-3]",), PHASES),
        Pin((
            "CHG-BOOT-08", "CHG-CERT-0[12]", "CHG-DER-09", "CHG-DER-1[045]", "CHG-EDIT-03", "CHG-NUM-0[134]",
            "CHG-PHASE-0[5-8]", "CHG-PHASE-10", "CHG-SC-2[158]", "CHG-SC-31", "CHG-SEC-15", "CHG-TX-07", "CHG-V2X-05",
            "CHG-V2X-18", "CHG-V2X-2[015]", "CHG-V2X-3[1-57]", "CHG-V2X-5[01]",
        ), YES_OR_NO),
    ),
    "stamps an hour early": (Pin(STAMPED, STAMPS),),
    "stamps an hour late": (Pin(STAMPED, STAMPS),),
    "the end": CUT,
    "the other edition": (
        Pin(("CHG-CONN-0[1-36]", "CHG-EDIT-01", "CHG-SEC-03"), EDITION),
    ),
}  # fmt: skip

DEVICES: Mapping[str, tuple[Pin, ...]] = {
    "a device that accepts everything": (
        Pin(("CHG-PHASE-0[1-4]",), PHASES),
        Pin((
            "CHG-BOOT-08", "CHG-CERT-01", "CHG-DER-0[7-9]", "CHG-DER-1[0189]", "CHG-NUM-0[14]", "CHG-V2X-05",
            "CHG-V2X-2[145]", "CHG-V2X-3[1-589]", "CHG-V2X-40", "CHG-V2X-5[01]", "CHG-V2X-6[23]",
        ), DONE),
        Pin(("CHG-EDIT-03",), ANSWERED),
        Pin(UNASKED, OWN),
        Pin(COUNTED, ONE_REPLY),
    ),
    "a device that answers nothing": (Pin(UNASKED, OWN),),
    "a device that fails at everything": (Pin(UNASKED, OWN), Pin(COUNTED, ONE_REPLY), Pin(("CHG-EDIT-02",), REFUSED)),
    "a device that refuses everything": (Pin(UNASKED, OWN), Pin(COUNTED, ONE_REPLY), Pin(("CHG-EDIT-02",), REFUSED)),
    "a device that rejects everything": (
        Pin(UNASKED, OWN),
        Pin(COUNTED, ONE_REPLY),
        Pin(("CHG-CERT-02",), "whether a certificate that fits is taken is for CHG-CERT-01, which fails on it"),
        Pin(("CHG-EDIT-03",), ANSWERED),
    ),
}  # fmt: skip

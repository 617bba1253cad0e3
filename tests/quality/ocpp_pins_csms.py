"""What passes of a CSMS although something was changed, each with the reason why that is no mistake of the judge.

As in ``ocpp_pins.py``; here one pin stands for several mutations. Topics are patterns: ``CSMS-RPC-1[03]``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from tests.quality.ocpp_pins import Pin

Pins = tuple[tuple[tuple[str, ...], Pin], ...]
"""Mutations, and what may pass on each of them."""

SCHEMA: Final = "INV-CSMS-OCPP-SCHEMA"
"""What must be broken on that very run."""

RESULT: Final = Pin(
    (
        "CSMS-BOOT-0[37-9]", "CSMS-CALLS-01", "CSMS-CERT-0[148]", "CSMS-CHG-0[78]", "CSMS-CONN-0[3-7]",
        "CSMS-DER-0[13-5]", "CSMS-EDITION-0[1-4]", "CSMS-HOSTILE-0[1-9]", "CSMS-RPC-0[1-9]", "CSMS-RPC-1[0-9]",
        "CSMS-RPC-2[0-9]", "CSMS-SEC-0[1-9]", "CSMS-SEC-1[023]", "CSMS-TX-0[13-69]", "CSMS-V2X-1[0-3]",
    ),
    "the clause asks for a result, for a refusal or for survival; what is wrong with the body, the schema says",
    breaks=SCHEMA,
)  # fmt: skip
ERROR_FORM: Final = Pin(
    ("CSMS-RPC-18",), "the form of every CALLERROR is judged, whichever it is, and the heartbeat behind them is served"
)
BOOTS: Final = Pin(
    ("CSMS-BOOT-06", "CSMS-EDITION-04"), "boots alone, and the answer to one boot is as good as that to another"
)
ANY_BOOT: Final = Pin(
    ("CSMS-BOOT-0[56]", "CSMS-EDITION-04"),
    "the clause is about time, form or edition of the answers: a station that is turned away gets them as well",
)
ANY_TOKEN: Final = Pin(
    ("CSMS-CONN-05", "CSMS-EDITION-03", "CSMS-HOSTILE-0[68]", "CSMS-RPC-07", "CSMS-RPC-13"),
    "the clause is about being answered; whether a customer is known, or a vendor, is not asked",
)
LAG: Final = Pin(
    (
        "CSMS-BOOT-0[124-9]", "CSMS-CERT-0[4-8]", "CSMS-CHG-0[47-9]", "CSMS-CONN-0[3-7]", "CSMS-DER-0[1-6]",
        "CSMS-EDITION-0[2-4]", "CSMS-HOSTILE-0[1-9]", "CSMS-RPC-0[1-9]", "CSMS-RPC-1[013-9]", "CSMS-RPC-2[014589]",
        "CSMS-RPC-30", "CSMS-SEC-0[1-79]", "CSMS-SEC-1[0-4]", "CSMS-TX-0[126-8]", "CSMS-V2X-0[124-9]",
        "CSMS-V2X-1[02-5]",
    ),
    "OCPP leaves the time of an answer, and of what an operator orders, to the CSMS; CHG-01 and -05 judge the 60 s",
)  # fmt: skip
STAMPS: Final = Pin(
    (
        "CSMS-BOOT-0[14679]", "CSMS-CERT-06", "CSMS-CHG-0[1-589]", "CSMS-CONN-0[3-57]", "CSMS-DER-03",
        "CSMS-EDITION-04", "CSMS-HOSTILE-0[1-9]", "CSMS-RPC-0[1-9]", "CSMS-RPC-1[014-79]", "CSMS-RPC-2[1-7]",
        "CSMS-RPC-30", "CSMS-SEC-0[1-79]", "CSMS-SEC-1[0-4]", "CSMS-V2X-0[4-6]", "CSMS-V2X-1[01]",
    ),
    "BOOT-05 judges the clock of the CSMS; all of its stamps are off by the same, and a plan begins when it likes",
)  # fmt: skip
EDITION: Final = Pin(
    ("CSMS-CONN-0[3-6]", "CSMS-HOSTILE-09"), "the rule and the messages of this case are the same in both editions"
)
OTHER_DEEDS: Final = Pin(
    (
        "CSMS-BOOT-0[46]", "CSMS-CALLS-01", "CSMS-CHG-09", "CSMS-CONN-0[12]", "CSMS-DER-0[26]", "CSMS-EDITION-04",
        "CSMS-RPC-30", "CSMS-SEC-08", "CSMS-SEC-14", "CSMS-V2X-11",
    ),
    "judged by its own CALLs, its handshakes or its boots, which this device does right",
)  # fmt: skip

SWAPPED: Final = ("each reply for the CALL before", "each reply for the next CALL")
REJECTED: Final = ("every status Rejected", "every status in every answer Rejected")
ACCEPTED: Final = ("every status Accepted", "every status in every answer Accepted")
ALIKE: Final = ("a device that accepts everything", "a device that rejects everything")
MUTE: Final = (
    *("a device that answers nothing", "a device that fails at everything", "a device that refuses everything"),
)


def _by_mutation(pins: Pins) -> Mapping[str, tuple[Pin, ...]]:
    found: dict[str, list[Pin]] = defaultdict(list)
    for names, pin in pins:
        for name in names:
            found[name].append(pin)
    return {name: tuple(of_it) for name, of_it in found.items()}


TRACES: Mapping[str, tuple[Pin, ...]] = _by_mutation(
    (
        ((*SWAPPED, *REJECTED, "empty results", "replies of another case"), RESULT),
        (SWAPPED, BOOTS),
        (REJECTED, ANY_BOOT),
        (ACCEPTED, ANY_TOKEN),
        (("replies of another case",), ERROR_FORM),
        (("a device that lags behind",), LAG),
        (("stamps an hour early", "stamps an hour late"), STAMPS),
        (("the other edition",), EDITION),
    )
)
DEVICES: Mapping[str, tuple[Pin, ...]] = _by_mutation(((ALIKE, RESULT), ((*ALIKE, *MUTE), OTHER_DEEDS)))

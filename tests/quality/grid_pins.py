"""What passes although something was changed, each with the reason why that is no mistake of the judge.

A key is a mutation; each pin names topics of cases as shell patterns. A pin that nothing needs any more is found by the
thorough run (``V2GREADY_THOROUGH=1``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

THOROUGH: Final = os.environ.get("V2GREADY_THOROUGH", "") == "1"
ALONE: Final = THOROUGH and "PYTEST_XDIST_WORKER" not in os.environ
"""This process sees every mutation of every case, so that it can tell which pin nothing needs: no ``-n``."""
"""Every mutation of every case; else cases that record waveforms share them out."""


@dataclass(frozen=True)
class Pin:
    """Cases that may pass.

    Attributes:
        topics: Patterns, ``LFSMO-*``.
        reason: Why they may.
    """

    topics: tuple[str, ...]
    reason: str


_USED: set[tuple[str, str]] = set()
"""Mutation and topic pattern of each pin that was needed."""


def pinned(pins: Mapping[str, tuple[Pin, ...]], what: str, case_id: str) -> bool:
    """Whether a case may pass on a mutation."""
    topic = case_id.split("-GRID-", 1)[1]
    found = [(what, pattern) for pin in pins.get(what, ()) for pattern in pin.topics if fnmatchcase(topic, pattern)]
    _USED.update(found)
    return bool(found)


def unneeded(*tables: Mapping[str, tuple[Pin, ...]]) -> list[str]:
    """Pins that no case needed in this session."""
    return [
        f"{what}: {', '.join(pin.topics)} ({pin.reason})"
        for pins in tables
        for what, of_it in pins.items()
        for pin in of_it
        if not any((what, pattern) in _USED for pattern in pin.topics)
    ]


NO_FREQUENCY = (
    "SETP-*", "LIMIT-01", "LIMIT-02", "LIMIT-03", "CEASE-*", "THD-*", "DC-*", "BAL-*", "ISL-*", "MEAN-*", "UUND*",
    "UOVR*", "QU-*", "COSPHI-*", "QSET-*", "QCAP-*", "VWATT-*", "UVRT-*", "OVRT-*", "URANGE-*", "RECON-05", "RECON-06",
)  # fmt: skip
"""Topics whose clause holds nothing against a frequency."""

STIMULI: Mapping[str, tuple[Pin, ...]] = {
    "ramps at half of their rate": (
        Pin(
            (
                "FREQ-*", "LFSMO-0[12378]", "LFSMO-09", "LFSMO-10", "PREF-*", "LFSMU-0[1245679]", "LFSMU-1[1-3]",
                "LFSMUC-0[124]", "LIMIT-0[45]", "QU-*", "VWATT-*", "URANGE-*",
            ),
            "a ramp is only the way from one level to the next; what is judged happens at the levels",
        ),
    ),
    "holds half as long": (
        Pin(("LFSMO-04", "SET-03"), "the slope is taken on the ramp; nothing is read from the hold after it"),
        Pin(("LFSMO-11",), "the rests between the swings are there for the device; the swings are judged"),
        Pin(("ROCOF-0[1-4]", "LOM-*"), "holds lie before and after the ramp; the ramp itself is as wanted"),
        Pin(("RECON-0[12789]", "SET-02", "SET-05"), "the hold that trips the device: the judge sees that it tripped"),
        Pin(("UVRT-14",), "the dip is part of a ramp here, and the ramp is as wanted"),
    ),
    "voltage away four times as long": (
        Pin(("UUND-01", "UOVR-01"), "the time to disconnect is measured, however long the voltage stays away"),
        Pin(("QU-*", "VWATT-*", "URANGE-*", "MEAN-*", "RECON-0[56]"), "a level that is held longer shows more"),
    ),
    "a stimulus half as far again": (
        Pin(("RECON-0[12789]", "SET-02", "SET-05"), "whatever tripped the device, the judge sees that it tripped"),
    ),
    "the device at half of its power": (
        Pin(("LIMIT-04",), "half of rated power is above the limit of 40 %, which binds it as it should"),
    ),
}  # fmt: skip

CALM_GRID: Mapping[str, tuple[Pin, ...]] = {
    "a calm grid, the device at rest": (
        Pin(("SETP-*", "LIMIT-01", "LIMIT-03"), "a device that does not follow its setpoint or limit fails"),
    ),
}

INSTRUMENTS: Mapping[str, tuple[Pin, ...]] = {
    "a rate of 1/1.1 of the real one": (
        Pin(
            (
                "SETP-*", "LIMIT-*", "CEASE-*", "BAL-*", "FREQ-*", "MEAN-0[23]", "LFSMO-*", "LFSMU-*", "LFSMUC-*",
                "PREF-*", "UOVR-02", "QU-*", "COSPHI-*", "QSET-*", "QCAP-*", "RECON-*", "SET-02", "SET-05",
                "VWATT-*", "URANGE-*",
            ),
            "nothing in slow values has a time scale but the stimulus, which may last longer than wanted",
        ),
    ),
    "a rate of 1.1 times the real one": (
        Pin(("COSPHI-*", "QCAP-*"), "steady states: nothing is timed"),
    ),
    "frequency 20 mHz too high": (
        Pin(NO_FREQUENCY, "the clause holds nothing against a frequency"),
        Pin(("LOM-*", "ROCOF-*", "LFSMO-04"), "a rate, a jump and a slope are differences of frequencies"),
        Pin(("FUND*", "FOVR*"), "the stimulus keeps 60 mHz away from the stage, the tolerance is 30 mHz"),
        Pin(("RECON-*", "SET-02", "SET-05"), "the stimulus is far inside or outside of the window"),
        Pin(("SET-03",), "the threshold shown may differ by 30 mHz from the one measured"),
    ),
    "current and power 20 % too low": (
        Pin(("FREQ-05", "QU-04", "CEASE-03"), "a fifth of a fifth of rated power is within the 5 % of Pn allowed"),
    ),
    "f stands still": (Pin((*NO_FREQUENCY, "RECON-10", "SET-02"), "the clause holds nothing against a frequency"),),
    "p stands still": (
        Pin(
            ("BAL-*", "UOVR-02", "QU-*", "QSET-*", "URANGE-*", "OVRT-0[45]"),
            "currents or reactive power are judged, active power is that before the stimulus",
        ),
        Pin(("VWATT-03",), "power must not change at all while charging, and it does not"),
    ),
    "the first half only": (
        Pin(("ISL-*",), "the device left in the first half: what is recorded later shows that it stays away"),
    ),
}  # fmt: skip
INSTRUMENTS = {**INSTRUMENTS, "frequency 20 mHz too low": INSTRUMENTS["frequency 20 mHz too high"]}

DEVICES: Mapping[str, tuple[Pin, ...]] = {
    "a device that leaves the grid as soon as anything happens": (
        Pin(("UUND2-01", "UOVR2-01", "UOVR3-01", "SET-02"), "the device has to leave; NO-TRIP cases say not before"),
        Pin(("UVRT-17",), "no current is asked for; that the device stays is shown by UVRT-01"),
        Pin(("LFSMU-08", "LFSMU-09"), "a device that charged may leave in place of supplying"),
        Pin(
            ("LFSMU-05", "LFSMU-07", "LFSMUC-0[123]"),
            "the clause bounds consumption from above; FREQ cases show that the device stays",
        ),
    ),
    "both": (Pin(("LFSMUC-02",), "a prohibition: a device that does nothing obeys, whatever else it should do"),),
}

PAIRS: Mapping[tuple[str, str], str] = {
    ("LFSMO-02", "LFSMO-03"): "the staircase holds the one level of LFSMO-02 at the same power",
    ("LFSMU-13", "LFSMU-03"): "the step goes to the level of LFSMU-13 and stays there long enough",
}
"""Judge and the recording of another case that it may pass."""

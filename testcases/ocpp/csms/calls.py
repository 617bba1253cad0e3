"""CALLs of a CSMS: one after the other, each with an id of its own."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    Late,
    Observation,
    Trace,
    got,
    ids_used_once,
    one_call_open,
)

DELAY = 0.5
"""Seconds that the station takes for an answer; short enough that nobody gives up."""


class OneAfterTheOther(CsmsCase):
    """An operator asks for two things at once. Many stations read one CALL at a time and drop a second one.

    The CSMS has to keep the second until the first is answered, and may not use its id again: a station that is asked
    under a known id takes it for a repetition.
    """

    id = "CSMS-OCPP-CALLS-01"
    title = "The CSMS sends its CALLs one after the other, each with an id of its own"
    area = "rpc"
    requirements = ("OCPP-J-ONE-OPEN", "OCPP-J-ID-UNIQUE")
    hooks = ("do",)
    faults = {"second-call-while-open": "OCPP-J-ONE-OPEN", "reused-message-id": "OCPP-J-ID-UNIQUE"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has the CSMS send two CALLs to a station that takes its time."""
        slow = Late(DELAY, {"status": "Accepted"})
        async with bench.station.connect() as csms:
            csms.answers |= {"TriggerMessage": slow, "ChangeAvailability": slow}
            await csms.boot()
            await csms.status()
            begin = csms.mark
            await bench.do("TriggerMessage", {"requestedMessage": "Heartbeat"})
            await bench.do("ChangeAvailability", {"operationalStatus": "Operative"})
            await csms.wait_for("TriggerMessage", since=begin)
            await csms.wait_for("ChangeAvailability", since=begin)
            await csms.silence(2 * DELAY)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Needs both CALLs, then looks at their order and ids."""
        got(trace, "TriggerMessage")
        got(trace, "ChangeAvailability")
        yield one_call_open("OCPP-J-ONE-OPEN", trace)
        yield ids_used_once("OCPP-J-ID-UNIQUE", trace)

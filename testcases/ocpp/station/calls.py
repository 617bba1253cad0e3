"""CALLs of a charging station: one after the other, each with an id of its own."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.ocpp import (
    Inconclusive,
    Late,
    Observation,
    StationBench,
    StationCase,
    Trace,
    ask_alive,
    calls,
    ids_used_once,
    one_call_open,
    still_serves,
)

DELAY = 0.5
"""Seconds that the CSMS takes for an answer; short enough that no station gives up."""
WATCHED = 30.0


class OneAfterTheOther(StationCase):
    """After its boot a station has much to tell. A CSMS may read one CALL at a time and drop a second one.

    The station has to wait for the answer to its CALL before it sends the next, and may not use an id again: a CSMS
    takes a known id for a repetition and does not look at it twice.
    """

    id = "CHG-OCPP-CALLS-01"
    title = "The station sends its CALLs one after the other, each with an id of its own"
    area = "rpc"
    requirements = ("OCPP-J-ONE-OPEN", "OCPP-J-ID-UNIQUE")
    faults = {"second-call-while-open": "OCPP-J-ONE-OPEN", "reuses-message-id": "OCPP-J-ID-UNIQUE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Lets a station boot at a CSMS that takes its time for everything."""
        for action, answer in list(bench.csms.answers.items()):
            bench.csms.answers[action] = Late(DELAY, answer)
        async with bench.csms.session() as station:
            await station.silence(WATCHED)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at neighbouring CALLs and compares all ids."""
        slow = [one for one in calls(trace, sender=trace.dut) if one.elapsed is not None and one.elapsed >= DELAY]
        if len(slow) < 2:
            raise Inconclusive(f"{len(slow)} CALLs of the station were answered late: two are needed")
        yield one_call_open("OCPP-J-ONE-OPEN", trace)
        yield ids_used_once("OCPP-J-ID-UNIQUE", trace)
        still_serves(trace)

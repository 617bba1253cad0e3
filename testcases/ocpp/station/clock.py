"""The clock of a charging station (B01, G02): it is that of the CSMS, at boot and with every heartbeat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, timezone
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    StationBench,
    StationCase,
    Trace,
    ask_alive,
    calls,
    every,
    holds,
    instant,
    look,
    start_transaction,
    still_serves,
)

TOLERANCE = 10.0
"""Seconds; ours, the standard has no figure."""
EVENT = "TransactionEvent"


def follows(rule: str, trace: Trace, least: int) -> Observation:
    """The times of TransactionEvents are those of the clock that the station was told last.

    Args:
        rule: The requirement.
        trace: The trace.
        least: How many there must be.

    Raises:
        Inconclusive: There were fewer.
    """
    told = [
        (one.reply, instant(str(look(one.answer, "currentTime"))))
        for one in calls(trace, sender=trace.dut)
        if one.action in {"BootNotification", "Heartbeat"} and one.reply is not None and one.answer
    ]
    found = []
    for one in calls(trace, EVENT, sender=trace.dut):
        known = [(reply, moment) for reply, moment in told if reply.index < one.request.index]
        if not known or "timestamp" not in one.payload or one.t - known[-1][0].t < 1.0:
            continue
        reply, moment = known[-1]
        off = instant(one.payload["timestamp"]) - (moment + one.t - reply.t)
        expected, at = f"the time of the CSMS, {TOLERANCE:g} s", (reply.index, one.request.index)
        found.append(holds(rule, abs(off) <= TOLERANCE, expected=expected, seen=f"{off:+.1f} s", at=at))
    if len(found) < least:
        raise Inconclusive(f"{len(found)} events could be compared, {least} are needed")
    return every(rule, found, what="events")


class ClockCase(StationCase):
    """A CSMS whose time differs from that of the station; base of the cases about it."""

    area = "boot"
    requirements = ("OCPP-B01-CLOCK",)
    hooks = ("plug_in", "present_token")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the times of all events with the clock that was told."""
        yield follows("OCPP-B01-CLOCK", trace, 2)
        still_serves(trace)


class AtBoot(ClockCase):
    """A station that was off for a month has any time; the CSMS gives the right one with its answer."""

    id = "CHG-OCPP-BOOT-20"
    title = "The clock follows BootNotification, an hour ahead"
    aliases = ("TC_B_05_CS",)
    faults: ClassVar = {"clock-not-set": "OCPP-B01-CLOCK"}

    async def stimulate(self, bench: StationBench) -> None:
        """Answers the boot an hour ahead."""
        bench.csms.clock_offset = 3600.0
        async with bench.csms.session() as station:
            await station.silence(2)
            await start_transaction(bench, station)
            await station.silence(70)
            await ask_alive(station)


class WithHeartbeat(ClockCase):
    """Clocks drift; the time of each Heartbeat puts them right, back as well as ahead."""

    id = "CHG-OCPP-BOOT-21"
    title = "The clock follows Heartbeat, an hour ahead and an hour back"
    faults: ClassVar = {"clock-set-once": "OCPP-B01-CLOCK"}

    async def stimulate(self, bench: StationBench) -> None:
        """Moves the time of the CSMS and triggers a Heartbeat each time."""
        async with bench.csms.session() as station:
            await start_transaction(bench, station)
            for offset in (3600.0, -3600.0, 0.0):
                bench.csms.clock_offset = offset
                mark = station.mark
                await station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
                await station.look_for("Heartbeat", within=15, since=mark)
                await station.silence(3)
                await station.call("TriggerMessage", {"requestedMessage": EVENT, "evse": {"id": 1}})
                await station.silence(5)
            await ask_alive(station)


class WithOffset(ClockCase):
    """Summer time ends: the same instants come with another offset. RFC 3339 allows both, and Z; they are one clock."""

    id = "CHG-OCPP-BOOT-22"
    title = "A time with an offset is read as the instant that it is"
    faults: ClassVar = {"clock-offset-ignored": "OCPP-B01-CLOCK"}

    async def stimulate(self, bench: StationBench) -> None:
        """Tells the time in +02:00, then in +01:00."""
        zone = [2]

        def local() -> str:
            return bench.clock.utc().astimezone(timezone(timedelta(hours=zone[0]))).isoformat(timespec="seconds")

        def beat(_: Any) -> dict[str, Any]:
            return {"currentTime": local()}

        bench.csms.answers["Heartbeat"] = beat
        bench.csms.answers["BootNotification"] = lambda _: {
            "currentTime": local(), "interval": 300, "status": "Accepted",
        }  # fmt: skip
        async with bench.csms.session() as station:
            await station.silence(2)
            await start_transaction(bench, station)
            for hours in (1, 2):
                zone[0] = hours
                mark = station.mark
                await station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
                await station.look_for("Heartbeat", within=15, since=mark)
                await station.silence(35)
            await ask_alive(station)

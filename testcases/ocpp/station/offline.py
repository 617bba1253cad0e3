"""Transactions while there is no CSMS (E04, E11, E12): everything is kept, in order, and told afterwards, once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    TOKEN,
    EventKind,
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    ask_alive,
    calls,
    handshakes,
    holds,
    instant,
    look,
    set_variable,
    start_transaction,
    still_serves,
    transactions,
    watched_until,
)

EVENT, INFO = "TransactionEvent", "transactionInfo"
BACK = 180.0
"""Seconds for a station to find its CSMS again, back-off included; ours."""


def outage(trace: Trace) -> tuple[float, float]:
    """From the end of the first connection to the next handshake that worked.

    Raises:
        Inconclusive: There were no two connections.
    """
    good = [one for one in handshakes(trace) if one.status == 101]
    if len(good) < 2:
        raise Inconclusive("the station was not offline, or did not come back")
    ends = [
        one.t
        for one in trace.events(EventKind.CLOSED, link=good[0].link)
    ] or [one.t for one in trace.frames(link=good[0].link)]  # fmt: skip
    return ends[0], good[1].request.t


def first_sends(events: list[RpcExchange]) -> list[RpcExchange]:
    """Events as they were sent first: a repetition without an answer is none of its own."""
    found: list[RpcExchange] = []
    for one in events:
        before = [each for each in found if each.payload["seqNo"] == one.payload["seqNo"]]
        if before and all(each.answer is None for each in before) and before[-1].payload == one.payload:
            continue
        found.append(one)
    return found


def in_order(rule: str, events: list[RpcExchange], *, whole: bool = True) -> Observation:
    """SeqNo rises by one from 0; where events may be dropped (``whole`` False) it only rises."""
    numbers = [one.payload["seqNo"] for one in first_sends(events)]
    good = numbers == list(range(len(numbers))) if whole else numbers == sorted(set(numbers)) and numbers[:1] == [0]
    return holds(
        rule, good, expected="seqNo from 0, each once, in order", seen=f"{numbers[:6]} … {numbers[-3:]}",
        at=tuple(one.request.index for one in events[:8]),
    )  # fmt: skip


def complete(rule: str, events: list[RpcExchange]) -> Observation:
    """Started first, Ended last, one of each."""
    kinds = [one.payload["eventType"] for one in first_sends(events)]
    good = kinds[0] == "Started" and kinds[-1] == "Ended" and kinds.count("Started") == kinds.count("Ended") == 1
    return holds(
        rule, good, expected="Started first, Ended last, one of each", seen=", ".join([*kinds[:4], "…", *kinds[-2:]]),
        at=(events[0].request.index, events[-1].request.index),
    )  # fmt: skip


def marked(rule: str, trace: Trace, events: list[RpcExchange]) -> Iterator[Observation]:
    """What happened in the outage has offline true and a time within it; what did not has not.

    Raises:
        Inconclusive: Nothing happened in it.
    """
    begin, end = outage(trace)
    boot = next((one for one in calls(trace, "BootNotification") if one.answer and one.reply), None)
    if boot is None or boot.reply is None:
        raise Inconclusive("the station was told no time")
    zero = instant(str(look(boot.answer, "currentTime"))) - boot.reply.t
    within = []
    for one in first_sends(events):
        happened = instant(one.payload["timestamp"]) - zero
        flag = bool(one.payload.get("offline", False))
        inside, outside = begin + 35 < happened < end - 1, happened < begin - 1 or happened > end + 35
        if inside or outside:
            within.append(inside)
            yield holds(
                rule, flag is inside, expected=f"offline {inside} at {happened:.0f} s, away {begin:.0f} to {end:.0f} s",
                seen=f"offline {flag}", at=one.at,
            )  # fmt: skip
    if True not in within:
        raise Inconclusive("no event has a time within the outage")


def of_all(trace: Trace) -> list[RpcExchange]:
    """Events of the only transaction that was meant.

    Raises:
        Inconclusive: The station was not watched long enough behind the outage.
    """
    _, end = outage(trace)
    if watched_until(trace) - end < 30:
        raise Inconclusive("the station was not watched after it came back")
    groups = transactions(trace)
    return next(iter(groups.values()), [])


class OfflineCase(StationCase):
    """What the cases about an outage share."""

    area = "transactions"
    hooks: ClassVar[tuple[str, ...]] = ("plug_in", "present_token", "stop", "unplug")

    async def come_back(self, bench: StationBench, seconds: float = 60.0) -> Any:
        """Lets the station find its CSMS, and watches."""
        await bench.csms.go_online()
        again = await bench.csms.connection(within=BACK)
        await again.silence(seconds)
        await ask_alive(again)
        return again


class ThroughAnOutage(OfflineCase):
    """The network is away for the whole of the charge's second half, the end included: nothing of it may be lost.

    What comes late is marked so and has its own time; otherwise a CSMS bills energy of the night at noon.
    """

    id = "CHG-OCPP-TX-20"
    title = "A transaction that ends offline is told afterwards, in order, once"
    requirements = ("OCPP-E-OFFLINE", "OCPP-E-SEQNO", "OCPP-E-ONCE")
    aliases = ("TC_E_40_CS",)
    faults: ClassVar = {
        "offline-events-lost": "OCPP-E-ONCE",
        "ended-lost-offline": "OCPP-E-ONCE",
        "started-after-ended": "OCPP-E-SEQNO",
        "offline-events-twice": "OCPP-E-SEQNO",
        "seqno-gap": "OCPP-E-SEQNO",
        "offline-flag-missing": "OCPP-E-OFFLINE",
        "offline-flag-always": "OCPP-E-OFFLINE",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Goes offline during a transaction for five minutes; the driver leaves after three."""
        async with bench.csms.session() as station:
            await start_transaction(bench, station)
            await station.silence(60)
        await bench.csms.go_offline()
        await bench.wait(180)
        await bench.act("stop", evse=1)
        await bench.wait(10)
        await bench.act("unplug", evse=1)
        await bench.wait(110)
        await self.come_back(bench)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Order, completeness, marks and times."""
        events = of_all(trace)
        if not events:
            raise Inconclusive("no transaction was told before the outage")
        yield in_order("OCPP-E-SEQNO", events)
        yield complete("OCPP-E-ONCE", events)
        yield from marked("OCPP-E-OFFLINE", trace, events)
        still_serves(trace)


class WhollyOffline(OfflineCase):
    """A station that lets known customers charge offline begins and ends a transaction that the CSMS never saw.

    Then its power fails. A field station sent the end before the start afterwards, another one twice, a third nothing.
    """

    id = "CHG-OCPP-TX-21"
    title = "Started and ended offline, then a power cycle: told afterwards, Started first, once"
    requirements = ("OCPP-E11-REBOOT", "OCPP-E-SEQNO", "OCPP-E-ONCE")
    hooks = ("plug_in", "present_token", "stop", "unplug", "reboot")
    faults: ClassVar = {
        "queue-lost-at-reboot": "OCPP-E11-REBOOT",
        "started-lost-offline": "OCPP-E-ONCE",
        "ended-lost-offline": "OCPP-E-ONCE",
        "started-after-ended": "OCPP-E-SEQNO",
        "offline-events-twice": "OCPP-E-SEQNO",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """All of it while the CSMS is away."""
        async with bench.csms.session() as station:
            await set_variable(station, "true", "AuthCtrlr", "OfflineTxForUnknownIdEnabled")
            await station.silence(5)
        await bench.csms.go_offline()
        await bench.wait(40)
        await bench.act("plug_in", evse=1)
        await bench.act("present_token", token=TOKEN, type="ISO14443", evse=1)
        await bench.wait(90)
        await bench.act("stop", evse=1)
        await bench.act("unplug", evse=1)
        await bench.wait(10)
        await bench.act("reboot")
        await bench.wait(30)
        await self.come_back(bench)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """All of it behind the outage, where the station lets unknown customers charge offline."""
        setting = next(iter(calls(trace, "SetVariables", sender=trace.tester)), None)
        if setting is None or look(setting.answer, "setVariableResult.0.attributeStatus") != "Accepted":
            raise Inconclusive("the station takes no unknown customer while it is offline")
        events = of_all(trace)
        rule = "OCPP-E11-REBOOT"
        yield holds(
            rule, bool(events), expected="the events of the offline transaction after the power cycle",
            seen=f"{len(events)} events", at=setting.at,
        )  # fmt: skip
        if events:
            yield in_order("OCPP-E-SEQNO", events)
            yield complete("OCPP-E-ONCE", events)
        still_serves(trace)


class PowerFails(OfflineCase):
    """Power fails in the middle of a charge. The transaction goes on afterwards or is ended; it is not forgotten."""

    id = "CHG-OCPP-TX-22"
    title = "A transaction over a power cycle goes on, or is ended"
    requirements = ("OCPP-E11-REBOOT", "OCPP-E-SEQNO")
    hooks = ("plug_in", "present_token", "reboot")
    faults: ClassVar = {"queue-lost-at-reboot": "OCPP-E11-REBOOT", "seqno-gap": "OCPP-E-SEQNO"}

    async def stimulate(self, bench: StationBench) -> None:
        """Charges, and takes the power away."""
        async with bench.csms.session() as station:
            await start_transaction(bench, station)
            await station.silence(40)
            await bench.act("reboot")
        again = await bench.csms.connection(within=BACK)
        await again.silence(120)
        await ask_alive(again)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """After the boot there is its end, or another event of it."""
        events = of_all(trace)
        _, back = outage(trace)
        if not events or events[0].t > back:
            raise Inconclusive("no transaction ran when the power failed")
        later = [one for one in events if one.t > back]
        words = {
            (one.payload["eventType"], look(one.payload, f"{INFO}.stoppedReason") or one.payload["triggerReason"])
            for one in later
        }
        resumes = bool(trace.declared.get("ocpp_reboot_resumes", False))
        ended = any(one.payload["eventType"] == "Ended" for one in later)
        yield holds(
            "OCPP-E11-REBOOT", bool(later) if resumes else ended,
            expected="events of the transaction again" if resumes else "Ended after the power cycle",
            seen=f"{sorted(words) or 'nothing'}", at=tuple(one.request.index for one in (later or events)[:3]),
        )  # fmt: skip
        yield in_order("OCPP-E-SEQNO", events)
        still_serves(trace)


class MemoryIsShort(OfflineCase):
    """A long outage fills the memory. Of the updates every other one may go; the start and the end are the bill."""

    id = "CHG-OCPP-TX-23"
    title = "Where memory is short Updated events are dropped, never Started or Ended"
    requirements = ("OCPP-E04.FR.08",)
    faults: ClassVar = {
        "drops-oldest-when-full": "OCPP-E04.FR.08",
        "started-lost-offline": "OCPP-E04.FR.08",
        "ended-lost-offline": "OCPP-E04.FR.08",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """A value each second for more than eight minutes offline, begun and ended offline."""
        async with bench.csms.session() as station:
            await set_variable(station, "1", "SampledDataCtrlr", "TxUpdatedInterval")
            await set_variable(station, "true", "AuthCtrlr", "OfflineTxForUnknownIdEnabled")
            await station.silence(2)
        await bench.csms.go_offline()
        await bench.wait(40)
        await bench.act("plug_in", evse=1)
        await bench.act("present_token", token=TOKEN, type="ISO14443", evse=1)
        await bench.wait(510)
        await bench.act("stop", evse=1)
        await bench.act("unplug", evse=1)
        await self.come_back(bench, 60)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Start and end are there, and what is there is in order."""
        settings = calls(trace, "SetVariables", sender=trace.tester)
        if len(settings) < 2 or any(
            look(one.answer, "setVariableResult.0.attributeStatus") != "Accepted" for one in settings
        ):
            raise Inconclusive("the station could not be set up for it")
        events = of_all(trace)
        if len(events) < 5:
            raise Inconclusive("no transaction was told after the outage")
        yield complete("OCPP-E04.FR.08", events)
        kinds = [one.payload["eventType"] for one in first_sends(events)]
        numbers = [one.payload["seqNo"] for one in first_sends(events)]
        yield holds(
            "OCPP-E04.FR.08", numbers == sorted(set(numbers)), expected="seqNo that only rises",
            seen=f"{len(kinds)} events, seqNo {numbers[0]} to {numbers[-1]}",
            at=(events[0].request.index, events[-1].request.index),
        )  # fmt: skip
        still_serves(trace)

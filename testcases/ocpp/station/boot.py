"""Boot of a charging station (B01 to B03, B11, B12, G02): until the CSMS accepts it, it says nothing but its name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    InTurn,
    Late,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    ask_alive,
    calls,
    get_variable,
    got,
    holds,
    look,
    received,
    sent,
    served,
    start_transaction,
    status_is,
    still_serves,
    taken,
    timestamp,
    variable,
    watched_until,
)

BOOT = "BootNotification"
HEARTBEAT = ("OCPPCommCtrlr", "HeartbeatInterval")
SLACK = 5.0
"""Seconds by which a repetition may come late; ours: stations look at their timers now and then."""


def boots(trace: Trace, least: int = 1) -> list[RpcExchange]:
    """The BootNotifications.

    Raises:
        Inconclusive: There are fewer.
    """
    found = calls(trace, BOOT, sender=trace.dut)
    if len(found) < least:
        raise Inconclusive(f"{len(found)} BootNotifications, {least} are needed")
    return found


def acceptance(trace: Trace) -> float:
    """When the station was first accepted; infinity if never."""
    replies = [one.reply.t for one in boots(trace) if one.status == "Accepted" and one.reply is not None]
    return min(replies, default=float("inf"))


def quiet(rule: str, trace: Trace, *, asked: frozenset[str] = frozenset()) -> Observation:
    """Until it is accepted the station sends nothing but BootNotification, and what it was asked for.

    Raises:
        Inconclusive: It was not watched for 5 s before, or has nothing to tell afterwards either.
    """
    first, until = boots(trace)[0], acceptance(trace)
    if min(until, watched_until(trace)) - first.t < SLACK:
        raise Inconclusive("the station was accepted at once: nothing to see")
    others = [one for one in calls(trace, sender=trace.dut) if one.action not in {BOOT, *asked}]
    early = [one for one in others if one.t < until]
    if not others and until < watched_until(trace):
        raise Inconclusive("the station tells nothing once it is accepted either")
    return holds(
        rule,
        not early,
        expected=f"nothing but {' and '.join(sorted({BOOT, *asked}))} before Accepted",
        seen=f"{early[0].action}" if early else "nothing else",
        at=tuple(one.request.index for one in (early or [first])[:3]),
    )


def repeated(rule: str, trace: Trace, interval: float, *, least: int) -> Iterator[Observation]:
    """After each answer that is not Accepted the next BootNotification comes after its interval."""
    found = boots(trace)
    for one, later in pairwise(found):
        if one.reply is None or one.status == "Accepted":
            continue
        wait = later.t - one.reply.t
        yield holds(
            rule,
            interval - 0.5 <= wait <= interval + SLACK,
            expected=f"the next {BOOT} {interval:g} s after the answer",
            seen=f"after {wait:.2f} s",
            at=(one.reply.index, later.request.index),
        )
    last = found[-1]
    silent = watched_until(trace) - (last.reply.t if last.reply else last.t)
    if len(found) < least and last.status != "Accepted":
        if silent < interval + SLACK:
            raise Inconclusive("the next BootNotification was not awaited")
        expected, seen = f"{BOOT} again after {interval:g} s", f"none in {silent:.0f} s"
        yield holds(rule, False, expected=expected, seen=seen, at=last.at)


class BootCase(StationCase):
    """What the cases about boot share."""

    area = "boot"


class NothingBefore(BootCase):
    """A slow CSMS has not accepted the station yet: a security event that is sent meanwhile is refused, and lost."""

    id = "CHG-OCPP-BOOT-01"
    title = "BootNotification comes first, and nothing else before its answer"
    requirements = ("OCPP-B01-BOOT-FIRST",)
    aliases = ("TC_B_01_CS",)
    faults: ClassVar = {"talks-before-accepted": "OCPP-B01-BOOT-FIRST"}

    async def stimulate(self, bench: StationBench) -> None:
        """Answers with Pending after 10 s, then with Accepted after 10 s."""
        answer = bench.csms.answers[BOOT]
        pending = {"currentTime": bench.stamp(10), "interval": 20, "status": "Pending"}
        bench.csms.answers[BOOT] = InTurn(Late(10, pending), Late(10, answer))
        station = await bench.csms.connection()
        await station.silence(60)
        await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The first message, and what else came before Accepted."""
        first = next(iter(calls(trace, sender=trace.dut)), None)
        if first is None:
            raise Inconclusive("the station sent nothing")
        yield holds("OCPP-B01-BOOT-FIRST", first.action == BOOT, expected=BOOT, seen=first.action, at=first.at)
        yield quiet("OCPP-B01-BOOT-FIRST", trace)
        still_serves(trace)


class Waiting(BootCase):
    """The CSMS says not yet (Pending), or no (Rejected), and when the station may ask again; base of both cases.

    Attributes:
        status: What BootNotification is answered with.
        rule: The requirement about what else is sent.
    """

    status: ClassVar[str] = ""
    rule: ClassVar[str] = ""
    interval: ClassVar = 40

    async def stimulate(self, bench: StationBench) -> None:
        """Twice so, then Accepted."""
        good = bench.csms.answers[BOOT]

        def unready(_: Any) -> dict[str, Any]:
            return {"currentTime": timestamp(bench.clock), "interval": self.interval, "status": self.status}

        bench.csms.answers[BOOT] = InTurn(unready, unready, good)
        bench.csms.registration[bench.identity] = self.status
        station = await bench.csms.connection()
        await station.silence(3 * self.interval + 10)
        await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The waits, and what else was sent; a station may hang up meanwhile where it was rejected."""
        yield from repeated("OCPP-B02-RETRY", trace, self.interval, least=3)
        yield quiet(self.rule, trace)
        still_serves(trace)


class Pending(Waiting):
    """A CSMS that still configures the station asks it to come back in 40 s: not earlier, not never."""

    id = "CHG-OCPP-BOOT-02"
    title = "Pending: quiet, and BootNotification again after the interval"
    requirements = ("OCPP-B02-PENDING-QUIET", "OCPP-B02-RETRY")
    aliases = ("TC_B_02_CS",)
    status = "Pending"
    rule = "OCPP-B02-PENDING-QUIET"
    faults: ClassVar = {
        "talks-before-accepted": "OCPP-B02-PENDING-QUIET",
        "pending-interval-ignored": "OCPP-B02-RETRY",
        "boots-only-once": "OCPP-B02-RETRY",
    }


class Rejected(Waiting):
    """A CSMS that does not know the station yet rejects it; a fleet that asks every second would bring it down."""

    id = "CHG-OCPP-BOOT-03"
    title = "Rejected: quiet, and BootNotification again after the interval"
    requirements = ("OCPP-B03-REJECTED-QUIET", "OCPP-B02-RETRY")
    aliases = ("TC_B_03_CS",)
    status = "Rejected"
    rule = "OCPP-B03-REJECTED-QUIET"
    faults: ClassVar = {
        "talks-before-accepted": "OCPP-B03-REJECTED-QUIET",
        "pending-interval-ignored": "OCPP-B02-RETRY",
        "boots-only-once": "OCPP-B02-RETRY",
    }


class NoInterval(BootCase):
    """Interval 0 leaves the wait to the station. It has to choose one that a CSMS survives."""

    id = "CHG-OCPP-BOOT-04"
    title = "Pending with interval 0 brings no flood of BootNotifications"
    requirements = ("OCPP-B02-ZERO",)
    faults: ClassVar = {"pending-interval-ignored": "OCPP-B02-ZERO", "boots-only-once": "OCPP-B02-ZERO"}
    most: ClassVar = 30
    span: ClassVar = 60.0
    patience: ClassVar = 1200.0

    async def stimulate(self, bench: StationBench) -> None:
        """Pending for twenty minutes."""
        bench.csms.answers[BOOT] = lambda _: {
            "currentTime": timestamp(bench.clock),
            "interval": 0,
            "status": "Pending",
        }
        bench.csms.registration[bench.identity] = "Pending"
        station = await bench.csms.connection()
        await station.silence(self.patience)
        await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Counts them within each minute; there has to be a second one."""
        found = boots(trace)
        if watched_until(trace) - found[0].t < self.patience - 5:
            raise Inconclusive("the station was not watched for long enough")
        crowd = max(sum(0 <= later.t - one.t < self.span for later in found) for one in found)
        yield holds(
            "OCPP-B02-ZERO",
            len(found) > 1 and crowd <= self.most,
            expected=f"{BOOT} again, {self.most} in a minute at most",
            seen=f"{len(found)} in {self.patience:g} s, {crowd} in a minute",
            at=tuple(one.request.index for one in found[:3]),
        )
        still_serves(trace)


class PendingServes(BootCase):
    """Pending is there so that the CSMS can set up the station: read, write, list, trigger. Charging has to wait."""

    id = "CHG-OCPP-BOOT-05"
    title = "Pending: configuration is served, remote start and stop are refused"
    requirements = ("OCPP-B02-PENDING-SERVES", "OCPP-B02-PENDING-START", "OCPP-B02-PENDING-QUIET")
    faults: ClassVar = {
        "starts-while-pending": "OCPP-B02-PENDING-START",
        "pending-serves-nothing": "OCPP-B02-PENDING-SERVES",
        "trigger-ignored": "OCPP-B02-PENDING-SERVES",
        "talks-before-accepted": "OCPP-B02-PENDING-QUIET",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Asks a pending station for all that it has to serve, and for what it must not."""
        bench.csms.boot_status, bench.csms.heartbeat_interval = "Pending", 300
        async with bench.csms.session() as station:
            token = {"idToken": "V2GREADY-TOKEN", "type": "ISO14443"}
            await get_variable(station, *HEARTBEAT)
            data = {**variable(*HEARTBEAT), "attributeValue": "300"}
            await station.call("SetVariables", {"setVariableData": [data]})
            await station.call("GetBaseReport", {"requestId": 5, "reportBase": "SummaryInventory"})
            await station.silence(10)
            await station.call("TriggerMessage", {"requestedMessage": BOOT})
            await station.silence(10)
            await station.call("RequestStartTransaction", {"remoteStartId": 5, "idToken": token, "evseId": 1})
            await station.call("RequestStopTransaction", {"transactionId": "there-is-none"})
            await station.silence(10)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Answers, and the triggered BootNotification; nothing else comes of itself."""
        if acceptance(trace) < float("inf") or boots(trace)[0].status != "Pending":
            raise Inconclusive("the station was not kept Pending")
        rule = "OCPP-B02-PENDING-SERVES"
        for action in ("GetVariables", "SetVariables", "GetBaseReport"):
            yield served(rule, trace, sent(trace, action))
        trigger = sent(trace, "TriggerMessage")
        yield taken(rule, trigger)
        yield received(rule, trace, BOOT, what="that was triggered", after=trigger.request, within=10.0)
        if sent(trace, "GetBaseReport").status == "Accepted":
            yield received(rule, trace, "NotifyReport", after=sent(trace, "GetBaseReport").request, within=10.0)
        for action in ("RequestStartTransaction", "RequestStopTransaction"):
            yield status_is("OCPP-B02-PENDING-START", sent(trace, action), "Rejected")
        yield quiet("OCPP-B02-PENDING-QUIET", trace, asked=frozenset({"NotifyReport"}))


class Connectors(BootCase):
    """After its boot a CSMS knows nothing of the connectors: each is told, or drivers are sent to an occupied one."""

    id = "CHG-OCPP-BOOT-06"
    title = "After Accepted the state of every connector is told"
    requirements = ("OCPP-B01.FR.05",)
    pics = "ocpp21"
    faults: ClassVar = {
        "no-availability-after-boot": "OCPP-B01.FR.05",
        "one-connector-after-boot": "OCPP-B01.FR.05",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Lets it boot, and asks for its inventory."""
        async with bench.csms.session() as station:
            await station.silence(30)
            await station.call("GetBaseReport", {"requestId": 6, "reportBase": "FullInventory"})
            await station.silence(30)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the connectors of the inventory with those that were told."""
        asked = sent(trace, "GetBaseReport")
        if asked.status != "Accepted":
            raise Inconclusive("the station gives no report of its connectors")
        there = {
            place
            for one in calls(trace, "NotifyReport", sender=trace.dut)
            for entry in one.payload.get("reportData", ())
            if (place := _connector(entry)) is not None
        }
        if not there:
            raise Inconclusive("the inventory names no connector")
        told = {
            place
            for one in calls(trace, "NotifyEvent", sender=trace.dut, before=asked.request)
            for entry in one.payload["eventData"]
            if (place := _connector(entry)) is not None and entry["variable"]["name"] == "AvailabilityState"
        }
        yield holds(
            "OCPP-B01.FR.05",
            told >= there,
            expected=f"NotifyEvent AvailabilityState of connectors {sorted(there)}",
            seen=f"{sorted(told) or 'none'}",
            at=asked.at,
        )
        still_serves(trace)


def _connector(entry: Any) -> tuple[int, int] | None:
    evse, number = look(entry, "component.evse.id"), look(entry, "component.evse.connectorId")
    named = look(entry, "component.name") == "Connector"
    return (evse, number) if named and isinstance(evse, int) and isinstance(number, int) else None


class Heartbeats(BootCase):
    """The interval of the answer is that of Heartbeat: what the CSMS takes for dead depends on it."""

    id = "CHG-OCPP-BOOT-07"
    title = "Heartbeat comes at the interval of BootNotification"
    requirements = ("OCPP-B01-INTERVAL", "OCPP-G02-HEARTBEAT")
    faults: ClassVar = {"no-heartbeat": "OCPP-G02-HEARTBEAT", "heartbeat-interval-ignored": "OCPP-B01-INTERVAL"}
    interval: ClassVar = 60

    async def stimulate(self, bench: StationBench) -> None:
        """Lets it boot with 60 s and watches for five minutes."""
        bench.csms.heartbeat_interval = self.interval
        async with bench.csms.session() as station:
            await station.silence(5 * self.interval + 30)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No longer silence than the interval; other messages may take the place of a heartbeat."""
        boot = got(trace, BOOT, where=lambda _: True)
        if boot.status != "Accepted" or boot.reply is None or look(boot.answer, "interval") != self.interval:
            raise Inconclusive("the station was not accepted with that interval")
        ours = [one.t for one in calls(trace, sender=trace.dut) if one.t > boot.t]
        edges = [boot.reply.t, *ours, watched_until(trace)]
        longest = max(later - one for one, later in pairwise(edges))
        beats = calls(trace, "Heartbeat", sender=trace.dut)
        rule = "OCPP-G02-HEARTBEAT"
        yield received(rule, trace, "Heartbeat", after=boot.reply, within=5.0 * self.interval + 20)
        if beats:
            yield holds(
                "OCPP-B01-INTERVAL",
                longest <= self.interval + SLACK,
                expected=f"no silence longer than {self.interval} s",
                seen=f"{longest:.1f} s",
                at=(boot.reply.index, *(one.request.index for one in beats[:3])),
            )
        still_serves(trace)


class Resets(BootCase):
    """A reset has to be told for what it was, or an operator looks for a power failure that was none."""

    id = "CHG-OCPP-BOOT-08"
    title = "Reset is followed by BootNotification with its reason"
    requirements = ("OCPP-B11-RESET",)
    aliases = ("TC_B_20_CS",)
    faults: ClassVar = {"wrong-boot-reason": "OCPP-B11-RESET"}

    async def stimulate(self, bench: StationBench) -> None:
        """Resets an idle station."""
        async with bench.csms.session() as station:
            await station.silence(5)
            await station.call("Reset", {"type": "Immediate"})
        await bench.csms.watch(150)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The next BootNotification, on a new connection."""
        asked = sent(trace, "Reset")
        yield taken("OCPP-B11-RESET", asked)
        yield received(
            "OCPP-B11-RESET", trace, BOOT, after=asked.request, within=140.0, what="with reason RemoteReset",
            where=lambda one: one["reason"] in {"RemoteReset", "ScheduledReset"},
        )  # fmt: skip


class ResetOnIdle(BootCase):
    """OnIdle has to wait for the driver: power is not taken away from a car that charges."""

    id = "CHG-OCPP-BOOT-09"
    title = "Reset OnIdle waits for the end of the transaction"
    requirements = ("OCPP-B11-RESET",)
    hooks = ("plug_in", "present_token", "stop", "unplug")
    faults: ClassVar = {"reset-on-idle-at-once": "OCPP-B11-RESET"}

    async def stimulate(self, bench: StationBench) -> None:
        """Asks for it during a transaction, and ends that a minute later."""
        async with bench.csms.session() as station:
            await start_transaction(bench, station)
            await station.call("Reset", {"type": "OnIdle"})
        await bench.csms.watch(60)
        await bench.act("stop", evse=1)
        await bench.act("unplug", evse=1)
        await bench.csms.watch(150)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Scheduled; the end comes by the driver, then the boot."""
        asked = sent(trace, "Reset")
        yield status_is("OCPP-B11-RESET", asked, "Scheduled")
        over = [
            one
            for one in calls(trace, "TransactionEvent", sender=trace.dut, after=asked.request)
            if one.payload["eventType"] == "Ended"
        ]
        if not over:
            raise Inconclusive("the transaction did not end")
        reason = look(over[0].payload, "transactionInfo.stoppedReason")
        yield holds(
            "OCPP-B11-RESET", reason not in {"ImmediateReset", "Reboot"}, expected="a transaction ended by the driver",
            seen=f"stoppedReason {reason}", at=over[0].at,
        )  # fmt: skip
        yield received("OCPP-B11-RESET", trace, BOOT, after=over[0].request, within=140.0)

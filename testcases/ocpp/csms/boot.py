"""Boot, time and what a CSMS is told all day: who is accepted, what time it is, events of the device model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    ErrorCode,
    Inconclusive,
    Observation,
    RpcExchange,
    Trace,
    answered,
    call_error,
    calls,
    connection_stays,
    describe,
    every,
    handshakes,
    holds,
    instant,
    look,
    no_reply,
    not_accepted,
    sends,
    sent,
    status_is,
)
from v2gready.authoring.ocpp.backend import StationSession, accepted_boot, boot_left, identity_left, reply_problem

CLOCK_TOLERANCE: Final = 60.0
"""Seconds between the clock of the harness and that of the CSMS; what is looked for is an hour."""
BOOT_REASONS: Final = (
    *("ApplicationReset", "FirmwareUpdate", "LocalReset", "PowerUp", "RemoteReset", "ScheduledReset"),
    *("Triggered", "Unknown", "Watchdog"),
)
CRITICAL_EVENTS: Final = (
    *("FirmwareUpdated", "SettingSystemTime", "StartupOfTheDevice", "ResetOrReboot", "SecurityLogWasCleared"),
    *("MemoryExhaustion", "TamperDetectionActivated", "InvalidFirmwareSignature", "InvalidCsmsCertificate"),
    *("InvalidTLSVersion", "InvalidTLSCipherSuite", "MaintenanceLoginAccepted", "V2gReadyOwnEvent"),
)
"""Types of security events of the appendix, and one of a vendor: the type is a free string."""


async def unasked(station: StationSession) -> None:
    """What a station may say at any time once it is accepted."""
    await station.heartbeat()
    await station.status()
    await station.transaction_event("Started", transaction="tx-too-early")
    await station.call("SecurityEventNotification", {"type": "StartupOfTheDevice", "timestamp": station.stamp()})


class _Early(CsmsCase):
    """CALLs of a station that is not accepted."""

    area = "boot"

    def refused(self, requirement: str, asked: list[RpcExchange]) -> Iterator[Observation]:
        """Each is answered by SecurityError."""
        found = [call_error(requirement, one, ErrorCode.SECURITY_ERROR) for one in asked]
        yield every(requirement, found, what="CALLs")


class CallsBeforeBoot(_Early):
    """A station that never told what it is starts a transaction.

    Whoever holds a stolen password would get energy booked on a station that the operator has not let in. The CSMS
    answers SecurityError, so that the station knows why and boots, and serves it as soon as it has.
    """

    id = "CSMS-OCPP-BOOT-01"
    title = "Before the first BootNotification every other CALL is answered by SecurityError"
    requirements = ("OCPP-B01.FR.10",)
    hooks = ("forget_boot",)
    faults = {
        "calls-before-accepted": "OCPP-B01.FR.10",
        "early-call-wrong-code": "OCPP-B01.FR.10",
        "early-call-silent": "OCPP-B01.FR.10",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Makes the CSMS forget the station, lets it talk without boot, then boots."""
        async with bench.station.connect() as station:
            await bench.act("forget_boot", station=bench.identity)
            await unasked(station)
            await station.boot()
            await station.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every CALL before the boot, and at the one behind it."""
        boot = sent(trace, "BootNotification")
        early = calls(trace, sender=trace.tester, before=boot.request)
        if boot.status != "Accepted" or sent(trace, "Heartbeat", nth=-1).request.index < boot.request.index:
            raise Inconclusive("the station was not accepted afterwards: that the CSMS serves it was not shown")
        yield from self.refused("OCPP-B01.FR.10", early)
        yield answered("OCPP-B01.FR.10", sent(trace, "Heartbeat", nth=-1))


def left_pending(trace: Trace) -> RpcExchange:
    """The boot that was answered by Pending.

    Raises:
        Inconclusive: There is none. What is missing is said of whom it is missing from: DUT file, or registry of the
            CSMS.
    """
    identity = trace.declared.get("ocpp_pending_identity")
    if not identity:
        raise Inconclusive("the DUT file has no ocpp_pending_identity")
    door = handshakes(trace)
    if door and door[0].status not in {None, 101}:
        raise Inconclusive(f"the CSMS does not let ocpp_pending_identity {identity} in: HTTP {door[0].status}")
    return boot_left(trace, "Pending")


class CallsWhilePending(_Early):
    """A station that the operator still has to configure reports as if it were in service.

    While Pending only the boot and what the CSMS asked for counts. Anything else taken now would be of a station whose
    settings nobody has seen.
    """

    id = "CSMS-OCPP-BOOT-02"
    title = "While Pending unasked messages are answered by SecurityError"
    requirements = ("OCPP-B02.FR.09",)
    faults = {
        "calls-before-accepted": "OCPP-B02.FR.09",
        "early-call-wrong-code": "OCPP-B02.FR.09",
        "early-call-silent": "OCPP-B02.FR.09",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Boots a station that is left Pending, and lets it talk."""
        async with bench.station.connect(identity=identity_left(bench, "pending")) as station:
            await station.boot()
            await unasked(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every CALL behind the answer Pending."""
        boot = left_pending(trace)
        yield from self.refused("OCPP-B02.FR.09", calls(trace, sender=trace.tester, after=boot.request))


class AskedWhilePending(CsmsCase):
    """The CSMS reads the device model of a station before it lets it in, as Pending is meant for.

    If it refuses the very report that it asked for, the station never leaves Pending.
    """

    id = "CSMS-OCPP-BOOT-03"
    title = "While Pending the CSMS takes the report that it asked for"
    area = "boot"
    requirements = ("OCPP-B02-CSMS-ASKED",)
    hooks = ("get_base_report",)
    faults = {"asked-message-refused": "OCPP-B02-CSMS-ASKED"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Boots a station that is left Pending and has the CSMS ask for its base report."""
        identity = identity_left(bench, "pending")
        async with bench.station.connect(identity=identity) as station:
            await station.boot()
            mark = station.mark
            await bench.act("get_base_report", station=identity)
            await station.wait_for("GetBaseReport", since=mark)
            await station.silence(5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for a result for the NotifyReport behind GetBaseReport."""
        boot = left_pending(trace)
        asked = calls(trace, "GetBaseReport", sender=trace.dut, after=boot.request)
        if not asked or asked[0].status != "Accepted":
            raise Inconclusive("the CSMS asked for no base report while Pending")
        report = sent(trace, "NotifyReport", where=lambda one: one["requestId"] == asked[0].payload.get("requestId"))
        yield answered("OCPP-B02-CSMS-ASKED", report)


class ForeignSerial(CsmsCase):
    """A station boots under the serial number of another, over a connection that its own certificate opened.

    In security profile 3 the certificate says who is there. A CSMS that books the boot under the name in the message
    lets one stolen key speak for the whole fleet.
    """

    id = "CSMS-OCPP-BOOT-04"
    title = "A serial number other than that of the certificate is not accepted (profile 3)"
    area = "boot"
    requirements = ("OCPP-B01.FR.11",)
    pics = "security_profile_3"
    instruments = ("security_profile_3",)
    faults = {"boot-serial-unchecked": "OCPP-B01.FR.11", "always-accepts-boot": "OCPP-B01.FR.11"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Boots with the right serial number, and with another one on the next connection."""
        async with bench.station.connect() as station:
            await station.boot()
        async with bench.station.connect() as station:
            await station.boot(serialNumber="OF-ANOTHER-STATION")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Takes the first boot as proof that the CSMS accepts this station; the second must not be."""
        if sent(trace, "BootNotification").status != "Accepted":
            raise Inconclusive("the CSMS does not accept this station under its own serial number either")
        yield not_accepted("OCPP-B01.FR.11", sent(trace, "BootNotification", nth=1))


class Time(CsmsCase):
    """The CSMS is the clock of its stations: meter values, schedules and prices hang on currentTime.

    An hour of local time told as UTC shifts every charging schedule of the fleet by an hour.
    """

    id = "CSMS-OCPP-BOOT-05"
    title = "currentTime is the time, in UTC or with its offset, and goes on"
    area = "boot"
    requirements = ("OCPP-G02-TIME", "OCPP-G02-HEARTBEAT")
    faults = {
        "boot-time-an-hour-late": "OCPP-G02-TIME",
        "time-without-zone": "OCPP-G02-TIME",
        "heartbeat-refused": "OCPP-G02-HEARTBEAT",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Boots, tells our own time, and asks for the time three times, ten seconds apart."""
        async with bench.station.connect() as station:
            await station.boot()
            await station.status()
            for _ in range(3):
                await station.heartbeat()
                await bench.wait(10)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares every currentTime with our own stamp, carried on by the clock of the trace."""
        ours = sent(trace, "NotifyEvent")
        zero = instant(ours.payload["generatedAt"]) - ours.t
        beats = calls(trace, "Heartbeat", sender=trace.tester)
        if len(beats) < 3:
            raise Inconclusive(f"{len(beats)} heartbeats were sent only")
        yield every("OCPP-G02-HEARTBEAT", [answered("OCPP-G02-HEARTBEAT", one) for one in beats], what="heartbeats")
        asked = [one for one in (sent(trace, "BootNotification"), *beats) if one.answer is not None]
        yield every("OCPP-G02-TIME", [self._told(one, zero) for one in asked], what="times")
        for sooner, later in pairwise(beats):
            if sooner.answer and later.answer:
                yield self._passed(sooner, later)

    def _told(self, exchange: RpcExchange, zero: float) -> Observation:
        text = str((exchange.answer or {}).get("currentTime"))
        zoned = text[-1:] in {"Z", "z"} or "+" in text[10:] or "-" in text[10:]
        try:
            off = instant(text) - (zero + exchange.t) if zoned else 0.0
        except Inconclusive:
            zoned, off = False, 0.0
        return holds(
            "OCPP-G02-TIME",
            zoned and abs(off) <= CLOCK_TOLERANCE,
            expected=f"currentTime with its zone, within {CLOCK_TOLERANCE:g} s of the time",
            seen=f"{text}{f', {off:+.1f} s' if zoned else ', which has no zone'}",
            at=exchange.at,
        )

    def _passed(self, sooner: RpcExchange, later: RpcExchange) -> Observation:
        told = instant(str(look(later.answer, "currentTime"))) - instant(str(look(sooner.answer, "currentTime")))
        passed = later.t - sooner.t
        return holds(
            "OCPP-G02-TIME",
            abs(told - passed) <= 5.0,
            expected=f"{passed:.1f} s between two answers, give or take 5 s",
            seen=f"{told:.1f} s",
            at=(*sooner.at, *later.at),
        )


class BootAnswers(CsmsCase):
    """A station boots for nine reasons, and each time needs a status, the time and an interval to go by.

    A missing or negative interval is how stations come to send a heartbeat in every turn of a loop.
    """

    id = "CSMS-OCPP-BOOT-06"
    title = "BootNotification is answered with status, time and interval, whatever the reason"
    area = "boot"
    requirements = ("OCPP-B01-CSMS-ANSWER",)
    faults = {
        "boot-without-interval": "OCPP-B01-CSMS-ANSWER",
        "boot-negative-interval": "OCPP-B01-CSMS-ANSWER",
        "answers-with-extra-field": "OCPP-B01-CSMS-ANSWER",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Boots once for each reason."""
        async with bench.station.connect() as station:
            for reason in BOOT_REASONS:
                await station.boot(reason)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Validates each answer, and looks at the interval."""
        boots = calls(trace, "BootNotification", sender=trace.tester)
        if len(boots) < len(BOOT_REASONS):
            raise Inconclusive(f"{len(boots)} of {len(BOOT_REASONS)} boots were sent only")
        yield every("OCPP-B01-CSMS-ANSWER", [self._whole(trace, one) for one in boots], what="boots")

    def _whole(self, trace: Trace, boot: RpcExchange) -> Observation:
        interval = look(boot.answer, "interval")
        plain = isinstance(interval, int | float) and not isinstance(interval, bool) and interval >= 0
        problem = reply_problem(trace, boot)
        return holds(
            "OCPP-B01-CSMS-ANSWER",
            plain and not problem,
            expected="status, currentTime and an interval of 0 s or more, valid by the schema",
            seen=problem or f"{boot.status}, interval {interval}",
            at=boot.at,
        )


class ReconnectWithoutBoot(CsmsCase):
    """The connection breaks, as it does on mobile networks ten times a day, and the station comes back.

    It does not boot again: nothing of what BootNotification tells has changed. A CSMS that wants a boot per connection
    loses the transaction events that were waiting.
    """

    id = "CSMS-OCPP-BOOT-07"
    title = "After a reconnect the station is served without another BootNotification"
    area = "boot"
    requirements = ("OCPP-B01-CSMS-RECONNECT",)
    faults = {"reconnect-needs-boot": "OCPP-B01-CSMS-RECONNECT"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Boots, breaks the connection, comes back and goes on."""
        async with bench.station.connect() as station:
            await station.boot()
            station.abort()
        await bench.wait(5)
        async with bench.station.connect() as station:
            await station.heartbeat()
            await station.status()
            transaction = bench.new_id("tx-")
            await station.transaction_event("Started", transaction=transaction)
            await station.transaction_event("Ended", transaction=transaction)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a result for everything on the second connection."""
        boot = accepted_boot(trace)
        later = [one for one in calls(trace, sender=trace.tester, after=boot.request) if one.link != boot.link]
        rule = "OCPP-B01-CSMS-RECONNECT"
        yield every(rule, [answered(rule, one) for one in later], what="CALLs after the reconnect")


class SecurityEvents(CsmsCase):
    """A station tells that somebody opened its door, logged in for maintenance, or that a certificate was wrong.

    These are queued while offline and come in a burst, with old timestamps and with types of the vendor's own. What the
    CSMS refuses is lost: the station does not try again.
    """

    id = "CSMS-OCPP-BOOT-08"
    title = "Security events are taken: critical ones, those of a vendor, and those of yesterday"
    area = "boot"
    requirements = ("OCPP-A04-CSMS",)
    faults = {"security-event-refused": "OCPP-A04-CSMS"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Boots and tells one event of each type, the older half of them of yesterday."""
        async with bench.station.connect() as station:
            await station.boot()
            for place, kind in enumerate(CRITICAL_EVENTS):
                event = {"type": kind, "timestamp": bench.stamp(-86_400.0 if place % 2 else 0.0)}
                await station.call("SecurityEventNotification", {**event, "techInfo": "x" * 255})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a result for each."""
        told = calls(trace, "SecurityEventNotification", sender=trace.tester)
        accepted_boot(trace)
        if len(told) < len(CRITICAL_EVENTS):
            raise Inconclusive(f"{len(told)} of {len(CRITICAL_EVENTS)} events were told only")
        yield every("OCPP-A04-CSMS", [answered("OCPP-A04-CSMS", one) for one in told], what="security events")


class EventStream(CsmsCase):
    """A station streams a meter each second: SEND after SEND, between and during the CALLs.

    A SEND has no answer. A CSMS that answers it makes the station take the answer for that of another CALL; one that
    holds it for an unknown message type floods the log of both sides.
    """

    id = "CSMS-OCPP-BOOT-09"
    title = "A periodic event stream is opened, sent without any reply, and closed"
    area = "boot"
    requirements = ("OCPP-N11-CSMS", "OCPP-J-SEND-SILENT")
    pics = "ocpp_event_streams"
    faults = {
        "event-stream-refused": "OCPP-N11-CSMS",
        "answers-send": "OCPP-J-SEND-SILENT",
        "send-answered-with-error": "OCPP-J-SEND-SILENT",
        "dead-after-send": "OCPP-N11-CSMS",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Opens a stream, sends twenty packets, some while a CALL is open, and closes it."""
        stream = {"id": 7, "params": {"interval": 1, "values": 2}, "variableMonitoringId": 7}
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            await station.call("OpenPeriodicEventStream", {"constantStreamData": stream})
            for number in range(20):
                data = [{"t": 0.0, "v": f"{8.1 + number}"}, {"t": 0.5, "v": "8.2"}]
                packet = {"id": 7, "pending": 0, "basetime": bench.stamp(), "data": data}
                if number % 5 == 4:
                    beat = asyncio.create_task(station.heartbeat())
                    await asyncio.sleep(0)
                    station.send_event("NotifyPeriodicEventStream", packet)
                    await beat
                else:
                    station.send_event("NotifyPeriodicEventStream", packet)
                await bench.wait(1)
            await station.call("ClosePeriodicEventStream", {"id": 7})
            await station.silence(5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants results for the CALLs and nothing for the SENDs."""
        opened = sent(trace, "OpenPeriodicEventStream")
        packets = sends(trace, "NotifyPeriodicEventStream", sender=trace.tester)
        if len(packets) < 20:
            raise Inconclusive(f"{len(packets)} packets were sent only")
        accepted_boot(trace)
        yield status_is("OCPP-N11-CSMS", opened, "Accepted", "Rejected")
        if opened.status == "Rejected":
            raise Inconclusive(f"the CSMS wants no stream: {describe(opened)}")
        yield answered("OCPP-N11-CSMS", sent(trace, "ClosePeriodicEventStream"))
        silent = [no_reply("OCPP-J-SEND-SILENT", trace, one) for one in packets]
        yield every("OCPP-J-SEND-SILENT", silent, what="SENDs")
        beats = calls(trace, "Heartbeat", sender=trace.tester)
        yield every("OCPP-N11-CSMS", [answered("OCPP-N11-CSMS", one) for one in beats], what="heartbeats meanwhile")
        yield connection_stays("OCPP-N11-CSMS", trace, packets[0])

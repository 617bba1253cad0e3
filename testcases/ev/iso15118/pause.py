"""Pause and resume: how a car goes to sleep, how it comes back, and what it takes along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds, wire
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

Pause = m.ChargingSession.Pause
Joined = m.ResponseCode.OK_OldSessionJoined
New = m.ResponseCode.OK_NewSessionEstablished
OPENING = 2.0
"""Seconds from SessionStopRes to an open contactor: the same as at every other end."""


def pauses(request: m.SessionStopReq) -> bool:
    """SessionStopReq(Pause)."""
    return request.ChargingSession is Pause


def paused(trace: Trace, nth: int = 0) -> ev.Told[m.SessionStopRes]:
    """Our good answer to the nth SessionStopReq(Pause).

    Raises:
        Inconclusive: The car did not pause.
    """
    stop = ev.asked(trace, m.SessionStopReq, nth, where=pauses)
    if stop.answered is None or getattr(stop.answer, "ResponseCode", None) is not m.ResponseCode.OK:
        raise Inconclusive(f"the pause was not answered by OK: {trace.last_words()}")
    return ev.told_by(trace, stop.answered)


def resuming(trace: Trace, nth: int = 0) -> ev.Asked[m.SessionSetupReq]:
    """SessionSetupReq behind the nth pause.

    Raises:
        Inconclusive: The car did not come back.
    """
    end = paused(trace, nth).frame
    back = next((one for one in ev.requests(trace, m.SessionSetupReq) if one.frame.index > end.index), None)
    if back is None:
        raise Inconclusive(f"the car did not come back behind its pause: {trace.last_words()}")
    return back


async def pause_and_wake(bench: EvBench, seconds: float = 20.0) -> None:
    """Lets a car that charges in Scheduled mode pause, sleeps for a while, wakes it up."""
    await bench.act("pause")
    await bench.charger.ended(within=30.0)
    await bench.wait(seconds)
    await bench.act("wake_up")


def old_id(requirement: str, trace: Trace, nth: int = 0) -> Observation:
    """The car comes back with the SessionID of the session that it paused."""
    stop = ev.asked(trace, m.SessionStopReq, nth, where=pauses)
    back = resuming(trace, nth)
    wanted, seen = stop.request.Header.SessionID, back.request.Header.SessionID
    at = (stop.frame.index, back.frame.index)
    return holds(requirement, seen == wanted, expected=wanted.hex(), seen=seen.hex(), at=at)


def joined(trace: Trace, nth: int = 0) -> ev.Told[m.SessionSetupRes]:
    """Our OK_OldSessionJoined behind the nth pause.

    Raises:
        Inconclusive: It was not sent: the car has asked for another session.
    """
    back = resuming(trace, nth)
    if back.answered is None or getattr(back.answer, "ResponseCode", None) is not Joined:
        raise Inconclusive(f"the old session was not joined: {trace.last_words()}")
    return ev.told_by(trace, back.answered)


class PausesInOrder(EvCase):
    """First the power, then the session, then the connection; asleep, the car takes nothing.

    A charger that is left without PowerDelivery(Stop) keeps its contactor closed on a sleeping car.
    """

    id = "EV-PAU-ORDER-01"
    title = "Scheduled: PowerDelivery(Stop), SessionStop(Pause), end of the connection"
    area = "pause"
    requirements = ("H-EV-PAUSE-ORDER", "H-EV-STOP-CLOSE", "H-EV-CONTACTOR")
    pics = "pause and scheduled"
    hooks = ("plug_in", "prefer", "pause")
    instruments = ("vehicle_meter",)
    faults = {
        "pause-without-power-stop": "H-EV-PAUSE-ORDER",
        "pause-as-terminate-at-stop": "H-EV-PAUSE-ORDER",
        "connection-left-open": "H-EV-STOP-CLOSE",
        "pause-contactor-closed": "H-EV-CONTACTOR",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for a moment and pauses."""
        await bench.act("prefer", control="scheduled")
        await bench.charge(10)
        await bench.act("pause")
        await bench.charger.ended(within=30.0)
        await bench.wait(5.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Order, connection, contactor."""
        ev.asked(trace, m.ChargeLoopReq, 9)
        stop = ev.asked(trace, m.SessionStopReq)
        off = [
            one
            for one in ev.requests(
                trace, m.PowerDeliveryReq, where=lambda one: one.ChargeProgress is m.ChargeProgress.Stop
            )
            if one.frame.index < stop.frame.index and getattr(one.answer, "ResponseCode", None) is m.ResponseCode.OK
        ]
        how = stop.request.ChargingSession.name
        yield holds(
            "H-EV-PAUSE-ORDER",
            bool(off) and pauses(stop.request),
            expected="PowerDeliveryReq(Stop), then SessionStopReq(Pause)",
            seen=f"{'PowerDeliveryReq(Stop), then ' if off else ''}SessionStopReq({how})",
            at=(*(one.frame.index for one in off[:1]), stop.frame.index),
        )
        if stop.answered is None:
            raise Inconclusive("SessionStopReq was not answered")
        yield ev.ends_session("H-EV-STOP-CLOSE", trace, stop.answered, within=OPENING)
        ev.closed_once(trace)
        yield ev.contactor_open("H-EV-CONTACTOR", trace, stop.answered, within=OPENING)
        yield ev.power_off("H-EV-CONTACTOR", trace, stop.answered, within=OPENING)


class Resumes(EvCase):
    """Woken up, the car comes back under its old id, says who it is, and goes straight to its charge parameters.

    A car that begins at the beginning is refused by the charger, and stands there with an empty battery.
    """

    id = "EV-PAU-RESUME-01"
    title = "A paused session is resumed: old SessionID, then ChargeParameterDiscovery"
    area = "pause"
    requirements = ("H-EV-RESUME-ID", "H-EV-RESUME-SAME", "V2G20-1032", "H-EV-RESUME-CHARGES")
    pics = "pause and scheduled"
    hooks = ("plug_in", "prefer", "pause", "wake_up")
    faults: ClassVar = {
        "resume-with-zero-id": "H-EV-RESUME-ID",
        "resume-with-wrong-id": "H-EV-RESUME-ID",
        "resume-with-other-evccid": "H-EV-RESUME-SAME",
        "resume-starts-over": "V2G20-1032",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """Pauses, wakes up, charges."""
        bench.charger.overlook(ev.Check.SAME_VEHICLE)
        await bench.act("prefer", control="scheduled")
        await bench.charge(10)
        await pause_and_wake(bench)
        await bench.charge_on(5, within=60.0)
        await bench.charger.no_session(1.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The first requests behind the pause, and a loop."""
        yield old_id("H-EV-RESUME-ID", trace)
        first, back = ev.asked(trace, m.SessionSetupReq), resuming(trace)
        yield holds(
            "H-EV-RESUME-SAME",
            back.request.EVCCID == first.request.EVCCID,
            expected=f"EVCCID {first.request.EVCCID}",
            seen=back.request.EVCCID,
            at=(first.frame.index, back.frame.index),
        )
        old = joined(trace)
        yield ev.next_is("V2G20-1032", trace, old, m.ChargeParameterDiscoveryReq)
        if old.next is None or not isinstance(old.next.request, m.ChargeParameterDiscoveryReq):
            return
        loops = [one for one in ev.later(trace, old.frame) if isinstance(one.request, m.ChargeLoopReq)]
        gone = ev.closing(trace, old.link, since=old.frame.index)
        if not loops and gone is None and ev.watched(trace, old.frame) < 60.0:
            raise Inconclusive(f"the resumed session did not reach the loop: {trace.last_words()}")
        yield holds(
            "H-EV-RESUME-CHARGES",
            bool(loops),
            expected="charge loops in the resumed session",
            seen=f"{len(loops)} of them",
            at=(old.frame.index, *(one.frame.index for one in loops[:1])),
        )


class LongPause(EvCase):
    """A pause lasts a night. PIXIT ``longest_pause`` says for how many seconds the car promises to remember."""

    id = "EV-PAU-LONG-01"
    title = "A session is resumed after a long pause"
    area = "pause"
    requirements = ("H-EV-RESUME-ID", "V2G20-1032")
    pics = "pause and scheduled"
    hooks = ("plug_in", "prefer", "pause", "wake_up")
    faults: ClassVar = {"resume-forgets-after-an-hour": "H-EV-RESUME-ID", "resume-with-zero-id": "H-EV-RESUME-ID"}

    async def stimulate(self, bench: EvBench) -> None:
        """Sleeps for long."""
        await bench.act("prefer", control="scheduled")
        await bench.charge(5)
        await pause_and_wake(bench, bench.number("longest_pause", 60.0))
        await bench.charger.wait_for(m.ScheduleExchangeReq, nth=1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The old id, and the parameters behind it."""
        yield old_id("H-EV-RESUME-ID", trace)
        yield ev.next_is("V2G20-1032", trace, joined(trace), m.ChargeParameterDiscoveryReq)


class RepeatedPauses(EvCase):
    """Cheap hours come and go: a session is paused and resumed several times, and stays the same session."""

    id = "EV-PAU-REPEAT-01"
    title = "Three pauses in one session, each resumed"
    area = "pause"
    requirements = ("H-EV-RESUME-ID", "V2G20-1032")
    pics = "pause and scheduled"
    hooks = ("plug_in", "prefer", "pause", "wake_up")
    faults: ClassVar = {"resume-once-alone": "H-EV-RESUME-ID"}
    times: ClassVar = 3

    async def stimulate(self, bench: EvBench) -> None:
        """Three naps."""
        await bench.act("prefer", control="scheduled")
        await bench.charge(3)
        for _ in range(self.times):
            await pause_and_wake(bench, 5.0)
            await bench.charge_on(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each of them, as far as the one before was right."""
        for nth in range(self.times):
            yield old_id("H-EV-RESUME-ID", trace, nth)
            yield ev.next_is("V2G20-1032", trace, joined(trace, nth), m.ChargeParameterDiscoveryReq)


class WakesForPower(EvCase):
    """The schedule has a quarter of an hour without power, and power again behind it.

    A car may pause meanwhile, or stay and take nothing. But it has to be back when there is power again: the usual
    trouble of the field is a car that sleeps until its driver comes.
    """

    id = "EV-PAU-ZERO-01"
    title = "An interval without power: nothing is taken in it, and the car charges behind it"
    area = "pause"
    requirements = ("H-EV-ZERO-POWER", "H-EV-WAKES")
    pics = "scheduled and (not pause or wake_up)"
    hooks = ("plug_in", "prefer")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "pause-never-wakes": "H-EV-WAKES",
        "pause-wakes-late": "H-EV-WAKES",
        "pause-interval-not-in-profile": "H-EV-ZERO-POWER",
        "profile-above-schedule": "H-EV-ZERO-POWER",
    }
    before: ClassVar = 10
    rest: ClassVar = 900
    patience: ClassVar = 120.0
    """Seconds behind the interval within which power has to flow again: search, handshake, parameters, pre-charge.
    The value is our own."""

    async def stimulate(self, bench: EvBench) -> None:
        """Watches the interval, and a while behind it."""
        bench.charger.configure(schedule=((self.before, 0.5), (self.rest, 0.0), (7_200, 0.5)))
        await bench.act("prefer", control="scheduled")
        await bench.charge(3)
        await bench.wait(self.before + self.rest)
        await bench.charge_on(20, within=self.patience + 15.0)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Profile and meter in the interval; the meter behind it."""
        offered = ev.told(trace, m.ScheduleExchangeRes, where=lambda one: _zero(one) is not None)
        span = _zero(offered.message)
        start = ev.asked(trace, m.PowerDeliveryReq, where=lambda one: one.ChargeProgress is m.ChargeProgress.Start)
        if span is None or start.answered is None:
            raise Inconclusive("the schedule was not used")
        # Anchors are Unix time, the trace has its own: both clocks met at our response with the schedule.
        origin = offered.frame.t - offered.message.Header.TimeStamp
        begin, end = span[0] + origin, span[1] + origin
        yield from self._promised(start, span)
        if trace.records[-1].t < end:
            raise Inconclusive("the car was not watched until the end of the interval")
        flowing = [one for one in trace.samples("ev.power") if abs(one.value) > 50.0 + one.uncertainty]
        if not any(one.t < begin for one in flowing):
            raise Inconclusive("no power flowed before the interval")
        wrong = [one for one in flowing if begin + 10.0 <= one.t <= end - 5.0]
        yield holds(
            "H-EV-ZERO-POWER",
            not wrong,
            expected="no power in the interval without power",
            seen=f"{wrong[0].value:g} W after {wrong[0].t - begin:.0f} s" if wrong else "none",
            at=(offered.frame.index, *(one.index for one in wrong[:1])),
        )
        again = next((one for one in flowing if one.t >= end - 5.0), None)
        late = None if again is None else again.t - end
        if late is None and trace.records[-1].t < end + self.patience:
            raise Inconclusive("the car was not watched behind the interval")
        yield holds(
            "H-EV-WAKES",
            late is not None and late <= self.patience,
            expected=f"power again within {self.patience:g} s behind the interval",
            seen="none" if late is None else f"after {late:.0f} s",
            at=(offered.frame.index, *(() if again is None else (again.index,))),
        )

    def _promised(self, start: ev.Asked[m.PowerDeliveryReq], span: tuple[int, int]) -> Iterator[Observation]:
        profile = start.request.EVPowerProfile
        if profile is None:
            raise Inconclusive("PowerDeliveryReq(Start) has no profile")
        t, wrong = profile.TimeAnchor, ""
        for entry in profile.EVPowerProfileEntries.EVPowerProfileEntry:
            inside = min(t + entry.Duration, span[1]) - max(t, span[0])
            if inside > 60 and abs(float(entry.Power)) > 0:
                wrong = f"{float(entry.Power):g} W for {inside} s of it"
            t += entry.Duration
        yield holds(
            "H-EV-ZERO-POWER",
            not wrong,
            expected="a profile without power in the interval without power",
            seen=wrong or "as expected",
            at=(start.frame.index,),
        )


def _zero(response: m.ScheduleExchangeRes) -> tuple[int, int] | None:
    """Begin and end in Unix time of the interval without power that every tuple of a response has."""
    mode = response.SEResControlMode
    if not isinstance(mode, m.Scheduled_SEResControlMode):
        return None
    for one in mode.ScheduleTuple:
        schedule = one.ChargingSchedule.PowerSchedule
        t = schedule.TimeAnchor
        for entry in schedule.PowerScheduleEntries.PowerScheduleEntry:
            if float(entry.Power) == 0:
                return (t, t + entry.Duration)
            t += entry.Duration
    return None


class DynamicCase(EvCase):
    """A session in Dynamic mode, in which the charger decides about power."""

    area = "pause"
    pics = "pause and dynamic"
    hooks: ClassVar[tuple[str, ...]] = ("plug_in", "prefer")
    loops: ClassVar = 10

    async def charges(self, bench: EvBench) -> None:
        """Charges in Dynamic mode for a moment."""
        await bench.act("prefer", control="dynamic")
        await bench.charge(self.loops)

    @staticmethod
    def dynamic(trace: Trace) -> None:
        """Makes sure that the session was one.

        Raises:
            Inconclusive: It was not.
        """
        loop = ev.asked(trace, m.ChargeLoopReq)
        if "Dynamic" not in wire.kind_of_mode(wire.mode_of(loop.request)):
            raise Inconclusive("the car did not charge in Dynamic mode")


class NotifiedPause(DynamicCase):
    """In Dynamic mode the charger alone decides about a pause, and tells it by EVSENotification.

    A car that ends its session instead has to authorise again; one that goes on draws power that is not there.
    """

    id = "EV-PAU-NOTIFY-01"
    title = "Dynamic: EVSENotification Pause is obeyed within NotificationMaxDelay"
    requirements = ("V2G20-1850",)
    faults: ClassVar = {
        "pause-notification-ignored": "V2G20-1850",
        "pause-as-terminate": "V2G20-1850",
        "notification-late": "V2G20-1850",
    }
    delay: ClassVar = 5

    async def stimulate(self, bench: EvBench) -> None:
        """Charges, and asks for a pause."""
        await self.charges(bench)
        bench.charger.notify(m.EvseNotification.Pause, delay=self.delay)
        await bench.charger.ended(within=self.delay + 20.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the notification to the stop, and the kind of stop."""
        self.dynamic(trace)
        told = ev.told(trace, m.ChargeLoopRes, where=lambda one: wire.notification(one) is m.EvseNotification.Pause)
        behind = ev.later(trace, told.frame)
        power = next((one.frame for one in behind if isinstance(one.request, m.PowerDeliveryReq)), None)
        what = "time from the notification to PowerDeliveryReq"
        yield ev.reacts_within("V2G20-1850", trace, told.frame, power, self.delay, what=what)
        stop = next((one for one in behind if isinstance(one.request, m.SessionStopReq)), None)
        if stop is None:
            raise Inconclusive(f"the session was not stopped: {trace.last_words()}")
        how = stop.request.ChargingSession
        at = (told.frame.index, stop.frame.index)
        yield holds("V2G20-1850", how is Pause, expected="SessionStopReq(Pause)", seen=how.name, at=at)


class UnaskedPause(DynamicCase):
    """In Dynamic mode a car does not pause by itself, whatever its driver wants: it would be refused.

    It may take nothing until it is woken up, or end the session.
    """

    id = "EV-PAU-DYNAMIC-01"
    title = "Dynamic: no pause that nobody asked for"
    requirements = ("V2G20-1195",)
    hooks = ("plug_in", "prefer", "pause")
    faults: ClassVar = {"pause-unasked-in-dynamic": "V2G20-1195"}

    async def stimulate(self, bench: EvBench) -> None:
        """The driver asks for a pause; the charger does not."""
        await self.charges(bench)
        await bench.act("pause")
        await bench.charger.ended(within=5.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No SessionStop(Pause)."""
        self.dynamic(trace)
        first = ev.asked(trace, m.ChargeLoopReq)
        if any(wire.notification(one.answer) is m.EvseNotification.Pause for one in ev.requests(trace)):
            raise Inconclusive("a pause was asked for")
        found = [one for one in ev.requests(trace, m.SessionStopReq) if pauses(one.request)]
        if not found and ev.watched(trace, first.frame) < 5.0:
            gone = ev.closing(trace, first.link, since=first.frame.index)
            if gone is None:
                raise Inconclusive("the car was not watched for long enough")
        yield holds(
            "V2G20-1195",
            not found,
            expected="no SessionStopReq(Pause)",
            seen="SessionStopReq(Pause)" if found else "none",
            at=(first.frame.index, *(one.frame.index for one in found[:1])),
        )


class NeedsKept(DynamicCase):
    """The driver said when he leaves, and with how much: that holds behind the pause as well.

    Otherwise the charger plans for a departure that is not that of the driver.
    """

    id = "EV-PAU-NEEDS-01"
    title = "Departure time and states of charge outlive a pause"
    requirements = ("H-EV-PAUSE-NEEDS",)
    hooks = ("plug_in", "prefer", "set_departure", "wake_up")
    faults: ClassVar = {"pause-resets-needs": "H-EV-PAUSE-NEEDS", "departure-frozen": "H-EV-PAUSE-NEEDS"}
    departure: ClassVar = 18_000
    tolerance: ClassVar = 120.0
    """Seconds by which the instant of departure may differ: cars count in minutes. The value is our own."""

    async def stimulate(self, bench: EvBench) -> None:
        """Sets the needs, lets the charger pause, wakes the car up ten minutes later."""
        bench.charger.configure(schedule_renegotiation=True)
        await self.charges(bench)
        await bench.act("set_departure", seconds=self.departure, minimum_soc=40, target_soc=85)
        await bench.charge_on(10)
        bench.charger.notify(m.EvseNotification.Pause, delay=5)
        await bench.charger.ended(within=30.0)
        await bench.wait(200.0)
        await bench.act("wake_up")
        await bench.charge_on(3)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last ScheduleExchangeReq before the pause, and the first behind it."""
        self.dynamic(trace)
        end = paused(trace).frame
        back = joined(trace)
        asked = list(ev.requests(trace, m.ScheduleExchangeReq))
        before = [one for one in asked if one.frame.index < end.index]
        behind = [one for one in asked if one.frame.index > back.frame.index]
        if not before or not behind:
            raise Inconclusive(f"the needs were not told before and behind the pause: {trace.last_words()}")
        old, new = before[-1], behind[0]
        one, other = old.request.SEReqControlMode, new.request.SEReqControlMode
        at = (old.frame.index, new.frame.index)
        if not isinstance(one, m.Dynamic_SEReqControlMode) or not isinstance(other, m.Dynamic_SEReqControlMode):
            raise Inconclusive("the needs were not told in Dynamic mode")
        moved = (other.DepartureTime + new.frame.t) - (one.DepartureTime + old.frame.t)
        yield holds(
            "H-EV-PAUSE-NEEDS",
            abs(moved) <= self.tolerance,
            expected=f"the same instant of departure, within {self.tolerance:g} s",
            seen=f"{moved:+.0f} s",
            at=at,
        )
        if one.MinimumSOC is None:
            return
        wanted, seen = (one.MinimumSOC, one.TargetSOC), (other.MinimumSOC, other.TargetSOC)
        yield holds("H-EV-PAUSE-NEEDS", seen == wanted, expected=f"{wanted} %", seen=f"{seen} %", at=at)


class NewSessionInstead(EvCase):
    """The charger has forgotten the session (restart, other outlet): it says so by OK_NewSessionEstablished.

    Then nothing of the old one counts: the car authorises again, under the new id. One that goes on with its old
    selection is refused at its first request.
    """

    id = "EV-PAU-NEW-01"
    title = "OK_NewSessionEstablished behind a pause: everything from the start, authorization too"
    area = "pause"
    requirements = ("V2G20-2615", "H-EV-SESSION-ID")
    pics = "pause and scheduled"
    hooks = ("plug_in", "prefer", "pause", "wake_up")
    faults: ClassVar = {"resume-keeps-old-session": "V2G20-2615"}

    async def stimulate(self, bench: EvBench) -> None:
        """Forgets what was paused."""
        await bench.act("prefer", control="scheduled")
        await bench.charge(3)
        await bench.act("pause")
        await bench.charger.ended(within=30.0)
        bench.charger.forget()
        await bench.wait(5.0)
        mark = bench.charger.mark
        await bench.act("wake_up")
        await bench.charger.wait_for(m.ServiceSelectionReq, since=mark, within=30.0)
        await bench.charger.no_session(1.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """AuthorizationSetup comes next, and the id is the new one."""
        back = resuming(trace)
        old = back.request.Header.SessionID
        new = ev.told(trace, m.SessionSetupRes, where=lambda one: one.Header.SessionID != old and any(old))
        first = ev.told(trace, m.SessionSetupRes)
        if new.frame.index == first.frame.index:
            new = ev.told(trace, m.SessionSetupRes, 1)
        if new.frame.index < back.frame.index or new.message.ResponseCode is not New:
            raise Inconclusive("the session was joined")
        yield ev.next_is("V2G20-2615", trace, new, m.AuthorizationSetupReq)
        behind = [one for one in ev.later(trace, new.frame) if isinstance(one.request, m.V2GRequest)]
        services = [one for one in behind if isinstance(one.request, m.ServiceDiscoveryReq)]
        if new.next is not None and isinstance(new.next.request, m.AuthorizationSetupReq) and services:
            asked = any(isinstance(one.request, m.AuthorizationReq) for one in behind)
            at = (new.frame.index, services[0].frame.index)
            yield holds("V2G20-2615", asked, expected="AuthorizationReq", seen="sent" if asked else "none", at=at)
        agreed = new.message.Header.SessionID
        yield ev.every(
            "H-EV-SESSION-ID",
            behind,
            lambda one: one.request.Header.SessionID == agreed,
            expected=f"SessionID {agreed.hex()} in every header",
            seen=lambda one: one.request.Header.SessionID.hex(),
        )


class OtherSecc(EvCase):
    """The car pauses at one charger and wakes up at another, which joins "its" session: an attack, or a mix-up.

    The car knows its charger by its certificate. It ends the session, and forgets what it had paused.
    """

    id = "EV-PAU-SECC-01"
    title = "Another SECC certificate behind a pause: the session is not resumed, and forgotten"
    area = "pause"
    requirements = ("V2G20-2539",)
    pics = "pause and scheduled and tls"
    hooks = ("plug_in", "prefer", "pause", "wake_up", "start")
    faults: ClassVar = {"resume-at-any-secc": "V2G20-2539"}

    async def stimulate(self, bench: EvBench) -> None:
        """Shows another good certificate, and joins the session."""
        await bench.act("prefer", control="scheduled")
        await bench.charge(3)
        await bench.act("pause")
        await bench.charger.ended(within=30.0)
        bench.charger.tls(chain="other-secc")
        mark = bench.charger.mark
        await bench.act("wake_up")
        await bench.charger.wait_for(m.SessionSetupReq, since=mark, within=30.0)
        await bench.charger.ended(within=10.0)
        await bench.act("start")
        await bench.charger.no_session(5.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Two certificates; no request behind the joining; the next session is a new one."""
        end = paused(trace).frame
        old = joined(trace)
        shown = {one: _shown(trace, one) for one in (end.link, old.link)}
        if "" in shown.values() or len(set(shown.values())) < 2:
            raise Inconclusive("the certificate was the same, or is not known")
        yield ev.nothing_but_stop("V2G20-2539", trace, old.frame)
        yield ev.ends_session("V2G20-2539", trace, old.frame)
        again = [one for one in ev.requests(trace, m.SessionSetupReq) if one.frame.index > old.frame.index]
        for one in again[:1]:
            seen = one.request.Header.SessionID
            yield holds("V2G20-2539", not any(seen), expected="SessionID zero", seen=seen.hex(), at=one.at)


def _shown(trace: Trace, link: str) -> str:
    """What we showed on a connection: the SHA-256 of our certificate."""
    return next((str(one.detail.get("own_certificate", "")) for one in trace.events("tls established", link=link)), "")


class StandbyCase(EvCase):
    """A car in standby."""

    area = "pause"
    hooks = ("plug_in", "prefer", "standby")
    delay: ClassVar = 5
    dc: ClassVar[bool]

    async def stimulate(self, bench: EvBench) -> None:
        """Goes to standby, and is called back."""
        bench.charger.configure(services=(bench.service(dc=self.dc),))
        await bench.act("prefer", control="scheduled")
        await bench.charge(20)
        await bench.act("standby")
        await bench.charger.wait_for(m.PowerDeliveryReq, _standby)
        await bench.charge_on(30)
        mark = bench.charger.mark
        bench.charger.notify(m.EvseNotification.ExitStandby, delay=self.delay)
        await bench.charger.wait_for(m.PowerDeliveryReq, since=mark, within=self.delay + 3.0)
        await bench.charger.no_session(0.5)

    def told(self, trace: Trace) -> ev.Told[m.ChargeLoopRes]:
        """The first notification, sent to a car in standby.

        Raises:
            Inconclusive: It was in none.
        """
        there = ev.asked(trace, m.PowerDeliveryReq, where=_standby)
        if getattr(there.answer, "ResponseCode", None) is not m.ResponseCode.OK:
            raise Inconclusive("standby was not accepted")
        told = ev.told(
            trace, m.ChargeLoopRes, where=lambda one: wire.notification(one) is m.EvseNotification.ExitStandby
        )
        begun = [
            one
            for one in ev.later(trace, there.frame)
            if one.frame.index < told.frame.index and isinstance(one.request, m.PowerDeliveryReq)
        ]
        if begun:
            raise Inconclusive("the car left standby by itself")
        return told

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The time from the notification to PowerDelivery(Start)."""
        told = self.told(trace)
        behind = [one for one in ev.later(trace, told.frame) if isinstance(one.request, m.PowerDeliveryReq)]
        starts = [one.frame for one in behind if one.request.ChargeProgress is m.ChargeProgress.Start]
        what = "time from ExitStandby to PowerDeliveryReq(Start)"
        yield ev.reacts_within(
            "H-EV-STANDBY-EXIT", trace, told.frame, starts[0] if starts else None, self.delay, what=what
        )


class StandbyDc(StandbyCase):
    """DC: the charger gives nothing in standby anyway; what counts is that the car comes back when it is called."""

    id = "EV-PAU-STANDBY-01"
    title = "DC: standby is left by EVSENotification ExitStandby"
    requirements = ("H-EV-STANDBY-EXIT",)
    pics = "standby and scheduled and (dc or dc_bpt)"
    faults: ClassVar = {"exit-standby-ignored": "H-EV-STANDBY-EXIT"}
    dc = True


class StandbyAc(StandbyCase):
    """AC: the contactor stays closed, and nothing but the car itself keeps it from drawing power."""

    id = "EV-PAU-STANDBY-03"
    title = "AC: standby takes nothing, and is left by EVSENotification ExitStandby"
    requirements = ("H-EV-STANDBY-POWER", "H-EV-STANDBY-EXIT")
    pics = "standby and scheduled and (ac or ac_bpt)"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"standby-draws-power": "H-EV-STANDBY-POWER", "exit-standby-ignored": "H-EV-STANDBY-EXIT"}
    dc = False

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """And the meter, from two seconds behind the begin of standby to its end."""
        yield from super().judge(trace)
        told = self.told(trace)
        there = ev.asked(trace, m.PowerDeliveryReq, where=_standby)
        began = there.frame.t + 2.0
        if told.frame.t < began:
            raise Inconclusive("standby did not last for long enough")
        samples = trace.samples("ev.power", until=told.frame.t)
        judged = [*[one for one in samples if one.t <= began][-1:], *[one for one in samples if one.t > began]]
        if not any(abs(one.value) > 100.0 + one.uncertainty for one in samples):
            raise Inconclusive("no power flowed before standby")
        wrong = next((one for one in judged if abs(one.value) > 100.0 + one.uncertainty), None)
        yield holds(
            "H-EV-STANDBY-POWER",
            wrong is None,
            expected="no power in standby",
            seen="none" if wrong is None else f"{wrong.value:g} W",
            at=(there.frame.index, *(() if wrong is None else (wrong.index,))),
        )


def _standby(request: m.PowerDeliveryReq) -> bool:
    return request.ChargeProgress is m.ChargeProgress.Standby


class StandbyRefused(EvCase):
    """The charger does not do standby and says so by a warning: the session goes on, with power or without."""

    id = "EV-PAU-STANDBY-02"
    title = "WARNING_StandbyNotAllowed does not end the session"
    area = "pause"
    requirements = ("H-EV-STANDBY-REFUSED",)
    pics = "standby and scheduled"
    hooks = ("plug_in", "prefer", "standby")
    faults: ClassVar = {"standby-refusal-ends": "H-EV-STANDBY-REFUSED"}

    async def stimulate(self, bench: EvBench) -> None:
        """Refuses standby."""
        bench.charger.configure(standby=False)
        await bench.act("prefer", control="scheduled")
        await bench.charge(5)
        await bench.act("standby")
        await bench.charger.wait_for(m.PowerDeliveryReq, _standby)
        await bench.charge_on(20, within=20.0)
        await bench.charger.no_session(1.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Charge loops behind the warning."""
        warned = ev.told(
            trace,
            m.PowerDeliveryRes,
            where=lambda one: one.ResponseCode is m.ResponseCode.WARNING_StandbyNotAllowed,
        )
        behind = ev.later(trace, warned.frame)
        loops = [one for one in behind if isinstance(one.request, m.ChargeLoopReq)]
        stops: list[Any] = [one for one in behind if isinstance(one.request, m.SessionStopReq)]
        gone = ev.closing(trace, warned.link, since=warned.frame.index)
        ended = bool(stops) or gone is not None or _off(behind)
        if not ended and len(loops) < 10:
            raise Inconclusive(f"the car was not watched for long enough: {trace.last_words()}")
        yield holds(
            "H-EV-STANDBY-REFUSED",
            not ended,
            expected="charge loops behind the warning",
            seen="the session was ended" if ended else f"{len(loops)} of them",
            at=(warned.frame.index, *(one.frame.index for one in behind[:1])),
        )


def _off(requests: list[ev.Asked[Any]]) -> bool:
    """Power delivery was stopped."""
    return any(
        isinstance(one.request, m.PowerDeliveryReq) and one.request.ChargeProgress is m.ChargeProgress.Stop
        for one in requests
    )

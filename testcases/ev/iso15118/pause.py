"""How a car goes to sleep: in which order, when it is asked to, and not when nobody asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds, wire
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase
from v2gready.authoring.ev.pausing import (
    charge_dynamically,
    in_dynamic,
    pauses,
)

OPENING = 2.0
"""Seconds from SessionStopRes to an open contactor: the same as at every other end."""
Pause = m.ChargingSession.Pause


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


class NotifiedPause(EvCase):
    """In Dynamic mode the charger alone decides about a pause, and tells it by EVSENotification.

    A car that ends its session instead has to authorise again; one that goes on draws power that is not there.
    """

    id = "EV-PAU-NOTIFY-01"
    title = "Dynamic: EVSENotification Pause is obeyed within NotificationMaxDelay"
    area = "pause"
    requirements = ("V2G20-1850",)
    pics = "pause and dynamic"
    hooks = ("plug_in", "prefer")
    faults: ClassVar = {
        "pause-notification-ignored": "V2G20-1850",
        "pause-as-terminate": "V2G20-1850",
        "notification-late": "V2G20-1850",
    }
    delay: ClassVar = 5

    async def stimulate(self, bench: EvBench) -> None:
        """Charges, and asks for a pause."""
        await charge_dynamically(bench)
        bench.charger.notify(m.EvseNotification.Pause, delay=self.delay)
        await bench.charger.ended(within=self.delay + 20.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the notification to the stop, and the kind of stop."""
        in_dynamic(trace)
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


class UnaskedPause(EvCase):
    """In Dynamic mode a car does not pause by itself, whatever its driver wants: it would be refused.

    It may take nothing until it is woken up, or end the session.
    """

    id = "EV-PAU-DYNAMIC-01"
    title = "Dynamic: no pause that nobody asked for"
    area = "pause"
    requirements = ("V2G20-1195",)
    pics = "pause and dynamic"
    hooks = ("plug_in", "prefer", "pause")
    faults: ClassVar = {"pause-unasked-in-dynamic": "V2G20-1195"}

    async def stimulate(self, bench: EvBench) -> None:
        """The driver asks for a pause; the charger does not."""
        await charge_dynamically(bench)
        await bench.act("pause")
        await bench.charger.ended(within=5.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No SessionStop(Pause)."""
        in_dynamic(trace)
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

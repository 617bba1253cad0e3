"""MeteringConfirmation: the car confirms the reading that it was told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar

from v2gready.authoring import Inconclusive, Observation, Trace, Unreached, ev, holds, wire
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows

KINDS = m.EvseNotification


class ConfirmsReading(EvCase):
    """What the car confirms goes onto the bill: another reading, or one of another session, is disputed for months."""

    id = "EV-MTR-CONFIRM-01"
    title = "Notification MeteringConfirmation: the same reading is confirmed, for this session"
    area = "metering"
    requirements = ("V2G20-1083",)
    pics = "metering"
    faults: ClassVar = {
        "metering-notification-ignored": "V2G20-1083",
        "metering-reading-altered": "V2G20-1083",
        "metering-session-wrong": "V2G20-1083",
    }
    within: ClassVar = 10.0

    async def stimulate(self, bench: EvBench) -> None:
        """Charges, and asks for a confirmation."""
        await bench.charge(10)
        bench.charger.notify(KINDS.MeteringConfirmation, delay=int(self.within))
        with suppress(Unreached):
            await bench.charger.wait_for(m.MeteringConfirmationReq, within=self.within + 2.0)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The request behind the notification, and the reading in it."""
        told = flows.heard(
            trace,
            m.ChargeLoopRes,
            where=lambda one: wire.notification(one) is KINDS.MeteringConfirmation and _meter(one) is not None,
        )
        confirmed: ev.Asked[Any] | None = next(
            (one for one in ev.later(trace, told.frame) if isinstance(one.request, m.MeteringConfirmationReq)), None
        )
        what = "time from the notification to MeteringConfirmationReq"
        asked = None if confirmed is None else confirmed.frame
        yield ev.reacts_within("V2G20-1083", trace, told.frame, asked, self.within, what=what)
        if confirmed is None:
            return
        readings = [
            reading
            for frame in trace.frames(sender=trace.tester, link=told.link)
            if told.frame.index <= frame.index < confirmed.frame.index
            and (reading := _meter(frame.message)) is not None
        ]
        if not readings:
            raise Inconclusive("no reading was told before the confirmation")
        data = confirmed.request.SignedMeteringData
        yield holds(
            "V2G20-1083",
            any(data.MeterInfo == one for one in readings),
            expected=f"the reading that was told: {readings[-1].ChargedEnergyReadingWh} Wh of {readings[-1].MeterID}",
            seen=f"{data.MeterInfo.ChargedEnergyReadingWh} Wh of {data.MeterInfo.MeterID}",
            at=(told.frame.index, *confirmed.at),
        )
        session = told.frame.message.Header.SessionID
        yield holds(
            "V2G20-1083",
            data.SessionID == session,
            expected=f"SessionID {session.hex()} in SignedMeteringData",
            seen=data.SessionID.hex(),
            at=confirmed.at,
        )


def _meter(message: Any) -> m.MeterInfo | None:
    return getattr(message, "MeterInfo", None) if isinstance(message, m.ChargeLoopRes) else None

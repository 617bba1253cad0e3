"""A charger that takes its time, and one that never gets done: how long a car is patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import Inconclusive, Observation, Trace, ev, timers
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase


class SlowCharger(EvCase):
    """A charger that uses up its performance times is in order: a car that gives it up is the one that stops charging.

    Each answer comes shortly before V2G_SECC_Msg_Performance_Time is over.
    """

    id = "EV-TMO-SLOW-01"
    title = "A charger that is slow but in time is waited for"
    area = "timeouts"
    requirements = ("H-EV-MSG-TIMEOUT", "H-EV-LOOP-TIMEOUT")
    faults = {
        "message-timeout-short": "H-EV-MSG-TIMEOUT",
        "detail-timeout-short": "H-EV-MSG-TIMEOUT",
        "loop-timeout-short": "H-EV-LOOP-TIMEOUT",
    }
    slow: ClassVar = 1.4
    slow_detail: ClassVar = 4.4
    slow_loop: ClassVar = 0.24

    async def stimulate(self, bench: EvBench) -> None:
        """Takes its time for everything."""
        bench.charger.delay(m.V2GResponse, self.slow)
        bench.charger.delay(m.ServiceDetailRes, self.slow_detail)
        bench.charger.delay(m.ChargeLoopRes, self.slow_loop)
        await bench.charge(25, within=150.0)  # it is slow because we are
        await bench.charger.no_session(0.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The session comes to the charge loop and stays in it."""
        for what, slow in ((m.V2GRequest, self.slow), (m.ServiceDetailReq, self.slow_detail)):
            yield ev.patient("H-EV-MSG-TIMEOUT", trace, m.ScheduleExchangeReq, count=1, slow=slow, what=what)
        reached = list(ev.requests(trace, m.ChargeLoopReq))
        if not reached:
            raise Inconclusive(f"the session did not come to the charge loop: {trace.last_words()}")
        yield ev.patient(
            "H-EV-LOOP-TIMEOUT", trace, m.ChargeLoopReq, count=20, slow=self.slow_loop, what=m.ChargeLoopReq
        )


class Endless(EvCase):
    """A charger that never gets done: the car says farewell when its own timer runs out, and not before."""

    area = "timeouts"
    requirements = ("H-EV-ONGOING-TIMEOUT",)
    faults: ClassVar = {
        "ongoing-timeout-missing": "H-EV-ONGOING-TIMEOUT",
        "ongoing-timeout-short": "H-EV-ONGOING-TIMEOUT",
    }
    request: ClassVar[type[Any]]
    response: ClassVar[type[Any]]
    low: ClassVar = timers.V2G_EVCC_ONGOING_TIMEOUT
    high: ClassVar = timers.V2G_EVCC_ONGOING_TIMEOUT
    outcomes: ClassVar = (ev.Eim.ACCEPT,)
    rounds: ClassVar = 0
    pace: ClassVar = 1.0
    """Seconds that each answer takes: within its performance time, and less to record."""

    async def stimulate(self, bench: EvBench) -> None:
        """Is not done, again and again."""
        if issubclass(self.response, m.DC_CableCheckRes | m.DC_PreChargeRes):
            bench.charger.configure(services=(bench.service(dc=True),))
        bench.charger.overlook(ev.Check.SEQUENCE)  # the SECC itself is done, and would have it go on
        bench.charger.configure(authorization=self.outcomes, schedule_ongoing=self.rounds)
        bench.charger.alter(self.response, self.undone)
        bench.charger.delay(self.response, self.pace)
        await bench.plug_in()
        if not await bench.charger.ended(within=self.high + 30.0):
            bench.charger.clear()  # a car that would wait for ever is let go
            await bench.wait(10.0)
            bench.charger.close()

    @staticmethod
    def undone(response: Any) -> Any:
        """The response, not done."""
        return replace(response, EVSEProcessing=m.Processing.Ongoing)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the first request of that kind to the farewell."""
        ev.told(trace, self.response, 2)  # it went round at all
        yield ev.ends_waiting(self.requirements[0], trace, ev.asked(trace, self.request), self.low, self.high)


class EndlessAuthorization(Endless):
    """A back end that does not answer: the driver has to learn some day that nothing will come."""

    id = "EV-TMO-ONGOING-01"
    title = "Authorization that never ends: the car gives up after 60 s"
    request = m.AuthorizationReq
    response = m.AuthorizationRes
    outcomes = (ev.Eim.ONGOING,)


class EndlessSchedule(Endless):
    """A charger that plans for ever."""

    id = "EV-TMO-ONGOING-02"
    title = "ScheduleExchange that never ends: the car gives up after 60 s"
    request = m.ScheduleExchangeReq
    response = m.ScheduleExchangeRes
    rounds = 1_000


class EndlessCableCheck(Endless):
    """An insulation test that never ends: the car does not wait for ever with its connector locked."""

    id = "EV-TMO-ONGOING-03"
    title = "Cable check that never ends: the car gives up after 40 s"
    requirements = ("H-EV-CABLECHECK-TIMEOUT",)
    pics = "dc or dc_bpt"
    faults: ClassVar = {"cable-check-timeout-missing": "H-EV-CABLECHECK-TIMEOUT"}
    request = m.DC_CableCheckReq
    response = m.DC_CableCheckRes
    low = timers.V2G_EVCC_CABLE_CHECK_TIMEOUT
    high = timers.V2G_EVCC_CABLE_CHECK_TIMEOUT


class EndlessPreCharge(Endless):
    """A converter that does not come up: a car that waits for ever would close its contactors on it some day."""

    id = "EV-TMO-ONGOING-04"
    title = "Pre-charge that never meets the voltage: the car gives up after 7 to 10 s"
    requirements = ("H-EV-PRECHARGE-TIMEOUT",)
    pics = "dc or dc_bpt"
    faults: ClassVar = {"pre-charge-timeout-missing": "H-EV-PRECHARGE-TIMEOUT"}
    request = m.DC_PreChargeReq
    response = m.DC_PreChargeRes
    low = 7.0
    high = timers.V2G_EVCC_PRE_CHARGE_TIMEOUT
    pace = 0.2

    @staticmethod
    def undone(response: Any) -> Any:
        """No voltage to speak of."""
        return replace(response, EVSEPresentVoltage=m.RationalNumber.of(20))

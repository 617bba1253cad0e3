"""Time: how long the charger waits for a silent car, how soon it answers, and how often it may say Ongoing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    EventKind,
    Exchange,
    Frame,
    Inconclusive,
    Limit,
    Measurement,
    Observation,
    Trace,
    closes,
    energy,
    gives_up,
    holds,
    in_time,
    measured,
    stays_open,
    timers,
    worst,
)
from v2gready.authoring import messages as m

MARGIN = timers.V2G_SECC_MSG_PERFORMANCE
"""Seconds in which a charger reacts to its own timeout: what it has for any other reaction; our own figure."""
CLOSING = 10.0
"""Seconds in which the connection is closed behind a session that is over; our own figure, as for SessionStop."""
EARLY = 1.0
"""Seconds by which a timer of 60 s may be short: its clock, and the way of the response to us."""
EARLY_LOOP = 0.05
"""The same for the timer of 0.5 s."""
LOOPS = 5
"""Loops before the car falls silent."""


def _last_response(trace: Trace, exchanges: Iterable[Exchange[Any]]) -> Frame:
    """The last response of some exchanges: from then on the charger waits.

    Raises:
        Inconclusive: There is none.
    """
    answered = [one.response for one in exchanges if one.response is not None]
    if not answered:
        raise Inconclusive(f"the session did not come that far: {trace.last_words()}")
    return answered[-1]


class _Silence(ChargerCase):
    area = "timing"
    requirements = ("V2G20-443", "V2G20-441")
    before: ClassVar[type]
    dc: ClassVar[bool | None] = None

    async def stimulate(self, bench: ChargerBench) -> None:
        """Falls silent where another request is due, for a little more than a minute; then it sends it."""
        async with bench.ev.session(service=bench.service(dc=self.dc)) as session:
            await session.reach(self.before)
            await session.silence(timers.V2G_SECC_SEQUENCE_TIMEOUT + MARGIN + 0.5)
            if session.is_open:
                await session.proceed()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Open for 59 s after the last response, and given up soon after 60 s."""
        since = _last_response(trace, trace.exchanges(m.V2GRequest, where=lambda one: not isinstance(one, self.before)))
        yield stays_open("V2G20-441", trace, since, until=timers.V2G_SECC_SEQUENCE_TIMEOUT - EARLY)
        yield gives_up("V2G20-443", trace, since, within=timers.V2G_SECC_SEQUENCE_TIMEOUT + MARGIN)


class SilenceEarly(_Silence):
    """A car that falls silent after SessionSetup keeps the charger occupied for 60 s, not less and not longer."""

    id = "CHG-TMO-SETUP-01"
    title = "Silence after SessionSetup ends the session after 60 s"
    faults = {
        "no-sequence-timeout": "V2G20-443",
        "long-sequence-timeout": "V2G20-443",
        "short-sequence-timeout": "V2G20-441",
    }
    before = m.AuthorizationSetupReq


class SilenceUnderVoltage(_Silence):
    """A car that falls silent in pre-charge, with voltage on the outlet, is given up after 60 s too."""

    id = "CHG-TMO-PRECH-01"
    title = "Silence in pre-charge ends the session after 60 s"
    pics = "dc or dc_bpt"
    faults = {"no-sequence-timeout": "V2G20-443", "short-sequence-timeout": "V2G20-441"}
    before = m.PowerDeliveryReq
    dc = True


class SilentConnection(ChargerCase):
    """A connection on which nothing is said is closed: it must not block the charger for ever."""

    id = "CHG-TMO-SAP-01"
    title = "A silent connection is closed"
    area = "timing"
    requirements = ("H-SILENT-CONNECTION",)
    faults = {"no-sequence-timeout": "H-SILENT-CONNECTION"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Connects and says nothing."""
        async with bench.ev.session() as session:
            await session.silence(timers.V2G_SECC_SEQUENCE_TIMEOUT + CLOSING + 0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The end of the connection, a minute after it was established."""
        established = [*trace.events(EventKind.CONNECTED), *trace.events(EventKind.TLS_ESTABLISHED)]
        if not established:
            raise Inconclusive(f"there was no connection: {trace.last_words()}")
        limit = timers.V2G_SECC_SEQUENCE_TIMEOUT + CLOSING
        yield closes("H-SILENT-CONNECTION", trace, established[-1], within=limit)


class _LoopTimeout(ChargerCase):
    area = "timing"
    dc: ClassVar[bool]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges, falls silent between two loops, and comes back much too late."""
        async with bench.ev.session(service=bench.service(dc=self.dc)) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(LOOPS)
            await session.silence(timers.V2G_SECC_SEQUENCE_TIMEOUT_LOOP + MARGIN + 0.5)
            if session.is_open:
                await session.ask(session.request(m.DC_ChargeLoopReq if self.dc else m.AC_ChargeLoopReq))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Open until nearly 0.5 s after the last loop response, and given up soon after."""
        (requirement,) = self.requirements
        since = _last_response(trace, list(trace.exchanges(m.ChargeLoopReq))[:LOOPS])
        limit = timers.V2G_SECC_SEQUENCE_TIMEOUT_LOOP
        yield stays_open(requirement, trace, since, until=limit - EARLY_LOOP)
        yield gives_up(requirement, trace, since, within=limit + MARGIN)


class LoopTimeoutDc(_LoopTimeout):
    """After a DC loop response the charger waits for half a second and no longer: nobody watches the battery."""

    id = "CHG-TMO-LOOP-01"
    title = "DC: silence in the loop ends the session after 0.5 s"
    requirements = ("V2G20-1502",)
    pics = "dc or dc_bpt"
    faults = {"loop-timeout-60s": "V2G20-1502", "no-sequence-timeout": "V2G20-1502"}
    dc = True


class LoopTimeoutAc(_LoopTimeout):
    """After an AC loop response the charger waits for half a second and no longer."""

    id = "CHG-TMO-LOOP-02"
    title = "AC: silence in the loop ends the session after 0.5 s"
    requirements = ("V2G20-1500",)
    pics = "ac or ac_bpt"
    faults = {"loop-timeout-60s": "V2G20-1500"}
    dc = False


class PowerOffAfterSilence(ChargerCase):
    """When the car falls silent in the loop, a meter at the outlet sees the current go, and then the voltage."""

    id = "CHG-TMO-LOOP-03"
    title = "DC: silence in the loop takes the power away"
    area = "timing"
    requirements = ("H-POWER-OFF", "H-CONTACTOR")
    pics = "dc or dc_bpt"
    faults = {"keeps-power-after-timeout": "H-POWER-OFF", "loop-timeout-60s": "H-CONTACTOR"}
    instruments = ("dc_meter",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges, and falls silent between two loops."""
        async with bench.ev.session(service=bench.service(dc=True)) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(bench.loops_for(bench.settling_time), power=5_000)
            await session.watch(timers.V2G_SECC_SEQUENCE_TIMEOUT_LOOP + MARGIN + energy.REST_TIME + 1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Current soon after 0.5 s, voltage a while later."""
        since = _last_response(trace, trace.exchanges(m.ChargeLoopReq))
        soon = timers.V2G_SECC_SEQUENCE_TIMEOUT_LOOP + MARGIN
        yield energy.dead("H-POWER-OFF", trace, "dc.current", since, within=soon)
        yield energy.dead("H-CONTACTOR", trace, "dc.voltage", since, within=soon + energy.REST_TIME)


class _Performance(ChargerCase):
    area = "timing"
    requirements = ("H-TABLE-216",)
    dc: ClassVar[bool]

    async def stimulate(self, bench: ChargerBench) -> None:
        """One session from the first to the last message."""
        async with bench.ev.session(service=bench.service(dc=self.dc), loops=3) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The slowest response to each type of request against its performance time."""
        exchanges = [*trace.exchanges(m.SupportedAppProtocolReq), *trace.exchanges(m.V2GRequest)]
        kinds = {type(one.sent): None for one in exchanges if not isinstance(one.sent, m.ChargeLoopReq)}
        for kind in kinds:
            yield worst(in_time("H-TABLE-216", trace, one) for one in exchanges if isinstance(one.sent, kind))
        trace.exchange(m.SessionStopReq)


class PerformanceDc(_Performance):
    """Each message of a DC session is answered within its performance time: 1.5 s, ServiceDetail 4.5 s."""

    id = "CHG-TMO-PERF-01"
    title = "DC: responses come within the performance time"
    pics = "dc or dc_bpt"
    faults = {
        "slow-sap": "H-TABLE-216",
        "slow-session-setup": "H-TABLE-216",
        "slow-authorization": "H-TABLE-216",
        "slow-services": "H-TABLE-216",
        "slow-service-detail": "H-TABLE-216",
        "slow-parameters": "H-TABLE-216",
        "slow-schedule": "H-TABLE-216",
        "slow-cable-check": "H-TABLE-216",
        "slow-precharge": "H-TABLE-216",
        "slow-power-delivery": "H-TABLE-216",
        "slow-welding-detection": "H-TABLE-216",
        "slow-session-stop": "H-TABLE-216",
    }
    dc = True


class PerformanceAc(_Performance):
    """Each message of an AC session is answered within its performance time: 1.5 s, ServiceDetail 4.5 s."""

    id = "CHG-TMO-PERF-02"
    title = "AC: responses come within the performance time"
    pics = "ac or ac_bpt"
    faults = {"slow-parameters": "H-TABLE-216", "slow-response": "H-TABLE-216"}
    dc = False


class OngoingEnds(ChargerCase):
    """A charger that needs time for its schedule says Ongoing, for 55 s at most; a car waits for 60 s."""

    id = "CHG-TMO-ONGOING-01"
    title = "ScheduleExchange does not stay Ongoing"
    area = "timing"
    requirements = ("H-ONGOING",)
    faults = {"schedule-never-ends": "H-ONGOING"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Repeats ScheduleExchangeReq twice a second until it is answered Finished."""
        async with bench.ev.session() as session:
            await session.reach(m.ScheduleExchangeReq)
            while session.evcc.next_type is m.ScheduleExchangeReq:
                await session.proceed()
                if session.evcc.next_type is m.ScheduleExchangeReq:
                    await session.silence(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the first request to the answer that says Finished."""
        first = trace.exchange(m.ScheduleExchangeReq)
        last = trace.exchange(m.ScheduleExchangeReq, nth=-1)
        if last.response is None or last.answer.EVSEProcessing is not m.Processing.Finished:
            after = f"Ongoing after {last.request.t - first.request.t:.0f} s"
            yield holds("H-ONGOING", False, expected="Finished", seen=after, at=last.at)
            return
        yield measured(
            "H-ONGOING",
            Measurement(last.response.t - first.request.t, "s", trace.timing_uncertainty),
            Limit("s", high=timers.V2G_SECC_ONGOING_PERFORMANCE, source="Table 218"),
            what="time to Finished",
            at=last.at,
        )

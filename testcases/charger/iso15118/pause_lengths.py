"""How long a pause is, and how often one comes: a second, a night, three in a row, up to the time that was told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Inconclusive,
    Observation,
    Trace,
    answered,
    describe,
    energy,
    holds,
    sdp,
    wire,
)
from v2gready.authoring import messages as m
from v2gready.authoring.pausing import CLOSING, Joined, charge_and_pause, joined, pause_of, paused_session


class ResumesBehind(ChargerCase):
    """A pause of some length, behind which the session is joined and goes on."""

    area = "pause"
    pics = "pause and scheduled"
    joining: ClassVar[str]
    """The requirement that the joining rests on."""
    watch: ClassVar = CLOSING + 0.5

    def seconds(self, bench: ChargerBench) -> float:
        """How long the car stays away, its connection closed."""
        raise NotImplementedError

    async def stimulate(self, bench: ChargerBench) -> None:
        """Pauses, waits, joins again, and tells its parameters."""
        old = await paused_session(bench, watch=self.watch)
        await bench.wait(self.seconds(bench))
        async with bench.ev.session(control=ControlMode.SCHEDULED, session_id=old) as session:
            await session.reach(m.ScheduleExchangeReq)
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK_OldSessionJoined, and OK for the parameters."""
        pause_of(trace)
        yield answered(self.joining, trace.exchange(m.SessionSetupReq, nth=1), Joined)
        joined(trace)
        yield answered("V2G20-1032", trace.exchange(m.ChargeParameterDiscoveryReq, nth=1), m.ResponseCode.OK)


class ResumeAtOnce(ResumesBehind):
    """The car comes back a second after the end: the price has changed, the driver has found his card.

    A charger that is still clearing away sends it back to the start, and the driver back to the terminal.
    """

    id = "CHG-PAU-SHORT-01"
    title = "A session is resumed a second after its pause"
    requirements = ("V2G20-1032",)
    faults = {"resume-too-soon-refused": "V2G20-1032", "resume-forgets-session": "V2G20-1032"}
    joining = "V2G20-1032"
    watch = 0.5

    def seconds(self, bench: ChargerBench) -> float:
        """At once, for a driver."""
        return 0.5


class ResumeMuchLater(ResumesBehind):
    """A pause lasts a night. PIXIT ``longest_pause`` says for how many seconds the charger promises to remember."""

    id = "CHG-PAU-LONG-01"
    title = "A session is resumed after a long pause"
    requirements = ("H-RESUME-LATER", "V2G20-1032")
    faults = {
        "paused-session-expires": "H-RESUME-LATER",
        "resume-forgets-session": "H-RESUME-LATER",
        "resume-refuses-parameters": "V2G20-1032",
    }
    joining = "H-RESUME-LATER"

    def seconds(self, bench: ChargerBench) -> float:
        """As the DUT file promises."""
        return bench.number("longest_pause", 30.0)


class ThreePauses(ChargerCase):
    """Cheap hours come and go: a session is paused and resumed several times, and stays the same session."""

    id = "CHG-PAU-REPEAT-01"
    title = "Three pauses in one session, each resumed"
    area = "pause"
    requirements = ("H-PAUSE-SCHEDULED", "V2G20-1032", "H-HEADER-SESSION")
    pics = "pause and scheduled"
    faults = {
        "resume-once-alone": "V2G20-1032",
        "pause-once-alone": "H-PAUSE-SCHEDULED",
        "resume-changes-session-id": "H-HEADER-SESSION",
    }
    times = 3

    async def stimulate(self, bench: ChargerBench) -> None:
        """Three times the same, and an end."""
        old = await paused_session(bench, seconds=2, watch=2.0)
        for again in range(1, self.times + 1):
            async with bench.ev.session(control=ControlMode.SCHEDULED, session_id=old) as session:
                if again < self.times:
                    await charge_and_pause(bench, session, seconds=2, watch=2.0)
                else:
                    await session.reach(m.ChargeLoopReq)
                    await session.charge(3)
                    await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each of them, as far as the one before was right."""
        first = trace.exchange(m.SessionSetupReq)
        own = first.answer.Header.SessionID if isinstance(first.answer, m.SessionSetupRes) else b""
        for nth in range(self.times):
            yield answered("H-PAUSE-SCHEDULED", trace.exchange(m.SessionStopReq, nth=nth), m.ResponseCode.OK)
            pause_of(trace, nth)
            setup = trace.exchange(m.SessionSetupReq, nth=nth + 1)
            yield answered("V2G20-1032", setup, Joined)
            given = joined(trace, nth + 1).answer.Header.SessionID
            yield holds("H-HEADER-SESSION", given == own, expected=own.hex(), seen=given.hex(), at=setup.at)
        last = energy.last_loop(trace)
        if last.request.link != joined(trace, self.times).request.link:
            raise Inconclusive(f"the session did not reach the loop behind its last pause: {trace.last_words()}")
        yield answered("V2G20-1032", last)


class BackInTime(ChargerCase):
    """The profile told an interval without power, and the car sleeps through it: it is back when power was told.

    Who is to wake up is the charger, as much as the car: one whose modem sleeps on, or whose plan still has the
    interval, leaves the car empty. The car wakes up by itself here. A charger that wakes a car by BCB toggle of the
    control pilot cannot be seen on this bench.
    """

    id = "CHG-PAU-WAKE-01"
    title = "A car that comes back at the end of the interval without power is found, joined and charged"
    area = "pause"
    requirements = ("H-WAKE-CHARGER", "V2G20-1032", "H-TARGET-CURRENT")
    pics = "pause and scheduled and (dc or dc_bpt)"
    faults = {
        "deaf-after-pause": "H-WAKE-CHARGER",
        "paused-session-expires": "V2G20-1032",
        "resume-without-power": "H-TARGET-CURRENT",
    }
    rest = 900.0

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sleeps as long as it has told: a quarter of an hour, if the charger promises to remember for as long."""
        service = bench.service(dc=True)
        rest = min(self.rest, bench.number("longest_pause", 30.0))
        async with bench.ev.session(control=ControlMode.SCHEDULED, service=service) as session:
            old = await charge_and_pause(bench, session, rest=int(rest), watch=2.0)
        await bench.wait(rest - 2.0)
        async with bench.ev.session(control=ControlMode.SCHEDULED, service=service, session_id=old) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(bench.loops_for(bench.settling_time), power=5_000)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """An answer to its search, OK_OldSessionJoined, and the current that it asks for."""
        stop = pause_of(trace)
        behind = [one for one in trace.exchanges(sdp.SdpRequest) if one.request.index > stop.request.index]
        if not behind:
            raise Inconclusive("the car did not come back")
        found = next((one for one in behind if isinstance(one.answer, sdp.SdpResponse)), behind[-1])
        yield holds(
            "H-WAKE-CHARGER",
            isinstance(found.answer, sdp.SdpResponse),
            expected="an SDP response behind the pause",
            seen=describe(found),
            at=found.at,
        )
        yield answered("V2G20-1032", trace.exchange(m.SessionSetupReq, nth=1), Joined)
        last = energy.last_loop(trace)
        if last.request.link != joined(trace).request.link:
            raise Inconclusive(f"the resumed session did not reach the loop: {trace.last_words()}")
        if not energy.wish(last.sent):
            raise Inconclusive("the car wanted no current")
        yield wire.follows_target("H-TARGET-CURRENT", last)

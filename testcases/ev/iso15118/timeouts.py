"""How long a car waits for an answer, and for a session to come about at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds, timers
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, sdp_script

LATE = 2.0
"""Seconds behind the timer of a car at which it gets its answer after all; the value is our own."""


class NoAnswer(EvCase):
    """A charger that hangs: the car waits as long as the standard has it, and ends the session then."""

    area = "timeouts"
    requirements: ClassVar[tuple[str, ...]] = ("H-EV-MSG-TIMEOUT",)
    faults: ClassVar = {"message-timeout-long": "H-EV-MSG-TIMEOUT", "message-timeout-short": "H-EV-MSG-TIMEOUT"}
    request: ClassVar[type[Any]]
    response: ClassVar[type[Any]]
    timer: ClassVar = timers.V2G_EVCC_MSG_TIMEOUT

    nth: ClassVar[int] = 0
    never: ClassVar = False
    """No answer at all, for behind it there is nothing to go on with."""

    async def stimulate(self, bench: EvBench) -> None:
        """Answers one request when the timer of the car has run out: who still waits goes on by it."""
        self.prepare(bench)
        if self.never:
            bench.charger.withhold(self.response, nth=self.nth)
        else:
            bench.charger.delay(self.response, self.timer + LATE, nth=self.nth)
        await self.play(bench)
        if not await bench.charger.ended(within=30.0):
            bench.charger.close()  # a car that would wait for ever is let go
            await bench.wait(1.0)

    def prepare(self, bench: EvBench) -> None:
        """What the charger is."""

    async def play(self, bench: EvBench) -> None:
        """What the car is asked to do."""
        await bench.plug_in()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """How long the car waited; the connection may take a while to close, and no other request may come."""
        request = ev.overdue(trace, self.request, self.timer)
        yield ev.gives_up_after("H-EV-MSG-TIMEOUT", trace, request, self.timer, closing_time=ev.CLOSING)


class NoAuthorizationSetup(NoAnswer):
    """The general case: 2 s."""

    id = "EV-TMO-MSG-01"
    title = "No answer to AuthorizationSetup: the session ends after 2 s"
    request = m.AuthorizationSetupReq
    response = m.AuthorizationSetupRes


class NoServiceDetail(NoAnswer):
    """The charger may have to ask its back end: 5 s."""

    id = "EV-TMO-MSG-02"
    title = "No answer to ServiceDetail: the session ends after 5 s"
    faults = {"detail-timeout-long": "H-EV-MSG-TIMEOUT", "detail-timeout-short": "H-EV-MSG-TIMEOUT"}
    request = m.ServiceDetailReq
    response = m.ServiceDetailRes
    timer = timers.V2G_EVCC_MSG_TIMEOUT_LONG


class NoProtocol(NoAnswer):
    """The first answer of all: whoever took the connection may speak something else."""

    id = "EV-TMO-MSG-03"
    title = "No answer to supportedAppProtocol: the car gives up after 2 s"
    faults: ClassVar = {"message-timeout-short": "H-EV-MSG-TIMEOUT"}  # 20 s end the search in any case
    request = m.SupportedAppProtocolReq
    response = m.SupportedAppProtocolRes


class NoSessionSetup(NoAnswer):
    """A charger that is just booting: without a session there is nothing to wait for."""

    id = "EV-TMO-MSG-04"
    title = "No answer to SessionSetup: the car gives up after 2 s"
    faults: ClassVar = {"message-timeout-short": "H-EV-MSG-TIMEOUT"}  # 20 s end the search in any case
    request = m.SessionSetupReq
    response = m.SessionSetupRes


class NoAuthorization(NoAnswer):
    """A charger that asks its back end has to say Ongoing meanwhile; silence is no answer."""

    id = "EV-TMO-MSG-05"
    title = "No answer to Authorization: the session ends after 2 s"
    request = m.AuthorizationReq
    response = m.AuthorizationRes


class NoServiceDiscovery(NoAnswer):
    """As everywhere: 2 s."""

    id = "EV-TMO-MSG-06"
    title = "No answer to ServiceDiscovery: the session ends after 2 s"
    request = m.ServiceDiscoveryReq
    response = m.ServiceDiscoveryRes


class NoServiceSelection(NoAnswer):
    """ServiceDetail has 5 s, the selection behind it 2 s: a car with one timer for both waits too long."""

    id = "EV-TMO-MSG-07"
    title = "No answer to ServiceSelection: the session ends after 2 s"
    request = m.ServiceSelectionReq
    response = m.ServiceSelectionRes


class NoParameters(NoAnswer):
    """As everywhere: 2 s."""

    id = "EV-TMO-MSG-08"
    title = "No answer to ChargeParameterDiscovery: the session ends after 2 s"
    request = m.ChargeParameterDiscoveryReq
    response = m.ChargeParameterDiscoveryRes


class NoSchedule(NoAnswer):
    """A charger that still plans says Ongoing; silence is no answer."""

    id = "EV-TMO-MSG-09"
    title = "No answer to ScheduleExchange: the session ends after 2 s"
    request = m.ScheduleExchangeReq
    response = m.ScheduleExchangeRes


class _OnDc(NoAnswer):
    """A step of DC."""

    pics = "dc or dc_bpt"

    def prepare(self, bench: EvBench) -> None:
        """A DC charger."""
        bench.charger.configure(services=(bench.service(dc=True),))


class NoCableCheck(_OnDc):
    """The check may take long, each answer may not."""

    id = "EV-TMO-MSG-10"
    title = "No answer to CableCheck: the session ends after 2 s"
    request = m.DC_CableCheckReq
    response = m.DC_CableCheckRes


class NoPreCharge(_OnDc):
    """Voltage is on the cable already: whoever does not answer may have lost control of it."""

    id = "EV-TMO-MSG-11"
    title = "No answer to PreCharge: the session ends after 2 s"
    request = m.DC_PreChargeReq
    response = m.DC_PreChargeRes


class _WithContactor(NoAnswer):
    """A step at which the contactor is closed."""

    requirements = ("H-EV-MSG-TIMEOUT", "H-EV-CONTACTOR")
    instruments = ("vehicle_meter",)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """How long the car waited, and its contactor behind that."""
        yield from super().judge(trace)
        ev.closed_once(trace)
        request = ev.overdue(trace, self.request, self.timer)
        yield ev.contactor_open("H-EV-CONTACTOR", trace, request.frame, within=self.timer + 2.0)
        yield ev.power_off("H-EV-CONTACTOR", trace, request.frame, within=self.timer + 2.0)

    async def stimulate(self, bench: EvBench) -> None:
        """Watches the contactor for a while behind the end."""
        await super().stimulate(bench)
        await bench.wait(3.0)


class NoStart(_WithContactor):
    """DC: the contactors of the car are closed when it asks for power, and nobody answers."""

    id = "EV-TMO-MSG-12"
    title = "No answer to PowerDelivery(Start): the session ends after 2 s, the contactor opens"
    pics = "dc or dc_bpt"
    faults: ClassVar = {
        "message-timeout-long": "H-EV-MSG-TIMEOUT",
        "contactor-closed-after-failure": "H-EV-CONTACTOR",
    }
    request = m.PowerDeliveryReq
    response = m.PowerDeliveryRes

    def prepare(self, bench: EvBench) -> None:
        """A DC charger."""
        bench.charger.configure(services=(bench.service(dc=True),))


class NoStop(_WithContactor):
    """The stop itself is not answered: the contactor opens all the same."""

    id = "EV-TMO-MSG-13"
    title = "No answer to PowerDelivery(Stop): the session ends after 2 s, the contactor opens"
    hooks = ("plug_in", "stop")
    faults: ClassVar = {
        "message-timeout-long": "H-EV-MSG-TIMEOUT",
        "contactor-closed-after-failure": "H-EV-CONTACTOR",
    }
    request = m.PowerDeliveryReq
    response = m.PowerDeliveryRes
    nth = 1

    async def play(self, bench: EvBench) -> None:
        """Charges and stops."""
        await bench.charge(10)
        await bench.act("stop")


class NoSessionStop(NoAnswer):
    """The farewell is not answered: a car that waits for ever never leaves its connector."""

    id = "EV-TMO-MSG-14"
    title = "No answer to SessionStop: the connection ends after 2 s"
    hooks = ("plug_in", "stop")
    request = m.SessionStopReq
    response = m.SessionStopRes
    never = True

    async def play(self, bench: EvBench) -> None:
        """Charges and stops."""
        await bench.charge(5)
        await bench.act("stop")


class LateSetup(EvCase):
    """SDP was slow, and the handshake is: when a session comes about at last, the driver has long given up.

    V2G_EVCC_CommunicationSetup_Timeout runs from before the first SDP request on.
    """

    id = "EV-TMO-SETUP-01"
    title = "No session within 20 s: the car gives up"
    area = "timeouts"
    requirements = ("H-EV-SETUP-TIMEOUT",)
    pics = "tls"
    faults = {"setup-timeout-missing": "H-EV-SETUP-TIMEOUT"}
    limit: ClassVar = timers.V2G_EVCC_COMMUNICATION_SETUP_TIMEOUT

    async def stimulate(self, bench: EvBench) -> None:
        """Answers SDP after 12 s, and begins to speak 9.5 s behind the connection."""
        bench.charger.sdp(sdp_script.silence(), forever=True)
        bench.charger.configure(handshake_timeout=30.0)
        bench.charger.stall(9.7)
        await bench.plug_in()
        await bench.wait(11.9)
        bench.charger.sdp()
        await bench.charger.no_session(20.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No request on a connection that was opened in time, once the time is over."""
        first = ev.sdp_requests(trace)[0]
        early = next((one for one in ev.connections(trace) if one.t - first.t < self.limit), None)
        if early is None:
            raise Inconclusive(f"the car did not connect within {self.limit:g} s")
        if trace.records[-1].t - first.t < self.limit + 5:
            raise Inconclusive("the car was not watched for long enough")
        spoken = [one for one in ev.requests(trace, link=early.link) if isinstance(one.request, m.SessionSetupReq)]
        in_time = [one for one in spoken if one.frame.t - first.t <= self.limit]
        if in_time:
            raise Inconclusive("the handshake was not slow enough")
        late = [one for one in ev.requests(trace, link=early.link) if one.frame.t - first.t > self.limit + ev.GRACE]
        yield holds(
            "H-EV-SETUP-TIMEOUT",
            not late,
            expected=f"no session {self.limit:g} s behind the first SDP request",
            seen=f"{ev.named(late[0])} after {late[0].frame.t - first.t:.1f} s" if late else "the car gave up",
            at=(first.index, early.index, *(one.frame.index for one in late[:1])),
        )


class NoLoopAnswer(EvCase):
    """While energy flows, half a second is all that a silent charger gets; then the contactor opens."""

    id = "EV-TMO-LOOP-01"
    title = "No answer in the charge loop: the session ends after 0.5 s, the contactor opens"
    area = "timeouts"
    requirements = ("H-EV-LOOP-TIMEOUT", "H-EV-CONTACTOR")
    instruments = ("vehicle_meter",)
    faults = {
        "loop-timeout-long": "H-EV-LOOP-TIMEOUT",
        "loop-timeout-short": "H-EV-LOOP-TIMEOUT",
        "contactor-closed-after-failure": "H-EV-CONTACTOR",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """Answers nine loops."""
        bench.charger.withhold(m.ChargeLoopRes, nth=9)
        await bench.plug_in()
        await bench.charger.ended(within=60.0)
        await bench.wait(3.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """How long the car waited, and what its contactor did."""
        request = ev.unanswered(trace, m.ChargeLoopReq)
        yield ev.gives_up_after("H-EV-LOOP-TIMEOUT", trace, request, timers.V2G_EVCC_MSG_TIMEOUT_LOOP)
        ev.closed_once(trace)
        yield ev.contactor_open("H-EV-CONTACTOR", trace, request.frame, within=2.5)
        yield ev.power_off("H-EV-CONTACTOR", trace, request.frame, within=2.5)

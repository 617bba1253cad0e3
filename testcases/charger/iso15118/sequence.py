"""The order of requests: what comes out of order is refused by its own response (reference 4.2).

Each case stands for one state of the session and sends representative requests that are not in order there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    EvSession,
    Observation,
    Trace,
    answered,
    out_of_order,
    refused,
)
from v2gready.authoring import messages as m

FAILED_SEQUENCE = m.ResponseCode.FAILED_SequenceError
ANY_SERVICE = (m.ServiceDiscoveryReq, m.ServiceDetailReq, m.ServiceSelectionReq, m.ChargeParameterDiscoveryReq)


class _OutOfOrder(ChargerCase):
    """In one state of the session, requests that are not in order there; each in a session of its own.

    Attributes:
        after: The request whose answer leads into the state.
        next: The request that would be in order.
        instead: What is sent in its place.
        codes: Codes of the refusal.
    """

    area = "sequence"
    requirements = ("V2G20-459",)
    faults = {"sequence-check-missing": "V2G20-459", "wrong-res-for-sequence-error": "V2G20-459"}
    after: ClassVar[type]
    next: ClassVar[type]
    instead: ClassVar[tuple[type, ...]]
    codes: ClassVar[tuple[m.ResponseCode, ...]] = (FAILED_SEQUENCE,)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Comes into the state and sends what is not in order."""
        for kind in self.instead:
            async with bench.ev.session() as session:
                await self.come(session)
                await session.ask(session.request(kind))

    async def come(self, session: EvSession) -> None:
        """The way into the state."""
        await session.reach(self.next)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The matching response with FAILED_SequenceError."""
        for exchange in out_of_order(trace, self.after, self.instead):
            yield refused("V2G20-459", exchange, *self.codes)


class BeforeSessionSetup(_OutOfOrder):
    """Before SessionSetup there is no session.

    Nor is there an id that a request could have, so that FAILED_UnknownSession is right as well.
    """

    id = "CHG-SEQ-SETUP-01"
    title = "Order: nothing before SessionSetup"
    after = m.SupportedAppProtocolReq
    next = m.SessionSetupReq
    instead = (
        m.AuthorizationSetupReq,
        m.ServiceDiscoveryReq,
        m.ServiceSelectionReq,
        m.PowerDeliveryReq,
        m.SessionStopReq,
    )
    codes = (FAILED_SEQUENCE, m.ResponseCode.FAILED_UnknownSession)


class BeforeAuthorizationSetup(_OutOfOrder):
    """After SessionSetup only AuthorizationSetup is in order, not even another SessionSetup."""

    id = "CHG-SEQ-EARLY-01"
    title = "Order: after SessionSetup comes AuthorizationSetup"
    faults = {
        "sequence-check-missing": "V2G20-459",
        "wrong-res-for-sequence-error": "V2G20-459",
        "sequence-error-wrong-code": "V2G20-459",
        "sequence-error-unanswered": "V2G20-459",
    }
    after = m.SessionSetupReq
    next = m.AuthorizationSetupReq
    instead = (
        m.SessionSetupReq,
        m.AuthorizationReq,
        *ANY_SERVICE,
        m.ScheduleExchangeReq,
        m.PowerDeliveryReq,
        m.ChargeLoopReq,
    )


class BeforeAuthorization(_OutOfOrder):
    """Before authorization has ended well no service is offered, described or selected."""

    id = "CHG-SEQ-AUTH-01"
    title = "Order: no service before authorization"
    requirements = ("V2G20-459", "H-AUTH-BEFORE-SERVICE")
    faults = {"sequence-check-missing": "H-AUTH-BEFORE-SERVICE", "wrong-res-for-sequence-error": "V2G20-459"}
    after = m.AuthorizationSetupReq
    next = m.AuthorizationReq
    instead = (*ANY_SERVICE, m.SessionSetupReq, m.AuthorizationSetupReq, m.PowerDeliveryReq)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The matching response with FAILED_SequenceError."""
        for exchange in out_of_order(trace, self.after, self.instead):
            yield refused("V2G20-459", exchange, FAILED_SEQUENCE)
            if isinstance(exchange.sent, ANY_SERVICE):
                yield refused("H-AUTH-BEFORE-SERVICE", exchange)


class BeforeServiceDiscovery(_OutOfOrder):
    """After Authorization only ServiceDiscovery is in order; authorization is over."""

    id = "CHG-SEQ-SERVICE-01"
    title = "Order: after Authorization comes ServiceDiscovery"
    after = m.AuthorizationReq
    next = m.ServiceDiscoveryReq
    instead = (
        m.AuthorizationReq,
        m.AuthorizationSetupReq,
        m.ServiceDetailReq,
        m.ServiceSelectionReq,
        m.ChargeParameterDiscoveryReq,
    )


class BeforeServiceDetail(_OutOfOrder):
    """After ServiceDiscovery only ServiceDetail is in order: no selection without the parameter sets."""

    id = "CHG-SEQ-DETAIL-01"
    title = "Order: after ServiceDiscovery comes ServiceDetail"
    after = m.ServiceDiscoveryReq
    next = m.ServiceDetailReq
    instead = (m.ServiceDiscoveryReq, m.ServiceSelectionReq, m.ChargeParameterDiscoveryReq, m.AuthorizationReq)


class BeforeServiceSelection(_OutOfOrder):
    """After ServiceDetail more details or a selection are in order."""

    id = "CHG-SEQ-SELECT-01"
    title = "Order: after ServiceDetail comes ServiceSelection"
    after = m.ServiceDetailReq
    next = m.ServiceSelectionReq
    instead = (m.ServiceDiscoveryReq, m.ChargeParameterDiscoveryReq, m.ScheduleExchangeReq, m.PowerDeliveryReq)


class BeforeParameters(_OutOfOrder):
    """After ServiceSelection only ChargeParameterDiscovery is in order: no second thoughts about the service."""

    id = "CHG-SEQ-PARAM-01"
    title = "Order: after ServiceSelection comes ChargeParameterDiscovery"
    after = m.ServiceSelectionReq
    next = m.ChargeParameterDiscoveryReq
    instead = (m.ServiceSelectionReq, m.ServiceDetailReq, m.ScheduleExchangeReq, m.PowerDeliveryReq)


class BeforeSchedule(_OutOfOrder):
    """After ChargeParameterDiscovery only ScheduleExchange is in order: no power without a schedule."""

    id = "CHG-SEQ-SCHED-01"
    title = "Order: after ChargeParameterDiscovery comes ScheduleExchange"
    after = m.ChargeParameterDiscoveryReq
    next = m.ScheduleExchangeReq
    instead = (m.ServiceSelectionReq, m.PowerDeliveryReq, m.ChargeLoopReq)


class BeforeCableCheck(_OutOfOrder):
    """DC: without a cable check there is neither pre-charge nor power."""

    id = "CHG-SEQ-CABLE-01"
    title = "Order: no DC power without a cable check"
    pics = "dc or dc_bpt"
    after = m.ScheduleExchangeReq
    next = m.DC_CableCheckReq
    instead = (m.DC_PreChargeReq, m.PowerDeliveryReq, m.ChargeLoopReq, m.ChargeParameterDiscoveryReq)


class BeforePreCharge(_OutOfOrder):
    """DC: after the cable check only pre-charge is in order: no power on a voltage that does not fit."""

    id = "CHG-SEQ-PRE-01"
    title = "Order: no DC power without pre-charge"
    pics = "dc or dc_bpt"
    faults = {
        "sequence-check-missing": "V2G20-459",
        "wrong-res-for-sequence-error": "V2G20-459",
        "power-before-precharge": "V2G20-459",
    }
    after = m.DC_CableCheckReq
    next = m.DC_PreChargeReq
    instead = (m.PowerDeliveryReq, m.ChargeLoopReq, m.DC_WeldingDetectionReq, m.ScheduleExchangeReq)


class BeforePowerDelivery(_OutOfOrder):
    """DC: after pre-charge only more of it or PowerDelivery are in order."""

    id = "CHG-SEQ-START-01"
    title = "Order: no DC charge loop without PowerDelivery"
    pics = "dc or dc_bpt"
    after = m.DC_PreChargeReq
    next = m.PowerDeliveryReq
    instead = (m.ChargeLoopReq, m.DC_CableCheckReq, m.ScheduleExchangeReq, m.DC_WeldingDetectionReq)


class BeforeLoop(_OutOfOrder):
    """After PowerDelivery(Start) the charge loop follows, and nothing else."""

    id = "CHG-SEQ-POWER-01"
    title = "Order: after PowerDelivery(Start) comes the charge loop"
    requirements = ("V2G20-459", "V2G20-2009")
    after = m.PowerDeliveryReq
    next = m.ChargeLoopReq
    instead = (m.ScheduleExchangeReq, m.ServiceDiscoveryReq, m.SessionSetupReq, m.PowerDeliveryReq)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The matching response with FAILED_SequenceError."""
        for exchange in out_of_order(trace, self.after, self.instead):
            yield refused("V2G20-459", exchange, FAILED_SEQUENCE)
            yield refused("V2G20-2009", exchange)


class WithinLoop(_OutOfOrder):
    """In the charge loop nothing of the way there is in order."""

    id = "CHG-SEQ-LOOP-01"
    title = "Order: the charge loop is not left backwards"
    after = m.ChargeLoopReq
    instead = (m.SessionSetupReq, m.AuthorizationReq, m.ServiceSelectionReq, m.ChargeParameterDiscoveryReq)

    async def come(self, session: EvSession) -> None:
        """Charges for a moment."""
        await session.reach(m.ChargeLoopReq)
        await session.charge(3)


class AfterStop(_OutOfOrder):
    """After PowerDelivery(Stop) there is no more power in this session."""

    id = "CHG-SEQ-STOP-01"
    title = "Order: no charge loop after PowerDelivery(Stop)"
    after = m.PowerDeliveryReq
    instead = (m.ChargeLoopReq, m.PowerDeliveryReq, m.ScheduleExchangeReq, m.ChargeParameterDiscoveryReq)

    async def come(self, session: EvSession) -> None:
        """Charges for a moment and stops."""
        await session.reach(m.ChargeLoopReq)
        await session.charge(3)
        session.end_with(m.ChargingSession.Terminate)
        await session.reach(m.PowerDeliveryReq)
        await session.proceed()


class AcStop(ChargerCase):
    """AC: after PowerDelivery(Stop) the session goes on with SessionStop; there is nothing to be welded."""

    id = "CHG-SEQ-AC-01"
    title = "Order: AC goes from PowerDelivery(Stop) to SessionStop"
    area = "sequence"
    requirements = ("V2G20-1623", "V2G20-459")
    pics = "ac or ac_bpt"
    faults = {"terminate-as-failed": "V2G20-1623", "sequence-check-missing": "V2G20-459"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Runs one AC session to its end, and asks for welding detection in another."""
        service = next(one for one in bench.services if not one.is_dc)
        async with bench.ev.session(service=service, loops=2) as session:
            await session.run_to_end()
        async with bench.ev.session(service=service, loops=2) as session:
            await session.reach(m.SessionStopReq)
            await session.ask(session.request(m.DC_WeldingDetectionReq))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK to SessionStop, FAILED_SequenceError to welding detection."""
        yield answered("V2G20-1623", trace.exchange(m.SessionStopReq), m.ResponseCode.OK)
        yield refused("V2G20-459", trace.exchange(m.DC_WeldingDetectionReq), FAILED_SEQUENCE)

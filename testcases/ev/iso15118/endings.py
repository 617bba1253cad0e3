"""How a car ends a session: by a FAILED response, by its user, at the charger's wish."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase


class FailedCase(EvCase):
    """A step of the session is answered by FAILED, and the SECC would go on all the same."""

    area = "endings"
    requirements: ClassVar[tuple[str, ...]] = ("H-EV-FATAL",)
    faults: ClassVar = {"failed-ignored": "H-EV-FATAL"}
    step: ClassVar[type[Any]]

    async def stimulate(self, bench: EvBench) -> None:
        """Answers one step by FAILED."""
        bench.charger.fail(self.step, m.ResponseCode.FAILED)
        await bench.plug_in()
        await bench.charger.ended(within=90.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Nothing but a farewell behind it, and the end."""
        failed = ev.told(trace, self.step, where=lambda one: one.ResponseCode is m.ResponseCode.FAILED)
        yield ev.nothing_but_stop("H-EV-FATAL", trace, failed.frame)
        yield ev.ends_session("H-EV-FATAL", trace, failed.frame)


class FailedSetup(FailedCase):
    """Refused at the door: a car that goes on talks to a session that is none."""

    id = "EV-STP-FAILED-01"
    title = "FAILED to SessionSetup ends the session"
    step = m.SessionSetupRes


class FailedAuthorizationSetup(FailedCase):
    """Any FAILED is fatal, also where it says nothing about its reason."""

    id = "EV-STP-FAILED-02"
    title = "FAILED to AuthorizationSetup ends the session"
    step = m.AuthorizationSetupRes


class FailedAuthorization(FailedCase):
    """Not authorised is a warning and may be tried again; FAILED is the end."""

    id = "EV-STP-FAILED-03"
    title = "FAILED to Authorization ends the session"
    step = m.AuthorizationRes


class FailedServiceDiscovery(FailedCase):
    """Without services there is nothing to select."""

    id = "EV-STP-FAILED-04"
    title = "FAILED to ServiceDiscovery ends the session"
    step = m.ServiceDiscoveryRes


class FailedServiceSelection(FailedCase):
    """A selection that was refused is no selection: a car must not send parameters for it."""

    id = "EV-STP-FAILED-05"
    title = "FAILED to ServiceSelection ends the session"
    step = m.ServiceSelectionRes


class FailedParameters(FailedCase):
    """Where the charge parameters do not fit, energy must not flow."""

    id = "EV-STP-FAILED-06"
    title = "FAILED to ChargeParameterDiscovery ends the session"
    step = m.ChargeParameterDiscoveryRes


class FailedSchedule(FailedCase):
    """Without a schedule there is nothing to follow."""

    id = "EV-STP-FAILED-07"
    title = "FAILED to ScheduleExchange ends the session"
    step = m.ScheduleExchangeRes


class FailedCableCheck(FailedCase):
    """An insulation fault: a car that goes on to precharge puts its battery on a faulty cable (field defect)."""

    id = "EV-STP-FAILED-08"
    title = "FAILED to CableCheck: no precharge"
    pics = "dc or dc_bpt"
    step = m.DC_CableCheckRes

    async def stimulate(self, bench: EvBench) -> None:
        """A DC session, with a cable check that fails."""
        bench.charger.configure(services=(bench.service(dc=True),))
        await super().stimulate(bench)


class FailedStart(FailedCase):
    """PowerDelivery(Start) that was refused closes no contactor."""

    id = "EV-STP-FAILED-09"
    title = "FAILED to PowerDelivery ends the session"
    step = m.PowerDeliveryRes


class FailedLoop(EvCase):
    """The charger fails while energy flows: the contactor of the car opens, whatever the charger does."""

    id = "EV-STP-LOOP-01"
    title = "FAILED in the charge loop: the session ends, the contactor opens"
    area = "endings"
    requirements = ("H-EV-FATAL", "H-EV-CONTACTOR")
    instruments = ("vehicle_meter",)
    faults = {"failed-ignored": "H-EV-FATAL", "contactor-closed-after-failure": "H-EV-CONTACTOR"}

    async def stimulate(self, bench: EvBench) -> None:
        """The tenth loop is answered by FAILED."""
        bench.charger.fail(m.ChargeLoopRes, m.ResponseCode.FAILED, nth=9)
        await bench.plug_in()
        await bench.charger.ended(within=90.0)
        await bench.wait(3.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The end on the wire, and at the contactor."""
        failed = ev.told(trace, m.ChargeLoopRes, where=lambda one: one.ResponseCode is m.ResponseCode.FAILED)
        yield ev.nothing_but_stop("H-EV-FATAL", trace, failed.frame)
        yield ev.ends_session("H-EV-FATAL", trace, failed.frame)
        ev.closed_once(trace)
        yield ev.contactor_open("H-EV-CONTACTOR", trace, failed.frame, within=2.0)
        yield ev.power_off("H-EV-CONTACTOR", trace, failed.frame, within=2.0)


class UserStops(EvCase):
    """The user ends the session: first the power, then the session, then the connection."""

    id = "EV-STP-USER-01"
    title = "The user stops: PowerDelivery(Stop), SessionStop, end of the connection"
    area = "endings"
    requirements = ("H-EV-STOP-ORDER", "H-EV-STOP-CLOSE", "H-EV-CONTACTOR")
    hooks = ("plug_in", "stop")
    instruments = ("vehicle_meter",)
    faults = {
        "power-stop-left-out": "H-EV-STOP-ORDER",
        "connection-left-open": "H-EV-STOP-CLOSE",
        "contactor-closed-after-stop": "H-EV-CONTACTOR",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for a while and stops."""
        await bench.charge(10)
        await bench.finish()
        await bench.wait(3.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The order of the farewell, and what is left of power."""
        session_stop = ev.asked(trace, m.SessionStopReq)
        stops = [
            one
            for one in ev.requests(
                trace, m.PowerDeliveryReq, where=lambda one: one.ChargeProgress is m.ChargeProgress.Stop
            )
            if one.frame.index < session_stop.frame.index
        ]
        yield holds(
            "H-EV-STOP-ORDER",
            bool(stops),
            expected="PowerDeliveryReq(Stop) before SessionStopReq",
            seen="as expected" if stops else "SessionStopReq alone",
            at=session_stop.at,
        )
        stopped = ev.told(trace, m.SessionStopRes)
        yield ev.ends_session("H-EV-STOP-CLOSE", trace, stopped.frame, within=2.0)
        ev.closed_once(trace)
        yield ev.contactor_open("H-EV-CONTACTOR", trace, stopped.frame, within=2.0)
        yield ev.power_off("H-EV-CONTACTOR", trace, stopped.frame, within=2.0)


class ChargerTerminates(EvCase):
    """The charger wants to end (grid, maintenance, remote stop): the car obeys within NotificationMaxDelay."""

    id = "EV-STP-NOTIFY-01"
    title = "EVSENotification Terminate: power delivery stops in time"
    area = "endings"
    requirements = ("H-EV-TERMINATE",)
    faults = {"terminate-notification-ignored": "H-EV-TERMINATE"}
    delay: ClassVar = 10

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for a while and asks for the end."""
        await bench.charge(10)
        bench.charger.notify(m.EvseNotification.Terminate, delay=self.delay)
        await bench.charger.ended(within=self.delay + 20.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the first response that says so to the request that obeys."""
        told = ev.told(trace, m.ChargeLoopRes, where=_terminates)
        yield ev.reacts_within(
            "H-EV-TERMINATE",
            trace,
            told.frame,
            next(
                (one.frame for one in ev.later(trace, told.frame) if isinstance(one.request, m.PowerDeliveryReq)), None
            ),
            self.delay,
            what="time from the notification to PowerDeliveryReq",
        )


def _terminates(response: m.ChargeLoopRes) -> bool:
    status = response.EVSEStatus
    return status is not None and status.EVSENotification is m.EvseNotification.Terminate


class FailedForAReason(EvCase):
    """A step is answered by a FAILED code that names its reason: as fatal as FAILED itself (-20, 8.6)."""

    area = "endings"
    requirements: ClassVar[tuple[str, ...]] = ("H-EV-FATAL",)
    faults: ClassVar = {"failed-ignored": "H-EV-FATAL", "failed-special-ignored": "H-EV-FATAL"}
    step: ClassVar[type[Any]]
    code: ClassVar[m.ResponseCode]
    nth: ClassVar[int] = 0

    async def stimulate(self, bench: EvBench) -> None:
        """Answers one step by that code."""
        if "dc" in self.pics:
            bench.charger.configure(services=(bench.service(dc=True),))
        bench.charger.fail(self.step, self.code, nth=self.nth)
        await bench.plug_in()
        if "stop" in self.hooks:
            await bench.charge_on(5)
            await bench.act("stop")
        await bench.charger.ended(within=40.0)
        await bench.wait(3.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Nothing but a farewell behind it, and the end."""
        failed = ev.told(trace, self.step, where=lambda one: one.ResponseCode is self.code)
        yield ev.nothing_but_stop("H-EV-FATAL", trace, failed.frame)
        yield ev.ends_session("H-EV-FATAL", trace, failed.frame)


class DetailFailed(FailedForAReason):
    """The service is not there any more: a car that selects it all the same is refused again."""

    id = "EV-STP-FAILED-10"
    title = "FAILED_ServiceIDInvalid to ServiceDetail ends the session"
    step = m.ServiceDetailRes
    code = m.ResponseCode.FAILED_ServiceIDInvalid


class SelectionFailed(FailedForAReason):
    """The pair of service and parameter set was refused."""

    id = "EV-STP-FAILED-11"
    title = "FAILED_ServiceSelectionInvalid to ServiceSelection ends the session"
    step = m.ServiceSelectionRes
    code = m.ResponseCode.FAILED_ServiceSelectionInvalid


class ParametersFailed(FailedForAReason):
    """Car and charger do not fit each other: whatever comes next would be out of bounds."""

    id = "EV-STP-FAILED-12"
    title = "FAILED_WrongChargeParameter to ChargeParameterDiscovery ends the session"
    step = m.ChargeParameterDiscoveryRes
    code = m.ResponseCode.FAILED_WrongChargeParameter


class PreChargeFailed(FailedForAReason):
    """The converter has failed with voltage on the cable: the contactor of the car stays open."""

    id = "EV-STP-FAILED-13"
    title = "FAILED to PreCharge: no PowerDelivery, the contactor stays open"
    requirements = ("H-EV-FATAL", "H-EV-CONTACTOR")
    pics = "dc or dc_bpt"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"failed-ignored": "H-EV-FATAL"}
    step = m.DC_PreChargeRes
    code = m.ResponseCode.FAILED

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """And the contactor."""
        yield from super().judge(trace)
        failed = ev.told(trace, self.step, where=lambda one: one.ResponseCode is self.code)
        yield ev.contactor_open("H-EV-CONTACTOR", trace, failed.frame, within=2.0)


class ContactorFailed(FailedForAReason):
    """The contactor of the charger has not closed: a car that goes on waits for a power that never comes."""

    id = "EV-STP-FAILED-14"
    title = "FAILED_ContactorError to PowerDelivery ends the session"
    faults: ClassVar = {
        "failed-ignored": "H-EV-FATAL",
        "failed-special-ignored": "H-EV-FATAL",
        "failed-ignored-at-power-delivery": "H-EV-FATAL",
    }
    step = m.PowerDeliveryRes
    code = m.ResponseCode.FAILED_ContactorError


class StopFailed(FailedForAReason):
    """The charger cannot switch off: the contactor of the car is what ends the current."""

    id = "EV-STP-FAILED-15"
    title = "FAILED_ContactorError to PowerDelivery(Stop): the session ends, the contactor opens"
    requirements = ("H-EV-FATAL", "H-EV-CONTACTOR")
    hooks = ("plug_in", "stop")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "failed-special-ignored": "H-EV-FATAL",
        "contactor-closed-after-failure": "H-EV-CONTACTOR",
    }
    step = m.PowerDeliveryRes
    code = m.ResponseCode.FAILED_ContactorError
    nth = 1

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """And the contactor."""
        yield from super().judge(trace)
        ev.closed_once(trace)
        failed = ev.told(trace, self.step, where=lambda one: one.ResponseCode is self.code)
        yield ev.contactor_open("H-EV-CONTACTOR", trace, failed.frame, within=2.0)
        yield ev.power_off("H-EV-CONTACTOR", trace, failed.frame, within=2.0)


class LoopFailed(FailedLoop):
    """AC, and a code that names its reason: the inverter is in the car, so the car has to stop it by itself."""

    id = "EV-STP-LOOP-02"
    title = "AC: FAILED_EVPowerProfileViolation in the charge loop: the session ends, the contactor opens"
    pics = "ac or ac_bpt"
    faults = {
        "failed-ignored-in-loop": "H-EV-FATAL",
        "contactor-closed-after-failure": "H-EV-CONTACTOR",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """An AC session; its tenth loop fails."""
        bench.charger.configure(services=(bench.service(dc=False),))
        bench.charger.alter(
            m.ChargeLoopRes,
            lambda one: replace(one, ResponseCode=m.ResponseCode.FAILED_EVPowerProfileViolation),
            nth=9,
        )
        await bench.plug_in()
        await bench.charger.ended(within=90.0)
        await bench.wait(3.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The end on the wire, and at the contactor."""
        failed = ev.told(
            trace,
            m.ChargeLoopRes,
            where=lambda one: one.ResponseCode is m.ResponseCode.FAILED_EVPowerProfileViolation,
        )
        yield ev.nothing_but_stop("H-EV-FATAL", trace, failed.frame)
        yield ev.ends_session("H-EV-FATAL", trace, failed.frame)
        ev.closed_once(trace)
        yield ev.contactor_open("H-EV-CONTACTOR", trace, failed.frame, within=2.0)
        yield ev.power_off("H-EV-CONTACTOR", trace, failed.frame, within=2.0)


class UserStopsDc(EvCase):
    """DC: between PowerDelivery(Stop) and SessionStop there is welding detection, or nothing.

    A welded contactor is found there, or by the next driver.
    """

    id = "EV-STP-USER-02"
    title = "DC: nothing but welding detection between PowerDelivery(Stop) and SessionStop"
    area = "endings"
    requirements = ("H-EV-STOP-ORDER", "H-EV-CONTACTOR")
    pics = "dc or dc_bpt"
    hooks = ("plug_in", "stop")
    instruments = ("vehicle_meter",)
    faults = {
        "power-stop-left-out": "H-EV-STOP-ORDER",
        "session-stop-left-out": "H-EV-STOP-ORDER",
        "connection-cut-out-of-loop": "H-EV-STOP-ORDER",
        "contactor-closed-after-stop": "H-EV-CONTACTOR",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for a while and stops."""
        bench.charger.configure(services=(bench.service(dc=True),))
        await bench.charge(10)
        await bench.finish()
        await bench.wait(3.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """All that comes behind the last loop."""
        loop = ev.asked(trace, m.ChargeLoopReq, -1)
        behind = ev.later(trace, loop.frame)
        if not behind and ev.closing(trace, loop.link, since=loop.frame.index) is None:
            raise Inconclusive(f"the car did not stop: {trace.last_words()}")
        seen = list(dict.fromkeys(ev.named(one) for one in behind))
        good = [
            ["PowerDeliveryReq", "SessionStopReq"],
            ["PowerDeliveryReq", "DC_WeldingDetectionReq", "SessionStopReq"],
        ]
        off = [one for one in behind if isinstance(one.request, m.PowerDeliveryReq)]
        stopped = bool(off) and off[0].request.ChargeProgress is m.ChargeProgress.Stop
        yield holds(
            "H-EV-STOP-ORDER",
            seen in good and stopped,
            expected="PowerDeliveryReq(Stop), perhaps DC_WeldingDetectionReq, SessionStopReq",
            seen=", ".join(seen) or "the end of the connection",
            at=(loop.frame.index, *(one.frame.index for one in behind[:1])),
        )
        ev.closed_once(trace)
        last = behind[-1].frame if behind else loop.frame
        yield ev.contactor_open("H-EV-CONTACTOR", trace, last, within=2.0)
        yield ev.power_off("H-EV-CONTACTOR", trace, last, within=2.0)

"""Values by phase at an EVSE with three phases of AC: kept both ways, refused where they have no place, followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    ThreePhaseCase,
    Trace,
    Transaction,
    accepted,
    ask_alive,
    by_phase,
    calls,
    every,
    get_variable,
    got,
    hold,
    install,
    look,
    operation_modes,
    period,
    period_of,
    profile,
    profiles_sent,
    reaches,
    report_profile,
    share_of_power,
    start_ac,
    still_serves,
    three_phases,
    update,
    values_come_back,
)

if TYPE_CHECKING:
    from v2gready.authoring.ocpp.bench import Payload

KEPT: Final = "OCPP-H-PHASES"
TAKEN: Final = "OCPP-H-PHASES-AC"
TENTHS: Final = tuple(value / 10 for value in range(61, 321) if value % 10)
"""6.1 A to 31.9 A, without the whole ones: what a car charges with by phase."""
STEP: Final = 60
"""Seconds of each period."""


class Kept(ThreePhaseCase):
    """What a CSMS sets for L2 and L3 is what it reads back: each limit and setpoint, to the tenth of a watt.

    The names with _L2 and _L3 do not survive a library that turns keys into snake case. The station then charges all
    phases alike, and the fuse of one goes.
    """

    id = "CHG-OCPP-PHASE-01"
    title = "Limits and setpoints of L2 and L3 are taken, kept and reported as they came"
    requirements = (KEPT, TAKEN)
    faults: ClassVar = {
        "phase-fields-lost": KEPT,
        "phases-levelled": KEPT,
        "phases-exchanged": KEPT,
        "phases-refused": TAKEN,
    }
    first: ClassVar[int] = 9501
    setpoints: ClassVar = by_phase("setpoint", 1500.1, 1400.2, 1300.3)
    kinds: ClassVar[tuple[tuple[str, Payload], ...]] = (
        ("ChargingOnly", by_phase("limit", 3000.1, 2900.2, 2800.3)),
        ("CentralSetpoint", setpoints),
        ("CentralSetpoint", by_phase("setpoint", -1500.4, -1400.5, -1300.6)),
        ("CentralSetpoint", setpoints | by_phase("setpointReactive", 300.1, -200.2, 100.3)),
        ("CentralSetpoint", setpoints | by_phase("limit", 3000.7, 2900.8, 2800.9)),
        ("CentralSetpoint", setpoints | by_phase("dischargeLimit", -3000.7, -2900.8, -2800.9)),
    )
    """Mode and values; the first three have to be taken, the others may be (matrix, conflict 4)."""
    demanded: ClassVar[int] = 3

    async def stimulate(self, bench: StationBench) -> None:
        """Sets each kind for the transaction of a car with three phases, and asks for it."""
        async with bench.csms.session() as station:
            transaction = await start_ac(bench, station)
            for number, (mode, values) in enumerate(self.kinds, self.first):
                one = profile(number, period(0, mode, **values), transaction=transaction.id, start=bench.stamp())
                reply = await station.call("SetChargingProfile", {"evseId": transaction.evse, "chargingProfile": one})
                if look(getattr(reply, "payload", {}), "status") == "Accepted":
                    await report_profile(station, number)
            await station.silence(2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares what came back with what was set."""
        three_phases(trace)
        numbers = range(self.first, self.first + len(self.kinds))
        sets = [profiles_sent(trace, number)[0] for number in numbers]
        for number, one in zip(numbers, sets, strict=True):
            if one.reply is None:
                raise Inconclusive(f"profile {number} was not answered")
        yield every(TAKEN, [accepted(TAKEN, one) for one in sets[: self.demanded]], what="profiles")
        yield every(
            KEPT,
            [
                values_come_back(KEPT, trace, number, [period_of(one)], one.at)
                for number, one in zip(numbers, sets, strict=True)
                if one.status == "Accepted"
            ],
            what="profiles",
        )


class TenthsByPhase(ThreePhaseCase):
    """8.1 A on one phase and 12.9 A on the next: what balances a house is no whole number."""

    id = "CHG-OCPP-PHASE-02"
    title = "Limits in tenths of an ampere are kept phase by phase"
    requirements = ("OCPP-H-DECIMALS",)
    pics = "ocpp_v2x and ocpp_ac_phases and ocpp_rate_unit_amperes"
    faults: ClassVar = {
        "phase-tenths-cut": "OCPP-H-DECIMALS",
        "limits-cut-to-integers": "OCPP-H-DECIMALS",
        "phase-fields-lost": "OCPP-H-DECIMALS",
    }
    number: ClassVar[int] = 9511

    async def stimulate(self, bench: StationBench) -> None:
        """Sets as many tenths as a schedule may have periods, three in each; asks for them."""
        async with bench.csms.session() as station:
            most = await get_variable(station, "SmartChargingCtrlr", "PeriodsPerSchedule")
            room = int(most) if most and most.isdigit() else 24
            values = (8.1, 12.9, 6.7, *TENTHS)
            groups = [values[at : at + 3] for at in range(0, len(values) - 2, 3)][: max(1, min(room, 1024))]
            transaction = await start_ac(bench, station)
            periods = [period(at * STEP, **by_phase("limit", *three)) for at, three in enumerate(groups)]
            one = profile(self.number, *periods, transaction=transaction.id, start=bench.stamp(), unit="A")
            await install(station, one, evse=transaction.evse)
            await report_profile(station, self.number)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares number by number."""
        three_phases(trace)
        request = profiles_sent(trace, self.number)[0]
        yield accepted("OCPP-H-DECIMALS", request)
        if request.status == "Accepted":
            wanted = look(request.payload, "chargingProfile.chargingSchedule.0.chargingSchedulePeriod")
            yield values_come_back("OCPP-H-DECIMALS", trace, self.number, wanted, request.at)


class _Changed(ThreePhaseCase):
    pics = "ocpp_v2x and ocpp_ac_phases and ocpp_dynamic_profiles"
    requirements = (KEPT, TAKEN)
    number: ClassVar[int]
    before: ClassVar = by_phase("setpoint", 1000.0, 1000.0, 1000.0)
    after: ClassVar = by_phase("setpoint", -1500.1, -1400.2, -1300.3)

    def dynamic(self, transaction: Transaction, **more: Any) -> Payload:
        """A Dynamic profile with a setpoint for each phase."""
        one = period(0, "CentralSetpoint", **self.before)
        return profile(self.number, one, transaction=transaction.id, kind="Dynamic", **more)

    def taken(self, trace: Trace) -> RpcExchange:
        """Our profile, accepted.

        Raises:
            Inconclusive: It was not.
        """
        three_phases(trace)
        request = profiles_sent(trace, self.number)[0]
        if request.status != "Accepted":
            raise Inconclusive(f"the Dynamic profile with values by phase was not accepted: {request.reason}")
        return request


class Pushed(_Changed):
    """A CSMS that balances phases sends new values every few seconds: for all three of them, or it is no balance."""

    id = "CHG-OCPP-PHASE-03"
    title = "UpdateDynamicSchedule changes the setpoints of L2 and L3 as well"
    faults: ClassVar = {"phase-updates-lost": KEPT, "phase-updates-refused": TAKEN}
    number = 9521

    async def stimulate(self, bench: StationBench) -> None:
        """Sets a Dynamic profile, sends new values for each phase, and asks for it."""
        async with bench.csms.session() as station:
            transaction = await start_ac(bench, station)
            await install(station, self.dynamic(transaction), evse=transaction.evse)
            await update(station, self.number, **self.after)
            await report_profile(station, self.number)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The new values are in the report."""
        self.taken(trace)
        sent = calls(trace, "UpdateDynamicSchedule", sender=trace.tester)
        if not sent:
            raise Inconclusive("no UpdateDynamicSchedule was sent")
        yield accepted(TAKEN, sent[0])
        if sent[0].status == "Accepted":
            yield values_come_back(KEPT, trace, self.number, [sent[0].payload["scheduleUpdate"]], sent[0].at)


class Pulled(_Changed):
    """The same with a station that asks: what the CSMS answers for L2 and L3 is in force from then on."""

    id = "CHG-OCPP-PHASE-04"
    title = "Values for L2 and L3 in the answer to PullDynamicScheduleUpdate are kept"
    requirements = (KEPT,)
    faults: ClassVar = {"pulled-phases-lost": KEPT}
    number = 9522
    interval: ClassVar[int] = 10

    async def stimulate(self, bench: StationBench) -> None:
        """Sets a Dynamic profile that is pulled, waits for the pull, and asks for the profile."""
        async with bench.csms.session() as station:
            transaction = await start_ac(bench, station)
            bench.csms.schedule_updates[self.number] = dict(self.after)
            mark = station.mark
            await install(station, self.dynamic(transaction, dynUpdateInterval=self.interval), evse=transaction.evse)
            await station.look_for("PullDynamicScheduleUpdate", since=mark, within=4 * self.interval)
            await station.silence(1)
            await report_profile(station, self.number)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """What we answered is in the report."""
        self.taken(trace)
        pull = got(trace, "PullDynamicScheduleUpdate", where=lambda one: one["chargingProfileId"] == self.number)
        given = look(pull.answer or {}, "scheduleUpdate")
        if not given:
            raise Inconclusive("the pull was not answered with values")
        yield values_come_back(KEPT, trace, self.number, [given], pull.at)


class SumOfPhases(ThreePhaseCase):
    """With values for L2 and L3 the field itself is L1; without them it is the sum of all. Power tells which was meant.

    A station that reads it the other way takes a third of what was asked for, or three times as much.
    """

    id = "CHG-OCPP-PHASE-11"
    title = "Power is the sum of the three setpoints, and a lone setpoint is the sum already"
    requirements = ("OCPP-V2X-PHASE-SUM",)
    faults: ClassVar = {
        "power-of-first-phase": "OCPP-V2X-PHASE-SUM",
        "base-for-each-phase": "OCPP-V2X-PHASE-SUM",
        "phase-fields-lost": "OCPP-V2X-PHASE-SUM",
    }
    first: ClassVar[int] = 9571

    async def stimulate(self, bench: StationBench) -> None:
        """Charges and discharges by phase, then by the sum alone."""
        up, down = share_of_power(bench, 0.2), share_of_power(bench, -0.2)
        steps = (
            by_phase("setpoint", up, 0.5 * up, 0.5 * up),
            by_phase("setpoint", down, 0.5 * down, 0.5 * down),
            {"setpoint": up},
        )
        async with bench.csms.session() as station:
            transaction = await start_ac(bench, station)
            for number, values in enumerate(steps, self.first):
                one = period(0, "CentralSetpoint", **values)
                sends = profile(
                    number, one, transaction=transaction.id, start=bench.stamp(), stack=number - self.first + 1
                )
                await install(station, sends, evse=transaction.evse)
                await hold(bench, station)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the power of each step."""
        three_phases(trace)
        for number in range(self.first, self.first + 3):
            request = profiles_sent(trace, number)[0]
            if request.status != "Accepted":
                raise Inconclusive(f"profile {number} was not accepted: {request.reason}")
            values = period_of(request)
            watts = sum(values.get(f"setpoint{phase}", 0.0) for phase in operation_modes.PHASES)
            yield reaches("OCPP-V2X-PHASE-SUM", trace, request, watts, evse=int(request.payload["evseId"]))
        still_serves(trace)

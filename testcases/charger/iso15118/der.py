"""AC_DER_IEC: grid-code control of an inverter in the car, negotiated by the charger (Amendment 1; reference 3.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import (
    FAILED_CODES,
    ChargerBench,
    ChargerCase,
    ControlMode,
    DerControlFunctions,
    Inconclusive,
    Observation,
    ServiceId,
    Trace,
    answered,
    der,
    describe,
    energy,
    holds,
    refused,
    wire,
    worst,
)
from v2gready.authoring import messages as m

DER = ServiceId.AC_DER_IEC
WRONG = m.ResponseCode.FAILED_WrongChargeParameter
OK = m.ResponseCode.OK
ROUNDS = 3
"""ChargeParameterDiscoveryReq in a row that say EVProcessing Ongoing."""
SLACK = 1.01
"""A RationalNumber may lose a little of a limit."""


class _DerCase(ChargerCase):
    area = "ac-der"
    pics = "ac_der_iec"


class Functions(_DerCase):
    """Each parameter set says by a bitmap which control functions the inverter must have.

    A bit that nobody defined is a function that no car has: no car would take the set.
    """

    id = "CHG-DER-SERVICE-01"
    title = "AC_DER: every parameter set tells its control functions"
    requirements = ("H-DER-FUNCTIONS",)
    faults = {"der-bitmap-missing": "H-DER-FUNCTIONS", "der-bitmap-undefined": "H-DER-FUNCTIONS"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for the details."""
        async with bench.ev.session(service=DER) as session:
            await session.reach(m.ServiceDetailReq)
            await session.proceed()
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """An integer with defined bits alone, in every set."""
        for exchange, sets in der.parameter_sets(trace):
            yield holds("H-DER-FUNCTIONS", bool(sets), expected="sets", seen=describe(exchange), at=exchange.at)
            for number, one in sets.items():
                bitmap = one.get("DERControlFunctions")
                defined = isinstance(bitmap, int) and 0 < bitmap <= sum(DerControlFunctions)
                seen = f"set {number}: DERControlFunctions {bitmap}"
                seen += f" ({der.named(bitmap)})" if isinstance(bitmap, int) else ""
                yield holds("H-DER-FUNCTIONS", defined, expected="defined functions", seen=seen, at=exchange.at)


class OwnNamespace(_DerCase):
    """A car that negotiated plain AC could not even write the messages of AC_DER: it is not offered the service."""

    id = "CHG-DER-SERVICE-02"
    title = "AC_DER is listed under its own namespace"
    pics = "ac_der_iec and ac"
    requirements = ("H-DER-NAMESPACE",)
    faults = {"der-listed-under-plain-ac": "H-DER-NAMESPACE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for the list of services under either namespace."""
        for service in (DER, ServiceId.AC):
            async with bench.ev.session(service=service) as session:
                await session.reach(m.ServiceDiscoveryReq)
                await session.proceed()
                await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """There it is, here it is not."""
        offers = {
            one.request.link: one.sent.AppProtocol[0].ProtocolNamespace
            for one in trace.exchanges(m.SupportedAppProtocolReq)
        }
        judged = 0
        for exchange in trace.exchanges(m.ServiceDiscoveryReq):
            answer = exchange.answer
            if not isinstance(answer, m.ServiceDiscoveryRes):
                continue
            judged += 1
            listed = [one.ServiceID for one in answer.EnergyTransferServiceList.Service]
            own = offers.get(exchange.request.link) == DER.namespace
            yield holds(
                "H-DER-NAMESPACE",
                (DER in listed) is own,
                expected=f"service {int(DER)} {'among' if own else 'not among'} the services",
                seen=f"services {listed}",
                at=exchange.at,
            )
        if judged < 2:
            raise Inconclusive(f"services were listed under {judged} of two namespaces: {trace.last_words()}")


class _EverySet(_DerCase):
    """Parameters under each parameter set that the charger offers, in a session for each."""

    async def stimulate(self, bench: ChargerBench) -> None:
        """Reads the sets once, then selects one after the other."""
        async with bench.ev.session(service=DER) as session:
            await session.reach(m.ServiceDetailReq)
            sets = wire.parameter_sets(await session.proceed())
            await session.leave()
        for number, one in sets.items():
            control = ControlMode(one.get("ControlMode", ControlMode.SCHEDULED))
            async with bench.ev.session(service=DER, control=control) as session:
                await session.reach(m.ServiceSelectionReq)
                await session.proceed(lambda request, number=number: wire.selecting(request, parameter_set=number))
                await session.proceed()
                await session.leave()


class NegotiatedControls(_EverySet):
    """The car gets the settings of the functions that were negotiated: all of them, and none that it does not have."""

    id = "CHG-DER-CONTROL-01"
    title = "AC_DER: DERControl holds exactly the negotiated functions"
    requirements = ("H-DER-CONTROL",)
    faults = {"der-control-incomplete": "H-DER-CONTROL", "der-control-too-much": "H-DER-CONTROL"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares bitmap and settings, set by set."""
        for exchange in der.discoveries(trace):
            yield der.holds_negotiated("H-DER-CONTROL", trace, exchange)


class Curves(_EverySet):
    """A characteristic is a function of its x: points in order, in the unit that the function has."""

    id = "CHG-DER-CONTROL-02"
    title = "AC_DER: characteristics of reactive power are well-formed"
    requirements = ("H-DER-CURVE",)
    faults = {"der-curve-backwards": "H-DER-CURVE", "der-curve-wrong-unit": "H-DER-CURVE"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every curve; without one there is nothing to say."""
        found = 0
        for exchange in der.discoveries(trace):
            control = wire.mode_of(exchange.answer).DERControl
            found += len(list(der.curves(control)))
            wrong = der.wrong_curves(control)
            yield holds(
                "H-DER-CURVE",
                not wrong,
                expected="rising x values in the unit of the function",
                seen="; ".join(wrong) or "so it is",
                at=exchange.at,
            )
        if not found:
            raise Inconclusive("the charger told no characteristic of reactive power")


class Settings(_DerCase):
    """Settings make sense for the function that they are for."""

    id = "CHG-DER-CONTROL-03"
    title = "AC_DER: thresholds lie on their side of nominal values"
    requirements = ("H-DER-SETTINGS",)
    faults = {"der-thresholds-swapped": "H-DER-SETTINGS"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Goes as far as ChargeParameterDiscovery."""
        await discover(bench)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Against the nominal frequency that the charger told."""
        for exchange in der.discoveries(trace):
            mode = wire.mode_of(exchange.answer)
            wrong = der.wrong_settings(mode.DERControl, float(mode.EVSENominalFrequency))
            seen = "; ".join(wrong) or "so it is"
            yield holds("H-DER-SETTINGS", not wrong, expected="settings that suit", seen=seen, at=exchange.at)


async def discover(bench: ChargerBench, **changes: Any) -> None:
    """A session of an AC_DER car up to ChargeParameterDiscovery."""
    async with bench.ev.session(service=DER, **changes) as session:
        await session.reach(m.ScheduleExchangeReq)
        await session.leave()


class _WithoutDerMode(_DerCase):
    requirements = ("H-DER-MODE",)
    faults = {"der-takes-plain-mode": "H-DER-MODE", "wrong-charge-parameter-as-failed": "H-DER-MODE"}
    mode: ClassVar[Any]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends parameters in the other mode."""
        async with bench.ev.session(service=DER) as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            await session.proceed(lambda request: replace(request, EnergyTransferMode=self.mode))
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refused with the code for wrong parameters."""
        yield refused("H-DER-MODE", trace.exchange(m.ChargeParameterDiscoveryReq), WRONG)


def _power(watts: float) -> m.RationalNumber:
    return m.RationalNumber.of(watts)


class PlainMode(_WithoutDerMode):
    """Parameters of plain AC under AC_DER name none of the limits on which grid-code control depends."""

    id = "CHG-DER-MODE-01"
    title = "AC_DER: parameters of plain AC are refused"
    mode = m.AC_CPDReqEnergyTransferMode(EVMaximumChargePower=_power(11_000), EVMinimumChargePower=_power(0))


class BptMode(_WithoutDerMode):
    """Parameters of AC_BPT permit to discharge, and say nothing of reactive power."""

    id = "CHG-DER-MODE-02"
    title = "AC_DER: parameters of AC_BPT are refused"
    mode = m.BPT_AC_CPDReqEnergyTransferMode(
        EVMaximumChargePower=_power(11_000),
        EVMinimumChargePower=_power(0),
        EVMaximumDischargePower=_power(11_000),
        EVMinimumDischargePower=_power(0),
    )


class PlainLoop(_DerCase):
    """After parameters in a DER mode a charge loop in a plain mode is no answer to the grid code."""

    id = "CHG-DER-MODE-03"
    title = "AC_DER: a charge loop of plain AC is refused"
    requirements = ("H-DER-LOOP-MODE",)
    faults = {"der-takes-plain-mode": "H-DER-LOOP-MODE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """One loop in order, and one in plain Scheduled mode."""
        plain = m.Scheduled_AC_CLReqControlMode(EVPresentActivePower=_power(0))
        async with bench.ev.session(service=DER, control=ControlMode.SCHEDULED) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(1)
            await session.ask(replace(session.request(m.AC_ChargeLoopReq), CLReqControlMode=plain))
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Any FAILED code."""
        loop = trace.exchange(m.AC_ChargeLoopReq, where=lambda one: not der_mode(one.CLReqControlMode))
        yield answered("H-DER-LOOP-MODE", loop, *FAILED_CODES)


def der_mode(mode: Any) -> bool:
    """Whether a mode is one of AC_DER."""
    return type(mode).__name__.startswith("DER_")


class Nominal(_DerCase):
    """Nominal powers, to which grid codes relate their slopes, are within the limits of the same outlet."""

    id = "CHG-DER-LIMIT-01"
    title = "AC_DER: nominal powers are not above their maxima"
    requirements = ("H-DER-NOMINAL",)
    faults = {"der-nominal-above-maximum": "H-DER-NOMINAL"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Goes as far as ChargeParameterDiscovery."""
        await discover(bench)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """In both directions, by magnitude and over all phases."""
        for exchange in der.discoveries(trace):
            mode = wire.mode_of(exchange.answer)
            for way in ("Charge", "Discharge"):
                nominal = abs(energy.total(mode, f"EVSENominal{way}Power") or 0.0)
                most = abs(energy.total(mode, f"EVSEMaximum{way}Power") or 0.0)
                yield holds(
                    "H-DER-NOMINAL",
                    nominal <= SLACK * most,
                    expected=f"EVSENominal{way}Power of {most:g} W at most",
                    seen=f"{nominal:g} W",
                    at=exchange.at,
                )


class Signs(_DerCase):
    """Amendment 1 turns the sign of discharge limits around; a charger that mixes both cannot be understood."""

    id = "CHG-DER-LIMIT-02"
    title = "AC_DER: limits of discharge are non-positive, and stay so"
    requirements = ("H-DER-SIGN", "H-DISCHARGE-SIGN")
    faults = {
        "der-limits-positive": "H-DER-SIGN",
        "der-limits-change-sign": "H-DISCHARGE-SIGN",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Parameters and a few loops."""
        async with bench.ev.session(service=DER, control=ControlMode.DYNAMIC, loops=3) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """All limits of all responses together: the sign in use, and whether it is one."""
        told = der.limits(trace)
        discharge = [(name, value, at) for name, value, at in told if "Discharge" in name]
        if not discharge:
            raise Inconclusive("the charger told no limit of discharge")
        low, high = min(value for _, value, _ in discharge), max(value for _, value, _ in discharge)
        sign = "both signs" if low < 0 < high else ("negative" if low < 0 else "positive or zero")
        at = (*discharge[0][2], *discharge[-1][2])
        yield holds("H-DISCHARGE-SIGN", not low < 0 < high, expected="one sign of discharge limits", seen=sign, at=at)
        for name, value, where in told:
            good = value <= 0 if "Discharge" in name else value >= 0
            wanted = "no positive number" if "Discharge" in name else "no negative number"
            yield holds("H-DER-SIGN", good, expected=f"{name}: {wanted}", seen=f"{value:g} W", at=where)


class LoopLimits(_DerCase):
    """Limits told in the loop are no wider than those of ChargeParameterDiscovery."""

    id = "CHG-DER-LIMIT-03"
    title = "AC_DER: limits of the loop are within those announced before"
    requirements = ("V2G20-2654",)
    faults = {"der-loop-limits-above-cpd": "V2G20-2654"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """A few loops."""
        async with bench.ev.session(service=DER, control=ControlMode.DYNAMIC, loops=3) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every loop that tells limits."""
        yield worst(
            energy.loop_limits("V2G20-2654", trace, one)
            for one in energy.loops(trace)
            if der_mode(wire.mode_of(one.answer))
        )


class Ongoing(_DerCase):
    """A car that needs time to evaluate the grid code asks again until it is done; the answers are the same."""

    id = "CHG-DER-CPD-01"
    title = "AC_DER: parameters may be asked for again while the car evaluates them"
    requirements = ("H-DER-ONGOING", "H-DER-STABLE")
    faults = {"der-ongoing-refused": "H-DER-ONGOING", "der-control-changes": "H-DER-STABLE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Three times Ongoing, then Finished, and on to the schedule."""
        async with bench.ev.session(service=DER, der_rounds=ROUNDS) as session:
            await session.reach(m.ScheduleExchangeReq)
            await session.proceed()
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK to each of them, and to the schedule behind; the same settings each time."""
        asked = list(trace.exchanges(m.ChargeParameterDiscoveryReq))
        for exchange in asked:
            yield answered("H-DER-ONGOING", exchange, OK)
        if len(asked) <= ROUNDS:
            raise Inconclusive(f"the parameters were asked for {len(asked)} times: {trace.last_words()}")
        yield answered("H-DER-ONGOING", trace.exchange(m.ScheduleExchangeReq), OK)
        controls = [wire.mode_of(one.answer).DERControl for one in der.discoveries(trace)]
        same = all(one == controls[0] for one in controls)
        seen = "the same" if same else "another one"
        at = (*asked[0].at, *asked[-1].at)
        yield holds("H-DER-STABLE", same, expected="the same DERControl each time", seen=seen, at=at)


class GridModes(_DerCase):
    """What the inverter has to be suits what the charger is connected to."""

    id = "CHG-DER-CPD-02"
    title = "AC_DER: operating mode and grid connection agree"
    requirements = ("H-DER-GRID",)
    faults = {"der-follows-no-grid": "H-DER-GRID"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Goes as far as ChargeParameterDiscovery."""
        await discover(bench)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Nobody can follow an island."""
        for exchange in der.discoveries(trace):
            mode = wire.mode_of(exchange.answer)
            following = mode.EVOperatingMode is m.EvOperatingMode.GridFollowing
            islanded = mode.GridConnectionMode is m.GridConnectionMode.GridIslanded
            yield holds(
                "H-DER-GRID",
                not (following and islanded),
                expected="no GridFollowing with GridIslanded",
                seen=f"{mode.EVOperatingMode.name} with {mode.GridConnectionMode.name}",
                at=exchange.at,
            )

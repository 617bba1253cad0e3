"""What a station does by itself: frequency of the grid, aFRR signals, load of the site (Q08, Q09)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    accepted,
    calls,
    discharging_agreed,
    every,
    hold,
    install,
    instant,
    look,
    noted,
    notes,
    operation_modes,
    period,
    period_of,
    power_follows,
    profile,
    reaches,
    readings,
    reason_is,
    sent,
    set_variable,
    settling,
    share_of_power,
    span_after,
    start_v2x,
    status_is,
)

if TYPE_CHECKING:
    from v2gready.authoring.ocpp.bench import Payload

V2X: Final = "V2XChargingCtrlr"
SIMULATOR: Final = "FrequencySimulator"
NOMINAL: Final = 50.0
NEAR: Final = 0.02
"""Hz by which the frequency that a station tells may differ from the one that the bench sets; our own figure."""
MARGIN: Final = 2.0
"""Seconds by which the clocks of station and harness may differ."""


def curve_of(bench: StationBench) -> list[dict[str, float]]:
    """Discharges below 50 Hz and charges above, with a steep middle and another slope on each side."""
    charge, back = share_of_power(bench, 0.5), share_of_power(bench, -0.5)
    return [
        {"frequency": 49.5, "power": back},
        {"frequency": 49.9, "power": round(back / 4)},
        {"frequency": 50.1, "power": round(charge / 4)},
        {"frequency": 50.5, "power": charge},
    ]


def flat_curve() -> list[dict[str, float]]:
    """A frequency curve that asks for nothing."""
    return [{"frequency": 49.0, "power": 0.0}, {"frequency": 51.0, "power": 0.0}]


def local(bench: StationBench, transaction: str, **fields: Any) -> Payload:
    """A TxProfile of LocalFrequency."""
    return profile(10, period(0, "LocalFrequency", **fields), transaction=transaction, start=bench.stamp())


def taken(trace: Trace, nth: int = 0) -> RpcExchange:
    """The profile that has to be followed.

    Raises:
        Inconclusive: It was not accepted.
    """
    asked = sent(trace, "SetChargingProfile", nth=nth)
    if asked.status != "Accepted":
        raise Inconclusive(f"the profile was not accepted: {asked.status}")
    return asked


class _Sweep(StationCase):
    area = "v2x"
    pics = "ocpp_v2x and ocpp_local_frequency"
    hooks = ("plug_in", "present_token", "set_frequency")
    course: ClassVar[tuple[float, ...]]
    threshold: ClassVar[int] = 10

    async def stimulate(self, bench: StationBench) -> None:
        """Installs the curve and leads the frequency over it."""
        async with bench.csms.session() as station:
            await set_variable(station, str(self.threshold), V2X, "LocalFrequencyUpdateThreshold", evse=1)
            await bench.act("set_frequency", hertz=NOMINAL)
            transaction = await start_v2x(bench, station, "Frequency")
            curve = curve_of(bench)
            baseline = share_of_power(bench, 0.1)
            await install(station, local(bench, transaction.id, v2xBaseline=baseline, v2xFreqWattCurve=curve))
            await station.silence(bench.settling_time)
            for hertz in self.course:
                await bench.act("set_frequency", hertz=hertz)
                await noted(bench, station, "hertz", hertz)
                await hold(bench, station)
            await bench.act("set_frequency", hertz=NOMINAL)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the power with baseline and interpolated curve at each frequency."""
        discharging_agreed(trace)
        plan = sent(trace, "SetChargingProfile")
        steps = notes(trace, "hertz")
        if len(steps) < len(self.course):
            raise Inconclusive(f"{len(steps)} of {len(self.course)} frequencies were set only")
        rule = self.requirements[0]
        yield accepted(rule, plan)
        if plan.status != "Accepted":
            return
        found = []
        for hertz, step in steps:
            same_frequency(trace, hertz, step)
            watts = operation_modes.local_frequency_setpoint(period_of(plan), hertz)
            found.append(reaches(rule, trace, step, watts))
        yield every(rule, found, what="frequencies")


def same_frequency(trace: Trace, hertz: float, step: RpcExchange) -> None:
    """The station saw the frequency that the bench set, as far as it tells.

    Raises:
        Inconclusive: It tells another one.
    """
    since, until = span_after(trace, step)
    for one in readings(trace, "Frequency", evse=1, since=since, until=until):
        if abs(one.value - hertz) > NEAR:
            raise Inconclusive(f"the bench set {hertz:g} Hz, the station measured {one.value:g} Hz")


class Curve(_Sweep):
    """Thousands of vehicles hold the frequency together, each by the curve that it was given.

    Between two points the power lies on the line between them. A vehicle that takes the wrong sign drives the
    frequency the way it already goes.
    """

    id = "CHG-OCPP-V2X-50"
    title = "LocalFrequency: baseline and interpolated curve at each frequency"
    requirements = ("OCPP-Q08-CURVE",)
    aliases = ("TC_Q_119_CS",)
    faults: ClassVar = {
        "curve-ends-only": "OCPP-Q08-CURVE",
        "curve-upside-down": "OCPP-Q08-CURVE",
        "baseline-ignored": "OCPP-Q08-CURVE",
    }
    course = (50.0, 49.9, 49.7, 49.5, 49.95, 50.1, 50.3, 50.5, 50.0)


class Threshold(_Sweep):
    """The CSMS sets how small a change of the frequency has to count: LocalFrequencyUpdateThreshold, in mHz.

    A station that waits for more helps when it is too late.
    """

    id = "CHG-OCPP-V2X-51"
    title = "LocalFrequency: changes by the threshold are followed"
    requirements = ("OCPP-Q08-THRESHOLD",)
    faults: ClassVar = {"frequency-threshold-coarse": "OCPP-Q08-THRESHOLD"}
    threshold = 50
    course = (50.0, 50.1, 50.2, 50.3, 50.2, 50.1)


class Simulated(StationCase):
    """The standard has a simulator for the frequency, so that a laboratory needs no grid of its own.

    All of the stimulus is on the wire: the station says that it takes the course, and follows its own curve.
    """

    id = "CHG-OCPP-V2X-52"
    title = "LocalFrequency: the course of FrequencySimulator is followed"
    area = "v2x"
    requirements = ("OCPP-Q08-CURVE",)
    pics = "ocpp_v2x and ocpp_local_frequency and ocpp_simulators"
    hooks = ("plug_in", "present_token")
    faults = {"simulator-ignored": "OCPP-Q08-CURVE", "frequency-frozen": "OCPP-Q08-CURVE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Installs the curve, then a course with three plateaus."""
        length = int(bench.settling_time) + 20
        # Two entries for each plateau: whether a station steps or draws lines between them, it is level there.
        course = []
        for step, hertz in enumerate((49.7, 50.3, 49.95)):
            course += [{"time": step * length, "freq": hertz}, {"time": (step + 1) * length - 2, "freq": hertz}]
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            curve = curve_of(bench)
            baseline = share_of_power(bench, 0.1)
            await install(station, local(bench, transaction.id, v2xBaseline=baseline, v2xFreqWattCurve=curve))
            await set_variable(station, json.dumps(course), SIMULATOR, "FrequencySchedule", evse=1)
            end = bench.stamp(10.0 + len(course) * length)
            await set_variable(station, end, SIMULATOR, "DateTime", evse=1, instance="End")
            await set_variable(station, bench.stamp(5.0), SIMULATOR, "DateTime", evse=1, instance="Start")
            await set_variable(station, "true", SIMULATOR, "Enabled", evse=1)
            await station.silence(5.0 + 3 * length)
            await set_variable(station, "false", SIMULATOR, "Enabled", evse=1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the power in each plateau with the curve."""
        discharging_agreed(trace)
        plan = taken(trace)
        asked = {}
        for one in calls(trace, "SetVariables", sender=trace.tester, after=plan.request):
            which = look(one.payload, "setVariableData.0.variable") or {}
            name = which.get("instance", which.get("name"))
            value = look(one.payload, "setVariableData.0.attributeValue")
            if name in {"FrequencySchedule", "Start", "End", "Enabled"} and name not in asked:
                if look(one.answer or {}, "setVariableResult.0.attributeStatus") != "Accepted":
                    raise Inconclusive(f"the station did not take {name} of FrequencySimulator")
                asked[name] = (one, value)
        if len(asked) < 4:
            raise Inconclusive("FrequencySimulator was not set up")
        course = json.loads(asked["FrequencySchedule"][1])
        _, value = asked["Start"]
        begin = plan.t + instant(value) - instant(look(plan.payload, _START))
        found = []
        for first, last in zip(course[::2], course[1::2], strict=True):
            watts = operation_modes.local_frequency_setpoint(period_of(plan), first["freq"])
            since, until = begin + first["time"] + MARGIN, begin + last["time"] - MARGIN
            rule = "OCPP-Q08-CURVE"
            found.append(power_follows(rule, trace, 1, watts, after=since, within=settling(trace), until=until))
        yield every("OCPP-Q08-CURVE", found, what="plateaus")


_START: Final = "chargingProfile.chargingSchedule.0.startSchedule"


class CurveMissing(StationCase):
    """Without baseline, or with a curve of one point, there is nothing to interpolate.

    A station that takes such a profile does nothing in the next disturbance, and the CSMS counts on it. A curve in
    amperes cannot be added up with powers.
    """

    id = "CHG-OCPP-V2X-53"
    title = "LocalFrequency without baseline or curve, or in amperes, is Rejected"
    area = "v2x"
    requirements = ("OCPP-Q08-NOCURVE", "OCPP-Q08-UNIT")
    pics = "ocpp_v2x and ocpp_local_frequency"
    hooks = ("plug_in", "present_token")
    faults = {"curve-missing-accepted": "OCPP-Q08-NOCURVE", "frequency-in-amperes": "OCPP-Q08-UNIT"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends curves of 2, 20, 1 and no points, one without baseline, and one in amperes."""
        flat = flat_curve()
        long = [{"frequency": round(49.0 + 0.1 * step, 1), "power": 0.0} for step in range(20)]
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            shapes: tuple[dict[str, Any], ...] = (
                {"v2xBaseline": 0.0, "v2xFreqWattCurve": flat},
                {"v2xBaseline": 0.0, "v2xFreqWattCurve": long},
                {"v2xBaseline": 0.0, "v2xFreqWattCurve": flat[:1]},
                {"v2xBaseline": 0.0},
                {"v2xFreqWattCurve": flat},
            )
            for fields in shapes:
                await install(station, local(bench, transaction.id, **fields))
            amperes = local(bench, transaction.id, **shapes[0])
            amperes["chargingSchedule"][0]["chargingRateUnit"] = "A"
            await install(station, amperes)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants the good ones taken, the others refused, and looks at the reason."""
        discharging_agreed(trace)
        asked = calls(trace, "SetChargingProfile", sender=trace.tester)
        if len(asked) < 6:
            raise Inconclusive(f"{len(asked)} of 6 curves were sent only")
        rule = "OCPP-Q08-NOCURVE"
        good, wrong = asked[:2], asked[2:5]
        yield every(rule, [accepted(rule, one) for one in good], what="good curves")
        yield every(rule, [status_is(rule, one, "Rejected") for one in wrong], what="wrong curves")
        if all(one.status == "Rejected" for one in wrong):
            yield every(rule, [reason_is(rule, one, "NoFreqWattCurve") for one in wrong], what="reasons")
        yield status_is("OCPP-Q08-UNIT", asked[5], "Rejected")


class Signal(StationCase):
    """The operator of the grid sends an aFRR signal every few seconds; each vehicle turns it into watts of its own.

    A signal counts from its timestamp on, not before: otherwise a hundred thousand vehicles would jump at once.
    Without a curve for signals it has no meaning, and the station says so.
    """

    id = "CHG-OCPP-V2X-54"
    title = "AFRRSignal: interpolated, from its timestamp on; refused without a curve for it"
    area = "v2x"
    requirements = ("OCPP-Q08-AFRR", "OCPP-Q08-NOSIGNAL")
    pics = "ocpp_v2x and ocpp_local_frequency"
    hooks = ("plug_in", "present_token")
    aliases = ("TC_Q_121_CS",)
    faults = {
        "signal-without-curve": "OCPP-Q08-NOSIGNAL",
        "signal-ignored": "OCPP-Q08-AFRR",
        "signal-at-once": "OCPP-Q08-AFRR",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Signals without a curve; then now, and half a minute ahead, with one. The curve of the grid is flat."""
        charge, back = share_of_power(bench, 0.6), share_of_power(bench, -0.6)
        curve = [
            {"signal": -100, "power": back},
            {"signal": 0, "power": 0.0},
            {"signal": 100, "power": charge},
        ]
        fields: dict[str, Any] = {"v2xBaseline": 0.0, "v2xFreqWattCurve": flat_curve()}
        ahead = bench.settling_time + 30.0
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            await install(station, local(bench, transaction.id, **fields))
            await station.call("AFRRSignal", {"timestamp": bench.stamp(), "signal": 50})
            await install(station, local(bench, transaction.id, v2xSignalWattCurve=curve, **fields))
            await station.silence(1.0)
            await station.call("AFRRSignal", {"timestamp": bench.stamp(), "signal": 50})
            await hold(bench, station)
            await station.call("AFRRSignal", {"timestamp": bench.stamp(ahead), "signal": -75})
            await station.silence(ahead)
            await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the power before and after each timestamp with the curve."""
        discharging_agreed(trace)
        taken(trace)
        plan = taken(trace, 1)
        early, now, later = (sent(trace, "AFRRSignal", nth=nth) for nth in range(3))
        yield status_is("OCPP-Q08-NOSIGNAL", early, "Rejected")
        if early.status == "Rejected":
            yield reason_is("OCPP-Q08-NOSIGNAL", early, "NoSignalWattCurve")
        rule = "OCPP-Q08-AFRR"
        for one in (now, later):
            yield accepted(rule, one)
        first, second = (
            operation_modes.local_frequency_setpoint(period_of(plan), NOMINAL, one.payload["signal"])
            for one in (now, later)
        )
        yield reaches(rule, trace, now, first)
        due = now.t + instant(later.payload["timestamp"]) - instant(now.payload["timestamp"])
        yield power_follows(rule, trace, 1, first, after=later.t, within=0.0, until=due - MARGIN)
        yield reaches(rule, trace, due + MARGIN, second)


THRESHOLDS: Final = ("UpperThreshold", "UpperOffset", "LowerThreshold", "LowerOffset")
LIMITS: Final = (10_000.0, -500.0, 2_000.0, 500.0)
"""W."""


async def set_thresholds(station: Any, values: tuple[float, ...]) -> None:
    """LocalLoadBalancing of EVSE 1."""
    for name, value in zip(THRESHOLDS, values, strict=True):
        await set_variable(station, f"{value:g}", V2X, "LocalLoadBalancing", evse=1, instance=name)


def thresholds(trace: Trace) -> operation_modes.LoadBalancing:
    """What we have set.

    Raises:
        Inconclusive: The station did not take all of it.
    """
    found: dict[str, float] = {}
    for one in calls(trace, "SetVariables", sender=trace.tester):
        name = look(one.payload, "setVariableData.0.variable.instance")
        if name in THRESHOLDS and look(one.answer or {}, "setVariableResult.0.attributeStatus") == "Accepted":
            found[name] = float(look(one.payload, "setVariableData.0.attributeValue"))
    if len(found) < len(THRESHOLDS):
        raise Inconclusive(f"thresholds that the station took: {', '.join(found) or 'none'}")
    return operation_modes.LoadBalancing(
        upper=found["UpperThreshold"],
        lower=found["LowerThreshold"],
        upper_offset=found["UpperOffset"],
        lower_offset=found["LowerOffset"],
    )


class Balancing(StationCase):
    """The vehicle keeps the load of a site between two thresholds: it discharges at peaks, and charges in valleys.

    The formula says how far the setpoint moves at each reading of the meter; between the thresholds it rests.
    """

    id = "CHG-OCPP-V2X-55"
    title = "LocalLoadBalancing: the setpoint moves by the formula"
    area = "v2x"
    requirements = ("OCPP-Q09-BALANCE",)
    pics = "ocpp_v2x and ocpp_load_balancing"
    hooks = ("plug_in", "present_token", "load")
    aliases = ("TC_Q_122_CS",)
    faults = {"balancing-wrong-way": "OCPP-Q09-BALANCE", "balancing-half-step": "OCPP-Q09-BALANCE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Has the upstream meter show a peak, something between, and a valley twice."""
        async with bench.csms.session() as station:
            await set_thresholds(station, LIMITS)
            transaction = await start_v2x(bench, station)
            balance = period(0, "LocalLoadBalancing")
            await install(station, profile(10, balance, transaction=transaction.id, start=bench.stamp()))
            await station.silence(bench.settling_time)
            for watts in (12_500.0, 6_000.0, 0.0, 500.0):
                await bench.act("load", watts=watts)
                await noted(bench, station, "load", watts)
                await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Adds up the changes of the formula, and compares."""
        discharging_agreed(trace)
        plan = sent(trace, "SetChargingProfile")
        formula, steps = thresholds(trace), notes(trace, "load")
        if len(steps) < 4:
            raise Inconclusive(f"{len(steps)} of 4 loads were set only")
        rule = "OCPP-Q09-BALANCE"
        yield accepted(rule, plan)
        if plan.status != "Accepted":
            return
        watts, found = 0.0, []
        for load, step in steps:
            watts += formula.change(load)
            found.append(reaches(rule, trace, step, watts))
        yield every(rule, found, what="loads")


class ThresholdsMissing(StationCase):
    """Thresholds that contradict each other would have the vehicle swing between them.

    The station cannot balance by them and refuses the mode, so that the CSMS looks at what it has set.
    """

    id = "CHG-OCPP-V2X-56"
    title = "LocalLoadBalancing with the upper threshold not above the lower is Rejected"
    area = "v2x"
    requirements = ("OCPP-Q09-MISSING",)
    pics = "ocpp_v2x and ocpp_load_balancing"
    hooks = ("plug_in", "present_token")
    aliases = ("TC_Q_124_CS",)
    faults = {"balancing-without-thresholds": "OCPP-Q09-MISSING"}

    async def stimulate(self, bench: StationBench) -> None:
        """Asks for the mode with upper equal to, and below the lower threshold, and then with good ones."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            for upper in (2_000.0, 1_000.0, LIMITS[0]):
                await set_thresholds(station, (upper, *LIMITS[1:]))
                balance = period(0, "LocalLoadBalancing")
                await install(station, profile(10, balance, transaction=transaction.id, start=bench.stamp()))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants two refusals with their reason, and the good one taken."""
        discharging_agreed(trace)
        asked = calls(trace, "SetChargingProfile", sender=trace.tester)
        if len(asked) < 3:
            raise Inconclusive(f"the mode was asked for {len(asked)} times only")
        refused = [
            one
            for one in calls(trace, "SetVariables", sender=trace.tester)
            if look(one.payload, "setVariableData.0.variable.instance") in THRESHOLDS
            and look(one.answer or {}, "setVariableResult.0.attributeStatus") != "Accepted"
        ]
        if refused:
            raise Inconclusive("the station does not take such thresholds in the first place")
        rule = "OCPP-Q09-MISSING"
        for one in asked[:2]:
            yield status_is(rule, one, "Rejected")
            if one.status == "Rejected":
                yield reason_is(rule, one, "MissingDevModelInfo")
        yield accepted(rule, asked[2])

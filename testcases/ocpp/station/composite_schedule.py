"""Composite schedules (K08): what a charging station says it will allow, against the model of the standard."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    StationBench,
    StationCase,
    Trace,
    Transaction,
    answered,
    ask_alive,
    calls,
    composite_as_modelled,
    every,
    get_variable,
    holds,
    look,
    not_accepted,
    period,
    power_limited,
    profile,
    random_profile,
    rate_units,
    sent,
    start_transaction,
    status_is,
    still_serves,
    taken,
    told_variable,
)

SMART = "SmartChargingCtrlr"
SET, COMPOSITE = "SetChargingProfile", "GetCompositeSchedule"
HORIZON = 7200
"""Seconds of most composite schedules that are asked for."""
MAXIMUM, TX_DEFAULT, TX = "ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile"


def question(unit: str, *, evse: int = 1, duration: int = HORIZON) -> dict[str, Any]:
    """A GetCompositeSchedule."""
    return {"evseId": evse, "duration": duration, "chargingRateUnit": unit}


DAY_AND_MORE = 26 * 3600
"""Seconds of the last composite: every recurring profile begins anew in it."""


class GeneratedStack(StationCase):
    """Profiles drawn at random; after each of them the composite is asked for. Base of the cases about it.

    Attributes:
        purposes: Purpose and EVSE of each profile, in the order in which they are set.
        rule: The requirement.
        unit: Unit of the schedules; None: the one that the station prefers.
        limits: From which limits are drawn, by unit.
    """

    area = "charging"
    pics = "ocpp_smart_charging"
    hooks = ("plug_in", "present_token")
    purposes: ClassVar[tuple[tuple[str, int], ...]] = ()
    rule: ClassVar[str] = ""
    unit: ClassVar[str | None] = None
    limits: ClassVar[dict[str, tuple[float, float]]] = {"W": (1500.0, 20_000.0), "A": (6.0, 40.0)}

    async def stimulate(self, bench: StationBench) -> None:
        """Starts a transaction and sets the profiles, one level of the stack above the other."""
        async with bench.csms.session() as station:
            transaction = await start_transaction(bench, station)
            units = await rate_units(station)
            unit = self.unit if self.unit in units else units[0]
            highest = int(float(await get_variable(station, SMART, "ProfileStackLevel") or 1))
            await station.call(COMPOSITE, question(unit))
            levels: dict[str, int] = {}
            for number, (purpose, evse) in enumerate(self.purposes, start=101):
                stack = levels.get(purpose, 0)
                if stack > highest:
                    continue
                levels[purpose] = stack + 1
                drawn = self.draw(bench, number, purpose, stack, unit, transaction)
                await station.call(SET, {"evseId": evse, "chargingProfile": drawn})
                await station.call(COMPOSITE, question(unit))
            await station.call(COMPOSITE, question(unit, duration=DAY_AND_MORE))

    def draw(  # noqa: PLR0917 - the facts of one profile
        self, bench: StationBench, number: int, purpose: str, stack: int, unit: str, transaction: Transaction
    ) -> dict[str, Any]:
        """One profile."""
        return random_profile(
            bench.rng,
            number,
            now=bench.clock.utc(),
            purpose=purpose,
            stack=stack,
            limits=self.limits[unit],
            unit=unit,
            transaction=transaction.id if purpose == TX else None,
            kinds=("Absolute", "Recurring") if purpose == MAXIMUM else ("Absolute", "Recurring", "Relative"),
        )

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares each composite with the model."""
        taken = [one for one in calls(trace, SET, sender=trace.tester) if one.status == "Accepted"]
        if len(taken) < 2:
            raise Inconclusive(f"the station has taken {len(taken)} of the profiles: no stack to look at")
        first = taken[0].request
        asked = calls(trace, COMPOSITE, sender=trace.tester, after=first)
        yield every(self.rule, (composite_as_modelled(self.rule, trace, one) for one in asked), what="composites")
        if not any(one.payload["duration"] == DAY_AND_MORE and one.reply is not None for one in asked):
            raise Inconclusive("the composite of all profiles was not asked for")


class Stack(GeneratedStack):
    """The operator lays a week's profile, a day's and one for an event above each other; the highest valid one counts.

    A station that takes the lowest, or forgets that a profile is over, charges at the wrong time.
    """

    id = "CHG-OCPP-SC-01"
    title = "Of profiles of one purpose the highest valid level counts"
    requirements = ("OCPP-K01-STACK",)
    aliases = ("TC_K_41_CS",)
    rule = "OCPP-K01-STACK"
    purposes = tuple((TX, 1) for _ in range(6))
    faults: ClassVar = {
        "lowest-stack-leads": "OCPP-K01-STACK",
        "composite-one-period": "OCPP-K01-STACK",
        "profile-after-its-time": "OCPP-K01-STACK",
        "recurring-only-once": "OCPP-K01-STACK",
        "relative-without-course": "OCPP-K01-STACK",
        "schedule-never-over": "OCPP-K01-STACK",
    }


class Merged(GeneratedStack):
    """The grid connection limits the station, a default the customers, a profile this one: the lowest of them counts.

    Whoever takes the highest, or one of them alone, trips the fuse of the site.
    """

    id = "CHG-OCPP-SC-02"
    title = "The composite is the lowest of the leading profiles of all purposes"
    requirements = ("OCPP-K01-COMPOSITE",)
    aliases = ("TC_K_43_CS",)
    rule = "OCPP-K01-COMPOSITE"
    purposes = (
        (TX_DEFAULT, 0), (MAXIMUM, 0), (TX_DEFAULT, 1), (TX, 1), (MAXIMUM, 0), (TX, 1), (TX_DEFAULT, 1), (MAXIMUM, 0),
    )  # fmt: skip
    faults: ClassVar = {
        "highest-limit-wins": "OCPP-K01-COMPOSITE",
        "station-maximum-ignored": "OCPP-K01-COMPOSITE",
        "lowest-stack-leads": "OCPP-K01-COMPOSITE",
    }


class Amperes(GeneratedStack):
    """Many a CSMS thinks in amperes. A station that has them in RateUnit has to take them for what they are.

    Read as watts, 16 A would be next to nothing; a station that does not have the unit says so.
    """

    id = "CHG-OCPP-SC-03"
    title = "Schedules in amperes are honoured, units that are not announced refused"
    requirements = ("OCPP-K01-UNIT",)
    rule = "OCPP-K01-UNIT"
    unit = "A"
    purposes = ((TX_DEFAULT, 0), (MAXIMUM, 0), (TX, 1), (TX, 1))
    faults: ClassVar = {
        "amperes-refused": "OCPP-K01-UNIT",
        "amperes-as-watts": "OCPP-K01-UNIT",
        "composite-unit-mislabelled": "OCPP-K01-UNIT",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Also sends a profile in a unit that is not announced, if there is one."""
        await super().stimulate(bench)
        async with bench.csms.session() as station:
            for unit in {"A", "W"} - set(await rate_units(station)):
                limit = period(0, limit=self.limits[unit][1])
                one = profile(131, limit, purpose=TX_DEFAULT, stack=0, unit=unit, start=bench.stamp(-60))
                await station.call(SET, {"evseId": 1, "chargingProfile": one})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """By RateUnit: honoured or refused."""
        told = told_variable(trace, SMART, "RateUnit")
        if told is None:
            raise Inconclusive("the station does not tell its RateUnit")
        units = {one.strip() for one in told.split(",")}
        for one in calls(trace, SET, sender=trace.tester):
            unit = look(one.payload, "chargingProfile.chargingSchedule.0.chargingRateUnit")
            if unit not in units:
                yield status_is(self.rule, one, "Rejected", reason="UnsupportedRateUnit")
            else:
                yield holds(
                    self.rule,
                    one.status == "Accepted" or (one.status == "Rejected" and one.reason != "UnsupportedRateUnit"),
                    expected=f"a profile in {unit}, which is announced, not refused for its unit",
                    seen=one.reason or one.status or "no status",
                    at=one.at,
                )
        if "A" in units:
            yield from super().judge(trace)


class OneDecimal(StationCase):
    """8.1 is no multiple of 0.1 for a machine: libraries that ask for one refuse it, as they do 134 other limits.

    A driver gets no current because of a rounding error, or gets another one than was set.
    """

    id = "CHG-OCPP-SC-04"
    title = "Every limit with one decimal is taken and kept"
    area = "charging"
    requirements = ("OCPP-K01-DECIMALS",)
    pics = "ocpp_smart_charging"
    faults: ClassVar = {
        "one-decimal-limits-refused": "OCPP-K01-DECIMALS",
        "limits-rounded": "OCPP-K01-DECIMALS",
    }
    lowest: ClassVar = 60
    highest: ClassVar = 320
    span: ClassVar = 20

    async def stimulate(self, bench: StationBench) -> None:
        """Sends 8.1 alone, then 6.0 to 32.0 in schedules of twenty periods, and reads each back."""
        async with bench.csms.session() as station:
            units = await rate_units(station)
            unit = "A" if "A" in units else "W"
            most = int(float(await get_variable(station, SMART, "PeriodsPerSchedule") or 1))
            await station.call(COMPOSITE, question(unit, duration=600))
            size = max(min(most, self.span), 1)
            every_one = [tenths / 10 for tenths in range(self.lowest, self.highest + 1)]
            slices = [[8.1], *([*every_one[at : at + size]] for at in range(0, len(every_one), size))]
            for limits in slices if size > 1 else slices[:40]:
                periods = [period(60 * place, limit=limit) for place, limit in enumerate(limits)]
                one = profile(140, *periods, purpose=TX_DEFAULT, stack=0, unit=unit, start=bench.stamp(-1))
                await station.call(SET, {"evseId": 1, "chargingProfile": one})
                await station.call(COMPOSITE, question(unit, duration=60 * size))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every answer, and at the limits that came back."""
        set_ones = calls(trace, SET, sender=trace.tester)
        if not set_ones:
            raise Inconclusive("no profile was sent")
        rule = "OCPP-K01-DECIMALS"
        yield every(rule, (taken(rule, one) for one in set_ones), what="profiles")
        asked = calls(trace, COMPOSITE, sender=trace.tester, after=set_ones[0].request)
        yield every(rule, (composite_as_modelled(rule, trace, one) for one in asked), what="composites")


class Question(StationCase):
    """GetCompositeSchedule is how an operator finds out what a station will do; nothing else shows it beforehand.

    It covers the time that was asked for, in the unit that was asked for; of an EVSE that is not there it says nothing.
    """

    id = "CHG-OCPP-SC-05"
    title = "GetCompositeSchedule is answered as it was asked, or refused"
    area = "charging"
    requirements = ("OCPP-K08-COMPOSITE",)
    aliases = ("TC_K_40_CS",)
    pics = "ocpp_smart_charging"
    faults: ClassVar = {
        "composite-of-any-evse": "OCPP-K08-COMPOSITE",
        "composite-unit-mislabelled": "OCPP-K08-COMPOSITE",
        "composite-one-period": "OCPP-K08-COMPOSITE",
    }
    nowhere: ClassVar = 4711

    async def stimulate(self, bench: StationBench) -> None:
        """Sets a profile of four periods and asks for spans of all lengths, and for an EVSE that nobody has."""
        async with bench.csms.session() as station:
            units = await rate_units(station)
            unit = units[0]
            await station.call(COMPOSITE, question(unit))
            limits = (4000.0, 6000.0, 5000.0, 7000.0) if unit == "W" else (8.0, 12.0, 10.0, 14.0)
            periods = [period(300 * place, limit=limit) for place, limit in enumerate(limits)]
            one = profile(150, *periods, purpose=TX_DEFAULT, stack=0, unit=unit, start=bench.stamp(-30))
            await station.call(SET, {"evseId": 1, "chargingProfile": one})
            for duration in (60, 300, 901, 3600):
                await station.call(COMPOSITE, question(unit, duration=duration))
            await station.call(COMPOSITE, {"evseId": 1, "duration": 900})
            for other in units:
                await station.call(COMPOSITE, question(other, evse=0, duration=900))
            await station.call(COMPOSITE, question(unit, evse=self.nowhere))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares with the model; for the station as a whole only unit and span, which the model has not."""
        rule = "OCPP-K08-COMPOSITE"
        yield taken(rule, sent(trace, SET))
        asked = calls(trace, COMPOSITE, sender=trace.tester, after=sent(trace, SET).request)
        ours = [one for one in asked if one.payload["evseId"] == 1 and "chargingRateUnit" in one.payload]
        for one in asked:
            if "chargingRateUnit" not in one.payload:
                yield taken(rule, one)
        yield every(rule, (composite_as_modelled(rule, trace, one) for one in ours), what="composites of an EVSE")
        for one in asked:
            if one.payload["evseId"] == 0:
                unit, span = look(one.answer, "schedule.chargingRateUnit"), look(one.answer, "schedule.duration")
                yield holds(
                    rule,
                    one.status == "Accepted" and unit == one.payload["chargingRateUnit"] and span is not None,
                    expected=f"a schedule of the station in {one.payload['chargingRateUnit']}",
                    seen=f"{one.status}, unit {unit}, duration {span}",
                    at=one.at,
                )
        yield not_accepted(rule, sent(trace, COMPOSITE, where=lambda one: one["evseId"] == self.nowhere))


class Followed(StationCase):
    """A station can store a profile, tell it right, and still charge with all it has: paper limits nothing.

    The power at the outlet has to keep the limit of each period, from its beginning on.
    """

    id = "CHG-OCPP-SC-06"
    title = "The power keeps the limits of a TxProfile, period after period"
    area = "charging"
    requirements = ("OCPP-K01-ACCEPT",)
    pics = "ocpp_smart_charging"
    hooks = ("plug_in", "present_token")
    aliases = ("TC_K_60_CS",)
    faults: ClassVar = {"power-ignores-profiles": "OCPP-K01-ACCEPT"}

    async def stimulate(self, bench: StationBench) -> None:
        """Charges without limit, then under limits of a third and a sixth of it, a minute each."""
        most = bench.number("ocpp_max_charge_power", 11_000.0)
        async with bench.csms.session() as station:
            transaction = await start_transaction(bench, station)
            await station.silence(40)
            periods = (period(0, limit=round(most / 3, 1)), period(60, limit=round(most / 6, 1)))
            one = profile(160, *periods, transaction=transaction.id, start=bench.stamp(), schedule={"duration": 600})
            await station.call(SET, {"evseId": 1, "chargingProfile": one})
            await station.silence(120)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the power under both limits, and that there was more before."""
        rule = "OCPP-K01-ACCEPT"
        one = sent(trace, SET)
        yield taken(rule, one)
        if one.status != "Accepted":
            return
        settling = float(trace.declared.get("ocpp_settling_time", 3.0)) + 1.0
        limits = [
            each["limit"] for each in one.payload["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
        ]
        start = one.t
        yield power_limited(rule, trace, 1, limits[0], after=start, within=settling, until=start + 59.0, before=35.0)
        yield power_limited(
            rule, trace, 1, limits[1], after=start + 60.0, within=settling, until=start + 118.0, before=40.0
        )
        still_serves(trace)


class Validity(StationCase):
    """A profile for this evening is sent in the morning: before validFrom and from validTo on it does not exist."""

    id = "CHG-OCPP-SC-07"
    title = "validFrom and validTo bound a profile, in words and in watts"
    area = "charging"
    requirements = ("OCPP-K01-COMPOSITE", "OCPP-K01-ACCEPT")
    pics = "ocpp_smart_charging"
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {
        "profile-before-its-time": "OCPP-K01-COMPOSITE",
        "profile-after-its-time": "OCPP-K01-COMPOSITE",
        "power-ignores-profiles": "OCPP-K01-ACCEPT",
    }
    begin: ClassVar = 60
    end: ClassVar = 120

    async def stimulate(self, bench: StationBench) -> None:
        """Sends a profile that is valid for a minute from a minute on, and asks before, within and after."""
        limit = round(bench.number("ocpp_max_charge_power", 11_000.0) / 4, 1)
        async with bench.csms.session() as station:
            transaction = await start_transaction(bench, station)
            await station.call(COMPOSITE, question("W", duration=300))
            now = bench.clock.utc()
            stamps = [
                (now + timedelta(seconds=each)).isoformat(timespec="seconds").replace("+00:00", "Z")
                for each in (self.begin, self.end)
            ]
            one = profile(
                170, period(0, limit=limit), transaction=transaction.id, stack=1, start=bench.stamp(-60),
                validFrom=stamps[0], validTo=stamps[1],
            )  # fmt: skip
            await station.call(SET, {"evseId": 1, "chargingProfile": one})
            for wait in (30, 60, 60):
                await station.silence(wait)
                await station.call(COMPOSITE, question("W", duration=300))
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the composites with the model and looks at the power within the bounds."""
        one = sent(trace, SET)
        yield taken("OCPP-K01-ACCEPT", one)
        if one.status != "Accepted":
            return
        asked = calls(trace, COMPOSITE, sender=trace.tester, after=one.request)
        rule = "OCPP-K01-COMPOSITE"
        yield every(rule, (composite_as_modelled(rule, trace, each) for each in asked), what="composites")
        limit = look(one.payload, "chargingProfile.chargingSchedule.0.chargingSchedulePeriod.0.limit")
        settling = float(trace.declared.get("ocpp_settling_time", 3.0)) + 2.0
        yield power_limited(
            "OCPP-K01-ACCEPT", trace, 1, limit, after=one.t + self.begin, within=settling, until=one.t + self.end - 2,
            before=55.0,
        )  # fmt: skip
        still_serves(trace)


class Generation(StationCase):
    """The roof delivers 3 kW: what a vehicle may take rises by it, where the station takes LocalGeneration at all."""

    id = "CHG-OCPP-SC-08"
    title = "Local generation is added to the limit"
    area = "charging"
    requirements = ("OCPP-K01-COMPOSITE", "OCPP-K01.FR.120")
    pics = "ocpp21 and ocpp_smart_charging"
    faults: ClassVar = {"generation-not-added": "OCPP-K01-COMPOSITE", "dynamic-fields-anywhere": "OCPP-K01.FR.120"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sets a default and generation above it; then dynUpdateInterval where it does not belong."""
        async with bench.csms.session() as station:
            await get_variable(station, SMART, "SupportedAdditionalPurposes")
            await station.call(COMPOSITE, question("W"))
            start = bench.stamp(-5)
            default = profile(180, period(0, limit=4000.0), purpose=TX_DEFAULT, start=start)
            roof = profile(
                181, period(0, limit=2000.0), period(600, limit=500.0), purpose="LocalGeneration", start=start
            )
            odd = profile(182, period(0, limit=5000.0), purpose=TX_DEFAULT, stack=1, start=start, dynUpdateInterval=10)
            for evse, one in ((1, default), (0, roof), (1, odd)):
                await station.call(SET, {"evseId": evse, "chargingProfile": one})
                await station.call(COMPOSITE, question("W"))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Where the purpose is announced the sum counts, else it is refused."""
        roof = sent(trace, SET, where=lambda one: one["chargingProfile"]["id"] == 181)
        odd = sent(trace, SET, where=lambda one: one["chargingProfile"]["id"] == 182)
        told = told_variable(trace, SMART, "SupportedAdditionalPurposes") or ""
        if "LocalGeneration" not in told:
            yield status_is("OCPP-K01.FR.120", roof, "Rejected", reason="UnsupportedPurpose")
        yield status_is("OCPP-K01.FR.120", odd, "Rejected", reason="InvalidProfile")
        asked = calls(trace, COMPOSITE, sender=trace.tester, after=sent(trace, SET).request)
        for one in asked[:2]:
            yield answered("OCPP-K01-COMPOSITE", one)
            yield composite_as_modelled("OCPP-K01-COMPOSITE", trace, one)

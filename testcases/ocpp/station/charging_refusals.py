"""Charging profiles that a station has to refuse: of no transaction, malformed, out of place, beyond what it can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    calls,
    get_variable,
    holds,
    look,
    not_accepted,
    period,
    profile,
    reason_is,
    sent,
    start_transaction,
    status_is,
    supports,
    taken,
    told_variable,
)

SMART = "SmartChargingCtrlr"
SET, COMPOSITE = "SetChargingProfile", "GetCompositeSchedule"
MAXIMUM, TX_DEFAULT = "ChargingStationMaxProfile", "TxDefaultProfile"
ASKED = {"evseId": 1, "duration": 3600, "chargingRateUnit": "W"}
LOW, MIDDLE, HIGH = 3000.0, 5000.0, 8000.0


def with_id(number: int) -> Any:
    """Tells the SetChargingProfile of a profile."""
    return lambda one: one["chargingProfile"]["id"] == number


class ProfileCase(StationCase):
    """What the cases about profiles share."""

    area = "charging"
    pics = "ocpp_smart_charging"


class WhichTransaction(ProfileCase):
    """A TxProfile belongs to one transaction. Taken for another, the next customer charges by the wrong profile."""

    id = "CHG-OCPP-SC-23"
    title = "A TxProfile without its transaction is refused"
    requirements = ("OCPP-K01-TXPROFILE", "OCPP-K01-ACCEPT")
    aliases = ("TC_K_19_CS",)
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {
        "tx-profile-of-any-transaction": "OCPP-K01-TXPROFILE",
        "reason-codes-generic": "OCPP-K01-TXPROFILE",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Without a transaction, for another one, without an id, for EVSE 0, and as it should be."""
        async with bench.csms.session() as station:
            limit, start = period(0, limit=HIGH), bench.stamp(-10)
            early = profile(231, limit, transaction="there-is-none", start=start)
            await station.call(SET, {"evseId": 1, "chargingProfile": early})
            transaction = await start_transaction(bench, station)
            for number, evse, whose in (
                (232, 1, "somebody-else"),
                (233, 1, None),
                (234, 0, transaction.id),
                (235, 1, transaction.id),
            ):
                one = profile(number, limit, transaction=whose, start=start)
                await station.call(SET, {"evseId": evse, "chargingProfile": one})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Only the last one may be accepted; an unknown transaction is named as the reason."""
        yield taken("OCPP-K01-ACCEPT", sent(trace, SET, where=with_id(235)))
        rule = "OCPP-K01-TXPROFILE"
        for number in (231, 232):
            yield status_is(rule, sent(trace, SET, where=with_id(number)), "Rejected", reason="TxNotFound")
        for number in (233, 234):
            yield not_accepted(rule, sent(trace, SET, where=with_id(number)))


class Malformed(ProfileCase):
    """Profiles that contradict themselves: each station would read them in its own way, so none may take them."""

    id = "CHG-OCPP-SC-24"
    title = "Profiles that break the rules of K01 are refused with their reason"
    requirements = ("OCPP-K01-START", "OCPP-K01-PERIODS", "OCPP-K01-EXTERNAL-ID", "OCPP-K01-ACCEPT")
    faults: ClassVar = {
        "start-missing-accepted": "OCPP-K01-START",
        "relative-start-accepted": "OCPP-K01-START",
        "first-period-late-accepted": "OCPP-K01-PERIODS",
        "periods-unordered-accepted": "OCPP-K01-PERIODS",
        "reserved-id-accepted": "OCPP-K01-EXTERNAL-ID",
        "reason-codes-generic": "OCPP-K01-PERIODS",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Sends one of each, and one that is right before and behind them."""
        start, limit = bench.stamp(-10), period(0, limit=HIGH)
        late = (period(10, limit=HIGH), period(20, limit=LOW))
        mixed = (period(0, limit=HIGH), period(600, limit=LOW), period(300, limit=MIDDLE))
        async with bench.csms.session() as station:
            told = await get_variable(station, SMART, "MaxExternalConstraintsId")
            good = profile(241, limit, purpose=TX_DEFAULT, start=start)
            bad = [
                profile(242, limit, purpose=TX_DEFAULT, stack=1),
                profile(243, limit, purpose=TX_DEFAULT, kind="Recurring", stack=1, recurrencyKind="Daily"),
                profile(244, limit, purpose=TX_DEFAULT, kind="Relative", stack=1, start=start),
                profile(245, *late, purpose=TX_DEFAULT, stack=1, start=start),
                profile(246, *mixed, purpose=TX_DEFAULT, stack=1, start=start),
            ]
            if told is not None:
                bad.append(profile(int(told), limit, purpose=TX_DEFAULT, stack=1, start=start))
            for one in (good, *bad, good):
                await station.call(SET, {"evseId": 1, "chargingProfile": one})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at each answer; the right one has to be taken, or all the refusals mean nothing."""
        right = calls(trace, SET, sender=trace.tester, where=with_id(241))
        if len(right) < 2:
            raise Inconclusive("not all profiles were sent")
        for one in right:
            yield taken("OCPP-K01-ACCEPT", one)
        for number, rule in (
            (242, "OCPP-K01-START"),
            (243, "OCPP-K01-START"),
            (244, "OCPP-K01-START"),
            (245, "OCPP-K01-PERIODS"),
            (246, "OCPP-K01-PERIODS"),
        ):
            one = sent(trace, SET, where=with_id(number))
            if rule == "OCPP-K01-PERIODS":
                yield status_is(rule, one, "Rejected", reason="InvalidSchedule")
            else:
                yield not_accepted(rule, one)
        told = told_variable(trace, SMART, "MaxExternalConstraintsId")
        if told is not None:
            reserved = sent(trace, SET, where=with_id(int(told)))
            yield status_is("OCPP-K01-EXTERNAL-ID", reserved, "Rejected", reason="InvalidProfileId")


class OutOfPlace(ProfileCase):
    """Profiles for an EVSE that is not there, of a level that is not there, or that an energy manager alone may set.

    Clause numbers are known from others, not from the text: what is found here is indicative.
    """

    id = "CHG-OCPP-SC-25"
    title = "Profiles for what the station has not, or that are not the CSMS's, are refused"
    requirements = (
        "OCPP-K01.FR.22",
        "OCPP-K01.FR.28",
        "OCPP-K01-STACKLEVEL",
        "OCPP-K01.FR.44",
        "OCPP-K01.FR.142",
        "OCPP-K02-MAXPROFILE",
    )
    pics = "ocpp21 and ocpp_smart_charging"
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {
        "external-from-csms-accepted": "OCPP-K01.FR.22",
        "profile-of-unknown-evse": "OCPP-K01.FR.28",
        "stack-level-unlimited": "OCPP-K01-STACKLEVEL",
        "phases-of-dc-accepted": "OCPP-K01.FR.44",
        "phase-fields-anywhere": "OCPP-K01.FR.142",
        "maximum-of-one-evse-accepted": "OCPP-K02-MAXPROFILE",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Sends one of each; fields of L2 also without the field of L1, and for a vehicle that told none."""
        start, limit = bench.stamp(-10), period(0, limit=HIGH)
        async with bench.csms.session() as station:
            told = await get_variable(station, SMART, "ProfileStackLevel")
            await get_variable(station, "V2XChargingCtrlr", "SupportedEnergyTransferModes", evse=1)
            transaction = await start_transaction(bench, station)
            lone = period(0, "CentralSetpoint", setpoint_L2=LOW)
            both = period(0, limit=LOW, limit_L2=LOW)
            external = "ChargingStationExternalConstraints"
            for evse, one in (
                (1, profile(250, limit, purpose=TX_DEFAULT, start=start)),
                (1, profile(251, limit, purpose=external, start=start)),
                (4711, profile(252, limit, purpose=TX_DEFAULT, start=start)),
                (1, profile(253, limit, purpose=TX_DEFAULT, stack=int(told or 1000) + 1, start=start)),
                (1, profile(254, period(0, limit=HIGH, numberPhases=3), transaction=transaction.id, start=start)),
                (
                    1,
                    profile(255, lone, transaction=transaction.id, start=start),
                ),
                (1, profile(256, both, purpose=TX_DEFAULT, stack=1, start=start)),
                (1, profile(257, limit, purpose=MAXIMUM, start=start)),
            ):
                await station.call(SET, {"evseId": evse, "chargingProfile": one})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refused, each; phases on DC alone, where the station says that it is DC."""
        if sent(trace, SET, where=with_id(250)).status != "Accepted":
            raise Inconclusive("the profile that is right was not accepted, so that the refusals say nothing")
        yield not_accepted("OCPP-K01.FR.22", sent(trace, SET, where=with_id(251)))
        yield not_accepted("OCPP-K01.FR.28", sent(trace, SET, where=with_id(252)))
        if told_variable(trace, SMART, "ProfileStackLevel") is not None:
            yield status_is("OCPP-K01-STACKLEVEL", sent(trace, SET, where=with_id(253)), "Rejected")
            yield reason_is("OCPP-K01-STACKLEVEL", sent(trace, SET, where=with_id(253)), "InvalidStackLevel")
        modes = told_variable(trace, "V2XChargingCtrlr", "SupportedEnergyTransferModes") or ""
        kinds = [one.strip() for one in modes.split(",") if one.strip()]
        if kinds and all(one.startswith("DC") for one in kinds):
            yield status_is("OCPP-K01.FR.44", sent(trace, SET, where=with_id(254)), "Rejected")
            yield reason_is("OCPP-K01.FR.44", sent(trace, SET, where=with_id(254)), "NoPhaseForDC")
        yield not_accepted("OCPP-K01.FR.142", sent(trace, SET, where=with_id(255)))
        yield not_accepted("OCPP-K01.FR.142", sent(trace, SET, where=with_id(256)))
        yield not_accepted("OCPP-K02-MAXPROFILE", sent(trace, SET, where=with_id(257)))


class Extras(ProfileCase):
    """Optional features of a schedule: a cap near the full battery, and a spread of starts that spares the grid.

    If a thousand stations raise their power at the same second, the frequency notices; randomizedDelay is against it.
    """

    id = "CHG-OCPP-SC-32"
    title = "limitAtSoC and randomizedDelay are followed where announced"
    requirements = ("OCPP-K01-EXTRAS",)
    pics = "ocpp21 and ocpp_smart_charging"
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {
        "soc-limit-ignored": "OCPP-K01-EXTRAS",
        "delay-not-drawn": "OCPP-K01-EXTRAS",
        "first-period-delayed": "OCPP-K01-EXTRAS",
    }
    spread: ClassVar = 600
    count: ClassVar = 8
    step: ClassVar = 1200

    async def stimulate(self, bench: StationBench) -> None:
        """Charges at 90 % with a cap from 80 % on; then a schedule whose periods are delayed by up to ten minutes."""
        async with bench.csms.session() as station:
            await station.call(COMPOSITE, ASKED)
            for name in ("SupportsLimitAtSoC", "SupportsRandomizedDelay"):
                await supports(station, name)
            transaction = await start_transaction(bench, station, soc=90.0)
            await station.silence(5)
            capped = profile(
                301, period(0, limit=HIGH), transaction=transaction.id, start=bench.stamp(-1),
                schedule={"limitAtSoC": {"soc": 80, "limit": LOW}},
            )  # fmt: skip
            await station.call(SET, {"evseId": 1, "chargingProfile": capped})
            await station.call(COMPOSITE, ASKED)
            limits = [period(self.step * place, limit=MIDDLE + 250.0 * place) for place in range(self.count)]
            delayed = profile(
                302, *limits, transaction=transaction.id, stack=1, start=bench.stamp(-1),
                schedule={"randomizedDelay": self.spread},
            )  # fmt: skip
            await station.call(SET, {"evseId": 1, "chargingProfile": delayed})
            await station.call(COMPOSITE, {**ASKED, "duration": self.step * self.count})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Where announced: the cap counts; the first period is in time, the others are late by different times."""
        asked = calls(trace, COMPOSITE, sender=trace.tester, after=sent(trace, SET).request)
        if len(asked) < 2:
            raise Inconclusive("the composites were not asked for")
        rule, announced = "OCPP-K01-EXTRAS", 0
        if str(told_variable(trace, SMART, "SupportsLimitAtSoC")).lower() == "true":
            announced += 1
            yield taken(rule, sent(trace, SET, where=with_id(301)))
            limit = look(asked[0].answer, "schedule.chargingSchedulePeriod.0.limit")
            yield holds(
                rule, limit == LOW, expected=f"limit {LOW} W at 90 %, capped from 80 % on", seen=f"{limit} W",
                at=asked[0].at,
            )  # fmt: skip
        if str(told_variable(trace, SMART, "SupportsRandomizedDelay")).lower() == "true":
            announced += 1
            yield taken(rule, sent(trace, SET, where=with_id(302)))
            yield self._spread_out(rule, asked[1])
        if not announced:
            raise Inconclusive("the station announces neither limitAtSoC nor randomizedDelay")

    def _spread_out(self, rule: str, asked: RpcExchange) -> Observation:
        periods = look(asked.answer, "schedule.chargingSchedulePeriod") or []
        starts = {one.get("limit"): one["startPeriod"] for one in periods}
        late = [
            starts[MIDDLE + 250.0 * place] - self.step * place
            for place in range(1, self.count)
            if MIDDLE + 250.0 * place in starts
        ]
        good = (
            starts.get(MIDDLE) == 0
            and len(late) == self.count - 1
            and all(-3 <= one <= self.spread + 3 for one in late)
            and max(late) > 3
            and len(set(late)) > 1
        )
        return holds(
            rule,
            good,
            expected=f"the first period at once, the others late by 0 to {self.spread} s, not all alike",
            seen=f"first at {starts.get(MIDDLE)} s, others late by {late} s",
            at=asked.at,
        )

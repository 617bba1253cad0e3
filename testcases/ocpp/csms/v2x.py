"""V2X by a CSMS: who may discharge, the plan for it, dynamic values, and what discharged energy is worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    Inconclusive,
    Observation,
    RpcExchange,
    Trace,
    calls,
    got,
    holds,
    instant,
    look,
    reason_is,
    received,
    sent,
    status_is,
    valid,
)
from v2gready.authoring.ocpp.backend import (
    BIDIRECTIONAL,
    accepted_boot,
    charging,
    customer,
    in_matrix,
    needs,
    periods,
    plan,
    planned,
    token,
    tx_profiles,
    valid_answer,
)
from v2gready.authoring.ocpp.billing import last_events, served_to_the_end

PHASED: Final[Mapping[str, float]] = {
    f"{name}{phase}": 3000.5
    for name in ("minChargePower", "maxChargePower", "minDischargePower", "maxDischargePower")
    for phase in ("", "_L2", "_L3")
}
"""Powers of a car that tells them for each phase."""


class Decided(CsmsCase):
    """A customer with a V2X contract shows the card, and another one who only charges.

    allowedEnergyTransfer tells the station what it may offer the car. Without it the car of the first is never asked
    to discharge; with BPT in it the battery of the second is used without consent.
    """

    id = "CSMS-OCPP-V2X-01"
    title = "Authorize tells the energy transfers that are allowed for this customer"
    area = "v2x"
    requirements = ("OCPP-Q01-CSMS-DECIDES",)
    pics = "ocpp_v2x"
    faults = {"decided-transfer-missing": "OCPP-Q01-CSMS-DECIDES", "everybody-discharges": "OCPP-Q01-CSMS-DECIDES"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Shows both customers, with the EVCCID of the car."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for kind in ("v2x", "charging"):
                await station.authorize(idToken=token(customer(bench, kind), EVCCID="WMIV1234567890ABCDEX"))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for bidirectional modes in both answers."""
        accepted_boot(trace)
        for kind, wanted in (("v2x", True), ("charging", False)):
            name = trace.declared.get(f"ocpp_token_{kind}")
            asked = sent(trace, "Authorize", where=lambda one, name=name: one["idToken"]["idToken"] == name)
            if look(asked.answer, "idTokenInfo.status") != "Accepted":
                raise Inconclusive(f"the CSMS did not accept the customer of ocpp_token_{kind}")
            told = look(asked.answer, "allowedEnergyTransfer")
            allowed = [mode for mode in (told if isinstance(told, list) else []) if mode in tuple(BIDIRECTIONAL)]
            yield holds(
                "OCPP-Q01-CSMS-DECIDES",
                bool(allowed) is wanted,
                expected=f"allowedEnergyTransfer {'with' if wanted else 'without'} a bidirectional mode",
                seen="no allowedEnergyTransfer" if told is None else str(told),
                at=asked.at,
            )


class Undecided(CsmsCase):
    """Nobody has decided yet whether this customer's car may discharge; the decision comes while it charges.

    Until then allowedEnergyTransfer is left out, and the station asks for charging alone. Then the decision must reach
    the transaction that runs, and what it allows must be planned: else the car never discharges at all.
    """

    id = "CSMS-OCPP-V2X-02"
    title = "Undecided: nothing is allowed at Authorize, the decision follows for the transaction and holds"
    area = "v2x"
    requirements = ("OCPP-Q01.FR.08", "OCPP-Q02-CSMS", "OCPP-Q01-CSMS-DECIDES")
    pics = "ocpp_v2x and ocpp_smart_charging"
    hooks = ("notify_allowed_energy_transfer",)
    faults = {
        "undecided-transfer-granted": "OCPP-Q01.FR.08",
        "allowed-transfer-for-wrong-transaction": "OCPP-Q02-CSMS",
        "allowed-transfer-never-told": "OCPP-Q02-CSMS",
        "transfer-decision-forgotten": "OCPP-Q01-CSMS-DECIDES",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Charges, has the operator decide, and tells new needs with discharging."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station, who="undecided") as transaction:
                mark = station.mark
                await bench.act("notify_allowed_energy_transfer", modes=["DC", "DC_BPT"], transaction=transaction)
                await station.look_for("NotifyAllowedEnergyTransfer", within=bench.detection_time, since=mark)
                await plan(station, needs("DC_BPT"))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at Authorize, at NotifyAllowedEnergyTransfer and at the needs behind it."""
        accepted_boot(trace)
        asked = sent(trace, "Authorize")
        if look(asked.answer, "idTokenInfo.status") != "Accepted":
            raise Inconclusive("the CSMS did not accept the customer of ocpp_token_undecided")
        told = look(asked.answer, "allowedEnergyTransfer")
        yield holds(
            "OCPP-Q01.FR.08",
            told is None,
            expected="no allowedEnergyTransfer as long as it is undecided",
            seen="none" if told is None else str(told),
            at=asked.at,
        )
        running = last_events(trace)[0].payload["transactionInfo"]["transactionId"]
        yield received(
            "OCPP-Q02-CSMS",
            trace,
            "NotifyAllowedEnergyTransfer",
            where=lambda one: one.get("transactionId") == running and "DC_BPT" in _modes(one),
            what="for the transaction, with DC_BPT",
            after=asked.request,
        )
        again = sent(trace, "NotifyEVChargingNeeds")
        yield status_is("OCPP-Q01-CSMS-DECIDES", again, "Accepted", "Processing")
        served_to_the_end(trace)


def _modes(payload: Mapping[str, Any]) -> list[Any]:
    found = payload.get("allowedEnergyTransfer")
    return found if isinstance(found, list) else []


class Forbidden(CsmsCase):
    """The car of a customer who only charges asks for bidirectional transfer all the same.

    The CSMS says no, and sends no plan that discharges it: the customer has not agreed to lend the battery.
    """

    id = "CSMS-OCPP-V2X-03"
    title = "Needs with a transfer that is not allowed are refused, and no plan discharges the car"
    area = "v2x"
    requirements = ("OCPP-Q01-CSMS-REJECTS",)
    pics = "ocpp_v2x and ocpp_smart_charging"
    faults = {"forbidden-transfer-accepted": "OCPP-Q01-CSMS-REJECTS"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells needs with DC for that customer, and then with DC_BPT."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station, who="charging"):
                await plan(station, needs("DC", availableEnergyTransfer=["DC", "DC_BPT"]))
                await plan(station, needs("DC_BPT", availableEnergyTransfer=["DC", "DC_BPT"]))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The first shows that the car is served at all; the second is refused."""
        planned(trace, sent(trace, "NotifyEVChargingNeeds"))
        wanted = sent(trace, "NotifyEVChargingNeeds", nth=1)
        yield status_is("OCPP-Q01-CSMS-REJECTS", wanted, "Rejected", "NoChargingProfile")
        discharging = [one for one in tx_profiles(trace, after=wanted.request) if _discharges(one)]
        yield holds(
            "OCPP-Q01-CSMS-REJECTS",
            not discharging,
            expected="no profile that discharges the car",
            seen=f"{len(discharging)} profiles that do",
            at=(*wanted.at, *(one.request.index for one in discharging)),
        )
        served_to_the_end(trace)


def _discharges(profile: RpcExchange) -> bool:
    found = [period.get(name) for period in periods(profile) for name in ("setpoint", "dischargeLimit")]
    return any(isinstance(one, int | float) and one < 0 for one in found)


class ScheduledPlan(CsmsCase):
    """A bidirectional car wants a schedule, and the CSMS makes one with the modes of V2X.

    A setpoint without operationMode means ChargingOnly, where there is no setpoint; CentralSetpoint without setpoint
    means nothing at all; values for L2 and L3 are for cars that told some. Stations refuse each of these.
    """

    id = "CSMS-OCPP-V2X-04"
    title = "The plan for a bidirectional car keeps the matrix of modes, fields and phases"
    area = "v2x"
    requirements = ("OCPP-V2X-MATRIX", "OCPP-V2X-SIGN", "OCPP-K01.FR.142")
    pics = "ocpp_v2x and ocpp_smart_charging"
    aliases = ("TC_Q_108_CSMS",)
    faults = {
        "setpoint-without-mode": "OCPP-V2X-MATRIX",
        "central-setpoint-without-setpoint": "OCPP-V2X-MATRIX",
        "discharge-limit-positive": "OCPP-V2X-SIGN",
        "phase-fields-without-base": "OCPP-V2X-MATRIX",
        "phase-fields-for-single-values": "OCPP-K01.FR.142",
    }
    control = "ScheduledControl"

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells the needs of such a car, with one power for all phases."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station):
                await plan(station, needs(control=self.control, departure=bench.stamp(6 * 3600.0)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds each period against the matrix."""
        profile = planned(trace, sent(trace, "NotifyEVChargingNeeds"))
        yield in_matrix("OCPP-V2X-MATRIX", profile)
        yield valid("OCPP-V2X-SIGN", trace, profile)
        phased = sorted({name for period in periods(profile) for name in period if name.endswith(("_L2", "_L3"))})
        yield holds(
            "OCPP-K01.FR.142",
            not phased,
            expected="no values for L2 and L3 for a car that told none",
            seen=", ".join(phased) or "none",
            at=profile.at,
        )
        served_to_the_end(trace)


class DynamicPlan(ScheduledPlan):
    """A bidirectional car in dynamic control: the same rules hold for its one period.

    It is the value that all later updates replace, so it stays wrong for the whole session.
    """

    id = "CSMS-OCPP-V2X-05"
    title = "The dynamic plan for a bidirectional car keeps the matrix of modes, fields and phases"
    pics = "ocpp_v2x and ocpp_dynamic_profiles"
    aliases = ()
    control = "DynamicControl"


class ChargingOnlyPlan(CsmsCase):
    """The car asks for charging alone, whatever else is available.

    Its plan has limits, no setpoints and no discharging: the car would refuse it, or worse, follow it.
    """

    id = "CSMS-OCPP-V2X-06"
    title = "The plan for a car that asks for charging alone has no field for discharging"
    area = "v2x"
    requirements = ("OCPP-V2X-MATRIX", "OCPP-Q02-CSMS-CHARGES")
    pics = "ocpp_v2x and ocpp_smart_charging"
    faults = {"discharges-an-undecided-car": "OCPP-Q02-CSMS-CHARGES"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells needs with DC of a car that could do more."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station, who="undecided"):
                await plan(station, needs("DC", availableEnergyTransfer=["DC", "DC_BPT"]))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every period."""
        profile = planned(trace, sent(trace, "NotifyEVChargingNeeds"))
        found = periods(profile)
        odd = sorted(
            {
                name
                for period in found
                for name in period
                if name.startswith(("setpoint", "dischargeLimit", "v2x"))
                or (name == "operationMode" and period[name] not in {"ChargingOnly", "Idle"})
            }
        )
        yield holds(
            "OCPP-Q02-CSMS-CHARGES",
            bool(found) and not odd,
            expected="limits for ChargingOnly",
            seen=", ".join(odd) or f"{len(found)} periods, so",
            at=profile.at,
        )
        yield in_matrix("OCPP-V2X-MATRIX", profile)


class Pull(CsmsCase):
    """A station asks for the values of a dynamic profile each half minute, and a second one asks by mistake.

    Values are for the station that has the profile. What is answered for one that does not exist, or is another's,
    makes a car follow a stranger's setpoint.
    """

    id = "CSMS-OCPP-V2X-07"
    title = "Pulled values are those of a dynamic profile of this station; any other pull is Rejected"
    area = "v2x"
    requirements = ("OCPP-K29-PULL", "OCPP-V2X-SIGN")
    pics = "ocpp_dynamic_profiles"
    faults = {
        "unknown-pull-accepted": "OCPP-K29-PULL",
        "pull-without-values": "OCPP-K29-PULL",
        "pull-of-other-station-answered": "OCPP-K29-PULL",
        "answers-with-extra-field": "OCPP-V2X-SIGN",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Gets a dynamic profile and pulls it, then an unknown one; another station pulls the first one's."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station):
                await plan(station, needs(control="DynamicControl"))
                found = station.received("SetChargingProfile")
                number = found[-1].payload["chargingProfile"]["id"] if found else 0
                for _ in range(2):
                    await station.call("PullDynamicScheduleUpdate", {"chargingProfileId": number})
                    await bench.wait(10)
                await station.call("PullDynamicScheduleUpdate", {"chargingProfileId": 987_654})
                if len(bench.identities) > 1:
                    async with bench.station.connect(identity=bench.identities[1], editions=["ocpp2.1"]) as other:
                        await other.boot()
                        await other.call("PullDynamicScheduleUpdate", {"chargingProfileId": number})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the four answers."""
        profile = planned(trace, sent(trace, "NotifyEVChargingNeeds")).payload["chargingProfile"]
        if profile.get("chargingProfileKind") != "Dynamic":
            raise Inconclusive(f"the CSMS made a profile of kind {profile.get('chargingProfileKind')}")
        pulls = calls(trace, "PullDynamicScheduleUpdate", sender=trace.tester)
        known = [one for one in pulls if one.payload["chargingProfileId"] == profile.get("id")]
        own = [one for one in known if one.link == pulls[0].link]
        strange = [one for one in pulls if one not in own]
        if len(own) < 2 or not strange:
            raise Inconclusive(f"{len(pulls)} pulls were sent only")
        for one in own:
            yield status_is("OCPP-K29-PULL", one, "Accepted")
            values_of = look(one.answer, "scheduleUpdate")
            yield holds(
                "OCPP-K29-PULL",
                isinstance(values_of, Mapping) and bool(values_of),
                expected="scheduleUpdate with values",
                seen=str(values_of or "no scheduleUpdate"),
                at=one.at,
            )
            yield valid_answer("OCPP-V2X-SIGN", trace, one)
        for one in strange:
            yield status_is("OCPP-K29-PULL", one, "Rejected")
            if one.status == "Rejected":
                yield reason_is("OCPP-K29-PULL", one, "InvalidProfile")
        served_to_the_end(trace)


class PulledValuesMove(CsmsCase):
    """The operator changes the setpoint from charging to discharging, and the station pulls.

    A cached answer leaves the car charging while the grid is waiting for its energy.
    """

    id = "CSMS-OCPP-V2X-08"
    title = "Pulls give the values that the operator set last, with their sign"
    area = "v2x"
    requirements = ("OCPP-K29-PULL", "OCPP-V2X-SIGN")
    pics = "ocpp_dynamic_profiles"
    hooks = ("set_dynamic_values",)
    faults = {"pull-never-changes": "OCPP-K29-PULL", "pulled-values-lose-sign": "OCPP-V2X-SIGN"}
    setpoints = (4200.5, -5100.5, 0.0)

    async def stimulate(self, bench: CsmsBench) -> None:
        """Gets a dynamic profile, and pulls behind each change."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station):
                await plan(station, needs(control="DynamicControl"))
                found = station.received("SetChargingProfile")
                number = found[-1].payload["chargingProfile"]["id"] if found else 0
                for setpoint in self.setpoints:
                    await bench.act("set_dynamic_values", values={"setpoint": setpoint})
                    await station.call("PullDynamicScheduleUpdate", {"chargingProfileId": number})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares each answer with what was set."""
        planned(trace, sent(trace, "NotifyEVChargingNeeds"))
        pulls = calls(trace, "PullDynamicScheduleUpdate", sender=trace.tester)
        if len(pulls) < len(self.setpoints) or pulls[0].status != "Accepted":
            raise Inconclusive(
                f"{len(pulls)} pulls were sent, the first was answered by {pulls[0].status if pulls else None}"
            )
        for one, setpoint in zip(pulls, self.setpoints, strict=False):
            seen = look(one.answer, "scheduleUpdate.setpoint")
            number = isinstance(seen, int | float)
            yield holds(
                "OCPP-K29-PULL",
                number and abs(seen) == abs(setpoint),
                expected=f"setpoint {setpoint:g}, or its like",
                seen="no setpoint" if seen is None else seen,
                at=one.at,
            )
            yield holds(
                "OCPP-V2X-SIGN",
                not number or abs(seen) != abs(setpoint) or seen == setpoint,
                expected=f"setpoint {setpoint:g}",
                seen="no setpoint" if seen is None else seen,
                at=one.at,
            )


class Push(CsmsCase):
    """The operator pushes a new setpoint into a dynamic profile, twice in a second.

    The values go into scheduleUpdate: an example in the text has them beside the profile id, and a station that checks
    the schema refuses every one of those.
    """

    id = "CSMS-OCPP-V2X-09"
    title = "UpdateDynamicSchedule has the profile, and the values in scheduleUpdate"
    area = "v2x"
    requirements = ("OCPP-K-CSMS-ASKED", "OCPP-K28-CSMS-UPDATE")
    pics = "ocpp_dynamic_profiles"
    hooks = ("update_dynamic_schedule",)
    faults = {"dynamic-update-flat": "OCPP-K28-CSMS-UPDATE", "pushed-values-lose-sign": "OCPP-K-CSMS-ASKED"}
    setpoints = (2500.5, -2500.5)

    async def stimulate(self, bench: CsmsBench) -> None:
        """Gets a dynamic profile, and has two values pushed into it."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station):
                await plan(station, needs(control="DynamicControl"))
                for setpoint in self.setpoints:
                    mark = station.mark
                    await bench.act("update_dynamic_schedule", values={"setpoint": setpoint})
                    await station.look_for("UpdateDynamicSchedule", within=bench.detection_time, since=mark)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at both updates."""
        profile = planned(trace, sent(trace, "NotifyEVChargingNeeds")).payload["chargingProfile"]
        updates = calls(trace, "UpdateDynamicSchedule", sender=trace.dut)
        if len(updates) < len(self.setpoints):
            raise Inconclusive(f"{len(updates)} updates came only")
        for one, setpoint in zip(updates, self.setpoints, strict=False):
            yield valid("OCPP-K28-CSMS-UPDATE", trace, one)
            number = one.payload.get("chargingProfileId")
            yield holds(
                "OCPP-K28-CSMS-UPDATE",
                number == profile.get("id"),
                expected=f"chargingProfileId {profile.get('id')}",
                seen=number,
                at=one.at,
            )
            seen = look(one.payload, "scheduleUpdate.setpoint")
            yield holds(
                "OCPP-K-CSMS-ASKED",
                seen == setpoint,
                expected=f"setpoint {setpoint:g}",
                seen="no setpoint in scheduleUpdate" if seen is None else seen,
                at=one.at,
            )


class OrdersSurvive(CsmsCase):
    """The operator orders three phases to discharge differently, with limits beside the setpoints.

    Fields such as setpoint_L2 do not survive a way through snake case, and a sign is lost where somebody takes the
    amount. The car then charges where it should feed the grid.
    """

    id = "CSMS-OCPP-V2X-10"
    title = "An order to discharge reaches the station with sign, phases and decimals"
    area = "v2x"
    requirements = ("OCPP-K-CSMS-ASKED", "OCPP-V2X-CSMS-PHASES")
    pics = "ocpp_v2x and ocpp_smart_charging"
    hooks = ("set_charging_profile",)
    faults = {
        "discharge-setpoint-positive": "OCPP-K-CSMS-ASKED",
        "phase-fields-renamed": "OCPP-K-CSMS-ASKED",
        "limits-rounded": "OCPP-K-CSMS-ASKED",
        "phase-fields-refused": "OCPP-V2X-CSMS-PHASES",
    }
    ordered: Final[Mapping[str, Any]] = {
        "startPeriod": 0,
        "operationMode": "CentralSetpoint",
        **{f"setpoint{phase}": -2000.5 - step for step, phase in enumerate(("", "_L2", "_L3"))},
        **{f"setpointReactive{phase}": 300.5 - step for step, phase in enumerate(("", "_L2", "_L3"))},
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells the needs of a car with powers per phase, and has the operator order that."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            async with charging(bench, station):
                await plan(station, needs("AC_BPT", powers=PHASED))
                mark = station.mark
                await bench.act("set_charging_profile", evse=1, periods=[dict(self.ordered)], stack_level=3)
                await station.look_for("SetChargingProfile", within=bench.detection_time, since=mark)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants the needs taken, and each field as ordered."""
        accepted_boot(trace)
        asked = sent(trace, "NotifyEVChargingNeeds")
        yield valid_answer("OCPP-V2X-CSMS-PHASES", trace, asked)
        profile = got(trace, "SetChargingProfile", where=lambda one: look(one, "chargingProfile.stackLevel") == 3)
        yield valid("OCPP-K-CSMS-ASKED", trace, profile)
        found = periods(profile)
        period = found[0] if found else {}
        off = [f"{name} {period.get(name, 'missing')}" for name, due in self.ordered.items() if period.get(name) != due]
        yield holds(
            "OCPP-K-CSMS-ASKED",
            len(found) == 1 and not off,
            expected=", ".join(f"{name} {value}" for name, value in self.ordered.items()),
            seen=", ".join(off) or f"{len(found)} periods as ordered",
            at=profile.at,
        )


class Afrr(CsmsCase):
    """The grid operator calls for secondary reserve, and the CSMS passes the signal on, from now and from in a minute.

    Reserve is paid by the second. A signal in quotes is refused, and one without its time is applied at once.
    """

    id = "CSMS-OCPP-V2X-11"
    title = "AFRRSignal has the signal as an integer and the time from which it holds"
    area = "v2x"
    requirements = ("OCPP-Q08-CSMS-AFRR",)
    pics = "ocpp_v2x"
    hooks = ("send_afrr_signal",)
    faults = {"afrr-signal-as-text": "OCPP-Q08-CSMS-AFRR", "afrr-signal-at-once": "OCPP-Q08-CSMS-AFRR"}
    signals = ((-40, 0.0), (75, 60.0))

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has both signals sent, and tells our own time."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for signal, delay in self.signals:
                mark = station.mark
                await bench.act("send_afrr_signal", signal=signal, delay=delay)
                await station.look_for("AFRRSignal", within=bench.detection_time, since=mark)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the signals, and the distance of their times."""
        accepted_boot(trace)
        found = calls(trace, "AFRRSignal", sender=trace.dut)
        if len(found) < len(self.signals):
            raise Inconclusive(f"{len(found)} signals came only")
        told = []
        for one, (signal, _) in zip(found, self.signals, strict=False):
            problem = valid("OCPP-Q08-CSMS-AFRR", trace, one)
            yield problem
            seen = one.payload.get("signal")
            yield holds(
                "OCPP-Q08-CSMS-AFRR",
                seen == signal and type(seen) is int,
                expected=f"signal {signal}",
                seen=repr(seen),
                at=one.at,
            )
            told.append(instant(str(one.payload.get("timestamp"))) - one.t)
        apart = told[1] - told[0]
        yield holds(
            "OCPP-Q08-CSMS-AFRR",
            abs(apart - 60.0) <= 5.0,
            expected="the second one holds 60 s after it is sent, give or take 5 s, measured by the first",
            seen=f"{apart:.1f} s",
            at=(*found[0].at, *found[1].at),
        )

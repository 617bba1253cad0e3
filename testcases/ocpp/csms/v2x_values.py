"""V2X values on their way to a station: pulled, pushed, ordered by the operator, called for by the grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    Inconclusive,
    Observation,
    Trace,
    calls,
    got,
    holds,
    instant,
    look,
    reason_is,
    sent,
    status_is,
    valid,
)
from v2gready.authoring.ocpp.backend import (
    accepted_boot,
    charging,
    needs,
    periods,
    plan,
    planned,
    valid_answer,
)
from v2gready.authoring.ocpp.billing import served_to_the_end

PHASED: Final[Mapping[str, float]] = {
    f"{name}{phase}": 3000.5
    for name in ("minChargePower", "maxChargePower", "minDischargePower", "maxDischargePower")
    for phase in ("", "_L2", "_L3")
}
"""Powers of a car that tells them for each phase."""


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
    faults = {
        "afrr-signal-as-text": "OCPP-Q08-CSMS-AFRR",
        "afrr-signal-at-once": "OCPP-Q08-CSMS-AFRR",
        "afrr-signal-in-local-time": "OCPP-Q08-CSMS-AFRR",
    }
    signals = ((-40, 0.0), (75, 60.0))
    tolerance = 15.0
    """Seconds from an order to its message, and what the clocks drift meanwhile; ours."""

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has both signals sent."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for signal, delay in self.signals:
                mark = station.mark
                await bench.act("send_afrr_signal", signal=signal, delay=delay)
                await station.look_for("AFRRSignal", within=bench.detection_time, since=mark)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the signals, and their times by the clock of the CSMS, which is that of the station as well."""
        boot = accepted_boot(trace)
        clock = instant(str(look(boot.answer, "currentTime"))) - boot.t
        found = calls(trace, "AFRRSignal", sender=trace.dut)
        if len(found) < len(self.signals):
            raise Inconclusive(f"{len(found)} signals came only")
        for one, (signal, delay) in zip(found, self.signals, strict=False):
            yield valid("OCPP-Q08-CSMS-AFRR", trace, one)
            seen = one.payload.get("signal")
            yield holds(
                "OCPP-Q08-CSMS-AFRR",
                seen == signal and type(seen) is int,
                expected=f"signal {signal}",
                seen=repr(seen),
                at=one.at,
            )
            ahead = instant(str(one.payload.get("timestamp"))) - clock - one.t
            yield holds(
                "OCPP-Q08-CSMS-AFRR",
                abs(ahead - delay) <= self.tolerance,
                expected=f"it holds {delay:g} s after it is sent, give or take {self.tolerance:g} s, "
                "by the clock that BootNotification told",
                seen=f"{ahead:.1f} s",
                at=(*boot.at, *one.at),
            )

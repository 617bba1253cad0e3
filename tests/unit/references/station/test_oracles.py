"""Oracles of judges and reference station are two readings of one text: whatever is done to both, they agree."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.references.station.energy_bench import EPOCH, Bench
from v2gready.protocols.ocpp.composite import Installed, Situation, demand, instants, of_schedule
from v2gready.protocols.ocpp.der_control import ControlType, DerModel, control_from

KINDS = st.sampled_from([ControlType.LIMIT_MAX_DISCHARGE, ControlType.FIXED_VAR])
VALUES: dict[ControlType, dict[str, Any]] = {
    ControlType.LIMIT_MAX_DISCHARGE: {"pctMaxDischargePower": 50.0},
    ControlType.FIXED_VAR: {"setpoint": 10.0, "unit": "PctMaxVar"},
}
FIELDS = {ControlType.LIMIT_MAX_DISCHARGE: "limitMaxDischarge", ControlType.FIXED_VAR: "fixedVar"}
RATED = 10_000.0
SETPOINT = -10_000.0


class DerControls(RuleBasedStateMachine):
    """SetDERControl, ClearDERControl, time and power cycles against the priority oracle."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.model = DerModel()
        self.numbers = iter(range(10_000))

    def _set(self, request: dict[str, Any], start: str | None) -> None:
        now = self.bench.now
        seconds = {} if start is None else {start: now + self._offset}
        control = control_from(request, now, seconds)
        expected = self.model.expect(control, now)
        answer = self.bench.call("SetDERControl", request)
        assert answer["status"] == "Accepted", (request, answer)
        ids = answer.get("supersededIds", [])
        assert expected.allows(ids), f"{ids} is none of {expected.superseded} after {request}"
        self.model.learn(control, ids, now)

    @rule(kind=KINDS, priority=st.integers(0, 6))
    def set_default(self, kind: ControlType, priority: int) -> None:
        value = {"priority": priority, **VALUES[kind]}
        request = {"isDefault": True, "controlId": f"d{next(self.numbers)}", "controlType": kind.value}
        self._set({**request, FIELDS[kind]: value}, None)

    @rule(kind=KINDS, priority=st.integers(0, 6), start=st.integers(0, 60), duration=st.integers(5, 60))
    def set_scheduled(self, kind: ControlType, priority: int, start: int, duration: int) -> None:
        self._offset = start
        stamp = self.bench.stamp(start)
        value = {"priority": priority, "startTime": stamp, "duration": float(duration), **VALUES[kind]}
        request = {"isDefault": False, "controlId": f"s{next(self.numbers)}", "controlType": kind.value}
        self._set({**request, FIELDS[kind]: value}, stamp)

    @rule(kind=st.one_of(st.none(), KINDS), default=st.booleans())
    def clear(self, kind: ControlType | None, default: bool) -> None:
        request = {"isDefault": default} | ({} if kind is None else {"controlType": kind.value})
        answer = self.bench.call("ClearDERControl", request)
        gone = self.model.clear(default=default, kind=kind, now=self.bench.now)
        # FR.44 clears all there are, be they none.
        assert answer["status"] == ("Accepted" if gone or kind is None else "NotFound")

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.bench.wait(float(seconds))
        self.model.advance(self.bench.now)

    @rule()
    def power_cycle(self) -> None:
        self.bench.power_cycle(1.0)
        self.model.advance(self.bench.now)

    @invariant()
    def reports_what_the_rules_have(self) -> None:
        self.model.advance(self.bench.now)
        self.bench.clear()
        answer = self.bench.call("GetDERControl", {"requestId": 7})
        there = {one.id: one for one in self.model.controls.values()}
        if not there:
            assert answer["status"] == "NotFound"
            return
        assert answer["status"] == "Accepted"
        self.bench.wait(0.0)
        told = {
            one["id"]: one
            for report in self.bench.sent("ReportDERControl")
            for name in ("limitMaxDischarge", "fixedVar")
            for one in report.get(name, ())
        }
        assert set(told) == set(there)
        for name, one in told.items():
            assert one["isDefault"] == there[name].default
            assert one["isSuperseded"] == there[name].superseded, name


TestDerControls = DerControls.TestCase
TestDerControls.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


class ChargingProfiles(RuleBasedStateMachine):
    """SetChargingProfile of several purposes and levels: composite schedule and power against the oracle."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.installed: dict[int, Installed] = {}
        self.numbers = iter(range(1, 10_000))

    @initialize()
    def plug_in(self) -> None:
        self.transaction = self.bench.charge()
        self.began = EPOCH + timedelta(seconds=self.bench.now)

    def _situation(self) -> Situation:
        return Situation(evse=1, transaction=self.transaction, started=self.began, volts=400.0, phases=1)

    @rule(
        purpose=st.sampled_from(["TxProfile", "TxDefaultProfile", "ChargingStationMaxProfile"]),
        level=st.integers(0, 3),
        starts=st.lists(st.integers(1, 90), max_size=2, unique=True),
        # In tenths of a kW: what a schedule rounds is not what is tested here.
        watts=st.lists(st.integers(1, 200), min_size=3, max_size=3),
        duration=st.one_of(st.none(), st.integers(20, 120)),
        delay=st.integers(-30, 30),
    )
    def set_profile(  # noqa: PLR0917 - Hypothesis passes them by name
        self, purpose: str, level: int, starts: list[int], watts: list[int], duration: int | None, delay: int
    ) -> None:
        number = next(self.numbers)
        periods = [
            {"startPeriod": start, "limit": float(100 * power)}
            for start, power in zip([0, *sorted(starts)], watts, strict=False)
        ]
        schedule: dict[str, Any] = {
            "id": number,
            "chargingRateUnit": "W",
            "startSchedule": self.bench.stamp(delay),
            "chargingSchedulePeriod": periods,
        }
        if duration is not None:
            schedule["duration"] = duration
        profile: dict[str, Any] = {
            "id": number,
            "stackLevel": level,
            "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
        }
        if purpose == "TxProfile":
            profile["transactionId"] = self.transaction
        evse = 0 if purpose == "ChargingStationMaxProfile" else 1
        if self.bench.install(profile, evse) != "Accepted":
            # A second profile of one purpose and level whose validity overlaps may be refused (DuplicateProfile).
            taken = [
                one
                for one in self.installed.values()
                if one.purpose.value == purpose and one.profile["stackLevel"] == level
            ]
            assert taken, f"refused without a rival: {profile}"
            return
        # What it replaces (K01.FR.05: the same id, or the same purpose and level) is gone.
        self.installed = {
            key: one
            for key, one in self.installed.items()
            if not (one.purpose.value == purpose and one.profile["stackLevel"] == level and one.evse == evse)
        }
        self.installed[number] = Installed(evse, profile, EPOCH + timedelta(seconds=self.bench.now))

    @rule(data=st.data())
    def clear_one(self, data: st.DataObject) -> None:
        assume(self.installed)
        number = data.draw(st.sampled_from(sorted(self.installed)))
        answer = self.bench.call("ClearChargingProfile", {"chargingProfileId": number})
        assert answer["status"] == "Accepted"
        del self.installed[number]

    @rule(seconds=st.integers(1, 50))
    def wait(self, seconds: int) -> None:
        self.bench.wait(float(seconds))

    @invariant()
    def composite_is_the_oracles(self) -> None:
        begin = EPOCH + timedelta(seconds=self.bench.now)
        request = {"evseId": 1, "duration": 150, "chargingRateUnit": "W"}
        schedule = self.bench.call("GetCompositeSchedule", request)["schedule"]
        end = begin + timedelta(seconds=150)
        marks = [*instants(self.installed.values(), self._situation(), begin, end), end]
        for at in marks[:-1]:
            told = of_schedule(schedule, at, self._situation())
            wanted = demand(self.installed.values(), self._situation(), at).limit
            # Without a profile the rating of the EVSE is the limit, and it caps every other.
            wanted = 22_000.0 if wanted is None else min(wanted, 22_000.0)
            assert told is not None
            assert told.limit == wanted, f"{(at - begin).total_seconds()} s: told {told.limit}, oracle {wanted}"

    @invariant()
    def power_follows(self) -> None:
        wanted = demand(self.installed.values(), self._situation(), EPOCH + timedelta(seconds=self.bench.now)).limit
        wanted = 22_000.0 if wanted is None else min(wanted, 22_000.0)
        assert self.bench.power() == wanted


TestChargingProfiles = ChargingProfiles.TestCase
TestChargingProfiles.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)

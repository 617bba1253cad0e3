"""The composite schedule: stack levels, purposes, units, time."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.references.station.energy_bench import EPOCH, Bench
from v2gready.protocols.ocpp.editions import Edition
from v2gready.references.station.composite import Outlet, Situation, band_at, composite
from v2gready.references.station.config import EvseConfig
from v2gready.references.station.device_model import Variable
from v2gready.references.station.profiles import ProfileStore
from v2gready.references.station.seams import Seams

MAXIMUM = {"chargingProfilePurpose": "ChargingStationMaxProfile", "chargingProfileKind": "Absolute"}


def limits(periods: list[dict[str, Any]]) -> list[tuple[int, float]]:
    return [(period["startPeriod"], period["limit"]) for period in periods]


def test_nothing_is_the_rating() -> None:
    assert Bench().composite() == [{"startPeriod": 0, "limit": 22000.0, "operationMode": "ChargingOnly"}]


def test_higher_stack_leads_where_it_has_a_period() -> None:
    bench = Bench()
    bench.install(bench.profile({"startPeriod": 0, "limit": 9000.0}, id=1))
    upper = bench.profile({"startPeriod": 0, "limit": 5000.0}, id=2, stackLevel=1, duration=600)
    bench.install(upper)
    assert limits(bench.composite()) == [(0, 5000.0), (600, 9000.0)]


def test_lowest_of_the_purposes() -> None:
    bench = Bench()
    bench.install(bench.profile({"startPeriod": 0, "limit": 9000.0}, {"startPeriod": 100, "limit": 3000.0}, id=1))
    bench.install(
        bench.profile({"startPeriod": 0, "limit": 6000.0}, id=2, startSchedule=bench.stamp(-50), **MAXIMUM), 0
    )
    assert limits(bench.composite()) == [(0, 6000.0), (100, 3000.0)]
    transaction = bench.charge()
    assert bench.power() == 6000.0
    assert bench.install(bench.tx(transaction, {"startPeriod": 0, "limit": 2000.0}, id=3)) == "Accepted"
    assert bench.power() == 2000.0


def test_amperes() -> None:
    bench = Bench()
    bench.install(bench.profile({"startPeriod": 0, "limit": 8.1}, unit="A"))
    assert limits(bench.composite(unit="A")) == [(0, 8.1)]
    assert limits(bench.composite()) == [(0, 3240.0)]


def test_amperes_of_ac_are_those_of_each_phase() -> None:
    bench = Bench(evses=(EvseConfig(1, transfers=("AC_three_phase", "AC_BPT"), nominal_voltage=230.0),))
    bench.install(bench.profile({"startPeriod": 0, "limit": 10.0}, unit="A"))
    assert limits(bench.composite()) == [(0, 6900.0)]
    bench.install(bench.profile({"startPeriod": 0, "limit": 10.0, "numberPhases": 1}, unit="A"))
    assert limits(bench.composite()) == [(0, 2300.0)]


def test_recurring_begins_anew() -> None:
    bench = Bench()
    daily = bench.profile(
        {"startPeriod": 0, "limit": 1000.0},
        {"startPeriod": 3600, "limit": 2000.0},
        chargingProfileKind="Recurring",
        recurrencyKind="Daily",
        startSchedule="2026-01-01T11:30:00Z",
        duration=7200,
    )
    bench.install(daily)
    found = limits(bench.composite(duration=86_400 + 3600))
    assert found == [(0, 1000.0), (1800, 2000.0), (5400, 22000.0), (84_600, 1000.0), (88_200, 2000.0)]


def test_validity() -> None:
    bench = Bench()
    bench.install(
        bench.profile({"startPeriod": 0, "limit": 1000.0}, validFrom=bench.stamp(100), validTo=bench.stamp(200))
    )
    assert limits(bench.composite()) == [(0, 22000.0), (100, 1000.0), (200, 22000.0)]
    bench.charge()
    bench.wait(101)
    assert bench.power() == 1000.0
    bench.wait(100)
    assert bench.power() == 22000.0


def test_the_station() -> None:
    bench = Bench()
    assert limits(bench.composite(evse=0)) == [(0, 44000.0)]
    bench.install(bench.profile({"startPeriod": 0, "limit": 30000.0}, id=2, startSchedule=bench.stamp(), **MAXIMUM), 0)
    assert limits(bench.composite(evse=0)) == [(0, 30000.0)]
    bench.charge(1)
    bench.charge(2)
    bench.wait(1)
    assert (bench.power(1), bench.power(2)) == (15000.0, 15000.0)


def test_generation_is_added() -> None:
    bench = Bench()
    bench.install(bench.profile({"startPeriod": 0, "limit": 5000.0}, id=1))
    extra = {"chargingProfilePurpose": "LocalGeneration"}
    bench.install(bench.profile({"startPeriod": 0, "limit": 2000.0}, id=2, **extra), 0)
    assert limits(bench.composite()) == [(0, 7000.0)]


def test_soc_limit() -> None:
    bench = Bench()
    bench.install(bench.profile({"startPeriod": 0, "limit": 9000.0}, limitAtSoC={"soc": 80, "limit": 1500.0}))
    bench.charge(soc=79.9)
    assert bench.power() == 9000.0
    bench.wait(120)
    assert bench.power() == 1500.0


def test_random_delay_spares_the_first_period() -> None:
    bench = Bench()
    periods = [{"startPeriod": 0, "limit": 1000.0}, {"startPeriod": 100, "limit": 2000.0}]
    bench.install(bench.profile(*periods, randomizedDelay=50))
    assert limits(bench.composite()) == [(0, 1000.0), (100, 2000.0)]  # K08.FR.06: no transaction, no delay
    bench.charge()
    found = limits(bench.composite())
    assert found[0] == (0, 1000.0)
    assert 100 < found[1][0] <= 150
    assert limits(bench.composite()) == found


def test_local_time() -> None:
    bench = Bench()
    bench.station.model.define(_offset("+01:00"))
    bench.install(
        bench.profile(
            {"startPeriod": 0, "limit": 1000.0},
            chargingProfileKind="Absolute",
            startSchedule="2026-11-21T13:10:00Z",
            useLocalTime=True,
        )
    )
    assert limits(bench.composite()) == [(0, 22000.0), (600, 1000.0)]


def _offset(value: str) -> Any:
    return Variable("ClockCtrlr", "TimeOffset", value)


def test_edition_201_has_its_own_fields() -> None:
    bench = Bench(edition=Edition.V201)
    assert bench.composite() == [{"startPeriod": 0, "limit": 22000.0}]
    bench.act("external_limit", 4000.0)
    assert bench.composite() == [{"startPeriod": 0, "limit": 4000.0}]
    assert bench.sent("NotifyChargingLimit")


def test_unknown_evse_and_unit() -> None:
    bench = Bench()
    answer = bench.call("GetCompositeSchedule", {"evseId": 5, "duration": 10})
    assert answer["statusInfo"]["reasonCode"] == "UnknownEvse"


BEGIN = EPOCH.timestamp()
periods = st.lists(st.integers(0, 20_000), min_size=1, max_size=4)
offsets = st.integers(0, 500)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), periods, offsets, st.none() | st.integers(1, 400)), max_size=5))
def test_the_composite_is_what_holds_at_each_second(drawn: list[tuple[int, list[int], int, int | None]]) -> None:
    store = ProfileStore()
    for number, (stack, watts, offset, duration) in enumerate(drawn):
        schedule: dict[str, Any] = {
            "id": 1,
            "chargingRateUnit": "W",
            "startSchedule": f"2026-11-21T12:{offset // 60:02}:{offset % 60:02}Z",
            "chargingSchedulePeriod": [{"startPeriod": 50 * at, "limit": one} for at, one in enumerate(watts)],
        }
        if duration is not None:
            schedule["duration"] = duration
        purpose = "TxDefaultProfile" if number % 2 else "ChargingStationMaxProfile"
        profile = {
            "id": number,
            "stackLevel": stack,
            "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
        }
        store.install(profile, 0)
    situation = Situation(BEGIN, Outlet(1, direct=True, volts=400.0, charge=22_000.0, discharge=22_000.0))
    found = composite(store, BEGIN, 700, situation, Seams())
    assert [at for at, _ in found] == sorted({at for at, _ in found})
    for second in range(0, 700, 7):
        said = [band for at, band in found if at <= second][-1]
        assert said.limit == band_at(store, BEGIN + second, situation, Seams()).limit

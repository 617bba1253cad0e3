"""The composite oracle on schedules that can be worked out by hand, and on what must hold of any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.ocpp.composite import Demand, Installed, Situation, demand, instants, of_schedule

T0 = datetime(2026, 1, 1, tzinfo=UTC)
IN_TX = Situation(evse=1, transaction="tx", started=T0, volts=230.0, phases=3)


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def profile(
    purpose: str, *periods: dict[str, Any], level: int = 0, kind: str = "Absolute", unit: str = "W", **more: Any
) -> dict[str, Any]:
    schedule: dict[str, Any] = {"id": 1, "chargingRateUnit": unit, "chargingSchedulePeriod": list(periods)}
    if kind in {"Absolute", "Recurring"}:
        schedule["startSchedule"] = T0.isoformat()
    schedule |= {key: more.pop(key) for key in ("duration",) if key in more}
    if purpose == "TxProfile":
        more.setdefault("transactionId", "tx")
    return {
        "id": 1,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule],
        **more,
    }


def put(*profiles: dict[str, Any], evse: int = 1, updated: datetime = T0) -> list[Installed]:
    return [Installed(evse, one, updated) for one in profiles]


def limit(start: int, watts: float) -> dict[str, Any]:
    return {"startPeriod": start, "limit": watts}


def test_the_lowest_of_the_purposes_counts() -> None:
    there = put(
        profile("ChargingStationMaxProfile", limit(0, 20_000)),
        profile("ChargingStationExternalConstraints", limit(0, 9_000)),
        profile("TxProfile", limit(0, 11_000), limit(60, 5_000)),
    )
    assert demand(there, IN_TX, after(1)).limit == 9_000
    assert demand(there, IN_TX, after(60)).limit == 5_000


def test_the_highest_level_leads_even_if_it_allows_more() -> None:
    there = put(
        profile("TxProfile", limit(0, 3_000), level=0), profile("TxProfile", limit(0, 8_000), level=2, duration=30)
    )
    assert demand(there, IN_TX, after(29)).limit == 8_000
    assert demand(there, IN_TX, after(30)).limit == 3_000


def test_a_default_profile_stands_in_and_another_transaction_is_none_of_ours() -> None:
    there = put(
        profile("TxDefaultProfile", limit(0, 4_000)), profile("TxProfile", limit(0, 9_000), transactionId="other")
    )
    assert demand(there, IN_TX, after(1)).limit == 4_000


def test_priority_charging_goes_before_the_transaction_profile() -> None:
    there = put(profile("PriorityCharging", limit(0, 22_000)), profile("TxProfile", limit(0, 4_000)))
    assert demand(there, IN_TX, after(1)).limit == 4_000
    priority = Situation(evse=1, transaction="tx", started=T0, priority_charging=True)
    assert demand(there, priority, after(1)).limit == 22_000


def test_local_generation_is_added_on_top() -> None:
    there = put(profile("TxProfile", limit(0, 4_000)), profile("LocalGeneration", limit(0, 1_500)))
    assert demand(there, IN_TX, after(1)).limit == 5_500


def test_a_setpoint_is_capped_by_the_composite() -> None:
    there = put(
        profile("TxProfile", {"startPeriod": 0, "setpoint": -8_000, "operationMode": "CentralSetpoint"}),
        profile(
            "ChargingStationExternalConstraints",
            {"startPeriod": 0, "limit": 5_000, "dischargeLimit": -3_000, "operationMode": "ExternalLimits"},
        ),
    )
    assert demand(there, IN_TX, after(1)) == Demand(5_000, -3_000, -3_000, "CentralSetpoint")


def test_a_dynamic_profile_lives_for_its_duration_after_the_last_update() -> None:
    dynamic = profile("TxProfile", {"startPeriod": 0, "setpoint": 5_000}, kind="Dynamic", level=1, duration=60)
    there = [*put(dynamic, updated=after(100)), *put(profile("TxProfile", limit(0, 2_000)))]
    assert demand(there, IN_TX, after(159)).setpoint == 5_000
    assert demand(there, IN_TX, after(160)).setpoint is None


def test_offline_for_too_long() -> None:
    there = put(profile("TxProfile", limit(0, 9_000), maxOfflineDuration=60))
    offline = Situation(evse=1, transaction="tx", started=T0, offline_since=after(0))
    assert demand(there, offline, after(60)).limit == 9_000
    assert demand(there, offline, after(61)).limit is None


def test_recurring_begins_again() -> None:
    daily = profile("TxDefaultProfile", limit(0, 1_000), limit(3600, 2_000), kind="Recurring", recurrencyKind="Daily")
    assert demand(put(daily), IN_TX, after(2 * 86_400 + 10)).limit == 1_000
    assert demand(put(daily), IN_TX, after(2 * 86_400 + 3_600)).limit == 2_000


def test_relative_counts_from_the_transaction() -> None:
    relative = profile("TxProfile", limit(0, 1_000), limit(60, 2_000), kind="Relative")
    late = Situation(evse=1, transaction="tx", started=after(500))
    assert demand(put(relative), late, after(559)).limit == 1_000
    assert demand(put(relative), late, after(560)).limit == 2_000


def test_amperes_become_watts() -> None:
    there = put(profile("TxProfile", {"startPeriod": 0, "limit": 8.1}, unit="A"))
    assert demand(there, IN_TX, after(1)).limit == pytest.approx(8.1 * 230 * 3)
    one_phase = put(profile("TxProfile", {"startPeriod": 0, "limit": 8.1, "numberPhases": 1}, unit="A"))
    assert demand(one_phase, IN_TX, after(1)).limit == pytest.approx(8.1 * 230)


def test_a_schedule_of_a_station_is_read_as_it_stands() -> None:
    schedule = {
        "evseId": 1,
        "duration": 100,
        "scheduleStart": T0.isoformat(),
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [limit(0, 1_000), limit(50, 2_000)],
    }
    assert of_schedule(schedule, after(50), IN_TX) == Demand(2_000)
    assert of_schedule(schedule, after(100), IN_TX) is None
    assert of_schedule(schedule, after(-1), IN_TX) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["TxProfile", "TxDefaultProfile", "ChargingStationMaxProfile"]),
            st.integers(0, 3),
            st.lists(st.integers(1, 200), max_size=3, unique=True),
            st.integers(1, 300),
        ),
        max_size=5,
    )
)
def test_nothing_changes_between_two_instants(plans: list[tuple[str, int, list[int], int]]) -> None:
    there = put(
        *(
            profile(
                purpose,
                *(limit(start, 1_000 + 10 * start) for start in (0, *sorted(starts))),
                level=level,
                duration=duration,
            )
            for purpose, level, starts, duration in plans
        )
    )
    marks = [*instants(there, IN_TX, T0, after(400)), after(400)]
    for begin, end in pairwise(marks):
        middle = begin + (end - begin) / 2
        assert demand(there, IN_TX, begin) == demand(there, IN_TX, middle)
    assert all((one := demand(there, IN_TX, mark)).limit is None or one.limit >= 1_000 for mark in marks), (
        "no purpose says less"
    )

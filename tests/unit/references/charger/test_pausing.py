"""Faults of pauses, of zero power and of the driver's needs: each shows, and only where it should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.references.charger.car import Wire
from v2gready.protocols import sdp
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase, Ratings
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.references.charger.faults import pausing
from v2gready.references.charger.faults.registry import CATALOGUE

DYNAMIC = ControlMode.DYNAMIC
SEARCH = sdp.SdpRequest(sdp.Security.TLS).encode()
Drive = Callable[[Wire], object]


def pause(wire: Wire) -> bytes:
    """Ends the session at hand by a pause; its id."""
    wire.evcc.ending = m.ChargingSession.Pause
    wire.finish()
    return wire.evcc.memory.session_id


def resume(wire: Wire, seconds: float = 60.0) -> None:
    """Pauses, and joins the session again after a while; pre-charge and power come next."""
    old = pause(wire)
    wire.now += seconds
    wire.connect(session_id=old)
    wire.reach(m.SessionSetupReq)
    wire.step()


def at_once(wire: Wire) -> None:
    resume(wire, seconds=1.0)


def twice(wire: Wire) -> None:
    resume(wire)
    resume(wire)


def searched(wire: Wire) -> None:
    assert wire.station.seams.sdp(SEARCH, lambda _: b"here") == b"here"
    pause(wire)
    wire.station.seams.sdp(SEARCH, lambda _: b"here")


def giving(wire: Wire) -> None:
    resume(wire)
    wire.battery.target_power = -5_000.0
    wire.finish()


def renegotiating(wire: Wire) -> None:
    resume(wire)
    wire.evcc.ending = m.ChargingSession.ServiceRenegotiation
    wire.finish()


def still(wire: Wire) -> None:
    """Power, none for ten seconds, power."""
    wire.settle(State.LOOP)
    for watts, seconds in ((5_000.0, 1.0), (0.0, 1.0), (0.0, 10.0), (0.0, 1.0), (5_000.0, 1.0)):
        wire.battery.target_power = watts
        if wire.evcc.phase is Phase.CLOSED:
            return
        wire.evcc.plan = replace(wire.evcc.plan, loops=wire.evcc.memory.loops + 3)
        wire.step()
        wire.now += seconds
        wire.station.advance(wire.now)


def steered_to_nothing(wire: Wire) -> None:
    for watts in (5_000.0, 0.0, 5_000.0):
        wire.station.set_power(watts)


def in_a_hurry(wire: Wire) -> None:
    wire.station.set_power(-6_000.0)
    wire.evcc.plan = replace(wire.evcc.plan, departure=300, ratings=Ratings(minimum_energy=5_000.0))
    wire.finish()


def feeding(wire: Wire) -> None:
    wire.reach(m.AC_ChargeLoopReq)
    wire.battery.power = -5_000.0
    wire.finish()


CASES: dict[str, tuple[Drive, dict[str, Any]]] = {
    "resume-too-soon-refused": (at_once, {}),
    "resume-once-alone": (twice, {}),
    "pause-once-alone": (twice, {}),
    "deaf-after-pause": (searched, {}),
    "resume-without-power": (giving, {}),
    "resume-without-discharge": (giving, {}),
    "resume-forgets-bpt": (giving, {}),
    "resume-without-renegotiation": (renegotiating, {}),
    "zero-power-ends-session": (still, {}),
    "zero-power-latches": (still, {}),
    "departure-needs-ignored": (in_a_hurry, {"control": DYNAMIC}),
    "ac-discharge-opens-contactor": (feeding, {"service": ServiceId.AC_BPT}),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_fault_takes_effect(name: str) -> None:
    drive, settings = CASES[name]
    wire = Wire(faults=(name,), **settings)
    drive(wire)
    assert wire.effects
    assert {one.fault for one in wire.effects} == {name}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_session_in_good_order_does_not_show_it(name: str) -> None:
    wire = Wire(ServiceId.DC, faults=(name,))
    wire.finish()
    assert wire.effects == []


def test_every_fault_of_the_area_is_here() -> None:
    own = {name for name, kind in CATALOGUE.items() if kind.__module__ == pausing.__name__}
    assert own == set(CASES)


def test_a_steered_power_latches_too() -> None:
    wire = Wire(control=DYNAMIC, faults=("zero-power-latches",))
    steered_to_nothing(wire)
    assert wire.station.target == 0.0
    assert wire.effects


def test_a_resume_too_soon_is_one_of_five_seconds() -> None:
    wire = Wire(faults=("resume-too-soon-refused",))
    resume(wire, seconds=6.0)
    assert wire.effects == []


@pytest.mark.parametrize(
    ("seconds", "missing", "gives"), [(7_200, 5_000.0, True), (300, 5_000.0, False), (300, 0.0, True)]
)
def test_no_discharging_that_the_departure_forbids(seconds: int, missing: float, gives: bool) -> None:
    wire = Wire(control=DYNAMIC)
    wire.station.set_power(-6_000.0)
    wire.evcc.plan = replace(wire.evcc.plan, departure=seconds, ratings=Ratings(minimum_energy=missing))
    wire.settle(State.LOOP)
    wire.now += 2.0
    wire.station.advance(wire.now)
    response = wire.step()
    assert (float(response.EVSEPresentCurrent) < -1.0) == gives


def test_the_rule_can_be_switched_off() -> None:
    wire = Wire(control=DYNAMIC, honour_departure=False)
    in_a_hurry(wire)
    assert min(value for channel, value, _ in wire.samples if channel == "dc.current") < -1.0

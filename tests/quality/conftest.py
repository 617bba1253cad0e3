"""The embedded benches for the proof of the cases, with one PKI for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from v2gready.engine.benches import BenchSetup, EmbeddedBench
from v2gready.engine.catalogue import Catalogue, load_catalogue
from v2gready.engine.ev_benches import EvEmbeddedBench
from v2gready.engine.execution import VIRTUAL_TIMING_UNCERTAINTY, Surroundings, execute
from v2gready.engine.grid_benches import EmbeddedGridBench
from v2gready.engine.preflight import Ready, embedded_dut, prepare
from v2gready.model.case import TestCase
from v2gready.model.pics import Condition
from v2gready.model.run import CaseRecord
from v2gready.model.trace import Trace
from v2gready.protocols.iso15118.secc import SecurityPolicy
from v2gready.protocols.sdp import Security
from v2gready.references.charger import Effect

CATALOGUE: Catalogue = load_catalogue()


@dataclass(frozen=True)
class Proof:
    """A case run against a reference device."""

    record: CaseRecord
    trace: Trace
    effects: tuple[Effect, ...]


def at_the_car(case: type[TestCase[Any]], faults: tuple[str, ...], effects: list[Effect]) -> tuple[Ready, BenchSetup]:
    """The reference charger; a case for rigs without TLS, or for chargers without Plug & Charge, on such a one."""
    charger = ready_for("charger")
    assert charger.settings is not None
    without_pnc = {**charger.dut.pics, "pnc": False, "certificate_installation": False}
    if not Condition(case.pics).holds(charger.dut.pics) and Condition(case.pics).holds(without_pnc):
        charger = replace(charger, dut=replace(charger.dut, pics=without_pnc))
    elif not Condition(case.pics).holds(charger.dut.pics):
        charger = replace(
            charger,
            dut=replace(charger.dut, pics={**charger.dut.pics, "tls": False, "plain_tcp": True}),
            settings=replace(charger.settings, security=Security.NONE),
        )
    assert charger.settings is not None
    return charger, EmbeddedBench(charger.dut, charger.settings, charger.secc, faults, effects)


def at_the_charger(case: type[TestCase[Any]], faults: tuple[str, ...], effects: list[Any]) -> tuple[Ready, BenchSetup]:
    """The reference car; a case for rigs without TLS, or for what it does not declare, with such a one."""
    car = ready_for("ev")
    assert car.charging is not None
    if not Condition(case.pics).holds(car.dut.pics):
        pics = {**car.dut.pics, "tls": False, "plain_tcp": True}
        charging = replace(car.charging, security=SecurityPolicy.NONE)
        car = replace(car, dut=replace(car.dut, pics=pics), charging=charging)
    assert car.charging is not None
    return car, EvEmbeddedBench(car.dut, car.charging, car.car, faults, effects)


def at_the_grid(case: type[TestCase[Any]], faults: tuple[str, ...], effects: list[Effect]) -> tuple[Ready, BenchSetup]:
    """The reference inverter as the charger's or the car's."""
    device = ready_for(case.role)
    if not Condition(case.pics).holds(device.dut.pics):
        device = replace(device, dut=replace(device.dut, pics={**device.dut.pics, "discharge": False}))
    assert device.grid is not None
    return device, EmbeddedGridBench(device.dut, device.grid, faults, effects)


@cache
def ready_for(role: str) -> Ready:
    return prepare(embedded_dut(role))


@cache
def backend() -> Any:
    """One PKI between stations and CSMS for all proofs."""
    from v2gready.engine.ocpp_benches import Backend  # noqa: PLC0415 - the extra "ocpp"

    return Backend()


def at_the_csms(case: type[TestCase[Any]], faults: tuple[str, ...], effects: list[Any]) -> tuple[Ready, BenchSetup]:
    """The reference charging station."""
    from v2gready.engine.ocpp_benches import EmbeddedStationBench  # noqa: PLC0415 - as above

    device = ready_for(case.role)
    assert device.ocpp is not None
    return device, EmbeddedStationBench(device.dut, device.ocpp, faults, effects, backend())


def at_the_stations(case: type[TestCase[Any]], faults: tuple[str, ...], effects: list[Any]) -> tuple[Ready, BenchSetup]:
    """The reference CSMS."""
    from v2gready.engine.ocpp_benches import EmbeddedCsmsBench  # noqa: PLC0415 - as above

    device = ready_for(case.role)
    assert device.ocpp is not None
    return device, EmbeddedCsmsBench(device.dut, device.ocpp, faults, effects, backend())


BENCHES = {
    "ev": at_the_car,
    "charger": at_the_charger,
    "grid": at_the_grid,
    "csms": at_the_csms,
    "station": at_the_stations,
}


@pytest.fixture(scope="session")
def prove() -> Callable[..., Proof]:
    """Runs a case against the reference device of its role with the faults named."""

    def run(case: type[TestCase[Any]], *faults: str) -> Proof:
        effects: list[Effect] = []
        ready, setup = BENCHES[case.neighbour](case, faults, effects)
        surroundings = Surroundings(
            CATALOGUE.registry,
            CATALOGUE.invariants,
            ready.dut.declared,
            seed=1,
            timing_uncertainty=VIRTUAL_TIMING_UNCERTAINTY,
        )
        record, trace = execute(case(), setup, surroundings)
        return Proof(record, trace, tuple(effects))

    return run

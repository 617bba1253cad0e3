"""The car with AC_DER_IEC (Amendment 1): good sessions, and each fault of its area shows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.references.ev.rig import Rig, rig, virtually
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import ChargerConfig
from v2gready.protocols.iso15118.secc.der import DerSettings
from v2gready.protocols.iso15118.services import ControlMode, DerControlFunctions, ServiceId
from v2gready.references.ev import Effect
from v2gready.references.ev.faults import der
from v2gready.references.ev.faults.registry import CATALOGUE

DER = ServiceId.AC_DER_IEC
OWN = sorted(name for name, kind in CATALOGUE.items() if kind.__module__ == der.__name__)
SETPOINT = m.DSOQSetpoint(
    DSOQSetpointValue=m.RationalNumber.of(2_000),
    PT1ResponseReactivePower=False,
    StepResponseTimeConstantReactivePower=m.RationalNumber.of(0),
)


def asking(response: Any) -> Any:
    """The grid operator asks for reactive power, negotiated or not."""
    return replace(response, CLResControlMode=replace(response.CLResControlMode, DSOQSetpoint=SETPOINT))


def impossible(response: Any) -> Any:
    """Every parameter set wants a function that nobody has defined."""
    sets = tuple(
        replace(
            one,
            Parameter=tuple(
                replace(value, intValue=(value.intValue or 0) | 1 << 15)
                if value.Name == "DERControlFunctions"
                else value
                for value in one.Parameter
            ),
        )
        for one in response.ServiceParameterList.ParameterSet
    )
    return replace(response, ServiceParameterList=m.ServiceParameterList(ParameterSet=sets))


async def session(one: Rig, *, unknown: bool) -> None:
    """A while in the loop, with a setpoint."""
    if unknown:
        one.script.alter(m.ServiceDetailRes, impossible)
    one.script.alter(m.AC_ChargeLoopRes, asking)
    one.ev.plug_in()
    await asyncio.sleep(10)


def run(*faults: str, functions: DerControlFunctions, unknown: bool = False) -> tuple[list[Effect], list[Any]]:
    """Effects, and what the car has sent."""

    async def main() -> tuple[list[Effect], list[Any]]:
        charger = ChargerConfig(services=(DER,), der=DerSettings(bitmaps=(functions,)))
        async with rig(*faults, charger=charger, services=(DER,), controls=(ControlMode.DYNAMIC,), loops=20) as one:
            await session(one, unknown=unknown)
            return list(one.ev.effects), [request for _, request in one.script.requests]

    return virtually(main)


PLAIN = DerControlFunctions.VOLT_WATT
NEGOTIATED = PLAIN | DerControlFunctions.DSO_Q_SETPOINT


def reactive(requests: list[Any]) -> list[float]:
    """EVPresentReactivePower of the loops, the first ones left out."""
    loops = [one for one in requests if isinstance(one, m.AC_ChargeLoopReq)]
    return [float(one.CLReqControlMode.EVPresentReactivePower) for one in loops[3:]]


@pytest.mark.parametrize("name", OWN)
def test_a_fault_takes_effect(name: str) -> None:
    functions = NEGOTIATED if name == "der-setpoint-ignored" else PLAIN
    effects, _ = run(name, functions=functions, unknown=name == "der-functions-unchecked")
    assert effects
    assert {one.fault for one in effects} == {name}


def test_a_negotiated_setpoint_is_followed() -> None:
    _, requests = run(functions=NEGOTIATED)
    assert set(reactive(requests)) == {2_000.0}


def test_a_setpoint_that_was_not_negotiated_is_ignored() -> None:
    _, requests = run(functions=PLAIN)
    assert set(reactive(requests)) == {0.0}


def test_a_set_with_an_unknown_function_is_not_taken() -> None:
    _, requests = run(functions=PLAIN, unknown=True)
    assert not [one for one in requests if isinstance(one, m.ServiceSelectionReq)]
    assert isinstance(requests[-1], m.SessionStopReq)


def test_discharge_limits_are_not_positive() -> None:
    _, requests = run(functions=PLAIN)
    modes = [one.EnergyTransferMode for one in requests if isinstance(one, m.AC_ChargeParameterDiscoveryReq)]
    modes += [one.CLReqControlMode for one in requests if isinstance(one, m.AC_ChargeLoopReq)]
    told = [float(one.EVMaximumDischargePower) for one in modes]
    assert min(told) < 0
    assert max(told) <= 0

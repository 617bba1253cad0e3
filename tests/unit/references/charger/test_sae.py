"""AC_DER_SAE: charger and car against each other; who declares, enables and acknowledges what (reference 3.6)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.references.charger.car import Wire, code, rn
from tests.unit.references.charger.rig import encoded, exchange, rig, virtually
from v2gready.authoring import sae
from v2gready.protocols.exi import violations
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.messages import der_sae
from v2gready.protocols.iso15118.sae_modes import enabled_modes
from v2gready.protocols.iso15118.secc.config import AC_CHARGER
from v2gready.protocols.iso15118.secc.sae import for_car, sae_settings, unchanged
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.services import (
    ALL_SAE_MODES,
    BASE_SERVICES,
    INHERENT_SAE_MODES,
    ControlMode,
    SaeModes,
    ServiceId,
)
from v2gready.protocols.v2gtp import PayloadType

CODE = sae_settings().control
BITMAPS = st.integers(0, 2**32 - 1).map(lambda bits: SaeModes(bits & ALL_SAE_MODES))
CONTROLS = BITMAPS.map(lambda modes: for_car(everything(), modes))


def enabled(group: Any) -> Any:
    """A group with each of its functions enabled."""
    return replace(group, **{one.name: replace(getattr(group, one.name), Enable=True) for one in fields(group)})


def everything() -> der_sae.DERControlCPDRes:
    """The grid code with every function enabled that it tells of."""
    return replace(
        CODE,
        ReactivePowerSupportCPDRes=enabled(CODE.ReactivePowerSupportCPDRes),
        ActivePowerSupportCPDRes=enabled(CODE.ActivePowerSupportCPDRes),
    )


def sae_wire(control: ControlMode = ControlMode.DYNAMIC, **changes: Any) -> Wire:
    config = replace(AC_CHARGER, services=(ServiceId.AC, ServiceId.AC_DER_SAE))
    return Wire(ServiceId.AC_DER_SAE, control, config=config, **changes)


@given(BITMAPS)
def test_nothing_is_enabled_that_was_not_declared(modes: SaeModes) -> None:
    told = for_car(everything(), modes)
    assert enabled_modes(told) == enabled_modes(everything()) & modes
    assert list(violations(told)) == []


@given(CONTROLS, BITMAPS)
def test_judge_and_sides_of_the_session_read_the_same(control: der_sae.DERControlCPDRes, before: SaeModes) -> None:
    """Two tables, written down apart."""
    assert sae.enabled(control) == enabled_modes(control)
    changed = der_sae.DERControlCLRes(
        EnterServiceCLRes=der_sae.EnterServiceCLRes(PermitService=True), VoltageTrip=control.VoltageTrip
    )
    assert sae.enabled(changed, before) == enabled_modes(changed, before)


@given(BITMAPS)
def test_what_has_not_changed_stays_enabled(modes: SaeModes) -> None:
    told = for_car(everything(), modes)
    assert enabled_modes(unchanged(told), enabled_modes(told)) == enabled_modes(told)


@pytest.mark.parametrize("excitation", der_sae.Excitation)
def test_the_excitation_says_which_power_factor_is_meant(excitation: der_sae.Excitation) -> None:
    reactive = everything().ReactivePowerSupportCPDRes
    factor = replace(reactive.ConstantPowerFactor, PowerFactorExcitation=excitation)
    control = replace(everything(), ReactivePowerSupportCPDRes=replace(reactive, ConstantPowerFactor=factor))
    over = excitation is der_sae.Excitation.OverExcited
    wanted = SaeModes.CONSTANT_POWER_FACTOR_OVER_EXCITED if over else SaeModes.CONSTANT_POWER_FACTOR_UNDER_EXCITED
    both = SaeModes.CONSTANT_POWER_FACTOR_OVER_EXCITED | SaeModes.CONSTANT_POWER_FACTOR_UNDER_EXCITED
    assert enabled_modes(control, both) & both == wanted


@pytest.mark.parametrize("control", list(ControlMode))
def test_the_car_acknowledges_what_the_charger_enabled(control: ControlMode) -> None:
    wire = sae_wire(control)
    few = INHERENT_SAE_MODES | SaeModes.VOLT_VAR | SaeModes.LOW_VOLTAGE_MUST_TRIP | SaeModes.WATT_VAR
    wire.connect(sae_modes=few)
    wire.settle(State.LOOP)
    mode: Any = wire.build(m.AC_ChargeLoopReq).CLReqControlMode
    assert SaeModes(mode.EnabledModes) == SaeModes.VOLT_VAR | SaeModes.LOW_VOLTAGE_MUST_TRIP
    assert {code(one) for one in wire.finish()} == {"OK"}


def test_the_loop_tells_no_more_than_permit_service() -> None:
    for response in sae_wire().finish():
        if isinstance(response, m.AC_ChargeLoopRes):
            mode: Any = response.CLResControlMode
            assert mode.DERControlCLRes == unchanged(CODE)
            assert (mode.RequiredDEROperatingMode, mode.GridConnectionMode) == (None, None)


@pytest.mark.parametrize(("signed", "sign"), [(True, -1), (False, 1)])
def test_the_sign_of_limits_is_a_switch(signed: bool, sign: int) -> None:
    wire = sae_wire(sae=replace(sae_settings(), signed_limits=signed))
    wire.settle(State.SELECTED)
    mode: Any = wire.step().EnergyTransferMode
    assert sign * float(mode.EVSEMaximumDischargePower) > 0
    assert sign * float(mode.EVSEReactivePowerLimits.EVSEMaximumVarInjectionDuringCharging) > 0
    assert float(mode.EVSEReactivePowerLimits.EVSEMaximumVarAbsorptionDuringDischarging) > 0
    assert bool(sae.wrong_signs(mode)) is not signed


@pytest.mark.parametrize("control", list(ControlMode))
@pytest.mark.parametrize("kind", [m.AC_ChargeParameterDiscoveryReq, m.AC_ChargeLoopReq])
def test_refusals_are_in_kind(control: ControlMode, kind: type) -> None:
    wire = sae_wire(control)
    wire.settle(State.ESTABLISHED)
    response = wire.answer(wire.build(kind))
    assert code(response) == "FAILED_SequenceError"
    assert type(response).__module__ == der_sae.__name__
    assert list(codec.violations(response)) == []


def test_parameters_of_plain_ac_are_refused_in_kind() -> None:
    wire = sae_wire()
    wire.reach(m.AC_ChargeParameterDiscoveryReq)
    plain = m.AC_CPDReqEnergyTransferMode(EVMaximumChargePower=rn(11_000), EVMinimumChargePower=rn(0))
    response = wire.step(lambda one: replace(one, EnergyTransferMode=plain))
    assert code(response) == "FAILED_WrongChargeParameter"
    assert isinstance(response.EnergyTransferMode, m.AC_CPDResEnergyTransferMode)


@pytest.mark.parametrize("control", list(ControlMode))
def test_a_loop_of_plain_ac_is_refused(control: ControlMode) -> None:
    wire = sae_wire(control)
    wire.settle(State.LOOP)
    plain = Wire(ServiceId.AC, control).build(m.AC_ChargeLoopReq).CLReqControlMode
    response = wire.answer(replace(wire.build(m.AC_ChargeLoopReq), CLReqControlMode=plain))
    assert type(response) is der_sae.AC_ChargeLoopRes
    assert code(response) == "FAILED"


def test_the_car_may_ask_again_while_it_evaluates() -> None:
    wire = sae_wire()
    wire.connect(der_rounds=3)
    asked = [one for one in wire.finish() if isinstance(one, m.AC_ChargeParameterDiscoveryRes)]
    assert [code(one) for one in asked] == ["OK"] * 4
    done = [one.EnergyTransferMode.EVSEProcessing for one in asked]  # type: ignore[union-attr] # a mode of the service
    assert done == [m.Processing.Ongoing] * 3 + [m.Processing.Finished]


def test_sae_under_the_payload_type_of_ac_is_understood_and_answered_there() -> None:
    """Its own payload type is (unconfirmed): the grammar goes by the namespace."""

    async def main() -> None:
        evcc = sae_wire().evcc
        async with rig(services=(*BASE_SERVICES, ServiceId.AC_DER_SAE)) as bench:
            stream = await bench.dial()
            while evcc.next_type is not m.ScheduleExchangeReq:
                request = evcc.next_request(0.0)
                evcc.sent(request, 0.0)
                payload_type, payload = encoded(request)
                if payload_type == PayloadType.AC_DER_SAE:
                    payload_type = PayloadType.AC
                frame = await exchange(stream, payload_type, payload)
                assert frame is not None
                assert frame.payload_type == payload_type
                found = codec.energy_set(codec.MessageSet.AC_DER_SAE.urn, payload_type)
                known = next(one for one in codec.MessageSet if one.payload_type == payload_type)
                evcc.receive(codec.decode(found or known, frame.payload), 0.0)
            assert evcc.memory.sae_enabled

    virtually(main)

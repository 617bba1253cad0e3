"""Parameters, schedules, the power train."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.unit.references.ev.rig import Rig
from tests.unit.references.ev.scenarios.registry import (
    DYNAMIC,
    SCHEDULED,
    bent,
    code,
    plugged_in_for,
    shows,
    visit,
)
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.services import BptChannel, ServiceId
from v2gready.references.ev import BatteryData

# Parameters, schedules


def energy_mode(**changes: float) -> Callable[[Any], Any]:
    numbers = {name: m.RationalNumber.of(value) for name, value in changes.items()}
    return lambda res: replace(res, EnergyTransferMode=replace(res.EnergyTransferMode, **numbers))


def without_bpt(response: Any) -> Any:
    mode, base = response.EnergyTransferMode, m.DC_CPDResEnergyTransferMode
    plain: Any = {name: getattr(mode, name) for name in base.__dataclass_fields__}
    return replace(response, EnergyTransferMode=base(**plain))


_CPD = m.DC_ChargeParameterDiscoveryRes
shows("cpd-mode-not-in-kind-accepted", services=(ServiceId.DC_BPT,))(bent(_CPD, without_bpt))
shows("cpd-implausible-limits-accepted")(bent(_CPD, energy_mode(EVSEMinimumChargePower=90_000)))
shows("cpd-voltage-window-ignored")(bent(_CPD, energy_mode(EVSEMaximumVoltage=250)))
shows("schedule-ongoing-as-finished", shapes={"schedule_ongoing": 5})(visit)
shows("schedule-mode-not-in-kind-accepted")(
    bent(m.ScheduleExchangeRes, lambda res: replace(res, SEResControlMode=m.Dynamic_SEResControlMode()))
)


def renumbered(response: Any) -> Any:
    tuples = tuple(
        replace(one, ScheduleTupleID=one.ScheduleTupleID + 40) for one in response.SEResControlMode.ScheduleTuple
    )
    return replace(response, SEResControlMode=replace(response.SEResControlMode, ScheduleTuple=tuples))


shows("schedule-tuple-always-one")(bent(m.ScheduleExchangeRes, renumbered))


# DC

shows("cable-check-failed-ignored")(bent(m.DC_CableCheckRes, code(m.ResponseCode.FAILED)))
shows("overvoltage-ignored")(
    bent(m.DC_ChargeLoopRes, lambda res: replace(res, EVSEPresentVoltage=m.RationalNumber.of(600)))
)


@shows("overpower-ignored", loops=None)
async def _much(one: Rig) -> None:
    much = m.RationalNumber.of(200)
    one.script.alter(m.DC_ChargeLoopRes, lambda res: replace(res, EVSEPresentCurrent=much))
    await plugged_in_for(one, 20)


@shows("welding-detection-endless")
async def _welded(one: Rig) -> None:
    await plugged_in_for(one, 20)


def other_mode(response: Any) -> Any:
    power = m.RationalNumber.of(1)
    limits: Any = dict.fromkeys(("EVSEMaximumChargePower", "EVSEMinimumChargePower", "EVSEMaximumChargeCurrent"), power)
    mode = m.Dynamic_DC_CLResControlMode(**limits, EVSEMaximumVoltage=m.RationalNumber.of(900))
    return replace(response, CLResControlMode=mode)


shows("loop-mode-not-in-kind-accepted", controls=SCHEDULED)(bent(m.DC_ChargeLoopRes, other_mode))


# Power

_STEERED = {"services": (ServiceId.AC_BPT,), "controls": DYNAMIC, "loops": None}


@shows(
    "ac-target-ignored ac-target-not-limited ac-target-sign-ignored ac-target-first-phase-alone ac-target-slowly "
    "ac-present-power-magnitude bpt-never-discharges bpt-sign-inverted",
    **_STEERED,
)
async def _steered(one: Rig) -> None:
    mode_of: Any = None

    def far(response: Any) -> Any:
        nonlocal mode_of
        mode_of = response.CLResControlMode
        watts = m.RationalNumber.of(-20_000)
        return replace(response, CLResControlMode=replace(mode_of, EVSETargetActivePower=watts))

    one.ev.plug_in()
    for target in (5_000, -3_000):
        one.charger.set_power(target)
        await asyncio.sleep(6)
    one.script.alter(m.AC_ChargeLoopRes, far)
    await asyncio.sleep(6)


@shows("bpt-target-current-magnitude", loops=None)
async def _discharging(one: Rig) -> None:
    one.ev.set_power(-3_000)
    await plugged_in_for(one, 15)


@shows("bpt-discharges-without-bpt", services=(ServiceId.AC,), loops=None)
async def _driver_discharges(one: Rig) -> None:
    one.ev.set_power(-3_000)
    await plugged_in_for(one, 15)


_LOW = {"battery": BatteryData(soc=0.25, capacity=2_000), "minimum_soc": 10, "v2x_minimum_soc": 30}


@shows(
    "v2x-band-ignored bpt-full-limits-when-empty", services=(ServiceId.DC_BPT,), controls=DYNAMIC, loops=None, **_LOW
)
async def _below_the_band(one: Rig) -> None:
    one.charger.set_power(-5_000)
    await plugged_in_for(one, 10)


@shows("bpt-reserve-ignored", services=(ServiceId.AC_BPT,), controls=DYNAMIC, loops=None, battery=_LOW["battery"])
async def _reserve(one: Rig) -> None:
    one.charger.set_power(-5_000)
    await plugged_in_for(one, 10)


_MOVING = {"battery": BatteryData(soc=0.5, capacity=500), "services": (ServiceId.DC_BPT,), "loops": None}


@shows("present-soc-frozen energy-requests-frozen v2x-energy-frozen departure-frozen", controls=DYNAMIC, **_MOVING)
async def _moving(one: Rig) -> None:
    await plugged_in_for(one, 30)


@shows("target-soc-ignored", controls=SCHEDULED, **_MOVING)
async def _full(one: Rig) -> None:
    await plugged_in_for(one, 200)


@shows("departure-ignored", loops=None, departure=20)
async def _departs(one: Rig) -> None:
    await plugged_in_for(one, 40)


@shows("bpt-channel-missing bpt-channel-wrong", shapes={"bpt_channel": BptChannel.SEPARATED})
async def _separated(one: Rig) -> None:
    await one.visit()

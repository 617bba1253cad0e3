"""What the requests of this car hold beyond those of the EVCC core: its needs, its profile, its battery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.references.ev.turn import Turn

_rn = m.RationalNumber.of
SAFE_VOLTAGE: Final = 60.0
"""An inlet below this may be touched (IEC 61851-23): the contactors of the EVSE have opened."""


def complete(request: Any, turn: Turn) -> Any:
    """The request as this car sends it."""
    fill = next((_FILLERS[kind] for kind in type(request).__mro__ if kind in _FILLERS), None)
    return request if fill is None else fill(request, turn)


def _dc_parameters(request: m.DC_ChargeParameterDiscoveryReq, turn: Turn) -> Any:
    mode = replace(request.EnergyTransferMode, TargetSOC=turn.car.needs.target_soc)
    return replace(request, EnergyTransferMode=mode)


def _schedule(request: m.ScheduleExchangeReq, turn: Turn) -> Any:
    mode = request.SEReqControlMode
    if not isinstance(mode, m.Dynamic_SEReqControlMode):
        return request
    needs = turn.car.needs
    mode = replace(mode, MinimumSOC=needs.minimum_soc, TargetSOC=needs.target_soc)  # both or neither [V2G20-2681]
    return replace(request, SEReqControlMode=mode)


def _power_delivery(request: m.PowerDeliveryReq, turn: Turn) -> Any:
    if turn.phase is not Phase.POWER_DELIVERY_START:
        return request
    if turn.progress.to_standby:
        return replace(request, ChargeProgress=m.ChargeProgress.Standby, EVPowerProfile=None, BPT_ChannelSelection=None)
    if request.EVPowerProfile is None or not turn.progress.profile:
        return request
    entries = tuple(
        m.PowerScheduleEntry(Duration=seconds, Power=_rn(round(watts))) for seconds, watts in turn.progress.profile
    )
    profile = replace(
        request.EVPowerProfile, EVPowerProfileEntries=m.EVPowerProfileEntryList(EVPowerProfileEntry=entries)
    )
    return replace(request, EVPowerProfile=profile)


def _loop(request: m.AC_ChargeLoopReq | m.DC_ChargeLoopReq, turn: Turn) -> Any:
    car = turn.car
    display = m.DisplayParameters(
        PresentSOC=round(car.battery.soc),
        MinimumSOC=car.needs.minimum_soc,
        TargetSOC=car.needs.target_soc,
        MaximumSOC=100,
        ChargingComplete=car.battery.soc >= car.needs.target_soc,
        BatteryEnergyCapacity=_rn(car.battery.capacity),
    )
    return replace(request, DisplayParameters=display)


def _welding(request: m.DC_WeldingDetectionReq, turn: Turn) -> Any:
    done = m.Processing.Finished if turn.progress.welding_done else m.Processing.Ongoing
    return replace(request, EVProcessing=done)


_FILLERS: Final[Mapping[type, Callable[[Any, Turn], Any]]] = {
    m.DC_ChargeParameterDiscoveryReq: _dc_parameters,
    m.ScheduleExchangeReq: _schedule,
    m.PowerDeliveryReq: _power_delivery,
    m.AC_ChargeLoopReq: _loop,
    m.DC_ChargeLoopReq: _loop,
    m.DC_WeldingDetectionReq: _welding,
}

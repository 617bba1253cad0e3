"""ChargeParameterDiscovery: whether car and charger fit, and the limits of both (reference 3.4, 3.5, 4.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import ChargerConfig, DcRatings
from v2gready.protocols.iso15118.secc.quantities import rational, spread, total
from v2gready.protocols.iso15118.secc.session import CarLimits
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Answer, Check, Turn

# No car on any road comes near these (MCS ends at 3.75 MW, 3 kA, 1.25 kV): a value above is a defect.
_PLAUSIBLE_POWER: Final = 10e6
_PLAUSIBLE_CURRENT: Final = 10e3
_PLAUSIBLE_VOLTAGE: Final = 5e3

_CODE: Final = m.ResponseCode.FAILED_WrongChargeParameter


def signed_discharge(config: ChargerConfig, value: float) -> m.RationalNumber:
    """A discharge limit with the sign of the profile in force (reference 3.6)."""
    return rational(-value if config.signed_discharge_limits else value)


def dc_parameters(turn: Turn) -> Answer:
    """Checks the limits of a DC car and tells those of the charger."""
    request: m.DC_ChargeParameterDiscoveryReq = turn.request
    mode = request.EnergyTransferMode
    check_mode(turn, bidirectional=isinstance(mode, m.BPT_DC_CPDReqEnergyTransferMode))
    powers = [(float(mode.EVMinimumChargePower), float(mode.EVMaximumChargePower))]
    currents = [(float(mode.EVMinimumChargeCurrent), float(mode.EVMaximumChargeCurrent))]
    voltage = (float(mode.EVMinimumVoltage), float(mode.EVMaximumVoltage))
    if isinstance(mode, m.BPT_DC_CPDReqEnergyTransferMode):
        # Either sign: ISO 15118-20:2022 and its Amendment 1 disagree (reference 3.6).
        powers.append((abs(float(mode.EVMinimumDischargePower)), abs(float(mode.EVMaximumDischargePower))))
        currents.append((abs(float(mode.EVMinimumDischargeCurrent)), abs(float(mode.EVMaximumDischargeCurrent))))
    _check_ranges(turn, (*powers, *currents, voltage))
    plausible = (
        _all_within(powers, _PLAUSIBLE_POWER)
        and _all_within(currents, _PLAUSIBLE_CURRENT)
        and _all_within([voltage], _PLAUSIBLE_VOLTAGE)
        and voltage[1] > 0
    )
    turn.refuse_if(Check.PLAUSIBLE, not plausible, _CODE)
    ratings = turn.config.dc_ratings(turn.session.offer.service)
    apart = voltage[1] < ratings.minimum_voltage or voltage[0] > ratings.maximum_voltage
    turn.refuse_if(Check.VOLTAGE_WINDOW, apart, _CODE)
    turn.session.car = CarLimits(
        maximum_charge_power=powers[0][1],
        maximum_charge_current=currents[0][1],
        maximum_discharge_power=powers[-1][1] if len(powers) > 1 else 0.0,
        maximum_discharge_current=currents[-1][1] if len(currents) > 1 else 0.0,
        maximum_voltage=voltage[1],
        minimum_voltage=voltage[0],
    )
    response = m.DC_ChargeParameterDiscoveryRes(
        Header=turn.header, ResponseCode=m.ResponseCode.OK, EnergyTransferMode=_dc_limits(turn.config, ratings, mode)
    )
    return Answer(response, State.PARAMETERS_KNOWN)


def _dc_limits(
    config: ChargerConfig, ratings: DcRatings, request: m.DC_CPDReqEnergyTransferMode
) -> m.DC_CPDResEnergyTransferMode:
    """The ratings, in kind [V2G20-1600]."""
    limits = {
        "EVSEMaximumChargePower": rational(ratings.maximum_charge_power),
        "EVSEMinimumChargePower": rational(ratings.minimum_charge_power),
        "EVSEMaximumChargeCurrent": rational(ratings.maximum_charge_current),
        "EVSEMinimumChargeCurrent": rational(ratings.minimum_charge_current),
        "EVSEMaximumVoltage": rational(ratings.maximum_voltage),
        "EVSEMinimumVoltage": rational(ratings.minimum_voltage),
    }
    if not isinstance(request, m.BPT_DC_CPDReqEnergyTransferMode):
        return m.DC_CPDResEnergyTransferMode(**limits)
    return m.BPT_DC_CPDResEnergyTransferMode(
        **limits,
        EVSEMaximumDischargePower=signed_discharge(config, ratings.maximum_discharge_power),
        EVSEMinimumDischargePower=signed_discharge(config, ratings.minimum_discharge_power),
        EVSEMaximumDischargeCurrent=signed_discharge(config, ratings.maximum_discharge_current),
        EVSEMinimumDischargeCurrent=signed_discharge(config, ratings.minimum_discharge_current),
    )


def ac_parameters(turn: Turn) -> Answer:
    """Checks the limits of an AC car and tells those of the charger."""
    request: m.AC_ChargeParameterDiscoveryReq = turn.request
    mode = request.EnergyTransferMode
    bidirectional = isinstance(mode, m.BPT_AC_CPDReqEnergyTransferMode)
    check_mode(turn, bidirectional=bidirectional)
    turn.session.car = ac_car(turn, mode, bidirectional=bidirectional)
    response = m.AC_ChargeParameterDiscoveryRes(
        Header=turn.header,
        ResponseCode=m.ResponseCode.OK,
        EnergyTransferMode=ac_limits(turn.config, turn.station.ac.power, bidirectional=bidirectional),
    )
    return Answer(response, State.PARAMETERS_KNOWN)


def ac_car(turn: Turn, mode: m.AC_CPDReqEnergyTransferMode, *, bidirectional: bool) -> CarLimits:
    """Checks the powers of an AC car and gives its limits.

    Raises:
        Refusal: They contradict each other, or no car can have them.
    """
    powers = [(total(mode, "EVMinimumChargePower") or 0.0, total(mode, "EVMaximumChargePower") or 0.0)]
    if bidirectional:
        discharge = (total(mode, "EVMinimumDischargePower") or 0.0, total(mode, "EVMaximumDischargePower") or 0.0)
        powers.append((abs(discharge[0]), abs(discharge[1])))
    _check_ranges(turn, powers)
    turn.refuse_if(Check.PLAUSIBLE, not _all_within(powers, _PLAUSIBLE_POWER), _CODE)
    return CarLimits(maximum_charge_power=powers[0][1], maximum_discharge_power=powers[-1][1] if bidirectional else 0.0)


def ac_limits(config: ChargerConfig, present: float, *, bidirectional: bool) -> m.AC_CPDResEnergyTransferMode:
    """The ratings of the AC outlet, with the power at present."""
    ratings = config.ac
    phases = ratings.phases if config.per_phase else 1
    sign = -1.0 if config.signed_discharge_limits else 1.0
    limits = {
        **spread("EVSEMaximumChargePower", ratings.maximum_charge_power, phases),
        **spread("EVSEMinimumChargePower", ratings.minimum_charge_power, phases),
        **spread("EVSEPresentActivePower", present, phases),
        "EVSENominalFrequency": rational(ratings.nominal_frequency),
    }
    if not bidirectional:
        return m.AC_CPDResEnergyTransferMode(**limits)
    return m.BPT_AC_CPDResEnergyTransferMode(
        **limits,
        **spread("EVSEMaximumDischargePower", sign * ratings.maximum_discharge_power, phases),
        **spread("EVSEMinimumDischargePower", sign * ratings.minimum_discharge_power, phases),
    )


def check_mode(turn: Turn, *, bidirectional: bool) -> None:
    """A BPT mode belongs to a BPT service and the other way round [V2G20-1619]."""
    turn.refuse_if(Check.BPT_MODE, bidirectional != turn.session.bidirectional, _CODE)


def _check_ranges(turn: Turn, ranges: Iterable[tuple[float, float]]) -> None:
    """No minimum above its maximum [V2G20-2272]."""
    turn.refuse_if(Check.MIN_MAX, any(minimum > maximum for minimum, maximum in ranges), _CODE)


def _all_within(ranges: Sequence[tuple[float, float]], bound: float) -> bool:
    return all(0 <= value <= bound for pair in ranges for value in pair)

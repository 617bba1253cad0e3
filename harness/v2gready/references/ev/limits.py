"""How much power the car may want: its own limits, those of the EVSE, the profile, the battery, the V2X band."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from v2gready.protocols.iso15118.evcc import Plan, Ratings
from v2gready.protocols.iso15118.phases import total
from v2gready.references.ev.car import Car

_FULL = 100.0


@dataclass(frozen=True, slots=True)
class EvseLimits:
    """What the EVSE gives and takes: powers in W, currents in A, voltages in V, all positive."""

    charge_power: float = float("inf")
    discharge_power: float = 0.0
    charge_current: float = float("inf")
    discharge_current: float = float("inf")
    maximum_voltage: float = float("inf")
    minimum_voltage: float = 0.0

    def told(self, mode: Any) -> EvseLimits:
        """The same with everything that a response tells anew; either sign of a discharge limit (reference 3.6)."""
        return replace(
            self,
            charge_power=_value(mode, "EVSEMaximumChargePower", self.charge_power),
            discharge_power=abs(_value(mode, "EVSEMaximumDischargePower", self.discharge_power)),
            charge_current=_value(mode, "EVSEMaximumChargeCurrent", self.charge_current),
            discharge_current=abs(_value(mode, "EVSEMaximumDischargeCurrent", self.discharge_current)),
            maximum_voltage=_value(mode, "EVSEMaximumVoltage", self.maximum_voltage),
            minimum_voltage=_value(mode, "EVSEMinimumVoltage", self.minimum_voltage),
        )


def _value(mode: Any, name: str, known: float) -> float:
    value = total(mode, name)
    return known if value is None else value


@dataclass(frozen=True, slots=True)
class Steps:
    """Power over time from an anchor (Unix seconds) on, as steps of (seconds, W). Behind the last, it goes on."""

    anchor: float
    steps: tuple[tuple[int, float], ...]

    def at(self, unix: float) -> float:
        """Power at an instant."""
        end = self.anchor
        for seconds, watts in self.steps:
            end += seconds
            if unix < end:
                return watts
        return self.steps[-1][1] if self.steps else 0.0

    def rest_of_zero(self, unix: float) -> float:
        """Seconds that no power is left for, from an instant on; 0 where there is power."""
        end, since = self.anchor, 0.0
        for seconds, watts in self.steps:
            end += seconds
            if unix >= end:
                continue
            if watts > 0:
                return since
            since = end - unix
        return since


def own(car: Car, plan: Plan, *, may_discharge: bool) -> tuple[float, float]:
    """The least (negative) and the most power that the car itself allows, in W."""
    ratings = car.config.ratings
    volts = car.battery.voltage
    most, least = ratings.maximum_charge_power, ratings.maximum_discharge_power
    if plan.service.is_dc:
        most = min(most, ratings.maximum_charge_current * volts)
        least = min(least, ratings.maximum_discharge_current * volts)
    if car.battery.soc >= _FULL:
        most = 0.0
    return (-least if may_discharge else 0.0, most)


def with_evse(bounds: tuple[float, float], limits: EvseLimits, plan: Plan, volts: float) -> tuple[float, float]:
    """The same within the limits of the EVSE."""
    least, most = bounds
    charge, discharge = limits.charge_power, limits.discharge_power
    if plan.service.is_dc:
        charge = min(charge, limits.charge_current * volts)
        discharge = min(discharge, limits.discharge_current * volts)
    return max(least, -discharge), min(most, charge)


def may_discharge(car: Car, plan: Plan) -> bool:
    """A service that discharges, and more in the battery than the driver and the V2X band want to keep."""
    floor = max(car.needs.minimum_soc, car.config.v2x_minimum_soc)
    return plan.service.discharges and car.battery.soc > floor


def energies(car: Car, ratings: Ratings) -> Ratings:
    """The ratings with the energy requests of this moment; the V2X requests may be negative: within the band."""
    needed = car.battery.needed
    return replace(
        ratings,
        target_energy=_whole(max(0.0, needed(car.needs.target_soc))),
        maximum_energy=_whole(max(0.0, needed(_FULL))),
        minimum_energy=_whole(max(0.0, needed(car.needs.minimum_soc))),
        maximum_v2x_energy=_whole(needed(car.config.v2x_maximum_soc)),
        minimum_v2x_energy=_whole(needed(car.config.v2x_minimum_soc)),
    )


def _whole(energy: float) -> float:
    return float(round(energy))

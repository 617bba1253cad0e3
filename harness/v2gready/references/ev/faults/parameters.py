"""Faults of ChargeParameterDiscovery (reference 3.4, 3.5, 4.6; CPD-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.references.ev.faults.kinds import RN, Asks, Overlooks, as_base
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.turn import Check, Turn

_BASES = {
    m.BPT_AC_CPDReqEnergyTransferMode: m.AC_CPDReqEnergyTransferMode,
    m.BPT_DC_CPDReqEnergyTransferMode: m.DC_CPDReqEnergyTransferMode,
}
_DISCHARGE = (
    "EVMaximumDischargePower",
    "EVMinimumDischargePower",
    "EVMaximumDischargeCurrent",
    "EVMinimumDischargeCurrent",
)


class _Parameters(Asks[m.ChargeParameterDiscoveryReq]):
    """Tells wrong parameters."""

    message = m.ChargeParameterDiscoveryReq

    def mode(self, turn: Turn, mode: Any) -> Any:
        """The wrong energy transfer mode."""
        raise NotImplementedError

    def bend(self, turn: Turn, request: m.ChargeParameterDiscoveryReq) -> Any:
        """The mode alone."""
        wrong: Any = request
        return replace(wrong, EnergyTransferMode=self.mode(turn, wrong.EnergyTransferMode))


@fault("cpd-without-bpt", "Sends parameters without BPT for a bidirectional service.")
class WithoutBpt(_Parameters):
    """[V2G20-1619]."""

    def mode(self, turn: Turn, mode: Any) -> Any:
        """The plain type."""
        base = _BASES.get(type(mode))
        return mode if base is None else as_base(mode, base)


@fault("cpd-bpt-unasked", "Sends bidirectional parameters for a service without BPT.")
class BptUnasked(_Parameters):
    """[V2G20-1619]."""

    def mode(self, turn: Turn, mode: Any) -> Any:
        """The larger type."""
        power: dict[str, Any] = {"EVMaximumDischargePower": RN(11_000), "EVMinimumDischargePower": RN(0)}
        if type(mode) is m.AC_CPDReqEnergyTransferMode:
            return m.BPT_AC_CPDReqEnergyTransferMode(**_fields(mode), **power)
        if type(mode) is m.DC_CPDReqEnergyTransferMode:
            current: dict[str, Any] = {"EVMaximumDischargeCurrent": RN(32), "EVMinimumDischargeCurrent": RN(0)}
            return m.BPT_DC_CPDReqEnergyTransferMode(**_fields(mode), **power, **current)
        return mode


def _fields(mode: Any) -> dict[str, Any]:
    return {name: getattr(mode, name) for name in type(mode).__dataclass_fields__}


@fault("cpd-minimum-above-maximum", "Announces a minimum charge power above the maximum.")
class MinimumAboveMaximum(_Parameters):
    """[V2G20-2272]."""

    def mode(self, turn: Turn, mode: Any) -> Any:
        """A unit too many."""
        return replace(mode, EVMinimumChargePower=RN(10 * turn.plan.ratings.maximum_charge_power))


@fault("cpd-discharge-sign-differs", "Announces discharge limits with another sign than in the charge loop.")
class DischargeSignDiffers(_Parameters):
    """CPD-E-2: one sign over the session."""

    def mode(self, turn: Turn, mode: Any) -> Any:
        """Two engineers, two conventions."""
        limits = {
            name: replace(value, Value=-value.Value)
            for name in _DISCHARGE
            if (value := getattr(mode, name, None)) is not None and value.Value
        }
        return replace(mode, **limits) if limits else mode


@fault("cpd-implausible-power", "Announces a maximum charge power of a power station.")
class ImplausiblePower(_Parameters):
    """CPD-S-2 seen from the other side: the exponent."""

    def mode(self, turn: Turn, mode: Any) -> Any:
        """Kilowatts for watts, twice."""
        power = mode.EVMaximumChargePower
        return replace(mode, EVMaximumChargePower=replace(power, Exponent=power.Exponent + 6))


@fault("cpd-mode-not-in-kind-accepted", "Takes parameters of the EVSE that are not of the service selected.")
class ModeAccepted(Overlooks):
    """[V2G20-1600]."""

    overlooked = frozenset({Check.ENERGY_MODE})


@fault("cpd-implausible-limits-accepted", "Goes on with an EVSE whose minimum is above its maximum.")
class LimitsAccepted(Overlooks):
    """[V2G20-2272] seen from the car."""

    overlooked = frozenset({Check.LIMITS})


@fault("cpd-voltage-window-ignored", "Goes on with an EVSE that does not reach the voltage of its battery.")
class VoltageWindowIgnored(Overlooks):
    """Car and charger do not fit."""

    overlooked = frozenset({Check.VOLTAGE_WINDOW})

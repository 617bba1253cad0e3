"""Faults of a car with AC_DER_SAE (Amendment 1; reference 3.6)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.messages import der_sae
from v2gready.protocols.iso15118.services import INHERENT_SAE_MODES
from v2gready.references.ev.faults.kinds import RN, Asks
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.turn import Turn

_UNUSED_BIT = 1 << 9


class _Parameters(Asks[der_sae.AC_ChargeParameterDiscoveryReq]):
    """Bends the parameters of a car with AC_DER_SAE."""

    message = der_sae.AC_ChargeParameterDiscoveryReq

    def parameters(self, mode: der_sae.DER_AC_CPDReqEnergyTransferMode) -> Any:
        """The wrong parameters."""
        raise NotImplementedError

    def bend(self, turn: Turn, request: der_sae.AC_ChargeParameterDiscoveryReq) -> Any:
        """In a mode of the service alone."""
        mode = request.EnergyTransferMode
        if not isinstance(mode, der_sae.DER_AC_CPDReqEnergyTransferMode):
            return request
        return replace(request, EnergyTransferMode=self.parameters(mode))


@fault("sae-inherent-modes-missing", "Declares its functions without charging and discharging.")
class InherentModesMissing(_Parameters):
    """Table M.6."""

    def parameters(self, mode: der_sae.DER_AC_CPDReqEnergyTransferMode) -> Any:
        """That goes without saying."""
        return replace(mode, SupportedModes=mode.SupportedModes & ~int(INHERENT_SAE_MODES))


@fault("sae-unused-bit-set", "Sets a bit of SupportedModes that stands for nothing.")
class UnusedBitSet(_Parameters):
    """Table M.6."""

    def parameters(self, mode: der_sae.DER_AC_CPDReqEnergyTransferMode) -> Any:
        """Off by one."""
        return replace(mode, SupportedModes=mode.SupportedModes | _UNUSED_BIT)


@fault("sae-injection-positive", "Tells the reactive power that it can inject as a positive number.")
class InjectionPositive(_Parameters):
    """Amendment 1, 8.3.5.2."""

    def parameters(self, mode: der_sae.DER_AC_CPDReqEnergyTransferMode) -> Any:
        """A rating has no sign."""
        limits = mode.EVReactivePowerLimits
        told = {
            one.name: RN(abs(float(value)))
            for one in fields(limits)
            if "Injection" in one.name and isinstance(value := getattr(limits, one.name), m.RationalNumber)
        }
        return replace(mode, EVReactivePowerLimits=replace(limits, **told))


@fault("sae-voltage-window-turned", "Tells its least voltage as the greatest, and the other way round.")
class VoltageWindowTurned(_Parameters):
    """Two arguments of one type."""

    def parameters(self, mode: der_sae.DER_AC_CPDReqEnergyTransferMode) -> Any:
        """Swapped."""
        return replace(mode, EVMinimumVoltage=mode.EVMaximumVoltage, EVMaximumVoltage=mode.EVMinimumVoltage)


@fault("sae-power-factor-in-percent", "Tells its power factors in percent.")
class PowerFactorInPercent(_Parameters):
    """A ratio."""

    def parameters(self, mode: der_sae.DER_AC_CPDReqEnergyTransferMode) -> Any:
        """90 instead of 0.9."""
        told = {
            one: RN(100 * float(getattr(mode.EVExcitationLimits, one)))
            for one in ("EVSpecifiedOverExcitedPowerFactor", "EVSpecifiedUnderExcitedPowerFactor")
        }
        return replace(mode, EVExcitationLimits=replace(mode.EVExcitationLimits, **told))


class _Acknowledges(Asks[der_sae.AC_ChargeLoopReq]):
    """Acknowledges wrongly."""

    message = der_sae.AC_ChargeLoopReq

    def modes(self, turn: Turn) -> int:
        """EnabledModes."""
        raise NotImplementedError

    def bend(self, turn: Turn, request: der_sae.AC_ChargeLoopReq) -> Any:
        """In a mode of the service alone."""
        mode = request.CLReqControlMode
        known = der_sae.DER_Scheduled_AC_CLReqControlMode | der_sae.DER_Dynamic_AC_CLReqControlMode
        if not isinstance(mode, known):
            return request
        return replace(request, CLReqControlMode=replace(mode, EnabledModes=self.modes(turn)))


@fault("sae-acknowledges-nothing", "Says in the loop that no function of the grid code is in force.")
class AcknowledgesNothing(_Acknowledges):
    """A field that nobody filled in."""

    def modes(self, turn: Turn) -> int:
        """The default."""
        return 0


@fault("sae-acknowledges-everything", "Acknowledges every function that it has, enabled or not.")
class AcknowledgesEverything(_Acknowledges):
    """SupportedModes once more."""

    def modes(self, turn: Turn) -> int:
        """What it declared."""
        return int(turn.plan.sae_modes)

"""Which modes a grid code of AC_DER_SAE enables (Amendment 1; reference 3.6): as both sides of a session read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from v2gready.protocols.iso15118.messages import der_sae
from v2gready.protocols.iso15118.services import NO_SAE_MODES, SAE_CONTROLS, SaeModes

Control = der_sae.DERControlCPDRes | der_sae.DERControlCLRes
"""A grid code, whole or what has changed of it."""

_EXCITATIONS: Final = {
    der_sae.Excitation.OverExcited: SaeModes.CONSTANT_POWER_FACTOR_OVER_EXCITED,
    der_sae.Excitation.UnderExcited: SaeModes.CONSTANT_POWER_FACTOR_UNDER_EXCITED,
}


def enable_flags(control: Control) -> Iterator[tuple[SaeModes, str, str, bool]]:
    """Mode, group, element and Enable of every function that a grid code tells about."""
    for mode, path in SAE_CONTROLS.items():
        group, _, name = path.partition(".")
        found = getattr(getattr(control, _group(control, group)), name, None)
        if found is not None:
            yield mode, _group(control, group), name, found.Enable
    reactive = _group(control, "ReactivePowerSupport")
    factor = getattr(getattr(control, reactive), "ConstantPowerFactor", None)
    if factor is not None:
        for excitation, mode in _EXCITATIONS.items():
            yield mode, reactive, "ConstantPowerFactor", factor.Enable and factor.PowerFactorExcitation is excitation


def enabled_modes(control: Control, before: SaeModes = NO_SAE_MODES) -> SaeModes:
    """The modes that are enabled from now on: what a car acknowledges by EnabledModes.

    Args:
        control: What is told.
        before: What was enabled: a mode about which nothing new is told stays as it was [V2G20-3236].
    """
    found = before & ~SaeModes.ENTER_SERVICE
    if _enter_service(control).PermitService:
        found |= SaeModes.ENTER_SERVICE
    for mode, _, _, enabled in enable_flags(control):
        found = found | mode if enabled else found & ~mode
    return found


def _enter_service(control: Control) -> der_sae.EnterServiceCPDRes | der_sae.EnterServiceCLRes:
    return control.EnterServiceCPDRes if isinstance(control, der_sae.DERControlCPDRes) else control.EnterServiceCLRes


def _group(control: Control, name: str) -> str:
    """Two of the groups bear the name of the message."""
    if hasattr(control, name):
        return name
    return f"{name}CPDRes" if isinstance(control, der_sae.DERControlCPDRes) else f"{name}CLRes"

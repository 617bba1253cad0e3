"""Faults of an AC car: how its inverter follows (reference 3.4, 4.3; AC-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.services import ControlMode
from v2gready.references.ev.faults.kinds import RN, Asks, with_mode
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Turn

_LAG = 30.0


def _steered(turn: Turn) -> bool:
    return not turn.plan.service.is_dc and turn.plan.control is ControlMode.DYNAMIC


@fault("ac-target-ignored", "Draws what it likes in Dynamic mode, whatever EVSETargetActivePower says.")
class TargetIgnored(Fault):
    """AC-E-1."""

    def power(self, turn: Turn, watts: float) -> float:
        """Full power."""
        return turn.progress.bounds[1] if _steered(turn) and turn.progress.loops else watts


@fault("ac-target-not-limited", "Follows a target beyond its own limits.")
class TargetNotLimited(Fault):
    """Own limits of ChargeParameterDiscovery."""

    def power(self, turn: Turn, watts: float) -> float:
        """The number as it came."""
        mode = getattr(turn.response, "CLResControlMode", None)
        told = getattr(mode, "EVSETargetActivePower", None)
        if not _steered(turn) or mode is None or told is None:
            return watts
        parts = (getattr(mode, "EVSETargetActivePower" + suffix) for suffix in ("", "_L2", "_L3"))
        return sum(float(part) for part in parts if part is not None)


@fault("ac-target-sign-ignored", "Charges when the target says discharge.")
class TargetSignIgnored(Fault):
    """AC-E-1, BPT-E-1."""

    def power(self, turn: Turn, watts: float) -> float:
        """A magnitude."""
        return abs(watts) if _steered(turn) else watts


@fault("ac-target-first-phase-alone", "Takes the target of the first phase for that of all.")
class TargetFirstPhase(Fault):
    """Reference 3.4: X, X_L2, X_L3 add up."""

    def power(self, turn: Turn, watts: float) -> float:
        """A third."""
        mode = getattr(turn.response, "CLResControlMode", None)
        if not _steered(turn) or getattr(mode, "EVSETargetActivePower_L2", None) is None:
            return watts
        return watts / 3


@fault("ac-target-slowly", "Follows a new target half a minute late.")
class TargetSlowly(Fault):
    """AC-E-1."""

    def __init__(self) -> None:
        super().__init__()
        self._followed: float | None = None
        self._seen: tuple[float, float] | None = None

    def power(self, turn: Turn, watts: float) -> float:
        """A filter from another century."""
        if not _steered(turn):
            return watts
        if self._followed is None or self._seen is None:
            self._followed, self._seen = watts, (watts, turn.now)
        if watts != self._seen[0]:
            self._seen = (watts, turn.now)
        if turn.now - self._seen[1] >= _LAG:
            self._followed = watts
        return self._followed


class _Present(Asks[m.AC_ChargeLoopReq]):
    """Reports its power wrongly."""

    message = m.AC_ChargeLoopReq

    def told(self, turn: Turn, watts: float) -> float:
        """The wrong power."""
        raise NotImplementedError

    def bend(self, turn: Turn, request: m.AC_ChargeLoopReq) -> Any:
        """EVPresentActivePower alone."""
        present = float(request.CLReqControlMode.EVPresentActivePower)
        return with_mode(request, EVPresentActivePower=RN(round(self.told(turn, present))))


@fault("ac-present-power-zero", "Reports an EVPresentActivePower of zero.")
class PresentPowerZero(_Present):
    """EVPresentActivePower is measured."""

    def told(self, turn: Turn, watts: float) -> float:
        """No meter."""
        return 0.0


@fault("ac-present-power-is-target", "Reports the target as its present power and draws half of it.")
class PresentPowerFabricated(_Present):
    """EVPresentActivePower is measured."""

    def power(self, turn: Turn, watts: float) -> float:
        """Half of the inverter is broken."""
        return watts / 2

    def told(self, turn: Turn, watts: float) -> float:
        """What it should be."""
        return 2 * watts


@fault("ac-present-power-magnitude", "Reports discharging as a positive present power.")
class PresentPowerMagnitude(_Present):
    """CPD-E-2: one sign over the session."""

    def told(self, turn: Turn, watts: float) -> float:
        """No sign."""
        return abs(watts)

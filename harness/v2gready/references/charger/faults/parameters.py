"""Faults of ChargeParameterDiscovery (reference 3.4, 3.5, 4.6; CPD-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.quantities import rational
from v2gready.protocols.iso15118.secc.seams import Died, Fault
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Answers, Ignores
from v2gready.references.charger.faults.registry import fault

_FAILED = m.ResponseCode.FAILED_WrongChargeParameter
_HUGE_EXPONENT = 100


@fault("bpt-mode-accepted-on-non-bpt-service", "Takes BPT parameters with a service that is not bidirectional.")
class BptOnNonBpt(Fault):
    """[V2G20-1619], CPD-S-1."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Reads the base type."""
        return violated and not (check is Check.BPT_MODE and not turn.session.bidirectional)


@fault("plain-mode-accepted-on-bpt-service", "Takes parameters without BPT with a bidirectional service.")
class PlainOnBpt(Fault):
    """[V2G20-1619], CPD-S-1."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Fills the rest with zeros."""
        return violated and not (check is Check.BPT_MODE and turn.session.bidirectional)


@fault("accepts-min-above-max", "Takes limits whose minimum is above their maximum.")
class AcceptsMinAboveMax(Ignores):
    """[V2G20-2272], CPD-S-2."""

    ignored = frozenset({Check.MIN_MAX})


@fault("accepts-voltage-mismatch", "Takes a car whose voltage range it cannot serve.")
class AcceptsVoltageMismatch(Ignores):
    """CPD-S-2."""

    ignored = frozenset({Check.VOLTAGE_WINDOW})


@fault("accepts-implausible-values", "Takes limits that no car can have.")
class AcceptsImplausible(Ignores):
    """[V2G20-2272], CPD-S-2."""

    ignored = frozenset({Check.PLAUSIBLE})


@fault("crash-on-huge-exponent", "Dies of a RationalNumber with a huge exponent.")
class CrashOnHugeExponent(Fault):
    """CPD-S-2."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Computes in a type that does not hold it."""
        mode = getattr(turn.request, "EnergyTransferMode", None)
        if check is Check.MIN_MAX and mode is not None and any(_huge(getattr(mode, one.name)) for one in fields(mode)):
            self.took_effect("the process died of a huge exponent")
            raise Died("a huge exponent")
        return violated


def _huge(value: Any) -> bool:
    return isinstance(value, m.RationalNumber) and abs(value.Exponent) >= _HUGE_EXPONENT


class _Discovers(Answers[m.ChargeParameterDiscoveryRes]):
    message = m.ChargeParameterDiscoveryRes


@fault("wrong-charge-parameter-as-failed", "Refuses wrong parameters with the code FAILED.")
class WrongCode(_Discovers):
    """[V2G20-1619], [V2G20-2272]."""

    def bend(self, turn: Turn, response: m.ChargeParameterDiscoveryRes) -> m.ChargeParameterDiscoveryRes:
        """One code for all failures."""
        return replace(response, ResponseCode=m.ResponseCode.FAILED) if response.ResponseCode is _FAILED else response


@fault("parameters-answered-without-bpt", "Answers BPT parameters with limits for charging alone.")
class AnsweredWithoutBpt(Fault):
    """[V2G20-1600]: in kind."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The base type."""

        def ac(response: m.AC_ChargeParameterDiscoveryRes) -> m.AC_ChargeParameterDiscoveryRes:
            base = _as(m.AC_CPDResEnergyTransferMode, response.EnergyTransferMode)
            return replace(response, EnergyTransferMode=base)

        def dc(response: m.DC_ChargeParameterDiscoveryRes) -> m.DC_ChargeParameterDiscoveryRes:
            base = _as(m.DC_CPDResEnergyTransferMode, response.EnergyTransferMode)
            return replace(response, EnergyTransferMode=base)

        return reply.bent(m.AC_ChargeParameterDiscoveryRes, ac).bent(m.DC_ChargeParameterDiscoveryRes, dc)


def _as(base: Any, value: Any) -> Any:
    """A value as its base type."""
    return base(**{one.name: getattr(value, one.name) for one in fields(base)})


@fault("announces-min-above-max", "Announces a minimum charge power above its maximum.")
class AnnouncesMinAboveMax(Fault):
    """Limits that contradict themselves."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The two are swapped and one is not zero."""

        def change(response: Any) -> Any:
            mode = response.EnergyTransferMode
            above = rational(2 * float(mode.EVSEMaximumChargePower) + 1)
            return replace(response, EnergyTransferMode=replace(mode, EVSEMinimumChargePower=above))

        return reply.bent(m.ChargeParameterDiscoveryRes, change)


@fault("nominal-frequency-zero", "Announces an AC frequency of zero.")
class NominalFrequencyZero(Answers[m.AC_ChargeParameterDiscoveryRes]):
    """Reference 3.4."""

    message = m.AC_ChargeParameterDiscoveryRes

    def bend(self, turn: Turn, response: m.AC_ChargeParameterDiscoveryRes) -> m.AC_ChargeParameterDiscoveryRes:
        """Not configured."""
        mode = replace(response.EnergyTransferMode, EVSENominalFrequency=rational(0))
        return replace(response, EnergyTransferMode=mode)


@fault("phase-limits-missing", "Announces the power of one phase of a three-phase outlet and not the others.")
class PhaseLimitsMissing(Answers[m.AC_ChargeParameterDiscoveryRes]):
    """AC-S-3: the lone element reads as the sum. Needs a three-phase charger."""

    message = m.AC_ChargeParameterDiscoveryRes

    def bend(self, turn: Turn, response: m.AC_ChargeParameterDiscoveryRes) -> m.AC_ChargeParameterDiscoveryRes:
        """Fills in the first phase."""
        mode = response.EnergyTransferMode
        gone: dict[str, Any] = {one.name: None for one in fields(mode) if one.name.endswith(("_L2", "_L3"))}
        return replace(response, EnergyTransferMode=replace(mode, **gone))

"""Questions about messages and traces of ISO 15118-20 that several judges ask."""

from __future__ import annotations

from typing import Any

from v2gready.authoring.expectations import describe, holds
from v2gready.model.observation import Observation
from v2gready.model.trace import EventKind, Exchange, Trace
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m

_SLOTS = ("EnergyTransferMode", "SEReqControlMode", "SEResControlMode", "CLReqControlMode", "CLResControlMode")


def violations(message: Any) -> list[str]:
    """Facets of the schema that a decoded message breaks, in words; empty for none."""
    return [] if not isinstance(message, m.V2GMessage) else [str(one) for one in codec.violations(message)]


def mode_of(message: Any) -> Any:
    """The control or energy transfer mode that a message carries, None if it has no such slot."""
    for slot in _SLOTS:
        if hasattr(message, slot):
            return getattr(message, slot)
    return None


def kind_of_mode(mode: Any) -> str:
    """What a mode says of direction and control, the same for request and response: ``BPT_Dynamic_DC``."""
    name = type(mode).__name__
    for ending in ("_CLReqControlMode", "_CLResControlMode", "_SEReqControlMode", "_SEResControlMode"):
        name = name.removesuffix(ending)
    return name.removesuffix("_CPDReqEnergyTransferMode").removesuffix("_CPDResEnergyTransferMode")


def power_told(response: m.AC_ChargeLoopRes | m.DC_ChargeLoopRes) -> float | None:
    """Power or current that a loop response tells or asks for; negative out of the car, None if it says nothing."""
    if isinstance(response, m.DC_ChargeLoopRes):
        return float(response.EVSEPresentCurrent)
    target = getattr(response.CLResControlMode, "EVSETargetActivePower", None)
    return None if target is None else float(target)


def power_windows(trace: Trace) -> list[tuple[float, float]]:
    """Spans of time between PowerDelivery(Start) sent and its end by Stop, or by the end of the connection."""
    windows: list[tuple[float, float]] = []
    begun: dict[str, float] = {}
    for record in trace.records:
        message = getattr(record, "message", None)
        if isinstance(message, m.PowerDeliveryReq):
            if message.ChargeProgress in {m.ChargeProgress.Start, m.ChargeProgress.Standby}:
                begun.setdefault(record.link, record.t)
            elif message.ChargeProgress is m.ChargeProgress.Stop and record.link in begun:
                windows.append((begun.pop(record.link), record.t))
        elif getattr(record, "kind", "") == EventKind.CLOSED and record.link in begun:
            windows.append((begun.pop(record.link), record.t))
    last = trace.records[-1].t if trace.records else 0.0
    return windows + [(start, last) for start in begun.values()]


def follows_target(requirement: str, exchange: Exchange[m.DC_ChargeLoopReq]) -> Observation:
    """DC, Scheduled: the present current is the target current, unless a limit is told to keep it away.

    Tolerance: 5 % of the target plus 1 A, our own figure; a judge may not be finer than a charger's own regulation.
    """
    target = float(exchange.sent.CLReqControlMode.EVTargetCurrent)  # type: ignore[union-attr] # Scheduled by contract
    answer = exchange.answer
    if not isinstance(answer, m.DC_ChargeLoopRes):
        return holds(requirement, False, expected=f"{target:g} A", seen=describe(exchange), at=exchange.at)
    present = float(answer.EVSEPresentCurrent)
    limited = answer.EVSECurrentLimitAchieved or answer.EVSEPowerLimitAchieved or answer.EVSEVoltageLimitAchieved
    return holds(
        requirement,
        limited or abs(present - target) <= 0.05 * abs(target) + 1.0,
        expected=f"the target current of {target:g} A, or a LimitAchieved flag",
        seen=f"{present:g} A, {'a' if limited else 'no'} LimitAchieved flag",
        at=exchange.at,
    )

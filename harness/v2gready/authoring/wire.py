"""Questions about messages and traces of ISO 15118-20 that several judges ask."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.authoring.expectations import describe, holds
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import EventKind, Exchange, Frame, Trace
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.phases import total

_SLOTS = ("EnergyTransferMode", "SEReqControlMode", "SEResControlMode", "CLReqControlMode", "CLResControlMode")


def exi(message: Any) -> bytes:
    """The EXI document of a message, whatever its values."""
    return codec.encode(message, check=False)


def repeated_offer(namespace: str, *, first: tuple[int, int], second: tuple[int, int]) -> bytes:
    """An offer of one namespace twice, the second time as a reference into the string table (EXI 7.3.3).

    Our encoder never makes one, and neither do those of cars; general EXI encoders do (reference 2.6).

    Args:
        namespace: ASCII, up to 100 characters.
        first: SchemaID and Priority of the first offer.
        second: The same of the second offer.
    """
    offers = tuple(
        m.AppProtocol(
            ProtocolNamespace=namespace,
            VersionNumberMajor=1,
            VersionNumberMinor=0,
            SchemaID=schema_id,
            Priority=priority,
        )
        for schema_id, priority in (first, second)
    )
    literally = "".join(f"{octet:08b}" for octet in exi(m.SupportedAppProtocolReq(AppProtocol=offers)))
    # A literal is its length plus two and its characters; zero is a hit in the local partition, which has one entry.
    literal = "".join(f"{octet:08b}" for octet in (len(namespace) + 2, *namespace.encode("ascii")))
    at = literally.rindex(literal)
    bits = literally[:at] + "00000000" + literally[at + len(literal) :]
    return int(bits, 2).to_bytes(len(bits) // 8)


def with_session(request: Any, session_id: bytes) -> Any:
    """The same request with another SessionID."""
    return replace(request, Header=replace(request.Header, SessionID=session_id))


def selecting(
    request: m.ServiceSelectionReq, *, service: int | None = None, parameter_set: int | None = None
) -> m.ServiceSelectionReq:
    """The same selection with another service or parameter set."""
    chosen = request.SelectedEnergyTransferService
    return replace(
        request,
        SelectedEnergyTransferService=m.SelectedService(
            ServiceID=chosen.ServiceID if service is None else service,
            ParameterSetID=chosen.ParameterSetID if parameter_set is None else parameter_set,
        ),
    )


def parameter_sets(detail: Any) -> dict[int, dict[str, Any]]:
    """The parameter sets of a ServiceDetailRes by id, each as values by name; empty for anything else."""
    if not isinstance(detail, m.ServiceDetailRes):
        return {}
    return {
        one.ParameterSetID: {parameter.Name: value_of(parameter) for parameter in one.Parameter}
        for one in detail.ServiceParameterList.ParameterSet
    }


def value_of(parameter: m.Parameter) -> Any:
    """The value of a service parameter, whichever its type."""
    kinds = ("boolValue", "byteValue", "shortValue", "intValue", "rationalNumber", "finiteString")
    return next((value for kind in kinds if (value := getattr(parameter, kind)) is not None), None)


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


def in_kind(requirement: str, exchange: Exchange[Any]) -> Observation:
    """Control mode and bidirectionality of the response equal those of the request."""
    wanted = kind_of_mode(mode_of(exchange.sent))
    answer = mode_of(exchange.answer)
    seen = describe(exchange) if answer is None else kind_of_mode(answer)
    return holds(requirement, seen == wanted, expected=f"an answer in kind: {wanted}", seen=seen, at=exchange.at)


def selected_parameters(trace: Trace, link: str) -> dict[str, int]:
    """The integer parameters of the set that the car selected on a connection, by name; empty if there is none."""
    chosen: tuple[int, int] | None = None
    described: dict[tuple[int, int], dict[str, int]] = {}
    for exchange in trace.exchanges(m.V2GRequest):
        if exchange.request.link != link:
            continue
        if isinstance(exchange.answer, m.ServiceDetailRes):
            for one in exchange.answer.ServiceParameterList.ParameterSet:
                values = {value.Name: value.intValue for value in one.Parameter if value.intValue is not None}
                described[exchange.answer.ServiceID, one.ParameterSetID] = values
        elif isinstance(exchange.sent, m.ServiceSelectionReq):
            selected = exchange.sent.SelectedEnergyTransferService
            chosen = selected.ServiceID, selected.ParameterSetID
    return {} if chosen is None else described.get(chosen, {})


def notification(response: Any) -> m.EvseNotification | None:
    """EVSENotification of a response, None if it has none."""
    status = getattr(response, "EVSEStatus", None)
    return None if status is None else status.EVSENotification


def notified(requirement: str, trace: Trace, action: str, kind: m.EvseNotification) -> Observation:
    """After the station was told something by a hook, a charge loop response tells the car.

    Raises:
        Inconclusive: The hook was not used, or no loop was answered after it.
    """
    done = [one for one in trace.events(EventKind.ACTION) if one.detail.get("action") == action]
    later = [
        one
        for one in trace.exchanges(m.ChargeLoopReq)
        if done and one.request.index > done[0].index and isinstance(one.answer, m.ChargeLoopRes)
    ]
    if not later:
        raise Inconclusive(f"no charge loop was answered after the hook {action}: {trace.last_words()}")
    told = next((one for one in later if notification(one.answer) is kind), None)
    return holds(
        requirement,
        told is not None,
        expected=f"EVSENotification {kind.name}",
        seen=f"none in {len(later)} loop responses" if told is None else kind.name,
        at=(done[0].index, *(told or later[-1]).at),
    )


def power_told(response: m.AC_ChargeLoopRes | m.DC_ChargeLoopRes) -> float | None:
    """Power or current that a loop response tells or asks for; negative out of the car, None if it says nothing."""
    if isinstance(response, m.DC_ChargeLoopRes):
        return float(response.EVSEPresentCurrent)
    return total(response.CLResControlMode, "EVSETargetActivePower")


def power_windows(trace: Trace) -> list[tuple[float, float]]:
    """Spans of time from a PowerDelivery(Start) that is not refused to its Stop, or to the end of the connection."""
    windows: list[tuple[float, float]] = []
    begun: dict[str, float] = {}
    for record in trace.records:
        message = getattr(record, "message", None)
        if isinstance(record, Frame) and isinstance(message, m.PowerDeliveryReq):
            response = trace.answer_to(record)
            answer = None if response is None else response.message
            refused = isinstance(answer, m.V2GResponse) and answer.ResponseCode >= m.ResponseCode.FAILED
            if message.ChargeProgress in {m.ChargeProgress.Start, m.ChargeProgress.Standby} and not refused:
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

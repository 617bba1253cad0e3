"""Words on the way to energy and on energy itself: offers, selections, limits, targets, power over time.

Power is positive into the car. Tolerances are our own: a car regulates, and no clause known to us says how finely.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from v2gready.authoring import wire
from v2gready.authoring.ev.bench import EvBench
from v2gready.authoring.ev.facts import Asked, Told, asked, requests, told, told_by
from v2gready.authoring.ev.physical import POWER, STILL
from v2gready.authoring.expectations import holds
from v2gready.emulators.reach import Unreached
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Frame, Record, Sample, Trace
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118 import phases
from v2gready.protocols.iso15118.phases import SUFFIXES
from v2gready.protocols.iso15118.secc.turn import Check
from v2gready.protocols.iso15118.services import ControlMode, ServiceId

RELATIVE: Final = 0.05
ABSOLUTE: Final = 250.0
"""Share of a power, and W, by which a regulated power may miss it; our own figures."""

M = TypeVar("M")
Sets = tuple[m.ParameterSet, ...]


# -- stimulus ---------------------------------------------------------------------------------------------------------


def offer(bench: EvBench, *services: ServiceId, control: ControlMode | None = None, **changes: Any) -> None:
    """The charger offers these services alone, and of their parameter sets those of one control mode.

    Args:
        bench: The bench.
        *services: In the order of the offer.
        control: The control mode; both if None.
        **changes: Other fields of `ChargerConfig`.
    """
    bench.charger.configure(services=services, **changes)
    if control is not None:
        offer_sets(bench, lambda sets: tuple(one for one in sets if parameters(one).get("ControlMode") == int(control)))


def offer_sets(bench: EvBench, change: Callable[[Sets], Sets]) -> None:
    """Changes the parameter sets of every ServiceDetailRes."""

    def changed(response: m.ServiceDetailRes) -> m.ServiceDetailRes:
        sets = change(response.ServiceParameterList.ParameterSet)
        return replace(response, ServiceParameterList=m.ServiceParameterList(ParameterSet=sets))

    bench.charger.alter(m.ServiceDetailRes, changed)


def lenient(bench: EvBench) -> None:
    """The SECC takes whatever service and set a car asks for: what it makes of a changed offer is not its business."""
    bench.charger.overlook(Check.SERVICE_ID, Check.SERVICE_SELECTION)


def lenient_about_schedules(bench: EvBench) -> None:
    """The SECC takes whatever schedule tuple and power profile a car selects."""
    bench.charger.overlook(Check.SCHEDULE_TUPLE, Check.PROFILE, Check.PROFILE_PRESENT, Check.PROFILE_MODE)


async def selected(bench: EvBench, *, within: float | None = None) -> None:
    """Waits until the car has selected a service, or has had its time for that, and watches a little longer."""
    with suppress(Unreached):
        await bench.charger.wait_for(m.ServiceSelectionReq, within=within)
    await bench.charger.no_session(1.0)


class Target:
    """EVSETargetActivePower of every AC loop response from now on, whatever limits the car tells.

    Args:
        bench: The bench.
        watts: The first target, over all phases.
    """

    def __init__(self, bench: EvBench, watts: float) -> None:
        self.watts = watts
        bench.charger.alter(m.AC_ChargeLoopRes, self._steered)

    def _steered(self, response: m.AC_ChargeLoopRes) -> m.AC_ChargeLoopRes:
        mode: Any = response.CLResControlMode
        names = [f"EVSETargetActivePower{suffix}" for suffix in SUFFIXES]
        there = [name for name in names if getattr(mode, name) is not None] or names[:1]
        share = m.RationalNumber.of(self.watts / len(there))
        return replace(response, CLResControlMode=replace(mode, **dict.fromkeys(there, share)))


def with_limits(bench: EvBench, **values: float) -> None:
    """Changes limits of every ChargeParameterDiscoveryRes that has them; each phase gets the whole value."""

    def changed(response: Any) -> Any:
        mode = response.EnergyTransferMode
        told = {name: m.RationalNumber.of(value) for name, value in values.items() if hasattr(mode, name)}
        return replace(response, EnergyTransferMode=replace(mode, **told))

    bench.charger.alter(m.ChargeParameterDiscoveryRes, changed)


# -- what was chosen --------------------------------------------------------------------------------------------------


def parameters(one: m.ParameterSet) -> dict[str, Any]:
    """The values of a parameter set by name."""
    return {parameter.Name: wire.value_of(parameter) for parameter in one.Parameter}


@dataclass(frozen=True, slots=True)
class Selection:
    """What the car selected.

    Attributes:
        asked: ServiceSelectionReq.
        service: ServiceID.
        services: The ids that were offered.
        values: The parameters of the set selected, None for a set that was not offered.
    """

    asked: Asked[m.ServiceSelectionReq]
    service: int
    services: tuple[int, ...]
    values: dict[str, Any] | None

    @property
    def kind(self) -> ServiceId:
        """The service.

        Raises:
            Inconclusive: It is none of those known.
        """
        try:
            return ServiceId(self.service)
        except ValueError:
            raise Inconclusive(f"service {self.service} was selected") from None

    @property
    def words(self) -> str:
        """The selection for a reader."""
        chosen = self.asked.request.SelectedEnergyTransferService
        return f"service {chosen.ServiceID}, parameter set {chosen.ParameterSetID}"


def selection(trace: Trace, nth: int = 0, *, link: str | None = None) -> Selection:
    """The ``nth`` selection of the car, of one connection or of all.

    Raises:
        Inconclusive: It did not come to that, or nothing was offered.
    """
    found = list(requests(trace, m.ServiceSelectionReq, link=link))
    if len(found) <= nth:
        raise Inconclusive(f"the car did not come to ServiceSelectionReq: {trace.last_words()}")
    one = found[nth]
    chosen = one.request.SelectedEnergyTransferService
    services: tuple[int, ...] = ()
    values: dict[str, Any] | None = None
    for frame in trace.frames(sender=trace.tester, link=one.link):
        if frame.index > one.frame.index:
            break
        if isinstance(frame.message, m.ServiceDiscoveryRes):
            services = tuple(service.ServiceID for service in frame.message.EnergyTransferServiceList.Service)
        elif isinstance(frame.message, m.ServiceDetailRes) and frame.message.ServiceID == chosen.ServiceID:
            values = wire.parameter_sets(frame.message).get(chosen.ParameterSetID)
    if not services:
        raise Inconclusive("no service was offered before the selection")
    return Selection(one, chosen.ServiceID, services, values)


def control_of(trace: Trace, link: str) -> ControlMode:
    """The control mode of the set selected on a connection.

    Raises:
        Inconclusive: None was selected, or it names none.
    """
    values = selection(trace, link=link).values or {}
    try:
        return ControlMode(int(values["ControlMode"]))
    except (KeyError, TypeError, ValueError):
        raise Inconclusive("the set selected names no control mode") from None


def fits(requirement: str, trace: Trace, one: Asked[Any], *, control: bool) -> Observation:
    """The mode of a request is that of the service and the parameter set selected.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        one: The request.
        control: Whether the mode says Scheduled or Dynamic.

    Raises:
        Inconclusive: Nothing was selected on that connection.
    """
    chosen = selection(trace, link=one.link)
    service = chosen.kind
    loop = isinstance(one.request, m.ChargeLoopReq)
    parts = []
    if loop or not control:
        parts += ["BPT"] if service.is_bpt else ["DER"] if service.is_der else []
    if control:
        parts.append(control_of(trace, one.link).name.capitalize())
    if loop or not control:
        parts.append("DC" if service.is_dc else "AC")
    wanted = "_".join(parts)
    seen = wire.kind_of_mode(wire.mode_of(one.request))
    return holds(
        requirement, seen == wanted, expected=f"a mode {wanted}", seen=seen, at=(chosen.asked.frame.index, *one.at)
    )


def total(element: Any, name: str) -> float | None:
    """A quantity over all phases, None if it is absent."""
    return phases.total(element, name)


# -- limits -----------------------------------------------------------------------------------------------------------


def announced(trace: Trace, link: str, *, before: int | None = None) -> tuple[Any, Any]:
    """The energy transfer modes of ChargeParameterDiscovery on a connection: the car's and ours.

    Raises:
        Inconclusive: They were not exchanged.
    """
    found = [
        one
        for one in requests(trace, m.ChargeParameterDiscoveryReq, link=link)
        if isinstance(one.answer, m.ChargeParameterDiscoveryRes) and (before is None or one.frame.index < before)
    ]
    if not found:
        raise Inconclusive(f"the limits were not exchanged: {trace.last_words()}")
    car: Any = found[-1].request
    return car.EnergyTransferMode, found[-1].answer.EnergyTransferMode


def limit(mode: Any, name: str, absent: float = 0.0) -> float:
    """The magnitude of a limit over all phases."""
    value = total(mode, name)
    return absent if value is None else abs(value)


def loops(trace: Trace) -> list[Asked[m.ChargeLoopReq]]:
    """Charge loops that were answered by a loop response.

    Raises:
        Inconclusive: There is none.
    """
    found = [one for one in requests(trace, m.ChargeLoopReq) if isinstance(one.answer, m.ChargeLoopRes)]
    if not found:
        raise Inconclusive(f"the car did not come to the charge loop: {trace.last_words()}")
    return found


# -- power over time --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plateau:
    """A time in which our loop responses told one and the same target.

    Attributes:
        target: EVSETargetActivePower over all phases.
        first: The first response of it.
        last: The last.
    """

    target: float
    first: Frame
    last: Frame

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return self.last.t - self.first.t


def plateaus(trace: Trace) -> list[Plateau]:
    """The targets that AC loop responses told, in order.

    Raises:
        Inconclusive: None was told.
    """
    found: list[Plateau] = []
    for one in loops(trace):
        target = total(getattr(one.answer, "CLResControlMode", None), "EVSETargetActivePower")
        if target is None or one.answered is None:
            continue
        if found and abs(found[-1].target - target) < 1.0 and found[-1].first.link == one.link:
            found[-1] = replace(found[-1], last=one.answered)
        else:
            found.append(Plateau(target, one.answered, one.answered))
    if not found:
        raise Inconclusive("no target was told")
    return found


def shown(trace: Trace, since: float, until: float, channel: str = POWER) -> list[Sample]:
    """What a meter showed from an instant on to another: a sample holds until the next one.

    Raises:
        Inconclusive: It was not measured.
    """
    standing = trace.samples(channel, until=until)
    before = [one for one in standing if one.t <= since]
    return [*before[-1:], *(one for one in standing if one.t > since)]


def stays_at(
    requirement: str, trace: Trace, watts: float, since: float, until: float, *, at: Iterable[int] = (), what: str
) -> Observation:
    """The power at the inlet is that value from one instant to another.

    Raises:
        Inconclusive: It was not measured, or the time is none.
    """
    slack = RELATIVE * abs(watts) + ABSOLUTE
    shown_as = (f"{what}: {watts:.0f} W", at)
    return _within(requirement, trace, (watts - slack, watts + slack), (since, until), shown_as)


def stays_within(
    requirement: str,
    trace: Trace,
    bounds: tuple[float, float],
    since: float,
    until: float,
    *,
    at: Iterable[int] = (),
    what: str,
) -> Observation:
    """The power at the inlet is never outside of bounds from one instant to another, tolerance added.

    Raises:
        Inconclusive: It was not measured, or the time is none.
    """
    low, high = bounds
    slack = tuple(RELATIVE * abs(one) + STILL for one in bounds)
    words = f"{what}: {low:.0f} to {high:.0f} W"
    return _within(requirement, trace, (low - slack[0], high + slack[1]), (since, until), (words, at))


def _within(
    requirement: str,
    trace: Trace,
    bounds: tuple[float, float],
    span: tuple[float, float],
    words: tuple[str, Iterable[int]],
) -> Observation:
    since, until = span
    if until <= since:
        raise Inconclusive("there was not enough time to see what becomes of the power")
    samples = shown(trace, since, until)
    bad = next(
        (one for one in samples if not bounds[0] - one.uncertainty <= one.value <= bounds[1] + one.uncertainty), None
    )
    worst = samples[-1] if bad is None else bad
    return holds(
        requirement,
        bad is None,
        expected=words[0],
        seen=f"{worst.value:.0f} W at {max(worst.t, since):.1f} s",
        at=(*words[1], worst.index),
    )


def flows(trace: Trace, since: float, until: float, *, least: float = 1_000.0) -> Sample:
    """A sample that shows that power flowed at all: a car that does nothing keeps every limit.

    Raises:
        Inconclusive: None did.
    """
    found = next((one for one in shown(trace, since, until) if abs(one.value) >= least), None)
    if found is None:
        raise Inconclusive(f"less than {least:.0f} W flowed: nothing can be said about limits")
    return found


def told_where(trace: Trace, kind: type[Any], good: Callable[[Any], bool]) -> Iterator[Told[Any]]:
    """Responses of ours of a type and a kind, in order, with what the car did next."""
    for frame, message in trace.messages(kind):
        if frame.sender == trace.tester and good(message):
            yield told_by(trace, frame)


def heard(trace: Trace, kind: type[Any], nth: int = 0, *, where: Callable[[Any], bool] | None = None) -> Told[Any]:
    """Like `told`, of a response that answers a request of the car: what no request asked for tells nothing of it.

    Raises:
        Inconclusive: We never sent it, or the request before it is another one or not there.
    """
    found = told(trace, kind, nth, where=where)
    name = "nothing" if found.asked is None else type(found.asked.message).__name__
    if name != type(found.message).__name__.removesuffix("Res") + "Req":
        raise Inconclusive(f"{type(found.message).__name__} answers {name}")
    return found


def answered(one: Asked[M]) -> Asked[M]:
    """A request that we answered.

    Raises:
        Inconclusive: We did not: the trace is not that of the stimulus.
    """
    if one.answered is None:
        raise Inconclusive("the request was not answered")
    return one


def no_start(requirement: str, trace: Trace, after: Record, *, within: float) -> Observation:
    """Behind a record no PowerDelivery(Start) comes on its connection.

    Raises:
        Inconclusive: The trace ends before.
    """
    started = next(
        (
            one
            for one in requests(trace, m.PowerDeliveryReq, link=after.link)
            if one.frame.index > after.index and one.request.ChargeProgress is m.ChargeProgress.Start
        ),
        None,
    )
    seconds = trace.records[-1].t - after.t
    if started is None and seconds < within:
        raise Inconclusive(f"the car was watched for {seconds:.1f} s only")
    return holds(
        requirement,
        started is None,
        expected="no PowerDeliveryReq(Start)",
        seen="none" if started is None else "PowerDeliveryReq(Start)",
        at=(after.index,) if started is None else (after.index, *started.at),
    )


def started(trace: Trace, nth: int = 0) -> Asked[m.PowerDeliveryReq]:
    """The ``nth`` PowerDeliveryReq(Start) that is meant: with EVProcessing Ongoing the car is still planning.

    Raises:
        Inconclusive: There is none, or it was not answered.
    """
    start = asked(trace, m.PowerDeliveryReq, nth, where=_starts)
    return answered(start)


def _starts(request: m.PowerDeliveryReq) -> bool:
    return request.ChargeProgress is m.ChargeProgress.Start and request.EVProcessing is m.Processing.Finished

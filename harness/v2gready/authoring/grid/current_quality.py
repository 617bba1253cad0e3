"""Words for the quality of current: distortion, direct current, and how alike the phases are loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from v2gready.authoring.grid.judgements import within
from v2gready.authoring.grid.view import HOLD_SHARE, Span, View
from v2gready.grid import measurement as measure
from v2gready.grid.recording import ChannelNames
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive, Observation

WINDOWS: Final = 10
"""Windows of ten cycles over which a distortion is averaged."""
CALM: Final = 0.02
"""Un by which the voltage of any phase may be away from nominal."""


def steady(view: View, share: float, seconds: float) -> Span:
    """The recording: power at a share of the rated one and voltage nominal, from the start to the end.

    Raises:
        Inconclusive: They were not, or the recording is shorter than so many seconds.
    """
    if view.span.duration < HOLD_SHARE * seconds:
        raise Inconclusive(f"{view.span.duration:.2f} s were recorded, {seconds:g} s are wanted")
    half = view.span.duration / 2
    for end in (view.span.start + half, view.span.end):
        view.at_power(share, before=end, seconds=half)
    nominal = view.rating.voltage
    for n, phase in enumerate(view.q.u, start=1):
        for extreme in (phase.minimum(), phase.maximum()):
            if abs(extreme.value - nominal) > CALM * nominal + extreme.uncertainty:
                raise Inconclusive(f"phase {n} was at {extreme.value / nominal:.3f} Un, the case wants nominal voltage")
    return view.span


def little_distortion(requirement: str, view: View) -> Iterator[Observation]:
    """The total harmonic distortion of each phase current, averaged over the windows of the recording.

    Raises:
        Inconclusive: Too little was recorded.
    """
    limit = view.code.limit("thd_limit", high=view.code["thd_limit"].number, unit="%")
    for name in _phases(view):
        distortion = measure.harmonics(view.q.synchronous, name).distortion().scaled(100.0, "%")
        if len(distortion) < WINDOWS:
            raise Inconclusive(f"{len(distortion)} windows of ten cycles were recorded, {WINDOWS} are wanted")
        value = distortion.mean()
        told = (distortion.start, distortion.end)
        yield within(requirement, view, value, limit, what=f"distortion of {name}", instants=told)


def little_direct_current(requirement: str, view: View, span: Span) -> Iterator[Observation]:
    """The mean of each phase current."""
    most = view.code["dc_limit"].number * view.rating.current
    limit = view.code.limit("dc_limit", low=-most, high=most, unit="A")
    for name in _phases(view):
        value = measure.dc_component(view.q.synchronous, name, since=span.start, until=span.end)
        told = (span.start, span.end)
        yield within(requirement, view, value, limit, what=f"direct current in {name}", instants=told)


def alike(requirement: str, view: View, span: Span) -> Observation:
    """The apparent power of the most loaded phase above that of the least loaded one; of one phase above none."""
    loads = [(view.mean(u, span), view.mean(i, span)) for u, i in zip(view.q.u[: len(view.q.i)], view.q.i, strict=True)]
    apparent = sorted(
        (Measurement(u.value * i.value, "VA", u.value * i.uncertainty + i.value * u.uncertainty) for u, i in loads),
        key=lambda one: one.value,
    )
    most, least = apparent[-1], apparent[0] if len(apparent) > 1 else Measurement(0.0, "VA")
    value = Measurement(most.value - least.value, "VA", most.uncertainty + least.uncertainty)
    limit = view.code.limit("unbalance_limit", high=view.code["unbalance_limit"].number, unit="VA")
    told = (span.start, span.end)
    return within(requirement, view, value, limit, what="most loaded phase above the least loaded", instants=told)


def _phases(view: View) -> tuple[str, ...]:
    return tuple(name for name in ChannelNames.CURRENTS if view.recording.has(name))

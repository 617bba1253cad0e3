"""Scripts as rows: every shape puts out the script, and what cannot be played is named with segment and limit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.bench.grid.drivers import AfterList, Capabilities, CapabilityError
from v2gready.bench.grid.listmode import Level, Row, Shape, rows_of
from v2gready.grid.script import Script

LIMITS = Capabilities(
    max_segments=100,
    min_dwell=0.001,
    time_resolution=0.001,
    voltage_slew=1e6,
    frequency_slew=1e5,
    voltage_max=300.0,
    frequency_min=40.0,
    frequency_max=70.0,
    per_phase_amplitude=True,
    per_phase_angle=True,
    phase_jump=True,
    harmonics=False,
    regeneration=True,
    after_list=AfterList.HOLD,
)
NOMINAL = Level()

shares = st.floats(0.0, 1.25)
frequencies = st.floats(45.0, 55.0)
durations = st.integers(5, 5000).map(lambda n: n / 1000)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    script = Script()
    for _ in range(draw(st.integers(1, 5))):
        if draw(st.booleans()):
            script = script.step(f=draw(frequencies), u=(draw(shares), draw(shares), draw(shares)))
        if draw(st.booleans()):
            script = script.hold(draw(durations))
        else:
            script = script.ramp(f=draw(frequencies), u=draw(shares), seconds=draw(durations))
    return script


def put_out(rows: tuple[Row, ...], shape: Shape, t: np.ndarray) -> np.ndarray:
    """What an instrument makes of its list: frequency and voltages, shape (4, n)."""
    points: list[tuple[float, ...]] = [(0.0, NOMINAL.f, *NOMINAL.u)]
    at = 0.0
    for row in rows:
        start, end = (row.start.f, *row.start.u), (row.end.f, *row.end.u)
        if shape is Shape.START_END:
            points.append((at, *start))
        elif shape is Shape.TARGET_SLEW and row.at_once:
            points.append((at, *end))
        at += row.seconds
        points.append((at, *end))
    table = np.array(points).T
    return np.array([np.interp(t, table[0], quantity) for quantity in table[1:]])


@pytest.mark.parametrize("shape", Shape)
@given(script=scripts())
def test_the_rows_put_out_the_script(shape: Shape, script: Script) -> None:
    rows = rows_of(script, 230.0, shape, LIMITS, NOMINAL)
    assert sum(row.seconds for row in rows) == pytest.approx(script.duration)
    edges = np.cumsum([0.0] + [segment.duration for segment in script.segments])
    t = np.linspace(0.0, script.duration, 500)
    t = t[np.min(np.abs(t[:, None] - edges[None, :]), axis=1) > 0.0015]
    wanted = script.at(t)
    seen = put_out(rows, shape, t)
    assert np.allclose(seen[0], wanted.f, atol=1e-6)
    assert np.allclose(seen[1:], wanted.u * 230.0, atol=1e-5)


@given(st.lists(st.floats(0.002, 0.9), min_size=1, max_size=50))
def test_rounding_of_durations_does_not_add_up(seconds: list[float]) -> None:
    script = Script()
    for n, duration in enumerate(seconds):
        script = script.step(u=0.9 if n % 2 else 1.0).hold(duration)
    rows = rows_of(script, 230.0, Shape.START_END, LIMITS, NOMINAL)
    at = np.cumsum([row.seconds for row in rows])
    assert np.max(np.abs(at - np.cumsum(seconds))) <= 0.00051


@pytest.mark.parametrize(
    ("script", "limits", "said"),
    [
        (Script(), {}, "no segment"),
        (Script().hold(1).step(u=0.5).hold(0.0004), {}, "segment 2 of the script lasts 0.0004 s"),
        (Script().hold(1).ramp(f=49, rate=4), {"frequency_slew": 2.0}, "segment 2 .* 4 Hz/s, the limit is 2 Hz/s"),
        (Script().ramp(u=0.5, seconds=0.1), {"voltage_slew": 1000.0}, "segment 1 .* 1150 V/s, the limit is 1000 V/s"),
        (Script().hold(1).step(u=0.0).hold(1), {"voltage_slew": 5000.0}, "segment 2 .* step .* needs 0.046 s"),
        (Script().step(u=1.4).hold(1), {}, "asks for 322 V, the limit is 300 V"),
        (Script().ramp(f=75, rate=10), {}, "the limits are 40 Hz and 70 Hz"),
        (Script().step(u=(0.5, 1, 1)).hold(1), {"per_phase_amplitude": False}, "unequal voltages"),
        (Script().step(angles=(0, 10, -10)).hold(1), {"per_phase_angle": False}, "shifts single phases"),
        (Script().hold(1).step(jump=20).hold(1), {"phase_jump": False}, "segment 2 of the script has a phase jump"),
        (Script().hold(1).hold(1).hold(1), {"max_segments": 2}, "needs 3 rows, the list of the simulator holds 2"),
        (Script().hold(1).step(u=0.9).hold(1), {"after_list": AfterList.RETURN}, "ends at 50 Hz and 207 V"),
    ],
)
def test_what_cannot_be_played_is_named(script: Script, limits: dict[str, object], said: str) -> None:
    with pytest.raises(CapabilityError, match=said):
        rows_of(script, 230.0, Shape.START_END, replace(LIMITS, **limits), NOMINAL)  # type: ignore[arg-type]


def test_a_step_and_a_ramp_need_time_for_both() -> None:
    script = Script().step(u=0.5).ramp(u=1.0, seconds=0.0015)
    limits = replace(LIMITS, time_resolution=0.0001)
    with pytest.raises(CapabilityError, match="do not both fit"):
        rows_of(script, 230.0, Shape.TARGET_SLEW, limits, NOMINAL)
    assert rows_of(script, 230.0, Shape.START_END, limits, NOMINAL)


def test_a_jump_turns_all_phases_and_stays() -> None:
    script = Script().hold(1).step(jump=20).hold(1).step(jump=-20).hold(1)
    rows = rows_of(script, 230.0, Shape.START_END, LIMITS, NOMINAL)
    assert [row.start.angles for row in rows] == [(0, 0, 0), (20, 20, 20), (0, 0, 0)]

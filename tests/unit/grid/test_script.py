"""What a script says at an instant: pieces meet where they should, and phase is the integral of frequency."""

from __future__ import annotations

import numpy as np
import pytest

from v2gready.grid.script import Script

SCRIPT = (
    Script()
    .hold(0.25).step(f=49.0, u=(1.0, 0.5, 0.9), angles=(0.0, 10.0, -15.0), jump=30.0).hold(0.1)
    .ramp(f=51.0, rate=4.0, u=1.1).step(u=0.2, angles=(0.0, 0.0, 0.0)).hold(0.15)
)  # fmt: skip


def test_phase_is_the_integral_of_frequency_and_jumps_where_told() -> None:
    t = np.arange(0.0, 1.2, 1e-4)
    played = SCRIPT.at(t, phase=0.5)
    turned = 2 * np.pi * np.concatenate(([0.0], np.cumsum((played.f[1:] + played.f[:-1]) / 2 * np.diff(t))))
    jumped = np.where(t >= 0.25, np.radians(30.0), 0.0)
    # The step of frequency lies between two samples: half a spacing of 1 Hz at most.
    assert np.abs(played.phase - 0.5 - turned - jumped).max() < 2 * np.pi * 1e-4


@pytest.mark.parametrize(
    ("t", "f", "u"),
    [
        (0.0, 50.0, (1.0, 1.0, 1.0)),
        (0.25, 49.0, (1.0, 0.5, 0.9)),
        (0.35, 49.0, (1.0, 0.5, 0.9)),
        (0.6, 50.0, (1.05, 0.8, 1.0)),
        (0.85, 51.0, (0.2, 0.2, 0.2)),
        (9.0, 51.0, (0.2, 0.2, 0.2)),
    ],
)
def test_values(t: float, f: float, u: tuple[float, ...]) -> None:
    played = SCRIPT.at(np.array([t]))
    assert played.f[0] == pytest.approx(f)
    assert played.u[:, 0] == pytest.approx(u)


def test_angles_belong_to_their_segment() -> None:
    angles = np.degrees(SCRIPT.at(np.array([0.1, 0.3, 0.6, 0.9])).angles)
    assert np.allclose(angles.T, [[0, 0, 0], [0, 10, -15], [0, 10, -15], [0, 0, 0]])


def test_beyond_its_end_it_turns_on() -> None:
    end, later = SCRIPT.at(np.array([SCRIPT.duration, SCRIPT.duration + 0.1])).phase
    assert later - end == pytest.approx(2 * np.pi * 51.0 * 0.1)


def test_any_choice_of_instants_agrees() -> None:
    t = np.arange(0.0, 1.2, 1e-3)
    whole = SCRIPT.at(t)
    for since in range(0, len(t), 97):
        part = SCRIPT.at(t[since : since + 97])
        assert np.array_equal(part.phase, whole.phase[since : since + 97])
        assert np.array_equal(part.u, whole.u[:, since : since + 97])

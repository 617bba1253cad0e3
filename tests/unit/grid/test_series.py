"""Series: cutting, averaging, interpolating, always with uncertainty."""

import numpy as np
import pytest

from v2gready.grid.series import Series
from v2gready.model.observation import Inconclusive


def series(n: int = 11, noise: float = 0.0, uncertainty: float = 0.5) -> Series:
    t = np.arange(n) * 0.1
    return Series(t, 10 * t, "W", np.full(n, uncertainty), window=0.1, noise=noise)


def test_between_takes_both_ends() -> None:
    part = series().between(0.2, 0.5)
    assert part.values == pytest.approx([2, 3, 4, 5])
    with pytest.raises(Inconclusive, match=r"between 5\.000 s and 6\.000 s"):
        series().between(5, 6)


def test_the_instrument_does_not_average_out_and_noise_does() -> None:
    assert series().mean().uncertainty == pytest.approx(0.5)
    assert series(noise=0.5).mean().uncertainty == pytest.approx(0.5 / np.sqrt(10))
    mixed = series(noise=0.3).mean()
    assert mixed.uncertainty == pytest.approx(np.sqrt(0.5**2 - 0.3**2 + 0.3**2 / 10))
    assert mixed.value == pytest.approx(5.0)


def test_overlapping_windows_are_not_independent() -> None:
    t = np.arange(101) * 0.01
    overlapping = Series(t, np.ones(101), "W", np.ones(101), window=0.5, noise=1.0)
    assert overlapping.mean().uncertainty == pytest.approx(1 / np.sqrt(2))


def test_extremes_and_interpolation() -> None:
    assert series().minimum().value == 0.0
    assert series().maximum().value == pytest.approx(10.0)
    assert series().at(0.25).value == pytest.approx(2.5)
    assert series().at(0.3).value == pytest.approx(3.0)
    for outside in (-0.01, 1.01):
        with pytest.raises(Inconclusive):
            series().at(outside)


def test_a_gap_is_no_place_to_interpolate() -> None:
    whole = series()
    kept = np.array([0, 1, 2, 7, 8, 9, 10])
    holed = Series(whole.t[kept], whole.values[kept], "W", whole.uncertainty[kept], window=0.1)
    with pytest.raises(Inconclusive, match=r"between 0\.200 s and 0\.700 s"):
        holed.at(0.5)
    assert holed.at(0.15).value == pytest.approx(1.5)


def test_sign_and_scale() -> None:
    assert (-series()).values[-1] == pytest.approx(-10)
    scaled = series(noise=0.2).scaled(-0.001, "kW")
    assert (scaled.values[-1], scaled.unit, scaled.noise) == (pytest.approx(-0.01), "kW", pytest.approx(2e-4))
    assert scaled.uncertainty[0] == pytest.approx(5e-4)


def test_an_empty_series_has_no_value() -> None:
    empty = Series(np.array([]), np.array([]), "W", np.array([]))
    for act in (empty.mean, empty.minimum, empty.maximum, lambda: empty.at(0.0), lambda: empty.start):
        with pytest.raises(Inconclusive, match="nothing was measured"):
            act()
    with pytest.raises(ValueError, match="one instant"):
        Series(np.array([0.0]), np.array([]), "W", np.array([]))

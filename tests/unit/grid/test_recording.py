"""Recordings one after the other on one axis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from v2gready.grid import sample_files
from v2gready.grid.recording import Channel, ChannelNames, Kind, Recording
from v2gready.grid.screening import screen, unusable
from v2gready.model.trace import Recorded

NAMES = (*ChannelNames.VOLTAGES, "f", "p")


def readings(start: float, count: int, kind: Kind = Kind.QUANTITIES, rate: float = 10.0) -> Recording:
    values = {"f": 50.0, "p": 0.0}
    channels = {n: Channel(n, "", np.full(count, values.get(n, 230.0), dtype=np.float32)) for n in NAMES}
    return Recording(kind, start, rate, channels, "an analyser", 0.01)


def test_what_comes_later_keeps_its_time_and_the_hole_stays_open() -> None:
    joined = readings(5.0, 20).then_at_its_time(readings(8.04, 20))
    assert (joined.start, len(joined)) == (5.0, 50)
    assert np.flatnonzero(np.isnan(joined.values("u1"))).tolist() == list(range(20, 30))
    assert joined.time_uncertainty == pytest.approx(0.01 + 0.05)
    assert joined.channels["u1"].values.dtype == np.float32


def test_screening_names_the_hole() -> None:
    joined = readings(5.0, 20).then_at_its_time(readings(8.0, 20))
    assert unusable(screen(joined, 230.0, 16.0)) == "samples are lost: 10 in all, first 1e+03 ms from 7 s on"
    without = readings(5.0, 20).then_at_its_time(readings(7.0, 20))
    assert not unusable(screen(without, 230.0, 16.0))


@pytest.mark.parametrize("other", [readings(6.0, 5), readings(9.0, 5, rate=20.0), readings(9.0, 5, Kind.WAVEFORM)])
def test_what_does_not_fit_is_refused(other: Recording) -> None:
    with pytest.raises(ValueError, match="come after|must agree"):
        readings(5.0, 20).then_at_its_time(other)


def test_the_hole_survives_the_file(tmp_path: Path) -> None:
    joined = readings(5.0, 20).then_at_its_time(readings(8.0, 20))
    entry = sample_files.write(tmp_path / "samples", "one", Recorded(index=0, t=0.0, name="grid", content=joined))
    back = sample_files.read(tmp_path, entry)
    assert np.array_equal(back.values("u1"), joined.values("u1"), equal_nan=True)
    assert (back.start, back.rate, back.time_uncertainty) == (joined.start, joined.rate, joined.time_uncertainty)

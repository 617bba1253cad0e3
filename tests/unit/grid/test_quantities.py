"""One view of both kinds of recordings; what is not there is inconclusive, never a number."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.grid.measurement.signals import Signal
from v2gready.grid.quantities import Quantities, largest
from v2gready.grid.recording import Channel, Floats, Kind, Recording, Uncertainty
from v2gready.model.observation import Inconclusive

T = np.arange(200) / 50


def delivered(**channels: Floats) -> Recording:
    units = {"u": "V", "i": "A", "f": "Hz", "p": "W", "q": "var"}
    held = {
        name: Channel(name, units.get(name[0], ""), values, Uncertainty(0.1, 0.001))
        for name, values in channels.items()
    }
    return Recording(Kind.QUANTITIES, 100.0, 50.0, held, time_uncertainty=0.002)


FULL = delivered(
    u1=np.full(200, 230.0),
    u2=np.full(200, 229.0),
    u3=np.full(200, 231.0),
    i1=np.full(200, 10.0),
    i2=np.linspace(8.0, 12.0, 200),
    i3=np.full(200, 9.0),
    f=50 + 0.1 * T,
    p=np.full(200, 6900.0),
    q=np.full(200, -500.0),
    u_pos=np.full(200, 230.0),
    s1=np.where(T < 2, 1.0, 0.0),
)


def test_delivered_quantities_are_taken_as_they_are() -> None:
    quantities = Quantities(FULL)
    assert [one.values[0] for one in quantities.u] == [230.0, 229.0, 231.0]
    assert quantities.f.at(102.0).value == pytest.approx(50.2)
    assert quantities.export.values[0] == -6900.0
    assert quantities.export_total.values[0] == -6900.0
    assert quantities.q_export.values[0] == 500.0
    assert quantities.u_pos.values[0] == 230.0
    assert quantities.i_max.minimum().value == pytest.approx(10.0)
    assert quantities.i_max.maximum().value == pytest.approx(12.0)
    assert quantities.export.uncertainty[0] == pytest.approx(0.1 + 6.9)
    assert quantities.export.time_uncertainty == 0.002
    assert quantities.envelope is quantities.i_max
    assert len(quantities.switch()) == 4


def test_what_was_not_delivered_is_inconclusive() -> None:
    quantities = Quantities(delivered(u1=np.full(200, 230.0)))
    assert len(quantities.u) == 1
    for name in ("f", "export", "q_export", "u_pos", "u_neg", "i_max", "synchronous"):
        with pytest.raises(Inconclusive):
            getattr(quantities, name)
    with pytest.raises(Inconclusive, match="no channel s1"):
        quantities.switch()


def test_both_kinds_tell_the_same_of_the_same() -> None:
    """Signs above all: charging 16 A with a lag takes in active and inductive reactive power."""
    signal = Signal(lag=0.5)
    quantities = Quantities(signal.recorded())
    assert quantities.export.mean().value == pytest.approx(-signal.active, rel=1e-3)
    assert quantities.q_export.mean().value == pytest.approx(-signal.reactive, rel=1e-3)
    assert quantities.i_max.mean().value == pytest.approx(16.0, rel=1e-3)
    assert quantities.is_waveform
    assert not Quantities(FULL).is_waveform


def test_all_windowed_values_come_at_the_same_instants() -> None:
    quantities = Quantities(Signal(start=3.0).recorded())
    for series in (*quantities.u, *quantities.i, quantities.u_pos, quantities.u_neg, quantities.q_export):
        assert series.t is quantities.export.t or np.array_equal(series.t, quantities.export.t)
    assert set(np.round(quantities.f.t, 9)) <= set(np.round(quantities.export.t, 9))
    assert quantities.refreshed(0.001).u[0].spacing == pytest.approx(0.001)
    assert quantities.u[0].spacing == pytest.approx(0.01)


def test_everything_is_computed_once() -> None:
    quantities = Quantities(Signal().recorded())
    assert quantities.f is quantities.f
    assert quantities.export is quantities.export
    assert quantities.synchronous is quantities.refreshed(0.001).synchronous


def without(recording: Recording, *names: str) -> Recording:
    return replace(recording, channels={k: v for k, v in recording.channels.items() if k not in names})


def spoiled(recording: Recording, name: str, values: Floats) -> Recording:
    return replace(recording, channels={**recording.channels, name: Channel(name, "V", values)})


def holed(values: Floats) -> Floats:
    values = values.copy()
    values[777] = np.nan
    return values


GOOD = Signal(noise=0.001).recorded()


@pytest.mark.parametrize(
    ("recording", "reason"),
    [
        (without(GOOD, "u2"), "no channel u2"),
        (without(GOOD, "u1"), "no channel u1"),
        (spoiled(GOOD, "u3", holed(GOOD.values("u3"))), "1 values of u3 are no numbers, the first at 0.0777 s"),
        (spoiled(GOOD, "u1", np.full(len(GOOD), np.inf)), "no numbers"),
        (spoiled(GOOD, "u1", np.clip(GOOD.values("u1"), -250.0, 250.0)), "u1 is clipped at 250"),
        (
            replace(GOOD, channels={**GOOD.channels, "u1": GOOD.channels["u2"], "u2": GOOD.channels["u1"]}),
            "swapped",
        ),
        (replace(GOOD, rate=20000.0), "sampling rate is wrong"),
        (replace(GOOD, rate=5000.0), "sampling rate is wrong"),
        (Signal(rate=1000.0).recorded(), "sampled at 1000 Hz; this needs at least 5000 Hz"),
        (Signal(duration=0.03).recorded(), "less than two cycles"),
        (Signal(duration=0.1).recorded(), "this needs more than"),
        (Signal(volts=0.0).recorded(), "no voltage"),
        (Recording(Kind.WAVEFORM, 0.0, 10000.0), "less than two cycles"),
    ],
)
def test_a_bad_recording_gives_a_reason_and_no_frequency(recording: Recording, reason: str) -> None:
    with pytest.raises(Inconclusive, match=reason):
        _ = Quantities(recording).f


def test_a_bad_current_spoils_power_and_not_voltage() -> None:
    quantities = Quantities(without(GOOD, "i3"))
    assert len(quantities.u) == 3
    for name in ("export", "export_total", "q_export", "i_max", "envelope"):
        with pytest.raises(Inconclusive, match="no channel i3"):
            getattr(quantities, name)


def test_a_coarse_converter_is_not_clipping() -> None:
    step = 2 * 340 / 2**10
    channels = {
        name: replace(channel, values=np.round(GOOD.values(name) / step) * step if name[0] == "u" else channel.values)
        for name, channel in Signal(rate=20000.0).recorded().channels.items()
        for GOOD in (Signal(rate=20000.0).recorded(),)
    }
    quantities = Quantities(Recording(Kind.WAVEFORM, 0.0, 20000.0, channels))
    assert np.all(np.abs(quantities.f.values - 50) <= quantities.f.uncertainty)
    assert np.all(np.abs(quantities.u[0].values - 230) <= quantities.u[0].uncertainty)


def test_the_largest_keeps_the_uncertainty_of_its_phase() -> None:
    first, second, _ = Quantities(FULL).i
    both = largest((first, replace(second, uncertainty=np.full(len(second), 9.0))))
    assert both.uncertainty[0] == pytest.approx(0.11)
    assert both.uncertainty[-1] == 9.0

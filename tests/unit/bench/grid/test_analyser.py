"""Drivers of power analysers against fake instruments in another process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import numpy as np
import pytest

from tests.unit.bench.grid.conftest import Fake, analyser_commands
from v2gready.bench.grid.analyser import ScpiPowerAnalyser, seconds_of
from v2gready.bench.grid.drivers import CapabilityError, InstrumentError
from v2gready.bench.grid.readings import Reading, number, recording_of
from v2gready.bench.grid.wire import Address, open_wire
from v2gready.grid.recording import Kind, Recording, Uncertainty

SETS = {"yokogawa": "yokogawa-wt", "zimmer": "zimmer-lmg670"}
FakeFactory = Callable[..., Fake]


def record(  # noqa: PLR0917
    address: Address,
    kind: str,
    seconds: float = 0.6,
    rate: float | None = 20.0,
    timeout: float = 5.0,
    waveform: bool = False,
) -> Recording:
    async def main() -> Recording:
        commands = analyser_commands(SETS[kind], timeout=timeout)
        async with ScpiPowerAnalyser(commands, address, time.monotonic) as analyser:
            await analyser.start(rate=rate, waveform=waveform, seconds=seconds)
            await asyncio.sleep(seconds)
            return await analyser.stop()

    return asyncio.run(main())


def test_a_wt_delivers_the_quantities_under_the_names_of_the_harness(fake: FakeFactory) -> None:
    instrument = fake("yokogawa")
    recording = record(instrument.address, "yokogawa")
    assert recording.kind is Kind.QUANTITIES
    assert recording.rate == 20.0
    means = {name: float(np.mean(channel.values)) for name, channel in recording.channels.items()}
    assert means == pytest.approx(
        {"u1": 230, "u2": 230, "u3": 230, "i1": 16, "i2": 16, "i3": 16, "f": 50.01, "p": 11040, "q": -120}
    )
    assert recording.channels["u1"].uncertainty == Uncertainty(0.3, 0.001)
    assert recording.time_uncertainty >= 0.05  # values may be an update old
    assert "YOKOGAWA" in recording.source
    assert not instrument.model["errors"]


def test_an_lmg_has_a_clock_of_its_own_and_its_channels_are_added(fake: FakeFactory) -> None:
    instrument = fake("zimmer")
    recording = record(instrument.address, "zimmer")
    assert recording.duration > 1.0  # its clock runs ten times as fast as ours, over the full minute
    assert np.all(np.isfinite(recording.values("p")))
    assert recording.values("p") == pytest.approx(3450.0)
    assert recording.values("u1") == pytest.approx(229.9)
    assert not instrument.model["errors"]


def test_what_is_out_of_range_is_missing_and_not_zero(fake: FakeFactory) -> None:
    recording = record(fake("yokogawa", "--fault", "over:values").address, "yokogawa")
    assert np.isnan(recording.values("u1")).sum() == 1
    assert np.isnan(recording.values("u2")).sum() == 1
    assert np.isnan(recording.values("u3")).sum() == 0


@pytest.mark.parametrize(
    ("kind", "fault", "said"),
    [
        ("yokogawa", "drop#4:numeric:normal:value?", "broke off: .* closed the connection"),
        ("yokogawa", "garbage#3:numeric:normal:value?", "no reading"),
        ("yokogawa", "refuse:rate", "-222"),
        ("yokogawa", "deaf:numeric:normal:number", "answers 1 values where 9 were asked"),
        ("zimmer", "garbage#3:tsnorm?", "no reading"),
        ("zimmer", "refuse:cycl", "-222"),
        ("zimmer", "drop#2:inim", "closed the connection"),
    ],
)
def test_a_broken_recording_is_an_error_of_the_bench(fake: FakeFactory, kind: str, fault: str, said: str) -> None:
    with pytest.raises(InstrumentError, match=said):
        record(fake(kind, "--fault", fault).address, kind)


def test_an_assignment_is_read_back(fake: FakeFactory) -> None:
    with pytest.raises(InstrumentError, match=r"was given 'U,3' as item 3, but reads back 'U,4.0'"):
        record(fake("yokogawa", "--fault", "alter:numeric:normal:item3?").address, "yokogawa")


def test_a_slow_analyser_is_given_up_on(fake: FakeFactory) -> None:
    instrument = fake("yokogawa", "--slow", "value?")
    with pytest.raises(InstrumentError, match="does not answer within 0.3 s"):
        record(instrument.address, "yokogawa", timeout=0.3)


def test_another_instrument_is_refused(fake: FakeFactory) -> None:
    instrument = fake("yokogawa", "--identity", "FLUKE,NORMA,1,1")
    with pytest.raises(InstrumentError, match="FLUKE"):
        record(instrument.address, "yokogawa")


@pytest.mark.parametrize(("kind", "rate"), [("yokogawa", 100.0), ("zimmer", 0.001)])
def test_a_rate_beyond_the_instrument_is_refused(fake: FakeFactory, kind: str, rate: float) -> None:
    with pytest.raises(CapabilityError, match="readings per second"):
        record(fake(kind).address, kind, rate=rate)


def test_a_set_without_waveforms_says_what_to_do_instead(fake: FakeFactory) -> None:
    with pytest.raises(CapabilityError, match="COMTRADE"):
        record(fake("yokogawa").address, "yokogawa", waveform=True)


@pytest.mark.parametrize("visa", [False, True])
def test_a_waveform_comes_in_binary_blocks(fake: FakeFactory, visa: bool) -> None:
    instrument = fake("zimmer")
    address = instrument.address
    if visa:
        pytest.importorskip("pyvisa_py")
        address = Address(f"TCPIP0::127.0.0.1::{instrument.port}::SOCKET")
    # Longer than one block of 30000 samples.
    recording = record(address, "zimmer", seconds=4.0 / 8, rate=80_000.0, waveform=True)
    assert recording.kind is Kind.WAVEFORM
    assert len(recording) == 40_000
    expected = 325.0 * np.sin(2 * np.pi * 50 * np.arange(40_000) / 80_000.0)
    assert np.max(np.abs(recording.values("u2") - expected)) < 0.01
    assert np.max(recording.values("i3")) == pytest.approx(10.0, abs=0.01)


def test_a_block_that_is_too_short_is_an_error(fake: FakeFactory) -> None:
    with pytest.raises(InstrumentError, match="bytes for samples"):
        record(fake("zimmer", "--fault", "short:samples").address, "zimmer", 0.1, 10_000.0, waveform=True)


def test_an_answer_that_is_no_block_is_an_error(fake: FakeFactory) -> None:
    with pytest.raises(InstrumentError, match="where a binary block should be"):
        record(fake("zimmer", "--fault", "garbage:trpval?").address, "zimmer", 0.1, 10_000.0, waveform=True)


def readings_at(*instants: float) -> list[Reading]:
    return [Reading(t, 0.002, tuple([t] * 9)) for t in instants]


def test_each_instant_gets_the_nearest_reading() -> None:
    commands = analyser_commands("yokogawa-wt")
    recording = recording_of(readings_at(0, 0.11, 0.19, 0.3), commands, 10.0, {}, "")
    assert recording.values("q") == pytest.approx([0, 0.11, 0.19, 0.3])
    assert recording.time_uncertainty == pytest.approx(0.01 + 0.002 + commands.age)


def test_a_hole_is_a_hole() -> None:
    recording = recording_of(readings_at(0, 0.1, 0.2, 0.9, 1.0), analyser_commands("yokogawa-wt"), 10.0, {}, "")
    missing = np.isnan(recording.values("p"))
    assert missing.tolist() == [False, False, False, True, True, True, True, True, True, False, False]
    assert recording.time_uncertainty < 0.1


def test_one_reading_is_no_recording_and_time_runs_forward() -> None:
    commands = analyser_commands("yokogawa-wt")
    with pytest.raises(InstrumentError, match="1 readings"):
        recording_of(readings_at(0), commands, 10.0, {}, "")
    with pytest.raises(InstrumentError, match="backwards"):
        recording_of(readings_at(0, 0.2, 0.1), commands, 10.0, {}, "")


@pytest.mark.parametrize("text", ["NAN", "INF", "+OVER", "9.9E37", "-9.91E+37"])
def test_overflow_is_missing(text: str) -> None:
    assert np.isnan(number(text))


def test_the_time_of_an_lmg_has_nine_digits() -> None:
    pattern = analyser_commands("zimmer-lmg670").stamp
    assert pattern is not None
    late = seconds_of("2026:03:01D00:00:00.250000000", pattern)
    early = seconds_of("2026:02:28D23:59:59.750000000", pattern)
    assert late - early == pytest.approx(0.5)
    with pytest.raises(ValueError, match="no time"):
        seconds_of("yesterday", pattern)


def test_nobody_there_is_said_in_one_sentence() -> None:
    with pytest.raises(InstrumentError, match=r"cannot connect to 127\.0\.0\.1:9"):
        asyncio.run(open_wire(Address("127.0.0.1:9"), 5025, 1.0, 65536))


def test_visa_without_pyvisa_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyvisa", None)
    with pytest.raises(InstrumentError, match=r"v2gready\[bench\]"):
        asyncio.run(open_wire(Address("GPIB0::7::INSTR"), 5025, 1.0, 65536))


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("lab", ("lab", 5025)),
        ("lab:99", ("lab", 99)),
        ("192.0.2.7:5026", ("192.0.2.7", 5026)),
        ("[2001:db8::1]:80", ("2001:db8::1", 80)),
        ("[2001:db8::1]", ("2001:db8::1", 5025)),
        ("2001:db8::1", ("2001:db8::1", 5025)),
    ],
)
def test_addresses(text: str, endpoint: tuple[str, int]) -> None:
    assert not Address(text).visa
    assert Address(text).endpoint(5025) == endpoint


@pytest.mark.parametrize("text", ["", ":5", "lab:", "lab:x", "lab:70000", "http://lab", "a b"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="no address|no TCP port"):
        Address(text).endpoint(5025)

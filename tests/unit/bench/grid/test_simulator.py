"""Drivers of grid simulators against fake instruments in another process: the script arrives, and nothing stays on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.bench.grid.conftest import Fake, simulator_commands
from v2gready.bench.grid import simulator as simulator_module
from v2gready.bench.grid.drivers import AfterList, CapabilityError, InstrumentError
from v2gready.bench.grid.simulator import ScpiGridSimulator
from v2gready.bench.grid.wire import Address
from v2gready.grid.script import Script

SETS = {"ametek": "ametek-ci", "chroma": "chroma-61845", "pacific": "pacific-upc"}
DIP = Script().hold(0.05).step(u=0.15).hold(0.05).ramp(u=1.0, seconds=0.1).ramp(f=49.5, rate=10).ramp(f=50, rate=10)
"""A dip with a slow return, then frequency down and up; 0.3 s."""

FakeFactory = Callable[..., Fake]


def play(address: Address, kind: str, script: Script = DIP, nominal: float = 230.0, timeout: float = 5.0) -> None:
    async def main() -> None:
        async with ScpiGridSimulator(simulator_commands(SETS[kind], timeout=timeout), address) as simulator:
            try:
                await simulator.energise(nominal)
                await simulator.load(script, nominal)
                await simulator.run()
            except InstrumentError:
                # Off when the error is heard of, not only when the bench is cleared away.
                assert not Fake(port_of(address)).model["output"]
                raise

    asyncio.run(main())


def port_of(address: Address) -> int:
    return int(address.text.split("::")[2]) if address.visa else address.endpoint(0)[1]


def played(fake: Fake, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequency and voltages that the instrument put out."""
    (points,) = fake.model["played"]
    table = np.array(points).T
    return np.interp(t, table[0], table[1]), np.array([np.interp(t, table[0], row) for row in table[2:]])


@pytest.mark.parametrize("kind", SETS)
def test_what_the_instrument_puts_out_is_the_script(fake: FakeFactory, kind: str) -> None:
    instrument = fake(kind)
    play(instrument.address, kind)
    t = np.arange(0.002, DIP.duration, 0.0023)
    wanted = DIP.at(t)
    edges = np.array([0.05])
    away = np.min(np.abs(t[:, None] - edges[None, :]), axis=1) > 0.0015  # beside the step itself
    f, u = played(instrument, t)
    assert np.max(np.abs(f - wanted.f)) < 0.02
    assert np.max(np.abs(u - wanted.u * 230)[:, away]) < 0.5
    state = instrument.model
    assert state["ever_on"]
    assert not state["output"]
    assert not state["errors"]


@pytest.mark.parametrize("kind", SETS)
def test_every_write_is_followed_by_an_error_query(fake: FakeFactory, kind: str) -> None:
    instrument = fake(kind)
    play(instrument.address, kind)
    lines = instrument.model["log"]
    writes = [n for n, line in enumerate(lines) if "?" not in line]
    assert len(writes) > 10
    assert {lines[n + 1].lower() for n in writes} == {"syst:err?" if kind == "pacific" else "system:error?"}


def test_the_unequal_phases_of_a_script_arrive_in_their_phases(fake: FakeFactory) -> None:
    instrument = fake("ametek")
    script = Script().hold(0.03).step(u=(0.2, 1.0, 0.9)).hold(0.04).step(u=1.0).hold(0.03)
    play(instrument.address, "ametek", script)
    _, u = played(instrument, np.array([0.05]))
    assert u[:, 0] == pytest.approx([46.0, 230.0, 207.0])


def test_the_nominal_voltage_scales_the_script(fake: FakeFactory) -> None:
    instrument = fake("pacific")
    play(instrument.address, "pacific", nominal=120.0)
    _, u = played(instrument, np.array([0.06]))
    assert u[:, 0] == pytest.approx([18.0] * 3, abs=0.05)


@pytest.mark.parametrize(
    ("kind", "fault", "said"),
    [
        ("ametek", "refuse:list:volt", "-222"),
        ("ametek", "refuse:init", "-222"),
        ("ametek", "alter:list:dwel?", "reads back"),
        ("ametek", "alter:list:volt?", "reads back"),
        ("ametek", "drop:list:freq", "closed the connection"),
        ("ametek", "drop:init", "closed the connection"),
        ("ametek", "drop:*esr?", "closed the connection"),
        ("ametek", "garbage:*esr?", "no number"),
        ("ametek", "garbage:list:dwel?", "reads back"),
        ("ametek", "flood:list:dwel?", "more than 65536 bytes"),
        ("ametek", "early:list", "after"),
        ("ametek", "trips:list", "output off during"),
        ("ametek", "deaf#2:outp", "does not switch its output on"),
        ("chroma", "refuse:list:dwel", "-222"),
        ("chroma", "alter:list:volt:ac:end?", "reads back"),
        ("chroma", "drop:list:freq:end", "closed the connection"),
        ("chroma", "deaf#4:trig", "ended its list"),
        ("pacific", "refuse#2:prog:def", "-222"),
        ("pacific", "alter:prog:def?", "reads back"),
        ("pacific", "drop:prog:def?", "closed the connection"),
        ("pacific", "garbage:prog:def?", "nothing"),
    ],
)
def test_whatever_goes_wrong_ends_in_one_sentence_and_with_the_output_off(
    fake: FakeFactory, kind: str, fault: str, said: str
) -> None:
    instrument = fake(kind, "--fault", fault)
    with pytest.raises(InstrumentError) as error:
        play(instrument.address, kind)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert not instrument.model["output"]
    if fault != "deaf#2:outp":
        assert instrument.model["ever_on"]


def test_the_fault_that_spoils_the_upload_keeps_the_list_from_running(fake: FakeFactory) -> None:
    instrument = fake("ametek", "--fault", "alter:list:freq?")
    with pytest.raises(InstrumentError, match=r"'list:freq\?' reads back"):
        play(instrument.address, "ametek")
    assert instrument.model["played"] == []


def test_a_late_answer_is_never_taken_for_the_answer_to_the_next_question(fake: FakeFactory) -> None:
    instrument = fake("ametek", "--slow", "list:dwel?")
    with pytest.raises(InstrumentError, match="within 0.4 s"):
        play(instrument.address, "ametek", timeout=0.4)
    assert not instrument.model["output"]


def test_another_instrument_is_refused_before_anything_is_written(fake: FakeFactory) -> None:
    instrument = fake("ametek", "--identity", "TOASTER,2000,1,1")
    with pytest.raises(InstrumentError, match="TOASTER.*which is no AMETEK"):
        play(instrument.address, "ametek")
    assert instrument.model["log"] == ["*IDN?"]


def test_a_list_that_never_ends_is_given_up(fake: FakeFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator_module, "SPARE", 0.2)
    instrument = fake("ametek", "--fault", "never:list")
    with pytest.raises(InstrumentError, match="has not ended"):
        play(instrument.address, "ametek")
    assert not instrument.model["output"]


def test_a_cancelled_run_switches_the_output_off_first(fake: FakeFactory) -> None:
    instrument = fake("ametek")

    async def main() -> None:
        async with ScpiGridSimulator(simulator_commands("ametek-ci"), instrument.address) as simulator:
            await simulator.energise(230.0)
            await simulator.load(Script().hold(60.0), 230.0)
            run = asyncio.create_task(simulator.run())
            while not instrument.model["played"]:  # noqa: ASYNC110 - it is in another process
                await asyncio.sleep(0.01)
            assert instrument.model["output"]
            run.cancel()
            await asyncio.sleep(0)
            run.cancel()  # once more while it switches off
            with pytest.raises(asyncio.CancelledError):
                await run
            assert not instrument.model["output"]

    asyncio.run(main())


def test_an_instrument_that_is_gone_for_good_is_said_to_be_possibly_on(fake: FakeFactory) -> None:
    async def main() -> None:
        async with ScpiGridSimulator(simulator_commands("ametek-ci"), instrument.address) as simulator:
            await simulator.energise(230.0)
            simulator._session._address = Address("127.0.0.1:9")  # nobody answers there
            await simulator._session.close()
            await simulator.off()

    instrument = fake("ametek")
    with pytest.raises(InstrumentError, match="may still be on, switch it off by hand"):
        asyncio.run(main())


def test_a_script_beyond_the_limits_sends_nothing(fake: FakeFactory) -> None:
    instrument = fake("chroma")

    async def main() -> int:
        async with ScpiGridSimulator(simulator_commands("chroma-61845"), instrument.address) as simulator:
            before = len(instrument.model["log"])
            with pytest.raises(CapabilityError, match="segment 2 of the script has unequal voltages"):
                await simulator.load(Script().hold(1).step(u=(0.5, 1, 1)).hold(0.1).step(u=1.0).hold(1), 230.0)
            return len(instrument.model["log"]) - before

    assert asyncio.run(main()) == 0


def test_a_simulator_that_holds_its_last_values_begins_the_next_script_there(fake: FakeFactory) -> None:
    instrument = fake("ametek")
    commands = simulator_commands("ametek-ci")
    holding = replace(commands.capabilities, after_list=AfterList.HOLD)

    async def main() -> None:
        async with ScpiGridSimulator(commands, instrument.address, capabilities=holding) as simulator:
            await simulator.energise(230.0)
            down = Script().ramp(f=49.9, seconds=0.1)
            await simulator.load(down, 230.0)
            await simulator.run()
            await simulator.load(Script(frequency=49.9).hold(0.05).ramp(f=50.0, seconds=0.1), 230.0)
            await simulator.run()

    asyncio.run(main())
    _, second = instrument.model["played"]
    assert second[0][1] == pytest.approx(49.9)
    assert second[-1][1] == pytest.approx(50.0)


def test_running_without_a_script_is_an_error(fake: FakeFactory) -> None:
    instrument = fake("ametek")

    async def main() -> None:
        async with ScpiGridSimulator(simulator_commands("ametek-ci"), instrument.address) as simulator:
            await simulator.run()

    with pytest.raises(InstrumentError, match="no script"):
        asyncio.run(main())


def test_a_visa_resource_plays_the_same(fake: FakeFactory) -> None:
    pytest.importorskip("pyvisa_py")
    instrument = fake("ametek")
    play(Address(f"TCPIP0::127.0.0.1::{instrument.port}::SOCKET"), "ametek")
    f, _ = played(instrument, np.array([0.25]))
    assert f[0] == pytest.approx(49.5, abs=0.02)
    assert not instrument.model["output"]


@pytest.mark.parametrize("fault", ["drop:list:freq", "refuse:init", "garbage:*esr?"])
def test_a_visa_resource_ends_with_the_output_off(fake: FakeFactory, fault: str) -> None:
    pytest.importorskip("pyvisa_py")
    instrument = fake("ametek", "--fault", fault)
    with pytest.raises(InstrumentError) as error:
        play(Address(f"TCPIP0::127.0.0.1::{instrument.port}::SOCKET"), "ametek", timeout=1.0)
    assert "\n" not in str(error.value)
    assert not instrument.model["output"]

"""The benches for a car under test: settings, embedded car, and a car on real sockets."""

from __future__ import annotations

import asyncio
import random
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.unit.engine import rigs
from v2gready.authoring.ev import EvBench
from v2gready.engine.ev_benches import EvEmbeddedBench, EvNetworkBench
from v2gready.engine.ev_device import serve_ev
from v2gready.engine.ev_hooks import NAMES
from v2gready.engine.ev_settings import ev_settings
from v2gready.engine.preflight import Ready, embedded_dut, examine, prepare
from v2gready.model.dut import ConfigurationError, DutFile, parse_dut
from v2gready.model.pics import PicsItem
from v2gready.model.trace import EventKind, Trace
from v2gready.protocols.iso15118 import messages as m
from v2gready.references.ev import REFERENCE, RunningEv
from v2gready.transports import clock as clocks
from v2gready.transports.recorder import Recorder

DEVICE = {"make": "m", "model": "x", "serial": "1", "hardware_version": "1", "firmware_version": "1"}


def described(**interface: Any) -> DutFile:
    """A car behind an interface."""
    document = {
        "schema": 1,
        "device": {**DEVICE, "firmware_sha256": "0", "role": "ev"},
        "interfaces": {"iso15118": interface},
        "pics": {"dc": True, "dc_bpt": True},
        "hooks": {"plug_in": {"kind": "prompt", "text": "plug in", "timeout": 5}},
    }
    return parse_dut(document, "car.toml", {"ev": {key: PicsItem(key, "?", "", "o") for key in ("dc", "dc_bpt")}})


@pytest.fixture(scope="module")
def ready() -> Ready:
    return prepare(embedded_dut("ev"))


def played(bench: EvEmbeddedBench | EvNetworkBench, scene: Any) -> Trace:
    """The trace of a scene on a bench."""
    seen: list[Recorder] = []

    async def act() -> None:
        clock = clocks.Clock()
        recorder = Recorder(clock.now, tester="charger", dut="ev")
        seen.append(recorder)
        async with bench.open(recorder, clock, random.Random(1), None) as opened:
            await scene(opened)

    clocks.run(act(), virtual=bench.virtual)
    return seen[0].trace()


def test_the_embedded_car_charges_and_shows_its_inlet(ready: Ready) -> None:
    async def scene(bench: EvBench) -> None:
        await bench.charge(5)
        assert await bench.finish()

    assert ready.charging is not None
    trace = played(EvEmbeddedBench(ready.dut, ready.charging, ready.car), scene)
    assert next(trace.events(EventKind.TLS_ESTABLISHED)).detail["version"] == "TLSv1.3"
    assert max(one.value for one in trace.samples("ev.power")) > 1000
    assert [one.value for one in trace.samples("ev.contactor")][-1] == 0
    assert len(trace.samples("dc.current")) > 1


def test_ac_power_is_that_of_the_inverter_in_the_car(ready: Ready) -> None:
    async def scene(bench: EvBench) -> None:
        bench.charger.configure(services=(bench.service(dc=False),))
        await bench.charge(20)
        await bench.finish()

    assert ready.charging is not None
    trace = played(EvEmbeddedBench(ready.dut, ready.charging, ready.car), scene)
    told = {round(one.value, 3) for one in trace.samples("ac.power")}
    assert told <= {round(one.value, 3) for one in trace.samples("ev.power")}
    assert max(told) > 1000


def test_effects_of_a_fault_are_told(ready: Ready) -> None:
    async def scene(bench: EvBench) -> None:
        await bench.plug_in()
        await bench.charger.ended(30.0)

    effects: list[Any] = []
    assert ready.charging is not None
    bench = EvEmbeddedBench(ready.dut, ready.charging, ready.car, ("sdp-never-gives-up",), effects)

    async def silent(opened: EvBench) -> None:
        opened.charger.sdp(lambda _: (), forever=True)
        await scene(opened)

    played(bench, silent)
    assert {one.fault for one in effects} == {"sdp-never-gives-up"}


def test_defective_chains_are_made_when_asked_for(ready: Ready) -> None:
    assert ready.charging is not None
    assert ready.charging.credentials is not None
    chains = ready.charging.credentials.defective
    assert {"expired", "foreign-root", "revoked"} <= set(chains)
    assert "truncated-der" not in chains  # nothing that a handshake of ours could show
    assert chains["expired"] is chains["expired"]


def test_every_hook_is_an_action_of_the_car() -> None:
    assert all(callable(getattr(RunningEv, name)) for name in NAMES)
    assert REFERENCE.role == "ev"


@pytest.mark.parametrize(
    ("interface", "key"),
    [
        ({"kind": "wireless"}, "kind"),
        ({"kind": "network", "security": "none"}, "interface"),
        ({"kind": "network", "interface": "lo", "security": "maybe"}, "security"),
        ({"kind": "network", "interface": "lo", "security": "none", "sdp_port": 0}, "sdp_port"),
        ({"kind": "network", "interface": "lo", "security": "none", "vehicle_key": "x"}, "vehicle_key"),
        ({"kind": "network", "interface": "lo", "secc_certificates": "none.pem", "roots": "none.pem"}, "roots"),
    ],
)
def test_wrong_settings_are_named(interface: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigurationError) as wrong:
        ev_settings(described(**interface), Path())
    assert f"interfaces.iso15118.{key}" in str(wrong.value)


def test_a_car_on_real_sockets() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        port = probe.getsockname()[1]
    dut = described(kind="network", interface="lo", security="none", sdp_port=port)
    ended: list[str] = []

    async def plug_in(_text: str, _seconds: float) -> bool:
        ended.append("plugged in")
        tasks.append(asyncio.create_task(serve_ev("lo", port, (), random.Random(1), ended.append, loops=2)))
        return True

    async def scene(bench: EvBench) -> None:
        await bench.charge(2, within=20.0)
        assert await bench.charger.ended(within=20.0)
        await asyncio.gather(*tasks)

    tasks: list[asyncio.Task[None]] = []
    trace = played(EvNetworkBench(dut, ev_settings(dut, Path()), plug_in), scene)
    assert any(isinstance(frame.message, m.SessionStopRes) for frame in trace.frames())
    assert any(text.startswith("session 1") for text in ended)


def test_doctor_looks_at_the_sdp_port(tmp_path: Path) -> None:
    text = embedded_dut("ev").read_text(encoding="utf-8")
    text = text.replace(
        'kind = "embedded"\nsecurity = "tls"', 'kind = "network"\ninterface = "lo"\nsecurity = "none"', 1
    )
    path = tmp_path / "car.toml"
    path.write_text(text.replace('[interfaces.grid]\nkind = "embedded"\nprofile = "reference"\n', ""), encoding="utf-8")
    findings = {name: (good, said) for name, good, said in examine(path)}
    assert findings["SDP"][0], findings["SDP"][1]
    assert findings["hook plug_in"] == (
        False,
        "is missing; every case with a car needs it: add [hooks.plug_in]",
    )


def test_doctor_says_what_the_certificates_are_good_for(tmp_path: Path) -> None:
    rigs.made(tmp_path / "rig")
    (port,) = rigs.free_ports()
    path = rigs.dut(tmp_path / "car.toml", "ev", control=1, sdp_port=port, authorities=str(tmp_path / "rig"))
    findings = {name: (good, said) for name, good, said in examine(path)}
    assert all(good for good, _ in findings.values()), findings
    assert findings["roots for contracts"][1] == "MORootCA, V2GRootCA"
    assert findings["contracts to install"][1] == "issued anew for every case"
    assert findings["defective chains"][1].startswith("46 of 47; not secc-revoked-sub-ca: add them to a folder")
    files = {"roots": "tls-roots.pem", "secc_certificates": "secc.pem", "secc_key": "secc.key"}
    named = {key: str(tmp_path / "rig" / name) for key, name in files.items()}
    path = rigs.dut(tmp_path / "car.toml", "ev", control=1, sdp_port=port, **named)
    findings = {name: (good, said) for name, good, said in examine(path)}
    assert [name for name, (good, _) in findings.items() if not good] == ["roots for contracts", "contracts to install"]
    assert findings["defective chains"][1].startswith("2 of 47; add authorities")

"""The OCPP catalogue meets counterparts that nobody here wrote, in both roles, over sockets on loopback.

Every case that does not pass is known: it stands in ``ocpp/expected/<counterpart>.toml`` with the finding in
``docs/interop/ocpp.md`` that explains it. A result that is not expected, or an expected one that went away, is red.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interop.conftest import skip_or_fail
from interop.environments import MissingError
from interop.ocpp.counterparts import COMMANDS, HERE, Counterpart
from v2gready.engine.catalogue import load_catalogue
from v2gready.engine.ocpp_settings import ocpp_bench
from v2gready.engine.preflight import prepare
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import CallError, CallResult
from v2gready.transports.clock import Clock
from v2gready.transports.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from v2gready.authoring.ocpp import CsmsBench, StationBench

pytestmark = [pytest.mark.interop, pytest.mark.timeout(600)]

FINDINGS = Path(__file__).resolve().parents[2] / "docs" / "interop" / "ocpp.md"
EXPECTED: dict[str, dict[str, Any]] = {
    name: tomllib.loads((HERE / "expected" / f"{name}.toml").read_text()) for name in COMMANDS
}
BENCHES = 6
"""Pairs that share the cases: nearly all of their time is spent waiting."""

Cases = dict[str, dict[str, Any]]
"""Finished cases of a run by id, as they stand in ``run.json``."""

EVERY = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(f"ocpp-{name.split('-')[0]}")) for name in COMMANDS]
)
STATIONS = [name for name in COMMANDS if name.endswith("-station")]
CSMSES = [name for name in COMMANDS if name.endswith("-csms")]


@pytest.fixture
def counterpart(tmp_path: Path) -> Iterator[Callable[..., Counterpart]]:
    """``counterpart(name)`` starts one; without its environment the test is skipped or, in CI, fails."""
    running: list[Counterpart] = []

    def start(name: str, **settings: str) -> Counterpart:
        one = Counterpart(name, tmp_path / f"{name}-{len(running)}", settings)
        try:
            one.__enter__()
        except MissingError as reason:
            skip_or_fail(reason)
        running.append(one)
        return one

    yield start
    for one in running:
        one.__exit__()


# -- smoke: it works here, and hooks reach it --------------------------------------------------------------------------


@asynccontextmanager
async def opened(dut: Path) -> AsyncIterator[Any]:
    """The bench of a DUT file."""
    ready = prepare(dut)
    assert ready.ocpp is not None

    async def nobody(_: str, __: float) -> bool:
        return False

    _, setup = ocpp_bench(ready.dut, ready.ocpp, nobody)
    clock = Clock()
    peers = ("station", "csms") if ready.dut.device.role == "csms" else ("csms", "charger")
    recorder = Recorder(clock.now, tester=peers[0], dut=peers[1])
    async with setup.open(recorder, clock, random.Random(1), None) as bench:
        yield bench


HEARTBEAT_INTERVAL = {"ocpp-rpc-station": "300", "mobilityhouse-station": "300", "ocppsim-station": None}
"""What OCPPCommCtrlr tells of it; ocppsim has no such component (OS-01)."""


@pytest.mark.parametrize("name", STATIONS)
def test_a_station_boots_answers_and_charges(name: str, counterpart: Callable[..., Counterpart]) -> None:
    station = counterpart(name)

    async def meet() -> None:
        async with opened(station.dut_file()) as opened_bench:
            bench: StationBench = opened_bench
            async with bench.csms.session(within=10) as session:
                assert session.edition is Edition.V21
                assert session.boot is not None
                assert session.boot.payload["chargingStation"]["model"]
                mark = session.mark
                asked = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
                told = await session.call("GetVariables", {"getVariableData": [asked]})
                assert isinstance(told, CallResult)
                (interval,) = told.payload["getVariableResult"]
                assert interval.get("attributeValue") == HEARTBEAT_INTERVAL[name]
                assert await session.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
                await session.wait_for("Heartbeat", since=mark, within=5)
                await bench.act("plug_in", evse=1)
                await bench.act("present_token", token="V2G-TOKEN", type="ISO14443")  # noqa: S106 - a customer
                await session.wait_for("TransactionEvent", since=mark, within=5)
                await bench.act("unplug", evse=1)
                ended = {"eventType": "Ended"}
                await session.wait_for(
                    "TransactionEvent", where=lambda payload: ended.items() <= payload.items(), since=mark, within=5
                )

    asyncio.run(meet())
    assert not station.endings


@pytest.mark.parametrize("name", CSMSES)
def test_a_csms_knows_its_stations_answers_and_asks(name: str, counterpart: Callable[..., Counterpart]) -> None:
    csms = counterpart(name)

    async def meet() -> None:
        async with opened(csms.dut_file()) as opened_bench:
            bench: CsmsBench = opened_bench
            assert not (await bench.station.attempt(password="not the password")).accepted  # noqa: S106 - indeed
            assert (await bench.station.attempt(identity="NOBODY")).status == 404
            async with bench.station.connect() as session:
                assert session.edition is Edition.V21
                early = await session.heartbeat()
                assert isinstance(early, CallError)
                assert early.code == "SecurityError"
                booted = await session.boot()
                assert isinstance(booted, CallResult)
                assert booted.payload["status"] == "Accepted"
                assert await session.transaction_event("Started", transaction="tx-1")
                mark = session.mark
                await bench.act("trigger_message", message="Heartbeat")
                asked = await session.wait_for("TriggerMessage", since=mark, within=5)
                assert asked.payload == {"requestedMessage": "Heartbeat"}
                await bench.act("notify_allowed_energy_transfer", modes=["DC_BPT"])
                asked = await session.wait_for("NotifyAllowedEnergyTransfer", since=mark, within=5)
                assert asked.payload == {"transactionId": "tx-1", "allowedEnergyTransfer": ["DC_BPT"]}

    asyncio.run(meet())
    assert not csms.endings


# -- the catalogue -----------------------------------------------------------------------------------------------------


def selected(name: str) -> list[str]:
    """The cases for its role on the topics of its pin file, but for those that are left out there."""
    prefix = "CSMS-OCPP" if name.endswith("-csms") else "CHG-OCPP"
    topics = {f"{prefix}-{topic}" for topic in EXPECTED[name]["topics"]}
    cases = [case.id for case in load_catalogue().cases if case.id.rpartition("-")[0] in topics]
    return [key for key in cases if key not in EXPECTED[name]["left_out"]]


def certify(one: Counterpart, ids: Iterable[str]) -> Cases:
    """Runs some cases."""
    out = one.folder / "run"
    command = [str(Path(sys.executable).with_name("v2gready")), "certify", str(one.dut_file()), "--out", str(out)]
    command += ["--seed", "1", "--select", " or ".join(ids)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (out / "run.json").exists(), told.stdout + told.stderr
    cases = json.loads((out / "run.json").read_text())["cases"]
    return {case["id"]: case for case in cases if case["lifecycle"] == "finished"}


def seen(case: dict[str, Any]) -> dict[str, str]:
    """Verdict of a case and of the rules on its trace that are broken."""
    broken = {one["id"]: one["verdict"] for one in case["invariants"] if one["verdict"] != "pass"}
    return {"verdict": case["verdict"], **broken}


def surprises(name: str, ids: Iterable[str], cases: Cases) -> dict[str, str]:
    """What nobody has explained yet, by case."""
    found = {}
    for key in ids:
        known = {"verdict": "pass", **EXPECTED[name].get("cases", {}).get(key, {})}
        wanted = {rule: verdict for rule, verdict in known.items() if rule != "finding"}
        if key not in cases:
            if key in EXPECTED[name].get("cases", {}):
                found[key] = "not run"
            continue
        if seen(cases[key]) != wanted:
            reasons = [cases[key]["reason"], *(one["reason"] for one in cases[key]["invariants"])]
            found[key] = f"{seen(cases[key])} ({'; '.join(filter(None, reasons))}), expected {wanted}"
    return found


@EVERY
def test_every_result_is_known(
    name: str, counterpart: Callable[..., Counterpart], record_property: Callable[[str, object], None]
) -> None:
    """What surprises is run once more on a counterpart started for it, and told in the summary."""
    ids = selected(name)
    running = [counterpart(name) for _ in range(min(BENCHES, len(ids)))]
    cases: Cases = {}
    with ThreadPoolExecutor(len(running)) as pool:
        shares = [ids[n :: len(running)] for n in range(len(running))]
        for done in pool.map(certify, running, shares):
            cases |= done
    errors = [f"{key}: {case['reason']}" for key, case in cases.items() if "error" in seen(case).values()]
    again = surprises(name, ids, cases)
    for key, told in again.items():
        record_property("repeated", f"{name}: {key}: {told}")
        cases |= certify(counterpart(name), [key])
    left = [f"{key}: {told}" for key, told in surprises(name, again, cases).items()]
    assert not errors + left, "\n".join(errors + left)
    assert cases


@EVERY
def test_every_expectation_is_explained_and_of_the_catalogue(name: str) -> None:
    findings = set(FINDINGS.read_text().split())
    expected = EXPECTED[name]
    for key, entry in expected.get("cases", {}).items():
        assert set(entry.values()) - {entry["finding"]} <= {"inconc", "fail"}, key
        assert entry["finding"] in findings, key
    assert all(expected["left_out"].values())
    assert expected.get("cases", {}).keys() <= set(selected(name))
    assert expected["left_out"].keys() <= {case.id for case in load_catalogue().cases}


# -- findings that no case can show ------------------------------------------------------------------------------------


def test_strict_mode_of_ocpp_rpc_fails_every_call_of_21(counterpart: Callable[..., Counterpart]) -> None:
    """OR-01: its schemas of 2.1 lie under names that its validator does not ask for."""
    csms = counterpart("ocpp-rpc-csms", STRICT="1")

    async def meet() -> None:
        async with opened(csms.dut_file()) as bench:
            async with bench.station.connect(editions=[Edition.V21]) as session:
                refused = await session.boot()
                assert isinstance(refused, CallError)
                assert refused.code == "ProtocolError"
            async with bench.station.connect(editions=[Edition.V201]) as session:
                assert isinstance(await session.boot(), CallResult)

    asyncio.run(meet())
    assert "Schema 'urn:BootNotification.req' is missing" in csms.log.read_text()


# What does not survive the way from camelCase to snake_case and back (issue 4, proof 3), and what does.
PERIOD = {"startPeriod": 0, "operationMode": "CentralSetpoint"}
SURVIVES = [{"limit": 8.1, "dischargeLimit": -0.1}, {"setpoint": -5000.0}]
LOST = [{"setpoint": 8.1, "setpoint_L2": 8.2, "setpoint_L3": 8.3}, {"limit": 9.1, "limit_L2": 9.2}]
FIXED_PF = {"priority": 1, "displacement": 0.9, "excitation": True}


def profile(number: int, fields: dict[str, float]) -> dict[str, Any]:
    """SetChargingProfile with these fields in its period."""
    schedule = {"id": 1, "chargingRateUnit": "W", "startSchedule": "2026-01-01T00:00:00Z", "chargingSchedulePeriod": []}
    schedule["chargingSchedulePeriod"] = [{**PERIOD, **fields}]
    return {
        "evseId": 1,
        "chargingProfile": {
            "id": number,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
        },
    }


@pytest.mark.parametrize("name", CSMSES)
def test_what_a_csms_is_told_to_send_arrives(name: str, counterpart: Callable[..., Counterpart]) -> None:
    """MH-07: fields with ``_L2``, and all controls with a fixed power factor, never leave mobilityhouse's library."""
    csms = counterpart(name)
    orders = [("SetChargingProfile", profile(7, fields)) for fields in (*SURVIVES, *LOST)]
    control = {"isDefault": True, "controlId": "pf", "controlType": "FixedPFAbsorb", "fixedPFAbsorb": FIXED_PF}
    orders.append(("SetDERControl", control))
    lost = {2, 3, 4} if name.startswith("mobilityhouse") else set()

    async def meet() -> None:
        async with opened(csms.dut_file()) as bench, bench.station.connect() as session:
            await session.boot()
            for number, (action, payload) in enumerate(orders):
                mark = session.mark
                await bench.do(action, payload)
                arrived = await session.look_for(action, since=mark, within=1 if number in lost else 5)
                assert (None if arrived is None else arrived.payload) == (None if number in lost else payload)

    asyncio.run(meet())


@pytest.mark.parametrize("name", STATIONS[:2])
def test_what_a_station_was_told_it_reports(name: str, counterpart: Callable[..., Counterpart]) -> None:
    """MH-07, the other way: the fields arrive, and a report that has them is never sent."""
    station = counterpart(name)
    lost = {2, 3} if name.startswith("mobilityhouse") else set()

    async def meet() -> None:
        async with opened(station.dut_file()) as bench, bench.csms.session(within=10) as session:
            for number, fields in enumerate((*SURVIVES, *LOST)):
                told = await session.call("SetChargingProfile", profile(7, fields))
                assert isinstance(told, CallResult)
                assert told.payload == {"status": "Accepted"}
                mark = session.mark
                await session.call("GetChargingProfiles", {"requestId": number, "chargingProfile": {}})
                report = await session.look_for("ReportChargingProfiles", since=mark, within=1 if number in lost else 5)
                if number in lost:
                    assert report is None
                else:
                    assert report is not None
                    assert report.payload["chargingProfile"] == [profile(7, fields)["chargingProfile"]]

    asyncio.run(meet())

"""The station on a network: handshake, reconnection, network profiles, TLS; and the faults of all that."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from v2gready.protocols.ocpp.pki import BackendPki, ServerVariant
from v2gready.references.station import REFERENCE, BackOff, RunningStation, StationConfig, StationCredentials
from v2gready.references.station.faults import connection
from v2gready.references.station.faults.registry import CATALOGUE
from v2gready.transports.clock import Clock, run
from v2gready.transports.nullmodem import NullHost, NullLink
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import (
    BACKEND_SUITES,
    WEAK_SUITES,
    TlsFailure,
    TlsStream,
    TlsVersions,
    backend_server_context,
)
from v2gready.transports.websocket import Closed, Decision, Handshake, Ping, Text, WebSocket

HOST = "csms.v2gready.test"
PASSWORD = "a-password-for-the-bench"  # noqa: S105 - of nothing but this test
NEW_PASSWORD = "another-password-of-it"  # noqa: S105 - as above


@cache
def pki() -> BackendPki:
    """One for all."""
    return BackendPki(datetime.now(UTC) - timedelta(days=1))


@dataclass
class Csms:
    """A CSMS on the null modem that accepts everything, as far as it is told to."""

    host: NullHost
    clock: Clock
    security_profile: int = 1
    variant: str = ServerVariant.VALID
    versions: TlsVersions = TlsVersions.BOTH
    supported: Sequence[str] = ("ocpp2.1", "ocpp2.0.1")
    passwords: set[str] = field(default_factory=lambda: {PASSWORD})
    pongs: bool = True
    handshakes: list[tuple[float, Handshake]] = field(default_factory=list)
    calls: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    replies: list[list[Any]] = field(default_factory=list)
    certificates: list[bytes | None] = field(default_factory=list)
    pings: list[float] = field(default_factory=list)
    socket: WebSocket | None = None
    listener: Any = None

    async def open(self, port: int = 9000) -> None:
        """Listens."""
        self.listener = await self.host.listen(self._accept, port=port)

    def actions(self) -> list[str]:
        """Of all calls so far."""
        return [action for _, action, _ in self.calls]

    async def call(self, action: str, payload: dict[str, Any]) -> list[Any]:
        """A call and its answer."""
        assert self.socket is not None
        self.socket.text(json.dumps([2, f"c{len(self.replies)}", action, payload]))
        before = len(self.replies)
        while len(self.replies) == before:  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(0.01)
        return self.replies[-1]

    async def connected(self, within: float = 60.0) -> None:
        """Waits for a connection and for what is said first."""
        async with asyncio.timeout(within):
            while self.socket is None:  # noqa: ASYNC110 - virtual time
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)

    def drop(self) -> None:
        """Loses the connection."""
        if self.socket is not None:
            self.socket.abort()
            self.socket = None

    def _decide(self, handshake: Handshake) -> Decision:
        self.handshakes.append((self.clock.now(), handshake))
        if self.security_profile < 3 and handshake.password not in self.passwords:
            return Decision(status=401, reason="Unauthorized")
        return Decision(subprotocol=handshake.choose(self.supported))

    async def _accept(self, stream: ByteStream) -> None:
        if self.security_profile > 1:
            context = backend_server_context(
                pki().roots,
                pki().csms(self.variant),
                client_certificate=self.security_profile == 3,
                versions=self.versions,
                ciphers=WEAK_SUITES if self.versions is TlsVersions.ONLY_1_1 else BACKEND_SUITES,
            )
            try:
                stream = await TlsStream.accept(stream, context)
            except (TlsFailure, StreamReset):
                return
            self.certificates.append(stream.peer_certificate_der)
        socket = await WebSocket.accept(stream, self._decide)
        if socket is None:
            return
        socket.auto_pong = self.pongs
        self.socket = socket
        while not isinstance(incoming := await socket.receive(), Closed):
            if isinstance(incoming, Ping):
                self.pings.append(self.clock.now())
            elif isinstance(incoming, Text):
                self._take(socket, json.loads(incoming.data))
        if self.socket is socket:
            self.socket = None

    def _take(self, socket: WebSocket, frame: list[Any]) -> None:
        if frame[0] != 2:
            self.replies.append(frame)
            return
        self.calls.append((self.clock.now(), frame[2], frame[3]))
        time = self.clock.utc().isoformat().replace("+00:00", "Z")
        answer = {
            "BootNotification": {"currentTime": time, "interval": 300, "status": "Accepted"},
            "Heartbeat": {"currentTime": time},
        }.get(frame[2], {})
        socket.text(json.dumps([3, frame[1], answer]))


Drive = Callable[[Csms, RunningStation], Awaitable[None]]


def play(
    drive: Drive, *faults: str, prepare: Callable[[Csms], None] | None = None, port: int = 9000, **settings: Any
) -> tuple[Csms, Sequence[str]]:
    """Runs a station beside a CSMS; the CSMS and the names of the faults that made a difference."""

    async def main() -> tuple[Csms, Sequence[str]]:
        link, clock = NullLink(), Clock()
        csms = Csms(link.host("csms"), clock)
        if prepare is not None:
            prepare(csms)
        await csms.open(port)
        config = StationConfig(**{"host": HOST, "names": {HOST: csms.host.address}} | settings)
        credentials = StationCredentials(roots=pki().roots, certificate=pki().station())
        async with (
            csms.host,
            REFERENCE.open(
                link.host("station"), clock, config=config, faults=faults, rng=random.Random(1), credentials=credentials
            ) as station,
        ):
            try:
                await drive(csms, station)
            except (TimeoutError, AssertionError):
                if not faults:  # a fault may well keep the tour from its end
                    raise
            return csms, [effect.fault for effect in station.effects]

    return run(main(), virtual=True)


async def _wait(_: Csms, __: RunningStation) -> None:
    await asyncio.sleep(30.0)


class TestConnection:
    def test_handshake(self) -> None:
        async def drive(csms: Csms, _: RunningStation) -> None:
            await csms.connected()

        csms, effects = play(drive, identity="RDAM|123")
        handshake = csms.handshakes[0][1]
        assert handshake.path == "/ocpp/RDAM%7C123"
        assert handshake.subprotocols == ("ocpp2.1", "ocpp2.0.1")
        assert (handshake.user, handshake.password) == ("RDAM|123", PASSWORD)
        assert csms.actions()[0] == "BootNotification"
        assert not effects

    def test_back_off(self) -> None:
        def prepare(csms: Csms) -> None:
            csms.passwords = set()

        async def drive(csms: Csms, _: RunningStation) -> None:
            await asyncio.sleep(100.0)
            csms.passwords = {PASSWORD}
            await csms.connected()
            csms.drop()
            await csms.connected()

        csms, _ = play(drive, prepare=prepare, back_off=BackOff(2, 3, 2))
        times = [when for when, _ in csms.handshakes]
        waits = [later - earlier for earlier, later in pairwise(times)]
        for wait, least in zip(waits, (2, 4, 8, 8, 8), strict=False):
            assert least <= wait <= least + 3.2
        assert len({round(wait, 3) for wait in waits}) == len(waits)
        assert 2 <= waits[-1] <= 5.8  # reset after success
        assert csms.actions().count("BootNotification") == 1

    def test_no_common_version(self) -> None:
        def prepare(csms: Csms) -> None:
            csms.supported = ("ocpp1.6",)

        csms, _ = play(_wait, prepare=prepare)
        assert len(csms.handshakes) > 2
        assert not csms.calls

    def test_ping_and_missing_pong(self) -> None:
        async def drive(csms: Csms, _: RunningStation) -> None:
            await csms.connected()
            await asyncio.sleep(65.0)
            assert csms.socket is not None
            csms.socket.auto_pong = False
            await asyncio.sleep(60.0)

        csms, _ = play(drive, ping_interval=20)
        assert [round(when) for when in csms.pings[:3]] == [20, 40, 60]
        assert len(csms.handshakes) >= 2

    def test_password_change(self) -> None:
        async def drive(csms: Csms, _: RunningStation) -> None:
            await csms.connected()
            csms.passwords = {NEW_PASSWORD}
            await csms.call("SetVariables", _password(NEW_PASSWORD))
            await asyncio.sleep(5.0)
            await csms.connected()

        csms, _ = play(drive)
        assert [one.password for _, one in csms.handshakes] == [PASSWORD, NEW_PASSWORD]
        assert csms.handshakes[1][0] - csms.handshakes[0][0] < 2.0

    def test_password_fallback(self) -> None:
        async def drive(csms: Csms, _: RunningStation) -> None:
            await csms.connected()
            await csms.call("SetVariables", _password(NEW_PASSWORD))
            await asyncio.sleep(20.0)
            csms.drop()
            await csms.connected()

        csms, _ = play(drive)
        assert [one.password for _, one in csms.handshakes] == [PASSWORD, NEW_PASSWORD, PASSWORD, PASSWORD]

    def test_reset_closes_and_boots_again(self) -> None:
        async def drive(csms: Csms, _: RunningStation) -> None:
            await csms.connected()
            assert (await csms.call("Reset", {"type": "Immediate"}))[2] == {"status": "Accepted"}
            await asyncio.sleep(5.0)

        csms, _ = play(drive)
        assert [call["reason"] for _, action, call in csms.calls if action == "BootNotification"] == [
            "PowerUp",
            "RemoteReset",
        ]

    def test_power_failure_while_waiting(self) -> None:
        async def drive(csms: Csms, station: RunningStation) -> None:
            csms.listener.close()
            await asyncio.sleep(40.0)
            await csms.open()
            station.reboot()
            await csms.connected(within=4.0)

        csms, _ = play(drive)
        assert csms.actions()[0] == "BootNotification"

    def test_failover(self) -> None:
        async def drive(csms: Csms, _: RunningStation) -> None:
            await csms.connected()
            assert (await csms.call("SetNetworkProfile", _profile(csms, 1)))[2]["status"] == "Accepted"
            result = await csms.call("SetVariables", _priority("1,0"))
            assert result[2]["setVariableResult"][0]["attributeStatus"] == "Accepted"
            await csms.call("Reset", {"type": "Immediate"})
            await asyncio.sleep(60.0)

        csms, effects = play(drive, connection_attempts=2)
        assert csms.socket is None or len(csms.handshakes) == 2
        assert csms.actions().count("BootNotification") == 2  # port 9999 never answers: slot 0 again
        assert not effects

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"configurationSlot": 7}, "InvalidConfSlot"),
            ({"configurationSlot": 0}, "ActiveNetworkConf"),
            ({"securityProfile": 2}, "InvalidNetworkConf"),
        ],
    )
    def test_refused_profiles(self, changes: dict[str, Any], reason: str) -> None:
        async def drive(csms: Csms, _: RunningStation) -> None:
            await csms.connected()
            await csms.call("SetNetworkProfile", _profile(csms, 1, **changes))

        csms, _ = play(drive)
        assert csms.replies[-1][2]["statusInfo"]["reasonCode"] == reason


def _password(value: str) -> dict[str, Any]:
    component, variable = {"name": "SecurityCtrlr"}, {"name": "BasicAuthPassword"}
    return {"setVariableData": [{"component": component, "variable": variable, "attributeValue": value}]}


def _priority(value: str) -> dict[str, Any]:
    component, variable = {"name": "OCPPCommCtrlr"}, {"name": "NetworkConfigurationPriority"}
    return {"setVariableData": [{"component": component, "variable": variable, "attributeValue": value}]}


def _profile(csms: Csms, slot: int, **changes: Any) -> dict[str, Any]:
    data = {
        "ocppInterface": "Any",
        "ocppTransport": "JSON",
        "messageTimeout": 30,
        "ocppCsmsUrl": f"ws://[{csms.host.address}]:9999/ocpp",
        "securityProfile": 1,
    }
    slot = changes.pop("configurationSlot", slot)
    return {"configurationSlot": slot, "connectionData": data | changes}


def _secured(profile: int, variant: str = ServerVariant.VALID, versions: TlsVersions = TlsVersions.BOTH) -> Any:
    def prepare(csms: Csms) -> None:
        csms.security_profile, csms.variant, csms.versions = profile, variant, versions

    return prepare


async def _repaired(csms: Csms, _: RunningStation) -> None:
    """First something is wrong with the CSMS, then no longer."""
    await asyncio.sleep(10.0)
    csms.variant, csms.versions = ServerVariant.VALID, TlsVersions.BOTH
    await asyncio.sleep(40.0)


class TestTls:
    @pytest.mark.parametrize("profile", [2, 3])
    def test_connects(self, profile: int) -> None:
        csms, effects = play(_wait, prepare=_secured(profile), security_profile=profile)
        assert "BootNotification" in csms.actions()
        assert bool(csms.certificates[0]) is (profile == 3)
        assert (csms.handshakes[0][1].password is None) is (profile == 3)
        assert not effects

    @pytest.mark.parametrize("variant", [one for one in ServerVariant if one is not ServerVariant.VALID], ids=str)
    def test_refuses_and_tells(self, variant: ServerVariant) -> None:
        csms, _ = play(_repaired, prepare=_secured(2, variant), security_profile=2)
        assert csms.handshakes[0][0] > 10.0
        told = [call["type"] for _, action, call in csms.calls if action == "SecurityEventNotification"]
        assert "InvalidCsmsCertificate" in told

    def test_old_tls(self) -> None:
        csms, _ = play(_repaired, prepare=_secured(2, versions=TlsVersions.ONLY_1_1), security_profile=2)
        told = [call["type"] for _, action, call in csms.calls if action == "SecurityEventNotification"]
        assert "InvalidTLSVersion" in told

    def test_downgrade(self) -> None:
        async def drive(csms: Csms, _: RunningStation) -> None:
            await csms.connected()
            await csms.call("SetNetworkProfile", _profile(csms, 1))

        csms, _ = play(drive, prepare=_secured(2), security_profile=2)
        assert csms.replies[-1][2]["statusInfo"]["reasonCode"] == "NoSecurityDowngrade"


def _no_pongs(csms: Csms) -> None:
    csms.pongs = False


def _old_only(csms: Csms) -> None:
    csms.supported = ("ocpp2.0.1",)


async def _everything(csms: Csms, _: RunningStation) -> None:
    """A tour of what the CSMS can do to a connection."""
    await csms.connected()
    for changes in (
        {"configurationSlot": 7},
        {"configurationSlot": 0},
        {"ocppTransport": "SOAP"},
        {},
    ):
        await csms.call("SetNetworkProfile", _profile(csms, 1, **changes))
    await csms.call("SetVariables", _password("short"))
    names = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    await csms.call("GetVariables", {"getVariableData": [names]})
    csms.passwords = {NEW_PASSWORD, PASSWORD}
    await csms.call("SetVariables", _password(NEW_PASSWORD))
    await asyncio.sleep(10.0)
    await csms.connected()
    await csms.call("SetVariables", _priority("1,0"))
    csms.listener.close()
    csms.drop()
    await asyncio.sleep(60.0)
    await csms.open()
    await asyncio.sleep(60.0)


async def _locked_out(csms: Csms, _: RunningStation) -> None:
    await csms.connected()
    await csms.call("SetVariables", _password(NEW_PASSWORD))
    await asyncio.sleep(30.0)


async def _lost_twice(csms: Csms, _: RunningStation) -> None:
    await csms.connected()
    for _ in range(2):
        csms.drop()
        await asyncio.sleep(40.0)


async def _downgrading(csms: Csms, _: RunningStation) -> None:
    await csms.connected()
    await csms.call("SetNetworkProfile", _profile(csms, 1))


TOURS: list[tuple[Drive, Callable[[Csms], None] | None, dict[str, Any]]] = [
    (_everything, None, {"identity": "RDAM|123", "connection_attempts": 2}),
    (_locked_out, None, {}),
    (_lost_twice, None, {}),
    (_wait, _old_only, {}),
    (_wait, _no_pongs, {"ping_interval": 5}),
    (_downgrading, _secured(2), {"security_profile": 2}),
    (_wait, _secured(3), {"security_profile": 3}),
    *[(_repaired, _secured(2, variant), {"security_profile": 2}) for variant in ServerVariant],
]
NAMES = sorted(name for name, kind in CATALOGUE.items() if kind.__module__ == connection.__name__)


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_shows(name: str) -> None:
    for drive, prepare, settings in TOURS:
        _, effects = play(drive, name, prepare=prepare, **settings)
        if effects:
            assert set(effects) == {name}
            return
    raise AssertionError(f"{name} made no difference")


@pytest.mark.parametrize("number", range(len(TOURS)))
def test_no_effect_without_a_fault(number: int) -> None:
    drive, prepare, settings = TOURS[number]
    _, effects = play(drive, prepare=prepare, **settings)
    assert not effects

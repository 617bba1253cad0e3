"""The CSMS on a network: handshakes, TLS, and what it must survive."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from v2gready.protocols.ocpp.pki import SERIAL, BackendPki
from v2gready.protocols.pki import Credential
from v2gready.references.csms import REFERENCE, CsmsConfig, CsmsCredentials, StationEntry
from v2gready.references.csms.config import PASSWORD
from v2gready.references.csms.server import RunningCsms
from v2gready.transports.clock import Clock, run
from v2gready.transports.network import Network
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.stream import ByteStream
from v2gready.transports.tls import TlsFailure, TlsStream, backend_client_context
from v2gready.transports.websocket import (
    Closed,
    HandshakeRefused,
    Text,
    WebSocket,
    basic_authorization,
    identity_path,
)

BOTH = ("ocpp2.1", "ocpp2.0.1")
CALL_BOOT = '[2,"b","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"%s}}]'


@cache
def pki() -> BackendPki:
    return BackendPki(datetime.now(UTC) - timedelta(days=1))


@dataclass
class Bench:
    csms: RunningCsms
    network: Network

    async def connect(
        self,
        identity: str = "CS001",
        *,
        user: str | None = None,
        password: str | None = PASSWORD,
        offered: tuple[str, ...] = BOTH,
        credential: Credential | None = None,
        compression: bool = False,
    ) -> WebSocket:
        endpoint = self.csms.endpoint
        stream: ByteStream = await self.network.connect(endpoint.host, endpoint.port, timeout=5)
        if self.csms.config.security_profile > 1:
            context = backend_client_context(pki().roots, credential)
            stream = await TlsStream.connect(stream, context, server_hostname=self.csms.config.host)
        headers = [] if password is None else [basic_authorization(user or identity, password)]
        return await WebSocket.connect(
            stream,
            host="csms",
            path=identity_path("/ocpp", identity),
            subprotocols=offered,
            headers=headers,
            compression=compression,
        )

    @staticmethod
    async def ask(websocket: WebSocket, text: str) -> Any:
        websocket.text(text)
        answer = await websocket.receive()
        assert isinstance(answer, Text), answer
        return json.loads(answer.data)


@asynccontextmanager
async def bench(*faults: str, **config: Any) -> AsyncIterator[Bench]:
    link = NullLink()
    credentials = CsmsCredentials(server=pki().csms(), station_roots=pki().roots, issuer=pki().authority())
    opened = REFERENCE.open(
        link.host("csms"),
        Clock(),
        config=CsmsConfig(**config),
        faults=faults,
        rng=random.Random(1),
        credentials=credentials,
    )
    async with opened as csms:
        yield Bench(csms, link.host("station"))


def virtually(main: Callable[[], Awaitable[None]]) -> None:
    async def outer() -> None:
        await main()

    run(outer(), virtual=True)


def test_boot_and_calls_both_ways() -> None:
    async def main() -> None:
        async with bench() as bed:
            station = await bed.connect()
            assert station.subprotocol == "ocpp2.1"
            assert (await bed.ask(station, CALL_BOOT % ""))[2]["status"] == "Accepted"
            bed.csms.reset()
            call = await station.receive()
            assert isinstance(call, Text)
            assert json.loads(call.data)[2:] == ["Reset", {"type": "OnIdle"}]
            assert bed.csms.connected == ("CS001",)
            await station.close()

    virtually(main)


def test_a_call_times_out_and_the_next_goes_out() -> None:
    async def main() -> None:
        async with bench() as bed:
            station = await bed.connect()
            bed.csms.reset()
            bed.csms.get_base_report()
            seen = [await station.receive(), await station.receive()]
            assert [json.loads(one.data)[2] for one in seen if isinstance(one, Text)] == ["Reset", "GetBaseReport"]

    virtually(main)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"identity": "nobody"}, 404),
        ({"password": "wrong"}, 401),
        ({"user": "CS002"}, 401),
        ({"password": None}, 401),
        ({"identity": "X" * 49}, 404),
    ],
)
def test_refusals(arguments: dict[str, Any], status: int) -> None:
    async def main() -> None:
        async with bench() as bed:
            with pytest.raises(HandshakeRefused) as refused:
                await bed.connect(**arguments)
            assert refused.value.status == status

    virtually(main)


def test_identity_is_decoded_and_edition_chosen() -> None:
    async def main() -> None:
        async with bench() as bed:
            station = await bed.connect("RDAM|123", offered=("ocpp2.0.1", "ocpp2.1"))
            assert station.subprotocol == "ocpp2.1"
            old = await bed.connect("CS002", offered=("ocpp2.0.1",))
            assert old.subprotocol == "ocpp2.0.1"
            none = await bed.connect("CS001", offered=("ocpp1.6",))
            assert none.subprotocol is None
            assert isinstance(await none.receive(), Closed)

    virtually(main)


def test_a_newer_connection_replaces_the_old_one() -> None:
    async def main() -> None:
        async with bench() as bed:
            first = await bed.connect()
            await bed.ask(first, CALL_BOOT % "")
            second = await bed.connect()
            assert isinstance(await first.receive(), Closed)
            assert (await bed.ask(second, '[2,"h","Heartbeat",{}]'))[0] == 3
            assert bed.csms.connected == ("CS001",)

    virtually(main)


@pytest.mark.parametrize("faults", [(), ("compression-refused",)])
def test_compression(faults: tuple[str, ...]) -> None:
    async def main() -> None:
        async with bench(*faults) as bed:
            station = await bed.connect(compression=True)
            assert station.compressed is not bool(faults)
            assert bool(bed.csms.effects) is bool(faults)

    virtually(main)


def test_a_message_that_is_too_long_closes() -> None:
    async def main() -> None:
        async with bench(max_size=10_000) as bed:
            station = await bed.connect()
            station.text("[" * 20_000)
            closed = await station.receive()
            assert isinstance(closed, Closed)
            assert closed.code == 1009

    virtually(main)


def test_a_binary_message_closes() -> None:
    async def main() -> None:
        async with bench() as bed:
            station = await bed.connect()
            station.binary(b"[]")
            closed = await station.receive()
            assert isinstance(closed, Closed)
            assert closed.code == 1003

    virtually(main)


STRICT = {"CS001": StationEntry(serial=SERIAL)}


@pytest.mark.parametrize(
    ("variant", "fault"),
    [
        ("valid", None),
        ("expired", None),
        ("foreign", None),
        ("other_station", None),
        ("wrong_organisation", None),
        (None, None),
        ("expired", "expired-station-certificate-accepted"),
        ("other_station", "other-stations-certificate-accepted"),
        ("wrong_organisation", "foreign-organisation-accepted"),
        (None, "station-certificate-not-asked"),
    ],
)
def test_station_certificates(variant: str | None, fault: str | None) -> None:
    async def main() -> None:
        faults = () if fault is None else (fault,)
        async with bench(*faults, security_profile=3, stations=STRICT, organisation="V2G-ready test CSO") as bed:
            credential = None if variant is None else pki().station(variant)
            if variant == "valid" or fault is not None:
                station = await bed.connect(password=None, credential=credential)
                assert station.subprotocol == "ocpp2.1"
                assert bool(bed.csms.effects) is (fault is not None)
            else:
                with pytest.raises((HandshakeRefused, TlsFailure)):
                    await bed.connect(password=None, credential=credential)

    virtually(main)


@pytest.mark.parametrize(("faults", "status"), [((), "Rejected"), (("boot-serial-unchecked",), "Accepted")])
def test_serial_number_of_boot_against_certificate(faults: tuple[str, ...], status: str) -> None:
    async def main() -> None:
        async with bench(*faults, security_profile=3, stations=STRICT) as bed:
            station = await bed.connect(password=None, credential=pki().station())
            answer = await bed.ask(station, CALL_BOOT % ',"serialNumber":"OTHER"')
            assert answer[2]["status"] == status

    virtually(main)


def test_profile_2_wants_basic_inside_tls() -> None:
    async def main() -> None:
        async with bench(security_profile=2) as bed:
            station = await bed.connect()
            assert (await bed.ask(station, CALL_BOOT % ""))[0] == 3
            with pytest.raises(HandshakeRefused):
                await bed.connect(user="CS002")

    virtually(main)


def test_tls_needs_a_certificate() -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="server certificate"):
            async with REFERENCE.open(
                NullLink().host("csms"), Clock(), config=CsmsConfig(security_profile=2), rng=random.Random(1)
            ):
                pass

    virtually(main)
